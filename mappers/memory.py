"""`DecisionMemory`: what persons decided about fields and names before, so that nobody is asked twice.

One small JSON file per tenant beside the mapping documents. The aligner reads it as one more signal; a pair
that was rejected is not proposed again without new evidence.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Literal, Self

import orjson

from qualweave.iri import expand
from qualweave.mappers.align.recall import Confirmed
from qualweave.mappers.profile import FieldProfile, field_from_facts
from qualweave.mappers.table import SourceContext
from qualweave.mappers.vocabulary import text_key

_HERE = 4.0  # log-odds of a pair that was confirmed in this source

Verdict = Literal["accepted", "rejected"]


@dataclass(frozen=True)
class Remembered:
    """One decision: a field of a source was or was not a term.

    Attributes:
        source: Source id.
        field: Name of the field, byte for byte.
        term: IRI of the term.
        verdict: Whether it is that term.
        by: Id of the principal.
        unit: Unit of the field as its source states it, or its UCUM code.
        kind: Kind of field, in the words of the source.
        device: Device of the file.
        description: What the source says of the field.
        when: ISO 8601, UTC.
        family: IRI of the class of the device, where the file names one.
        vendor: Who made the device, where the file names them.
        component: Part of the device that the field stands in, ``kind:name / kind:name``.
        reason: Why, as the person says it.
    """

    source: str
    field: str
    term: str
    verdict: Verdict
    by: str
    unit: str = ""
    kind: str = ""
    device: str = ""
    description: str = ""
    when: str = ""
    family: str = ""
    vendor: str = ""
    component: str = ""
    reason: str = ""


@dataclass
class DecisionMemory:
    """Decisions by field name."""

    decisions: list[Remembered] = field(default_factory=list)

    def remember(self, decision: Remembered) -> tuple[Remembered, ...]:
        """Add a decision; a later one on the same pair takes the place of the former, which is returned."""
        former = tuple(one for one in self.decisions if _pair(one) == _pair(decision))
        self.decisions = [one for one in self.decisions if one not in former]
        self.decisions.append(decision)
        return former

    def forget(self, decision: Remembered) -> None:
        """Take a decision back; one that is not there any more is no error."""
        self.decisions = [one for one in self.decisions if one != decision]

    def about(self, name: str) -> tuple[Remembered, ...]:
        """Return what was decided about a field of that name in any source."""
        key = text_key(name)
        return tuple(one for one in self.decisions if text_key(one.field) == key)

    def accepted(self, name: str) -> tuple[str, ...]:
        """Return the terms that fields of that name were given, the latest first."""
        found = [one.term for one in reversed(self.about(name)) if one.verdict == "accepted"]
        return tuple(dict.fromkeys(found))

    def of(self, source: str) -> "SourceMemory":
        """Return the memory as it speaks about one source."""
        return SourceMemory(self, source)

    def is_rejected(self, source: str, name: str, term: str) -> bool:
        """Return whether the pair was rejected in that source."""
        return any(
            one.source == source and one.term == term and one.verdict == "rejected"
            for one in self.about(name)
        )

    @classmethod
    def load(cls, path: Path) -> Self:
        """Read a memory; a file that is not there is an empty one."""
        if not path.exists():
            return cls()
        return cls([Remembered(**row) for row in orjson.loads(path.read_bytes())])

    def save(self, path: Path) -> None:
        """Write the memory beside its final name and rename it."""
        path.parent.mkdir(parents=True, exist_ok=True)
        draft = path.with_suffix(".tmp")
        rows = [vars(one) for one in self.decisions]
        draft.write_bytes(orjson.dumps(rows, option=orjson.OPT_INDENT_2))
        draft.replace(path)


@dataclass(frozen=True)
class SourceMemory:
    """What was decided before, seen from one source: the port that the aligner asks."""

    memory: DecisionMemory
    source: str

    def rejected(self, field: FieldProfile) -> frozenset[str]:
        """Return the terms that were refused for this field."""
        return frozenset(
            expand(one.term)
            for one in self.memory.about(field.name)
            if one.verdict == "rejected" and one.source == self.source
        )

    def confirmed(self, field: FieldProfile) -> Mapping[str, float]:
        """Return the terms that were confirmed for the field of that name in this source, with their bonus."""
        return {
            expand(one.term): _HERE
            for one in self.memory.about(field.name)
            if one.verdict == "accepted" and one.source == self.source
        }

    def confirmations(self) -> tuple[Confirmed, ...]:
        """Return every confirmed field of any source; one field that was given several terms once."""
        found: dict[tuple[str, str], list[Remembered]] = {}
        for one in self.memory.decisions:
            if one.verdict == "accepted":
                found.setdefault((one.source, one.field), []).append(one)
        return tuple(_confirmed(some) for some in found.values())


def _pair(decision: Remembered) -> tuple[str, str, str]:
    return decision.source, decision.field, decision.term


def _confirmed(decisions: Sequence[Remembered]) -> Confirmed:
    last = decisions[-1]
    header = {"component": last.component} if last.component else {}
    known = last.device or header
    context = SourceContext(file_name="", device=last.device, header=header) if known else None
    told = field_from_facts(
        name=last.field,
        unit=last.unit,
        kind=last.kind,
        description=last.description,
        context=context,
    )
    return Confirmed(
        field=told,
        terms=tuple(expand(one.term) for one in decisions),
        source=last.source,
        by=last.by,
        when=datetime.fromisoformat(last.when) if last.when else None,
    )
