"""The environment of an Asset Administration Shell, metamodel 3, from JSON or XML: one form, with lines.

The XML form is turned into the JSON form as it is read, so that what follows knows one of them only.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import IO, Any, TypeAlias

import orjson
from lxml import etree

from qualweave.mappers.readers.charset import decode
from qualweave.mappers.readers.devices.elements import (
    broken,
    children,
    events,
    inner,
    line_of,
    local,
    namespace,
    release,
)

Part: TypeAlias = dict[str, Any]

PARTS = ("assetAdministrationShells", "submodels", "conceptDescriptions")
MOST_BYTES = 256 << 20
_SPACE = "https://admin-shell.io/aas/3/"
_LISTS = frozenset(
    {
        "assetAdministrationShells", "submodels", "conceptDescriptions", "submodelElements", "statements",
        "annotations", "keys", "description", "displayName", "embeddedDataSpecifications", "preferredName",
        "shortName", "definition", "valueReferencePairs", "specificAssetIds", "qualifiers",
        "supplementalSemanticIds", "isCaseOf", "extensions",
    }
)  # fmt: skip
_NAMED = re.compile(r'"(?:idShort|id)"\s*:\s*("(?:[^"\\]|\\.)*")')
_DEEPEST = 100


@dataclass
class Environment:
    """Shells, submodels and concept descriptions of one or more documents.

    Attributes:
        file: Name of the file, and of the part inside a package.
        parts: Lists of objects by the name of the list.
        lines: Line of an object that has an ``id`` or ``idShort``, by Python's identity of it.
    """

    file: str
    parts: dict[str, list[Part]] = field(default_factory=lambda: {one: [] for one in PARTS})
    lines: dict[int, int] = field(default_factory=dict)

    def line(self, part: Part) -> int:
        """Return the line of an object, 0 where it is not known."""
        return self.lines.get(id(part), 0)

    def join(self, other: "Environment") -> None:
        """Take in the objects of another document of the same package."""
        for name, held in other.parts.items():
            self.parts[name] += held
        self.lines |= other.lines


def json_environment(raw: bytes, file: str) -> Environment:
    """Return the environment of a JSON document.

    Raises:
        UnreadableSource: If it is too large, not well-formed, nested too deeply, or of another metamodel.
    """
    if len(raw) > MOST_BYTES:
        raise broken(
            file,
            0,
            f"has {len(raw)} bytes, and {MOST_BYTES} are read",
            f"有 {len(raw)} 字节，上限为 {MOST_BYTES}",
        )
    text = decode(raw)[0].lstrip("\ufeff")
    try:
        document = orjson.loads(text)
    except orjson.JSONDecodeError as error:
        raise broken(
            file, error.lineno, f"is not well-formed: {error.msg}", "JSON 格式错误"
        ) from error
    if isinstance(document, dict) and document.get("modelType") == "Submodel":
        document = {"submodels": [document]}
    if not isinstance(document, dict) or not any(
        isinstance(document.get(one), list) for one in PARTS
    ):
        raise broken(
            file, 0, f"has none of {', '.join(PARTS)}", f"不含 {'、'.join(PARTS)} 中的任何一项"
        )
    found = Environment(file)
    for name in PARTS:
        held = document.get(name)
        found.parts[name] = (
            [one for one in held if isinstance(one, dict)] if isinstance(held, list) else []
        )
    _check_metamodel(found)
    found.lines = _json_lines(document, text, file)
    return found


def _check_metamodel(found: Environment) -> None:
    """Refuse metamodel 2, whose identifiers and types are objects where 3 has texts."""
    old = next(
        (one for held in found.parts.values() for one in held if "identification" in one), None
    )
    if old is not None:
        raise broken(found.file, 0, "is of metamodel 2, and 3 is read: open it in a current editor and save it",
                     "为元模型 2，仅支持 3：请用新版编辑器打开后另存")  # fmt: skip


def _json_lines(document: object, text: str, file: str) -> dict[int, int]:
    """Return the line of each object with an ``id`` or ``idShort``: keys come in the order of the text."""
    places = _places(text)
    found: dict[int, int] = {}
    for owner in _owners(document, file, 0):
        found.setdefault(id(owner), next(places, 0))
    return found


def _places(text: str) -> Iterator[int]:
    line, at = 1, 0
    for match in _NAMED.finditer(text):
        line += text.count("\n", at, match.start())
        at = match.start()
        yield line


def _owners(node: object, file: str, depth: int) -> Iterator[Part]:
    """Yield the object of each textual ``id`` and ``idShort`` in the order in which these are written."""
    if depth > _DEEPEST:
        raise broken(file, 0, f"is nested deeper than {_DEEPEST}", f"嵌套超过 {_DEEPEST} 层")
    if isinstance(node, list):
        for one in node:
            yield from _owners(one, file, depth + 1)
    elif isinstance(node, dict):
        for key, value in node.items():
            if key in {"id", "idShort"} and isinstance(value, str):
                yield node
            elif isinstance(value, dict | list):
                yield from _owners(value, file, depth + 1)


# --- XML --------------------------------------------------------------------------------------------


def xml_environment(data: IO[bytes], file: str) -> Environment:
    """Return the environment of an XML document.

    Raises:
        UnreadableSource: If it is not well-formed, nested too deeply, or of another metamodel.
    """
    found = Environment(file)
    for event, element in events(data, file):
        above = element.getparent()
        if event == "start":
            if above is None:
                _check_root(element, file)
            continue
        place = local(above) if above is not None else ""
        root = above.getparent() if above is not None else None
        if above is not None and place in PARTS and root is not None and root.getparent() is None:
            found.parts[place].append(_object(element, found, 0))
            release(element)
    return found


def _check_root(root: etree._Element, file: str) -> None:
    if local(root) != "environment" or not namespace(root).startswith(_SPACE):
        told = f"{local(root)!r} of the namespace {namespace(root)!r}"
        raise broken(
            file, line_of(root), f"has the root {told}, and metamodel 3 has environment of {_SPACE}0",
            f"的根元素为 {told}，元模型 3 应为 environment（命名空间 {_SPACE}0）",
        )  # fmt: skip


def _object(element: etree._Element, found: Environment, depth: int) -> Part:
    """Return an element in the JSON form, with the model type that its name says."""
    if depth > _DEEPEST:
        raise broken(
            found.file,
            line_of(element),
            f"is nested deeper than {_DEEPEST}",
            f"嵌套超过 {_DEEPEST} 层",
        )
    name = local(element)
    made: Part = {"modelType": name[:1].upper() + name[1:]}
    for one in element:
        made[local(one)] = _value(one, found, depth + 1)
    found.lines[id(made)] = line_of(element)
    return made


def _value(element: etree._Element, found: Environment, depth: int) -> object:
    name = local(element)
    held = list(children(element))
    if name in _LISTS or (name == "value" and held):
        return [_object(one, found, depth) for one in held]
    if not held:
        return inner(element) if name != "value" else (element.text or "")
    if name == "dataSpecificationContent":
        return _object(held[0], found, depth)
    return _object(element, found, depth)
