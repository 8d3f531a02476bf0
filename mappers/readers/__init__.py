"""Readers: a file of any kind becomes `RawTable`s; `stream` finds out which reader it needs and reads in batches."""

from collections.abc import Callable, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import TypeAlias

from qualweave.errors import UnreadableSource
from qualweave.mappers.readers.arrow import stream_arrow
from qualweave.mappers.readers.csv import stream_csv
from qualweave.mappers.readers.devices.describe import device_tables
from qualweave.mappers.readers.devices.kind import DEVICE_KINDS
from qualweave.mappers.readers.foreign import foreign
from qualweave.mappers.readers.json import stream_json
from qualweave.mappers.readers.limits import ReadLimits
from qualweave.mappers.readers.live_segment import read_segment
from qualweave.mappers.readers.owl import read_owl
from qualweave.mappers.readers.packed import unpacked
from qualweave.mappers.readers.sheets import stream_sheets
from qualweave.mappers.readers.sniff import Kind, sniff
from qualweave.mappers.readers.sql import stream_sqlite
from qualweave.mappers.readers.stream import TableStream
from qualweave.mappers.readers.xml import stream_xml
from qualweave.mappers.series.npz import read_npz
from qualweave.mappers.table import RawTable

_Reader: TypeAlias = Callable[[Path, tuple[str, ...], ReadLimits], list[TableStream]]

__all__ = ["Kind", "ReadLimits", "TableStream", "read", "sniff", "stream"]


def read(
    path: Path, *, root: Path | None = None, limits: ReadLimits | None = None
) -> list[RawTable]:
    """Return the tables of a file, whole.

    Args:
        path: The file.
        root: Folder below which its parents are told as hints of company and system.
        limits: How much of a file is taken.

    Raises:
        UnreadableSource: If it is empty, of no kind that is read here, broken, or over a limit.
    """
    return [one.whole() for one in stream(path, root=root, limits=limits)]


def stream(
    path: Path, *, root: Path | None = None, limits: ReadLimits | None = None
) -> list[TableStream]:
    """Return the tables of a file, to be read in batches.

    Args:
        path: The file.
        root: Folder below which its parents are told as hints of company and system.
        limits: How much of a file is taken.

    Raises:
        UnreadableSource: If it is empty, of no kind that is read here, broken, or over a limit; what stands far
            behind the head may be found only while the batches are read.
    """
    limits = limits or ReadLimits()
    limits.check_file(path)
    hints = _hints(path, root)
    kind = sniff(path)
    if kind == "gzip":
        return unpacked(path, limits, lambda inner: _streams(inner, sniff(inner), hints, limits))
    return _streams(path, kind, hints, limits)


def of_table(table: RawTable) -> TableStream:
    """Return a table that is in memory as a stream."""
    return TableStream(
        table.name,
        table.columns,
        table.context,
        lambda rows: (
            (table.frame[at : at + rows], table.faults if not at else ())
            for at in range(0, table.frame.height, rows)
        ),
        units=table.units,
        descriptions=table.descriptions,
        declared=table.declared,
        terms=table.terms,
        at_rate=table.at_rate,
    )


_READERS: Mapping[Kind, _Reader] = MappingProxyType(
    {
        "csv": lambda path, hints, limits: [stream_csv(path, hints, limits)],
        "json": stream_json,
        "jsonl": stream_json,
        "xml": stream_xml,
        "xlsx": stream_sheets,
        "parquet": stream_arrow,
        "arrow": stream_arrow,
        "sqlite": stream_sqlite,
        "live": lambda path, hints, _limits: [of_table(read_segment(path, hints))],
        "npz": lambda path, hints, _limits: [of_table(read_npz(path, hints))],
        "owl": lambda path, hints, _limits: [of_table(read_owl(path, hints))],
    }
)


def _streams(
    path: Path, kind: Kind, hints: tuple[str, ...], limits: ReadLimits
) -> list[TableStream]:
    if kind in DEVICE_KINDS:
        return [of_table(one) for one in device_tables(path, hints)]
    reader = _READERS.get(kind)
    if reader is None:
        raise _no_reader(path, kind)
    return reader(path, hints, limits)


_OTHER = (
    "Give CSV, Excel, JSON, JSON Lines, XML, Parquet, Arrow, SQLite, EPCIS, "
    "or a device as OPC UA, MTConnect, AAS, SAMM or OWL."
)
_OTHER_ZH = (
    "请提供 CSV、Excel、JSON、JSON Lines、XML、Parquet、Arrow、SQLite、EPCIS "
    "或设备描述文件（OPC UA、MTConnect、AAS、SAMM、OWL）。"
)
_TOLD: Mapping[str, tuple[str, str, str, str]] = MappingProxyType(
    {
        "zip": ("a ZIP archive", "ZIP 压缩包", "Unpack it and hand in its files.", "请解压后导入其中的文件。"),
        "pdf": ("a PDF document", "PDF 文档", "Hand in the table itself, not a print of it.", "请提供表格本身。"),
        "gzip": ("packed twice with gzip", "双重 gzip 压缩文件", "Unpack it.", "请先解压。"),
        "unknown": ("empty or of an unknown format", "空文件或格式未知", _OTHER, _OTHER_ZH),
    }
)  # fmt: skip


def _no_reader(path: Path, kind: Kind) -> UnreadableSource:
    other = (
        f"of kind {kind!r}, for which there is no reader here",
        f"{kind!r} 类型文件，没有可用的读取器",
        _OTHER,
        _OTHER_ZH,
    )
    known = foreign(path) if kind == "unknown" else None
    what, what_zh, step, step_zh = known or _TOLD.get(kind, other)
    return UnreadableSource(
        f"{path.name} is {what}.",
        message_zh=f"{path.name} 是{what_zh}。",
        next_step=step,
        next_step_zh=step_zh,
        data={"file": path.name, "kind": kind},
    )


def _hints(path: Path, root: Path | None) -> tuple[str, ...]:
    if root is None:
        return path.parent.parts[-2:]
    try:
        return path.parent.relative_to(root).parts
    except ValueError:
        return path.parent.parts[-2:]
