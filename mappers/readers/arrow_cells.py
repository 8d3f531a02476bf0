"""Cells of Parquet and Arrow as texts, type by type; no type is passed over.

Numbers and decimals keep their digits. Times are ISO 8601 with their offset. A duration is a number of seconds, as in
workbooks, so that it can be compared and converted like any other quantity. Bytes are hexadecimal; what is longer than
a code or a key (a picture, a waveform) is told by its length and hash, for the file itself is kept.
"""

import hashlib
from collections.abc import Callable, Iterator
from decimal import Decimal
from typing import Any, TypeAlias

import pyarrow as pa
import pyarrow.compute as pc

from qualweave.mappers.readers.records import text_of

MOST_BYTES = 256
"""Bytes of a cell that are written out."""
_PER_SECOND = {"s": 0, "ms": 3, "us": 6, "ns": 9}  # decimals of a second
_MICRO = 6
_ZONE = 5  # characters of +0800

Plain: TypeAlias = Callable[[Any], Any]
"""Turns a value of Python into texts, lists and objects."""


def is_list(kind: Any) -> bool:  # noqa: ANN401 - a foreign type
    """Return whether values of a type are lists, however they are laid out."""
    types = pa.types
    forms = (types.is_list, types.is_large_list, types.is_fixed_size_list)
    return any(one(kind) for one in (*forms, types.is_list_view, types.is_large_list_view))


def holds_structures(kind: Any) -> bool:  # noqa: ANN401 - a foreign type
    """Return whether a type has structures inside a list or a map, or may be one of several."""
    if pa.types.is_map(kind) or pa.types.is_union(kind):
        return True
    if is_list(kind):
        inner = kind.value_type
        return pa.types.is_struct(inner) or is_list(inner) or holds_structures(inner)
    if pa.types.is_struct(kind):
        return any(holds_structures(kind.field(at).type) for at in range(kind.num_fields))
    return False


def durations(kind: Any) -> bool:  # noqa: ANN401 - a foreign type
    """Return whether values of a type are durations, or lists of them."""
    return pa.types.is_duration(kind) or (is_list(kind) and durations(kind.value_type))


def texts_of(column: Any) -> list[str | None]:  # noqa: ANN401 - a foreign column
    """Return the cells of a column without structures.

    Raises:
        ValueError: If a value is of a type, or out of a range, that nothing can write down.
    """
    kind = column.type
    if pa.types.is_dictionary(kind):
        return texts_of(column.cast(kind.value_type))
    if isinstance(kind, pa.BaseExtensionType) and not isinstance(kind, pa.UuidType):
        return texts_of(pa.chunked_array([one.storage for one in column.chunks], kind.storage_type))
    if pa.types.is_duration(kind):
        places = _PER_SECOND[kind.unit]
        counts = column.cast(pa.int64()).to_pylist()
        return [None if one is None else _seconds(one, places) for one in counts]
    if pa.types.is_timestamp(kind) or pa.types.is_time64(kind):
        return [one and _iso(one) for one in pc.cast(column, pa.string()).to_pylist()]
    plain = plain_of(kind)
    return [None if one is None else _joined(plain(one)) for one in column.to_pylist()]


def plain_of(kind: Any) -> Plain:  # noqa: ANN401, PLR0911 - a foreign type; one line a type
    """Return what turns values of a type into texts, lists and objects.

    Raises:
        ValueError: If the type is none of those that can be written down.
    """
    types = pa.types
    if isinstance(kind, pa.BaseExtensionType):
        return str if isinstance(kind, pa.UuidType) else plain_of(kind.storage_type)
    if types.is_dictionary(kind) or types.is_run_end_encoded(kind):
        return plain_of(kind.value_type)
    if types.is_struct(kind):
        return _structure(kind)
    if types.is_map(kind):
        return _entries(kind)
    if is_list(kind):
        return _list(kind)
    if types.is_union(kind):
        return _text
    return _leaf(kind)


def _leaf(kind: Any) -> Plain:  # noqa: ANN401 - a foreign type
    types = pa.types
    as_it_is = (
        types.is_null, types.is_boolean, types.is_integer, types.is_floating, types.is_string,
        types.is_large_string, types.is_string_view,
    )  # fmt: skip
    if any(one(kind) for one in as_it_is):
        return lambda value: value
    written = (
        types.is_binary, types.is_large_binary, types.is_binary_view, types.is_fixed_size_binary,
        types.is_temporal, types.is_decimal, types.is_interval,
    )  # fmt: skip
    if not any(one(kind) for one in written):
        raise ValueError(str(kind))
    return _text


