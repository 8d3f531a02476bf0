"""``qualweave ontology``: the architect's commands."""

import getpass
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from qualweave.api.governing import Governing
from qualweave.api.service import Service
from qualweave.change_request import ChangeRequest
from qualweave.config import Settings
from qualweave.errors import UnreadableSource
from qualweave.principal import Principal

app = typer.Typer(no_args_is_help=True, help="Edit the ontology: propose, list, accept, refuse.")
console = Console()
DataDir = Annotated[Path, typer.Option("--data", help="Folder of the store.")]
By = Annotated[
    str, typer.Option("--as", help="Who decides; nobody accepts a request of their own.")
]


def _governing(data: Path, name: str) -> tuple[Service, Governing]:
    service = Service(Settings(data_dir=data))
    who = Principal(id=name or getpass.getuser(), roles=frozenset({"engineer", "architect"}))
    return service, Governing(service, who)


def _show(request: ChangeRequest) -> None:
    console.print(f"{request.id}  {request.state}  {request.submitted_by}", highlight=False)
    console.print(f"    {request.statement['en']}", highlight=False, markup=False, soft_wrap=True)
    console.print(f"    {request.statement['zh']}", highlight=False, markup=False, soft_wrap=True)
    findings = request.proposal.get("findings")
    for one in findings if isinstance(findings, list) else ():
        if isinstance(one, dict):
            console.print(f"    ! {one['term']}: {one['en']}", highlight=False, markup=False)
    console.print(f"    satisfiability: {request.proposal.get('satisfiability')}", highlight=False)


@app.command()
def propose(file: Path, data: DataDir = Path(".qualweave"), by: By = "") -> None:
    """Propose an edited module, or a supplement; prints what it changes, in words."""
    try:
        text = file.read_text("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise UnreadableSource(
            f"{file} cannot be read: {error}", next_step="Give a Turtle file in UTF-8."
        ) from error
    service, governing = _governing(data, by)
    try:
        _show(governing.propose(text))
    finally:
        service.close()


@app.command()
def requests(
    data: DataDir = Path(".qualweave"),
    *,
    every: Annotated[bool, typer.Option("--all", help="Decided ones as well.")] = False,
) -> None:
    """List the change requests about terms."""
    service, governing = _governing(data, "")
    try:
        found = governing.requests(state=None if every else "open")
        for one in found:
            _show(one)
        if not found:
            console.print(
                "No change request is open. Propose one: qualweave ontology propose FILE.ttl"
            )
    finally:
        service.close()


@app.command()
def accept(request: str, data: DataDir = Path(".qualweave"), by: By = "", reason: str = "") -> None:
    """Accept a request of somebody else and release the ontology with it."""
    service, governing = _governing(data, by)
    try:
        _, release = governing.accept(request, reason)
        console.print(f"released: {release}", highlight=False)
    finally:
        service.close()


@app.command()
def refuse(request: str, reason: str, data: DataDir = Path(".qualweave"), by: By = "") -> None:
    """Refuse a request, with a reason."""
    service, governing = _governing(data, by)
    try:
        _show(governing.refuse(request, reason))
    finally:
        service.close()


@app.command()
def releases(data: DataDir = Path(".qualweave")) -> None:
    """List the releases, the current one first."""
    service, governing = _governing(data, "")
    table = Table("version", "state", "graph", "request")
    try:
        for one in governing.releases():
            if isinstance(one, dict):
                table.add_row(
                    *(str(one[name] or "") for name in ("version", "state", "graph", "request"))
                )
    finally:
        service.close()
    console.print(table)
