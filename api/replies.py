"""Replies: JSON and RFC 9457 problem details, in one place."""

from typing import Any

import orjson
from fastapi import Request, Response

from qualweave.errors import InputError, QualweaveError


def json_reply(value: Any, *, status: int = 200, media_type: str = "application/json") -> Response:  # noqa: ANN401
    """Return any JSON value as a response."""
    return Response(orjson.dumps(value), status_code=status, media_type=media_type)


async def problem_reply(_: Request, error: Exception) -> Response:
    """Return a known error as problem details."""
    if not isinstance(error, QualweaveError):  # pragma: no cover - registered for it alone
        raise error
    return json_reply(error.problem(), status=error.status, media_type="application/problem+json")


async def invalid_reply(_: Request, error: Exception) -> Response:
    """Return a request that breaks its schema as problem details."""
    detail = "; ".join(
        f"{'.'.join(str(part) for part in one['loc'])}: {one['msg']}"
        for one in getattr(error, "errors", list)()
    )
    problem = InputError(
        f"The request is not valid: {detail}",
        message_zh=f"请求无效：{detail}",
        next_step="Compare it with /openapi.json.",
        next_step_zh="请对照 /openapi.json。",
    )
    return json_reply(
        problem.problem(), status=problem.status, media_type="application/problem+json"
    )
