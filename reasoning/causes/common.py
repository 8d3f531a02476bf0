"""`root_causes`: what bad items have in common that good ones have not, ranked by evidence.

It walks back from the bad items, collects what they met (changes that stood while an operation ran, lots, machines,
organisations, values off their own history), compares with good items of the same kind, and adds up the evidence.
Where no genealogy edge reaches an operation upstream it refuses: an answer would be a guess.
"""

from collections import deque
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from qualweave.errors import NotEnoughEvidence
from qualweave.evidence import Evidence
from qualweave.iri import DEFAULT_BASE, local_name
from qualweave.reasoning.causes.candidate import CauseAnswer, CauseCandidate, PathStep
from qualweave.reasoning.causes.contrast import Contrast
from qualweave.reasoning.causes.exposures import (
    Deviation,
    Exposure,
    Exposures,
    Met,
    Standing,
    trouble_of,
)
from qualweave.reasoning.causes.scoring import of_change, of_contrast, of_deviation
from qualweave.reasoning.trace.answer import TraceGap
from qualweave.reasoning.trace.classes import GAPS
from qualweave.reasoning.trace.genealogy import GenealogyIndex
from qualweave.reasoning.trace.records import Record
from qualweave.reasoning.trace.resolve import resolve_item
from qualweave.store.port import Snapshot

_MOST_PEERS = 400  # good (and alike bad) items that are walked back; more add little to an interval
_MOST_SCORED = 200
_SHOWN = 5


def root_causes(
    snapshot: Snapshot,
    index: GenealogyIndex,
    items: str | Sequence[str],
    *,
    good: Sequence[str] | None = None,
    limit: int = 10,
    tenant: str = "plant",
    base: str = DEFAULT_BASE,
) -> CauseAnswer:
    """Return the common causes of bad items, the best supported first.

    Args:
        snapshot: State of the graph.
        index: Genealogy of that state.
        items: One bad item or several, each as IRI, GS1 identity or plain number.
        good: Items to compare with; items of the same kind without trouble on record where left out.
        limit: Most candidates.
        tenant: Whose plain numbers are meant.
        base: Namespace of data IRIs.

    Raises:
        NotFound: If an item is not known.
        NotEnoughEvidence: If no genealogy edge leads from the items to an operation upstream.
    """
    asked = [items] if isinstance(items, str) else list(dict.fromkeys(items))
    bad = [
        one if one in index else resolve_item(snapshot, index, one, tenant=tenant, base=base)
        for one in asked
    ]
    reader = Exposures(index)
    gaps = _require_upstream(index, reader, bad)
    trouble = frozenset().union(*trouble_of(index, bad).values())
    alike, clean = _peers(index, bad, trouble)
    clean = list(good) if good is not None else clean
    everyone = [*bad, *alike]
    case = _Case(index, reader, everyone, clean)
    ranked = sorted(case.candidates(), key=lambda one: (-one.score, one.kind, one.iri))
    return CauseAnswer(
        items=tuple(bad),
        bad=tuple(everyone),
        good=tuple(clean),
        trouble=tuple(sorted(trouble)),
        candidates=tuple(ranked[:limit]),
        gaps=gaps,
        questions=() if ranked and ranked[0].kind == "change" else case.unlogged(),
        commit=index.commit,
    )


def _require_upstream(
    index: GenealogyIndex, reader: Exposures, bad: Sequence[str]
) -> tuple[TraceGap, ...]:
    """Return where the chains of the items break off, if at least one reaches an operation upstream."""
    ancestors = {one: None for item in bad if item in index for one in index.closure(item, "back")}
    codes = {one: index.gap_of(one) for one in (*bad, *ancestors)}
    gaps = tuple(TraceGap(one, code, GAPS[code]) for one, code in codes.items() if code)
    if any(met.operations for met in reader.at(list(ancestors)).values()):
        return gaps
    ends = [gap.item for gap in gaps] or list(ancestors) or list(bad)
    names = ", ".join(local_name(one) for one in ends[:5])
    raise NotEnoughEvidence(
        f"No genealogy edge leads to an operation upstream; the chain ends at {names}.",
        message_zh=f"没有谱系关系通向任何上游工序；链条在 {names} 处中断。",
        next_step="Ingest the records that say how these were made, and from what.",
        next_step_zh="请导入说明其制造过程与来源的记录。",
        data={"missing": ["genealogy"], "items": list(bad), "ends": list(ends)},
    )


def _peers(
    index: GenealogyIndex, bad: Sequence[str], trouble: frozenset[str]
) -> tuple[list[str], list[str]]:
    """Return the peers with the same trouble, and those without any; thinned out evenly where many."""
    known = set(bad)
    peers = sorted({one for item in bad for one in index.peers_of(item)} - known)
    troubles = trouble_of(index, peers)
    # "nonconforming" alone is too wide to call two items alike where a defect class is known.
    telling = trouble - {"nonconforming"} or trouble
    alike = [one for one in peers if telling & troubles.get(one, frozenset())]
    return _thinned(alike), _thinned([one for one in peers if one not in troubles])


def _thinned(items: Sequence[str]) -> list[str]:
    step = max(len(items) / _MOST_PEERS, 1.0)
    return [items[int(place * step)] for place in range(min(len(items), _MOST_PEERS))]


