"""MTConnect streams: what machines sent, one row for each observation, with data item and time.

Conditions give their level as the value and their text beside it; entries of a data set are rows of their own;
``UNAVAILABLE`` is a missing value, as the standard means it.
"""

from collections.abc import Iterator
from pathlib import Path

import polars as pl
from lxml import etree

from qualweave.mappers.readers.context import source_context
from qualweave.mappers.readers.devices.elements import (
    attribute,
    broken,
    children,
    events,
    inner,
    line_of,
    local,
    namespace,
    release,
)
from qualweave.mappers.table import ROW, RawTable

COLUMNS = (
    "dataItemId", "timestamp", "value", "name", "type", "subType", "category", "component", "componentName",
    "device", "deviceUuid", "sequence", "entry", "message", "nativeCode", "sampleRate",
)  # fmt: skip
_SPACE = "urn:mtconnect.org:MTConnectStreams:"
_CATEGORIES = {"Samples": "SAMPLE", "Events": "EVENT", "Condition": "CONDITION"}
_MISSING = "UNAVAILABLE"
_BATCH = 50_000


def read_streams(path: Path, hints: tuple[str, ...] = ()) -> RawTable:
    """Return the observations of a document as a table.

    Raises:
        UnreadableSource: If it is not well-formed, of another namespace, or holds no observation.
    """
    frames = list(_frames(path))
    if not frames:
        raise broken(path.name, 0, "holds no observation", "不含任何观测值")
    frame = pl.concat(frames)
    empty = [one for one in COLUMNS if frame[one].null_count() == frame.height]
    columns = tuple(one for one in COLUMNS if one not in empty)
    devices = frame["device"].drop_nulls().unique().sort().to_list()
    context = source_context(
        path, hints, media="mtconnect", encoding="utf-8", header={"device": " ".join(devices)}, columns=columns
    )  # fmt: skip
    numbered = frame.select(columns).with_columns(
        pl.int_range(1, frame.height + 1, dtype=pl.Int64).alias(ROW)
    )
    return RawTable(name=path.name, columns=columns, frame=numbered, context=context)


def _frames(path: Path) -> Iterator[pl.DataFrame]:
    """Yield the observations in batches, so that the text of the document is never held whole."""
    schema = dict.fromkeys(COLUMNS, pl.String)
    rows: list[tuple[str | None, ...]] = []
    for one in _observations(path):
        rows.append(tuple(one.get(name) or None for name in COLUMNS))
        if len(rows) == _BATCH:
            yield pl.DataFrame(rows, schema=schema, orient="row")
            rows = []
    if rows:
        yield pl.DataFrame(rows, schema=schema, orient="row")


def _observations(path: Path) -> Iterator[dict[str, str]]:
    with path.open("rb") as data:
        for event, element in events(data, path.name):
            if event == "start" and element.getparent() is None:
                _check_root(element, path.name)
            above = element.getparent()
            if event == "end" and above is not None and local(above) in _CATEGORIES:
                yield from _rows(element, above)
                release(element)


def _check_root(root: etree._Element, file: str) -> None:
    if local(root) != "MTConnectStreams" or not namespace(root).startswith(_SPACE):
        told = f"{local(root)!r} of the namespace {namespace(root)!r}"
        raise broken(file, line_of(root), f"has the root {told}, and MTConnect's is {_SPACE}VERSION",
                     f"的根元素为 {told}，应为 {_SPACE}版本号")  # fmt: skip


def _rows(element: etree._Element, held: etree._Element) -> Iterator[dict[str, str]]:
    component = held.getparent()
    device = component.getparent() if component is not None else None
    category = _CATEGORIES[local(held)]
    is_condition = category == "CONDITION"
    text = inner(element)
    row = {
        **{one: attribute(element, one) for one in ("dataItemId", "timestamp", "name", "subType", "sequence",
                                                    "nativeCode", "sampleRate")},
        "category": category,
        "type": attribute(element, "type") if is_condition else local(element),
        "component": attribute(component, "component") if component is not None else "",
        "componentName": attribute(component, "name") if component is not None else "",
        "device": attribute(device, "name") if device is not None else "",
        "deviceUuid": attribute(device, "uuid") if device is not None else "",
        "value": _level(element) if is_condition else _present(text),
        "message": text if is_condition else "",
    }  # fmt: skip
    entries = list(children(element, "Entry"))
    if not entries:
        yield row
    for one in entries:
        yield {**row, "entry": attribute(one, "key"), "value": _present(inner(one))}


def _level(element: etree._Element) -> str:
    return _present(local(element).upper())


def _present(text: str) -> str:
    return "" if text == _MISSING else text
