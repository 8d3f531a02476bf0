"""The gate finds what the shapes forbid, says it in both languages, and agrees with pySHACL."""

from collections.abc import Iterator, Mapping, Sequence
from types import MappingProxyType

import pyoxigraph as ox
import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st
from rdflib import Graph

from qualweave.errors import InputError
from qualweave.ontology.load import load_graph
from qualweave.shapes.compile import compile_shapes
from qualweave.shapes.gate import ShapeGate, released_constraints
from qualweave.shapes.load import load_shapes
from qualweave.shapes.validate import validate, validate_graph
from qualweave.store.port import ChangeSet, GraphEntry, GraphRole, RdfTerm, Row

PREFIX = """
@prefix q: <https://w3id.org/qonto/> .
@prefix d: <https://example.org/id/plant/> .
@prefix xsd: <http://www.w3.org/2001/XMLSchema#> .
"""


class GraphSnapshot:
    """A snapshot over one graph in memory: what the gate needs of the port, on a real store."""

    commit, sequence = "c0", 1

    def __init__(self, turtle: str = "") -> None:
        self.store = ox.Store()
        self.store.load(input=PREFIX + turtle, format=ox.RdfFormat.TURTLE)

    def graphs(self, *roles: GraphRole, tenant: str | None = None) -> list[GraphEntry]:
        return []

    def select(
        self,
        query: str,
        *,
        graphs: Sequence[str] | None = None,
        bindings: Mapping[str, RdfTerm] = MappingProxyType({}),
    ) -> list[Row]:
        raise AssertionError("the gate asks for quads only")

    def ask(self, query: str, *, graphs: Sequence[str] | None = None) -> bool:
        raise AssertionError("the gate asks for quads only")

    def quads(
        self,
        subject: RdfTerm | None = None,
        predicate: ox.NamedNode | None = None,
        value: RdfTerm | None = None,
        graph: ox.NamedNode | None = None,
    ) -> Iterator[ox.Quad]:
        return self.store.quads_for_pattern(subject, predicate, value)


def change(turtle: str) -> ChangeSet:
    store = ox.Store()
    store.load(input=PREFIX + turtle, format=ox.RdfFormat.TURTLE)
    inserts = store.dump(format=ox.RdfFormat.N_TRIPLES, from_graph=ox.DefaultGraph())
    assert inserts is not None
    return ChangeSet(graph="https://example.org/g", role="data", inserts=inserts)


def shapes_broken(turtle: str, before: str = "") -> set[str]:
    verdict = ShapeGate().judge(change(turtle), GraphSnapshot(before))
    return {one.shape.rsplit("/", 1)[1] for one in verdict.violations}


ENTRY = "d:e a q:ParameterDictionaryEntry ; q:definesParameter q:Torque ; q:collectedAt d:p ;"
BROKEN = [
    ("d:f a q:Warpage ; q:foundOn d:i .", "DefectOperation"),
    ('d:f a q:Warpage ; q:occurredInProcess d:o ; q:caseState "closed" .', "DefectEquipmentClosed"),
    ('d:f a q:Warpage ; q:occurredInProcess d:o ; q:caseState "closed" .', "DefectParameterClosed"),
    ('d:c a q:DefectCode ; q:code "12" .', "ScopedCode"),
    ('d:c a q:CodeEntry ; q:code "12" ; q:validInContext d:x .', "ScopedCode"),
    (
        f"{ENTRY} q:collectionFrequency d:q ; q:hasAnomalyRule d:r ; q:hasUnit d:u .",
        "DictionaryEntry",
    ),
    (
        f"{ENTRY} q:measurementAccuracy 0.1 ; q:hasAnomalyRule d:r ; q:hasUnit d:u .",
        "DictionaryEntry",
    ),
    (
        'd:o a q:Operation, q:Baking ; q:startedAt "2025-01-02T00:00:00Z"^^xsd:dateTime ; '
        'q:endedAt "2025-01-01T00:00:00Z"^^xsd:dateTime .',
        "OperationTime",
    ),
    (
        "d:a a q:ParameterAdjustment ; q:adjusts q:Torque ; q:adjustmentDelta 3 ; q:targetValue 9 ; "
        "q:lowerBound 1 ; q:upperBound 5 ; q:hasUnit d:u .",
        "Adjustment",
    ),
    (
        "d:a a q:ParameterAdjustment ; q:adjusts q:Torque ; q:adjustmentDelta 3 ; "
        "q:lowerBound 1 ; q:upperBound 5 .",
        "Adjustment",
    ),
    ("d:r a q:InterventionRecommendation ; q:hasAction d:a ; q:expiresAt 1 .", "Recommendation"),
]
SOUND = [
    ("d:f a q:Warpage ; q:occurredInProcess d:o .", ""),
    ("d:f a q:Warpage ; q:foundOn d:i .", "d:i q:producedBy d:o ."),
    ("d:f a q:Warpage ; q:foundOn d:i .", "d:i q:derivedFromMaterial d:j . d:j q:producedBy d:o ."),
    (
        'd:f a q:Warpage ; q:occurredInProcess d:o ; q:caseState "closed" .',
        "d:l a q:ConfirmedLink ; q:hasEffect d:f ; q:hasCause d:m . d:m a q:Equipment . "
        "d:k a q:ConfirmedLink ; q:hasEffect d:f ; q:hasCause d:t . d:t a q:Parameter .",
    ),
    ('d:c a q:DefectCode ; q:code "12" ; q:validInContext d:x . d:x q:contextMachine d:m .', ""),
    (
        f"{ENTRY} q:collectionFrequency d:q ; q:measurementAccuracy 0.1 ; q:hasAnomalyRule d:r ; q:hasUnit d:u .",
        "",
    ),
]


