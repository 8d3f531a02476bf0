"""Replies: JSON and RFC 9457 problem details, in one place."""

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Any

import orjson
from fastapi import Request, Response

from qualweave.documents import SAID_ZH, keys_at, model_in, near
from qualweave.errors import InputError, JsonValue, QualweaveError

_SAID = MappingProxyType({"extra_forbidden": "there is no such key"})
"""What pydantic says too darkly."""


def json_reply(value: Any, *, status: int = 200, media_type: str = "application/json") -> Response:  # noqa: ANN401
    """Return any JSON value as a response."""
    return Response(orjson.dumps(value), status_code=status, media_type=media_type)


async def problem_reply(_: Request, error: Exception) -> Response:
    """Return a known error as problem details."""
    if not isinstance(error, QualweaveError):  # pragma: no cover - registered for it alone
        raise error
    return json_reply(error.problem(), status=error.status, media_type="application/problem+json")


async def invalid_reply(request: Request, error: Exception) -> Response:
    """Return a request that breaks its schema as problem details; an unknown key with the nearest known ones."""
    found: list[dict[str, Any]] = getattr(error, "errors", list)()
    detail = "; ".join(f"{_place(one)}: {_SAID.get(one['type'], one['msg'])}" for one in found)
    said = "；".join(f"{_place(one)}：{SAID_ZH.get(one['type'], one['msg'])}" for one in found)
    nearest = _nearest(request, found)
    keys = "; ".join(f"for {name}: {', '.join(near)}" for name, near in nearest.items())
    problem = InputError(
        f"The request is not valid: {detail}",
        message_zh=f"请求无效：{said}",
        next_step=f"Nearest keys {keys}." if keys else "Compare it with /openapi.json.",
        next_step_zh=_near_zh(nearest) or "请对照 /openapi.json。",
        data={"nearest": {name: list[JsonValue](near) for name, near in nearest.items()}}
        if nearest
        else {},
    )
    return json_reply(
        problem.problem(), status=problem.status, media_type="application/problem+json"
    )


def _place(error: Mapping[str, Any]) -> str:
    return ".".join(str(part) for part in error["loc"])


def _nearest(request: Request, errors: Sequence[Mapping[str, Any]]) -> dict[str, list[str]]:
    """Return the nearest keys to each unknown one of a body."""
    body = getattr(request.scope.get("route"), "body_field", None)
    model = model_in(body.field_info.annotation) if body else None
    if model is None:
        return {}
    found = {}
    for one in errors:
        if one["type"] == "extra_forbidden":
            _, *above, key = one["loc"]  # the first says that it is the body
            found[str(key)] = near(str(key), keys_at(model, above))
    return {key: known for key, known in found.items() if known}


def _near_zh(nearest: Mapping[str, Sequence[str]]) -> str:
    told = "；".join(f"{name}：{'、'.join(known)}" for name, known in nearest.items())
    return f"相近的键（{told}）。" if told else ""
