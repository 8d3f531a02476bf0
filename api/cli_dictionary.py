"""``qualweave dictionary``: partners' parameter dictionaries, over a folder or a running service."""

from pathlib import Path
from typing import Annotated

import typer
from rich.table import Table

from qualweave.api.terminal import (
    HERE,
    AsJson,
    By,
    DataDir,
    Tongue,
    Url,
    asked,
    cells,
    console,
    read_file,
    say,
    say_json,
)
from qualweave.client import dictionary_calls as calls

app = typer.Typer(no_args_is_help=True, help="Parameter dictionaries of partners.")


@app.command("import")
def import_(
    file: Path,
    partner: Annotated[str, typer.Option(help="Whose dictionary it is.")],
    data: DataDir = HERE,
    url: Url = "",
    by: By = "",
    language: Tongue = "en",
) -> None:
    """Take a partner's dictionary from CSV or YAML, in place of its former one."""
    told = asked(calls.add_dictionary(partner, file.name, read_file(file)), data, url, by=by)
    say(told[language])


@app.command("list")
def list_(data: DataDir = HERE, url: Url = "") -> None:
    """List whose dictionaries there are."""
    table = Table("partner", "entries", "file", "by")
    for one in asked(calls.dictionaries(), data, url):
        table.add_row(*(str(one[name]) for name in ("partner", "entries", "file", "by")))
    console.print(table)


@app.command()
def show(
    partner: str,
    data: DataDir = HERE,
    url: Url = "",
    language: Tongue = "en",
    *,
    json: AsJson = False,
) -> None:
    """Show the dictionary of a partner."""
    told = asked(calls.dictionary(partner), data, url)
    if json:
        say_json(told)
        return
    names = (
        "collection_point",
        "accuracy",
        "unit",
        "frequency",
        "anomaly_rule",
        "weight_percent",
        "criticality",
    )
    table = Table("parameter", *(one.replace("_", " ") for one in names))
    for one in told["entries"]:
        chosen = {**one, "frequency": one["frequency_zh"]} if language == "zh" else one
        name = one["name_zh"] if language == "zh" else one["name"]
        table.add_row(name, *cells(chosen, names))
    console.print(table)


@app.command()
def diff(
    first: str,
    second: str,
    data: DataDir = HERE,
    url: Url = "",
    language: Tongue = "en",
    *,
    json: AsJson = False,
) -> None:
    """Say where two partners disagree: what each calls critical, and every value that differs."""
    told = asked(calls.dictionary_difference(first, second), data, url)
    if json:
        say_json(told)
        return
    say(told[language])
    table = Table("parameter", "aspect", first, second)
    for one in told["disagreements"]:
        name = one["name_zh"] if language == "zh" else one["name"]
        table.add_row(name, one["aspect"], one["first"] or "-", one["second"] or "-")
    console.print(table)


@app.command()
def anomalies(
    partner: str,
    parameter: str,
    point: Annotated[str, typer.Option(help="Collection point; each where left out.")] = "",
    data: DataDir = HERE,
    url: Url = "",
    language: Tongue = "en",
) -> None:
    """List the values in the graph that a partner's anomaly rule marks, each with the reason."""
    for entry in asked(calls.anomalies(partner, parameter, point), data, url)["entries"]:
        say(f"{entry['collection_point']}: {len(entry['anomalies'])} of {entry['values']} values")
        for one in entry["anomalies"]:
            say(
                f"    {one['at']}  {one['record'].rsplit('/', 1)[-1]}  {one[language]}  [{one['rule']}]"
            )
        for one in entry["not_applied"]:
            say(f"    {one['rule']}: {one[language]}")
