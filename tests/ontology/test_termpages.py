"""Reference pages: what a release says of a term, in two languages, with links that lead somewhere."""

import re
from collections.abc import Iterator

import pytest
from rdflib import Graph

from qualweave.errors import NotFound
from qualweave.impact import Use
from qualweave.iri import Q
from qualweave.ontology.load import load_graph
from qualweave.ontology.termpages import Book, Mapped, Past, render_index, render_term, site
from qualweave.ontology.termpages.render import file_of, words

_LINK = re.compile(r'href="([^"]*)"')


@pytest.fixture(scope="module")
def book() -> Book:
    mapped = Mapped("skos:closeMatch", "https://example.org/Warp", "warp <b>", "example", "0.8")
    past = Past("2027-01-01", "The term is new.", "术语为新增。")
    return Book(
        load_graph(),
        "2027-01-01",
        mapped={Q + "Warpage": [mapped]},
        history={Q + "Warpage": [past]},
    )


def test_every_term_of_the_release_has_a_page(book: Book) -> None:
    pages = [book.page(name) for name in book.names]

    assert len(pages) > 1000
    assert sum(len(terms) for terms in book.modules.values()) == len(pages)
    for one in pages:
        assert set(one.texts["label"]) == {"en", "zh"}, one.name
        assert one.texts["definition"], one.name
        assert one.module, one.name


def test_a_page_tells_place_unit_causes_mappings_uses_and_history(book: Book) -> None:
    uses = [Use(Q + "Warpage", "question", "known-causes"), Use(Q + "Other", "shape", "S")]

    page = book.page("Warpage", uses)
    unit = dict(book.page("CoolingTime").facts)

    assert any(name == "parents" for name, _ in page.neighbours)
    assert page.causes
    assert page.mapped[0].target == "example"
    assert page.uses == (("question", (("known-causes", 1),)),)
    assert page.history[0].version == "2027-01-01"
    assert unit["unit"] == "s"


SMALL = """
@prefix q: <https://w3id.org/qonto/> . @prefix owl: <http://www.w3.org/2002/07/owl#> .
@prefix rdfs: <http://www.w3.org/2000/01/rdf-schema#> . @prefix skos: <http://www.w3.org/2004/02/skos/core#> .
@prefix m: <https://w3id.org/qonto/module/> . @prefix causal: <https://w3id.org/qonto/causal/> .
q:Top a owl:Class ; rdfs:isDefinedBy m:base ; rdfs:label "top"@en , "顶"@zh .
q:Heat a owl:Class ; rdfs:isDefinedBy m:base ; rdfs:label "heat"@en , "热"@zh .
q:Creep a owl:Class ; rdfs:isDefinedBy m:base ; rdfs:label "creep"@en , "蠕变"@zh .
q:Warp a owl:Class ; rdfs:isDefinedBy m:defect ; rdfs:label "warp"@en , "翘"@zh ; owl:deprecated true ;
  rdfs:subClassOf q:Top , [ a owl:Restriction ; owl:onProperty q:on ; owl:someValuesFrom q:Top ] ;
  skos:broader q:Top , q:Heat ; skos:definition "d"@en , "定义"@zh ; skos:example "e"@en , "例"@zh ;
  skos:altLabel "bow"@en , "弯"@zh ; q:typicalMinimum 1 ; q:typicalMaximum 9 .
q:on a owl:ObjectProperty ; rdfs:isDefinedBy m:base ; rdfs:label "on"@en , "在"@zh ; rdfs:range q:Warp ; rdfs:domain q:Top .
causal:one q:hasCause q:Heat ; q:hasEffect q:Warp ; q:viaMechanism q:Creep .
"""


@pytest.fixture(scope="module")
def small() -> Book:
    return Book(Graph().parse(data=SMALL, format="turtle"), "2027-01-01")


