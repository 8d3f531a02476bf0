"""`train_from_snapshot`: from a snapshot to a judged model, with everything that its card must say."""

import platform
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from hashlib import sha256
from typing import Protocol, Self

from qualweave import text
from qualweave.config import Settings
from qualweave.errors import NotEnoughEvidence
from qualweave.gnn.capability import require_torch
from qualweave.gnn.controls import rewire, shuffle_labels
from qualweave.gnn.dataset import LearningGraph
from qualweave.gnn.decide import Accept, Refusal, decide
from qualweave.gnn.evaluate import Tally, evaluate
from qualweave.gnn.gathering import Progress
from qualweave.gnn.labels import require_coverage
from qualweave.gnn.models import Ranker
from qualweave.gnn.models.embedding import DistMultRanker, TextRanker
from qualweave.gnn.models.flat import BoostingRanker, FrequencyRanker, LogisticRanker, RandomRanker
from qualweave.gnn.models.path import PathModel
from qualweave.gnn.models.stack import StackedRanker, choose_weights
from qualweave.gnn.predict import Calibration, Prediction, calibrate, examples, predict
from qualweave.gnn.publish import former_figure
from qualweave.gnn.target import Split, SplitBy, links_on, queries_of, split
from qualweave.gnn.train import Schedule, Stop, train
from qualweave.store.port import Snapshot

VERSION = "0.1.0"
"""Version of the model's code; it changes whenever the same graph and seeds would give other scores."""

_LEAST_LINES = 6
_CONTROL_SEEDS = 2


class Fitted(Ranker, Protocol):
    """A baseline that learns from a graph's links."""

    def fit(self, graph: LearningGraph) -> Self:
        """Learn from the links of a graph and return itself."""
        ...


@dataclass(frozen=True)
class Table:
    """Scores of every model on the same splits.

    Attributes:
        by: What was hidden: lines, or whole processes.
        seeds: Seeds of the splits.
        ours: Path network and stack.
        baselines: Flat ones.
        controls: Null controls of the path network.
        sizes: Number of test lines per seed.
    """

    by: SplitBy
    seeds: tuple[int, ...]
    ours: tuple[Tally, ...]
    baselines: tuple[Tally, ...]
    controls: tuple[Tally, ...] = ()
    sizes: tuple[int, ...] = ()

    @property
    def tallies(self) -> tuple[Tally, ...]:
        """All rows."""
        return (*self.ours, *self.baselines, *self.controls)

    def describe(self, language: str = "en") -> str:
        """Return the split in words."""
        share = ", ".join(str(one) for one in self.sizes)
        if language == "zh":
            what = "整条产线" if self.by == "line" else "整个工序的全部产线"
            drawn = "、".join(map(str, self.seeds))
            return (
                f"隐藏{what}的标签（其统计证据保留），每个种子的测试产线数：{share}；种子：{drawn}"
            )
        what = "whole lines" if self.by == "line" else "all lines of whole processes"
        return (
            f"labels of {what} hidden (their evidence stays), a quarter of them per seed; "
            f"test lines per seed: {share}; "
            f"seeds {', '.join(map(str, self.seeds))}; candidates are the line's own parameters, or all mechanisms"
        )


@dataclass(frozen=True)
class TrainingReport:
    """What came of a training.

    Attributes:
        graph: What was learned from.
        table: Scores on unseen lines.
        decision: Whether the model may be published.
        model: The model that was chosen, trained on all lines.
        path_model: Its path network, which explains.
        calibration: From hidden lines.
        predictions: Its hypotheses.
        policy: Label coverage that was asked for.
        run: Identifier of the run.
        at: When, in UTC.
        machine: Processor architecture and interpreter, for the card.
        notes: What could not be done, in words.
    """

    graph: LearningGraph
    table: Table
    decision: Accept | Refusal
    model: Ranker
    path_model: PathModel
    calibration: Calibration
    predictions: tuple[Prediction, ...]
    policy: float
    run: str
    at: datetime
    machine: str = field(
        default_factory=lambda: f"{platform.machine()}, Python {platform.python_version()}"
    )
    notes: tuple[str, ...] = ()


