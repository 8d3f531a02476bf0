"""Verification tasks: rules over the graph that find what differs from what ought to be there.

The rules are a table (`rules/checks.yaml`). A rule's findings count for a station where the thing is the
station's equipment, was made at it, or was made from what was made at it.
"""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from pyoxigraph import NamedNode

from qualweave.evidence import Evidence
from qualweave.iri import RDF, Q, local_name
from qualweave.ontology.terms import TermIndex
from qualweave.reasoning.decisions.intervention import Check
from qualweave.reasoning.decisions.station import text
from qualweave.reasoning.decisions.tables import read_yaml
from qualweave.reasoning.trace.genealogy import CsrGenealogy, GenealogyIndex
from qualweave.store.port import Snapshot

_TYPE = NamedNode(RDF + "type")
_MADE = """
SELECT ?station ?item WHERE { ?operation q:usesEquipment ?station . ?item q:producedBy ?operation }
"""
_FIELDS = """
SELECT ?graph ?name WHERE {
  ?graph q:fromBatch ?batch . ?batch q:usedMapping ?mapping .
  ?field q:mappingContext ?mapping ; q:emits ?property ; q:fieldName ?name .
}
"""
_CARRIERS = (Q + "Component", Q + "Equipment", Q + "Product")
_WORD = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|[^\W\d_a-zA-Z]+")


@dataclass(frozen=True)
class Finding:
    """A check with the evidence that asks for it."""

    check: Check
    evidence: Evidence


@dataclass(frozen=True)
class _Difference:
    thing: str
    found: str
    expected: str


def find_checks(
    snapshot: Snapshot, terms: TermIndex, station: str, *, index: GenealogyIndex | None = None
) -> tuple[Finding, ...]:
    """Return the verification tasks for a station, in the order of the table.

    Args:
        snapshot: What is read.
        terms: Names the component that a source's field is about.
        station: IRI of the equipment.
        index: The genealogy; built from the snapshot where left out.
    """
    found: list[Finding] = []
    for rule in read_yaml("checks.yaml")["checks"]:
        differences = _differences(snapshot, rule["query"])
        near = _concerned(snapshot, station, differences, index=index, scope=rule["scope"])
        for target, group in _by_carrier(snapshot, terms, near, rule["property"]).items():
            found.append(_finding(rule, target, group))
    return tuple(found)


def _differences(snapshot: Snapshot, query: str) -> list[_Difference]:
    rows = snapshot.select(query)
    found = {
        _Difference(text(row["thing"]), text(row["found"]), text(row["expected"])) for row in rows
    }
    return sorted(found, key=lambda one: (one.thing, one.found))


def _concerned(
    snapshot: Snapshot,
    station: str,
    differences: Sequence[_Difference],
    *,
    index: GenealogyIndex | None,
    scope: Sequence[str],
) -> list[_Difference]:
    if not differences:
        return []
    near = [one for one in differences if "station" in scope and one.thing == station]
    if "products" not in scope:
        return near
    rows = snapshot.select(_MADE, bindings={"station": NamedNode(station)})
    made = {text(row["item"]) for row in rows}
    genealogy = index if index is not None else CsrGenealogy.build(snapshot)
    for one in differences:
        reached = set(genealogy.closure(one.thing, "back")) if one.thing in genealogy else set()
        if one.thing in made or reached & made:
            near.append(one)
    return near


def _by_carrier(
    snapshot: Snapshot, terms: TermIndex, differences: Iterable[_Difference], property_name: str
) -> dict[str, list[_Difference]]:
    predicate = NamedNode(Q + property_name)
    names = _field_names(snapshot, predicate)
    found: dict[str, list[_Difference]] = {}
    for one in differences:
        graphs = {
            getattr(quad.graph_name, "value", "")
            for quad in snapshot.quads(NamedNode(one.thing), predicate)
        }
        fields = [name for graph in sorted(graphs) for name in names.get(graph, ())]
        found.setdefault(_carrier(snapshot, terms, one.thing, fields), []).append(one)
    return found


def _field_names(snapshot: Snapshot, predicate: NamedNode) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    rows = snapshot.select(_FIELDS.replace("?property", str(predicate)))
    for row in rows:
        found.setdefault(text(row["graph"]), []).append(text(row["name"]))
    return found


def _carrier(snapshot: Snapshot, terms: TermIndex, thing: str, fields: Sequence[str]) -> str:
    """Return the class of component that carries the property: named by its field, else the thing's own."""
    for field in fields:
        for word in _WORD.findall(field):
            for term in terms.by_label(word):
                if set(terms.ancestors(term.iri)) & set(_CARRIERS):
                    return term.iri
    classes = sorted(text(quad.object) for quad in snapshot.quads(NamedNode(thing), _TYPE))
    special = [one for one in classes if set(terms.ancestors(one)) & set(_CARRIERS)]
    return next(iter(special), thing)


def _finding(rule: dict[str, Any], target: str, group: Sequence[_Difference]) -> Finding:
    subjects = tuple(dict.fromkeys(one.thing for one in group))
    found = tuple(dict.fromkeys(one.found for one in group))
    expected = tuple(dict.fromkeys(one.expected for one in group))
    words = {
        "count": len(subjects),
        "found": ", ".join(map(local_name, found)),
        "expected": ", ".join(map(local_name, expected)),
    }
    return Finding(
        Check(Q + rule["check"], target, subjects, expected, found),
        Evidence(
            kind="rule:" + rule["name"],
            statement={language: form.format(**words) for language, form in rule["says"].items()},
            weight=1.0,
            sources=subjects,
            rule=rule["name"],
            version=str(read_yaml("checks.yaml")["version"]),
        ),
    )
