"""AASX packages: the documents that the package's relationships name, and nothing else of the archive.

A package is a ZIP (Open Packaging Conventions): ``_rels/.rels`` leads to the origin, the origin to the documents.
Nothing is written to disk; a part that grows beyond bounds, leaves the package or is encrypted is refused.
"""

import io
import posixpath
import zipfile
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import IO
from urllib.parse import unquote

from lxml import etree

from qualweave.errors import UnreadableSource
from qualweave.mappers.readers.devices.elements import attribute, broken, events, line_of, local

_ORIGIN, _SPEC = "/aasx/relationships/aasx-origin", "/aasx/relationships/aas-spec"
_MOST_FILES = 10_000
_MOST_BYTES = 256 << 20
_MOST_GROWN = 200  # times that a part may be larger than it is packed
_SMALL = 1 << 20  # bytes up to which growth does not matter
_ENCRYPTED = 0x1
_NO_ARCHIVE = (
    zipfile.BadZipFile,
    zlib.error,
    NotImplementedError,
    RuntimeError,
    EOFError,
    ValueError,
)


def package_parts(path: Path) -> Iterator[tuple[str, IO[bytes]]]:
    """Yield ``(name, data)`` of the documents of a package.

    Raises:
        UnreadableSource: If it is no package, or one of its parts is missing, too large or not to be trusted.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            names = [one.filename for one in archive.infolist()]
            if len(names) > _MOST_FILES:
                raise broken(path.name, 0, f"holds {len(names)} files, and {_MOST_FILES} are read",
                             f"含 {len(names)} 个文件，上限为 {_MOST_FILES}")  # fmt: skip
            if len(set(names)) != len(names):
                twice = next(one for one in names if names.count(one) > 1)
                raise broken(
                    path.name, 0, f"holds two parts {twice!r}", f"含有两个同名部分 {twice!r}"
                )
            origins = list(_related(archive, path.name, "", _ORIGIN))
            if not origins:
                raise broken(path.name, 0, "is a ZIP without a relationship to an aasx-origin, so no AASX",
                             "是 ZIP 但没有指向 aasx-origin 的关系，不是 AASX")  # fmt: skip
            parts = [
                one for origin in origins for one in _related(archive, path.name, origin, _SPEC)
            ]
            if not parts:
                raise broken(
                    path.name, 0, "names no document (aas-spec)", "未指明任何文档（aas-spec）"
                )
            for part in dict.fromkeys(parts):
                yield part, io.BytesIO(_read(archive, path.name, part))
    except _NO_ARCHIVE as error:
        raise broken(path.name, 0, f"is no ZIP that can be read ({str(error) or 'it ends too early'})",
                     "不是可读取的 ZIP") from error  # fmt: skip


def _related(archive: zipfile.ZipFile, file: str, source: str, kind: str) -> Iterator[str]:
    """Yield the parts that a part (``""`` for the package) is related to in a way."""
    folder, name = posixpath.split(source)
    listed = posixpath.join(folder, "_rels", f"{name}.rels").lstrip("/")
    if listed not in archive.namelist():
        return
    told = f"{file}!/{listed}"
    for event, element in events(io.BytesIO(_read(archive, file, f"/{listed}")), told):
        if (
            event == "end"
            and local(element) == "Relationship"
            and attribute(element, "Type").endswith(kind)
        ):
            yield _inside(element, folder, told)


def _inside(element: etree._Element, folder: str, told: str) -> str:
    """Return the absolute name of a target, which has to lie within the package.

    Some editors call a part of the package external; a path from its root is taken for what it is.
    """
    target = unquote(attribute(element, "Target"))
    made = posixpath.normpath(posixpath.join("/", folder, target))
    rooted = target.startswith("/")
    deep = 0 if rooted else len([one for one in folder.split("/") if one])
    outside = attribute(element, "TargetMode") == "External" and not rooted
    odd = target.startswith("//") or any(one in target for one in ("\\", ":", "\0"))
    if outside or odd or target.count("../") > deep:
        raise broken(
            told,
            line_of(element),
            f"leads out of the package, to {target!r}",
            f"指向包外的 {target!r}",
        )
    return made


def _read(archive: zipfile.ZipFile, file: str, part: str) -> bytes:
    """Return the bytes of a part, no more than are read and than it says that it has."""
    try:
        info = archive.getinfo(part.lstrip("/"))
    except KeyError:
        raise _refused(file, part, "is named, but not there", "被引用但不存在") from None
    if info.flag_bits & _ENCRYPTED:
        raise _refused(file, part, "is encrypted", "已加密")
    grown = info.file_size > _SMALL and info.file_size > _MOST_GROWN * max(1, info.compress_size)
    if info.file_size > _MOST_BYTES or grown:
        raise _refused(file, part, f"unpacks from {info.compress_size} to {info.file_size} bytes",
                       f"解压后从 {info.compress_size} 字节增至 {info.file_size} 字节")  # fmt: skip
    with archive.open(info) as data:
        raw = data.read(info.file_size + 1)
    if len(raw) > info.file_size:
        raise _refused(file, part, "is larger than it says", "大于其声明的大小")
    return raw


def _refused(file: str, part: str, why: str, why_zh: str) -> UnreadableSource:
    return broken(f"{file}!{part}", 0, why, why_zh, part=part)
