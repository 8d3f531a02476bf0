"""MQTT brokers: a persistent session at QoS 1, where a message is acknowledged after its readings are on disk.

paho-mqtt is used as it is, since acknowledging by hand is part of its public interface; aiomqtt acknowledges a
message before anyone has seen it. What the broker holds for us survives our restart (the session) and its own
(where it persists); a broker that has forgotten the session is told of as a gap.
"""

import queue
import ssl
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from threading import Event
from typing import TYPE_CHECKING, Protocol

from qualweave.errors import SourceUnavailable
from qualweave.mappers.live.capability import require
from qualweave.mappers.live.payload import Message, TopicPattern, by_pattern, readings
from qualweave.mappers.live.port import Declaration, Gap, Reading, Sink

if TYPE_CHECKING:
    from paho.mqtt.client import Client, ConnectFlags, MQTTMessage
    from paho.mqtt.reasoncodes import ReasonCode

_WEEK = 7 * 24 * 3600
_TOGETHER = 500  # messages that share one fsync
_TICK = 0.2  # seconds between looks at whether to stop
_BAD_LOGIN = frozenset(
    {"Not authorized", "Bad user name or password", "Client identifier not valid"}
)


@dataclass(frozen=True)
class MqttOptions:
    """How to reach a broker and what to listen to.

    Attributes:
        host: Name or address.
        port: 1883, or 8883 with TLS.
        topics: Filters, levels may be named; ``#`` is everything.
        client_id: Under which the broker keeps our session; it must stay the same.
        username: ``""`` for none.
        password: Never printed.
        tls: Whether the connection is encrypted.
        ca_file: Certificates to trust, ``""`` for the system's.
        session_seconds: For how long the broker keeps what we miss.
        in_flight: Messages that may be under way unacknowledged.
        connect_seconds: For how long the first connection may take.
    """

    host: str
    port: int = 1883
    topics: tuple[str, ...] = ("#",)
    client_id: str = "qualweave"
    username: str = ""
    password: str = field(default="", repr=False)
    tls: bool = False
    ca_file: str = ""
    session_seconds: int = _WEEK
    in_flight: int = 1000
    connect_seconds: float = 30.0

    @property
    def address(self) -> str:
        """The broker's URL without secrets."""
        return f"mqtt{'s' if self.tls else ''}://{self.host}:{self.port}"


@dataclass(frozen=True)
class Decoded:
    """What messages became: entries, channels they tell of, and messages to send."""

    entries: Sequence[Reading | Gap] = ()
    declarations: Sequence[Declaration] = ()
    replies: Sequence[tuple[str, bytes]] = ()


@dataclass(frozen=True)
class _Delivery:
    """A message, its quality of service, and the connection it came over."""

    message: Message
    qos: int
    connection: int


class Decoder(Protocol):
    """Makes readings of messages; one object a connection, so that it may count."""

    def decode(self, message: Message, sink: Sink) -> Decoded:
        """Return what a message holds; it never raises for what a device sent."""
        ...

    def forget(self) -> None:
        """Trust nothing that was heard before: the broker has lost our session."""
        ...


class PlainDecoder:
    """JSON and single values.

    Args:
        options: Of the broker.
    """

    def __init__(self, options: MqttOptions) -> None:
        self._address = options.address
        self._patterns = [TopicPattern.parse(one) for one in options.topics]
        self._declared: set[str] = set()

    def decode(self, message: Message, sink: Sink) -> Decoded:
        """Return the readings of a message."""
        del sink
        found = readings(message, by_pattern(message.topic, self._patterns))
        fresh = {one.channel for one in found} - self._declared
        self._declared |= fresh
        told = [Declaration(one, "mqtt", self._address) for one in sorted(fresh)]
        return Decoded(found, told)

    def forget(self) -> None:
        """Do nothing: plain messages stand for themselves."""


