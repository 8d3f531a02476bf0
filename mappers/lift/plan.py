"""The table of record kinds, and the choice of the kind that a mapped table is.

The choice is arithmetic over ``records.yaml``: a kind whose needs are met scores the weights of the
roles that are mapped; the highest score wins, and the roles that decided are the explanation.
"""

from collections.abc import Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from functools import lru_cache
from importlib.resources import files
from typing import Any, Literal, TypeAlias

import yaml

from qualweave.errors import InputError
from qualweave.iri import RDFS, Q

CellType: TypeAlias = Literal[
    "id",
    "text",
    "number",
    "integer",
    "time",
    "boolean",
    "concept",
    "code",
    "value",
    "difference",
    "status",
]
_PARAMETER_CAP = 3  # beyond three, more parameters say nothing more about the kind of record


@dataclass(frozen=True)
class Entity:
    """A thing that a row names; see the head of ``records.yaml``."""

    name: str
    kind: str
    cls: str
    sources: tuple[str, ...] = ()
    each: tuple[str, ...] = ()
    compose: tuple[tuple[str, ...], ...] = ()
    row: bool = False
    class_of: tuple[tuple[str, str], ...] = ()
    named: str = ""
    within: tuple[str, ...] = ()
    fallback_class: str = ""
    part_of: str = ""
    parts: tuple[str, ...] = ()
    coded: str = ""
    label: bool = False
    numbered: bool = False
    unless_true: str = ""


@dataclass(frozen=True)
class TripleRule:
    """One triple of a record: subject entity, predicate IRI, and what stands as object.

    Attributes:
        how: ``"entity"``, ``"role"`` (a literal), ``"concept"``, ``"code"`` or ``"tagged"``.
        unless: Roles or entities whose presence in the row rules the triple out.
        unless_same: Whether subject and object must differ.
    """

    subject: str
    predicate: str
    value: str
    how: Literal["entity", "role", "concept", "code", "tagged"]
    unless: tuple[str, ...] = ()
    unless_same: bool = False


@dataclass(frozen=True)
class Record:
    """One record kind."""

    kind: str
    node: str
    values: str
    needs: tuple[frozenset[str], ...]
    none_of: frozenset[str]
    weight: Mapping[str, float]
    beside: tuple[str, ...]
    own: frozenset[str]
    codes: bool
    triples: tuple[TripleRule, ...]

    @property
    def entities(self) -> tuple[str, ...]:
        """Names of the entities that its triples use, the node first."""
        named = [self.node] if self.node else []
        for rule in self.triples:
            named += [rule.subject, *([rule.value] if rule.how == "entity" else [])]
        return tuple(dict.fromkeys(named))


@dataclass(frozen=True)
class RecordTable:
    """All record kinds, entities and role types of ``records.yaml``."""

    version: int
    roles: Mapping[str, CellType]
    concepts: Mapping[str, tuple[str, ...]]
    entities: Mapping[str, Entity]
    records: Mapping[str, Record]


@dataclass(frozen=True)
class RecordChoice:
    """A record kind that a table was found to be, with what decided."""

    kind: str
    score: float
    reasons: tuple[tuple[str, float], ...]

    def explain(self, language: str = "en") -> str:
        """Return one sentence that names the roles that decided."""
        roles = ", ".join(f"{role} (+{weight:g})" for role, weight in self.reasons)
        if language == "zh":
            return f"记录类型 {self.kind}，得分 {self.score:g}：{roles}"
        return f"{self.kind} scores {self.score:g} by {roles}"


def _names(value: Any) -> tuple[str, ...]:  # noqa: ANN401 - YAML has any shape
    return () if value is None else (value,) if isinstance(value, str) else tuple(value)


def _entity(name: str, row: Mapping[str, Any]) -> Entity:
    named = row.get("named") or {}
    return Entity(
        name=name,
        kind=row["kind"],
        cls=Q + row["class"],
        sources=_names(row.get("from")),
        each=_names(row.get("each")),
        compose=tuple(tuple(one) for one in row.get("compose", ())),
        row=bool(row.get("row")),
        class_of=tuple((row.get("class_of") or {}).items()),
        named=named.get("role", ""),
        within=tuple(Q + one for one in named.get("within", ())),
        fallback_class=row.get("fallback_class", ""),
        part_of=row.get("part_of", ""),
        parts=_names(row.get("parts")),
        coded=row.get("coded", ""),
        label=bool(row.get("label")),
        numbered=bool(row.get("numbered")),
        unless_true=row.get("unless_true", ""),
    )


