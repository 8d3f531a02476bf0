"""The words of a code list decide its meanings by name or by alignment, or a person is asked with candidates (R63)."""

import textwrap
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

from qualweave.config import Settings
from qualweave.iri import Q
from qualweave.mappers.align.concepts import ConceptAligner, concept_targets
from qualweave.mappers.answering import answer_question
from qualweave.mappers.codes import CodeBook, CodeEntry, CodeHit
from qualweave.mappers.desk import Desk, desk
from qualweave.mappers.ingest import ingest
from qualweave.mappers.lift.code_words import (
    ASKED,
    MEANS,
    Understood,
    Word,
    questions_of,
    understand,
)
from qualweave.mappers.meanings import Meaning, Reading, agreed
from qualweave.mappers.revise import Question, open_requests
from qualweave.mappers.vocabulary import Concept, Vocabulary
from qualweave.ontology.load import load_graph
from qualweave.ontology.terms import TermIndex
from qualweave.principal import SYSTEM
from qualweave.store.oxigraph import OxigraphStore, open_store
from tests.mappers.exact import exact

WIRE, EPOXY, CRACK, SCRATCH = (
    Q + one for one in ("WireShift", "EpoxyOverflow", "Crack", "Scratch")
)


@pytest.fixture(scope="module")
def terms() -> TermIndex:
    return TermIndex.from_graph(load_graph())


@pytest.fixture(scope="module")
def reader(terms: TermIndex) -> ConceptAligner:
    return ConceptAligner(terms, Settings())


# --- alignment --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("texts", "term", "is_sure"),
    [
        (("Au wire shift",), WIRE, True),
        (("金线偏移",), WIRE, True),
        (("Drahtversatz",), WIRE, True),
        (("epoxy bleed",), EPOXY, True),
        (("划伤", "Kratzer"), SCRATCH, True),
        (("Riss", "划伤"), SCRATCH, False),  # two meanings for one code
        (("Gold wire displaced > 25um",), WIRE, False),
        (("Reserve",), "", False),
        (("E-Stop aktiv",), "", False),
    ],
)
def test_the_words_of_a_vendor_are_ranked_against_defects(
    reader: ConceptAligner, texts: tuple[str, ...], term: str, *, is_sure: bool
) -> None:
    (reading,) = reader([texts], ASKED)

    best = reading.ranked[0].term if reading.ranked and reading.ranked[0].probability > 0.05 else ""
    assert (best, reading.is_sure) == (term, is_sure)
    for one in reading.ranked[:1]:
        assert {"en", "zh"} <= one.evidence[0].statement.keys()


def test_only_concepts_of_the_classes_asked_for_are_candidates(terms: TermIndex) -> None:
    targets = {one.id for one in concept_targets(terms, ASKED)}

    assert {WIRE, Q + "Defect", Q + "CapillaryDeformation"} <= targets
    assert not {
        one for one in targets if terms.by_iri(one).is_parameter or terms.by_iri(one).is_role
    }


# --- what several texts say together ------------------------------------------------------------------


def _reading(term: str, probability: float, *, is_sure: bool = False) -> Reading:
    return Reading((Meaning(term, probability),), is_sure)


@pytest.mark.parametrize(
    ("readings", "first", "is_sure"),
    [
        ([_reading(WIRE, 0.9, is_sure=True)], WIRE, True),
        ([_reading(WIRE, 0.9, is_sure=True), _reading(WIRE, 0.3)], WIRE, True),
        ([_reading(WIRE, 0.9, is_sure=True), _reading(CRACK, 0.1)], WIRE, True),
        ([_reading(WIRE, 0.9, is_sure=True), _reading(CRACK, 0.3)], WIRE, False),
        ([_reading(WIRE, 0.9, is_sure=True), _reading(CRACK, 0.8, is_sure=True)], WIRE, False),
        ([Reading(), _reading(WIRE, 0.9, is_sure=True)], WIRE, True),
        ([Reading()], "", False),
    ],
)
def test_texts_of_one_code_agree_or_a_person_is_asked(
    readings: list[Reading], first: str, *, is_sure: bool
) -> None:
    found = agreed(readings, ask=0.15)

    assert (found.ranked[0].term if found.ranked else "", found.is_sure) == (first, is_sure)
    assert sum(one.probability for one in found.ranked) <= 1.0


DEFECT = frozenset({Q + "Defect"})
SMALL = Vocabulary(
    [
        Concept(WIRE, names=("wire shift", "金线偏移"), ancestors=DEFECT),
        Concept(CRACK, names=("crack", "裂纹"), ancestors=DEFECT),
        Concept(Q + "Fatigue", names=("fatigue",), ancestors=frozenset({Q + "FailureMechanism"})),
    ]
)


