"""`Desk`: what one ingest works with, and `Plan`: one file on its way."""

from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from rdflib import URIRef

from qualweave.config import Settings
from qualweave.errors import QualweaveError
from qualweave.iri import RDFS
from qualweave.mappers.drafting import AlignmentLike, Answer
from qualweave.mappers.library import MappingLibrary
from qualweave.mappers.mapping import MappingDocument
from qualweave.mappers.meanings import ConceptReader
from qualweave.mappers.memory import DecisionMemory, SourceMemory
from qualweave.mappers.profile import FieldProfile
from qualweave.mappers.quarantine import Quarantine
from qualweave.mappers.readers.stream import TableStream
from qualweave.mappers.table import RawTable
from qualweave.mappers.vocabulary import Vocabulary
from qualweave.ontology.load import load_graph
from qualweave.ontology.terms import TermIndex
from qualweave.principal import Principal
from qualweave.store.port import Gate, Snapshot, Store
from qualweave.store.tenancy import reading

_FIRST = ("code_entry", "equipment_record", "firmware_record", "supply_record")
_SECOND = ("process_record", "genealogy_record", "epcis_event")


class Aligner(Protocol):
    """Ranks the terms of the ontology for the fields of a source; `qualweave.mappers.align.align`."""

    def __call__(
        self,
        fields: Sequence[FieldProfile],
        terms: TermIndex,
        *,
        settings: Settings,
        memory: SourceMemory,
    ) -> Sequence[AlignmentLike]:
        """Return one alignment per field."""
        ...


@dataclass(frozen=True)
class Desk:
    """What one ingest works with."""

    store: Store
    vocabulary: Vocabulary
    terms: TermIndex
    settings: Settings
    principal: Principal
    gate: Gate | None = None
    answers: tuple[Answer, ...] = ()
    aligner: Aligner | None = None
    concept_reader: ConceptReader | None = None

    @property
    def reader(self) -> ConceptReader | None:
        """What reads the words of codes; None where fields are aligned by something of the caller's own."""
        if self.concept_reader is not None or self.aligner is not None:
            return self.concept_reader
        from qualweave.mappers.align.concepts import ConceptAligner  # noqa: PLC0415 - it loads the text model's parts

        return ConceptAligner(self.terms, self.settings)

    @property
    def tenant(self) -> str:
        """Tenant that is written to."""
        return self.principal.tenant

    def snapshot(self) -> AbstractContextManager[Snapshot]:
        """Lend the newest snapshot as the tenant sees it."""
        return reading(self.store, self.tenant)

    @property
    def library(self) -> MappingLibrary:
        """The tenant's mapping documents."""
        return MappingLibrary(self.settings.data_dir, self.tenant)

    @property
    def quarantine(self) -> Quarantine:
        """The tenant's quarantine."""
        return Quarantine(self.settings.data_dir, self.tenant)

    @property
    def zones_path(self) -> Path:
        """Where the offsets of the tenant's companies are remembered."""
        return self.settings.data_dir / "zones" / f"{self.tenant}.json"

    @property
    def memory_path(self) -> Path:
        """Where the tenant's decisions are remembered."""
        return self.settings.data_dir / "memory" / f"{self.tenant}.json"


@dataclass
class Plan:
    """One file between mapping and lifting."""

    path: Path
    name: str
    content_hash: str
    kind: str
    documents: list[MappingDocument] = field(default_factory=list)
    tables: list[RawTable] | None = None
    streams: list[TableStream] = field(default_factory=list)
    is_whole: bool = True
    refusal: QualweaveError | None = None
    repeated: bool = False
    raw: str = ""
    seconds: float = 0.0

    @property
    def rank(self) -> int:
        """Order of lifting: what others lean on goes first."""
        kinds = {kind for one in self.documents for kind in one.records}
        if self.kind.startswith("epcis") or kinds & set(_SECOND):
            return 1
        return 0 if kinds & set(_FIRST) else 2


def align_with(
    work: Desk, fields: Sequence[FieldProfile], *, source: str
) -> Sequence[AlignmentLike]:
    """Return the alignments of fields by the desk's aligner, else by that of the package."""
    memory = DecisionMemory.load(work.memory_path).of(source)
    if work.aligner is not None:
        return work.aligner(fields, work.terms, settings=work.settings, memory=memory)
    from qualweave.mappers.align import align  # noqa: PLC0415 - it loads the text model's parts

    return align(fields, work.terms, settings=work.settings, memory=memory)


def desk(  # noqa: PLR0913 - each is one thing that a caller may choose
    *,
    store: Store,
    terms: TermIndex,
    settings: Settings,
    principal: Principal,
    gate: Gate | None = None,
    answers: Sequence[Answer] | None = None,
    domains: Mapping[str, str] | None = None,
    aligner: Aligner | None = None,
    concept_reader: ConceptReader | None = None,
) -> Desk:
    """Return what an ingest works with; ``domains`` are those of the ontology's properties."""
    with reading(store, principal.tenant) as snapshot:
        releases = [one.graph for one in snapshot.graphs("ontology")]
        known = domains if domains is not None else _domains(snapshot, releases)
    vocabulary = Vocabulary.from_terms(terms, domains=known)
    vocabulary.version = max(releases, default="").rsplit("/", 1)[-1]
    said = tuple(answers or ())
    return Desk(
        store, vocabulary, terms, settings, principal, gate, said, aligner, concept_reader
    )  # fmt: skip


def _domains(snapshot: Snapshot, releases: Sequence[str]) -> dict[str, str]:
    """Return the domain of each property: of the release in the store, else of the one in the package."""
    rows = snapshot.select("SELECT ?p ?d WHERE { ?p rdfs:domain ?d }", graphs=releases)
    if rows:
        return {
            str(getattr(row["p"], "value", "")): str(getattr(row["d"], "value", "")) for row in rows
        }
    return {str(s): str(o) for s, o in load_graph().subject_objects(URIRef(RDFS + "domain"))}
