"""`LiveSource`: the port of live sources, and the values that cross it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from threading import Event
from types import MappingProxyType
from typing import Literal, Protocol, TypeAlias

Quality: TypeAlias = Literal["good", "uncertain", "bad"]
Value: TypeAlias = str | int | float | bool | None


def _nothing() -> Mapping[str, str]:
    return MappingProxyType({})


@dataclass(frozen=True)
class FieldFacts:
    """What a source says of one of its fields before any value has come.

    Attributes:
        name: Field name or browse path below the device, byte for byte.
        unit: Unit as the source writes it, ``""`` where it gives none.
        description: In the words of the source.
        address: Where the field lives, stable over restarts (``nsu=…;s=…``, topic).
        low: Least value of its range, in its unit.
        high: Greatest value of its range, in its unit.
        states: Texts of an enumeration by number.
    """

    name: str
    unit: str = ""
    description: str = ""
    address: str = ""
    low: float | None = None
    high: float | None = None
    states: Mapping[str, str] = field(default_factory=_nothing)

    def to_json(self) -> dict[str, object]:
        """Return the facts as JSON values, without what is empty."""
        values = {**vars(self), "states": dict(self.states)}
        return {key: value for key, value in values.items() if value not in ("", None, {})}


@dataclass(frozen=True)
class Sample:
    """One value of one field.

    Attributes:
        name: Field.
        value: As the source gave it; None where it gave none.
        quality: What the source thinks of it.
        reason: Why it is not good, in the source's words (``BadSensorFailure``).
    """

    name: str
    value: Value
    quality: Quality = "good"
    reason: str = ""


@dataclass(frozen=True)
class Reading:
    """Samples that belong together: one message, or one notification.

    Attributes:
        channel: Which mapping source they are of: a device, or a family of topics.
        samples: The values.
        at: When the source took them, aware; None where it does not say.
        got: When they came in, aware.
        key: What a redelivery of this reading has too, ``""`` where nothing has.
        is_new: Whether the protocol says that it was never delivered before; then its key is kept, not looked up.
        stream: What is numbered by ``sequence``: a node, a topic, an edge node.
        sequence: Number in its stream, where the protocol counts.
        context: What holds for all samples: levels of a topic.
    """

    channel: str
    samples: Sequence[Sample]
    at: datetime | None
    got: datetime
    key: str = ""
    is_new: bool = False
    stream: str = ""
    sequence: int | None = None
    context: Mapping[str, str] = field(default_factory=_nothing)


@dataclass(frozen=True)
class Gap:
    """Readings that were lost and that the protocol cannot bring back.

    Attributes:
        channel: Which mapping source.
        name: Field, ``""`` for all of the channel.
        since: Last moment that is known, aware; None where nothing was known before.
        until: First moment that is known again, aware.
        reason: Why, English.
        reason_zh: The same in Chinese.
        key: What tells the same gap told twice, ``""`` where it cannot be told twice.
    """

    channel: str
    name: str
    since: datetime | None
    until: datetime
    reason: str
    reason_zh: str
    key: str = ""


@dataclass(frozen=True)
class Declaration:
    """What a source says of a channel: its device and its fields.

    Attributes:
        channel: Which mapping source.
        protocol: ``"opcua"``, ``"mqtt"`` or ``"sparkplug"``.
        address: Of the server or broker, without secrets.
        device: Identity of the machine, ``""`` where a field of every reading names it.
        fields: In the order in which they become columns.
        context: What else holds for the whole channel.
    """

    channel: str
    protocol: str
    address: str
    device: str = ""
    fields: tuple[FieldFacts, ...] = ()
    context: Mapping[str, str] = field(default_factory=_nothing)


class Sink(Protocol):
    """Where a source puts what comes in."""

    def declare(self, declaration: Declaration) -> None:
        """Take note of a channel's fields."""
        ...

    def keep(self, entries: Sequence[Reading | Gap]) -> int:
        """Put entries on disk, fsynced when it returns, and return how many were new.

        Raises:
            StoreError: If the disk refuses; then nothing may be acknowledged.
        """
        ...

    def last_time(self, channel: str, stream: str = "") -> datetime | None:
        """Return the time of the newest reading of a stream, or of a channel, that is on disk; None for none."""
        ...

    def fields(self, channel: str) -> list[FieldFacts]:
        """Return the fields that a channel was last declared to have."""
        ...

    def channels(self, address: str) -> list[str]:
        """Return the channels that were declared for a server or broker."""
        ...


class LiveSource(Protocol):
    """A server or broker that is listened to."""

    @property
    def name(self) -> str:
        """What the source is called in messages: its address without secrets."""
        ...

    def run(self, sink: Sink, stop: Event) -> None:
        """Listen until ``stop`` is set; connect again whenever the other side goes away.

        Raises:
            LiveSourceError: If it can never work: refused credentials, an address that is none.
        """
        ...
