"""Ingest: from a folder of strange files to committed graphs, with nothing lost on the way.

Each file is kept durably before anything else happens, then read, aligned, mapped, lifted, judged and
committed: its data graph together with its provenance, mapping, waiting rows and requests, all or none. Code
lists and equipment masters go first, since other files lean on them. A process that dies leaves accepted
inputs that `resume` takes up again; the same bytes are never ingested twice.
"""

import csv
import os
import shutil
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path, PurePosixPath

import polars as pl

from qualweave.batches import batches
from qualweave.config import Settings
from qualweave.errors import InputError, QualweaveError, UnreadableSource
from qualweave.mappers import readers
from qualweave.mappers.codes import CodeEntry
from qualweave.mappers.committing import lift_file
from qualweave.mappers.desk import Aligner, Desk, Plan, align_with, desk
from qualweave.mappers.drafting import (
    AlignmentLike,
    Answer,
    build_mapping,
    context_of,
)
from qualweave.mappers.drift import firmware_changed
from qualweave.mappers.epcis import is_epcis
from qualweave.mappers.epcis.ingest import ingest_epcis
from qualweave.mappers.mapping import MappingDocument
from qualweave.mappers.meanings import ConceptReader
from qualweave.mappers.profile import profile
from qualweave.mappers.readers import ReadLimits, TableStream
from qualweave.mappers.relift import relift_batches, waiting_on_others
from qualweave.mappers.report import FileReport, IngestReport
from qualweave.mappers.restated import lift_restated, said_by_lists
from qualweave.mappers.sources import source_id
from qualweave.mappers.table import RawTable
from qualweave.mappers.zones import Zones
from qualweave.ontology.terms import TermIndex
from qualweave.principal import Principal
from qualweave.store.port import Gate, Store

Progress = Callable[[str, int, int], None]
"""Told the file in work, its number, and how many there are."""

_KEPT_ROWS = (
    400_000  # rows of tables kept in memory between mapping and lifting; others are read again
)
_GIVING = {"code_entry", "process_record", "genealogy_record", "epcis_event", "equipment_record"}
_IGNORED_NAMES = (".", "~$", "Thumbs.db")


def ingest(  # noqa: PLR0913 - each is one thing that a caller may choose
    path_or_dir: Path,
    *,
    store: Store,
    terms: TermIndex,
    settings: Settings,
    principal: Principal,
    gate: Gate | None = None,
    answers: Sequence[Answer] | None = None,
    progress: Progress | None = None,
    domains: Mapping[str, str] | None = None,
    aligner: Aligner | None = None,
    concept_reader: ConceptReader | None = None,
) -> IngestReport:
    """Ingest a file or every file of a folder.

    Args:
        path_or_dir: The file or folder.
        store: Where it goes.
        terms: Index of the ontology's terms.
        settings: Data folder, base IRI, thresholds.
        principal: Who ingests.
        gate: Judges what is committed; None lets everything pass.
        answers: What persons have said of fields.
        progress: Told before each file.
        domains: Domain of each property of the ontology, for the words of suggestions.
        aligner: What aligns fields; the package's own where left out.
        concept_reader: What reads the words of codes; the package's own where both are left out.

    Returns:
        What became of each file; a file that cannot be used is refused there and stops nothing.

    Raises:
        InputError: If the path is not there.
        Forbidden: If the principal may not ingest.
    """
    principal.require("engineer")
    files = _files(path_or_dir)
    work = desk(
        store=store, terms=terms, settings=settings, principal=principal, gate=gate,
        answers=answers, domains=domains, aligner=aligner, concept_reader=concept_reader,
    )  # fmt: skip
    root = path_or_dir if path_or_dir.is_dir() else path_or_dir.parent
    named = [(path, path.relative_to(root).as_posix()) for path in files]
    return _run(work, named, progress)


def resume(work: Desk, progress: Progress | None = None) -> IngestReport:
    """Take up every accepted input whose ingest was not finished, for example after a crash."""
    named = []
    for one in work.store.pending_inputs():
        folder = work.settings.data_dir / "resumed" / one.sha256[:16]
        path = folder / PurePosixPath(one.name)
        path.parent.mkdir(parents=True, exist_ok=True)
        if not path.exists():
            shutil.copyfile(one.path, path)
        named.append((path, one.name))
    return _run(work, named, progress)


def _files(path: Path) -> list[Path]:
    if path.is_file():
        return [path]
    if not path.is_dir():
        raise InputError(
            f"{path} is neither a file nor a folder.",
            message_zh=f"{path} 既不是文件也不是文件夹。",
            next_step="Give the path of a file or folder to ingest.",
            next_step_zh="请给出要导入的文件或文件夹路径。",
            data={"path": str(path)},
        )
    return sorted(
        one
        for one in path.rglob("*")
        if not one.is_dir() and not one.name.startswith(_IGNORED_NAMES)
    )


