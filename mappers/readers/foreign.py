"""Formats that are not read: known by their first bytes, so that a refusal names them and says what to hand in."""

from pathlib import Path
from typing import NamedTuple


class Foreign(NamedTuple):
    """A format that is not read.

    Attributes:
        what: What a file of it is, behind "is".
        what_zh: The same in Chinese.
        step: What to do.
        step_zh: The same in Chinese.
    """

    what: str
    what_zh: str
    step: str
    step_zh: str


_UNPACK = (
    "Unpack it and hand in its files, or pack them with gzip.",
    "请解压后导入，或改用 gzip 压缩。",
)
_EXPORT = ("Export its channels as CSV or Parquet.", "请将其通道导出为 CSV 或 Parquet。")
_MAGIC: tuple[tuple[int, bytes, Foreign], ...] = (
    (0, b"BZh", Foreign("packed with bzip2", " bzip2 压缩文件", *_UNPACK)),
    (0, b"\xfd7zXZ\0", Foreign("packed with xz", " xz 压缩文件", *_UNPACK)),
    (0, b"\x28\xb5\x2f\xfd", Foreign("packed with Zstandard", " Zstandard 压缩文件", *_UNPACK)),
    (0, b"7z\xbc\xaf\x27\x1c", Foreign("a 7z archive", " 7z 压缩包", *_UNPACK)),
    (0, b"Rar!\x1a\x07", Foreign("a RAR archive", " RAR 压缩包", *_UNPACK)),
    (257, b"ustar", Foreign("a tar archive", " tar 归档文件", *_UNPACK)),
    (0, b"\x89HDF\r\n\x1a\n", Foreign("an HDF5 file", " HDF5 文件", *_EXPORT)),
    (0, b"MDF     ", Foreign("a measurement file of ASAM MDF", " ASAM MDF 测量文件", *_EXPORT)),
    (0, b"UnFinMF ", Foreign("an unfinished measurement file of ASAM MDF", "未写完的 ASAM MDF 测量文件", *_EXPORT)),
    (0, b"TDSm", Foreign("a TDMS file of LabVIEW", " LabVIEW 的 TDMS 文件", *_EXPORT)),
    (0, b"MATLAB 5.0 MAT-file", Foreign("a MAT-file of MATLAB", " MATLAB 的 MAT 文件", *_EXPORT)),
    (0, b"\x02\x00\x00\x0a", Foreign("a test log in STDF", " STDF 测试记录", *_EXPORT)),
    (0, b"\x00\x02\x00\x0a", Foreign("a test log in STDF", " STDF 测试记录", *_EXPORT)),
    (0, b"FEA1", Foreign("a Feather file of version 1", "第 1 版 Feather 文件",
                         "Write it as Feather 2 (Arrow) or Parquet.", "请另存为 Feather 2（Arrow）或 Parquet。")),
    (0, b"PARE", Foreign("an encrypted Parquet file", "加密的 Parquet 文件",
                         "Write it without encryption.", "请以未加密方式导出。")),
)  # fmt: skip


def foreign(path: Path) -> Foreign | None:
    """Return what a file is whose format is known and not read, None where it is not known."""
    with path.open("rb") as file:
        head = file.read(512)
    return next((one for at, magic, one in _MAGIC if head[at:].startswith(magic)), None)
