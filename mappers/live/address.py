"""From a URL to a live source: ``opc.tcp://host:4840/path``, ``mqtt://host/plant/#``, ``mqtts://host:8883``."""

from dataclasses import dataclass, field
from urllib.parse import unquote, urlsplit

from qualweave.errors import InputError
from qualweave.mappers.live.port import LiveSource

_PORTS = {"mqtt": 1883, "mqtts": 8883}


@dataclass(frozen=True)
class LiveAddress:
    """What a person says of a live source.

    Attributes:
        url: With the scheme; a topic filter of a broker may stand as its path.
        topics: Topic filters, levels may be named; those of the URL where empty, else everything.
        below: Path of an OPC UA server below *Objects*; ``""`` for everything.
        user: ``""`` for none, or as the URL has it.
        password: Never printed; better from the environment than from a URL.
        client_id: Under which a broker keeps our session.
        certificate: File of our certificate (OPC UA), or of those to trust (MQTT with TLS).
        private_key: File of the key of our certificate.
        sampling_ms: Wanted sampling interval of OPC UA, milliseconds.
        deadband: Least change of an OPC UA variable that is told, in its unit; 0 for every one.
    """

    url: str = field(repr=False)
    topics: tuple[str, ...] = ()
    below: str = ""
    user: str = ""
    password: str = field(default="", repr=False)
    client_id: str = "qualweave"
    certificate: str = ""
    private_key: str = ""
    sampling_ms: float = 100.0
    deadband: float = 0.0

    @property
    def shown(self) -> str:
        """The URL without user and password."""
        scheme, there, rest = self.url.partition("://")
        host, slash, path = rest.partition("/")
        return f"{scheme}{there}{host.rsplit('@', 1)[-1]}{slash}{path}"

    @property
    def topic(self) -> str:
        """The topic filter that stands as path of the URL; ``#`` in it is a wildcard and no fragment."""
        return unquote(self.shown.partition("://")[2].partition("/")[2])


def open_source(address: LiveAddress) -> LiveSource:
    """Return the source of an address; nothing is connected yet.

    Raises:
        InputError: If the URL has another scheme or no host.
        MissingCapability: If the extra ``live`` is not installed.
    """
    parts = urlsplit(address.url)
    try:
        port = parts.port
    except ValueError:
        port = None
    if not parts.hostname or parts.scheme not in ("opc.tcp", *_PORTS):
        raise InputError(
            f"{address.shown!r} is no address of a live source.",
            message_zh=f"{address.shown!r} 不是实时数据源的地址。",
            next_step="Give opc.tcp://HOST:PORT/PATH, mqtt://HOST:PORT/TOPIC or mqtts://HOST:PORT/TOPIC.",
            next_step_zh="请给出 opc.tcp://主机:端口/路径、mqtt://主机:端口/主题 或 mqtts://主机:端口/主题。",
            data={"address": address.shown},
        )
    user = address.user or unquote(parts.username or "")
    password = address.password or unquote(parts.password or "")
    if parts.scheme == "opc.tcp":
        return _server(address, user, password)
    return _broker(address, user, password, host=parts.hostname, port=port or _PORTS[parts.scheme])


def _server(address: LiveAddress, user: str, password: str) -> LiveSource:
    from qualweave.mappers.live.opcua import OpcUaOptions, OpcUaSource  # noqa: PLC0415 - an extra

    return OpcUaSource(
        OpcUaOptions(
            address.shown,
            below=address.below,
            sampling_ms=address.sampling_ms,
            deadband=address.deadband,
            username=user,
            password=password,
            certificate=address.certificate,
            private_key=address.private_key,
        )
    )


def _broker(address: LiveAddress, user: str, password: str, *, host: str, port: int) -> LiveSource:
    from qualweave.mappers.live.mqtt import MqttOptions, MqttSource  # noqa: PLC0415 - an extra
    from qualweave.mappers.live.sparkplug import SparkplugDecoder  # noqa: PLC0415 - likewise

    options = MqttOptions(
        host,
        port,
        topics=address.topics or (address.topic or "#",),
        client_id=address.client_id,
        username=user,
        password=password,
        tls=address.url.startswith("mqtts:"),
        ca_file=address.certificate,
    )
    return MqttSource(options, SparkplugDecoder(options))
