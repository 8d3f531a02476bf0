"""Terms of an RDF vocabulary: what its classes, properties and concepts are called, mean and are measured in.

Read with the vocabulary's own words where a standard has none: a property tells the unit when its IRI or its label
says so, so that `qudt:hasUnit`, an `ex:unitOfMeasure` and an opaque IRI labelled "has measurement unit" count alike.
What is no candidate for a field is left out and counted: terms without a name, values of enumerations, and the
annotation properties that the file itself annotates its terms with.
"""

import re
from collections import deque
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import TypeAlias

import pyoxigraph as ox

from qualweave.iri import DCTERMS, OWL, RDF, RDFS, SKOS, XSD, local_name
from qualweave.mappers.align.naming import is_number, is_opaque, language_of, spaced, squeezed
from qualweave.mappers.align.target import Entity, TargetTerm, datatype
from qualweave.mappers.units import unit_like

_Names: TypeAlias = dict[str, list[str]]
Node: TypeAlias = ox.NamedNode | ox.BlankNode | ox.Literal | ox.Triple
_OBO = "http://purl.obolibrary.org/obo/"
_OBO_IN_OWL = "http://www.geneontology.org/formats/oboInOwl#"
_XL = "http://www.w3.org/2008/05/skos-xl#"
_QUDT = "http://qudt.org/schema/qudt/"
_SCHEMAS = ("http://schema.org/", "https://schema.org/")
_TYPE, _FIRST, _REST = RDF + "type", RDF + "first", RDF + "rest"
_META = (
    RDF, RDFS, OWL, XSD, SKOS, _XL, DCTERMS, _OBO_IN_OWL, "http://purl.org/dc/elements/1.1/", "http://purl.org/vocab/vann/",
    "http://creativecommons.org/ns#", "http://www.w3.org/2003/06/sw-vocab-status/ns#", "http://purl.org/dc/dcam/",
)  # fmt: skip
_ENTITIES: Mapping[str, Entity] = MappingProxyType(
    {
        OWL + "DatatypeProperty": "datatype property",
        OWL + "ObjectProperty": "object property",
        RDF + "Property": "property",
        OWL + "FunctionalProperty": "property",
        OWL + "AnnotationProperty": "annotation property",
        OWL + "Class": "class",
        RDFS + "Class": "class",
        SKOS + "Concept": "concept",
        _QUDT + "QuantityKind": "quantity kind",
        "http://www.w3.org/ns/sosa/ObservableProperty": "quantity kind",
        "http://www.w3.org/ns/ssn/Property": "quantity kind",
        OWL + "NamedIndividual": "individual",
    }
)
"""The first that fits is what a term counts as."""
_IMPLIED: tuple[tuple[Entity, tuple[str, ...]], ...] = (
    ("property", (RDFS + "domain", RDFS + "range", RDFS + "subPropertyOf")),
    ("class", (RDFS + "subClassOf",)),
    ("concept", (SKOS + "inScheme", SKOS + "topConceptOf", SKOS + "broader")),
)
_LABEL = (
    SKOS + "prefLabel",
    RDFS + "label",
    *(one + "name" for one in _SCHEMAS),
    DCTERMS + "title",
)
_ALT = (
    SKOS + "altLabel", SKOS + "hiddenLabel", *(one + "alternateName" for one in _SCHEMAS), _OBO + "IAO_0000118",
    _OBO_IN_OWL + "hasExactSynonym", SKOS + "notation", DCTERMS + "identifier",
)  # fmt: skip
_ALT_NAMES = frozenset(
    {"altlabel", "alternativelabel", "alternativeterm", "synonym", "hassynonym", "abbreviation"}
)
_TOLD = (
    SKOS + "definition", _OBO + "IAO_0000115", RDFS + "comment", DCTERMS + "description", _OBO + "IAO_0000600",
    *(one + "description" for one in _SCHEMAS), SKOS + "scopeNote",
)  # fmt: skip
_TOLD_NAMES = frozenset({"definition", "elucidation", "description", "naturallanguagedefinition"})
_UNIT = (_QUDT + "unit", _QUDT + "hasUnit", _QUDT + "applicableUnit")
_UNIT_NAMES = frozenset(
    {
        "hasunit", "unit", "unitcode", "unitofmeasure", "hasunitofmeasure", "measurementunit", "hasmeasurementunit",
        "canonicalunit", "defaultunit", "preferredunit", "siunit", "uom", "einheit", "单位", "计量单位",
    }
)  # fmt: skip
_SYMBOLS = (_QUDT + "ucumCode", _QUDT + "symbol", _QUDT + "uneceCommonCode")
_KIND_NAMES = frozenset({"hasquantitykind", "quantitykind"})
_REPLACED = (DCTERMS + "isReplacedBy", _OBO + "IAO_0100001")
_EXACT = (SKOS + "exactMatch", OWL + "sameAs", OWL + "equivalentClass", OWL + "equivalentProperty")
_BROADER = (RDFS + "subClassOf", RDFS + "subPropertyOf", SKOS + "broader", SKOS + "broaderGeneric")
_DOMAINS = (RDFS + "domain", *(one + "domainIncludes" for one in _SCHEMAS))
_NAMING = (*_LABEL, *_ALT, *_SYMBOLS, _XL + "prefLabel")
_SAMM = re.compile(r"urn:[bs]amm:[\w.]+:meta-model:[\d.]+#(?=Property\Z)")  # of any version
_MOST_BELOW = 500  # terms; a chain of 100,000 classes would have thousands of millions
_GONE = ("obsolete ", "deprecated ")


