"""Files that come over the wire: one, or a folder packed as ZIP, put into a folder of their own and ingested."""

import errno
import io
import lzma
import shutil
import tempfile
import zipfile
import zlib
from pathlib import Path, PurePosixPath, PureWindowsPath
from typing import IO

from qualweave.api.governing import released_entry
from qualweave.api.service import Service
from qualweave.errors import InputError
from qualweave.mappers.admission import Admission, admit
from qualweave.mappers.report import IngestReport
from qualweave.ontology.store_form import graph_of
from qualweave.principal import Principal

_MOST_BYTES = 4 << 30
_MOST_FILES = 100_000
_SHOWN = 200  # characters of a name in a message
_SAYS_UTF8 = 0x800
_OF_THE_NAME = (errno.ENAMETOOLONG, errno.EINVAL, errno.EILSEQ)
_NO_ARCHIVE = (
    zipfile.BadZipFile,
    zlib.error,
    lzma.LZMAError,
    NotImplementedError,
    RuntimeError,
    EOFError,
    OSError,
    ValueError,
)
"""What `zipfile` raises over bytes that are no sound archive."""


def receive(
    service: Service, name: str, content: bytes, *, principal: Principal, packed: bool = False
) -> IngestReport:
    """Ingest what was sent.

    Args:
        service: Where it goes.
        name: Folders and name of the file, relative; of the archive where it is packed.
        content: The bytes.
        principal: Who sends.
        packed: The bytes are a ZIP whose members are the files, so that they are read as one folder.

    Raises:
        InputError: If a name leaves its folder, or the archive cannot be read or is too large.
        Forbidden: If the principal may not ingest.
    """
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder)
        if packed:
            _unpack(content, place)
        else:
            _put(place, name, io.BytesIO(content))
        return service.ingest(place, principal=principal)


def judged(
    service: Service, name: str, content: bytes, *, principal: Principal, packed: bool = False
) -> Admission:
    """Return the judgement of a supplier's description of a device that was sent; nothing is kept of it.

    Args:
        service: Whose ontology it is judged by.
        name: Of the description; in the archive where it is packed.
        content: The bytes.
        principal: Who sends.
        packed: The bytes are a ZIP of the description and of files that it requires.

    Raises:
        InputError: If a name leaves its folder, or the archive cannot be read or does not hold the description.
    """
    with service.reading(principal.tenant) as snapshot:
        ontology = graph_of(snapshot, released_entry(snapshot).graph)
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder)
        if packed:
            _unpack(content, place)
            path = _member(place, name)
        else:
            path = _put(place, _plain(name).name, io.BytesIO(content))
        beside = sorted({one.parent for one in place.rglob("*") if one.is_file()})
        return admit(path, ontology, service.terms, settings=service.settings, beside=beside)


def _member(place: Path, name: str) -> Path:
    path = place / _plain(name)
    if not path.is_file():
        raise _no_name(
            name,
            ("is not in the archive", "不在压缩包中"),
            ("Pack the description under that name.", "请以该名称将描述文件打包。"),
        )
    return path


def pack(folder: Path) -> bytes:
    """Return the files of a folder as ZIP, by their names below it."""
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        for path in sorted(one for one in folder.rglob("*") if one.is_file()):
            archive.write(path, path.relative_to(folder).as_posix())
    return packed.getvalue()


def _unpack(content: bytes, place: Path) -> None:
    """Write the members of an archive to a folder, one after the other, so that none is held whole in memory."""
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            infos = [one for one in archive.infolist() if not one.is_dir()]
            size = sum(one.file_size for one in infos)
            if size > _MOST_BYTES or len(infos) > _MOST_FILES:
                raise _too_large(len(infos), size)
            for one in infos:
                with archive.open(one) as data:
                    _put(place, _name_of(one), data)
    except _NO_ARCHIVE as error:
        if (
            isinstance(error, OSError) and error.errno is not None
        ):  # of the disk, not of the archive
            raise
        raise InputError(
            f"The body is no ZIP archive that can be read: {str(error) or 'it ends too early'}",
            message_zh="请求体不是可读取的 ZIP 压缩包。",
            next_step="Pack the folder anew, without a password, or send its files one by one.",
            next_step_zh="请重新打包（不加密），或逐个发送文件。",
        ) from error


def _name_of(member: zipfile.ZipInfo) -> str:
    """Return the name of a member; Chinese Windows writes names in GBK and does not say so."""
    if member.flag_bits & _SAYS_UTF8:
        return member.filename
    written = member.filename.encode("cp437", errors="replace")
    for charset in ("utf-8", "gb18030"):
        try:
            return written.decode(charset)
        except UnicodeDecodeError:
            continue
    return member.filename


def _put(place: Path, name: str, data: IO[bytes]) -> Path:
    """Write a file below a folder and return its path.

    Raises:
        InputError: If the name leaves the folder, is taken already, or is one that no file can have.
    """
    path = place / _plain(name)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        target = path.open("xb")
    except (FileExistsError, NotADirectoryError) as error:
        raise _no_name(
            name,
            ("stands there twice", "重复出现"),
            ("Rename one of the two.", "请重命名其中一个。"),
        ) from error
    except OSError as error:
        if error.errno not in _OF_THE_NAME:
            raise
        raise _no_name(
            name,
            ("cannot name a file", "不能用作文件名"),
            ("Give a shorter, plain name.", "请使用较短的普通文件名。"),
        ) from error
    with target:
        shutil.copyfileobj(data, target)
    return path


def _too_large(count: int, size: int) -> InputError:
    return InputError(
        f"The archive holds {count} files of {size} bytes; {_MOST_FILES} of {_MOST_BYTES} are taken at once.",
        message_zh=f"压缩包含 {count} 个文件共 {size} 字节，单次上限为 {_MOST_FILES} 个、{_MOST_BYTES} 字节。",
        next_step="Send it in parts.",
        next_step_zh="请分批发送。",
    )


def _plain(name: str) -> PurePosixPath:
    pure = PurePosixPath(name)
    windows = PureWindowsPath(name)  # its parts are parted by both strokes
    if (
        pure.is_absolute()
        or ".." in windows.parts
        or windows.drive
        or not pure.parts
        or "\0" in name
    ):
        raise _no_name(
            name,
            ("is no plain file name", "不是合法的文件名"),
            ("Give folders and name, relative.", "请给出相对路径与文件名。"),
        )
    return pure


def _no_name(name: str, told: tuple[str, str], step: tuple[str, str]) -> InputError:
    shown = name if len(name) <= _SHOWN else f"{name[:_SHOWN]}…"
    return InputError(
        f"{shown!r} {told[0]}.",
        message_zh=f"{shown!r} {told[1]}。",
        next_step=step[0],
        next_step_zh=step[1],
        data={"name": shown},
    )
