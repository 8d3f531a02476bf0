"""Segments of live sources: a head, then one line per reading or gap, as their spool wrote them.

Readings of one moment become one row, so that what a machine measured together stands together; a value that
its source calls bad or uncertain gets a row of its own, as does a gap, and both wait in quarantine with the
source's reason while the good ones go on.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import orjson
import polars as pl

from qualweave.errors import UnreadableSource
from qualweave.mappers.readers.context import language_of
from qualweave.mappers.table import ROW, AtRate, Fault, RawTable, SourceContext

if TYPE_CHECKING:
    from qualweave.mappers.live.port import Gap, Reading, Sample

SCHEMA = "qualweave_live_segment"
"""First key of a segment: what tells it from other JSON Lines."""
TIME = "sourceTimestamp"
"""Column of the time of a reading: the source's, or when it came in where the source says none."""
_TIME_TERM = "q:eventTime"


def reading_line(reading: "Reading") -> dict[str, Any]:
    """Return a reading as a line of a segment."""
    line: dict[str, Any] = {"got": _stamp(reading.got)}
    if reading.at is not None:
        line["at"] = _stamp(reading.at)
    good = {one.name: _text(one.value) for one in reading.samples if one.quality == "good"}
    other = {one.name: _status(one) for one in reading.samples if one.quality != "good"}
    parts: dict[str, Any] = {"values": good, "status": other, "context": dict(reading.context)}
    parts |= {"key": reading.key, "stream": reading.stream}
    line |= {name: part for name, part in parts.items() if part}
    if reading.sequence is not None:
        line["seq"] = reading.sequence
    return line


def gap_line(gap: "Gap") -> dict[str, Any]:
    """Return a gap as a line of a segment."""
    line: dict[str, Any] = {
        "gap": {
            "name": gap.name,
            "since": _stamp(gap.since) if gap.since else "",
            "until": _stamp(gap.until),
            "reason": gap.reason,
            "reason_zh": gap.reason_zh,
        }
    }
    return line | ({"key": gap.key} if gap.key else {})


def rates_line(found: Iterable[AtRate]) -> dict[str, Any]:
    """Return as a line of a segment which of its fields came at a rate; the last such line of a segment holds."""
    return {
        "at_rate": [
            {"name": one.name, "context": dict(one.context), "rate": round(one.rate, 3)}
            for one in found
        ]
    }


def read_rates(line: Mapping[str, Any]) -> tuple[AtRate, ...]:
    """Return what a line of a segment says of fields at a rate."""
    return tuple(
        AtRate(one["name"], tuple(sorted(one["context"].items())), one["rate"])
        for one in line.get("at_rate", ())
    )


def _status(sample: "Sample") -> list[str | None]:
    return [sample.quality, sample.reason, _text(sample.value)]


def _stamp(at: datetime) -> str:
    return at.astimezone(UTC).isoformat(timespec="microseconds")


def _text(value: object) -> str | None:
    if isinstance(value, bool):
        return "true" if value else "false"
    return None if value is None else repr(value) if isinstance(value, float) else str(value)


@dataclass
class _Rows:
    """Rows on their way to a table."""

    columns: dict[str, None] = field(default_factory=dict)
    rows: list[dict[str, str | None]] = field(default_factory=list)
    faults: list[Fault] = field(default_factory=list)
    places: dict[tuple[str, ...], list[int]] = field(default_factory=dict)

    def put(self, at: str, context: Mapping[str, str], name: str, *, value: str) -> None:
        """Put a good value into a row of its moment that has no other value of its field."""
        moment = (at, *(f"{key}={context[key]}" for key in sorted(context)))
        places = self.places.setdefault(moment, [])
        place = next((one for one in places if name not in self.rows[one]), None)
        if place is None:
            place = len(self.rows)
            places.append(place)
            self.rows.append({TIME: at, **context})
        self.rows[place][name] = value
        self.columns.setdefault(name)

    def fault(self, cells: Mapping[str, str | None], name: str, **told: str) -> None:
        """Put a row that waits, with why."""
        self.rows.append(dict(cells))
        if name:
            self.columns.setdefault(name)
        self.faults.append(Fault(len(self.rows), name, **told))


