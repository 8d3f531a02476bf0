"""The calls of weights and scores: one request each, and how its reply is read."""

from collections.abc import Mapping
from typing import Literal

from qualweave.client.calls import Call, JsonObject, listed, read_json, segment


def weight_version(table: str, number: int | None) -> Call[JsonObject]:
    """A version of a table, the newest where no number is given."""
    return Call("GET", f"/weights/{segment(table)}", read_json, {"version": number})


def weight_history(table: str) -> Call[list[JsonObject]]:
    """Every version of a table, the newest first."""
    path = f"/weights/{segment(table)}/versions"
    return Call("GET", path, listed("versions"))


def propose_weights(
    table: str, shares: Mapping[str, str], *, reason: str, dictionary: str
) -> Call[JsonObject]:
    """Other shares of parameters, as a change request."""
    body = {"shares": dict(shares), "reason": reason, "dictionary": dictionary}
    return Call("POST", f"/weights/{segment(table)}/requests", read_json, json=body)


def weight_requests(state: str) -> Call[list[JsonObject]]:
    """The change requests about weights of one state; all where it is empty."""
    return Call("GET", "/weight-requests", listed("requests"), {"state": state})


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
