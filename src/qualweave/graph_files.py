"""Writing a `PropertyGraph` to files that other tools read: PyTorch Geometric, GraphML, Parquet.

Numbers are mapped to IRIs in every format: a node's IRI is its name in GraphML, a column in Parquet, and a list per
node type in PyTorch Geometric.
"""

from pathlib import Path
from typing import Literal, TypeAlias, get_args

from qualweave.capability import require
from qualweave.errors import Conflict
from qualweave.property_graph import PropertyGraph

GraphFormat: TypeAlias = Literal["pyg", "networkx", "parquet"]
GRAPH_FORMATS: tuple[GraphFormat, ...] = get_args(GraphFormat)


def write_graph(graph: PropertyGraph, form: GraphFormat, out: Path) -> list[Path]:
    """Write a graph and return the files.

    Args:
        graph: The graph.
        form: ``"pyg"`` (one file for ``torch.load(…, weights_only=False)``, a ``HeteroData``), ``"networkx"`` (one
            GraphML file) or ``"parquet"`` (a folder with ``nodes``, ``edges`` and ``values``).
        out: File or folder; folders above it are made.

    Raises:
        Conflict: If a folder stands where the file should go, or a file where the folder should.
        MissingCapability: If the package that the format needs is not installed.
    """
    if out.exists() and out.is_dir() != (form == "parquet"):
        wanted = "folder" if form == "parquet" else "file"
        raise Conflict(
            f"{out} is there and no {wanted}.",
            message_zh=f"{out} 已存在，且类型不符。",
            next_step=f"Name another {wanted}.",
            next_step_zh="请换一个输出路径。",
            data={"out": str(out)},
        )
    out.parent.mkdir(parents=True, exist_ok=True)
    if form == "parquet":
        return _parquet(graph, out)
    if form == "networkx":
        return _graphml(graph, out)
    require("torch", extra="gnn").save(graph.to_pyg(), out)
    return [out]


def _parquet(graph: PropertyGraph, out: Path) -> list[Path]:
    writer = require("pyarrow.parquet", extra="client")
    out.mkdir(exist_ok=True)
    about = {b"qualweave.commit": graph.commit.encode()}
    written = []
    for name, table in graph.to_arrow().items():
        path = out / f"{name}.parquet"
        writer.write_table(table.replace_schema_metadata(about), path)
        written.append(path)
    return written


def _graphml(graph: PropertyGraph, out: Path) -> list[Path]:
    networkx = require("networkx", extra="client")
    made = graph.to_networkx()
    # GraphML takes an edge's key as its id, and ids are unique in a file: the relation stays as attribute.
    numbered = networkx.MultiDiGraph(commit=graph.commit)
    numbered.add_nodes_from(made.nodes(data=True))
    for place, (source, target, facts) in enumerate(made.edges(data=True)):
        numbered.add_edge(source, target, key=f"e{place}", **facts)
    networkx.write_graphml(numbered, out)
    return [out]
