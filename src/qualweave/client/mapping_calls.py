"""The calls of mapping documents: one request each, and how its reply is read."""

import base64

from qualweave.client.calls import Call, JsonObject, read_json, segment

_YAML = {"Content-Type": "application/yaml"}


def _sources(reply: JsonObject) -> list[str]:
    return [str(one) for one in reply["sources"]]


def mapping_sources() -> Call[list[str]]:
    """The sources that have a mapping document."""
    return Call("GET", "/mappings", lambda reply: _sources(read_json(reply)))


def mapping(source: str, version: int | None = None) -> Call[JsonObject]:
    """A mapping document: the newest version, or one by its number."""
    return Call("GET", f"/mappings/{segment(source)}", read_json, {"version": version})


def mapping_versions(source: str) -> Call[list[JsonObject]]:
    """The versions of a mapping document, the newest first."""
    path = f"/mappings/{segment(source)}/versions"
    return Call("GET", path, lambda reply: list(read_json(reply)["versions"]))


def mapping_difference(
    source: str, before: int | None = None, after: int | None = None
) -> Call[JsonObject]:
    """What changed between two versions; the last two where none is named."""
    path = f"/mappings/{segment(source)}/difference"
    return Call("GET", path, read_json, {"before": before, "after": after})


def check_mapping(text: str, name: str = "mapping.yaml") -> Call[JsonObject]:
    """Every fault of a document."""
    return Call("POST", "/mappings/check", read_json, {"name": name}, content=text, headers=_YAML)


def put_mapping(text: str, name: str = "mapping.yaml") -> Call[JsonObject]:
    """A document as the next version of its source."""
    return Call("POST", "/mappings", read_json, {"name": name}, content=text, headers=_YAML)


def dry_run(name: str, content: bytes, *, source: str = "", document: str = "") -> Call[JsonObject]:
    """What a document would make of a file."""
    body = {
        "name": name,
        "content": base64.b64encode(content).decode(),
        "source": source,
        "document": document,
    }
    return Call("POST", "/mappings/dry-run", read_json, json=body)


def export_mapping(
    source: str, form: str, *, file: str = "", delimiter: str = ","
) -> Call[JsonObject]:
    """A mapping document as YAML, RML-Core or SSSOM."""
    path = f"/mappings/{segment(source)}/export"
    return Call("GET", path, read_json, {"format": form, "file": file, "delimiter": delimiter})


def import_mapping(
    text: str, form: str, source: str = "", name: str = "", *, new_source: bool = False
) -> Call[JsonObject]:
    """A document in YAML or RML-Core as a version, or an SSSOM table as memory."""
    about = {"format": form, "source": source, "name": name}
    params = about | ({"new_source": "true"} if new_source else {})
    headers = {"Content-Type": "text/plain; charset=utf-8"}
    return Call("POST", "/mappings/import", read_json, params, content=text, headers=headers)