def train_from_snapshot(
    snapshot: Snapshot,
    settings: Settings,
    *,
    seeds: Sequence[int] = (0, 1, 2, 3, 4),
    tenant: str | None = None,
    schedule: Schedule | None = None,
    compare_texts: bool = True,
    progress: Progress | None = None,
    stop: Stop | None = None,
) -> TrainingReport:
    """Learn from a snapshot, judge the model on unseen lines and return all of it.

    Args:
        snapshot: What is learned from.
        settings: Label coverage policy, base IRI, text model.
        seeds: One split and one training each; at least three for a figure that means something.
        tenant: Whose data; None for all.
        schedule: How the network is trained.
        compare_texts: Whether labels are compared as texts, where the text extra is there.
        progress: Told what is in work.
        stop: Asked now and then whether to give up.

    Raises:
        NotEnoughEvidence: If alarms lack signed labels, or too few lines have any.
        Cancelled: If `stop` says so.
        MissingCapability: If torch is not installed.
    """
    require_torch()
    wanted = compare_texts and text.available()
    graph = LearningGraph.from_snapshot(
        snapshot, settings=settings, tenant=tenant, text=wanted, progress=progress
    )
    require_coverage(graph.coverage, settings.label_coverage)
    return train_from_graph(
        graph,
        settings=settings,
        seeds=seeds,
        schedule=schedule,
        compare_texts=wanted,
        former=former_figure(snapshot, tenant),
        progress=progress,
        stop=stop,
    )


def train_from_graph(
    graph: LearningGraph,
    *,
    settings: Settings,
    seeds: Sequence[int] = (0, 1, 2, 3, 4),
    schedule: Schedule | None = None,
    compare_texts: bool = False,
    former: float | None = None,
    progress: Progress | None = None,
    stop: Stop | None = None,
) -> TrainingReport:
    """Do the same with a learning graph that is there already; see `train_from_snapshot`.

    Raises:
        NotEnoughEvidence: If too few lines have labels.
    """
    _require_lines(graph)
    judged = judge(
        graph,
        seeds,
        schedule=schedule,
        settings=settings,
        compare_texts=compare_texts,
        controls=True,
        progress=progress,
        stop=stop,
    )
    chosen = judged.chosen
    rivals = (*judged.table.baselines, *judged.table.controls)
    decision = decide(judged.table.ours[chosen], rivals, former)
    final = _final_split(graph, seeds[0])
    ours = fit_ours(graph, final, seed=seeds[0], schedule=schedule, progress=progress, stop=stop)
    predictions = predict(ours[chosen], graph, judged.calibration)
    key = f"{graph.content_hash} {VERSION} {tuple(seeds)} {schedule}"
    return TrainingReport(
        graph=graph,
        table=judged.table,
        decision=decision,
        model=ours[chosen],
        path_model=ours[0],
        calibration=judged.calibration,
        predictions=predictions,
        policy=settings.label_coverage,
        run=sha256(key.encode()).hexdigest()[:16],
        at=datetime.now(UTC),
        notes=graph.notes,
    )


def _require_lines(graph: LearningGraph) -> None:
    lines = {link.line for link in graph.links}
    if len(lines) >= _LEAST_LINES:
        return
    raise NotEnoughEvidence(
        f"Only {len(lines)} lines carry labels of a process engineer; {_LEAST_LINES} are needed to hide some of them.",
        message_zh=f"仅有 {len(lines)} 条产线具有工艺工程师标签；至少需要 {_LEAST_LINES} 条才能留出检验。",
        next_step="Label alarms on more lines, or ask for the evidence of a line instead of a model.",
        next_step_zh="请在更多产线上标注报警，或直接查看产线的统计证据。",
        data={"lines": len(lines), "needed": _LEAST_LINES},
    )


@dataclass(frozen=True)
class Judged:
    """A table, with what is needed to go on.

    Attributes:
        table: The scores.
        calibration: From hidden lines.
        chosen: Which of our models was better on the held lines: 0 for the path network, 1 for the stack.
    """

    table: Table
    calibration: Calibration
    chosen: int


