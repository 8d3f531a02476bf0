"""Lifting again: the raw bytes of a file through its newest mapping, in place of what it gave before."""

import shutil
import time
from collections.abc import Collection, Sequence
from dataclasses import replace
from pathlib import Path, PurePosixPath

from qualweave.batches import batches as every_batch
from qualweave.errors import NotFound
from qualweave.mappers import readers
from qualweave.mappers.committing import lift_file
from qualweave.mappers.desk import Desk, Plan
from qualweave.mappers.mapping import Decision, MappingDocument
from qualweave.mappers.readers import ReadLimits
from qualweave.mappers.report import FileReport, IngestReport, merged
from qualweave.mappers.table import RawTable
from qualweave.store.port import GraphEntry

_ON_OTHERS = ("shape", "unknown-scope")  # problems that other files can solve


def waiting_on_others(work: Desk) -> set[str]:
    """Return the batches with rows that wait only for a code list or the operations of their items."""
    return {
        row.batch
        for row in work.quarantine.held()
        if all(one.code in _ON_OTHERS for one in row.problems)
    }


def relift_source(work: Desk, source: str) -> IngestReport:
    """Lift every file of a source again with its newest mapping."""
    with work.snapshot() as snapshot:
        entries = [
            one
            for one in every_batch(snapshot, tenant=work.tenant)
            if source in sources_of(one) and one.about.get("sha256")
        ]
    reports = tuple(relift(work, one) for one in entries)
    work.store.publish()
    return IngestReport(reports)


def sources_of(entry: GraphEntry) -> set[str]:
    """Return the source ids of the tables of an ingested file."""
    named = entry.about.get("mappings")
    listed = named if isinstance(named, list) else []
    return {str(one).rsplit(" v", 1)[0] for one in listed} | {str(entry.about.get("source", ""))}


def documents_of(work: Desk, entry: GraphEntry) -> list[MappingDocument]:
    """Return the newest mapping of each table of an ingested file."""
    named = entry.about.get("mappings")
    listed = named if isinstance(named, list) else []
    return [work.library.get(str(one).rsplit(" v", 1)[0]) for one in listed]


def raw_path(work: Desk, entry: GraphEntry) -> Path:
    """Return where the raw bytes of an ingested file lie under their own name.

    Raises:
        NotFound: If they are not kept any more.
    """
    name, digest = str(entry.about["file"]), str(entry.about["sha256"])
    path = work.settings.data_dir / "resumed" / digest[:16] / PurePosixPath(name)
    if path.exists():
        return path
    kept = work.settings.data_dir / str(entry.about.get("raw", ""))
    if not kept.is_file():
        raise NotFound(
            f"The raw file {name} is not kept any more.",
            message_zh=f"原始文件 {name} 已不存在。",
            next_step="Ingest the file again.",
            next_step_zh="请重新导入该文件。",
            data={"file": name},
        )
    path.parent.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(kept, path)
    return path


def tables_of(work: Desk, entry: GraphEntry) -> list[RawTable]:
    """Return the tables of an ingested file, read from its raw bytes."""
    path, name = raw_path(work, entry), str(entry.about["file"])
    root = path.parents[len(PurePosixPath(name).parts) - 1]
    limits = ReadLimits.of(work.settings)
    return [one for one in readers.read(path, root=root, limits=limits) if one.columns]


def relift(work: Desk, entry: GraphEntry) -> FileReport:
    """Lift one ingested file again with its newest mapping."""
    name, digest = str(entry.about["file"]), str(entry.about["sha256"])
    path = raw_path(work, entry)
    plan = Plan(
        path,
        name,
        digest,
        kind=readers.sniff(path),
        documents=documents_of(work, entry),
        raw=str(entry.about.get("raw", "")),
    )
    return lift_file(work, plan, tables_of(work, entry))


def relift_batches(work: Desk, batches: Collection[str]) -> list[FileReport]:
    """Lift some batches again, by the short hash of their file; EPCIS files need no other."""
    if not batches:
        return []
    with work.snapshot() as snapshot:
        entries = [
            one
            for one in every_batch(snapshot, tenant=work.tenant)
            if str(one.about.get("sha256", ""))[:16] in batches and one.about.get("mappings")
        ]
    reports = []
    for one in entries:
        started = time.monotonic()
        reports.append(replace(relift(work, one), seconds=time.monotonic() - started))
    work.store.publish()
    return reports


def relift_all(
    work: Desk, sources: Collection[str], others: Collection[str], *, retry: bool = False
) -> IngestReport:
    """Lift every file of some sources again, then files of others by their short hashes.

    With ``retry`` also those of which rows wait for others by then.
    """
    reports = [relift_source(work, source) for source in sources]
    more = {*others, *(waiting_on_others(work) if retry else ())}
    reports.append(IngestReport(tuple(relift_batches(work, more))))
    work.store.publish()
    return merged(reports)


def leaning(work: Desk, lists: Sequence[MappingDocument]) -> set[str]:
    """Return the batches, by their short hash, of other sources that read codes of which a document gives the list."""
    if not any("code_entry" in one.records for one in lists):
        return set()
    sources = {one.source for one in lists}
    found = set()
    with work.snapshot() as snapshot:
        entries = list(every_batch(snapshot, tenant=work.tenant))
    for entry in entries:
        if not entry.about.get("mappings") or sources_of(entry) & sources:
            continue
        terms = {
            one.term
            for document in documents_of(work, entry)
            for one in document.having(Decision.ACCEPTED)
        }
        if terms & {"q:defectCode", "q:alarmCode"}:
            found.add(str(entry.about["sha256"])[:16])
    return found
