"""One small plant, ingested once through the service, for every test of the doors."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import orjson
import pytest
from fastapi.testclient import TestClient

from qualweave.api.app import make_app
from qualweave.api.service import Service
from qualweave.config import Settings
from qualweave.examples.plant import PlantManifest, generate
from qualweave.mappers.report import IngestReport
from qualweave.principal import Principal

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

    def oracle(self, name: str) -> Any:
        return orjson.loads((self.manifest.oracle / name).read_bytes())


@pytest.fixture(scope="session")
def plant(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Plant]:
    folder = tmp_path_factory.mktemp("plant")
    manifest = generate(folder, seed=1)
    settings = Settings(
        data_dir=folder / "data",
        cache_dir=tmp_path_factory.getbasetemp().parent / "text-cache",
        dev=True,
        publish_interval_ms=0,
    )
    service = Service(settings)
    report = service.ingest(manifest.input, principal=ENGINEER, answers=manifest.answers)
    asked = [dict(one.request.statement) for one in service.questions()]
    answered = service.answer_from(manifest.when_asked, principal=ENGINEER)
    with TestClient(make_app(service, settings)) as client:
        yield Plant(client, service, manifest, report, asked, answered)