@pytest.mark.parametrize(("turtle", "shape"), BROKEN)
def test_the_gate_refuses_what_a_shape_forbids(turtle: str, shape: str) -> None:
    assert shape in shapes_broken(turtle)


@pytest.mark.parametrize(("turtle", "before"), SOUND)
def test_the_gate_lets_pass_what_is_sound(turtle: str, before: str) -> None:
    assert shapes_broken(turtle, before) == set()


def test_a_hypothesised_link_does_not_close_a_case() -> None:
    closed = 'd:f a q:Warpage ; q:occurredInProcess d:o ; q:caseState "closed" .'
    hypothesised = (
        "d:l a q:HypothesisedLink ; q:hasEffect d:f ; q:hasCause d:t . d:t a q:Parameter ."
    )

    assert "DefectParameterClosed" in shapes_broken(closed, hypothesised)


def test_missing_operation_equipment_and_parameter_have_three_messages_in_two_languages() -> None:
    verdict = ShapeGate().judge(change('d:f a q:Warpage ; q:caseState "closed" .'), GraphSnapshot())

    assert len({one.message["en"] for one in verdict.violations}) == 3
    assert len({one.message["zh"] for one in verdict.violations}) == 3


def test_a_result_names_the_source_row() -> None:
    verdict = ShapeGate().judge(change("d:f a q:Warpage ; q:sourceRow 17 ."), GraphSnapshot())

    assert [one.row for one in verdict.violations] == [17]


def test_other_graphs_are_not_judged_here() -> None:
    made = change("d:f a q:Warpage .")

    verdict = ShapeGate().judge(
        ChangeSet(graph=made.graph, role="ontology", inserts=made.inserts), GraphSnapshot()
    )

    assert verdict.results == ()


def test_a_construct_that_is_not_compiled_is_refused_by_name() -> None:
    shapes = Graph().parse(
        data="""@prefix sh: <http://www.w3.org/ns/shacl#> . @prefix q: <https://w3id.org/qonto/> .
        q:S a sh:NodeShape ; sh:targetClass q:Defect ; sh:not q:T .""",
        format="turtle",
    )

    with pytest.raises(InputError, match="shacl#not"):
        compile_shapes(shapes, load_graph())


def test_every_released_constraint_speaks_both_languages() -> None:
    assert all({"en", "zh"} <= set(one.message) for one in released_constraints())


@pytest.mark.parametrize(("turtle", "shape"), BROKEN)
def test_pyshacl_finds_the_same_violation(turtle: str, shape: str) -> None:
    verdict = validate((PREFIX + turtle).encode())

    assert any(one.shape.endswith(shape) for one in verdict.violations)


PREDICATES = [
    "code",
    "validInContext",
    "contextMachine",
    "foundOn",
    "producedBy",
    "occurredInProcess",
]
NODES = ["d:a", "d:b", "d:c", "d:e"]
CLASSES = ["q:Warpage", "q:CodeEntry", "q:DefectCode", "q:Operation", "q:SerialisedItem"]
triples = st.lists(
    st.one_of(
        st.tuples(st.sampled_from(NODES), st.just("a"), st.sampled_from(CLASSES)),
        st.tuples(
            st.sampled_from(NODES),
            st.sampled_from([f"q:{one}" for one in PREDICATES]),
            st.sampled_from(NODES),
        ),
    ),
    max_size=9,
)


@settings(max_examples=8, deadline=None, phases=[Phase.generate])
@given(triples)
def test_compiled_shapes_agree_with_pyshacl_on_random_graphs(
    rows: list[tuple[str, str, str]],
) -> None:
    turtle = "\n".join(f"{s} {p} {o} ." for s, p, o in rows)
    shapes = load_shapes()
    expected = validate_graph(Graph().parse(data=PREFIX + turtle, format="turtle"), shapes=shapes)
    commit = {one.shape for one in released_constraints() if one.moment == "commit"}

    verdict = ShapeGate().judge(change(turtle), GraphSnapshot())

    assert {(one.shape, one.focus) for one in verdict.violations} == {
        (one.shape, one.focus) for one in expected.violations if one.shape in commit
    }
