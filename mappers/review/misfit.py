"""Whether a field's values are what the chosen term wants, before a decision sends every row to quarantine."""

from collections.abc import Sequence
from dataclasses import dataclass
from types import MappingProxyType

import polars as pl

from qualweave.errors import Conflict, JsonValue
from qualweave.iri import curie
from qualweave.mappers.cell_fit import read_as
from qualweave.mappers.desk import Desk
from qualweave.mappers.review.settle import Choice

_SHOWN = 3
_WANTED = MappingProxyType(
    {
        "number": ("a number", "数值"),
        "integer": ("an integer", "整数"),
        "time": ("a time", "时间"),
        "boolean": ("yes or no", "是或否"),
        "status": ("conforming or not", "合格或不合格"),
    }
)


@dataclass(frozen=True)
class Misfit:
    """A field most of whose sampled values cannot be read as a term wants them.

    Attributes:
        source: Source id.
        column: Name of the field.
        term: CURIE of the term.
        wanted: What the term wants: ``number``, ``integer``, ``time``, ``boolean`` or ``status``.
        read: Sampled values that can be read so.
        samples: All of them.
    """

    source: str
    column: str
    term: str
    wanted: str
    read: int
    samples: tuple[str, ...]

    @property
    def statement(self) -> dict[str, str]:
        """One sentence per language."""
        en, zh = _WANTED[self.wanted]
        shown = ", ".join(map(repr, self.samples[:_SHOWN]))
        shown_zh = "、".join(f"“{one}”" for one in self.samples[:_SHOWN])
        counts = f"{self.read} of {len(self.samples)} sampled values can be read as {en}"
        counts_zh = f"{len(self.samples)} 个抽样值中有 {self.read} 个可读作{zh}"
        return {
            "en": f"{self.source}, field {self.column}: {counts}, which {self.term} wants ({shown}); "
            "a row whose value cannot goes to quarantine",
            "zh": f"{self.source} 的字段 {self.column}：{counts_zh}（{self.term} 的要求；{shown_zh}）；"
            "无法读取的行将进入隔离区",
        }

    def to_json(self) -> dict[str, JsonValue]:
        """Return it as JSON values."""
        about = {"source": self.source, "column": self.column, "term": self.term}
        counts: dict[str, JsonValue] = {"read": self.read, "sampled": len(self.samples)}
        rest: dict[str, JsonValue] = {"wanted": self.wanted, "statement": dict(self.statement)}
        return {**about, **counts, **rest, "samples": list(self.samples)}


def misfits(work: Desk, choices: Sequence[Choice]) -> tuple[Misfit, ...]:
    """Return the fields of which fewer than half of the sampled values are what the chosen term wants.

    Args:
        work: What the ingest works with.
        choices: Questions with terms; those about a text in a field have none to be read.
    """
    found = []
    for one in choices:
        if not one.term or one.question.text:
            continue
        column = work.library.get(one.question.source).column(one.question.column)
        if column is None or not column.samples:
            continue
        fit = read_as(pl.Series(column.samples), column, one.term, work.vocabulary)
        if fit.is_poor:
            place = (one.question.source, column.name, curie(one.term))
            found.append(Misfit(*place, fit.wanted, fit.read, column.samples))
    return tuple(found)


def require_fit(work: Desk, choices: Sequence[Choice]) -> None:
    """Hold choices to the values of their fields.

    Raises:
        Conflict: If most sampled values of a field are not what its term wants; ``data["unreadable"]`` has each field.
    """
    found = misfits(work, choices)
    if not found:
        return
    more = len(found) - 1
    tail, tail_zh = (
        (f" {more} more fields likewise.", f"另有 {more} 个字段亦然。") if more else ("", "")
    )
    raise Conflict(
        f"{found[0].statement['en']}.{tail}",
        message_zh=f"{found[0].statement['zh']}。{tail_zh}",
        next_step='Choose another term, or decide it all the same: --yes, or "force": true.',
        next_step_zh='请选择其他术语；若仍要如此决定：--yes 或 "force": true。',
        data={"unreadable": list[JsonValue](one.to_json() for one in found)},
    )
