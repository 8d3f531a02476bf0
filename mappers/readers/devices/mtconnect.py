"""MTConnect ``Devices.xml``: every data item with its component, unit, type, constraints, filters and rate.

Reads what the MTConnect standard calls `MTConnectDevices`, of any version. One device is held in memory at a time.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from lxml import etree

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

_SPACE = "urn:mtconnect.org:MTConnectDevices:"
_CATEGORIES = frozenset({"SAMPLE", "EVENT", "CONDITION"})
_LEVELS = ("NORMAL", "WARNING", "FAULT", "UNAVAILABLE")
_DEVICES = frozenset({"Device", "Agent"})


@dataclass
class _Walk:
    """What has been met of a file: where we are, and the ids that are taken."""

    file: str
    device: str = ""
    ids: set[str] = field(default_factory=set)


def mtconnect_items(path: Path) -> Iterator[Item]:
    """Yield header, devices and data items of a file.

    Raises:
        UnreadableSource: If it is not well-formed, or of another namespace.
    """
    walk = _Walk(path.name)
    with path.open("rb") as data:
        for event, element in events(data, path.name):
            name = local(element)
            if event == "start" and element.getparent() is None:
                yield from _header(element, path.name)
            if event == "start" or name not in _DEVICES:
                continue
            if local_parent(element) == "Devices":
                yield from _device(element, walk)
                release(element)


def local_parent(element: etree._Element) -> str:
    """Return the name of the element above, ``""`` at the root."""
    above = element.getparent()
    return local(above) if above is not None else ""


def _header(root: etree._Element, file: str) -> Iterator[Header]:
    space = namespace(root)
    if local(root) != "MTConnectDevices" or not space.startswith(_SPACE):
        raise broken(
            file, line_of(root),
            f"has the root {local(root)!r} of the namespace {space!r}, and MTConnect's is {_SPACE}VERSION",
            f"的根元素为 {local(root)!r}（命名空间 {space!r}），应为 {_SPACE}版本号",
        )  # fmt: skip
    yield Header("", space.removeprefix(_SPACE), file.rsplit(".", 1)[0])


def _device(element: etree._Element, walk: _Walk) -> Iterator[Item]:
    told = child(element, "Description")
    walk.device = attribute(element, "uuid") or attribute(element, "id")
    yield Device(
        id=walk.device,
        name=attribute(element, "name"),
        manufacturer=attribute(told, "manufacturer") if told is not None else "",
        model=(attribute(told, "model") if told is not None else "") or inner(told),
        serial=attribute(told, "serialNumber") if told is not None else "",
        kind=local(element),
    )
    yield from _component(element, walk, (), ())


def _component(
    element: etree._Element, walk: _Walk, path: tuple[str, ...], kinds: tuple[str, ...]
) -> Iterator[Item]:
    parts = _compositions(element)
    items = child(element, "DataItems")
    for one in children(items) if items is not None else ():
        part = parts.get(attribute(one, "compositionId"))
        yield from _data_item(one, walk, (*path, *(part or ())[:1]), (*kinds, *(part or ())[1:]))
    below = child(element, "Components")
    for one in children(below) if below is not None else ():
        name = attribute(one, "name") or attribute(one, "nativeName") or local(one)
        yield from _component(one, walk, (*path, name), (*kinds, local(one)))


def _compositions(element: etree._Element) -> dict[str, tuple[str, str]]:
    """Return name and type of the parts of a component, by their ids."""
    held = child(element, "Compositions")
    return {
        attribute(one, "id"): (attribute(one, "name") or attribute(one, "type"), attribute(one, "type"))
        for one in (children(held, "Composition") if held is not None else ())
    }  # fmt: skip


def _data_item(
    element: etree._Element, walk: _Walk, path: tuple[str, ...], kinds: tuple[str, ...]
) -> Iterator[Item]:
    name = attribute(element, "name") or attribute(element, "id")
    yield from _flaws(element, name, walk)
    bounds = child(element, "Constraints")
    kind, category = attribute(element, "type"), attribute(element, "category")
    sub = attribute(element, "subType")
    values = _values(element, bounds, category)
    filters = dict(_filters(element, bounds))
    rate = number(attribute(element, "sampleRate"))
    period = filters.get("PERIOD")
    text = inner(child(element, "Description")) or inner(
        child(element, "Definition", "Description")
    )
    yield DeclaredField(
        name=name,
        id=attribute(element, "id"),
        line=line_of(element),
        file=walk.file,
        path=path,
        components=kinds,
        device=walk.device,
        descriptions={"": text} if text else {},
        unit=attribute(element, "units"),
        native_unit=attribute(element, "nativeUnits"),
        data_type=attribute(element, "representation") or "VALUE",
        values_are=_values_are(category, attribute(element, "units"), values),
        minimum=_bound(bounds, "Minimum"),
        maximum=_bound(bounds, "Maximum"),
        values=values,
        kind=category,
        meanings=(StatedMeaning("mtconnect", f"{kind}/{sub}" if sub else kind),) if kind else (),
        rate_hz=rate or (1 / period if period else None),
        delta=filters.get("MINIMUM_DELTA"),
        value=_constant(bounds),
    )


def _flaws(element: etree._Element, name: str, walk: _Walk) -> Iterator[Flaw]:
    line, identity = line_of(element), attribute(element, "id")
    if not identity:
        yield Flaw("identity", name, "has no id", "没有 id", line, walk.file)
    elif identity in walk.ids:
        yield Flaw("identity", name, f"has the id {identity!r}, which another one has",
                   f"的 id {identity!r} 重复", line, walk.file)  # fmt: skip
    walk.ids.add(identity)
    category = attribute(element, "category")
    if category not in _CATEGORIES:
        yield Flaw("category", name, f"has the category {category!r}: SAMPLE, EVENT and CONDITION are known",
                   f"的类别 {category!r} 未知，应为 SAMPLE、EVENT 或 CONDITION", line, walk.file)  # fmt: skip
    if not attribute(element, "type"):
        yield Flaw("type", name, "has no type", "没有类型", line, walk.file)


def _values_are(category: str, units: str, values: Sequence[DeclaredValue]) -> ValueKind:
    if values:
        return "code"
    return "decimal" if category == "SAMPLE" or units else ""


def _values(
    element: etree._Element, bounds: etree._Element | None, category: str
) -> tuple[DeclaredValue, ...]:
    """Return the values that a data item may take; one that may take a single one is a constant, no enumeration."""
    if category == "CONDITION":
        return tuple(DeclaredValue(one) for one in _LEVELS)
    told = [inner(one) for one in children(bounds, "Value")] if bounds is not None else []
    cells = child(element, "Definition", "EntryDefinitions")
    if not told and cells is not None:
        told = [attribute(one, "key") for one in children(cells) if attribute(one, "key")]
    return tuple(DeclaredValue(one) for one in told) if len(told) > 1 else ()


def _constant(bounds: etree._Element | None) -> str:
    told = list(children(bounds, "Value")) if bounds is not None else []
    return inner(told[0]) if len(told) == 1 else ""


def _bound(bounds: etree._Element | None, name: str) -> float | None:
    return number(inner(child(bounds, name))) if bounds is not None else None


def _filters(element: etree._Element, bounds: etree._Element | None) -> Iterator[tuple[str, float]]:
    """Yield kind and size of the filters; until version 1.3 they stood among the constraints."""
    for held in (child(element, "Filters"), bounds):
        for one in children(held, "Filter") if held is not None else ():
            size = number(inner(one))
            if size:
                yield attribute(one, "type") or "MINIMUM_DELTA", size
