"""Entailment: equal to owlrl on small graphs, from confirmed links only, the same bytes each time."""

from collections.abc import Iterator
from pathlib import Path

import owlrl
import pytest
from rdflib import Graph, Namespace, URIRef
from rdflib.namespace import OWL, RDF, RDFS, SKOS

from qualweave.iri import RDF as RDF_NS
from qualweave.iri import Q, graph_iri
from qualweave.principal import SYSTEM
from qualweave.reasoning.entail import entail, superclasses
from qualweave.store.port import ChangeSet, Snapshot
from tests.reasoning.graphs import change_set, opened, snapshot_of

EX = Namespace("https://example.org/t/")
SCHEMA = (
    (EX.Pack, RDFS.subClassOf, EX.Product),
    (EX.Product, RDFS.subClassOf, EX.Thing),
    (EX.Battery, OWL.equivalentClass, EX.Pack),
    (EX.Loop, RDFS.subClassOf, EX.Ring),
    (EX.Ring, RDFS.subClassOf, EX.Loop),
    (EX.weldedTo, RDFS.subPropertyOf, EX.joinedTo),
    (EX.joinedTo, OWL.equivalentProperty, EX.connectedTo),
    (EX.connectedTo, RDFS.subPropertyOf, EX.relatedTo),
)
DATA = (
    (EX.p1, RDF.type, EX.Battery),
    (EX.p2, RDF.type, EX.Pack),
    (EX.r1, RDF.type, EX.Loop),
    (EX.p1, EX.weldedTo, EX.p2),
    (EX.p2, EX.connectedTo, EX.r1),
)


def graph_of(triples: object) -> Graph:
    graph = Graph()
    for triple in triples:  # type: ignore[attr-defined]
        graph.add(triple)
    return graph


def lines_of(graph: Graph) -> list[str]:
    return [line for line in graph.serialize(format="nt").splitlines() if line]


@pytest.fixture
def small(tmp_path: Path) -> Iterator[Snapshot]:
    ontology = ChangeSet(
        Q + "release/test", "ontology", "\n".join(lines_of(graph_of(SCHEMA))).encode()
    )
    with snapshot_of(tmp_path, ontology, change_set(lines_of(graph_of(DATA)))) as made:
        yield made


def test_what_is_entailed_equals_owlrl(small: Snapshot) -> None:
    closed = graph_of((*SCHEMA, *DATA))
    owlrl.DeductiveClosure(owlrl.OWLRL_Semantics).expand(closed)
    subjects = {subject for subject, _, _ in DATA}
    wanted = {
        (subject, predicate, value)
        for subject, predicate, value in closed
        if subject in subjects and str(value).startswith(str(EX)) and predicate != OWL.sameAs
    } - set(DATA)

    found = set(Graph().parse(data=entail(small).inserts, format="nt")) - set(DATA)

    assert found == wanted


def test_superclasses_of_a_cycle_hold_each_other(small: Snapshot) -> None:
    found = superclasses(small, [str(EX.Loop), str(EX.Battery)])

    assert found[str(EX.Loop)] == {str(EX.Ring)}
    assert found[str(EX.Battery)] == {str(EX.Pack), str(EX.Product), str(EX.Thing)}


def link(name: str, kind: str, *, more: str = "") -> list[str]:
    node = f"<{EX[name]}>"
    return [
        f"{node} <{RDF_NS}type> <{Q}{kind}> .",
        f"{node} <{Q}hasCause> <{Q}Cause{name}> .",
        f"{node} <{Q}hasEffect> <{Q}Warpage> .",
        *([f"{node} {more} ."] if more else []),
    ]


def causes(inserts: bytes) -> set[str]:
    graph = Graph().parse(data=inserts, format="nt")
    return {str(o).removeprefix(Q + "Cause") for o in graph.objects(None, URIRef(Q + "causedBy"))}


def test_causes_follow_from_confirmed_links_and_labels_only(tmp_path: Path) -> None:
    data = [
        *link("Hyp", "HypothesisedLink"),
        *link("Pred", "PredictedLink"),
        *link("Conf", "ConfirmedLink"),
        *link("Ref", "ConfirmedLink", more=f"<{RDF_NS}type> <{Q}RefutedLink>"),
        *link("Label", "RootCauseLabel"),
        *link("Signed", "RootCauseLabel", more=f"<{Q}confirmedBy> <{EX.someone}>"),
    ]
    learned = ChangeSet(
        graph_iri("learned", "run1"), "learned", "\n".join(link("Run", "PredictedLink")).encode()
    )
    with snapshot_of(tmp_path, change_set(data), learned, ontology=True) as made:
        found = entail(made)

    assert causes(found.inserts) == {"Conf", "Signed"}
    lifted = URIRef(Q + "causallyLinkedTo")
    assert (URIRef(Q + "Warpage"), lifted, URIRef(Q + "CauseConf")) in Graph().parse(
        data=found.inserts, format="nt"
    )


def test_what_a_model_predicts_entails_no_type(tmp_path: Path) -> None:
    learned = ChangeSet(
        graph_iri("learned", "run1"), "learned", "\n".join(link("Run", "PredictedLink")).encode()
    )
    with snapshot_of(tmp_path, learned, ontology=True) as made:
        assert str(EX.Run).encode() not in entail(made).inserts


def test_entailment_is_idempotent_and_replaces_itself(tmp_path: Path) -> None:
    with opened(tmp_path, change_set(link("Conf", "ConfirmedLink")), ontology=True) as store:
        with store.snapshot() as made:
            first = entail(made)
        store.commit([first], principal=SYSTEM)
        store.publish()
        with store.snapshot() as made:
            second = entail(made)

            assert second == first
            assert second.replace
            assert made.ask(f"ASK {{ <{EX.Conf}> a q:InformationObject }}")


def test_broader_concepts_are_transitive(tmp_path: Path) -> None:
    concepts = graph_of([(EX.a, SKOS.broader, EX.b), (EX.b, SKOS.broader, EX.c)])
    ontology = ChangeSet(Q + "release/test", "ontology", "\n".join(lines_of(concepts)).encode())
    with snapshot_of(tmp_path, ontology) as made:
        found = Graph().parse(data=entail(made).inserts, format="nt")

    assert set(found.subject_objects(SKOS.broaderTransitive)) == {
        (EX.a, EX.b),
        (EX.a, EX.c),
        (EX.b, EX.c),
    }