@dataclass
class _Case:
    """One analysis: who is bad, who is good, and what they met."""

    index: GenealogyIndex
    reader: Exposures
    bad: Sequence[str]
    good: Sequence[str]

    def candidates(self) -> list[CauseCandidate]:
        """Return every thing that a bad item met, scored."""
        met_by_bad = {one: self.reader.of(one) for one in self.bad}
        met_by_good = [self.reader.of(one) for one in self.good]
        contrasts = {
            exposure: Contrast(
                bad_exposed=sum(exposure in met for met in met_by_bad.values()),
                bad=len(self.bad),
                good_exposed=sum(exposure in met for met in met_by_good),
                good=len(self.good),
            )
            for exposure in set[Exposure]().union(*met_by_bad.values())
        }
        # What lies beyond the best by contrast can gain no more than the caps of the other parts.
        order = sorted(
            contrasts, key=lambda one: (-contrasts[one].interval[0], one.kind, one.iri, one.detail)
        )
        chosen = [one for one in order if one.kind == "change"]
        chosen += [one for one in order if one.kind != "change"][:_MOST_SCORED]
        return [self._candidate(one, contrasts[one], met_by_bad) for one in chosen]

    def _candidate(
        self, exposure: Exposure, contrast: Contrast, met_by_bad: Mapping[str, set[Exposure]]
    ) -> CauseCandidate:
        item = next(one for one in self.bad if exposure in met_by_bad[one])
        way = self._way(item, exposure)
        met = self.reader.at(way)
        # What is off on the item itself is the trouble that is asked about; a cause shows on the way.
        deviations = [one for name in way[1:] or way for one in met[name].deviations]
        standing = _standing(met[way[-1]], exposure)
        evidence: list[Evidence] = [of_contrast(contrast, exposure.iri)]
        if standing is not None:
            evidence += of_change(standing, self._others(standing))
        if deviations:
            evidence.append(of_deviation(max(deviations, key=lambda one: abs(one.z))))
        return CauseCandidate(
            kind=exposure.kind,
            iri=exposure.iri,
            detail=exposure.detail,
            score=sum(one.weight for one in evidence),
            contrast=contrast,
            path=tuple(_path(way, met, exposure, standing)),
            evidence=tuple(evidence),
        )

    def unlogged(self) -> tuple[Evidence, ...]:
        """Return the question where machines made something unusual and no change of theirs is on record."""
        way = {
            one
            for item in self.bad
            if item in self.index
            for one in self.index.closure(item, "back")
        }
        machines = {
            operation.facts.get("equipment", "")
            for met in self.reader.at(sorted(way)).values()
            if met.deviations
            for operation in met.operations
        }
        silent = sorted(machines - {""} - set(self.reader.changes()))
        if not silent:
            return ()
        names = ", ".join(local_name(one) for one in silent[:_SHOWN])
        told = {
            "en": f"Values were unusual at {names}, of which no parameter change is on record. Was a setting changed? "
            "Ingest the change log.",
            "zh": f"{names} 处的数值异常，但没有其参数变更记录。是否有人改过设定？请导入变更日志。",
        }
        return (
            Evidence("question", told, sources=tuple(silent), rule="unlogged-change", version="1"),
        )

    def _others(self, standing: Standing) -> list[Record]:
        facts = standing.change.facts
        same = self.reader.changes().values()
        return [
            change
            for group in same
            for change, _ in group
            if change.facts.get("changed_parameter") == facts.get("changed_parameter")
        ]

    def _way(self, item: str, exposure: Exposure) -> list[str]:
        """Return the shortest way from an item to the nearest item at whose making the thing was met."""
        waiting, before = deque([item]), {item: ""}
        while waiting:
            one = waiting.popleft()
            if self._is_met_at(one, exposure, item):
                way = [one]
                while before[way[-1]]:
                    way.append(before[way[-1]])
                return way[::-1]
            for _, parent in self.index.edges_among([one], "back"):
                if parent not in before:
                    before[parent] = one
                    waiting.append(parent)
        return [item]

    def _is_met_at(self, item: str, exposure: Exposure, start: str) -> bool:
        if exposure.kind == "lot":
            return item == exposure.iri and item != start
        met = self.reader.at([item])[item]
        return exposure in (met.own_exposures if item == start else met.exposures)


def _standing(met: Met, exposure: Exposure) -> Standing | None:
    """Return the change's longest standing at the item's operations."""
    if exposure.kind != "change":
        return None
    found = [one for one in met.standing if one.change.iri == exposure.iri]
    return max(found, key=lambda one: one.share, default=None)


def _path(
    way: Sequence[str], met: Mapping[str, Met], exposure: Exposure, standing: Standing | None
) -> Iterable[PathStep]:
    maker = ""
    for item in way:
        yield PathStep("item", item)
        if met[item].organization and met[item].organization != maker:
            maker = met[item].organization
            yield PathStep("organization", maker)
        for one in met[item].deviations:
            yield _deviation_step(one)
    last = met[way[-1]]
    operation = standing.operation if standing else next(iter(last.operations), None)
    if operation is not None and exposure.kind != "lot":
        yield PathStep("operation", operation.iri, operation.facts.get("started_at", ""))
        if "equipment" in operation.facts:
            yield PathStep("equipment", operation.facts["equipment"])
    if standing is not None:
        yield PathStep("change", standing.change.iri, _change_note(standing.change))


def _deviation_step(one: Deviation) -> PathStep:
    note = f"{one.value:g} instead of {one.usual:g} (z {one.z:+.1f}), {local_name(one.record)}"
    return PathStep("deviation", one.parameter, note)


def _change_note(change: Record) -> str:
    facts = change.facts
    name = local_name(facts.get("changed_parameter", ""))
    values = f"{facts.get('previous_value', '?')} → {facts.get('new_value', '?')}"
    return f"{name} {values}, {facts.get('started_at', '')} to {facts.get('ended_at', '…')}"
