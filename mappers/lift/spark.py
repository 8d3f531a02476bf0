"""The same lifting over partitions on Spark, for tables that outgrow one machine.

``mapInArrow`` hands each partition, batch by batch, to `Lifter.lift_table`: the very function that one process runs.
What parts must know of each other is asked of Spark: identities that repeat are counted before, the first row of each
thing is the least one after. The quads are those of `lift_to_folder`, each once.
"""

import pickle
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from typing import Any, TypeAlias

import numpy as np
import orjson
import polars as pl

from qualweave.capability import require
from qualweave.iri import XSD, Q
from qualweave.mappers.lift.hashes import HashSet
from qualweave.mappers.lift.stream import Lifter
from qualweave.mappers.table import ROW, RawTable, SourceContext

SparkFrame: TypeAlias = Any
"""A ``pyspark.sql.DataFrame``; pyspark is an extra and has no part in the rest of the product."""

_LIFTED = "kind string, text string, row long"
_IDENTITIES = "entity string, hash long"


@dataclass(frozen=True)
class SparkLifted:
    """What lifting on Spark gives; nothing is computed before it is written or counted.

    Attributes:
        quads: One column ``value``: lines of N-Quads without repeats, to be written with ``write.text``.
        problems: One column ``value``: why rows wait, as JSON.
    """

    quads: SparkFrame
    problems: SparkFrame


def lift_on_spark(frame: SparkFrame, lifter: Lifter, *, name: str = "") -> SparkLifted:
    """Lift a table that Spark holds.

    Args:
        frame: The rows: every field a string, and ``__row__`` with the place in the source.
        lifter: What it is lifted by.
        name: Name of the table, for messages.

    Raises:
        MissingCapability: If pyspark is not installed.
    """
    functions = require("pyspark.sql.functions", extra="spark")
    knowing = pickle.dumps(_knowing(frame, lifter, name))
    out = frame.mapInArrow(_mapper(_lifted_rows, knowing, name), _LIFTED).persist()
    end = functions.lit(f" <{lifter.batch.graph}> .")
    lines = out.filter("kind = 'line'").select("text").distinct()
    first = out.filter("kind = 'first'").groupBy("text").agg(functions.min("row").alias("row"))
    subject = functions.format_string("<%s>", "text")
    literal = functions.format_string(f'"%d"^^<{XSD}integer>', "row")
    rows = first.select(
        functions.concat(subject, functions.lit(f" <{Q}sourceRow> "), literal).alias("text")
    )
    quads = lines.union(rows).select(functions.concat("text", end).alias("value"))
    problems = out.filter("kind = 'problem'").select(functions.col("text").alias("value"))
    return SparkLifted(quads, problems)


def _knowing(frame: SparkFrame, lifter: Lifter, name: str) -> Lifter:
    """Return the lifter that knows which identities repeat: two rows with one of them are two things."""
    plain = pickle.dumps(lifter)
    found = frame.mapInArrow(_mapper(_identity_rows, plain, name), _IDENTITIES)
    again = found.groupBy("entity", "hash").count().filter("count > 1").select("entity", "hash")
    repeated: dict[str, HashSet] = {}
    for entity, value in again.collect():
        hashes = np.array([value], dtype=np.int64).view(np.uint64)
        repeated.setdefault(entity, HashSet()).take_in(hashes)
    return replace(lifter, repeated=repeated)


_Rows: TypeAlias = Callable[[Lifter, RawTable], pl.DataFrame]


def _mapper(rows: _Rows, lifter: bytes, name: str) -> Callable[[Iterable[Any]], Iterator[Any]]:
    """Return what Spark calls per partition: Arrow batches in, Arrow batches out."""

    def mapped(batches: Iterable[Any]) -> Iterator[Any]:
        work: Lifter = pickle.loads(lifter)  # noqa: S301 - written by the driver above
        for batch in batches:
            part = pl.DataFrame(pl.from_arrow(batch))
            columns = tuple(one for one in part.columns if one != ROW)
            yield from (
                rows(work, RawTable(name, columns, part, SourceContext(name)))
                .to_arrow()
                .to_batches()
            )

    return mapped


def _lifted_rows(lifter: Lifter, table: RawTable) -> pl.DataFrame:
    part = lifter.lift_table(table)
    told = [orjson.dumps(one).decode() for one in part.problems]
    texts = [
        *(("line", chunk, None) for chunk in part.lines.chunks),
        ("first", part.first["s"], part.first[ROW]),
        ("problem", pl.Series(told, dtype=pl.String), None),
    ]
    none = pl.Series([None], dtype=pl.Int64)
    return pl.concat(
        pl.DataFrame(
            {
                "kind": pl.Series([kind], dtype=pl.String).new_from_index(0, len(text)),
                "text": text,
                "row": row if row is not None else none.new_from_index(0, len(text)),
            }
        )
        for kind, text, row in texts
    )


def _identity_rows(lifter: Lifter, table: RawTable) -> pl.DataFrame:
    found = lifter.identities(table)
    parts = [
        pl.DataFrame({"entity": [entity] * len(hashes), "hash": hashes.view(np.int64)},
                     schema={"entity": pl.String, "hash": pl.Int64})
        for entity, hashes in found.items()
    ]  # fmt: skip
    return (
        pl.concat(parts) if parts else pl.DataFrame(schema={"entity": pl.String, "hash": pl.Int64})
    )
