"""``qualweave texts``: complaint and shop-floor texts, over a folder or a running service."""

from pathlib import Path
from typing import Annotated, Any

import typer
from rich.table import Table

from qualweave.api.terminal import (
    HERE,
    AsJson,
    Because,
    By,
    DataDir,
    Tongue,
    Url,
    asked,
    console,
    read_file,
    say,
    say_json,
)
from qualweave.client import text_calls as calls

app = typer.Typer(no_args_is_help=True, help="Texts of complaints and of the shop floor.")


@app.command()
def read(
    text: Annotated[str, typer.Argument(help="A text, or a file of texts.")],
    column: Annotated[str, typer.Option(help="Field of the text in a file.")] = "",
    data: DataDir = HERE,
    url: Url = "",
    by: By = "",
    language: Tongue = "en",
    *,
    keep: Annotated[bool, typer.Option("--keep", help="Put the text into the corpus.")] = False,
    json: AsJson = False,
) -> None:
    """Read a text to its candidate concepts, or every text of a file into the corpus."""
    if _is_file(text):
        file = Path(text)
        told = asked(calls.collect_texts(file.name, read_file(file), column), data, url, by=by)
        say(told[language])
        return
    found = asked(calls.read_text(text, keep=keep), data, url, by=by)
    if json:
        say_json(found)
        return
    _print_candidates(found, language)
    if keep:
        say(f"id {found['id']}")


def _is_file(text: str) -> bool:
    try:
        return Path(text).is_file()
    except (OSError, ValueError):  # too long for a name, or a NUL in it
        return False


def _print_candidates(found: dict[str, Any], language: str) -> None:
    table = Table("place", "words", "concept", "state", "attribute", "viewpoint", "details")
    for one in found["candidates"]:
        details = ", ".join(f"{detail['kind']} {detail['words']}" for detail in one["details"])
        table.add_row(
            f"{one['start']}-{one['end']}",
            one["words"],
            one["name"][language],
            one["state"],
            one["attribute"],
            one["viewpoint"]["viewpoint"] or "-",
            details or "-",
        )
    console.print(table)


@app.command("list")
def list_(
    review: Annotated[str, typer.Option(help="open, accepted or rejected.")] = "",
    limit: Annotated[int, typer.Option(help="Texts, at most.")] = 20,
    data: DataDir = HERE,
    url: Url = "",
    language: Tongue = "en",
    *,
    json: AsJson = False,
) -> None:
    """List texts of the corpus with their spans, those that wait for review first."""
    told = asked(calls.texts(review, limit=limit), data, url)
    if json:
        say_json(told)
        return
    for text in told["texts"]:
        where = f"  {text['file']} row {text['row']}" if text["file"] else ""
        say(f"{text['id']}{where}  {text['text'].strip()}")
        for one in text["spans"]:
            by = f" by {one['by']}" if one["by"] else ""
            say(
                f"    {one['start']}-{one['end']}  {one['words']}  {one['name'][language]}  "
                f"[{one['state']}, {one['review']}{by}]"
            )
    say(f"{len(told['texts'])} of {told['total']}")


@app.command()
def review(
    identifier: Annotated[str, typer.Argument(help="Id of the text.")],
    verdict: Annotated[str, typer.Argument(help="accept, reject, relabel, add or undo.")],
    place: Annotated[
        str, typer.Argument(help="START-END of the span, =CONCEPT behind it where it has several.")
    ] = "",
    to: Annotated[str, typer.Option(help="Concept that a relabelled span gets.")] = "",
    reason: Because = "",
    data: DataDir = HERE,
    url: Url = "",
    by: By = "",
) -> None:
    """Decide about a span of a text, or take one's own last decision back."""
    if verdict == "undo":
        told = asked(calls.undo_span(identifier), data, url, by=by)
    else:
        where, _, named = place.partition("=")
        start, end = _place(where)
        term = named or _term_at(asked(calls.text(identifier), data, url, by=by), start, end)
        decision = {
            "verdict": verdict,
            "start": start,
            "end": end,
            "term": term,
            "to": to,
            "why": reason,
        }
        told = asked(calls.decide_span(identifier, decision), data, url, by=by)
    for one in told["spans"]:
        say(f"{one['start']}-{one['end']}  {one['words']}  {one['term']}  {one['review']}")


def _place(text: str) -> tuple[int, int]:
    start, _, end = text.partition("-")
    if not (start.isdecimal() and end.isdecimal()):
        raise typer.BadParameter(
            "Give the place as START-END, as 'qualweave texts list' prints it."
        )
    return int(start), int(end)


def _term_at(text: dict[str, Any], start: int, end: int) -> str:
    found = [one["term"] for one in text["spans"] if (one["start"], one["end"]) == (start, end)]
    if len(found) != 1:
        raise typer.BadParameter(f"{len(found)} spans are at {start}-{end}; name the concept.")
    return str(found[0])


@app.command()
def export(
    out: Annotated[Path, typer.Argument(help="File that is written.")],
    seed: Annotated[int, typer.Option(help="Of the split in train, dev and test.")] = 0,
    data: DataDir = HERE,
    url: Url = "",
    by: By = "",
    *,
    reviewed: Annotated[
        bool, typer.Option("--reviewed", help="Only accepted spans of reviewed texts.")
    ] = False,
    redact: Annotated[
        bool, typer.Option("--redact", help="Mask telephone, mail and identity numbers.")
    ] = False,
) -> None:
    """Write the corpus as JSON Lines, each text with its side of the split."""
    found = asked(calls.export_texts(reviewed=reviewed, redact=redact, seed=seed), data, url, by=by)
    out.write_bytes(found.body)
    told = found.report
    parts = ", ".join(f"{name} {count}" for name, count in told["parts"].items())
    say(f"{out}: {told['texts']} texts, {told['spans']} spans ({parts})")
    if redact:
        counts = ", ".join(f"{kind} {count}" for kind, count in told["masked"].items())
        say(f"masked: {counts or 'nothing'}; names and postal addresses are not recognised")


@app.command("import")
def import_(
    file: Path, data: DataDir = HERE, url: Url = "", by: By = "", language: Tongue = "en"
) -> None:
    """Take a corpus of JSON Lines; what is there already is left."""
    say(asked(calls.import_texts(file.name, read_file(file)), data, url, by=by)[language])


@app.command()
def agreement(data: DataDir = HERE, url: Url = "", *, json: AsJson = False) -> None:
    """Print Cohen's kappa of every two reviewers."""
    told = asked(calls.text_agreement(), data, url)
    if json:
        say_json(told)
        return
    table = Table("first", "second", "texts", "spans", "agreed", "kappa")
    for one in told:
        kappa = "-" if one["kappa"] is None else f"{one['kappa']:.2f}"
        table.add_row(
            one["first"],
            one["second"],
            *(str(one[name]) for name in ("texts", "spans", "agreed")),
            kappa,
        )
    console.print(table)


@app.command()
def lift(data: DataDir = HERE, url: Url = "", by: By = "", language: Tongue = "en") -> None:
    """Bring accepted spans into the graph, in place of what was lifted before."""
    say(asked(calls.lift_texts(), data, url, by=by)[language])
