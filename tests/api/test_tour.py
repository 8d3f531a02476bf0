"""The tour of the demo: it finds the planted stories in the graph by itself, in both languages."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from qualweave.api.service import Service
from qualweave.api.tour import Tour
from qualweave.config import Settings
from qualweave.iri import Q
from tests.api.conftest import ENGINEER, Plant


@pytest.fixture
def service(plant: Plant, tmp_path: Path) -> Iterator[Service]:
    """Serve a copy of the plant: other tests freeze and release on theirs, and a tour tells what stands."""
    shutil.copytree(plant.made / "data", tmp_path / "data")
    cache = plant.service.settings.cache_dir
    found = Service(Settings(data_dir=tmp_path / "data", cache_dir=cache, publish_interval_ms=0))
    yield found
    found.close()


def _told(plant: Plant, service: Service, language: str) -> dict[str, str]:
    folder = Path(plant.manifest.root) / "contracts"
    tour = Tour(service, ENGINEER, sorted(folder.glob("*.yaml")), (), language)  # type: ignore[arg-type]
    return {stop.question: "\n".join(stop.answer) for stop in tour.stops()}


@pytest.mark.parametrize("plant", [1, 2], indirect=True, ids=["seed 1", "seed 2"])
def test_the_stories_are_those_of_the_oracle(plant: Plant, service: Service) -> None:
    told = plant.oracle("incidents.json")
    code, change = told["scoped-code"]["code"], told["pid-change"]["change"]

    en, zh = _told(plant, service, "en"), _told(plant, service, "zh")

    assert code in en["One code, two meanings"]
    assert change in en["Why did it fail at the customer's?"]
    assert change in en["Which change did nobody follow up?"]
    for language, story in (
        ("en", en["What fails only in combination?"]),
        ("zh", zh["哪些缺陷只在组合下出现？"]),
    ):
        for one in told["coupled-failure"]["parameters"]:
            assert plant.service.terms.name_of(Q + one, language) in story
    assert told["weld-intervention"]["sentence_zh"] in zh["该工位应如何调整？"]
    assert told["card-coach"]["sentence_zh"] in zh["这张工艺卡草案安全吗？"]
    assert str(told["freeze"]["tasks"]) in en["What must be stopped?"]
    assert len(en) == len(zh) == 13
