"""A partner's dictionary from a CSV or YAML file, with every fault told by file, row, column and fix.

All faults of a file are told at once, so that its author corrects it in one go. Nothing of a file with a fault is
taken: half a dictionary would read as an agreement that nobody made.
"""

import csv
import io
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from functools import lru_cache
from pathlib import PurePath
from typing import TypeVar

import yaml

from qualweave.errors import InputError, JsonValue, QualweaveError, UnreadableSource
from qualweave.iri import Q
from qualweave.ontology.dictionary.entry import Dictionary, Entry
from qualweave.ontology.dictionary.frequency import Frequency, read_frequency
from qualweave.ontology.dictionary.numbers import plain, read_number, read_quantity
from qualweave.ontology.dictionary.rules import read_rules
from qualweave.ontology.tables import read_table
from qualweave.ontology.terms import TermIndex, normalise
from qualweave.values import Unit, unit_of

_Value = TypeVar("_Value")
_YES = frozenset({"yes", "y", "true", "1", "x", "critical", "是", "关键", "★", "√", "ja"})
_NO = frozenset({"no", "n", "false", "0", "not critical", "否", "非关键", "nein"})
_WHOLE = Decimal(100)
_MOST_ROWS = 10_000
_LONGEST = 500  # characters of a cell; no name, number or rule is longer


@dataclass(frozen=True)
class Fault:
    """What is wrong with one cell.

    Attributes:
        row: Line of the file, from 1.
        column: As the file heads it.
        told: What is wrong, in English.
        told_zh: The same in Chinese.
        fix: What to do.
        fix_zh: The same in Chinese.
    """

    row: int
    column: str
    told: str
    told_zh: str
    fix: str
    fix_zh: str

    def to_json(self, file: str) -> dict[str, JsonValue]:
        """Return the fault as JSON values."""
        return {
            "file": file,
            "row": self.row,
            "column": self.column,
            "en": self.told,
            "zh": self.told_zh,
            "fix": self.fix,
            "fix_zh": self.fix_zh,
        }


@dataclass(frozen=True)
class _Row:
    """The cells of a row by column, with the line of each, and how the file heads the columns."""

    line: int
    cells: Mapping[str, tuple[str, int]]
    heads: Mapping[str, str]


def read_dictionary(content: bytes, *, name: str, partner: str, terms: TermIndex) -> Dictionary:
    """Return the dictionary of a partner from a file.

    Args:
        content: A table in CSV (UTF-8 or GB 18030; comma, semicolon or tab), or YAML: a list of entries, or a
            mapping whose ``parameters`` is one.
        name: Of the file; ``.yaml`` and ``.yml`` are read as YAML.
        partner: Whose dictionary it is.
        terms: Where parameters are looked up.

    Raises:
        UnreadableSource: If it is neither.
        InputError: If a column is missing or a cell is wrong; ``data["faults"]`` lists every one.
    """
    text = _decoded(content, name)
    by_yaml = PurePath(name).suffix.casefold() in (".yaml", ".yml")
    rows = _yaml_rows(text, name) if by_yaml else _csv_rows(text, name)
    if not rows or len(rows) > _MOST_ROWS:
        raise UnreadableSource(
            f"{name} holds {len(rows)} entries; 1 to {_MOST_ROWS} are taken.",
            message_zh=f"{name} 含 {len(rows)} 个条目，应为 1 至 {_MOST_ROWS} 个。",
            next_step="Give one row for each parameter and collection point.",
            next_step_zh="请为每个参数与采集点填写一行。",
            data={"file": name},
        )
    reader = _Reader(terms)
    entries = [one for one in map(reader.entry, rows) if one is not None]
    faults = [*reader.faults, *_of_the_whole(entries, rows)]
    if faults:
        raise _refused(name, sorted(faults, key=lambda one: one.row))
    return Dictionary(partner, tuple(sorted(entries, key=lambda one: (one.parameter, one.point))))


# --- the cells of a file -----------------------------------------------------------------------------


def _decoded(content: bytes, name: str) -> str:
    for charset in ("utf-8-sig", "gb18030"):
        try:
            return content.decode(charset)
        except UnicodeDecodeError:
            continue
    raise UnreadableSource(
        f"{name} is neither UTF-8 nor GB 18030.",
        message_zh=f"{name} 既不是 UTF-8 也不是 GB 18030 编码。",
        next_step="Save it as UTF-8.",
        next_step_zh="请另存为 UTF-8 编码。",
        data={"file": name},
    )


