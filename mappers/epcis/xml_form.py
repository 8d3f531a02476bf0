"""EPCIS XML 2.0 and 1.2 in the JSON form of EPCIS 2.0, so that one path serves both.

Extension elements keep their full IRI as key. The wrappers of 1.x (``extension``, ``baseExtension``) are opened.
"""

from collections.abc import Iterator
from typing import Any

from lxml import etree

from qualweave.errors import UnreadableSource
from qualweave.mappers.epcis.terms import EVENT_TYPES, join

_EPCIS_SPACES = ("", "urn:epcglobal:epcis:xsd:2", "urn:epcglobal:epcis:xsd:1", "urn:epcglobal:epcis-query:xsd:2",
                 "urn:epcglobal:epcis-query:xsd:1")  # fmt: skip
_XSI = "{http://www.w3.org/2001/XMLSchema-instance}"
_EPCS = ("epcList", "childEPCs", "inputEPCList", "outputEPCList", "correctiveEventIDs")
_QUANTITIES = ("quantityList", "childQuantityList", "inputQuantityList", "outputQuantityList")
_TYPED = {
    "bizTransactionList": "bizTransaction",
    "sourceList": "source",
    "destinationList": "destination",
}
_WRAPPERS = ("extension", "baseExtension")
_NUMBERS = ("value", "minValue", "maxValue", "meanValue", "sDev", "percRank", "percValue")


def parse(content: bytes, *, file: str) -> etree._Element:
    """Return the root of an XML document; entities and network are shut off.

    Raises:
        UnreadableSource: If it is not well-formed.
    """
    parser = etree.XMLParser(
        resolve_entities=False,
        no_network=True,
        huge_tree=False,
        remove_comments=True,
        remove_pis=True,
    )
    try:
        return etree.fromstring(content, parser)
    except etree.XMLSyntaxError as error:
        raise UnreadableSource(
            f"{file} is not well-formed XML: {error}.",
            message_zh=f"{file} 不是格式良好的 XML：{error}。",
            next_step="Export it again; it may have been cut off.",
            next_step_zh="请重新导出；文件可能被截断。",
            data={"file": file},
        ) from error


def local(element: etree._Element) -> str:
    """Return an element's name without its namespace."""
    return str(etree.QName(element).localname)


def events_of(root: etree._Element) -> list[dict[str, Any]]:
    """Return every event of a document, query document or bare event, in the JSON form."""
    if local(root) in EVENT_TYPES:
        return [event(root)]
    return [event(one) for one in root.iter(etree.Element) if _is_event(one)]


def _is_event(element: etree._Element) -> bool:
    parent = element.getparent()
    inside = parent is not None and local(parent) in ("EventList", *_WRAPPERS)
    return inside and local(element) in EVENT_TYPES


def event(element: etree._Element) -> dict[str, Any]:
    """Return one event element in the JSON form."""
    found: dict[str, Any] = {"type": local(element)}
    for child in _children(element):
        name = local(child)
        if not _of_epcis(child):
            _extend(found, child)
        elif name in _EPCS:
            found[name] = [_text(one) for one in child]
        elif name in _QUANTITIES:
            found[name] = [_simple(one) for one in child]
        elif name in _TYPED:
            found[name] = [_typed(one, _TYPED[name]) for one in child]
        elif name == "certificationInfo":
            found.setdefault(name, []).append(_text(child))
        else:
            found[name] = _member(child, name)
    return found


def _member(child: etree._Element, name: str) -> Any:  # noqa: ANN401 - JSON has any shape
    if name in ("readPoint", "bizLocation", "errorDeclaration"):
        return _object(child)
    if name == "ilmd":
        found: dict[str, Any] = {}
        for one in _children(child):
            _extend(found, one)
        return found
    if name == "sensorElementList":
        return [_sensor(one) for one in child]
    if name == "persistentDisposition":
        dispositions: dict[str, Any] = {}
        for one in child:
            dispositions.setdefault(local(one), []).append(_text(one))
        return dispositions
    return _text(child)


def _children(element: etree._Element) -> Iterator[etree._Element]:
    for child in element:
        if local(child) in _WRAPPERS and not etree.QName(child).namespace:
            yield from _children(child)
        else:
            yield child


def _of_epcis(element: etree._Element) -> bool:
    return (etree.QName(element).namespace or "") in _EPCIS_SPACES


def _text(element: etree._Element) -> str:
    return (element.text or "").strip()


def _simple(element: etree._Element) -> dict[str, Any]:
    return {local(child): _text(child) for child in element}


def _typed(element: etree._Element, name: str) -> dict[str, Any]:
    found = {name: _text(element)}
    if element.get("type"):
        found["type"] = str(element.get("type")).strip()
    return found


def _object(element: etree._Element) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for child in _children(element):
        name = local(child)
        if not _of_epcis(child):
            _extend(found, child)
        elif name in _EPCS:
            found[name] = [_text(one) for one in child]
        else:
            found[name] = _text(child)
    return found


def _sensor(element: etree._Element) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for child in _children(element):
        name = local(child)
        if name == "sensorMetadata":
            found[name] = _attributes(child)
        elif name == "sensorReport":
            found.setdefault(name, []).append(_attributes(child))
        else:
            _extend(found, child)
    return found


def _attributes(element: etree._Element) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for key, value in element.attrib.items():
        name = etree.QName(str(key))
        if str(key).startswith(_XSI):
            continue
        text = str(value).strip()
        full = join(name.namespace, name.localname) if name.namespace else name.localname
        found[full] = float(text) if full in _NUMBERS and _is_number(text) else text
    return found


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True


def _extend(found: dict[str, Any], element: etree._Element) -> None:
    """Add an extension element under its full IRI; a repeated one makes a list."""
    name = etree.QName(element)
    key = join(name.namespace, name.localname) if name.namespace else name.localname
    value = _extension(element)
    if key not in found:
        found[key] = value
    elif isinstance(found[key], list):
        found[key].append(value)
    else:
        found[key] = [found[key], value]


def _extension(element: etree._Element) -> Any:  # noqa: ANN401 - JSON has any shape
    children = list(_children(element))
    attributes = _attributes(element)
    if not children and not attributes:
        return _typed_text(element)
    found = dict(attributes)
    for child in children:
        _extend(found, child)
    return found


def _typed_text(element: etree._Element) -> str | int | float | bool:
    """Read the text of an extension as its ``xsi:type`` says, where it says so."""
    text = _text(element)
    kind = str(element.get(_XSI + "type", "")).rsplit(":", 1)[-1]
    try:
        if kind in ("integer", "int", "long"):
            return int(text)
        if kind in ("double", "float", "decimal"):
            return float(text)
    except ValueError:
        return text
    return text == "true" if kind == "boolean" else text
