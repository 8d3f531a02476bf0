"""A file packed with gzip is unpacked beside, within a limit, and read from there as long as it is needed."""

import gzip
import shutil
import tempfile
import weakref
import zlib
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

from qualweave.errors import UnreadableSource
from qualweave.mappers.readers.limits import MIB, ReadLimits, too_much
from qualweave.mappers.readers.stream import TableStream


class Scratch:
    """A folder that goes when nothing holds this any more."""

    def __init__(self) -> None:
        self.path = Path(tempfile.mkdtemp(prefix="qualweave-"))
        weakref.finalize(self, shutil.rmtree, self.path, ignore_errors=True)


def unpacked(
    path: Path, limits: ReadLimits, read: Callable[[Path], Sequence[TableStream]]
) -> list[TableStream]:
    """Return the tables of a packed file.

    Args:
        path: The packed file.
        limits: Of what it may unfold to.
        read: Gives the tables of the unpacked file; its folder lives as long as they do.

    Raises:
        UnreadableSource: If it is cut off, broken or unfolds to more than is taken.
    """
    folder = Scratch()
    inner = folder.path / path.name.removesuffix(".gz")
    _unpack(path, inner, limits)
    return [replace(one, keep=folder) for one in read(inner)]


def _unpack(path: Path, inner: Path, limits: ReadLimits) -> None:
    written = 0
    try:
        with gzip.open(path) as packed, inner.open("wb") as target:
            while chunk := packed.read(MIB):
                written += len(chunk)
                if written > limits.unpacked_mib * MIB:
                    raise too_much(
                        path, ("or more MiB unpacked", "MiB 以上（解压后）"), limits.unpacked_mib,
                        limit=limits.unpacked_mib, setting="read_unpacked_mib",
                    )  # fmt: skip
                target.write(chunk)
    except (EOFError, zlib.error, gzip.BadGzipFile) as error:
        raise UnreadableSource(
            f"{path.name} is packed with gzip and breaks off after {written} bytes: {error}.",
            message_zh=f"{path.name} 是 gzip 压缩文件，解压 {written} 字节后中断。",
            next_step="Copy the file again: it is half-written.",
            next_step_zh="文件不完整，请重新复制。",
            data={"file": path.name, "bytes": written},
        ) from error
