"""What the graph knows of a station: set points with limits, settings that were run, and what came of them.

These are the only reads that a recommendation of set points needs. A measured outcome is joined to a setting by
the item: operation at the station, item produced by it, inspection of that item.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from pyoxigraph import NamedNode

from qualweave.errors import NotEnoughEvidence
from qualweave.iri import RDFS, local_name
from qualweave.reasoning.decisions.response import Setting
from qualweave.reasoning.statistics.rules import Floats
from qualweave.store.port import RdfTerm, Snapshot

_SETPOINTS = """
SELECT ?station ?record ?parameter ?value ?lower ?upper ?step ?at WHERE {
  ?record a q:Setpoint ; q:usesEquipment ?station ; q:about ?parameter ; q:setpointValue ?value .
  OPTIONAL { ?record q:lowerBound ?lower }
  OPTIONAL { ?record q:upperBound ?upper }
  OPTIONAL { ?record q:settingResolution ?step }
  OPTIONAL { ?record q:recordedAt ?at }
}
"""
_SETTINGS = """
SELECT ?station ?operation ?value WHERE {
  ?operation q:usesEquipment ?station ; %s ?value ; a q:Operation .
  FILTER (isNumeric(?value))
}
"""
_OUTCOMES = """
SELECT ?station ?operation ?item ?inspection ?characteristic ?value ?conforms WHERE {
  ?operation q:usesEquipment ?station .
  ?item q:producedBy ?operation .
  ?inspection q:inspects ?item ; ?characteristic ?value .
  FILTER (isNumeric(?value) && ?characteristic != q:sourceRow && ?characteristic != q:rowIdentifier)
  OPTIONAL { ?inspection q:conforms ?conforms }
}
"""
_DEFECTS = """
SELECT DISTINCT ?station ?operation ?item ?class WHERE {
  ?operation q:usesEquipment ?station .
  ?item q:producedBy ?operation .
  ?defect q:foundOn ?item ; a ?class .
}
"""
_SUBCLASS_OF = NamedNode(RDFS + "subClassOf")
_PROCESSES = """
SELECT ?station ?class (COUNT(?operation) AS ?count) WHERE {
  ?operation q:usesEquipment ?station ; a ?class . FILTER (?class != q:Operation)
} GROUP BY ?station ?class ORDER BY DESC(?count) ?class
"""


@dataclass(frozen=True)
class Setpoint:
    """A set point of a station, with the record that says so."""

    record: str
    setting: Setting


@dataclass(frozen=True)
class Outcome:
    """One product characteristic of the items of a station.

    Attributes:
        characteristic: IRI of the parameter that was measured.
        operations: IRI of the operation of each value.
        inspections: IRI of the inspection of each value.
        values: In the canonical unit, shape ``(n,)``.
        conforms: The verdict beside each value: 1, 0, or NaN where there is none; shape ``(n,)``.
    """

    characteristic: str
    operations: tuple[str, ...]
    inspections: tuple[str, ...]
    values: Floats
    conforms: Floats


def read_setpoints(snapshot: Snapshot, station: str) -> tuple[Setpoint, ...]:
    """Return the set points of a station that have bounds and a step, by parameter.

    Raises:
        NotEnoughEvidence: If the graph holds no such record; without bounds nothing is changed.
    """
    found: dict[str, Setpoint] = {}
    rows = snapshot.select(_SETPOINTS, bindings={"station": NamedNode(station)})
    for row in sorted(rows, key=lambda one: (text(one["at"]), text(one["record"]))):
        if None in (row["lower"], row["upper"], row["step"]):
            continue
        figures = [float(text(row[name])) for name in ("value", "lower", "upper", "step")]
        parameter = text(row["parameter"])
        setting = Setting(parameter, figures[0], figures[1], figures[2], figures[3])
        found[parameter] = Setpoint(text(row["record"]), setting)
    if not found:
        raise missing(
            "setpoints",
            f"{local_name(station)} has no set point with bounds and resolution in the graph.",
            f"图中没有 {local_name(station)} 带上下限和分辨率的设定值记录。",
        )
    return tuple(found[name] for name in sorted(found))


def read_settings(
    snapshot: Snapshot, station: str, parameters: Sequence[str]
) -> dict[str, dict[str, float]]:
    """Return the recorded settings of a station: operation to parameter to value."""
    found: dict[str, dict[str, float]] = defaultdict(dict)
    for one in parameters:  # one query each: a VALUES block makes the engine scan every predicate
        rows = snapshot.select(_SETTINGS % f"<{one}>", bindings={"station": NamedNode(station)})
        for row in rows:
            found[text(row["operation"])][one] = float(text(row["value"]))
    return dict(found)


def read_outcomes(snapshot: Snapshot, station: str) -> dict[str, Outcome]:
    """Return what was measured on the items of a station, by characteristic."""
    rows: dict[str, dict[tuple[str, str], tuple[float, float]]] = defaultdict(dict)
    for row in snapshot.select(_OUTCOMES, bindings={"station": NamedNode(station)}):
        verdict = {"true": 1.0, "1": 1.0, "false": 0.0, "0": 0.0}.get(text(row["conforms"]))
        key = (text(row["operation"]), text(row["inspection"]))
        rows[text(row["characteristic"])][key] = (
            float(text(row["value"])),
            float("nan") if verdict is None else verdict,
        )
    return {name: _outcome(name, held) for name, held in sorted(rows.items())}


def _outcome(name: str, held: Mapping[tuple[str, str], tuple[float, float]]) -> Outcome:
    keys = sorted(held)
    table = np.array([held[key] for key in keys], dtype=np.float64)
    return Outcome(
        name, tuple(k[0] for k in keys), tuple(k[1] for k in keys), table[:, 0], table[:, 1]
    )


def read_defects(snapshot: Snapshot, station: str) -> dict[str, frozenset[str]]:
    """Return the operations of a station whose items have a defect, by class of defect."""
    found: dict[str, set[str]] = defaultdict(set)
    for row in snapshot.select(_DEFECTS, bindings={"station": NamedNode(station)}):
        found[text(row["class"])].add(text(row["operation"]))
    return {name: frozenset(operations) for name, operations in found.items()}


def process_of(snapshot: Snapshot, station: str) -> str:
    """Return the process class that a station carries out most often, ``""`` where none is recorded.

    Entailment gives each operation the classes above its own too; those say less and are left out.
    """
    rows = snapshot.select(_PROCESSES, bindings={"station": NamedNode(station)})
    names = [text(row["class"]) for row in rows]
    general = {above for name in names for above in _superclasses(snapshot, name)}
    return next((name for name in names if name not in general), "")


def _superclasses(snapshot: Snapshot, name: str) -> set[str]:
    found: set[str] = set()
    waiting = [name]
    while waiting:
        for quad in snapshot.quads(NamedNode(waiting.pop()), _SUBCLASS_OF):
            above = text(quad.object)
            if above not in found:
                found.add(above)
                waiting.append(above)
    return found


def table_of(
    settings: Mapping[str, Mapping[str, float]], parameters: Sequence[str], outcome: Outcome
) -> tuple[Floats, NDArray[np.bool_]]:
    """Return settings beside each value of an outcome, and which rows are complete.

    Shapes: ``(n, p)`` and ``(n,)``.
    """
    nothing: Mapping[str, float] = {}
    table = np.array(
        [
            [settings.get(one, nothing).get(p, np.nan) for p in parameters]
            for one in outcome.operations
        ],
        dtype=np.float64,
    ).reshape(len(outcome.operations), len(parameters))
    return table, np.asarray(np.isfinite(table).all(axis=1), dtype=np.bool_)


def text(term: RdfTerm | None) -> str:
    """Return the text of a term, ``""`` where it is unbound."""
    return "" if term is None else str(getattr(term, "value", term))


def missing(what: str, message: str, message_zh: str) -> NotEnoughEvidence:
    """Return the refusal that names what is missing."""
    return NotEnoughEvidence(
        message,
        message_zh=message_zh,
        next_step="Ingest the records that say so, then ask again.",
        next_step_zh="请导入相关记录后再询问。",
        data={"missing": what},
    )
