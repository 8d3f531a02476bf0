"""Aligning again what a decision or a release of the ontology touches: what changed is told, nothing is mapped by it.

Fields are profiled from the kept raw bytes of the newest file of their source. What alignment says anew stands in the
mapping document as candidates of a field that still waits; a field that is mapped stays so.
"""

from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import PurePosixPath
from typing import Literal, TypeAlias

from qualweave.batches import batches
from qualweave.errors import JsonValue, QualweaveError
from qualweave.iri import expand
from qualweave.mappers import readers
from qualweave.mappers.align.words import pieces
from qualweave.mappers.desk import Desk, align_with
from qualweave.mappers.drafting import AlignmentLike, redrafted
from qualweave.mappers.drift import DRIFT
from qualweave.mappers.mapping import ColumnMapping, Decision, MappingDocument, MappingEvidence
from qualweave.mappers.memory import DecisionMemory
from qualweave.mappers.profile import FieldProfile, profile
from qualweave.mappers.readers import ReadLimits
from qualweave.mappers.relift import documents_of, raw_path, sources_of
from qualweave.mappers.requesting import suggestion
from qualweave.mappers.vocabulary import Vocabulary, text_key

Kind: TypeAlias = Literal["candidate", "sure", "answered", "withdrawn", "mapped"]
_WAITS = (Decision.ASKED, Decision.REQUESTED)
_ALIKE = 0.5  # share of the parts of two names that are the same
_MOST = 12  # sources that one decision aligns again; the next release sees to the rest


@dataclass(frozen=True)
class Change:
    """What alignment says anew of a field.

    Attributes:
        kind: Another likeliest term (``candidate``); the same, now sure enough to be mapped (``sure``); a term where
            none fitted (``answered``); the term of a mapped field is gone (``withdrawn``); another term now fits a
            mapped field that no person decided (``mapped``).
        source: Source id.
        column: Field.
        before: Term and probability before, ``("", 0)`` for none.
        after: Term and probability now.
        statement: What is asked or proposed now, in one sentence per language.
    """

    kind: Kind
    source: str
    column: str
    before: tuple[str, float]
    after: tuple[str, float]
    statement: dict[str, str]

    def to_json(self) -> dict[str, JsonValue]:
        """Return the change as JSON values."""
        return {
            "kind": self.kind,
            "source": self.source,
            "column": self.column,
            "before": {"term": self.before[0], "probability": self.before[1]},
            "after": {"term": self.after[0], "probability": self.after[1]},
            "statement": dict(self.statement),
        }


@dataclass(frozen=True)
class Fresh:
    """A mapping document with what alignment says today, and where that differs."""

    former: MappingDocument
    document: MappingDocument
    changes: tuple[Change, ...]


def profiles(work: Desk, source: str) -> list[FieldProfile]:
    """Return the fields of a source as the newest file that is kept of it shows them; none where none is."""
    with work.snapshot() as snapshot:
        entries = [
            one
            for one in batches(snapshot, tenant=work.tenant)
            if source in sources_of(one) and one.about.get("sha256") and one.about.get("mappings")
        ]
    if not entries:
        return []
    entry = entries[-1]
    try:
        path, name = raw_path(work, entry), str(entry.about["file"])
        root = path.parents[len(PurePosixPath(name).parts) - 1]
        limits = ReadLimits.of(work.settings)
        streams = [one for one in readers.stream(path, root=root, limits=limits) if one.columns]
        for stream, document in zip(streams, documents_of(work, entry), strict=False):
            if document.source == source:
                return profile(stream.first()[0].sound())
    except QualweaveError:  # what is not kept any more says nothing of its fields
        return []
    return []


def touched(names: Iterable[str], documents: Iterable[MappingDocument]) -> dict[str, set[str]]:
    """Return the waiting fields whose names are like decided ones: source to fields."""
    decided = [(text_key(one), frozenset(pieces(one))) for one in set(names)]
    found: dict[str, set[str]] = {}
    for document in documents:
        for column in document.having(*_WAITS):
            key, parts = text_key(column.name), frozenset(pieces(column.name))
            if any(key == one or _alike(parts, other) for one, other in decided):
                found.setdefault(document.source, set()).add(column.name)
    return found


def _alike(one: frozenset[str], other: frozenset[str]) -> bool:
    return len(one & other) >= _ALIKE * max(len(one | other), 1)


def after_decision(
    work: Desk,
    names: Iterable[str],
    *,
    first: Collection[str] = (),
    without: Collection[tuple[str, str]] = (),
) -> list[Fresh]:
    """Return the documents whose waiting fields are like decided ones, as alignment sees those now.

    Memory must hold the decision by now: it is what is new. Every source is aligned once, however many decisions.

    Args:
        work: What the ingest works with.
        names: Names of the decided fields.
        first: Sources that are looked at before others.
        without: Sources and fields that are not looked at.
    """
    documents = {one.source: one for one in work.library.documents()}
    found = touched(names, documents.values())
    left = {
        source: {column for column in columns if (source, column) not in without}
        for source, columns in found.items()
    }
    some = {source: columns for source, columns in left.items() if columns}
    order = sorted(some, key=lambda source: (source not in first, source))
    seen = [fresh(work, documents[source], some[source]) for source in order[:_MOST]]
    return [one for one in seen if one.changes]


