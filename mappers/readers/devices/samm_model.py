"""The graph of a SAMM model: its own file, what it uses of others, and in which line each element stands."""

import re
from collections.abc import Iterator, Sequence
from pathlib import Path

from rdflib import RDF, BNode, Graph, Literal, URIRef
from rdflib.term import Node

from qualweave.mappers.declared import Flaw, Texts
from qualweave.mappers.readers.charset import decode
from qualweave.mappers.readers.devices.elements import broken

MODEL = "urn:samm:"
_ESMF = "urn:samm:org.eclipse.esmf.samm:"
_META = re.compile(r"<(urn:samm:org\.eclipse\.esmf\.samm:meta-model:[\d.]+#)>")
_BAMM = re.compile(r"<urn:bamm:")
_PREFIX = re.compile(
    r"^\s*(?:@prefix|PREFIX)\s+([\w.-]*:)\s*<([^>]*)>", re.MULTILINE | re.IGNORECASE
)
_SUBJECT = re.compile(r"^(<[^>\s]+>|[\w.-]*:[\w.-]+)\s", re.MULTILINE)
_PLACE = re.compile(r"line (\d+)")
_MOST_BYTES = 64 << 20
_MOST_FILES = 1_000
_SHOWN = 5  # names in a message


class Model:
    """A model and those that it uses.

    Args:
        file: Name of its file.
        text: Its Turtle.
        graph: Its triples.
    """

    def __init__(self, file: str, text: str, graph: Graph) -> None:
        meta = _META.search(text)
        self.file = file
        self.graph = graph
        self.meta = meta[1] if meta else ""
        self.characteristics = self.meta.replace(":meta-model:", ":characteristic:")
        self.lines = dict(_lines(text))
        self._places = {node: (file, line) for node, line in self.lines.items()}

    def take_in(self, file: str, text: str, graph: Graph) -> None:
        """Add what another file declares."""
        self.graph += graph
        for node, line in _lines(text):
            self._places.setdefault(node, (file, line))

    def place(self, node: Node) -> tuple[str, int]:
        """Return file and line where an element is declared; the model's own file and 0 where that is not known."""
        return self._places.get(node, (self.file, 0))

    def texts(self, node: Node, name: str) -> Texts:
        """Return the texts of a property of the metamodel, by language."""
        told = self.graph.objects(node, URIRef(self.meta + name))
        return {one.language or "": str(one) for one in told if isinstance(one, Literal)}

    def values(self, node: Node, name: str, *, characteristics: bool = False) -> Iterator[Node]:
        """Iterate over the values of a property of the metamodel, or of its characteristics."""
        space = self.characteristics if characteristics else self.meta
        return iter(sorted(self.graph.objects(node, URIRef(space + name)), key=str))

    def value(self, node: Node, name: str, *, characteristics: bool = False) -> Node | None:
        """Return the first of these values, None where there is none."""
        return next(self.values(node, name, characteristics=characteristics), None)

    def inherited(self, node: Node, name: str) -> Node | None:
        """Return the value of a property, or of what it extends."""
        seen: set[Node] = set()
        at: Node | None = node
        while at is not None and at not in seen:
            found = self.value(at, name)
            if found is not None:
                return found
            seen.add(at)
            at = self.value(at, "extends")
        return None

    def items(self, node: Node, name: str, *, characteristics: bool = False) -> list[Node]:
        """Return the members of a list; one that runs in a circle ends where it began."""
        head = self.value(node, name, characteristics=characteristics)
        found: list[Node] = []
        seen: set[Node] = set()
        while head is not None and head != RDF.nil and head not in seen:
            seen.add(head)
            found += list(self.graph.objects(head, RDF.first))
            head = next(self.graph.objects(head, RDF.rest), None)
        return found

    def is_true(self, node: Node, name: str) -> bool:
        """Return whether a flag is set."""
        return str(self.value(node, name)) == "true"

    def has(self, node: Node) -> bool:
        """Return whether anything is said of a node."""
        return (node, None, None) in self.graph

    def is_of(self, node: Node, kind: str) -> bool:
        """Return whether a node is of a class of the metamodel."""
        return (node, RDF.type, URIRef(self.meta + kind)) in self.graph or (
            kind == "Entity" and self._is_ready_entity(node)
        )

    def _is_ready_entity(self, node: Node) -> bool:
        return str(node).startswith(self.meta.replace(":meta-model:", ":entity:"))

    def of_type(self, kind: str) -> Iterator[Node]:
        """Iterate over the nodes of a class of the metamodel."""
        return iter(self.graph.subjects(RDF.type, URIRef(self.meta + kind)))

    def local(self, node: Node) -> str:
        """Return the name of a node inside its model."""
        return "" if isinstance(node, BNode) else re.split(r"[#/]", str(node))[-1]

    def flaw(self, check: str, node: Node, *, told: str, told_zh: str) -> Flaw:
        """Return a flaw at the place of an element."""
        file, line = self.place(node)
        return Flaw(check, self.local(node), told, told_zh, line, file)

    def missing(self) -> Iterator[Flaw]:
        """Yield what the model uses and neither it nor the files beside it declare."""
        users: dict[Node, Node] = {}
        for subject, _, value in self.graph:
            if (
                isinstance(value, URIRef)
                and value.startswith(MODEL)
                and not value.startswith(_ESMF)
            ):
                users.setdefault(value, min(subject, users.get(value, subject), key=str))
        lacking: dict[str, list[tuple[str, Node]]] = {}
        for value, user in sorted(users.items(), key=str):
            if not self.has(value):
                model = str(value).partition("#")[0]
                lacking.setdefault(model, []).append((self.local(value), self._owner(user)))
        for model, used in lacking.items():
            names = ", ".join(name for name, _ in used[:_SHOWN]) + (
                " …" if len(used) > _SHOWN else ""
            )
            version = model.rpartition(":")[2]
            places = [self.lines[owner] for _, owner in used if owner in self.lines]
            yield Flaw(
                "model", model,
                f"requires the model {model} (version {version}) for {names}, which was not given",
                f"需要模型 {model}（版本 {version}）中的 {names}，但未提供",
                min(places, default=0), self.file,
            )  # fmt: skip

    def _owner(self, node: Node) -> Node:
        """Return the named element that a node without name belongs to."""
        seen: set[Node] = set()
        while isinstance(node, BNode) and node not in seen:
            seen.add(node)
            node = next(self.graph.subjects(None, node), node)
        return node


