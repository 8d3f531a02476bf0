"""A learning graph of the example plant: its files ingested with the fields' true meanings, once."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from qualweave.config import Settings
from qualweave.examples.plant import generate
from qualweave.gnn.dataset import LearningGraph
from qualweave.store.port import Snapshot
from tests.reasoning.graphs import ingested

FILES = ("*/mes/*", "*/plc/*", "*/scada/*", "*/lims/*", "*/alarms/*", "*/eam/*", "*/environment/*")


@pytest.fixture(scope="session")
def settings(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    folder: Path = tmp_path_factory.mktemp("gnn")
    return Settings(data_dir=folder, label_coverage=0.5)


@pytest.fixture(scope="session")
def snapshot(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Snapshot]:
    folder = tmp_path_factory.mktemp("plant")
    made = generate(folder / "plant", seed=1)
    with ingested(folder / "store", made.root, *FILES) as found:
        yield found


@pytest.fixture(scope="session")
def graph(snapshot: Snapshot, settings: Settings) -> LearningGraph:
    return LearningGraph.from_snapshot(snapshot, settings=settings, text=False)
