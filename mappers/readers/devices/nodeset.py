"""OPC UA NodeSet2: the variables of a machine with unit, range, enumeration, path and device.

Variables below objects are fields; a file that holds types only is read for the variables of its types. Meta
properties (``EngineeringUnits``, ``EURange``, ``EnumStrings`` …) are told with the variable that they belong to.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from qualweave.mappers.declared import (
    DeclaredField,
    DeclaredValue,
    Device,
    Flaw,
    Header,
    Item,
    StatedMeaning,
    ValueKind,
)
from qualweave.mappers.readers.devices.address_space import AddressSpace
from qualweave.mappers.readers.devices.nodes import BASE, Node, base_nodes
from qualweave.mappers.units import unit_like

_META = frozenset(
    {
        "EngineeringUnits", "EURange", "InstrumentRange", "EnumStrings", "EnumValues", "ValueAsText",
        "InputArguments", "OutputArguments", "NodeVersion", "ValuePrecision", "Definition", "NamingRule",
        "TrueState", "FalseState", "LocalTime", "DefaultInstanceBrowseName", "NamespaceUri",
        "NamespaceVersion", "NamespacePublicationDate", "IsNamespaceSubset", "StaticNodeIdTypes",
        "Deprecated", "Icon", "StaticNumericNodeIdRange", "StaticStringNodeIdPattern",
        "DefaultRolePermissions", "DefaultUserRolePermissions", "DefaultAccessRestrictions",
        "DataTypeVersion", "DictionaryFragment", "ModelVersion", "OptionSetValues", "OptionSetLength",
        "MaxArrayLength", "MaxStringLength", "MaxByteStringLength",
    }
)  # fmt: skip
_NO_VALUES = frozenset(f"{BASE};i={one}" for one in (15, 16, 17, 18, 19, 23, 884, 887, 7594))
_DICTIONARY = frozenset(f"{BASE};i={one}" for one in (69, 72))
_DURATION = f"{BASE};i=290"
_SKIPPED = frozenset({"UAMethod", "UAView"})
_TYPES = frozenset({"UAObjectType", "UAVariableType", "UADataType", "UAReferenceType"})
_FOLDERS = frozenset({"FolderType", "FunctionalGroupType"})
_GATHERING = frozenset({"DeviceSet", "Machines", "Objects", "NetworkSet"})
_FACTS = {
    "manufacturer": ("Manufacturer",),
    "model": ("Model", "DeviceModel", "ProductCode"),
    "serial": ("SerialNumber",),
    "firmware": ("FirmwareRevision", "SoftwareRevision", "DeviceRevision"),
}


@dataclass(frozen=True)
class _Placed:
    """A variable and the nodes above it, the topmost first."""

    node: Node
    above: tuple[Node, ...]

    @property
    def is_declared(self) -> bool:
        """Whether it belongs to a type and not to an object."""
        return any(one.kind in _TYPES for one in self.above)


def nodeset_items(path: Path, beside: Sequence[Path] = ()) -> Iterator[Item]:
    """Yield header, flaws, devices and fields of a NodeSet2 file.

    Args:
        path: The file.
        beside: Files that may hold the models that it requires.

    Raises:
        UnreadableSource: If a file is not well-formed, or no NodeSet2.
    """
    space = AddressSpace(path, beside)
    own = space.head.models[0] if space.head.models else None
    yield Header(own.uri if own else "", own.version if own else "", path.name.rsplit(".", 1)[0])
    yield from space.flaws()
    placed = []
    for node in space.own:
        if node.kind != "UAVariable" or _is_meta(space, node):
            continue
        above, circular = space.chain(node)
        if circular:
            yield Flaw("cycle", node.name, f"stands below itself: {_route(above, node)}",
                       f"的上级节点构成循环：{_route(above, node)}", node.line, node.file)  # fmt: skip
            continue
        if not any(one.kind in _SKIPPED for one in above):
            placed.append(_Placed(node, tuple(above)))
    instances = [one for one in placed if not one.is_declared]
    yield from _told(space, instances or placed)


def _is_meta(space: AddressSpace, node: Node) -> bool:
    if node.space == BASE and node.name in _META:
        return True
    return node.data_type in _NO_VALUES or space.type_of(node) in _DICTIONARY


def _route(above: Sequence[Node], node: Node) -> str:
    shown = [one.name for one in above[-5:]]
    return " / ".join([*shown, node.name])


def _told(space: AddressSpace, placed: Sequence[_Placed]) -> Iterator[Item]:
    devices: dict[str, Device] = {}
    for one in placed:
        at = _device_at(space, one)
        device = one.above[at] if at < len(one.above) else None
        if device is not None and device.id not in devices:
            devices[device.id] = _device(space, device)
            yield devices[device.id]
        field = _field(space, one, one.above[at + 1 :], device.id if device else "")
        yield field
        yield from _contradiction(space, one.node, field)


def _device_at(space: AddressSpace, one: _Placed) -> int:
    """Return the place of the device among the nodes above a variable.

    It is the topmost that says who made it or is identified as a machine; else the topmost that is no folder.
    """
    for at, node in enumerate(one.above):
        if space.has_nameplate(node.id):
            return at if node.name not in _GATHERING else at + 1
    for at, node in enumerate(one.above):
        if node.name not in _GATHERING and space.type_name(space.type_of(node)) not in _FOLDERS:
            return at
    return 0


def _device(space: AddressSpace, node: Node) -> Device:
    stated: dict[str, str] = {}
    for held in (node, *(one for one in space.children(node.id) if one.name == "Identification")):
        for child in space.children(held.id):
            if child.content is not None and child.content.text:
                stated.setdefault(child.name, child.content.text)
    facts = {
        fact: next((stated[name] for name in names if name in stated), "")
        for fact, names in _FACTS.items()
    }
    kind = node.name if node.kind in _TYPES else space.type_name(space.type_of(node))
    return Device(id=node.id, name=node.name, kind=kind, **facts)


def _field(space: AddressSpace, one: _Placed, path: Sequence[Node], device: str) -> DeclaredField:
    node, properties = one.node, space.properties(one.node)
    declared = space.declaration(node)
    content = {name: found.content for name, found in properties.items() if found.content}
    unit = content["EngineeringUnits"].unit if "EngineeringUnits" in content else None
    span = content.get("EURange") or content.get("InstrumentRange")
    values = _values(space, node, properties)
    is_duration = _DURATION in space.lineage(node.data_type) and unit is None
    return DeclaredField(
        name=node.name,
        id=node.id if node.id.startswith("ns=") else f"nsu={node.id}",
        line=node.line,
        file=node.file,
        path=tuple(part.name for part in path),
        components=tuple(space.type_name(space.type_of(part)) for part in path),
        device=device,
        labels={tag: text for tag, text in node.labels.items() if text != node.name},
        descriptions=node.descriptions or (declared.descriptions if declared is not None else {}),
        unit="ms" if is_duration else (unit.name or unit.code) if unit else "",
        unit_codes=(unit.code,) if unit and unit.code else (),
        unit_is_sent="EngineeringUnits" in properties and unit is None,
        data_type=space.type_name(node.data_type) or node.data_type,
        values_are=_values_are(space, node, values),
        minimum=span.low if span else None,
        maximum=span.high if span else None,
        values=values,
        kind=space.type_name(space.type_of(node)),
        meanings=tuple(_meanings(space, node)),
        rate_hz=1000 / node.interval if node.interval else None,
        value=node.content.text if node.content else "",
    )


def _values(
    space: AddressSpace, node: Node, properties: dict[str, Node]
) -> tuple[DeclaredValue, ...]:
    """Return the values of an enumeration: the variable's own, else those of its data type."""
    for name in ("EnumValues", "EnumStrings"):
        held = properties.get(name)
        if held is not None and held.content is not None and held.content.values:
            return held.content.values
    states = [properties.get(one) for one in ("FalseState", "TrueState")]
    told = [one.content.text if one is not None and one.content else "" for one in states]
    if all(told):
        return tuple(
            DeclaredValue(code, {"": text})
            for code, text in zip(("false", "true"), told, strict=True)
        )
    for type_id in space.lineage(node.data_type):
        found = space.nodes.get(type_id)
        if found is None or found.is_structure:
            return ()
        lists = (one.content.values for one in space.children(type_id) if one.content)
        values = found.values or next((one for one in lists if one), ())
        if values:
            return values
    return ()


