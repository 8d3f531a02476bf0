"""The calls of the review: one request each, and how its reply is read."""

from qualweave.client.calls import Call, JsonObject, listed, read_json, segment


def review_queue(*, kind: str = "", family: str = "", source: str = "") -> Call[list[JsonObject]]:
    """The questions that wait."""
    params = {"kind": kind, "family": family, "source": source}
    return Call("GET", "/reviews/queue", listed("questions"), params)


def reviews() -> Call[list[JsonObject]]:
    """Every decision, the newest first."""
    return Call("GET", "/reviews", listed("reviews"))


def review(review_id: str) -> Call[JsonObject]:
    """A decision with everything that it changed."""
    return Call("GET", f"/reviews/{segment(review_id)}", read_json)


def decide_questions(body: JsonObject) -> Call[JsonObject]:
    """A decision about questions or a family; with ``dry_run`` only what it would touch."""
    return Call("POST", "/reviews", read_json, json=body, seconds=600.0)


def undo_review(review_id: str, reason: str) -> Call[JsonObject]:
    """A decision taken back."""
    path = f"/reviews/{segment(review_id)}/undo"
    return Call("POST", path, read_json, json={"reason": reason}, seconds=600.0)


def rerun_reviews(*, dry_run: bool = False) -> Call[list[JsonObject]]:
    """What alignment says anew of every source."""
    params = {"dry_run": "true" if dry_run else "false"}
    return Call("POST", "/reviews/rerun", listed("changes"), params, seconds=900.0)
