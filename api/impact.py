"""What uses a term in the graph and in the product: mappings, codes, cases, links, features, data, rules and tables."""

import re
from collections import Counter, defaultdict
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from importlib.resources import files
from importlib.resources.abc import Traversable

from pyoxigraph import NamedNode
from rdflib import Graph

from qualweave.impact import ImpactSource, Use, UseKind, uses_of
from qualweave.iri import Q
from qualweave.ontology.impact import QuestionUses, TermUses
from qualweave.ontology.queries.catalogue import load_catalogue
from qualweave.shapes.impact import ShapeUses
from qualweave.store.catalogue import SHARED_ROLES
from qualweave.store.port import GraphRole, Snapshot, Store
from qualweave.store.tenancy import TenantSnapshot

_SELECTS: tuple[tuple[UseKind, str], ...] = (
    ("mapping", "SELECT DISTINCT ?term ?one { ?one a q:AcceptedMapping ; q:mapsTo ?term }"),
    ("code", "SELECT DISTINCT ?term ?one { ?one q:code ?code ; q:denotes ?term }"),
    ("dictionary entry", "SELECT DISTINCT ?term ?one { ?one q:definesParameter ?term }"),
    ("weight", "SELECT DISTINCT ?term ?one { ?one q:weightOfParameter ?term }"),
    ("causal link", "SELECT DISTINCT ?term ?one { ?one q:hasEffect|q:hasCause|q:viaMechanism ?term }"),
)  # fmt: skip
_CASES = "SELECT DISTINCT ?one ?said ?value { ?one a q:QualityCase ; ?said ?value }"
_COUNTED: tuple[GraphRole, ...] = ("data", "decisions", "learned")
_READ_ELSEWHERE = {"__pycache__", "modules", "questions"}
_READ = (".rq", ".tsv", ".yaml", ".py", ".trig")
_CODE_LISTS = "ontology/codelists/"
_OURS = re.compile(r"""\bq:([A-Za-z]\w*)|\bQ \+ ["']([A-Za-z]\w*)["']|["']([A-Za-z]\w*)["']""")
_CELL = re.compile(r"(?:^|[\t:,\[ -])([A-Za-z]\w*)(?=$|[\t,\] ])", re.MULTILINE)


@dataclass(frozen=True)
class GraphUses:
    """What the graph says with a term; implements `ImpactSource`.

    Attributes:
        snapshot: A tenant's view.
        graphs: Where mappings, codes, links and cases are looked for; everywhere in the view if left out.
    """

    snapshot: Snapshot
    graphs: tuple[str, ...] | None = None

    def uses(self, terms: Collection[str]) -> Iterator[Use]:
        """Iterate over mappings, codes, causal links, cases and counts of data that use some terms."""
        wanted = set(terms)
        for kind, query in _SELECTS:
            for row in self.snapshot.select(query, graphs=self.graphs):
                term = _value(row["term"])
                if term in wanted:
                    yield Use(term, kind, _value(row["one"]))
        for row in self.snapshot.select(_CASES, graphs=self.graphs):
            for term in {_value(row["said"]), _value(row["value"])} & wanted:
                yield Use(term, "case", _value(row["one"]))
        roles = {entry.graph: entry.role for entry in self.snapshot.graphs(*_COUNTED)}
        for term in wanted:
            yield from self._data(term, roles)

    def _data(self, term: str, roles: dict[str, GraphRole]) -> Iterator[Use]:
        node = NamedNode(term)
        quads = (*self.snapshot.quads(None, node), *self.snapshot.quads(None, None, node))
        counts = Counter(roles.get(getattr(one.graph_name, "value", "")) for one in quads)
        for role, count in counts.items():
            if role is not None:
                yield Use(term, "feature" if role == "learned" else "data", role, count)


@dataclass(frozen=True)
class OtherTenants:
    """How much the graphs of the other tenants say with a term; implements `ImpactSource`.

    The ontology is one for all: whoever votes is told that a change reaches beyond, and nothing of whom.

    Attributes:
        store: The store.
        tenant: The one whose own uses are found by `GraphUses`.
    """

    store: Store
    tenant: str

    def uses(self, terms: Collection[str]) -> Iterator[Use]:
        """Iterate over the number of uses, by term and kind."""
        counts: Counter[tuple[str, UseKind]] = Counter()
        with self.store.snapshot() as whole:
            graphs = defaultdict(list)
            for entry in whole.graphs():
                if entry.role not in SHARED_ROLES and entry.tenant != self.tenant:
                    graphs[entry.tenant].append(entry.graph)
            for tenant, theirs in graphs.items():
                for use in GraphUses(TenantSnapshot(whole, tenant), tuple(theirs)).uses(terms):
                    counts[use.term, use.kind] += use.count
        for (term, kind), count in counts.items():
            yield Use(term, "of other tenants", kind, count)


@dataclass(frozen=True)
class RuleUses:
    """Files of the product that name a term, be it a program, query, table or example; implements `ImpactSource`."""

    def uses(self, terms: Collection[str]) -> Iterator[Use]:
        """Iterate over the files that name some terms, with how often."""
        for file, names in _product().items():
            for term in terms:
                count = names[term.removeprefix(Q)] if term.startswith(Q) else 0
                if count:
                    yield Use(term, "rule", file, count)


@lru_cache(maxsize=1)
def _product() -> dict[str, Counter[str]]:
    """Return how often each file of the product names what could be a term."""
    found = _files(files("qualweave"), "")
    return {name: _names(name, file.read_text("utf-8")) for name, file in found}


def _names(name: str, text: str) -> Counter[str]:
    found = Counter(next(filter(None, groups)) for groups in _OURS.findall(text))
    if name.endswith((".tsv", ".yaml")):
        found.update(_CELL.findall(text))
    return found


def _files(folder: Traversable, below: str) -> Iterator[tuple[str, Traversable]]:
    for one in folder.iterdir():
        if one.is_dir() and one.name not in _READ_ELSEWHERE:
            yield from _files(one, f"{below}{one.name}/")
        elif one.is_file() and (one.name.endswith(_READ) or below == _CODE_LISTS):
            yield below + one.name, one


def impact_of(
    graph: Graph, snapshot: Snapshot, terms: Sequence[str], others: ImpactSource | None = None
) -> tuple[Use, ...]:
    """Return every use of some terms, in ontology, questions, shapes, product and graph.

    Args:
        graph: The ontology.
        snapshot: A tenant's view.
        terms: IRIs.
        others: `OtherTenants`, where a whole store is at hand.
    """
    sources: tuple[ImpactSource, ...] = (
        TermUses(graph),
        QuestionUses(load_catalogue()),
        ShapeUses(),
        RuleUses(),
        GraphUses(snapshot),
        *((others,) if others else ()),
    )
    return uses_of(sources, set(terms))


def _value(term: object) -> str:
    return str(getattr(term, "value", ""))
