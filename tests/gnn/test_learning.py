"""Learning from the graph: what it sees, how it is judged, and when it is not published."""

from dataclasses import replace

import numpy as np
import pytest

from qualweave.config import Settings
from qualweave.errors import NotEnoughEvidence
from qualweave.gnn.controls import rewire, shuffle_labels
from qualweave.gnn.dataset import LearningGraph
from qualweave.gnn.decide import Accept, Refusal, decide
from qualweave.gnn.evaluate import Scores, Tally, ranks
from qualweave.gnn.export import property_graph_of
from qualweave.gnn.gathering import Cancelled
from qualweave.gnn.models.flat import FrequencyRanker, RandomRanker
from qualweave.gnn.publish import change_set
from qualweave.gnn.target import Query, candidates, links_on, queries_of, split
from qualweave.gnn.train import Schedule, train
from qualweave.gnn.training import TrainingReport, judge, train_from_graph, train_from_snapshot
from qualweave.store.port import Snapshot

SHORT = Schedule(epochs=12, patience=4)


@pytest.fixture(scope="module")
def report(graph: LearningGraph, settings: Settings) -> TrainingReport:
    return train_from_graph(graph, settings=settings, seeds=(0, 1, 2), schedule=SHORT)


def test_the_graph_holds_lines_sensors_evidence_and_labels(graph: LearningGraph) -> None:
    assert len(graph.nodes["line"]) > 20
    assert len(graph.nodes["sensor"]) > 100
    assert len(graph.links) > 30
    assert np.isfinite(graph.evidence).all()


def test_candidates_are_the_lines_own_parameters(graph: LearningGraph) -> None:
    link = graph.links[0]
    query = Query("cause", link.line, link.effect, link.mechanism)

    assert set(candidates(graph, query)) == set(graph.parameters_of[link.line])


def test_hidden_lines_lose_their_labels_and_keep_their_evidence(graph: LearningGraph) -> None:
    drawn = split(graph, 0)
    known = graph.with_links(lambda link: link.line not in drawn.test)

    assert not {link.line for link in known.links} & set(drawn.test)
    assert np.array_equal(known.evidence, graph.evidence)
    assert not {*drawn.train} & {*drawn.held} | {*drawn.train} & {*drawn.test}


def test_a_tie_shares_the_mean_rank(graph: LearningGraph) -> None:
    link = graph.links[0]
    query = Query("mechanism", link.line, link.effect, link.cause, frozenset({link.mechanism}))
    flat = np.zeros(len(candidates(graph, query)))

    [[rank]] = ranks(graph, [query], [flat])

    assert rank == 1 + 0.5 * (len(flat) - 1)


def test_the_same_seed_gives_the_same_scores(graph: LearningGraph) -> None:
    drawn = split(graph, 0)
    queries = queries_of(graph, links_on(graph.links, drawn.test))[:4]
    short = replace(SHORT, epochs=2)

    first, again = (
        train(graph, drawn, seed=3, schedule=short).scores(graph, queries) for _ in range(2)
    )

    for one, two in zip(first, again, strict=True):
        assert np.allclose(one, two)


def test_the_network_beats_chance_and_its_null_controls(graph: LearningGraph) -> None:
    table = judge(graph, (0, 1), schedule=SHORT, controls=True).table
    figure = {one.name: one.summary()["mrr"][0] for one in table.tallies}

    assert figure["path network"] > figure["random"] + 0.2
    assert figure["path network"] > figure["null: shuffled labels"]
    assert figure["path network"] > figure["null: rewired graph"]


def test_null_controls_keep_the_size_and_break_the_content(graph: LearningGraph) -> None:
    shuffled, rewired = shuffle_labels(graph, 0), rewire(graph, 0)

    assert len(shuffled.links) == len(graph.links)
    assert shuffled.links != graph.links
    assert rewired.content_hash != graph.content_hash


def test_a_model_that_loses_is_not_published_and_says_by_how_much() -> None:
    def tally(name: str, figure: float) -> Tally:
        return Tally(
            name, [Scores({"cause": {"mrr": figure, "hits@1": 0, "hits@10": 0, "answers": 1}})]
        )

    refusal = decide(tally("ours", 0.5), [tally("frequency", 0.6), tally("random", 0.1)])

    assert isinstance(refusal, Refusal)
    assert refusal.shortfall == pytest.approx(0.1)
    assert "frequency" in refusal.in_language("en")
    assert "0.600" in refusal.in_language("zh")
    assert isinstance(decide(tally("ours", 0.7), [tally("frequency", 0.6)]), Accept)
    assert isinstance(decide(tally("ours", 0.7), [tally("frequency", 0.6)], former=0.8), Refusal)


def test_alarms_without_a_signed_label_keep_training_from_starting(
    snapshot: Snapshot, settings: Settings
) -> None:
    strict = settings.model_copy(update={"label_coverage": 1.0})

    with pytest.raises(NotEnoughEvidence) as caught:
        train_from_snapshot(snapshot, strict, seeds=(0,), compare_texts=False)

    assert caught.value.data["missing"]


def test_training_can_be_cancelled(graph: LearningGraph) -> None:
    with pytest.raises(Cancelled):
        train(graph, split(graph, 0), stop=lambda: True)


def test_the_report_carries_a_table_a_card_and_calibrated_hypotheses(
    report: TrainingReport,
) -> None:
    names = {one.name for one in report.table.tallies}
    triples = change_set(report).inserts.decode()

    assert {
        "path network",
        "stacked",
        "boosting",
        "frequency",
        "logistic",
        "DistMult",
        "random",
    } <= names
    assert all(0 <= one.confidence <= 1 for one in report.predictions)
    assert report.graph.content_hash in triples
    assert ("PredictedLink" in triples) == (
        isinstance(report.decision, Accept) and bool(report.predictions)
    )
    assert "splitDescription" in triples


def test_a_baseline_never_counts_a_lines_own_labels(graph: LearningGraph) -> None:
    queries = queries_of(graph, graph.links)
    alone = graph.with_links(lambda link: link.line == graph.links[0].line)
    mine = [one for one in queries if one.line == graph.links[0].line]

    scores = FrequencyRanker().fit(alone).scores(alone, mine)

    assert all(np.allclose(one, one[0]) for one in scores if len(one))
    assert len(RandomRanker(0).scores(graph, mine)) == len(mine)


def test_the_learning_graph_leaves_with_every_node_edge_and_statistic(graph: LearningGraph) -> None:
    found = property_graph_of(graph)

    evidence = graph.evidence.shape
    nodes = sum(len(names) for names in graph.nodes.values())
    assert len(found.nodes) == nodes + evidence[0]
    assert len(found.edges) == sum(pairs.shape[1] for pairs in graph.edges.values()) + evidence[0]
    assert len(found.values) == evidence[0] * evidence[1]
    found.to_pyg().validate()
