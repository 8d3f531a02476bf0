"""``qualweave weights``: versioned weights of a score, over a folder or a running service."""

import csv
import io
from pathlib import Path
from typing import Annotated

import typer
from rich.table import Table

from qualweave.api.cli_asking import read_values
from qualweave.api.terminal import (
    HERE,
    AsJson,
    Because,
    By,
    DataDir,
    Every,
    Tongue,
    Url,
    asked,
    cells,
    console,
    read_file,
    say,
    say_json,
)
from qualweave.change_request import Choice
from qualweave.client import weight_calls as calls
from qualweave.client.calls import JsonObject
from qualweave.errors import InputError
from qualweave.principal import SEATS

app = typer.Typer(no_args_is_help=True, help="Weights of a score: propose, vote, accept, score.")
Items = Annotated[
    list[str] | None, typer.Argument(help="Items or lots; all with a value where none.")
]
ValueFile = Annotated[
    Path | None, typer.Option("--values", help="CSV: column item, then one column a parameter.")
]


def _show(request: JsonObject, language: str) -> None:
    say(f"{request['id']}  {request['state']}  {request['submitted_by']}")
    say(f"    {request['statement'][language]}")
    say(f"    {request['ballot'][language]}")


@app.command()
def propose(
    table: str,
    shares: Annotated[
        list[str] | None, typer.Argument(help="PARAMETER=PERCENT; the others share the rest.")
    ] = None,
    reason: Because = "",
    dictionary: Annotated[
        str, typer.Option(help="Partner whose dictionary gives the limits.")
    ] = "",
    data: DataDir = HERE,
    url: Url = "",
    by: By = "",
    language: Tongue = "en",
) -> None:
    """Propose other shares; a table that is not there yet takes those of a dictionary."""
    wanted = read_values(shares or [])
    call = calls.propose_weights(table, wanted, reason=reason, dictionary=dictionary)
    _show(asked(call, data, url, by=by), language)


@app.command()
def requests(
    data: DataDir = HERE,
    url: Url = "",
    language: Tongue = "en",
    *,
    every: Every = False,
) -> None:
    """List the change requests about weights."""
    found = asked(calls.weight_requests("" if every else "open"), data, url)
    for one in found:
        _show(one, language)
    if not found:
        say(
            "No change request is open. Propose one: qualweave weights propose TABLE PARAMETER=PERCENT"
        )


@app.command()
def vote(
    request: str,
    choice: Annotated[Choice, typer.Argument(help="yes or no.")],
    seat: Annotated[str, typer.Option(help=f"One of: {', '.join(SEATS)}.")],
    data: DataDir = HERE,
    url: Url = "",
    by: By = "",
    reason: Because = "",
    language: Tongue = "en",
) -> None:
    """Vote on a request for a seat of the committee; one vote a seat, one a person."""
    call = calls.vote_on_weights(request, choice, seat=seat, reason=reason)
    _show(asked(call, data, url, by=by, seat=seat), language)


@app.command()
def accept(
    request: str,
    data: DataDir = HERE,
    url: Url = "",
    by: By = "",
    reason: Because = "",
    language: Tongue = "en",
) -> None:
    """Release the weights of a request that the committee passed, as the next version."""
    decided = asked(calls.decide_on_weights(request, "accept", reason), data, url, by=by)
    _show(decided, language)
    say(f"    {decided['version']['table']}/{decided['version']['version']}")


@app.command()
def refuse(
    request: str,
    reason: str,
    data: DataDir = HERE,
    url: Url = "",
    by: By = "",
    language: Tongue = "en",
) -> None:
    """Withdraw a request of your own, or close one whose time is over, with a reason."""
    _show(asked(calls.decide_on_weights(request, "refuse", reason), data, url, by=by), language)


@app.command()
def show(
    table: str,
    version: Annotated[int | None, typer.Option(help="The newest where left out.")] = None,
    data: DataDir = HERE,
    url: Url = "",
    *,
    json: AsJson = False,
) -> None:
    """Show a version of a table: shares, limits, reason and author."""
    told = asked(calls.weight_version(table, version), data, url)
    if json:
        say_json(told)
        return
    say(
        f"{told['table']}/{told['version']}  {told['created'][:10]}  {told['author']}: {told['reason']}"
    )
    columns = ("percent", "lower_limit", "upper_limit", "best", "unit")
    shown = Table("parameter", *(one.replace("_", " ") for one in columns))
    for one in told["weights"]:
        shown.add_row(one["parameter"].rsplit("/", 1)[-1], *cells(one, columns))
    console.print(shown)


@app.command()
def history(table: str, data: DataDir = HERE, url: Url = "") -> None:
    """List the versions of a table with reason, author and request, the newest first."""
    for one in asked(calls.weight_history(table), data, url):
        say(
            f"{table}/{one['version']}  {one['created'][:10]}  {one['author']}  {one['request']}  {one['reason']}"
        )


@app.command()
def score(
    table: str,
    items: Items = None,
    version: Annotated[int | None, typer.Option(help="The newest where left out.")] = None,
    values: ValueFile = None,
    data: DataDir = HERE,
    url: Url = "",
    language: Tongue = "en",
    *,
    json: AsJson = False,
) -> None:
    """Score items of the graph, or values of a file, under a version of the weights."""
    wanted = {"version": version, **_subject(items, values)}
    told = asked(calls.scores(table, wanted), data, url)
    if json:
        say_json(told)
        return
    for one in told["scores"]:
        say(f"{one['rank'] or '-'}  {one[language]}")
    if told["cut_at"]:
        say(f"Only the first {told['cut_at']} items are scored; name those that you want.")


@app.command()
def effect(
    table: str,
    before: int,
    after: int,
    items: Items = None,
    values: ValueFile = None,
    data: DataDir = HERE,
    url: Url = "",
    *,
    json: AsJson = False,
) -> None:
    """Score items under two versions: before and after of each, and whose rank changes."""
    wanted = {"before": before, "after": after, **_subject(items, values)}
    told = asked(calls.weight_effect(table, wanted), data, url)
    if json:
        say_json(told)
        return
    say(told["en"])
    say(told["zh"])
    columns = ("before", "after", "change", "rank_before", "rank_after")
    shown = Table("item", *(one.replace("_", " ") for one in columns))
    for one in told["items"]:
        shown.add_row(one["item"].rsplit("/", 1)[-1], *cells(one, columns))
    console.print(shown)


def _subject(items: list[str] | None, file: Path | None) -> dict[str, object]:
    if file is None:
        return {"items": items or []}
    reader = csv.DictReader(io.StringIO(read_file(file).decode("utf-8-sig", errors="replace")))
    columns = list(reader.fieldnames or [])
    name = next(
        (one for one in columns if one.strip().casefold() in ("item", "lot", "物料", "批次")), None
    )
    if name is None:
        raise InputError(
            f"{file.name} has no column 'item'.",
            message_zh=f"{file.name} 缺少“物料”列。",
            next_step="Head the first column item, the others by parameter.",
            next_step_zh="请以“物料”为首列，其余各列以参数命名。",
            data={"file": file.name, "columns": list(columns)},
        )
    found = {
        row[name]: {
            column: cell for column, cell in row.items() if column and column != name and cell
        }
        for row in reader
    }
    return {"items": items or [], "values": found}
