"""OPC UA servers: browsed, subscribed to, and after any interruption filled up from their history.

A short loss of the connection is mended inside the session: the library transfers the subscription and asks for
what it missed (Republish). Where the server forgot us, or is another process now, everything is looked up anew by
the URI of its namespace, and values since the newest one on disk are read from its history. A variable without
history gets a gap instead, as does a queue that overflowed.
"""

import asyncio
import logging
import math
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from threading import Event
from typing import TYPE_CHECKING, Any, Protocol

from qualweave.errors import SourceUnavailable
from qualweave.mappers.live.capability import require
from qualweave.mappers.live.opcua_browse import Variable, browse
from qualweave.mappers.live.port import Declaration, Gap, Quality, Reading, Sample, Sink, Value

if TYPE_CHECKING:
    from asyncua import Client

_log = logging.getLogger(__name__)
_CHUNK = 500  # monitored items of one request
_QUEUE = 100_000  # notifications that may wait for the disk
_BACKLOG = 5.0  # seconds after a mended connection in which the server's queues come in
_TICK = 0.1  # seconds between two fsyncs, and between looks at whether to stop
_OVERFLOW = 0x480  # OPC UA Part 4, 7.39.1: InfoType DataValue with the overflow bit
_REFUSALS = frozenset(
    {
        "BadUserAccessDenied", "BadIdentityTokenRejected", "BadIdentityTokenInvalid",
        "BadCertificateUntrusted", "BadSecurityChecksFailed", "BadSecurityPolicyRejected",
    }
)  # fmt: skip


@dataclass(frozen=True)
class OpcUaOptions:
    """How to reach a server and what to subscribe to.

    Attributes:
        url: ``opc.tcp://host:port/path``.
        below: Path below *Objects*; ``""`` for everything.
        sampling_ms: Wanted sampling interval, milliseconds.
        publishing_ms: Wanted publishing interval, milliseconds.
        queue_size: Values that the server keeps for each variable while we are away.
        deadband: Change, in the variable's unit, below which no value is sent; 0 for every change.
        username: ``""`` for none.
        password: Never printed.
        certificate: File of our certificate, DER or PEM; with it messages are signed and encrypted.
        private_key: File of its key.
        policy: Security policy by its name.
        connect_seconds: For how long the first connection may take.
    """

    url: str
    below: str = ""
    sampling_ms: float = 100.0
    publishing_ms: float = 250.0
    queue_size: int = 1000
    deadband: float = 0.0
    username: str = ""
    password: str = field(default="", repr=False)
    certificate: str = ""
    private_key: str = ""
    policy: str = "Basic256Sha256"
    connect_seconds: float = 30.0

    @property
    def host(self) -> str:
        """Host of the server, without port."""
        return self.url.split("://", 1)[-1].split("/", 1)[0].rsplit(":", 1)[0]

    @property
    def queue(self) -> int:
        """Queue that is asked for: one of less than two publishings would overflow without an interruption."""
        return max(self.queue_size, math.ceil(2 * self.publishing_ms / max(self.sampling_ms, 1.0)))


class _Forgotten(Exception):
    """The server holds another subscription than the one we made: what it missed is not with it."""


