"""SPARQL 1.1 Protocol: a query from outside, guarded."""

from collections.abc import Sequence
from typing import Annotated

from fastapi import APIRouter, Query, Request, Response
from fastapi.concurrency import run_in_threadpool
from fastapi.datastructures import FormData, QueryParams

from qualweave.api.misspelt import header_of
from qualweave.api.security.asking import ServiceOf, Who
from qualweave.errors import InputError
from qualweave.store.guard import only_reads

_DIRECT, _FORM = "application/sparql-query", "application/x-www-form-urlencoded"
_UPDATE = "application/sparql-update"


def add_routes(router: APIRouter) -> None:
    """Add the routes of the SPARQL protocol."""

    @router.get("/sparql")
    def sparql_get(
        request: Request,
        service: ServiceOf,
        who: Who,
        query: str = "",  # noqa: ARG001 - for the documentation; read below, since it must come once
        default: Annotated[list[str] | None, Query(alias="default-graph-uri")] = None,
        named: Annotated[list[str] | None, Query(alias="named-graph-uri")] = None,
    ) -> Response:
        """Answer a query (SPARQL 1.1 Protocol, via GET)."""
        asked = _the_query(request.query_params), default or (), named or ()
        return _answer(request, service, who, asked)

    @router.post("/sparql")
    async def sparql_post(request: Request, service: ServiceOf, who: Who) -> Response:
        """Answer a query (SPARQL 1.1 Protocol, via POST, direct or form)."""
        asked = await _posted(request)
        return await run_in_threadpool(_answer, request, service, who, asked)


_Asked = tuple[str, Sequence[str], Sequence[str]]
"""A query, its default-graph-uri and its named-graph-uri."""


async def _posted(request: Request) -> _Asked:
    given: QueryParams | FormData
    kind = request.headers.get("content-type", "").split(";")[0].strip().lower()
    if kind == _UPDATE:
        raise only_reads()
    if kind == _DIRECT:
        given, query = request.query_params, _text(await request.body())
    elif kind in {_FORM, "multipart/form-data"}:
        given = await request.form()
        query = _the_query(given)
    else:
        raise InputError(
            f"A query does not come as {kind or 'a body without a content type'}.",
            message_zh=f"查询的内容类型不能是 {kind or '空'}。",
            next_step=f"Send it as {_DIRECT} or {_FORM}.",
            next_step_zh=f"请以 {_DIRECT} 或 {_FORM} 发送。",
        )
    default, named = (
        [str(one) for one in given.getlist(f"{which}-graph-uri")] for which in ("default", "named")
    )
    return query, default, named


def _the_query(given: QueryParams | FormData) -> str:
    if "update" in given:
        raise only_reads()
    queries = given.getlist("query")
    if len(queries) > 1:
        raise InputError(
            f"There are {len(queries)} queries; a request asks one.",
            message_zh=f"请求中有 {len(queries)} 个查询，每次只能提交一个。",
            next_step="Send each in a request of its own.",
            next_step_zh="请分别提交。",
        )
    return str(queries[0]) if queries else ""


def _text(body: bytes) -> str:
    try:
        return body.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise InputError(
            f"The query is not UTF-8: byte {error.start} cannot be read.",
            message_zh=f"查询不是 UTF-8 编码：无法读取第 {error.start} 个字节。",
            next_step="Send it in UTF-8.",
            next_step_zh="请以 UTF-8 编码发送。",
        ) from error


def _answer(request: Request, service: ServiceOf, who: Who, asked: _Asked) -> Response:
    query, default, named = asked
    if not query.strip():
        raise InputError(
            "There is no query.",
            message_zh="没有查询。",
            next_step=f"Give it as the parameter 'query', or as a body of type {_DIRECT}.",
            next_step_zh=f"请以参数 query 或类型为 {_DIRECT} 的请求体给出查询。",
        )
    answer = service.query(
        query,
        principal=who,
        accept=",".join(request.headers.getlist("accept")) or "*/*",
        default_uris=default,
        named_uris=named,
    )
    unknown = header_of(service.misspelt(query, principal=who))
    headers = {"Qualweave-Commit": answer.commit, "Vary": "Accept", **unknown}
    return Response(answer.body, media_type=answer.media_type, headers=headers)
