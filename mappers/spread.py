"""Where the numbers of a column lie, and which of them may stand for no measurement; kept as its parts come."""

from collections import Counter
from math import inf

import polars as pl

_NINES = r"^9{3,}\.(0|9+)$"
_LEAST_MARKER = 999
_VAST = 1e30  # what no quantity of a plant comes near
_FAR = 3  # times the span of all other values and zero
_FEW_OTHERS = 3  # below which nobody knows where the values of a column lie


class Spread:
    """The range of a column, and how often numbers occur that have the form of a marker: nines, or 1e30 and more."""

    def __init__(self) -> None:
        self._formed: Counter[float] = Counter()
        self._count, self._least, self._most = 0, inf, -inf

    def add(self, numbers: pl.Series) -> "Spread":
        """Take in some numbers of the column; return itself."""
        finite = numbers.filter(numbers.is_finite())
        size = finite.abs()
        may = (size >= _LEAST_MARKER).fill_null(value=False)
        large = finite.filter(may)
        by_form = (large.abs() >= _VAST) | large.abs().cast(pl.String).str.contains(_NINES)
        self._formed.update(large.filter(by_form).to_list())
        for plain in (finite.filter(~may), large.filter(~by_form)):
            if len(plain):
                self._others(len(plain), float(plain.min()), float(plain.max()))  # type: ignore[arg-type]  # numbers
        return self

    def _others(self, count: int, least: float, most: float) -> None:
        self._count += count
        self._least, self._most = min(self._least, least), max(self._most, most)

    @property
    def others(self) -> tuple[int, float, float]:
        """How many numbers are no markers by their form or their number, and between which values they lie."""
        once = [number for number, count in self._formed.items() if count == 1]
        return self._count + len(once), min(self._least, *once, inf), max(self._most, *once, -inf)

    def marks(self) -> list[float]:
        """Return the numbers that occur more than once, have the form of a marker, and lie far from all others."""
        count, least, most = self.others
        if count < _FEW_OTHERS:
            return []
        far = _FAR * max(most - least, abs(most), abs(least))
        repeated = sorted(number for number, times in self._formed.items() if times > 1)
        return [one for one in repeated if max(one - most, least - one) > far]


def suspected(numbers: pl.Series) -> list[float]:
    """Return the numbers of a column that may stand for no measurement.

    >>> suspected(pl.Series([20.5, -9999.0, 21.5, 22.0, -9999.0]))
    [-9999.0]
    >>> suspected(pl.Series([9998.0, 9999.0, 10001.0, 9999.0]))
    []
    """
    return Spread().add(numbers).marks()
