"""What a reasoner is to us, and HermiT; owlready2 is imported nowhere else.

The port is a single method: a graph in, what can have no instance out. HermiT comes with owlready2 and is run as a
process of its own with a time limit: owlready2's own call has none, keeps global state, and loses a finding about a
class that is an individual, too.
"""

import os
import re
import shutil
import subprocess
import tempfile
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from importlib.util import find_spec
from itertools import takewhile
from pathlib import Path
from types import MappingProxyType
from typing import Any, Protocol

from rdflib import Graph, URIRef
from rdflib.namespace import OWL, RDF, RDFS
from rdflib.term import Node

from qualweave.errors import MissingCapability

_DECLARED = (OWL.Class, OWL.ObjectProperty, OWL.DatatypeProperty)
_AXIOMS = (RDFS.subClassOf, RDFS.subPropertyOf, RDFS.domain, RDFS.range)
_NOT_SIMPLER = (RDFS.subPropertyOf, OWL.equivalentProperty, OWL.inverseOf)
_SIMPLE_ONLY = (
    OWL.FunctionalProperty,
    OWL.InverseFunctionalProperty,
    OWL.AsymmetricProperty,
    OWL.IrreflexiveProperty,
)
_AS_INDIVIDUAL = "#individual"
LIMIT_S = 120.0
"""Seconds that a reasoner may take where nothing else is said."""
_HERMIT = "org.semanticweb.HermiT.cli.CommandLine"
_HEAD = "Classes equivalent to 'owl:Nothing':"
_INCONSISTENT = "InconsistentOntologyException"
_IRI = re.compile(r"<([^<>]*)>")
_INSTALL = {
    "Java": (
        "Install a Java runtime (17 or later) and put it on the PATH.",
        "请安装 Java 运行时（17 或更高版本）并加入 PATH。",
    ),
    "owlready2": ("Install owlready2.", "请安装 owlready2。"),
    "ELK": (
        "Run scripts/elk, or put the path of ELK's archive into QUALWEAVE_ELK.",
        "请运行 scripts/elk，或将 ELK 的 jar 路径写入 QUALWEAVE_ELK。",
    ),
}


@dataclass(frozen=True)
class Judged:
    """What a reasoner says of an ontology.

    Attributes:
        classes: Number of named classes that it was asked about.
        unsatisfiable: IRIs of the classes that can have no instance, sorted; of an inconsistent ontology
            ``owl:Thing`` alone.
        unusable: IRIs of the properties that can have no value, sorted, where the reasoner tells.
        left_out: What of the ontology it was not told: name of the construct -> how often.
    """

    classes: int
    unsatisfiable: tuple[str, ...] = ()
    unusable: tuple[str, ...] = ()
    left_out: Mapping[str, int] = field(default_factory=lambda: MappingProxyType({}))


class Reasoner(Protocol):
    """Judges whether classes can have instances."""

    @property
    def name(self) -> str:
        """Its name."""
        ...

    def judge(self, graph: Graph) -> Judged:
        """Return what can have no instance.

        Raises:
            MissingCapability: If it cannot run here.
        """
        ...


@dataclass(frozen=True)
class HermiT:
    """Judges with HermiT, all of OWL 2 DL; implements `Reasoner`.

    Attributes:
        limit_s: Seconds that it may take.
    """

    limit_s: float = LIMIT_S
    name: str = "HermiT"

    def judge(self, graph: Graph) -> Judged:
        """Return the unsatisfiable classes.

        Raises:
            MissingCapability: If there is no Java or no HermiT, or it does not end well and in time.
        """
        told = _logical_part(graph)
        left_out = _without_unsimple(told)
        return Judged(count_classes(graph), _ask_hermit(told, self.limit_s), left_out=left_out)


def count_classes(graph: Graph) -> int:
    """Return how many named classes a graph declares."""
    return sum(isinstance(one, URIRef) for one in set(graph.subjects(RDF.type, OWL.Class)))


def java_path() -> str | None:
    """Return the Java that reasoners run in, or ``None``."""
    return shutil.which("java")


def _ask_hermit(graph: Graph, limit_s: float) -> tuple[str, ...]:
    folder = _hermit_folder()
    classes = os.pathsep.join((str(folder), str(folder / "HermiT.jar")))
    with tempfile.TemporaryDirectory(prefix="qualweave-hermit-") as place:
        path = Path(place) / "ontology.nt"
        path.write_text(graph.serialize(format="nt"), encoding="utf-8")
        asked = ("-U", "--ignoreUnsupportedDatatypes", path.as_uri())
        told = run_java("HermiT", "-cp", classes, _HERMIT, *asked, limit_s=limit_s)
    if _INCONSISTENT in told.stderr:
        return (str(OWL.Thing),)
    if told.returncode or _HEAD not in told.stdout:
        raise broken("HermiT", told.stderr or told.stdout)
    below = told.stdout.partition(_HEAD)[2].splitlines()[1:]
    listed = takewhile(lambda line: line.startswith("\t"), below)
    return tuple(sorted(iri for line in listed for iri in _IRI.findall(line)))