class _Sure:
    """A reader that is sure of one concept, whatever the words."""

    def __init__(self, term: str) -> None:
        self.term = term
        self.asked: list[Sequence[str]] = []

    def __call__(self, codes: Sequence[Sequence[str]], within: Sequence[str]) -> list[Reading]:
        del within
        self.asked += codes
        return [Reading((Meaning(self.term, 0.9),), is_sure=True) for _ in codes]


def _words(*texts: str, answer: str | None = None) -> tuple[Word, ...]:
    return tuple(Word(f"c{at}", "codeDescription", text, answer) for at, text in enumerate(texts))


@pytest.mark.parametrize(
    ("words", "reader", "term", "candidates"),
    [
        (_words("Wire shift"), None, WIRE, ()),
        (_words("Wire shift, severe"), None, WIRE, ()),
        (_words("odd", "金线偏移"), None, WIRE, ()),
        (_words("wire shift", "裂纹"), None, "", (WIRE, CRACK)),
        (_words("wire shift or crack"), None, WIRE, ()),  # the longest name
        (_words("odd"), None, "", ()),
        (_words("odd"), CRACK, CRACK, (CRACK,)),
        (_words("wire shift", "裂纹"), CRACK, "", (CRACK, WIRE)),
        (_words("odd"), Q + "Fatigue", "", (Q + "Fatigue",)),  # a mechanism is offered, not decided
        (_words("odd", answer=WIRE), CRACK, WIRE, ()),
    ],
)
def test_persons_then_names_then_scores_decide(
    words: tuple[Word, ...], reader: str | None, term: str, candidates: tuple[str, ...]
) -> None:
    sure = _Sure(reader) if reader else None

    (found,) = understand([words], SMALL, MEANS["defectCode"], sure)

    assert (found.term, found.candidates) == (term, candidates)


def test_what_a_person_called_none_of_ours_is_not_scored_or_asked_again() -> None:
    reader, words = _Sure(CRACK), _words("odd", answer="")

    found = understand([words], SMALL, MEANS["defectCode"], reader)

    assert found == [Understood(is_closed=True)]
    assert reader.asked == questions_of([words], found) == []


def test_a_row_is_asked_about_by_a_text_that_is_its_own() -> None:
    rows = [_words("odd", "see manual"), _words("strange", "see manual")]

    asked = questions_of(rows, [Understood(), Understood()])

    assert [(one.text, one.also) for one in asked] == [
        ("odd", ("see manual",)),
        ("strange", ("see manual",)),
    ]


# --- end to end -----------------------------------------------------------------------------------------

LIST = """
    equipment,defect code,code description,Codebezeichnung,代码说明,severity,valid from
    AOI-A,1,Au wire shift,Drahtversatz,,critical,2024-01-01 00:00:00
    AOI-A,2,XZ-defect,Gold wire displaced,,minor,2024-01-01 00:00:00
    AOI-A,3,,,colour off,minor,2024-01-01 00:00:00
    AOI-A,4,,,,minor,2024-01-01 00:00:00
"""


@pytest.fixture
def work(tmp_path: Path, terms: TermIndex, reader: ConceptAligner) -> Iterator[Desk]:
    settings = Settings(data_dir=tmp_path / "data")
    store: OxigraphStore = open_store(settings.data_dir / "store", settings)
    yield desk(
        store=store, terms=terms, settings=settings, principal=SYSTEM, aligner=exact, concept_reader=reader
    )  # fmt: skip
    store.close()


def _ingest(work: Desk, folder: Path, text: str) -> None:
    path = folder / "in" / "codes.csv"
    path.parent.mkdir()
    path.write_text(textwrap.dedent(text).lstrip(), "utf-8")
    report = ingest(
        path, store=work.store, terms=work.terms, settings=work.settings, principal=work.principal,
        aligner=work.aligner, concept_reader=work.concept_reader,
    )  # fmt: skip
    assert report.files[0].records == ("code_entry",), report


def _entries(work: Desk) -> dict[str, CodeEntry]:
    work.store.publish()
    with work.store.snapshot() as snapshot:
        return {one.code: one for one in CodeBook.load(snapshot).entries()}


def _open(work: Desk) -> dict[str, Question]:
    work.store.publish()
    return {one.text: one for one in open_requests(work)}


