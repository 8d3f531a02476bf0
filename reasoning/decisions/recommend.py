"""`recommend`: from what was noticed at a station to bounded, evidenced interventions.

Read (`station`), decide (`response`, `checks`), and put together in the order of the rule table. Which outcome
is improved, and in which direction, is read from verdicts and defects, never assumed; where they do not tell,
there is no recommendation.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

import numpy as np
from pyoxigraph import NamedNode
from scipy.stats import rankdata

from qualweave.errors import NotEnoughEvidence, NotFound
from qualweave.evidence import Evidence
from qualweave.iri import Q, local_name
from qualweave.ontology.terms import TermIndex
from qualweave.reasoning.decisions.checks import Finding, find_checks
from qualweave.reasoning.decisions.intervention import (
    Action,
    Check,
    Intervention,
    ParameterAdjustment,
    check,
)
from qualweave.reasoning.decisions.response import Move, Response, fit_response
from qualweave.reasoning.decisions.sentence import quantity_kind
from qualweave.reasoning.decisions.station import (
    Outcome,
    Setpoint,
    missing,
    process_of,
    read_defects,
    read_outcomes,
    read_setpoints,
    read_settings,
    table_of,
    text,
)
from qualweave.reasoning.decisions.tables import action_rank, risk_of
from qualweave.reasoning.statistics.rules import Floats
from qualweave.reasoning.trace.genealogy import GenealogyIndex
from qualweave.store.port import Snapshot

_SEPARATES = 0.8  # area under the curve from which a characteristic tells good from bad
_FEWEST = 3  # verdicts of either kind that a direction needs
_SHOWN_SOURCES = 50
_ALARM = """
SELECT ?alarm ?station ?effect WHERE {
  ?alarm a q:Alarm ; q:usesEquipment ?station .
  OPTIONAL { ?alarm q:hasRootCauseLabel ?label . ?label q:hasEffect ?effect }
}
"""
_CASES = """
SELECT ?process ?defect ?case WHERE { ?case a q:QualityCase ; q:caseProcess ?process ; q:caseDefect ?defect }
ORDER BY ?case
"""


@dataclass(frozen=True)
class Situation:
    """What is asked about.

    Attributes:
        station: IRI of the equipment; ``""`` where an alarm names it.
        alarm: IRI of an alarm.
        defect: IRI of a class of defect.
        characteristic: IRI of a measured product characteristic.
    """

    station: str = ""
    alarm: str = ""
    defect: str = ""
    characteristic: str = ""


@dataclass(frozen=True)
class Goal:
    """An outcome to improve.

    Attributes:
        outcome: Its values.
        better: The same, turned so that the greater is the better; shape ``(n,)``.
        separation: How well it tells good from bad, 0.5 to 1.
        direction: ``"higher"``, ``"lower"`` or ``"centre"`` is better.
    """

    outcome: Outcome
    better: Floats
    separation: float
    direction: str


def recommend(
    snapshot: Snapshot,
    terms: TermIndex,
    situation: Situation,
    *,
    now: datetime,
    index: GenealogyIndex | None = None,
    tenant: str = "plant",
) -> tuple[Intervention, ...]:
    """Return interventions for a situation, the one with the clearest gain first.

    Args:
        snapshot: What is read.
        terms: Units, quantity kinds and names.
        situation: What is asked about.
        now: The moment that validity counts from; aware.
        index: The genealogy, where the caller has it.
        tenant: Whose the interventions are.

    Returns:
        Checked interventions; none where the station stands at its optimum and nothing differs.

    Raises:
        NotFound: If the alarm or station is not in the graph.
        NotEnoughEvidence: If set points with bounds, outcomes or a direction are missing, or no model holds.
    """
    asked = _resolved(snapshot, situation)
    setpoints = read_setpoints(snapshot, asked.station)
    parameters = [one.setting.parameter for one in setpoints]
    settings = read_settings(snapshot, asked.station, parameters)
    goals = _goals(snapshot, asked, settings)
    findings = find_checks(snapshot, terms, asked.station, index=index)
    fits, refusals = [], []
    for goal in goals:
        table, complete = table_of(settings, parameters, goal.outcome)
        try:
            fit = fit_response(
                [one.setting for one in setpoints], table[complete], goal.better[complete]
            )
        except NotEnoughEvidence as refusal:
            refusals.append(refusal)
            continue
        fits.append((fit, goal))
    if not fits:
        raise refusals[0]
    process = process_of(snapshot, asked.station)
    cases = _cases(snapshot, process, asked.defect)
    made = [
        _intervention(asked, fit, goal, findings=findings, setpoints=setpoints, terms=terms,
                      process=process, now=now)
        for fit, goal in sorted(fits, key=lambda one: -_clarity(one[0]))
    ]  # fmt: skip
    found = [replace(one, based_on_cases=cases, tenant=tenant) for one in made if one.actions]
    for one in found:
        check(one, now)
    return tuple(found)


def _clarity(fit: Response) -> float:
    return fit.gain / fit.noise if fit.noise else fit.gain


def _resolved(snapshot: Snapshot, situation: Situation) -> Situation:
    asked = situation
    if situation.alarm:
        rows = snapshot.select(_ALARM, bindings={"alarm": NamedNode(situation.alarm)})
        if not rows:
            raise _unknown("alarm", situation.alarm)
        row = rows[0]
        asked = replace(
            situation,
            station=situation.station or text(row["station"]),
            defect=situation.defect or text(row["effect"]),
        )
    if not asked.station or not _is_used(snapshot, asked.station):
        raise _unknown("station", asked.station)
    return asked


def _is_used(snapshot: Snapshot, station: str) -> bool:
    uses = snapshot.quads(None, NamedNode(Q + "usesEquipment"), NamedNode(station))
    return next(uses, None) is not None


def _unknown(what: str, iri: str) -> NotFound:
    return NotFound(
        f"No {what} {local_name(iri)!r} is known." if iri else f"No {what} is named.",
        message_zh=f"图中没有 {local_name(iri)!r} 的记录。" if iri else "未指明设备或报警。",
        next_step="Name the equipment as its records do, or ingest them.",
        next_step_zh="请按记录中的名称指明设备，或先导入记录。",
        data={what: iri},
    )


# --- which outcome, which direction --------------------------------------------------------------


def _goals(
    snapshot: Snapshot, asked: Situation, settings: dict[str, dict[str, float]]
) -> list[Goal]:
    outcomes = read_outcomes(snapshot, asked.station)
    defects = read_defects(snapshot, asked.station)
    if asked.characteristic:
        outcomes = {k: one for k, one in outcomes.items() if k == asked.characteristic}
    bad = defects.get(asked.defect or Q + "Defect", frozenset())
    found = [goal for one in outcomes.values() if (goal := orient(one, _bad(one, bad)))]
    if not found and asked.defect and bad and not asked.characteristic:
        found = [_share(asked.defect, bad, settings)]
    if not found:
        raise missing(
            "outcome",
            f"No measured outcome of {local_name(asked.station)} tells good from bad.",
            f"{local_name(asked.station)} 没有能区分好坏的测量结果。",
        )
    return sorted(found, key=lambda one: (-one.separation, one.outcome.characteristic))


def _bad(outcome: Outcome, defective: frozenset[str]) -> Floats:
    """Return 1 for bad, 0 for good, NaN for unknown; a verdict beside the value counts before a defect."""
    by_defect = np.array([1.0 if one in defective else 0.0 for one in outcome.operations])
    if not defective:
        by_defect[:] = np.nan
    return np.where(np.isnan(outcome.conforms), by_defect, 1 - outcome.conforms)


def orient(outcome: Outcome, bad: Floats) -> Goal | None:
    """Return the outcome turned towards better, or None where good and bad do not differ in it.

    Args:
        outcome: The measured values.
        bad: 1 for bad, 0 for good, NaN for unknown, shape ``(n,)``.
    """
    known = np.isfinite(bad)
    is_bad, values = bad[known] == 1, outcome.values[known]
    if min(is_bad.sum(), (~is_bad).sum()) < _FEWEST:
        return None
    centre = float(np.median(values[~is_bad]))
    turned = {
        "higher": outcome.values,
        "lower": -outcome.values,
        "centre": -((outcome.values - centre) ** 2),
    }
    areas = {name: _area(one[known], is_bad) for name, one in turned.items()}
    best = max(areas, key=lambda name: (areas[name], name != "centre"))
    if areas[best] < _SEPARATES:
        return None
    return Goal(outcome, turned[best], areas[best], best)


def _area(better: Floats, is_bad: np.ndarray[tuple[int, ...], np.dtype[np.bool_]]) -> float:
    """Return the chance that a good one stands above a bad one (area under the ROC curve)."""
    ranks = rankdata(better)
    bad_count, good_count = int(is_bad.sum()), int((~is_bad).sum())
    return float((ranks[~is_bad].sum() - good_count * (good_count + 1) / 2) / (bad_count * good_count))  # fmt: skip


def _share(defect: str, bad: frozenset[str], settings: dict[str, dict[str, float]]) -> Goal:
    operations = tuple(sorted(settings))
    values = np.array([1.0 if one in bad else 0.0 for one in operations])
    outcome = Outcome(defect, operations, operations, values, 1 - values)
    return Goal(outcome, -values, 1.0, "lower")


def _cases(snapshot: Snapshot, process: str, defect: str) -> tuple[str, ...]:
    if not process or not defect:
        return ()
    known = {"process": NamedNode(process), "defect": NamedNode(defect)}
    return tuple(text(row["case"]) for row in snapshot.select(_CASES, bindings=known))


# --- putting together ----------------------------------------------------------------------------


def _intervention(
    asked: Situation,
    fit: Response,
    goal: Goal,
    *,
    findings: Sequence[Finding],
    setpoints: Sequence[Setpoint],
    terms: TermIndex,
    process: str,
    now: datetime,
) -> Intervention:
    moves = [one for one in fit.moves if one.delta]
    adjustments = [(_adjustment(one, terms, process), one.gain) for one in moves]
    actions = _ordered(adjustments, [one.check for one in findings], terms)
    risk = risk_of(max((one.share for one, _ in adjustments), default=0.0))
    records = {one.setting.parameter: one.record for one in setpoints}
    used = [records[one.setting.parameter] for one in moves]
    evidence = [_fit_evidence(fit, goal, terms)] if moves else []
    evidence += [_setpoint_evidence(moves, used, terms)] if moves else []
    observed = asked.alarm or asked.defect or goal.outcome.characteristic
    path = [
        observed,
        goal.outcome.characteristic,
        *(one.setting.parameter for one in moves),
        asked.station,
    ]
    return Intervention(
        target=asked.station,
        actions=actions,
        evidence=(*evidence, *(one.evidence for one in findings)),
        reason_path=tuple(dict.fromkeys(path)),
        risk=risk.level,  # type: ignore[arg-type]  # the risk table's own levels
        created=now.astimezone(UTC),
        expires_at=expiry(now, risk.valid_minutes),
        concerns=observed,
    )  # fmt: skip


def expiry(now: datetime, minutes: int) -> datetime:
    """Return the end of the period after the present one, periods being ``minutes`` long.

    So a recommendation holds for at least ``minutes``, and asking twice within a period gives the same
    expiry and with it the same idempotency key.
    """
    period = timedelta(minutes=minutes)
    start = datetime(1970, 1, 1, tzinfo=UTC)
    return start + period * (math.floor((now - start) / period) + 2)


def _adjustment(move: Move, terms: TermIndex, process: str) -> ParameterAdjustment:
    one = move.setting
    unit = terms.by_iri(one.parameter).canonical_unit if one.parameter in terms else None
    return ParameterAdjustment(
        parameter=one.parameter,
        delta=move.delta,
        unit=unit or "",
        current=one.current,
        lower=one.lower,
        upper=one.upper,
        resolution=one.resolution,
        process=process,
    )


def _ordered(
    adjustments: Sequence[tuple[ParameterAdjustment, float]],
    checks: Sequence[Check],
    terms: TermIndex,
) -> tuple[Action, ...]:
    """Return the actions by the order table; among equals the greater gain first."""
    ranked: list[tuple[int, float, str, Action]] = [
        (
            action_rank("adjust", quantity_kind(one.parameter, terms)),
            -gain,
            one.parameter,
            one,
        )
        for one, gain in adjustments
    ]
    ranked += [(action_rank("check", local_name(c.kind)), 0.0, c.target, c) for c in checks]
    return tuple(one[3] for one in sorted(ranked, key=lambda one: one[:3]))


def _fit_evidence(fit: Response, goal: Goal, terms: TermIndex) -> Evidence:
    iri = goal.outcome.characteristic
    names = {language: _name(iri, terms, language) for language in ("en", "zh")}
    score, line = fit.scores["quadratic"], fit.scores["linear"]
    figures = f"{fit.gain:.3g} ({fit.gain_low:.3g} … {fit.gain_high:.3g}, 95 %)"
    return Evidence(
        kind="response-model",
        statement={
            "en": f"Over {fit.count} records a quadratic model of {names['en']} explains {score:.0%} of unseen "
            f"variance (linear {line:.0%}); expected gain {figures}.",
            "zh": f"基于 {fit.count} 条记录，{names['zh']} 的二次模型可解释未见数据方差的 {score:.0%}"
            f"（线性 {line:.0%}）；预期改善 {figures}。",
        },
        weight=round(_clarity(fit), 4),
        sources=(iri, *goal.outcome.inspections[:_SHOWN_SOURCES]),
        rule="quadratic-response",
        version="1",
        data=fit.to_json() | {"direction": goal.direction, "separation": goal.separation},
    )


def _setpoint_evidence(moves: Sequence[Move], records: Sequence[str], terms: TermIndex) -> Evidence:
    def told(language: str) -> str:
        return "; ".join(
            f"{_name(one.setting.parameter, terms, language)} {one.setting.current:g} "
            f"({one.setting.lower:g} … {one.setting.upper:g})"
            for one in moves
        )

    return Evidence(
        kind="setpoint-record",
        statement={
            "en": f"Present set points and limits: {told('en')}.",
            "zh": f"当前设定值与上下限：{told('zh')}。",
        },
        sources=tuple(records),
        rule="setpoint_record",
        version="1",
    )


def _name(iri: str, terms: TermIndex, language: str) -> str:
    return terms.name_of(iri, language) if iri in terms else local_name(iri)
