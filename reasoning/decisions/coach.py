"""The process-card coach: has this combination of settings gone wrong on a line of the same kind before?

A card's *combination* is what it sets differently from the good runs of its own line: the parameters that stand
out, each with its side. The cases of one defect that stand out alike span a region, open on the far side. A card inside
such a region is told the cases, unless good runs live there as well. What is usual comes from the plant's own
runs; nothing about a parameter is written down here.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np
from pyoxigraph import NamedNode
from scipy.stats import fisher_exact

from qualweave.errors import JsonValue, NotFound
from qualweave.evidence import Evidence
from qualweave.iri import RDF, Q, local_name
from qualweave.negotiation import Language
from qualweave.ontology.terms import TermIndex
from qualweave.reasoning.decisions.lines import LineProfile, read_lines, reasons, similar
from qualweave.reasoning.decisions.station import missing, text
from qualweave.reasoning.decisions.tables import read_yaml
from qualweave.store.port import Snapshot

_UNUSUAL = 2.0  # robust standard units of the good runs
_MARGIN = 1.0  # the region reaches this much further in than its mildest case, in the same units
_SIGNIFICANT = 0.05
_FEWEST_RUNS = 8
_MOST_PARAMETERS = 6  # of a card's combination; all its parts are tried
_CASES = """
SELECT ?case ?code ?line ?process ?defect ?at WHERE {
  ?case a q:QualityCase ; q:caseProcess ?process ; q:caseDefect ?defect .
  OPTIONAL { ?case q:caseCode ?code }
  OPTIONAL { ?case q:onLine ?line }
  OPTIONAL { ?case q:recordedAt ?at }
}
"""
_RUNS = """
SELECT ?line ?operation ?parameter ?value WHERE {
  VALUES ?parameter { %s }
  ?operation a q:Operation ; q:onLine ?line ; ?parameter ?value .
  FILTER (isNumeric(?value))
}
"""
_DEFECTIVE = """
SELECT DISTINCT ?line ?operation WHERE {
  ?operation q:onLine ?line . ?item q:producedBy ?operation . ?defect q:foundOn ?item .
}
"""
Combination = frozenset[tuple[str, int]]
"""Parameters that stand out, each with its side: 1 high, -1 low."""


@dataclass(frozen=True)
class Card:
    """A draft process card.

    Attributes:
        settings: IRI of a parameter to its set point in the parameter's canonical unit.
        process: IRI of the process class.
        line: IRI of the line that it is for.
        card: IRI of the card, where it is in the graph.
    """

    settings: Mapping[str, float]
    process: str
    line: str = ""
    card: str = ""


@dataclass(frozen=True)
class Case:
    """A quality case with its settings."""

    case: str
    code: str
    line: str
    defect: str
    recorded: str
    settings: Mapping[str, float]


@dataclass(frozen=True)
class Run:
    """A good run: where, and with which settings."""

    line: str
    settings: Mapping[str, float]


@dataclass(frozen=True)
class Usual:
    """What good runs were set to.

    Attributes:
        middle: Parameter to the median over all lines.
        spread: Parameter to the robust standard deviation within a line; every value is above zero.
        line_middle: Line and parameter to the median there, where enough runs tell it.
        runs: The good runs.
    """

    middle: Mapping[str, float]
    spread: Mapping[str, float]
    line_middle: Mapping[tuple[str, str], float]
    runs: tuple[Run, ...]

    def score(self, parameter: str, value: float, line: str) -> float:
        """Return how far a value stands from what is usual on its line, in robust standard units."""
        middle = self.line_middle.get((line, parameter), self.middle[parameter])
        return (value - middle) / self.spread[parameter]


@dataclass(frozen=True)
class Hint:
    """What a card is warned with.

    Attributes:
        defect: IRI of the class of defect.
        cases: The cases with the same combination, the nearest to the card first.
        combination: What stands out, as parameter and side.
        region: Parameter to the limit from which on the region reaches outward.
        bad_rate: Share of the defect's cases on similar lines inside the region.
        good_rate: Share of good runs inside the region.
        evidence: Why.
    """

    defect: str
    cases: tuple[Case, ...]
    combination: tuple[tuple[str, int], ...]
    region: Mapping[str, float]
    bad_rate: float
    good_rate: float
    evidence: tuple[Evidence, ...]

    @property
    def count(self) -> int:
        """Number of cases."""
        return len(self.cases)

    def to_json(self) -> dict[str, JsonValue]:
        """Return the hint as JSON values."""
        return {
            "defect": self.defect,
            "count": self.count,
            "cases": [{"case": one.case, "code": one.code} for one in self.cases],
            "combination": [
                {"parameter": name, "side": "high" if side > 0 else "low"}
                for name, side in self.combination
            ],
            "region": dict(self.region),
            "bad_rate": self.bad_rate,
            "good_rate": self.good_rate,
            "evidence": [one.to_json() for one in self.evidence],
        }


def advise(snapshot: Snapshot, terms: TermIndex, card: Card) -> Hint | None:
    """Return the hint for a draft card, or None where nothing speaks against it.

    Raises:
        NotEnoughEvidence: If similar lines have no cases, or too few good runs to hold them against.
    """
    if not card.process:
        raise missing(
            "process",
            "The draft card does not say of which process it is.",
            "工艺卡草案未说明所属工艺。",
        )
    profiles = read_lines(snapshot, terms, card.process)
    own = profiles.get(card.line) or LineProfile(card.line, frozenset({card.process}))
    lines = frozenset(
        {name for name, one in profiles.items() if similar(own, one, terms)} | {card.line} - {""}
    )
    process = frozenset((card.process, *terms.descendants(card.process)))
    cases = read_cases(snapshot, lines, process, card.settings)
    if not cases:
        raise missing(
            "cases",
            "No quality case of a line of the same kind is in the graph.",
            "图中没有同类产线的质量案例。",
        )
    usual = read_usual(snapshot, lines, sorted(card.settings))
    hints = decide(card, cases, usual)
    if not hints:
        return None
    kind = {language: reasons(own, terms, language) for language in ("en", "zh")}
    return _explained(hints[0], lines, kind, terms)


def sentence(hint: Hint, terms: TermIndex, language: Language = "en") -> str:
    """Return the hint in one sentence that names count, defect and the nearest case."""
    words = read_yaml("sentence.yaml")[language]
    form = words.get("hint_once", words["hint"]) if hint.count == 1 else words["hint"]
    name = terms.name_of(hint.defect, language) if hint.defect in terms else local_name(hint.defect)
    return str(form).format(count=hint.count, defect=name, code=hint.cases[0].code)


# --- reading -------------------------------------------------------------------------------------


def read_card(snapshot: Snapshot, card: str) -> Card:
    """Return a card of the graph.

    Raises:
        NotFound: If there is none of that IRI.
    """
    facts = list(snapshot.quads(NamedNode(card)))
    named = {quad.predicate.value: text(quad.object) for quad in facts}
    if NamedNode(Q + "ProcessCard") not in {
        quad.object for quad in facts if quad.predicate.value == RDF + "type"
    }:
        raise NotFound(
            f"No process card {local_name(card)!r} is known.",
            message_zh=f"未找到工艺卡 {local_name(card)!r}。",
            next_step="Ingest the card, or send its settings.",
            next_step_zh="请导入该工艺卡，或直接提交其参数。",
            data={"card": card},
        )
    return Card(
        _settings(snapshot, card), named.get(Q + "cardProcess", ""), named.get(Q + "onLine", ""), card
    )  # fmt: skip


def _settings(snapshot: Snapshot, node: str) -> dict[str, float]:
    """Return the parameter values of a node: predicates that begin with a capital name parameters."""
    found: dict[str, float] = {}
    for quad in snapshot.quads(NamedNode(node)):
        name = quad.predicate.value
        if name.startswith(Q) and name[len(Q) :][:1].isupper():
            try:
                found[name] = float(text(quad.object))
            except ValueError:  # a grade or class, which has no side
                continue
    return found


def read_cases(
    snapshot: Snapshot,
    lines: frozenset[str],
    process: frozenset[str],
    parameters: Mapping[str, float],
) -> list[Case]:
    """Return the cases of some lines and processes that share a parameter with the card."""
    found = []
    for row in snapshot.select(_CASES):
        if text(row["process"]) not in process or text(row["line"]) not in lines:
            continue
        held = _settings(snapshot, text(row["case"]))
        shared = {name: value for name, value in held.items() if name in parameters}
        code = text(row["code"]) or local_name(text(row["case"]))
        case = Case(
            text(row["case"]), code, text(row["line"]), text(row["defect"]), text(row["at"]), shared
        )
        found += [case] if shared else []
    return sorted(found, key=lambda one: one.case)


def read_usual(snapshot: Snapshot, lines: frozenset[str], parameters: Sequence[str]) -> Usual:
    """Return what good runs of some lines were set to.

    Raises:
        NotEnoughEvidence: If there are fewer than 8 good runs.
    """
    query = _RUNS % " ".join(f"<{one}>" for one in parameters)
    bad = {text(r["operation"]) for r in snapshot.select(_DEFECTIVE) if text(r["line"]) in lines}
    runs: dict[tuple[str, str], dict[str, float]] = defaultdict(dict)
    for row in snapshot.select(query):
        place = (text(row["line"]), text(row["operation"]))
        if place[0] in lines and place[1] not in bad:
            runs[place][text(row["parameter"])] = float(text(row["value"]))
    if len(runs) < _FEWEST_RUNS:
        raise missing(
            "good-runs",
            f"{len(runs)} good runs of similar lines are in the graph, {_FEWEST_RUNS} are needed.",
            f"图中同类产线的合格记录有 {len(runs)} 条，至少需要 {_FEWEST_RUNS} 条。",
        )
    return usual_of([Run(place[0], held) for place, held in sorted(runs.items())])


def usual_of(runs: Sequence[Run]) -> Usual:
    """Return middle and spread (median, scaled median deviation) of the settings of good runs."""
    middle: dict[str, float] = {}
    spread: dict[str, float] = {}
    line_middle: dict[tuple[str, str], float] = {}
    for name in sorted({name for run in runs for name in run.settings}):
        held = [(run.line, run.settings[name]) for run in runs if name in run.settings]
        values = np.array([value for _, value in held])
        own = np.full(len(held), np.median(values))
        for line in {line for line, _ in held}:
            there = np.array([one == line for one, _ in held])
            if there.sum() >= _FEWEST_RUNS:
                own[there] = line_middle[line, name] = float(np.median(values[there]))
        width = 1.4826 * float(np.median(np.abs(values - own))) or float((values - own).std())
        if width > 0 and len(held) >= _FEWEST_RUNS:
            middle[name], spread[name] = float(np.median(values)), width
    return Usual(middle, spread, line_middle, tuple(runs))


# --- deciding ------------------------------------------------------------------------------------


def decide(card: Card, cases: Sequence[Case], usual: Usual) -> list[Hint]:
    """Return the hints for a card, the one that the cases speak for most clearly first; pure.

    Every part of the card's combination is tried for every defect; among equally clear ones the larger
    combination is told, since it says more.
    """
    own = sorted(combination_of(card.settings, card.line, usual))[:_MOST_PARAMETERS]
    found = []
    for size in range(1, len(own) + 1):
        for combination in combinations(own, size):
            for defect in sorted({one.defect for one in cases}):
                told = [one for one in cases if one.defect == defect]
                hint = _hint(card, told, frozenset(combination), usual)
                found += [hint] if hint else []
    return [one for _, one in sorted(found, key=_clearest)]


def _clearest(found: tuple[float, Hint]) -> tuple[float, int, int, str]:
    chance, hint = found
    return (round(chance, 12), -hint.count, -len(hint.combination), hint.defect)


def combination_of(settings: Mapping[str, float], line: str, usual: Usual) -> Combination:
    """Return which settings stand out against good runs of their line, and on which side."""
    scores = {
        name: usual.score(name, value, line)
        for name, value in settings.items()
        if name in usual.spread
    }
    return frozenset(
        (name, 1 if score > 0 else -1) for name, score in scores.items() if abs(score) > _UNUSUAL
    )


def _hint(
    card: Card, cases: Sequence[Case], combination: Combination, usual: Usual
) -> tuple[float, Hint] | None:
    """Return the hint of one defect's cases with the chance that it is none, or None."""
    held = [one for one in cases if combination <= combination_of(one.settings, one.line, usual)]
    if not held:
        return None
    region = {name: _mildest(held, name, side, usual) for name, side in combination}
    if not _inside(card.settings, region, combination):
        return None
    bad = [_inside(one.settings, region, combination) for one in cases]
    good = [_inside(one.settings, region, combination) for one in usual.runs]
    chance = _chance(bad, good)
    if chance >= _SIGNIFICANT or _lacks(card, cases, usual, region=region, combination=combination):
        return None
    inside = [one for one, within in zip(cases, bad, strict=True) if within]
    newest = sorted(inside, key=lambda one: one.recorded, reverse=True)
    return chance, Hint(
        defect=cases[0].defect,
        cases=tuple(sorted(newest, key=lambda one: _distance(card, one, combination, usual))),
        combination=tuple(sorted(combination)),
        region=region,
        bad_rate=float(np.mean(bad)),
        good_rate=float(np.mean(good)),
        evidence=(),
    )