def read_segment(path: Path, hints: tuple[str, ...] = ()) -> RawTable:
    """Return the table of a segment.

    Raises:
        UnreadableSource: If a line is not one that a spool writes.
    """
    rows = _Rows()
    declared: dict[str, Any] = {}
    at_rate: tuple[AtRate, ...] = ()
    with path.open("rb") as file:
        for number, text in enumerate(file, start=1):
            line = _parsed(path, number, text)
            declared = line.get("declared") or declared
            if number == 1:
                rows.columns = dict.fromkeys([TIME, *line.get("columns", ())])
            elif "at_rate" in line:
                at_rate = read_rates(line)
            elif "gap" in line:
                _put_gap(rows, line["gap"])
            elif "got" in line:
                _put_reading(rows, line)
    return replace(_table(path, hints, declared, rows=rows), at_rate=at_rate)


def _parsed(path: Path, number: int, text: bytes) -> dict[str, Any]:
    try:
        line: object = orjson.loads(text)
        if isinstance(line, dict):
            return line
        reason = "it is no object"
    except orjson.JSONDecodeError as error:
        reason = error.msg
    raise UnreadableSource(
        f"{path.name}, line {number}: no line of a live segment: {reason}.",
        message_zh=f"{path.name} 第 {number} 行：不是实时数据段的有效行。",
        next_step="Segments are written by 'qualweave listen'; restore the file as it was.",
        next_step_zh="数据段由 qualweave listen 写入；请恢复原文件。",
        data={"file": path.name, "line": number},
    )


def _put_reading(rows: _Rows, line: Mapping[str, Any]) -> None:
    at = line.get("at") or line["got"]
    context: dict[str, str] = line.get("context", {})
    for name in context:
        rows.columns.setdefault(name)
    for name, value in line.get("values", {}).items():
        if value is not None:
            rows.put(at, context, name, value=value)
    for name, (quality, reason, value) in line.get("status", {}).items():
        detail = f"{quality}: {reason}" if reason else quality
        cells = {TIME: at, **context, name: value}
        rows.fault(cells, name, value=value or "", code="bad-quality", detail=detail)


def _put_gap(rows: _Rows, gap: Mapping[str, str]) -> None:
    told = {"detail": gap["reason"], "detail_zh": gap["reason_zh"]}
    span = f"{gap['since'] or '?'}/{gap['until']}"
    rows.fault({TIME: gap["until"]}, gap["name"], value=span, code="live-gap", **told)


def _table(
    path: Path,
    hints: tuple[str, ...],
    declared: Mapping[str, Any],
    *,
    rows: _Rows,
) -> RawTable:
    columns = tuple(rows.columns)
    data = {
        name: pl.Series(name, [cells.get(name) for cells in rows.rows], dtype=pl.String)
        for name in columns
    }
    data[ROW] = pl.Series(ROW, range(1, len(rows.rows) + 1), dtype=pl.Int64)
    fields = {one["name"]: one for one in declared.get("fields", ())}
    context = SourceContext(
        file_name=path.name,
        path_hints=hints,
        media="jsonl",
        language=language_of(columns),
        header=dict(declared.get("context", {})),
        device=declared.get("device", ""),
    )
    return RawTable(
        name=path.name,
        columns=columns,
        frame=pl.DataFrame(data),
        context=context,
        units={name: one["unit"] for name, one in fields.items() if one.get("unit")},
        descriptions={name: told for name, one in fields.items() if (told := _told(one))},
        terms={TIME: _TIME_TERM},
        faults=tuple(rows.faults),
    )


def _told(facts: Mapping[str, Any]) -> str:
    """Return what a source says of a field, in one sentence a part."""
    return "; ".join(_parts(facts))


def _parts(facts: Mapping[str, Any]) -> Iterator[str]:
    if facts.get("description"):
        yield str(facts["description"])
    if "low" in facts and "high" in facts:
        yield f"range {facts['low']} to {facts['high']}"
    if facts.get("states"):
        yield "states " + ", ".join(f"{key} {text}" for key, text in facts["states"].items())
