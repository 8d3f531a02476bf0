"""``qualweave export``: the graph of a tenant as files for graph learning and data frames."""

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from qualweave.api.door import require_store
from qualweave.api.service import Service
from qualweave.capability import require
from qualweave.config import Settings
from qualweave.graph_files import write_graph
from qualweave.principal import Principal
from qualweave.property_graph import PropertyGraph
from qualweave.reasoning.graph_extract import whole_graph

_console = Console()
_READER = Principal(id="export")


class ExportFormat(StrEnum):
    """Formats of an export."""

    PYG = "pyg"
    NETWORKX = "networkx"
    PARQUET = "parquet"


class ExportGraph(StrEnum):
    """Which graph is exported."""

    DATA = "data"
    LEARNING = "learning"


def exported(service: Service, principal: Principal, which: ExportGraph) -> PropertyGraph:
    """Return a tenant's graph: its data as they stand, or the learning graph that the model reads.

    Raises:
        MissingCapability: If the learning graph is asked for without the extra ``gnn``.
    """
    with service.reading(principal.tenant) as snapshot:
        if which is ExportGraph.DATA:
            base = service.settings.base_iri
            return whole_graph(snapshot, service.terms, tenant=principal.tenant, base=base)
        require("torch_geometric", extra="gnn")
        from qualweave.gnn.dataset import LearningGraph  # noqa: PLC0415 - an extra
        from qualweave.gnn.export import property_graph_of  # noqa: PLC0415 - likewise

        learning = LearningGraph.from_snapshot(
            snapshot, settings=service.settings, tenant=principal.tenant
        )
        return property_graph_of(learning)


def add_command(app: typer.Typer) -> None:
    """Add the command to the command line."""

    @app.command()
    def export(
        out: Annotated[Path, typer.Argument(help="File; for parquet a folder.")],
        form: Annotated[ExportFormat, typer.Option("--format")] = ExportFormat.PARQUET,
        graph: Annotated[
            ExportGraph, typer.Option(help="The data, or the graph that models learn from.")
        ] = ExportGraph.DATA,
        data: Annotated[Path, typer.Option("--data", help="Folder of the store.")] = Path(
            ".qualweave"
        ),
    ) -> None:
        """Write the graph for PyTorch Geometric, as GraphML for NetworkX, or as Parquet tables."""
        require_store(data)
        service = Service(Settings(data_dir=data))
        try:
            found = exported(service, _READER, graph)
        finally:
            service.close()
        written = write_graph(found, form.value, out)
        _console.print(
            f"{len(found.nodes)} nodes, {len(found.edges)} edges, {len(found.values)} values: "
            + ", ".join(str(one) for one in written),
            highlight=False,
        )
