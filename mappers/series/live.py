"""A segment of a live source, parted: values that came at a rate go to Parquet, whatever else its rows say stays.

Which fields came at a rate is written in the segment by who sealed it; a mapping may say otherwise (``sampling``). What
is decided here is whether they are samples of one thing: rows are grouped by machine, item and operation, and a group
with only one sample, or with pauses between them, holds events, though all groups together come at a rate. The same
segment and mapping are parted in the same way again.
"""

from dataclasses import dataclass, replace
from pathlib import Path

import polars as pl

from qualweave.iri import expand, local_name
from qualweave.mappers.lift import cells
from qualweave.mappers.lift.batch import Batch
from qualweave.mappers.lift.build import Lifted, put_entities
from qualweave.mappers.lift.plan import record, record_table
from qualweave.mappers.lift.row_units import convert_by_row
from qualweave.mappers.lift.sheet import Sheet, Values, bind
from qualweave.mappers.mapping import ColumnMapping, Decision, MappingDocument
from qualweave.mappers.readers.live_segment import TIME
from qualweave.mappers.series.axis import ONE_THING
from qualweave.mappers.series.rate import keeps_rate
from qualweave.mappers.series.segments import THINGS, segment_lines, thing_lines
from qualweave.mappers.table import ROW, RawTable
from qualweave.mappers.vocabulary import Vocabulary

_BETWEEN = "\x1f"
_MARK = "sourceRow>"


@dataclass(frozen=True)
class Parted:
    """A table whose samples were taken out.

    Attributes:
        rest: Rows that say more than samples, without those; for the lifter.
        lines: Nodes of the segments, lines of N-Triples without the dot.
        gone: Rows that were nothing but samples.
    """

    rest: RawTable
    lines: tuple[str, ...] = ()
    gone: int = 0

    def with_events(self, events: Lifted) -> Lifted:
        """Return what the whole table became: the segments, and what the lifter made of the rest."""
        if not self.lines:
            return events
        said = events.ntriples
        fresh = [one for one in self.lines if not _is_said(one, said)]
        text = "".join(f"{one} .\n" for one in fresh).encode()
        return replace(
            events,
            ntriples=said + text,
            triples=events.triples + len(fresh),
            rows_read=events.rows_read + self.gone,
            rows_lifted=events.rows_lifted + self.gone,
        )


def _is_said(line: str, ntriples: bytes) -> bool:
    """Return whether a line is there; a thing that events name, too, keeps the row that they give it."""
    start = line.partition(_MARK)[0] + _MARK if _MARK in line else line
    return start.encode() in ntriples


def part_series(
    table: RawTable, mapping: MappingDocument, *, batch: Batch, vocabulary: Vocabulary, home: Path,
    without: frozenset[int] = frozenset(),
) -> Parted:  # fmt: skip
    """Keep the samples of a segment of a live source as Parquet, and return the rest of its rows.

    Args:
        table: The segment.
        mapping: What its columns mean.
        batch: The file it is.
        vocabulary: The ontology, as the lifter sees it.
        home: The data folder.
        without: Rows that wait; they stay in the rest.
    """
    wanted = _wanted(table, mapping, vocabulary)
    if not wanted:
        return Parted(table)
    sheet = _sheet(table, mapping, batch, vocabulary=vocabulary, without=without)
    lines: list[str] = []
    taken: dict[str, list[int]] = {}
    for values in sheet.values:
        if values.numeric and values.mapping.name in wanted:
            is_sure = values.mapping.sampling == "series"
            samples = sheet.frame.filter(
                pl.col(values.column).is_not_null(),
                pl.lit(value=True) if is_sure else _flagged(table, values.mapping.name),
            )
            for rows, part in _parts(sheet, samples, values, home=home, is_sure=is_sure):
                lines += part
                taken.setdefault(values.mapping.name, []).extend(rows)
    if not lines:
        return Parted(table)
    return _rest(table, mapping, taken, lines)


