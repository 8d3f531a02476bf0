"""Asset Administration Shells: properties, multilingual properties and ranges of all submodels, however nested.

What a semantic id stands for comes from the concept description of the same document (IEC 61360 content: preferred
name, definition, unit, data type, value list). Metamodel 3, as JSON, XML or AASX.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from qualweave.mappers.declared import (
    DeclaredField,
    DeclaredValue,
    Device,
    Flaw,
    Header,
    Item,
    Scheme,
    StatedMeaning,
    Texts,
    ValueKind,
    no_texts,
    text_of,
)
from qualweave.mappers.readers.devices.aas_document import (
    MOST_BYTES,
    Environment,
    Part,
    json_environment,
    xml_environment,
)
from qualweave.mappers.readers.devices.aasx import package_parts
from qualweave.mappers.readers.devices.elements import broken, number

_HOLDERS = {"SubmodelElementCollection": "value", "SubmodelElementList": "value", "Entity": "statements",
            "AnnotatedRelationshipElement": "annotations"}  # fmt: skip
_FIELDS = frozenset({"Property", "MultiLanguageProperty", "Range"})
_OTHERS = frozenset({"File", "Blob", "ReferenceElement", "RelationshipElement", "Operation", "Capability",
                     "BasicEventElement"})  # fmt: skip
_INTEGERS = frozenset(
    {
        "integer", "int", "long", "short", "byte", "nonNegativeInteger", "positiveInteger", "unsignedLong",
        "unsignedInt", "unsignedShort", "unsignedByte", "nonPositiveInteger", "negativeInteger",
    }
)  # fmt: skip
_DECIMALS = frozenset({"decimal", "double", "float"})
_TIMES = frozenset({"dateTime", "date", "time", "gYear", "gYearMonth"})
_IEC: Mapping[str, ValueKind] = {
    "REAL_MEASURE": "decimal", "REAL_COUNT": "decimal", "REAL_CURRENCY": "decimal", "RATIONAL_MEASURE": "decimal",
    "INTEGER_MEASURE": "integer", "INTEGER_COUNT": "integer", "INTEGER_CURRENCY": "integer", "BOOLEAN": "boolean",
    "DATE": "time", "TIME": "time", "TIMESTAMP": "time", "STRING": "text", "STRING_TRANSLATABLE": "text",
}  # fmt: skip
_FACTS = {
    "ManufacturerName": "manufacturer", "ManufacturerProductDesignation": "model", "ManufacturerProductType": "model",
    "ManufacturerProductFamily": "model", "SerialNumber": "serial", "FirmwareVersion": "firmware",
    "SoftwareVersion": "firmware",
}  # fmt: skip


@dataclass(frozen=True)
class _Content:
    """IEC 61360 content."""

    names: Texts = field(default_factory=no_texts)
    definitions: Texts = field(default_factory=no_texts)
    unit: str = ""
    data_type: str = ""
    values: tuple[DeclaredValue, ...] = ()


@dataclass(frozen=True)
class _Place:
    """Where an element stands."""

    device: str
    path: tuple[str, ...]
    kinds: tuple[str, ...]
    line: int
    fallback: str = ""


def aas_items(path: Path) -> Iterator[Item]:
    """Yield header, devices, fields and flaws of a document or package.

    Raises:
        UnreadableSource: If it, or a part of the package, cannot be read; or is of another metamodel.
    """
    found = environment(path)
    shells = found.parts["assetAdministrationShells"]
    first = next(iter([*shells, *found.parts["submodels"]]), {})
    administration = _part(first.get("administration"))
    yield Header(
        str(first.get("id") or ""),
        _text(administration.get("version")),
        _text(first.get("idShort")),
    )
    concepts = dict(_concepts(found))
    owners = _owners(found)
    facts: dict[str, dict[str, str]] = {one.id: {} for one in owners.values()}
    for submodel in found.parts["submodels"]:
        device = owners.get(str(submodel.get("id") or ""))
        name = _text(submodel.get("idShort")) or _text(submodel.get("id"))
        place = _Place(device.id if device else "", (name,), ("Submodel",), found.line(submodel))
        for item in _elements(submodel.get("submodelElements"), place, found, concepts):
            if isinstance(item, DeclaredField) and item.name in _FACTS and item.value:
                facts.setdefault(item.device, {}).setdefault(_FACTS[item.name], item.value)
            yield item
    for one in {device.id: device for device in owners.values()}.values():
        yield replace(one, **facts[one.id])
    yield from _absent(found)


def environment(path: Path) -> Environment:
    """Return the environment of a JSON or XML document, or of the documents of a package."""
    with path.open("rb") as file:
        head = file.read(4096)
        if not head.startswith(b"PK"):
            file.seek(0)
            if _is_json(head):
                return json_environment(file.read(MOST_BYTES + 1), path.name)
            return xml_environment(file, path.name)
    found = Environment(path.name)
    for name, data in package_parts(path):
        raw = data.read()
        told = f"{path.name}!{name}"
        if _is_json(raw[:4096]):
            found.join(json_environment(raw, told))
        else:
            data.seek(0)
            found.join(xml_environment(data, told))
    if not any(found.parts.values()):
        raise broken(
            path.name,
            0,
            "holds no shell, submodel or concept description",
            "不含任何管理壳、子模型或概念描述",
        )
    return found


def _is_json(head: bytes) -> bool:
    return head.decode("utf-8", errors="replace").lstrip("\ufeff \t\r\n")[:1] in {"{", "["}


def _owners(found: Environment) -> dict[str, Device]:
    """Return the asset of each submodel, by the submodel's id; a lone shell owns what nobody claims."""
    owners: dict[str, Device] = {}
    devices = []
    for shell in found.parts["assetAdministrationShells"]:
        asset = _part(shell.get("assetInformation"))
        device = Device(
            id=_text(asset.get("globalAssetId")) or _text(shell.get("id")),
            name=_text(shell.get("idShort")) or _text(shell.get("id")),
            serial=_serial(asset),
            kind=_text(asset.get("assetType")) or _text(asset.get("assetKind")),
        )
        devices.append(device)
        for reference in _objects(shell.get("submodels")):
            owners.setdefault(_target(reference), device)
    for submodel in found.parts["submodels"]:
        if len(devices) == 1:
            owners.setdefault(str(submodel.get("id") or ""), devices[0])
    return owners