def _lacks(
    card: Card,
    cases: Sequence[Case],
    usual: Usual,
    *,
    region: Mapping[str, float],
    combination: Combination,
) -> bool:
    """Return whether the cases needed one thing more, which tells them from good runs there, and not the card."""
    near = [
        combination_of(one.settings, one.line, usual)
        for one in cases
        if _inside(one.settings, region, combination)
    ]
    good = [
        combination_of(one.settings, one.line, usual)
        for one in usual.runs
        if _inside(one.settings, region, combination)
    ]
    own = combination_of(card.settings, card.line, usual)
    more = {pair for one in near for pair in one if pair[0] in card.settings} - own
    return any(
        _chance([pair in one for one in near], [pair in one for one in good]) < _SIGNIFICANT
        for pair in more
    )


def _mildest(held: Sequence[Case], name: str, side: int, usual: Usual) -> float:
    """Return the limit of the region: the mildest case, less the usual spread."""
    return side * (min(side * one.settings[name] for one in held) - _MARGIN * usual.spread[name])


def _inside(
    settings: Mapping[str, float], region: Mapping[str, float], combination: Combination
) -> bool:
    return all(
        name in settings and side * settings[name] >= side * region[name]
        for name, side in combination
    )


def _chance(bad: Sequence[bool], good: Sequence[bool]) -> float:
    """Return how likely such a contrast is where the region has nothing to do with the defect (Fisher)."""
    table = [[sum(bad), len(bad) - sum(bad)], [sum(good), len(good) - sum(good)]]
    return float(fisher_exact(table, alternative="greater")[1])


