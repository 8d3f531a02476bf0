"""The target: which questions are asked about a line, what may be answered, and how lines are split.

The target is the triple of parameter, defect and mechanism on a line. Two questions are asked of each:
(parameter, defect, ?) for the mechanism and (?, defect, mechanism) for the parameter. Candidates for a parameter
are those that the line itself measures: knowing which sensors a machine has must not be worth anything.
Whole lines are hidden, their labels with them; what was measured on them stays.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Literal, TypeAlias

import numpy as np

from qualweave.gnn.dataset import LearningGraph
from qualweave.gnn.labels import Link

Asked: TypeAlias = Literal["mechanism", "cause"]
SplitBy: TypeAlias = Literal["line", "process"]
DIRECTIONS: tuple[Asked, ...] = ("mechanism", "cause")


@dataclass(frozen=True)
class Query:
    """A question about one line.

    Attributes:
        asked: What is asked for.
        line: IRI of the line.
        effect: IRI of the defect class.
        given: IRI of the parameter where the mechanism is asked for, of the mechanism where the cause is.
        answers: Answers that the line's engineers have given; empty for a question that nobody answered.
    """

    asked: Asked
    line: str
    effect: str
    given: str
    answers: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Split:
    """Lines to train on, to stop by, and to test on; disjoint.

    Attributes:
        seed: What it was drawn with.
        by: Whether lines or whole processes were drawn.
        train: Lines whose labels the model learns from.
        held: Lines of the training part that are held out to stop early and to weigh models.
        test: Lines that nothing was learned from.
    """

    seed: int
    by: SplitBy
    train: tuple[str, ...]
    held: tuple[str, ...]
    test: tuple[str, ...]


def queries_of(graph: LearningGraph, links: Iterable[Link]) -> list[Query]:
    """Return both questions of every link; links that share a question share it."""
    found: dict[tuple[Asked, str, str, str], set[str]] = defaultdict(set)
    for link in links:
        found["mechanism", link.line, link.effect, link.cause].add(link.mechanism)
        if link.cause in graph.parameters_of.get(link.line, ()):
            found["cause", link.line, link.effect, link.mechanism].add(link.cause)
    return [Query(*key, frozenset(answers)) for key, answers in sorted(found.items())]


def candidates(graph: LearningGraph, query: Query) -> tuple[str, ...]:
    """Return what may be answered: every mechanism, or the parameters that the line measures."""
    if query.asked == "mechanism":
        return graph.nodes["mechanism"]
    return graph.parameters_of.get(query.line, ())


def split(
    graph: LearningGraph,
    seed: int,
    *,
    by: SplitBy = "line",
    test_share: float = 0.25,
    held_share: float = 0.2,
) -> Split:
    """Draw a split of the lines that have links.

    Args:
        graph: The whole graph.
        seed: Of the draw.
        by: ``"line"`` hides single lines, ``"process"`` hides all lines of a process.
        test_share: Share of lines (or processes) that are tested on; from 0 to 1.
        held_share: Share of the others that training stops by; from 0 to 1.
    """
    labelled = sorted({link.line for link in graph.links})
    groups: dict[str, list[str]] = defaultdict(list)
    for line in labelled:
        groups[line if by == "line" else graph.process_of.get(line, line)].append(line)
    rng = np.random.default_rng(seed)
    order = [sorted(groups)[place] for place in rng.permutation(len(groups))]
    cut = max(1, round(test_share * len(order)))
    test = [line for group in order[:cut] for line in groups[group]]
    rest = sorted(set(labelled) - set(test))
    shuffled = [rest[place] for place in rng.permutation(len(rest))]
    held = max(1, round(held_share * len(rest))) if len(rest) > 2 else 0  # noqa: PLR2004 - something must be learned from
    return Split(
        seed,
        by,
        tuple(sorted(shuffled[held:])),
        tuple(sorted(shuffled[:held])),
        tuple(sorted(test)),
    )


def links_on(links: Sequence[Link], lines: Iterable[str]) -> list[Link]:
    """Return the links of some lines."""
    wanted = set(lines)
    return [link for link in links if link.line in wanted]
