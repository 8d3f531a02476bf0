"""Alignment on files that nobody here wrote: AI4I, and two public field lists with their baselines."""

import os
from pathlib import Path

import orjson
import pytest

from qualweave.config import Settings
from qualweave.iri import Q
from qualweave.mappers import readers
from qualweave.mappers.align import align
from qualweave.mappers.align.files import align_files
from qualweave.mappers.profile import profile
from qualweave.ontology.load import load_graph
from qualweave.ontology.terms import TermIndex

pytest.importorskip("sentence_transformers", reason="the text extra is not installed")
SHARED = Path(os.environ.get("QUALWEAVE_SHARED", Path(__file__).parents[3] / "shared")) / "data"
pytestmark = pytest.mark.skipif(
    not SHARED.exists(), reason="the public data is not on this machine"
)


def test_every_column_of_ai4i_is_mapped_asked_about_or_requested() -> None:
    table = readers.read(SHARED / "gnn" / "ai4i2020" / "ai4i2020.csv")[0]

    found = {
        one.field.name: one
        for one in align(profile(table), TermIndex.from_graph(load_graph()), settings=Settings())
    }

    assert set(found) == set(table.columns)
    torque = found["Torque [Nm]"]
    assert torque.ranked[0].term == Q + "SpindleTorque"
    assert torque.ranked[0].term != Q + "InstallationTorque"
    assert found["Rotational speed [rpm]"].ranked[0].term == Q + "RotationalSpeed"
    assert found["Air temperature [K]"].ranked[0].term == Q + "AirTemperature"
    assert all(found[one].decision != "accept" for one in ("TWF", "HDF", "PWF", "OSF", "RNF"))


@pytest.mark.parametrize(
    ("name", "baseline"), [("mtconnect_cnc", 0.418), ("battery_cycler", 0.518)]
)
def test_hits_are_above_the_best_trivial_baseline(
    name: str, baseline: float, tmp_path: Path
) -> None:
    folder = SHARED / "alignment" / name
    out = tmp_path / "p.jsonl"

    count = align_files(folder / "fields.jsonl", folder / "terms.jsonl", out)

    gold = {row["id"]: set(row["gold"]) for row in _rows(folder / "fields.jsonl")}
    answers = {row["id"]: row for row in _rows(out)}
    assert count == len(gold) == len(answers)
    assert {row["decision"] for row in answers.values()} <= {"map", "suggest", "new"}
    told = [one for one in gold if gold[one]]
    right = sum(_first(answers[one]["ranked"]) in gold[one] for one in told)
    assert right / len(told) > baseline


def _rows(path: Path) -> list[dict[str, object]]:
    return [orjson.loads(line) for line in path.read_bytes().splitlines()]


def _first(ranked: object) -> str:
    """Return the first term; a tie at the top is nobody's."""
    assert isinstance(ranked, list)
    tied = len(ranked) > 1 and ranked[0][1] == ranked[1][1]
    return "" if tied else str(ranked[0][0])
