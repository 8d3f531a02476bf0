"""The journal: every commit and every raw input is on disk, fsynced, before anything else happens to it.

An entry is a folder that appears by one rename, so it is there whole or not at all::

    journal/open/{sequence}-{id}/   written; not yet counted, or counted but not yet flushed by the database.
                                    At start it is redone (judged), undone (not judged) or put away (counted)
    journal/done/{sequence}-{id}/   counted by the catalogue and flushed; kept for replay
    inputs/{sha256}                 raw input of an ingest; inputs/{sha256}.json says whose and what became of it
"""

import os
import shutil
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any
from uuid import uuid4

import orjson

from qualweave.errors import JsonValue, NotFound, StoreError
from qualweave.store.port import ChangeSet, Input

_PART = 4 << 20  # bytes of a file that are in memory at once


@dataclass(frozen=True)
class Entry:
    """A journaled commit: its folder, identity and change sets."""

    folder: Path
    id: str
    sequence: int
    principal: str
    tenant: str
    at: str
    judged: bool
    changes: tuple[ChangeSet, ...]
    change_ids: tuple[str, ...]
    contents: tuple[str, ...]


def content_hash(change: ChangeSet) -> str:
    """Return the sha-256 (hex) of a change set's content: graph, role, way and triples."""
    digest = sha256()
    head = [change.graph, change.role, change.replace, dict(change.about)]
    digest.update(orjson.dumps(head, option=orjson.OPT_SORT_KEYS))
    for part in (change.inserts, change.deletes):
        digest.update(len(part).to_bytes(8, "big"))
        digest.update(part)
    return digest.hexdigest()


class Journal:
    """Entries of a store on disk."""

    def __init__(self, folder: Path) -> None:
        self._open, self._done, self._scratch = folder / "open", folder / "done", folder / "scratch"
        for one in (self._open, self._done, self._scratch):
            one.mkdir(parents=True, exist_ok=True)
        for left in self._scratch.iterdir():  # a write that was cut short never counted
            shutil.rmtree(left, ignore_errors=True)

    def write(
        self,
        changes: Sequence[ChangeSet],
        ids: Sequence[str],
        *,
        contents: Sequence[str],
        sequence: int,
        principal: str,
        tenant: str,
        at: str,
    ) -> Entry:
        """Write an entry and fsync it.

        Args:
            changes: The change sets, prepared.
            ids: Their commit ids.
            contents: The content hashes of the change sets as they came.
            sequence: Number of the first of the commits.
            principal: Who commits.
            tenant: Whose the graphs are.
            at: When, ISO 8601.

        Raises:
            StoreError: If the disk refuses.
        """
        group = ids[0] if len(ids) == 1 else sha256("".join(ids).encode()).hexdigest()
        name = f"{sequence:012d}-{group}"
        scratch, final = self._scratch / name, self._open / name
        head = {
            "id": group,
            "sequence": sequence,
            "principal": principal,
            "tenant": tenant,
            "at": at,
            "changes": [
                _head(change, identity, content)
                for change, identity, content in zip(changes, ids, contents, strict=True)
            ],
        }
        try:
            scratch.mkdir()
            for number, change in enumerate(changes):
                for kind, content in (("inserts", change.inserts), ("deletes", change.deletes)):
                    if content:
                        write_durably(scratch / f"{number}.{kind}.nt", content)
            write_durably(scratch / "entry.json", orjson.dumps(head))
            sync_folder(scratch)
            scratch.rename(final)
            sync_folder(self._open)
        except OSError as error:
            shutil.rmtree(scratch, ignore_errors=True)
            raise StoreError(
                f"The journal could not be written: {error}.",
                message_zh=f"无法写入日志：{error}。",
                next_step="Free disk space or mend the disk; nothing of this commit was applied.",
                next_step_zh="请释放磁盘空间或检查磁盘；本次提交未生效。",
            ) from error
        return self.read(final)

    def mark_judged(self, entry: Entry) -> None:
        """Note durably that the gate let the entry pass, so that a restart finishes it."""
        write_durably(entry.folder / "judged", b"")
        sync_folder(entry.folder)

    def finish(self, entry: Entry) -> None:
        """Put an entry away that is counted and flushed."""
        entry.folder.rename(self._done / entry.folder.name)

    def drop(self, entry: Entry) -> None:
        """Take an entry back that will not be applied."""
        # In one step: a folder that lost its head half-way would keep the store from opening.
        gone = self._scratch / f"dropped-{entry.folder.name}"
        entry.folder.rename(gone)
        shutil.rmtree(gone)

    def pending(self) -> Iterator[Entry]:
        """Iterate over the entries that were not finished, in order."""
        for folder in sorted(self._open.iterdir()):
            yield self.read(folder)

    @staticmethod
    def read(folder: Path) -> Entry:
        """Return the entry of a folder."""
        head: dict[str, Any] = orjson.loads((folder / "entry.json").read_bytes())
        changes = tuple(
            ChangeSet(
                graph=one["graph"],
                role=one["role"],
                inserts=_content(folder / f"{number}.inserts.nt"),
                deletes=_content(folder / f"{number}.deletes.nt"),
                replace=one["replace"],
                about=one["about"],
            )
            for number, one in enumerate(head["changes"])
        )
        return Entry(
            folder=folder,
            id=head["id"],
            sequence=head["sequence"],
            principal=head["principal"],
            tenant=head["tenant"],
            at=head["at"],
            judged=(folder / "judged").exists(),
            changes=changes,
            change_ids=tuple(one["id"] for one in head["changes"]),
            contents=tuple(one["content"] for one in head["changes"]),
        )


