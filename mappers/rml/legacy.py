"""R2RML and the former RML vocabulary: renamed to what RML-Core made of them, or refused."""

import re
from collections.abc import Mapping
from types import MappingProxyType
from typing import TypeAlias

import pyoxigraph as ox

from qualweave.mappers.rml.model import RML, Term
from qualweave.mappers.rml.place import Place, refused

Triple: TypeAlias = tuple[Term, ox.NamedNode, Term]

_R2RML = "http://www.w3.org/ns/r2rml#"
_FORMER = "http://semweb.mmlab.be/ns/rml#"
_QL = "http://semweb.mmlab.be/ns/ql#"
_DATABASE = ("logicalTable", "tableName", "sqlQuery", "sqlVersion")
_REFERENCES = ("reference", "child", "parent")
_IN_BRACES = re.compile(r"(?<!\\)\{([^{}\\]+)\}")
_NAMES: Mapping[str, str] = MappingProxyType({"column": "reference"})


def is_legacy(predicate: ox.NamedNode) -> bool:
    """Return whether a property is of R2RML or of RML before its move to w3id.org."""
    return predicate.value.startswith((_R2RML, _FORMER))


def renamed(triples: list[Triple], place: Place) -> list[Triple]:
    """Return the triples in RML-Core: other names, files as strings become sources.

    Raises:
        InputError: If a triples map reads a database table, which only R2RML could say.
    """
    values = {str(getattr(value, "value", "")) for _, _, value in triples}
    all_json = {one for one in values if one.startswith(_QL)} == {_QL + "JSONPath"}
    found: list[Triple] = []
    for subject, predicate, value in triples:
        name = predicate.value.removeprefix(_R2RML)
        if predicate.value.startswith(_R2RML) and name in _DATABASE:
            raise refused(
                place,
                (
                    f"rr:{name} maps a database table; files are mapped here.",
                    f"rr:{name} 映射数据库表，此处只映射文件。",
                ),
                (
                    f"Export the table as CSV or JSON and name it in rml:logicalSource of <{RML}>.",
                    f"请将表导出为 CSV 或 JSON，并在 <{RML}> 的 rml:logicalSource 中引用。",
                ),
            )
        made = _named(predicate)
        told = _path(made.value.removeprefix(RML), value) if all_json else value
        found.append((_node(subject), made, _node(told)))
    return found


def _named(node: ox.NamedNode) -> ox.NamedNode:
    for space in (_R2RML, _FORMER, _QL):
        if node.value.startswith(space):
            local = node.value.removeprefix(space)
            return ox.NamedNode(RML + _NAMES.get(local, local))
    return node


def _node(node: Term) -> Term:
    return _named(node) if isinstance(node, ox.NamedNode) else node


def _path(name: str, value: Term) -> Term:
    """Return a former reference into JSON, which named a member without ``$``, as RFC 9535 has it."""
    if not isinstance(value, ox.Literal):
        return value
    if name in _REFERENCES:
        return ox.Literal(_rooted(value.value))
    if name == "template":
        told = _IN_BRACES.sub(lambda found: "{" + _rooted(found.group(1)) + "}", value.value)
        return ox.Literal(told)
    return value


def _rooted(path: str) -> str:
    return path if path.startswith(("$", "@")) else f"$.{path}"
