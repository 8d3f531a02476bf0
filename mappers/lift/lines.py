"""`Lines`: triples on their way out, as columns of text; and `HashSet`, what parts of a table know of each other."""

from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np
import polars as pl
from numpy.typing import NDArray

Hashes = NDArray[np.uint64]
_AT_ONCE = 4096  # lines joined at once: as many as the cache of a core holds
_FACTOR = 4  # a level of `HashSet` is merged into the next where it is not this many times smaller


@dataclass
class Lines:
    r"""Triples as lines, one chunk per rule; nothing of a row is a Python object.

    Attributes:
        chunks: Lines of N-Triples, without the end ``" .\n"``.
        shared: Per chunk, whether its triples are about things that other rows name too.
    """

    chunks: list[pl.Series] = field(default_factory=list)
    shared: list[bool] = field(default_factory=list)

    @property
    def count(self) -> int:
        """How many triples."""
        return sum(len(chunk) for chunk in self.chunks)

    def add(
        self,
        frame: pl.DataFrame,
        subject: str,
        predicate: str,
        value: pl.Expr,
        *,
        shared: bool = False,
    ) -> None:
        """Add one triple per row in which subject and value are there."""
        line = pl.concat_str([pl.lit("<"), pl.col(subject), pl.lit(f"> <{predicate}> "), value])
        self.keep(frame.select(line.alias("line"))["line"].drop_nulls(), shared=shared)

    def keep(self, lines: pl.Series, *, shared: bool = False) -> None:
        """Add lines that are made already."""
        if len(lines):
            self.chunks.append(lines)
            self.shared.append(shared)

    def pieces(self, graph: str = "") -> Iterator[bytes]:
        """Yield the lines as N-Triples, or as N-Quads where a graph is named; UTF-8, chunk by chunk."""
        end = f" <{graph}> .\n" if graph else " .\n"
        for chunk in self.chunks:
            for start in range(0, len(chunk), _AT_ONCE):
                some = chunk.slice(start, _AT_ONCE)
                yield some.str.join(end).cast(pl.Binary).item()
                yield end.encode()

    def text(self) -> bytes:
        """Return the lines as N-Triples."""
        return b"".join(self.pieces())


class HashSet:
    """Which texts were met: 8 bytes each, whatever their length.

    Two texts of one 64-bit hash are taken for one; among 10 million things that happens once in 400,000 tables.
    """

    def __init__(self) -> None:
        self._levels: list[Hashes] = []

    def __len__(self) -> int:
        return sum(len(one) for one in self._levels)

    def new(self, texts: pl.Series) -> tuple[pl.Series, Hashes]:
        """Return which texts of a column without repeats were not in, and their hashes; they are taken in."""
        hashes = texts.hash().to_numpy()
        fresh = ~self.has(hashes)
        added = hashes[fresh]
        self.take_in(added)
        return pl.Series(fresh, dtype=pl.Boolean), added

    def has(self, hashes: Hashes) -> NDArray[np.bool_]:
        """Return which hashes are in; shape: that of ``hashes``."""
        found = np.zeros(len(hashes), dtype=bool)
        for level in self._levels:
            place = np.searchsorted(level, hashes)
            place[place == len(level)] = 0
            found |= level[place] == hashes
        return found

    def take_in(self, hashes: Hashes) -> None:
        """Add hashes."""
        if not len(hashes):
            return
        self._levels.append(np.sort(hashes))
        while len(self._levels) > 1 and len(self._levels[-2]) < _FACTOR * len(self._levels[-1]):
            last = self._levels.pop()
            # Two sorted runs: a merge, in linear time.
            merged = np.concatenate([self._levels.pop(), last])
            merged.sort(kind="stable")
            self._levels.append(merged)