class MqttSource:
    """A broker that is listened to.

    Args:
        options: How and what.
        decoder: Makes readings of messages; plain JSON where left out.

    Raises:
        MissingCapability: If paho-mqtt is not installed.
    """

    def __init__(self, options: MqttOptions, decoder: Decoder | None = None) -> None:
        require("paho", "Listening to an MQTT broker", "监听 MQTT 代理")
        self._options = options
        self._decoder = decoder or PlainDecoder(options)
        self._incoming: queue.SimpleQueue[_Delivery] = queue.SimpleQueue()
        self._connection = 0
        self._refused = ""
        self._forgotten = False
        """Whether the broker had no session for us when we connected last."""

    @property
    def name(self) -> str:
        """Address of the broker."""
        return self._options.address

    def run(self, sink: Sink, stop: Event) -> None:
        """Listen until ``stop`` is set.

        Raises:
            SourceUnavailable: If the broker refuses our credentials, or nothing answers at first.
        """
        client = self._client()
        until = time.monotonic() + self._options.connect_seconds
        try:
            self._connect(client, stop)
            while not stop.is_set() and not self._refused:
                self._take(client, sink)
                if not self._connection and time.monotonic() > until:
                    self._refused = "nothing answers"
        finally:
            client.disconnect()
            client.loop_stop()
        if self._refused:
            raise self._refusal()

    def _connect(self, client: "Client", stop: Event) -> None:
        """Start the client's own thread, which connects again by itself whenever the broker goes away."""
        from paho.mqtt.packettypes import PacketTypes  # noqa: PLC0415 - an extra
        from paho.mqtt.properties import Properties  # noqa: PLC0415 - likewise

        properties = Properties(PacketTypes.CONNECT)  # type: ignore[no-untyped-call]  # paho leaves it out
        properties.SessionExpiryInterval = self._options.session_seconds
        properties.ReceiveMaximum = self._options.in_flight
        client.connect_async(
            self._options.host,
            self._options.port,
            keepalive=30,
            clean_start=False,
            properties=properties,
        )
        client.reconnect_delay_set(min_delay=1, max_delay=10)
        if not stop.is_set():
            client.loop_start()

    def _client(self) -> "Client":
        from paho.mqtt import client as paho  # noqa: PLC0415 - an extra
        from paho.mqtt.enums import CallbackAPIVersion  # noqa: PLC0415 - likewise

        options = self._options
        client = paho.Client(
            CallbackAPIVersion.VERSION2,
            client_id=options.client_id,
            protocol=paho.MQTTv5,
            manual_ack=True,
        )
        if options.username:
            client.username_pw_set(options.username, options.password)
        if options.tls:
            client.tls_set_context(ssl.create_default_context(cafile=options.ca_file or None))
        client.on_connect = self._on_connect
        client.on_message = self._on_message
        return client

    def _on_connect(
        self,
        client: "Client",
        _data: object,
        flags: "ConnectFlags",
        reason: "ReasonCode",
        _properties: object,
    ) -> None:
        from paho.mqtt.subscribeoptions import SubscribeOptions  # noqa: PLC0415 - an extra

        if reason.is_failure:
            if str(reason) in _BAD_LOGIN:
                self._refused = str(reason)
            return
        self._connection += 1
        self._forgotten = not flags.session_present
        # retained messages come with a new subscription only, not with every connection
        wanted = SubscribeOptions(qos=1, retainHandling=SubscribeOptions.RETAIN_SEND_IF_NEW_SUB)
        filters = [TopicPattern.parse(one).filter for one in self._options.topics]
        client.subscribe([(one, wanted) for one in filters])

    def _on_message(self, _client: "Client", _data: object, message: "MQTTMessage") -> None:
        got = datetime.now(UTC)
        told = Message(
            message.topic, bytes(message.payload), message.mid, message.dup, message.retain, got
        )
        self._incoming.put(_Delivery(told, message.qos, self._connection))

    def _take(self, client: "Client", sink: Sink) -> None:
        """Keep what has come in, then acknowledge it."""
        batch = list(_drained(self._incoming))
        if self._forgotten:
            self._forgotten = False
            self._decoder.forget()
            sink.keep(list(self._lost(sink)))
        if not batch:
            return
        decoded = [self._decoder.decode(one.message, sink) for one in batch]
        for one in decoded:
            for declaration in one.declarations:
                sink.declare(declaration)
        sink.keep([entry for one in decoded for entry in one.entries])
        for delivery in batch:
            # after a new connection the broker sends what is unacknowledged again, maybe under other numbers
            if delivery.qos and delivery.connection == self._connection:
                client.ack(delivery.message.mid, delivery.qos)
        for one in decoded:
            for topic, payload in one.replies:
                client.publish(topic, payload, qos=0)

    def _lost(self, sink: Sink) -> Iterable[Gap]:
        """Yield a gap for each channel that was heard before: the broker has forgotten our session."""
        now = datetime.now(UTC)
        for channel in sink.channels(self._options.address):
            since = sink.last_time(channel)
            if since is not None:
                yield Gap(
                    channel, "", since, now,
                    "the broker kept no session for us, so what was published meanwhile is not known",
                    "代理未保留会话，期间发布的数据无法得知",
                )  # fmt: skip

    def _refusal(self) -> SourceUnavailable:
        return SourceUnavailable(
            f"The broker {self.name} cannot be listened to: {self._refused}.",
            message_zh=f"无法监听代理 {self.name}：{self._refused}。",
            next_step="Check address, user name, password and client id, and that the broker runs.",
            next_step_zh="请检查地址、用户名、密码和客户端标识，并确认代理正在运行。",
            data={"address": self.name},
        )


def _drained(incoming: "queue.SimpleQueue[_Delivery]") -> Iterable["_Delivery"]:
    """Yield what is waiting, at most so much as one fsync is shared by; wait a moment for the first."""
    deadline = time.monotonic() + _TICK
    for number in range(_TOGETHER):
        try:
            left = max(deadline - time.monotonic(), 0.0)
            yield incoming.get(timeout=left) if number == 0 else incoming.get_nowait()
        except queue.Empty:
            return
