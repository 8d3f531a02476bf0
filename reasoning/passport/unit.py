"""`read_unit`: what the graph knows of one unit or lot, with its key control points and where each was read.

A control point is one value of one record: parameter, value, unit, time, process, and the file, row and column
that it came from. Those of the parts are summed up, since a pack has some hundred of them.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import islice
from typing import Literal, TypeAlias

import numpy as np

from qualweave.iri import Q
from qualweave.reasoning.passport.seal import canonical_text, seal
from qualweave.reasoning.passport.sources import Source, Sources
from qualweave.reasoning.passport.tables import ControlRule
from qualweave.reasoning.passport.terms import Terms
from qualweave.reasoning.trace.answer import organizations
from qualweave.reasoning.trace.genealogy import GenealogyIndex
from qualweave.reasoning.trace.parts import LinkKind
from qualweave.reasoning.trace.records import Linked, Record

Outcome: TypeAlias = Literal["conforms", "does not conform", "not inspected"]
_MAKING = ("assembling", "commissioning", "creating_class_instance", "encoding")
_KIND = {LinkKind.OPERATION: Q + "Operation", LinkKind.INSPECTION: Q + "Inspection"}
_TIMES = ("result_time", "ended_at", "started_at", "event_time", "recorded_at")


@dataclass(frozen=True)
class ControlPoint:
    """One value at a key control point.

    Attributes:
        item: IRI of the unit or lot.
        parameter: IRI of the parameter.
        value: As the graph holds it, in ``unit``.
        unit: Canonical unit as it is printed, ``""`` where there is none.
        at: When, ISO 8601 in UTC; ``""`` where no record says.
        process: Class of the operation or inspection.
        record: The operation or inspection.
        rule: Line of the policy that makes it key.
        source: Where it was read.
    """

    item: str
    parameter: str
    value: str
    unit: str
    at: str
    process: str
    record: Record
    rule: ControlRule
    source: Source

    @cached_property
    def canonical(self) -> bytes:
        """The line of public facts that is hashed."""
        return canonical_text(
            {
                "item": self.item,
                "observesParameter": self.parameter,
                "value": self.value,
                "unit": self.unit,
                "measuredAt": self.at,
                "atProcess": self.process,
                "sourceFileHash": self.source.sha256,
                "sourceRow": "" if self.source.row is None else str(self.source.row),
            }
        )

    @cached_property
    def hash(self) -> str:
        """SHA-256 of `canonical`, hexadecimal."""
        return seal(self.canonical)


@dataclass(frozen=True)
class PointSummary:
    """The values of one parameter over the parts of an item."""

    parameter: str
    process: str
    unit: str
    rule: ControlRule
    count: int
    least: float
    median: float
    greatest: float


@dataclass(frozen=True)
class Unit:
    """A unit or lot as passports and scan pages show it.

    Attributes:
        item: Its IRI.
        classes: What it is, general classes left out.
        organization: Who made it, ``""`` where no record says.
        made_at: When, ISO 8601 in UTC, ``""`` where no record says.
        place: IRI of the place where it was made, likewise.
        outcome: Of all its inspections.
        points: Its own key control points, by time.
        summaries: Those of its parts.
        parts: Number of parts per class, ``""`` for those without one.
        components: IRIs of the parts, nearest first.
        parts_truncated: Whether there are more parts than were looked at.
        defects: Classes of the defects found on it.
        commit: State of the graph.
    """

    item: str
    classes: tuple[str, ...]
    organization: str
    made_at: str
    place: str
    outcome: Outcome
    points: tuple[ControlPoint, ...]
    summaries: tuple[PointSummary, ...]
    parts: Mapping[str, int]
    components: tuple[str, ...]
    parts_truncated: bool
    defects: tuple[str, ...]
    commit: str


def read_unit(
    index: GenealogyIndex, sources: Sources, item: str, *, terms: Terms, most_parts: int = 5000
) -> Unit:
    """Return what the graph knows of an item; one without any edge has no parts.

    Args:
        index: Genealogy of the same state as the sources.
        sources: Where values were read.
        item: IRI of a known item.
        terms: Words of the ontology.
        most_parts: Most parts that are summed up, nearest first.
    """
    closure = index.closure(item, "back") if item in index else {}
    parts = list(islice(closure, most_parts))
    own = index.records.of_items([item])
    classes = index.classes_of([item])[0]
    born, place = _birth(own)
    return Unit(
        item=item,
        classes=classes,
        organization=organizations(index, own).get(item, ""),
        made_at=born,
        place=place,
        outcome=_outcome(own),
        points=tuple(sorted(_points(own, classes, sources, terms), key=_by_time)),
        summaries=tuple(_summaries(index, parts, terms)),
        parts=Counter((classes or ("",))[0] for classes in index.classes_of(parts)),
        components=tuple(parts),
        parts_truncated=len(closure) > len(parts),
        defects=tuple(
            sorted(
                {
                    one
                    for linked in own
                    if linked.kind is LinkKind.DEFECT
                    for one in linked.record.classes
                }
            )
        ),
        commit=index.commit,
    )


def _by_time(point: ControlPoint) -> tuple[str, str, str]:
    return point.at, point.parameter, point.value


def _outcome(linked: Iterable[Linked]) -> Outcome:
    told = [
        one.facts["conforms"]
        for one in linked
        if one.kind is LinkKind.INSPECTION and "conforms" in one.facts
    ]
    if not told:
        return "not inspected"
    return "conforms" if all(one == "true" for one in told) else "does not conform"


def _birth(linked: Sequence[Linked]) -> tuple[str, str]:
    """Return when and where an item was made: its last operation, else the event that brought it about."""
    made = [one for one in linked if one.kind is LinkKind.OPERATION]
    events = [
        one
        for one in linked
        if one.kind is LinkKind.EVENT
        and one.facts.get("business_step", "").endswith(tuple("-" + step for step in _MAKING))
    ]
    times = sorted(time for one in made or events if (time := time_of(one.record)))
    places = (one.facts.get("location") or one.facts.get("read_point", "") for one in events)
    return (times[-1] if made and times else (times or [""])[0]), next(filter(None, places), "")


def time_of(record: Record) -> str:
    """Return the time of a record, ``""`` where it has none."""
    return next((record.facts[one] for one in _TIMES if one in record.facts), "")


def process_of(linked: Linked) -> str:
    """Return the class of a step, the general one where the records say no more."""
    return next(iter(linked.record.classes), _KIND[linked.kind])


def _key_values(
    linked: Linked, classes: Sequence[str], terms: Terms
) -> Iterator[tuple[str, float | str, ControlRule]]:
    """Yield every parameter of a step that is a key control point, with its values."""
    if linked.kind not in _KIND:
        return
    for parameter, value in linked.parameters.items():
        rule = terms.rule(parameter, (*linked.record.classes, _KIND[linked.kind], *classes))
        if rule is not None:
            for one in value if isinstance(value, tuple) else (value,):
                yield parameter, one, rule


def _points(
    own: Iterable[Linked], classes: Sequence[str], sources: Sources, terms: Terms
) -> Iterator[ControlPoint]:
    for linked in own:
        for parameter, value, rule in _key_values(linked, classes, terms):
            yield ControlPoint(
                item=linked.item,
                parameter=parameter,
                value=value if isinstance(value, str) else plain(value),
                unit=terms.symbol(parameter),
                at=time_of(linked.record),
                process=process_of(linked),
                record=linked.record,
                rule=rule,
                source=sources.of(linked.record.iri, parameter),
            )


def plain(number: float) -> str:
    """Return a number as it is printed: no exponent, no trailing zeros.

    >>> plain(368.0), plain(0.0000001)
    ('368', '0.0000001')
    """
    return np.format_float_positional(number, trim="-")


def _summaries(index: GenealogyIndex, parts: Sequence[str], terms: Terms) -> Iterator[PointSummary]:
    classes = dict(zip(parts, index.classes_of(parts), strict=True))
    found: dict[tuple[str, str], list[float]] = {}
    rules: dict[tuple[str, str], ControlRule] = {}
    for linked in index.records.of_items(parts, *_KIND):
        for parameter, value, rule in _key_values(linked, classes[linked.item], terms):
            if isinstance(value, str):
                continue
            key = parameter, process_of(linked)
            found.setdefault(key, []).append(value)
            # One value that is restricted makes the summary so: least and greatest would show it.
            if key not in rules or rule.tier == "restricted":
                rules[key] = rule
    for (parameter, process), values in sorted(found.items()):
        yield PointSummary(
            parameter=parameter,
            process=process,
            unit=terms.symbol(parameter),
            rule=rules[parameter, process],
            count=len(values),
            least=min(values),
            median=float(np.median(values)),
            greatest=max(values),
        )
