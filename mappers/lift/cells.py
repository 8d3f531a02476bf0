"""Cells: from what a device wrote to lexical forms of RDF, column by column, with what went wrong.

Each function takes a column of texts and returns a column of lexical forms in which null means "empty",
and the places whose text could not be read. The fast path is one Polars expression over the column; only
the few distinct texts that it does not read take the slow path in Python.
"""

import re
import unicodedata
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import product
from math import isfinite
from zoneinfo import ZoneInfo

import polars as pl

from qualweave.errors import UnknownUnit
from qualweave.mappers.lift.date_order import in_either_order, is_unclear
from qualweave.values import Unit, conversion, find_unit

MISSING = frozenset(
    {
        "",
        "na",
        "n/a",
        "#n/a",
        "nan",
        "null",
        "none",
        "nil",
        "-",
        "--",
        "---",
        "—",
        "/",
        "\\n",
        "无",
        "空",
    }
)
"""Texts that mean that nothing was measured or written, compared after trimming and folding."""

# Digits are 0-9 only: XSD knows no others, and `\d` would take those of every script.
_DECIMAL = r"^[+-]?([0-9]+(\.[0-9]*)?|\.[0-9]+)$"
_FLOAT = r"^[+-]?([0-9]+(\.[0-9]*)?|\.[0-9]+)([eE][+-]?[0-9]+)?$"
_PLAIN = r"^-?([0-9]+(\.[0-9]*)?|\.[0-9]+)([eE][+-]?[0-9]+)?$"
_GROUPED = re.compile(r"^[+-]?\d{1,3}(,\d{3})+(\.\d+)?$")
_POINTED = r"^[+-]?[0-9]{1,3}(\.[0-9]{3})+(,[0-9]*)?([eE][+-]?[0-9]+)?$"
_COMMA_DECIMAL = r"^[+-]?([0-9]+,([0-9]{1,2}|[0-9]{4,})|0,[0-9]+|[0-9]{4,},[0-9]+)$"
_WITH_UNIT = re.compile(r"^([+-]?\d[\d.,]*(?:[eE][+-]?\d+)?)\s*([^\d\s.,+-].*)$")

_TRUE = frozenset(
    [
        "true",
        "t",
        "yes",
        "y",
        "1",
        "ok",
        "pass",
        "passed",
        "good",
        "conform",
        "conforms",
        "合格",
        "是",
        "良",
        "良品",
        "通过",
        "正常",
        "i.o.",
        "io",
        "ja",
    ]
)
_FALSE = frozenset(
    [
        "false",
        "f",
        "no",
        "n",
        "0",
        "ng",
        "nok",
        "fail",
        "failed",
        "bad",
        "reject",
        "rejected",
        "nonconform",
        "不合格",
        "否",
        "不良",
        "不良品",
        "异常",
        "不通过",
        "n.i.o.",
        "nio",
        "nein",
    ]
)
_OPEN = frozenset(
    [
        "open",
        "pending",
        "in_transit",
        "in-transit",
        "planned",
        "未交付",
        "未完成",
        "待发",
        "待交付",
        "在途",
        "进行中",
        "offen",
    ]
)
_CLOSED = frozenset(
    [
        "closed",
        "done",
        "delivered",
        "complete",
        "completed",
        "shipped",
        "received",
        "已交付",
        "已完成",
        "已签收",
        "geschlossen",
    ]
)


@dataclass(frozen=True)
class Bad:
    """A place that could not be read: index of the row in the frame, the text, and what it should be."""

    index: int
    value: str
    wanted: str


@dataclass(frozen=True)
class Cells:
    """A converted column and the places that could not be converted."""

    values: pl.Series
    bad: tuple[Bad, ...] = ()


def cleaned(column: pl.Series) -> pl.Series:
    """Return a column with trimmed texts in which every missing mark is null."""
    plain = column.cast(pl.String).str.strip_chars()
    missing = plain.is_in(_MISSING_FORMS)
    if not missing.any():
        return plain
    return plain.to_frame("v").select(pl.when(~missing).then(pl.col("v"))).to_series()


def _spellings(mark: str) -> Iterator[str]:
    """Yield a mark in every mix of small and capital letters: cheaper to look for than folding every cell."""
    for letters in product(*({one, one.upper()} for one in mark)):
        yield "".join(letters)


_MISSING_FORMS = sorted({form for mark in MISSING for form in _spellings(mark)})