def _csv_rows(text: str, name: str) -> list[_Row]:
    first = next((line for line in text.splitlines() if line.strip()), "")
    delimiter = max(",;\t", key=first.count)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    found: list[tuple[int, list[str]]] = []
    before = 0
    try:
        for cells in reader:
            found.append((before + 1, cells))
            before = reader.line_num
    except csv.Error as error:
        raise UnreadableSource(
            f"{name}, row {before + 1}: {error}.",
            message_zh=f"{name} 第 {before + 1} 行无法解析：{error}。",
            next_step="Close the quotation mark, or save the table anew as CSV.",
            next_step_zh="请补全引号，或重新另存为 CSV。",
            data={"file": name, "row": before + 1},
        ) from error
    filled = [one for one in found if any(cell.strip() for cell in one[1])]
    if not filled:
        return []
    line, header = filled[0]
    heads = _headed(header, name, line)
    _refuse_long(filled[1:], len(header), name)
    places = {column: header.index(head) for column, head in heads.items()}
    return [
        _Row(
            line,
            {column: (cells[at].strip(), line) for column, at in places.items() if at < len(cells)},
            heads,
        )
        for line, cells in filled[1:]
    ]


def _refuse_long(rows: Sequence[tuple[int, list[str]]], width: int, name: str) -> None:
    """Refuse rows with more cells than the header: where a cell was cut in two, none behind it can be trusted."""
    long = [
        Fault(
            line,
            str(width + 1),
            f"the row has {len(cells)} cells, the header {width}",
            f"该行有 {len(cells)} 个单元格，表头为 {width} 个",
            "Put a cell that holds the separator into quotation marks.",
            "含分隔符的单元格请加引号。",
        )
        for line, cells in rows
        if len(cells) > width
    ]
    if long:
        raise _refused(name, long)


def _yaml_rows(text: str, name: str) -> list[_Row]:
    try:
        root = yaml.compose(text, Loader=yaml.SafeLoader)
    except (yaml.YAMLError, RecursionError) as error:
        mark = getattr(error, "problem_mark", None)
        row = mark.line + 1 if mark else 1
        deep = isinstance(error, RecursionError)
        why = "it is nested too deep" if deep else getattr(error, "problem", None) or error
        raise UnreadableSource(
            f"{name}, row {row}: {why}.",
            message_zh=f"{name} 第 {row} 行不是格式正确的 YAML。",
            next_step="Correct that line.",
            next_step_zh="请更正该行。",
            data={"file": name, "row": row},
        ) from error
    if isinstance(root, yaml.MappingNode):
        lists = [
            value for key, value in root.value if key.value in ("parameters", "entries", "参数")
        ]
        root = lists[0] if lists else None
    nodes = root.value if isinstance(root, yaml.SequenceNode) else []
    return [_yaml_row(node, name) for node in nodes]


def _yaml_row(node: yaml.Node, name: str) -> _Row:
    line = node.start_mark.line + 1
    if not isinstance(node, yaml.MappingNode):
        raise UnreadableSource(
            f"{name}, row {line}: the entry is no mapping of columns to values.",
            message_zh=f"{name} 第 {line} 行：条目不是“列: 值”的形式。",
            next_step="Write parameter:, collection_point:, accuracy:, frequency:, anomaly_rule: and unit:.",
            next_step_zh="请写出 参数、采集点、精度、频次、异常判定逻辑、单位。",
            data={"file": name, "row": line},
        )
    given = {
        str(key.value): (str(value.value).strip(), value.start_mark.line + 1)
        for key, value in node.value
        if isinstance(key, yaml.ScalarNode) and isinstance(value, yaml.ScalarNode)
    }
    heads = {column: head for head in given if (column := _spellings().get(normalise(head)))}
    return _Row(line, {column: given[head] for column, head in heads.items()}, heads)


def _headed(header: Sequence[str], name: str, line: int) -> dict[str, str]:
    """Return the head of each column; a missing mandatory one is an error of the header."""
    heads: dict[str, str] = {}
    for head in header:
        column = _spellings().get(normalise(head))
        if column:
            heads.setdefault(column, head)
    missing = [
        row for row in _columns() if row["mandatory"] == "yes" and row["column"] not in heads
    ]
    if missing:
        raise _refused(
            name,
            [
                Fault(
                    line,
                    row["column"],
                    "the column is missing",
                    f"缺少“{row['name_zh']}”列",
                    f"Head a column {row['column']!r}.",
                    f"请增加“{row['name_zh']}”列。",
                )
                for row in missing
            ],
        )
    return heads


@lru_cache(maxsize=1)
def _columns() -> tuple[dict[str, str], ...]:
    return tuple(read_table("qualweave.ontology.dictionary", "columns.tsv"))


@lru_cache(maxsize=1)
def _spellings() -> Mapping[str, str]:
    return {
        normalise(spelling): row["column"]
        for row in _columns()
        for spelling in row["spellings"].split("|")
    }


