"""Rows below a blank line that are none of the table: notes below it, and a second table.

A blank line alone says nothing: exports have them between shifts. So a row below one stays a record where any of its
cells is as the cells above it. It is set apart where none is, and it has words over numbers, or hardly any cell where
rows above have more. Only the first rows of a table are looked at for what its cells are like, so reading in batches
gives what reading at once gives.
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from itertools import chain, pairwise

from qualweave.mappers.readers.frames import begins_total
from qualweave.mappers.readers.layout import is_value, width_of
from qualweave.mappers.readers.lines import Apart, Row

_KNOWN, _KNOWN_CELLS = (
    200,
    50_000,
)  # rows of a table that say what its cells are like, and cells of them
_MOST = 0.95  # of the cells of a column or the rows of a table
_FEW = 2  # cells, as in "Checked by:; Smith"
_KEY = (":", "：", "=")
_LETTERS, _DIGITS = re.compile(r"[^\W\d_]+"), re.compile(r"\d+")
_MISSING = frozenset(
    {"na", "n/a", "#n/a", "nan", "null", "none", "nil", "inf", "-inf", "无", "空", "err", "error"}
)


def set_apart(
    rows: Iterable[Row], width: int, header: Sequence[Sequence[str]] = ()
) -> Iterator[Row]:
    """Yield the rows of a table; those that are none of it say so in `Row.apart`.

    Args:
        rows: Rows with text, in order; `Row.after_blank` says which stand below a blank one.
        width: Cells of the header.
        header: Its rows, trimmed: they are left out where they are repeated, and the table goes on below them.
    """
    judge = _Judge(width)
    firsts = {one[0] for one in header}

    def is_header(row: Row) -> bool:
        return tuple(cell.strip() for cell in row.cells) in header

    for row, below in pairwise(chain(rows, [None])):
        if row is None:
            return
        if row.cells[0].strip() in firsts and is_header(row):
            judge.begin()
        elif judge.is_settled and not row.after_blank:
            yield row
        else:
            apart = judge.of(row, None if below is None or is_header(below) else below)
            yield row if apart is None else row._replace(apart=apart)


class _Column:
    """What the cells of a column are like."""

    def __init__(self, texts: list[str]) -> None:
        said = [text for text in texts if not _is_missing(text)]
        values = sum(is_value(text) for text in said)
        self.is_valued = bool(said) and values >= _MOST * len(said)
        self.is_worded = bool(said) and not values
        self._texts, self._forms = {*texts}, {_form(text) for text in texts}

    def fits(self, text: str) -> bool:
        """Return whether a cell is like those that are known; of two names nobody can tell."""
        if self.is_valued:
            return is_value(text) or _is_missing(text)
        form = _form(text)
        return text in self._texts or ("0" in form and form in self._forms)


class _Judge:
    """Whether rows are of the table, by the rows that were.

    Attributes:
        is_settled: Whether nothing is to be asked before the next blank line.
    """

    def __init__(self, width: int) -> None:
        self._width = width
        self._known: list[dict[int, str]] = []
        self._columns: dict[int, _Column] = {}
        self._cells, self._is_full = 0, False
        self.begin()

    def begin(self) -> None:
        """Begin below a header."""
        self._is_open, self._is_second = False, False
        self.is_settled = self._is_full

    def of(self, row: Row, below: Row | None) -> Apart | None:
        """Return what a row is where it is none of the table; the row below it tells a head from a note."""
        if self._is_second:
            return "second-table"
        self._is_open = bool(self._known) and (self._is_open or row.after_blank)
        self.is_settled = False
        cells = _filled(row)
        if not cells:  # a lone byte order mark of a joined file
            return None
        if self._is_open and not self._is_total(row, cells):
            apart = self._stranger(cells, below)
            if apart is not None:
                self._is_second = apart == "second-table"
                return apart
            self._is_open = False
        if row.fault is None and not self._is_full:
            self._known.append(cells)
            self._columns.clear()
            self._cells += len(cells)
            self._is_full = len(self._known) >= _KNOWN or self._cells >= _KNOWN_CELLS
        self.is_settled = self._is_full and not self._is_open
        return None

    def _is_total(self, row: Row, cells: dict[int, str]) -> bool:
        """Return whether a row sums up others, which `totals` tells; the head of a table has no values."""
        is_short = 2 * len(cells) <= self._width and any(is_value(text) for text in cells.values())
        return is_short and begins_total(row.cells, self._width)

    def _stranger(self, cells: dict[int, str], below: Row | None) -> Apart | None:
        if self._is_like(cells):
            return "footer" if self._is_pair(cells) else None
        is_worded = not any(is_value(text) for text in cells.values())
        over_values = is_worded and any(self._column(at).is_valued for at in cells)
        if is_worded and below is not None and self._heads(cells, _filled(below), over_values):
            return "second-table"
        is_note = over_values or self._is_pair(cells) or self._is_sparse(cells, most=1)
        return "footer" if is_note else None

    def _heads(self, cells: dict[int, str], below: dict[int, str], over_values: bool) -> bool:  # noqa: FBT001 - what is known
        """Return whether words are names of the columns below them, and these are others than those above."""
        names = {*cells.values()}
        if not _FEW <= len(names) == len(cells) or any(one.endswith(_KEY) for one in names):
            return False
        if len(below) < _FEW or not {*below} <= {0, *cells}:
            return False
        turns = any(is_value(text) and self._column(at).is_worded for at, text in below.items())
        return over_values or (turns and not self._is_like(below))

    def _is_pair(self, cells: dict[int, str]) -> bool:
        """Return whether a row is a key and its value, where the rows above have more."""
        at, key = next(iter(cells.items()))
        is_key = key.endswith(_KEY) and not self._column(at).fits(key)
        return is_key and self._is_sparse(cells, most=_FEW)

    def _is_like(self, cells: dict[int, str]) -> bool:
        return any(self._column(at).fits(text) for at, text in cells.items())

    def _is_sparse(self, cells: dict[int, str], *, most: int) -> bool:
        """Return whether hardly any cell of a row is filled, where the rows above have more."""
        if len(cells) > most or 2 * len(cells) > self._width:
            return False
        more = sum(len(one) > len(cells) for one in self._known)
        return more >= _MOST * len(self._known)

    def _column(self, at: int) -> _Column:
        found = self._columns.get(at)
        if found is None:
            found = _Column([one[at] for one in self._known if at in one])
            self._columns[at] = found
        return found


def _filled(row: Row) -> dict[int, str]:
    return {at: text for at in range(width_of(row.cells)) if (text := row.cells[at].strip())}


def _form(text: str) -> str:
    """Return a text with its runs of letters and digits made alike: ``A7`` and ``SN12`` have one form."""
    return _DIGITS.sub("0", _LETTERS.sub("a", text))


def _is_missing(text: str) -> bool:
    return text.casefold() in _MISSING or not any(one.isalnum() for one in text)
