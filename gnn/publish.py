"""The model card and the predicted links as a change set for a graph of their own.

Entailment and decisions do not read learned graphs. A model that loses is not published: its card is kept, with the
status and the figures that say why.
"""

from collections.abc import Iterator
from decimal import Decimal
from typing import TYPE_CHECKING

import pyoxigraph as ox
from pyoxigraph import Literal, NamedNode, Triple

from qualweave.gnn.decide import Refusal
from qualweave.gnn.explain import explain
from qualweave.gnn.predict import Prediction
from qualweave.gnn.target import Query
from qualweave.iri import DEFAULT_BASE, PROV, RDF, RDFS, XSD, Q, graph_iri, mint
from qualweave.store.port import ChangeSet, Snapshot

if TYPE_CHECKING:
    from qualweave.gnn.training import TrainingReport

_EXPLAINED = 40
_PATHS = 2


def change_set(
    report: "TrainingReport", *, tenant: str = "plant", base: str = DEFAULT_BASE
) -> ChangeSet:
    """Return the card of a run and, where the model may be published, its predicted links.

    Args:
        report: What came of the training.
        tenant: Whose IRIs are minted.
        base: Namespace of data IRIs.
    """
    run = mint("run", report.run, tenant=tenant, base=base)
    triples = list(_card(report, run))
    published = not isinstance(report.decision, Refusal)
    if published:
        for number, one in enumerate(report.predictions):
            triples += _link(report, run, number, one)
    return ChangeSet(
        graph=graph_iri("learned", tenant, report.run, base=base),
        role="learned",
        inserts=ox.serialize(triples, format=ox.RdfFormat.N_TRIPLES) or b"",
        replace=True,
        about={
            "run": report.run,
            "status": "published" if published else "not published",
            "links": len(report.predictions) if published else 0,
            "mrr": round(report.decision.figure, 4),
            "rival": report.decision.rival,
            "rival_mrr": round(report.decision.rival_figure, 4),
            "training_graph": report.graph.content_hash,
            "split": report.table.describe(),
        },
    )


def _card(report: "TrainingReport", run: str) -> Iterator[Triple]:
    from qualweave.gnn.training import VERSION  # noqa: PLC0415 - training publishes, too

    model = f"{run}/model"
    refused = isinstance(report.decision, Refusal)
    coverage = report.graph.coverage
    yield _triple(run, RDF + "type", NamedNode(Q + "ModelRun"))
    yield _triple(run, RDF + "type", NamedNode(PROV + "Activity"))
    yield _triple(run, Q + "usedModel", NamedNode(model))
    yield _triple(model, RDF + "type", NamedNode(Q + "PredictionModel"))
    yield _triple(model, RDFS + "label", Literal(report.model.name))
    yield _triple(model, Q + "semanticVersion", Literal(VERSION))
    yield _triple(
        run, Q + "recordedAt", Literal(report.at.isoformat(), datatype=NamedNode(XSD + "dateTime"))
    )
    yield _triple(run, Q + "hashValue", Literal(report.graph.content_hash))
    yield _triple(run, Q + "trainedOnCommit", Literal(report.graph.commit))
    yield _triple(run, Q + "modelStatus", Literal("not published" if refused else "published"))
    for language in ("en", "zh"):
        yield _triple(
            run, Q + "splitDescription", Literal(report.table.describe(language), language=language)
        )
        if isinstance(report.decision, Refusal):
            yield _triple(
                run,
                RDFS + "comment",
                Literal(report.decision.in_language(language), language=language),
            )
    yield _triple(run, Q + "labelCoverage", _decimal(coverage.share))
    yield _triple(run, Q + "labelCoveragePolicy", _decimal(report.policy))
    for name, value in (
        ("alarmEpisodes", coverage.episodes),
        ("labelledEpisodes", coverage.labelled),
    ):
        yield _triple(run, Q + name, Literal(value))
    for seed in report.table.seeds:
        yield _triple(run, Q + "randomSeed", Literal(seed))
    for note in report.notes:
        yield _triple(run, Q + "remark", Literal(note))
    yield from _metrics(report, run)


