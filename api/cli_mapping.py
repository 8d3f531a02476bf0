"""``qualweave mapping``: mapping documents, over a folder or a running service; RML mappings as they are."""

from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

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
from qualweave.client import mapping_calls as calls
from qualweave.documents import Fault, decoded
from qualweave.mappers import rml
from qualweave.mappers.documents.check import check as check_document
from qualweave.mappers.vocabulary import Vocabulary
from qualweave.ontology.load import load_graph
from qualweave.ontology.terms import TermIndex

app = typer.Typer(no_args_is_help=True, help="Mapping documents: what the fields of sources mean.")
Source = Annotated[str, typer.Argument(help="Source id, as 'qualweave mapping list' has it.")]
Version = Annotated[
    int | None, typer.Option(help="Number of a version; the newest where left out.")
]
_COUNTS = ("rows_read", "rows_lifted", "rows_quarantined", "rows_waiting", "triples")
_SHOWN_ROWS = 10


def text_of(file: Path) -> str:
    """Return the text of a file.

    Raises:
        InputError: If it is not UTF-8.
    """
    return decoded(read_file(file), file=file.name)


@app.command("list")
def list_(data: DataDir = HERE, url: Url = "") -> None:
    """List the sources that have a mapping document."""
    for one in asked(calls.mapping_sources(), data, url):
        say(one)


@app.command()
def show(
    source: Source,
    version: Version = None,
    data: DataDir = HERE,
    url: Url = "",
    *,
    json: AsJson = False,
) -> None:
    """Show a mapping document: each column, its term, and where it stands."""
    told = asked(calls.mapping(source, version), data, url)
    if json:
        say_json(told)
        return
    say(f"{told['source']} v{told['version']}  {', '.join(told['records']) or '-'}")
    names = ("decision", "term", "unit", "by", "confidence")
    table = Table("column", *names)
    for one in told["columns"]:
        table.add_row(str(one["name"]), *cells(one, names))
    console.print(table)


@app.command()
def history(source: Source, data: DataDir = HERE, url: Url = "", language: Tongue = "en") -> None:
    """List the versions of a mapping document, with who made each and what it changed."""
    for one in asked(calls.mapping_versions(source), data, url):
        say(f"v{one['version']}  {one['created'][:19]}  {one['created_by']}")
        for line in one[language]:
            say(f"    {line}")


@app.command()
def diff(
    source: Source,
    before: Annotated[int | None, typer.Argument(help="Earlier version.")] = None,
    after: Annotated[int | None, typer.Argument(help="Later version.")] = None,
    data: DataDir = HERE,
    url: Url = "",
    language: Tongue = "en",
    *,
    json: AsJson = False,
) -> None:
    """Say what changed between two versions of a mapping document; the last two where none is named."""
    told = asked(calls.mapping_difference(source, before, after), data, url)
    if json:
        say_json(told)
        return
    say(f"{told['source']} v{told['before']} → v{told['after']}")
    for line in told[language]:
        say(f"    {line}")


@app.command()
def check(
    file: Path,
    data: DataDir = HERE,
    url: Url = "",
    language: Tongue = "en",
    *,
    json: AsJson = False,
) -> None:
    """Tell every mistake of a mapping document with its line; ends with status 1 where one is an error.

    Without a store at --data the ontology of this installation judges.
    """
    text = text_of(file)
    if url or (data / "store").exists():
        faults = asked(calls.check_mapping(text, file.name), data, url)["faults"]
    else:
        faults = [one.to_json() for one in _faults_here(text, file.name)]
    if json:
        say_json(faults)
    for one in faults if not json else ():
        place = f"{file.name}:{one['line']}: {one['severity']}: {one['key']}"
        say(f"{place}: {one['message'][language]}. {one['fix'][language]}")
    wrong = any(one["severity"] == "error" for one in faults)
    if not wrong and not json:
        say(f"{file.name}: {'可用' if language == 'zh' else 'valid'}")
    raise typer.Exit(1 if wrong else 0)


def _faults_here(text: str, file: str) -> tuple[Fault, ...]:
    terms = TermIndex.from_graph(load_graph())
    vocabulary = Vocabulary.from_terms(terms)
    return check_document(text, file=file, vocabulary=vocabulary, nearest=terms.nearest)


@app.command("dry-run")
def dry_run(
    mapping: Annotated[str, typer.Argument(help="YAML file of a document, or a source id.")],
    file: Annotated[Path, typer.Argument(help="File that is tried.")],
    data: DataDir = HERE,
    url: Url = "",
    language: Tongue = "en",
    *,
    json: AsJson = False,
) -> None:
    """Say what a mapping document would make of a file, and write nothing."""
    path = Path(mapping)
    document = text_of(path) if path.suffix in (".yaml", ".yml") and path.is_file() else ""
    call = calls.dry_run(
        file.name, read_file(file), source="" if document else mapping, document=document
    )
    told = asked(call, data, url)
    if json:
        say_json(told)
        return
    _print_trial(told, language)


