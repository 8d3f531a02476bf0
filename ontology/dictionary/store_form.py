"""The graph form of a dictionary: one named graph a partner and tenant, written whole and read back whole."""

from collections.abc import Iterator, Mapping
from decimal import Decimal
from hashlib import sha256
from typing import cast

from pyoxigraph import Literal, NamedNode

from qualweave.errors import JsonValue, NotFound
from qualweave.iri import DEFAULT_BASE, RDF, RDFS, XSD, Q, graph_iri, mint
from qualweave.ontology.dictionary.entry import Dictionary, Entry
from qualweave.ontology.dictionary.frequency import Frequency, Occasion
from qualweave.ontology.dictionary.numbers import tidy
from qualweave.ontology.dictionary.rules import notation, read_rules
from qualweave.store.port import ChangeSet, GraphEntry, RdfTerm, Snapshot
from qualweave.values import QUDT_UNIT, unit_of

_KEY = "dictionary_of"
_SECOND, _ONE = unit_of("s"), unit_of("1")


def dictionary_graph(partner: str, tenant: str = "plant", base: str = DEFAULT_BASE) -> str:
    """Return the named graph of a partner's dictionary."""
    return graph_iri("governance", tenant, "dictionary", partner, base=base)


def dictionary_change(
    dictionary: Dictionary,
    about: Mapping[str, JsonValue],
    *,
    tenant: str = "plant",
    base: str = DEFAULT_BASE,
) -> ChangeSet:
    """Return what puts a dictionary in the place of the partner's former one.

    Args:
        dictionary: The dictionary.
        about: Where it came from: file, hash, who.
        tenant: Whose graph.
        base: Base of the data IRIs.
    """
    writer = _Writer(dictionary, tenant, base)
    lines = sorted(
        {f"{subject} {predicate} {value} .\n" for subject, predicate, value in writer.triples()}
    )
    return ChangeSet(
        dictionary_graph(dictionary.partner, tenant, base),
        "governance",
        inserts="".join(lines).encode(),
        replace=True,
        about={**about, _KEY: dictionary.partner, "entries": len(dictionary.entries)},
    )


class _Writer:
    def __init__(self, dictionary: Dictionary, tenant: str, base: str) -> None:
        self._given, self._tenant, self._base = dictionary, tenant, base

    def _node(self, *parts: str) -> str:
        name = mint("dictionary", self._given.partner, *parts, tenant=self._tenant, base=self._base)
        return str(NamedNode(name))

    def triples(self) -> Iterator[tuple[str, str, str]]:
        whole = self._node()
        yield whole, _predicate(RDF + "type"), _q("ParameterDictionary")
        yield whole, _predicate(Q + "dictionaryPartner"), str(Literal(self._given.partner))
        for one in self._given.entries:
            yield from self._entry(one, whole)

    def _entry(self, one: Entry, whole: str) -> Iterator[tuple[str, str, str]]:
        key = one.parameter.removeprefix(Q), sha256(one.point.encode()).hexdigest()[:8]
        node = self._node(*key)
        yield node, _predicate(RDF + "type"), _q("ParameterDictionaryEntry")
        yield node, _predicate(Q + "inDictionary"), whole
        yield node, _predicate(Q + "definesParameter"), str(NamedNode(one.parameter))
        yield node, _predicate(Q + "hasUnit"), str(NamedNode(one.unit.iri))
        yield node, _predicate(Q + "measurementAccuracy"), decimal(one.accuracy)
        if one.critical is not None:
            yield node, _predicate(Q + "declaredCritical"), str(Literal(one.critical))
        if one.row is not None:
            yield node, _predicate(Q + "sourceRow"), str(Literal(one.row))
        yield from self._parts(one, node, key)

    def _parts(self, one: Entry, node: str, key: tuple[str, str]) -> Iterator[tuple[str, str, str]]:
        point, often, rule = (self._node(*key, part) for part in ("point", "frequency", "rule"))
        yield node, _predicate(Q + "collectedAt"), point
        yield point, _predicate(RDF + "type"), _q("CollectionPoint")
        yield point, _predicate(RDFS + "label"), str(Literal(one.point))
        yield node, _predicate(Q + "collectionFrequency"), often
        yield often, _predicate(RDF + "type"), _q("QuantityValue")
        yield from _often(one.frequency, often)
        yield node, _predicate(Q + "hasAnomalyRule"), rule
        yield rule, _predicate(RDF + "type"), _q("AnomalyRule")
        yield rule, _predicate(Q + "ruleExpression"), str(Literal(notation(one.rules)))
        if one.weight is not None:
            weight = self._node(*key, "weight")
            yield node, _predicate(Q + "hasWeight"), weight
            yield weight, _predicate(RDF + "type"), _q("ParameterWeight")
            yield weight, _predicate(Q + "weightPercent"), decimal(one.weight)
        if one.low is not None or one.high is not None:
            limit = self._node(*key, "limit")
            yield node, _predicate(Q + "hasSpecificationLimit"), limit
            yield limit, _predicate(RDF + "type"), _q("SpecificationLimit")
            for name, value in (("lowerBound", one.low), ("upperBound", one.high)):
                if value is not None:
                    yield limit, _predicate(Q + name), decimal(value)


