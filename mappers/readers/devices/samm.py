"""SAMM (ESMF) aspect models in Turtle: the properties of an aspect and of its entities, flattened with their path.

Characteristics give data type, unit and enumeration; constraints give the range; names and descriptions come in every
language that the model has. What the model uses of others comes from the files beside it.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import chain
from pathlib import Path

from rdflib import RDF, XSD, Literal, URIRef
from rdflib.term import Node

from qualweave.mappers.declared import (
    DeclaredField,
    DeclaredValue,
    Device,
    Header,
    Item,
    StatedMeaning,
    ValueKind,
    text_of,
)
from qualweave.mappers.readers.devices.elements import broken, number
from qualweave.mappers.readers.devices.samm_model import Model, load
from qualweave.mappers.readers.devices.samm_units import told_unit

_DECIMALS = {XSD.decimal, XSD.double, XSD.float}
_TIMES = {XSD.dateTime, XSD.dateTimeStamp, XSD.date, XSD.time, XSD.gYear, XSD.gYearMonth}
_INTEGERS = {
    XSD.integer, XSD.int, XSD.long, XSD.short, XSD.byte, XSD.nonNegativeInteger, XSD.positiveInteger,
    XSD.negativeInteger, XSD.nonPositiveInteger, XSD.unsignedLong, XSD.unsignedInt, XSD.unsignedShort,
    XSD.unsignedByte,
}  # fmt: skip
_READY: dict[str, tuple[str, ValueKind]] = {
    "Text": ("string", "text"), "MultiLanguageText": ("langString", "text"), "Boolean": ("boolean", "boolean"),
    "Timestamp": ("dateTime", "time"), "Language": ("string", "text"), "Locale": ("string", "text"),
    "ResourcePath": ("anyURI", "text"), "MimeType": ("string", "text"), "UnitReference": ("curie", "text"),
}  # fmt: skip
"""Characteristics that the metamodel has ready-made: their data type, and what kind of value that is."""


@dataclass(frozen=True)
class _Kind:
    """What a characteristic, with its constraints and those that it rests on, says of a property."""

    name: str = ""
    data_type: Node | None = None
    ready: tuple[str, ValueKind] | None = None
    unit: Node | None = None
    values: tuple[DeclaredValue, ...] = ()
    low: float | None = None
    high: float | None = None
    entities: tuple[Node, ...] = ()
    is_open: bool = False  # rests on what no file that was given declares


@dataclass(frozen=True)
class _Walk:
    """Where we are in an aspect."""

    model: Model
    device: str
    path: tuple[str, ...] = ()
    kinds: tuple[str, ...] = ()
    entities: tuple[Node, ...] = ()


@dataclass(frozen=True)
class _Use:
    """A property as an aspect or entity uses it."""

    node: Node
    payload_name: str = ""
    optional: bool = False


def samm_items(path: Path, beside: Sequence[Path] = ()) -> Iterator[Item]:
    """Yield header, aspect, properties and flaws of an aspect model.

    Args:
        path: The model in Turtle.
        beside: Files that may hold the models that it uses.

    Raises:
        UnreadableSource: If it cannot be read, is of the older BAMM, or holds no aspect.
    """
    model = load(path, beside)
    aspects = sorted(model.of_type("Aspect"), key=str)
    own = [one for one in aspects if one in model.lines]
    if not own:
        raise broken(path.name, 0, "declares no samm:Aspect", "未声明 samm:Aspect")
    first = own[0]
    names = model.texts(first, "preferredName")
    yield Header(str(first), _version(first), text_of(names) or model.local(first))
    yield from model.missing()
    for aspect in own:
        yield Device(id=str(aspect), name=model.local(aspect), kind="Aspect")
        walk = _Walk(model, str(aspect))
        yield from _properties(aspect, walk)
        for event in model.items(aspect, "events"):
            yield from _properties(
                event, replace(walk, path=(model.local(event),), kinds=("Event",)), "parameters"
            )


def _version(urn: Node) -> str:
    return str(urn).partition("#")[0].rpartition(":")[2]


def _properties(owner: Node, walk: _Walk, listed: str = "properties") -> Iterator[Item]:
    for use in _uses(owner, walk.model, listed):
        yield from _property(use, walk)


def _uses(owner: Node, model: Model, listed: str) -> Iterator[_Use]:
    """Yield the properties of an aspect or entity, those of what it extends first."""
    seen: set[Node] = set()
    line: list[Node] = []
    at: Node | None = owner
    while at is not None and at not in seen:
        seen.add(at)
        line.insert(0, at)
        at = model.value(at, "extends")
    for one in chain.from_iterable(model.items(each, listed) for each in line):
        if isinstance(one, URIRef):
            yield _Use(one)
            continue
        if model.is_true(one, "notInPayload"):
            continue
        node = model.value(one, "property") or model.value(one, "extends")
        if node is not None:
            payload = model.value(one, "payloadName")
            yield _Use(node, str(payload or ""), model.is_true(one, "optional"))


def _property(use: _Use, walk: _Walk) -> Iterator[Item]:
    model, node = walk.model, use.node
    name = use.payload_name or model.local(node)
    characteristic = model.inherited(node, "characteristic")
    if characteristic is None:
        if model.has(node) and not model.is_of(node, "AbstractProperty"):
            yield model.flaw(
                "type", node, told="has no samm:characteristic", told_zh="没有 samm:characteristic"
            )
        return
    kind = _kind(characteristic, model, ())
    if kind.entities:
        yield from _below(use, kind, name, walk=walk)
        return
    if kind.data_type is None and kind.ready is None:
        if not kind.is_open and model.has(characteristic):
            yield model.flaw(
                "type", characteristic, told="has no samm:dataType", told_zh="没有 samm:dataType"
            )
        return
    yield _field(node, name, kind, walk=walk)


def _below(use: _Use, kind: _Kind, name: str, *, walk: _Walk) -> Iterator[Item]:
    for entity in kind.entities:
        if entity in walk.entities:
            if not use.optional:
                owner = walk.model.local(entity)
                yield walk.model.flaw("cycle", use.node, told=f"leads back to its own entity {owner}",
                                      told_zh=f"又引回其所属实体 {owner}")  # fmt: skip
            continue
        yield from _properties(
            entity,
            replace(
                walk, path=(*walk.path, name), kinds=(*walk.kinds, walk.model.local(entity)),
                entities=(*walk.entities, entity),
            ),
        )  # fmt: skip


def _field(node: Node, name: str, kind: _Kind, *, walk: _Walk) -> DeclaredField:
    model = walk.model
    unit, codes = told_unit(kind.unit, model)
    file, line = model.place(node)
    data_type = (
        model.local(kind.data_type) if kind.data_type is not None else (kind.ready or ("", ""))[0]
    )
    values_are: ValueKind = (
        kind.ready[1] if kind.ready and kind.data_type is None else _values_are(kind.data_type)
    )
    example = model.inherited(node, "exampleValue")
    see = [str(one) for one in model.graph.objects(node, URIRef(model.meta + "see"))]
    return DeclaredField(
        name=name,
        id=str(node),
        line=line,
        file=file,
        path=walk.path,
        components=walk.kinds,
        device=walk.device,
        labels=model.texts(node, "preferredName"),
        descriptions=model.texts(node, "description"),
        unit=unit,
        unit_codes=codes,
        data_type=data_type,
        values_are="code" if kind.values else values_are,
        minimum=kind.low,
        maximum=kind.high,
        values=kind.values,
        kind=kind.name,
        meanings=(
            StatedMeaning("samm", str(node)),
            *(StatedMeaning("iri", one) for one in sorted(see)),
        ),
        examples=(str(example),) if example is not None else (),
    )


def _values_are(data_type: Node | None) -> ValueKind:
    if data_type in _DECIMALS:
        return "decimal"
    if data_type in _INTEGERS:
        return "integer"
    if data_type in _TIMES:
        return "time"
    return "boolean" if data_type == XSD.boolean else "text"


def _kind(node: Node, model: Model, above: tuple[Node, ...]) -> _Kind:
    """Return what a characteristic says; one that rests on itself ends there."""
    if node in above or len(above) > 20:  # noqa: PLR2004 - no model nests so deeply
        return _Kind()
    name = model.local(node)
    if str(node).startswith(model.characteristics) and name in _READY:
        return _Kind(name, ready=_READY[name])
    types = [model.local(one) for one in model.graph.objects(node, RDF.type)]
    parts = [
        part
        for key in ("baseCharacteristic", "elementCharacteristic", "left", "right")
        if (part := model.value(node, key, characteristics=True)) is not None
    ]
    rest = [_kind(part, model, (*above, node)) for part in parts]
    data_type = model.value(node, "dataType")
    is_entity = data_type is not None and (
        model.is_of(data_type, "Entity") or model.is_of(data_type, "AbstractEntity")
    )
    own = _Kind(
        name=types[0] if types else name,
        data_type=None if is_entity else data_type,
        unit=model.value(node, "unit", characteristics=True),
        values=tuple(_values(node, model)),
        entities=(data_type,) if is_entity and data_type is not None else (),
        is_open=any(not model.has(part) for part in parts),
    )
    return _bounded(node, model, _merged(own, rest))


def _merged(own: _Kind, rest: Sequence[_Kind]) -> _Kind:
    for one in rest:
        own = _Kind(
            name=one.name or own.name,
            data_type=own.data_type or one.data_type,
            ready=own.ready or one.ready,
            unit=own.unit or one.unit,
            values=own.values or one.values,
            low=one.low if own.low is None else own.low,
            high=one.high if own.high is None else own.high,
            entities=tuple(dict.fromkeys((*own.entities, *one.entities))),
            is_open=own.is_open or one.is_open,
        )
    return own


def _bounded(node: Node, model: Model, kind: _Kind) -> _Kind:
    for one in model.values(node, "constraint", characteristics=True):
        low = model.value(one, "minValue", characteristics=True)
        high = model.value(one, "maxValue", characteristics=True)
        kind = replace(
            kind,
            low=number(str(low)) if low is not None else kind.low,
            high=number(str(high)) if high is not None else kind.high,
        )
    return kind


def _values(node: Node, model: Model) -> Iterator[DeclaredValue]:
    """Yield the values of an enumeration: literals, or instances of an entity with their own properties."""
    for one in model.items(node, "values", characteristics=True):
        if isinstance(one, Literal):
            yield DeclaredValue(str(one))
            continue
        told = [each for each in model.graph.objects(one) if isinstance(each, Literal)]
        names = {each.language or "": str(each) for each in told}
        yield DeclaredValue(model.local(one), names, str(one))
