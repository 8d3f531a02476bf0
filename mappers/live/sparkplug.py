"""Sparkplug B: edge nodes and devices that tell of their metrics at birth and then of what changes.

A message after the birth may give aliases for names. Whoever has not heard the birth asks for it again (Rebirth);
so does who sees a hole in the sequence numbers, which is also written down as a gap. While a node is dead its
last values are no longer vouched for, and its return begins with a birth.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from hashlib import sha256

from qualweave.errors import InputError
from qualweave.mappers.live.mqtt import Decoded, Decoder, MqttOptions, PlainDecoder
from qualweave.mappers.live.payload import Message
from qualweave.mappers.live.port import Declaration, FieldFacts, Gap, Quality, Reading, Sample, Sink
from qualweave.mappers.live.sparkplug_wire import (
    Metric,
    Payload,
    decode,
    is_structured,
    rebirth_request,
    typed,
)

NAMESPACE = "spBv1.0"
_MODULUS = 256
_GOOD = 192  # chapter 6.4.14: 0 bad, 192 good, 500 stale
_OWN = ("bdSeq", "Node Control/", "Device Control/")  # metrics of the protocol itself
_UNITS = ("engUnit", "EngUnit", "Engineering Units", "unit", "Unit")


@dataclass
class _Node:
    """What is known of an edge node since its birth."""

    sequence: int | None = None
    birth: int | None = None
    births: dict[str, dict[int | str, Metric]] = field(default_factory=dict)
    """By device (``""`` is the node itself): metrics of the birth by alias and by name."""
    heard: datetime | None = None
    asked: bool = False


@dataclass(frozen=True)
class _Topic:
    """``spBv1.0/GROUP/KIND/NODE/DEVICE``."""

    group: str
    kind: str
    node: str
    device: str

    @property
    def channel(self) -> str:
        """Channel of the node or device."""
        return "/".join(one for one in (self.group, self.node, self.device) if one)


class SparkplugDecoder:
    """Sparkplug B, and plain payloads under other topics.

    Args:
        options: Of the broker.
    """

    def __init__(self, options: MqttOptions) -> None:
        self._address = options.address
        self._plain: Decoder = PlainDecoder(options)
        self._nodes: dict[tuple[str, str], _Node] = {}
        self._forgotten = False

    def decode(self, message: Message, sink: Sink) -> Decoded:
        """Return the readings of a message, its declarations at a birth, and a request where one is missing."""
        parts = message.topic.split("/")
        if parts[0] != NAMESPACE:
            return self._plain.decode(message, sink)
        if len(parts) not in (4, 5) or parts[1] == "STATE":
            return Decoded()
        topic = _Topic(parts[1], parts[2], parts[3], parts[4] if len(parts) > 4 else "")  # noqa: PLR2004
        node = self._nodes.setdefault((topic.group, topic.node), _Node())
        if topic.kind[1:] not in ("BIRTH", "DATA", "DEATH"):
            return Decoded()
        try:
            payload = decode(message.payload)
        except InputError as error:
            return Decoded([self._unreadable(topic, message, error)])
        if topic.device not in node.births and topic.kind[1:] == "DATA" and not self._forgotten:
            self._recall(topic, node, sink)
        decoded = self._known(topic, node, payload, message)
        node.heard = payload.at or message.got
        return decoded

    def forget(self) -> None:
        """Trust no birth that was heard before: the broker may have let others pass by."""
        self._forgotten = True
        self._nodes.clear()

    def _recall(self, topic: _Topic, node: _Node, sink: Sink) -> None:
        """Take the birth that was heard in a former life of ours; the session has kept us all since."""
        known: dict[int | str, Metric] = {}
        for one in sink.fields(topic.channel):
            alias, _, datatype = one.address.partition(":")
            metric = Metric(one.name, int(alias) if alias else None, datatype=int(datatype or 0))
            known[one.name] = metric
            if metric.alias is not None:
                known[metric.alias] = metric
        if known:
            node.births[topic.device] = known

    def _known(self, topic: _Topic, node: _Node, payload: Payload, message: Message) -> Decoded:
        if topic.kind == "NDEATH":
            return self._death(node, payload)
        if topic.kind == "DDEATH":
            node.births.pop(topic.device, None)
            return Decoded(self._counted(topic, node, payload, message))
        if topic.kind == "NBIRTH":
            node.births.clear()
            node.sequence, node.asked = payload.sequence, False
            node.birth = _birth_number(payload)
            return self._birth(topic, node, payload, message)
        gaps = self._counted(topic, node, payload, message)
        if topic.kind == "DBIRTH":
            return self._birth(topic, node, payload, message, before=gaps)
        return self._data(topic, node, payload, message, before=gaps)

    def _death(self, node: _Node, payload: Payload) -> Decoded:
        """Forget a node that died; a death of an earlier life (another bdSeq) comes late and says nothing."""
        number = _birth_number(payload)
        if number is None or node.birth is None or number == node.birth:
            node.births.clear()
            node.sequence = None
        return Decoded()

    def _counted(
        self, topic: _Topic, node: _Node, payload: Payload, message: Message
    ) -> list[Reading | Gap]:
        """Return a gap where the sequence number does not follow, and ask for everything anew."""
        number, before = payload.sequence, node.sequence
        follows = before is None or number == (before + 1) % _MODULUS
        if number is None or (message.dup and not follows):
            return []  # a redelivery may be one that was counted before
        node.sequence = number
        if before is None or follows:
            return []
        node.births.clear()
        missed = (number - before - 1) % _MODULUS
        return [
            Gap(
                topic.channel, "", node.heard, payload.at or message.got,
                f"{missed} message(s) of edge node {topic.node} are missing: {number} came after {before}",
                f"边缘节点 {topic.node} 缺失 {missed} 条消息：序号 {before} 之后收到 {number}",
                key=f"seq {topic.channel} {before}-{number} {payload.at}",
            )
        ]  # fmt: skip

    def _birth(
        self, topic: _Topic, node: _Node, payload: Payload, message: Message,
        *, before: Sequence[Reading | Gap] = (),
    ) -> Decoded:  # fmt: skip
        metrics = [one for one in payload.metrics if not one.name.startswith(_OWN)]
        known: dict[int | str, Metric] = {one.name: one for one in metrics}
        known |= {one.alias: one for one in metrics if one.alias is not None}
        node.births[topic.device] = known
        declaration = Declaration(
            topic.channel,
            "sparkplug",
            self._address,
            device=topic.device or topic.node,
            fields=tuple(_facts(one) for one in metrics),
        )
        entries = [*before, *_readings(topic, metrics, payload, message)]
        return Decoded(entries, [declaration] if metrics else [])

    def _data(
        self, topic: _Topic, node: _Node, payload: Payload, message: Message,
        *, before: Sequence[Reading | Gap],
    ) -> Decoded:  # fmt: skip
        """Return the readings of data; what an alias stands for is not known without the birth."""
        known = node.births.get(topic.device)
        named = [_named(one, known or {}) for one in payload.metrics]
        ask = known is None or any(not one.name for one in named)
        replies = []
        if ask and not node.asked:
            node.asked = True
            where = f"{NAMESPACE}/{topic.group}/NCMD/{topic.node}"
            replies.append((where, rebirth_request(message.got)))
        metrics = [one for one in named if not one.name.startswith(_OWN)]
        return Decoded([*before, *_readings(topic, metrics, payload, message)], (), replies)

    def _unreadable(self, topic: _Topic, message: Message, error: InputError) -> Reading:
        sample = Sample("payload", message.payload[:64].hex(), "bad", error.message)
        return Reading(
            topic.channel, [sample], None, message.got, key=_key(message), stream=message.topic
        )


def _birth_number(payload: Payload) -> int | None:
    found = next((one.value for one in payload.metrics if one.name == "bdSeq"), None)
    return found if isinstance(found, int) else None


def _named(metric: Metric, known: dict[int | str, Metric]) -> Metric:
    """Return a metric with the name, type and properties that its birth gave it."""
    birth = known.get(metric.name) if metric.name else None
    if birth is None and metric.alias is not None:
        birth = known.get(metric.alias)
    if birth is None:
        return metric
    datatype = metric.datatype or birth.datatype
    return replace(
        metric,
        name=birth.name,
        datatype=datatype,
        value=typed(metric.value, datatype),
        properties={**birth.properties, **metric.properties},
    )


def _facts(metric: Metric) -> FieldFacts:
    unit = next((str(one) for name in _UNITS if (one := metric.properties.get(name))), "")
    alias = "" if metric.alias is None else metric.alias
    address = f"{alias}:{metric.datatype}"
    return FieldFacts(metric.name, unit=unit, description=metric.description, address=address)


def _readings(
    topic: _Topic, metrics: Sequence[Metric], payload: Payload, message: Message
) -> list[Reading | Gap]:
    """Return one reading for each moment of the metrics, so that what was measured together stands together."""
    by_time: dict[datetime, list[Sample]] = {}
    for one in metrics:
        if not is_structured(one.datatype):
            moment = one.at or payload.at or message.got
            by_time.setdefault(moment, []).append(_sample(one))
    return [
        Reading(
            topic.channel,
            samples,
            at,
            message.got,
            key=f"{_key(message)}.{place}",
            stream=message.topic,
            sequence=payload.sequence,
        )
        for place, (at, samples) in enumerate(sorted(by_time.items()))
    ]


def _key(message: Message) -> str:
    return sha256(message.topic.encode() + b"\0" + message.payload).hexdigest()[:16]


def _sample(metric: Metric) -> Sample:
    if not metric.name:
        told = "the birth that says what this alias stands for was not heard"
        return Sample("unnamed metric", f"alias {metric.alias} = {metric.value}", "uncertain", told)
    quality, reason = _quality(metric)
    return Sample(metric.name, metric.value, quality, reason)


def _quality(metric: Metric) -> tuple[Quality, str]:
    told = metric.properties.get("Quality", metric.properties.get("quality"))
    if isinstance(told, int) and told != _GOOD:
        return ("bad" if told == 0 else "uncertain"), f"Quality {told}"
    return "good", ""