def _metrics(report: "TrainingReport", run: str) -> Iterator[Triple]:
    for row, tally in enumerate(report.table.tallies):
        for column, (name, (mean, deviation)) in enumerate(tally.summary().items()):
            node = f"{run}/metric/{row}-{column}"
            yield _triple(run, Q + "hasMetric", NamedNode(node))
            yield _triple(node, RDF + "type", NamedNode(Q + "ModelMetric"))
            yield _triple(node, Q + "modelName", Literal(tally.name))
            yield _triple(node, Q + "isBaseline", Literal(tally not in report.table.ours))
            yield _triple(node, Q + "metricName", Literal(name))
            yield _triple(node, Q + "metricMean", _decimal(mean))
            yield _triple(node, Q + "metricDeviation", _decimal(deviation))
            yield _triple(node, Q + "runsCounted", Literal(len(tally.runs)))


def _link(report: "TrainingReport", run: str, number: int, one: Prediction) -> Iterator[Triple]:
    node = f"{run}/link/{number}"
    for kind in ("PredictedLink", "CausalLink"):
        yield _triple(node, RDF + "type", NamedNode(Q + kind))
    for name, value in (
        ("hasCause", one.cause),
        ("hasEffect", one.effect),
        ("viaMechanism", one.mechanism),
        ("onLine", one.line),
        ("predictedBy", run),
    ):
        yield _triple(node, Q + name, NamedNode(value))
    yield _triple(node, Q + "linkStrength", _decimal(one.confidence))
    yield _triple(node, Q + "causeDirection", Literal(one.direction))
    yield _triple(node, Q + "linkStatus", Literal("suspected spurious" if one.spurious else "open"))
    evidence = f"{node}/evidence"
    yield _triple(node, Q + "supportedBy", NamedNode(evidence))
    yield _triple(evidence, RDF + "type", NamedNode(Q + "Evidence"))
    for language, sentence in _statistics_sentence(report, one).items():
        yield _triple(evidence, RDFS + "comment", Literal(sentence, language=language))
    if number < _EXPLAINED:
        yield from _paths(report, node, one)


def _paths(report: "TrainingReport", node: str, one: Prediction) -> Iterator[Triple]:
    query = Query("cause", one.line, one.effect, one.mechanism)
    paths = explain(report.path_model, report.graph, query, one.cause, top=_PATHS)
    for number, path in enumerate(paths):
        evidence = f"{node}/path/{number}"
        yield _triple(node, Q + "supportedBy", NamedNode(evidence))
        yield _triple(evidence, RDF + "type", NamedNode(Q + "Evidence"))
        yield _triple(evidence, Q + "confidenceValue", _decimal(path.weight))
        for language in ("en", "zh"):
            sentence = path.sentence(report.graph, language)
            yield _triple(evidence, RDFS + "comment", Literal(sentence, language=language))


def _statistics_sentence(report: "TrainingReport", one: Prediction) -> dict[str, str]:
    numbers = one.statistics
    en, zh = (
        {
            name: report.graph.word(getattr(one, name), language)
            for name in ("cause", "effect", "line")
        }
        for language in ("en", "zh")
    )
    counts = f"{numbers['positives']:.0f}", f"{numbers['n']:.0f}"
    return {
        "en": f"On {en['line']}, {en['cause']} stands apart where {en['effect']} occurs: z = {numbers['z']:+.1f} "
        f"({numbers['within']:+.1f} within environments), {counts[0]} of {counts[1]} items with the defect.",
        "zh": f"{zh['line']} 上出现{zh['effect']}时{zh['cause']}有差异：z={numbers['z']:+.1f}"
        f"（环境内 {numbers['within']:+.1f}），{counts[1]} 件中 {counts[0]} 件有该缺陷。",
    }


def former_figure(snapshot: Snapshot, tenant: str | None = None) -> float | None:
    """Return the MRR of the model that was published last, None where there is none."""
    entries = snapshot.graphs("learned", tenant=tenant)
    figures = []
    for entry in entries:
        rows = snapshot.select(
            "SELECT ?at ?mean WHERE { ?run a q:ModelRun ; q:modelStatus 'published' ; q:recordedAt ?at ; "
            "q:usedModel/rdfs:label ?name ; q:hasMetric ?m . "
            "?m q:metricName 'mrr' ; q:modelName ?name ; q:metricMean ?mean }",
            graphs=[entry.graph],
        )
        figures += [
            (getattr(row["at"], "value", ""), float(getattr(row["mean"], "value", 0)))
            for row in rows
        ]
    return max(figures)[1] if figures else None


def _triple(subject: str, predicate: str, value: NamedNode | Literal) -> Triple:
    return Triple(NamedNode(subject), NamedNode(predicate), value)


def _decimal(number: float) -> Literal:
    return Literal(str(Decimal(f"{number:.6f}")), datatype=NamedNode(XSD + "decimal"))
