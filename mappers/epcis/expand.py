"""Names and values of an event resolved to IRIs and typed literals: one tree, whichever format it came in."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from decimal import Decimal, InvalidOperation
from typing import Any, TypeAlias

from qualweave import gs1
from qualweave.errors import InputError
from qualweave.iri import EPCIS, XSD
from qualweave.mappers.epcis.read import Events
from qualweave.mappers.epcis.terms import Name, join, name_in, words
from qualweave.mappers.lift.batch import segment

_SPACE = 0x20  # below it stand the controls


@dataclass(frozen=True)
class Iri:
    """A resource."""

    value: str


@dataclass(frozen=True)
class Lit:
    """A literal; an empty datatype is a plain string."""

    value: str
    datatype: str = ""


@dataclass
class Node:
    """An object: its identity if it has one, its types, and its members in order."""

    iri: str = ""
    types: list[str] = field(default_factory=list)
    members: list[tuple[str, "Value"]] = field(default_factory=list)

    def key(self) -> Any:  # noqa: ANN401 - a value to be hashed
        """Return a value that is the same for the same content, whatever the order it came in."""
        rows = [
            [name, value.key() if isinstance(value, Node) else [type(value).__name__, value.value]]
            for name, value in self.members
        ]
        return [sorted(self.types), sorted(rows, key=repr)]


Value: TypeAlias = Iri | Lit | Node


class Expander:
    """Expands the events of one document."""

    def __init__(self, document: Events, item_prefix: str) -> None:
        self._document = document
        self._item_prefix = item_prefix
        self.warnings: list[str] = list(document.warnings)

    def event(self, event: Mapping[str, Any]) -> Node:
        """Return the tree of an event."""
        node = Node(iri=str(event.get("eventID", "")).strip())
        node.types.append(self._type(str(event["type"])))
        members = {
            key: value for key, value in event.items() if key not in ("type", "eventID", "@context")
        }
        self._fill(node, members, scope="event", space="")
        return node

    def _type(self, name: str) -> str:
        return self._resolved(name) if ":" in name else EPCIS + name

    def _fill(self, node: Node, members: Mapping[str, Any], *, scope: str, space: str) -> None:
        for key, value in members.items():
            if key in {"id", "@id"}:
                node.iri = self._id(str(value)).value
                continue
            name = None if space else name_in(scope, key)
            values = value if isinstance(value, list) else [value]
            for one in values:
                if one is None or one == "":
                    continue
                if name is None:
                    self._extension(node, key, one, space=space)
                elif name.iri == "@id":
                    node.iri = self._id(str(one)).value
                else:
                    node.members.append((name.iri, self._value(name, one)))

    def _value(self, name: Name, value: Any) -> Value:  # noqa: ANN401, PLR0911 - JSON has any shape; one type, one return
        if isinstance(value, dict):
            node = Node()
            self._fill(node, value, scope=name.scope, space="")
            if set(value) == {"id"}:
                return Iri(node.iri)
            return node
        text = str(value).strip()
        match name.kind:
            case "id" | "object":
                return self._id(text)
            case "vocab":
                return Iri(self._word(text, name.vocabulary))
            case "time":
                return _time(text)
            case "decimal":
                return _decimal(text)
            case "double":
                return _double(text)
            case "boolean":
                return Lit("true" if value is True or text == "true" else "false", XSD + "boolean")
            case "hex":
                return Lit(text.upper(), XSD + "hexBinary")
            case _:
                return Lit(text)

    def _extension(self, node: Node, key: str, value: Any, *, space: str) -> None:  # noqa: ANN401 - JSON has any shape
        iri = self._extension_iri(key, space)
        if isinstance(value, dict):
            child = Node()
            inner = iri[: -len(_local(iri))]
            self._fill(child, value, scope="event", space=inner)
            node.members.append((iri, child))
            return
        if isinstance(value, bool):
            literal = Lit("true" if value else "false", XSD + "boolean")
        elif isinstance(value, int):
            literal = Lit(str(value), XSD + "integer")
        elif isinstance(value, float):
            literal = Lit(repr(value), XSD + "double")
        else:
            literal = Lit(str(value))
        node.members.append((iri, literal))

    def _extension_iri(self, key: str, space: str) -> str:
        if ":" in key:
            return self._resolved(key)
        if key in self._document.terms:
            return self._resolved(self._document.terms[key])
        self.warnings.append(
            f"the extension {key!r} has no prefix; it is kept under that of its parent"
        )
        return join(space or EPCIS, segment(key))

    def _resolved(self, name: str) -> str:
        """Return the IRI of a CURIE by the document's prefixes; an absolute IRI stays."""
        prefix, _, rest = name.partition(":")
        if rest.startswith("//") or prefix in ("urn", "tag", "ni", "http", "https", "did", "info"):
            return _clean(name)
        space = self._document.prefixes.get(prefix)
        if space is None:
            self.warnings.append(f"the prefix of {name!r} is not defined; it is kept as it is")
            return _clean(name)
        return join(space, _clean(rest))

    def _word(self, text: str, vocabulary: str) -> str:
        """Return the IRI of a word of a list: bare, as CURIE, as IRI or as a URN of EPCIS 1.x."""
        prefix, _, stem = vocabulary.partition(":")
        if text.startswith("urn:epcglobal:cbv:"):
            _, _, _, kind, *rest = text.split(":")
            new = words()["urn"].get(kind)
            if new and len(rest) == 1 and rest[0] in words()[new]:
                return self._document.prefixes["cbv"] + f"{new}-{rest[0]}"
        if ":" in text:
            return self._resolved(text)
        if text in self._document.terms:
            return self._resolved(self._document.terms[text])
        return self._document.prefixes[prefix] + stem + _clean(text)

    def _id(self, text: str) -> Iri:
        """Return an identity: the canonical IRI of a GS1 one, another IRI as it is, a bare text minted."""
        if gs1.looks_like(text):
            try:
                return Iri(gs1.canonical(text))
            except InputError as error:
                self.warnings.append(error.message)
                return Iri(_clean(text))
        if ":" in text:
            return Iri(self._resolved(text))
        return Iri(self._item_prefix + segment(text))


def _local(iri: str) -> str:
    place = max(iri.rfind(mark) for mark in "/#:=")
    return iri[place + 1 :]


def _clean(text: str) -> str:
    """Return a text as it may stand in an IRI: what N-Triples forbids is percent-encoded."""
    return "".join(
        f"%{ord(one):02X}" if one in ' <>"{}|\\^`' or ord(one) < _SPACE else one
        for one in text.strip()
    )


def _time(text: str) -> Lit:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return Lit(text)
    if moment.tzinfo is None:
        return Lit(text)
    plain = moment.astimezone(UTC).replace(tzinfo=None).isoformat()
    return Lit((plain.rstrip("0") if "." in plain else plain) + "Z", XSD + "dateTime")


def _decimal(text: str) -> Lit:
    try:
        number = Decimal(text)
    except InvalidOperation:
        return Lit(text)
    plain = f"{number:f}"
    return Lit(plain.rstrip("0").rstrip(".") if "." in plain else plain, XSD + "decimal")


def _double(text: str) -> Lit:
    try:
        return Lit(repr(float(text)), XSD + "double")
    except ValueError:
        return Lit(text)
