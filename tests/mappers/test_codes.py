"""Codes are resolved in their scope or not at all (R63)."""

import pytest

from qualweave.iri import Q
from qualweave.mappers.codes import CodeBook, CodeEntry, CodeHit, CodeMiss
from qualweave.mappers.lift.code_list import concepts_in
from qualweave.mappers.vocabulary import Concept, Vocabulary

A, B, V1, V2 = (
    f"https://example.org/id/plant/{one}"
    for one in ("equipment/A", "equipment/B", "firmware/1", "firmware/2")
)
WIRE, EPOXY, CRACK = (Q + one for one in ("WireShift", "EpoxyOverflow", "Crack"))


@pytest.fixture
def book() -> CodeBook:
    return CodeBook.of(
        [
            CodeEntry("127", A, denotes=WIRE, iri="urn:1"),
            CodeEntry("127", B, programme=V1, denotes=EPOXY, iri="urn:2"),
            CodeEntry("127", B, programme=V2, denotes=CRACK, iri="urn:3"),
            CodeEntry("9", A, valid_from="2024-01-01T00:00:00Z", denotes=WIRE, iri="urn:4"),
            CodeEntry("9", A, valid_from="2025-01-01T00:00:00Z", denotes=CRACK, iri="urn:5"),
        ]
    )


@pytest.mark.parametrize(
    ("code", "machine", "programme", "at", "found"),
    [
        ("127", A, "", "", "urn:1"),
        ("127", A, V1, "", "urn:1"),
        ("127", B, V1, "", "urn:2"),
        ("127", B, V2, "", "urn:3"),
        ("127", B, "", "", "no-programme"),
        ("127", B, "urn:other", "", "no-programme"),
        ("127", "", V1, "", "no-machine"),
        ("128", A, "", "", "no-code"),
        ("127", "urn:C", "", "", "no-list"),
        ("9", A, "", "2024-12-31T23:59:59Z", "urn:4"),
        ("9", A, "", "2025-01-01T00:00:00Z", "urn:5"),
        ("9", A, "", "2023-06-01T00:00:00Z", "too-early"),
        ("9", A, "", "", "several"),
    ],
)
def test_a_code_has_one_meaning_in_its_scope_or_a_reason(
    book: CodeBook, code: str, machine: str, programme: str, at: str, found: str
) -> None:
    answer = book.resolve(code, machine, programme, at)

    got = answer.entry.iri if isinstance(answer, CodeHit) else answer.reason
    assert got == found
    if isinstance(answer, CodeMiss):
        assert answer.message
        assert answer.message_zh


def test_the_one_firmware_that_a_machine_runs_is_its_programme() -> None:
    entries = [CodeEntry("1", B, programme=V1, denotes=EPOXY, iri="urn:2")]

    known = CodeBook.of(entries, [(B, V1)]).resolve("1", B)
    unclear = CodeBook.of(entries, [(B, V1), (B, V2)]).resolve("1", B)

    assert isinstance(known, CodeHit)
    assert isinstance(unclear, CodeMiss)


@pytest.mark.parametrize(
    ("text", "found"),
    [("金线偏移", [WIRE]), ("检出：金线偏移>25um", [WIRE]), ("Wire shift, severe", [WIRE]), ("something else", []),
     ("offset or wire shift", [WIRE])],
)  # fmt: skip
def test_a_description_is_a_concept_only_where_it_names_one(text: str, found: list[str]) -> None:
    defect = frozenset({Q + "Defect"})
    small = Vocabulary(
        [
            Concept(WIRE, names=("wire shift", "金线偏移"), ancestors=defect),
            Concept(CRACK, names=("crack", "裂纹", "offset"), ancestors=defect),
        ]
    )

    assert [one.iri for one in concepts_in(text, small, Q + "Defect")] == found
