"""When an operation and a change stood, and how far one covers the other."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

from qualweave.errors import InputError

_EVER, _NEVER = datetime.max.replace(tzinfo=UTC), datetime.min.replace(tzinfo=UTC)


@dataclass(frozen=True)
class Interval:
    """From a moment to another, both included; a moment alone is an interval of no length."""

    begin: datetime
    end: datetime

    def covered_by(self, other: "Interval") -> float:
        """Return the share of this interval that another covers; a moment is covered wholly or not."""
        begin, end = max(self.begin, other.begin), min(self.end, other.end)
        if end < begin:
            return 0.0
        length = (self.end - self.begin).total_seconds()
        return 1.0 if length <= 0 else (end - begin).total_seconds() / length


def instant(text: str) -> datetime:
    """Return the moment of an ``xsd:dateTime``; one without an offset is UTC, as the graph stores it.

    Raises:
        InputError: If it is no date and time.
    """
    try:
        found = datetime.fromisoformat(text)
    except ValueError as error:
        raise InputError(
            f"{text!r} is no date and time.",
            message_zh=f"{text!r} 不是有效的日期时间。",
            next_step="Correct the record's time and ingest the file again.",
            next_step_zh="请更正该记录的时间并重新导入。",
            data={"value": text},
        ) from error
    return found if found.tzinfo else found.replace(tzinfo=UTC)


def made_during(facts: Mapping[str, str]) -> Interval | None:
    """Return when an operation ran; a start or an end alone is a moment, None where neither is known."""
    begin = facts.get("started_at") or facts.get("event_time") or facts.get("ended_at")
    end = facts.get("ended_at") or begin
    if not begin or not end:
        return None
    first, last = instant(begin), instant(end)
    return Interval(min(first, last), max(first, last))


def stood_during(facts: Mapping[str, str]) -> Interval | None:
    """Return when a change stood; without an end it still stands, None without a start."""
    begin = facts.get("started_at")
    if not begin:
        return None
    end = facts.get("ended_at")
    return Interval(instant(begin), instant(end) if end else _EVER)
