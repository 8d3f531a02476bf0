"""The reference pages of the ontology, for a release of a store: read live, or written as a static site."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from rdflib import Graph

from qualweave.api.governing import order_of, release_of, released_entry, version_of
from qualweave.api.impact import RuleUses, impact_of
from qualweave.api.service import Service
from qualweave.impact import ImpactSource, uses_of
from qualweave.iri import Q, curie
from qualweave.negotiation import Language
from qualweave.ontology.alignment.tables import UNVERIFIED, mapping_tables
from qualweave.ontology.diff import diff
from qualweave.ontology.impact import QuestionUses, TermUses
from qualweave.ontology.load import load_graph
from qualweave.ontology.queries.catalogue import load_catalogue
from qualweave.ontology.release import current_release
from qualweave.ontology.store_form import graph_of
from qualweave.ontology.termpages import Book, Mapped, Past, render_index, render_term, site
from qualweave.principal import Principal
from qualweave.shapes.impact import ShapeUses
from qualweave.store.port import GraphEntry


@dataclass(frozen=True)
class TermPages:
    """The pages that a principal reads."""

    service: Service
    principal: Principal

    def index(self, language: Language) -> str:
        """Return the list of all terms of the current release."""
        return render_index(self._book()[0], language)

    def page(self, name: str, language: Language) -> str:
        """Return the page of a term of the current release, found by any of its names.

        Raises:
            UnknownTerm: If the ontology has no such term; the nearest are named.
            AmbiguousTerm: If several terms have the name.
        """
        term = self.service.terms.named(name)
        book, graph = self._book()
        with self.service.reading(self.principal.tenant) as snapshot:
            uses = impact_of(graph, snapshot, [term.iri])
        return render_term(book, term.local_name, language, uses=uses)

    def write(self, folder: Path, version: str = "") -> int:
        """Write the static site of a release and return the number of files; nothing of the data stands in it.

        Args:
            folder: Where; files of the same names are replaced.
            version: Of the release; the current one where empty.

        Raises:
            NotFound: If there is no such release.
        """
        return write_site(folder, *self._book(version))

    def _book(self, version: str = "") -> tuple[Book, Graph]:
        with self.service.reading(self.principal.tenant) as snapshot:
            entry = release_of(snapshot, version) if version else released_entry(snapshot)
        return _book_of(self.service, self.principal.tenant, entry.graph)


def write_site(folder: Path, book: Book, graph: Graph) -> int:
    """Write pages as files and return their number."""
    sources: tuple[ImpactSource, ...] = (
        TermUses(graph),
        QuestionUses(load_catalogue()),
        ShapeUses(),
        RuleUses(),
    )
    uses = uses_of(sources, {Q + one for one in book.names})
    return _written(folder, site(book, uses))


def shipped_book() -> tuple[Book, Graph]:
    """Return the pages of the release that this installation carries, which has no history yet."""
    graph = load_graph()
    return Book(graph, current_release().version, mapped=mapped()), graph


@lru_cache(maxsize=1)
def mapped() -> dict[str, list[Mapped]]:
    """Return the mappings of this installation to other vocabularies, by our term."""
    found: dict[str, list[Mapped]] = defaultdict(list)
    for table in mapping_tables():
        for one in table.rows:
            sure = "" if one.confidence is None else f"{one.confidence:g}"
            doubt = UNVERIFIED if one.unverified else sure
            known = Mapped(curie(one.predicate), one.object, one.object_label, table.name, doubt)
            found[one.subject].append(known)
    return dict(found)


def _written(folder: Path, pages: Iterable[tuple[str, str]]) -> int:
    count = 0
    for name, text in pages:
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, "utf-8")
        count += 1
    return count


@lru_cache(maxsize=2)
def _book_of(service: Service, tenant: str, graph_name: str) -> tuple[Book, Graph]:
    """Return the pages of a release: it never changes once it is made, nor does what came before it."""
    with service.reading(tenant) as snapshot:
        entries = {one.graph: one for one in snapshot.graphs("ontology", "archive")}
        line = _line_of(entries, graph_name)
        graphs = [graph_of(snapshot, one.graph) for one in line]
    history: dict[str, list[Past]] = defaultdict(list)
    for entry, before, after in zip(line[1:], graphs, graphs[1:], strict=False):
        for change in diff(before, after):
            past = Past(version_of(entry), change.words("en"), change.words("zh"))
            history[change.term].insert(0, past)
    return Book(graphs[-1], version_of(line[-1]), mapped=mapped(), history=history), graphs[-1]


def _line_of(entries: dict[str, GraphEntry], graph_name: str) -> list[GraphEntry]:
    """Return a release with those before it, the oldest first."""
    last = entries[graph_name]
    former = [one for one in entries.values() if order_of(one) < order_of(last)]
    return [*sorted(former, key=order_of), last]