class OpcUaSource:
    """A server that is listened to.

    Args:
        options: How and what.

    Raises:
        MissingCapability: If asyncua is not installed.
    """

    def __init__(self, options: OpcUaOptions) -> None:
        require("asyncua", "Listening to an OPC UA server", "监听 OPC UA 服务器")
        self._options = options
        self._was_connected = False

    @property
    def name(self) -> str:
        """URL of the server."""
        return self._options.url

    def run(self, sink: Sink, stop: Event) -> None:
        """Listen until ``stop`` is set.

        Raises:
            SourceUnavailable: If the server refuses us, or nothing answers at first.
        """
        asyncio.run(self._listen(sink, stop))

    def variables(self) -> list[Variable]:
        """Return the variables of the server.

        Raises:
            SourceUnavailable: If the server refuses us or does not answer.
        """
        return asyncio.run(self._variables())

    async def _variables(self) -> list[Variable]:
        from asyncua import ua  # noqa: PLC0415 - an extra

        try:
            async with await self._client() as client:
                return await self._browse(client)
        except (OSError, TimeoutError, ua.UaError) as error:
            raise self._unavailable(error) from error

    async def _browse(self, client: "Client") -> list[Variable]:
        below = self._options.below.strip("/")
        found = await browse(client)
        return [
            one
            for one in found
            if not below or one.path == below or one.path.startswith(f"{below}/")
        ]

    async def _client(self) -> "Client":
        from asyncua import Client  # noqa: PLC0415 - an extra
        from asyncua.crypto import security_policies  # noqa: PLC0415 - likewise

        options = self._options
        client = Client(options.url, timeout=10)
        if options.username:
            client.set_user(options.username)
            client.set_password(options.password)
        if options.certificate:
            # servers refuse a session whose application is not the one that its certificate names
            client.application_uri = await _application_uri(options.certificate)
            await client.set_security(
                getattr(security_policies, f"SecurityPolicy{options.policy}"),
                certificate=options.certificate,
                private_key=options.private_key,
            )
        return client

    async def _listen(self, sink: Sink, stop: Event) -> None:
        """Connect again and again; only a refusal, or no answer at the very first, ends it."""
        from asyncua import ua  # noqa: PLC0415 - an extra

        loop = asyncio.get_running_loop()
        until = loop.time() + self._options.connect_seconds
        while not stop.is_set():
            try:
                await self._connected(sink, stop)
            except _Forgotten:
                continue
            except (OSError, TimeoutError, ua.UaError) as error:
                refused = type(error).__name__ in _REFUSALS
                if refused or (not self._was_connected and loop.time() > until):
                    raise self._unavailable(error) from error
                _log.info("%s: %r; connecting again", self.name, error)
                await asyncio.sleep(_TICK)

    async def _connected(self, sink: Sink, stop: Event) -> None:
        """Listen over one session."""
        inbox = _inbox()
        client = await self._client()
        client.uaclient.observer = inbox
        await client.connect(auto_reconnect=True, reconnect_max_delay=2)
        try:
            self._was_connected = True
            variables = await self._browse(client)
            channels = self._declare(variables, sink)
            await self._subscribe(client, variables, inbox)
            await self._fill(client, variables, sink)
            while not stop.is_set():
                await asyncio.sleep(_TICK)
                await _repair(inbox)
                if time.monotonic() < inbox.suspect_until:
                    await self._catch_up(client, channels, inbox, sink)
                await _take(inbox, channels, sink)
                if inbox.is_broken:
                    raise _Forgotten
        finally:
            await _closed(client)

    def channel(self, variable: Variable) -> str:
        """Return the channel of a variable: server and device."""
        return f"{self._options.host}/{variable.device_path}".rstrip("/")

    def _declare(
        self, variables: Sequence[Variable], sink: Sink
    ) -> dict[Any, tuple[Variable, str]]:
        """Tell the sink of every device, and return variable and channel of each node."""
        devices: dict[str, list[Variable]] = {}
        for one in variables:
            devices.setdefault(self.channel(one), []).append(one)
        for channel, ones in devices.items():
            facts = tuple(one.facts for one in ones)
            sink.declare(Declaration(channel, "opcua", self.name, ones[0].device, facts))
        return {one.node_id: (one, self.channel(one)) for one in variables}

    async def _subscribe(
        self, client: "Client", variables: Sequence[Variable], inbox: "_Inbox"
    ) -> None:
        options = self._options
        subscription = await client.create_subscription(options.publishing_ms, inbox)
        inbox.subscription = subscription
        nodes = [client.get_node(one.node_id) for one in variables]
        for start in range(0, len(nodes), _CHUNK):
            part = nodes[start : start + _CHUNK]
            if options.deadband:
                await subscription.deadband_monitor(part, options.deadband, queuesize=options.queue)
            else:
                await subscription.subscribe_data_change(
                    part, queuesize=options.queue, sampling_interval=options.sampling_ms
                )

    async def _fill(self, client: "Client", variables: Sequence[Variable], sink: Sink) -> None:
        """Read what came between the newest value on disk and now, or write down that it is lost."""
        now = datetime.now(UTC)
        for one in variables:
            channel = self.channel(one)
            since = sink.last_time(channel, one.facts.address)
            if since is None:
                continue
            entries = await self._history(client, one, since, now)
            await asyncio.to_thread(sink.keep, entries)

    async def _catch_up(
        self,
        client: "Client",
        channels: Mapping[Any, tuple[Variable, str]],
        inbox: "_Inbox",
        sink: Sink,
    ) -> None:
        """Fill up what a server's queues could not hold while we were away, before anything newer is kept.

        Servers should mark a queue that overflowed (Part 4, 7.39.1), and many do not: a full one is suspect.
        """
        waiting = Counter(node_id for node_id, _ in inbox.waiting)
        full = [node_id for node_id, count in waiting.items() if count >= self._options.queue]
        await self._fill(client, [channels[one][0] for one in full], sink)

    async def _history(
        self, client: "Client", variable: Variable, since: datetime, now: datetime
    ) -> list[Reading | Gap]:
        from asyncua import ua  # noqa: PLC0415 - an extra

        channel = self.channel(variable)
        if variable.has_history:
            try:
                values = await client.get_node(variable.node_id).read_raw_history(
                    since.replace(tzinfo=None), now.replace(tzinfo=None), return_bounds=False
                )
                return [entry for one in values for entry in entries_of(variable, channel, one)]
            except ua.UaStatusCodeError as error:
                _log.warning("%s: no history of %s: %s", self.name, variable.path, error)
        return [
            Gap(
                channel, variable.facts.name, since, now,
                "the connection was interrupted, and the server neither kept all values for us nor has a history",
                "连接曾中断，服务器未能为我们保留全部数据，也没有历史记录",
            )
        ]  # fmt: skip

    def _unavailable(self, error: Exception) -> SourceUnavailable:
        told = type(error).__name__ if not str(error) else str(error)
        return SourceUnavailable(
            f"The OPC UA server {self.name} cannot be listened to: {told}.",
            message_zh=f"无法监听 OPC UA 服务器 {self.name}：{told}。",
            next_step="Check address, user, password and certificate, and that the server runs.",
            next_step_zh="请检查地址、用户名、密码和证书，并确认服务器正在运行。",
            data={"address": self.name},
        )


