"""Codes are resolved in their scope or not at all (R63)."""

import textwrap
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from qualweave.iri import Q
from qualweave.mappers.code_forms import code_forms
from qualweave.mappers.codes import CodeBook, CodeEntry, CodeHit, CodeMiss
from qualweave.mappers.lift.code_list import concepts_in
from qualweave.mappers.lift.code_problems import code_problem
from qualweave.mappers.review.replacing import replace_mapping
from qualweave.mappers.vocabulary import Concept, Vocabulary
from qualweave.ontology.load import load_graph
from qualweave.ontology.terms import TermIndex
from tests.mappers.mixing import PROCESS, RESULTS, data, hand_in, opened

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
            CodeEntry("5", A, valid_from="2024-01-01T00:00:00Z", denotes=WIRE, iri="urn:6"),
            CodeEntry(
                "5",
                A,
                valid_from="2024-06-01T00:00:00Z",
                valid_to="2024-06-30T23:59:59Z",
                denotes=CRACK,
                iri="urn:7",
            ),
            CodeEntry("6", A, valid_to="2024-12-31T23:59:59Z", denotes=WIRE, iri="urn:8"),
            CodeEntry(
                "6",
                A,
                valid_from="2024-06-01T00:00:00Z",
                valid_to="2024-06-30T23:59:59Z",
                denotes=CRACK,
                iri="urn:9",
            ),
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
        ("5", A, "", "2024-05-31T23:59:59Z", "urn:6"),
        ("5", A, "", "2024-06-30T23:59:59Z", "urn:7"),
        (
            "5",
            A,
            "",
            "2024-07-01T00:00:00Z",
            "too-late",
        ),  # the first was superseded, the second has ended
        ("6", A, "", "2024-06-15T00:00:00Z", "urn:9"),
        ("6", A, "", "2024-07-01T00:00:00Z", "urn:8"),  # the first says itself how long it holds
        ("6", A, "", "2025-01-01T00:00:00Z", "too-late"),
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


@pytest.mark.parametrize(
    ("written", "known"),
    [
        ("127", "0127"),
        ("0127", "127"),
        ("127.0", "127"),
        ("127,00", "127"),
        ("１２７", "127"),
        ("0x7F", "127"),
        ("7Fh", "127"),
        ("e07", "E-07"),
        ("E 7", "E07"),
    ],
)
def test_a_code_that_is_spelt_nearly_so_is_told_and_never_taken(written: str, known: str) -> None:
    book = CodeBook.of([CodeEntry(known, A, denotes=WIRE, iri="urn:1")])

    answer = book.resolve(written, A)

    assert isinstance(answer, CodeMiss)
    assert answer.reason == "no-code"
    assert [one.code for one in answer.near] == [known]


@pytest.mark.parametrize(
    ("written", "known"), [("127", "128"), ("10", "100"), ("A", "B"), ("", "0")]
)
def test_other_codes_are_not_near(written: str, known: str) -> None:
    assert not CodeBook.of([CodeEntry(known, A, iri="urn:1")]).near(written, A)


@given(st.text(max_size=12))
@example("R\u00b8")
@example("1 2,0")
def test_a_code_of_any_characters_has_forms_that_do_not_change(code: str) -> None:
    for form in code_forms(code):
        assert form in code_forms(form)


ROW = {"row": 7, "column": "Defect_ID", "vocabulary": Vocabulary([Concept(WIRE, labels={"en": "wire shift", "zh": "金线偏移"})]), "file": "b.csv"}  # fmt: skip