def _repaired(
    texts: pl.Series,
    values: pl.Series,
    read: Callable[[str], str | None],
    *,
    wanted: str,
) -> Cells:
    """Read by hand the distinct texts that the fast path left, and report what stays unread."""
    left = texts.is_not_null() & values.is_null()
    if not left.any():
        return Cells(values)
    distinct = texts.filter(left).unique().to_list()
    known = {text: found for text in distinct if (found := read(text)) is not None}
    if known:
        patch = texts.replace_strict(
            list(known), list(known.values()), default=None, return_dtype=pl.String
        )
        values = values.zip_with(~left, patch)
    still = (texts.is_not_null() & values.is_null()).arg_true().to_list()
    return Cells(values, tuple(Bad(place, str(texts[place]), wanted) for place in still))


def numbers(
    column: pl.Series,
    *,
    decimal_comma: bool = False,
    source: Unit | None = None,
    target: Unit | None = None,
    wanted: str = "number",
    difference: bool = False,
) -> Cells:
    """Convert a column to lexical forms of decimals in the target unit.

    Args:
        column: Cleaned texts.
        decimal_comma: Whether ``1.234,5`` is meant.
        source: Unit that the source writes; None where it has none.
        target: Canonical unit of the parameter.
        wanted: What a message says that the cell should be.
        difference: Whether the cells are steps, which a unit's zero point does not move.

    Raises:
        UnknownUnit: If the units differ in dimension.
    """
    factor, offset = conversion(source, target) if source and target else (1.0, 0.0)
    offset = 0.0 if difference else offset
    plain = _with_points(column) if decimal_comma else column
    grouped = not decimal_comma and not _has_comma_decimals(column)
    if (factor, offset) == (1.0, 0.0):
        # Nothing to compute: the digits stay as they were written.
        signed = bool(plain.str.starts_with("+").any())
        kept = pl.col("v").str.strip_prefix("+") if signed else pl.col("v")
        values = _where_finite(plain, kept, _PARSED)
    else:
        scaled = _PARSED * factor + offset
        values = _where_finite(plain, scaled.round(10).cast(pl.String), scaled)

    def read(text: str) -> str | None:
        return _number_by_hand(
            text,
            decimal_comma=decimal_comma,
            grouped=grouped,
            source=source,
            target=target,
            difference=difference,
        )

    return _repaired(column, values, read, wanted=wanted)


def _with_points(column: pl.Series) -> pl.Series:
    """Return numbers with a decimal comma as with a point; null where a point is no mark of thousands."""
    misplaced = column.str.contains(".", literal=True) & ~column.str.contains(_POINTED)
    plain = column.str.replace_all(".", "", literal=True).str.replace(",", ".", literal=True)
    return plain.to_frame("v").select(pl.when(~misplaced).then(pl.col("v"))).to_series()


def _has_comma_decimals(column: pl.Series) -> bool:
    """Return whether some cell has a comma that parts no thousands: then none is taken to do so."""
    return bool(column.str.contains(",", literal=True).any()) and bool(
        column.str.contains(_COMMA_DECIMAL).any()
    )


_PARSED = pl.col("v").cast(pl.Float64, strict=False)


def _where_finite(texts: pl.Series, value: pl.Expr, number: pl.Expr) -> pl.Series:
    """Return a value where a number is finite, null elsewhere: texts that parse are lexical forms."""
    return texts.to_frame("v").select(pl.when(number.is_finite()).then(value)).to_series()


def _number_by_hand(
    text: str,
    *,
    decimal_comma: bool,
    grouped: bool,
    source: Unit | None,
    target: Unit | None,
    difference: bool = False,
) -> str | None:
    """Read digits of other scripts, grouped thousands and a unit inside the cell."""
    plain = unicodedata.normalize("NFKC", text).strip().replace("−", "-").replace("\u00a0", "")
    plain = "".join(str(unicodedata.decimal(one, one)) for one in plain)
    unit = source
    found = _WITH_UNIT.match(plain)
    if found is not None and (written := find_unit(found.group(2))) is not None:
        plain, unit = found.group(1), written
    if decimal_comma:
        if "." in plain and not re.match(_POINTED, plain):
            return None
        plain = plain.replace(".", "").replace(",", ".")
    elif grouped and _GROUPED.match(plain):
        plain = plain.replace(",", "")
    if not re.match(_FLOAT, plain) or not isfinite(float(plain)):
        return None
    try:
        factor, offset = conversion(unit, target) if unit and target else (1.0, 0.0)
    except UnknownUnit:
        return None
    offset = 0.0 if difference else offset
    if (factor, offset) == (1.0, 0.0):
        return plain.removeprefix("+")
    value = round(float(plain) * factor + offset, 10)
    return repr(value) if isfinite(value) else None