async def _application_uri(certificate: str) -> str:
    """Return the application that a certificate is for (OPC UA Part 6, 6.2.2: a URI of its alternative names).

    Raises:
        SourceUnavailable: If the file is no certificate or names none.
    """
    from asyncua.crypto import uacrypto  # noqa: PLC0415 - an extra
    from cryptography import x509  # noqa: PLC0415 - what asyncua reads certificates with

    try:
        read = await uacrypto.load_certificate(certificate)
        names = read.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
        return str(names.get_values_for_type(x509.UniformResourceIdentifier)[0])
    except (OSError, ValueError, IndexError, x509.ExtensionNotFound) as error:
        raise SourceUnavailable(
            f"{certificate} is no certificate of an OPC UA application: {error}.",
            message_zh=f"{certificate} 不是有效的 OPC UA 应用证书。",
            next_step="Give a DER or PEM file whose alternative names hold the application's URI.",
            next_step_zh="请提供在备用名称中含应用 URI 的 DER 或 PEM 文件。",
            data={"file": certificate},
        ) from error


async def _repair(inbox: "_Inbox") -> None:
    """Fetch messages that were sent into a broken connection, before anything that came after them is kept.

    The library does so as well, unless a newer message arrives before it has begun.
    """
    from asyncua import ua  # noqa: PLC0415 - an extra

    if not inbox.missing or inbox.is_broken:
        return
    subscription, missing = inbox.subscription, list(inbox.missing)
    inbox.missing.clear()
    try:
        for number in missing:
            message = await subscription.server.republish(subscription.subscription_id, number)
            found = ua.PublishResult(subscription.subscription_id, NotificationMessage=message)
            await subscription.publish_callback(found)
    except ua.UaError as error:
        _log.info("messages %s cannot be had again: %r", missing, error)
        inbox.give_up()
    subscription.last_sequence_number = inbox.newest
    await asyncio.sleep(_TICK)  # the library hands notifications over in tasks of their own


async def _take(inbox: "_Inbox", channels: Mapping[Any, tuple[Variable, str]], sink: Sink) -> None:
    """Keep the notifications that have come in."""
    entries: list[Reading | Gap] = []
    for node_id, value in inbox.taken():
        variable, channel = channels[node_id]
        entries += entries_of(variable, channel, value)
    if entries:
        await asyncio.to_thread(sink.keep, entries)


class _Inbox(Protocol):
    """Notifications of one subscription, in order."""

    is_broken: bool
    """Whether the subscription is another one than that which was filled up to: then nothing more is taken."""
    subscription: Any
    newest: int
    """Number of the newest message."""
    missing: list[int]
    """Numbers of messages that did not come."""
    suspect_until: float
    """Monotonic time until which what the server held back for us comes in."""
    waiting: list[tuple[Any, Any]]
    """Node id and DataValue of each notification that was not taken yet."""

    def give_up(self) -> None:
        """Take nothing any more, not even what is waiting: it came after a hole."""
        ...

    def taken(self) -> list[tuple[Any, Any]]:
        """Return node id and DataValue of each notification since the last call."""
        ...


