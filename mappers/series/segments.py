"""From a series to segments: one Parquet file and one node per parameter, with what is asked of it most.

10 s at 10 kHz are 100,000 samples and some 20 triples: pointer, hash, count, rate, start, end, gaps, least, mean and
greatest value, standard deviation, what it is about. The same file gives the same nodes and files.
"""

from dataclasses import dataclass
from pathlib import Path

import polars as pl

from qualweave.iri import RDF, XSD, Q
from qualweave.mappers.lift.batch import Batch, segment
from qualweave.mappers.lift.build import Lifted, put_entities
from qualweave.mappers.lift.plan import record
from qualweave.mappers.lift.row_units import convert_by_row
from qualweave.mappers.lift.sheet import Sheet, Values, bind
from qualweave.mappers.mapping import MappingDocument
from qualweave.mappers.series.axis import Axis, axis_of, moment
from qualweave.mappers.series.contents import Content, keep
from qualweave.mappers.table import ROW, RawTable
from qualweave.mappers.vocabulary import Vocabulary

_GAP = 1.5  # steps; a longer one means that samples are missing
THINGS = {"equipment": "usesEquipment", "item": "about", "operation": "about"}
_CLASSES = {"equipment": "Equipment", "item": "MaterialItem", "operation": "Operation"}


@dataclass(frozen=True)
class Statistics:
    """What a segment's node says of its samples.

    Attributes:
        samples: How many have a value.
        rate: Samples per second, by the usual step.
        start: Microseconds of the first sample.
        end: Microseconds of the last one.
        gaps: Places at which samples are missing.
        least: Smallest value, in the parameter's canonical unit.
        mean: Their mean.
        greatest: Largest value.
        deviation: Standard deviation, with n - 1; 0 for one sample.
    """

    samples: int
    rate: float
    start: int
    end: int
    gaps: int
    least: float
    mean: float
    greatest: float
    deviation: float


def statistics(times: pl.Series, values: pl.Series) -> Statistics:
    """Return the statistics of samples.

    Args:
        times: Microseconds, rising; shape: (n,).
        values: Numbers without nulls; shape: (n,), n ≥ 1.
    """
    rate = Axis(times, absolute=False).rate
    steps = times.diff().drop_nulls()
    figures = values.to_frame("v").select(
        pl.col("v").min().alias("least"),
        pl.col("v").mean().alias("mean"),
        pl.col("v").max().alias("greatest"),
        pl.col("v").std().fill_null(0.0).alias("deviation"),
    )
    least, mean, greatest, deviation = figures.row(0)
    return Statistics(
        samples=len(values),
        rate=rate,
        start=int(times[0]),
        end=int(times[-1]),
        gaps=int((steps > _GAP * 1e6 / rate).sum()) if rate else 0,
        least=least,
        mean=min(
            max(mean, least), greatest
        ),  # rounding may lead the mean of equal values past them
        greatest=greatest,
        deviation=deviation,
    )


def lift_series(
    table: RawTable,
    mapping: MappingDocument,
    *,
    batch: Batch,
    vocabulary: Vocabulary,
    home: Path,
) -> Lifted:
    """Keep the samples of a series as Parquet files and return what the graph says of them.

    Args:
        table: The samples, as texts.
        mapping: What the columns mean.
        batch: The file they came from.
        vocabulary: The ontology, as the lifter sees it.
        home: The data folder.

    Returns:
        The nodes of the segments; a row whose cells cannot be read waits, and is a gap.
    """
    axis = axis_of(table, mapping)
    if axis is None:
        return Lifted(b"", 0, len(table.frame), 0)
    rest = tuple(one for one in mapping.columns if one.name != axis.column)
    sheet = bind(table, mapping.model_copy(update={"columns": rest}), batch, vocabulary)
    convert_by_row(sheet)
    sheet.put("time", axis.times)
    sheet.drop_bad()
    sheet.frame = sheet.frame.filter(pl.col("time").is_not_null())
    put_entities(sheet, [record("process_record")])
    lines = [
        line
        for values in sheet.values
        if values.numeric
        for line in segment_lines(sheet, sheet.frame, values, home, absolute=axis.absolute)
    ]
    if lines:
        lines += thing_lines(sheet.frame)
    return Lifted(
        ntriples="".join(f"{one} .\n" for one in dict.fromkeys(lines)).encode(),
        triples=len(dict.fromkeys(lines)),
        rows_read=len(table.frame),
        rows_lifted=len(sheet.frame),
        problems=tuple(sheet.problems),
        unresolved=tuple(sheet.unresolved),
    )


