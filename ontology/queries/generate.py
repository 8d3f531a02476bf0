"""`TemplateBook`: the four queries of every class, written from the ontology.

Three forms, by how a class stands in the graph (``docs/reference/graph.md``): things are *instances* of it; a
parameter is the *predicate* of its values; a mechanism is *named* by links, labels and defects.

Each text answers within a moment on a plant of millions of triples, so none sorts a whole class and none follows
the genealogy to its end: a page is cut in the order of the store's index, which is the same in every snapshot, and
then sorted (``order=id`` sorts the class); the trace goes two steps and names the REST call that goes on, since
closures are a function of the product (design: the natural SPARQL takes seconds, the index a fraction of a
millisecond).
"""

from collections.abc import Iterator
from types import MappingProxyType
from typing import Literal, TypeAlias

from rdflib import Graph

from qualweave.iri import Q
from qualweave.ontology.queries import texts
from qualweave.ontology.queries.properties import Schema
from qualweave.ontology.queries.values import KINDS, Parameter, Template, TemplateKind, Texts
from qualweave.ontology.terms import Term, TermIndex

Form: TypeAlias = Literal["instances", "values", "named"]
THINGS = (
    "item", "equipment", "tool", "line", "operation", "segment", "recipe", "order", "shift", "inspection",
    "defect", "alarm", "label", "change", "complaint", "utterance", "card", "case", "delivery",
    "organization", "person", "site", "codelist", "code", "context", "firmware", "model", "event", "batch",
    "source", "mapping", "field", "request", "task", "freeze", "intervention", "run", "setpoint", "contract",
)  # fmt: skip
"""Kinds of data IRI; a plain identifier is looked for in each."""

_LIMIT = Parameter(
    "limit", "limit", {"en": "rows of a page, at most 1000", "zh": "每页行数，至多 1000"}, "50"
)
_OFFSET = Parameter("offset", "offset", {"en": "rows before the page", "zh": "跳过的行数"}, "0")
_LANG = Parameter(
    "lang", "language", {"en": "language of labels: en or zh", "zh": "标签语言：en 或 zh"}, "en"
)
_THING = Parameter(
    "thing",
    "thing",
    {"en": "IRI, GS1 identity or identifier", "zh": "IRI、GS1 标识或编号"},
    kind=THINGS,
)
_ORDER = Parameter(
    "order",
    "choice",
    {"en": "store: by page; id: the whole class", "zh": "store：按页排序；id：全类排序"},
    "store",
    choices=("store", "id"),
)
_SAID: dict[TemplateKind, Texts] = {
    "list": {"en": "List: {name}", "zh": "列表：{name}"},
    "by-id": {"en": "By id: {name}", "zh": "按编号查询：{name}"},
    "trace": {"en": "Trace: {name}", "zh": "追溯：{name}"},
    "aggregate": {"en": "Count: {name}", "zh": "统计：{name}"},
}
_TRACE_NOTE = {
    "en": "Two steps around the thing. The whole genealogy is a function: {call}.",
    "zh": "给出两步以内的关联；完整谱系请调用 {call}。",
}


