"""Heavy or light: a policy per class, switched by data, judged alike by the compiled shapes and by pySHACL (R41)."""

from pathlib import Path

import pyoxigraph as ox
import pytest
from rdflib import Graph

from qualweave.iri import Q
from qualweave.ontology.load import load_ntriples
from qualweave.principal import SYSTEM
from qualweave.reasoning.trace.policy import TracePolicy, policy_change_set, read_policies
from qualweave.shapes.gate import ShapeGate, constraints_at, run_constraints, select_from
from qualweave.shapes.validate import validate_graph
from tests.reasoning.graphs import opened
from tests.shapes.test_gate import PREFIX

EPCIS = "@prefix epcis: <https://ref.gs1.org/epcis/> .\n"
SHAPES = {
    "https://w3id.org/qonto/shapes/" + name
    for name in ("HeavyRecord", "HeavyEvidence", "LightEvents")
}
PACK = "d:P1 a q:BatteryPack . "
RECORD = "d:P1 q:producedBy d:O1 . d:O1 a q:Operation ; q:sourceRow 7 . "
VALUE = "d:O1 q:WeldCurrent 176.9 . "
EVENT = "d:E1 a q:ObjectEvent ; epcis:epcList d:P1 . "


def policy(kind: str, weight: str) -> str:
    return (
        f'd:policy-{kind} a q:TracePolicy ; q:appliesToClass q:{kind} ; q:traceWeight "{weight}" . '
    )


def judged(turtle: str) -> set[tuple[str, str]]:
    """Return severity and shape of what the compiled audit finds."""
    store = ox.Store()
    store.load(input=EPCIS + PREFIX + turtle, format=ox.RdfFormat.TURTLE)
    store.bulk_load(input=load_ntriples(), format=ox.RdfFormat.N_TRIPLES)
    found = run_constraints(select_from(store), constraints_at("audit"))
    return {(one.severity, one.shape.rsplit("/", 1)[1]) for one in found if one.shape in SHAPES}


CASES = [
    ("no policy", PACK + EVENT, set()),
    ("heavy without any record", PACK + policy("BatteryPack", "heavy"), {("violation", "HeavyRecord"), ("violation", "HeavyEvidence")}),
    ("heavy with a record and no value", PACK + RECORD + policy("BatteryPack", "heavy"), {("violation", "HeavyEvidence")}),
    ("heavy with record and value", PACK + RECORD + VALUE + policy("BatteryPack", "heavy"), set()),
    ("heavy, value at an inspection", PACK + RECORD + "d:I1 q:inspects d:P1 ; q:Mass 12.0 . " + policy("BatteryPack", "heavy"), set()),
    ("light with item events", PACK + EVENT + policy("BatteryPack", "light"), {("warning", "LightEvents")}),
    ("light without item events", PACK + policy("BatteryPack", "light"), set()),
    ("heavy above, light for the class itself", PACK + policy("MaterialItem", "heavy") + policy("BatteryPack", "light"), set()),
    ("light above, heavy for the class itself", PACK + EVENT + policy("MaterialItem", "light") + policy("BatteryPack", "heavy"), {("violation", "HeavyRecord"), ("violation", "HeavyEvidence")}),
    ("heavy for another class", PACK + policy("BatteryCell", "heavy"), set()),
]  # fmt: skip


@pytest.mark.parametrize(
    ("turtle", "expected"), [case[1:] for case in CASES], ids=[case[0] for case in CASES]
)
def test_the_policy_of_the_nearest_class_decides(
    turtle: str, expected: set[tuple[str, str]]
) -> None:
    assert judged(turtle) == expected


@pytest.mark.parametrize("number", [1, 5, 7])
def test_pyshacl_finds_the_same(number: int) -> None:
    _, turtle, expected = CASES[number]

    verdict = validate_graph(Graph().parse(data=EPCIS + PREFIX + turtle, format="turtle"))

    assert {
        (one.severity, one.shape.rsplit("/", 1)[1])
        for one in verdict.results
        if one.shape in SHAPES
    } == expected


def test_what_a_commit_replaces_is_not_held_against_it(tmp_path: Path) -> None:
    pack = Q + "BatteryPack"
    with opened(tmp_path) as store:
        for weight in ("light", "heavy"):
            change = policy_change_set([TracePolicy(pack, weight)])  # type: ignore[arg-type]
            store.commit([change], principal=SYSTEM, gate=ShapeGate())
            store.publish()

        with store.snapshot() as snapshot:
            assert read_policies(snapshot) == [TracePolicy(pack, "heavy")]


def test_a_policy_is_heavy_or_light_and_names_its_class() -> None:
    verdict = validate_graph(
        Graph().parse(
            data=PREFIX + 'd:x a q:TracePolicy ; q:traceWeight "middling" .', format="turtle"
        )
    )

    assert {one.path.rsplit("/", 1)[1] for one in verdict.violations} == {
        "appliesToClass",
        "traceWeight",
    }
