"""How often a code read in its scope names what a person found on review, and how often without the scope.

The same number means different things on two machines. Read by number alone, a code gets the meaning of one
list for all, the best that a reader without scope could choose; in its scope it gets its own list's.
"""

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from qualweave.errors import NotEnoughEvidence
from qualweave.iri import local_name
from qualweave.ontology.terms import TermIndex, normalise
from qualweave.reasoning.statistics.series import text
from qualweave.store.port import Snapshot

_REVIEWED = """
SELECT ?inspection ?reviewed ?code ?list ?meaning WHERE {
  ?inspection q:reviewedResult ?reviewed .
  ?defect q:detectedIn ?inspection ; q:hasCode ?entry .
  ?entry q:code ?code ; q:denotes ?meaning .
  OPTIONAL { ?entry q:inCodeList ?list }
}
"""
_ENTRIES = """
SELECT ?list ?code ?meaning ?label WHERE {
  ?entry q:code ?code ; q:denotes ?meaning ; q:inCodeList ?list .
  OPTIONAL { ?entry rdfs:label ?label }
}
"""


@dataclass(frozen=True)
class CodeAccuracy:
    """The comparison.

    Attributes:
        rows: Reviewed inspections with a code.
        unread: Those whose review is in words that name no defect; they are left out.
        scoped: Share that the code's own list reads as the reviewer did.
        one_list: For each list the share if it were used for every machine.
        ambiguous: Codes that mean different things on different lists.
    """

    rows: int
    unread: int
    scoped: float
    one_list: Mapping[str, float]
    ambiguous: tuple[str, ...]

    def to_text(self) -> str:
        """Return the table as Markdown."""
        lines = [f"| in its scope | {self.scoped:.3f} |"]
        lines += [
            f"| {_list_name(name)} for all machines | {share:.3f} |"
            for name, share in self.one_list.items()
        ]
        codes = ", ".join(self.ambiguous) or "none"
        head = f"{self.rows} reviewed rows ({self.unread} unread); codes with several meanings: {codes}.\n\n"
        return head + "| code read | agrees with the review |\n|---|---|\n" + "\n".join(lines)


def code_accuracy(snapshot: Snapshot, terms: TermIndex) -> CodeAccuracy:
    """Return how often codes agree with the review, in and out of their scope.

    Raises:
        NotEnoughEvidence: If no reviewed row has a code.
    """
    meanings: dict[str, dict[str, str]] = defaultdict(dict)
    words: dict[str, set[str]] = defaultdict(set)
    for row in snapshot.select(_ENTRIES):
        meanings[text(row["list"])][text(row["code"])] = text(row["meaning"])
        words[normalise(text(row["label"]))].add(text(row["meaning"]))
    told: list[tuple[str, str, str]] = []
    rows = {text(one["inspection"]): one for one in snapshot.select(_REVIEWED)}
    for row in rows.values():
        seen = text(row["reviewed"])
        found = [t.iri for t in terms.by_label(seen) if t.is_defect] or sorted(
            words[normalise(seen)]
        )
        if found:
            told.append((text(row["code"]), text(row["meaning"]), found[0]))
    if not told:
        raise NotEnoughEvidence(
            "No reviewed inspection with a code is in the graph.",
            message_zh="图中没有带代码且经复判的检验记录。",
            next_step="Ingest reviewed results.",
            next_step_zh="请导入复判结果。",
            data={"missing": "reviewed results"},
        )
    kinds = defaultdict(set)
    for held in meanings.values():
        for code, meaning in held.items():
            kinds[code].add(meaning)
    return CodeAccuracy(
        rows=len(told),
        unread=len(rows) - len(told),
        scoped=sum(meaning == truth for _, meaning, truth in told) / len(told),
        one_list={name: _share(held, told) for name, held in _used(meanings, told).items()},
        ambiguous=tuple(sorted(code for code, held in kinds.items() if len(held) > 1)),
    )


def _used(
    meanings: Mapping[str, Mapping[str, str]], told: Sequence[tuple[str, str, str]]
) -> dict[str, Mapping[str, str]]:
    """Return the lists that hold a code of the reviewed rows, those with most of them first."""
    held = Counter({name: sum(code in m for code, _, _ in told) for name, m in meanings.items()})
    return {name: meanings[name] for name, count in held.most_common() if count}


def _share(meanings: Mapping[str, str], told: Sequence[tuple[str, str, str]]) -> float:
    return sum(meanings.get(code) == truth for code, _, truth in told) / len(told)


def _list_name(iri: str) -> str:
    """Return machine and programme of a code list, which its IRI holds in that order."""
    return " ".join(
        local_name(part) for part in iri.rsplit("/codelist/", maxsplit=1)[-1].split("/")[:2]
    )
