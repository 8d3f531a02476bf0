"""Lifting a table of any size in parts: N-Quads files of some rows each, in flat memory, resumable.

A folder holds one file per part and a note beside it. What parts must know of each other is little: which composed
identities occur twice in the whole table (a pass of its own, only where rows do not name their things themselves), and
which things have their source row already (8 bytes per thing, on disk where they are many). A run that was cut short
goes on behind the last part with a note; a run over the same table, mapping and ontology changes nothing.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import asdict, dataclass, field, replace
from hashlib import sha256
from pathlib import Path
from typing import TypeAlias

import numpy as np
import orjson
import polars as pl

from qualweave.mappers.codes import CodeBook
from qualweave.mappers.lift.batch import Batch
from qualweave.mappers.lift.build import Part, identities, lift_part, source_rows
from qualweave.mappers.lift.hashes import Hashes, HashSet
from qualweave.mappers.lift.lines import Lines
from qualweave.mappers.lift.problems import Problem
from qualweave.mappers.lift.sheet import Repeated, Unresolved
from qualweave.mappers.mapping import MappingDocument
from qualweave.mappers.table import RawTable
from qualweave.mappers.vocabulary import Vocabulary

Parts: TypeAlias = Callable[[], Iterable[RawTable]]
"""Reads a table from its start, in parts; each call gives the same rows in the same order."""

PART_ROWS = 50_000


@dataclass(frozen=True)
class Lifter:
    """What the parts of one table are lifted by; a partition elsewhere needs no more than this.

    Attributes:
        mapping: What the columns mean.
        batch: The file.
        vocabulary: The ontology.
        codes: Code entries of the graph.
        without: Source rows to leave out.
        repeated: Identities that several rows of the whole table have; None where that is not known.
    """

    mapping: MappingDocument
    batch: Batch
    vocabulary: Vocabulary
    codes: CodeBook = field(default_factory=CodeBook)
    without: frozenset[int] = frozenset()
    repeated: Repeated | None = None

    def lift_table(self, part: RawTable) -> Part:
        """Lift some rows of the table."""
        return lift_part(
            part, self.mapping, batch=self.batch, vocabulary=self.vocabulary, codes=self.codes,
            without=self.without, repeated=self.repeated or {},
        )  # fmt: skip

    def identities(self, part: RawTable) -> dict[str, Hashes]:
        """Return the composed identities of some rows."""
        return identities(
            part, self.mapping, batch=self.batch, vocabulary=self.vocabulary, codes=self.codes,
            without=self.without,
        )  # fmt: skip

    def knowing(self, parts: Parts) -> "Lifter":
        """Return the lifter that knows which identities repeat in the whole table."""
        once: dict[str, HashSet] = {}
        twice: dict[str, HashSet] = {}
        for part in parts():
            for entity, hashes in self.identities(part).items():
                _count(
                    hashes, once.setdefault(entity, HashSet()), twice.setdefault(entity, HashSet())
                )
        return replace(self, repeated=twice)

    @property
    def fingerprint(self) -> str:
        """Hash of all that the triples follow from, but the rows."""
        said = self.mapping.model_dump(mode="json", exclude={"created", "created_by"})
        facts = [
            asdict(self.batch), said, self.vocabulary.version,
            sorted(self.without), sorted(str(one) for one in self.codes.entries()), pl.__version__,
        ]  # fmt: skip
        return sha256(orjson.dumps(facts)).hexdigest()


def _count(hashes: Hashes, once: HashSet, twice: HashSet) -> None:
    distinct, counts = np.unique(hashes, return_counts=True)
    again = once.has(distinct) | (counts > 1)
    repeated = distinct[again]
    twice.take_in(repeated[~twice.has(repeated)])
    once.take_in(distinct[~once.has(distinct)])


def slices(table: RawTable, rows: int = PART_ROWS) -> Iterator[RawTable]:
    """Yield a table that is in memory in parts."""
    for start in range(0, max(len(table.frame), 1), rows):
        yield replace(table, frame=table.frame.slice(start, rows))


@dataclass(frozen=True)
class LiftedFolder:
    """What lifting into a folder gave.

    Attributes:
        files: The N-Quads files, in order.
        lines: Quads written; a quad about a thing that many rows name may stand in several files.
        rows_read: Rows of the table.
        rows_lifted: Rows that are in the quads.
        resumed: Parts that an earlier run had lifted.
        problems: Why rows wait.
        unresolved: Texts that name no concept yet.
    """

    files: tuple[Path, ...]
    lines: int
    rows_read: int
    rows_lifted: int
    resumed: int = 0
    problems: tuple[Problem, ...] = ()
    unresolved: tuple[Unresolved, ...] = ()


@dataclass(frozen=True)
class _Note:
    """What is known of a part that is written: enough to go on behind it without lifting it again."""

    key: str
    sha256: str
    lines: int
    rows_read: int
    rows_lifted: int
    problems: tuple[Problem, ...]
    unresolved: tuple[Unresolved, ...]


def lift_parts(parts: Parts, lifter: Lifter) -> Iterator[Part]:
    """Lift a table part by part; lines about things that an earlier part has named are not said again.

    Args:
        parts: The table, for example `TableStream.batches` of a reader.
        lifter: What it is lifted by.

    Yields:
        Parts with all their lines, so that nothing is left in ``first``.
    """
    met = HashSet()
    for table in parts():
        part, lifter = _lift_next(table, parts, lifter)
        yield _unmet(part, met).part


def _lift_next(table: RawTable, parts: Parts, lifter: Lifter) -> tuple[Part, Lifter]:
    """Lift a part; the whole table is looked through as soon as one of its rows does not name its thing."""
    part = lifter.lift_table(table)
    if part.composed and lifter.repeated is None:
        lifter = lifter.knowing(parts)
        part = lifter.lift_table(table)
    return part, lifter


def lift_to_folder(parts: Parts, lifter: Lifter, folder: Path) -> LiftedFolder:
    """Lift a table part by part into N-Quads files.

    Args:
        parts: The table, for example `TableStream.batches` of a reader.
        lifter: What it is lifted by.
        folder: Where the files go; parts of an earlier run that still hold are kept.

    Returns:
        Files, counts, and why rows wait.
    """
    folder.mkdir(parents=True, exist_ok=True)
    met, before, notes, resumed = HashSet(), lifter.fingerprint, [], 0
    files = []
    for number, table in enumerate(parts()):
        path = folder / f"part-{number:06d}.nq"
        # A part depends on all before it, so its key chains them.
        before = sha256(f"{before} {_rows_hash(table)}".encode()).hexdigest()
        note = _kept(path, before, met)
        resumed += note is not None
        if note is None:
            part, lifter = _lift_next(table, parts, lifter)
            note = _write_part(_unmet(part, met), path, key=before, graph=lifter.batch.graph)
        notes.append(note)
        files.append(path)
    for left in sorted(folder.glob("part-*.nq")):
        if left not in files:
            _forget(left)
    return _summed(files, notes, resumed)


def _rows_hash(table: RawTable) -> str:
    hashes = table.frame.hash_rows().to_numpy()
    return sha256(hashes.tobytes()).hexdigest()


def _write_part(unmet: "_Unmet", path: Path, *, key: str, graph: str) -> _Note:
    digest, scratch, part = sha256(), path.with_suffix(".new"), unmet.part
    with scratch.open("wb") as out:
        for piece in part.lines.pieces(graph):
            digest.update(piece)
            out.write(piece)
    note = _Note(
        key=key,
        sha256=digest.hexdigest(),
        lines=part.lines.count,
        rows_read=part.rows_read,
        rows_lifted=part.rows_lifted,
        problems=part.problems,
        unresolved=part.unresolved,
    )
    np.save(path.with_suffix(".npy"), unmet.added)
    scratch.rename(path)
    told = path.with_suffix(".told")
    told.write_bytes(orjson.dumps(note))
    told.rename(path.with_suffix(".json"))
    return note


@dataclass(frozen=True)
class _Unmet:
    """A part with the lines that no part before has written, and the hashes of what it was the first to name."""

    part: Part
    added: Hashes


def _unmet(part: Part, met: HashSet) -> _Unmet:
    lines, added = Lines(), []
    for chunk, shared in zip(part.lines.chunks, part.lines.shared, strict=True):
        if shared:
            once = chunk.unique(maintain_order=True)
            new, hashes = met.new(once)
            lines.keep(once.filter(new))
            added.append(hashes)
        else:
            lines.keep(chunk)
    new, hashes = met.new(part.first["s"])
    source_rows(lines, part.first.filter(new))
    whole = replace(part, lines=lines, first=part.first.clear())
    return _Unmet(whole, np.concatenate([*added, hashes]))


def _kept(path: Path, key: str, met: HashSet) -> _Note | None:
    """Return the note of a part that is written and still holds, and take in what it was the first to name."""
    told = path.with_suffix(".json")
    if not (path.exists() and told.exists()):
        return None
    data = orjson.loads(told.read_bytes())
    if data["key"] != key or sha256(path.read_bytes()).hexdigest() != data["sha256"]:
        return None
    met.take_in(np.load(path.with_suffix(".npy")))
    data["problems"] = tuple(Problem(**one) for one in data["problems"])
    data["unresolved"] = tuple(
        Unresolved(**{**one, **{name: tuple(one[name]) for name in ("candidates", "also")}})
        for one in data["unresolved"]
    )
    return _Note(**data)


def _forget(path: Path) -> None:
    for suffix in (".nq", ".json", ".npy"):
        path.with_suffix(suffix).unlink(missing_ok=True)


def _summed(files: list[Path], notes: list[_Note], resumed: int) -> LiftedFolder:
    texts: dict[tuple[str, str, str], Unresolved] = {}
    for one in (text for note in notes for text in note.unresolved):
        key = (one.column, one.role, one.text)
        known = texts.get(key)
        texts[key] = replace(one, rows=one.rows + known.rows) if known else one
    return LiftedFolder(
        tuple(files),
        sum(one.lines for one in notes),
        sum(one.rows_read for one in notes),
        sum(one.rows_lifted for one in notes),
        resumed,
        tuple(problem for one in notes for problem in one.problems),
        tuple(texts.values()),
    )