def _serial(asset: Part) -> str:
    """Return the serial number among the specific ids of an asset."""
    told = _objects(asset.get("specificAssetIds"))
    return next(
        (
            _text(one.get("value"))
            for one in told
            if _text(one.get("name")).casefold() == "serialnumber"
        ),
        "",
    )


def _absent(found: Environment) -> Iterator[Flaw]:
    """Yield submodels that a shell refers to and the document does not have."""
    have = {str(one.get("id") or "") for one in found.parts["submodels"]}
    for shell in found.parts["assetAdministrationShells"]:
        for reference in _objects(shell.get("submodels")):
            wanted = _target(reference)
            if wanted not in have:
                told = f"refers to the submodel {wanted}, which is not in the file"
                yield Flaw("absent", _text(shell.get("idShort")), told, f"引用的子模型 {wanted} 不在文件中",
                           found.line(shell), found.file)  # fmt: skip


def _elements(
    held: object, place: _Place, found: Environment, concepts: Mapping[str, _Content]
) -> Iterator[Item]:
    for at, one in enumerate(_objects(held)):
        name = _text(one.get("idShort")) or (f"{place.fallback}[{at}]" if place.fallback else "")
        kind = _text(one.get("modelType"))
        line = found.lines.get(id(one), place.line)
        if not name:
            yield Flaw("identity", "/".join(place.path), f"holds a {kind or 'thing'} without idShort (number {at + 1})",
                       f"含有没有 idShort 的元素（第 {at + 1} 个）", line, found.file)  # fmt: skip
            continue
        if kind in _FIELDS:
            yield from _field(one, name, replace(place, line=line), found=found, concepts=concepts)
        elif kind in _HOLDERS:
            below = _Place(place.device, (*place.path, name), (*place.kinds, kind), line,
                           name if kind == "SubmodelElementList" else "")  # fmt: skip
            yield from _elements(one.get(_HOLDERS[kind]), below, found, concepts)
        elif kind not in _OTHERS:
            yield Flaw("type", name, f"has the model type {kind!r}, which metamodel 3 does not have",
                       f"的模型类型 {kind!r} 不属于元模型 3", line, found.file)  # fmt: skip


def _field(
    one: Part, name: str, place: _Place, *, found: Environment, concepts: Mapping[str, _Content]
) -> Iterator[Item]:
    kind = _text(one.get("modelType"))
    meanings = tuple(_meanings(one, concepts))
    own = _own_content(one)
    known = [own, *(concepts[each.id] for each in meanings if each.id in concepts)]
    unit = next((each.unit for each in known if each.unit), "")
    values = next((each.values for each in known if each.values), ())
    data_type = _text(one.get("valueType")) or next(
        (each.data_type for each in known if each.data_type), ""
    )
    is_text = kind == "MultiLanguageProperty"
    made = DeclaredField(
        name=name,
        id="/".join((*place.path, name)),
        line=place.line,
        file=found.file,
        path=place.path,
        components=place.kinds,
        device=place.device,
        labels=_texts(one.get("displayName")) or own.names,
        descriptions=_texts(one.get("description")) or own.definitions,
        unit=unit,
        data_type=data_type or kind,
        values_are="code" if values else "text" if is_text else _values_are(data_type),
        minimum=number(_text(one.get("min"))),
        maximum=number(_text(one.get("max"))),
        values=values,
        kind=kind,
        meanings=meanings,
        value=text_of(_texts(one.get("value"))) if is_text else _text(one.get("value")),
    )
    yield made
    yield from _misfits(one, made)


