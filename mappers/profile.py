"""`FieldProfile`: what a field looks like, before anything is known of its meaning.

Type, unit, range, distribution, samples, neighbours: everything that alignment may use as evidence and
nothing that presumes an answer.
"""

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal, TypeAlias

import polars as pl

from qualweave.mappers.declared import DeclaredField, Description, text_of
from qualweave.mappers.spread import suspected
from qualweave.mappers.table import ROW, RawTable, SourceContext
from qualweave.mappers.unit_flags import UnitFlag, contradiction
from qualweave.mappers.units import split_unit, unit_like
from qualweave.values import Unit

FieldType: TypeAlias = Literal[
    "decimal", "integer", "boolean", "time", "code", "identifier", "text", "empty"
]
TIME_FORMATS = (
    "%Y-%m-%dT%H:%M:%S%.f%:z",
    "%Y-%m-%dT%H:%M:%S%.fZ",
    "%Y-%m-%dT%H:%M:%S%.f",
    "%Y-%m-%d %H:%M:%S%.f%:z",
    "%Y-%m-%d %H:%M:%S%.f",
    "%Y-%m-%d %H:%M",
    "%Y/%m/%d %H:%M:%S%.f",
    "%Y/%m/%d %H:%M",
    "%Y.%m.%d %H:%M:%S",
    "%d.%m.%Y %H:%M:%S",
    "%d.%m.%Y %H:%M",
    "%d/%m/%Y %H:%M:%S",
    "%m/%d/%Y %H:%M:%S",
    "%Y年%m月%d日 %H:%M:%S",
    "%Y年%m月%d日 %H时%M分%S秒",
    "%Y年%m月%d日",
    "%Y-%m-%d",
    "%Y/%m/%d",
    "%Y.%m.%d",
    "%d.%m.%Y",
    "%Y%m%d%H%M%S",
    "%Y%m%d %H%M%S",
)
_BOOLEAN = {
    "true",
    "false",
    "yes",
    "no",
    "y",
    "n",
    "ok",
    "nok",
    "ng",
    "pass",
    "fail",
    "是",
    "否",
    "合格",
    "不合格",
}
_UNIT_COLUMN = re.compile(r"^(.*?)[_\s.\-]*(units?|单位|einheit|uom)$", re.IGNORECASE)
_LIKE_TIME = r"\d{2}[:时]\d{2}|^\d{4}[-/.年]\d|^\d{1,2}[./]\d{1,2}[./]\d{4}|^20\d{12}$"
_ENOUGH = 0.9
_SAMPLES = 8
_SCAN = 20_000
_SHORT_PART = 2
_SHORT_CODE = 12  # characters


@dataclass(frozen=True)
class FieldProfile:
    """One field of a table.

    Attributes:
        name: Byte for byte as the source writes it.
        base_name: Without its unit, NFKC.
        unit_text: Unit as written in the name, a unit row or a unit column; ``""`` where none is.
        unit: That unit, or None where it is not in the table.
        type: What the cells look like.
        count: Filled cells.
        missing: Empty cells.
        distinct: Different values.
        minimum: Of the numbers, in the unit of the source; None for others.
        maximum: Likewise.
        quantiles: At 5, 25, 50, 75, 95 %; empty for others.
        samples: Some different values as they were written.
        rate_hz: Median rate of a time field, records per second.
        monotone: Whether the numbers or times never decrease.
        decimal_comma: Whether a comma marks the decimals.
        time_format: Of a time field, in chrono's notation, ``"epoch_s"`` or ``"epoch_ms"``.
        description: What the source says of the field.
        kind: What kind of field the source says it is, in the words of its own vocabulary.
        siblings: Names of the other fields of the table.
        context: Of the source.
        declared: What a description of the device declares of it: meanings that it states, values, path.
        unit_flag: Where the name says another unit than the unit row, unit column or device.
    """

    name: str
    base_name: str
    unit_text: str = ""
    unit: Unit | None = None
    type: FieldType = "text"
    count: int = 0
    missing: int = 0
    distinct: int = 0
    minimum: float | None = None
    maximum: float | None = None
    quantiles: tuple[float, ...] = ()
    samples: tuple[str, ...] = ()
    rate_hz: float | None = None
    monotone: bool = False
    decimal_comma: bool = False
    time_format: str = ""
    description: str = ""
    kind: str = ""
    siblings: tuple[str, ...] = ()
    context: SourceContext | None = None
    declared: DeclaredField | None = None
    unit_flag: UnitFlag | None = None