_ISO_FORMATS = (
    "%Y-%m-%d %H:%M:%S",  # without a fraction it is read five times as fast
    "%Y-%m-%d %H:%M:%S%.f",
    "%Y-%m-%dT%H:%M:%SZ",
    "%Y-%m-%dT%H:%M:%S%.fZ",
    "%Y-%m-%dT%H:%M:%S%.f%:z",
    "%Y-%m-%dT%H:%M:%S%.f",
    "%Y/%m/%d %H:%M:%S%.f",
    "%Y-%m-%d %H:%M",
    "%Y-%m-%d",
)
_EPOCHS: Mapping[str, int] = {"epoch_s": 1, "epoch_ms": 1_000, "epoch_us": 1_000_000}
_HAND_FORMATS = (
    "%Y/%m/%d %H:%M:%S.%f", "%Y/%m/%d %H:%M:%S", "%Y/%m/%d %H:%M", "%Y/%m/%d",
    "%Y年%m月%d日 %H:%M:%S", "%Y年%m月%d日 %H:%M", "%Y年%m月%d日 %H时%M分%S秒", "%Y年%m月%d日",
    "%d.%m.%Y %H:%M:%S", "%d.%m.%Y %H:%M", "%d.%m.%Y", "%Y%m%d%H%M%S", "%Y%m%d%H%M", "%Y%m%d",
    "%Y-%m-%d_%H:%M:%S", "%Y-%m-%d %H-%M-%S", "%d-%b-%Y %H:%M:%S", "%d %b %Y %H:%M:%S",
)  # fmt: skip
_SLASHED: Mapping[bool, tuple[str, ...]] = {
    True: ("%d/%m/%Y %H:%M:%S", "%d/%m/%Y %H:%M", "%d/%m/%Y", "%d/%m/%Y %I:%M:%S %p"),
    False: ("%m/%d/%Y %H:%M:%S", "%m/%d/%Y %H:%M", "%m/%d/%Y", "%m/%d/%Y %I:%M:%S %p"),
}


def times(
    column: pl.Series, *, time_format: str = "", timezone: str = "UTC", day_first: bool = False
) -> Cells:
    """Convert a column to ``xsd:dateTime`` forms in UTC.

    Args:
        column: Cleaned texts.
        time_format: The format that the profile found, an epoch name, or ``""`` for ISO forms.
        timezone: Zone of times that carry none.
        day_first: Whether 03/04/2025 is in April.
    """
    if time_format in _EPOCHS:
        return _epochs(column, _EPOCHS[time_format])
    forms = list(dict.fromkeys(one for one in (time_format, *_ISO_FORMATS) if one))
    values = pl.Series("v", [None] * len(column), dtype=pl.String)
    while forms and values.null_count() > column.null_count():
        form = _form_of(column.filter(values.is_null() & column.is_not_null())[0], forms, timezone)
        forms.remove(form)
        values = values.zip_with(values.is_not_null(), _parsed(column, form, timezone))
    zone = ZoneInfo(timezone)
    formats = (*_HAND_FORMATS, *_SLASHED[day_first])
    unclear = in_either_order(column)
    if unclear is not None:
        values = values.to_frame("v").select(pl.when(~unclear).then(pl.col("v"))).to_series()
        formats = (*formats, *_SLASHED[not day_first])

    def read(text: str) -> str | None:
        if unclear is not None and is_unclear(text):
            return None
        return _time_by_hand(text, zone, formats)

    return _repaired(column, values, read, wanted="time")


def _form_of(text: str, forms: Sequence[str], timezone: str) -> str:
    """Return the format that reads a text, the first one where none does: parsing a column in vain costs as much."""
    one = pl.Series("v", [text])
    return next((form for form in forms if _parsed(one, form, timezone)[0] is not None), forms[0])


