"""Break points: the process steps behind most complaints whose own links are missing most often (R44)."""

from collections import Counter
from dataclasses import dataclass

from qualweave.errors import JsonValue
from qualweave.evidence import Evidence
from qualweave.iri import local_name
from qualweave.reasoning.trace.genealogy import GenealogyIndex
from qualweave.reasoning.trace.parts import LinkKind
from qualweave.reasoning.trace.records import Record

_LINKS = ("equipment", "started_at|ended_at|event_time", "parameters")
"""What a step must say to be of use behind a complaint: where, when, and with which values."""


@dataclass(frozen=True)
class BreakPoint:
    """A process step with its share of complaints and of missing links.

    Attributes:
        process: Process class.
        complaint_share: Share of the complained items that went through it, 0 to 1.
        missing_share: Share of the links of its steps that are missing, 0 to 1.
        evidence: The counts behind both.
    """

    process: str
    complaint_share: float
    missing_share: float
    evidence: tuple[Evidence, ...]

    @property
    def score(self) -> float:
        """Complaint share times missing share."""
        return self.complaint_share * self.missing_share

    def to_json(self) -> dict[str, JsonValue]:
        """Return the break point as JSON values."""
        return {
            "process": self.process,
            "complaint_share": round(self.complaint_share, 4),
            "missing_share": round(self.missing_share, 4),
            "score": round(self.score, 4),
            "evidence": [one.to_json() for one in self.evidence],
        }


def break_points(index: GenealogyIndex, *, limit: int = 3) -> list[BreakPoint]:
    """Return the process steps ranked by complaint share times share of missing links.

    An item without parents that should have some counts as a missing link of the step that made it.
    """
    complained = index.records.items_of(LinkKind.COMPLAINT)
    through: Counter[str] = Counter()
    wanted, missing = Counter[str](), Counter[str]()
    for item in complained:
        chain = [item, *(index.closure(item, "back") if item in index else ())]
        through.update(
            {
                process
                for one in index.records.of_items(chain, LinkKind.OPERATION)
                for process in one.record.classes
            }
        )
    made = index.records.items_of(LinkKind.OPERATION)
    for one in index.records.of_items(made, LinkKind.OPERATION):
        lacking = _lacking(one.record) + bool(index.gap_of(one.item))
        for process in one.record.classes:
            wanted[process] += len(_LINKS) + 1
            missing[process] += lacking
    found = [
        _point(
            process,
            (through[process], len(complained)),
            (missing[process], wanted[process]),
        )
        for process in through
    ]
    return sorted(
        (one for one in found if one.score > 0), key=lambda one: (-one.score, one.process)
    )[:limit]


def _lacking(record: Record) -> int:
    absent = 0
    for link in _LINKS:
        if link == "parameters":
            absent += not record.parameters
        else:
            absent += not any(name in record.facts for name in link.split("|"))
    return absent


def _point(process: str, passed: tuple[int, int], links: tuple[int, int]) -> BreakPoint:
    name, (through, complaints), (missing, wanted) = local_name(process), passed, links
    evidence = Evidence(
        kind="break-point",
        statement={
            "en": f"{through} of {complaints} complained items went through {name};"
            f" {missing} of {wanted} links of its steps are missing.",
            "zh": f"{complaints} 件被投诉物品中有 {through} 件经过 {name}；该工序 {wanted} 个关联中缺失 {missing} 个。",
        },
        weight=through / complaints * missing / wanted,
        sources=(process,),
        rule="complaint share × missing share",
        version="1",
    )
    return BreakPoint(process, through / complaints, missing / wanted, (evidence,))
