"""Where the header of a grid is: title rows, group row over name row, unit row, description row, then data.

CSV files and spreadsheets are laid out by the same persons, so both are read by this.
"""

import re
from collections import Counter, defaultdict
from collections.abc import Container, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import count

from qualweave.mappers.table import ROW
from qualweave.values import find_unit

HEAD_ROWS = 60
"""Rows that are looked at to find the header."""

_NUMBER = re.compile(r"^[+-]?(\d+([.,]\d*)?|[.,]\d+)([eE][+-]?\d+)?%?$")
_TIME = re.compile(r"^\d{1,4}[-/.年]\d{1,2}|^\d{1,2}:\d{2}")
_UNITLESS = {"", "-", "--", "/", "1", "n/a"}
_KEY_VALUE = re.compile(r"^\s*[#;/*]*\s*([^:=：]{1,40})\s*[:=：]\s*(.*?)\s*$")
_PAIR = 2

Cells = Sequence[str]


@dataclass(frozen=True)
class Layout:
    """What the first rows of a grid say.

    Attributes:
        header: Names in their columns, different from each other; ``""`` where there is none.
        place: Index of the row of names among the rows with text.
        body: Index of the first row of data among them.
        units: Unit per name.
        descriptions: Description per name.
        keys: Keys and values of the rows above the header.
        rows: The header rows as they are written, by which a repeated header is known.
    """

    header: tuple[str, ...]
    place: int
    body: int
    units: Mapping[str, str]
    descriptions: Mapping[str, str]
    keys: Mapping[str, str]
    rows: tuple[tuple[str, ...], ...]


def layout_of(
    rows: Sequence[Cells], delimiter: str = ",", *, joined: Container[int] = ()
) -> Layout:
    """Return the layout of a grid by its first rows with text (`HEAD_ROWS` are enough).

    Args:
        rows: Cells of the first rows with text.
        delimiter: Between cells.
        joined: Index of each row of which a cell is merged with the one below it.
    """
    place = header_place(rows, joined)
    group = rows[place - 1] if place and _is_group_over(rows, place - 1, joined) else ()
    names = [cell.strip("\ufeff") for cell in rows[place]]
    if group:
        names = [f"{above}.{name}" if above else name for above, name in _under(group, names)]
    header = distinct(names)
    units: dict[str, str] = {}
    descriptions: dict[str, str] = {}
    body = place + 1
    while body < len(rows) and body <= place + _PAIR:
        below = rows[body]
        if not units and _is_unit_row(below, header) and _stands_over_values(rows, body):
            units = _by_name(header, below, without=_UNITLESS)
        elif not descriptions and _is_description_row(rows, body, header):
            descriptions = _by_name(header, below, without={""})
        else:
            break
        body += 1
    keys = preamble(rows[: place - 1 if group else place], delimiter)
    written = tuple(tuple(cell.strip() for cell in one) for one in rows[place:body])
    return Layout(tuple(header), place, body, units, descriptions, keys, written)


def header_place(rows: Sequence[Cells], joined: Container[int] = ()) -> int:
    """Return the index of the header: the first row of words as wide as the rows below, else nearly so."""
    head = rows[:HEAD_ROWS]
    widths = Counter(width_of(cells) for cells in head)
    common = max(widths, key=lambda width: (widths[width], width))
    worded = [index for index, cells in enumerate(head) if _is_worded(cells)]
    for least in (common, max(1, round(0.6 * common))):
        for index in worded:
            above = head[index - 1] if index and _is_group_over(head, index - 1, joined) else ()
            width = max(width_of(head[index]), width_of(above))
            if width >= least and not _is_group_over(head, index, joined):
                return index
    return 0


def width_of(cells: Cells) -> int:
    """Return up to which cell a row is filled."""
    return next((at for at in range(len(cells), 0, -1) if cells[at - 1].strip()), 0)


def _filled(cells: Cells) -> list[str]:
    return [cell.strip() for cell in cells if cell.strip()]


def is_value(cell: str) -> bool:
    """Return whether a cell is a number or a time."""
    return bool(_NUMBER.match(cell) or _TIME.match(cell))


def _is_worded(cells: Cells) -> bool:
    filled = _filled(cells)
    return sum(not is_value(cell) for cell in filled) >= 0.8 * len(filled)


def _is_group_over(rows: Sequence[Cells], index: int, joined: Container[int]) -> bool:
    """Return whether a row groups the names below it: it has gaps that the next row of words fills.

    A name that is merged over both rows stands in the upper one and has nothing below it.
    """
    if index + 1 >= len(rows):
        return False
    above, below = rows[index], rows[index + 1]
    filled = [at for at, cell in enumerate(above) if cell.strip()]
    named = {at for at, cell in enumerate(below) if cell.strip()}
    # One cell at the left is a title, two side by side are a key and its value, if no name spans both rows.
    is_joined = len(filled) > 1 and index in joined
    if not filled or (filled in ([0], [0, 1]) and not is_joined) or not set(filled) & named:
        return False
    if not any(at > filled[0] and at not in filled for at in named):
        return False
    if not _is_worded(below) or _is_unit_row(below, above):
        return False
    is_whole = set(filled) <= named
    return is_joined or (is_whole and _has_twins(below)) or _names_values(rows, index + 1)


