"""The values of a common-cause analysis: candidates with their paths and evidence, and the whole answer."""

from dataclasses import dataclass

from qualweave.errors import JsonValue
from qualweave.evidence import Evidence
from qualweave.iri import local_name
from qualweave.reasoning.causes.contrast import Contrast
from qualweave.reasoning.causes.exposures import CauseKind
from qualweave.reasoning.trace.answer import TraceGap


@dataclass(frozen=True)
class PathStep:
    """One node on the way from the bad item to the cause.

    Attributes:
        kind: ``"item"``, ``"organization"``, ``"deviation"``, ``"operation"``, ``"equipment"`` or ``"change"``.
        iri: The node.
        note: What is to be said of it: a value and its z, a time.
    """

    kind: str
    iri: str
    note: str = ""

    @property
    def name(self) -> str:
        """What a person reads."""
        return local_name(self.iri)

    def to_json(self) -> dict[str, JsonValue]:
        """Return the step as JSON values."""
        return {"kind": self.kind, "iri": self.iri, "name": self.name, "note": self.note}


@dataclass(frozen=True)
class CauseCandidate:
    """A possible common cause.

    Attributes:
        kind: What it is.
        iri: The change, parameter, lot, machine or organisation.
        detail: Of a parameter ``"high"`` or ``"low"``.
        score: Sum of the evidence's weights.
        contrast: How bad and good items differ in having met it.
        path: From a bad item to it.
        evidence: The parts of the score.
    """

    kind: CauseKind
    iri: str
    detail: str
    score: float
    contrast: Contrast
    path: tuple[PathStep, ...]
    evidence: tuple[Evidence, ...]

    @property
    def name(self) -> str:
        """What a person reads."""
        return local_name(self.iri)

    def to_json(self) -> dict[str, JsonValue]:
        """Return the candidate as JSON values."""
        low, high = self.contrast.interval
        return {
            "kind": self.kind,
            "iri": self.iri,
            "name": self.name,
            "detail": self.detail,
            "score": round(self.score, 3),
            "bad_exposed": self.contrast.bad_exposed,
            "bad": self.contrast.bad,
            "good_exposed": self.contrast.good_exposed,
            "good": self.contrast.good,
            "log_odds_ratio": round(self.contrast.log_odds_ratio, 3),
            "interval": [round(low, 3), round(high, 3)],
            "path": [step.to_json() for step in self.path],
            "evidence": [one.to_json() for one in self.evidence],
        }


@dataclass(frozen=True)
class CauseAnswer:
    """The answer of `root_causes`.

    Attributes:
        items: What was asked about.
        bad: These and the items of their kind that have the same trouble on record.
        good: Items of their kind without any trouble on record that they were compared with.
        trouble: Defect classes, ``complaint`` and ``nonconforming`` of the items asked about.
        candidates: Best first.
        gaps: Where the chains of the bad items break off: causes beyond are not seen.
        commit: State of the graph.
        questions: What is not on record and would tell more.
    """

    items: tuple[str, ...]
    bad: tuple[str, ...]
    good: tuple[str, ...]
    trouble: tuple[str, ...]
    candidates: tuple[CauseCandidate, ...]
    gaps: tuple[TraceGap, ...]
    commit: str
    questions: tuple[Evidence, ...] = ()

    def to_json(self) -> dict[str, JsonValue]:
        """Return the answer as JSON values."""
        return {
            "items": list(self.items),
            "bad": list(self.bad),
            "good_count": len(self.good),
            "trouble": list(self.trouble),
            "candidates": [one.to_json() for one in self.candidates],
            "gaps": [gap.to_json() for gap in self.gaps],
            "questions": [one.to_json() for one in self.questions],
            "commit": self.commit,
        }
