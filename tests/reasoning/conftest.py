"""Plants and terms that the tests of reasoning share."""

from collections.abc import Callable
from pathlib import Path

import pytest

from qualweave.ontology.terms import TermIndex


@pytest.fixture(scope="session")
def terms() -> TermIndex:
    from tests.reasoning.stores import all_terms  # noqa: PLC0415 - other tests need no mapper

    return all_terms()


@pytest.fixture(scope="session")
def plant(tmp_path_factory: pytest.TempPathFactory) -> Callable[[int], Path]:
    """Return a function from seed to the folder of an ingested plant; each is built once."""
    from tests.reasoning.stores import build_plant  # noqa: PLC0415 - as above

    built: dict[int, Path] = {}

    def of(seed: int) -> Path:
        if seed not in built:
            built[seed] = build_plant(tmp_path_factory.mktemp(f"plant{seed}"), seed)
        return built[seed]

    return of
