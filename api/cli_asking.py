"""The commands that ask a graph: over a folder, or over a running service with ``--url``."""

import getpass
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Annotated

import typer
from rich.table import Table

from qualweave.api.door import Caller, asking
from qualweave.api.tables import Format
from qualweave.api.terminal import (
    HERE,
    DataDir,
    Url,
    asked,
    console,
    read_file,
    read_packed,
    say,
    say_json,
)
from qualweave.client import calls
from qualweave.client.calls import JsonObject
from qualweave.errors import InputError
from qualweave.iri import local_name

_ROLES = "engineer"


def add_commands(app: typer.Typer) -> None:
    """Add the commands to the command line."""
    _add_admit(app)

    @app.command()
    def trace(item: str, data: DataDir = HERE, url: Url = "", *, forward: bool = False) -> None:
        """Trace an item back to where it came from, or forward."""
        call = calls.trace(item, "forward" if forward else "back", 0)
        table = Table("depth", "item", "class", "gap")
        for node in asked(call, data, url, roles=_ROLES)["nodes"]:
            classes = ", ".join(map(local_name, node["classes"]))
            table.add_row(str(node["depth"]), node["name"], classes, node["gap"])
        console.print(table)

    @app.command()
    def ask(
        question: Annotated[
            str, typer.Argument(help="Id of a question, or words (English, Chinese).")
        ],
        data: DataDir = HERE,
        url: Url = "",
        param: Annotated[
            list[str] | None, typer.Option(help="name=value, for a parameter of the question.")
        ] = None,
        format: Annotated[Format, typer.Option(help="How rows are written.")] = "table",  # noqa: A002
        out: Annotated[Path | None, typer.Option(help="File for the rows.")] = None,
    ) -> None:
        """Answer a competency question: its SPARQL and its rows, or the nearest questions where none fits."""
        values = read_values(param or [])
        with asking(data, url, Caller(getpass.getuser(), roles=_ROLES)) as run:
            told = run(calls.question(question, values)) if format == "table" else None
            body = run(calls.question_as(question, values, format))
        if told is not None:
            say(understood(told))
        if out is not None:
            out.write_bytes(body)
        elif format == "parquet":
            sys.stdout.buffer.write(body)
        else:
            typer.echo(body.decode(), nl=False)

    @app.command()
    def status(data: DataDir = HERE, url: Url = "") -> None:
        """Print the figures of a store."""
        say_json(asked(calls.status(), data, url, roles=_ROLES))


def read_values(given: Sequence[str]) -> dict[str, str]:
    """Return parameters that were given as ``name=value``.

    Raises:
        InputError: If one has no name.
    """
    found = dict(one.split("=", 1) for one in given if "=" in one)
    wrong = [one for one in given if "=" not in one]
    if wrong:
        raise InputError(
            f"{wrong[0]!r} is no parameter.",
            message_zh=f"“{wrong[0]}”不是参数。",
            next_step="Write it as name=value.",
            next_step_zh="请写作 名称=值。",
            data={"parameter": wrong[0]},
        )
    return {name.strip(): value for name, value in found.items()}


def _add_admit(app: typer.Typer) -> None:
    @app.command()
    def admit(
        file: Path,
        data: DataDir = HERE,
        url: Url = "",
        beside: Annotated[
            list[Path] | None,
            typer.Option("--with", help="File or folder with models that it requires; repeatable."),
        ] = None,
        as_owl: Annotated[
            Path | None,
            typer.Option("--as-owl", help="Write the description in OWL (Turtle) here."),
        ] = None,
    ) -> None:
        """Judge a supplier's description of a device; ends with status 1 where it is refused.

        OWL, OPC UA NodeSet2, MTConnect Devices, AAS (JSON, XML, AASX) and SAMM are told apart by content.
        """
        content = read_packed(file, beside) if beside else read_file(file)
        call = calls.admit(file.name, content, packed=bool(beside), owl=as_owl is not None)
        told = asked(call, data, url, roles=_ROLES)
        for line in judgement(told):
            say(line)
        if as_owl is not None and told["owl"]:
            as_owl.write_text(told["owl"], "utf-8")
        raise typer.Exit(0 if told["verdict"] == "admitted" else 1)


def judgement(told: JsonObject) -> Iterator[str]:
    """Return the lines that tell a supplier what became of a description."""
    for kind in ("reasons", "remarks"):
        for one in told[kind]:
            sign = "✗" if kind == "reasons" else "·"
            yield f"{sign} {one['file']}:{one['line']}: {local_name(one['term'])} {one['en']}. {one['fix']}"
    for one in told["devices"]:
        facts = (one["manufacturer"], one["model"], one["name"], one["serial"], one["firmware"])
        yield f"  {told['kind']}: {' · '.join(fact for fact in facts if fact) or one['id']}"
    for one in told["fields"]:
        yield f"  {one['name']} → {one['term'] or '–'} ({one['decision']}, {one['probability']:.2f}) {one['unit']}"
    share = f"{100 * told['coverage']:.0f} % of {len(told['fields'])} fields are mapped unasked"
    yield f"{told['verdict']}: {told['file']}; {share}; satisfiability: {told['satisfiability'] or 'not asked'}"


def understood(told: JsonObject) -> str:
    """Return what was asked, in words, with its SPARQL: what stands above the rows in a terminal."""
    lines = [f"{told['id']}: {told['question']['en']} / {told['question']['zh']}"]
    for one in told["parameters"]:
        name = one["name"]
        origin = {
            "given": "given",
            "question": "from the question",
            "default": f"example; give your own with --param {name}=…",
        }[one["from"]]
        lines.append(f"  {name} = {one['value']}  ({origin})")
    if told["unused"]:
        lines.append(f"  not used: {', '.join(told['unused'])}")
    return "\n".join([*lines, "", told["sparql"].rstrip(), ""])
