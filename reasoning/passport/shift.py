"""Shift lots: the light trace of a line by shift, minted and read in one place.

A shift lot is everything that one line made in one shift. Its code is ``{line}-{yyyymmdd}-{shift}``, for example
``CL-01-20250105-N``: the line as the plant writes it, the day on which the shift began in the plant's own time, and
the shift's code of the table. A record that names its shift is taken at its word, else its time decides.
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from math import isfinite
from typing import Literal, TypeAlias
from zoneinfo import ZoneInfo

from pyoxigraph import NamedNode

from qualweave.errors import InputError, NotFound
from qualweave.iri import DEFAULT_BASE, Q, local_name, mint
from qualweave.reasoning.passport.tables import Shift, shifts
from qualweave.reasoning.passport.terms import Terms
from qualweave.reasoning.trace.genealogy import GenealogyIndex
from qualweave.reasoning.trace.parts import LinkKind
from qualweave.reasoning.trace.records import Record
from qualweave.store.port import Snapshot

Role: TypeAlias = Literal["first", "last"]
_CODE = re.compile(r"^(?P<line>.+)-(?P<day>\d{8})-(?P<shift>[^-\s]+)$")
_TIMES = ("started_at", "event_time", "ended_at", "recorded_at")
_ARTICLE = {"first": Q + "FirstArticleInspection", "last": Q + "LastArticleInspection"}
_NEAREST = 5


@dataclass(frozen=True, order=True)
class ShiftLot:
    """Line, day on which the shift began, and the shift's code."""

    line: str
    day: date
    shift: str

    @property
    def code(self) -> str:
        """The code as labels print it.

        >>> ShiftLot("CL-01", date(2025, 1, 5), "N").code
        'CL-01-20250105-N'
        """
        return f"{self.line}-{self.day:%Y%m%d}-{self.shift}"

    @staticmethod
    def looks_like(text: str) -> bool:
        """Return whether a text has the form of a code."""
        return _CODE.match(text.strip()) is not None

    @classmethod
    def parse(cls, code: str) -> "ShiftLot":
        """Read a code.

        Raises:
            InputError: If it is not of the form ``{line}-{yyyymmdd}-{shift}``, or its day is none.
        """
        found = _CODE.match(code.strip())
        try:
            if found:
                day = datetime.strptime(found["day"], "%Y%m%d").replace(tzinfo=UTC).date()
                return cls(found["line"], day, found["shift"])
        except ValueError:
            pass
        raise InputError(
            f"{code!r} is not the code of a shift lot.",
            message_zh=f"{code!r} 不是班次批代码。",
            next_step="Write line, day and shift, for example CL-01-20250105-N.",
            next_step_zh="请按“产线-日期-班次”书写，例如 CL-01-20250105-N。",
            data={"code": code},
        )

    @classmethod
    def of(cls, line: str, at: str, zone: str, stated: str = "") -> "ShiftLot":
        """Return the shift lot of a record.

        Args:
            line: Code of the line.
            at: Time of the record, ISO 8601.
            zone: IANA name of the plant's time zone.
            stated: Name of the shift as the record has it, ``""`` where it has none.
        """
        local = datetime.fromisoformat(at).astimezone(ZoneInfo(zone))
        named = next((one for one in shifts() if stated.casefold() in one.words), None)
        if stated and named is None:
            return cls(line, local.date(), re.sub(r"[-\s]+", "_", stated))
        shift = named or _by_time(local)
        # A shift over midnight belongs to the evening on which it began, overtime included.
        late = shift.ends <= shift.begins and local.time() < shift.begins
        return cls(line, local.date() - timedelta(days=1) if late else local.date(), shift.code)


def _by_time(local: datetime) -> Shift:
    moment = local.time()
    for one in shifts():
        over = one.ends <= one.begins
        inside = one.begins <= moment or moment < one.ends
        if inside if over else one.begins <= moment < one.ends:
            return one
    return max(shifts(), key=lambda one: one.begins)  # a gap of the table: the shift before it


