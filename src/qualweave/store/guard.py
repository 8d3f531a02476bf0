"""What a query from outside may do, and which graphs it may see.

The form of a query and its FROM clauses are read by rdflib's SPARQL parser; a query that it cannot read is
refused, since its dataset could not be decided. Whatever the query says, the graphs that it gets are
those that its principal may see (``Dataset``), applied by the server and never by the author.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Literal, TypeAlias

from pyparsing import ParseBaseException
from rdflib.plugins.sparql.algebra import translatePrologue
from rdflib.plugins.sparql.parser import parseQuery, parseUpdate
from rdflib.plugins.sparql.parserutils import CompValue
from rdflib.term import URIRef

from qualweave.errors import InputError
from qualweave.iri import PREFIXES
from qualweave.principal import Principal
from qualweave.store.port import Dataset, Snapshot

_LONGEST = 100_000
QueryForm: TypeAlias = Literal["select", "ask", "construct", "describe"]
_FORMS: dict[str, QueryForm] = {
    "SelectQuery": "select",
    "AskQuery": "ask",
    "ConstructQuery": "construct",
    "DescribeQuery": "describe",
}


@dataclass(frozen=True)
class Outline:
    """What the guard reads in a query: its form and the graphs of its FROM clauses."""

    form: QueryForm
    default: tuple[str, ...]
    named: tuple[str, ...]


def permitted_dataset(snapshot: Snapshot, principal: Principal) -> Dataset:
    """Return what a principal may see: the graphs of its tenant and those that belong to everybody.

    Former releases are there to be named (``FROM``, ``GRAPH`` or the protocol), and no part of what is asked otherwise.
    """
    graphs = tuple(entry.graph for entry in snapshot.graphs(tenant=principal.tenant))
    archive = tuple(entry.graph for entry in snapshot.graphs("archive", tenant=principal.tenant))
    return Dataset(graphs, (*graphs, *archive))


def effective_dataset(
    query: str,
    permitted: Dataset,
    *,
    default_uris: Sequence[str] = (),
    named_uris: Sequence[str] = (),
) -> Dataset:
    """Return the dataset of a query: the permitted graphs, narrowed by protocol or FROM.

    Args:
        query: The query.
        permitted: What its principal may see.
        default_uris: ``default-graph-uri`` of the protocol; with ``named_uris`` they win over FROM.
        named_uris: ``named-graph-uri`` of the protocol.

    Returns:
        Both lists. A graph that is not permitted is left out as if it were not there, so that nobody
        learns of it.

    Raises:
        InputError: If the query is too long, is no query, or asks another service.
    """
    outline = read_outline(query)
    default, named = tuple(default_uris), tuple(named_uris)
    if not default and not named:
        default, named = outline.default, outline.named
    if not default and not named:
        return permitted
    seen = {*permitted.default, *permitted.named}
    return Dataset(
        tuple(one for one in dict.fromkeys(default) if one in seen),
        tuple(one for one in dict.fromkeys(named) if one in permitted.named),
    )


@lru_cache(maxsize=256)
def read_outline(query: str) -> Outline:
    """Return the outline of a query.

    Raises:
        InputError: If the query is too long, is no query, or asks another service.
    """
    prologue, body = _parsed(query)
    if any(part.name == "ServiceGraphPattern" for part in _parts(body)):
        raise InputError(
            "SERVICE is not allowed here: a query is answered from this store only.",
            message_zh="此处不允许 SERVICE：查询只在本存储中执行。",
            next_step="Take the SERVICE block out and join the other source on your side.",
            next_step_zh="请删除 SERVICE 块，在客户端连接其他数据源。",
        )
    default, named = _from_clauses(translatePrologue(prologue, None), body)
    return Outline(_FORMS[body.name], tuple(default), tuple(named))


def _parsed(sparql: str) -> Any:  # noqa: ANN401 - rdflib's parse results have no types
    if len(sparql) > _LONGEST:
        raise InputError(
            f"The query has {len(sparql)} characters; {_LONGEST} are allowed.",
            message_zh=f"查询有 {len(sparql)} 个字符，上限为 {_LONGEST}。",
            next_step="Split it, or load the values into a graph and join with it.",
            next_step_zh="请拆分查询，或将取值写入图后再连接。",
        )
    prologue = "".join(
        f"PREFIX {name}: <{space}>\n" for name, space in PREFIXES.items() if f"{name}:" in sparql
    )
    try:
        return parseQuery(prologue + sparql)
    except RecursionError as error:
        raise InputError(
            "The query is nested too deeply to be checked.",
            message_zh="查询嵌套过深，无法检查。",
            next_step="Flatten it: fewer brackets and groups inside each other.",
            next_step_zh="请减少括号与分组的嵌套层数。",
        ) from error
    except ParseBaseException as error:
        raise _unreadable(sparql, prologue, error) from error


def only_reads() -> InputError:
    """Return what an update is told."""
    return InputError(
        "This is an update; the query endpoint only reads.",
        message_zh="这是更新语句；查询端点只读。",
        next_step="Hand data in at POST /sources and edits of the ontology at POST /change-requests.",
        next_step_zh="数据请经 POST /sources 提交，本体修改请经 POST /change-requests 提交。",
    )


def _unreadable(sparql: str, prologue: str, error: ParseBaseException) -> InputError:
    if _is_update(prologue + sparql):
        return only_reads()
    line = error.lineno - prologue.count("\n")
    column, reason = error.column, str(error).split("  (at char")[0]
    return InputError(
        f"The query cannot be read at line {line}, column {column}: {reason}",
        message_zh=f"查询在第 {line} 行第 {column} 列无法解析：{reason}",
        next_step="Correct it there; the example queries show the form that is understood.",
        next_step_zh="请更正该处；可参考示例查询。",
        data={"line": line, "column": column},
    )


def _is_update(text: str) -> bool:
    try:
        return bool(parseUpdate(text).request)
    except (ParseBaseException, RecursionError):
        return False


def _parts(node: Any) -> Iterator[CompValue]:  # noqa: ANN401 - rdflib's parse results have no types
    waiting = [node]
    while waiting:
        one = waiting.pop()
        if isinstance(one, CompValue):
            yield one
            waiting.extend(one.values())
        elif isinstance(one, str):
            continue
        elif hasattr(one, "__iter__"):
            waiting.extend(one)


def _from_clauses(prologue: Any, body: Any) -> tuple[list[str], list[str]]:  # noqa: ANN401
    found: dict[str, list[str]] = {"default": [], "named": []}
    for clause in body.get("datasetClause") or ():
        for kind, graphs in found.items():
            if kind in clause:
                graphs.append(_absolute(prologue, clause[kind]))
    return found["default"], found["named"]


def _absolute(prologue: Any, name: Any) -> str:  # noqa: ANN401
    try:
        return str(URIRef(prologue.absolutize(name)))
    except Exception as error:
        raise InputError(
            f"The graph {name} of a FROM clause has no known prefix.",
            message_zh=f"FROM 子句中的图 {name} 使用了未知前缀。",
            next_step="Declare the prefix, or write the whole IRI in angle brackets.",
            next_step_zh="请声明前缀，或使用尖括号写出完整 IRI。",
        ) from error