class TemplateBook:
    """The templates of an ontology; written when asked for, all by the same rules.

    Args:
        terms: Its terms.
        graph: Its triples, for domains and ranges.
    """

    def __init__(self, terms: TermIndex, graph: Graph) -> None:
        self.terms = terms
        self.schema = Schema.read(terms, graph)

    def classes(self) -> tuple[Term, ...]:
        """Return every class, by IRI."""
        return tuple(one for one in self.terms if one.kind == "class")

    def of(self, term: Term) -> tuple[Template, ...]:
        """Return the four templates of a class."""
        return tuple(self.template(term, kind) for kind in KINDS)

    def all(self) -> Iterator[Template]:
        """Iterate over all templates."""
        for term in self.classes():
            yield from self.of(term)

    def form(self, term: Term) -> Form:
        """Return how a class stands in the graph."""
        if term.iri == Q + "Parameter" or Q + "Parameter" in self.terms.ancestors(term.iri):
            return "values"
        above = {term.iri, *self.terms.ancestors(term.iri)}
        return "named" if Q + "FailureMechanism" in above else "instances"

    def template(self, term: Term, kind: TemplateKind) -> Template:
        """Return one template of a class."""
        made = {
            "list": self._list,
            "by-id": self._by_id,
            "trace": self._trace,
            "aggregate": self._aggregate,
        }
        return made[kind](term, self.form(term))

    def _list(self, term: Term, form: Form) -> Template:
        if form == "values":
            text, ordered = texts.value_list(self._narrower(term))
            units = {"value": term.canonical_unit} if term.canonical_unit else {}
        elif form == "named":
            text, ordered = texts.naming_list(self._narrower(term), self._concept_relations())
            units = {}
        else:
            columns = self.schema.columns(term.iri)
            text, ordered = texts.instance_list(term.local_name, [c.local_name for c in columns])
            units = {c.local_name: c.canonical_unit for c in columns if c.canonical_unit}
        return self._made(
            term,
            "list",
            sparql=text,
            parameters=(_LIMIT, _OFFSET, _ORDER),
            variants={"id": ordered},
            units=units,
        )

    def _by_id(self, term: Term, form: Form) -> Template:
        if form == "values":
            text = texts.values_of(self._narrower(term))
        elif form == "named":
            text = texts.naming_of(self._narrower(term), self._concept_relations())
        else:
            text = texts.instance(term.local_name)
        return self._made(term, "by-id", sparql=text, parameters=(_THING, _LANG, _LIMIT, _OFFSET))

    def _trace(self, term: Term, form: Form) -> Template:
        item = Q + "MaterialItem" in self.schema.line(term.iri)
        called = "thing" if item else "item"
        call = f"GET /trace/{{{called}}}?direction=back|forward"
        if form == "instances":
            text = texts.steps(
                term.local_name,
                self._short(self.schema.relations(term.iri, into=False)),
                self._short(self.schema.relations(term.iri, into=True)),
            )
        elif form == "values":
            text = texts.value_steps(self._narrower(term))
        else:
            text = texts.naming_steps(self._narrower(term), self._concept_relations())
        return self._made(
            term,
            "trace",
            sparql=text,
            parameters=(_THING, _LIMIT, _OFFSET),
            call=call,
            note={lang: said.format(call=call) for lang, said in _TRACE_NOTE.items()},
        )

    def _aggregate(self, term: Term, form: Form) -> Template:
        grouped: Texts
        by: tuple[str, ...] = ("parameter", "line", "equipment")
        if form == "values":
            text, grouped = texts.value_figures(self._narrower(term))
        elif form == "named":
            by = ("mechanism",)
            text, grouped = texts.naming_counts(self._narrower(term), self._concept_relations())
        else:
            children = [c.removeprefix(Q) for c in self._children(term)]
            dimensions = [one.local_name for one in self.schema.dimensions(term.iri)]
            by = ("class", *dimensions)
            text, grouped = texts.instance_counts(term.local_name, children, dimensions)
        choice = Parameter(
            "by", "choice", {"en": "what to count by", "zh": "分组依据"}, by[0], choices=by
        )
        units = dict.fromkeys(("mean", "least", "greatest"), term.canonical_unit or "")
        return self._made(
            term,
            "aggregate",
            sparql=text,
            parameters=(choice, _LANG, _LIMIT, _OFFSET),
            variants=grouped,
            units=units if form == "values" and term.canonical_unit else {},
        )

    def _made(
        self,
        term: Term,
        kind: TemplateKind,
        *,
        sparql: str,
        parameters: tuple[Parameter, ...],
        variants: Texts = MappingProxyType({}),
        units: Texts = MappingProxyType({}),
        call: str = "",
        note: Texts = MappingProxyType({}),
    ) -> Template:
        label = {
            lang: said.format(name=self.terms.name_of(term.iri, lang))
            for lang, said in _SAID[kind].items()
        }
        return Template(
            name=f"{term.local_name}/{kind}",
            class_iri=term.iri,
            kind=kind,
            label=label,
            sparql=sparql,
            parameters=parameters,
            variants=variants,
            units=units,
            call=call,
            note=note,
        )

    def _children(self, term: Term) -> tuple[str, ...]:
        below = self.terms.descendants(term.iri)
        return tuple(one for one in below if term.iri in self.terms.by_iri(one).parents)

    def _narrower(self, term: Term) -> list[str]:
        """Return a class and all below it that values or links can name, as local names."""
        below = [one.removeprefix(Q) for one in self.terms.descendants(term.iri)]
        return [term.local_name, *below]

    def _concept_relations(self) -> list[str]:
        """Return the properties by which a mechanism is named: those that the ontology calls so."""
        return [
            one.local_name
            for one in self.terms
            if one.kind == "object_property" and "Mechanism" in one.local_name
        ]

    def _short(self, iris: tuple[str, ...]) -> list[str]:
        return [one.removeprefix(Q) for one in iris]