def run_java(name: str, *arguments: str, limit_s: float) -> subprocess.CompletedProcess[str]:
    """Run a reasoner in Java and return what it says.

    Args:
        name: Of the reasoner, for an error.
        arguments: Of ``java``.
        limit_s: Seconds that it may take.

    Raises:
        MissingCapability: If there is no Java, or the time is over.
    """
    java = java_path()
    if java is None:
        raise lacking(name, "Java")
    command = [java, "-Xmx2g", "-XX:TieredStopAtLevel=1", "-Dfile.encoding=UTF-8", *arguments]
    try:
        return subprocess.run(  # noqa: S603 (our own command over files of our own)
            command, capture_output=True, encoding="utf-8", errors="replace", timeout=limit_s, check=False
        )  # fmt: skip
    except subprocess.TimeoutExpired as error:
        raise MissingCapability(
            f"{name} did not end within {limit_s:.0f} s.",
            message_zh=f"{name} 在 {limit_s:.0f} 秒内未完成。",
            next_step="Give it more time, or check a smaller ontology.",
            next_step_zh="请延长时限，或检查较小的本体。",
            data={"capability": name, "limit_s": limit_s},
        ) from error
    except OSError as error:
        raise broken(name, str(error)) from error


def lacking(name: str, what: str) -> MissingCapability:
    """Return the error of a reasoner that cannot run, since something is not installed."""
    step, step_zh = _INSTALL[what]
    return MissingCapability(
        f"{what} is not installed, so {name} cannot run.",
        message_zh=f"未安装 {what}，无法运行 {name}。",
        next_step=step,
        next_step_zh=step_zh,
        data={"capability": what},
    )


def broken(name: str, said: str) -> MissingCapability:
    """Return the error of a reasoner that ended badly; ``said`` is what it printed."""
    first = next((line.strip() for line in said.splitlines() if line.strip()), "nothing was said")
    return MissingCapability(
        f"{name} ended with an error: {first[:300]}",
        message_zh=f"{name} 出错：{first[:300]}",
        next_step="Check that the ontology is OWL 2 and that Java is 17 or later.",
        next_step_zh="请确认本体符合 OWL 2，且 Java 为 17 或更高版本。",
        data={"capability": name},
    )


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

    Annotations, headers and imports are left out. A defect type is class and concept under one IRI; OWL 2 (Direct
    Semantics) takes the two as unrelated, so another IRI for the individual changes no entailment.
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
    for header in graph.subjects(RDF.type, OWL.Ontology):
        part.remove((header, None, None))
    part.remove((None, OWL.imports, None))  # nothing is fetched for a reasoner
    part.add((URIRef("urn:qualweave:check"), RDF.type, OWL.Ontology))
    return part


def _without_unsimple(graph: Graph) -> dict[str, int]:
    """Take out number restrictions and the like on properties that are not simple; return how many of which.

    OWL 2 DL does not allow them (Structural Specification, section 11.2) and HermiT refuses the whole ontology for
    one. A vocabulary that has none can come to have some where a transitive property is put below one of its own.
    """
    unsimple = _unsimple(graph)
    gone: Counter[str] = Counter()
    for prop in unsimple:
        for kind in _SIMPLE_ONLY:
            if (prop, RDF.type, kind) in graph:
                graph.remove((prop, RDF.type, kind))
                gone[str(kind).rsplit("#", 1)[-1]] += 1
        for node in list(graph.subjects(OWL.onProperty, prop)):
            counted = [p for p in graph.predicates(node) if "ardinality" in str(p)]
            if counted and (None, RDFS.subClassOf, node) in graph:
                graph.remove((None, RDFS.subClassOf, node))
                graph.remove((node, None, None))
                gone[str(counted[0]).rsplit("#", 1)[-1]] += 1
    return dict(sorted(gone.items()))


def _unsimple(graph: Graph) -> set[Node]:
    """Return the properties that are transitive or end a chain, those above them, and the inverses."""
    found: set[Node] = set(graph.subjects(RDF.type, OWL.TransitiveProperty))
    found |= set(graph.subjects(OWL.propertyChainAxiom))
    waiting = list(found)
    while waiting:
        one = waiting.pop()
        above = {o for p in _NOT_SIMPLER for o in graph.objects(one, p)}
        above |= {s for p in _NOT_SIMPLER[1:] for s in graph.subjects(p, one)}
        waiting += above - found
        found |= above
    return found


def _is_axiom(predicate: Node, value: Node) -> bool:
    """Return whether a triple belongs to an axiom about classes or properties, or to a list in one."""
    if predicate == RDF.type:
        return str(value).startswith(str(OWL))
    return predicate in (*_AXIOMS, RDF.first, RDF.rest) or str(predicate).startswith(str(OWL))


def _owlready() -> Any:  # noqa: ANN401 - owlready2 has no types
    try:
        import owlready2  # noqa: PLC0415 (starts slowly and keeps global state: only on demand)
    except ImportError as error:
        raise lacking("owlready2", "owlready2") from error
    return owlready2


def _hermit_folder() -> Path:
    """Return where owlready2 keeps HermiT; owlready2 itself is not imported for it."""
    found = find_spec("owlready2")
    if found is None or found.origin is None:
        raise lacking("HermiT", "owlready2")
    return Path(found.origin).parent / "hermit"
