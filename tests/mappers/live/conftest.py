"""A desk over a store of the test's own, which seals segments quickly."""

import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from qualweave.config import Settings
from qualweave.mappers.desk import Desk, desk
from qualweave.ontology.load import load_graph
from qualweave.ontology.terms import TermIndex
from qualweave.principal import SYSTEM
from qualweave.shapes.gate import ShapeGate
from qualweave.store.oxigraph import open_store
from tests.mappers.exact import exact


@pytest.fixture(scope="module")
def terms() -> TermIndex:
    return TermIndex.from_graph(load_graph())


@pytest.fixture
def work(tmp_path: Path, terms: TermIndex) -> Iterator[Desk]:
    settings = Settings(data_dir=tmp_path / "data", live_seconds=0.5, live_rows=400)
    store = open_store(settings.data_dir / "store", settings)
    yield desk(
        store=store,
        terms=terms,
        settings=settings,
        principal=SYSTEM,
        gate=ShapeGate(),
        aligner=exact,
    )
    store.close()


@pytest.fixture
def children() -> Iterator[list[subprocess.Popen[bytes]]]:
    """Processes that a test starts; what still runs at its end is ended by its process id."""
    started: list[subprocess.Popen[bytes]] = []
    yield started
    for one in started:
        if one.poll() is None:
            one.kill()
        one.wait()
