"""Units that stand in the row: of the one value of a long table or change log, or beside the values of a wide one."""

import polars as pl

from qualweave.errors import UnknownUnit
from qualweave.mappers.lift import cells
from qualweave.mappers.lift.cells import Cells
from qualweave.mappers.lift.plan import record_table
from qualweave.mappers.lift.problems import problem
from qualweave.mappers.lift.sheet import Sheet, Values
from qualweave.mappers.mapping import ColumnMapping
from qualweave.values import Unit, conversion, find_unit, unit_of

_WITH_UNIT = ("value", "difference", "number")
"""Kinds of roles whose unit a column of units tells: beside a quantity or a value it says nothing of parameters."""


def convert_by_row(sheet: Sheet) -> None:
    """Convert values whose unit their row names; a row of which that cannot be told is put on the list of problems."""
    _convert_values(sheet)
    _convert_rows(sheet)


def _convert_values(sheet: Sheet) -> None:
    """Convert value columns whose parameter and unit stand in the row (long tables, change logs)."""
    for role, kind in record_table().roles.items():
        if kind in ("value", "difference") and sheet.has(f"r.{role}"):
            columns = sheet.columns_of.get(role, ())
            _convert_value_role(sheet, role, columns[0] if columns else None)


def _convert_rows(sheet: Sheet) -> None:
    """Convert the value of a row that names its unit in a column of its own, where it is clear which value is meant."""
    kinds = record_table().roles
    its_own = any(sheet.has(f"r.{one}") for one, kind in kinds.items() if kind in _WITH_UNIT)
    if its_own or not sheet.has("r.unitText"):
        return
    texts = sheet.frame["r.unitText"]
    for text in texts.drop_nulls().unique().to_list():
        unit = find_unit(text)
        meant = _without_unit(sheet, unit) if unit else []
        rows = (texts == text).fill_null(value=False)
        if unit is None or all(target.ucum == unit.ucum for _, target in meant):
            continue
        if len(meant) > 1:
            _unclear(sheet, rows, text, [one.mapping.name for one, _ in meant])
            continue
        [(values, target)] = meant
        column = sheet.frame[values.column]
        converted = cells.numbers(column, source=unit, target=target)
        sheet.put(values.column, column.zip_with(~rows, converted.values))


def _without_unit(sheet: Sheet, unit: Unit) -> list[tuple[Values, Unit]]:
    """Return the columns that state no unit and are of a unit's dimension, each with the unit that it is kept in."""
    found = []
    for one in sheet.values:
        code = sheet.vocabulary.unit(one.predicate) if one.numeric and not one.mapping.unit else ""
        target = unit_of(code) if code else None
        if target is not None and _is_convertible(unit, target):
            found.append((one, target))
    return found


def _is_convertible(source: Unit, target: Unit) -> bool:
    try:
        conversion(source, target)
    except UnknownUnit:
        return False
    return True


def _unclear(sheet: Sheet, rows: pl.Series, text: str, columns: list[str]) -> None:
    named = sheet.columns_of.get("unitText", ())
    sheet.problems += [
        problem(
            "unclear-unit", row=sheet.row_at(place), column=named[0].name if named else "unitText", value=text,
            detail=", ".join(columns), detail_zh="、".join(columns),
        )
        for place in rows.arg_true().to_list()
    ]  # fmt: skip


def _convert_value_role(sheet: Sheet, role: str, column: ColumnMapping | None) -> None:
    name = column.name if column else role
    strict = role == "measuredValue"
    difference = record_table().roles[role] == "difference"
    values = sheet.frame[f"r.{role}"]
    size = len(values)
    empty = pl.Series("v", [None] * size, dtype=pl.String)
    terms = sheet.frame["c.parameterName"] if sheet.has("c.parameterName") else empty
    units = sheet.frame["r.unitText"] if sheet.has("r.unitText") else empty
    keyed = pl.DataFrame({"at": range(size), "term": terms, "unit": units, "value": values})
    done = [
        _convert_group(
            sheet, group, name=name, mapping=column, strict=strict, difference=difference
        )
        for group in keyed.partition_by("term", "unit")
    ]
    ordered = pl.concat(done).sort("at") if done else keyed
    sheet.put(f"r.{role}", ordered["value"])


def _convert_group(
    sheet: Sheet,
    group: pl.DataFrame,
    *,
    name: str,
    mapping: ColumnMapping | None,
    strict: bool,
    difference: bool,
) -> pl.DataFrame:
    """Convert the values of one parameter in one unit; text stays text where no unit is asked for."""
    term, written = group["term"][0], group["unit"][0]
    target_code = sheet.vocabulary.unit(term) if term else ""
    target = unit_of(target_code) if target_code else None
    source = find_unit(written or (mapping.unit if mapping else ""))
    comma = bool(mapping and mapping.decimal_comma)
    try:
        if source and target:
            conversion(source, target)
    except UnknownUnit as error:
        _unit_problem(sheet, group, column=name, detail=error.message)
        return group
    converted = cells.numbers(
        group["value"], decimal_comma=comma, source=source, target=target, difference=difference
    )
    if strict and target is not None:
        places = group["at"].to_list()
        shifted = tuple(
            cells.Bad(places[bad.index], bad.value, bad.wanted) for bad in converted.bad
        )
        sheet.report(Cells(converted.values, shifted), name)
        return group.with_columns(converted.values.alias("value"))
    kept = converted.values.zip_with(converted.values.is_not_null(), group["value"])
    return group.with_columns(kept.alias("value"))


def _unit_problem(sheet: Sheet, group: pl.DataFrame, *, column: str, detail: str) -> None:
    sheet.problems += [
        problem(
            "unknown-unit", row=sheet.row_at(place), column=column, value=str(value), detail=detail
        )
        for place, value in group.select("at", "value").iter_rows()
    ]
