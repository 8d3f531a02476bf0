"""The one place that asks a description logic reasoner; owlready2 is imported nowhere else.

HermiT needs Java and owlready2 keeps global state, so the port is a single function: a graph in, the
unsatisfiable classes out. It works on a temporary file and in a world of its own.
"""

import shutil
import tempfile
from pathlib import Path
from typing import Any

from rdflib import Graph, URIRef
from rdflib.namespace import OWL, RDF, RDFS
from rdflib.term import Node

from qualweave.errors import MissingCapability

_DECLARED = (OWL.Class, OWL.ObjectProperty, OWL.DatatypeProperty)
_AXIOMS = (RDFS.subClassOf, RDFS.subPropertyOf, RDFS.domain, RDFS.range)
_AS_INDIVIDUAL = "#individual"


def java_path() -> str | None:
    """Return the Java that HermiT would run in, or ``None``."""
    return shutil.which("java")


def unsatisfiable_classes(graph: Graph) -> tuple[str, ...]:
    """Return the IRIs of the classes of ``graph`` that can have no instance, sorted.

    An inconsistent ontology makes every class unsatisfiable; then ``owl:Thing`` is returned, alone.

    Raises:
        MissingCapability: If there is no Java, or owlready2 is not installed.
    """
    if java_path() is None:
        raise MissingCapability(
            "there is no Java, so HermiT cannot run.",
            message_zh="未找到 Java，无法运行 HermiT。",
            next_step="Install a Java runtime (17 or later) and put it on the PATH.",
            next_step_zh="请安装 Java 运行时（17 或更高版本）并加入 PATH。",
            data={"capability": "java"},
        )
    return _ask_hermit(_logical_part(graph))


def read_by_owlready(ntriples: bytes) -> int:
    """Return the number of triples that owlready2 reads of N-Triples.

    Raises:
        MissingCapability: If owlready2 is not installed.
    """
    owl = _owlready()
    world = owl.World()
    try:
        with tempfile.TemporaryDirectory(prefix="qualweave-owl-") as folder:
            path = Path(folder) / "ontology.nt"
            path.write_bytes(ntriples)
            with path.open("rb") as file:
                loaded = world.get_ontology("urn:qualweave:read").load(fileobj=file)
        return len(loaded.graph)
    finally:
        world.close()


def _logical_part(graph: Graph) -> Graph:
    """Return what a reasoner reads, with the two meanings of a punned IRI under two IRIs.

    Annotations are left out. A defect type is class and concept under one IRI; OWL 2 (Direct Semantics)
    takes the two as unrelated, so another IRI for the individual changes no entailment. owlready2 in
    contrast loses HermiT's finding about a class that is an individual, too.
    """
    known = {s for kind in _DECLARED for s in graph.subjects(RDF.type, kind)}
    told = set(graph.subjects(RDF.type, OWL.ObjectProperty))
    told |= set(graph.subjects(RDF.type, OWL.DatatypeProperty))

    def individual(node: Node) -> Node:
        return URIRef(str(node) + _AS_INDIVIDUAL) if node in known else node

    part = Graph()
    for s, p, o in graph:
        if _is_axiom(p, o):
            part.add((s, p, o))
        elif p == RDF.type:
            part.add((individual(s), p, o))
        elif p in told:
            part.add((individual(s), p, individual(o)))
    part.remove((None, RDF.type, OWL.Ontology))
    part.add((URIRef("urn:qualweave:check"), RDF.type, OWL.Ontology))
    return part


def _is_axiom(predicate: Node, value: Node) -> bool:
    """Return whether a triple belongs to an axiom about classes or properties, or to a list in one."""
    if predicate == RDF.type:
        return str(value).startswith(str(OWL))
    return predicate in (*_AXIOMS, RDF.first, RDF.rest) or str(predicate).startswith(str(OWL))


def _owlready() -> Any:  # noqa: ANN401 - owlready2 has no types
    try:
        import owlready2  # noqa: PLC0415 (starts slowly and keeps global state: only on demand)
    except ImportError as error:
        raise MissingCapability(
            "owlready2 is not installed, so HermiT cannot run.",
            message_zh="未安装 owlready2，无法运行 HermiT。",
            next_step="Install owlready2.",
            next_step_zh="请安装 owlready2。",
            data={"capability": "owlready2"},
        ) from error
    return owlready2


def _ask_hermit(graph: Graph) -> tuple[str, ...]:
    owl = _owlready()
    with tempfile.TemporaryDirectory(prefix="qualweave-owl-") as folder:
        path = Path(folder) / "ontology.nt"
        path.write_text(graph.serialize(format="nt"), encoding="utf-8")
        world = owl.World()
        world.get_ontology("urn:qualweave:check").load(fileobj=path.open("rb"))
        try:
            owl.sync_reasoner_hermit(world, infer_property_values=False, debug=0)
        except owl.OwlReadyInconsistentOntologyError:
            return (str(OWL.Thing),)
        finally:
            found = _found(world)
            world.close()
    return found


def _found(world: object) -> tuple[str, ...]:
    classes = world.inconsistent_classes()  # type: ignore[attr-defined] # owlready2 has no types
    iris = {str(c.iri) for c in classes}
    return tuple(sorted(iris - {str(OWL.Nothing)}))
