"""Term maps: constants, references and templates, their term types, datatypes and languages, and joins."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING, get_args

import pyoxigraph as ox

from qualweave.mappers.rml.model import (
    RML,
    Constant,
    Expression,
    JoinCondition,
    Position,
    Reference,
    ReferencingObjectMap,
    Term,
    TermMap,
    TermType,
)
from qualweave.mappers.rml.place import Place, refused
from qualweave.mappers.rml.template import BadTemplate, parse_template
from qualweave.mappers.rml.terms import is_language

if TYPE_CHECKING:
    from qualweave.errors import InputError
    from qualweave.mappers.rml.read import Graph

_IRIS = ("IRI", "URI", "UnsafeIRI", "UnsafeURI")
_ALLOWED: Mapping[Position, tuple[str, ...]] = MappingProxyType(
    {
        "subject": (*_IRIS, "BlankNode"),
        "predicate": _IRIS,
        "object": (*_IRIS, "BlankNode", "Literal"),
        "graph": (*_IRIS, "BlankNode"),
        "datatype": _IRIS,
    }
)


@dataclass(frozen=True)
class TermReader:
    """Reads the term maps of one triples map."""

    graph: "Graph"
    place: Place

    def maps(
        self, node: Term, position: Position, *, without: Sequence[Term] = ()
    ) -> Iterator[TermMap]:
        """Iterate over the term maps of a node at a position, shortcuts included.

        Raises:
            InputError: If one of them is not valid there.
        """
        for value in self.graph.all(node, position):
            yield self._constant(value, position)
        for one in self.graph.all(node, f"{position}Map"):
            if one not in without:
                yield self._term_map(one, position)

    def _at(self, text: str) -> Place:
        line = self.graph.lines.of_text(text, self.place.line)
        return Place(self.place.file, self.place.triples_map, line)

    def _constant(self, value: Term, position: Position) -> TermMap:
        place = self._at(str(getattr(value, "value", value)))
        if isinstance(value, ox.Literal):
            if "Literal" not in _ALLOWED[position]:
                raise self._not_allowed(place, position, f"the literal {value.value!r}")
            return TermMap(Constant(value), "Literal", place.line)
        if not isinstance(value, ox.NamedNode):
            raise self._not_allowed(place, position, "a blank node as a constant")
        return TermMap(Constant(value), "IRI", place.line)

    def _not_allowed(self, place: Place, position: Position, what: str) -> "InputError":
        return refused(
            place,
            (f"a {position} map cannot make {what}.", f"{position} 映射不能生成 {what}。"),
            (
                "Use " + ", ".join(_ALLOWED[position]) + " there.",
                "该处可用：" + "、".join(_ALLOWED[position]) + "。",
            ),
        )

    def _term_map(self, node: Term, position: Position) -> TermMap:
        constants = self.graph.all(node, "constant")
        languages = [*self._expressions(node, "language")]
        datatypes = [*self.maps(node, "datatype")]
        if len(constants) == 1 and not self._texts(node):
            return self._constant(constants[0], position)
        expression, place = self._expression(node)
        kind = self._kind(node, position, expression, is_literal=bool(languages or datatypes))
        if kind not in _ALLOWED[position]:
            raise self._not_allowed(place, position, f"rml:{kind}")
        if expression is None and kind != "BlankNode":
            raise refused(
                place,
                (
                    f"a {position} map has neither rml:constant, rml:reference nor rml:template.",
                    f"一个 {position} 映射缺少 rml:constant、rml:reference 或 rml:template。",
                ),
                ("Give it one of them.", "请给出其中之一。"),
            )
        if (languages or datatypes) and (kind != "Literal" or (languages and datatypes)):
            raise refused(
                place,
                (
                    "only a literal has a datatype or a language, and not both.",
                    "只有字面量可以有数据类型或语言，且二者不能并存。",
                ),
                ("Take one of them away, or make it a literal.", "请去掉其一，或改为字面量。"),
            )
        return TermMap(
            expression=expression,
            kind=kind,
            line=place.line,
            datatype=datatypes[0] if datatypes else None,
            language=languages[0] if languages else None,
        )

    def _texts(self, node: Term) -> list[tuple[str, str]]:
        return [
            (name, str(getattr(one, "value", one)))
            for name in ("reference", "template")
            for one in self.graph.all(node, name)
        ]

    def _expression(self, node: Term) -> tuple[Expression | None, Place]:
        """Return the one expression of an expression map and where it stands; None where it has none."""
        found: list[tuple[Expression, Place]] = [
            (Constant(one), self._at(one.value))
            for one in self.graph.all(node, "constant")
            if isinstance(one, ox.NamedNode | ox.Literal)
        ]
        for name, text in self._texts(node):
            place = self._at(text)
            found.append(
                (Reference(text) if name == "reference" else self._template(text, place), place)
            )
        if len(found) > 1:
            raise refused(
                found[1][1],
                (
                    "a term map has several of rml:constant, rml:reference and rml:template.",
                    "一个项映射同时有多个 rml:constant、rml:reference 或 rml:template。",
                ),
                ("Keep one of them.", "请只保留一个。"),
            )
        return found[0] if found else (None, self.place)

    def _template(self, text: str, place: Place) -> Expression:
        try:
            return parse_template(text)
        except BadTemplate as error:
            raise refused(
                place,
                (
                    f"the template {text!r} is not valid: {error.english}.",
                    f"模板 {text!r} 无效：{error.chinese}。",
                ),
                (
                    "Pair the braces, and escape literal ones with a backslash.",
                    "请使花括号成对，并用反斜杠转义字面花括号。",
                ),
                template=text,
            ) from error

    def _kind(
        self, node: Term, position: Position, expression: Expression | None, *, is_literal: bool
    ) -> TermType:
        given = self.graph.all(node, "termType")
        for one in given:
            name = str(getattr(one, "value", one)).removeprefix(RML)
            if name not in get_args(TermType) or len(given) > 1:
                raise refused(
                    self._at(name),
                    (
                        f"rml:termType {name} is none, or not the only one.",
                        f"rml:termType {name} 无效或不唯一。",
                    ),
                    (
                        "Use one of " + ", ".join(get_args(TermType)) + ".",
                        "可用：" + "、".join(get_args(TermType)) + "。",
                    ),
                )
            return next(kind for kind in get_args(TermType) if kind == name)
        plain = position == "object" and (isinstance(expression, Reference) or is_literal)
        return "Literal" if plain else "IRI"

    def _expressions(self, node: Term, name: str) -> Iterator[Expression]:
        """Iterate over the expression maps of a node, shortcuts included; a language is checked where constant."""
        for one in self.graph.all(node, name):
            if isinstance(one, ox.Literal | ox.NamedNode):
                yield (
                    self._checked(Constant(one), name)
                    if name == "language"
                    else Reference(one.value)
                )
        for one in self.graph.all(node, f"{name}Map"):
            expression, place = self._expression(one)
            if expression is None:
                raise refused(
                    place,
                    (f"rml:{name}Map has no expression.", f"rml:{name}Map 没有表达式。"),
                    (
                        "Give it rml:constant, rml:reference or rml:template.",
                        "请给出 rml:constant、rml:reference 或 rml:template。",
                    ),
                )
            yield self._checked(expression, name) if name == "language" else expression

    def _checked(self, expression: Expression, name: str) -> Expression:
        if isinstance(expression, Constant) and not is_language(expression.term.value):
            tag = expression.term.value
            raise refused(
                self._at(tag),
                (
                    f"rml:{name} {tag!r} is no language tag.",
                    f"rml:{name} {tag!r} 不是有效的语言标签。",
                ),
                (
                    "Use a BCP 47 tag such as en, zh or de-AT.",
                    "请使用 BCP 47 标签，如 en、zh 或 de-AT。",
                ),
            )
        return expression

    def referencing(self, node: Term) -> ReferencingObjectMap:
        """Read an object map that refers to another triples map.

        Raises:
            InputError: If it names several parents, or a join condition lacks a side.
        """
        parents = self.graph.all(node, "parentTriplesMap")
        name = str(getattr(parents[0], "value", parents[0]))
        parent = str(parents[0]) if isinstance(parents[0], ox.BlankNode) else name
        place = self._at(name)
        if len(parents) > 1:
            raise refused(
                place,
                (
                    "an object map has several parent triples maps.",
                    "一个宾语映射有多个父三元组映射。",
                ),
                ("Give it exactly one.", "请恰好给出一个。"),
            )
        return ReferencingObjectMap(
            parent=parent,
            conditions=tuple(self._condition(one) for one in self.graph.all(node, "joinCondition")),
            line=place.line,
        )

    def _condition(self, node: Term) -> JoinCondition:
        sides = [[*self._expressions(node, name)] for name in ("child", "parent")]
        if [len(side) for side in sides] != [1, 1]:
            raise refused(
                self.place,
                (
                    "a join condition needs one child and one parent.",
                    "连接条件需要一个 child 和一个 parent。",
                ),
                ("Give it rml:child and rml:parent.", "请给出 rml:child 和 rml:parent。"),
            )
        return JoinCondition(child=sides[0][0], parent=sides[1][0])