def test_a_list_in_three_languages_is_understood_or_asked_about(work: Desk, tmp_path: Path) -> None:
    _ingest(work, tmp_path, LIST)

    assert {code: one.denotes for code, one in _entries(work).items()} == {
        "1": WIRE, "2": "", "3": Q + "ColourDeviation", "4": "",
    }  # fmt: skip
    asked = _open(work)
    assert set(asked) >= {"Gold wire displaced", "4 @ AOI-A · 2024-01-01T00:00:00Z"}
    request = asked["Gold wire displaced"].request
    assert request.samples == ("Gold wire displaced", "XZ-defect")
    first = request.evidence[0]
    assert request.proposal["candidates"][0] == first.sources[0] == WIRE  # type: ignore[index]
    assert first.weight == pytest.approx(first.data["probability"], abs=1e-4)
    assert first.data["evidence"]
    assert {"en", "zh"} <= first.statement.keys()


def test_an_answer_about_a_code_without_words_holds_for_its_scope(
    work: Desk, tmp_path: Path
) -> None:
    _ingest(work, tmp_path, LIST)

    answer_question(work, _open(work)["4 @ AOI-A · 2024-01-01T00:00:00Z"].id, CRACK)

    assert _entries(work)["4"].denotes == CRACK
    assert not [one for one in _open(work) if one.startswith("4 @")]


def test_what_was_decided_by_score_says_how_sure_and_why(work: Desk, tmp_path: Path) -> None:
    _ingest(work, tmp_path, LIST)

    with work.store.snapshot() as snapshot:
        rows = snapshot.select(
            "SELECT ?p ?why WHERE { ?e q:code '3' ; q:confidenceValue ?p ; rdfs:comment ?why }"
        )
    assert len(rows) == 2
    assert float(rows[0]["p"].value) > 0.7  # type: ignore[union-attr]


def test_codes_are_not_asked_about_one_by_one_while_a_column_may_describe_them(
    work: Desk, tmp_path: Path
) -> None:
    _ingest(work, tmp_path, LIST.replace("code description", "description"))

    assert not [one for one in _open(work) if "@" in one]


DATED = """
    equipment,program version,defect code,code description,valid from,valid until
    AOI-A,P1,1,wire shift,2024-01-01,2024-12-31
    AOI-A,P1,1,crack,2025-01-01,
    AOI-A,P2,1,scratch,2024-01-01,
    AOI-A,P1,2,crack,2024-01-01,2024-12-31
    AOI-A,P1,2,scratch,2024-06-01,
    AOI-A,P1,3,crack,2024-01-01,
    AOI-A,P1,3,scratch,2024-01-01,
    AOI-A,P1,4,crack,2024-01-01,
    AOI-A,P1,4,裂纹,2024-01-01,
    AOI-A,P1,5,crack,2024-01-01,
    AOI-A,P1,5,scratch,2025-01-01,
    AOI-A,P1,6,crack,2025-01-01,2024-12-31
"""


def test_entries_hold_in_their_programme_and_until_their_last_day(
    work: Desk, tmp_path: Path
) -> None:
    _ingest(work, tmp_path, DATED)

    with work.store.snapshot() as snapshot:
        book = CodeBook.load(snapshot)
    (machine,) = {one.machine for one in book.entries()}
    (first, second) = sorted({one.programme for one in book.entries()})
    cases = {
        ("1", first, "2024-12-31T20:00:00Z"): WIRE,
        ("1", first, "2025-01-01T00:00:00Z"): CRACK,
        ("1", second, "2025-01-01T00:00:00Z"): SCRATCH,
        ("4", first, "2025-01-01T00:00:00Z"): CRACK,
        ("5", first, "2024-12-31T23:59:59Z"): CRACK,
        ("5", first, "2025-01-01T00:00:00Z"): SCRATCH,
    }
    for (code, programme, at), meant in cases.items():
        answer = book.resolve(code, machine, programme, at)
        assert isinstance(answer, CodeHit), (code, at, answer)
        assert answer.entry.denotes == meant, (code, at)


def test_rows_that_contradict_each_other_wait_and_each_names_the_other(
    work: Desk, tmp_path: Path
) -> None:
    _ingest(work, tmp_path, DATED)

    held = {one.row: one.problems[0] for one in work.quarantine.held()}

    assert {row: one.code for row, one in held.items()} == dict.fromkeys(
        (5, 6, 7, 8), "contradicting-codes"
    ) | {13: "empty-validity"}
    said = "'3' in defect code of row 7 of codes.csv has two meanings in one scope and time: 'crack' here and 'scratch' in row 8"
    assert said in held[7].message["en"]
    assert "第 7 行" in held[8].message["zh"]
    assert "dates that tell them apart" in held[5].fix["en"]
    assert "before it begins at 2025-01-01T00:00:00Z" in held[13].message["en"]
    assert set(_entries(work)) == {"1", "4", "5"}
