"""The calls of parameter dictionaries: one request each, and how its reply is read."""

from qualweave.client.calls import Call, JsonObject, listed, read_json, segment


def add_dictionary(partner: str, name: str, content: bytes) -> Call[JsonObject]:
    """A partner's dictionary as CSV or YAML."""
    path = f"/dictionaries/{segment(partner)}"
    headers = {"Content-Type": "application/octet-stream"}
    return Call("POST", path, read_json, {"name": name}, content=content, headers=headers)


def dictionaries() -> Call[list[JsonObject]]:
    """Whose dictionaries there are."""
    return Call("GET", "/dictionaries", listed("dictionaries"))


def dictionary(partner: str) -> Call[JsonObject]:
    """The dictionary of a partner."""
    return Call("GET", f"/dictionaries/{segment(partner)}", read_json)


def dictionary_difference(first: str, second: str) -> Call[JsonObject]:
    """Where two partners disagree."""
    path = f"/dictionaries/{segment(first)}/difference/{segment(second)}"
    return Call("GET", path, read_json)


def anomalies(partner: str, parameter: str, point: str) -> Call[JsonObject]:
    """The values in the graph that a partner's anomaly rule marks."""
    path = f"/dictionaries/{segment(partner)}/anomalies/{segment(parameter)}"
    return Call("GET", path, read_json, {"point": point})
