"""What the tests of the review share: a desk over a store of its own, and three mixers with an unknown field."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from qualweave.mappers.desk import Desk
from qualweave.ontology.load import load_graph
from qualweave.ontology.terms import TermIndex
from tests.mappers.mixing import opened, three_mixers


@pytest.fixture(scope="module")
def terms() -> TermIndex:
    return TermIndex.from_graph(load_graph())


@pytest.fixture
def work(tmp_path: Path, terms: TermIndex) -> Iterator[Desk]:
    with opened(tmp_path / "data", terms) as work:
        yield work


@pytest.fixture
def mixers(work: Desk, tmp_path: Path) -> Path:
    return three_mixers(work, tmp_path / "in")
