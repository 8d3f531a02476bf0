"""What an RML document says, as values: triples maps, their sources, term maps and joins."""

from dataclasses import dataclass
from pathlib import Path
from typing import Literal, TypeAlias

import pyoxigraph as ox

RML = "http://w3id.org/rml/"
DEFAULT_GRAPH = RML + "defaultGraph"

Term: TypeAlias = ox.NamedNode | ox.BlankNode | ox.Literal | ox.Triple
"""A term of a Turtle document."""

TermType: TypeAlias = Literal["IRI", "URI", "UnsafeIRI", "UnsafeURI", "BlankNode", "Literal"]
Position: TypeAlias = Literal["subject", "predicate", "object", "graph", "datatype"]
Formulation: TypeAlias = Literal["JSONPath", "CSV", "XPath"]


@dataclass(frozen=True)
class Constant:
    """The same term for every row."""

    term: ox.NamedNode | ox.Literal


@dataclass(frozen=True)
class Reference:
    """What a path or column name finds in a row."""

    path: str


@dataclass(frozen=True)
class Template:
    """Texts and references in turn: ``("http://example.com/", Reference("$.ID"))``."""

    text: str
    parts: tuple["str | Reference", ...]


Expression: TypeAlias = Constant | Reference | Template


@dataclass(frozen=True)
class TermMap:
    """How one term comes out of a row.

    Attributes:
        expression: Where its value comes from; None for a fresh blank node per row.
        kind: What is made of the value.
        line: Line of the document, for messages.
        datatype: Of a literal, where it is overridden.
        language: Of a literal, where it has one.
    """

    expression: Expression | None
    kind: TermType
    line: int
    datatype: "TermMap | None" = None
    language: Expression | None = None


@dataclass(frozen=True)
class JoinCondition:
    """Child row and parent row belong together where these give a common value."""

    child: Expression
    parent: Expression


@dataclass(frozen=True)
class ReferencingObjectMap:
    """An object that is the subject of another triples map."""

    parent: str
    conditions: tuple[JoinCondition, ...]
    line: int


@dataclass(frozen=True)
class PredicateObjectMap:
    """Predicates and objects that a row's subject gets, each with each."""

    predicates: tuple[TermMap, ...]
    objects: tuple[TermMap, ...]
    references: tuple[ReferencingObjectMap, ...]
    graphs: tuple[TermMap, ...]
    line: int


@dataclass(frozen=True)
class LogicalSource:
    """A file and how rows are found in it.

    Attributes:
        path: Path of the file below the folder of the document.
        formulation: Language of iterator and references.
        iterator: What finds the rows; ``""`` where every line or the whole document is meant.
        encoding: Charset, ``""`` for UTF-8.
        delimiter: Of a CSV.
        nulls: Texts that stand for nothing, besides an empty cell.
        namespaces: Prefixes of an XPath.
    """

    path: str
    formulation: Formulation
    iterator: str = ""
    encoding: str = ""
    delimiter: str = ""
    nulls: frozenset[str] = frozenset()
    namespaces: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True)
class TriplesMap:
    """One rule: the rows of a source, the subject of each, and what is said of it.

    Attributes:
        name: IRI, or ``_:label`` of a blank node.
        line: Line of the document.
        source: Where its rows are.
        subject: How a row's subject is made.
        classes: Classes of every subject.
        graphs: Graphs of every triple.
        pairs: What is said of the subject.
        base: Base IRI of its own, ``""`` for that of the run.
    """

    name: str
    line: int
    source: LogicalSource
    subject: TermMap
    classes: tuple[str, ...]
    graphs: tuple[TermMap, ...]
    pairs: tuple[PredicateObjectMap, ...]
    base: str = ""


@dataclass(frozen=True)
class RmlDocument:
    """A document of triples maps.

    Attributes:
        maps: Its triples maps by name, in the order of the file.
        file: Name of the file, for messages.
        folder: Folder below which its sources are.
    """

    maps: tuple[TriplesMap, ...]
    file: str
    folder: Path

    def named(self, name: str) -> TriplesMap | None:
        """Return a triples map by its name, or None."""
        return next((one for one in self.maps if one.name == name), None)
