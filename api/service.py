"""`Service`: the parts of the product put together once, for HTTP and command line alike."""

import gc
import logging
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import replace
from functools import cached_property
from hashlib import sha256
from pathlib import Path

from rdflib import RDFS, Graph

from qualweave.api.misspelt import Misspelt, misspelt
from qualweave.batches import members
from qualweave.config import Settings
from qualweave.errors import JsonValue
from qualweave.iri import Q, expand
from qualweave.mappers.answering import answer_many, answer_question
from qualweave.mappers.answers import load_answers
from qualweave.mappers.code_candidates import with_cooccurrence
from qualweave.mappers.desk import Desk, desk
from qualweave.mappers.environment import associate
from qualweave.mappers.ingest import ingest, resume
from qualweave.mappers.mapping import Decision
from qualweave.mappers.provenance import Origin, provenance
from qualweave.mappers.quarantine import QuarantinedRow, list_quarantine
from qualweave.mappers.report import IngestReport
from qualweave.mappers.review.intent import pending, recover
from qualweave.mappers.revise import Question, count_open, questions
from qualweave.mappers.voice import VoiceReader
from qualweave.ontology.load import load_codelists, load_graph, load_ntriples
from qualweave.ontology.queries.asking import Asker
from qualweave.ontology.queries.catalogue import load_catalogue
from qualweave.ontology.queries.generate import TemplateBook
from qualweave.ontology.release import current_release
from qualweave.ontology.store_form import graph_of, triples_of
from qualweave.ontology.terms import TermIndex
from qualweave.principal import SYSTEM, Principal
from qualweave.reasoning.causes import CauseAnswer, OrphanChange, orphan_changes, root_causes
from qualweave.reasoning.entail import entail, is_stale
from qualweave.reasoning.graph_extract import node_of
from qualweave.reasoning.statistics.coupling import CoupledFailures, find_combinations
from qualweave.reasoning.statistics.series import read_items
from qualweave.reasoning.trace import (
    CsrGenealogy,
    Direction,
    RecallScope,
    TraceAnswer,
    recall_scope,
    trace,
)
from qualweave.shapes.compile import compile_shapes
from qualweave.shapes.gate import ShapeGate
from qualweave.shapes.load import load_shapes
from qualweave.shapes.validate import audit
from qualweave.store.guard import permitted_dataset
from qualweave.store.journal import sync_folder
from qualweave.store.oxigraph import OxigraphStore, open_store
from qualweave.store.port import Answer, ChangeSet, GraphEntry, Snapshot, Verdict
from qualweave.store.tenancy import reading

_log = logging.getLogger(__name__)

Progress = Callable[[str, int, int], None]