def _print_trial(told: dict[str, Any], language: str) -> None:
    say("  ".join(f"{name.replace('_', ' ')} {told[name]}" for name in _COUNTS))
    for name in ("missing_columns", "unknown_columns"):
        if told[name]:
            say(f"{name.replace('_', ' ')}: {', '.join(told[name])}")
    for row in told["quarantined"][:_SHOWN_ROWS]:
        for one in row["problems"]:
            say(f"    row {row['row']}: {one['message'][language]} {one['fix'][language]}")
    for line in told["first_triples"]:
        say(f"    {line}")


@app.command()
def put(
    file: Path, data: DataDir = HERE, url: Url = "", by: By = "", language: Tongue = "en"
) -> None:
    """Take a YAML document as the next version of its source, and lift the source's files by it."""
    told = asked(calls.put_mapping(text_of(file), file.name), data, url, by=by)
    rows = f"{told['rows_lifted']:.0f} rows lifted, {told['rows_quarantined']:.0f} in quarantine"
    say(f"{told['source']} v{told['version']}: {rows}")
    for line in told[language]:
        say(f"    {line}")


@app.command()
def run(
    mapping: Annotated[Path, typer.Argument(help="RML-Core mapping in Turtle.")],
    out: Annotated[Path, typer.Option(help="N-Quads file that is written.")],
    base: Annotated[
        str, typer.Option(help="Base IRI of relative IRIs, where the mapping names none.")
    ] = rml.DEFAULT_BASE_IRI,
    root: Annotated[
        Path | None, typer.Option(help="Folder of the sources; that of the mapping where left out.")
    ] = None,
) -> None:
    """Run an RML mapping over its files and write what it says as N-Quads."""
    document = rml.read(text_of(mapping), file=mapping.name, folder=root or mapping.parent)
    count = rml.write(document, out, base=base)
    say(f"{count} quads: {out}")


class Format(StrEnum):
    """Languages in which a mapping document is exchanged."""

    YAML = "yaml"
    RML = "rml"
    SSSOM = "sssom"


def _form_of(path: Path, given: Format | None) -> Format:
    """Return the language that was named, else that of a file's name."""
    by_name = {".ttl": Format.RML, ".tsv": Format.SSSOM}
    return given or by_name.get(path.suffix.lower(), Format.YAML)


@app.command("export")
def export_(
    source: Source,
    out: Annotated[Path, typer.Argument(help="File that is written: .yaml, .ttl or .sssom.tsv.")],
    form: Annotated[
        Format | None, typer.Option("--format", help="By the file's name if left out.")
    ] = None,
    file: Annotated[str, typer.Option(help="File that an RML mapping reads.")] = "",
    delimiter: Annotated[str, typer.Option(help="Of that file, where it is a CSV.")] = ",",
    data: DataDir = HERE,
    url: Url = "",
    language: Tongue = "en",
) -> None:
    """Write a mapping document as YAML, RML-Core or SSSOM, and tell what that language cannot say."""
    chosen = _form_of(out, form).value
    call = calls.export_mapping(source, chosen, file=file, delimiter=delimiter)
    told = asked(call, data, url)
    out.write_text(told["text"], encoding="utf-8")
    say(f"{source} v{told['version']}: {out}")
    for note in told["notes"]:
        unsaid = "未表达" if language == "zh" else "not said"
        say(f"    {unsaid}: {note['about'] or source}: {note[language]}")


@app.command("import")
def import_(
    file: Annotated[Path, typer.Argument(help="YAML, RML-Core in Turtle, or an SSSOM table.")],
    source: Annotated[str, typer.Option(help="Source id; from the document if left out.")] = "",
    form: Annotated[
        Format | None, typer.Option("--format", help="By the file's name if left out.")
    ] = None,
    data: DataDir = HERE,
    url: Url = "",
    by: By = "",
    language: Tongue = "en",
    *,
    new_source: Annotated[
        bool, typer.Option("--new-source", help="SSSOM of a source of which no file has come in.")
    ] = False,
) -> None:
    """Take YAML or RML-Core as the next version of a source's mapping, an SSSOM table as memory."""
    chosen = _form_of(file, form).value
    call = calls.import_mapping(text_of(file), chosen, source, file.name, new_source=new_source)
    told = asked(call, data, url, by=by)
    if "learnt" in told:
        say(f"{told['learnt']} decisions learnt, {len(told['passed'])} rows passed by")
        for one in told["passed"]:
            say(f"    {file.name}:{one['line']}: {one['why']}")
        return
    say(f"{told['source']} v{told['version']}")
    for line in told[language]:
        say(f"    {line}")