def load(path: Path, beside: Sequence[Path]) -> Model:
    """Return the model of a file with what it uses of the files beside it.

    Raises:
        UnreadableSource: If the file is too large, no Turtle, or of the older BAMM.
    """
    text = _text(path)
    model = Model(path.name, text, _parsed(path, text))
    others = (
        [one for one in list(beside)[:_MOST_FILES] if one != path] if _wanted(model.graph) else []
    )
    # Of what lies beside only the names are kept until it is needed.
    offered = {one: frozenset(_declared(_text(one))) for one in others}
    grown = True
    while grown:
        wanted = _wanted(model.graph)
        used = [one for one, names in offered.items() if wanted & names]
        for one in used:
            del offered[one]
            other = _text(one)
            model.take_in(one.name, other, _parsed(one, other))
        grown = bool(used)
    return model


def _wanted(graph: Graph) -> set[str]:
    return {
        str(one)
        for one in graph.objects()
        if isinstance(one, URIRef) and one.startswith(MODEL) and (one, None, None) not in graph
    }


def _declared(text: str) -> Iterator[str]:
    return (str(node) for node, _ in _lines(text))


def _text(path: Path) -> str:
    size = path.stat().st_size
    if size > _MOST_BYTES:
        raise broken(
            path.name,
            0,
            f"has {size} bytes, and {_MOST_BYTES} are read",
            f"有 {size} 字节，上限为 {_MOST_BYTES}",
        )
    return decode(path.read_bytes())[0]


def _parsed(path: Path, text: str) -> Graph:
    if _BAMM.search(text) and not _META.search(text):
        raise broken(path.name, 0, "is of BAMM, SAMM's predecessor: migrate it with the ESMF tools (samm … migrate)",
                     "为 SAMM 的前身 BAMM：请用 ESMF 工具迁移（samm aspect … migrate）")  # fmt: skip
    if not _META.search(text):
        raise broken(path.name, 0, "names no SAMM metamodel (urn:samm:org.eclipse.esmf.samm:meta-model:…)",
                     "未注明 SAMM 元模型（urn:samm:org.eclipse.esmf.samm:meta-model:…）")  # fmt: skip
    try:
        return Graph().parse(data=text, format="turtle")
    except Exception as error:
        told = str(error)
        place = _PLACE.search(told)
        why = next((one.strip() for one in told.splitlines() if one.strip()), "cannot be parsed")
        raise broken(
            path.name,
            int(place[1]) if place else 0,
            f"is no Turtle: {why[:200]}",
            "不是合法的 Turtle",
        ) from error


def _lines(text: str) -> Iterator[tuple[Node, int]]:
    """Yield each element that a line begins with, and that line; the first counts."""
    prefixes = dict(_PREFIX.findall(text))
    line, at = 1, 0
    seen: set[str] = set()
    for match in _SUBJECT.finditer(text):
        line += text.count("\n", at, match.start())
        at = match.start()
        written = match[1]
        prefix, _, name = written.partition(":")
        iri = written[1:-1] if written.startswith("<") else prefixes.get(f"{prefix}:", "") + name
        if iri not in seen and iri.startswith(MODEL):
            seen.add(iri)
            yield URIRef(iri), line