def _wanted(table: RawTable, mapping: MappingDocument, vocabulary: Vocabulary) -> set[str]:
    """Return the fields that may be series: numbers of a parameter, at rate or said to be."""
    flagged = {one.name for one in table.at_rate}
    return {
        one.name
        for one in mapping.having(Decision.ACCEPTED)
        if one.datatype == "number"
        and vocabulary.is_parameter(expand(one.term))
        and (one.sampling == "series" or (one.sampling == "auto" and one.name in flagged))
    }


def _sheet(
    table: RawTable, mapping: MappingDocument, batch: Batch, *, vocabulary: Vocabulary,
    without: frozenset[int],
) -> Sheet:  # fmt: skip
    """Return the readable rows of a segment, in the order of their times."""
    columns = tuple(one for one in mapping.columns if one.name != TIME)
    sheet = bind(table, mapping.model_copy(update={"columns": columns}), batch, vocabulary)
    convert_by_row(sheet)
    times = table.frame[TIME].str.to_datetime("%Y-%m-%dT%H:%M:%S%.f%z", time_unit="us")
    sheet.put("time", times.cast(pl.Int64))
    names = {key for one in table.at_rate for key, _ in one.context}
    for name in sorted(names & set(table.columns)):
        sheet.put(f"x.{name}", table.frame[name].fill_null(""))
    sheet.drop_bad()
    put_entities(sheet, [record("process_record")])
    sheet.frame = sheet.frame.filter(~pl.col(ROW).is_in(sorted(without))).sort("time", ROW)
    return sheet


def _flagged(table: RawTable, name: str) -> pl.Expr:
    """Return whether a row is of a stream in which a field came at a rate."""
    by_keys: dict[tuple[str, ...], list[str]] = {}
    for one in table.at_rate:
        if one.name == name:
            keys = tuple(key for key, _ in one.context)
            by_keys.setdefault(keys, []).append(_BETWEEN.join(value for _, value in one.context))
    found = [
        pl.concat_str([pl.col(f"x.{key}") for key in keys], separator=_BETWEEN).is_in(values)
        if keys
        else pl.lit(value=True)
        for keys, values in by_keys.items()
    ]
    return pl.any_horizontal(found)


def _parts(
    sheet: Sheet, samples: pl.DataFrame, values: Values, *, home: Path, is_sure: bool
) -> list[tuple[list[int], list[str]]]:
    """Return rows and node of each thing whose samples are a series."""
    things = [f"e.{kind}" for kind in THINGS if f"e.{kind}" in samples.columns]
    things = [one for one in things if one != "e.operation" or sheet.has("r.operationIdentifier")]
    groups = samples.partition_by(things, maintain_order=True) if things else [samples]
    found = []
    for group in groups:
        if not len(group) or not (is_sure or keeps_rate(group["time"])):
            continue
        part = f"-{group[ROW][0]}"
        lines = segment_lines(sheet, group, values, home, part=part)
        found.append((group[ROW].to_list(), [*lines, *thing_lines(group)]))
    return found


def _rest(
    table: RawTable, mapping: MappingDocument, taken: dict[str, list[int]], lines: list[str]
) -> Parted:
    frame = table.frame
    for name, rows in taken.items():
        is_taken = pl.col(ROW).is_in(rows)
        frame = frame.with_columns(pl.when(~is_taken).then(pl.col(name)).alias(name))
    touched = sorted({row for rows in taken.values() for row in rows})
    says = [
        cells.cleaned(frame[one.name]).is_not_null()
        for one in mapping.having(Decision.ACCEPTED)
        if one.name in frame.columns and _makes_record(one)
    ]
    is_more = pl.any_horizontal(*map(pl.lit, says)) if says else pl.lit(value=False)
    rest = frame.filter(~pl.col(ROW).is_in(touched) | is_more)
    gone = len(frame) - len(rest)
    return Parted(replace(table, frame=rest), tuple(dict.fromkeys(lines)), gone)


def _makes_record(column: ColumnMapping) -> bool:
    """Return whether a cell is more than when, where and on what a sample was taken."""
    role = local_name(expand(column.term))
    return role not in ONE_THING and record_table().roles.get(role) != "time"