def _inbox() -> Any:  # noqa: ANN401, C901 - a class over asyncua, which is an extra
    """Return what a subscription hands its notifications to.

    Where the library had to make the subscription anew, or we fall too far behind, what follows would hide
    the hole before it: it is left out, and a new session fills up from the newest value on disk.
    """
    from asyncua.observer import Observer, SubscriptionEvent  # noqa: PLC0415 - an extra

    class Inbox(Observer):  # type: ignore[misc]  # asyncua is not typed here
        def __init__(self) -> None:
            self.is_broken = False
            self.subscription: Any = None
            self.newest = 0
            self.missing: list[int] = []
            self.suspect_until = 0.0
            self._is_away = False
            self.waiting: list[tuple[Any, Any]] = []

        def on_state_change(self, state: Any) -> None:  # noqa: ANN401 - of asyncua
            if self._is_away and state.name == "CONNECTED":
                self.suspect_until = time.monotonic() + _BACKLOG
            self._is_away = state.name != "CONNECTED" and (
                self._is_away or state.name == "RECONNECTING"
            )

        def give_up(self) -> None:
            self.is_broken = True
            self.waiting.clear()

        def on_notification(self, _id: int | None, _count: int) -> None:
            number = int(self.subscription.last_sequence_number)
            if number > self.newest:
                self.missing += range(self.newest + 1, number)
                self.newest = number

        def on_subscription_event(self, _id: int | None, event: SubscriptionEvent) -> None:
            self.is_broken = self.is_broken or event is SubscriptionEvent.RECREATED

        def datachange_notification(self, node: Any, _value: object, data: Any) -> None:  # noqa: ANN401
            self.is_broken = self.is_broken or len(self.waiting) >= _QUEUE
            if not self.is_broken:
                self.waiting.append((node.nodeid, data.monitored_item.Value))

        def taken(self) -> list[tuple[Any, Any]]:
            taken, self.waiting = self.waiting, []
            return taken

    return Inbox()


async def _closed(client: "Client") -> None:
    """Disconnect; a server that is gone already is no error."""
    from asyncua import ua  # noqa: PLC0415 - an extra

    try:
        await asyncio.wait_for(client.disconnect(), timeout=5)
    except (OSError, TimeoutError, ua.UaError) as error:
        _log.debug("disconnect: %r", error)


def entries_of(variable: Variable, channel: str, value: Any) -> list[Reading | Gap]:  # noqa: ANN401 - of asyncua
    """Return the reading of a DataValue, and a gap before it where the server's queue overflowed."""
    got = datetime.now(UTC)
    at = _aware(value.SourceTimestamp or value.ServerTimestamp) or got
    status = value.StatusCode
    number = int(status.value)
    quality, reason = _quality(status)
    content = value.Value.Value if value.Value is not None else None
    sample = Sample(variable.facts.name, _plain(content), quality, reason)
    address = variable.facts.address
    key = f"{address}@{at.isoformat()}={sample.value!r}:{number & 0xFFFF0000:x}"
    found: list[Reading | Gap] = []
    if number & _OVERFLOW == _OVERFLOW:
        found.append(
            Gap(
                channel, variable.facts.name, None, at,
                "the server's queue overflowed before this value: it samples faster than it could publish",
                "服务器队列在该值之前溢出：采样快于发布",
                key=f"overflow {key}",
            )
        )  # fmt: skip
    found.append(Reading(channel, (sample,), at, got, key=key, stream=address))
    return found


def _aware(at: datetime | None) -> datetime | None:
    return at.replace(tzinfo=UTC) if at is not None and at.tzinfo is None else at


def _quality(status: Any) -> tuple[Quality, str]:  # noqa: ANN401 - of asyncua
    if status.is_good():
        return "good", ""
    return ("uncertain" if status.is_uncertain() else "bad"), str(status.name)


def _plain(content: Any) -> Value:  # noqa: ANN401 - any value of OPC UA
    """Return a value as one cell: arrays joined, times as ISO 8601, bytes as hex."""
    if content is None or isinstance(content, str | bool | int | float):
        return content
    if isinstance(content, list):
        return " | ".join("" if one is None else str(_plain(one)) for one in content)
    if isinstance(content, datetime):
        return (_aware(content) or content).isoformat()
    if isinstance(content, bytes):
        return content.hex()
    return str(getattr(content, "Text", None) or content)
