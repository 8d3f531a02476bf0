"""The shared genealogy over eight companies: closures, recall, window, gaps and ancestors against its answers."""

import csv
import gzip
import json
from collections.abc import Iterator
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest

from qualweave.gs1 import canonical
from qualweave.iri import RDF, XSD, Q, graph_iri, mint
from qualweave.reasoning.causes import items_made_during, orphan_changes
from qualweave.reasoning.trace import CsrGenealogy, LinkKind, recall_scope, trace
from qualweave.store.port import ChangeSet, Snapshot
from tests.reasoning.graphs import change_set, snapshot_of

FOLDER = Path(__file__).resolve().parents[3] / "shared/data/trace/genealogy"
pytestmark = pytest.mark.skipif(not FOLDER.exists(), reason="the shared data set is not here")
KIND = "https://example.org/kind/"


def rows(name: str) -> list[dict[str, str]]:
    with gzip.open(FOLDER / f"{name}.csv.gz", "rt", encoding="utf-8", newline="") as handle:
        return list(csv.DictReader(handle))


def stamp(text: str) -> str:
    return f'"{text}"^^<{XSD}dateTime>'


def items() -> Iterator[str]:
    for row in rows("items"):
        name, operation = canonical(row["item"]), mint("operation", row["item"])
        yield f"<{name}> <{RDF}type> <{KIND}{row['type']}> ."
        yield f"<{name}> <{Q}producedBy> <{operation}> ."
        yield f"<{operation}> <{Q}endedAt> {stamp(row['made_at'])} ."
        yield f"<{operation}> <{Q}performedBy> <{mint('organization', row['company'])}> ."
        if row["equipment"]:
            yield f"<{operation}> <{Q}usesEquipment> <{mint('equipment', row['equipment'])}> ."


def consumed() -> Iterator[str]:
    for row in rows("consumed"):
        output, used = canonical(row["output"]), canonical(row["input"])
        yield f"<{output}> <{Q}derivedFromMaterial> <{used}> ."


def changes() -> Iterator[str]:
    for number, row in enumerate(rows("param_changes")):
        node = mint("change", str(number))
        yield f"<{node}> <{RDF}type> <{Q}ParameterChange> ."
        yield f"<{node}> <{Q}usesEquipment> <{mint('equipment', row['equipment'])}> ."
        yield f"<{node}> <{Q}changedParameter> <{KIND}{row['param']}> ."
        yield f"<{node}> <{Q}startedAt> {stamp(row['from'])} ."
        yield f"<{node}> <{Q}endedAt> {stamp(row['to'])} ."
        if row["work_order"]:
            yield f"<{node}> <{Q}linkedToOrder> <{mint('order', row['work_order'])}> ."


@dataclass(frozen=True)
class Case:
    snapshot: Snapshot
    index: CsrGenealogy
    answers: dict[str, Any]
    kinds: dict[str, str]
    urns: dict[str, str]

    def digest(self, found: set[str]) -> str:
        return sha256("\n".join(sorted(self.urns[one] for one in found)).encode()).hexdigest()

    def of_kind(self, found: set[str], kind: str) -> set[str]:
        return {self.urns[one] for one in found if self.kinds.get(one) == kind}


@pytest.fixture(scope="module")
def case(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Case]:
    sets: list[ChangeSet] = [
        change_set(lines, graph_iri("data", "plant", name, "1"))
        for name, lines in (("items", items()), ("consumed", consumed()), ("log", changes()))
    ]
    told = rows("items")
    urns = {canonical(row["item"]): row["item"] for row in told}
    urns |= {canonical(row["input"]): row["input"] for row in rows("consumed")}
    with snapshot_of(tmp_path_factory.mktemp("genealogy"), *sets) as snapshot:
        yield Case(
            snapshot=snapshot,
            index=CsrGenealogy.build(snapshot),
            answers=json.loads((FOLDER / "answers.json").read_text("utf-8")),
            kinds={canonical(row["item"]): row["type"] for row in told},
            urns=urns,
        )