def _distance(card: Card, case: Case, combination: Combination, usual: Usual) -> float:
    """Return how far a case stands from the card in the parameters of the combination."""
    steps = [
        (card.settings[name] - case.settings[name]) / usual.spread[name] for name, _ in combination
    ]
    return round(float(np.sqrt(np.mean(np.square(steps)))), 9)


def _explained(
    hint: Hint, lines: frozenset[str], kind: Mapping[str, str], terms: TermIndex
) -> Hint:
    def told(language: str) -> str:
        sides = {"en": {1: "high", -1: "low"}, "zh": {1: "偏高", -1: "偏低"}}[language]
        gap = " " if language == "en" else ""
        return ", ".join(
            f"{terms.name_of(name, language) if name in terms else local_name(name)}{gap}{sides[side]}"
            for name, side in hint.combination
        )

    codes = ", ".join(one.code for one in hint.cases)
    contrast = Evidence(
        kind="case-contrast",
        statement={
            "en": f"{told('en')}: {hint.bad_rate:.0%} of the cases of this defect and {hint.good_rate:.1%} of the "
            f"good runs lie there (cases {codes}).",
            "zh": f"{told('zh')}：该缺陷案例中有 {hint.bad_rate:.0%}、合格记录中有 {hint.good_rate:.1%} 落在此区域"
            f"（案例 {codes}）。",
        },
        weight=round(hint.bad_rate - hint.good_rate, 4),
        sources=tuple(one.case for one in hint.cases),
        rule="case-region",
        version="1",
        data={"region": dict(hint.region)},
    )
    kin = Evidence(
        kind="rule:line-similarity",
        statement={
            "en": f"Lines of the same kind ({kind['en']}): {', '.join(sorted(map(local_name, lines)))}.",
            "zh": f"同类产线（{kind['zh']}）：{'、'.join(sorted(map(local_name, lines)))}。",
        },
        sources=tuple(sorted(lines)),
        rule="line-similarity",
        version=str(read_yaml("similarity.yaml")["version"]),
    )
    return Hint(**{**vars(hint), "evidence": (contrast, kin)})
