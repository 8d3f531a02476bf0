"""The catalogue of questions, and the reading of sentences without a graph behind it."""

from pathlib import Path

import pyoxigraph as ox
import pytest
from rdflib import URIRef

from qualweave.errors import InputError, NotFound, UnreadableSource
from qualweave.iri import PREFIXES
from qualweave.ontology.load import load_graph
from qualweave.ontology.queries.asking import Asker
from qualweave.ontology.queries.binding import Place, bind
from qualweave.ontology.queries.catalogue import load_catalogue, read_question
from qualweave.ontology.queries.reading import TermSpotter, plain, read_named
from qualweave.ontology.terms import TermIndex
from qualweave.store.guard import read_outline

_BRANCHES = {
    "battery chain", "moulding", "film and PV", "wire bonding", "valve", "suppliers", "strip", "governance", "mapping",
    "provenance", "quarantine", "causal", "case", "voice", "alarm", "decisions", "inspection", "defect", "parameter",
    "resource", "ontology",
}  # fmt: skip


@pytest.fixture(scope="module")
def terms() -> TermIndex:
    return TermIndex.from_graph(load_graph())


@pytest.fixture(scope="module")
def asker(terms: TermIndex) -> Asker:
    return Asker(terms, load_catalogue())


def test_at_least_forty_questions_cover_every_branch() -> None:
    catalogue = load_catalogue()

    assert len(catalogue) >= 40
    assert {branch for one in catalogue for branch in one.branches} == _BRANCHES


def test_every_question_is_sparql_of_known_terms_before_and_after_binding(terms: TermIndex) -> None:
    graph = load_graph()
    for one in load_catalogue():
        given = {
            p.name: "https://example.org/x" if p.type == "thing" else "1"
            for p in one.parameters
            if p.default is None
        }
        bound = bind(one.sparql, one.parameters, given, place=Place(terms))

        assert isinstance(ox.Store().query(one.sparql, prefixes=dict(PREFIXES)), ox.QuerySolutions)
        assert read_outline(bound).form == "select"
        assert "$" not in bound
        assert all((URIRef(term), None, None) in graph for term in one.terms), one.id
        assert "ORDER BY" in one.sparql


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("# id: other\n# branch: [x]\n# en: a\n# zh: b\nSELECT * WHERE { ?s ?p ?o }", "its id"),
        (
            "# id: q\n# branch: [x]\n# en: a {b}\n# zh: b\nSELECT * WHERE { ?s ?p ?o }",
            "no parameters",
        ),
        (
            "# id: q\n# branch: [x]\n# en: a\n# zh: b\nSELECT * WHERE { ?s ?p $o }",
            "its query names",
        ),
        ("# id: q\n# branch: [x]\n# en: a\nSELECT * WHERE { ?s ?p ?o }", "its head"),
    ],
)
def test_a_question_that_is_not_whole_is_refused(text: str, why: str) -> None:
    with pytest.raises(UnreadableSource, match=why):
        read_question("q.rq", text)


def test_a_question_nobody_wrote_is_not_found() -> None:
    with pytest.raises(NotFound, match="nothing-like-it"):
        load_catalogue().by_id("nothing-like-it")


@pytest.mark.parametrize(
    ("sentence", "named"),
    [
        ("What does 127 mean on AOI-02?", [("number", "127"), ("thing", "AOI-02")]),
        (
            "2024年1月5日到2024/2/10的翘曲",
            [("date", "2024-01-05"), ("date", "2024-02-10"), ("term", "Warpage")],
        ),
        ("焊接电流超过 182.5", [("term", "WeldCurrent"), ("number", "182.5")]),
        ("mapping of TW-01_records.csv", [("file", "TW-01_records.csv")]),
        ("lot (01)06901003003019(10)N-3", [("thing", "(01)06901003003019(10)N-3")]),
        ("案例A7X2的参数", [("thing", "A7X2")]),
        ("ＴＷ－０２ 线", [("thing", "TW-02")]),
    ],
)
def test_what_a_sentence_names_is_read(
    terms: TermIndex, sentence: str, named: list[tuple[str, str]]
) -> None:
    roots = [f"https://w3id.org/qonto/{one}" for one in ("Parameter", "Defect")]

    found = read_named(plain(sentence), TermSpotter(terms, roots))

    assert [(one.kind, one.value) for one in found] == named


@pytest.mark.parametrize("language", ["en", "zh"])
def test_every_question_is_found_by_its_own_words(asker: Asker, language: str) -> None:
    shown = {"thing": "ZZ-1", "date": "2024-01-01", "decimal": "5", "integer": "3", "text": "77"}
    missed = []
    for one in asker.catalogue:
        sentence = one.words[language]
        for p in one.parameters:
            value = (p.default or "") if p.type == "term" else shown.get(p.type, "")
            value = "x.csv" if "file" in p.kind else value
            sentence = sentence.replace(
                "{" + p.name + "}", _said(asker, value, language) if p.type == "term" else value
            )
        reading = asker.read(sentence)
        if reading.chosen is None or reading.chosen.question.id != one.id:
            missed.append(sentence)

    assert len(missed) <= 4, missed


@pytest.mark.parametrize(
    ("sentence", "name", "values"),
    [
        ("Which properties lead to a battery pack?", "ways-to-class", {"class": "BatteryPack"}),
        ("哪些属性指向交付？", "ways-to-class", {"class": "Delivery"}),
        (
            "On which items was mass measured more than once?",
            "measured-twice",
            {"parameter": "Mass"},
        ),
    ],
)
def test_a_class_is_named_where_a_question_takes_any(
    asker: Asker, sentence: str, name: str, values: dict[str, str]
) -> None:
    chosen = asker.read(sentence).chosen

    assert chosen is not None
    assert (chosen.question.id, dict(chosen.values)) == (name, values)


def test_another_class_is_no_value_of_a_question_of_parameters_and_defects(asker: Asker) -> None:
    chosen = asker.read("What is a laminator?").chosen

    assert chosen is None or "term" not in chosen.values


def _said(asker: Asker, name: str, language: str) -> str:
    return asker.terms.name_of(f"https://w3id.org/qonto/{name}", language)


@pytest.mark.parametrize(
    "sentence",
    [
        "asdf qwer",
        "食堂今天吃什么",
        "What is the weather tomorrow?",
        "Delete all alarms",
        "写一首诗",
    ],
)
def test_nonsense_and_orders_are_refused_by_words_alone(asker: Asker, sentence: str) -> None:
    reading = asker.read(sentence)

    assert reading.chosen is None
    assert len(reading.nearest) == 3


def test_an_empty_question_is_refused(asker: Asker) -> None:
    with pytest.raises(InputError, match="empty"):
        asker.read(" ？ ")


def test_the_reference_page_names_every_question() -> None:
    page = (Path(__file__).parents[2] / "docs" / "reference" / "queries.md").read_text("utf-8")

    assert [
        one.id for one in load_catalogue() if f"| `{one.id}` | {one.words['en']}" not in page
    ] == []
