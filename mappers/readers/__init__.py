"""Readers: a file of any kind becomes `RawTable`s; `read` finds out which reader it needs."""

from pathlib import Path

from qualweave.errors import UnreadableSource
from qualweave.mappers.readers.csv import read_csv
from qualweave.mappers.readers.json import read_json
from qualweave.mappers.readers.live_segment import read_segment
from qualweave.mappers.readers.owl import read_owl
from qualweave.mappers.readers.sniff import Kind, sniff
from qualweave.mappers.readers.xml import read_xml
from qualweave.mappers.table import RawTable

__all__ = ["Kind", "read", "sniff"]


def read(path: Path, *, root: Path | None = None) -> list[RawTable]:
    """Return the tables of a file.

    Args:
        path: The file.
        root: Folder below which its parents are told as hints of company and system.

    Raises:
        UnreadableSource: If it is empty, of no kind that is read here, or broken.
    """
    kind = sniff(path)
    hints = _hints(path, root)
    if kind == "csv":
        return [read_csv(path, hints)]
    if kind in {"json", "jsonl"}:
        return read_json(path, hints)
    if kind == "xml":
        return read_xml(path, hints)
    if kind == "live":
        return [read_segment(path, hints)]
    if kind == "owl":
        return [read_owl(path, hints)]
    raise UnreadableSource(
        f"{path.name}: no reader here is for a file of kind {kind!r}.",
        message_zh=f"{path.name}：没有可读取 {kind!r} 类型文件的读取器。",
        next_step="Give CSV, JSON, JSON Lines, XML, EPCIS, or an OWL description.",
        next_step_zh="请提供 CSV、JSON、JSON Lines、XML、EPCIS 或 OWL 描述文件。",
        data={"file": path.name, "kind": kind},
    )


def _hints(path: Path, root: Path | None) -> tuple[str, ...]:
    if root is None:
        return path.parent.parts[-2:]
    try:
        return path.parent.relative_to(root).parts
    except ValueError:
        return path.parent.parts[-2:]
