"""Files that come over the wire: one, or a folder packed as ZIP, put into a folder of their own and ingested."""

import io
import tempfile
import zipfile
import zlib
from pathlib import Path, PurePosixPath, PureWindowsPath

from qualweave.api.governing import released_entry
from qualweave.api.service import Service
from qualweave.errors import InputError
from qualweave.mappers.admission import Admission, admit
from qualweave.mappers.report import IngestReport
from qualweave.ontology.store_form import graph_of
from qualweave.principal import Principal

_MOST_BYTES = 4 << 30
_MOST_FILES = 100_000


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
        for given, data in _members(content) if packed else [(name, content)]:
            path = place / _plain(given)
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(data)
        return service.ingest(place, principal=principal)


def judged(service: Service, name: str, content: bytes, *, principal: Principal) -> Admission:
    """Return the judgement of a supplier's OWL description that was sent; nothing is kept of it.

    Raises:
        InputError: If the name leaves its folder.
    """
    with service.reading(principal.tenant) as snapshot:
        ontology = graph_of(snapshot, released_entry(snapshot).graph)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / _plain(name).name
        path.write_bytes(content)
        return admit(path, ontology, service.terms, settings=service.settings)


def pack(folder: Path) -> bytes:
    """Return the files of a folder as ZIP, by their names below it."""
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        for path in sorted(one for one in folder.rglob("*") if one.is_file()):
            archive.write(path, path.relative_to(folder).as_posix())
    return packed.getvalue()


def _members(content: bytes) -> list[tuple[str, bytes]]:
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            infos = [one for one in archive.infolist() if not one.is_dir()]
            size = sum(one.file_size for one in infos)
            if size > _MOST_BYTES or len(infos) > _MOST_FILES:
                raise _too_large(len(infos), size)
            return [(one.filename, archive.read(one)) for one in infos]
    except (zipfile.BadZipFile, zlib.error, NotImplementedError, RuntimeError) as error:
        raise InputError(
            f"The body is no ZIP archive that can be read: {error}",
            message_zh="请求体不是可读取的 ZIP 压缩包。",
            next_step="Pack the folder anew, without a password, or send its files one by one.",
            next_step_zh="请重新打包（不加密），或逐个发送文件。",
        ) from error


def _too_large(count: int, size: int) -> InputError:
    return InputError(
        f"The archive holds {count} files of {size} bytes; {_MOST_FILES} of {_MOST_BYTES} are taken at once.",
        message_zh=f"压缩包含 {count} 个文件共 {size} 字节，单次上限为 {_MOST_FILES} 个、{_MOST_BYTES} 字节。",
        next_step="Send it in parts.",
        next_step_zh="请分批发送。",
    )


def _plain(name: str) -> PurePosixPath:
    pure = PurePosixPath(name)
    strange = pure.is_absolute() or ".." in pure.parts or PureWindowsPath(name).drive
    if strange or not pure.parts or "\0" in name:
        raise InputError(
            f"{name!r} is no plain file name.",
            message_zh=f"{name!r} 不是合法的文件名。",
            next_step="Give folders and name, relative.",
            next_step_zh="请给出相对路径与文件名。",
            data={"name": name},
        )
    return pure
