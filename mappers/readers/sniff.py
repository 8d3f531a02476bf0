"""What kind of file it is, by its first bytes and not by its name."""

import re
from pathlib import Path
from typing import Literal, TypeAlias

from qualweave.mappers.readers.charset import decode

Kind: TypeAlias = Literal[
    "csv", "json", "jsonl", "xml", "epcis-json", "epcis-xml", "owl", "live", "unknown"
]

_HEAD = 65_536
_EPCIS_JSON = re.compile(
    r"\"(?:EPCISDocument|EPCISQueryDocument|epcisBody|epcList|bizStep|eventTimeZoneOffset)\""
)
_EPCIS_EVENT = re.compile(
    r"\"type\"\s*:\s*\"(?:Object|Aggregation|Transformation|Transaction|Association)Event\""
)
_EPCIS_XML = re.compile(r"<(?:\w+:)?EPCIS(?:Query)?Document\b")
_OWL = re.compile(r"owl#|rdf:RDF|@prefix\s|@base\s")
_BINARY = 0.05


def sniff(path: Path) -> Kind:
    """Return the kind of a file; ``"unknown"`` for an empty or binary one."""
    raw = path.read_bytes()[:_HEAD]
    if not raw.strip() or _is_binary(raw):
        return "unknown"
    text = decode(raw, partial=True)[0].lstrip("\ufeff \t\r\n")
    if text.startswith(("{", "[")):
        return _json_kind(text)
    if text.startswith("<"):
        if _EPCIS_XML.search(text):
            return "epcis-xml"
        return "owl" if "rdf:RDF" in text or "owl#" in text[:4000] else "xml"
    if _OWL.search(text[:4000]) and re.search(r"^\s*@prefix", text, re.MULTILINE):
        return "owl"
    return "csv"


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
    if raw.startswith((b"\xff\xfe", b"\xfe\xff")):  # UTF-16
        return False
    control = sum(byte < 9 or 13 < byte < 32 for byte in raw[:4096])  # noqa: PLR2004 - C0 controls
    return control > _BINARY * min(len(raw), 4096)