@dataclass(frozen=True)
class RdfTerms:
    """What was found in a vocabulary.

    Attributes:
        terms: Candidates for a field, by IRI.
        nameless: How many terms have neither a label nor a name that says anything.
        values: How many are left out as values of enumerations or other individuals.
        annotations: How many are left out as annotation properties of the file itself.
        imports: IRIs of ontologies that it imports; they are not read.
    """

    terms: tuple[TargetTerm, ...]
    nameless: int = 0
    values: int = 0
    annotations: int = 0
    imports: tuple[str, ...] = ()


def rdf_terms(quads: Iterable[ox.Quad]) -> RdfTerms:
    """Return the terms that RDF statements declare, in whatever graph."""
    facts = _Facts(quads)
    declared = {node: kind for node in facts.subjects() if (kind := facts.entity(node))}
    notes = {
        one
        for one, kind in declared.items()
        if kind == "annotation property" and one in facts.predicates
    }
    rest = {one: kind for one, kind in declared.items() if one not in notes}
    own = {one: kind for one, kind in rest.items() if not one.startswith(_META)} or rest
    fields = {one: kind for one, kind in own.items() if kind != "individual"}
    values = facts.values() if fields else frozenset[str]()
    chosen = (
        {one: kind for one, kind in fields.items() if kind != "concept" or one not in values}
        or fields
        or own
    )
    reader = _Reader(facts, chosen)
    found = [reader.term(one, kind) for one, kind in sorted(chosen.items())]
    terms = tuple(one for one in found if one is not None)
    ontologies = set(facts.of_type(OWL + "Ontology"))
    known = ontologies | {
        one for node in ontologies for one in facts.iris(node, OWL + "versionIRI")
    }
    return RdfTerms(
        terms,
        nameless=len(found) - len(terms),
        values=len(own) - len(chosen),
        annotations=len(notes - set(chosen)),
        imports=tuple(
            sorted(
                {one for node in ontologies for one in facts.iris(node, OWL + "imports")} - known
            )
        ),
    )