def _triple(row: list[Any], entities: Mapping[str, Entity]) -> TripleRule:
    subject, predicate, value, *rest = row
    marks = rest[0] if rest else {}
    iri = RDFS + predicate[5:] if predicate.startswith("rdfs:") else Q + predicate
    how: Any
    if isinstance(value, dict):
        [(how, value)] = value.items()
    else:
        how = "entity" if value in entities else "role"
    return TripleRule(
        subject,
        iri,
        value,
        how=how,
        unless=_names(marks.get("unless")),
        unless_same=bool(marks.get("unless_same")),
    )


def _record(kind: str, row: Mapping[str, Any], entities: Mapping[str, Entity]) -> Record:
    return Record(
        kind=kind,
        node=row.get("node") or "",
        values=row.get("values") or "",
        needs=tuple(frozenset(group) for group in row["needs"]),
        none_of=frozenset(row.get("none_of", ())),
        weight={role: float(weight) for role, weight in row["weight"].items()},
        beside=tuple(row.get("beside", ())),
        own=frozenset(row.get("own", ())),
        codes=bool(row.get("codes")),
        triples=tuple(_triple(one, entities) for one in row["triples"]),
    )


@lru_cache(maxsize=1)
def record_table() -> RecordTable:
    """Return the table of record kinds that the package carries."""
    text = files("qualweave.mappers.lift").joinpath("records.yaml").read_text("utf-8")
    data = yaml.safe_load(text)
    entities = {name: _entity(name, row) for name, row in data["entities"].items()}
    return RecordTable(
        version=data["version"],
        roles=data["roles"],
        concepts={role: tuple(Q + one for one in row) for role, row in data["concepts"].items()},
        entities=entities,
        records={kind: _record(kind, row, entities) for kind, row in data["records"].items()},
    )


def choose_records(
    roles: AbstractSet[str],
    *,
    constants: AbstractSet[str] = frozenset(),
    parameters: int = 0,
    characteristics: int = 0,
    environment: int = 0,
) -> list[RecordChoice]:
    """Return the record kinds of a table, the one that fits best first.

    Args:
        roles: Local names of the role terms that columns are mapped to.
        constants: Role terms that the file's context gives for every row.
        parameters: Number of columns mapped to a parameter of a process, equipment or environment.
        characteristics: Number of columns mapped to a product characteristic.
        environment: Of the parameters, those of the surroundings, where they are at least half of them.

    Returns:
        The best kind and those that its row in the table lets stand beside it; empty where no kind's
        needs are met.
    """
    counted = {
        "parameter": parameters + characteristics,
        "process_parameter": parameters,
        "characteristic": characteristics,
        "environment": environment,
    }
    present = set(roles) | set(constants) | {name for name, count in counted.items() if count}
    scored = [
        _score(record, roles=roles, present=present, counted=counted)
        for record in record_table().records.values()
    ]
    fitting = sorted((one for one in scored if one), key=lambda one: -one.score)
    if not fitting:
        return []
    best = record_table().records[fitting[0].kind]
    beside = [
        one
        for one in fitting[1:]
        if one.kind in best.beside and record_table().records[one.kind].own & present
    ]
    return [fitting[0], *beside]


def _score(
    record: Record,
    *,
    roles: AbstractSet[str],
    present: AbstractSet[str],
    counted: Mapping[str, int],
) -> RecordChoice | None:
    if record.none_of & roles or any(not group & present for group in record.needs):
        return None
    reasons = [
        (role, weight * min(counted[role], _PARAMETER_CAP) if role in counted else weight)
        for role, weight in record.weight.items()
        if role in roles or counted.get(role)
    ]
    reasons.sort(key=lambda pair: -pair[1])
    total = sum(weight for _, weight in reasons)
    return RecordChoice(record.kind, total, tuple(reasons)) if total > 0 else None


def record(kind: str) -> Record:
    """Return a record kind by name.

    Raises:
        InputError: If the table has no such kind.
    """
    found = record_table().records.get(kind)
    if found is None:
        raise InputError(
            f"There is no record kind {kind!r}.",
            message_zh=f"没有记录类型 {kind!r}。",
            next_step="Record kinds: " + ", ".join(record_table().records) + ".",
            next_step_zh="记录类型：" + "、".join(record_table().records) + "。",
            data={"record": kind},
        )
    return found
