"""`Adjacency`: one CSR array pair, the shape in which everything of an index stands."""

from dataclasses import dataclass

import numpy as np

from qualweave.reasoning.trace.parts import Ids


@dataclass(frozen=True)
class Adjacency:
    """``targets[starts[i]:starts[i + 1]]`` belong to ``i``.

    Shapes: starts ``(num_sources + 1,)``, targets ``(num_edges,)``.
    """

    starts: Ids
    targets: Ids

    @classmethod
    def of(cls, sources: Ids, targets: Ids, size: int) -> "Adjacency":
        """Build it from edge arrays of shape ``(num_edges,)``; edges of one source keep their order."""
        order = np.argsort(sources, kind="stable")
        counts = np.bincount(sources, minlength=size)
        starts = np.concatenate([np.zeros(1, dtype=np.int64), np.cumsum(counts)])
        return cls(starts.astype(np.int64), targets[order])

    def sizes(self, places: Ids) -> Ids:
        """Return how many targets each of some sources has."""
        return self.starts[places + 1] - self.starts[places]

    def offsets(self, places: Ids) -> Ids:
        """Return the offsets into ``targets`` of several sources, one source after the other."""
        first, sizes = self.starts[places], self.sizes(places)
        total = int(sizes.sum())
        if not total:
            return np.zeros(0, dtype=np.int64)
        before = np.concatenate([np.zeros(1, dtype=np.int64), np.cumsum(sizes)[:-1]])
        return np.repeat(first - before, sizes) + np.arange(total, dtype=np.int64)

    def neighbours(self, places: Ids) -> Ids:
        """Return the targets of several sources, repeated where several lead to one."""
        return self.targets[self.offsets(places)]

    def of_one(self, place: int) -> Ids:
        """Return the targets of one source."""
        return self.targets[self.starts[place] : self.starts[place + 1]]