# --- the entry of a row ------------------------------------------------------------------------------


class _Reader:
    """Makes entries of rows and keeps what is wrong with them.

    Args:
        terms: Where parameters are looked up.
    """

    def __init__(self, terms: TermIndex) -> None:
        self._terms = terms
        self.faults: list[Fault] = []

    def entry(self, row: _Row) -> Entry | None:
        """Return the entry of a row, None where a cell is wrong."""
        before = len(self.faults)
        parameter = self._of(row, "parameter", self._parameter)
        point = self._of(row, "collection_point", plain)
        frequency = self._of(row, "frequency", read_frequency)
        unit = self._of(row, "unit", unit_of)
        if unit is not None and parameter is not None:
            self._fitting(row, parameter, unit)
        entry = self._measured(row, unit) if unit is not None else None
        if len(self.faults) > before or entry is None:
            return None
        return replace(
            entry,
            parameter=parameter or "",
            point=point or "",
            frequency=frequency or Frequency(),
            critical=self._flag(row),
            row=row.line,
        )

    def _measured(self, row: _Row, unit: Unit) -> Entry:
        """Return an entry with the numbers of a row, in a unit."""
        accuracy = self._of(row, "accuracy", lambda text: _accuracy(text, unit))
        rules = self._of(row, "anomaly_rule", lambda text: read_rules(text, unit))
        weight = self._of(row, "weight", _percent)
        low, high = (
            self._of(row, column, lambda text: read_quantity(text, unit))
            for column in ("lower_limit", "upper_limit")
        )
        if low is not None and high is not None and low >= high:
            self._fault(
                row, "lower_limit",
                ("the lower limit is not below the upper one", "下限不小于上限"),
                ("Exchange or correct them.", "请交换或更正。"),
            )  # fmt: skip
        return Entry(
            parameter="", point="", accuracy=accuracy or Decimal(0), frequency=Frequency(), rules=rules or (),
            unit=unit, weight=weight, low=low, high=high,
        )  # fmt: skip

    def _of(self, row: _Row, column: str, read: Callable[[str], _Value]) -> _Value | None:
        """Return a cell as a value; None where it is empty or wrong, which is a fault where it must be filled."""
        text, _ = row.cells.get(column, ("", row.line))
        if not text:
            told = next(one for one in _columns() if one["column"] == column)
            if told["mandatory"] == "yes":
                self._fault(
                    row, column,
                    (f"{column.replace('_', ' ')} is missing", f"缺少{told['name_zh']}"),
                    (f"Fill in {column.replace('_', ' ')}.", f"请填写{told['name_zh']}。"),
                )  # fmt: skip
            return None
        try:
            return read(_short(text))
        except QualweaveError as error:
            self._fault(
                row, column,
                (error.message.rstrip("."), error.message_zh.rstrip("。")),
                (_with_nearest(error, "en"), _with_nearest(error, "zh")),
            )  # fmt: skip
            return None

    def _fault(self, row: _Row, column: str, told: tuple[str, str], fix: tuple[str, str]) -> None:
        line = row.cells.get(column, ("", row.line))[1]
        self.faults.append(Fault(line, row.heads.get(column, column), *told, *fix))

    def _parameter(self, text: str) -> str:
        found = [one for one in self._terms.by_label(text) if self._is_parameter(one.iri)]
        labelled = [one for one in found if normalise(text) in map(normalise, _labels(one.labels))]
        chosen = (labelled or found)[0].iri if len(labelled or found) == 1 else ""
        chosen = chosen or self._terms.named(text).iri
        if not self._is_parameter(chosen):
            raise InputError(
                f"{text!r} is no parameter.",
                message_zh=f"“{text}”不是参数。",
                next_step="Name a parameter of the ontology: qualweave ontology, or GET /terms?kind=parameter.",
                next_step_zh="请给出本体中的参数，见 GET /terms。",
            )
        return chosen

    def _is_parameter(self, iri: str) -> bool:
        return Q + "Parameter" in self._terms.ancestors(iri)

    def _fitting(self, row: _Row, parameter: str, unit: Unit) -> None:
        """Refuse a unit that values of the parameter cannot have."""
        canonical = self._terms.by_iri(parameter).canonical_unit
        if canonical:
            self._of(row, "unit", lambda _: read_quantity(f"0 {unit.ucum}", unit_of(canonical)))

    def _flag(self, row: _Row) -> bool | None:
        return self._of(row, "critical", _flag)


def _short(text: str) -> str:
    if len(text) > _LONGEST:
        raise InputError(
            f"The cell has {len(text)} characters.",
            message_zh=f"单元格有 {len(text)} 个字符。",
            next_step=f"Write at most {_LONGEST}.",
            next_step_zh=f"请不超过 {_LONGEST} 个字符。",
        )
    return text


