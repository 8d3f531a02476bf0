"""``qualweave dimension`` and ``qualweave template``: trace dimensions and export templates, without a line of code."""

import sys
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.table import Table

from qualweave.api.tables import Format
from qualweave.api.terminal import (
    HERE,
    By,
    DataDir,
    Tongue,
    Url,
    asked,
    console,
    read_file,
    say,
)
from qualweave.client import trace_table_calls as calls
from qualweave.documents import decoded
from qualweave.iri import local_name

dimensions = typer.Typer(no_args_is_help=True, help="Trace dimensions, as YAML.")
templates = typer.Typer(no_args_is_help=True, help="Export templates of traces, as YAML.")
Item = Annotated[str, typer.Argument(help="Serial, lot, IRI or GS1 identity.")]
Forward = Annotated[bool, typer.Option("--forward", help="To where it went.")]


def _text(file: Path) -> str:
    return decoded(read_file(file), file=file.name)


def _say_faults(told: dict[str, Any], language: str) -> None:
    for one in told["faults"]:
        say(f"not in use: {one[language]}")


def _say_taken(told: dict[str, Any], kind: str, language: str) -> None:
    say(", ".join(one["name"] for one in told[kind] if one["own"]))
    _say_faults(told, language)


def _origin(one: dict[str, Any]) -> str:
    return "own" if one["own"] else "package"


@dimensions.command("list")
def list_dimensions(data: DataDir = HERE, url: Url = "", language: Tongue = "en") -> None:
    """List the trace dimensions that hold now."""
    told = asked(calls.trace_dimensions(), data, url)
    table = Table("dimension", "label", "parameters", "facts", "from")
    for one in told["dimensions"]:
        facts = ", ".join(one["facts"])
        table.add_row(
            one["name"], one["label"][language], str(one["parameter_count"]), facts, _origin(one)
        )
    console.print(table)
    _say_faults(told, language)


@dimensions.command("put")
def put_dimensions(
    file: Path, data: DataDir = HERE, url: Url = "", by: By = "", language: Tongue = "en"
) -> None:
    """Take a YAML document as the trace dimensions; a fault is told with its line and nothing is taken."""
    told = asked(calls.put_trace_dimensions(_text(file), file.name), data, url, by=by)
    _say_taken(told, "dimensions", language)


@dimensions.command("show")
def show_dimension(
    name: str,
    item: Item,
    data: DataDir = HERE,
    url: Url = "",
    language: Tongue = "en",
    *,
    forward: Forward = False,
) -> None:
    """Show what the steps of a trace say of one dimension."""
    call = calls.trace_dimension(item, name, "forward" if forward else "back")
    told = asked(call, data, url)
    say(f"{told['label'][language]}: {told['values']} values of {told['steps']} steps")
    for one in told["rows"]:
        values = ", ".join(f"{local_name(key)}={value}" for key, value in one["values"].items())
        say(f"    {local_name(one['item'])}  {local_name(one['record'])}  {values}")


@templates.command("list")
def list_templates(data: DataDir = HERE, url: Url = "", language: Tongue = "en") -> None:
    """List the export templates that hold now."""
    told = asked(calls.export_templates(), data, url)
    table = Table("template", "label", "columns", "from")
    for one in told["templates"]:
        table.add_row(one["name"], one["label"][language], str(len(one["columns"])), _origin(one))
    console.print(table)
    _say_faults(told, language)


@templates.command("put")
def put_templates(
    file: Path, data: DataDir = HERE, url: Url = "", by: By = "", language: Tongue = "en"
) -> None:
    """Take a YAML document as the export templates; a fault is told with its line and nothing is taken."""
    told = asked(calls.put_export_templates(_text(file), file.name), data, url, by=by)
    _say_taken(told, "templates", language)


@templates.command("fill")
def fill_template(
    name: str,
    item: Item,
    data: DataDir = HERE,
    url: Url = "",
    format: Annotated[Format, typer.Option(help="How rows are written.")] = "table",  # noqa: A002
    out: Annotated[Path | None, typer.Option(help="File for the rows.")] = None,
    *,
    forward: Forward = False,
) -> None:
    """Write the trace of an item in the columns of a template."""
    call = calls.export_trace(name, item, "forward" if forward else "back", format)
    body = asked(call, data, url)
    if out is not None:
        out.write_bytes(body)
        say(str(out))
    elif format == "parquet":
        sys.stdout.buffer.write(body)
    else:
        typer.echo(body.decode(), nl=False)
