"""Payloads of Sparkplug B, read and written from the wire format of Protocol Buffers.

The field numbers below are facts of the Eclipse Sparkplug specification 3.0.0, chapter 6.4; no file of it is used.
Only what a listener needs is read: metrics with their values, aliases, times, quality and unit; the rest is passed
over, as the wire format allows.
"""

import struct
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime

from qualweave.errors import InputError
from qualweave.mappers.live.port import Value

_VARINT, _I64, _LEN, _I32 = 0, 1, 2, 5
# datatypes, chapter 6.4.16
_SIGNED = {1: 8, 2: 16, 3: 32, 4: 64}
_FLOAT, _DOUBLE, _BOOLEAN, _DATE_TIME = 9, 10, 11, 13
_TEXT, _BYTES = frozenset({12, 14, 15}), frozenset({17, 18})
_STRUCTURED = frozenset({16, 19, 20, 21})
# fields of Metric and of PropertyValue that hold values
_METRIC = {
    "int": 10,
    "long": 11,
    "float": 12,
    "double": 13,
    "boolean": 14,
    "string": 15,
    "bytes": 16,
}
_PROPERTY = {"int": 3, "long": 4, "float": 5, "double": 6, "boolean": 7, "string": 8}


@dataclass(frozen=True)
class Metric:
    """One metric of a payload.

    Attributes:
        name: ``""`` where the payload gives the alias alone.
        alias: Number that stands for the name after the birth; None where there is none.
        at: When it was taken; None where it is not said.
        datatype: Number of the datatype; 0 where the payload leaves it to the birth.
        value: None where it is null, or of a structured type.
        is_null: Whether it says that it has no value.
        is_historical: Whether it was kept back and comes late.
        properties: By name, for example ``Quality`` and ``engUnit``.
        description: Of its metadata.
    """

    name: str = ""
    alias: int | None = None
    at: datetime | None = None
    datatype: int = 0
    value: Value = None
    is_null: bool = False
    is_historical: bool = False
    properties: dict[str, Value] = field(default_factory=dict)
    description: str = ""


@dataclass(frozen=True)
class Payload:
    """One payload: its time, sequence number and metrics."""

    at: datetime | None = None
    sequence: int | None = None
    metrics: tuple[Metric, ...] = ()


Field = tuple[int, int | bytes]


def decode(content: bytes) -> Payload:
    """Return a payload.

    Raises:
        InputError: If the bytes are none.
    """
    try:
        return _payload(content)
    except (IndexError, struct.error, UnicodeDecodeError, OverflowError, ValueError) as error:
        raise InputError(
            f"{len(content)} bytes are no payload of Sparkplug B: {error}.",
            message_zh=f"{len(content)} 字节不是有效的 Sparkplug B 载荷。",
            next_step="Check what the edge node publishes under spBv1.0.",
            next_step_zh="请检查边缘节点在 spBv1.0 下发布的内容。",
        ) from error


def _payload(content: bytes) -> Payload:
    at, sequence = None, None
    metrics = []
    for number, value in _fields(content):
        match number:
            case 1:
                at = _time(_int(value))
            case 2:
                metrics.append(_metric(_bytes(value)))
            case 3:
                sequence = _int(value)
    return Payload(at, sequence, tuple(metrics))


def _fields(content: bytes) -> Iterator[Field]:
    """Iterate over number and raw value of the fields of a message; fixed-width ones as bytes."""
    place = 0
    while place < len(content):
        key, place = _varint(content, place)
        kind = key & 7
        if kind == _VARINT:
            value, place = _varint(content, place)
            yield key >> 3, value
            continue
        if kind == _LEN:
            size, place = _varint(content, place)
        elif kind in (_I64, _I32):
            size = 8 if kind == _I64 else 4
        else:
            raise ValueError(f"wire type {kind}")
        if place + size > len(content):
            raise ValueError("it ends too early")
        yield key >> 3, content[place : place + size]
        place += size


def _varint(content: bytes, place: int) -> tuple[int, int]:
    value = shift = 0
    while True:
        byte = content[place]
        place += 1
        value |= (byte & 0x7F) << shift
        if byte < 0x80:  # noqa: PLR2004 - the highest bit says that more follows
            return value, place
        shift += 7
        if shift > 63:  # noqa: PLR2004 - of 64 bits
            raise ValueError("a number is too long")


def _int(value: int | bytes) -> int:
    if isinstance(value, bytes):
        raise ValueError("a number was expected")  # noqa: TRY004 - of the wire, not of our types
    return value


def _bytes(value: int | bytes) -> bytes:
    if isinstance(value, int):
        raise ValueError("bytes were expected")  # noqa: TRY004 - likewise
    return value


def _time(milliseconds: int) -> datetime:
    return datetime.fromtimestamp(milliseconds / 1000, UTC)


def _metric(content: bytes) -> Metric:
    found = dict(_fields(content))  # the last of a field counts, as the wire format has it
    datatype = _int(found.get(4, 0))
    return Metric(
        name=_bytes(found.get(1, b"")).decode(),
        alias=_int(found[2]) if 2 in found else None,  # noqa: PLR2004 - a field number
        at=_time(_int(found[3])) if 3 in found else None,  # noqa: PLR2004 - likewise
        datatype=datatype,
        value=_value(found, _METRIC, datatype),
        is_null=bool(found.get(7, 0)),
        is_historical=bool(found.get(5, 0)),
        properties=_properties(_bytes(found.get(9, b""))),
        description=_bytes(dict(_fields(_bytes(found.get(8, b"")))).get(8, b"")).decode(),
    )


