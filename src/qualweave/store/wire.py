"""The framed messages between the store and its reader processes: JSON head, raw body."""

import struct
from typing import IO, Any

import orjson

HEAD = struct.Struct(">II")
OUT_OF_MEMORY = 77
"""Exit status of a worker whose own allocations failed."""


def write_message(stream: IO[bytes], head: object, body: bytes = b"") -> None:
    """Write one message."""
    packed = orjson.dumps(head)
    stream.write(HEAD.pack(len(packed), len(body)) + packed)
    stream.write(body)
    stream.flush()


def read_message(stream: IO[bytes]) -> tuple[dict[str, Any], bytes] | None:
    """Read one message, or None where the stream ended."""
    packed = stream.read(HEAD.size)
    if len(packed) < HEAD.size:
        return None
    head_size, body_size = HEAD.unpack(packed)
    head, body = stream.read(head_size), stream.read(body_size)
    if len(head) < head_size or len(body) < body_size:
        return None
    return orjson.loads(head), body
