"""The calls of trace dimensions and export templates: one request each, and how its reply is read."""

from qualweave.client.calls import Call, Direction, JsonObject, read_json, segment

_YAML = {"Content-Type": "application/yaml"}


def trace_dimensions() -> Call[JsonObject]:
    """The trace dimensions that hold now."""
    return Call("GET", "/trace-dimensions", read_json)


def put_trace_dimensions(text: str, name: str) -> Call[JsonObject]:
    """A document of trace dimensions in place of the former one."""
    path = "/trace-dimensions"
    return Call("POST", path, read_json, {"name": name}, content=text, headers=_YAML)


def export_templates() -> Call[JsonObject]:
    """The export templates that hold now."""
    return Call("GET", "/export-templates", read_json)


def put_export_templates(text: str, name: str) -> Call[JsonObject]:
    """A document of export templates in place of the former one."""
    path = "/export-templates"
    return Call("POST", path, read_json, {"name": name}, content=text, headers=_YAML)


def trace_dimension(item: str, dimension: str, direction: Direction) -> Call[JsonObject]:
    """What the steps of a trace say of one dimension."""
    wanted = {"direction": direction, "dimension": dimension}
    path = f"/trace/{segment(item)}"
    return Call("GET", path, lambda reply: dict(read_json(reply)["dimension"]), wanted)


def export_trace(template: str, item: str, direction: Direction, form: str) -> Call[bytes]:
    """A trace in the columns of a template, as the bytes of a format."""
    wanted = {"item": item, "direction": direction, "format": form}
    return Call("GET", f"/exports/{segment(template)}", lambda reply: reply.content, wanted)
