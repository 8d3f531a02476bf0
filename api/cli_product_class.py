"""``qualweave product-class``: which products are traced item by item, over a folder or a running service."""

from typing import Annotated

import typer
from rich.table import Table

from qualweave.api.terminal import HERE, By, DataDir, Tongue, Url, asked, console, say
from qualweave.client import product_class_calls as calls
from qualweave.ontology.product_classes import TraceLevel

app = typer.Typer(no_args_is_help=True, help="Classes of products that are traced by item.")
Classes = Annotated[
    list[str] | None, typer.Option("--class", help="Class of items; may be repeated.")
]


@app.command("list")
def list_(data: DataDir = HERE, url: Url = "") -> None:
    """List the twelve places of the table, those that are free last."""
    table = Table("code", "name", "名称", "traced by", "classes of items")
    for one in asked(calls.product_classes(), data, url):
        classes = ", ".join(name.rsplit("/", 1)[-1] for name in one["classes"])
        table.add_row(one["code"], one["name"], one["name_zh"], one["level"] or "-", classes or "-")
    console.print(table)


@app.command()
def show(name: str, data: DataDir = HERE, url: Url = "", language: Tongue = "en") -> None:
    """Say whether a class of products is traced by item; an unknown one is refused with the nearest."""
    say(asked(calls.product_class(name), data, url)[language])


@app.command()
def fill(
    slot: str,
    name: Annotated[str, typer.Option(help="In English.")],
    name_zh: Annotated[str, typer.Option("--zh", help="In Chinese.")],
    level: Annotated[TraceLevel, typer.Option(help="item or lot.")],
    classes: Classes = None,
    data: DataDir = HERE,
    url: Url = "",
    by: By = "",
) -> None:
    """Put a class of products into a free place."""
    call = calls.fill_product_class(slot, names=(name, name_zh), level=level, classes=classes or [])
    told = asked(call, data, url, by=by)
    say(told["en"])
    say(told["zh"])


@app.command()
def adopt(
    name: str, classes: Classes = None, data: DataDir = HERE, url: Url = "", by: By = ""
) -> None:
    """Put the policy of a class into force: its items are traced heavily (item) or lightly (lot)."""
    told = asked(calls.adopt_product_class(name, classes or []), data, url, by=by)
    say(told["en"])
    for one in told["policies"]:
        say(f"    {one['class'].rsplit('/', 1)[-1]}: {one['weight']}")
