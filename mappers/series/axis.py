"""Whether a table is a series, and when each of its samples was taken.

A series is decided by rate and regularity, never by the name of its file: samples of one thing, at least one per
second, with steps that are mostly alike. Its times stand in a column (moments, or seconds since the start), or follow
from a start and a rate that the head of the file states.
"""

import re
from dataclasses import dataclass
from datetime import UTC, datetime

import polars as pl

from qualweave.iri import expand, local_name
from qualweave.mappers.lift import cells
from qualweave.mappers.mapping import Decision, MappingDocument
from qualweave.mappers.table import RawTable
from qualweave.mappers.vocabulary import Vocabulary

LEAST_RATE = 1.0  # samples per second: below it a row is a record and not a sample
LEAST_SAMPLES = 32  # fewer say nothing of a rate
_ALIKE = 0.9  # share of steps that are within half of the usual one
_HEAD = 2_000  # rows that decide
_TIMES = ("eventTime", "recordedAt", "resultTime", "startedAt")
ONE_THING = frozenset(
    {"equipmentIdentifier", "serialNumber", "batchNumber", "operationIdentifier", "toolIdentifier", "lineIdentifier",
     "siteIdentifier", "firmwareVersion", "unitText"}
)  # fmt: skip
_ELAPSED = re.compile(
    r"^(?:t|time|elapsed|elapsed time|zeit|时间|相对时间)[ _]*[\[(（]?(s|sec|ms|us|µs|μs)?[\])）]?$",
    re.IGNORECASE,
)
_MICROSECONDS = {"s": 1e6, "sec": 1e6, "ms": 1e3, "us": 1.0, "µs": 1.0, "μs": 1.0}
_RATE_KEY = re.compile(r"sampl|\brate\b|采样|abtast", re.IGNORECASE)
_RATE = re.compile(r"^([0-9.]+(?:[eE][+-]?[0-9]+)?)\s*(hz|khz|mhz|s/s|sps)?$", re.IGNORECASE)
_PER_SECOND = {"khz": 1e3, "mhz": 1e6}
_START_KEY = re.compile(r"start|begin|trigger|开始|起始|触发|beginn", re.IGNORECASE)


@dataclass(frozen=True)
class Axis:
    """When the samples of a table were taken.

    Attributes:
        times: Microseconds since 1970 (UTC), or since the first sample where ``absolute`` is false; null where unread.
        absolute: Whether the moment of the start is known.
        column: Field that holds them, ``""`` where they follow from start and rate.
    """

    times: pl.Series
    absolute: bool
    column: str = ""

    @property
    def rate(self) -> float:
        """Samples per second, by the usual step; 0 where there is none."""
        steps = self.times.drop_nulls().diff().drop_nulls()
        usual = steps.median() if len(steps) else None
        return 1e6 / usual if isinstance(usual, float) and usual > 0 else 0.0

    @property
    def is_regular(self) -> bool:
        """Whether times only rise and most steps are alike."""
        steps = self.times.drop_nulls().diff().drop_nulls()
        if not len(steps) or self.rate <= 0:
            return False
        off = (steps * (self.rate / 1e6) - 1).abs() > 0.5  # noqa: PLR2004 - half of a step
        return bool((steps > 0).all()) and int(off.sum()) <= (1 - _ALIKE) * len(steps)


def axis_of(table: RawTable, mapping: MappingDocument) -> Axis | None:
    """Return the time axis of a table, None where it has none."""
    elapsed = _elapsed(table)
    if elapsed is not None:
        return elapsed
    accepted = mapping.having(Decision.ACCEPTED)
    for role in _TIMES:
        for column in accepted:
            if local_name(expand(column.term)) == role and column.name in table.frame.columns:
                read = cells.times(
                    cells.cleaned(table.frame[column.name]),
                    time_format=column.time_format,
                    timezone=mapping.timezone,
                    day_first=mapping.day_first,
                )
                return Axis(_microseconds(read.values), absolute=True, column=column.name)
    return _stated(table)


def is_series(table: RawTable, mapping: MappingDocument, vocabulary: Vocabulary) -> bool:
    """Return whether a table holds samples of one thing at a rate, and not records."""
    accepted = mapping.having(Decision.ACCEPTED)
    if not any(
        vocabulary.is_parameter(expand(one.term)) and one.datatype == "number" for one in accepted
    ):
        return False
    if len(table.frame) < LEAST_SAMPLES:
        return False
    head = RawTable(
        table.name,
        table.columns,
        table.frame.head(_HEAD),
        table.context,
        table.units,
        table.descriptions,
    )
    axis = axis_of(head, mapping)
    if axis is None or axis.rate < LEAST_RATE or not axis.is_regular:
        return False
    for one in accepted:
        role = local_name(expand(one.term))
        if one.name == axis.column or vocabulary.is_parameter(expand(one.term)):
            continue
        if (
            role not in ONE_THING
            or cells.cleaned(table.frame[one.name]).drop_nulls().n_unique() > 1
        ):
            return False
    return True


def _microseconds(moments: pl.Series) -> pl.Series:
    parsed = moments.str.to_datetime("%Y-%m-%dT%H:%M:%S%.fZ", strict=False, time_unit="us")
    return parsed.cast(pl.Int64)


def _elapsed(table: RawTable) -> Axis | None:
    """Return the axis of a column of seconds, milliseconds or microseconds since the start."""
    for name in table.columns:
        match = _ELAPSED.match(name.strip())
        if match is None:
            continue
        unit = (match.group(1) or table.units.get(name, "s")).strip("[]() ").lower()
        values = cells.cleaned(table.frame[name]).cast(pl.Float64, strict=False)
        if unit in _MICROSECONDS and values.null_count() == 0:
            start = _start(table)
            times = (values * _MICROSECONDS[unit]).round(0).cast(pl.Int64) + (start or 0)
            return Axis(times, absolute=start is not None, column=name)
    return None


def _stated(table: RawTable) -> Axis | None:
    """Return the axis that follows from a rate, and a start, in the head of the file."""
    for key, value in table.context.header.items():
        match = _RATE.match(value.strip()) if _RATE_KEY.search(key) else None
        if match is None or not float(match.group(1)):
            continue
        rate = float(match.group(1)) * _PER_SECOND.get((match.group(2) or "").lower(), 1.0)
        start = _start(table)
        count = pl.int_range(len(table.frame), eager=True).cast(pl.Float64)
        times = (count * (1e6 / rate)).round(0).cast(pl.Int64) + (start or 0)
        return Axis(times, absolute=start is not None)
    return None


def _start(table: RawTable) -> int | None:
    for key, value in table.context.header.items():
        if _START_KEY.search(key):
            read = cells.times(pl.Series("v", [value.strip()]))
            if not read.bad and read.values[0]:
                return int(_microseconds(read.values)[0])
    return None


def moment(microseconds: int) -> str:
    """Return a moment as ``xsd:dateTime`` in UTC."""
    at = datetime.fromtimestamp(microseconds // 1_000_000, tz=UTC).replace(tzinfo=None)
    fraction = microseconds % 1_000_000
    return at.isoformat() + (f".{fraction:06d}".rstrip("0") if fraction else "") + "Z"
