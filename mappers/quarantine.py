"""Quarantine: a row that cannot go into the graph waits here, whole, with the reason and the fix.

Rows are kept as JSON lines per batch, written and fsynced before the batch commits, so that nothing is lost;
the governance graph has one node per waiting row. A row is released by lifting it again, with corrected cells.
"""

import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Literal

import orjson
import polars as pl

from qualweave.errors import NotFound
from qualweave.mappers.lift.batch import Batch
from qualweave.mappers.lift.problems import Problem
from qualweave.mappers.table import ROW, RawTable

RowState = Literal["held", "released"]


@dataclass(frozen=True)
class QuarantinedRow:
    """One row that waits.

    Attributes:
        id: Identifier: batch, table and row.
        batch: Short hash of the file.
        source: Source id.
        file: File name.
        table: Name of the table in the file.
        row: Source row.
        cells: The row as it was written.
        problems: Why it waits.
        state: Whether it still waits.
        corrections: Cells that were corrected when it was released.
    """

    id: str
    batch: str
    source: str
    file: str
    table: str
    row: int
    cells: Mapping[str, str | None]
    problems: tuple[Problem, ...]
    state: RowState = "held"
    corrections: Mapping[str, str] = field(default_factory=dict)

    def to_json(self) -> dict[str, object]:
        """Return the row as JSON values."""
        return {
            **{name: getattr(self, name) for name in ("id", "batch", "source", "file", "table", "row", "state")},
            "cells": dict(self.cells),
            "corrections": dict(self.corrections),
            "problems": [
                {**vars(one), "message": dict(one.message), "fix": dict(one.fix), "data": dict(one.data)}
                for one in self.problems
            ],
        }  # fmt: skip


def _from_json(row: dict[str, object]) -> QuarantinedRow:
    problems = tuple(Problem(**one) for one in row.pop("problems"))  # type: ignore[attr-defined]  # the JSON of to_json
    return QuarantinedRow(problems=problems, **row)  # type: ignore[arg-type]  # the JSON of to_json


def quarantined_rows(
    table: RawTable, problems: Iterable[Problem], batch: Batch
) -> list[QuarantinedRow]:
    """Return the rows of a table that wait, whole, with all their problems."""
    by_row: dict[int, list[Problem]] = {}
    for one in problems:
        by_row.setdefault(one.row, []).append(one)
    if not by_row:
        return []
    frame = table.frame.filter(pl.col(ROW).cast(pl.Int64).is_in(sorted(by_row)))
    part = f"-{batch.part}" if batch.part else ""
    found = []
    for cells in frame.iter_rows(named=True):
        row = int(cells.pop(ROW))
        found.append(
            QuarantinedRow(
                id=f"{batch.key}{part}-{row}",
                batch=batch.key,
                source=batch.source,
                file=batch.file_name,
                table=batch.part,
                row=row,
                cells=cells,
                problems=tuple(by_row[row]),
            )
        )
    return found


class Quarantine:
    """The waiting rows of a tenant, in a folder."""

    def __init__(self, data_dir: Path, tenant: str) -> None:
        self._folder = data_dir / "quarantine" / tenant

    def _path(self, batch: str) -> Path:
        return self._folder / f"{batch}.jsonl"

    def keep(self, batch: str, rows: Iterable[QuarantinedRow]) -> None:
        """Put the rows of a batch in place of what was kept of it; released rows stay on record."""
        fresh = list(rows)
        again = {one.id for one in fresh}
        released = [
            one for one in self.of_batch(batch) if one.state == "released" and one.id not in again
        ]
        everything = [*released, *fresh]
        path = self._path(batch)
        if not everything:
            path.unlink(missing_ok=True)
            return
        self._folder.mkdir(parents=True, exist_ok=True)
        draft = path.with_suffix(".tmp")
        with draft.open("wb") as file:
            for one in everything:
                file.write(orjson.dumps(one.to_json(), option=orjson.OPT_APPEND_NEWLINE))
            file.flush()
            os.fsync(file.fileno())
        draft.replace(path)

    def of_batch(self, batch: str) -> list[QuarantinedRow]:
        """Return every row of a batch that is or was held."""
        path = self._path(batch)
        if not path.exists():
            return []
        return [_from_json(orjson.loads(line)) for line in path.read_bytes().splitlines()]

    def held(self) -> list[QuarantinedRow]:
        """Return every row that waits, in order of file and row."""
        batches = sorted(self._folder.glob("*.jsonl")) if self._folder.exists() else []
        rows = [row for path in batches for row in self.of_batch(path.stem) if row.state == "held"]
        return sorted(rows, key=lambda one: (one.file, one.row))

    def get(self, row_id: str) -> QuarantinedRow:
        """Return a row.

        Raises:
            NotFound: If no such row is or was held.
        """
        batch = row_id.split("-", 1)[0]
        found = next((one for one in self.of_batch(batch) if one.id == row_id), None)
        if found is None:
            raise NotFound(
                f"No row {row_id} is in quarantine.",
                message_zh=f"隔离区中没有行 {row_id}。",
                next_step="List the quarantine for the ids of its rows.",
                next_step_zh="请查看隔离区列表以获取行标识。",
                data={"row": row_id},
            )
        return found

    def corrected(self, table: RawTable, batch: Batch) -> RawTable:
        """Return a table with the corrections of its released rows, so that lifting again keeps them."""
        fixes = {
            one.row: one.corrections
            for one in self.of_batch(batch.key)
            if one.state == "released" and one.table == batch.part and one.corrections
        }
        if not fixes:
            return table
        columns = {name for one in fixes.values() for name in one}
        rows = table.frame[ROW].to_list()
        patched = []
        for name in sorted(columns):
            cells = table.frame[name].to_list()
            new = [
                fixes.get(row, {}).get(name, cell) for row, cell in zip(rows, cells, strict=True)
            ]
            patched.append(pl.Series(name, new, dtype=pl.String))
        left = tuple(one for one in table.faults if one.row not in fixes)
        return replace(table, frame=table.frame.with_columns(patched), faults=left)

    def mark_released(self, row_id: str, corrections: Mapping[str, str]) -> QuarantinedRow:
        """Note that a row was lifted after all."""
        row = self.get(row_id)
        rest = [one for one in self.of_batch(row.batch) if one.id != row_id]
        released = replace(row, state="released", corrections=dict(corrections))
        self.keep(row.batch, [*(one for one in rest if one.state == "held"), released])
        return released


def list_quarantine(data_dir: Path, tenant: str = "plant") -> list[QuarantinedRow]:
    """Return every row of a tenant that waits."""
    return Quarantine(data_dir, tenant).held()
