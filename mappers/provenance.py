"""From any triple to file, row and column in one call (R65).

The walk is graph → batch → file hash, mapping and release; subject → source row; predicate → columns through
the mapping of the batch.
"""

from dataclasses import dataclass

from pyoxigraph import NamedNode

from qualweave.batches import holders
from qualweave.errors import NotFound
from qualweave.iri import RDF, Q, curie
from qualweave.store.port import RdfTerm, Snapshot


@dataclass(frozen=True)
class Origin:
    """Where a triple came from.

    Attributes:
        graph: Graph of the batch that says it.
        file_name: Name of the file.
        sha256: Hash of its bytes.
        row: Source row of the subject, None where it has none.
        columns: Fields that can have given the value, as the source writes them.
        mapping: IRI of the mapping version.
        release: IRI of the ontology release, ``""`` where none was named.
        who: IRI of the principal.
        when: Time of the ingest, ISO 8601.
        decided_by: Who or what decided the mapping of those columns.
    """

    graph: str
    file_name: str
    sha256: str
    row: int | None
    columns: tuple[str, ...]
    mapping: str
    release: str
    who: str
    when: str
    decided_by: tuple[str, ...] = ()


_BATCH = """
SELECT ?graph ?file ?hash ?mapping ?release ?who ?when WHERE {
  ?graph q:fromBatch ?batch .
  ?batch q:fileName ?file ; q:hashValue ?hash ; prov:wasAttributedTo ?who ; prov:generatedAtTime ?when .
  OPTIONAL { ?batch q:usedMapping ?mapping }
  OPTIONAL { ?batch q:usedRelease ?release }
}"""
_COLUMNS = """
SELECT DISTINCT ?mapping ?predicate ?field ?by WHERE {
  ?one q:mappingContext ?mapping ; q:emits ?predicate ; q:fieldName ?field .
  OPTIONAL { ?one q:decidedBy ?by }
} ORDER BY ?field"""


def provenance(
    snapshot: Snapshot,
    s: str,
    p: str | None = None,
    o: RdfTerm | None = None,
    *,
    g: str | None = None,
    tenant: str | None = None,
) -> list[Origin]:
    """Return where a triple, or everything said of a subject, came from.

    Args:
        snapshot: State of the store.
        s: IRI of the subject.
        p: IRI of the predicate; None for any.
        o: The object; None for any.
        g: IRI of the graph; None for every data graph.
        tenant: Whose data graphs; None for all.

    Returns:
        One origin per data graph and mapping.

    Raises:
        NotFound: If no data graph holds such a triple.
    """
    quads = snapshot.quads(
        NamedNode(s), NamedNode(p) if p else None, o, NamedNode(g) if g else None
    )
    data = {one.graph: one for one in snapshot.graphs("data", tenant=tenant)}
    holding = dict.fromkeys(
        graph for quad in quads if (graph := getattr(quad.graph_name, "value", "")) in data
    )
    said = (NamedNode(s), NamedNode(p) if p else None)
    graphs = dict.fromkeys(
        one.graph for graph in holding for one in holders(snapshot, data[graph], *said, value=o)
    )
    origins = [origin for graph in graphs for origin in _origins(snapshot, s, p, graph)]
    if not origins:
        raise NotFound(
            f"No ingested file holds a triple of {curie(s)}.",
            message_zh=f"没有任何已导入的文件包含 {curie(s)} 的三元组。",
            next_step="Entailed and learned triples carry their own evidence: ask for the rule or model run.",
            next_step_zh="推理或学习得到的三元组自带依据：请查询其规则或模型运行。",
            data={"subject": s, "predicate": p or ""},
        )
    return origins


def _origins(snapshot: Snapshot, s: str, p: str | None, graph: str) -> list[Origin]:
    row = next(
        (
            int(_text(quad.object))
            for quad in snapshot.quads(
                NamedNode(s), NamedNode(Q + "sourceRow"), None, NamedNode(graph)
            )
        ),
        None,
    )
    found = []
    for batch in snapshot.select(_BATCH, bindings={"graph": NamedNode(graph)}):
        mapping = _text(batch["mapping"])
        columns = _columns(snapshot, mapping, p) if mapping and p and p != RDF + "type" else []
        found.append(
            Origin(
                graph=graph,
                file_name=_text(batch["file"]),
                sha256=_text(batch["hash"]),
                row=row,
                columns=tuple(field for field, _ in columns),
                mapping=mapping,
                release=_text(batch["release"]),
                who=_text(batch["who"]),
                when=_text(batch["when"]),
                decided_by=tuple(dict.fromkeys(by for _, by in columns if by)),
            )
        )
    return found


def _columns(snapshot: Snapshot, mapping: str, predicate: str) -> list[tuple[str, str]]:
    rows = snapshot.select(
        _COLUMNS, bindings={"mapping": NamedNode(mapping), "predicate": NamedNode(predicate)}
    )
    return [(_text(row["field"]), _text(row["by"])) for row in rows]


def _text(term: object) -> str:
    return "" if term is None else str(getattr(term, "value", term))