def _content(path: Path) -> bytes:
    return path.read_bytes() if path.exists() else b""


def _head(change: ChangeSet, identity: str, content: str) -> dict[str, JsonValue]:
    return {
        "id": identity,
        "content": content,
        "graph": change.graph,
        "role": change.role,
        "replace": change.replace,
        "about": dict(change.about),
    }


class Inputs:
    """Raw inputs of ingest, kept under their hash before they are acknowledged."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        folder.mkdir(parents=True, exist_ok=True)

    def accept(self, name: str, content: bytes | Path, principal: str) -> Path:
        """Keep an input durably; the same bytes again change nothing, unless they were refused: then they wait anew.

        Args:
            name: What it is called.
            content: Its bytes, or a file that has them.
            principal: Who hands it in.

        Raises:
            StoreError: If the disk refuses.
        """
        scratch = self._folder / f"{uuid4().hex}.new"  # others may send the same bytes
        try:
            digest = hash_of(content)
            if self._status(digest) not in ("", "refused"):
                return self._folder / digest
            digest = copy_durably(content, scratch)  # the file may have grown since
            path = self._folder / digest
            scratch.replace(path)
            self._write_note(digest, {"name": name, "principal": principal, "status": "pending"})
        except OSError as error:
            scratch.unlink(missing_ok=True)
            raise StoreError(
                f"The input {name!r} could not be kept: {error}.",
                message_zh=f"无法保存输入 {name!r}：{error}。",
                next_step="Free disk space or mend the disk, and send it again.",
                next_step_zh="请释放磁盘空间或检查磁盘后重新发送。",
                data={"file": name},
            ) from error
        return path

    def finish(self, digest: str, status: str) -> None:
        """Note what became of an input, for example ``"done"`` or ``"refused"``.

        Raises:
            NotFound: If no such input was accepted.
        """
        note = self._note(digest)
        if not note.exists():
            raise NotFound(
                f"No input {digest!r} was accepted.",
                message_zh=f"没有已接收的输入 {digest!r}。",
                next_step="Name it by the sha-256 of its content.",
                next_step_zh="请使用其内容的 sha-256。",
                data={"sha256": digest},
            )
        self._write_note(digest, {**orjson.loads(note.read_bytes()), "status": status})

    def pending(self) -> list[Input]:
        """Return the inputs whose ingest was not finished."""
        return [one for one in self.all() if one.status == "pending"]

    def all(self) -> list[Input]:
        """Return every input that was accepted."""
        found = []
        for note in sorted(self._folder.glob("*.json")):
            facts: dict[str, str] = orjson.loads(note.read_bytes())
            found.append(
                Input(
                    sha256=note.stem,
                    name=facts["name"],
                    principal=facts["principal"],
                    path=self._folder / note.stem,
                    status=facts["status"],
                )
            )
        return found

    def _status(self, digest: str) -> str:
        note = self._note(digest)
        return str(orjson.loads(note.read_bytes())["status"]) if note.exists() else ""

    def _note(self, digest: str) -> Path:
        return self._folder / f"{digest}.json"

    def _write_note(self, digest: str, facts: Mapping[str, str]) -> None:
        scratch = self._note(digest).with_suffix(f".{uuid4().hex}.part")
        write_durably(scratch, orjson.dumps(facts))
        scratch.rename(self._note(digest))
        sync_folder(self._folder)


def write_durably(path: Path, content: bytes) -> None:
    """Write a file and fsync it."""
    with path.open("wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())


def hash_of(content: bytes | Path) -> str:
    """Return the sha-256 of bytes, or of those of a file, as hex digits."""
    digest = sha256()
    for part in _parts(content):
        digest.update(part)
    return digest.hexdigest()


def copy_durably(content: bytes | Path, target: Path) -> str:
    """Copy bytes, or those of a file, part by part; fsync the copy and return its sha-256 as hex digits."""
    digest = sha256()
    with target.open("wb") as copy:
        for part in _parts(content):
            digest.update(part)
            copy.write(part)
        copy.flush()
        os.fsync(copy.fileno())
    return digest.hexdigest()


def _parts(content: bytes | Path) -> Iterator[bytes]:
    if isinstance(content, bytes):
        yield content
        return
    with content.open("rb") as file:
        while part := file.read(_PART):
            yield part


def sync_folder(path: Path) -> None:
    """Fsync a folder, so that the names in it are durable."""
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
