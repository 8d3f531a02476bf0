"""The calls of dictionaries, weights and product classes: one request each, and how its reply is read."""

from urllib.parse import quote

from qualweave.client.calls import Call, JsonObject, read_json


def segment(text: str) -> str:
    """Return a text as one segment of a path."""
    return quote(text, safe="")


def add_dictionary(partner: str, name: str, content: bytes) -> Call[JsonObject]:
    """A partner's dictionary as CSV or YAML."""
    path = f"/dictionaries/{segment(partner)}"
    headers = {"Content-Type": "application/octet-stream"}
    return Call("POST", path, read_json, {"name": name}, content=content, headers=headers)


def dictionaries() -> Call[list[JsonObject]]:
    """Whose dictionaries there are."""
    return Call("GET", "/dictionaries", lambda reply: list(read_json(reply)["dictionaries"]))


def dictionary(partner: str) -> Call[JsonObject]:
    """The dictionary of a partner."""
    return Call("GET", f"/dictionaries/{segment(partner)}", read_json)


def dictionary_difference(first: str, second: str) -> Call[JsonObject]:
    """Where two partners disagree."""
    path = f"/dictionaries/{segment(first)}/difference/{segment(second)}"
    return Call("GET", path, read_json)