def profile(table: RawTable) -> list[FieldProfile]:
    """Return the profile of every field of a table, in the order of its columns."""
    units = stated_units(table)
    return [_field(table, name, units.get(name, "")) for name in table.columns]


def stated_units(table: RawTable) -> dict[str, str]:
    """Return the unit of each column of which a unit row or a unit column states one, as it is written."""
    return _unit_columns(table) | dict(table.units)


def _unit_columns(table: RawTable) -> dict[str, str]:
    """Return units that stand in a column of their own, such as ``value`` and ``value_unit``."""
    found = {}
    for name in table.columns:
        match = _UNIT_COLUMN.match(name)
        values = table.frame[name].drop_nulls().unique() if match else None
        if match is None or values is None or len(values) != 1:
            continue
        owner = match.group(1)
        for other in table.columns:
            if other != name and other.casefold() in {
                owner.casefold(),
                f"{owner}_value".casefold(),
            }:
                found[other] = str(values[0])
    return found


def _field(table: RawTable, name: str, stated_unit: str) -> FieldProfile:
    named = split_unit(name)
    series = table.frame[name].head(_SCAN)
    filled = series.drop_nulls().str.strip_chars()
    unit_text = stated_unit or named.text
    basic = FieldProfile(
        name=name,
        base_name=own_part(named.base_name),
        unit_text=unit_text,
        unit=unit_like(unit_text) if unit_text else None,
        count=table.frame.height - table.frame[name].null_count(),
        missing=table.frame[name].null_count(),
        distinct=table.frame[name].n_unique() - (1 if table.frame[name].null_count() else 0),
        samples=tuple(filled.unique(maintain_order=True).head(_SAMPLES).to_list()),
        description=table.descriptions.get(name, ""),
        siblings=tuple(one for one in table.columns if one != name),
        context=table.context,
        unit_flag=contradiction(stated_unit, named.text),
    )
    declared = table.declared.get(name)
    typed = _typed(basic, filled)
    return typed if declared is None else as_declared(typed, declared)


def own_part(name: str) -> str:
    """Return the last part of a dotted path, where it is a word; what stands before it is context.

    >>> own_part("process.feedRate"), own_part("DB10.W4")
    ('feedRate', 'DB10.W4')
    """
    last = name.rsplit(".", 1)[-1]
    return last if "." in name and sum(one.isalpha() for one in last) > _SHORT_PART else name


def _typed(basic: FieldProfile, filled: pl.Series) -> FieldProfile:
    if filled.is_empty():
        return _with(basic, type="empty")
    if filled.str.to_lowercase().is_in(list(_BOOLEAN)).mean() == 1:
        return _with(basic, type="boolean")
    time_format = time_format_of(filled)
    if time_format:
        return _time_field(basic, filled, time_format)
    comma = _has_decimal_comma(filled)
    numbers = to_numbers(filled, comma=comma)
    if numbers.null_count() <= (1 - _ENOUGH) * len(numbers):
        return _number_field(basic, filled, numbers.drop_nulls(), comma=comma)
    return _with(basic, type=_word_type(basic, filled))


