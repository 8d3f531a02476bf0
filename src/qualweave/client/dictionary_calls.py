"""The calls of dictionaries, weights and product classes: one request each, and how its reply is read."""

from collections.abc import Mapping, Sequence
from typing import Literal
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


def anomalies(partner: str, parameter: str, point: str) -> Call[JsonObject]:
    """The values in the graph that a partner's anomaly rule marks."""
    path = f"/dictionaries/{segment(partner)}/anomalies/{segment(parameter)}"
    return Call("GET", path, read_json, {"point": point})


def weight_tables() -> Call[list[JsonObject]]:
    """The tables of weights with the numbers of their versions."""
    return Call("GET", "/weights", lambda reply: list(read_json(reply)["tables"]))


def weight_version(table: str, number: int | None) -> Call[JsonObject]:
    """A version of a table, the newest where no number is given."""
    return Call("GET", f"/weights/{segment(table)}", read_json, {"version": number})


def weight_history(table: str) -> Call[list[JsonObject]]:
    """Every version of a table, the newest first."""
    path = f"/weights/{segment(table)}/versions"
    return Call("GET", path, lambda reply: list(read_json(reply)["versions"]))


def propose_weights(
    table: str, shares: Mapping[str, str], *, reason: str, dictionary: str
) -> Call[JsonObject]:
    """Other shares of parameters, as a change request."""
    body = {"shares": dict(shares), "reason": reason, "dictionary": dictionary}
    return Call("POST", f"/weights/{segment(table)}/requests", read_json, json=body)


def weight_requests(state: str) -> Call[list[JsonObject]]:
    """The change requests about weights of one state; all where it is empty."""
    return Call(
        "GET",
        "/weight-requests",
        lambda reply: list(read_json(reply)["requests"]),
        {"state": state},
    )


def vote_on_weights(
    request: str, choice: Literal["yes", "no"], *, seat: str, reason: str
) -> Call[JsonObject]:
    """A vote on a change request about weights."""
    body = {"choice": choice, "seat": seat, "reason": reason}
    return Call("POST", f"/weight-requests/{segment(request)}/votes", read_json, json=body)


def decide_on_weights(
    request: str, verdict: Literal["accept", "refuse"], reason: str
) -> Call[JsonObject]:
    """A change request about weights accepted or refused."""
    path = f"/weight-requests/{segment(request)}/{verdict}"
    return Call("POST", path, read_json, json={"reason": reason})


def scores(table: str, asked: Mapping[str, object]) -> Call[JsonObject]:
    """Scores of items under a version."""
    return Call("POST", f"/weights/{segment(table)}/scores", read_json, json=dict(asked))


def weight_effect(table: str, asked: Mapping[str, object]) -> Call[JsonObject]:
    """Scores of items under two versions."""
    return Call("POST", f"/weights/{segment(table)}/effect", read_json, json=dict(asked))


def product_classes() -> Call[list[JsonObject]]:
    """The table of product classes."""
    return Call("GET", "/product-classes", lambda reply: list(read_json(reply)["classes"]))


def product_class(name: str) -> Call[JsonObject]:
    """Whether a class of products is traced by item."""
    return Call("GET", f"/product-classes/{segment(name)}", read_json)


def fill_product_class(
    slot: str, *, names: tuple[str, str], level: Literal["item", "lot"], classes: Sequence[str]
) -> Call[JsonObject]:
    """A class of products in a free place."""
    body = {"name": names[0], "name_zh": names[1], "level": level, "classes": list(classes)}
    return Call("POST", f"/product-classes/{segment(slot)}/fill", read_json, json=body)


def adopt_product_class(name: str, classes: Sequence[str]) -> Call[JsonObject]:
    """The policy of a class of products, put into force."""
    path = f"/product-classes/{segment(name)}/adopt"
    return Call("POST", path, read_json, json={"classes": list(classes)})
