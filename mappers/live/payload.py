"""Plain payloads of MQTT: JSON objects, arrays and single values, with the levels of their topic as context."""

import math
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from hashlib import sha256
from typing import Any

import orjson

from qualweave.mappers.live.port import Reading, Sample, Value

_TIME_NAMES = frozenset(
    {
        "@timestamp", "timestamp", "time_stamp", "time", "ts", "t", "datetime", "date_time", "eventtime",
        "event_time", "sourcetimestamp", "sampletime", "sample_time", "时间", "时间戳", "采集时间", "zeit",
        "zeitstempel",
    }
)  # fmt: skip
_EPOCHS = ((1e17, 1e9), (1e14, 1e6), (1e11, 1e3), (1e8, 1.0))
"""Least number, and how many of its unit are a second: nanoseconds, micro-, milliseconds, seconds since 1970."""
_LEVEL = re.compile(r"\{([^{}/]+)\}")


@dataclass(frozen=True)
class TopicPattern:
    """A topic filter whose levels may be named: ``plant/{lineIdentifier}/{equipmentIdentifier}/state``.

    Attributes:
        text: As it was given.
        filter: For the broker: named levels are ``+``.
        names: Name of each level that is a wildcard, by its place.
    """

    text: str
    filter: str
    names: Mapping[int, str]

    @classmethod
    def parse(cls, text: str) -> "TopicPattern":
        """Return the pattern of a text.

        >>> TopicPattern.parse("a/{line}/+").filter
        'a/+/+'
        """
        names: dict[int, str] = {}
        levels = text.split("/")
        for place, level in enumerate(levels):
            named = _LEVEL.fullmatch(level)
            if named:
                names[place] = named.group(1)
                levels[place] = "+"
            elif level == "+":
                names[place] = f"level{place + 1}"
        return cls(text, "/".join(levels), names)

    def fits(self, topic: str) -> bool:
        """Return whether the broker sends a topic under this filter."""
        wanted, levels = self.filter.split("/"), topic.split("/")
        for place, level in enumerate(wanted):
            if level == "#":
                return place > 0 or not topic.startswith("$")
            if place >= len(levels) or level not in ("+", levels[place]):
                return False
        return len(wanted) == len(levels)

    def context(self, topic: str) -> dict[str, str]:
        """Return the named levels of a topic."""
        levels = topic.split("/")
        return {name: levels[place] for place, name in self.names.items()}


@dataclass(frozen=True)
class Message:
    """One message as the broker delivered it.

    Attributes:
        topic: Where it was published.
        payload: The bytes.
        mid: Packet identifier, with which a redelivery comes again.
        dup: Whether the broker says that it is a redelivery.
        retain: Whether it was kept from before the subscription.
        got: When it came in.
    """

    topic: str
    payload: bytes
    mid: int
    dup: bool
    retain: bool
    got: datetime


def readings(message: Message, pattern: TopicPattern) -> list[Reading]:
    """Return the readings of a plain message: one an object, one for each object of an array.

    A payload that is neither JSON nor text becomes a reading of bad quality; nothing is dropped. An object goes
    to the channel of its pattern where the pattern names levels, else of its topic; a single value to that of
    the topic above, in a field named by the last level.
    """
    try:
        value = orjson.loads(message.payload)
    except orjson.JSONDecodeError:
        value = _plain(message.payload)
    last = message.topic.rsplit("/", 1)[-1]
    if isinstance(value, Sample):
        return [_reading(message, pattern, [value], at=None, place=0)]
    is_record = isinstance(value, dict) or (
        isinstance(value, list) and any(isinstance(one, dict) for one in value)
    )
    rows = list(_rows(value)) if is_record else [{last: _scalar(value)}]
    found = []
    for place, row in enumerate(rows):
        at, name = _time_of(row)
        samples = [_sample(key, one) for key, one in row.items() if key != name]
        found.append(_reading(message, pattern, samples, at=at, place=place, is_record=is_record))
    return found


def _plain(payload: bytes) -> Value | Sample:
    try:
        return payload.decode("utf-8")
    except UnicodeDecodeError:
        return Sample("payload", payload[:64].hex(), "bad", "the payload is neither JSON nor text")


def _sample(name: str, value: Value) -> Sample:
    if isinstance(value, float) and not math.isfinite(value):
        return Sample(name, str(value), "bad", "not a finite number")
    return Sample(name, value)


def _reading(
    message: Message,
    pattern: TopicPattern,
    samples: Sequence[Sample],
    *,
    at: datetime | None,
    place: int,
    is_record: bool = True,
) -> Reading:
    named = bool(pattern.names) and "#" not in pattern.filter
    channel = pattern.text if named else message.topic
    if not named and not is_record and "/" in message.topic:
        channel = message.topic.rsplit("/", 1)[0]
    told = sha256(message.topic.encode() + b"\0" + message.payload).hexdigest()[:16]
    unsure = at is None and not message.retain
    return Reading(
        channel=channel,
        samples=samples,
        at=at,
        got=message.got,
        key=f"{told}.{place}" + (f"~{message.mid}" if unsure else ""),
        is_new=unsure and not message.dup,
        stream=message.topic,
        context=pattern.context(message.topic),
    )


def _rows(value: Any) -> Iterator[dict[str, Value]]:  # noqa: ANN401 - any JSON
    """Iterate over the rows of an object or array; objects of an inner array carry the scalars around them."""
    if isinstance(value, list):
        for one in value:
            if isinstance(one, dict):
                yield from _rows(one)
        return
    inner = {
        key: one
        for key, one in value.items()
        if isinstance(one, list) and any(isinstance(part, dict) for part in one)
    }
    around = dict(_flat({key: one for key, one in value.items() if key not in inner}))
    if not inner:
        yield around
    for key, parts in inner.items():
        for row in _rows(parts):
            yield around | {
                (name if name not in around else f"{key}.{name}"): one for name, one in row.items()
            }


def _flat(node: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, Value]]:
    for key, value in node.items():
        name = f"{prefix}{key}"
        if isinstance(value, dict):
            yield from _flat(value, f"{name}.")
        else:
            yield name, _scalar(value)


def _scalar(value: Any) -> Value:  # noqa: ANN401 - any JSON
    if isinstance(value, list):
        return " | ".join("" if one is None else str(one) for one in value)
    return value if value is None or isinstance(value, str | int | float | bool) else str(value)


def _time_of(row: Mapping[str, Value]) -> tuple[datetime | None, str]:
    """Return the time that a row gives itself and the name of its field."""
    for name, value in row.items():
        if name.rsplit(".", 1)[-1].casefold() in _TIME_NAMES and (at := parse_time(value)):
            return at, name
    return None, ""


def parse_time(value: Value) -> datetime | None:
    """Return the time of an ISO 8601 text with an offset or of a number since 1970; None where it is none.

    A text without an offset is not taken: its zone is for the mapping to say.

    >>> parse_time(1_700_000_000_000).isoformat()
    '2023-11-14T22:13:20+00:00'
    """
    if isinstance(value, bool) or value is None:
        return None
    if isinstance(value, str):
        try:
            at = datetime.fromisoformat(value)
        except ValueError:
            return None
        return at if at.tzinfo else None
    for least, units in _EPOCHS:
        if least <= value < least * 1e3:
            return datetime.fromtimestamp(value / units, UTC)
    return None


def by_pattern(topic: str, patterns: Sequence[TopicPattern]) -> TopicPattern:
    """Return the first pattern that a topic fits; the topic itself where none does."""
    return next((one for one in patterns if one.fits(topic)), TopicPattern.parse(topic))