def judge(  # noqa: PLR0913 - each is one thing that a caller may choose
    graph: LearningGraph,
    seeds: Sequence[int],
    *,
    by: SplitBy = "line",
    schedule: Schedule | None = None,
    settings: Settings | None = None,
    compare_texts: bool = False,
    controls: bool = False,
    progress: Progress | None = None,
    stop: Stop | None = None,
) -> Judged:
    """Train and score every model on the same splits.

    Args:
        graph: The whole graph.
        seeds: One split each.
        by: What is hidden.
        schedule: How the network is trained.
        settings: Text model and cache folder.
        compare_texts: Whether the text baseline takes part.
        controls: Whether null controls are run, on the first two seeds.
        progress: Told what is in work.
        stop: Asked now and then whether to give up.
    """
    tallies: dict[str, Tally] = {}
    pairs: dict[str, list[tuple[float, bool]]] = {}
    held_figures: list[tuple[float, float]] = []
    sizes = []
    for number, seed in enumerate(seeds):
        if progress:
            progress(f"seed {seed}", number, len(seeds))
        drawn = split(graph, seed, by=by)
        sizes.append(len(drawn.test))
        known = graph.with_lines(lambda line, drawn=drawn: line not in drawn.test)  # type: ignore[misc]
        truth = links_on(graph.links, drawn.test)
        queries = queries_of(graph, truth)
        ours = fit_ours(graph, drawn, seed=seed, schedule=schedule, progress=progress, stop=stop)
        held = queries_of(graph, links_on(graph.links, drawn.held))
        learned = graph.with_lines(lambda line, drawn=drawn: line in drawn.train)  # type: ignore[misc]
        held_figures.append((evaluate(ours[0], learned, held).mrr, ours[1].held))
        rankers: list[Ranker] = [
            *ours,
            *(one.fit(known) for one in _baselines(seed, settings, compare_texts=compare_texts)),
        ]
        for one in rankers:
            tallies.setdefault(one.name, Tally(one.name)).runs.append(
                evaluate(one, known, queries, truth=truth)
            )
        for one in ours:
            pairs.setdefault(one.name, []).extend(examples(one, known, truth))
        if controls and number < _CONTROL_SEEDS:
            _controls(graph, drawn, tallies, schedule=schedule, stop=stop)
    rows = list(tallies.values())
    null = [one for one in rows if one.name.startswith("null")]
    flat = [one for one in rows[2:] if one not in null]
    chosen = int(sum(b for _, b in held_figures) > sum(a for a, _ in held_figures))
    table = Table(by, tuple(seeds), tuple(rows[:2]), tuple(flat), tuple(null), tuple(sizes))
    return Judged(table, calibrate(pairs[rows[chosen].name]), chosen)


def _baselines(seed: int, settings: Settings | None, *, compare_texts: bool) -> list[Fitted]:
    made: list[Fitted] = [
        BoostingRanker(seed),
        FrequencyRanker(),
        LogisticRanker(),
        DistMultRanker(seed),
        RandomRanker(seed),
    ]
    if compare_texts:
        made.append(TextRanker(settings))
    return made


@dataclass
class Stack(StackedRanker):
    """The mixture, with its figure on the held lines."""

    held: float = 0.0


def fit_ours(
    graph: LearningGraph,
    drawn: Split,
    *,
    seed: int,
    schedule: Schedule | None = None,
    progress: Progress | None = None,
    stop: Stop | None = None,
) -> tuple[PathModel, Stack]:
    """Train the path network, and mix it with boosting by weights chosen on the held lines."""
    path = train(graph, drawn, seed=seed, schedule=schedule, progress=progress, stop=stop)
    learned = graph.with_lines(lambda line: line in drawn.train)
    held = queries_of(graph, links_on(graph.links, drawn.held))
    trial = BoostingRanker(seed).fit(learned)
    weights = choose_weights(path, trial, learned, held)
    figure = evaluate(Stack(path, trial, weights), learned, held).mrr
    everything = graph.with_lines(lambda line: line not in drawn.test)
    return path, Stack(path, BoostingRanker(seed).fit(everything), weights, held=figure)


def _controls(
    graph: LearningGraph,
    drawn: Split,
    tallies: dict[str, Tally],
    *,
    schedule: Schedule | None,
    stop: Stop | None,
) -> None:
    """Train on graphs with nothing in them, and ask the true questions."""
    makers: dict[str, Callable[[LearningGraph, int], LearningGraph]] = {
        "null: shuffled labels": shuffle_labels,
        "null: rewired graph": rewire,
    }
    truth = links_on(graph.links, drawn.test)
    queries = queries_of(graph, truth)
    for name, make in makers.items():
        broken = make(graph, drawn.seed)
        model = train(broken, drawn, seed=drawn.seed, schedule=schedule, stop=stop)
        known = broken.with_lines(lambda line: line not in drawn.test)
        tallies.setdefault(name, Tally(name)).runs.append(
            evaluate(model, known, queries, truth=truth)
        )


def _final_split(graph: LearningGraph, seed: int) -> Split:
    """Return a split with nothing to test on: the model that is published has seen every line."""
    drawn = split(graph, seed)
    return Split(seed, drawn.by, tuple(sorted({*drawn.train, *drawn.test})), drawn.held, ())
