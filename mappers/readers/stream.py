"""`TableStream`: a table of a source that is read in batches, so that its size does not matter.

The head (names, units, context) is known before the first batch. `batches` may be called again: each call
reads the source anew and gives the same rows.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from types import MappingProxyType
from typing import TypeAlias

import polars as pl

from qualweave.mappers.declared import DeclaredField
from qualweave.mappers.readers.limits import too_much
from qualweave.mappers.table import ROW, AtRate, Fault, RawTable, SourceContext

Batch: TypeAlias = tuple[pl.DataFrame, tuple[Fault, ...]]
"""Rows of a batch and what is wrong with some of them."""


@dataclass(frozen=True)
class TableStream:
    """A table that is read in batches.

    Attributes:
        name: As of `RawTable`.
        columns: Field names, byte for byte.
        context: What is known of the source.
        opened: Reads the source from its start in batches of at most so many rows.
        batch_rows: Rows of a batch where `batches` is not told.
        units: Unit per column.
        descriptions: Description per column.
        declared: Per column, what a description of the device declares of it.
        terms: Term per column that the format itself defines.
        at_rate: Fields of a live source that came at a rate.
        keep: What must live as long as the stream, such as the folder of an unpacked file.
    """

    name: str
    columns: tuple[str, ...]
    context: SourceContext
    opened: Callable[[int], Iterator[Batch]]
    batch_rows: int = 100_000
    units: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    descriptions: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    declared: Mapping[str, DeclaredField] = field(default_factory=lambda: MappingProxyType({}))
    terms: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    at_rate: tuple[AtRate, ...] = ()
    keep: object = None

    def batches(self, rows: int = 0) -> Iterator[RawTable]:
        """Yield the table in parts, in order; an empty table is one part without rows.

        Args:
            rows: Rows of a part, at most; the stream's own number where it is 0.

        Raises:
            UnreadableSource: If the source breaks a limit or breaks off on the way.
        """
        empty = True
        for frame, faults in self.opened(rows or self.batch_rows):
            empty = False
            yield self._table(frame, faults)
        if empty:
            yield self._table(self._no_rows(), ())

    def first(self, rows: int = 0) -> tuple[RawTable, bool]:
        """Return the first part, and whether it is the whole table."""
        parts = self.batches(rows)
        head = next(parts)
        return head, next(parts, None) is None

    def whole(self, *, most: int = 0) -> RawTable:
        """Return the whole table; for sources that fit into memory.

        Args:
            most: Rows that are taken, at most; all of them where it is 0.

        Raises:
            UnreadableSource: If it has more rows than are taken, or breaks off on the way.
        """
        parts, rows = [], 0
        for part in self.batches():
            parts.append(part)
            rows += part.frame.height
            if most and rows > most:
                raise too_much(
                    Path(self.context.file_name), ("or more rows for one commit", "行以上（单次提交）"), most,
                    limit=most, setting="ingest_rows",
                )  # fmt: skip
        if len(parts) == 1:
            return parts[0]
        return replace(
            parts[0],
            frame=pl.concat([one.frame for one in parts], rechunk=True),
            faults=tuple(fault for one in parts for fault in one.faults),
        )

    def _no_rows(self) -> pl.DataFrame:
        kinds = dict.fromkeys(self.columns, pl.String()) | {ROW: pl.Int64()}
        return pl.DataFrame(schema=kinds)

    def _table(self, frame: pl.DataFrame, faults: tuple[Fault, ...]) -> RawTable:
        return RawTable(
            name=self.name,
            columns=self.columns,
            frame=frame,
            context=self.context,
            units=self.units,
            descriptions=self.descriptions,
            declared=self.declared,
            terms=self.terms,
            at_rate=self.at_rate,
            faults=faults,
        )