def _values_are(space: AddressSpace, node: Node, values: Sequence[DeclaredValue]) -> ValueKind:
    told = (base_nodes().get(one) for one in space.lineage(node.data_type))
    kind = next((one[2] for one in told if one is not None), "")
    if values and kind != "boolean":
        return "code"
    known: dict[str, ValueKind] = {
        "decimal": "decimal", "integer": "integer", "boolean": "boolean", "time": "time", "code": "code",
        "text": "text",
    }  # fmt: skip
    return known.get(kind, "")


def _meanings(space: AddressSpace, node: Node) -> Iterator[StatedMeaning]:
    """Yield the dictionary entries of a variable (OPC 10000-19); their node ids hold the identifier."""
    for target in space.targets(node, "meaning"):
        entry = space.nodes.get(target)
        written = target.partition(";")[2].removeprefix("s=")
        identity = entry.name if entry is not None and "#" not in written else written
        scheme = base_nodes().get(space.type_of(entry), ("", "", ""))[2] if entry else ""
        yield StatedMeaning(
            "iri" if scheme == "iri" else "irdi",
            identity,
            entry.labels if entry is not None else {},
            entry.descriptions if entry is not None else {},
        )
    if node.space != BASE and node.space != node.id.partition(";")[0]:
        yield StatedMeaning("opcua", f"{node.space};{node.name}")


def _contradiction(space: AddressSpace, node: Node, field: DeclaredField) -> Iterator[Flaw]:
    """Yield a unit whose code and name are of two quantities."""
    held = space.properties(node).get("EngineeringUnits")
    coded = unit_like(field.unit_codes[0]) if field.unit_codes else None
    named = unit_like(field.unit) if field.unit else None
    line = held.line if held is not None else field.line
    if coded and named and coded.kind and named.kind and coded.kind != named.kind:
        told = f"has the unit {field.unit!r}, whose code {field.unit_codes[0]} is {coded.symbol}"
        told_zh = f"的单位 {field.unit!r} 与其代码 {field.unit_codes[0]}（{coded.symbol}）矛盾"
        yield Flaw("unit", field.name, told, told_zh, line, field.file)
