"""Nodes of an OPC UA NodeSet2 file: read once, element by element, into small records with absolute node ids.

A node id is ``URI;i=6001``: the index of a namespace means nothing outside its file.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path

from lxml import etree

from qualweave.mappers.declared import DeclaredValue, Texts
from qualweave.mappers.readers.devices.elements import (
    attribute,
    broken,
    child,
    children,
    events,
    inner,
    line_of,
    local,
    namespace,
    number,
    release,
)
from qualweave.ontology.tables import read_table

BASE = "http://opcfoundation.org/UA/"
_SPACE = "http://opcfoundation.org/UA/2011/03/UANodeSet.xsd"
NODES = {"UAObject", "UAVariable", "UAMethod", "UAView", "UAObjectType", "UAVariableType", "UADataType",
         "UAReferenceType"}  # fmt: skip
_UNSAFE_DIGITS = 0x7F
_TRADE = "/un/cefact"  # of the namespace whose unit ids are codes of UN/ECE


@dataclass(frozen=True)
class Model:
    """A model that a file defines or requires.

    Attributes:
        uri: Its namespace.
        version: As stated, ``""`` where it is not.
        published: Publication date as stated.
        line: Line of the file that says so.
    """

    uri: str
    version: str = ""
    published: str = ""
    line: int = 0

    def __str__(self) -> str:
        told = [
            one
            for one in (
                f"version {self.version}" if self.version else "",
                f"publication date {self.published[:10]}" if self.published else "",
            )
            if one
        ]
        return f"{self.uri} ({', '.join(told)})" if told else self.uri

    @property
    def in_chinese(self) -> str:
        """The same in Chinese."""
        told = [
            f"版本 {self.version}" if self.version else "",
            f"发布日期 {self.published[:10]}" if self.published else "",
        ]
        said = "，".join(one for one in told if one)
        return f"{self.uri}（{said}）" if said else self.uri


@dataclass(frozen=True)
class EngineeringUnit:
    """The value of an ``EngineeringUnits`` property (``EUInformation``).

    Attributes:
        name: Display name.
        code: UN/ECE code that its number stands for, ``""`` where it stands for none.
    """

    name: str
    code: str = ""


@dataclass(slots=True)
class Content:
    """The value of a variable, as far as it says something of a field.

    Attributes:
        text: A scalar.
        unit: Of ``EngineeringUnits``.
        low: Of a range.
        high: Of a range.
        values: Of ``EnumStrings`` and ``EnumValues``.
    """

    text: str = ""
    unit: EngineeringUnit | None = None
    low: float | None = None
    high: float | None = None
    values: tuple[DeclaredValue, ...] = ()


@dataclass(slots=True)
class Node:
    """One node.

    Attributes:
        id: Absolute.
        written: Node id as the file writes it.
        kind: Local name of its element.
        name: Browse name without its namespace.
        space: Namespace of the browse name.
        line: Of the file.
        file: Its name.
        labels: Display names.
        descriptions: Descriptions.
        data_type: Absolute id of the data type of a variable.
        interval: Least sampling interval in milliseconds, None where it is not told.
        references: ``(reference type, target, forward)``.
        content: Value, None where none is given.
        values: Values of an enumeration that a data type defines.
        is_structure: Whether a data type has fields of its own.
    """

    id: str
    written: str
    kind: str
    name: str
    space: str
    line: int
    file: str
    labels: Texts
    descriptions: Texts
    data_type: str = ""
    interval: float | None = None
    references: list[tuple[str, str, bool]] = field(default_factory=list)
    content: Content | None = None
    values: tuple[DeclaredValue, ...] = ()
    is_structure: bool = False


@dataclass
class Head:
    """What stands above the nodes of a file.

    Attributes:
        file: Its name.
        spaces: Namespaces by index, the base namespace first.
        models: What it defines.
        required: What it requires.
        aliases: Node ids by alias.
    """

    file: str
    spaces: list[str] = field(default_factory=lambda: [BASE])
    models: list[Model] = field(default_factory=list)
    required: list[Model] = field(default_factory=list)
    aliases: dict[str, str] = field(default_factory=dict)

    def absolute(self, text: str) -> str:
        """Return the absolute id of a node id or alias; a namespace that is not listed is named by its index."""
        plain = self.aliases.get(text.strip(), text.strip())
        if plain.startswith("nsu="):
            space, _, rest = plain.removeprefix("nsu=").partition(";")
            return f"{space};{rest}"
        index, found, rest = plain.removeprefix("ns=").partition(";")
        if not plain.startswith("ns=") or not found:
            return f"{BASE};{plain}"
        return f"{self.space(index)};{rest}"

    def space(self, index: str) -> str:
        """Return the namespace of an index."""
        at = int(index) if index.isdigit() and len(index) < 6 else len(self.spaces)  # noqa: PLR2004 - 16 bit
        return self.spaces[at] if at < len(self.spaces) else f"ns={index}"


def nodes_of(path: Path, head: Head) -> Iterator[Node]:
    """Yield the nodes of a file, and fill its head before the first.

    Raises:
        UnreadableSource: If it is not well-formed, or no NodeSet2.
    """
    with path.open("rb") as data:
        for event, element in events(data, path.name):
            above = element.getparent()
            if event == "start":
                if above is None:
                    _check_root(element, path.name)
                continue
            if above is None or above.getparent() is not None:
                continue
            name = local(element)
            if name in NODES:
                yield _node(element, name, head)
            else:
                _take(element, name, head)
            release(element)


def head_of(path: Path) -> Head:
    """Return what stands above the nodes of a file, which is all that is read of it.

    Raises:
        UnreadableSource: If that part is broken.
    """
    head = Head(path.name)
    next(iter(nodes_of(path, head)), None)
    return head


def _check_root(root: etree._Element, file: str) -> None:
    if local(root) != "UANodeSet" or namespace(root) != _SPACE:
        told = f"{local(root)!r} of the namespace {namespace(root)!r}"
        raise broken(
            file, line_of(root), f"has the root {told}, and a NodeSet2 has UANodeSet of {_SPACE}",
            f"的根元素为 {told}，应为 UANodeSet（命名空间 {_SPACE}）",
        )  # fmt: skip


def _take(element: etree._Element, name: str, head: Head) -> None:
    if name == "NamespaceUris":
        head.spaces += [inner(one) for one in children(element, "Uri")]
    elif name == "Aliases":
        head.aliases |= {attribute(one, "Alias"): inner(one) for one in children(element, "Alias")}
    elif name == "Models":
        for one in children(element, "Model"):
            head.models.append(_model(one))
            head.required += [_model(needed) for needed in children(one, "RequiredModel")]


def _model(element: etree._Element) -> Model:
    return Model(
        attribute(element, "ModelUri"),
        attribute(element, "Version"),
        attribute(element, "PublicationDate"),
        line_of(element),
    )


def _node(element: etree._Element, kind: str, head: Head) -> Node:
    written = attribute(element, "NodeId")
    space, _, name = attribute(element, "BrowseName").rpartition(":")
    if not space.isdigit():  # a name that has a colon and no index
        space, name = "0", attribute(element, "BrowseName")
    interval = number(attribute(element, "MinimumSamplingInterval"))
    node = Node(
        id=head.absolute(written),
        written=written,
        kind=kind,
        name=name,
        space=head.space(space),
        line=line_of(element),
        file=head.file,
        labels=_localized(element, "DisplayName"),
        descriptions=_localized(element, "Description"),
        data_type=head.absolute(attribute(element, "DataType") or "i=24"),
        interval=interval if interval and interval > 0 else None,
    )
    held = child(element, "References")
    for one in children(held, "Reference") if held is not None else ():
        kind_of = head.absolute(attribute(one, "ReferenceType"))
        target = head.absolute(inner(one))
        node.references.append((kind_of, target, attribute(one, "IsForward") != "false"))
    value = child(element, "Value")
    if value is not None and len(value):
        node.content = _content(value[0])
    _define(node, child(element, "Definition"))
    return node


def _define(node: Node, definition: etree._Element | None) -> None:
    if definition is None or node.kind != "UADataType":
        return
    fields = list(children(definition, "Field"))
    node.values = tuple(
        DeclaredValue(
            attribute(one, "Value"), _localized(one, "DisplayName") or {"": attribute(one, "Name")}
        )
        for one in fields
        if one.get("Value") is not None
    )
    node.is_structure = bool(fields) and not node.values


def _localized(element: etree._Element, name: str) -> Texts:
    """Return the texts of ``<DisplayName Locale="de">…``, one element a language."""
    return {attribute(one, "Locale"): inner(one) for one in children(element, name) if inner(one)}


def _localized_value(element: etree._Element | None) -> Texts:
    """Return the text of a value of the type LocalizedText (``<Locale>``, ``<Text>``)."""
    text = inner(child(element, "Text")) if element is not None else ""
    return {inner(child(element, "Locale")): text} if element is not None and text else {}


def _content(element: etree._Element) -> Content:
    name = local(element)
    if name == "ListOfLocalizedText":
        told = [next(iter(_localized_value(one).values()), "") for one in element]
        tags = [next(iter(_localized_value(one)), "") for one in element]
        pairs = enumerate(zip(tags, told, strict=True))
        return Content(
            values=tuple(DeclaredValue(str(at), {tag: text}) for at, (tag, text) in pairs)
        )
    if name == "ListOfExtensionObject":
        held = [child(one, "Body", "EnumValueType") for one in element]
        return Content(values=tuple(_enum_value(one) for one in held if one is not None))
    if name == "LocalizedText":
        return Content(text=next(iter(_localized_value(element).values()), ""))
    if name == "ExtensionObject":
        body = child(element, "Body")
        return _structure(body[0]) if body is not None and len(body) else Content()
    return Content(text=inner(element)) if not len(element) else Content()


def _structure(element: etree._Element) -> Content:
    if local(element) == "EUInformation":
        texts = _localized_value(child(element, "DisplayName"))
        space = inner(child(element, "NamespaceUri"))
        code = unece_code(inner(child(element, "UnitId"))) if _TRADE in space or not space else ""
        return Content(unit=EngineeringUnit(next(iter(texts.values()), ""), code))
    if local(element) == "Range":
        return Content(
            low=number(inner(child(element, "Low"))), high=number(inner(child(element, "High")))
        )
    return Content()


def _enum_value(element: etree._Element) -> DeclaredValue:
    return DeclaredValue(
        inner(child(element, "Value")), _localized_value(child(element, "DisplayName"))
    )


def unece_code(unit_id: str) -> str:
    """Return the UN/ECE code that a unit id stands for: its characters as one number (OPC 10000-8).

    >>> unece_code("4408652"), unece_code("-1")
    ('CEL', '')
    """
    if not unit_id.isdigit() or not 0 < int(unit_id) < 1 << 32:
        return ""
    raw = int(unit_id).to_bytes(4, "big").lstrip(b"\0")
    return raw.decode("ascii") if raw.isalnum() and max(raw) < _UNSAFE_DIGITS else ""


@lru_cache(maxsize=1)
def base_nodes() -> Mapping[str, tuple[str, str, str]]:
    """Return ``(name, class, what it is)`` of the nodes of the base namespace that we know, by absolute id."""
    rows = read_table("qualweave.mappers.readers.devices", "opcua.tsv")
    return {f"{BASE};i={row['id']}": (row["name"], row["class"], row["is"]) for row in rows}
