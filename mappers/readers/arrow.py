"""Parquet and Arrow: columns with types and metadata of their own, read batch by batch.

Structures are flattened with dotted names and lists of numbers are joined, as in JSON; a list of structures or a map
makes the file a tree of records, which the reader of JSON turns into tables. What a field's metadata says of
unit and meaning is kept. A type that cannot be written down is a refusal that names its column (`arrow_cells`).
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any, TypeAlias

import polars as pl
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from qualweave.errors import UnreadableSource
from qualweave.mappers.readers.arrow_cells import (
    durations,
    holds_structures,
    placed,
    plain_of,
    texts_of,
)
from qualweave.mappers.readers.context import source_context
from qualweave.mappers.readers.frames import blanks_to_null, damaged_cells
from qualweave.mappers.readers.layout import distinct, named
from qualweave.mappers.readers.limits import ReadLimits
from qualweave.mappers.readers.records import record_streams
from qualweave.mappers.readers.stream import Batch, TableStream
from qualweave.mappers.table import ROW, Media

_UNIT_KEYS = ("unit", "units", "uom", "einheit", "单位")
_TEXT_KEYS = ("description", "comment", "doc", "label", "beschreibung", "说明", "描述")
_OWN_KEYS = (b"pandas", b"ARROW:schema", b"org.apache.spark", b"PARQUET:")

Batches: TypeAlias = Callable[[int], Iterator[Any]]
"""Yields record batches of at most so many rows."""


def stream_arrow(
    path: Path, hints: tuple[str, ...] = (), limits: ReadLimits | None = None
) -> list[TableStream]:
    """Return the tables of a Parquet or Arrow file, to be read in batches.

    Raises:
        UnreadableSource: If it is cut off or broken, or over a limit.
    """
    limits = limits or ReadLimits()
    media, schema, batches = _opened(path, limits)
    header = _plain_metadata(schema.metadata or {})
    if any(holds_structures(field.type) for field in schema):
        found = record_streams(
            path,
            hints,
            lambda: _records(path, schema, batches, limits),
            media=media,
            header=header,
            limits=limits,
        )
        return [_with_facts(path, one, schema) for one in found]
    flat = _flat_schema(schema)
    limits.check_columns(path, len(flat))
    names = _names(path, flat)
    units, descriptions = _units(names, flat), _facts(names, flat, _TEXT_KEYS)
    context = source_context(
        path, hints, media=media, encoding="utf-8", header=header, columns=names
    )
    return [
        TableStream(
            path.name,
            names,
            context,
            lambda rows: _text_batches(path, batches, names, rows),
            batch_rows=limits.batch_rows,
            units=units,
            descriptions=descriptions,
        )
    ]


def _opened(path: Path, limits: ReadLimits) -> tuple[Media, Any, Batches]:
    """Return media, schema and batches of a file; whatever Arrow finds wrong is a refusal."""
    try:
        with path.open("rb") as file:
            magic = file.read(6)
        if magic.startswith(b"PAR1"):
            parquet = pq.ParquetFile(path)
            limits.check_rows(path, parquet.metadata.num_rows)
            return "parquet", parquet.schema_arrow, lambda rows: _parquet(path, rows)
        opened = pa.ipc.open_file if magic == b"ARROW1" else pa.ipc.open_stream
        with pa.OSFile(str(path)) as source, opened(source) as reader:
            return "arrow", reader.schema, lambda rows: _arrow(path, opened, rows)
    except (pa.ArrowException, OSError) as error:
        raise _broken(path, str(error)) from error


def _parquet(path: Path, rows: int) -> Iterator[Any]:
    try:
        with pq.ParquetFile(path) as file:
            for part in file.iter_batches(batch_size=rows):
                part.validate(full=True)
                yield part
    except (pa.ArrowException, OSError) as error:
        raise _broken(path, str(error)) from error


def _arrow(path: Path, opened: Callable[[Any], Any], rows: int) -> Iterator[Any]:
    try:
        with pa.memory_map(str(path)) as source, opened(source) as reader:
            several = hasattr(reader, "num_record_batches")
            parts = (
                (reader.get_batch(at) for at in range(reader.num_record_batches))
                if several
                else reader
            )
            for part in parts:
                # Nothing checks what is mapped into memory: a damaged offset would end the process.
                part.validate(full=True)
                for at in range(0, part.num_rows, rows):
                    yield part.slice(at, rows)
    except (pa.ArrowException, OSError) as error:
        raise _broken(path, str(error)) from error


def _records(
    path: Path,
    schema: Any,  # noqa: ANN401 - a foreign schema
    batches: Batches,
    limits: ReadLimits,
) -> Iterator[tuple[int, dict[str, Any]]]:
    names = distinct([str(field.name) for field in schema])
    at = 0
    for part in batches(min(limits.batch_rows, 10_000)):
        columns = [
            _values(path, name, column) for name, column in zip(names, part.columns, strict=True)
        ]
        for cells in zip(*columns, strict=True):
            at += 1
            yield at, dict(zip(names, cells, strict=True))


def _values(path: Path, name: str, column: Any) -> list[Any]:  # noqa: ANN401 - a foreign column
    """Return the cells of a column that may hold structures as texts, lists and objects."""
    kind = column.type
    try:
        if not (pa.types.is_nested(kind) or holds_structures(kind)):
            return texts_of(pa.chunked_array([column]))
        plain = plain_of(kind)
        return [plain(one) for one in column.to_pylist()]
    except (ValueError, OverflowError, pa.ArrowException) as error:
        raise _unread(path, name, kind, str(error)) from error


def _text_batches(
    path: Path, batches: Batches, names: tuple[str, ...], rows: int
) -> Iterator[Batch]:
    at = 0
    for part in batches(rows):
        if not part.num_rows:
            continue
        table = _flattened(pa.Table.from_batches([part]))
        columns = [
            _texts(path, name, column) for name, column in zip(names, table.columns, strict=True)
        ]
        places = pl.Series(ROW, range(at + 1, at + part.num_rows + 1), dtype=pl.Int64)
        at += part.num_rows
        frame = blanks_to_null(pl.DataFrame([*columns, places]), names)
        yield frame, tuple(damaged_cells(frame))


def _flattened(table: Any) -> Any:  # noqa: ANN401 - a foreign table
    while any(pa.types.is_struct(field.type) for field in table.schema):
        table = table.flatten()
    return table


def _flat_schema(schema: Any) -> list[Any]:  # noqa: ANN401 - a foreign schema
    return list(_flattened(schema.empty_table()).schema)


def _texts(path: Path, name: str, column: Any) -> pl.Series:  # noqa: ANN401 - a foreign column
    """Return a column as texts."""
    kind = column.type
    try:
        if pa.types.is_boolean(kind) or pa.types.is_integer(kind):
            return _series(name, pc.cast(column, pa.string()))
        if pa.types.is_string(kind) or pa.types.is_large_string(kind):
            return _series(name, column)
        return pl.Series(name, texts_of(column), dtype=pl.String)
    except (ValueError, OverflowError, pa.ArrowException) as error:
        raise _unread(path, name, kind, str(error)) from error


def _series(name: str, column: Any) -> pl.Series:  # noqa: ANN401 - a foreign column
    series = pl.from_arrow(column)
    if not isinstance(series, pl.Series):
        raise TypeError(name)
    return series.cast(pl.String).alias(name)


def _names(path: Path, fields: list[Any]) -> tuple[str, ...]:
    """Return a name of its own for each field; Arrow lets several have one, or none."""
    try:
        given = distinct([str(one.name) for one in fields])
    except UnicodeDecodeError as error:
        raise _broken(path, "a name is no text") from error
    return tuple(named(range(len(given)), given))


def _with_facts(path: Path, stream: TableStream, schema: Any) -> TableStream:  # noqa: ANN401 - a foreign schema
    """Return a table of records with what the metadata of its fields, and of those above them, says."""
    place = stream.name.removeprefix(path.name).removeprefix("#")
    leaves = [
        (name, leaf)
        for field in schema
        for at, name, leaf in placed(field)
        if f"{place}/".startswith(f"{at}/") and name in stream.columns
    ]
    names, fields = tuple(name for name, _ in leaves), [leaf for _, leaf in leaves]
    return replace(
        stream, units=_units(names, fields), descriptions=_facts(names, fields, _TEXT_KEYS)
    )


def _units(names: tuple[str, ...], fields: list[Any]) -> dict[str, str]:
    """Return the unit of each field that states one; a duration is read in seconds, whatever it was counted in."""
    read = {name: "s" for name, one in zip(names, fields, strict=True) if durations(one.type)}
    return _facts(names, fields, _UNIT_KEYS) | read


def _facts(names: tuple[str, ...], fields: list[Any], keys: tuple[str, ...]) -> dict[str, str]:
    """Return what the metadata of fields says under one of some keys, by field."""
    found = {}
    for name, field in zip(names, fields, strict=True):
        facts = {
            _word(key).casefold(): _word(value) for key, value in (field.metadata or {}).items()
        }
        said = next((facts[key] for key in keys if facts.get(key)), "")
        if said:
            found[name] = said
    return found


def _plain_metadata(metadata: Mapping[bytes, bytes]) -> dict[str, str]:
    return {
        _word(key): _word(value)
        for key, value in metadata.items()
        if not key.startswith(_OWN_KEYS) and len(value) < 1_000  # noqa: PLR2004 - a value, no document
    }


def _word(raw: bytes) -> str:
    return raw.decode("utf-8", errors="replace")


def _unread(path: Path, name: str, kind: Any, why: str) -> UnreadableSource:  # noqa: ANN401 - a foreign type
    return UnreadableSource(
        f"{path.name}: column {name} is of type {kind} and cannot be read: {why.splitlines()[0] if why else kind}.",
        message_zh=f"{path.name}：列 {name} 的类型 {kind} 无法读取。",
        next_step="Write the column as numbers, texts or times, or leave it out.",
        next_step_zh="请将该列改写为数值、文本或时间，或去掉该列。",
        data={"file": path.name, "column": name, "type": str(kind)},
    )


def _broken(path: Path, why: str) -> UnreadableSource:
    return UnreadableSource(
        f"{path.name} is broken or half-written: {why.splitlines()[0] if why else 'it ends too early'}.",
        message_zh=f"{path.name} 已损坏或不完整。",
        next_step="Write or copy the file again.",
        next_step_zh="请重新写入或复制该文件。",
        data={"file": path.name},
    )