def _run(work: Desk, named: Sequence[tuple[Path, str]], progress: Progress | None) -> IngestReport:
    accepted = [_accept(work, path, name) for path, name in named]
    with work.snapshot() as snapshot:
        done = {str(one.about.get("sha256", "")) for one in batches(snapshot, tenant=work.tenant)}
    plans: list[Plan] = []
    zones = Zones.load(work.zones_path)
    kept = 0
    for number, plan in enumerate(accepted):
        if progress:
            progress(plan.name, number, 2 * len(accepted))
        started = time.monotonic()
        plan.repeated = bool(plan.content_hash) and plan.content_hash in done
        _read_and_map(work, plan)
        plan.seconds = time.monotonic() - started
        done.add(plan.content_hash)
        for table, document in zip(plan.tables or (), plan.documents, strict=False):
            zones.look(plan.name, table, document)
        kept += sum(len(one.frame) for one in plan.tables or ())
        if kept > _KEPT_ROWS or not plan.is_whole:
            plan.tables = None
        plans.append(plan)
    zones.save(work.zones_path)
    documents = [one for plan in plans for one in plan.documents if not plan.repeated]
    former = said_by_lists(work, documents)
    reports: dict[int, FileReport] = {}
    for number, at in enumerate(sorted(range(len(plans)), key=lambda one: plans[one].rank)):
        if progress:
            progress(plans[at].name, len(plans) + number, 2 * len(plans))
        reports[at] = _finish(work, plans[at])
        plans[at].tables = None
    work.store.publish()
    _retry(work, reports)
    _restate(work, reports, former)
    return IngestReport(tuple(reports[at] for at in range(len(plans))))


def _retry(work: Desk, reports: dict[int, FileReport]) -> None:
    """Lift again what waited for others: a code list or the operations of its items came in since.

    So the order in which files arrive does not decide what gets into the graph.
    """
    if not any(one.status == "lifted" and set(one.records) & _GIVING for one in reports.values()):
        return
    waiting = waiting_on_others(work)
    for again in relift_batches(work, waiting):
        for at, report in reports.items():
            if report.sha256 == again.sha256:
                reports[at] = replace(again, seconds=report.seconds + again.seconds)


def _restate(work: Desk, reports: dict[int, FileReport], former: Sequence[CodeEntry]) -> None:
    """Lift again what was lifted by another meaning of a code, and say so beside the lists that changed it."""
    restated = lift_restated(work, former, besides={one.sha256 for one in reports.values()})
    if not restated.reports:
        return
    said = restated.statement
    for at, one in reports.items():
        if "code_entry" in one.records:
            reports[at] = replace(one, message=said["en"], message_zh=said["zh"])


def _accept(work: Desk, path: Path, name: str) -> Plan:
    """Keep a file's bytes durably; note their hash and where they lie, below the data folder if they do.

    What is no plain file of the folder, or cannot be opened, is refused without being kept.
    """
    told = os.fsencode(name).decode("utf-8", "backslashreplace")
    plan = Plan(path, told, "", kind="")
    try:
        if told != name:
            raise _unnamed(told)
        _check_place(path, name)
        plan.kind = readers.sniff(path)
        ReadLimits.of(work.settings).check_file(path)
    except QualweaveError as error:
        plan.refusal = error
        return plan
    kept = work.store.accept_input(name, path, principal=work.principal)
    home = work.settings.data_dir.resolve()
    place = kept.resolve()
    plan.content_hash = kept.name
    plan.raw = str(place.relative_to(home) if place.is_relative_to(home) else place)
    return plan


def _unnamed(told: str) -> UnreadableSource:
    """Return the refusal of a file whose name is no text: nothing in the graph could name it."""
    return UnreadableSource(
        f"{told}: the name of the file is not in UTF-8.",
        message_zh=f"{told}：文件名不是 UTF-8 编码。",
        next_step="Rename the file and hand it in again.",
        next_step_zh="请重命名该文件后重新导入。",
        data={"file": told},
    )


def _check_place(path: Path, name: str) -> None:
    """Refuse a link that leads out of the folder that is handed in: it would bring in what no one chose."""
    root = path.parents[len(PurePosixPath(name).parts) - 1]
    if path.is_symlink() and not path.resolve().is_relative_to(root.resolve()):
        raise UnreadableSource(
            f"{name} is a link that leads out of its folder.",
            message_zh=f"{name} 是指向文件夹之外的链接。",
            next_step="Hand in the file itself.",
            next_step_zh="请提供文件本身。",
            data={"file": name},
        )


# --- mapping ---------------------------------------------------------------------------------------


def _read_and_map(work: Desk, plan: Plan) -> None:
    """Read the first part of each table of a file and settle its mapping by that.

    Whatever cannot be read is a refusal, never a crash.
    """
    if plan.repeated or plan.refusal is not None:
        return
    with _refusing(plan):
        if plan.kind == "xml" and is_epcis(plan.path):
            plan.kind = "epcis-xml"
        if not plan.kind.startswith("epcis"):
            plan.streams = _streams(work, plan)
            parts = [one.first() for one in plan.streams]
            plan.tables = [table for table, _ in parts]
            plan.is_whole = all(whole for _, whole in parts)
            _map_tables(work, plan)