def test_everything_that_a_release_says_of_a_term_stands_on_its_page(small: Book) -> None:
    uses = [Use(Q + "Warp", "causal link", Q + "causal/one"), Use(Q + "Warp", "data", "data", 7)]

    page = small.page("Warp", uses)

    assert (page.kinds, page.module, page.deprecated) == (("owl:Class",), "defect", True)
    assert page.texts["definition"] == {"en": "d", "zh": "定义"}
    assert page.texts["example"] == {"en": "e", "zh": "例"}
    assert page.synonyms == {"en": ("bow",), "zh": ("弯",)}
    assert page.facts == (("least", "1"), ("greatest", "9"))
    assert {kind: [one.name for one in links] for kind, links in page.neighbours} == {
        "parents": ["Top"],
        "broader": ["Heat"],
        "pointed_at_by": ["on"],
    }
    assert [one for one in page.axioms if "owl:someValuesFrom q:Top" in one] == list(page.axioms)
    assert len(page.axioms) == 1
    assert page.uses == (("data", (("data", 7),)),), "a causal link is told as causal knowledge"


def test_a_cause_is_read_from_either_end_with_its_mechanism(small: Book) -> None:
    def told(name: str) -> list[tuple[str, str, bool]]:
        return [
            (one.other.name, one.mechanism.name if one.mechanism else "", one.is_effect)
            for one in small.page(name).causes
        ]

    assert told("Heat") == [("Warp", "Creep", True)]
    assert told("Warp") == [("Heat", "Creep", False)]


def test_a_page_links_within_its_language_and_to_the_other(small: Book) -> None:
    served = render_term(small, "Warp", "zh", uses=[Use(Q + "Warp", "question", "known-causes")])
    files = dict(site(small, [Use(Q + "Warp", "question", "known-causes")]))

    for name in ("Top", "Heat"):
        assert f'href="/ontology/pages/{name}?lang=zh"' in served
        assert f'href="../zh/{name}.html"' in files["zh/Warp.html"]
    assert 'href="/ontology/pages/Warp?lang=en"' in served
    assert 'href="../en/Warp.html"' in files["zh/Warp.html"]
    assert f"<h2>{words()['causes']['zh']}</h2>" in served
    assert "known-causes" in served
    assert "known-causes" in files["en/Warp.html"]
    assert "known-causes" not in files["en/Top.html"]
    assert 'url=en/index.html"' in files["index.html"]
    assert '<html lang="zh">' in files["zh/index.html"]


@pytest.mark.parametrize("language", ["en", "zh"])
def test_html_says_it_in_the_language_and_escapes_what_it_is_given(
    book: Book, language: str
) -> None:
    text = render_term(book, "Warpage", language)  # type: ignore[arg-type]  # one of the two

    assert f'<html lang="{language}">' in text
    assert ("翘曲</h1>" in text) is (language == "zh")
    assert "warp &lt;b&gt;" in text
    assert "/ontology/pages/" in text


def test_links_of_the_static_site_lead_to_its_files(book: Book) -> None:
    sample = {"en/index.html", "zh/index.html", "en/Warpage.html", "zh/Warpage.html"}
    files = dict(_some(book, sample))
    names = {
        f"{tongue}/{name}.html"
        for tongue in ("en", "zh")
        for name in (*(file_of(book, one) for one in book.names), "index")
    }

    assert set(files) == sample
    for path, text in files.items():
        for link in _LINK.findall(text):
            if not link.startswith("http"):
                assert link.removeprefix("../") in names, (path, link)


def _some(book: Book, wanted: set[str]) -> Iterator[tuple[str, str]]:
    for path, text in site(book):
        if path in wanted:
            yield path, text


def test_the_index_lists_every_term_once(book: Book) -> None:
    text = render_index(book, "zh")

    assert text.count("<li data-name=") == len(book.names)


def test_an_unknown_term_is_told(book: Book) -> None:
    with pytest.raises(NotFound, match="no term 'Nothing'"):
        book.page("Nothing")


def test_every_heading_has_both_languages() -> None:
    assert all(set(one) == {"en", "zh"} for one in words().values())
