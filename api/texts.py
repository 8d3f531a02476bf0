"""`Texts` at the service: texts read to candidate concepts, reviewed, exchanged and lifted, for one principal."""

import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import cache
from pathlib import Path, PurePath
from typing import Literal

from pyoxigraph import NamedNode

from qualweave.api.service import Service
from qualweave.errors import JsonValue
from qualweave.iri import Q, mint
from qualweave.mappers.governance import batch_triples, governance_change, present
from qualweave.mappers.texts.agreement import agreements
from qualweave.mappers.texts.collect import Collector
from qualweave.mappers.texts.corpus import Corpus, Decision, Review, Text, Verdict
from qualweave.mappers.texts.exchange import exported, imported
from qualweave.mappers.texts.lifting import LiftedTexts, lift_texts
from qualweave.mappers.texts.reading import Candidate, TextReading
from qualweave.mappers.texts.states import State
from qualweave.mappers.texts.viewpoint import Viewpoint
from qualweave.ontology.release import current_release
from qualweave.principal import Principal
from qualweave.store.port import ChangeSet, Snapshot

_OFFERED = (
    5  # silent sentences for which the nearest concepts are offered; each costs the text model
)
_UTTERANCES = """
SELECT ?utterance ?text WHERE { ?utterance a q:Utterance ; q:utteranceText ?text }
"""


@cache
def _corpus(path: Path) -> Corpus:
    """Return the corpus of a journal; a store has one writing process, and that has one corpus of each."""
    return Corpus(path)


@dataclass(frozen=True)
class Judgement:
    """What a person says of a span."""

    verdict: Verdict
    start: int
    end: int
    term: str
    to: str = ""
    state: State | None = None
    viewpoint: Viewpoint | Literal[""] | None = None
    why: str = ""


