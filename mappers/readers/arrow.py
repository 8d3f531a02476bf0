"""Parquet and Arrow: columns with types and metadata of their own, read batch by batch.

Structures are flattened with dotted names and lists of numbers are joined, as in JSON; a list of structures
makes the file a tree of records, which the reader of JSON turns into tables. What a field's metadata says of
unit and meaning is kept.
"""

from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, TypeAlias

import polars as pl
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from qualweave.errors import UnreadableSource
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
    if any(_holds_structures(field.type) for field in schema):
        return record_streams(
            path,
            hints,
            lambda: _records(batches, limits),
            media=media,
            header=header,
            limits=limits,
        )
    flat = _flat_schema(schema)
    limits.check_columns(path, len(flat))
    names = _names(path, flat)
    units, descriptions = _facts(names, flat, _UNIT_KEYS), _facts(names, flat, _TEXT_KEYS)
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


def _records(batches: Batches, limits: ReadLimits) -> Iterator[tuple[int, dict[str, Any]]]:
    at = 0
    for part in batches(min(limits.batch_rows, 10_000)):
        for record in part.to_pylist():
            at += 1
            yield at, record


def _text_batches(
    path: Path, batches: Batches, names: tuple[str, ...], rows: int
) -> Iterator[Batch]:
    at = 0
    for part in batches(rows):
        if not part.num_rows:
            continue
        table = _flattened(pa.Table.from_batches([part]))
        columns = [_texts(name, column) for name, column in zip(names, table.columns, strict=True)]
        places = pl.Series(ROW, range(at + 1, at + part.num_rows + 1), dtype=pl.Int64)
        at += part.num_rows
        frame = blanks_to_null(pl.DataFrame([*columns, places]), names)
        yield frame, tuple(damaged_cells(frame))
    del path


def _flattened(table: Any) -> Any:  # noqa: ANN401 - a foreign table
    while any(pa.types.is_struct(field.type) for field in table.schema):
        table = table.flatten()
    return table


def _flat_schema(schema: Any) -> list[Any]:  # noqa: ANN401 - a foreign schema
    return list(_flattened(schema.empty_table()).schema)


def _holds_structures(kind: Any) -> bool:  # noqa: ANN401 - a foreign type
    """Return whether a type has structures inside a list or a map."""
    if pa.types.is_map(kind):
        return True
    if _is_list(kind):
        inner = kind.value_type
        return pa.types.is_struct(inner) or _is_list(inner) or _holds_structures(inner)
    if pa.types.is_struct(kind):
        return any(_holds_structures(kind.field(at).type) for at in range(kind.num_fields))
    return False


def _is_list(kind: Any) -> bool:  # noqa: ANN401 - a foreign type
    return bool(
        pa.types.is_list(kind) or pa.types.is_large_list(kind) or pa.types.is_fixed_size_list(kind)
    )


def _texts(name: str, column: Any) -> pl.Series:  # noqa: ANN401 - a foreign column
    """Return a column as texts: numbers as they are, times in ISO 8601 with their offset, bytes in hex."""
    kind = column.type
    if pa.types.is_dictionary(kind):
        column = column.cast(kind.value_type)
        kind = column.type
    if _is_list(kind):
        texts = [
            None if one is None else " | ".join("" if v is None else _text(v) for v in one)
            for one in column.to_pylist()
        ]
        return pl.Series(name, texts, dtype=pl.String)
    if pa.types.is_boolean(kind) or pa.types.is_integer(kind) or pa.types.is_decimal(kind):
        return _series(name, pc.cast(column, pa.string()))
    if pa.types.is_string(kind) or pa.types.is_large_string(kind):
        return _series(name, column)
    texts = [None if one is None else _text(one) for one in column.to_pylist()]
    return pl.Series(name, texts, dtype=pl.String)


def _series(name: str, column: Any) -> pl.Series:  # noqa: ANN401 - a foreign column
    series = pl.from_arrow(column)
    if not isinstance(series, pl.Series):
        raise TypeError(name)
    return series.cast(pl.String).alias(name)


def _text(value: Any) -> str:  # noqa: ANN401 - any value that Arrow gives
    if isinstance(value, bytes):
        return value.hex()
    if hasattr(value, "isoformat"):
        return str(value.isoformat())
    return str(value)


def _names(path: Path, fields: list[Any]) -> tuple[str, ...]:
    """Return a name of its own for each field; Arrow lets several have one, or none."""
    try:
        given = distinct([str(one.name) for one in fields])
    except UnicodeDecodeError as error:
        raise _broken(path, "a name is no text") from error
    return tuple(named(range(len(given)), given))


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


def _broken(path: Path, why: str) -> UnreadableSource:
    return UnreadableSource(
        f"{path.name} is broken or half-written: {why.splitlines()[0] if why else 'it ends too early'}.",
        message_zh=f"{path.name} 已损坏或不完整。",
        next_step="Write or copy the file again.",
        next_step_zh="请重新写入或复制该文件。",
        data={"file": path.name},
    )
