"""`RawTable`: what a reader makes of a file, before anything is known of its meaning.

Names and cells are kept byte for byte as the source writes them; a missing cell is null. Nested
structures become several tables, children carrying their parents' identifying columns.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from types import MappingProxyType
from typing import Literal, TypeAlias

import polars as pl

from qualweave.mappers.declared import DeclaredField

Media: TypeAlias = Literal[
    "csv",
    "json",
    "jsonl",
    "xml",
    "xlsx",
    "owl",
    "parquet",
    "arrow",
    "sql",
    "nodeset",
    "mtconnect",
    "aas",
    "samm",
]
ROW = "__row__"
"""Column of the place in the source: physical line of a CSV, 1-based record number elsewhere."""


@dataclass(frozen=True)
class SourceContext:
    """What is known of a source besides its fields.

    Attributes:
        file_name: Name of the file.
        path_hints: Names of the folders above it, outermost first.
        media: What kind of file it is.
        encoding: Charset that it was read in.
        delimiter: Of a CSV.
        language: ``"zh"``, ``"de"`` or ``"en"``, by its field names.
        header: Lines before the header, attributes of the root, scalars at the top.
        device: Best guess of the device or machine, ``""`` where there is none.
    """

    file_name: str
    path_hints: tuple[str, ...] = ()
    media: Media = "csv"
    encoding: str = "utf-8"
    delimiter: str = ""
    language: str = "en"
    header: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    device: str = ""


@dataclass(frozen=True)
class Fault:
    """Why a row waits whatever its columns mean: its file, or its source, says so.

    Attributes:
        row: Its place, as in `ROW`.
        column: Field, ``""`` where the whole row is meant.
        value: The cell, or the beginning of the line, as it was read.
        code: Reason, of the table in ``lift/problems.py``.
        detail: What was expected and found, in English, where the code alone does not say it.
        detail_zh: The same in Chinese.
    """

    row: int
    column: str
    value: str
    code: str
    detail: str = ""
    detail_zh: str = ""


@dataclass(frozen=True)
class AtRate:
    """A field of a live source whose values came at a rate while its segment was open.

    Attributes:
        name: Field.
        context: What else names the stream, sorted: levels of a topic.
        rate: Samples per second, by the usual step.
    """

    name: str
    context: tuple[tuple[str, str], ...] = ()
    rate: float = 0.0


@dataclass(frozen=True)
class RawTable:
    """A table of a source, its cells as text.

    Attributes:
        name: File name, and ``#/path`` of a nested table.
        columns: Field names, byte for byte, in the order of the source.
        frame: All columns as strings and `ROW` as Int64.
        units: Unit per column, where a unit row or attribute states it.
        descriptions: Description per column, where the source gives one.
        context: What is known of the source.
        faults: Rows that cannot be taken as they are; they are in the frame and go to quarantine.
        declared: Per column, what a description of the device declares of it.
        terms: Term per column that the format itself defines (the time stamp of a live source).
        at_rate: Fields of a live source that came at a rate.
    """

    name: str
    columns: tuple[str, ...]
    frame: pl.DataFrame
    context: SourceContext
    units: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    descriptions: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    faults: tuple[Fault, ...] = ()
    declared: Mapping[str, DeclaredField] = field(default_factory=lambda: MappingProxyType({}))
    terms: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    at_rate: tuple[AtRate, ...] = ()

    def sound(self) -> "RawTable":
        """Return the table without the rows that wait as a whole: what its fields are like is told by the others."""
        waiting = sorted({one.row for one in self.faults if not one.column})
        if not waiting:
            return self
        return replace(self, frame=self.frame.filter(~pl.col(ROW).is_in(waiting)))


@dataclass(frozen=True)
class FieldDiff:
    """How the fields of a file differ from those that its source is known to have.

    Attributes:
        added: Fields of the file that the source did not have.
        removed: Fields of the source that the file lacks.
    """

    added: tuple[str, ...]
    removed: tuple[str, ...]

    @property
    def is_same(self) -> bool:
        """Whether the fields are those that are known."""
        return not self.added and not self.removed


def field_diff(known: Sequence[str], table: RawTable) -> FieldDiff:
    """Return which fields came and which went, in the order of their source."""
    return FieldDiff(
        added=tuple(one for one in table.columns if one not in set(known)),
        removed=tuple(one for one in known if one not in set(table.columns)),
    )
