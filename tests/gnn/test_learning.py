"""Learning from the graph: what it sees, how it is judged, and when it is not published."""

from dataclasses import replace

import numpy as np
import pytest

from qualweave.config import Settings
from qualweave.errors import NotEnoughEvidence
from qualweave.gnn.controls import rewire, shuffle_labels
from qualweave.gnn.dataset import LearningGraph
from qualweave.gnn.decide import Accept, Refusal, decide
from qualweave.gnn.encode import _places, encode
from qualweave.gnn.evaluate import Scores, Tally, ranks
from qualweave.gnn.export import property_graph_of
from qualweave.gnn.gathering import Cancelled
from qualweave.gnn.models.flat import FrequencyRanker, RandomRanker
from qualweave.gnn.predict import calibrate, predict
from qualweave.gnn.publish import change_set
from qualweave.gnn.reading import Statement
from qualweave.gnn.schema import Relation
from qualweave.gnn.target import Query, candidates, links_on, queries_of, split
from qualweave.gnn.train import Schedule, train
from qualweave.gnn.training import TrainingReport, judge, train_from_graph, train_from_snapshot
from qualweave.store.port import Snapshot

SHORT = Schedule(epochs=12, patience=4)


@pytest.fixture(scope="module")
def report(graph: LearningGraph, settings: Settings) -> TrainingReport:
    return train_from_graph(graph, settings=settings, seeds=(0, 1, 2), schedule=SHORT)


def test_a_place_counts_the_larger_ones_of_a_group_and_equals_share_it() -> None:
    drawn = np.random.default_rng(3)
    values = np.round(drawn.normal(size=200), 1)
    groups = drawn.integers(0, 12, size=200)

    larger = [(values[groups == own] > one).sum() for one, own in zip(values, groups, strict=True)]
    assert (_places(values, groups) == 1 / (1 + np.array(larger))).all()
    assert _places(values[:0], groups[:0]).size == 0


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
    known = graph.with_lines(lambda line: line not in drawn.test)

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
    halfway = (figure["random"] + figure["path network"]) / 2

    assert figure["path network"] > figure["random"] + 0.2
    assert figure["null: shuffled labels"] < halfway + 0.05, figure
    assert figure["null: rewired graph"] < halfway + 0.05, figure


def test_null_controls_keep_the_size_and_break_the_content(graph: LearningGraph) -> None:
    shuffled, rewired = shuffle_labels(graph, 0), rewire(graph, 0)
    hidden = rewired.with_lines(lambda line: line not in split(graph, 0).test)

    assert len(shuffled.links) == len(graph.links)
    assert shuffled.links != graph.links
    assert rewired.links == graph.links  # the true questions are asked
    for broken in (
        rewired,
        hidden,
    ):  # and what the graph shows of them is broken, also after some are hidden
        for end in (("cause", "parameter"), ("via", "mechanism")):
            relation: Relation = ("link", *end)
            true = graph.with_link_list(broken.links).edges[relation]
            assert np.array_equal(np.sort(broken.edges[relation][1]), np.sort(true[1]))
            assert (broken.edges[relation][1] != true[1]).mean() > 0.3


def test_what_was_refuted_on_hidden_lines_is_hidden_as_well(graph: LearningGraph) -> None:
    drawn = split(graph, 0)
    hidden, seen = drawn.test[0], drawn.train[0]
    link = graph.links[0]
    said = [
        Statement("refuted", link.cause, link.effect, link.mechanism, line)
        for line in (hidden, seen, "")
    ]
    place = {name: n for n, name in enumerate(graph.nodes["line"])}
    ends = np.array([[0, 1], [place[hidden], place[seen]]])
    cause = graph.number("parameter", link.cause)
    planted = replace(
        graph,
        statements=(*graph.statements[: len(graph.nodes["hypothesis"])], *said),
        nodes={**graph.nodes, "refutation": ("hidden", "seen", "any")},
        edges={
            **graph.edges,
            ("refutation", "on", "line"): ends,
            ("refutation", "cause", "parameter"): np.array([[0, 1, 2], [cause] * 3]),
        },
    )

    known = planted.with_lines(lambda line: line not in drawn.test)
    encoded = encode(planted)

    assert [one.line for one in known.statements if one.kind == "refuted"] == [seen, ""]
    assert known.nodes["refutation"] == ("seen", "any")
    assert known.edges["refutation", "on", "line"].tolist() == [[0], [place[seen]]]
    assert known.edges["refutation", "cause", "parameter"].tolist() == [[0, 1], [cause, cause]]
    assert place[hidden] in encoded.link_line  # so a pass that hides the line hides its messages


def test_what_has_no_score_is_the_last(graph: LearningGraph) -> None:
    link = graph.links[0]
    query = Query("mechanism", link.line, link.effect, link.cause, frozenset({link.mechanism}))
    count = len(candidates(graph, query))
    right = candidates(graph, query).index(link.mechanism)
    one_lost = np.zeros(count)
    one_lost[right] = np.nan

    [[all_lost]] = ranks(graph, [query], [np.full(count, np.nan)])
    [[lost]] = ranks(graph, [query], [one_lost])

    assert all_lost == 1 + 0.5 * (count - 1)
    assert lost == count


def test_the_same_model_again_is_no_worse_than_itself() -> None:
    mine = Tally(
        "ours", [Scores({"cause": {"mrr": 0.7183158, "hits@1": 0, "hits@10": 0, "answers": 1}})]
    )

    assert isinstance(decide(mine, [], former=0.718316), Accept)


def test_too_few_examples_give_no_confidence(graph: LearningGraph) -> None:
    few = calibrate([(0.0, True), (-1.0, False)])

    assert not few.fitted
    assert predict(RandomRanker(0), graph, few, least=0.0) == ()


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
    assert report.graph.content_hash in triples
    assert "splitDescription" in triples
    assert any(one.name.startswith("null") for one in report.table.controls)


def test_hypotheses_are_published_with_the_model_and_only_with_it(report: TrainingReport) -> None:
    guess = predict(report.model, report.graph, report.calibration, least=0.0)[0]
    accepted = replace(report, decision=Accept(0.7, "frequency", 0.6), predictions=(guess,))
    refused = replace(accepted, decision=Refusal(0.5, "frequency", 0.6))

    assert "PredictedLink" in change_set(accepted).inserts.decode()
    assert "PredictedLink" not in change_set(refused).inserts.decode()


def test_what_engineers_have_labelled_is_not_guessed(report: TrainingReport) -> None:
    labelled = {(one.line, one.effect) for one in report.graph.links}

    found = predict(report.model, report.graph, report.calibration, least=0.0)

    assert report.calibration.fitted
    assert found
    assert not {(one.line, one.effect) for one in found} & labelled
    assert all(0 < one.confidence < 1 for one in found)


def test_a_baseline_never_counts_a_lines_own_labels(graph: LearningGraph) -> None:
    queries = queries_of(graph, graph.links)
    alone = graph.with_lines(lambda line: line == graph.links[0].line)
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