def _parsed(column: pl.Series, time_format: str, timezone: str) -> pl.Series:
    nothing = pl.Series("v", [None] * len(column), dtype=pl.String)
    zoned = "%z" in time_format or "%:z" in time_format or time_format.endswith("Z")
    try:
        parsed = column.str.to_datetime(
            time_format,
            strict=False,
            time_unit="us",
            time_zone="UTC" if "z" in time_format else None,
        )
    except pl.exceptions.PolarsError:
        return nothing
    if parsed.dtype.time_zone is None and not zoned:  # type: ignore[attr-defined]  # of a Datetime
        parsed = parsed.dt.replace_time_zone(
            timezone, ambiguous="earliest", non_existent="null"
        ).dt.convert_time_zone("UTC")
    whole = parsed.dt.strftime("%Y-%m-%dT%H:%M:%S")
    micro = parsed.dt.microsecond()
    if (micro != 0).any():
        fraction = parsed.dt.strftime("%.6f").str.strip_chars_end("0")
        return whole + fraction.replace(".", "") + "Z"
    return whole + "Z"


def _time_by_hand(text: str, zone: ZoneInfo, formats: Iterable[str]) -> str | None:
    plain = unicodedata.normalize("NFKC", text).strip()
    found: datetime | None
    try:
        found = datetime.fromisoformat(plain)
    except ValueError:
        found = next((one for one in (_try_format(plain, form) for form in formats) if one), None)
    if found is None:
        return None
    aware = found if found.tzinfo else found.replace(tzinfo=zone)
    return _iso(aware)


def _try_format(text: str, form: str) -> datetime | None:
    try:
        return datetime.strptime(text, form)  # noqa: DTZ007 - the zone is put in by the caller
    except ValueError:
        return None


def _iso(moment: datetime) -> str:
    text = moment.astimezone(UTC).replace(tzinfo=None).isoformat()
    return (text.rstrip("0") if "." in text else text) + "Z"


def _epochs(column: pl.Series, per_second: int) -> Cells:
    start = datetime(1970, 1, 1, tzinfo=UTC)

    def read(text: str) -> str | None:
        try:
            return _iso(start + timedelta(seconds=float(text) / per_second))
        except (ValueError, OverflowError):
            return None

    nothing = pl.Series("v", [None] * len(column), dtype=pl.String)
    return _repaired(column, nothing, read, wanted="time")


def _by_table(column: pl.Series, table: Mapping[str, str], *, wanted: str) -> Cells:
    folded = column.str.to_lowercase()
    values = folded.replace_strict(
        list(table), list(table.values()), default=None, return_dtype=pl.String
    )
    return _repaired(
        column,
        values,
        lambda text: table.get(unicodedata.normalize("NFKC", text).casefold()),
        wanted=wanted,
    )


_BOOLEANS = {**dict.fromkeys(sorted(_TRUE), "true"), **dict.fromkeys(sorted(_FALSE), "false")}
_STATUSES = {**dict.fromkeys(sorted(_OPEN), "open"), **dict.fromkeys(sorted(_CLOSED), "closed")}


def booleans(column: pl.Series) -> Cells:
    """Convert a column to ``true`` and ``false``; words of three languages are known."""
    return _by_table(column, _BOOLEANS, wanted="yes or no")


def statuses(column: pl.Series) -> Cells:
    """Convert a column of delivery states to ``open`` and ``closed``."""
    return _by_table(column, _STATUSES, wanted="open or closed")


def integers(column: pl.Series) -> Cells:
    """Convert a column to lexical forms of integers."""
    values = (
        column.to_frame("v")
        .select(
            pl.when(pl.col("v").str.contains(r"^[+-]?[0-9]+$")).then(
                pl.col("v").str.strip_prefix("+")
            )
        )
        .to_series()
    )

    def read(text: str) -> str | None:
        plain = unicodedata.normalize("NFKC", text)
        return str(int(float(plain))) if re.match(r"^[+-]?\d+(\.0+)?$", plain) else None

    return _repaired(column, values, read, wanted="whole number")


def is_decimal(values: pl.Series) -> pl.Series:
    """Return which lexical forms are decimals (the others are doubles)."""
    return values.str.contains(_DECIMAL)


def is_number(text: pl.Expr) -> pl.Expr:
    """Return whether a text is the lexical form of a decimal or double without a plus sign."""
    return text.str.contains(_PLAIN)


def needs_escape(column: pl.Series) -> bool:
    """Return whether a column holds what may not stand between the quotes of an N-Triples literal."""
    return bool(column.str.contains(r'[\\"\n\r]').any())


def escaped(text: pl.Expr) -> pl.Expr:
    """Return texts as they stand between the quotes of an N-Triples literal."""
    return (
        text.str.replace_all("\\", "\\\\", literal=True)
        .str.replace_all('"', '\\"', literal=True)
        .str.replace_all("\n", "\\n", literal=True)
        .str.replace_all("\r", "\\r", literal=True)
    )