class _Facts:
    """Statements by subject and predicate, whatever their graph."""

    def __init__(self, quads: Iterable[ox.Quad]) -> None:
        self._of: dict[str, dict[str, list[Node]]] = {}
        for one in quads:
            if not isinstance(one.subject, ox.Triple):
                found = self._of.setdefault(_key(one.subject), {})
                found.setdefault(one.predicate.value, []).append(one.object)
        self.predicates = frozenset(name for one in self._of.values() for name in one)
        self._types: dict[str, Entity] = {}

    def subjects(self) -> Iterator[str]:
        """Yield the IRIs of which something is said."""
        return (one for one in self._of if not one.startswith("_:"))

    def nodes(self) -> Iterable[str]:
        """Return all of which something is said, blank nodes too."""
        return self._of

    def objects(self, node: str, *predicates: str) -> list[Node]:
        """Return what is said of a node by the first predicates, then by the next."""
        found = self._of.get(node, {})
        return [one for name in predicates for one in found.get(name, ())]

    def said(self, node: str) -> Mapping[str, list[Node]]:
        """Return all that is said of a node."""
        return self._of.get(node, {})

    def literals(self, node: str, *predicates: str) -> list[ox.Literal]:
        """Return the texts that are said of a node, those of SKOS-XL labels included."""
        return [one for one in self.objects(node, *predicates) if isinstance(one, ox.Literal)]

    def iris(self, node: str, *predicates: str) -> list[str]:
        """Return the IRIs that stand there."""
        found = self.objects(node, *predicates)
        return list(dict.fromkeys(one.value for one in found if isinstance(one, ox.NamedNode)))

    def spread(self, node: str, *predicates: str) -> list[str]:
        """Return the IRIs that stand there, or in a union that stands there."""
        blank = [
            _key(one) for one in self.objects(node, *predicates) if isinstance(one, ox.BlankNode)
        ]
        unions = [head for one in blank for head in self.objects(one, OWL + "unionOf")]
        listed = [_key(iri) for head in unions for iri in self.listed(_key(head))]
        return list(dict.fromkeys([*self.iris(node, *predicates), *listed]))

    def above(self, node: str) -> list[str]:
        """Return what is directly above a node; a class that is defined as an intersection is below its parts."""
        heads = [
            head
            for one in self.objects(node, OWL + "equivalentClass", RDFS + "subClassOf")
            if isinstance(one, ox.BlankNode)
            for head in self.objects(_key(one), OWL + "intersectionOf")
        ]
        parts = [one for head in heads for one in self.listed(_key(head))]
        named = [one.value for one in parts if isinstance(one, ox.NamedNode)]
        return list(dict.fromkeys([*self.iris(node, *_BROADER), *named]))

    def listed(self, head: str) -> list[Node]:
        """Return the members of a list."""
        found, met = list[Node](), set[str]()
        while head in self._of and head not in met:
            met.add(head)
            found += self.objects(head, _FIRST)
            head = next((_key(one) for one in self.objects(head, _REST)), "")
        return found

    def of_type(self, kind: str) -> list[str]:
        """Return the IRIs of a type."""
        return [one for one in self.subjects() if kind in self.iris(one, _TYPE)]

    def entity(self, node: str) -> Entity:
        """Return what a node is as a term, ``""`` where it is none."""
        types = self.iris(node, _TYPE)
        found = {self._entity_of_type(one) for one in types}
        if OWL + "Ontology" in types or SKOS + "ConceptScheme" in types:
            return ""
        for one in _ENTITIES.values():
            if one in found:
                return one
        said = self.said(node)
        for one, predicates in _IMPLIED:
            if any(name in said for name in predicates):
                return one
        return "individual" if types and any(name in said for name in _NAMING) else ""

    def _entity_of_type(self, kind: str) -> Entity:
        """Return what instances of a class are: a class of concepts may be below skos:Concept."""
        if kind not in self._types:
            self._types[kind] = ""
            above = [_SAMM.sub(RDF, kind), *self._above(kind)]
            self._types[kind] = next((_ENTITIES[one] for one in above if one in _ENTITIES), "")
        return self._types[kind]

    def _above(self, node: str) -> list[str]:
        found: dict[str, None] = {}
        open_ = self.iris(node, RDFS + "subClassOf")
        while open_:
            one = open_.pop()
            if one not in found:
                found[one] = None
                open_ += self.iris(one, RDFS + "subClassOf")
        return list(found)

    def values(self) -> frozenset[str]:
        """Return the values of enumerations: members of a list, and instances of what an object property points at.

        The concepts of a code list are such instances where its class is the vocabulary's own.
        """
        ranges = {one for node in self._of for one in self.iris(node, RDFS + "range")} & set(
            self._of
        )
        heads = [_key(one) for node in self._of for one in self.objects(node, OWL + "oneOf")]
        listed = {_key(one) for head in heads for one in self.listed(head)}
        return frozenset(listed) | {
            node for node in self.subjects() if not ranges.isdisjoint(self.iris(node, _TYPE))
        }


