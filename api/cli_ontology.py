"""``qualweave ontology``: the architect's commands, over a folder or a running service."""

import getpass
from pathlib import Path
from typing import Annotated

import typer
from rdflib import Graph
from rich.table import Table

from qualweave.api.checks import check_everything
from qualweave.api.door import require_store
from qualweave.api.service import Service
from qualweave.api.term_pages import TermPages, shipped_book, write_site
from qualweave.api.terminal import (
    HERE,
    Because,
    By,
    DataDir,
    Every,
    Tongue,
    Url,
    asked,
    console,
    say,
)
from qualweave.change_request import Choice
from qualweave.checking import CHECKED
from qualweave.client import calls
from qualweave.client.calls import JsonObject
from qualweave.config import Settings
from qualweave.errors import InputError, UnreadableSource
from qualweave.ontology.alignment.tables import coverage, mapping_tables
from qualweave.ontology.diff import diff as term_changes
from qualweave.ontology.kgcl import changes_between, to_commands, to_rdf
from qualweave.ontology.load import load_graph, load_module
from qualweave.ontology.reasoners.elk import Elk
from qualweave.ontology.reasoners.merges import Merges
from qualweave.ontology.reasoners.satisfiability import HermiT, Reasoner
from qualweave.principal import SEATS, Principal

app = typer.Typer(no_args_is_help=True, help="Check, propose, vote, release, roll back.")
_RELEASE_S = 300.0  # HermiT over one merge with large targets takes minutes


def _show(request: JsonObject) -> None:
    head = f"{request['id']}  {request['state']}  {request['submitted_by']}"
    console.print(head, highlight=False, markup=False)
    for language in ("en", "zh"):
        say(f"    {request['statement'][language]}")
    proposal = request["proposal"]
    for one in proposal.get("findings", ()):
        console.print(f"    ! {one['term']}: {one['en']}", highlight=False, markup=False)
    console.print(f"    satisfiability: {proposal.get('satisfiability')}", highlight=False)
    if proposal.get("impact_en"):
        console.print(f"    reaches: {proposal['impact_en']}", highlight=False, markup=False)
    if "ballot" in request:
        console.print(f"    ballot: {request['ballot']['en']}", highlight=False, markup=False)


@app.command()
def check(
    *,
    reason: Annotated[bool, typer.Option(help="Ask ELK and HermiT for what is impossible.")] = True,
    plant: Annotated[bool, typer.Option(help="Ask the questions of the example plant.")] = True,
    release: Annotated[bool, typer.Option(help="Judge the merges by HermiT as well.")] = False,
    targets: Annotated[
        Path | None,
        typer.Option(
            exists=True, file_okay=False, help="Folder of the ontologies that are aligned to."
        ),
    ] = None,
) -> None:
    """Check ontology, shapes and questions of this installation.

    Ends with status 1 where something is wrong, and with 2 where nothing is but a check could not be made.
    """
    reasoners: tuple[Reasoner, ...] = (Elk(), HermiT(limit_s=_RELEASE_S)) if release else (Elk(),)
    merges = Merges(targets, reasoners)
    report = check_everything(Settings(), reason=reason, plant=plant, merges=merges)
    say(str(report))
    left = [one.check for one in report.checks if one.state != CHECKED]
    if left:
        console.print(f"not checked: {', '.join(left)}", highlight=False)
    raise typer.Exit(1 if report.findings else 2 if left else 0)


@app.command()
def propose(file: Path, data: DataDir = HERE, url: Url = "", by: By = "") -> None:
    """Propose an edited module, or a supplement; prints what it changes, in words."""
    try:
        text = file.read_text("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise UnreadableSource(
            f"{file} cannot be read: {error}",
            message_zh=f"无法读取 {file}：{error}",
            next_step="Give a Turtle file in UTF-8.",
            next_step_zh="请提供 UTF-8 编码的 Turtle 文件。",
        ) from error
    _show(asked(calls.propose(text), data, url, by=by))


@app.command()
def requests(
    data: DataDir = HERE,
    url: Url = "",
    *,
    every: Every = False,
) -> None:
    """List the change requests about terms."""
    found = asked(calls.change_requests("" if every else "open"), data, url)
    for one in found:
        _show(one)
    if not found:
        console.print("No change request is open. Propose one: qualweave ontology propose FILE.ttl")


@app.command()
def vote(
    request: str,
    choice: Annotated[Choice, typer.Argument(help="yes or no.")],
    seat: Annotated[str, typer.Option(help=f"One of: {', '.join(SEATS)}.")],
    data: DataDir = HERE,
    url: Url = "",
    by: By = "",
    reason: Because = "",
) -> None:
    """Vote on a request for a seat of the committee; one vote a seat, one a person."""
    _show(asked(calls.vote(request, choice, seat, reason), data, url, by=by, seat=seat))


@app.command()
def accept(
    request: str, data: DataDir = HERE, url: Url = "", by: By = "", reason: str = ""
) -> None:
    """Release the ontology with a request that the committee passed."""
    decided = asked(calls.decide(request, "accept", reason), data, url, by=by)
    console.print(f"released: {decided['release']}", highlight=False)
    for one in decided["reviews"]:
        say(f"    {one['id']}  {one['statement']['en']}")
        for change in one["changes"]:
            say(f"        {change['kind']}: {change['source']}: {change['statement']['en']}")


@app.command()
def refuse(request: str, reason: str, data: DataDir = HERE, url: Url = "", by: By = "") -> None:
    """Withdraw a request of your own, or close one whose time is over, with a reason."""
    _show(asked(calls.decide(request, "refuse", reason), data, url, by=by))