def after_release(work: Desk) -> Iterator[Fresh]:
    """Iterate over the documents of which alignment says something new, given the ontology of today."""
    for document in work.library.documents():
        found = fresh(work, document, {one.name for one in document.columns})
        if found.changes:
            yield found


def fresh(work: Desk, document: MappingDocument, names: set[str]) -> Fresh:
    """Return a document with some of its fields aligned again."""
    fields = profiles(work, document.source)
    aligned = {
        str(getattr(one.field, "name", one.field)): one
        for one in (align_with(work, fields, source=document.source) if fields else ())
    }
    look = _Look(work, document, DecisionMemory.load(work.memory_path))
    made = [
        look.at(one, aligned.get(one.name)) if one.name in names else (one, None)
        for one in document.columns
    ]
    changes = tuple(change for _, change in made if change is not None)
    if not changes:
        return Fresh(document, document, ())
    revised = document.model_copy(
        update={
            "columns": tuple(column for column, _ in made),
            "version": document.version + 1,
            "created": datetime.now(UTC),
            "created_by": "align",
            "release": work.vocabulary.version,
        }
    )
    return Fresh(document, revised, changes)


_Seen: TypeAlias = tuple[ColumnMapping, Change | None]


@dataclass(frozen=True)
class _Look:
    """A document looked at again, column by column."""

    work: Desk
    document: MappingDocument
    memory: DecisionMemory

    @property
    def _vocabulary(self) -> Vocabulary:
        return self.work.vocabulary

    def at(self, column: ColumnMapping, alignment: AlignmentLike | None) -> _Seen:
        """Return a column as it is now, and what changed about it."""
        accepted = column.decision is Decision.ACCEPTED
        if accepted and self._vocabulary.concept(expand(column.term)) is None:
            return self._withdrawn(column, alignment)
        if alignment is None:
            return column, None
        now, sure = redrafted(column, alignment, self._vocabulary), alignment.decision == "accept"
        if accepted:
            return self._mapped(column, now, sure=sure)
        return self._unmapped(column, now, sure=sure)

    def _unmapped(self, column: ColumnMapping, now: ColumnMapping, *, sure: bool) -> _Seen:
        if now.decision is not Decision.ASKED:
            return column, None
        if column.decision is Decision.IGNORED:
            return self._left_out(column, now)
        if column.decision is Decision.REQUESTED:
            return now, self._change("answered", now, _first(column))
        return self._asked(column, now, sure=sure)

    def _change(self, kind: Kind, now: ColumnMapping, before: tuple[str, float]) -> Change:
        said = suggestion(now, self._vocabulary)
        return Change(kind, self.document.source, now.name, before, _first(now), said)

    def _asked(self, column: ColumnMapping, now: ColumnMapping, *, sure: bool) -> _Seen:
        """Tell where another term is likeliest, or the same is sure by now; the field waits on."""
        before, after = _first(column), _first(now)
        if before[0] != after[0]:
            return now, self._change("candidate", now, before)
        if not sure or before[1] >= self.work.settings.accept_threshold:
            return (
                column,
                None,
            )  # not sure, or as sure before and waiting since the source is strict
        return now, self._change("sure", now, before)

    def _left_out(self, column: ColumnMapping, now: ColumnMapping) -> _Seen:
        """Ask about a field that was left out only where a term fits that was not there to be refused."""
        term = _first(now)[0]
        refused = self.memory.is_rejected(self.document.source, column.name, expand(term))
        if refused or term in {one.term for one in column.candidates}:
            return column, None
        return now, self._change("answered", now, ("", 0.0))

    def _mapped(self, column: ColumnMapping, now: ColumnMapping, *, sure: bool) -> _Seen:
        """Tell where another term fits a mapped field better now; it stays mapped, and is told once."""
        by_person = any(one.kind == "answer" for one in column.evidence) or column.by == "format"
        best = _first(now)[0]
        if by_person or not sure or best in (column.term, _first(column)[0]):
            return column, None
        seen = column.model_copy(update={"candidates": now.candidates})
        return seen, self._change("mapped", now, (column.term, column.confidence))

    def _withdrawn(self, column: ColumnMapping, alignment: AlignmentLike | None) -> _Seen:
        """Ask about a mapped field whose term the ontology lost; its data stay until it is answered."""
        said = {
            "en": f"{column.term}, to which {column.name} was mapped, is not in the ontology any more",
            "zh": f"{column.name} 原映射的 {column.term} 已不在本体中",
        }
        told = MappingEvidence(kind=DRIFT, statement=said, weight=-1.0)
        base = redrafted(column, alignment, self._vocabulary) if alignment else column
        asked = base.model_copy(
            update={
                "decision": Decision.ASKED,
                "term": "",
                "candidates": tuple(one for one in base.candidates if one.term != column.term),
                "evidence": (told, *base.evidence),
            }
        )
        return asked, self._change("withdrawn", asked, (column.term, column.confidence))


def _first(column: ColumnMapping) -> tuple[str, float]:
    first = column.candidates[0] if column.candidates else None
    return (first.term, first.probability) if first else ("", 0.0)


def keep(work: Desk, found: Sequence[Fresh]) -> None:
    """Store documents with what alignment says anew, each as the next version of its source."""
    for one in found:
        work.library.put(one.document)
