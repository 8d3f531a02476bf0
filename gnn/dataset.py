"""`LearningGraph`: all that learner, baselines and exports read.

It is built from a snapshot and nothing else. Class nodes (parameter, defect, mechanism, process,
equipment class) carry what transfers to a line that nobody has seen; instance nodes (line, equipment,
sensor) carry what was measured. Statements are nodes (a link has a cause, an effect, a mechanism and a line),
so a whole line's labels can be hidden by leaving nodes out.
"""

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from hashlib import sha256
from typing import TYPE_CHECKING, Any

import networkx as nx
import numpy as np
import polars as pl
from numpy.typing import NDArray

from qualweave.config import Settings
from qualweave.errors import NotFound
from qualweave.gnn.assemble import Assembly, Edges, dealt_out, link_edges, link_name
from qualweave.gnn.gathering import Progress, gather
from qualweave.gnn.labels import Coverage, Link, coverage, links_of
from qualweave.gnn.reading import Reading, Statement
from qualweave.gnn.schema import COUNTS, EVIDENCE, STATISTICS, NodeType, Relation
from qualweave.iri import local_name
from qualweave.store.port import Snapshot

if TYPE_CHECKING:
    from torch_geometric.data import HeteroData


@dataclass(frozen=True)
class LearningGraph:
    """A heterogeneous graph to learn from.

    Attributes:
        nodes: Names of the nodes of each type, an IRI each (of a sensor: equipment or line and parameter);
            the place in the tuple is the node's number.
        edges: Pairs of numbers per relation; int64, shape ``(2, num_edges)``.
        evidence: Statistics of the edges of `EVIDENCE`, in the order of `STATISTICS` and `COUNTS`; float64,
            shape ``(num_edges, 11)``.
        own: Whether the cause of such an edge was measured on the line itself; shape ``(num_edges,)``.
        sensor_line: Number of each sensor's line; shape ``(num_sensors,)``.
        sensor_cause: IRI of what each sensor observes.
        links: Confirmed links, one per node of type ``"link"`` and in their order: the target.
        statements: Hypotheses of the ontology and refutations, in the order of their nodes.
        members: Parameters and sides of each combination.
        words: Labels by IRI and language.
        coverage: How far alarms carry signed labels.
        commit: Commit of the snapshot.
        notes: What could not be done, in words.
        rewired: Seed by which the edges of links are dealt out anew, None in a true graph (`controls.rewire`).
    """

    nodes: Mapping[NodeType, tuple[str, ...]]
    edges: Mapping[Relation, Edges]
    evidence: NDArray[np.float64]
    own: NDArray[np.bool_]
    sensor_line: NDArray[np.int64]
    sensor_cause: tuple[str, ...]
    links: tuple[Link, ...]
    statements: tuple[Statement, ...] = ()
    members: Mapping[str, tuple[tuple[str, int], ...]] = field(default_factory=dict)
    words: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    coverage: Coverage = field(default_factory=lambda: Coverage(0, 0, 1.0))
    commit: str = ""
    notes: tuple[str, ...] = ()
    rewired: int | None = None

    @classmethod
    def from_snapshot(
        cls,
        snapshot: Snapshot,
        *,
        settings: Settings | None = None,
        tenant: str | None = None,
        text: bool = True,
        progress: Progress | None = None,
    ) -> "LearningGraph":
        """Return the learning graph of a snapshot.

        Args:
            snapshot: What is read: data, ontology, governance, decisions; never entailed or learned graphs.
            settings: Base IRI, text model and cache folder.
            tenant: Whose data; None for all.
            text: Whether labels are compared as texts; without the text extra they are not, and `notes` says so.
            progress: Told what is in work.
        """
        chosen = settings or Settings()
        reading = Reading(snapshot, tenant)
        gathered = gather(
            reading, base=chosen.base_iri, tenant=tenant or chosen.tenant, progress=progress
        )
        links = links_of(reading.alarms, reading.decided)
        assembly = Assembly.of(reading, gathered, links)
        if text:
            assembly.add_text(chosen)
        return cls(
            nodes=assembly.nodes,
            edges=assembly.edges,
            evidence=assembly.evidence,
            own=assembly.own,
            sensor_line=assembly.sensor_line,
            sensor_cause=assembly.sensor_cause,
            links=assembly.links,
            statements=assembly.statements,
            members=gathered.members,
            words=assembly.words,
            coverage=coverage(reading.alarms),
            commit=reading.commit,
            notes=tuple(assembly.notes),
        )

    @cached_property
    def _numbers(self) -> Mapping[NodeType, Mapping[str, int]]:
        return {
            kind: {name: place for place, name in enumerate(names)}
            for kind, names in self.nodes.items()
        }

    def number(self, kind: NodeType, name: str) -> int:
        """Return the number of a node.

        Raises:
            NotFound: If there is none of that type and name.
        """
        found = self._numbers.get(kind, {}).get(name)
        if found is None:
            raise NotFound(
                f"The learning graph has no {kind} {name}.",
                message_zh=f"学习图中没有 {kind} {name}。",
                next_step="Build the graph from a newer snapshot, or ask about something that was measured.",
                next_step_zh="请用更新的快照重建学习图，或查询已有测量的对象。",
                data={"type": kind, "name": name},
            )
        return found

    def word(self, iri: str, language: str = "en") -> str:
        """Return the label of a node in a language, else in English, else its local name."""
        if iri in self.members:
            return " × ".join(self.word(one, language) for one, _ in self.members[iri])
        known = self.words.get(iri, {})
        return known.get(language) or known.get("en") or local_name(iri)

    @cached_property
    def parameters_of(self) -> Mapping[str, tuple[str, ...]]:
        """Parameters that each line measures itself, sorted: the candidates of a question about it."""
        found: dict[str, set[str]] = defaultdict(set)
        lines = self.nodes["line"]
        for place, cause in zip(self.sensor_line.tolist(), self.sensor_cause, strict=True):
            if cause not in self.members:
                found[lines[place]].add(cause)
        return {line: tuple(sorted(names)) for line, names in found.items()}

    @cached_property
    def process_of(self) -> Mapping[str, str]:
        """Process that each line runs, where it is known."""
        runs = self.edges[("line", "runs", "process")]
        lines, processes = self.nodes["line"], self.nodes["process"]
        return {lines[a]: processes[b] for a, b in runs.T.tolist()}

    @cached_property
    def statistics(self) -> pl.DataFrame:
        """Evidence as a table: line, cause, defect, own, and the columns of evidence."""
        source, target = self.edges[EVIDENCE]
        lines, defects = self.nodes["line"], self.nodes["defect"]
        columns = dict(zip((*STATISTICS, *COUNTS), self.evidence.T, strict=True))
        return pl.DataFrame(
            {
                "line": [lines[self.sensor_line[one]] for one in source],
                "cause": [self.sensor_cause[one] for one in source],
                "defect": [defects[one] for one in target],
                "own": self.own,
                **columns,
            }
        ).unique(["line", "cause", "defect"], keep="first", maintain_order=True)

    def with_lines(self, keep: Callable[[str], bool]) -> "LearningGraph":
        """Return the graph with what persons said of some lines only: confirmed links and refutations.

        Evidence stays, and so does what is said of every line.
        """
        links = [one for one in self.links if keep(one.line)]
        return self._with_refutations(keep).with_link_list(links)

    def _with_refutations(self, keep: Callable[[str], bool]) -> "LearningGraph":
        first = len(self.nodes.get("hypothesis", ()))
        said = self.statements[first:]
        kept = [place for place, one in enumerate(said) if not one.line or keep(one.line)]
        if len(kept) == len(said):
            return self
        number = np.full(len(said), -1, dtype=np.int64)
        number[kept] = np.arange(len(kept))
        edges = dict(self.edges)
        for relation, pairs in self.edges.items():
            if relation[0] == "refutation":
                there = pairs[:, number[pairs[0]] >= 0]
                edges[relation] = np.stack([number[there[0]], there[1]])
        names = tuple(self.nodes["refutation"][place] for place in kept)
        return replace(
            self,
            nodes={**self.nodes, "refutation": names},
            edges=edges,
            statements=(*self.statements[:first], *(said[place] for place in kept)),
        )

    def with_link_list(self, links: Sequence[Link]) -> "LearningGraph":
        """Return the graph with other confirmed links, between nodes that it has."""
        edges = {relation: pairs for relation, pairs in self.edges.items() if relation[0] != "link"}
        nodes = {**self.nodes, "link": tuple(link_name(one) for one in links)}
        edges |= link_edges(links, self.number, self.process_of)
        if self.rewired is not None:
            edges |= dealt_out(
                {name: edges[name] for name in edges if name[0] == "link"}, self.rewired
            )
        return replace(self, nodes=nodes, edges=edges, links=tuple(links))

    @cached_property
    def content_hash(self) -> str:
        """SHA-256 over names, edges and rounded evidence: what a model was trained on."""
        digest = sha256()
        for kind, names in self.nodes.items():
            digest.update("\n".join((kind, *names)).encode())
        for relation, pairs in sorted(self.edges.items()):
            digest.update(" ".join(relation).encode() + np.ascontiguousarray(pairs).tobytes())
        digest.update((np.round(self.evidence, 6) + 0.0).tobytes() + self.own.tobytes())
        digest.update(repr([one.count for one in self.links]).encode())
        return digest.hexdigest()

    def to_hetero(self) -> "HeteroData":
        """Return the graph as PyTorch Geometric has it, evidence as ``edge_attr``.

        Raises:
            MissingCapability: If the extra ``gnn`` is not installed.
        """
        from qualweave.gnn.capability import require_torch  # noqa: PLC0415 - an extra

        torch = require_torch()
        from torch_geometric.data import HeteroData as Data  # noqa: PLC0415 - an extra

        data = Data()
        for kind, names in self.nodes.items():
            data[kind].num_nodes = len(names)
        for relation, pairs in self.edges.items():
            data[relation].edge_index = torch.from_numpy(np.ascontiguousarray(pairs))
        data[EVIDENCE].edge_attr = torch.from_numpy(self.evidence.astype(np.float32))
        return data

    def to_networkx(self) -> "nx.MultiDiGraph[Any]":
        """Return the graph with ``(type, name)`` as nodes and ``relation`` on the edges."""
        graph: nx.MultiDiGraph[Any] = nx.MultiDiGraph()
        for kind, names in self.nodes.items():
            graph.add_nodes_from(((kind, name) for name in names), type=kind)
        for (source, name, target), pairs in self.edges.items():
            ends = ((self.nodes[source][a], self.nodes[target][b]) for a, b in pairs.T.tolist())
            graph.add_edges_from((((source, a), (target, b)) for a, b in ends), relation=name)
        for row in self.statistics.iter_rows(named=True):
            graph.graph.setdefault("evidence", []).append(row)
        return graph