class Service:
    """Store, ontology, gate and genealogy of one data folder.

    Args:
        settings: Where and within which limits.
    """

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.store: OxigraphStore = open_store(settings.data_dir / "store", settings)
        self._indexes: dict[str, CsrGenealogy] = {}
        self._mutex = threading.Lock()
        self.deciding = threading.RLock()
        """Held from reading the state that is decided on to committing the decision."""
        self.releasing = threading.RLock()
        """Held while the ontology is checked and released, which takes minutes: decisions do not wait for it."""
        self._lifting = threading.RLock()  # the same for lifting files and what is entailed by them
        self._marks = settings.data_dir / "entailing"
        self.trace_tables: dict[str, object] = {}  # by tenant; see `TraceTables`
        self._numbers: dict[tuple[str, str], dict[str, JsonValue]] = {}
        self.adopt(self._released())
        self._keep_codelists()
        self._catch_up()

    def adopt(self, graph: Graph) -> None:
        """Take a graph as the ontology: terms, domains, constraints and the reader of voices come from it."""
        self.terms = TermIndex.from_graph(graph)
        self.templates = TemplateBook(self.terms, graph)
        self.voices = VoiceReader(self.terms, graph, self.settings)
        self._domains = {str(s): str(o) for s, o in graph.subject_objects(RDFS.domain)}
        self.constraints = compile_shapes(load_shapes(), graph)
        self.gate = ShapeGate(self.constraints)
        self.__dict__.pop("asker", None)  # made anew when it is asked for

    def _released(self) -> Graph:
        """Return the ontology of the store: what was accepted there, else what this installation carries."""
        release = current_release()
        with self.store.snapshot() as snapshot:
            known = snapshot.graphs("ontology")
            edited = [
                one for one in known if one.about.get("follows")
            ]  # released or rolled back here
            if edited:
                return graph_of(snapshot, edited[0].graph)
            former = [one for one in known if one.graph != release.iri]
            archived = [change for one in former for change in _archived(snapshot, one)]
        change = ChangeSet(
            graph=release.iri,
            role="ontology",
            inserts=load_ntriples(),
            replace=True,
            about={"version": release.version, "content_hash": release.content_hash},
        )
        self.store.commit([change, *archived], principal=SYSTEM)
        return load_graph()

    def _keep_codelists(self) -> None:
        """Put the code lists of this installation into a graph of their own, for every tenant to ask."""
        body = load_codelists()
        about: dict[str, JsonValue] = {"content_hash": sha256(body).hexdigest()}
        with self.store.snapshot() as snapshot:
            known = [one.about.get("content_hash") for one in snapshot.graphs("codelists")]
        if known != [about["content_hash"]]:
            change = ChangeSet(
                f"{Q}codelists", "codelists", inserts=body, replace=True, about=about
            )
            self.store.commit([change], principal=SYSTEM)

    def _catch_up(self) -> None:
        """Finish what a killed process left: decisions, and what is entailed of data or by another ontology."""
        self.store.publish()
        for tenant in pending(self.settings.data_dir):
            with self.lifting(replace(SYSTEM, tenant=tenant)):
                _log.warning("a decision of tenant %s was cut short and is whole again", tenant)
        for mark in sorted(self._marks.glob("*")):
            with self._lifting, self._deriving(mark.name):
                _log.warning("what the data of tenant %s entail was not up to date", mark.name)
        with self.store.snapshot() as snapshot:
            stale = any(is_stale(snapshot, one) for one in snapshot.graphs("entailed"))
        if stale:
            self.entail_all()

    def close(self) -> None:
        """Let go of the store."""
        self.store.close()

    # --- writing -------------------------------------------------------------------------------

    def desk(self, principal: Principal, answers: Path | None = None) -> Desk:
        """Return what an ingest works with, for one principal."""
        return desk(
            store=self.store,
            terms=self.terms,
            settings=self.settings,
            principal=principal,
            gate=self.gate,
            answers=load_answers(answers) if answers else None,
            domains=self._domains,
        )

    def ingest(
        self,
        path: Path,
        *,
        principal: Principal,
        answers: Path | None = None,
        progress: Progress | None = None,
    ) -> IngestReport:
        """Ingest a file or folder, then bring the entailed graph up to date."""
        told = load_answers(answers) if answers else None
        with self._lifting, self._deriving(principal.tenant):
            return ingest(
                path,
                store=self.store,
                terms=self.terms,
                settings=self.settings,
                principal=principal,
                gate=self.gate,
                answers=told,
                progress=progress,
                domains=self._domains,
            )

    def resume(self, principal: Principal) -> IngestReport:
        """Take up the inputs that a killed process left unfinished."""
        with self._lifting, self._deriving(principal.tenant):
            return resume(self.desk(principal))

    @contextmanager
    def lifting(self, principal: Principal) -> Iterator[Desk]:
        """Lend a desk to who decides and lifts, and bring what is entailed up to date afterwards.

        What a decision before it left half-done is finished or rolled back first.
        """
        with self.deciding, self._lifting, self._deriving(principal.tenant):
            work = self.desk(principal)
            recover(work)
            yield work

    @contextmanager
    def _deriving(self, tenant: str) -> Iterator[None]:
        """Entail anew once data of a tenant have changed; a mark on disk tells the next start that it is owed."""
        self._marks.mkdir(parents=True, exist_ok=True)
        (self._marks / tenant).touch()
        sync_folder(self._marks)
        yield
        self._after_write(tenant)
        (self._marks / tenant).unlink(missing_ok=True)

    def answer(
        self, request: str, term: str, *, reason: str, principal: Principal, force: bool = False
    ) -> IngestReport:
        """Answer a question of the mapper and lift what waited for it."""
        with self.lifting(principal) as work:
            return answer_question(work, request, term, reason=reason, force=force)

    def answer_from(
        self, answers: Path | bytes, *, principal: Principal, progress: Progress | None = None
    ) -> IngestReport:
        """Answer every open question about a field that a YAML document of answers knows."""
        told = load_answers(answers)
        with self.lifting(principal) as work:
            return answer_many(work, told, progress=progress)

    def reading(self, tenant: str) -> AbstractContextManager[Snapshot]:
        """Lend the newest snapshot as a tenant sees it; every answer is read through one."""
        return reading(self.store, tenant)

    def entail_all(self) -> None:
        """Bring the entailed graphs up to date, as a new release of the ontology makes needful."""
        with self.store.snapshot() as snapshot:
            tenants = {entry.tenant for entry in snapshot.graphs("data")}
        with self._lifting:
            for tenant in sorted(tenants):
                self._after_write(tenant)

    def _after_write(self, tenant: str) -> None:
        self.store.publish()
        with self.reading(tenant) as snapshot:
            base = self.settings.base_iri
            changes = [
                entail(snapshot, tenant=tenant, base=base),
                associate(snapshot, tenant=tenant, base=base),
            ]
        told = [one for one in changes if one is not None]
        self.store.commit(told, principal=replace(SYSTEM, tenant=tenant))
        self.store.publish()

    # --- asking --------------------------------------------------------------------------------

    def query(
        self,
        sparql: str,
        *,
        principal: Principal,
        accept: str,
        default_uris: Sequence[str] = (),
        named_uris: Sequence[str] = (),
    ) -> Answer:
        """Answer a query from outside, within what its principal may see."""
        with self.reading(principal.tenant) as snapshot:
            permitted = permitted_dataset(snapshot, principal)
        return self.store.query(
            sparql,
            dataset=permitted,
            default_uris=default_uris,
            named_uris=named_uris,
            accept=accept,
            client=principal.id,
        )

    def misspelt(self, sparql: str, *, principal: Principal) -> tuple[Misspelt, ...]:
        """Return the names of ours in a query that stand neither in the ontology nor in what its principal sees."""
        with self.reading(principal.tenant) as snapshot:
            return misspelt(sparql, self.terms, snapshot)

    @cached_property
    def asker(self) -> Asker:
        """What finds the question that a sentence means."""
        return Asker(self.terms, load_catalogue(), self.settings)

    def index(self, snapshot: Snapshot, tenant: str) -> CsrGenealogy:
        """Return a tenant's genealogy of a snapshot; what a newer one left unchanged is taken over."""
        with self._mutex:
            known = self._indexes.get(tenant)
            if known is None or known.commit != snapshot.commit:
                known = CsrGenealogy.build(snapshot, tenant=tenant, previous=known)
                self._indexes[tenant] = known
                # The index is large and stays: left to the collector, it is walked through on every pass.
                gc.collect()
                gc.freeze()
            return known

    def trace(
        self,
        item: str,
        *,
        principal: Principal,
        direction: Direction = "back",
        step_offset: int = 0,
        step_limit: int | None = None,
    ) -> TraceAnswer:
        """Return what an item was made from, or what was made from it."""
        with self.reading(principal.tenant) as snapshot:
            return trace(
                self.index(snapshot, principal.tenant),
                snapshot,
                item,
                direction=direction,
                step_offset=step_offset,
                step_limit=step_limit,
                tenant=principal.tenant,
                base=self.settings.base_iri,
            )

    def recall(self, item: str, *, principal: Principal) -> RecallScope:
        """Return everything that follows from a suspicious item."""
        with self.reading(principal.tenant) as snapshot:
            index = self.index(snapshot, principal.tenant)
            return recall_scope(
                index, snapshot, item, tenant=principal.tenant, base=self.settings.base_iri
            )

    def causes(self, items: Sequence[str], *, principal: Principal, limit: int = 10) -> CauseAnswer:
        """Return the common causes of bad items, the best supported first."""
        with self.reading(principal.tenant) as snapshot:
            return root_causes(
                snapshot,
                self.index(snapshot, principal.tenant),
                items,
                limit=limit,
                tenant=principal.tenant,
                base=self.settings.base_iri,
            )

    def orphan_changes(self, principal: Principal) -> list[OrphanChange]:
        """Return the parameter changes that no downstream quality order is linked to."""
        with self.reading(principal.tenant) as snapshot:
            index = self.index(snapshot, principal.tenant)
            return orphan_changes(snapshot, index, tenant=principal.tenant)

    def combinations(self, defect: str, *, principal: Principal) -> CoupledFailures:
        """Return the combinations of parameters, across operations, that bring a defect about.

        Items of the route with most of the defects are searched; a class below the defect counts as well.

        Raises:
            NotEnoughEvidence: If too few items of one route have the defect.
        """
        with self.reading(principal.tenant) as snapshot:
            table = read_items(
                snapshot,
                defect,
                index=self.index(snapshot, principal.tenant),
                classes=self.terms.descendants(defect),
            )
        return find_combinations(table.routes()[0].complete(), name=self.terms.name_of)

    def provenance(
        self, s: str, p: str | None, g: str | None, *, principal: Principal
    ) -> list[Origin]:
        """Return file, row and column of what is said of a subject, in the principal's own graphs.

        Raises:
            InputError: If the subject or predicate is no IRI.
            NotFound: If those graphs say nothing of it.
        """
        with self.reading(principal.tenant) as snapshot:
            subject, predicate = node_of(expand(s)).value, node_of(expand(p)).value if p else None
            graph = node_of(expand(g)).value if g else None
            return provenance(snapshot, subject, predicate, None, g=graph, tenant=principal.tenant)

    def voice(self, sentence: str) -> dict[str, JsonValue]:
        """Return what a sentence is about."""
        return self.voices.read(sentence).to_json(self.terms)

    def questions(self, principal: Principal) -> list[Question]:
        """Return the open change requests of the mapper; those about codes tell what occurs together with them."""
        with self.reading(principal.tenant) as snapshot:
            found = questions(snapshot, tenant=principal.tenant, base=self.settings.base_iri)
            return with_cooccurrence(found, snapshot, self.terms, tenant=principal.tenant)

    def quarantine(self, tenant: str) -> list[QuarantinedRow]:
        """Return the rows that wait for repair."""
        return list_quarantine(self.settings.data_dir, tenant)

    def audit(self, tenant: str) -> Verdict:
        """Judge the whole graph of a tenant by the shapes that need more than one file."""
        with self.reading(tenant) as snapshot:
            chosen = [one for one in self.constraints if one.moment == "audit"]
            return audit(snapshot, tenant=tenant, constraints=chosen)

    def numbers(self, principal: Principal) -> dict[str, JsonValue]:
        """Return the figures of the state: terms, items, graphs, quads, open requests, held rows."""
        with self.reading(principal.tenant) as snapshot:
            key = (snapshot.commit, principal.tenant)
            known = self._numbers.get(key)
            if known is None:
                known = self._counted(snapshot, principal)
                self._numbers = {key: known}
        return {**known, "quarantined_rows": len(self.quarantine(principal.tenant))}

    def _counted(self, snapshot: Snapshot, principal: Principal) -> dict[str, JsonValue]:
        index = self.index(snapshot, principal.tenant)
        entries = snapshot.graphs("data", tenant=principal.tenant)
        documents = self.desk(principal).library.documents()
        waiting = (Decision.ASKED, Decision.REQUESTED)
        return {
            "terms": len(self.terms),
            "files": sum(len(members(entry)) or 1 for entry in entries),
            "fields_mapped": sum(len(one.having(Decision.ACCEPTED)) for one in documents),
            "fields_waiting": sum(len(one.having(*waiting)) for one in documents),
            "quads": sum(_size(snapshot, entry.graph) for entry in entries),
            "items": len(index),
            "genealogy_edges": index.edge_count,
            "open_change_requests": count_open(
                snapshot, tenant=principal.tenant, base=self.settings.base_iri
            ),
            "alarms_without_label": _unlabelled(snapshot),
            "last_model": _last_model(snapshot, principal.tenant),
            "commit": snapshot.commit,
        }

    def warm(self, tenant: str) -> None:
        """Build the genealogy index before the first question needs it."""
        with self.reading(tenant) as snapshot:
            self.index(snapshot, tenant)


