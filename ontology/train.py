"""The release train: changes that passed leave together, on the first day of each quarter.

A reader of the ontology plans by its releases, so they come at dates that are known. What cannot wait is released
alone, as ever; what misses a train takes the next.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date

from qualweave.change_request import ChangeRequest
from qualweave.errors import JsonValue
from qualweave.ontology.diff import TermChange

_MONTHS = 3
_LAST = 3
_SHOWN = 200


@dataclass(frozen=True)
class Departure:
    """One train.

    Attributes:
        name: Year and quarter, for example ``"2027-Q1"``.
        day: The day from which it may leave: the first of its quarter.
    """

    name: str
    day: date


def next_train(today: date, departed: Collection[str] = ()) -> Departure:
    """Return the train of this quarter, or that of the first quarter after it whose train has not left.

    Args:
        today: The day.
        departed: Names of the trains that have left.

    >>> next_train(date(2026, 11, 26)).day, next_train(date(2026, 11, 26), {"2026-Q4"}).name
    (datetime.date(2026, 10, 1), '2027-Q1')
    """
    year, quarter = today.year, (today.month - 1) // _MONTHS
    while (found := _train(year, quarter)).name in departed:
        year, quarter = year + (quarter == _LAST), (quarter + 1) % (_LAST + 1)
    return found


def _train(year: int, quarter: int) -> Departure:
    return Departure(f"{year}-Q{quarter + 1}", date(year, quarter * _MONTHS + 1, 1))


@dataclass(frozen=True)
class LeftBehind:
    """A request that passed and could not leave.

    Attributes:
        request: Its id.
        reason: Why, in English.
        reason_zh: The same in Chinese.
    """

    request: str
    reason: str
    reason_zh: str

    def to_json(self) -> dict[str, JsonValue]:
        """Return it as JSON values."""
        return {"request": self.request, "en": self.reason, "zh": self.reason_zh}


@dataclass(frozen=True)
class ReleaseNote:
    """What a release changed, for those who did not vote on it.

    Attributes:
        version: Of the release.
        follows: Version of the one before, ``""`` for the first.
        changes: Term by term.
        requests: The requests that it carries, empty for a rollback.
    """

    version: str
    follows: str
    changes: tuple[TermChange, ...]
    requests: tuple[ChangeRequest, ...] = ()

    def text(self, language: str = "en") -> str:
        """Return the note as Markdown in ``"en"`` or ``"zh"``."""
        chinese = language == "zh"
        new, gone = (
            [one for one in self.changes if one.kind == kind] for kind in ("added", "removed")
        )
        edited = {one.term for one in self.changes} - {one.term for one in (*new, *gone)}
        head = f"# Q-Ontology {self.version}"
        counts = (
            f"较 {self.follows or '空'}：新增 {len(new)} 个术语，修改 {len(edited)} 个，删除 {len(gone)} 个。"
            if chinese
            else f"Since {self.follows or 'nothing'}: {len(new)} terms new, {len(edited)} edited, {len(gone)} removed."
        )
        parts = [head, "", counts, *self._asked(chinese=chinese), *self._changed(language)]
        return "\n".join(parts) + "\n"

    def to_json(self) -> dict[str, JsonValue]:
        """Return the note as JSON values."""
        return {
            "version": self.version,
            "follows": self.follows,
            "requests": [one.id for one in self.requests],
            "en": self.text("en"),
            "zh": self.text("zh"),
        }

    def _asked(self, *, chinese: bool) -> list[str]:
        if not self.requests:
            return []
        lines = ["", "## 变更申请" if chinese else "## Requests", ""]
        for one in self.requests:
            yes = sum(vote.choice == "yes" for vote in one.votes)
            told = one.statement["zh" if chinese else "en"]
            votes = (
                f"提交人 {one.submitted_by}，赞成 {yes} 票，反对 {len(one.votes) - yes} 票"
                if chinese
                else f"by {one.submitted_by}, {yes} for, {len(one.votes) - yes} against"
            )
            lines.append(f"- `{one.id}` ({votes}): {told}")
        return lines

    def _changed(self, language: str) -> list[str]:
        if not self.changes:
            return []
        chinese = language == "zh"
        lines = ["", "## 变更明细" if chinese else "## Changes", ""]
        lines += [f"- {_plain(one.words(language))}" for one in self.changes[:_SHOWN]]
        left = len(self.changes) - _SHOWN
        if left > 0:
            lines.append(f"- 另有 {left} 项" if chinese else f"- and {left} more")
        return lines


def _plain(sentence: str) -> str:
    """Return a sentence on one line: a literal may hold line breaks, which would end its list item."""
    return " ".join(sentence.split())


def only_terms(changes: Sequence[TermChange], headers: frozenset[str]) -> tuple[TermChange, ...]:
    """Return the changes of terms, without those of module headers, which change with every release."""
    return tuple(one for one in changes if one.term not in headers)
