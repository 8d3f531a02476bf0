"""Quality cases that are like a trouble at hand: same defect, same kind of process, near settings.

A case is compared only on the aspects that were asked about, each gives a share between 0 and 1 with its reason,
and the score is their mean. Settings are compared in units of what the cases themselves spread over, so a degree
and a second weigh alike.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from math import exp

import numpy as np
from pyoxigraph import NamedNode

from qualweave.errors import InputError, JsonValue
from qualweave.evidence import Evidence
from qualweave.iri import RDF, Q, local_name
from qualweave.ontology.terms import TermIndex
from qualweave.reasoning.decisions.coach import Run, usual_of
from qualweave.reasoning.decisions.station import text
from qualweave.store.port import Snapshot

RULE, VERSION = "similar cases", "1"
_SAME, _RELATED, _FEWEST = 1.0, 0.5, 3
_CASES = """
SELECT ?case ?code ?line ?process ?defect ?at ?parameter ?value WHERE {
  ?case a q:QualityCase .
  OPTIONAL { ?case q:caseCode ?code } OPTIONAL { ?case q:onLine ?line }
  OPTIONAL { ?case q:caseProcess ?process } OPTIONAL { ?case q:caseDefect ?defect }
  OPTIONAL { ?case q:recordedAt ?at }
  OPTIONAL { ?case ?parameter ?value . FILTER (isNumeric(?value)) }
} ORDER BY ?case
"""
_ITEM = """
SELECT ?item ?operation ?line ?class ?parameter ?value WHERE {
  ?item q:producedBy ?operation . ?operation a ?class .
  OPTIONAL { ?operation q:onLine ?line }
  OPTIONAL { ?operation ?parameter ?value . FILTER (isNumeric(?value)) }
}
"""
_RUNS = """
SELECT ?line ?operation ?parameter ?value WHERE {
  ?operation q:onLine ?line ; a q:Operation ; ?parameter ?value . FILTER (isNumeric(?value))
  FILTER NOT EXISTS { ?item q:producedBy ?operation . ?defect q:foundOn ?item }
}
"""
_TROUBLE = "SELECT DISTINCT ?item ?class WHERE { ?defect q:foundOn ?item ; a ?class }"


@dataclass(frozen=True)
class Situation:
    """What cases are held against; what is empty is not compared.

    Attributes:
        defect: Class of defect.
        process: Class of process.
        line: IRI of a line.
        settings: Parameter to value in its canonical unit.
    """

    defect: str = ""
    process: str = ""
    line: str = ""
    settings: Mapping[str, float] = field(default_factory=dict)

    @property
    def empty(self) -> bool:
        """Whether there is nothing to compare."""
        return not (self.defect or self.process or self.line or self.settings)


@dataclass(frozen=True)
class OwnValue:
    """A value of an item's own operation beside what is usual on its line.

    Attributes:
        parameter: IRI.
        value: In the parameter's canonical unit.
        usual: Median of the good runs of the line; None where fewer than 8 are known.
        score: Distance from it in robust standard units; None likewise.
    """

    parameter: str
    value: float
    usual: float | None = None
    score: float | None = None


@dataclass(frozen=True)
class KnownCase:
    """A quality case as the graph has it."""

    case: str
    code: str
    line: str
    process: str
    defect: str
    recorded: str
    settings: Mapping[str, float]


@dataclass(frozen=True)
class SimilarCase:
    """A case with how like it is and why.

    Attributes:
        known: The case.
        score: Mean of the shares of the evidence, 0 to 1.
        evidence: One entry per aspect that was compared.
    """

    known: KnownCase
    score: float
    evidence: tuple[Evidence, ...]

    def to_json(self) -> dict[str, JsonValue]:
        """Return the case as JSON values."""
        return {
            "case": self.known.case,
            "code": self.known.code,
            "line": self.known.line,
            "process": self.known.process,
            "defect": self.known.defect,
            "recorded": self.known.recorded,
            "settings": dict(self.known.settings),
            "score": round(self.score, 3),
            "evidence": [one.to_json() for one in self.evidence],
        }


def similar_cases(
    snapshot: Snapshot, terms: TermIndex, wanted: Situation, *, graphs: Sequence[str]
) -> list[SimilarCase]:
    """Return the cases that are like a situation, the most alike first.

    Args:
        snapshot: State of the graph.
        terms: For classes under and above each other, and typical ranges.
        wanted: The situation.
        graphs: Graphs that the reader may see.

    Raises:
        InputError: If nothing is named that a case could be like.
    """
    if wanted.empty:
        raise InputError(
            "Nothing is named that a case could be like.",
            message_zh="未指明用于比较的内容。",
            next_step="Give a defect, a process, a line, settings, or an item that they are read from.",
            next_step_zh="请给出缺陷、工艺、产线、参数设定，或可从中读取这些信息的物品。",
        )
    known = read_known_cases(snapshot, graphs)
    scales = _scales(known, wanted.settings, terms)
    found = [_compared(one, wanted, terms, scales) for one in known]
    return sorted(
        (one for one in found if one.score > 0), key=lambda one: (-one.score, one.known.case)
    )


def read_known_cases(snapshot: Snapshot, graphs: Sequence[str]) -> list[KnownCase]:
    """Return every quality case with its numeric settings."""
    facts: dict[str, KnownCase] = {}
    settings: dict[str, dict[str, float]] = {}
    for row in snapshot.select(_CASES, graphs=graphs):
        case = text(row["case"])
        code, line, process, defect, recorded = (
            text(row[name]) for name in ("code", "line", "process", "defect", "at")
        )
        held = settings.setdefault(case, {})
        facts.setdefault(
            case, KnownCase(case, code or local_name(case), line, process, defect, recorded, held)
        )
        held |= _setting(text(row["parameter"]), text(row["value"]))
    return list(facts.values())


def situation_of(
    snapshot: Snapshot, terms: TermIndex, item: str, *, graphs: Sequence[str]
) -> Situation:
    """Return what is known of an item (or process card, or case) that cases can be held against."""
    card = _of_node(snapshot, item, graphs)
    if not card.empty:
        return card
    bound = {"item": NamedNode(item)}
    rows = snapshot.select(_ITEM, graphs=graphs, bindings=bound)
    settings: dict[str, float] = {}
    for row in rows:
        settings |= _setting(text(row["parameter"]), text(row["value"]))
    found = snapshot.select(_TROUBLE, graphs=graphs, bindings=bound)
    trouble = [text(row["class"]) for row in found]
    return Situation(
        defect=_narrowest(trouble, terms, Q + "Defect"),
        process=_narrowest(
            [text(row["class"]) for row in rows], terms, Q + "ManufacturingActivity"
        ),
        line=next((text(row["line"]) for row in rows if row["line"] is not None), ""),
        settings=settings,
    )


def own_values(snapshot: Snapshot, of: Situation, *, graphs: Sequence[str]) -> list[OwnValue]:
    """Return the values of a situation beside the good runs of its line, the most unusual first."""
    runs: dict[str, dict[str, float]] = {}
    if of.line and of.settings:
        bound = {"line": NamedNode(of.line)}
        for row in snapshot.select(_RUNS, graphs=graphs, bindings=bound):
            held = runs.setdefault(text(row["operation"]), {})
            held |= _setting(text(row["parameter"]), text(row["value"]))
    usual = usual_of([Run(of.line, held) for _, held in sorted(runs.items())])
    found = [
        OwnValue(name, value, usual.middle[name], round(usual.score(name, value, of.line), 2))
        if name in usual.middle
        else OwnValue(name, value)
        for name, value in of.settings.items()
    ]
    return sorted(found, key=lambda one: (-abs(one.score or 0.0), one.parameter))


def _of_node(snapshot: Snapshot, node: str, graphs: Sequence[str]) -> Situation:
    """Return the situation of a process card or case, empty for anything else."""
    seen = snapshot.quads(NamedNode(node))
    facts = [one for one in seen if getattr(one.graph_name, "value", "") in graphs]
    kinds = {text(one.object) for one in facts if one.predicate.value == RDF + "type"}
    if kinds.isdisjoint({Q + "ProcessCard", Q + "QualityCase"}):
        return Situation()
    named = {one.predicate.value: text(one.object) for one in facts}
    settings: dict[str, float] = {}
    for name, value in named.items():
        settings |= _setting(name, value)
    return Situation(
        defect=named.get(Q + "caseDefect", ""),
        process=named.get(Q + "caseProcess", "") or named.get(Q + "cardProcess", ""),
        line=named.get(Q + "onLine", ""),
        settings=settings,
    )


def _setting(predicate: str, value: str) -> dict[str, float]:
    """Return a parameter value: predicates that begin with a capital name parameters."""
    if not predicate.startswith(Q) or not predicate[len(Q) :][:1].isupper():
        return {}
    try:
        return {predicate: float(value)}
    except ValueError:  # a grade or class, which has no distance
        return {}


def _narrowest(classes: Sequence[str], terms: TermIndex, root: str) -> str:
    under = [one for one in sorted(set(classes)) if one in terms and root in terms.ancestors(one)]
    above = {parent for one in under for parent in terms.ancestors(one)}
    return next((one for one in under if one not in above), "")


def _scales(
    known: Sequence[KnownCase], settings: Mapping[str, float], terms: TermIndex
) -> dict[str, float]:
    """Return the unit of distance of each parameter: spread of the cases, else a sixth of its typical range."""
    found: dict[str, float] = {}
    for name, value in settings.items():
        held = [one.settings[name] for one in known if name in one.settings]
        spread = float(np.std(held)) if len(held) >= _FEWEST else 0.0
        typical = terms.by_iri(name).typical_range if name in terms else None
        if not spread and typical is not None:
            spread = (typical[1] - typical[0]) / 6
        found[name] = spread or abs(value) / 10 or 1.0
    return found


def _compared(
    known: KnownCase, wanted: Situation, terms: TermIndex, scales: Mapping[str, float]
) -> SimilarCase:
    evidence = [
        _kinship(aspect, asked, getattr(known, aspect), terms)
        for aspect in ("defect", "process", "line")
        if (asked := getattr(wanted, aspect))
    ]
    if wanted.settings:
        evidence.append(_nearness(known, wanted.settings, scales, terms))
    score = sum(one.weight for one in evidence) / len(evidence)
    return SimilarCase(known, score, tuple(evidence))


def _kinship(aspect: str, asked: str, held: str, terms: TermIndex) -> Evidence:
    if held == asked:
        share, en, zh = _SAME, "the same", "相同"
    elif held in terms.ancestors(asked) or asked in terms.ancestors(held):
        share, en, zh = _RELATED, "of one kind", "同类"
    else:
        share, en, zh = 0.0, "another", "不同"
    zh_aspect = {"defect": "缺陷", "process": "工艺", "line": "产线"}[aspect]
    return Evidence(
        kind=aspect,
        statement={
            "en": f"{aspect}: {en} ({_name(held, terms, 'en')})",
            "zh": f"{zh_aspect}{zh}（{_name(held, terms, 'zh')}）",
        },
        weight=share,
        sources=(held,) if held else (),
        rule=RULE,
        version=VERSION,
    )


def _nearness(
    known: KnownCase, settings: Mapping[str, float], scales: Mapping[str, float], terms: TermIndex
) -> Evidence:
    shared = sorted(settings.keys() & known.settings.keys())
    apart = {name: abs(known.settings[name] - settings[name]) / scales[name] for name in shared}
    share = sum(exp(-one) for one in apart.values()) / len(settings)
    names = {
        language: ", ".join(_name(one, terms, language) for one in shared) or "-"
        for language in ("en", "zh")
    }
    return Evidence(
        kind="settings",
        statement={
            "en": f"{len(shared)} of {len(settings)} settings compared: {names['en']}",
            "zh": f"共比较 {len(shared)}/{len(settings)} 项设定：{names['zh']}",
        },
        weight=share,
        sources=tuple(shared),
        rule=RULE,
        version=VERSION,
        data={"distance": {name: round(one, 3) for name, one in apart.items()}},
    )


def _name(iri: str, terms: TermIndex, language: str) -> str:
    return terms.name_of(iri, language) if iri in terms else local_name(iri)
