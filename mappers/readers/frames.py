"""From rows of texts to the frame of a `RawTable`, and the rows in it that no one should trust."""

from collections.abc import Iterable, Mapping, Sequence

import polars as pl

from qualweave.mappers.table import ROW, Fault

_DAMAGED = (
    r"[\x00-\x03\x05-\x08\x0b\x0c\x0e-\x1b\x1f\x7f\x{202a}-\x{202e}\x{2066}-\x{2069}\x{fffd}]"
)
"""But for U+0004 and U+001D–001E, which GS1 and ISO 15434 put into scanned codes."""
_SHOWN = 80  # characters of a cell in a message
_TOTALS = frozenset(
    {
        "total", "totals", "grand total", "subtotal", "sum", "average", "mean",
        "合计", "总计", "小计", "共计", "总和", "平均", "平均值",
        "summe", "gesamt", "gesamtsumme", "zwischensumme", "mittelwert", "durchschnitt",
    }
)  # fmt: skip
_AROUND = " \t:：=*-"
_LEAST = 3  # columns; of two cells one is half


def text_frame(
    names: Sequence[str], lines: Sequence[int], rows: Sequence[Sequence[str | None]]
) -> pl.DataFrame:
    """Return a frame of text cells; blank ones are null.

    Args:
        names: One name per column, all different.
        lines: Place of each row.
        rows: Cells, as many in each row as there are names.
    """
    turned = list(zip(*rows, strict=True)) if rows else [()] * len(names)
    data = [
        pl.Series(name, cells, dtype=pl.String) for name, cells in zip(names, turned, strict=True)
    ]
    frame = pl.DataFrame([*data, pl.Series(ROW, lines, dtype=pl.Int64)])
    return blanks_to_null(frame, names)


def blanks_to_null(frame: pl.DataFrame, names: Sequence[str]) -> pl.DataFrame:
    """Return a frame in which cells of blanks only are null."""
    filled = [
        pl.when(pl.col(name).str.strip_chars().str.len_bytes() > 0).then(pl.col(name)).alias(name)
        for name in names
    ]
    return frame.with_columns(filled) if filled else frame


def record_frame(
    names: Sequence[str], lines: Sequence[int], records: Sequence[Mapping[str, str | None]]
) -> pl.DataFrame:
    """Return a frame of records that may lack fields; an empty text is null."""
    data = [
        pl.Series(name, [one.get(name) or None for one in records], dtype=pl.String)
        for name in names
    ]
    return pl.DataFrame([*data, pl.Series(ROW, lines, dtype=pl.Int64)])


def damaged_cells(frame: pl.DataFrame) -> list[Fault]:
    """Return the cells that hold bytes of another charset, control characters or turned directions."""
    found: list[Fault] = []
    for name in frame.columns:
        if name == ROW:
            continue
        hit = frame[name].str.contains(_DAMAGED)
        if hit.any():
            rows = frame.filter(hit).select(ROW, name).iter_rows()
            found += [_damage(row, name, text) for row, text in rows]
    return sorted(found, key=lambda one: one.row)


def _damage(row: int, column: str, text: str) -> Fault:
    return Fault(row, column, text[:_SHOWN], "charset" if "\ufffd" in text else "control")


def begins_total(cells: Sequence[str], width: int) -> bool:
    """Return whether a row sums up others: as `totals` says of the rows of a frame."""
    filled = [text for cell in cells if (text := cell.strip())]
    if width < _LEAST or not filled or 2 * len(filled) > width:
        return False
    return filled[0].strip(_AROUND).lower() in _TOTALS


def totals(frame: pl.DataFrame, *, without: Iterable[int] = ()) -> list[Fault]:
    """Return the rows that sum up others: they begin with a word that says so, and most of their cells are blank.

    Args:
        frame: Rows of texts.
        without: Rows that are known to be none of the table.
    """
    names = [one for one in frame.columns if one != ROW]
    if len(names) < _LEAST:
        return []
    first = pl.coalesce(names)
    filled = pl.sum_horizontal(pl.col(one).is_not_null() for one in names)
    word = first.str.strip_chars(_AROUND).str.to_lowercase()
    found = frame.filter(word.is_in(sorted(_TOTALS)) & (2 * filled <= len(names)))
    told = found.filter(~pl.col(ROW).is_in([*without])).select(ROW, first)
    return [Fault(row, "", text[:_SHOWN], "total") for row, text in told.iter_rows()]
