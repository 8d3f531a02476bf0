"""The variables of an OPC UA server and what it says of them: unit, range, states, description, address.

Every hierarchical reference below *Objects* is followed but those into the server's own object. A device is the
first object on the way that is no folder; its variables are the fields of one channel, named by the path below
it. Addresses name the namespace by its URI, since indices change when a server starts again.
"""

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from qualweave.mappers.live.port import FieldFacts
from qualweave.values import find_unit

if TYPE_CHECKING:
    from asyncua import Client, Node

_DEEPEST = 16
_SKIPPED = frozenset({"i=2253", "i=23470"})  # Server, Aliases
_FOLDER = "i=61"
_HISTORY_READ = 4  # bit of AccessLevel
_READ = 1


@dataclass(frozen=True)
class Variable:
    """One variable of a server.

    Attributes:
        node_id: With the namespace index that holds now.
        path: Names from *Objects* down, joined by ``/``.
        device: Name of the device, ``""`` where there are only folders above.
        device_path: Names down to the device.
        facts: Name below the device, unit, range, states, description and lasting address.
        has_history: Whether the server keeps its values for clients.
    """

    node_id: Any
    path: str
    device: str
    device_path: str
    facts: FieldFacts
    has_history: bool


@dataclass(frozen=True)
class _Place:
    """Where the browse stands: names so far, and the device on the way."""

    names: tuple[str, ...] = ()
    device_at: int = 0
    device: str = ""


async def browse(client: "Client") -> list[Variable]:
    """Return the variables of a server that can be read, in order of their paths."""
    namespaces = await client.get_namespace_array()
    found = [one async for one in _walk(client.get_objects_node(), _Place(), namespaces, set())]
    return sorted(found, key=lambda one: one.path)


async def _walk(
    node: "Node", place: _Place, namespaces: Sequence[str], seen: set[str]
) -> AsyncIterator[Variable]:
    from asyncua import ua  # noqa: PLC0415 - an extra

    for one in await node.get_references(
        refs=ua.ObjectIds.HierarchicalReferences, direction=ua.BrowseDirection.Forward
    ):
        key = one.NodeId.to_string()
        is_property = one.ReferenceTypeId.Identifier == ua.ObjectIds.HasProperty
        if key in seen or key in _SKIPPED or is_property or len(place.names) >= _DEEPEST:
            continue
        seen.add(key)
        below = _below(place, one)
        child = node.session and type(node)(node.session, one.NodeId)
        if one.NodeClass == ua.NodeClass.Variable:
            variable = await _variable(child, below, namespaces)
            if variable is not None:
                yield variable
        if one.NodeClass in (ua.NodeClass.Object, ua.NodeClass.Variable):
            async for deeper in _walk(child, below, namespaces, seen):
                yield deeper


def _below(place: _Place, reference: Any) -> _Place:  # noqa: ANN401 - of asyncua
    from asyncua import ua  # noqa: PLC0415 - an extra

    names = (*place.names, str(reference.BrowseName.Name))
    is_device = (
        not place.device
        and reference.NodeClass == ua.NodeClass.Object
        and reference.TypeDefinition.to_string() != _FOLDER
    )
    if is_device:
        shown = reference.DisplayName.Text or names[-1]
        return _Place(names, len(names), shown)
    return replace(place, names=names)


async def _variable(node: "Node", place: _Place, namespaces: Sequence[str]) -> Variable | None:
    """Return a variable with its facts; None for one that cannot be read or holds a structure."""
    from asyncua import ua  # noqa: PLC0415 - an extra

    ids = ua.AttributeIds
    wanted = [ids.AccessLevel, ids.Description, ids.Value]
    access, description, value = await node.read_attributes(wanted)
    level = access.Value.Value if access.Value else 0
    kind = value.Value.VariantType if value.Value else None
    if not level & _READ or kind == ua.VariantType.ExtensionObject:
        return None
    device_at = place.device_at or max(len(place.names) - 1, 0)
    told = description.Value.Value if description.Value else None
    facts = FieldFacts(
        name=".".join(place.names[device_at:]),
        description=(told.Text if told else "") or "",
        address=lasting(node.nodeid, namespaces),
    )
    return Variable(
        node_id=node.nodeid,
        path="/".join(place.names),
        device=place.device,
        device_path="/".join(place.names[:device_at]),
        facts=await _with_properties(node, facts),
        has_history=bool(level & _HISTORY_READ),
    )


def lasting(node_id: Any, namespaces: Sequence[str]) -> str:  # noqa: ANN401 - of asyncua
    """Return a node id with the URI of its namespace in place of its index."""
    text = str(node_id.to_string())
    index = node_id.NamespaceIndex
    return f"nsu={namespaces[index]};{text.split(';', 1)[-1]}" if index else text


async def _with_properties(node: "Node", facts: FieldFacts) -> FieldFacts:
    """Return the facts with unit, range and states, which stand in properties of the variable."""
    values = {}
    for one in await node.get_properties():
        name = (await one.read_browse_name()).Name
        if name in _PROPERTIES:
            values[name] = await one.read_value()
    changes: dict[str, Any] = {}
    if values.get("EngineeringUnits") is not None:
        changes["unit"] = unit_text(values["EngineeringUnits"])
    if values.get("EURange") is not None:
        changes |= {"low": values["EURange"].Low, "high": values["EURange"].High}
    if states := _states(values):
        changes["states"] = states
    return replace(facts, **changes)


_PROPERTIES = frozenset(
    {"EngineeringUnits", "EURange", "EnumStrings", "EnumValues", "TrueState", "FalseState"}
)


def _states(values: dict[str, Any]) -> dict[str, str]:
    if values.get("EnumStrings"):
        return {str(at): one.Text or "" for at, one in enumerate(values["EnumStrings"])}
    if values.get("EnumValues"):
        return {str(one.Value): one.DisplayName.Text or "" for one in values["EnumValues"]}
    named = {"true": values.get("TrueState"), "false": values.get("FalseState")}
    return {key: one.Text or "" for key, one in named.items() if one is not None}


def unit_text(information: Any) -> str:  # noqa: ANN401 - of asyncua
    """Return the unit of an EUInformation: its UN/ECE code where that is known, else what it shows.

    OPC UA Part 8, 5.6.4.3: the UnitId holds the up to three characters of the code as bytes of a number.
    """
    number = int(information.UnitId or 0)
    raw = number.to_bytes(4, "big", signed=False) if 0 < number < 1 << 32 else b""
    code = raw.strip(b"\0").decode("ascii", errors="ignore")
    shown = (information.DisplayName.Text or "") if information.DisplayName else ""
    return code if code and find_unit(code) is not None else shown