@dataclass(frozen=True)
class Curve:
    """A parameter of a machine over a shift.

    Attributes:
        equipment: IRI of the machine.
        parameter: IRI of the parameter.
        unit: Canonical unit as it is printed.
        points: Time (ISO 8601, UTC) and value, by time.
        lower: Least allowed value of the set point, None where none is known.
        upper: Greatest, likewise.
    """

    equipment: str
    parameter: str
    unit: str
    points: tuple[tuple[str, float], ...]
    lower: float | None = None
    upper: float | None = None

    @property
    def outside(self) -> int:
        """Number of values beyond the limits."""
        low = float("-inf") if self.lower is None else self.lower
        high = float("inf") if self.upper is None else self.upper
        return sum(not low <= value <= high for _, value in self.points)


@dataclass(frozen=True)
class Article:
    """The first or last article of a shift with its inspections.

    Attributes:
        role: Which of the two.
        item: IRI of the item.
        operation: The operation that made it.
        inspections: Its inspections, those recorded as article inspections first.
        recorded: Whether one of them is recorded as that very article inspection; else it is the inspection of the
            item that was made first or last.
    """

    role: Role
    item: str
    operation: Record
    inspections: tuple[Record, ...]
    recorded: bool


@dataclass(frozen=True)
class ShiftReport:
    """What one line made in one shift.

    Attributes:
        lot: The shift lot.
        operations: Its operations, by time.
        items: What they made, in that order.
        curves: Every parameter of every machine.
        articles: First and last article, where an item is known.
        commit: State of the graph.
    """

    lot: ShiftLot
    operations: tuple[Record, ...]
    items: tuple[str, ...]
    curves: tuple[Curve, ...]
    articles: tuple[Article, ...]
    commit: str


def begun(record: Record) -> str:
    """Return the time at which an operation began, else the nearest that is known."""
    return next((record.facts[one] for one in _TIMES if one in record.facts), "")


def shift_report(
    index: GenealogyIndex,
    snapshot: Snapshot,
    lot: ShiftLot,
    *,
    terms: Terms,
    zone: str,
    tenant: str = "plant",
    base: str = DEFAULT_BASE,
) -> ShiftReport:
    """Return the report of a shift lot.

    Args:
        index: Genealogy of the same state of the graph.
        snapshot: That state.
        lot: Which line and shift.
        terms: Words of the ontology.
        zone: IANA name of the plant's time zone.
        tenant: Whose line is meant.
        base: Namespace of data IRIs.

    Raises:
        NotFound: If the line made nothing in that shift; the nearest shift lots are named.
    """
    line = mint("line", lot.line, tenant=tenant, base=base)
    machines, every = _of_line(index, snapshot, line)
    lots = {one.iri: _lot_of(one, lot.line, zone) for one in every}
    operations = sorted(
        (one for one in every if lots[one.iri] == lot), key=lambda one: (begun(one), one.iri)
    )
    if not operations:
        raise _nothing(lot, set(lots.values()))
    made = {one.iri: list(_made_by(snapshot, one.iri)) for one in operations}
    items = tuple(dict.fromkeys(item for one in operations for item in made[one.iri]))
    limits = dict(_limits(snapshot, machines))
    return ShiftReport(
        lot=lot,
        operations=tuple(operations),
        items=items,
        curves=tuple(_curves(operations, limits, terms)),
        articles=tuple(_articles(index, [(one, made[one.iri]) for one in operations])),
        commit=index.commit,
    )


def _lot_of(record: Record, line: str, zone: str) -> ShiftLot:
    stated = record.facts.get("shift", "")
    return ShiftLot.of(line, begun(record), zone, local_name(stated) if stated else "")


