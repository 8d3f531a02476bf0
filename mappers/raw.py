"""`RawCells`: the text of a cell as its file has it, read again from the bytes that an ingest has kept.

The graph holds a value in its canonical unit; who doubts it wants to see what the machine wrote. Files are read
by the same readers as at ingest, so a row is the same row.
"""

from collections import OrderedDict
from pathlib import Path

import polars as pl

from qualweave.errors import QualweaveError
from qualweave.mappers import readers
from qualweave.mappers.table import ROW, RawTable

_LARGEST = 16 * 2**20  # bytes; a larger file would keep a page waiting
_KEPT = 8  # files


class RawCells:
    """Reads cells of kept inputs; the tables of the files asked for last stay in memory.

    Args:
        folder: The data folder, below which inputs are kept.
        largest: Size in bytes up to which a file is read for one cell.
    """

    def __init__(self, folder: Path, *, largest: int = _LARGEST) -> None:
        self._folder, self._largest = folder.resolve(), largest
        self._tables: OrderedDict[str, list[RawTable]] = OrderedDict()

    def cell(self, kept: str, row: int | None, column: str) -> str:
        """Return the text of a cell; ``""`` where file, row or column are not there any more.

        Args:
            kept: Where the file is kept, as the catalogue has it.
            row: Source row.
            column: Field, byte for byte.
        """
        if row is None or not kept or not column:
            return ""
        for table in self._read(kept):
            if column in table.columns:
                found = table.frame.filter(pl.col(ROW).cast(pl.Int64) == row)[column]
                if len(found) and found[0] is not None:
                    return str(found[0])
        return ""

    def _read(self, kept: str) -> list[RawTable]:
        if kept in self._tables:
            self._tables.move_to_end(kept)
            return self._tables[kept]
        self._tables[kept] = self._tables_of(self._folder / kept)
        if len(self._tables) > _KEPT:
            self._tables.popitem(last=False)
        return self._tables[kept]

    def _tables_of(self, path: Path) -> list[RawTable]:
        try:
            if path.stat().st_size > self._largest:
                return []
            return readers.read(path)
        except (OSError, QualweaveError):
            return []
