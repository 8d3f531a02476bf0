"""The calls of live sources: one request each, and how its reply is read."""

from qualweave.client.calls import Call, JsonObject, listed, read_json, segment


def live_sources() -> Call[list[JsonObject]]:
    """The live sources by name, and where each stands."""
    return Call("GET", "/sources/live", listed("sources"))


def live_source(name: str) -> Call[JsonObject]:
    """One live source and its fields."""
    return Call("GET", f"/sources/live/{segment(name)}", read_json)


def start_live_source(wanted: JsonObject) -> Call[JsonObject]:
    """A new live source: ``url``, ``name``, ``topics``, ``below``, ``user``, ``password_env`` and so on."""
    return Call("POST", "/sources/live", read_json, json=wanted)


def start_live_source_again(name: str) -> Call[JsonObject]:
    """A live source that was stopped or has failed, listened to again."""
    return Call("POST", f"/sources/live/{segment(name)}/start", read_json)


def stop_live_source(name: str) -> Call[JsonObject]:
    """A live source stopped; it stays known."""
    return Call("POST", f"/sources/live/{segment(name)}/stop", read_json)


def remove_live_source(name: str) -> Call[JsonObject]:
    """A live source stopped and forgotten."""
    return Call("DELETE", f"/sources/live/{segment(name)}", read_json)