def _value(found: dict[int, int | bytes], places: dict[str, int], datatype: int) -> Value:
    """Return the value of a metric or property in the type that it says it has."""
    kind = next((kind for kind, number in places.items() if number in found), "")
    if not kind:
        return None
    raw = found[places[kind]]
    if kind in ("int", "long"):
        return _integer(_int(raw), datatype)
    if kind == "boolean":
        return bool(_int(raw))
    return _of_bytes(_bytes(raw), kind)


def _of_bytes(raw: bytes, kind: str) -> Value:
    match kind:
        case "float":
            return float(f"{struct.unpack('<f', raw)[0]:.9g}")
        case "double":
            return float(struct.unpack("<d", raw)[0])
        case "string":
            return raw.decode()
        case _:
            return raw.hex()


def typed(value: Value, datatype: int) -> Value:
    """Return a value that came without its datatype as one of the datatype that its birth gave."""
    if isinstance(value, int) and not isinstance(value, bool) and value >= 0:
        return _integer(value, datatype)
    return value


def _integer(raw: int, datatype: int) -> Value:
    """Return an integer; signed ones travel as the unsigned number of the same bits."""
    if datatype == _DATE_TIME:
        return _time(raw).isoformat()
    if datatype == _BOOLEAN:
        return bool(raw)
    bits = _SIGNED.get(datatype)
    if bits is None:
        return raw
    raw &= (1 << bits) - 1
    return raw - (1 << bits) if raw >> (bits - 1) else raw


def _properties(content: bytes) -> dict[str, Value]:
    keys, values = [], []
    for number, value in _fields(content):
        if number == 1:
            keys.append(_bytes(value).decode())
        elif number == 2:  # noqa: PLR2004 - a field number
            found = dict(_fields(_bytes(value)))
            values.append(_value(found, _PROPERTY, _int(found.get(1, 0))))
    return dict(zip(keys, values, strict=False))


def is_structured(datatype: int) -> bool:
    """Return whether a metric of this datatype is a table or template, which is no single value."""
    return datatype in _STRUCTURED


def rebirth_request(at: datetime) -> bytes:
    """Return the payload of the command that asks an edge node to tell everything anew (chapter 6.4.22)."""
    return encode(
        Payload(at, None, (Metric("Node Control/Rebirth", datatype=_BOOLEAN, value=True),))
    )


# --- writing ---------------------------------------------------------------------------------------


def encode(payload: Payload) -> bytes:
    """Return the bytes of a payload; of each metric what a command needs: name, alias, time, datatype, value."""
    parts = [_number(1, _milliseconds(payload.at))] if payload.at else []
    parts += [_chunk(2, _metric_bytes(one)) for one in payload.metrics]
    if payload.sequence is not None:
        parts.append(_number(3, payload.sequence))
    return b"".join(parts)


def _metric_bytes(metric: Metric) -> bytes:
    parts = [_chunk(1, metric.name.encode())] if metric.name else []
    if metric.alias is not None:
        parts.append(_number(2, metric.alias))
    if metric.at is not None:
        parts.append(_number(3, _milliseconds(metric.at)))
    if metric.datatype:
        parts.append(_number(4, metric.datatype))
    if metric.is_null:
        parts.append(_number(7, 1))
    if metric.properties:
        parts.append(_chunk(9, _properties_bytes(metric.properties)))
    return b"".join([*parts, _value_bytes(metric)])


def _value_bytes(metric: Metric) -> bytes:
    value, datatype = metric.value, metric.datatype
    if value is None:
        return b""
    if isinstance(value, bool):
        return _number(_METRIC["boolean"], int(value))
    if isinstance(value, str):
        return _chunk(_METRIC["string"], value.encode())
    if datatype == _FLOAT:
        return _key(_METRIC["float"], _I32) + struct.pack("<f", value)
    if datatype == _DOUBLE or isinstance(value, float):
        return _key(_METRIC["double"], _I64) + struct.pack("<d", value)
    bits = 64 if datatype in (4, 8) else 32
    return _number(_METRIC["long" if bits == 64 else "int"], value & ((1 << bits) - 1))  # noqa: PLR2004


def _properties_bytes(properties: dict[str, Value]) -> bytes:
    parts = [_chunk(1, name.encode()) for name in properties]
    for value in properties.values():
        if isinstance(value, int):
            parts.append(_chunk(2, _number(1, 3) + _number(_PROPERTY["int"], value)))
        else:
            text = str(value).encode()
            parts.append(_chunk(2, _number(1, 12) + _chunk(_PROPERTY["string"], text)))
    return b"".join(parts)


def _milliseconds(at: datetime) -> int:
    return round(at.timestamp() * 1000)


def _key(number: int, kind: int) -> bytes:
    return _varint_bytes(number << 3 | kind)


def _number(number: int, value: int) -> bytes:
    return _key(number, _VARINT) + _varint_bytes(value)


def _chunk(number: int, content: bytes) -> bytes:
    return _key(number, _LEN) + _varint_bytes(len(content)) + content


def _varint_bytes(value: int) -> bytes:
    found = bytearray()
    while value > 0x7F:  # noqa: PLR2004 - seven bits a byte
        found.append(value & 0x7F | 0x80)
        value >>= 7
    found.append(value)
    return bytes(found)