class _Reader:
    """Makes terms of what is said of the chosen ones."""

    def __init__(self, facts: _Facts, chosen: Mapping[str, Entity]) -> None:
        self._facts = facts
        self._chosen = chosen
        restricted = {one for node in facts.nodes() for one in facts.iris(node, OWL + "onProperty")}
        self._predicates = sorted(facts.predicates | restricted)
        self._label = (*_LABEL, *self._called(frozenset({"preferredname"})))
        self._alt = (*_ALT, *self._called(_ALT_NAMES))
        self._told = (*_TOLD, *self._called(_TOLD_NAMES))
        self._unit = (*_UNIT, *self._called(_UNIT_NAMES))
        self._kind = (_QUDT + "hasDimensionVector", *self._called(_KIND_NAMES))
        self._characteristic = self._called(frozenset({"characteristic"}))
        self._listed = self._called(frozenset({"values"}))
        self._instances: dict[str, list[str]] = {}
        for one in facts.subjects():
            for kind in () if one in chosen else facts.iris(one, _TYPE):
                self._instances.setdefault(kind, []).append(one)
        self._below: dict[str, list[str]] = {}
        for one in chosen:
            for above in facts.above(one):
                self._below.setdefault(above, []).append(one)
            self._below.setdefault(one, []).extend(facts.iris(one, SKOS + "narrower"))

    def _called(self, names: frozenset[str]) -> tuple[str, ...]:
        """Return the predicates of the file that are called so, by local name or label."""
        return tuple(
            one
            for one in self._predicates
            if squeezed(local_name(one)) in names
            or any(squeezed(said.value) in names for said in self._facts.literals(one, *_LABEL))
        )

    def term(self, node: str, entity: Entity) -> TargetTerm | None:
        """Return a term; None where nothing says what it is called."""
        labels, alts = self._named(node)
        if not labels:
            return None
        facts = self._facts
        replaced = facts.iris(node, *_REPLACED)
        unit = self._unit_of(node)
        above = [
            one
            for one in (*facts.spread(node, *_DOMAINS), *facts.above(node))
            if not one.startswith(_META)
        ]
        return TargetTerm(
            id=node,
            labels={tag: tuple(names) for tag, names in labels.items()},
            alts={tag: tuple(names) for tag, names in alts.items()},
            description=self._description(node),
            unit=unit,
            kind=next((local_name(one) for one in facts.iris(node, *self._kind)), ""),
            contexts={one: names for one in above if (names := self._names(one))},
            classes=frozenset(above),
            narrower=self._narrower(node),
            value_type=self._value_type(node) or ("number" if unit else ""),
            withdrawn=bool(replaced) or self._is_withdrawn(node, labels),
            replaced_by=tuple(replaced),
            entity=entity,
            same_as=(*facts.iris(node, *_EXACT), *self._identifiers(node)),
            close_to=tuple(facts.iris(node, SKOS + "closeMatch")),
            values=tuple(dict.fromkeys(self._values(node))),
        )

    def _named(self, node: str) -> tuple[_Names, _Names]:
        """Return labels and other names; what has no label is called by its local name, else by another name."""
        facts, local = self._facts, local_name(node)
        labels, alts = _Names(), _Names()
        _add(labels, facts.literals(node, *self._label), local)
        _add(alts, facts.literals(node, *self._alt), local)
        for place, found in ((_XL + "prefLabel", labels), (_XL + "altLabel", alts)):
            for one in facts.objects(node, place):
                _add(found, facts.literals(_key(one), _XL + "literalForm"), local)
        if self._is_unit(node):
            symbols = [one.value for one in facts.literals(node, *_SYMBOLS)]
            alts["sym"] = list(dict.fromkeys(symbols))
        if not labels and not is_opaque(local):
            spelt = spaced(local)
            labels = {language_of(spelt, None): [spelt]}
        return (labels, alts) if labels else (alts, {})

    def _is_unit(self, node: str) -> bool:
        """Whether a term is a unit itself: its symbols are names of it, not the unit that it is measured in."""
        return self._chosen[node] in {"individual", "concept"} and bool(
            self._facts.literals(node, *_SYMBOLS)
        )

    def _identifiers(self, node: str) -> tuple[str, ...]:
        """Return what a term is numbered by: notations and identifiers that are no names."""
        told = self._facts.literals(node, SKOS + "notation", DCTERMS + "identifier")
        return tuple(one.value for one in told if is_opaque(one.value))

    def _names(self, node: str) -> tuple[str, ...]:
        told = [
            one.value for one in self._facts.literals(node, *_LABEL) if not is_opaque(one.value)
        ]
        local = local_name(node)
        return tuple(dict.fromkeys(told)) or (() if is_opaque(local) else (spaced(local),))

    def _description(self, node: str) -> str:
        told = [one for name in self._told for one in self._facts.literals(node, name)]
        chosen = [one for one in told if language_of(one.value, one.language) == "en"] or told
        return " ".join(chosen[0].value.split()) if chosen else ""

    def _unit_of(self, node: str) -> str:
        """Return the unit of a term: the text that is known as one, else the first that is said."""
        if self._is_unit(node):
            return ""
        said = self._facts.objects(node, *self._unit, *_SYMBOLS[:1])
        for one in self._facts.objects(node, *self._characteristic):  # of a SAMM model
            said += self._facts.objects(_key(one), *self._unit)
        for above in self._facts.objects(node, RDFS + "subClassOf"):  # a restriction on the unit
            key = _key(above)
            if key.startswith("_:") and set(self._facts.iris(key, OWL + "onProperty")) & set(
                self._unit
            ):
                said += self._facts.objects(key, OWL + "hasValue", OWL + "someValuesFrom")
        texts = [text for one in said for text in self._unit_texts(one)]
        known = next(
            ((text, unit) for text in texts if (unit := unit_like(text)) is not None), None
        )
        if known is None:
            return next((local_name(one) for one in texts if not is_opaque(local_name(one))), "")
        return known[1].ucum if "/" in known[0] and ":" in known[0] else known[0]

    def _unit_texts(self, node: Node) -> list[str]:
        if isinstance(node, ox.Literal):
            return [node.value]
        if not isinstance(node, ox.NamedNode):
            return []
        told = [one.value for one in self._facts.literals(node.value, *_SYMBOLS, *_LABEL)]
        return [*told, node.value, local_name(node.value), spaced(local_name(node.value))]

    def _value_type(self, node: str) -> str:
        for one in self._facts.iris(
            node, RDFS + "range", *(name + "rangeIncludes" for name in _SCHEMAS)
        ):
            if one.startswith((XSD, *_SCHEMAS)) and datatype(local_name(one)):
                return datatype(local_name(one))
        return ""

    def _values(self, node: str) -> Iterator[str]:
        """Yield names and codes of the values of an enumeration: of a class, or of the range of a property."""
        facts = self._facts
        spans = facts.objects(node, RDFS + "range", *self._characteristic)
        for one in (node, *map(_key, spans)):
            for head in facts.objects(one, OWL + "oneOf", *self._listed):
                for value in facts.listed(_key(head)):
                    if isinstance(value, ox.Literal):
                        yield value.value
                    else:
                        yield from self._called_value(_key(value))
            for member in self._instances.get(one, ()):
                yield from self._called_value(member)

    def _called_value(self, node: str) -> Iterator[str]:
        yield from (one.value for one in self._facts.literals(node, *self._label, *self._alt))
        if not is_opaque(local_name(node)):
            yield local_name(node)

    def _is_withdrawn(self, node: str, labels: Mapping[str, Iterable[str]]) -> bool:
        flags = [one.value for one in self._facts.literals(node, OWL + "deprecated")]
        said = (name for names in labels.values() for name in names)
        return any(one in {"true", "1"} for one in flags) or any(
            one.casefold().startswith(_GONE) for one in said
        )

    def _narrower(self, node: str) -> tuple[str, ...]:
        """Return what is below a term, the nearest first; of very many only so many."""
        found: dict[str, None] = {}
        open_ = deque(self._below.get(node, ()))
        while open_ and len(found) < _MOST_BELOW:
            one = open_.popleft()
            if one in self._chosen and one != node and one not in found:
                found[one] = None
                open_ += self._below.get(one, ())
        return tuple(sorted(found))


def _add(found: _Names, literals: Iterable[ox.Literal], local: str) -> None:
    """Add texts by language; a number, an identifier, or a local name that says nothing, is no name."""
    for one in literals:
        text = " ".join(one.value.split())
        if not text or is_number(text) or (text == local and is_opaque(local)):
            continue
        names = found.setdefault(language_of(text, one.language), [])
        if text not in names:
            names.append(text)


def _key(node: Node) -> str:
    """Return an IRI, or a blank node's own key."""
    return node.value if isinstance(node, ox.NamedNode) else str(node)
