"""What a query from outside may do, and which graphs it may see.

The form of a query and its FROM clauses are read by rdflib's SPARQL parser; a query that it cannot read is
refused, since its dataset could not be decided. Whatever the query says, the graphs that it gets are
those that its principal may see (``Dataset``), applied by the server and never by the author.
"""

from collections.abc import Iterator, Sequence
from typing import Any

from pyparsing import ParseBaseException
from rdflib.plugins.sparql.parser import parseQuery, parseUpdate
from rdflib.plugins.sparql.parserutils import CompValue

from qualweave.errors import InputError
from qualweave.iri import PREFIXES
from qualweave.principal import Principal
from qualweave.store.port import Dataset, GraphRole, Snapshot

_OPEN_ROLES: tuple[GraphRole, ...] = (
    "data",
    "ontology",
    "shapes",
    "entailed",
    "learned",
    "governance",
    "decisions",
)
_LONGEST = 100_000


def permitted_graphs(snapshot: Snapshot, principal: Principal) -> tuple[str, ...]:
    """Return the graphs that a principal may see: its tenant's, and those of the service for everybody."""
    return tuple(entry.graph for entry in snapshot.graphs(*_OPEN_ROLES, tenant=principal.tenant))


def guarded_dataset(
    sparql: str,
    *,
    permitted: Sequence[str],
    default_uris: Sequence[str] = (),
    named_uris: Sequence[str] = (),
) -> Dataset:
    """Return the dataset of a query: the permitted graphs, narrowed by protocol or FROM.

    Args:
        sparql: The query.
        permitted: Graphs that the principal may see.
        default_uris: ``default-graph-uri`` of the protocol; they win over FROM.
        named_uris: ``named-graph-uri`` of the protocol.

    Returns:
        Both lists; where nothing narrows them, the default graph is the merge of all permitted graphs.

    Raises:
        InputError: If the query is too long, is no query, or asks another service.
    """
    parsed = _parsed(sparql)
    if any(part.name == "ServiceGraphPattern" for part in _parts(parsed)):
        raise InputError(
            "SERVICE is not allowed here: a query is answered from this store only.",
            message_zh="此处不允许 SERVICE：查询只在本存储中执行。",
            next_step="Take the SERVICE block out and join the other source on your side.",
            next_step_zh="请删除 SERVICE 块，在客户端连接其他数据源。",
        )
    default, named = list(default_uris), list(named_uris)
    if not default and not named:
        default, named = _from_clauses(parsed)
    if not default and not named:
        return Dataset(tuple(permitted), tuple(permitted))
    allowed = set(permitted)
    return Dataset(
        tuple(one for one in default if one in allowed),
        tuple(one for one in named if one in allowed),
    )


def _parsed(sparql: str) -> Any:  # noqa: ANN401 - rdflib's parse results have no types
    if len(sparql) > _LONGEST:
        raise InputError(
            f"The query has {len(sparql)} characters; {_LONGEST} are allowed.",
            next_step="Split it, or load the values into a graph and join with it.",
        )
    prologue = "".join(
        f"PREFIX {name}: <{space}>\n" for name, space in PREFIXES.items() if f"{name}:" in sparql
    )
    try:
        return parseQuery(prologue + sparql)
    except (ParseBaseException, RecursionError) as error:
        raise _unreadable(sparql, prologue, error) from error


def _unreadable(sparql: str, prologue: str, error: Exception) -> InputError:
    if _is_update(prologue + sparql):
        return InputError(
            "This is an update; the query endpoint only reads.",
            message_zh="这是更新语句；查询端点只读。",
            next_step="Send it to /sparql/update.",
            next_step_zh="请发送到 /sparql/update。",
        )
    line = getattr(error, "lineno", 1) - prologue.count("\n")
    column = getattr(error, "column", 1)
    return InputError(
        f"The query cannot be read at line {line}, column {column}: {error}",
        message_zh=f"查询在第 {line} 行第 {column} 列无法解析：{error}",
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


def _from_clauses(parsed: Any) -> tuple[list[str], list[str]]:  # noqa: ANN401
    default: list[str] = []
    named: list[str] = []
    for part in _parts(parsed):
        if part.name == "DatasetClause":
            default += [str(part["default"])] if "default" in part else []
            named += [str(part["named"])] if "named" in part else []
    return default, named
