"""Reference pages: what a release says of a term, in two languages, with links that lead somewhere."""

import re
from collections.abc import Iterator

import pytest

from qualweave.errors import NotFound
from qualweave.impact import Use
from qualweave.iri import Q
from qualweave.ontology.load import load_graph
from qualweave.ontology.termpages import Book, Mapped, Past, render_index, render_term, site
from qualweave.ontology.termpages.render import words

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
    names = {f"{tongue}/{name}.html" for tongue in ("en", "zh") for name in (*book.names, "index")}

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