@contextmanager
def _refusing(plan: Plan) -> Iterator[None]:
    """Turn whatever a reader meets into the refusal of the plan."""
    try:
        yield
    except QualweaveError as error:
        plan.refusal = error
    except RecursionError:
        plan.refusal = _unreadable(plan.name, "it is nested too deeply", "嵌套层次过深")
    except MemoryError:
        plan.refusal = _unreadable(plan.name, "it takes more memory than there is", "内存不足")
    except (OSError, ValueError, csv.Error, pl.exceptions.PolarsError) as error:
        plan.refusal = _unreadable(plan.name, str(error))


def _streams(work: Desk, plan: Plan) -> list[TableStream]:
    root = plan.path.parents[len(PurePosixPath(plan.name).parts) - 1]
    limits = ReadLimits.of(work.settings)
    streams = [one for one in readers.stream(plan.path, root=root, limits=limits) if one.columns]
    if not streams:
        raise _unreadable(plan.name, "it holds no table", "其中没有表格")
    return streams


def _whole(work: Desk, plan: Plan) -> list[RawTable]:
    """Return the tables of a plan, read again where they are not in memory.

    One commit takes a whole file, so one that is too large for that is refused before it takes all memory.
    """
    if plan.tables is None and plan.refusal is None:
        with _refusing(plan):
            return [one.whole(most=work.settings.ingest_rows) for one in plan.streams]
    if plan.refusal is not None:
        raise plan.refusal
    return plan.tables or []


def _unreadable(name: str, why: str, why_zh: str = "") -> UnreadableSource:
    return UnreadableSource(
        f"{name} cannot be ingested: {why}.",
        message_zh=f"无法导入 {name}：{why_zh or why}。",
        next_step="Export it as CSV, Excel, JSON, XML, Parquet or EPCIS and ingest that; the raw file is kept.",
        next_step_zh="请导出为 CSV、Excel、JSON、XML、Parquet 或 EPCIS 后再导入；原始文件已保留。",
        data={"file": name},
    )


def _map_tables(work: Desk, plan: Plan) -> None:
    several = len(plan.tables or ()) > 1
    for table in plan.tables or ():
        wanted = source_id(plan.name, table=table.name if several else "")
        source, stored = work.library.find(wanted, table.columns)
        document = _mapped(work, plan.name, table, source=source, stored=stored)
        if document is not stored:
            work.library.put(document)
        plan.documents.append(document)


def _mapped(
    work: Desk, name: str, table: RawTable, *, source: str, stored: MappingDocument | None
) -> MappingDocument:
    """Return the mapping of a table; only fields that the stored one does not know are aligned."""
    table = table.sound()
    changed = stored is not None and firmware_changed(
        stored, context_of(table, stored.columns, work.vocabulary)[0]
    )
    fresh = changed or any(stored is None or stored.column(one) is None for one in table.columns)
    alignments: Sequence[AlignmentLike] = (
        align_with(work, profile(table), source=source) if fresh else ()
    )
    defined = [
        Answer(column, term, by="format")
        for column, term in table.terms.items()
        if stored is None or stored.column(column) is None
    ]
    said = [*defined, *(one for one in work.answers if one.is_about(name, source))]
    return build_mapping(
        table,
        alignments,
        said,
        vocabulary=work.vocabulary,
        source=source,
        previous=stored,
        by=work.principal.id,
    )


# --- lifting ---------------------------------------------------------------------------------------


def _finish(work: Desk, plan: Plan) -> FileReport:
    """Lift and commit a planned file and report what became of it."""
    if plan.repeated:
        work.store.finish_input(plan.content_hash, "done")
        return FileReport(plan.name, plan.content_hash, "repeated", kind=plan.kind)
    started = time.monotonic()
    try:
        if plan.refusal is not None:
            raise plan.refusal
        is_epcis_file = plan.kind.startswith("epcis")
        report = (
            ingest_epcis(work, plan) if is_epcis_file else lift_file(work, plan, _whole(work, plan))
        )
    except QualweaveError as error:
        if plan.content_hash:
            work.store.finish_input(plan.content_hash, "refused")
        return FileReport(
            plan.name,
            plan.content_hash,
            "refused",
            kind=plan.kind,
            seconds=plan.seconds + time.monotonic() - started,
            message=str(error),
            message_zh=error.in_language("zh"),
        )
    work.store.finish_input(plan.content_hash, "done")
    return replace(report, seconds=plan.seconds + time.monotonic() - started)


def known_files(work: Desk) -> Iterator[tuple[str, str, str]]:
    """Yield file name, hash and source of every ingested file of the tenant."""
    with work.snapshot() as snapshot:
        for one in batches(snapshot, tenant=work.tenant):
            if "sha256" in one.about:
                yield str(one.about["file"]), str(one.about["sha256"]), str(one.about["source"])