@app.command()
def rollback(version: str, reason: str, data: DataDir = HERE, url: Url = "", by: By = "") -> None:
    """Release the content of a former release anew; what came after it stays to be asked."""
    told = asked(calls.roll_back(version, reason), data, url, by=by)
    console.print(f"released: {told['release']}", highlight=False)


@app.command()
def migrate(
    version: Annotated[
        str, typer.Argument(help="The former release that the data were written with.")
    ],
    data: DataDir = HERE,
    url: Url = "",
    by: By = "",
    *,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Only say what would be moved.")
    ] = False,
) -> None:
    """Bring the data to the terms of the current release, each term that is gone to its successor."""
    told = asked(calls.migration(version, dry_run=dry_run), data, url, by=by)
    for one in told["terms"]:
        line = f"{one['term']} -> {one['successor'] or 'NO SUCCESSOR'}: {one['triples']} triples"
        if one["stays"]:
            line += (
                f"; {one['stays']} of weights, dictionaries or mappings stay: propose those anew"
            )
        say(line)
    console.print(
        f"{'to move' if dry_run else 'moved'}: {told['triples']} triples", highlight=False
    )


@app.command()
def export(
    version: str,
    out: Annotated[Path, typer.Option(help="File for the N-Triples.")],
    data: DataDir = HERE,
    url: Url = "",
) -> None:
    """Write a release as canonical N-Triples: the same bytes each time."""
    out.write_bytes(asked(calls.release(version), data, url))
    console.print(f"written: {out}", highlight=False)


@app.command()
def note(
    version: str,
    data: DataDir = HERE,
    url: Url = "",
    language: Tongue = "en",
) -> None:
    """Print what a release changed, in words."""
    say(asked(calls.release_note(version), data, url)[language])


@app.command()
def train(
    *,
    depart: Annotated[bool, typer.Option(help="Release everything that passed.")] = False,
    early: Annotated[bool, typer.Option(help="Before the first day of its quarter.")] = False,
    reason: str = "",
    data: DataDir = HERE,
    url: Url = "",
    by: By = "",
) -> None:
    """Show the next release train and who is on it; with --depart, release them together."""
    if depart:
        left = asked(calls.depart(reason, early=early), data, url, by=by)
        console.print(f"released: {left['release']}", highlight=False)
        for one in left["left_behind"]:
            say(f"left behind: {one['request']}: {one['en']}")
        return
    found = asked(calls.train(), data, url)
    console.print(f"{found['train']}, from {found['day']}", highlight=False)
    for one in found["requests"]:
        _show(one)
    if not found["requests"]:
        console.print(
            "No request has passed yet. Vote: qualweave ontology vote REQUEST yes --seat …"
        )


@app.command()
def mappings() -> None:
    """Show how far the ontology is mapped to each standard and vocabulary."""
    names = ("target", "classes", "properties", "entries", "objects", "unverified")
    table = Table("target", "our classes", "properties", "codes", "terms of theirs", "unverified")
    for one in coverage(load_graph(), mapping_tables()):
        table.add_row(*(str(getattr(one, name)) for name in names))
    console.print(table)


@app.command()
def pages(
    out: Annotated[Path, typer.Argument(help="Folder for the HTML files.")],
    version: Annotated[str, typer.Option(help="Of the release; the current one if left out.")] = "",
    data: Annotated[
        Path | None, typer.Option("--data", help="Folder of a store; else the release shipped.")
    ] = None,
    by: By = "",
) -> None:
    """Write the reference pages of a release, one a term, in English and Chinese."""
    if data is None:
        count = write_site(out, *shipped_book())
    else:
        require_store(data)
        service = Service(Settings(data_dir=data))
        try:
            who = Principal(id=by or getpass.getuser(), tenant=service.settings.tenant)
            count = TermPages(service, who).write(out, version)
        finally:
            service.close()
    console.print(f"written: {count} files, begin at {out / 'index.html'}", highlight=False)


@app.command()
def releases(data: DataDir = HERE, url: Url = "") -> None:
    """List the releases, the current one first."""
    names = ("version", "state", "graph", "request", "rollback_to", "content_hash")
    for one in asked(calls.releases(), data, url):
        told = "  ".join(str(one[name] or "-") for name in names)
        say(told)


@app.command()
def diff(
    old: Annotated[str, typer.Argument(help="A file, a folder of Turtle files, or a release.")],
    new: Annotated[str, typer.Argument(help="The same, of the later state.")],
    form: Annotated[str, typer.Option("--format", help="words, kgcl or rdf.")] = "words",
    language: Annotated[str, typer.Option(help="Of the words: en or zh.")] = "en",
    data: DataDir = HERE,
    url: Url = "",
) -> None:
    """Print what changed between two states: in words, as KGCL commands, or as RDF in KGCL's vocabulary."""
    before, after = (_state(one, data, url) for one in (old, new))
    if form == "words":
        told = "".join(f"{one.words(language)}\n" for one in term_changes(before, after))
    elif form in {"kgcl", "rdf"}:
        changes = changes_between(before, after)
        told = (
            to_commands(changes) if form == "kgcl" else to_rdf(changes).serialize(format="turtle")
        )
    else:
        raise InputError(
            f"There is no format {form!r}.",
            message_zh=f"没有格式 {form!r}。",
            next_step="Choose words, kgcl or rdf.",
            next_step_zh="请选择 words、kgcl 或 rdf。",
        )
    console.print(told, highlight=False, markup=False, soft_wrap=True, end="")


def _state(name: str, data: Path, url: str) -> Graph:
    """Return the ontology in a file, in a folder, or of a release."""
    path = Path(name)
    if not path.exists():
        return Graph().parse(data=asked(calls.release(name), data, url), format="nt")
    graph = Graph()
    for file in sorted(path.glob("*.ttl")) if path.is_dir() else (path,):
        for triple in load_module(file):
            graph.add(triple)
    return graph
