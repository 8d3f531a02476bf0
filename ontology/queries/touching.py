"""Which terms a question touches: those without which its answer would be another.

A query touches a term that its text names, as SPARQL resolves the name, and a term that a solution of its pattern
binds. The pattern is asked with every variable projected (``SELECT DISTINCT *``): the ends of a path, variables that
the answer does not show and the pattern below an aggregate count; what only a filter looks for (``NOT EXISTS``), the
middle of a path and what a filter leaves out do not. Each sub-select is asked by itself, which is how SPARQL
evaluates it, and a group that is nothing but a sub-select is not asked again. Of a query with ``HAVING`` only the
solutions of the groups that it keeps count. ``LIMIT`` is not applied: what it cuts off counts.
"""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, TypeAlias

from pyparsing import ParseBaseException
from rdflib.plugins.sparql.parser import parseQuery
from rdflib.plugins.sparql.parserutils import CompValue
from rdflib.term import URIRef

from qualweave.errors import InputError
from qualweave.iri import PREFIXES

# The lexical grammar of SPARQL 1.1 (19.8), as far as it decides what is a keyword and which brace meets which.
_TOKEN = re.compile(
    r"""(?P<skip>\#[^\n]*|\"{3}(?:[^"\\]|\\.|\"{1,2}(?!"))*\"{3}|'{3}(?:[^'\\]|\\.|'{1,2}(?!'))*'{3}"""
    r"""|"(?:[^"\\\n]|\\.)*"|'(?:[^'\\\n]|\\.)*'|<[^<>"{}|^`\\\x00-\x20]*>|[?$]\w+)"""
    r"""|(?P<word>[\w:.\-]+)|(?P<mark>[{}()])""",
    re.DOTALL,
)
_CLAUSES = frozenset({"GROUP", "HAVING", "ORDER", "LIMIT", "OFFSET", "VALUES"})
Solve: TypeAlias = Callable[[str], Iterable[Iterable[object]]]
"""Asks a SELECT of the store and gives the values of each row."""


@dataclass(frozen=True)
class _Token:
    text: str
    start: int
    end: int


@lru_cache(maxsize=1024)
def named_iris(sparql: str) -> frozenset[str]:
    """Return the IRIs that a query names, in full.

    Raises:
        InputError: If it cannot be read.
    """
    prologue, body = _parsed(sparql)
    spaces = dict(PREFIXES)
    for one in _parts(prologue):
        if one.name == "PrefixDecl":
            spaces[_told(one, "prefix")] = str(one["iri"])
    found: set[str] = set()
    for part in _leaves(body):
        if isinstance(part, CompValue):
            space = spaces.get(_told(part, "prefix"), "")
            found.add(f"{space}{_told(part, 'localname')}")
        else:
            found.add(str(part))
    return frozenset(found)


def _told(part: CompValue, name: str) -> str:
    """Return a part of a prefixed name, ``""`` where it has none; rdflib's own ``get`` would return the name."""
    return str(part[name]) if name in part else ""


def open_patterns(sparql: str) -> tuple[str, ...]:
    """Return the pattern of a SELECT and of each of its sub-selects, every variable projected.

    A pattern that is one sub-select is left out: its solutions are made of those of the sub-select.

    Raises:
        InputError: If the query cannot be read.
    """
    _, body = _parsed(sparql)
    wanted = sum(one.name in {"SelectQuery", "SubSelect"} for one in _parts(body))
    tokens = list(_tokens(sparql))
    starts = [at for at, one in enumerate(tokens) if one.text.upper() == "SELECT"]
    if len(starts) != wanted:
        raise _unread(f"{len(starts)} SELECT are written and {wanted} are meant")
    prologue = sparql[: tokens[starts[0]].start] if starts else ""
    own = [at for at in starts if tokens[_next(tokens, at, "{") + 1].text.upper() != "SELECT"]
    return tuple(f"{prologue}SELECT DISTINCT * WHERE {_group(sparql, tokens, at)}" for at in own)


def touched(sparql: str, solve: Solve) -> frozenset[str]:
    """Return the IRIs that a query touches: those it names and those its solutions bind.

    Args:
        sparql: The query, its parameters put in.
        solve: Asks a SELECT of the store that the query is asked of.

    Raises:
        InputError: If the query cannot be read.
    """
    bound = {
        str(getattr(value, "value", value))
        for one in open_patterns(sparql)
        for row in solve(one)
        for value in row
        if value is not None
    }
    return named_iris(sparql) | bound


