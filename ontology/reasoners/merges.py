"""The ontology together with its alignment modules: no class becomes impossible by being aligned.

A module points into vocabularies of others. Where files of those are at hand (a folder that the caller names), each
merge takes in what the module's IRIs are declared in, and what those build on; where they are not, the module is
merged with the declarations alone, and the figures say so.

OWL is monotonic: where core, all modules and all targets together have no unsatisfiable class, no single merge has
one. So all are judged at once, and one by one only where that finds something or takes too long.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path
from types import MappingProxyType

import pyoxigraph as ox
from rdflib import Graph, URIRef
from rdflib.namespace import OWL, RDF, RDFS, SKOS
from rdflib.term import Node

from qualweave.checking import Checked, Finding
from qualweave.errors import JsonValue, MissingCapability
from qualweave.iri import Q
from qualweave.ontology.load import load_module
from qualweave.ontology.reasoners.elk import Elk
from qualweave.ontology.reasoners.satisfiability import Judged, Reasoner

_FORMATS: Mapping[str, ox.RdfFormat] = MappingProxyType(
    {
        ".ttl": ox.RdfFormat.TURTLE,
        ".nt": ox.RdfFormat.N_TRIPLES,
        ".nq": ox.RdfFormat.N_QUADS,
        ".rdf": ox.RdfFormat.RDF_XML,
        ".owl": ox.RdfFormat.RDF_XML,
    }
)
_ALIGNS = (
    RDFS.subClassOf, RDFS.subPropertyOf, OWL.equivalentClass, OWL.equivalentProperty, SKOS.exactMatch,
)  # fmt: skip
_BUILDS_ON = (RDFS.subClassOf, RDFS.subPropertyOf, OWL.equivalentClass)
_DECLARED = (OWL.Class, OWL.ObjectProperty, OWL.DatatypeProperty)
_BUILT_IN = (str(OWL), str(RDF), str(RDFS))


@dataclass(frozen=True)
class Merge:
    """One alignment module with what it points into.

    Attributes:
        module: Its file name.
        graph: Its triples and those of its targets; the core is not in it.
        targets: File names of the targets that are at hand.
    """

    module: str
    graph: Graph
    targets: tuple[str, ...] = ()


@dataclass(frozen=True)
class Merges:
    """No class is unsatisfiable in core + alignment module + its targets; implements `Check`.

    Attributes:
        targets: Folder of the ontologies that are aligned to, where there is one.
        reasoners: Who is asked.
        modules: The alignment modules; those of this installation where none are given.
        name: Of the check.
    """

    targets: Path | None = None
    reasoners: tuple[Reasoner, ...] = field(default_factory=lambda: (Elk(),))
    modules: tuple[Traversable, ...] | None = None
    name: str = "merges"

    def run(self, graph: Graph) -> Checked:
        """Return the outcome for a core.

        Raises:
            MissingCapability: If a reasoner cannot run here.
        """
        chosen = alignment_files() if self.modules is None else self.modules
        merges = [merge_of(module, self.targets) for module in chosen]
        if not merges:
            return Checked(self.name, figures={"merges": 0})
        judged, findings, late = Judged(0), list[Finding](), list[str]()
        for reasoner in self.reasoners:
            found, told, over = self._judged(reasoner, graph, merges)
            judged = max(judged, told, key=lambda one: one.classes)
            findings += found
            late += over
        figures: dict[str, JsonValue] = {
            "merges": len(merges),
            "with a target": sum(bool(one.targets) for one in merges),
            "classes": judged.classes,
            "unsatisfiable": len(judged.unsatisfiable),
            "by": ", ".join(one.name for one in self.reasoners),
            "axioms left out": sum(judged.left_out.values()),
        }
        state = f"not judged in time: {'; '.join(late)}" if late else "checked"
        return Checked(self.name, tuple(dict.fromkeys(findings)), figures, state)

    def _judged(
        self, reasoner: Reasoner, core: Graph, merges: list[Merge]
    ) -> tuple[list[Finding], Judged, list[str]]:
        """Return what one reasoner finds, its judgement of the largest merge, and what it did not end."""
        try:
            judged = reasoner.judge(merged(core, merges))
        except MissingCapability as error:
            if len(merges) == 1 or "limit_s" not in error.data:
                raise
        else:
            if not judged.unsatisfiable and not judged.unusable:
                return [], judged, []
        found, largest, late = list[Finding](), Judged(0), list[str]()
        for merge in merges:
            try:
                judged = reasoner.judge(merged(core, [merge]))
            except MissingCapability as error:
                late.append(f"{merge.module}: {error.message}")
                continue
            largest = max(largest, judged, key=lambda one: (len(one.unsatisfiable), one.classes))
            found += self._findings(reasoner.name, merge, judged)
        return found, largest, late

    def _findings(self, by: str, merge: Merge, judged: Judged) -> Iterator[Finding]:
        where = " + ".join((merge.module, *merge.targets))
        for terms, told, told_zh in (
            (judged.unsatisfiable, "can have no instance", "不可能有实例"),
            (judged.unusable, "can have no value", "不可能有值"),
        ):
            for iri in terms:
                yield Finding(
                    self.name, iri, f"{told} in the merge with {where} ({by})", f"与 {where} 合并后{told_zh}（{by}）",
                    file=f"ontology/align/{merge.module}", line=1,
                )  # fmt: skip


def alignment_files() -> tuple[Traversable, ...]:
    """Return the alignment modules of this installation, by name."""
    folder = files("qualweave.ontology").joinpath("align")
    if not folder.is_dir():
        return ()
    found = [one for one in folder.iterdir() if one.name.endswith(".ttl")]
    return tuple(sorted(found, key=lambda one: one.name))


def merged(core: Graph, merges: Iterable[Merge]) -> Graph:
    """Return a core with merges; the graphs that are handed in stay as they are."""
    whole = Graph()
    for graph in (core, *(one.graph for one in merges)):
        for triple in graph:
            whole.add(triple)
    return whole


def merge_of(module: Traversable, targets: Path | None = None) -> Merge:
    """Return an alignment module with those files of a folder that its IRIs, and what they build on, stand in.

    Raises:
        UnreadableSource: If the module is no Turtle.
    """
    graph = load_module(module)
    wanted: set[Node] = {
        o for p in _ALIGNS for o in graph.objects(None, p) if isinstance(o, URIRef)
    }
    at_hand = _ontologies(targets) if targets is not None else {}
    taken: list[str] = []
    while wanted:
        fresh = [
            name for name, one in at_hand.items() if name not in taken and wanted & _declared(one)
        ]
        taken += fresh
        wanted = {o for name in fresh for p in _BUILDS_ON for o in at_hand[name].objects(None, p)}
    for name in taken:
        for triple in at_hand[name]:
            graph.add(triple)
    return Merge(module.name, graph, tuple(sorted(taken)))


def _declared(graph: Graph) -> set[Node]:
    found = {s for kind in _DECLARED for s in graph.subjects(RDF.type, kind)}
    return {s for s in found if isinstance(s, URIRef) and not str(s).startswith((*_BUILT_IN, Q))}


@lru_cache(maxsize=2)
def _ontologies(folder: Path) -> Mapping[str, Graph]:
    """Return the ontologies in a folder by file name; a file that is none is left out."""
    found: dict[str, Graph] = {}
    for path in sorted(folder.iterdir()):
        form = _FORMATS.get(path.suffix)
        if form is None:
            continue
        graph = Graph()
        try:
            quads = ox.parse(path.read_bytes(), format=form, base_iri=path.as_uri())
            triples = ox.serialize((quad.triple for quad in quads), format=ox.RdfFormat.N_TRIPLES)
        except (SyntaxError, ValueError, OSError):
            continue
        graph.parse(data=triples or b"", format="nt")
        found[path.name] = graph
    return MappingProxyType(found)