def segment_lines(
    sheet: Sheet,
    frame: pl.DataFrame,
    values: Values,
    home: Path,
    *,
    absolute: bool = True,
    part: str = "",
) -> list[str]:
    """Keep the samples of one parameter and return the node of their segment, as lines of N-Triples without the dot.

    Args:
        sheet: The table that they are of.
        frame: Its rows that hold samples of one thing, with their ``time`` in microseconds, rising.
        values: The parameter.
        home: The data folder.
        absolute: Whether times are moments, and not since the start.
        part: What tells the segment from others of the same parameter in the same file.
    """
    samples = frame.select(
        "time", ROW, pl.col(values.column).cast(pl.Float64).alias("value")
    ).drop_nulls()
    if not len(samples):
        return []
    kind = pl.Datetime("us", "UTC") if absolute else pl.Duration("us")
    content = keep(samples.select(pl.col("time").cast(kind), "value"), home)
    found = statistics(samples["time"], samples["value"])
    name = sheet.batch.row_prefix + segment(values.mapping.name) + part
    subject = f"<{sheet.batch.prefix('series')}{name}>"
    facts = _facts(values, content, found, absolute=absolute)
    unit = sheet.vocabulary.unit(values.predicate)
    if unit:
        facts.append(("unitText", _text(unit)))
    facts += [(THINGS[kind], f"<{iri}>") for kind, iri in _named(frame).items()]
    facts.append(("sourceRow", _typed(samples[ROW][0], "integer")))
    lines = [f"{subject} <{Q}{predicate}> {value}" for predicate, value in facts]
    return [f"{subject} <{RDF}type> <{Q}TimeSeriesSegment>", *lines]


def _facts(
    values: Values, content: Content, found: Statistics, *, absolute: bool
) -> list[tuple[str, str]]:
    facts = [
        ("about", f"<{values.predicate}>"),
        ("fieldName", _text(values.mapping.name)),
        ("storedAt", _text(content.stored_at)),
        ("hashValue", _text(content.sha256)),
        ("sampleCount", _typed(found.samples, "integer")),
        ("samplingRate", _number(found.rate)),
        ("gapCount", _typed(found.gaps, "integer")),
        ("leastValue", _number(found.least)),
        ("meanValue", _number(found.mean)),
        ("greatestValue", _number(found.greatest)),
        ("standardDeviation", _number(found.deviation)),
    ]
    if absolute:
        facts += [
            ("startedAt", _typed(moment(found.start), "dateTime")),
            ("endedAt", _typed(moment(found.end), "dateTime")),
        ]
    return facts


def _named(frame: pl.DataFrame) -> dict[str, str]:
    """Return the machine, item and operation that the whole series is of, where it names them."""
    found = {}
    for kind in THINGS:
        if kind == "operation" and "r.operationIdentifier" not in frame.columns:
            continue
        iris = frame[f"e.{kind}"].drop_nulls() if f"e.{kind}" in frame.columns else pl.Series()
        if len(iris):
            found[kind] = str(iris[0])
    return found


def thing_lines(frame: pl.DataFrame) -> list[str]:
    """Return what is said of the things that the samples of a frame are of, as lines of N-Triples without the dot."""
    first = _typed(frame[ROW][0], "integer")
    return [
        line
        for kind, iri in _named(frame).items()
        for line in (
            f"<{iri}> <{RDF}type> <{Q}{_CLASSES[kind]}>",
            f"<{iri}> <{Q}sourceRow> {first}",
        )
    ]


def _text(value: str) -> str:
    escaped = (
        value.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n").replace("\r", "\\r")
    )
    return f'"{escaped}"'


def _typed(value: object, kind: str) -> str:
    return f'"{value}"^^<{XSD}{kind}>'


def _number(value: float) -> str:
    form = repr(round(value, 10))
    return _typed(form, "double" if "e" in form else "decimal")
