"""Arrays of NumPy (``.npz``) as a table: arrays of one length are columns, single values its head."""

import zipfile
from pathlib import Path

import numpy as np
import polars as pl

from qualweave.errors import UnreadableSource
from qualweave.mappers.readers.context import source_context
from qualweave.mappers.table import ROW, RawTable


def is_npz(path: Path) -> bool:
    """Return whether a file is an archive of NumPy arrays and of nothing else."""
    if not zipfile.is_zipfile(path):
        return False
    with zipfile.ZipFile(path) as archive:
        names = archive.namelist()
    return bool(names) and all(name.endswith(".npy") for name in names)


def read_npz(path: Path, hints: tuple[str, ...] = ()) -> RawTable:
    """Return the table of an archive; nothing in it is executed (no pickles).

    Raises:
        UnreadableSource: If an array cannot be read, or there is no column.
    """
    try:
        with np.load(path, allow_pickle=False) as archive:
            arrays = {name: archive[name] for name in archive.files}
    except (ValueError, OSError, zipfile.BadZipFile) as error:
        raise _unreadable(path, str(error)) from error
    length = max((one.shape[0] for one in arrays.values() if one.ndim == 1), default=0)
    columns = {
        name: one for name, one in arrays.items() if one.ndim == 1 and one.shape[0] == length
    }
    if not length or not columns:
        raise _unreadable(path, "it holds no array of one dimension")
    header = {
        name: str(one.item())
        for name, one in arrays.items()
        if one.size == 1 and name not in columns
    }
    data = {name: pl.Series(name, one).cast(pl.String) for name, one in columns.items()}
    data[ROW] = pl.int_range(1, length + 1, eager=True).alias(ROW)
    context = source_context(
        path, hints, media="csv", encoding="", delimiter="", header=header, columns=tuple(columns)
    )
    return RawTable(path.name, tuple(columns), pl.DataFrame(data), context)


def _unreadable(path: Path, why: str) -> UnreadableSource:
    return UnreadableSource(
        f"{path.name} cannot be read as NumPy arrays: {why}.",
        message_zh=f"无法将 {path.name} 读作 NumPy 数组：{why}。",
        next_step="Save it with numpy.savez: arrays of numbers of one length, and start and rate as single values.",
        next_step_zh="请用 numpy.savez 保存：等长的数值数组，起始时间与采样率为单个值。",
        data={"file": path.name},
    )
