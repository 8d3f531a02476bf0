"""`quads`: run an RML document over its sources, row by row.

What comes out is N-Quads, a line at a time, so that a file of any length needs the memory of its joins only.
A value of which no valid term can be made stops the run with triples map, line, row and value; a value that
is missing makes no term, and so no triple.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import partial
from hashlib import blake2b
from itertools import product
from pathlib import Path
from typing import Any, TypeAlias

from qualweave.iri import RDF
from qualweave.mappers.rml import terms
from qualweave.mappers.rml.formulations import BadReference, Reader, Rows, forget, rows_of
from qualweave.mappers.rml.model import (
    DEFAULT_GRAPH,
    Constant,
    Expression,
    LogicalSource,
    PredicateObjectMap,
    Reference,
    ReferencingObjectMap,
    RmlDocument,
    Template,
    TermMap,
    TriplesMap,
)
from qualweave.mappers.rml.place import Place, refused

DEFAULT_BASE_IRI = "http://example.org/"
"""What relative IRIs are put behind where neither the triples map nor the caller says (RML-Core)."""

Row: TypeAlias = tuple[int, Any]
Made: TypeAlias = Callable[[Row], list[str]]
Safe: TypeAlias = Callable[[str], str]

_DEFAULT = f"<{DEFAULT_GRAPH}>"
_REMEMBERED = 1_000_000  # lines that are not written again, some 100 bytes each


def quads(document: RmlDocument, *, base: str = DEFAULT_BASE_IRI) -> Iterator[str]:
    """Iterate over the quads of a document, as N-Quads lines without their end; some may come twice.

    Args:
        document: The document, with the folder of its sources.
        base: Base IRI of triples maps that name none.

    Raises:
        InputError: If a reference is not valid, or of a value no valid term can be made.
        UnreadableSource: If a source cannot be read.
    """
    run = _Run(document, base)
    try:
        for one in document.maps:
            yield from run.of(one)
    finally:
        forget()


def write(document: RmlDocument, path: Path, *, base: str = DEFAULT_BASE_IRI) -> int:
    """Write the quads of a document to a file, each once within a million lines.

    N-Quads is a set, so a line that comes again later says nothing new; to know them all would take memory that grows
    with the output.

    Returns:
        How many lines were written.

    Raises:
        InputError: As `quads`; the file is then not touched.
    """
    count = 0
    recent, former = set[bytes](), set[bytes]()
    draft = path.with_name(path.name + ".part")
    try:
        with draft.open("w", encoding="utf-8") as out:
            for line in quads(document, base=base):
                key = blake2b(line.encode(), digest_size=16).digest()
                if key in recent or key in former:
                    continue
                if len(recent) >= _REMEMBERED:
                    recent, former = set(), recent
                recent.add(key)
                out.write(line + "\n")
                count += 1
        draft.replace(path)
    finally:
        draft.unlink(missing_ok=True)
    return count


@dataclass
class _Run:
    document: RmlDocument
    base: str
    _opened: dict[LogicalSource, Rows] = field(default_factory=dict)

    def of(self, one: TriplesMap) -> Iterator[str]:
        """Iterate over the lines of one triples map."""
        maker = _Maker(self, one)
        subject = maker.term(one.subject)
        graphs = [maker.term(graph) for graph in one.graphs]
        types = [(f"<{RDF}type>", f"<{cls}>") for cls in one.classes]
        pairs = [_Pair.of(maker, pair, bool(graphs)) for pair in one.pairs]
        for row in enumerate(maker.rows, start=1):
            subjects = subject(row)
            if not subjects:
                continue
            targets = _targets(graphs, row) if graphs else [_DEFAULT]
            for predicate, cls in types:
                yield from _lines(subjects, [predicate], [cls], targets)
            own = targets if graphs else []
            for pair in pairs:
                yield from pair.lines(row, subjects, own)

    def rows(self, source: LogicalSource, place: Place) -> Rows:
        """Return the rows of a source, opened once."""
        if source not in self._opened:
            try:
                self._opened[source] = rows_of(source, self.document.folder)
            except BadReference as error:
                raise _bad_reference(place, error) from error
        return self._opened[source]


def _bad_reference(place: Place, error: BadReference) -> Exception:
    return refused(
        place,
        (f"{error.english}.", f"{error.chinese}。"),
        ("Correct the path in the mapping.", "请更正映射中的路径。"),
    )


def _targets(graphs: Sequence[Made], row: Row) -> list[str]:
    return list(dict.fromkeys(one for graph in graphs for one in graph(row)))


def _lines(
    subjects: Sequence[str],
    predicates: Sequence[str],
    objects: Sequence[str],
    graphs: Sequence[str],
) -> Iterator[str]:
    for subject, predicate, value, graph in product(subjects, predicates, objects, graphs):
        place = "" if graph == _DEFAULT else f" {graph}"
        yield f"{subject} {predicate} {value}{place} ."


@dataclass
class _Pair:
    """A predicate-object map, ready to run."""

    predicates: list[Made]
    objects: list[Made]
    graphs: list[Made]
    has_graphs: bool

    @classmethod
    def of(cls, maker: "_Maker", pair: PredicateObjectMap, subject_has_graphs: bool) -> "_Pair":  # noqa: FBT001 - of a private class
        graphs = [maker.term(one) for one in pair.graphs]
        return cls(
            predicates=[maker.term(one) for one in pair.predicates],
            objects=[
                *(maker.term(one) for one in pair.objects),
                *(maker.joined(one) for one in pair.references),
            ],
            graphs=graphs,
            has_graphs=subject_has_graphs or bool(graphs),
        )

    def lines(self, row: Row, subjects: Sequence[str], own: Sequence[str]) -> Iterator[str]:
        objects = [value for one in self.objects for value in one(row)]
        if not objects:
            return
        predicates = [value for one in self.predicates for value in one(row)]
        targets = [*own, *_targets(self.graphs, row)] if self.has_graphs else [_DEFAULT]
        yield from _lines(subjects, predicates, objects, list(dict.fromkeys(targets)))


class _Maker:
    """Makes functions from rows to terms for one triples map."""

    def __init__(self, run: _Run, one: TriplesMap) -> None:
        self.run = run
        self.map = one
        self.place = Place(run.document.file, one.name, one.line)
        self.rows = run.rows(one.source, self.place)
        self.base = one.base or run.base

    def _reader(self, reference: str, line: int) -> Reader:
        place = Place(self.place.file, self.place.triples_map, line)
        try:
            read = self.rows.reader(reference)
        except BadReference as error:
            raise _bad_reference(place, error) from error
        return read

    def _at(self, line: int, row: Row, error: "BadReference | terms.BadTerm") -> Exception:
        place = Place(self.place.file, self.place.triples_map, line)
        return refused(
            place,
            (
                f"row {row[0]} of {self.map.source.path}: {error.english}.",
                f"{self.map.source.path} 第 {row[0]} 行：{error.chinese}。",
            ),
            (
                "Correct the value in the source, or the term map.",
                "请更正数据源中的值，或更正项映射。",
            ),
            row=row[0],
            source=self.map.source.path,
        )

    def values(
        self, expression: Expression, line: int, safe: Safe | None = None
    ) -> Callable[[Row], list[terms.Value]]:
        """Return what evaluates an expression against a row."""
        if isinstance(expression, Constant):
            value = expression.term.value
            return lambda _row: [value]
        if isinstance(expression, Reference):
            read = self._reader(expression.path, line)
            return lambda row: read(row[1])
        return self._template(expression, line, safe or str)

    def _template(
        self, template: Template, line: int, safe: Safe
    ) -> Callable[[Row], list[terms.Value]]:
        parts: list[str | Reader] = [
            one if isinstance(one, str) else self._reader(one.path, line) for one in template.parts
        ]

        def read(row: Row) -> list[terms.Value]:
            found = [
                [one] if isinstance(one, str) else [safe(terms.lexical(v)) for v in one(row[1])]
                for one in parts
            ]
            return ["".join(texts) for texts in product(*found)]

        return read

    def term(self, one: TermMap) -> Made:
        """Return what makes the terms of a term map, as N-Quads writes them."""
        if one.expression is None:
            name = f"g-{self.run.document.maps.index(self.map)}-{one.line}-"
            return lambda row: [f"_:{name}{row[0]}"]
        if isinstance(one.expression, Constant):
            written = [terms.constant(one.expression.term)]
            return lambda _row: written
        safe = {"IRI": terms.iri_safe, "URI": terms.uri_safe}.get(one.kind)
        values = self.values(one.expression, one.line, safe)
        make = self._from_value(one)

        def read(row: Row) -> list[str]:
            try:
                return list(
                    dict.fromkeys(term for value in values(row) for term in make(value, row))
                )
            except (BadReference, terms.BadTerm) as error:
                raise self._at(one.line, row, error) from error

        return read

    def _from_value(self, one: TermMap) -> Callable[[terms.Value, Row], list[str]]:
        if one.kind == "BlankNode":
            return lambda value, _row: [terms.blank(terms.lexical(value))]
        if one.kind != "Literal":
            make = partial(terms.resource, kind=one.kind, base=self.base)
            return lambda value, _row: [make(terms.lexical(value))]
        if one.language is not None:
            tags = self.values(one.language, one.line)
            return lambda value, row: [terms.tagged(value, terms.lexical(tag)) for tag in tags(row)]
        if one.datatype is not None:
            kinds = self.term(one.datatype)
            return lambda value, row: [terms.literal(value, kind[1:-1]) for kind in kinds(row)]
        return lambda value, _row: [terms.literal(value)]

    def joined(self, one: ReferencingObjectMap) -> Made:
        """Return what makes the subjects of the parent's rows that belong to a row."""
        parent = self.run.document.named(one.parent)
        if parent is None:  # `read` refuses such a document
            return lambda _row: []
        other = _Maker(self.run, parent)
        subject = other.term(parent.subject)
        if not one.conditions:
            return subject
        mine = [self.values(each.child, one.line) for each in one.conditions]
        theirs = [other.values(each.parent, one.line) for each in one.conditions]
        index: dict[tuple[str, ...], list[str]] = {}
        for row in enumerate(other.rows, start=1):
            for key in _keys(theirs, row):
                index.setdefault(key, []).extend(subject(row))

        def find(row: Row) -> list[str]:
            return list(dict.fromkeys(o for key in _keys(mine, row) for o in index.get(key, ())))

        return find


def _keys(
    sides: Sequence[Callable[[Row], list[terms.Value]]], row: Row
) -> Iterator[tuple[str, ...]]:
    return product(*([terms.lexical(value) for value in side(row)] for side in sides))
