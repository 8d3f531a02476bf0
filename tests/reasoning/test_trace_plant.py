"""Traces and recall scopes of the example plant equal its oracle, for every seed; lost edges are gaps."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from qualweave.examples.plant import generate
from qualweave.examples.plant.ablate import incident
from qualweave.iri import mint
from qualweave.reasoning.trace import CsrGenealogy, LinkKind, recall_scope, trace
from qualweave.store.port import Snapshot
from tests.reasoning.graphs import ingested

CHAIN = (
    "mine/**/*",
    "precursor/**/*",
    "cathode/**/*",
    "cell/mes/genealogy*",
    "cell/mes/TW-01*",
    "pack/e*/*",
    "recycler/**/*",
    "film/**/*",
    "solar/mes/module_genealogy.xml",
    "valve/**/*",
)


def iri(name: str) -> str:
    return name if name.startswith("http") else mint("item", name)


@dataclass(frozen=True)
class Plant:
    root: Path
    snapshot: Snapshot
    index: CsrGenealogy


@pytest.fixture(scope="module", params=[1, 2])
def plant(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Plant]:
    folder = tmp_path_factory.mktemp("plant")
    made = generate(folder / "plant", seed=request.param)
    with ingested(folder / "store", made.root, *CHAIN) as snapshot:
        yield Plant(made.root, snapshot, CsrGenealogy.build(snapshot))


def test_sampled_closures_equal_the_oracle(plant: Plant) -> None:
    told: dict[str, Any] = json.loads((plant.root / "oracle/closures.json").read_text("utf-8"))
    compared = 0

    for name, wanted in told.items():
        start = iri(name)
        if not (wanted["backward"] or wanted["forward"]):
            assert start not in plant.index
            continue
        compared += 1
        assert set(plant.index.closure(start, "back")) == {iri(x) for x in wanted["backward"]}
        assert set(plant.index.closure(start, "forward")) == {iri(x) for x in wanted["forward"]}
    assert compared > 20


def test_who_ate_this_lot_in_every_spelling(plant: Plant) -> None:
    told = incident(plant.root, "who-ate-this-lot")
    wanted = {iri(one) for one in told["scope"]}

    for text in (told["item"], told["as_written"]["mes"], told["as_written"]["epcis"]):
        scope = recall_scope(plant.index, plant.snapshot, text)
        assert set(scope.affected) == wanted
    assert {one.item for one in scope.shipments} == set(told["packs"])
    assert len(scope.customers) == len({one.customer for one in scope.shipments}) > 0


def test_a_pack_traces_back_over_all_levels_with_parameters(plant: Plant) -> None:
    told = incident(plant.root, "who-ate-this-lot")

    answer = trace(plant.index, plant.snapshot, told["packs"][0])

    made_of = {node.item: node.depth for node in answer.nodes}
    assert told["item"] in made_of
    assert max(made_of.values()) >= 6
    assert {step.kind for step in answer.steps} >= {LinkKind.OPERATION, LinkKind.EVENT}
    assert any(step.parameters for step in answer.steps)
    assert all(edge.graph for edge in answer.edges)
    assert not answer.cycles


def test_without_a_genealogy_file_the_chain_ends_in_a_gap(plant: Plant, tmp_path: Path) -> None:
    rest = [one for one in CHAIN if not one.startswith("film")]
    lot = next(iter(incident(plant.root, "pid-change")["module_lots"]))
    with ingested(tmp_path, plant.root, *rest) as snapshot:
        answer = trace(CsrGenealogy.build(snapshot), snapshot, lot)

    assert [gap.code for gap in answer.gaps] == ["undeclared"]
    assert answer.gaps[0].item == answer.nodes[-1].item
    whole = trace(plant.index, plant.snapshot, lot)
    assert set(whole.nodes[:2]) != set(answer.nodes)
    assert answer.total < whole.total
