"""The path network: messages that start at the nodes of a question and end at its candidates.

After Zhu et al. 2021, *Neural Bellman-Ford Networks* (arXiv:2106.06935), with three changes. A question has several
starting nodes (defect, line, and parameter or mechanism), each marked by its role, since the target is
a triple on a line. Evidence edges multiply a message by what their statistics say. And a node that no path from the
question reaches stays exactly zero (no bias anywhere), so every score comes from paths, and
names, numbers and the order of nodes mean nothing.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch_geometric.nn import MessagePassing

from qualweave.gnn.dataset import LearningGraph
from qualweave.gnn.encode import FEATURES, NUM_RELATIONS, Encoded, encode, sensors_of
from qualweave.gnn.schema import NODE_TYPES
from qualweave.gnn.target import Asked, Query, candidates

_ROLES = {"effect": 0, "line": 1, "given_cause": 2, "given_mechanism": 3}
_BATCH = 48


@dataclass(frozen=True)
class Shape:
    """Size of the network: width of a node's state, number of layers, probability of dropping a message."""

    width: int = 16
    layers: int = 4
    dropout: float = 0.1


@dataclass(frozen=True)
class Batch:
    """Questions of one direction as tensors.

    Attributes:
        asked: The direction.
        starts: Starting nodes; int64, shape ``(num_queries, 3)``.
        roles: Their roles; int64, shape ``(3,)``.
        ends: Nodes to read a candidate off, -1 where there are fewer; int64,
            shape ``(num_queries, candidates, places)``.
    """

    asked: Asked
    starts: Tensor
    roles: Tensor
    ends: Tensor


class PathLayer(MessagePassing):  # type: ignore[misc]  # the base has no type information
    """One step along the edges; node states have the shape ``(num_nodes, num_queries, width)``."""

    def __init__(self, width: int) -> None:
        super().__init__(aggr="sum", node_dim=0)
        self.relation = nn.Parameter(1 + 0.3 * torch.randn(NUM_RELATIONS, width))
        self.evidence = nn.Sequential(
            nn.Linear(len(FEATURES), 2 * width), nn.Tanh(), nn.Linear(2 * width, width)
        )
        self.kind = nn.Parameter(1 + 0.1 * torch.randn(len(NODE_TYPES), width))
        self.update_state = nn.Linear(3 * width, width, bias=False)

    def forward(
        self,
        x: Tensor,
        tensors: "Tensors",
        keep: Tensor,
        *,
        gate: Tensor | None = None,
        rows: Tensor | None = None,
    ) -> Tensor:
        """Return the next states.

        Args:
            x: States; shape ``(num_nodes, num_queries, width)``.
            tensors: The graph.
            keep: Messages that are sent; shape ``(num_kept,)``.
            gate: A factor per message of the graph, by whose gradient paths are explained.
            rows: Nodes whose next states are wanted, all where left out.

        Returns:
            Shape ``(num_rows, num_queries, width)``.
        """
        weight = self.relation[tensors.relation[keep]]
        features = tensors.feature_of[keep]
        told = features >= 0
        strength = torch.ones_like(weight)
        strength[told] = self.evidence(tensors.features[features[told]])
        if gate is not None:
            strength = strength * gate[keep][:, None]
        edge = torch.stack([tensors.source[keep], tensors.target[keep]])
        summed = self.propagate(edge, x=x, weight=weight * strength)
        count = torch.zeros(x.shape[0]).index_add_(0, edge[1], torch.ones(edge.shape[1]))
        kind = self.kind[tensors.kind]
        if rows is not None:
            summed, count, kind, x = summed[rows], count[rows], kind[rows], x[rows]
        mean = summed / count.clamp(min=1)[:, None, None]
        squeezed = torch.sign(summed) * torch.log1p(summed.abs())
        state = self.update_state(torch.cat([squeezed, mean, x], dim=-1)) * kind[:, None, :]
        return torch.relu(state) + x

    def message(self, x_j: Tensor, weight: Tensor) -> Tensor:
        """Return what goes along each edge."""
        return x_j * weight[:, None, :]

    def aggregate(self, inputs: Tensor, index: Tensor, dim_size: int) -> Tensor:
        """Sum messages per target; row by row, which a CPU does several times faster than a scatter."""
        out = inputs.new_zeros((dim_size, *inputs.shape[1:]))
        return out.index_add_(0, index, inputs)


@dataclass(frozen=True)
class Tensors:
    """An `Encoded` graph as tensors, messages in order of their target."""

    kind: Tensor
    source: Tensor
    target: Tensor
    relation: Tensor
    features: Tensor
    feature_of: Tensor
    link_line: Tensor

    @classmethod
    def of(cls, encoded: Encoded) -> "Tensors":
        """Return the tensors of an encoded graph."""
        order = encoded.order
        return cls(
            kind=torch.from_numpy(encoded.kind),
            source=torch.from_numpy(encoded.source[order]),
            target=torch.from_numpy(encoded.target[order]),
            relation=torch.from_numpy(encoded.relation[order]),
            features=torch.from_numpy(encoded.features.astype(np.float32)),
            feature_of=torch.from_numpy(encoded.feature_of[order]),
            link_line=torch.from_numpy(encoded.link_line[order]),
        )

    def all_but(self, lines: Sequence[int]) -> Tensor:
        """Return the messages that remain when the links of some lines are hidden."""
        hidden = torch.isin(self.link_line, torch.tensor(list(lines), dtype=torch.int64))
        return torch.nonzero(~hidden).squeeze(1)


