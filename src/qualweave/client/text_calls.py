"""The calls of texts: one request each, and how its reply is read."""

from typing import NamedTuple

import httpx
import orjson

from qualweave.client.calls import Call, JsonObject, listed, read_json, segment

_BYTES = {"Content-Type": "application/octet-stream"}


class ExportedCorpus(NamedTuple):
    """A corpus as JSON Lines, and what it holds and what was masked in it."""

    body: bytes
    report: JsonObject


def read_text(
    text: str, *, language: str = "", record: str = "", keep: bool = False
) -> Call[JsonObject]:
    """The candidate concepts of a text."""
    body = {"text": text, "language": language, "record": record, "keep": keep}
    return Call("POST", "/texts/read", read_json, json=body)


def collect_texts(name: str, content: bytes, column: str = "") -> Call[JsonObject]:
    """Texts of a file into the corpus."""
    params = {"name": name, "column": column}
    return Call("POST", "/texts", read_json, params, content=content, headers=_BYTES)


def texts(review: str = "", *, offset: int = 0, limit: int = 50) -> Call[JsonObject]:
    """Texts of the corpus."""
    return Call("GET", "/texts", read_json, {"review": review, "offset": offset, "limit": limit})


def text(identifier: str) -> Call[JsonObject]:
    """One text of the corpus."""
    return Call("GET", f"/texts/{segment(identifier)}", read_json)


def decide_span(identifier: str, decision: JsonObject) -> Call[JsonObject]:
    """A decision about a span."""
    return Call("POST", f"/texts/{segment(identifier)}/decisions", read_json, json=decision)


def undo_span(identifier: str) -> Call[JsonObject]:
    """One's own last decision about a text, taken back."""
    return Call("POST", f"/texts/{segment(identifier)}/undo", read_json)


def text_agreement() -> Call[list[JsonObject]]:
    """How far reviewers agree."""
    return Call("GET", "/texts/agreement", listed("agreements"))


def lift_texts() -> Call[JsonObject]:
    """Accepted spans into the graph."""
    return Call("POST", "/texts/lift", read_json)


def export_texts(
    *, reviewed: bool = False, redact: bool = False, seed: int = 0
) -> Call[ExportedCorpus]:
    """The corpus as JSON Lines."""
    params = {"reviewed": int(reviewed), "redact": int(redact), "seed": seed}
    return Call("GET", "/texts/export", _exported, params)


def _exported(reply: httpx.Response) -> ExportedCorpus:
    return ExportedCorpus(reply.content, orjson.loads(reply.headers["Qualweave-Report"]))


def import_texts(name: str, content: bytes) -> Call[JsonObject]:
    """A corpus of JSON Lines."""
    return Call("POST", "/texts/import", read_json, {"name": name}, content=content, headers=_BYTES)
