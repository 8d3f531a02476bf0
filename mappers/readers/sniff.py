"""What kind of file it is, by its first bytes and not by its name."""

import re
import stat
import zipfile
from pathlib import Path
from typing import Literal, TypeAlias

from qualweave.errors import UnreadableSource
from qualweave.mappers.readers.charset import decode, wide_charset
from qualweave.mappers.readers.devices.kind import DeviceKind, device_kind
from qualweave.mappers.series.npz import is_npz

TableKind: TypeAlias = Literal[
    "csv",
    "json",
    "jsonl",
    "xml",
    "epcis-json",
    "epcis-xml",
    "owl",
    "xlsx",
    "parquet",
    "arrow",
    "sqlite",
    "gzip",
    "zip",
    "npz",
    "live",
    "pdf",
    "unknown",
]
Kind: TypeAlias = TableKind | DeviceKind

_HEAD = 65_536
_EPCIS_JSON = re.compile(
    r"\"(?:EPCISDocument|EPCISQueryDocument|epcisBody|epcList|bizStep|eventTimeZoneOffset)\""
)
_EPCIS_EVENT = re.compile(
    r"\"type\"\s*:\s*\"(?:Object|Aggregation|Transformation|Transaction|Association)Event\""
)
_EPCIS_XML = re.compile(r"<(?:\w+:)?EPCIS(?:Query)?Document\b")
_OWL = re.compile(r"owl#|rdf:RDF|@prefix\s|@base\s")
_COMMENTED = re.compile(r"(?:\s*(?://[^\n]*\n|/\*.*?\*/))+\s*(?:\{\s*\"|\[\s*\{\s*\")", re.DOTALL)
_BINARY = 0.05
_MAGIC: tuple[tuple[bytes, Kind], ...] = (
    (b"PAR1", "parquet"),
    (b"ARROW1", "arrow"),
    (b"\xff\xff\xff\xff", "arrow"),  # the stream form
    (b"SQLite format 3\0", "sqlite"),
    (b"\x1f\x8b", "gzip"),
    (b"%PDF-", "pdf"),
    (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "xlsx"),  # the old container: .xls, or a workbook with a password
)  # fmt: skip
_WORKBOOK = ("xl/workbook.xml", "xl/workbook.bin", "content.xml")


def sniff(path: Path) -> Kind:
    """Return the kind of a file; ``"unknown"`` for an empty or binary one.

    Raises:
        UnreadableSource: If it is no plain file, or may not be opened.
    """
    raw = _head(path)
    for magic, kind in _MAGIC:
        if raw.startswith(magic):
            return kind
    if raw.startswith(b"PK\x03\x04"):
        return device_kind(path, raw, "") or _packed_kind(path, raw)
    if not raw.strip() or _is_binary(raw):
        return "unknown"
    text = decode(raw, partial=True)[0].lstrip("\ufeff \t\r\n")
    return device_kind(path, raw, text) or _text_kind(text)


def _text_kind(text: str) -> Kind:
    if text.startswith(("{", "[")):
        return _json_kind(text)
    if _COMMENTED.match(text):  # the reader names the comment, which JSON has none of
        return "json"
    if text.startswith("<"):
        if _EPCIS_XML.search(text):
            return "epcis-xml"
        return "owl" if "rdf:RDF" in text or "owl#" in text[:4000] else "xml"
    if _OWL.search(text[:4000]) and re.search(r"^\s*@prefix", text, re.MULTILINE):
        return "owl"
    return "csv"


def _head(path: Path) -> bytes:
    """Return the first bytes; what is no plain file is not opened, since a pipe would wait for ever."""
    try:
        if not stat.S_ISREG(path.stat().st_mode):
            raise UnreadableSource(
                f"{path.name} is no plain file.",
                message_zh=f"{path.name} 不是普通文件。",
                next_step="Give a file, not a folder, pipe or device.",
                next_step_zh="请提供文件，而非文件夹、管道或设备。",
                data={"file": path.name},
            )
        with path.open("rb") as file:
            return file.read(_HEAD)
    except OSError as error:
        raise UnreadableSource(
            f"{path.name} cannot be opened: {error.strerror}.",
            message_zh=f"无法打开 {path.name}：{error.strerror}。",
            next_step="Let the service read the file.",
            next_step_zh="请授予服务读取该文件的权限。",
            data={"file": path.name},
        ) from error


def _packed_kind(path: Path, raw: bytes) -> Kind:
    try:
        with zipfile.ZipFile(path) as archive:
            if any(one in _WORKBOOK for one in archive.namelist()):
                return "xlsx"
        return "npz" if is_npz(path) else "zip"
    except (zipfile.BadZipFile, ValueError, NotImplementedError):  # cut off: its list is at the end
        is_office = b"xl/" in raw or b"[Content_Types].xml" in raw or b"opendocument" in raw
        return "xlsx" if is_office else "zip"


def _json_kind(text: str) -> Kind:
    if text.startswith('{"qualweave_live_segment":'):
        return "live"
    if _EPCIS_JSON.search(text) or _EPCIS_EVENT.search(text):
        return "epcis-json"
    lines = [line for line in text.splitlines()[:3] if line.strip()]
    if len(lines) > 1 and all(
        line.startswith("{") and line.rstrip().endswith("}") for line in lines
    ):
        return "jsonl"
    return "json"


def _is_binary(raw: bytes) -> bool:
    if raw.startswith((b"\xff\xfe", b"\xfe\xff")) or wide_charset(raw):  # UTF-16
        return False
    control = sum(byte < 9 or 13 < byte < 32 for byte in raw[:4096])  # noqa: PLR2004 - C0 controls
    return control > _BINARY * min(len(raw), 4096)