def _names_values(rows: Sequence[Cells], index: int) -> bool:
    """Return whether words of a row stand over values of the next."""
    if index + 1 >= len(rows):
        return False
    pairs = zip(rows[index], rows[index + 1], strict=False)
    return any(is_value(below.strip()) and above.strip() for above, below in pairs)


def _has_twins(cells: Cells) -> bool:
    filled = _filled(cells)
    return len(set(filled)) < len(filled)


def _under(group: Cells, names: Sequence[str]) -> list[tuple[str, str]]:
    """Return the group of each name: that of the last filled cell above or left of it.

    A cell of the upper row with nothing below it is a name of no group.
    """
    found, current = [], ""
    for at in range(max(len(names), width_of(group))):
        name = names[at] if at < len(names) else ""
        own = group[at].strip() if at < len(group) else ""
        is_alone = bool(own) and not name.strip()
        current = "" if is_alone else own or current
        found.append(("", own) if is_alone else (current if name.strip() else "", name))
    return found


def _is_unit_row(cells: Cells, header: Cells) -> bool:
    filled = [cell.strip() for cell in cells[: len(header)] if cell.strip() not in _UNITLESS]
    if not filled or any(is_value(cell) for cell in filled):
        return False
    return sum(find_unit(cell) is not None for cell in filled) >= max(1, 0.6 * len(filled))


def _stands_over_values(rows: Sequence[Cells], at: int) -> bool:
    """Return whether what may be units has values below it; ``A`` and ``OK`` over words are grades, not units."""
    columns = [column for column, cell in enumerate(rows[at]) if cell.strip() not in _UNITLESS]
    below = [
        text
        for cells in rows[at + 1 : HEAD_ROWS]
        for column in columns
        if column < len(cells) and (text := cells[column].strip())
    ]
    return not below or any(is_value(text) for text in below)


def _is_description_row(rows: Sequence[Cells], at: int, header: Cells) -> bool:
    """Return whether a row explains the names: words where all the rows below have values."""
    cells = rows[at]
    below = [one for one in rows[at + 1 : HEAD_ROWS] if not _is_unit_row(one, header)]
    if not below or len(_filled(cells)) < max(_PAIR, len(_filled(header)) / 2):
        return False
    valued = [
        column
        for column in range(min(len(header), len(cells)))
        if (texts := [r[column].strip() for r in below if column < len(r) and r[column].strip()])
        and sum(is_value(text) for text in texts) >= 0.9 * len(texts)
    ]
    words = [cells[column].strip() for column in valued]
    return len(valued) >= _PAIR and all(
        word and not is_value(word) and any(one.isalpha() for one in word) for word in words
    )


def _by_name(header: Sequence[str], cells: Cells, *, without: set[str]) -> dict[str, str]:
    return {
        name: cell.strip()
        for name, cell in zip(header, cells, strict=False)
        if name.strip() and cell.strip() not in without
    }


def preamble(rows: Sequence[Cells], delimiter: str) -> dict[str, str]:
    """Return the keys and values that stand above a header."""
    keys: dict[str, str] = {}
    for cells in rows:
        filled = _filled(cells)
        match = _KEY_VALUE.match(delimiter.join(filled)) if filled else None
        if match is not None:
            keys[match.group(1).strip()] = match.group(2).strip(f" {delimiter}")
        elif len(filled) == _PAIR:
            keys[filled[0].strip("# ")] = filled[1]
    return keys


def distinct(names: Sequence[str]) -> list[str]:
    """Return names in which a repeated one carries a number that is free; blank ones stay blank."""
    taken = {*names, ROW}
    seen: set[str] = {ROW}
    numbers: defaultdict[str, Iterator[int]] = defaultdict(lambda: count(2))
    found = []
    for name in names:
        free = name
        if name.strip() and name in seen:
            free = next(one for n in numbers[name] if (one := f"{name}#{n}") not in taken)
        taken.add(free)
        seen.add(free)
        found.append(free)
    return found


def named(places: Sequence[int], given: Sequence[str]) -> list[str]:
    """Return a name of its own for each column; those that have none are numbered."""
    taken = {*given}
    names = []
    for at, name in zip(places, given, strict=True):
        free = name
        if not name.strip():
            plain = f"column {at + 1}"
            numbered = (f"{plain}#{n}" for n in count(2))
            free = plain if plain not in taken else next(n for n in numbered if n not in taken)
        taken.add(free)
        names.append(free)
    return names