def _word_type(basic: FieldProfile, filled: pl.Series) -> FieldType:
    if not _looks_like_id(filled):
        return "text"
    if basic.distinct >= max(3, _ENOUGH * basic.count):
        return "identifier"
    length = _float(filled.str.len_chars().mean()) or 0
    if length >= _SHORT_CODE or filled.str.contains(r"\s").any():
        return "text"
    return "code" if basic.distinct <= max(2, basic.count // 3) else "identifier"


def _with(basic: FieldProfile, **changes: object) -> FieldProfile:
    return FieldProfile(**{**basic.__dict__, **changes})


def to_numbers(texts: pl.Series, *, comma: bool) -> pl.Series:
    """Return the numbers of texts, null where a text is none.

    Args:
        texts: Cells.
        comma: Whether a comma marks the decimals (then dots and blanks part thousands).
    """
    plain = texts.str.replace_all(r"[\s%]", "")
    if comma:
        plain = plain.str.replace_all(r"\.", "").str.replace(",", ".", literal=True)
    return plain.cast(pl.Float64, strict=False)


def _has_decimal_comma(filled: pl.Series) -> bool:
    commas = filled.str.contains(r"^[+-]?\d{1,3}(\.\d{3})*,\d+$|^[+-]?\d+,\d+$").mean() or 0
    return (_float(commas) or 0) > _ENOUGH / 2 and not bool(
        filled.str.contains(r"^[+-]?\d+\.\d+$").any()
    )


def _number_field(
    basic: FieldProfile, filled: pl.Series, numbers: pl.Series, *, comma: bool
) -> FieldProfile:
    marks = suspected(numbers)
    numbers = numbers.filter(~numbers.is_in(marks)) if marks else numbers
    whole = bool((numbers == numbers.round(0)).all()) and not bool(
        filled.str.contains(r"[.,]\d").any()
    )
    padded = bool(filled.str.contains(r"^0\d+$").any())
    if padded:
        return _with(basic, type="code" if basic.distinct <= basic.count // 3 else "identifier")
    if set(numbers.unique().to_list()) <= {0.0, 1.0} and whole:
        return _with(
            basic, type="boolean", minimum=_float(numbers.min()), maximum=_float(numbers.max())
        )
    levels = tuple(_float(numbers.quantile(q)) or 0.0 for q in (0.05, 0.25, 0.5, 0.75, 0.95))
    steps = numbers.diff().drop_nulls()
    return _with(
        basic,
        type="integer" if whole else "decimal",
        minimum=_float(numbers.min()),
        maximum=_float(numbers.max()),
        quantiles=levels,
        monotone=len(steps) > 1 and bool((steps >= 0).all()),
        decimal_comma=comma,
    )


def _float(value: object) -> float | None:
    return float(value) if isinstance(value, int | float) else None


def time_format_of(filled: pl.Series) -> str:
    """Return the format of a series of times, ``""`` where it is none."""
    head = filled.head(200)
    if head.str.contains(r"^1[0-9]{9}(\.\d+)?$").all():
        return "epoch_s"
    if head.str.contains(r"^1[0-9]{12}$").all():
        return "epoch_ms"
    alike = head.str.contains(_LIKE_TIME).mean()
    if not isinstance(alike, float) or alike <= _ENOUGH:
        return ""
    for form in TIME_FORMATS:
        if parse_times(head, form).null_count() <= (1 - _ENOUGH) * len(head):
            return form
    return ""


def parse_times(texts: pl.Series, form: str) -> pl.Series:
    """Return naive or aware datetimes, null where a text does not fit the format."""
    clean = texts.str.strip_chars()
    if form == "epoch_s":
        return (clean.cast(pl.Float64, strict=False) * 1000).cast(pl.Int64).cast(pl.Datetime("ms"))
    if form == "epoch_ms":
        return clean.cast(pl.Int64, strict=False).cast(pl.Datetime("ms"))
    if "%:z" in form:
        return clean.str.to_datetime(form, strict=False, time_zone="UTC")
    if "%H" not in form:
        return clean.str.to_date(form, strict=False).cast(pl.Datetime("us"))
    return clean.str.to_datetime(form, strict=False)


def _time_field(basic: FieldProfile, filled: pl.Series, form: str) -> FieldProfile:
    times = parse_times(filled, form).drop_nulls()
    steps = times.diff().drop_nulls().dt.total_milliseconds()
    positive = steps.filter(steps > 0)
    middle = positive.median() if len(positive) else None
    return _with(
        basic,
        type="time",
        time_format=form,
        monotone=len(steps) > 1 and bool((steps >= 0).all()),
        rate_hz=1000.0 / float(middle) if isinstance(middle, int | float) and middle else None,
    )


def _looks_like_id(filled: pl.Series) -> bool:
    has_digit = _float(filled.str.contains(r"\d").mean()) or 0
    one_word = 1 - (_float(filled.str.contains(r"\s\S+\s").mean()) or 0)
    return has_digit > 0.5 and one_word > _ENOUGH  # noqa: PLR2004


def field_from_facts(
    *,
    name: str,
    unit: str = "",
    description: str = "",
    kind: str = "",
    samples: Sequence[str] = (),
    siblings: Sequence[str] = (),
    context: SourceContext | None = None,
) -> FieldProfile:
    """Return the profile of a field that is only described (a NodeSet, a field list), not read."""
    named = split_unit(unicodedata.normalize("NFKC", name))
    text = unit or named.text
    basic = FieldProfile(
        name=name,
        base_name=named.base_name,
        unit_text=text,
        unit=unit_like(text) if text else None,
        count=len(samples),
        distinct=len(set(samples)),
        samples=tuple(samples[:_SAMPLES]),
        description=description,
        kind=kind,
        siblings=tuple(siblings),
        context=context,
        unit_flag=contradiction(unit, named.text),
    )
    if not samples:
        return basic
    return _typed(basic, pl.Series("samples", list(samples), dtype=pl.String))


_TYPES: dict[str, FieldType] = {
    "decimal": "decimal",
    "integer": "integer",
    "boolean": "boolean",
    "time": "time",
    "code": "code",
    "text": "text",
}
_LONGEST_LABEL = 80  # characters; what is longer is a sentence and no name


def as_declared(seen: FieldProfile, declared: DeclaredField) -> FieldProfile:
    """Return a profile with what a description declares: its word counts before what few samples look like.

    A label is a better name than an identifier; where the file has neither, the type that it states is read as one.
    """
    label = text_of(declared.labels)
    nameless = declared.name == declared.id and declared.meanings
    stated = re.sub(r"[/_]", " ", declared.meanings[0].id).casefold() if nameless else ""
    named = split_unit(unicodedata.normalize("NFKC", label or stated or declared.name))
    told = (text_of(declared.descriptions), *_dictionary(declared))
    if declared.values_are not in {"decimal", "integer", ""}:
        # A text that looks like a number has no bounds, and the [1] of a list's second member is no unit.
        seen = replace(seen, minimum=None, maximum=None, quantiles=(), unit_text="", unit=None)
    return replace(
        seen,
        base_name=named.base_name if len(named.base_name) <= _LONGEST_LABEL else seen.base_name,
        unit_text=declared.unit or seen.unit_text,
        unit=declared.known_unit or seen.unit,
        type=_TYPES.get(declared.values_are, "text" if seen.type == "empty" else seen.type),
        minimum=declared.minimum if declared.minimum is not None else seen.minimum,
        maximum=declared.maximum if declared.maximum is not None else seen.maximum,
        samples=seen.samples or _values_of(declared),
        rate_hz=declared.rate_hz or seen.rate_hz,
        description=next((one for one in told if one), seen.description),
        kind=declared.kind,
        declared=declared,
    )


def _dictionary(declared: DeclaredField) -> tuple[str, ...]:
    """Return names and definitions that the file carries for the meanings that it states."""
    told = ((text_of(one.names), text_of(one.definitions)) for one in declared.meanings)
    return tuple(": ".join(part for part in parts if part) for parts in told)


def _values_of(declared: DeclaredField) -> tuple[str, ...]:
    named = tuple(text_of(one.names) or one.code for one in declared.values)
    return (named or declared.examples)[:_SAMPLES]


def declared_profiles(found: Description) -> list[FieldProfile]:
    """Return the profile of every field of a description; siblings are the fields of the same component."""
    groups: dict[tuple[str, ...], list[str]] = {}
    for one in found.fields:
        groups.setdefault((one.device, *one.path), []).append(one.name)
    devices = {one.id: str(one) for one in found.devices}
    return [
        as_declared(
            field_from_facts(
                name=one.name,
                unit=one.unit,
                siblings=[name for name in groups[one.device, *one.path] if name != one.name],
                context=SourceContext(
                    file_name=found.file,
                    media=found.kind,
                    language=_language(one),
                    header={"component": " ".join((*one.path, *one.components))},
                    device=devices.get(one.device, found.header.title),
                ),
            ),
            one,
        )
        for one in found.fields
    ]


def _language(declared: DeclaredField) -> str:
    tags = {tag.split("-")[0] for tag in (*declared.labels, *declared.descriptions)}
    return next((one for one in ("en", "de", "zh") if one in tags), "en")


__all__ = ["ROW", "FieldProfile", "FieldType", "field_from_facts", "profile", "time_format_of"]
