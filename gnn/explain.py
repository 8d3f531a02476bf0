"""Why a candidate is ranked where it is: the paths through the graph that carry its score.

The score's gradient by a factor on each message tells how much the message counts (as in the interpretation
of NBFNet, arXiv:2106.06935, section 4.4); `networkx` finds the strongest simple paths from the nodes of
the question to the candidate. Each path is a sentence in English and Chinese, made from the graph.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice, pairwise
from typing import Any

import networkx as nx
import numpy as np
import torch

from qualweave.evidence import Evidence
from qualweave.gnn.dataset import LearningGraph
from qualweave.gnn.encode import Encoded, encode
from qualweave.gnn.models.path import PathModel, Tensors, batches
from qualweave.gnn.schema import COUNTS, EVIDENCE, NODE_TYPES, RELATIONS, STATISTICS, NodeType
from qualweave.gnn.target import Query, candidates

_SENTENCES: Mapping[tuple[str, str], tuple[str, str]] = {
    ("broader", ""): ("{a} is a kind of {b}", "{a}属于{b}"),
    ("typical_context", ""): ("{a} is typical of {b}", "{a}常见于{b}"),
    ("combines", ""): ("{a} takes in {b}", "{a}包含{b}"),
    ("runs", ""): ("line {a} runs {b}", "产线{a}执行{b}"),
    ("uses", ""): ("line {a} uses {b}", "产线{a}使用{b}"),
    ("is_a", ""): ("{a} is a {b}", "{a}是{b}"),
    ("measures", ""): ("{a} measures {b}", "{a}测量{b}"),
    ("has", ""): ("line {a} measures {b}", "产线{a}测量{b}"),
    ("observes", ""): ("{a} observes {b}", "{a}观测{b}"),
    ("feeds", ""): ("line {a} feeds line {b}", "产线{a}供料给产线{b}"),
    ("followed_by", ""): ("line {a} comes before line {b}", "产线{a}在产线{b}之前"),
    ("shows", ""): ("{b} was found on line {a}", "产线{a}出现过{b}"),
    ("similar_to", ""): ("{a} reads much like {b}", "{a}与{b}表述相近"),
    ("on", ""): ("{a} was labelled on line {b}", "{a}标注于产线{b}"),
    ("in", ""): ("{a} was labelled in {b}", "{a}标注于{b}工序"),
    ("cause", "link"): ("engineers named {b} in {a}", "工程师在{a}中指认{b}"),
    ("effect", "link"): ("engineers labelled {b} in {a}", "工程师在{a}中标注{b}"),
    ("via", "link"): ("engineers named the mechanism {b} in {a}", "工程师在{a}中指认机理{b}"),
    ("cause", "hypothesis"): ("general knowledge names {b} in {a}", "通用知识在{a}中提到{b}"),
    ("effect", "hypothesis"): ("general knowledge has {b} in {a}", "通用知识在{a}中提到{b}"),
    ("via", "hypothesis"): (
        "general knowledge names the mechanism {b} in {a}",
        "通用知识在{a}中提到机理{b}",
    ),
    ("cause", "refutation"): ("engineers ruled {b} out in {a}", "工程师在{a}中排除{b}"),
    ("effect", "refutation"): (
        "engineers ruled a cause of {b} out in {a}",
        "工程师在{a}中排除{b}的一个原因",
    ),
    ("via", "refutation"): (
        "engineers ruled the mechanism {b} out in {a}",
        "工程师在{a}中排除机理{b}",
    ),
}
_MIN_SHARE = 1e-4

Node = tuple[NodeType, str]


@dataclass(frozen=True)
class Step:
    """One edge of a path, in the direction of the relation."""

    source: Node
    relation: str
    target: Node
    statistics: Mapping[str, float]


@dataclass(frozen=True)
class Path:
    """A path from a node of the question to a candidate.

    Attributes:
        nodes: The nodes, in order.
        steps: The edges between them, each in the direction of its relation.
        weight: Its strength, from 0 to 1, where 1 is the strongest path of all.
    """

    nodes: tuple[Node, ...]
    steps: tuple[Step, ...]
    weight: float

    def sentence(self, graph: LearningGraph, language: str = "en") -> str:
        """Return the path in words, in ``"en"`` or ``"zh"``."""
        told = [_sentence(graph, one, language) for one in self.steps]
        return "；".join(told) + "。" if language == "zh" else "; ".join(told) + "."

    def to_evidence(self, graph: LearningGraph, version: str) -> Evidence:
        """Return the path as evidence."""
        return Evidence(
            kind="path",
            statement={one: self.sentence(graph, one) for one in ("en", "zh")},
            weight=self.weight,
            sources=tuple(
                dict.fromkeys(
                    name
                    for kind, name in self.nodes
                    if kind not in ("sensor", "link", "hypothesis", "refutation")
                )
            ),
            rule="qualweave.gnn path network",
            version=version,
        )


def explain(
    model: PathModel, graph: LearningGraph, query: Query, answer: str, *, top: int = 3
) -> tuple[Path, ...]:
    """Return the strongest paths from a question to a candidate, the strongest first.

    Args:
        model: A trained path network.
        graph: What it may know.
        query: The question.
        answer: IRI of the candidate.
        top: How many paths.

    Raises:
        NotFound: If the question names what the graph does not have.
    """
    names = candidates(graph, query)
    if answer not in names:
        return ()
    encoded = encode(graph)
    tensors = Tensors.of(encoded)
    ((batch, _),) = batches(graph, encoded, [query])
    gate = torch.ones(model.network.shape.layers, len(tensors.source), requires_grad=True)
    model.network.eval()
    table = model.network(tensors, batch, torch.arange(len(tensors.source)), gate)
    (slope,) = torch.autograd.grad(table[0, names.index(answer)], gate)
    share = slope.clamp(min=0).amax(dim=0).numpy()
    ends = [int(one) for one in batch.ends[0, names.index(answer)].tolist() if one >= 0]
    walk = _weighted(encoded, share)
    found = _strongest(walk, batch.starts[0].tolist(), ends, longest=model.network.shape.layers)
    best = sorted(found, key=lambda one: (one[0], len(one[1])))[:top]
    lowest = best[0][0] if best else 0.0
    return tuple(
        _path(graph, encoded, nodes, walk, weight=float(np.exp(lowest - cost)))
        for cost, nodes in best
    )


def _weighted(encoded: Encoded, share: np.ndarray[Any, Any]) -> "nx.DiGraph[int]":
    """Return the messages that count as a graph with costs; of parallel ones the strongest."""
    graph: nx.DiGraph[int] = nx.DiGraph()
    top = float(share.max()) or 1.0
    order = encoded.order
    for place in np.flatnonzero(share > _MIN_SHARE * top).tolist():
        message = int(order[place])
        a, b = int(encoded.source[message]), int(encoded.target[message])
        cost = float(-np.log(share[place] / top)) + 1e-3
        if not graph.has_edge(a, b) or graph.edges[a, b]["cost"] > cost:
            graph.add_edge(a, b, cost=cost, message=message)
    return graph


def _strongest(
    walk: "nx.DiGraph[int]", starts: Sequence[int], ends: Iterable[int], *, longest: int
) -> list[tuple[float, list[int]]]:
    found = []
    for end in ends:
        for start in starts:
            if start not in walk or end not in walk or not nx.has_path(walk, start, end):
                continue
            for nodes in islice(nx.shortest_simple_paths(walk, start, end, weight="cost"), 8):
                if len(nodes) - 1 <= longest:
                    cost = sum(walk.edges[a, b]["cost"] for a, b in pairwise(nodes))
                    found.append((cost / (len(nodes) - 1), nodes))
    return found


def _path(
    graph: LearningGraph,
    encoded: Encoded,
    nodes: Sequence[int],
    walk: "nx.DiGraph[int]",
    *,
    weight: float,
) -> Path:
    named = [_node(graph, encoded, one) for one in nodes]
    steps = []
    for a, b in pairwise(nodes):
        message = walk.edges[a, b]["message"]
        number = int(encoded.relation[message])
        relation = RELATIONS[number % len(RELATIONS)]
        ends = (_node(graph, encoded, a), _node(graph, encoded, b))
        source, target = ends if number < len(RELATIONS) else ends[::-1]
        row = int(encoded.feature_of[message])
        columns = (
            dict(zip((*STATISTICS, *COUNTS), graph.evidence[row].tolist(), strict=True))
            if row >= 0
            else {}
        )
        steps.append(Step(source, relation[1], target, columns))
    return Path(tuple(named), tuple(steps), weight)


def _node(graph: LearningGraph, encoded: Encoded, number: int) -> Node:
    kind = NODE_TYPES[int(encoded.kind[number])]
    return kind, graph.nodes[kind][number - encoded.offset[kind]]


def _sentence(graph: LearningGraph, step: Step, language: str) -> str:
    a, b = (_word(graph, one, language) for one in (step.source, step.target))
    if step.relation == EVIDENCE[1]:
        one = step.statistics
        side = one["z"] >= 0
        if language == "zh":
            high = "偏高" if side else "偏低"
            return f"{b}时{a}{high}（z={one['z']:+.1f}，样本{one['n']:.0f}，缺陷{one['positives']:.0f}）"
        high = "higher" if side else "lower"
        counts = f"n = {one['n']:.0f}, with defect {one['positives']:.0f}"
        return f"{a} is {high} where {b} occurs (z = {one['z']:+.1f}, {counts})"
    kind = step.source[0] if (step.relation, step.source[0]) in _SENTENCES else ""
    return _SENTENCES[step.relation, kind][language == "zh"].format(a=a, b=b)


def _word(graph: LearningGraph, node: Node, language: str) -> str:
    """Return what a person calls a node; a sensor is its parameter on its line, a statement its parts."""
    kind, name = node
    parts = name.split("|")
    if kind == "sensor":
        line, _, cause = parts
        at = {"zh": "{line}的{cause}", "en": "{cause} on {line}"}[language]
        return at.format(line=graph.word(line, language), cause=graph.word(cause, language))
    if kind in ("link", "hypothesis", "refutation"):
        words = [graph.word(one, language) for one in parts[1:]]
        return f"“{words[0]} → {words[1]}”"
    return graph.word(name, language)
