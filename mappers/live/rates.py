"""`Rates`: which fields of a channel come at a rate, by stream: a field and the levels of its topic."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, TypeAlias

from qualweave.mappers.series.rate import RateWindow
from qualweave.mappers.table import AtRate

Stream: TypeAlias = tuple[str, tuple[tuple[str, str], ...]]
_STREAMS = 10_000  # that are watched in one channel; the one that was seen first goes first
_START = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)


@dataclass(frozen=True)
class FieldNow:
    """A field as it stands.

    Attributes:
        channel: Which mapping source it is of.
        name: Field.
        context: What else names the stream, sorted: levels of a topic.
        unit: As the source writes it.
        rate: Numbers per second, by the usual step; 0 where too few came.
        at_rate: Whether its values go to segments.
        value: The newest, as it was written; None before the first.
        at: When that was taken, ISO 8601.
    """

    channel: str
    name: str
    context: tuple[tuple[str, str], ...] = ()
    unit: str = ""
    rate: float = 0.0
    at_rate: bool = False
    value: str | None = None
    at: str = ""


@dataclass
class Rates:
    """The streams of a channel, their newest steps, and since the process runs their newest values."""

    windows: dict[Stream, RateWindow] = field(default_factory=dict)
    newest: dict[Stream, tuple[str, str | None]] = field(default_factory=dict)

    def note(self, line: Mapping[str, Any]) -> bool:
        """Take note of a line of a segment and return whether all that it says are numbers at a rate."""
        values: Mapping[str, str | None] = line.get("values", {})
        at, got = line.get("at"), line.get("got")
        if not values or not got:
            return False
        moment = (datetime.fromisoformat(at or got) - _START) // _MICROSECOND
        context = tuple(sorted(line.get("context", {}).items()))
        is_all = not line.get("status")
        for name, text in values.items():
            self._put_newest((name, context), at or got, text)
            is_all &= is_number(text) and self._window(name, context).note(moment, arrival=not at)
        return is_all

    def _put_newest(self, stream: Stream, at: str, text: str | None) -> None:
        known = self.newest.get(stream)
        if known is None or known[0] <= at:
            self.newest[stream] = (at, text)
        if len(self.newest) > _STREAMS:
            del self.newest[next(iter(self.newest))]

    def fields(self, channel: str, units: Mapping[str, str]) -> Iterator[FieldNow]:
        """Yield the streams as they stand."""
        for name, context in dict.fromkeys([*self.windows, *self.newest]):
            window = self.windows.get((name, context), RateWindow())
            at, value = self.newest.get((name, context), ("", None))
            yield FieldNow(
                channel, name, context, units.get(name, ""), window.rate, window.at_rate, value, at
            )

    def _window(self, name: str, context: tuple[tuple[str, str], ...]) -> RateWindow:
        found = self.windows.get((name, context))
        if found is None:
            found = self.windows[name, context] = RateWindow()
            if len(self.windows) > _STREAMS:
                del self.windows[next(iter(self.windows))]
        return found

    def of_segment(self) -> list[AtRate]:
        """Return the streams that came at a rate at any time while the open segment was."""
        return [
            AtRate(name, context, one.rate)
            for (name, context), one in self.windows.items()
            if one.was_at_rate
        ]

    def take_up(self, found: Iterable[AtRate]) -> None:
        """Hold what was decided of a segment when its sealing was cut short."""
        for one in found:
            self._window(one.name, one.context).was_at_rate = True

    def close(self) -> None:
        """Begin a new segment."""
        for one in self.windows.values():
            one.close()

    def to_json(self) -> list[dict[str, Any]]:
        """Return the streams as JSON values."""
        return [
            {"name": name, "context": dict(context), "window": one.to_json()}
            for (name, context), one in self.windows.items()
        ]

    @classmethod
    def from_json(cls, values: Sequence[Mapping[str, Any]]) -> "Rates":
        """Return the streams that were kept."""
        return cls(
            {
                (one["name"], tuple(sorted(one["context"].items()))): RateWindow.from_json(
                    one["window"]
                )
                for one in values
            }
        )


def is_number(text: str | None) -> bool:
    """Return whether a value, as a segment writes it, is a number."""
    try:
        float(text or "")
    except ValueError:
        return False
    return True
