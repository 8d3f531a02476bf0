"""`Lines`: triples on their way out, as columns of text."""

from collections.abc import Iterator
from dataclasses import dataclass, field

import polars as pl

_AT_ONCE = 4096  # lines joined at once: as many as the cache of a core holds


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