def _archived(snapshot: Snapshot, entry: GraphEntry) -> list[ChangeSet]:
    """Return the changes that put a former release of the package into the archive."""
    content = triples_of(graph_of(snapshot, entry.graph))
    return [
        ChangeSet(entry.graph, "ontology", replace=True, about=entry.about),
        ChangeSet(entry.graph, "archive", inserts=content, about=entry.about),
    ]


def _unlabelled(snapshot: Snapshot) -> int:
    return len(
        snapshot.select(
            "SELECT DISTINCT ?a WHERE { ?a a q:Alarm FILTER NOT EXISTS { ?a q:hasRootCauseLabel ?l } }"
        )
    )


def _last_model(snapshot: Snapshot, tenant: str) -> str:
    graphs = [one.graph for one in snapshot.graphs("learned", tenant=tenant)]
    query = (
        "SELECT ?at ?status WHERE { ?run a q:ModelRun ; q:recordedAt ?at ; q:modelStatus ?status } "
        "ORDER BY DESC(?at)"
    )
    rows = snapshot.select(query, graphs=graphs) if graphs else []
    if not rows:
        return ""
    at, status = (str(getattr(rows[0][name], "value", "")) for name in ("at", "status"))
    return f"{at[:10]}, {status}"


def _size(snapshot: Snapshot, graph: str) -> int:
    row = snapshot.select("SELECT (COUNT(*) AS ?n) WHERE { ?s ?p ?o }", graphs=[graph])[0]
    return int(str(getattr(row["n"], "value", 0)))