@pytest.mark.parametrize(("name", "direction"), [("backward", "back"), ("forward", "forward")])
def test_closures_equal_the_answers(case: Case, name: str, direction: Any) -> None:
    wanted = case.answers[f"{name}_closure"]

    found = set(case.index.closure(canonical(wanted["start"]), direction))

    assert len(found) == wanted["count"]
    assert case.digest(found) == wanted["sha256"]


def test_an_epc_urn_traces_like_its_canonical_form(case: Case) -> None:
    start = case.answers["backward_closure"]["start"]

    answer = trace(case.index, case.snapshot, start)

    assert answer.item == canonical(start)
    assert answer.total == case.answers["backward_closure"]["count"]
    assert {step.item for step in answer.steps} >= {
        node.item for node in answer.nodes if node.item in case.kinds
    }


def test_two_levels_back(case: Case) -> None:
    wanted = case.answers["backward_2_levels"]

    found = case.index.closure(canonical(wanted["start"]), "back")

    near = {case.urns[one] for one, depth in found.items() if depth <= 2}
    assert near == set(wanted["result"])


def test_who_ate_the_bad_lot(case: Case) -> None:
    wanted = case.answers["recall_scope"]

    scope = recall_scope(case.index, case.snapshot, wanted["bad_lot"])

    affected = set(scope.affected)
    assert case.of_kind(affected, "vehicle") == set(wanted["vehicles"])
    assert len(case.of_kind(affected, "pack")) == wanted["packs"] == scope.by_class["pack"]
    assert len(case.of_kind(affected, "cell")) == wanted["cells"] == scope.by_class["cell"]


def test_the_window_of_a_change_gives_its_lots_and_all_that_follows(case: Case) -> None:
    wanted = case.answers["window_change"]
    orphans = orphan_changes(case.snapshot, case.index)

    lots = set(items_made_during(case.index, orphans[0].change))
    after = case.index.closure_of(lots, "forward")

    assert [one.equipment for one in orphans] == [mint("equipment", wanted["equipment"])]
    assert {case.urns[one] for one in lots} == set(wanted["lots"])
    assert set(orphans[0].items) == lots
    assert len(case.of_kind(after, "cell")) == wanted["cells"]
    assert case.of_kind(after, "vehicle") == set(wanted["vehicles"])


def test_every_planted_gap_is_found_and_no_other(case: Case) -> None:
    gaps = case.index.gaps()

    missing = {case.urns[one] for one, code in gaps.items() if code == "missing-parents"}
    undeclared = {case.urns[one] for one, code in gaps.items() if code == "undeclared"}

    assert missing == set(case.answers["gap_missing_parent"])
    assert undeclared == set(case.answers["gap_undeclared_parent"])


def test_common_ancestors_of_the_recalled_vehicles(case: Case) -> None:
    wanted = case.answers["common_ancestors"]

    found = case.index.common_ancestors([canonical(one) for one in wanted["vehicles"]])

    assert len(found) == wanted["count"]
    assert case.digest(found) == wanted["sha256"]
    assert canonical(case.answers["recall_scope"]["bad_lot"]) in found


def test_one_up_and_one_down(case: Case) -> None:
    wanted = case.answers["one_up_one_down"]
    everything = case.index.records.of_items(sorted(case.kinds), LinkKind.OPERATION)
    makers = {one.item: one.record.facts["performed_by"] for one in everything}
    company = mint("organization", wanted["company"])
    own = [one for one, maker in makers.items() if maker == company]

    suppliers = {makers.get(parent, "") for _, parent in case.index.edges_among(own, "back")}
    customers = {makers.get(child, "") for child, _ in case.index.edges_among(own, "forward")}

    assert suppliers - {company, ""} == {mint("organization", one) for one in wanted["suppliers"]}
    assert customers - {company, ""} == {mint("organization", one) for one in wanted["customers"]}
