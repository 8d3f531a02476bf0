"""Errors of tools: the service's own, as structured content, so that a model can mend its call by itself."""

import logging
from collections.abc import Iterable, Sequence
from difflib import get_close_matches

from mcp.server.mcpserver.exceptions import ToolError
from mcp.types import CallToolResult, TextContent
from pydantic import ValidationError

from qualweave.api.mcp.answers import Named, Problem
from qualweave.errors import InputError, JsonValue, QualweaveError
from qualweave.iri import curie, local_name

_logger = logging.getLogger(__name__)
_APART = frozenset({"nearest", "nearest_terms"})


def failed(error: QualweaveError) -> CallToolResult:
    """Return the result of a call that was refused."""
    problem = Problem(
        code=error.code,
        message=error.message,
        message_zh=error.message_zh,
        next_step=error.next_step,
        next_step_zh=error.next_step_zh,
        nearest=list(_nearest(error)),
        data={key: value for key, value in error.data.items() if key not in _APART},
    )
    text = problem.model_dump_json(indent=1)
    return CallToolResult(
        content=[TextContent(type="text", text=text)],
        structured_content={"error": problem.model_dump(mode="json")},
        is_error=True,
    )


def _nearest(error: QualweaveError) -> Iterable[Named]:
    terms, others = error.data.get("nearest_terms"), error.data.get("nearest")
    for one in terms if isinstance(terms, list) else []:
        if isinstance(one, dict):
            iri = str(one.get("iri", ""))
            yield Named(iri=iri, curie=curie(iri), en=str(one.get("en")), zh=str(one.get("zh")))
    if terms:
        return
    for one in others if isinstance(others, list) else []:
        yield _scope(one) if isinstance(one, dict) else _thing(str(one))


def _thing(iri: str) -> Named:
    if "://" not in iri:
        return Named(iri="", en=iri, zh=iri)
    return Named(iri=iri, curie=curie(iri), en=local_name(iri), zh=local_name(iri))


def _scope(one: dict[str, JsonValue]) -> Named:
    """Return the meaning of a code on another machine."""
    machine, meaning = str(one.get("machine_name", "")), one.get("meaning")
    held = meaning if isinstance(meaning, dict) else {}
    return Named(
        iri=str(held.get("iri") or one.get("entry", "")),
        curie=str(held.get("curie", "")),
        en=f"{machine}: {held.get('en') or one.get('label')}",
        zh=f"{machine}：{held.get('zh') or one.get('label')}",
    )


def understood(error: ToolError, name: str, tools: Sequence[str]) -> QualweaveError:
    """Return what went wrong in a call as an error of ours; a crash is logged and told in general words."""
    cause = error.__cause__
    if isinstance(cause, QualweaveError):
        return cause
    if name not in tools:
        near = get_close_matches(name, tools, n=3, cutoff=0.3)
        return InputError(
            f"There is no tool {name!r}.",
            message_zh=f"没有名为 {name!r} 的工具。",
            next_step=f"Tools: {', '.join(tools)}.",
            next_step_zh=f"可用工具：{'、'.join(tools)}。",
            data={"tool": name, "nearest": list[JsonValue](near)},
        )
    if isinstance(cause, ValidationError):
        detail = "; ".join(
            f"{'.'.join(str(part) for part in one['loc'])}: {one['msg']}" for one in cause.errors()
        )
        return InputError(
            f"The arguments of {name} are not valid: {detail}",
            message_zh=f"工具 {name} 的参数无效：{detail}",
            next_step="Compare them with the tool's input schema.",
            next_step_zh="请对照该工具的输入模式。",
            data={"tool": name},
        )
    _logger.error("tool %s failed", name, exc_info=cause or error)
    return QualweaveError(
        f"The tool {name} failed.",
        message_zh=f"工具 {name} 执行失败。",
        next_step="Try again with other arguments; the server's log has the details.",
        next_step_zh="请更换参数重试；详情见服务端日志。",
        data={"tool": name},
    )