def _structure(kind: Any) -> Plain:  # noqa: ANN401 - a foreign type
    fields = [kind.field(at) for at in range(kind.num_fields)]
    plain = {str(one.name): plain_of(one.type) for one in fields}

    def read(value: Any) -> dict[str, Any]:  # noqa: ANN401 - a foreign value
        return {} if value is None else {name: one(value[name]) for name, one in plain.items()}

    return read


def _entries(kind: Any) -> Plain:  # noqa: ANN401 - a foreign type
    key, item = plain_of(kind.key_type), plain_of(kind.item_type)

    def read(value: Any) -> list[Any]:  # noqa: ANN401 - a foreign value
        return [{"key": key(name), "value": item(one)} for name, one in value or ()]

    return read


def _list(kind: Any) -> Plain:  # noqa: ANN401 - a foreign type
    inner = plain_of(kind.value_type)
    absent: list[Any] | None = [] if holds_structures(kind) else None

    def read(value: Any) -> list[Any] | None:  # noqa: ANN401 - a foreign value
        return absent if value is None else [inner(one) for one in value]

    return read


def _text(value: Any) -> str | None:  # noqa: ANN401, PLR0911 - any value that Arrow gives; one line a type
    if value is None:
        return None
    if isinstance(value, bytes):
        return value.hex() if len(value) <= MOST_BYTES else _summed_up(value)
    if isinstance(value, Decimal):
        return format(value, "f")
    if isinstance(value, pa.MonthDayNano):
        return f"P{value.months}M{value.days}DT{_seconds(value.nanoseconds, 9)}S"
    if isinstance(
        getattr(value, "value", None), int
    ):  # what pandas, where it is, makes of nanoseconds
        return (
            _seconds(value.value, 9) if hasattr(value, "total_seconds") else str(value.isoformat())
        )
    if hasattr(value, "total_seconds"):
        micros = (value.days * 86_400 + value.seconds) * 10**_MICRO + value.microseconds
        return _seconds(micros, _MICRO)
    return text_of(value)


def _summed_up(value: bytes) -> str:
    return f"{len(value)} bytes, sha256 {hashlib.sha256(value).hexdigest()}"


def _seconds(count: int, places: int) -> str:
    """Return a count of parts of a second as seconds, exact.

    >>> _seconds(1_500, 3), _seconds(90_061, 0)
    ('1.5', '90061')
    """
    text = format(Decimal(count).scaleb(-places), "f")
    return text.rstrip("0").rstrip(".") if "." in text else text


def _iso(text: str) -> str:
    """Return what Arrow writes of a time in ISO 8601, without decimals that say nothing.

    >>> _iso("2025-01-01 08:00:00.000000000+0800"), _iso("10:00:00.500000000")
    ('2025-01-01T08:00:00+08:00', '10:00:00.500000')
    """
    moment, zone = (text[:-1], "+0000") if text.endswith("Z") else (text, "")
    if len(text) > _ZONE and text[-_ZONE] in "+-":
        moment, zone = text[:-_ZONE], text[-_ZONE:]
    whole, _, fraction = moment.partition(".")
    shown = fraction.rstrip("0")
    shown = fraction if len(shown) > _MICRO else fraction[:_MICRO] if shown else ""
    tail = f"{zone[:3]}:{zone[3:]}" if zone else ""
    return whole.replace(" ", "T") + (f".{shown}" if shown else "") + tail


def _joined(value: Any) -> str:  # noqa: ANN401 - a text, or a list of them
    if isinstance(value, list):
        return " | ".join(text_of(one) for one in value)
    return text_of(value)


def placed(field: Any, place: str = "", before: str = "") -> Iterator[tuple[str, str, Any]]:  # noqa: ANN401 - a foreign field
    """Yield the table and the column that each leaf of a field becomes, as `records` names them, and the leaf."""
    kind, name = field.type, str(field.name)
    if is_list(kind) and pa.types.is_struct(kind.value_type):
        place, kind, before = f"{place}/{name}", kind.value_type, ""
    elif pa.types.is_struct(kind):
        apart = holds_structures(kind)
        place, before = (f"{place}/{name}", "") if apart else (place, f"{before}{name}.")
    else:
        yield place, f"{before}{name}", field
        return
    for at in range(kind.num_fields):
        yield from placed(kind.field(at), place, before)