def _of_line(index: GenealogyIndex, snapshot: Snapshot, line: str) -> tuple[set[str], list[Record]]:
    """Return the machines of a line, and every operation on it or them that says when."""
    on_line = set(_subjects(snapshot, Q + "onLine", line))
    used = {one for name in on_line for one in _subjects(snapshot, Q + "usesEquipment", name)}
    machines = {
        name for name in on_line if next(_subjects(snapshot, Q + "usesEquipment", name), "")
    }
    found = [index.records.record(name) for name in sorted(on_line | used)]
    operations = [one for one in found if begun(one) and next(_made_by(snapshot, one.iri), "")]
    machines |= {one.facts["equipment"] for one in operations if "equipment" in one.facts}
    return machines, operations


def _made_by(snapshot: Snapshot, operation: str) -> Iterator[str]:
    return _subjects(snapshot, Q + "producedBy", operation)


def _subjects(snapshot: Snapshot, predicate: str, value: str) -> Iterator[str]:
    seen = set()
    for quad in snapshot.quads(None, NamedNode(predicate), NamedNode(value)):
        name = str(getattr(quad.subject, "value", ""))
        if name not in seen:
            seen.add(name)
            yield name


def _limits(
    snapshot: Snapshot, machines: Iterable[str]
) -> Iterator[tuple[tuple[str, str], tuple[float | None, float | None]]]:
    """Yield machine and parameter with the limits of their set point."""
    for machine in machines:
        for name in _subjects(snapshot, Q + "usesEquipment", machine):
            said = {
                quad.predicate.value: str(getattr(quad.object, "value", ""))
                for quad in snapshot.quads(NamedNode(name))
            }
            if Q + "setpointValue" in said and Q + "about" in said:
                low, high = (said.get(Q + one) for one in ("lowerBound", "upperBound"))
                yield (
                    (machine, said[Q + "about"]),
                    (float(low) if low else None, float(high) if high else None),
                )


def _curves(
    operations: Sequence[Record],
    limits: dict[tuple[str, str], tuple[float | None, float | None]],
    terms: Terms,
) -> Iterator[Curve]:
    found: dict[tuple[str, str], list[tuple[str, float]]] = {}
    for one in operations:
        for parameter, value in one.parameters.items():
            for number in value if isinstance(value, tuple) else (value,):
                if not isinstance(number, str) and isfinite(number):
                    key = (one.facts.get("equipment", ""), parameter)
                    found.setdefault(key, []).append((begun(one), number))
    for (machine, parameter), points in sorted(found.items()):
        lower, upper = limits.get((machine, parameter), (None, None))
        yield Curve(machine, parameter, terms.symbol(parameter), tuple(points), lower, upper)


def _articles(index: GenealogyIndex, made: Sequence[tuple[Record, list[str]]]) -> Iterator[Article]:
    pairs = [(operation, item) for operation, items in made for item in items]
    if not pairs:
        return
    linked = index.records.of_items([item for _, item in pairs], LinkKind.INSPECTION)
    of_item: dict[str, list[Record]] = {}
    for one in linked:
        of_item.setdefault(one.item, []).append(one.record)
    roles: tuple[tuple[Role, int], ...] = (("first", 0), ("last", -1))
    for role, place in roles:
        kind = _ARTICLE[role]
        told = [
            pair for pair in pairs if any(kind in one.classes for one in of_item.get(pair[1], ()))
        ]
        operation, item = told[place] if told else pairs[place]
        records = sorted(of_item.get(item, ()), key=lambda one: kind not in one.classes)
        yield Article(role, item, operation, tuple(records), recorded=bool(told))


def _nothing(lot: ShiftLot, known: set[ShiftLot]) -> NotFound:
    near = sorted(known, key=lambda one: (abs((one.day - lot.day).days), one.code))[:_NEAREST]
    codes = [one.code for one in near]
    return NotFound(
        f"No operation of line {lot.line!r} is recorded in the shift {lot.code}.",
        message_zh=f"班次 {lot.code} 内没有产线 {lot.line!r} 的工序记录。",
        next_step="Nearest: " + ", ".join(codes) + "."
        if codes
        else "Check the line's code, or ingest its records.",
        next_step_zh="最接近的有：" + "、".join(codes) + "。"
        if codes
        else "请检查产线代码，或导入其记录。",
        data={"code": lot.code, "nearest": list(codes)},
    )