class PathNetwork(nn.Module):
    """States of all nodes for each question, and one head per direction."""

    def __init__(self, shape: Shape) -> None:
        super().__init__()
        self.shape = shape
        self.role = nn.Parameter(torch.randn(len(_ROLES), shape.width))
        self.steps = nn.ModuleList(PathLayer(shape.width) for _ in range(shape.layers))
        self.heads = nn.ModuleDict(
            {
                asked: nn.Sequential(
                    nn.Linear(shape.width, 2 * shape.width),
                    nn.ReLU(),
                    nn.Linear(2 * shape.width, 1),
                )
                for asked in ("mechanism", "cause")
            }
        )

    def forward(
        self, tensors: Tensors, batch: Batch, keep: Tensor, gate: Tensor | None = None
    ) -> Tensor:
        """Return the scores of all candidates; shape ``(num_queries, candidates)``, -inf where there is none.

        Args:
            tensors: The graph.
            batch: The questions.
            keep: Messages that may be sent; shape ``(num_kept,)``.
            gate: A factor per layer and message; shape ``(layers, num_messages)``.
        """
        if self.training and self.shape.dropout:
            keep = keep[torch.rand(len(keep)) >= self.shape.dropout]
        x = self._start(batch, len(tensors.kind))
        wanted, place = torch.unique(batch.ends.clamp(min=0), return_inverse=True)
        for number, step in enumerate(self.steps):
            last = number == len(self.steps) - 1
            sent = keep
            if number == 0:  # all states but those of the starting nodes are zero
                sent = sent[torch.isin(tensors.source[sent], batch.starts)]
            if last:
                sent = sent[torch.isin(tensors.target[sent], wanted)]
            factor = None if gate is None else gate[number]
            x = step(x, tensors, sent, gate=factor, rows=wanted if last else None)
        query = torch.arange(len(batch.starts))[:, None, None].expand_as(batch.ends)
        read = self.heads[batch.asked](x[place, query]).squeeze(-1)
        best: Tensor = read.masked_fill(batch.ends < 0, float("-inf")).amax(dim=-1)
        return best

    def _start(self, batch: Batch, nodes: int) -> Tensor:
        """Return the first states: the role at each starting node, zero elsewhere."""
        number, each = batch.starts.shape
        start = torch.zeros(nodes, number, self.shape.width)
        rows = torch.arange(number).repeat_interleave(each)
        marks = self.role[batch.roles].repeat(number, 1)
        return start.index_put((batch.starts.reshape(-1), rows), marks, accumulate=True)


def batches(
    graph: LearningGraph, encoded: Encoded, queries: Sequence[Query], size: int = _BATCH
) -> list[tuple[Batch, list[int]]]:
    """Return questions as batches of one direction, with the places of the questions in each."""
    made = []
    for asked in ("mechanism", "cause"):
        places = [place for place, one in enumerate(queries) if one.asked == asked]
        for first in range(0, len(places), size):
            part = places[first : first + size]
            made.append((_batch(graph, encoded, [queries[place] for place in part]), part))
    return made


def _batch(graph: LearningGraph, encoded: Encoded, queries: Sequence[Query]) -> Batch:
    asked, offset = queries[0].asked, encoded.offset
    given = "parameter" if asked == "mechanism" else "mechanism"
    starts = [
        [
            offset["defect"] + graph.number("defect", one.effect),
            offset["line"] + graph.number("line", one.line),
            offset[given] + graph.number(given, one.given),  # type: ignore[index,arg-type]  # one of two types
        ]
        for one in queries
    ]
    roles = [0, 1, _ROLES["given_cause" if asked == "mechanism" else "given_mechanism"]]
    ends = [_ends(graph, encoded, one) for one in queries]
    wide = max((len(some) for some in ends), default=1)
    deep = max((len(nodes) for some in ends for nodes in some), default=1)
    table = np.full((len(queries), max(wide, 1), max(deep, 1)), -1, dtype=np.int64)
    for row, some in enumerate(ends):
        for column, nodes in enumerate(some):
            table[row, column, : len(nodes)] = nodes
    return Batch(asked, torch.tensor(starts), torch.tensor(roles), torch.from_numpy(table))


def _ends(graph: LearningGraph, encoded: Encoded, query: Query) -> list[list[int]]:
    names = candidates(graph, query)
    if query.asked == "mechanism":
        return [[encoded.offset["mechanism"] + place] for place in range(len(names))]
    first = encoded.offset["sensor"]
    return [[first + one for one in some] for some in sensors_of(graph, query.line, names)]


class PathModel:
    """A trained path network as a `Ranker`.

    Args:
        network: The network.
        name: Its name in tables.
    """

    def __init__(self, network: PathNetwork, name: str = "path network") -> None:
        self.network = network
        self.name = name

    def scores(self, graph: LearningGraph, queries: Sequence[Query]) -> list[NDArray[np.float64]]:
        """Return per question a score of each of its candidates; see `Ranker`."""
        encoded = encode(graph)
        tensors = Tensors.of(encoded)
        keep = torch.arange(len(tensors.source))
        found: list[NDArray[np.float64]] = [np.zeros(0)] * len(queries)
        self.network.eval()
        with torch.no_grad():
            for batch, places in batches(graph, encoded, queries):
                table = self.network(tensors, batch, keep).numpy().astype(np.float64)
                for row, place in enumerate(places):
                    found[place] = table[row, : len(candidates(graph, queries[place]))]
        return found
