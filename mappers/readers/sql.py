"""SQL databases: tables and views, read in batches by SELECT only, with what the schema says of them.

A column's comment is its description; the schema's keys are told in the context. `snapshot` writes a database that is
named by a URL to Parquet files, one a table, so that what was ingested is kept as any other file is.
"""

from collections.abc import Iterator
from datetime import date, datetime, time
from pathlib import Path
from typing import Any
from urllib.parse import quote

import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
import sqlalchemy as sa
from sqlalchemy.exc import SQLAlchemyError

from qualweave.errors import InputError, UnreadableSource
from qualweave.mappers.readers.context import source_context
from qualweave.mappers.readers.frames import blanks_to_null, damaged_cells
from qualweave.mappers.readers.limits import ReadLimits
from qualweave.mappers.readers.stream import Batch, TableStream
from qualweave.mappers.table import ROW

_OWN = ("sqlite_", "pg_", "information_schema")
_LOCK_SECONDS = 2


def stream_sqlite(
    path: Path, hints: tuple[str, ...] = (), limits: ReadLimits | None = None
) -> list[TableStream]:
    """Return the tables and views of an SQLite file, to be read in batches.

    Raises:
        UnreadableSource: If it is broken, locked or without a table, or over a limit.
    """
    # "immutable" would read past a lock and past the write-ahead log.
    url = f"sqlite:///file:{quote(str(path.resolve()))}?mode=ro&uri=true"
    engine = sa.create_engine(url, connect_args={"timeout": _LOCK_SECONDS})
    return _streams(engine, path, hints, limits or ReadLimits())


def stream_sql(url: str, limits: ReadLimits | None = None) -> list[TableStream]:
    """Return the tables and views of a database, to be read in batches.

    Args:
        url: As SQLAlchemy has it, for example ``postgresql+psycopg://host/mes``; its password is told nowhere.
        limits: How much is taken.

    Raises:
        InputError: If the URL cannot be read or its driver is not installed.
        UnreadableSource: If the database does not answer, or has no table.
    """
    try:
        named = sa.make_url(url)
        if named.get_backend_name() == "sqlite" and named.database:
            return stream_sqlite(Path(named.database), (), limits)
        engine = sa.create_engine(named)
    except (SQLAlchemyError, ImportError) as error:
        raise InputError(
            f"The address of the database cannot be used: {_first_line(error)}",
            message_zh=f"数据库地址不可用：{_first_line(error)}",
            next_step="Give it as dialect+driver://user@host/database and install the driver.",
            next_step_zh="请按 dialect+driver://user@host/database 提供，并安装驱动。",
        ) from error
    return _streams(
        engine, Path(named.database or named.host or "database"), (), limits or ReadLimits()
    )


def snapshot(url: str, folder: Path, limits: ReadLimits | None = None) -> list[Path]:
    """Write every table of a database to a Parquet file and return the files.

    Args:
        url: As of `stream_sql`.
        folder: Where the files go.
        limits: How much is taken.

    Raises:
        InputError: If the URL cannot be used.
        UnreadableSource: If the database does not answer, or has no table.
    """
    written = []
    for table in stream_sql(url, limits):
        database, _, name = table.name.partition("#")
        path = folder / database / f"{(name or database).replace('/', '_')}.parquet"
        path.parent.mkdir(parents=True, exist_ok=True)
        fields = [
            pa.field(one, pa.string(), metadata=_metadata(table.descriptions.get(one, "")))
            for one in table.columns
        ]
        schema = pa.schema(fields, metadata=dict(table.context.header))
        with pq.ParquetWriter(path, schema) as writer:
            for part in table.batches():
                texts = [part.frame[one].to_arrow().cast(pa.string()) for one in table.columns]
                writer.write_table(pa.Table.from_arrays(texts, schema=schema))
        written.append(path)
    return written


def _metadata(description: str) -> dict[str, str]:
    return {"description": description} if description else {}


def _streams(
    engine: sa.Engine, path: Path, hints: tuple[str, ...], limits: ReadLimits
) -> list[TableStream]:
    found: list[TableStream] = []
    name = ""
    try:
        inspector = sa.inspect(engine)
        names = [*inspector.get_table_names(), *inspector.get_view_names()]
        names = [one for one in names if not one.startswith(_OWN)]
        for name in names:
            found.append(_stream(engine, inspector, name, path=path, hints=hints, limits=limits,
                                 single=len(names) == 1))  # fmt: skip
    except SQLAlchemyError as error:
        raise _unreadable(path, error, name) from error
    finally:
        engine.dispose()
    if not found:
        raise UnreadableSource(
            f"{path.name}: the database has no table.",
            message_zh=f"{path.name}：数据库中没有表。",
            next_step="Name a database with tables, or grant the right to read them.",
            next_step_zh="请指定含有表的数据库，或授予读取权限。",
            data={"file": path.name},
        )
    return found


