"""From bytes to events in the JSON form, with the prefixes that the document defines."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import orjson
from lxml import etree

from qualweave.errors import UnreadableSource
from qualweave.mappers.epcis import xml_form
from qualweave.mappers.epcis.terms import BUILT_IN, EVENT_TYPES, PROTECTED

_CONTEXT_HOSTS = ("ref.gs1.org/standards/epcis", "gs1.github.io/EPCIS")


@dataclass(frozen=True)
class Events:
    """The events of one document.

    Attributes:
        events: In the JSON form of EPCIS 2.0, in document order.
        prefixes: Prefix to namespace: ours and the document's own.
        terms: Names that the document's own context defines, to IRIs.
        warnings: What could not be resolved, in words.
    """

    events: tuple[dict[str, Any], ...]
    prefixes: Mapping[str, str]
    terms: Mapping[str, str]
    warnings: tuple[str, ...] = ()


def is_epcis(path: Path) -> bool:
    """Return whether an XML file is a bare EPCIS event, which no document element gives away."""
    try:
        with path.open("rb") as file:
            parsed = etree.iterparse(
                file, events=("start",), no_network=True, resolve_entities=False
            )
            _, first = next(iter(parsed))
            return xml_form.local(first) in EVENT_TYPES
    except (etree.XMLSyntaxError, OSError, StopIteration):
        return False


def read_events(content: bytes, *, file: str) -> Events:
    """Read the events of a document, query document or bare event, in JSON or XML.

    Raises:
        UnreadableSource: If it is malformed or holds no events.
    """
    head = content.lstrip(b"\xef\xbb\xbf \t\r\n")[:1]
    found = _read_xml(content, file) if head == b"<" else _read_json(content, file)
    if not found.events and _is_query(content):
        raise UnreadableSource(
            f"{file} is an EPCIS query and holds no events.",
            message_zh=f"{file} 是 EPCIS 查询，不包含事件。",
            next_step="Ingest the document that answers the query.",
            next_step_zh="请导入查询结果文档。",
            data={"file": file},
        )
    return found


def _is_query(content: bytes) -> bool:
    return any(mark in content for mark in (b"Poll>", b"GE_eventTime", b"eventType", b"queryName"))


def _read_xml(content: bytes, file: str) -> Events:
    root = xml_form.parse(content, file=file)
    prefixes = {
        str(prefix): str(space)
        for element in root.iter()
        for prefix, space in element.nsmap.items()
        if prefix
    }
    own = {prefix: space for prefix, space in prefixes.items() if prefix not in PROTECTED}
    return Events(tuple(xml_form.events_of(root)), {**own, **_protected(), **_rest(own)}, {})


def _protected() -> dict[str, str]:
    return {prefix: BUILT_IN[prefix] for prefix in PROTECTED}


def _rest(own: Mapping[str, str]) -> dict[str, str]:
    return {prefix: space for prefix, space in BUILT_IN.items() if prefix not in own}


def _read_json(content: bytes, file: str) -> Events:
    try:
        data = orjson.loads(content.removeprefix(b"\xef\xbb\xbf"))
    except orjson.JSONDecodeError as error:
        raise UnreadableSource(
            f"{file} is not JSON: {error}.",
            message_zh=f"{file} 不是有效的 JSON：{error}。",
            next_step="Export it again; it may have been cut off.",
            next_step_zh="请重新导出；文件可能被截断。",
            data={"file": file},
        ) from error
    warnings: list[str] = []
    own: dict[str, str] = {}
    terms: dict[str, str] = {}
    first = data[0] if isinstance(data, list) and data else data
    context = first.get("@context", []) if isinstance(first, dict) else []
    _define(context, own, terms, warnings)
    events = [dict(one) for one in _events_in(data)]
    for one in events:
        _define(one.pop("@context", []), own, terms, warnings)
    return Events(
        tuple(events), {**own, **_protected(), **_rest(own)}, terms, tuple(dict.fromkeys(warnings))
    )


def _define(
    context: object, own: dict[str, str], terms: dict[str, str], warnings: list[str]
) -> None:
    """Take prefixes and terms from a context that stands in the document; note one that does not."""
    for part in context if isinstance(context, list) else [context]:
        if isinstance(part, str):
            if part and not any(host in part for host in _CONTEXT_HOSTS):
                warnings.append(
                    f"the context {part} is not fetched; its names are kept under their prefix"
                )
            continue
        if not isinstance(part, dict):
            continue
        for name, value in part.items():
            iri = value.get("@id") if isinstance(value, dict) else value
            if name.startswith("@") or not isinstance(iri, str) or name in PROTECTED:
                continue
            terms[name] = iri
            if isinstance(value, str):
                own[name] = value


def _events_in(data: object) -> Iterator[dict[str, Any]]:
    """Yield events wherever a document may hold them."""
    if isinstance(data, list):
        for one in data:
            yield from _events_in(one)
        return
    if not isinstance(data, dict):
        return
    if isinstance(data.get("type"), str) and data["type"].endswith("Event"):
        yield data
        return
    for key in ("epcisBody", "queryResults", "resultsBody", "eventList", "event", "@graph"):
        if key in data:
            yield from _events_in(data[key])
