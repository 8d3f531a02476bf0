"""The medium plant, whole: every closure equals the oracle's, and a trace through REST answers in time."""

from pathlib import Path

import pytest

from benchmarks.rest import ENGINEER, build, measure, served, truth
from qualweave.api.service import Service
from qualweave.config import Settings
from qualweave.iri import local_name

httpx = pytest.importorskip("httpx")
nx = pytest.importorskip("networkx")
pytestmark = pytest.mark.long


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = tmp_path_factory.mktemp("medium")
    build(made, 1, "medium")
    return made


def test_every_item_traces_both_ways_as_the_oracle_says(folder: Path) -> None:
    genealogy = truth(folder)
    service = Service(Settings(data_dir=folder / "data", dev=True))

    with service.store.snapshot() as snapshot:
        index = service.index(snapshot, ENGINEER.tenant)
        found = {_name(item): item for item in index.items()}
        wrong = [
            name
            for name in genealogy
            if {_name(one) for one in index.closure(found[name], "back")}
            != nx.descendants(genealogy, name)
            or {_name(one) for one in index.closure(found[name], "forward")}
            != nx.ancestors(genealogy, name)
        ]
    service.close()

    assert wrong == []


def test_two_hundred_random_serials_answer_through_rest_as_the_oracle_says(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    genealogy = truth(folder)
    serials = sorted(genealogy)[:: max(1, len(genealogy) // 200)][:200]

    with served(folder) as address, httpx.Client(base_url=address, timeout=120) as client:
        measure(client, genealogy, serials)

    assert "unlike the oracle: 0 of 400" in capsys.readouterr().out


def _name(iri: str) -> str:
    return iri if "id.gs1.org" in iri else local_name(iri)
