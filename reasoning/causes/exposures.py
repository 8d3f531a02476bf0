"""What an item met on its way: machines, lots, organisations, changes, deviating values."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal, TypeAlias

from qualweave.iri import local_name
from qualweave.reasoning.causes.contrast import THRESHOLD, Baseline
from qualweave.reasoning.causes.times import Interval, made_during, stood_during
from qualweave.reasoning.trace.answer import organizations
from qualweave.reasoning.trace.genealogy import GenealogyIndex
from qualweave.reasoning.trace.parts import LinkKind, Numbers
from qualweave.reasoning.trace.records import Record

CauseKind: TypeAlias = Literal["change", "parameter", "lot", "equipment", "organization"]


@dataclass(frozen=True)
class Exposure:
    """One thing that items can have met; equal for all that met the same."""

    kind: CauseKind
    iri: str
    detail: str = ""


@dataclass(frozen=True)
class Deviation:
    """A value that is off against its own history."""

    item: str
    record: str
    parameter: str
    value: float
    z: float
    usual: float

    @property
    def side(self) -> str:
        """``"high"`` or ``"low"``."""
        return "high" if self.z > 0 else "low"

    @property
    def name(self) -> str:
        """Local name of the parameter."""
        return local_name(self.parameter)


@dataclass(frozen=True)
class Standing:
    """A change that stood while an operation ran, and the share of the operation that it covers."""

    change: Record
    operation: Record
    share: float


@dataclass(frozen=True)
class Met:
    """What was met at the making of one item."""

    item: str
    operations: tuple[Record, ...]
    organization: str
    standing: tuple[Standing, ...]
    deviations: tuple[Deviation, ...]
    exposures: frozenset[Exposure]

    @property
    def own_exposures(self) -> frozenset[Exposure]:
        """The exposures without what an inspection found: on the bad item itself that is the trouble."""
        made = {one.iri for one in self.operations}
        found = {
            Exposure("parameter", one.parameter, one.side)
            for one in self.deviations
            if one.record not in made
        }
        caused = {
            Exposure("parameter", one.parameter, one.side)
            for one in self.deviations
            if one.record in made
        }
        return self.exposures - (found - caused)


@dataclass
class Exposures:
    """Reads what items met, each item once.

    Attributes:
        index: Genealogy and records.
    """

    index: GenealogyIndex
    _met: dict[str, Met] = field(default_factory=dict)
    _baselines: dict[tuple[str, int], tuple[Numbers, Baseline | None]] = field(default_factory=dict)
    _changes: dict[str, list[tuple[Record, Interval]]] | None = None

    def at(self, items: Sequence[str]) -> dict[str, Met]:
        """Return what was met at the making of each of some items."""
        missing = [one for one in dict.fromkeys(items) if one not in self._met]
        linked = self.index.records.of_items(missing, LinkKind.OPERATION, LinkKind.INSPECTION)
        makers = organizations(self.index, linked)
        grouped: dict[str, list[tuple[LinkKind, Record]]] = {one: [] for one in missing}
        for one in linked:
            grouped[one.item].append((one.kind, one.record))
        for item, records in grouped.items():
            self._met[item] = self._meet(item, records, makers.get(item, ""))
        return {one: self._met[one] for one in items}

    def of(self, item: str) -> set[Exposure]:
        """Return everything that an item met on its whole way, from its ancestors' making to its own."""
        ancestors = list(self.index.closure(item, "back")) if item in self.index else []
        own = self.at([item])[item].own_exposures
        met = self.at(ancestors)
        lots = {Exposure("lot", one) for one in ancestors}
        return lots.union(own, *(one.exposures for one in met.values()))

    def changes(self) -> dict[str, list[tuple[Record, Interval]]]:
        """Return the changes of each equipment with the time during which they stood."""
        if self._changes is None:
            self._changes = {}
            for change in self.index.records.with_fact("changed_parameter"):
                interval, equipment = stood_during(change.facts), change.facts.get("equipment")
                if interval and equipment:
                    self._changes.setdefault(equipment, []).append((change, interval))
        return self._changes

    def _meet(self, item: str, records: Sequence[tuple[LinkKind, Record]], maker: str) -> Met:
        operations = tuple(record for kind, record in records if kind is LinkKind.OPERATION)
        standing = tuple(one for record in operations for one in self._standing(record))
        deviations = tuple(one for _, record in records for one in self._deviations(item, record))
        machines = {
            record.facts["equipment"] for record in operations if "equipment" in record.facts
        }
        exposures = {Exposure("equipment", one) for one in machines}
        exposures |= {Exposure("change", one.change.iri) for one in standing}
        exposures |= {Exposure("parameter", one.parameter, one.side) for one in deviations}
        if maker:
            exposures.add(Exposure("organization", maker))
        return Met(item, operations, maker, standing, deviations, frozenset(exposures))

    def _standing(self, operation: Record) -> Iterable[Standing]:
        ran = made_during(operation.facts)
        if ran is None:
            return
        for change, interval in self.changes().get(operation.facts.get("equipment", ""), ()):
            # An instant at the very edge of a change is covered; an hour that only touches it is not.
            share = ran.covered_by(interval)
            if share > 0:
                yield Standing(change, operation, share)

    def _deviations(self, item: str, record: Record) -> Iterable[Deviation]:
        for parameter, value in record.parameters.items():
            if not isinstance(value, float):
                continue
            baseline = self._baseline(parameter, record.iri)
            if baseline is None:
                continue
            z = baseline.z(value)
            if abs(z) >= THRESHOLD:
                yield Deviation(item, record.iri, parameter, value, z, baseline.median)

    def _baseline(self, parameter: str, record: str) -> Baseline | None:
        history = self.index.records.history(parameter, record)
        # The index keeps one array per parameter and source; holding it here keeps its id its own.
        key = (parameter, id(history))
        if key not in self._baselines:
            self._baselines[key] = (history, Baseline.of(history))
        return self._baselines[key][1]


def trouble_of(index: GenealogyIndex, items: Sequence[str]) -> Mapping[str, frozenset[str]]:
    """Return what is wrong with each item by the records: defect classes, ``complaint``, ``nonconforming``."""
    found: dict[str, set[str]] = {}
    kinds = (LinkKind.DEFECT, LinkKind.COMPLAINT, LinkKind.INSPECTION)
    for one in index.records.of_items(items, *kinds):
        if one.kind is LinkKind.DEFECT:
            found.setdefault(one.item, set()).update(one.record.classes or ("defect",))
        elif one.kind is LinkKind.COMPLAINT:
            found.setdefault(one.item, set()).add("complaint")
        elif one.record.facts.get("conforms") in ("false", "0"):
            found.setdefault(one.item, set()).add("nonconforming")
    return {item: frozenset(what) for item, what in found.items()}
