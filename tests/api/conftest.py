"""Three plants of different seeds, each ingested once through the service and shared by the test processes."""

import os
import pickle
import shutil
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol, TypeAlias

import orjson
import pytest
from fastapi.testclient import TestClient

from qualweave.api.app import make_app
from qualweave.api.service import Service
from qualweave.config import Settings
from qualweave.examples.plant import PlantManifest, generate
from qualweave.mappers.report import IngestReport
from qualweave.principal import Principal
from tests.building import made_once, root_of_run, untraced

Ablation: TypeAlias = Callable[[Path], tuple[Path, ...]]
os.environ["QUALWEAVE_GOVERNANCE_THOROUGH"] = (
    "false"  # a minute a release; test_checks.py has what it adds
)
ENGINEER = Principal(id="li", roles=frozenset({"engineer", "architect"}))


@dataclass
class Plant:
    """A served plant and its truth."""

    client: TestClient
    service: Service
    manifest: PlantManifest
    report: IngestReport
    asked: list[dict[str, str]]
    answered: IngestReport
    made: Path
    """Folder of the ingested plant that nobody has open; for a copy."""

    def oracle(self, name: str) -> Any:
        return orjson.loads((self.manifest.oracle / name).read_bytes())


class Plants(Protocol):
    """Plants by seed and by what was taken away from their input."""

    def __call__(self, seed: int, removed: Sequence[Ablation] = ()) -> Plant: ...


def _settings(folder: Path) -> Settings:
    """Return settings of a folder; to make vectors of texts takes long, so all tests share them."""
    return Settings(data_dir=folder / "data", dev=True, publish_interval_ms=0)


def _build(folder: Path, seed: int, removed: Sequence[Ablation]) -> None:
    """Generate and ingest a plant, have its engineer answer, and leave it all in a folder."""
    manifest = generate(folder, seed=seed)
    for remove in removed:
        remove(folder)
    service = Service(_settings(folder))
    report = service.ingest(manifest.input, principal=ENGINEER, answers=manifest.answers)
    asked = [dict(one.request.statement) for one in service.questions(ENGINEER)]
    answered = service.answer_from(manifest.when_asked, principal=ENGINEER)
    service.close()
    (folder / "told.pickle").write_bytes(pickle.dumps((manifest, report, asked, answered)))


@pytest.fixture(scope="session")
def plants(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Plants]:
    """Give the plant of a seed, with evidence removed or not; it is built once and served once in each process."""
    mine, root = tmp_path_factory.mktemp("plants"), root_of_run(request, tmp_path_factory)
    served: dict[str, Plant] = {}

    with ExitStack() as stack:

        def serve(name: str, seed: int, removed: Sequence[Ablation]) -> Plant:
            build = _build if name == "1" else untraced(_build)
            shared = made_once(root, name, lambda folder: build(folder, seed, removed))
            folder = mine / name
            shutil.copytree(shared, folder)
            manifest, report, asked, answered = pickle.loads((folder / "told.pickle").read_bytes())  # noqa: S301 - our own
            settings = _settings(folder)
            service = Service(settings)
            app = make_app(service, settings, pages=name == "1")
            client = stack.enter_context(TestClient(app))
            return Plant(client, service, manifest, report, asked, answered, shared)

        def given(seed: int, removed: Sequence[Ablation] = ()) -> Plant:
            name = "-".join([str(seed), *(one.__name__ for one in removed[:1])])
            if name not in served:
                served[name] = serve(name, seed, removed)
            return served[name]

        yield given


@pytest.fixture(params=[1, 2, 3], ids=lambda seed: f"seed {seed}")
def plant(request: pytest.FixtureRequest, plants: Plants) -> Plant:
    return plants(request.param)