def _often(frequency: Frequency, node: str) -> Iterator[tuple[str, str, str]]:
    timed = frequency.seconds is not None
    unit = _SECOND if timed else _ONE
    yield node, _predicate(Q + "numericValue"), decimal(frequency.seconds or frequency.count)
    yield node, _predicate(Q + "hasUnit"), str(NamedNode(unit.iri))
    if not timed:
        yield node, _predicate(Q + "frequencyOccasion"), str(Literal(frequency.occasion))


def decimal(value: Decimal) -> str:
    """Return a number as an exact literal."""
    return str(Literal(f"{tidy(value):f}", datatype=NamedNode(XSD + "decimal")))


def _predicate(iri: str) -> str:
    return str(NamedNode(iri))


def _q(name: str) -> str:
    return str(NamedNode(Q + name))


# --- reading back ------------------------------------------------------------------------------------

_ENTRIES = """
SELECT ?entry ?parameter ?unit ?accuracy ?point ?often ?occasion ?rule ?weight ?low ?high ?critical ?row WHERE {
  ?entry a q:ParameterDictionaryEntry ; q:definesParameter ?parameter ; q:hasUnit ?unit ;
         q:measurementAccuracy ?accuracy ; q:collectedAt/rdfs:label ?point ;
         q:collectionFrequency ?frequency ; q:hasAnomalyRule/q:ruleExpression ?rule .
  ?frequency q:numericValue ?often .
  OPTIONAL { ?frequency q:frequencyOccasion ?occasion }
  OPTIONAL { ?entry q:hasWeight/q:weightPercent ?weight }
  OPTIONAL { ?entry q:hasSpecificationLimit/q:lowerBound ?low }
  OPTIONAL { ?entry q:hasSpecificationLimit/q:upperBound ?high }
  OPTIONAL { ?entry q:declaredCritical ?critical }
  OPTIONAL { ?entry q:sourceRow ?row }
}"""


def dictionary_entries(snapshot: Snapshot, tenant: str = "plant") -> list[GraphEntry]:
    """Return the catalogue entries of a tenant's dictionaries, by partner."""
    found = [one for one in snapshot.graphs("governance", tenant=tenant) if _KEY in one.about]
    return sorted(found, key=lambda one: str(one.about[_KEY]))


def read_back(snapshot: Snapshot, partner: str, tenant: str = "plant") -> Dictionary:
    """Return a partner's dictionary as the graph has it.

    Raises:
        NotFound: If there is none; ``data["partners"]`` lists whose there are.
    """
    known = {str(one.about[_KEY]): one.graph for one in dictionary_entries(snapshot, tenant)}
    if partner not in known:
        raise NotFound(
            f"There is no dictionary of {partner!r}.",
            message_zh=f"没有“{partner}”的参数字典。",
            next_step=f"Import one: qualweave dictionary import FILE --partner {partner}. Known: "
            f"{', '.join(known) or 'none'}.",
            next_step_zh=f"请导入：qualweave dictionary import 文件 --partner {partner}。"
            f"现有：{'、'.join(known) or '无'}。",
            data={"partner": partner, "partners": list[JsonValue](known)},
        )
    rows = snapshot.select(_ENTRIES, graphs=[known[partner]])
    entries = [_read_entry({name: _text(term) for name, term in row.items()}) for row in rows]
    return Dictionary(partner, tuple(sorted(entries, key=lambda one: (one.parameter, one.point))))


def _read_entry(row: Mapping[str, str]) -> Entry:
    unit = unit_of(row["unit"].removeprefix(QUDT_UNIT))
    occasion = cast("Occasion", row["occasion"])
    often = Decimal(row["often"])
    return Entry(
        parameter=row["parameter"],
        point=row["point"],
        accuracy=Decimal(row["accuracy"]),
        frequency=Frequency(count=often, occasion=occasion)
        if row["occasion"]
        else Frequency(often),
        rules=read_rules(row["rule"], unit),
        unit=unit,
        weight=Decimal(row["weight"]) if row["weight"] else None,
        critical=row["critical"] == "true" if row["critical"] else None,
        low=Decimal(row["low"]) if row["low"] else None,
        high=Decimal(row["high"]) if row["high"] else None,
        row=int(row["row"]) if row["row"] else None,
    )


def _text(term: RdfTerm | None) -> str:
    return "" if term is None else str(getattr(term, "value", term))
