"""Handing a file or folder to a running service, and its report as the mapper would have given it."""

import getpass
from dataclasses import fields
from pathlib import Path

from qualweave.api.receiving import pack
from qualweave.client import Client, calls
from qualweave.client.calls import JsonObject
from qualweave.errors import UnreadableSource
from qualweave.mappers.report import FileReport, IngestReport

_SECONDS = 3600.0
_KNOWN = frozenset(one.name for one in fields(FileReport))


def sent(path: Path, url: str, answers: Path | None = None) -> IngestReport:
    """Send a file or folder to a service, then answers; return what became of the files.

    Args:
        path: A file, or a folder that is sent as one.
        url: Address of the service.
        answers: YAML of answers to what is asked, sent after the files.

    Raises:
        UnreadableSource: If a file cannot be read.
        QualweaveError: The one that the service answered with.
    """
    try:
        packed = path.is_dir()
        content = pack(path) if packed else path.read_bytes()
        told = answers.read_bytes() if answers else b""
    except OSError as error:
        raise UnreadableSource(
            f"{error.filename} cannot be read: {error.strerror}.",
            message_zh=f"无法读取 {error.filename}。",
            next_step="Give a file or folder that is there and that you may read.",
            next_step_zh="请给出存在且可读取的文件或文件夹。",
        ) from error
    name = path.resolve().name
    with Client(url, principal=getpass.getuser(), roles="engineer", timeout=_SECONDS) as service:
        found = _files(service.ingest(name, content, packed=packed))
        if told:
            found |= _files(service.run(calls.answers(told)))
    return IngestReport(tuple(found.values()))


def _files(report: JsonObject) -> dict[str, FileReport]:
    known = [{key: one[key] for key in one if key in _KNOWN} for one in report["files"]]
    for one in known:
        one["sources"], one["records"], one["questions"] = (
            tuple(one.get(name, ())) for name in ("sources", "records", "questions")
        )
    return {one["file"]: FileReport(**one) for one in known}
