"""Terms by words that are only nearly theirs."""

import pytest

from qualweave.errors import InputError, UnknownTerm
from qualweave.ontology.load import load_graph
from qualweave.ontology.search import SearchKind, kind_of, search_terms
from qualweave.ontology.terms import TermIndex


@pytest.fixture(scope="module")
def terms() -> TermIndex:
    return TermIndex.from_graph(load_graph())


@pytest.mark.parametrize(
    ("words", "kind", "expected"),
    [
        ("warpage", None, "Warpage"),
        ("翘曲", None, "Warpage"),
        ("翘取", None, "Warpage"),
        ("warpge of parts", "defect", "Warpage"),
        ("hold presure", "parameter", "HoldingPressure"),
        ("焊接电流", None, "WeldCurrent"),
        ("WeldingCurent", None, "WeldCurrent"),
        ("weld_current", None, "WeldCurrent"),
        ("模温", "parameter", "MouldTemperature"),
        ("Ｗｅｌｄ　Ｃｕｒｒｅｎｔ", None, "WeldCurrent"),
    ],
)
def test_words_find_the_term(
    terms: TermIndex, words: str, kind: SearchKind | None, expected: str
) -> None:
    found = search_terms(terms, words, kind=kind, limit=3)

    assert expected in [one.term.local_name for one in found]


def test_every_label_finds_its_own_term_first_or_ties(terms: TermIndex) -> None:
    for term in list(terms)[::15]:
        for label in (label for labels in term.labels.values() for label in labels):
            found = search_terms(terms, label, limit=10)

            assert found[0].score == 1.0
            assert term.iri in [one.term.iri for one in found if one.score == 1.0]


def test_a_kind_narrows_and_scores_fall(terms: TermIndex) -> None:
    found = search_terms(terms, "temperature", kind="parameter", limit=20)

    assert {kind_of(one.term) for one in found} == {"parameter"}
    assert [one.score for one in found] == sorted((one.score for one in found), reverse=True)


def test_no_words_are_refused(terms: TermIndex) -> None:
    with pytest.raises(InputError):
        search_terms(terms, " _ ")


def test_an_unknown_name_tells_the_nearest_in_both_languages(terms: TermIndex) -> None:
    with pytest.raises(UnknownTerm) as caught:
        terms.named("q:WeldCurent")

    nearest = caught.value.data["nearest_terms"]
    assert isinstance(nearest, list)
    assert nearest[0] == {
        "iri": terms.named("WeldCurrent").iri,
        "en": terms.name_of(terms.named("WeldCurrent").iri, "en"),
        "zh": "焊接电流",
    }
