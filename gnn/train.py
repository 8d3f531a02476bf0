"""Training of the path network: deterministic, stopped early on held lines, observable and cancellable."""

from collections.abc import Callable, Sequence
from copy import deepcopy
from dataclasses import dataclass, field

import numpy as np
import torch
from torch import Tensor
from torch.nn.functional import log_softmax

from qualweave.gnn.capability import require_torch
from qualweave.gnn.dataset import LearningGraph
from qualweave.gnn.encode import encode
from qualweave.gnn.evaluate import mean_reciprocal_rank
from qualweave.gnn.gathering import Cancelled, Progress
from qualweave.gnn.models.path import PathModel, PathNetwork, Shape, Tensors, batches
from qualweave.gnn.target import Query, Split, candidates, links_on, queries_of

Stop = Callable[[], bool]
"""Asked now and then whether the work is to be given up."""


@dataclass(frozen=True)
class Schedule:
    """How the network is trained.

    Attributes:
        epochs: At most so many passes.
        patience: Passes without improvement on the held lines before it stops.
        groups: Parts of the training lines that are hidden in turn within a pass.
        rate: Learning rate of Adam.
        decay: Weight decay.
        shape: Size of the network.
    """

    epochs: int = 40
    patience: int = 10
    groups: int = 4
    rate: float = 5e-3
    decay: float = 1e-4
    shape: Shape = field(default_factory=Shape)


def train(
    graph: LearningGraph,
    split: Split,
    *,
    seed: int = 0,
    schedule: Schedule | None = None,
    progress: Progress | None = None,
    stop: Stop | None = None,
) -> PathModel:
    """Train a path network on the lines of a split.

    In each pass the training lines are hidden group by group, and the network is asked about those it cannot see: that
    is what it will be asked in earnest.

    Args:
        graph: The whole graph; the links of test lines are taken out here.
        split: Which lines are learned from.
        seed: Of initial weights, groups and dropout.
        schedule: How long and how fast.
        progress: Told the passes.
        stop: Asked before each pass.

    Raises:
        Cancelled: If `stop` says so.
        MissingCapability: If torch is not installed.
    """
    require_torch()
    chosen = schedule or Schedule()
    torch.manual_seed(seed)
    rng = np.random.default_rng(seed)
    seen = graph.with_lines(lambda line: line in {*split.train, *split.held})
    learned = seen.with_lines(lambda line: line in split.train)
    network = PathNetwork(chosen.shape)
    model = PathModel(network)
    optimiser = torch.optim.Adam(network.parameters(), lr=chosen.rate, weight_decay=chosen.decay)
    held = queries_of(graph, links_on(graph.links, split.held))
    best, best_score, waited = deepcopy(network.state_dict()), -1.0, 0
    encoded = encode(learned)
    tensors = Tensors.of(encoded)
    for epoch in range(chosen.epochs):
        if stop is not None and stop():
            raise Cancelled(
                "Training was cancelled.", message_zh="训练已取消。", data={"epoch": epoch}
            )
        if progress:
            progress("epoch", epoch, chosen.epochs)
        network.train()
        lines = [split.train[place] for place in rng.permutation(len(split.train))]
        for group in range(chosen.groups):
            hidden = lines[group :: chosen.groups]
            queries = queries_of(learned, links_on(learned.links, hidden))
            keep = tensors.all_but([learned.number("line", line) for line in hidden])
            for batch, places in batches(learned, encoded, queries):
                optimiser.zero_grad()
                asked = [queries[place] for place in places]
                _loss(learned, network(tensors, batch, keep), asked).backward()  # type: ignore[no-untyped-call]  # torch leaves it untyped
                torch.nn.utils.clip_grad_norm_(network.parameters(), 1.0)
                optimiser.step()
        score = mean_reciprocal_rank(model, learned, held) if held else float(epoch)
        if score > best_score + 1e-4:
            best, best_score, waited = deepcopy(network.state_dict()), score, 0
        else:
            waited += 1
            if waited >= chosen.patience:
                break
    network.load_state_dict(best)
    return model


def _loss(graph: LearningGraph, scores: Tensor, queries: Sequence[Query]) -> Tensor:
    """Mean negative log-likelihood of each answer, the question's other answers left out of the sum."""
    total, count = torch.zeros(()), 0
    for row, query in zip(scores, queries, strict=True):
        names = candidates(graph, query)
        right = [place for place, name in enumerate(names) if name in query.answers]
        wrong = [place for place in range(len(names)) if place not in right]
        for place in right:
            total = total - log_softmax(row[[place, *wrong]], dim=0)[0]
            count += 1
    return total / max(count, 1)
