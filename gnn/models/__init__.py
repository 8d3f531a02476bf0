"""Models that rank answers: the path network, and the flat ones that it must beat.

Each answers by `Ranker.scores`; none has an embedding of a line or machine, so a new one needs no retraining.
"""

from collections.abc import Sequence
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from qualweave.gnn.dataset import LearningGraph
from qualweave.gnn.target import Query


class Ranker(Protocol):
    """What ranks the candidates of questions."""

    @property
    def name(self) -> str:
        """Name in tables and on cards."""
        ...

    def scores(self, graph: LearningGraph, queries: Sequence[Query]) -> list[NDArray[np.float64]]:
        """Return per question a score of each of its candidates, in their order; higher is likelier.

        Args:
            graph: What is known: its links are those that may be used.
            queries: The questions.
        """
        ...