def _stream(
    engine: sa.Engine,
    inspector: Any,  # noqa: ANN401 - SQLAlchemy types it as a generic
    name: str,
    *,
    path: Path,
    hints: tuple[str, ...],
    limits: ReadLimits,
    single: bool,
) -> TableStream:
    columns = inspector.get_columns(name)
    limits.check_columns(path, len(columns))
    names = tuple(str(one["name"]) for one in columns)
    keys = [
        f"{', '.join(one['constrained_columns'])} → "
        f"{one['referred_table']}({', '.join(one['referred_columns'])})"
        for one in inspector.get_foreign_keys(name)
    ]
    header = {"database": path.name, "table": name}
    header |= {"foreign keys": "; ".join(keys)} if keys else {}
    key = inspector.get_pk_constraint(name).get("constrained_columns") or []
    header |= {"primary key": ", ".join(key)} if key else {}
    context = source_context(
        path, hints, media="sql", encoding="utf-8", header=header, columns=names
    )
    order = [one for one in names if one in key]
    return TableStream(
        path.name if single else f"{path.name}#{name}",
        names,
        context,
        lambda rows: _batches(engine, path, name, names, order=order, limits=limits, size=rows),
        batch_rows=limits.batch_rows,
        descriptions={str(c["name"]): str(c["comment"]) for c in columns if c.get("comment")},
    )


def _batches(
    engine: sa.Engine,
    path: Path,
    name: str,
    names: tuple[str, ...],
    *,
    order: list[str],
    limits: ReadLimits,
    size: int,
) -> Iterator[Batch]:
    """Read a table by one SELECT, ordered by its key so that each pass gives the same rows."""
    table = sa.table(name, *(sa.column(one) for one in names))
    query = sa.select(table).order_by(*(sa.column(one) for one in order))
    done = 0
    try:
        with engine.connect() as connection:
            result = connection.execution_options(stream_results=True).execute(query)
            for rows in result.partitions(size):
                frame = _frame(names, done, [tuple(row) for row in rows])
                done += len(rows)
                limits.check_rows(path, done)
                yield frame, tuple(damaged_cells(frame))
    except SQLAlchemyError as error:
        raise _unreadable(path, error) from error
    finally:
        engine.dispose()


def _frame(names: tuple[str, ...], done: int, rows: list[tuple[Any, ...]]) -> pl.DataFrame:
    turned = zip(*rows, strict=True)
    data = [
        pl.Series(name, [_text(one) for one in cells], dtype=pl.String)
        for name, cells in zip(names, turned, strict=True)
    ]
    places = pl.Series(ROW, range(done + 1, done + len(rows) + 1), dtype=pl.Int64)
    return blanks_to_null(pl.DataFrame([*data, places]), names)


def _text(value: object) -> str | None:
    match value:
        case None:
            return None
        case bool():
            return "true" if value else "false"
        case datetime() | date() | time():
            return value.isoformat()
        case bytes():
            return value.hex()
        case _:
            return str(value)


def _first_line(error: BaseException) -> str:
    return str(getattr(error, "orig", None) or error).splitlines()[0]


def _unreadable(path: Path, error: SQLAlchemyError, table: str = "") -> UnreadableSource:
    why = _first_line(error)
    busy = "locked" in why
    step = "Copy the database again, whole."
    step_zh = "请重新完整复制该数据库。"
    if table:
        step = f"Correct or drop {table}, or copy the database again, whole."
        step_zh = f"请修正或删除 {table}，或重新完整复制该数据库。"
    return UnreadableSource(
        f"{path.name}: {table or 'the database'} cannot be read: {why}.",
        message_zh=f"{path.name}：{table or '数据库'}{'被其他程序锁定' if busy else '无法读取或已损坏'}（{why}）。",
        next_step="Close the program that writes to it." if busy else step,
        next_step_zh="请关闭正在写入的程序。" if busy else step_zh,
        data={"file": path.name, "table": table},
    )
