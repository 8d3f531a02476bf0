"""``qualweave codes``: what a defect or alarm code may mean, over a folder or a running service."""

from collections.abc import Mapping
from typing import Annotated, Any

import typer
from rich.table import Table

from qualweave.api.terminal import HERE, AsJson, DataDir, Tongue, Url, asked, console, say, say_json
from qualweave.client import calls
from qualweave.negotiation import Language

app = typer.Typer(no_args_is_help=True, help="Codes of defects and alarms.")
_HEADS: Mapping[Language, tuple[str, ...]] = {
    "en": ("concept", "likely", "by words", "together", "of", "evidence"),
    "zh": ("概念", "可能性", "按文字", "同现", "共", "依据"),
}


@app.callback()
def main() -> None:
    """Codes of defects and alarms."""


@app.command()
def candidates(
    code: Annotated[str, typer.Argument(help="The code as the machine writes it.")],
    machine: Annotated[str, typer.Option(help="Name or IRI of the machine; all if left out.")] = "",
    programme: Annotated[str, typer.Option(help="Name or IRI of the programme.")] = "",
    data: DataDir = HERE,
    url: Url = "",
    language: Tongue = "en",
    *,
    json: AsJson = False,
) -> None:
    """Say what a code may mean in each of its scopes: by its words, and by what others saw on the same things."""
    found = asked(calls.code_candidates(code, machine, programme), data, url)
    if json:
        say_json(found)
        return
    for entry in found["entries"]:
        say_entry(found["code"], entry, language)


def say_entry(code: str, entry: Mapping[str, Any], language: Language) -> None:
    """Print one scope of a code and a table of what it may mean there, the likeliest first."""
    since = {"en": "from {}", "zh": "自 {} 起"}[language].format(entry["valid_from"][:10])
    until = {"en": "until {}", "zh": "至 {}"}[language].format(entry["valid_to"][:10])
    scope = [
        entry["machine_name"],
        entry["programme"].rsplit("/", 1)[-1],
        since if entry["valid_from"] else "",
        until if entry["valid_to"] else "",
    ]
    undecided = {"en": "undecided", "zh": "未定"}[language]
    meaning = entry["meaning"][language] if entry["meaning"] else undecided
    words = f"  {entry['label']!r}" if entry["label"] else ""
    say(f"{code} @ {' · '.join(one for one in scope if one)}{words}  → {meaning}")
    if not entry["candidates"]:
        say({"en": "    nothing speaks for any concept", "zh": "    没有任何依据"}[language])
        return
    table = Table(*_HEADS[language])
    for one in entry["candidates"]:
        table.add_row(*_cells(one, language))
    console.print(table)


def _cells(one: Mapping[str, Any], language: Language) -> tuple[str, ...]:
    together = one["cooccurrence"]
    counts = (str(together["both"]), str(together["coded"])) if together else ("-", "-")
    said = "\n".join(row["statement"][language] for row in one["evidence"])
    name = f"{one['concept'][language]}\n{one['concept']['curie']}"
    shares = (f"{100 * one[key]:.0f} %" for key in ("score", "probability"))
    return (name, *shares, *counts, said)
