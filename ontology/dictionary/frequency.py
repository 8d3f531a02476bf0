"""How often a value is taken: by the clock, or at an occasion (each item, lot or shift)."""

import re
from dataclasses import dataclass
from decimal import Decimal, localcontext
from typing import Literal, TypeAlias

from qualweave.errors import InputError
from qualweave.ontology.dictionary.numbers import plain, same, tidy
from qualweave.ontology.dictionary.rules import time_unit

Occasion: TypeAlias = Literal["item", "lot", "shift"]
_OCCASIONS: dict[str, Occasion] = {
    "item": "item", "piece": "item", "part": "item", "unit": "item", "cell": "item", "件": "item", "个": "item",
    "只": "item", "块": "item", "电芯": "item", "lot": "lot", "batch": "lot", "批": "lot", "批次": "lot",
    "shift": "shift", "班": "shift", "班次": "shift",
}  # fmt: skip
_SPOKEN_ZH: dict[Occasion, str] = {"item": "每件", "lot": "每批", "shift": "每班"}
_HERTZ = {"hz": 1, "khz": 1000, "mhz": 1_000_000}
_RATE = re.compile(
    r"(?P<n>[\d.]+)?\s*(?P<hz>k?hz|mhz)|"
    r"(?:(?P<times>[\d.]+)\s*(?:times?|samples?|x|次)?\s*)(?:/|per|a|an|each|every)\s*(?P<per>[\d.]*)\s*(?P<what>\w+)|"
    r"(?:every|each|per|每)\s*(?P<span>[\d.]*)\s*(?P<each>[^\W\d]+?)\s*(?P<count>[\d.]+)?\s*(?:次|times?)?",
    re.IGNORECASE,
)
_NAMED = {"hourly": "every hour", "daily": "every day", "100%": "every item", "全检": "every item",
          "逐件": "every item", "每小时": "every hour", "每天": "every day", "每日": "every day"}  # fmt: skip
_DIGITS = 15


@dataclass(frozen=True)
class Frequency:
    """How often a value is taken.

    Attributes:
        seconds: Time from one value to the next; None where an occasion says when.
        count: Values at each occasion.
        occasion: At what they are taken, ``""`` by the clock.
    """

    seconds: Decimal | None = None
    count: Decimal = Decimal(1)
    occasion: Occasion | Literal[""] = ""

    def words(self, language: str = "en") -> str:
        """Return the frequency as it is spoken of."""
        chinese = language == "zh"
        if self.seconds is not None:
            told = f"{tidy(self.seconds):f}"
            return f"每 {told} 秒一次" if chinese else f"every {told} s"
        if not self.occasion:
            return ""
        number = f"{tidy(self.count):f}"
        return (
            f"{_SPOKEN_ZH[self.occasion]} {number} 次"
            if chinese
            else f"{number} per {self.occasion}"
        )

    def is_same(self, other: "Frequency") -> bool:
        """Return whether another frequency is the same, however it was written."""
        return (
            same(self.seconds, other.seconds)
            and self.occasion == other.occasion
            and same(self.count, other.count)
        )


def read_frequency(text: str) -> Frequency:
    """Return the frequency of a cell.

    Args:
        text: For example ``"10 Hz"``, ``"every 5 min"``, ``"2/h"``, ``"3 per shift"``, ``"每10秒"``, ``"每批1次"``.

    Raises:
        InputError: If it cannot be read.

    >>> read_frequency("2/min").words()
    'every 30 s'
    """
    cell = plain(text).casefold()
    found = _RATE.fullmatch(_NAMED.get(cell, cell))
    try:
        made = _of(found) if found else None
    except ArithmeticError:
        made = None
    if made is None or made.seconds == 0 or made.count <= 0:
        raise InputError(
            f"The frequency {text!r} cannot be read.",
            message_zh=f"频次“{text}”无法识别。",
            next_step="Write 10 Hz, every 5 min, 2/h, 1 per item, 3 per lot or 1 per shift.",
            next_step_zh="请写作 10 Hz、每5分钟、2次/小时、每件1次、每批3次 或 每班1次。",
        )
    return made


def _of(found: re.Match[str]) -> Frequency | None:
    if found["hz"]:
        return _timed(Decimal(found["n"] or 1) * _HERTZ[found["hz"].casefold()], Decimal(1))
    count = Decimal(found["times"] or found["count"] or 1)
    span = Decimal(found["per"] or found["span"] or 1)
    what = found["what"] or found["each"]
    seconds = time_unit(what)
    if seconds is not None:
        return _timed(count, span * seconds)
    occasion = _OCCASIONS.get(what) or _OCCASIONS.get(what.removesuffix("s").removesuffix("e"))
    if occasion is None:
        return None
    with localcontext() as context:
        context.prec = _DIGITS
        return Frequency(count=tidy(count / span), occasion=occasion)


def _timed(count: Decimal, seconds: Decimal) -> Frequency:
    with localcontext() as context:
        context.prec = _DIGITS
        return Frequency(seconds=tidy(seconds / count))