def _misfits(one: Part, made: DeclaredField) -> Iterator[Flaw]:
    """Yield values that are not of the value type that the property declares."""
    for key in ("value", "min", "max"):
        text = _text(one.get(key)).strip() if made.kind != "MultiLanguageProperty" else ""
        if text and made.data_type.startswith("xs:") and made.is_number and not _is_number(text):
            yield Flaw("value", made.name, f"has the {key} {text!r}, which is no {made.data_type}",
                       f"的 {key} 为 {text!r}，不是 {made.data_type}", made.line, made.file)  # fmt: skip


def _is_number(text: str) -> bool:
    return number(text) is not None or text in {"INF", "-INF", "NaN"}


def _values_are(data_type: str) -> ValueKind:
    plain = data_type.removeprefix("xs:")
    if data_type in _IEC:
        return _IEC[data_type]
    if plain in _DECIMALS:
        return "decimal"
    if plain in _INTEGERS:
        return "integer"
    if plain in _TIMES:
        return "time"
    return (
        "boolean"
        if plain == "boolean"
        else "text"
        if plain in {"string", "anyURI", "duration"}
        else ""
    )


# --- meanings and concept descriptions ------------------------------------------------------------


def _meanings(one: Part, concepts: Mapping[str, _Content]) -> Iterator[StatedMeaning]:
    references = [one.get("semanticId"), *_objects(one.get("supplementalSemanticIds"))]
    for reference in references:
        identity = _target(reference) if isinstance(reference, dict) else ""
        if identity:
            content = concepts.get(identity, _Content())
            yield StatedMeaning(scheme_of(identity), identity, content.names, content.definitions)


def scheme_of(identity: str) -> Scheme:
    """Return whose an identifier is: an IRDI of ECLASS or IEC CDD, a SAMM URN, or an IRI.

    >>> (
    ...     scheme_of("0173-1#02-AAO677#002"),
    ...     scheme_of("0112/2///61987#ABA565#009"),
    ...     scheme_of("https://a.example/x"),
    ... )
    ('irdi', 'irdi', 'iri')
    """
    if identity.startswith("urn:samm:"):
        return "samm"
    return "irdi" if identity[:4].isdigit() and "#" in identity else "iri"


def _concepts(found: Environment) -> Iterator[tuple[str, _Content]]:
    for one in found.parts["conceptDescriptions"]:
        content = _own_content(one)
        yield (
            _text(one.get("id")),
            content if content.names else replace(content, names=_texts(one.get("displayName"))),
        )


def _own_content(one: Part) -> _Content:
    for held in _objects(one.get("embeddedDataSpecifications")):
        content = held.get("dataSpecificationContent")
        if isinstance(content, dict) and (
            "preferredName" in content or "dataType" in content or "unit" in content
        ):
            pairs = _part(content.get("valueList")).get("valueReferencePairs")
            return _Content(
                names=_texts(content.get("preferredName")),
                definitions=_texts(content.get("definition")),
                unit=_text(content.get("unit")),
                data_type=_text(content.get("dataType")),
                values=tuple(
                    DeclaredValue(_text(each.get("value")), id=_target(each.get("valueId")))
                    for each in _objects(pairs)
                ),
            )
    return _Content()


def _target(reference: Any) -> str:  # noqa: ANN401 - any JSON value
    """Return the value of the last key of a reference, ``""`` where it has none."""
    keys = _objects(reference.get("keys")) if isinstance(reference, dict) else []
    return _text(keys[-1].get("value")) if keys else ""


def _part(value: object) -> Part:
    """Return an object, an empty one where there is none."""
    return value if isinstance(value, dict) else {}


def _objects(value: object) -> list[Part]:
    return [one for one in value if isinstance(one, dict)] if isinstance(value, list) else []


def _text(value: object) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value) if isinstance(value, str | int | float) else ""


def _texts(value: object) -> Texts:
    """Return texts by language; the first of a language counts."""
    found: dict[str, str] = {}
    for one in _objects(value):
        if _text(one.get("text")):
            found.setdefault(_text(one.get("language")), _text(one.get("text")))
    return found
