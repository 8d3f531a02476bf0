"""`HashSet`: what the parts of a table know of each other, in memory that does not grow with the table."""

import tempfile
import weakref
from collections.abc import Iterable, Iterator
from typing import TypeAlias

import numpy as np
import polars as pl
from numpy.typing import NDArray

Hashes = NDArray[np.uint64]
_FACTOR = 4  # a run is merged into the next where it is not this many times smaller
IN_MEMORY = 1 << 20  # hashes of a run that is kept in memory, at most: 8 MiB
PIECE = 1 << 16  # hashes that are read from a file at once


class _Filed:
    """A sorted run in a file that has no name, and goes with it."""

    def __init__(self, pieces: Iterable[Hashes]) -> None:
        self._file = tempfile.TemporaryFile()  # noqa: SIM115 - it is closed with the run
        weakref.finalize(self, self._file.close)
        self._count = 0
        for piece in pieces:
            self._file.write(piece.data)
            self._count += len(piece)

    def __len__(self) -> int:
        return self._count

    def pieces(self) -> Iterator[Hashes]:
        """Yield the run from its start, as much at once as memory should hold."""
        self._file.seek(0)
        while raw := self._file.read(8 * PIECE):
            yield np.frombuffer(raw, dtype=np.uint64)


_Run: TypeAlias = Hashes | _Filed


class HashSet:
    """Which texts were met: 8 bytes each, whatever their length, and beyond 1 million in a file.

    Two texts of one 64-bit hash are taken for one; among 10 million things that happens once in 400,000 tables.
    Runs of sorted hashes are merged as they grow, so that there are few of them.
    """

    def __init__(self) -> None:
        self._runs: list[_Run] = []

    def __len__(self) -> int:
        return sum(len(one) for one in self._runs)

    def __getstate__(self) -> list[Hashes]:
        """Return the runs in memory, since a file does not travel to another process."""
        return [np.concatenate(list(_pieces(one))) for one in self._runs]

    def __setstate__(self, state: list[Hashes]) -> None:
        self._runs = [*state]

    def new(self, texts: pl.Series) -> tuple[pl.Series, Hashes]:
        """Return which texts of a column without repeats were not in, and their hashes; they are taken in."""
        hashes = texts.hash().to_numpy()
        fresh = ~self.has(hashes)
        added = hashes[fresh]
        self.take_in(added)
        return pl.Series(fresh, dtype=pl.Boolean), added

    def has(self, hashes: Hashes) -> NDArray[np.bool_]:
        """Return which hashes are in; shape: that of ``hashes``."""
        order = np.argsort(hashes)
        asked = hashes[order]
        found = np.zeros(len(asked), dtype=bool)
        for run in self._runs:
            for piece in _pieces(run):
                some = slice(
                    np.searchsorted(asked, piece[0]),
                    np.searchsorted(asked, piece[-1], side="right"),
                )
                found[some] |= piece[np.searchsorted(piece, asked[some])] == asked[some]
        there = np.empty_like(found)
        there[order] = found
        return there

    def take_in(self, hashes: Hashes) -> None:
        """Add hashes."""
        if not len(hashes):
            return
        self._runs.append(np.sort(hashes))
        while len(self._runs) > 1 and len(self._runs[-2]) < _FACTOR * len(self._runs[-1]):
            last = self._runs.pop()
            self._runs.append(_merged(self._runs.pop(), last))


def _pieces(run: _Run) -> Iterator[Hashes]:
    return run.pieces() if isinstance(run, _Filed) else iter((run,))


def _merged(one: _Run, other: _Run) -> _Run:
    if len(one) + len(other) > IN_MEMORY:
        return _Filed(_in_order(one, other))
    return np.sort(np.concatenate([*_pieces(one), *_pieces(other)]))


def _in_order(one: _Run, other: _Run) -> Iterator[Hashes]:
    """Yield the hashes of two runs in order."""
    left, right = _pieces(one), _pieces(other)
    a, b = next(left, None), next(right, None)
    while a is not None and b is not None:
        # Whatever is not above the lower of both ends has all its neighbours at hand.
        until = min(a[-1], b[-1])
        some, more = (np.searchsorted(each, until, side="right") for each in (a, b))
        yield np.sort(np.concatenate([a[:some], b[:more]]))
        a, b = (
            (a[some:] if some < len(a) else next(left, None)),
            (b[more:] if more < len(b) else next(right, None)),
        )
    if a is not None:
        yield a
    if b is not None:
        yield b
    yield from left
    yield from right
