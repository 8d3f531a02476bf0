"""`take`: RML-Core as a mapping document, where it is about one table and speaks the ontology's language.

Everything that the RML says must be something that a mapping document says too: a column with a role or a
parameter, a value for every row, a class. What is more (joins, graphs, composed values, other vocabularies) is
refused with the triples map and the reason; such a document can still be run as it is.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from urllib.parse import unquote

import jsonpath_rfc9535 as jsonpath
import pyoxigraph as ox

from qualweave.errors import InputError
from qualweave.iri import RDF, XSD, Q, curie, local_name
from qualweave.mappers.lift.plan import Entity, TripleRule, choose_records, record_table
from qualweave.mappers.mapping import ColumnMapping, Decision, MappingDocument, MappingEvidence
from qualweave.mappers.rml.model import (
    Constant,
    Expression,
    PredicateObjectMap,
    Reference,
    ReferencingObjectMap,
    RmlDocument,
    Template,
    TermMap,
    TriplesMap,
)
from qualweave.mappers.rml.place import Place, refused
from qualweave.mappers.sources import file_pattern, source_id
from qualweave.mappers.vocabulary import Vocabulary

Nearest = Callable[[str], list[str]]

_NUMBERS = {XSD + one for one in ("decimal", "double", "float", "integer")}
_STEP = (
    "Run it as it is with 'qualweave mapping run', or write the mapping document by hand.",
    "可用 'qualweave mapping run' 直接执行，或手工编写映射文档。",
)


def take(
    document: RmlDocument,
    vocabulary: Vocabulary,
    *,
    source: str = "",
    by: str = "rml",
    nearest: Nearest | None = None,
) -> MappingDocument:
    """Return an RML document as a mapping document.

    Args:
        document: The RML, as `read` gives it.
        vocabulary: The ontology, as the lifter sees it.
        source: Source id; made of the file name where left out.
        by: Who takes it in.
        nearest: Finds terms that may have been meant.

    Raises:
        InputError: If a triples map says what a mapping document cannot, or none takes a column; the message names
            it and says why.
    """
    work = _Taking(document, vocabulary, nearest or (lambda _name: []))
    work.all()
    if not work.terms:
        raise _without_columns(document)
    file = document.maps[0].source.path
    columns = tuple(work.column(name, by) for name in work.terms)
    roles = {local_name(term) for term in work.terms.values()}
    parameters = [one for one in work.terms.values() if vocabulary.is_parameter(one)]
    measured = [one for one in parameters if _is_characteristic(vocabulary, one)]
    chosen = choose_records(
        roles,
        constants=frozenset(work.context),
        parameters=len(parameters) - len(measured),
        characteristics=len(measured),
    )
    return MappingDocument(
        source=source or source_id(file),
        file_pattern=file_pattern(file.rsplit("/", 1)[-1]),
        records=tuple(one.kind for one in chosen),
        records_reason=chosen[0].explain() if chosen else "",
        columns=columns,
        context=work.context,
        context_reason=dict.fromkeys(work.context, f"set by {by}"),
        release=vocabulary.version,
        created_by=by,
    )


def _without_columns(document: RmlDocument) -> InputError:
    return InputError(
        f"{document.file}: no triples map takes the value of a column, so there is nothing to map.",
        message_zh=f"{document.file}：没有三元组映射引用任何列的值，因此无可映射。",
        next_step="Give a mapping that refers to columns, or run it as it is: qualweave mapping run.",
        next_step_zh="请提供引用列的映射，或直接运行：qualweave mapping run。",
        data={"file": document.file},
    )


def _is_characteristic(vocabulary: Vocabulary, iri: str) -> bool:
    concept = vocabulary.concept(iri)
    return concept is not None and concept.is_a(Q + "ProductCharacteristic")


@dataclass
class _Taking:
    document: RmlDocument
    vocabulary: Vocabulary
    nearest: Nearest
    terms: dict[str, str] = field(default_factory=dict)  # column to term, in the order of finding
    texts: set[str] = field(default_factory=set)  # columns of parameters that hold texts
    languages: dict[str, str] = field(default_factory=dict)
    context: dict[str, str] = field(default_factory=dict)
    lines: dict[str, tuple[str, int]] = field(default_factory=dict)  # column to triples map, line

    def column(self, name: str, by: str) -> ColumnMapping:
        """Return the mapping of a column that was found."""
        map_name, line = self.lines[name]
        said = {
            "en": f"triples map <{map_name}>, line {line} of {self.document.file}",
            "zh": f"{self.document.file} 第 {line} 行的三元组映射 <{map_name}>",
        }
        return ColumnMapping(
            name=name,
            term=curie(self.terms[name]),
            decision=Decision.ACCEPTED,
            by=by,
            confidence=1.0,
            evidence=(MappingEvidence(kind="rml", statement=said, weight=1.0),),
            datatype="text" if name in self.texts else "number",
            language=self.languages.get(name, ""),
        )

    def _refused(
        self,
        one: TriplesMap,
        line: int,
        english: str,
        chinese: str,
        *,
        step: tuple[str, str] = _STEP,
    ) -> InputError:
        place = Place(self.document.file, one.name, line)
        return refused(
            place,
            (f"this cannot be a mapping document: {english}.", f"无法作为映射文档：{chinese}。"),
            step,
        )

    def all(self) -> None:
        """Take every triples map: subjects that say what they are, what is said of all, then the other subjects.

        Raises:
            InputError: If one says what a mapping document cannot.
        """
        for one in self.document.maps:
            self._check(one)
        clear = [one for one in self.document.maps if self._is_clear(one)]
        for one in clear:
            self._identify(one, self._entity(one))
        for one in self.document.maps:
            entity = self._entity(one)
            for cls in one.classes:
                self._class(one, entity, cls)
            for pair in one.pairs:
                self._pair(one, entity, pair)
        for one in self.document.maps:
            if one not in clear:
                self._identify(one, self._entity(one))

    def _check(self, one: TriplesMap) -> None:
        first = self.document.maps[0]
        if one.source != first.source:
            raise self._refused(
                one,
                one.line,
                f"it reads another table than <{first.name}>",
                f"它读取的表与 <{first.name}> 不同",
            )
        if one.source.formulation == "XPath":
            raise self._refused(
                one,
                one.line,
                "its source is XML, whose paths are no columns",
                "其数据源为 XML，路径不是列",
            )
        if one.graphs or any(pair.graphs for pair in one.pairs):
            raise self._refused(
                one,
                one.line,
                "it names graphs; a mapping document leaves them to the ingest",
                "它指定了命名图，而映射文档由导入过程决定图",
            )

    def _is_clear(self, one: TriplesMap) -> bool:
        """Return whether classes or properties of a triples map tell which thing it describes."""
        entity = self._entity(one)
        named = {Q + cls for _, cls in entity.class_of}
        own = {rule.predicate for rule in _rules(entity.name)}
        return bool(named & set(one.classes) or own & set(_constants(one)))

    # --- what the rows are about ------------------------------------------------------------------

    def _entity(self, one: TriplesMap) -> Entity:
        """Return the entity of the record table that a triples map describes."""
        predicates = set(_constants(one))
        classes = {*one.classes, *_types(one)}
        best: tuple[int, Entity] | None = None
        for entity in record_table().entities.values():
            named = {entity.cls, *(Q + cls for _, cls in entity.class_of)}
            by_kind = f"/{entity.kind}/" in _prefix(one.subject)
            if not (classes & named) or (not by_kind and entity.part_of):
                continue
            own = {rule.predicate for rule in _rules(entity.name)}
            filled = bool({*entity.sources, *entity.each} & self._roles(one.subject))
            score = 4 * len(predicates & own) + 2 * by_kind + len(classes & named) + 8 * filled
            if best is None or score > best[0]:
                best = (score, entity)
        if best is None:
            told = ", ".join(curie(cls) for cls in one.classes) or "none"
            raise self._refused(
                one,
                one.line,
                f"its class ({told}) is of no thing that a record has",
                f"其类（{told}）不是任何记录中的对象",
            )
        return best[1]

    def _roles(self, subject: TermMap) -> set[str]:
        """Return the roles that the columns of a subject were already found to have."""
        return {
            local_name(self.terms[name])
            for name in _columns(subject.expression)
            if name in self.terms
        }

    def _identify(self, one: TriplesMap, entity: Entity) -> None:
        """Give the columns of the subject their roles, and a constant subject its place in the context."""
        names = _columns(one.subject.expression)
        roles = self._identifying(one, entity, len(names))
        if one.subject.kind == "BlankNode" or roles is None or entity.part_of:
            raise self._refused(
                one,
                one.subject.line,
                f"its subject does not identify a {entity.name} as records do",
                f"其主语不能按记录的方式标识 {entity.name}",
            )
        if not names:
            self._put_context(one, roles[0], one.subject)
        for name, role in zip(names, roles, strict=False):
            self._put(one, one.subject.line, name, Q + role)

    def _identifying(self, one: TriplesMap, entity: Entity, count: int) -> tuple[str, ...] | None:
        by_class = [role for role, cls in entity.class_of if Q + cls in one.classes]
        single = (*by_class, *entity.sources, *entity.each)
        if count <= 1:
            return single[:1] or None
        return next((roles for roles in entity.compose if len(roles) == count), None)

    def _class(self, one: TriplesMap, entity: Entity, cls: str) -> None:
        known = {entity.cls, *(Q + name for _, name in entity.class_of)}
        if cls in known:
            return
        if not entity.fallback_class or self.vocabulary.concept(cls) is None:
            raise self._refused(
                one,
                one.line,
                f"{curie(cls)} is no class that a {entity.name} has",
                f"{curie(cls)} 不是 {entity.name} 的类",
                step=self._near(cls),
            )
        self.context[entity.fallback_class] = cls

    # --- what is said of them ---------------------------------------------------------------------

    def _pair(self, one: TriplesMap, entity: Entity, pair: PredicateObjectMap) -> None:
        for reference in pair.references:
            if reference.conditions:
                raise self._refused(
                    one,
                    reference.line,
                    f"it joins with <{reference.parent}>",
                    f"它与 <{reference.parent}> 连接",
                )
        for predicate in pair.predicates:
            if not isinstance(predicate.expression, Constant):
                raise self._refused(
                    one, predicate.line, "a predicate depends on the row", "谓词随行变化"
                )
            iri = predicate.expression.term.value
            for reference in pair.references:
                self._refer(one, entity, iri, reference)
            for value in pair.objects:
                self._say(one, entity, iri, value)

    def _refer(
        self, one: TriplesMap, entity: Entity, predicate: str, reference: ReferencingObjectMap
    ) -> None:
        """Check that records, too, lead from this thing to the one of the same row that is referred to."""
        parent = self.document.named(reference.parent)
        other = self._entity(parent) if parent else None
        linked = [
            record_table().entities[rule.value]
            for rule in _rules(entity.name)
            if rule.predicate == predicate and rule.how == "entity"
        ]
        if other is None or other.kind not in {target.kind for target in linked}:
            raise self._refused(
                one,
                reference.line,
                f"{curie(predicate)} of a {entity.name} does not lead to <{reference.parent}>",
                f"{entity.name} 的 {curie(predicate)} 不指向 <{reference.parent}>",
                step=self._near(predicate),
            )

    def _say(self, one: TriplesMap, entity: Entity, predicate: str, value: TermMap) -> None:
        if isinstance(value.expression, Constant) and predicate == RDF + "type":
            self._class(one, entity, value.expression.term.value)
            return
        rules = [rule for rule in _rules(entity.name) if rule.predicate == predicate]
        if value.kind == "Literal":
            self._literal(one, predicate, value, rules)
            return
        targets = [record_table().entities[rule.value] for rule in rules if rule.how == "entity"]
        names = _columns(value.expression)
        if not targets or len(names) > 1 or value.kind == "BlankNode":
            raise self._refused(
                one,
                value.line,
                f"{curie(predicate)} of a {entity.name} takes no such object",
                f"{entity.name} 的 {curie(predicate)} 没有此类宾语",
                step=self._near(predicate),
            )
        alike = [target for target in targets if f"/{target.kind}/" in _prefix(value)] or targets
        options = [role for target in alike for role in (*target.sources, *target.each)]
        if not names:
            self._put_context(one, options[0], value)
            return
        held = local_name(self.terms.get(names[0], ""))
        self._put(one, value.line, names[0], Q + (held if held in options else options[0]))

    def _literal(
        self, one: TriplesMap, predicate: str, value: TermMap, rules: list[TripleRule]
    ) -> None:
        if not isinstance(value.expression, Reference):
            raise self._refused(
                one,
                value.line,
                f"{curie(predicate)} is composed, or the same for every row",
                f"{curie(predicate)} 的值是组合值或常量",
            )
        name = _columns(value.expression)[0]
        plain = [rule for rule in rules if rule.how in ("role", "tagged")]
        # of several roles that give a property, that which needs no other to be absent
        role = min(plain, key=lambda rule: len(rule.unless)).value if plain else ""
        if not role and self.vocabulary.concept(predicate) is None:
            raise self._refused(
                one,
                value.line,
                f"the ontology has no property {curie(predicate)}",
                f"本体中没有属性 {curie(predicate)}",
                step=self._near(predicate),
            )
        self._put(one, value.line, name, Q + role if role else predicate)
        if self.vocabulary.is_parameter(predicate) and not self._is_number(value):
            self.texts.add(name)
        if isinstance(value.language, Constant):
            self.languages[name] = value.language.term.value
        elif value.language is not None:
            raise self._refused(one, value.line, "a language depends on the row", "语言随行变化")

    def _is_number(self, value: TermMap) -> bool:
        kind = value.datatype.expression if value.datatype else None
        return isinstance(kind, Constant) and kind.term.value in _NUMBERS

    def _near(self, iri: str) -> tuple[str, str]:
        names = ", ".join(curie(found) for found in self.nearest(local_name(iri)))
        if not names:
            return _STEP
        return (f"Nearest terms: {names}. {_STEP[0]}", f"相近的术语：{names}。{_STEP[1]}")

    def _put(self, one: TriplesMap, line: int, name: str, term: str) -> None:
        known = self.terms.setdefault(name, term)
        self.lines.setdefault(name, (one.name, line))
        if known != term:
            raise self._refused(
                one,
                line,
                f"column {name!r} is {curie(term)} here and {curie(known)} before",
                f"列 {name!r} 在此处为 {curie(term)}，之前为 {curie(known)}",
            )

    def _put_context(self, one: TriplesMap, role: str, value: TermMap) -> None:
        if not isinstance(value.expression, Constant) or isinstance(
            value.expression.term, ox.Literal
        ):
            raise self._refused(
                one,
                value.line,
                "a term without a column is no constant IRI",
                "没有列的项不是常量 IRI",
            )
        self.context[role] = unquote(value.expression.term.value.rsplit("/", 1)[-1])


def _columns(expression: Expression | None) -> list[str]:
    """Return the columns of an expression; a JSONPath of plain members is the dotted name that readers give it."""
    if isinstance(expression, Reference):
        return [_column(expression.path)]
    if isinstance(expression, Template):
        return [_column(part.path) for part in expression.parts if isinstance(part, Reference)]
    return []


def _column(path: str) -> str:
    if not path.startswith("$"):
        return path
    selectors = [one for segment in jsonpath.compile(path).segments for one in segment.selectors]
    names = [getattr(one, "name", None) for one in selectors]
    return ".".join(str(one) for one in names) if names and None not in names else path


def _prefix(value: TermMap) -> str:
    expression = value.expression
    if isinstance(expression, Constant):
        return expression.term.value
    return str(expression.parts[0]) if isinstance(expression, Template) else ""


def _constants(one: TriplesMap) -> Iterator[str]:
    for pair in one.pairs:
        for predicate in pair.predicates:
            if isinstance(predicate.expression, Constant):
                yield predicate.expression.term.value


def _types(one: TriplesMap) -> Iterator[str]:
    typed = Constant(ox.NamedNode(RDF + "type"))
    for pair in one.pairs:
        if typed in [predicate.expression for predicate in pair.predicates]:
            yield from (
                value.expression.term.value
                for value in pair.objects
                if isinstance(value.expression, Constant)
            )


def _rules(entity: str) -> list[TripleRule]:
    return [
        rule
        for record in record_table().records.values()
        for rule in record.triples
        if rule.subject == entity
    ]
