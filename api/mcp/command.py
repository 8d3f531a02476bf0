"""``qualweave mcp``: the tools over stdin and stdout; everything that is said to a person goes to stderr."""

from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from qualweave.api.door import Caller, client_of_folder
from qualweave.capability import require
from qualweave.client import AsyncClient
from qualweave.errors import QualweaveError

_errors = Console(stderr=True)


def add_command(app: typer.Typer) -> None:
    """Add the command to the command line."""

    @app.command()
    def mcp(
        data: Annotated[
            Path, typer.Option("--data", help="Folder of a store that nobody is serving.")
        ] = Path(".qualweave"),
        url: Annotated[
            str,
            typer.Option(help="Address of a running service; it is asked in place of a folder."),
        ] = "",
        tenant: Annotated[str, typer.Option(help="Whose graphs.")] = "",
    ) -> None:
        """Serve the graph to an AI model as MCP tools over stdio; read-only."""
        try:
            _run(data, url, tenant)
        except QualweaveError as error:  # stdout belongs to the protocol
            _errors.print(f"{error.message}\n{error.next_step}", highlight=False, markup=False)
            _errors.print(
                f"{error.message_zh}\n{error.next_step_zh}", highlight=False, markup=False
            )
            raise typer.Exit(1) from error


def _run(data: Path, url: str, tenant: str) -> None:
    require("mcp", extra="mcp")
    from qualweave.api.mcp.server import make_server  # noqa: PLC0415 - an extra

    caller = Caller("mcp", tenant=tenant)
    if url:
        make_server(AsyncClient(url, principal=caller.name, tenant=tenant)).run()
        return
    with client_of_folder(data, caller) as client:
        make_server(client).run()
