"""Baselines with vectors: DistMult, which learns one per concept, and texts, which come with one."""

from collections.abc import Sequence
from typing import Self

import numpy as np
import torch
from numpy.typing import NDArray

from qualweave import text
from qualweave.config import Settings
from qualweave.gnn.dataset import LearningGraph
from qualweave.gnn.labels import Link
from qualweave.gnn.reading import Statement
from qualweave.gnn.schema import NodeType
from qualweave.gnn.target import Query, candidates

Floats = NDArray[np.float64]
_KINDS: tuple[NodeType, ...] = ("parameter", "defect", "mechanism")


def _said(graph: LearningGraph) -> list[Link | Statement]:
    return [*graph.links, *(one for one in graph.statements if one.kind == "hypothesised")]


class DistMultRanker:
    """DistMult (Yang et al. 2015, arXiv:1412.6575) with the defect as relation between parameter and mechanism."""

    name = "DistMult"

    def __init__(self, seed: int = 0, *, width: int = 16, epochs: int = 150) -> None:
        self._seed, self._width, self._epochs = seed, width, epochs
        self._vectors: dict[str, Floats] = {}

    def fit(self, graph: LearningGraph) -> Self:
        """Learn vectors of the concepts from the graph's links and hypotheses."""
        torch.manual_seed(self._seed)
        number = {kind: {name: n for n, name in enumerate(graph.nodes[kind])} for kind in _KINDS}
        said = [(one.cause, one.effect, one.mechanism) for one in _said(graph)]
        place = torch.tensor(
            [[number[kind][part] for kind, part in zip(_KINDS, one, strict=True)] for one in said]
        ).reshape(-1, 3)
        tables = [
            torch.nn.Parameter(0.5 * torch.randn(len(number[kind]), self._width)) for kind in _KINDS
        ]
        optimiser = torch.optim.Adam(tables, lr=0.05, weight_decay=1e-4)
        for _ in range(self._epochs if said else 0):
            optimiser.zero_grad()
            p, d, m = (table[place[:, one]] for one, table in enumerate(tables))
            loss = torch.nn.functional.cross_entropy((p * d) @ tables[2].T, place[:, 2])
            loss = loss + torch.nn.functional.cross_entropy((d * m) @ tables[0].T, place[:, 0])
            loss.backward()  # type: ignore[no-untyped-call]  # torch leaves it untyped
            optimiser.step()
        self._vectors = {
            name: tables[one].detach().numpy()[row].astype(np.float64)
            for one, kind in enumerate(_KINDS)
            for name, row in number[kind].items()
        }
        return self

    def scores(self, graph: LearningGraph, queries: Sequence[Query]) -> list[Floats]:
        """Return trilinear products; see `Ranker`."""
        return [
            np.array(
                [
                    float(
                        self._vectors[query.given]
                        * self._vectors[query.effect]
                        @ self._vectors[name]
                    )
                    for name in candidates(graph, query)
                ]
            )
            for query in queries
        ]


class TextRanker:
    """Text nearest neighbour: how near a triple's labels are to those of the nearest known triple."""

    name = "text nearest"

    def __init__(self, settings: Settings | None = None) -> None:
        self._settings = settings
        self._vectors: dict[str, Floats] = {}
        self._known: list[tuple[str, str, str]] = []

    def fit(self, graph: LearningGraph) -> Self:
        """Encode the labels and remember the known triples.

        Raises:
            MissingCapability: If the text extra is not installed.
        """
        names = [name for kind in _KINDS for name in graph.nodes[kind]]
        made = text.encode(
            [f"{graph.word(one)} / {graph.word(one, 'zh')}" for one in names],
            settings=self._settings,
        )
        self._vectors = dict(zip(names, made.astype(np.float64), strict=True))
        said = {(one.cause, one.effect, one.mechanism) for one in _said(graph)}
        self._known = sorted(said)
        return self

    def scores(self, graph: LearningGraph, queries: Sequence[Query]) -> list[Floats]:
        """Return the best mean cosine over known triples; see `Ranker`."""
        parts = [np.array([self._vectors[one[place]] for one in self._known]) for place in range(3)]
        if not self._known:
            return [np.zeros(len(candidates(graph, query))) for query in queries]
        found = []
        for query in queries:
            asked = query.asked == "mechanism"
            given = parts[0] if asked else parts[2]
            near = given @ self._vectors[query.given] + parts[1] @ self._vectors[query.effect]
            other = parts[2] if asked else parts[0]
            names = candidates(graph, query)
            table = np.array([self._vectors[name] for name in names]).reshape(len(names), -1)
            found.append((table @ other.T + near).max(axis=1) / 3 if len(names) else np.zeros(0))
        return found