@dataclass(frozen=True)
class Texts:
    """The texts of a tenant, for one principal."""

    service: Service
    principal: Principal

    @property
    def corpus(self) -> Corpus:
        """The tenant's corpus, beside its mapping documents."""
        home = self.service.settings.data_dir.resolve()
        return _corpus(home / "texts" / f"{self.principal.tenant}.jsonl")

    @property
    def _collector(self) -> Collector:
        return Collector(self.service.voices, self.service.terms, current_release().version)

    # --- reading -----------------------------------------------------------------------------------

    def read(
        self, text: str, *, language: str = "", record: Viewpoint | Literal[""] = ""
    ) -> dict[str, JsonValue]:
        """Return the candidate concepts of a text, with codes looked up in the graph; nothing is kept.

        Raises:
            InputError: If it is empty or too long.
        """
        reading = self.service.voices.texts.read(text, language=language, record=record)
        with self._finding() as find:
            known = _looked_up(reading, find)
        told = known.to_json(self.service.terms)
        voices = self.service.voices
        rows = told["candidates"]
        for one, row in zip(known.candidates, rows if isinstance(rows, list) else (), strict=True):
            if isinstance(row, dict):
                entity = voices.entity_of(one.term)
                row |= {
                    "attribute": voices.attribute_of(one.term),
                    "entity": entity,
                    "entity_name": self.service.terms.spoken_name(entity),
                }
        told["offers"] = [
            {
                "start": start,
                "end": end,
                "nearest": list[JsonValue](voices.by_meaning(text[start:end])),
            }
            for start, end in reading.silent[:_OFFERED]
        ]
        return told

    @contextmanager
    def _finding(self) -> Iterator[Callable[[str], str]]:
        """Lend what finds the thing of a number in the tenant's graph: its IRI, or an empty text."""
        tenant, base = self.principal.tenant, self.service.settings.base_iri
        with self.service.reading(tenant) as snapshot:
            index = self.service.index(snapshot, tenant)

            own = {one.graph for one in snapshot.graphs("data", tenant=tenant)}

            def find(number: str) -> str:
                iri = mint("item", number, tenant=tenant, base=base)
                said = snapshot.quads(NamedNode(iri))
                if iri in index or any(getattr(one.graph_name, "value", "") in own for one in said):
                    return iri
                found = index.numbered(number)
                return found[0] if len(found) == 1 else ""

            yield find

    # --- the corpus --------------------------------------------------------------------------------

    def keep(self, text: str, *, language: str = "", record: Viewpoint | Literal[""] = "") -> Text:
        """Put a text that a person typed into the corpus, with the reader's proposals.

        Raises:
            InputError: If it is empty or too long.
        """
        made = self._collector.text(text, language=language, record=record)
        self.corpus.add([made])
        return self.corpus.get(made.id)

    def collect(self, name: str, content: bytes, *, column: str = "") -> dict[str, JsonValue]:
        """Read the texts of a file into the corpus; the same file again adds nothing.

        Args:
            name: Of the file.
            content: Its bytes.
            column: Field that holds the text; found where it is empty.

        Raises:
            UnreadableSource: If the file cannot be read.
            InputError: If no column holds texts.
        """
        self.principal.require("engineer", "architect")
        plain = PurePath(name).name or "texts.csv"
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / plain
            path.write_bytes(content)
            found = list(self._collector.file(path, column=column, name=plain))
        new = self.corpus.add(found)
        spans = sum(len(one.proposed) for one in found)
        return {
            "file": plain,
            "column": found[0].column if found else column,
            "texts": len(found),
            "new": new,
            "spans": spans,
            "en": f"{plain}: {len(found)} texts, {new} of them new, with {spans} candidate spans.",
            "zh": f"{plain}：{len(found)} 条文本，其中新增 {new} 条，候选片段 {spans} 个。",
        }

    def listed(
        self, *, review: Review | Literal[""] = "", offset: int = 0, limit: int = 50
    ) -> dict[str, JsonValue]:
        """Return texts of the corpus, those with open spans first."""
        chosen = [
            one
            for one in self.corpus
            if not review or any(span.review == review for span in one.spans())
        ]
        chosen.sort(
            key=lambda one: (
                not any(s.review == "open" for s in one.spans()),
                one.file,
                one.row,
                one.id,
            )
        )
        return {
            "total": len(chosen),
            "texts": [self.told(one) for one in chosen[offset : offset + limit]],
        }

    def told(self, text: Text) -> dict[str, JsonValue]:
        """Return a text of the corpus as JSON values, with the names of its concepts."""
        body: dict[str, JsonValue] = text.model_dump(mode="json", exclude={"proposed"})
        body["spans"] = [
            one.model_dump(mode="json") | {"name": self._names(one.term)} for one in text.spans()
        ]
        return body

    def _names(self, term: str) -> dict[str, JsonValue]:
        iri = term if "://" in term else Q + term
        if iri not in self.service.terms:  # a former release had it
            return {"en": term, "zh": term}
        return {one: self.service.terms.name_of(iri, one) for one in ("en", "zh")}

    def decide(self, identifier: str, given: Judgement) -> Text:
        """Take a decision about a span.

        Raises:
            Forbidden: If the principal may not review.
            UnknownTerm: If the ontology has no such concept.
            NotFound: If there is no such text or span.
            InputError: If the place is outside the text.
        """
        self.principal.require("engineer", "architect")
        fresh = given.to if given.verdict == "relabel" else given.term
        names = [one for one in (fresh,) if one and given.verdict in ("relabel", "add")]
        found = [self.service.terms.named(one).iri.removeprefix(Q) for one in names]
        term = found[0] if given.verdict == "add" else given.term.removeprefix("q:").removeprefix(Q)
        decision = Decision(
            start=given.start,
            end=given.end,
            term=term,
            verdict=given.verdict,
            to=found[0] if given.verdict == "relabel" and found else "",
            state=given.state,
            viewpoint=given.viewpoint,
            by=self.principal.id,
            when=datetime.now(UTC),
            why=given.why,
        )
        return self.corpus.decide(identifier, decision)

    def undo(self, identifier: str) -> Text:
        """Take back the principal's last decision about a text.

        Raises:
            NotFound: If there is none.
        """
        self.corpus.undo(identifier, self.principal.id)
        return self.corpus.get(identifier)

    def agreement(self) -> list[JsonValue]:
        """Return how far every two reviewers agree, with what they disagree about."""
        return [one.to_json() for one in agreements(self.corpus)]

    # --- exchange ----------------------------------------------------------------------------------

    def export(
        self, *, reviewed: bool = False, redact: bool = False, seed: int = 0
    ) -> tuple[bytes, dict[str, JsonValue]]:
        """Return the corpus as JSON Lines, and what it holds and what was masked in it."""
        with self._finding() as find:
            found = exported(
                self.corpus,
                seed=seed,
                reviewed=reviewed,
                redact=redact,
                is_known=lambda one: bool(find(one)),
            )
        return found.body, {
            "texts": found.texts,
            "spans": found.spans,
            "masked": dict(found.masked),
            "parts": dict(found.parts),
        }

    def take(self, name: str, content: bytes) -> dict[str, JsonValue]:
        """Take a JSON Lines file into the corpus; texts and decisions that are there already are left.

        Raises:
            InputError: If a line is wrong; nothing of the file is taken.
        """
        self.principal.require("engineer", "architect")
        found = imported(content, self.service.terms, file=PurePath(name).name)
        new = self.corpus.add(found)
        return {
            "file": name,
            "texts": len(found),
            "new": new,
            "en": f"{name}: {len(found)} texts, {new} of them new.",
            "zh": f"{name}：{len(found)} 条文本，其中新增 {new} 条。",
        }

    # --- the graph ---------------------------------------------------------------------------------

    def lift(self) -> dict[str, JsonValue]:
        """Bring the accepted spans of the corpus into the graph, in place of what was lifted of it before.

        Raises:
            Forbidden: If the principal may not write.
            GateRefused: If a shape refuses a triple.
        """
        self.principal.require("engineer", "architect")
        tenant, base = self.principal.tenant, self.service.settings.base_iri
        with self.service.deciding, self.service.reading(tenant) as snapshot:
            known = _utterances(snapshot, tenant)
            found = lift_texts(self.corpus, tenant=tenant, base=base, known=known)
            changes = [change for one in found for change in self._changes(snapshot, one)]
            if changes:
                self.service.store.commit(changes, principal=self.principal, gate=self.service.gate)
                self.service.store.publish()
        texts, mentions = sum(one.texts for one in found), sum(one.mentions for one in found)
        return {
            "texts": texts,
            "mentions": mentions,
            "graphs": [one.batch.graph for one in found],
            "en": f"{mentions} accepted spans of {texts} texts are in the graph.",
            "zh": f"{texts} 条文本的 {mentions} 个已确认片段已写入图谱。",
        }

    def _changes(self, snapshot: Snapshot, one: LiftedTexts) -> list[ChangeSet]:
        batch, base = one.batch, self.service.settings.base_iri
        release = current_release().version
        about: dict[str, JsonValue] = {
            "file": batch.file_name,
            "sha256": batch.sha256,
            "source": batch.source,
            "raw": "",
            "mappings": [],
            "release": release,
            "rows_lifted": one.texts,
            "by": self.principal.id,
        }
        nodes = batch_triples(
            batch,
            mappings=[],
            release=release,
            by=self.principal.id,
            at=datetime.now(UTC),
            rows=(one.texts, one.texts, 0),
        )
        return [
            ChangeSet(batch.graph, "data", inserts=one.ntriples, replace=True, about=about),
            governance_change(
                nodes, tenant=batch.tenant, base=base, deletes=present(snapshot, batch)
            ),
        ]


def _looked_up(reading: TextReading, find: Callable[[str], str]) -> TextReading:
    """Return a reading whose identifiers say what they name in the graph."""
    known = {
        one: replace(one, known=find(one.words))
        for one in reading.details
        if one.kind == "identifier"
    }

    def told(one: Candidate) -> Candidate:
        return replace(one, details=tuple(known.get(detail, detail) for detail in one.details))

    return replace(
        reading,
        candidates=tuple(told(one) for one in reading.candidates),
        details=tuple(known.get(one, one) for one in reading.details),
    )


def _utterances(snapshot: Snapshot, tenant: str) -> dict[str, str]:
    """Return the texts of the utterances that files brought, each that stands there once, with its IRI."""
    entries = snapshot.graphs("data", tenant=tenant)
    graphs = [
        one.graph for one in entries if not str(one.about.get("source", "")).startswith("texts-")
    ]
    rows = snapshot.select(_UTTERANCES, graphs=graphs) if graphs else []
    found: dict[str, set[str]] = {}
    for row in rows:
        text, node = (str(getattr(row[name], "value", "")) for name in ("text", "utterance"))
        found.setdefault(text, set()).add(node)
    return {text: next(iter(nodes)) for text, nodes in found.items() if len(nodes) == 1}
