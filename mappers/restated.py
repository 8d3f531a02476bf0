"""Codes that a newer list gives another meaning: what was lifted by the former one is lifted again, and told at once.

So the order in which lists and results arrive does not decide what the graph says. Where lists contradict each other
the rows wait in quarantine, as they had waited if the lists had come first.
"""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType

from qualweave.batches import batches
from qualweave.iri import local_name
from qualweave.mappers.codes import CodeBook, CodeEntry
from qualweave.mappers.desk import Desk
from qualweave.mappers.mapping import MappingDocument
from qualweave.mappers.relift import relift_batches
from qualweave.mappers.report import FileReport

_SHOWN = 5
Said = Mapping[tuple[str, str], frozenset[tuple[str, str, str, str]]]
"""By machine and code: programme, first and last moment, and meaning of each entry."""


@dataclass(frozen=True)
class Restated:
    """What a newer list changed of what was lifted before.

    Attributes:
        codes: Entries of codes that meant something else.
        reports: What became of each file that was lifted again.
    """

    codes: tuple[CodeEntry, ...] = ()
    reports: tuple[FileReport, ...] = ()

    @property
    def statement(self) -> Mapping[str, str]:
        """What happened, in one sentence per language; empty where nothing was lifted again."""
        if not self.reports:
            return MappingProxyType({"en": "", "zh": ""})
        names = list(dict.fromkeys(f"{one.code} @ {local_name(one.machine)}" for one in self.codes))
        files = [one.file for one in self.reports]
        waiting = sum(one.rows_quarantined for one in self.reports)
        return {
            "en": f"Codes that meant something else until now: {_some(names)}. Files that were lifted by that and were "
            f"lifted again: {_some(files)}; rows of them in quarantine: {waiting}.",
            "zh": f"含义因此改变的代码：{_some(names)}。已据此重新提升的文件：{_some(files)}；其中隔离 {waiting} 行。",
        }


def said_by_lists(work: Desk, documents: Iterable[MappingDocument]) -> tuple[CodeEntry, ...]:
    """Return every code entry that there is before lists come in; none where no document is that of a list."""
    if not any("code_entry" in one.records for one in documents):
        return ()
    with work.snapshot() as snapshot:
        return tuple(CodeBook.load(snapshot, tenant=work.tenant).entries())


def lift_restated(
    work: Desk, before: Sequence[CodeEntry], *, besides: Collection[str] = ()
) -> Restated:
    """Lift the files again whose rows have codes that mean something else than before.

    Args:
        work: What the ingest works with.
        before: The entries before; see `said_by_lists`.
        besides: Hashes of files that were lifted since.
    """
    if not before:
        return Restated()
    work.store.publish()
    with work.snapshot() as snapshot:
        now = _said(CodeBook.load(snapshot, tenant=work.tenant).entries())
        former = _said(before)
        changed = tuple(
            one
            for one in before
            if now.get((one.machine, one.code)) != former[one.machine, one.code]
        )
        if not changed:
            return Restated()
        lifted = {
            one.graph: str(one.about["sha256"])
            for one in batches(snapshot, tenant=work.tenant)
            if one.about.get("sha256") and one.about["sha256"] not in besides
        }
        entries = " ".join(f"<{one.iri}>" for one in {one.iri: one for one in changed}.values())
        rows = snapshot.select(
            f"SELECT DISTINCT ?g ?e WHERE {{ VALUES ?e {{ {entries} }} GRAPH ?g {{ ?s q:hasCode ?e }} }}",
            graphs=list(lifted),
        )
    used = {
        (str(getattr(one["g"], "value", "")), str(getattr(one["e"], "value", ""))) for one in rows
    }
    found = {lifted[graph][:16] for graph, _ in used}
    named = {entry for _, entry in used}
    reports = tuple(relift_batches(work, found))
    return Restated(tuple(one for one in changed if one.iri in named), reports)


def _said(entries: Iterable[CodeEntry]) -> Said:
    found = defaultdict(set)
    for one in entries:
        scope = (one.programme, one.valid_from, one.valid_to, one.meaning)
        found[one.machine, one.code].add(scope)
    return {key: frozenset(some) for key, some in found.items()}


def _some(names: Sequence[str]) -> str:
    more = f" … ({len(names)})" if len(names) > _SHOWN else ""
    return ", ".join(names[:_SHOWN]) + more