@pytest.mark.parametrize(
    ("code", "scope", "reason", "step"),
    [
        ("127", ("", "", ""), "no-machine", "which machine wrote"),
        ("127", ("https://x/equipment/C", "", ""), "no-list", "Ingest the code list of C"),
        ("128", (A, "", ""), "no-code", "add it to the code list of A"),
        ("127", (B, "https://x/firmware/9", ""), "no-programme", "programme that B ran"),
        ("9", (A, "", "2023-01-01T00:00:00Z"), "too-early", "list of A that held at that time"),
        ("6", (A, "", "2025-06-01T00:00:00Z"), "too-late", "list of A that held at that time"),
        ("9", (A, "", ""), "several", "programme or the time"),
    ],
)
def test_a_row_that_waits_says_where_why_what_is_known_elsewhere_and_what_to_do(
    book: CodeBook, code: str, scope: tuple[str, str, str], reason: str, step: str
) -> None:
    miss = book.resolve(code, *scope)
    assert isinstance(miss, CodeMiss)

    problem = code_problem(miss, code=code, scope=scope, **ROW)  # type: ignore[arg-type]

    assert problem.data["reason"] == reason
    for told in (f"{code!r}", "Defect_ID", "row 7", "b.csv"):
        assert told in problem.message["en"], problem.message
    for told in (code, "Defect_ID", "第 7 行", "b.csv"):
        assert told in problem.message["zh"], problem.message
    assert step in problem.fix["en"]
    assert problem.fix["zh"]
    known = [one.iri for one in book.meanings(code)]
    assert problem.data["known_total"] == len(known)
    assert ("Elsewhere it means: wire shift (A" in problem.message["en"]) is bool(known)
    assert ("其他作用域中的含义：金线偏移 (A" in problem.message["zh"]) is bool(known)


def test_meanings_elsewhere_are_bounded_and_counted() -> None:
    entries = [CodeEntry("1", f"{A}{at:02}", denotes=WIRE, iri=f"urn:{at}") for at in range(40)]
    miss = CodeBook.of(entries).resolve("1", "urn:new")
    assert isinstance(miss, CodeMiss)

    problem = code_problem(miss, code="1", scope=("urn:new", "", ""), **ROW)  # type: ignore[arg-type]

    assert problem.message["en"].count("wire shift") == 5
    assert "and 35 more" in problem.message["en"]
    assert "另有 35 种" in problem.message["zh"]
    assert (len(problem.data["known"]), problem.data["known_total"]) == (20, 40)  # type: ignore[arg-type]


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


LIST = "equipment,defect code,code description\nAOI-A,127,{}\n"


def test_two_lists_without_dates_are_named_and_one_can_be_dated_or_retired(tmp_path: Path) -> None:
    results = textwrap.dedent(RESULTS).lstrip()
    with opened(tmp_path / "data", TermIndex.from_graph(load_graph())) as work:
        lists = {"aoi__list_a": LIST.format("金线偏移"), "aoi__list_b": LIST.format("裂纹")}
        hand_in(work, tmp_path, mes__process=PROCESS, **lists, aoi__results=results)
        (row,) = work.quarantine.held()
        (told,) = row.problems
        assert "WireShift (list_a.csv, row 2); Crack (list_b.csv, row 2)" in told.message["en"]
        assert "WireShift（list_a.csv 第 2 行）；Crack（list_b.csv 第 2 行）" in told.message["zh"]
        for tongue, ways in {"en": ("Date one", "retire one"), "zh": ("日期", "停用")}.items():
            for said in (*ways, "list_a.csv", "list_b.csv"):
                assert said in told.fix[tongue]
        assert [one["file"] for one in told.data["rivals"]] == ["list_a.csv", "list_b.csv"]  # type: ignore[union-attr, index, call-overload]

        retired = work.library.get("list_b").revised(records=(), created_by="li.wei")
        replace_mapping(work, retired)

        assert work.quarantine.held() == []
        assert any("WireShift" in one and "/results/" in one for one in data(work))

        dated = LIST.replace("description", "description,valid from").format(
            "裂纹,2024-06-01 00:00:00"
        )
        hand_in(work, tmp_path, aoi__list_c=dated)
        later = results.replace("S1", "S2").replace("10:00", "11:00")
        hand_in(work, tmp_path, mes__more=PROCESS.replace("S1", "S2"), aoi__results_2=later)

        assert any("Crack" in one and "S2" in one for one in data(work))