def _group(sparql: str, tokens: Sequence[_Token], at: int) -> str:
    """Return the pattern of the SELECT at a place, with the VALUES that may follow its modifiers."""
    first = _next(tokens, at, "{")
    last = _partner(tokens, first)
    group = sparql[tokens[first].start : tokens[last].end]
    words = {"": last}  # the clauses behind the pattern, each with the place of its first word
    depth = 0
    for number in range(last + 1, len(tokens)):
        text = tokens[number].text
        depth += (text in {"{", "("}) - (text in {"}", ")"})
        if depth < 0:
            break
        if depth == 0 and text.upper() in _CLAUSES:
            words.setdefault(text.upper(), number)
    if "HAVING" in words:
        group = f"{{ {group} {_kept_groups(sparql, tokens, words, group)} }}"
    if "VALUES" in words:
        start = words["VALUES"]
        stop = _partner(tokens, _next(tokens, start, "{"))
        return f"{group} {sparql[tokens[start].start : tokens[stop].end]}"
    return group


def _kept_groups(
    sparql: str, tokens: Sequence[_Token], words: Mapping[str, int], group: str
) -> str:
    """Return the sub-select of the groups that HAVING keeps, by the variables that they are made of."""
    having = tokens[words["HAVING"]].start
    made_of = sparql[tokens[words["GROUP"]].start : having] if "GROUP" in words else ""
    later = [tokens[at].start for at in words.values() if tokens[at].start > having]
    close = next((one.start for one in _closing(tokens, words["HAVING"])), len(sparql))
    ends = min([*later, close])
    keys = re.findall(r"[?$]\w+", made_of)
    if not keys or re.sub(r"[?$]\w+|\s|GROUP|BY", "", made_of, flags=re.IGNORECASE):
        raise _unread("HAVING needs groups of plain variables")
    return f"{{ SELECT {' '.join(keys)} WHERE {group} {made_of} {sparql[having:ends]} }}"


def _closing(tokens: Sequence[_Token], at: int) -> Iterator[_Token]:
    """Iterate over the marks behind a place that close what was opened before it."""
    depth = 0
    for one in tokens[at:]:
        depth += (one.text in {"{", "("}) - (one.text in {"}", ")"})
        if depth < 0:
            yield one


def _next(tokens: Sequence[_Token], at: int, mark: str) -> int:
    """Return the place of the next mark that stands in no round bracket."""
    depth = 0
    for number in range(at, len(tokens)):
        text = tokens[number].text
        depth += (text == "(") - (text == ")")
        if text == mark and depth == 0:
            return number
    raise _unread(f"no {mark} follows")


def _partner(tokens: Sequence[_Token], at: int) -> int:
    depth = 0
    for number in range(at, len(tokens)):
        text = tokens[number].text
        depth += (text == "{") - (text == "}")
        if depth == 0:
            return number
    raise _unread("a brace is not closed")


def _tokens(sparql: str) -> Iterator[_Token]:
    return (
        _Token(hit.group(), *hit.span())
        for hit in _TOKEN.finditer(sparql)
        if hit.lastgroup != "skip"
    )


def _parsed(sparql: str) -> Any:  # noqa: ANN401 - rdflib's parse results have no types
    prologue = "".join(f"PREFIX {name}: <{space}>\n" for name, space in PREFIXES.items())
    try:
        return parseQuery(prologue + sparql)
    except ParseBaseException as error:
        raise _unread(str(error)) from error


def _parts(node: Any) -> Iterator[CompValue]:  # noqa: ANN401
    return (one for one in _walk(node) if isinstance(one, CompValue))


def _leaves(node: Any) -> Iterator[CompValue | URIRef]:  # noqa: ANN401
    for one in _walk(node):
        if isinstance(one, URIRef) or (isinstance(one, CompValue) and one.name == "pname"):
            yield one


def _walk(node: Any) -> Iterator[Any]:  # noqa: ANN401
    waiting = [node]
    while waiting:
        one = waiting.pop()
        yield one
        if isinstance(one, CompValue):
            waiting.extend(one.values())
        elif not isinstance(one, str) and hasattr(one, "__iter__"):
            waiting.extend(one)


def _unread(why: str) -> InputError:
    return InputError(
        f"The query cannot be read: {why}.",
        message_zh=f"无法解析该查询：{why}。",
        next_step="Correct the query.",
        next_step_zh="请更正查询。",
        data={"reason": why},
    )