def _labels(labels: Mapping[str, Sequence[str]]) -> list[str]:
    return [text for texts in labels.values() for text in texts]


def _accuracy(text: str, unit: Unit) -> Decimal:
    value, written = read_number(text)
    if "%" in written and unit.kind != "DimensionlessRatio":
        raise InputError(
            f"{text!r} is relative.",
            message_zh=f"“{text}”为相对精度。",
            next_step=f"State the accuracy in {unit.symbol}: the percentage times the range that is measured.",
            next_step_zh=f"请以 {unit.symbol} 给出精度：百分数乘以量程。",
        )
    accuracy = read_quantity(text, unit, difference=True)
    if accuracy <= 0:
        raise InputError(
            f"An accuracy of {value} is none.",
            message_zh=f"精度不能为 {value}。",
            next_step="State how far a value may be from the true one, above 0.",
            next_step_zh="请填写大于 0 的最大允许差。",
        )
    return accuracy


def _percent(text: str) -> Decimal:
    value, written = read_number(text)
    if written not in ("", "%") or not 0 <= value <= _WHOLE:
        raise InputError(
            f"{text!r} is no weight in percent.",
            message_zh=f"“{text}”不是以百分数表示的权重。",
            next_step="Write 0 to 100, such as 22 or 22 %.",
            next_step_zh="请填写 0 至 100，例如 22 或 22%。",
        )
    return value


def _flag(text: str) -> bool:
    word = normalise(text)
    if word in _YES or word in _NO:
        return word in _YES
    raise InputError(
        f"{text!r} is neither yes nor no.",
        message_zh=f"“{text}”既不是“是”也不是“否”。",
        next_step="Write yes or no, or leave it empty.",
        next_step_zh="请填写“是”或“否”，或留空。",
    )


def _with_nearest(error: QualweaveError, language: str) -> str:
    step = error.next_step_zh if language == "zh" else error.next_step
    near = error.data.get("nearest_terms")
    names = (
        [str(one[language]) for one in near if isinstance(one, dict)]
        if isinstance(near, list)
        else []
    )
    if not names:
        return step
    return (
        f"{step}最接近：{'、'.join(names)}。"
        if language == "zh"
        else f"{step} Nearest: {', '.join(names)}."
    )


# --- the whole file ----------------------------------------------------------------------------------


def _of_the_whole(entries: Sequence[Entry], rows: Sequence[_Row]) -> list[Fault]:
    """Return what is wrong between rows: the same entry twice, or weights that do not add up."""
    head = {column: name for row in rows for column, name in row.heads.items()}
    faults: list[Fault] = []
    seen: dict[tuple[str, str], int] = {}
    for one in sorted(entries, key=lambda entry: entry.row or 0):
        first = seen.setdefault((one.parameter, normalise(one.point)), one.row or 0)
        if first != one.row:
            faults.append(
                Fault(
                    one.row or 0, head.get("parameter", "parameter"),
                    f"the parameter stands in row {first} for the same collection point already",
                    f"该参数在同一采集点已于第 {first} 行给出",
                    "Keep one of the rows.", "请保留其中一行。",
                )
            )  # fmt: skip
    total = sum((one.weight for one in entries if one.weight is not None), Decimal(0))
    weighted = [one for one in entries if one.weight is not None]
    if weighted and total != _WHOLE and len(entries) == len(rows):
        faults.append(
            Fault(
                weighted[-1].row or 0, head.get("weight", "weight"),
                f"the weights of the file add up to {total} %, not to 100 %",
                f"文件中权重合计为 {total}%，应为 100%",
                "Correct them so that they add up to exactly 100.", "请更正，使其合计恰为 100。",
            )
        )  # fmt: skip
    return faults


def _refused(name: str, faults: Sequence[Fault]) -> InputError:
    shown, shown_zh = (
        [f"row {one.row}, column {one.column!r}: {one.told}. {one.fix}" for one in faults[:5]],
        [f"第 {one.row} 行“{one.column}”列：{one.told_zh}。{one.fix_zh}" for one in faults[:5]],
    )
    more = len(faults) - len(shown)
    return InputError(
        f"{name} has {len(faults)} fault(s), so nothing of it was taken. " + " ".join(shown),
        message_zh=f"{name} 有 {len(faults)} 处错误，未导入任何内容。" + "".join(shown_zh),
        next_step="Correct them and import the file again."
        + (f" {more} more are listed in the data of this error." if more else ""),
        next_step_zh="请更正后重新导入。" + (f"另有 {more} 处见错误数据。" if more else ""),
        data={"file": name, "faults": [one.to_json(name) for one in faults]},
    )
