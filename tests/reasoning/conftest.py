"""Plants and terms that the tests of reasoning share."""

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from qualweave.ontology.terms import TermIndex
from tests.building import made_once, root_of_run, untraced


@pytest.fixture(scope="session")
def terms() -> TermIndex:
    from tests.reasoning.stores import all_terms  # noqa: PLC0415 - other tests need no mapper

    return all_terms()


@pytest.fixture(scope="session")
def plant(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Callable[[int], Path]:
    """Return a function from seed to a copy of an ingested plant, which the test processes build once."""
    from tests.reasoning.stores import build_plant  # noqa: PLC0415 - as above

    mine, root = tmp_path_factory.mktemp("decided"), root_of_run(request, tmp_path_factory)
    built: dict[int, Path] = {}

    def of(seed: int) -> Path:
        if seed not in built:
            build = build_plant if seed == 1 else untraced(build_plant)
            made = made_once(root, f"decided-{seed}", lambda folder: build(folder, seed))
            built[seed] = shutil.copytree(made, mine / str(seed))
        return built[seed]

    return of
