"""``qualweave ontology``: the architect's commands, over a folder or a running service."""

import getpass
from pathlib import Path
from typing import Annotated, TypeVar

import typer
from rich.console import Console
from rich.table import Table

from qualweave.api.checks import check_everything
from qualweave.api.door import Caller, asking
from qualweave.checking import CHECKED
from qualweave.client import calls
from qualweave.client.calls import Call, JsonObject
from qualweave.config import Settings
from qualweave.errors import UnreadableSource

_Answer = TypeVar("_Answer")
app = typer.Typer(
    no_args_is_help=True, help="Check and edit the ontology: check, propose, list, accept, refuse."
)
console = Console()
DataDir = Annotated[Path, typer.Option("--data", help="Folder of a store that nobody is serving.")]
Url = Annotated[
    str,
    typer.Option(envvar="QUALWEAVE_URL", help="Address of a running service, in place of --data."),
]
By = Annotated[
    str, typer.Option("--as", help="Who decides; nobody accepts a request of their own.")
]
HERE = Path(".qualweave")


def _asked(call: Call[_Answer], data: Path, url: str, name: str = "") -> _Answer:
    caller = Caller(name or getpass.getuser(), roles="engineer,architect")
    with asking(data, url, caller) as run:
        return run(call)


def _show(request: JsonObject) -> None:
    head = f"{request['id']}  {request['state']}  {request['submitted_by']}"
    console.print(head, highlight=False, markup=False)
    for language in ("en", "zh"):
        sentence = f"    {request['statement'][language]}"
        console.print(sentence, highlight=False, markup=False, soft_wrap=True)
    proposal = request["proposal"]
    for one in proposal.get("findings", ()):
        console.print(f"    ! {one['term']}: {one['en']}", highlight=False, markup=False)
    console.print(f"    satisfiability: {proposal.get('satisfiability')}", highlight=False)


@app.command()
def check(
    *,
    reason: Annotated[bool, typer.Option(help="Ask HermiT for unsatisfiable classes.")] = True,
    plant: Annotated[bool, typer.Option(help="Ask the questions of the example plant.")] = True,
) -> None:
    """Check ontology, shapes and questions of this installation; ends with status 1 where something is wrong."""
    report = check_everything(Settings(), reason=reason, plant=plant)
    console.print(str(report), highlight=False, markup=False, soft_wrap=True)
    left = [one.check for one in report.checks if one.state != CHECKED]
    if left:
        console.print(f"not checked: {', '.join(left)}", highlight=False)
    raise typer.Exit(0 if not report.findings else 1)


@app.command()
def propose(file: Path, data: DataDir = HERE, url: Url = "", by: By = "") -> None:
    """Propose an edited module, or a supplement; prints what it changes, in words."""
    try:
        text = file.read_text("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise UnreadableSource(
            f"{file} cannot be read: {error}", next_step="Give a Turtle file in UTF-8."
        ) from error
    _show(_asked(calls.propose(text), data, url, by))


@app.command()
def requests(
    data: DataDir = HERE,
    url: Url = "",
    *,
    every: Annotated[bool, typer.Option("--all", help="Decided ones as well.")] = False,
) -> None:
    """List the change requests about terms."""
    found = _asked(calls.change_requests("" if every else "open"), data, url)
    for one in found:
        _show(one)
    if not found:
        console.print("No change request is open. Propose one: qualweave ontology propose FILE.ttl")


@app.command()
def accept(
    request: str, data: DataDir = HERE, url: Url = "", by: By = "", reason: str = ""
) -> None:
    """Accept a request of somebody else and release the ontology with it."""
    decided = _asked(calls.decide(request, "accept", reason), data, url, by)
    console.print(f"released: {decided['release']}", highlight=False)


@app.command()
def refuse(request: str, reason: str, data: DataDir = HERE, url: Url = "", by: By = "") -> None:
    """Refuse a request, with a reason."""
    _show(_asked(calls.decide(request, "refuse", reason), data, url, by))


@app.command()
def releases(data: DataDir = HERE, url: Url = "") -> None:
    """List the releases, the current one first."""
    names = ("version", "state", "graph", "request")
    table = Table(*names)
    for one in _asked(calls.releases(), data, url):
        table.add_row(*(str(one[name] or "") for name in names))
    console.print(table)
