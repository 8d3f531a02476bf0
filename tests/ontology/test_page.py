"""The reference page names every term, and no other."""

from pathlib import Path

import pytest

from qualweave.errors import InputError
from qualweave.ontology.load import load_graph
from qualweave.ontology.page import END, START, rewrite_page, term_list
from qualweave.ontology.terms import TermIndex

PAGE = Path(__file__).parents[2] / "docs" / "reference" / "ontology.md"


@pytest.fixture(scope="module")
def index() -> TermIndex:
    return TermIndex.from_graph(load_graph())


def test_the_page_lists_exactly_the_terms_that_ship(index: TermIndex) -> None:
    listed = PAGE.read_text(encoding="utf-8").split(START)[1].split(END)[0].strip()

    assert listed == term_list(index), "run qualweave.ontology.page.rewrite_page"


def test_rewriting_a_page_is_done_once(index: TermIndex, tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text(f"head\n{START}\nold\n{END}\ntail\n", encoding="utf-8")

    assert rewrite_page(page, index)
    assert not rewrite_page(page, index)
    assert page.read_text(encoding="utf-8").startswith("head\n")
    assert page.read_text(encoding="utf-8").endswith("tail\n")


def test_a_page_without_marks_is_refused(index: TermIndex, tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text("no marks", encoding="utf-8")

    with pytest.raises(InputError, match=r"page\.md"):
        rewrite_page(page, index)
