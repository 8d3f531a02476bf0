"""`compare`: what changed between two versions of a mapping document, by column, in words and as data."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from qualweave.errors import JsonValue
from qualweave.mappers.mapping import ColumnMapping, MappingDocument

_OF_COLUMN = (
    "term",
    "decision",
    "unit",
    "units",
    "datatype",
    "sampling",
    "time_format",
    "decimal_comma",
    "language",
    "separator",
    "values",
    "by",
    "confidence",
)
_OF_DOCUMENT = (
    "file_pattern",
    "records",
    "context",
    "timezone",
    "day_first",
    "release",
    "created_by",
)
_ZH = {
    "term": "术语",
    "decision": "决定",
    "unit": "单位",
    "units": "文件单位",
    "datatype": "数据类型",
    "sampling": "采样方式",
    "time_format": "时间格式",
    "decimal_comma": "小数逗号",
    "language": "语言",
    "separator": "分隔符",
    "values": "取值术语",
    "by": "决定人",
    "confidence": "置信度",
    "file_pattern": "文件名模式",
    "records": "记录类型",
    "context": "上下文",
    "timezone": "时区",
    "day_first": "日在前",
    "release": "本体版本",
    "created_by": "创建人",
}


@dataclass(frozen=True)
class Change:
    """One thing that differs.

    Attributes:
        column: Column it is about, ``""`` for the document itself.
        aspect: Key that differs; ``"added"`` or ``"removed"`` for a whole column.
        before: Value before, as JSON has it.
        after: Value after.
    """

    column: str
    aspect: str
    before: JsonValue
    after: JsonValue

    def to_json(self) -> dict[str, JsonValue]:
        """Return the change as JSON values."""
        return {
            "column": self.column,
            "aspect": self.aspect,
            "before": self.before,
            "after": self.after,
        }

    def in_language(self, language: str) -> str:
        """Return the change as one sentence."""
        zh = language == "zh"
        if self.aspect == "added":
            return (
                f"新增列 {self.column}：{self.after}"
                if zh
                else f"{self.column}: added, {self.after}"
            )
        if self.aspect == "removed":
            return (
                f"移除列 {self.column}：原为 {self.before}"
                if zh
                else f"{self.column}: removed, was {self.before}"
            )
        name = _ZH[self.aspect] if zh else self.aspect.replace("_", " ")
        where = self.column or ("文档" if zh else "document")
        parted = "：" if zh else ": "
        return f"{where}{parted}{name} {_shown(self.before)} → {_shown(self.after)}"


@dataclass(frozen=True)
class MappingDifference:
    """What changed from one version of a mapping to another."""

    source: str
    before: int
    after: int
    changes: tuple[Change, ...]

    def lines(self, language: str = "en") -> list[str]:
        """Return the changes as sentences, the columns in the order of the later version."""
        if not self.changes:
            return ["两个版本相同。" if language == "zh" else "The two versions say the same."]
        return [one.in_language(language) for one in self.changes]

    def to_json(self) -> dict[str, JsonValue]:
        """Return the difference as JSON values, with its sentences."""
        return {
            "source": self.source,
            "before": self.before,
            "after": self.after,
            "changes": list[JsonValue](one.to_json() for one in self.changes),
            "en": list[JsonValue](self.lines("en")),
            "zh": list[JsonValue](self.lines("zh")),
        }


def compare(before: MappingDocument, after: MappingDocument) -> MappingDifference:
    """Return what changed between two documents, samples, candidates and evidence aside."""
    changes = [
        *_differing("", _plain(before, _OF_DOCUMENT), _plain(after, _OF_DOCUMENT)),
        *_columns(before, after),
    ]
    return MappingDifference(after.source, before.version, after.version, tuple(changes))


def _columns(before: MappingDocument, after: MappingDocument) -> Iterator[Change]:
    for column in after.columns:
        former = before.column(column.name)
        if former is None:
            yield Change(column.name, "added", None, _summary(column))
        else:
            yield from _differing(
                column.name, _plain(former, _OF_COLUMN), _plain(column, _OF_COLUMN)
            )
    for column in before.columns:
        if after.column(column.name) is None:
            yield Change(column.name, "removed", _summary(column), None)


def _differing(column: str, before: dict[str, Any], after: dict[str, Any]) -> Iterator[Change]:
    for aspect, value in after.items():
        if before[aspect] != value:
            yield Change(column, aspect, before[aspect], value)


def _plain(part: MappingDocument | ColumnMapping, names: tuple[str, ...]) -> dict[str, Any]:
    data = part.model_dump(mode="json", include=set(names))
    return {name: data[name] for name in names}


def _summary(column: ColumnMapping) -> str:
    what = [column.decision.value, column.term, column.unit]
    return " ".join(one for one in what if one)


def _shown(value: JsonValue) -> str:
    if value in ("", None, [], {}):
        return "-"
    if isinstance(value, list):
        return ", ".join(str(one) for one in value)
    if isinstance(value, dict):
        return ", ".join(f"{key}={one}" for key, one in value.items())
    return str(value)
