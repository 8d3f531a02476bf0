"""``qualweave``: the command line over the same service."""

import ipaddress
import logging
import shutil
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from threading import Thread
from typing import Annotated, Any

import typer
import uvicorn
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table

from qualweave import text
from qualweave.api import (
    cli_asking,
    cli_codes,
    cli_dictionary,
    cli_live,
    cli_live_sources,
    cli_mapping,
    cli_ontology,
    cli_product_class,
    cli_review,
    cli_table,
    cli_texts,
    cli_trace_tables,
    cli_weights,
)
from qualweave.api.app import make_app
from qualweave.api.databases import handed_in
from qualweave.api.exporting import add_command as add_export
from qualweave.api.learning import Learning
from qualweave.api.mcp.command import add_command as add_mcp
from qualweave.api.sending import sent
from qualweave.api.service import Service
from qualweave.api.terminal import TextsTold, Url, console, is_chinese, say, say_faults
from qualweave.api.tour import Tour
from qualweave.config import Settings
from qualweave.errors import Forbidden, QualweaveError
from qualweave.examples.plant import Size as PlantSize
from qualweave.examples.plant import generate
from qualweave.gnn import capability
from qualweave.mappers.align.files import align_files
from qualweave.mappers.align.vocabularies import read_vocabulary
from qualweave.mappers.readers import ReadLimits
from qualweave.mappers.report import IngestReport
from qualweave.mappers.revise import Question
from qualweave.negotiation import Language
from qualweave.ontology.reasoners.satisfiability import java_path
from qualweave.principal import Principal
from qualweave.shapes.validate import validate as validate_rdf

app = typer.Typer(
    no_args_is_help=True, add_completion=False, help="Quality knowledge graph of a plant."
)
app.add_typer(cli_ontology.app, name="ontology")
app.add_typer(cli_dictionary.app, name="dictionary")
app.add_typer(cli_table.app, name="table")
app.add_typer(cli_mapping.app, name="mapping")
app.add_typer(cli_review.app, name="review")
app.add_typer(cli_trace_tables.dimensions, name="dimension")
app.add_typer(cli_trace_tables.templates, name="template")
app.add_typer(cli_weights.app, name="weights")
app.add_typer(cli_texts.app, name="texts")
app.add_typer(cli_live_sources.app, name="live")
app.add_typer(cli_codes.app, name="codes")
app.add_typer(cli_product_class.app, name="product-class")
cli_asking.add_commands(app)
cli_live.add_commands(app)
add_mcp(app)
add_export(app)
_OPERATOR = Principal(id="operator", roles=frozenset({"engineer", "architect"}))
_REPORTED = (
    "columns",
    "mapped",
    "asked",
    "requested",
    "rows_read",
    "rows_lifted",
    "rows_quarantined",
    "rows_waiting",
)
_DEMO_COVERAGE = 0.7  # the example plant leaves some alarms without a label, as plants do
_MEDIA = {".ttl": "text/turtle", ".nt": "application/n-triples", ".jsonld": "application/ld+json",
          ".rdf": "application/rdf+xml", ".owl": "application/rdf+xml"}  # fmt: skip
DataDir = Annotated[Path, typer.Option("--data", help="Folder of the store.")]


def main() -> None:
    """Run the command line; a known error is printed with its next step and ends with status 1."""
    try:
        app()
    except QualweaveError as error:
        chinese = is_chinese()
        message = error.message_zh if chinese else error.message
        console.print(message, style="red", highlight=False, markup=False, soft_wrap=True)
        say_faults(error, "zh" if chinese else "en")
        step = error.next_step_zh if chinese else error.next_step
        say(step)
        raise SystemExit(1) from error


@app.callback()
def _start(context: typer.Context) -> None:
    context.with_resource(text.watched(TextsTold()))


@contextmanager
def _service(data: Path, **changes: Any) -> Iterator[Service]:  # noqa: ANN401 - settings by name
    service = Service(Settings(data_dir=data, **changes))
    try:
        yield service
    finally:
        service.close()


def _ingest(service: Service, path: Path, answers: Path | None) -> IngestReport:
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
    )
    with Progress(*columns, console=console, transient=True) as bar:
        task = bar.add_task("ingest", total=None)

        def told(name: str, done: int, total: int) -> None:
            bar.update(task, description=name[-48:], completed=done, total=total)

        return service.ingest(path, principal=_OPERATOR, answers=answers, progress=told)


def _print_report(report: IngestReport, where: str) -> None:
    repeated = sum(one.status == "repeated" for one in report.files)
    table = Table("what became of it", "count")
    table.add_row("files", str(len(report.files)))
    for name, told in (("repeated", repeated), ("refused", len(report.refused))):
        if told:
            table.add_row(f"  {name}", str(told))
    for name in _REPORTED:
        table.add_row(name.replace("_", " "), f"{report.total(name):.0f}")
    console.print(table)
    for one in report.files:
        if one.message:
            say(f"{one.status}  {one.file}: {one.message}")
        elif one.rows_waiting:
            say(
                f"waiting  {one.file}: {one.rows_waiting} rows, until a field is mapped that says what a row is."
            )
    if report.total("asked") or report.total("requested"):
        say(f"Fields that wait: qualweave review list {where}, or the page Sources of the service.")
    if report.total("rows_quarantined"):
        say("Rows that wait for repair: the page Sources of the service, or GET /quarantine.")
    if where.startswith("--data"):
        say(f"The service: qualweave serve {where} --dev")


@app.command()
def ingest(
    source: Annotated[
        str, typer.Argument(help="File, folder, or address of a database: sqlite:///mes.db.")
    ],
    data: DataDir = Path(".qualweave"),
    answers: Annotated[
        Path | None, typer.Option(help="YAML of a person's answers about fields.")
    ] = None,
    url: Url = "",
) -> None:
    """Read a file, folder or database, find what its fields mean, and put it into the graph, or that of --url."""
    with handed_in(source, ReadLimits.of(Settings())) as path:
        if url:
            _print_report(sent(path, url, answers), f"--url {url}")
            return
        with _service(data) as service:
            _print_report(_ingest(service, path, answers), f"--data {data}")


@app.command()
def align(
    fields: Annotated[
        Path, typer.Option(help="JSON Lines of fields, or a description of a device.")
    ],
    out: Annotated[Path, typer.Option(help="Where the predictions go.")],
    terms: Annotated[
        Path | None,
        typer.Option(help="JSON, OWL or SKOS, or a folder; the Q-Ontology where it is left out."),
    ] = None,
    confirmed: Annotated[
        Path | None,
        typer.Option(help="JSON Lines of fields whose terms are known ('gold'): memory only."),
    ] = None,
    *,
    explain: Annotated[
        bool,
        typer.Option("--explain", help="Write the evidence of each first term, in both languages."),
    ] = False,
) -> None:
    """Rank the terms of any vocabulary, or of the Q-Ontology, for each field of a list."""
    vocabulary = read_vocabulary(terms) if terms is not None else None
    if vocabulary is not None:
        say(vocabulary.told())
    with Progress(console=console, transient=True) as bar:
        task = bar.add_task("aligning", total=None)
        count = align_files(
            fields,
            vocabulary,
            out,
            confirmed=confirmed,
            explain=explain,
            progress=lambda done, every: bar.update(task, completed=done, total=every),
            told=say,
        )
    say(f"{count} fields aligned: {out}")


@app.command()
def train(
    data: DataDir = Path(".qualweave"),
    coverage: Annotated[
        float | None, typer.Option(help="Share of alarms that must carry a signed label.")
    ] = None,
    seeds: int = 5,
) -> None:
    """Learn which parameters bring about which defects, judged on lines that were hidden."""
    with _service(data) as service:
        _print_training(service, coverage, seeds)


def _print_training(service: Service, coverage: float | None, seeds: int) -> None:
    report = Learning(service, _OPERATOR).train(coverage=coverage, seeds=range(seeds))
    table = Table("model", "MRR", "mechanism MRR", "parameter MRR", "AUROC")
    for one in report.table.tallies:
        found = one.summary()
        cells = (found.get(name) for name in ("mrr", "mechanism mrr", "cause mrr", "auroc"))
        table.add_row(one.name, *(f"{c[0]:.3f} ± {c[1]:.3f}" if c else "-" for c in cells))
    console.print(table)
    console.print(report.table.describe(), highlight=False)
    verdict = getattr(report.decision, "in_language", None)
    console.print(
        verdict("en") if verdict else f"published: {len(report.predictions)} hypotheses",
        highlight=False,
    )


@app.command()
def validate(path: Path) -> None:
    """Validate an RDF file against the released shapes."""
    verdict = validate_rdf(path.read_bytes(), media_type=_MEDIA.get(path.suffix, "text/turtle"))
    for one in verdict.results:
        console.print(
            f"{one.severity}: {one.focus}: {one.message.get('en', one.shape)}", highlight=False
        )
    console.print(f"{len(verdict.violations)} violation(s)")
    raise typer.Exit(1 if verdict.violations else 0)


@app.command()
def serve(
    data: DataDir = Path(".qualweave"),
    host: str = "127.0.0.1",
    port: int = 8420,
    *,
    dev: Annotated[bool, typer.Option("--dev", help="No keys; loopback only.")] = False,
) -> None:
    """Serve the graph of a folder over HTTP."""
    settings = Settings(data_dir=data, host=host, port=port, dev=dev)
    if dev and not _is_loopback(host):
        raise Forbidden(
            f"--dev has no keys and so listens on a loopback address only, not on {host}.",
            message_zh=f"--dev 模式没有密钥，只能监听回环地址，不能监听 {host}。",
            next_step="Use 127.0.0.1.",
            next_step_zh="请使用 127.0.0.1。",
        )
    service = Service(settings)
    Thread(target=service.warm, args=(settings.tenant,), daemon=True).start()
    console.print(f"http://{host}:{port}/")
    uvicorn.run(make_app(service, settings), host=host, port=port, log_level="warning")


def _is_loopback(host: str) -> bool:
    try:
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


@app.command()
def demo(
    data: DataDir = Path(".demo"),
    port: int = 8420,
    seed: int = 1,
    size: str = "small",
    language: Annotated[str, typer.Option(help="Of the stories: en or zh.")] = "en",
    *,
    stay: Annotated[bool, typer.Option(help="Go on serving when the answers are printed.")] = True,
) -> None:
    """Make the example plant, weave its files into the graph, answer, and serve."""
    logging.getLogger("qualweave").setLevel(logging.WARNING)
    if java_path() is None:
        console.print("missing: Java; the ontology's satisfiability is not checked")
    chosen: dict[str, PlantSize] = {"small": "small", "medium": "medium", "large": "large"}
    shutil.rmtree(data, ignore_errors=True)
    started = time.monotonic()
    plant = generate(data / "plant", seed=seed, size=chosen.get(size, "small"))
    started = _said(f"plant: {plant.files} files, {plant.rows} rows", started)
    settings = Settings(data_dir=data / "store", port=port, dev=True)
    service = Service(settings)
    started = _said("store and ontology", started)
    _print_report(_ingest(service, plant.input, plant.answers), f"--url http://127.0.0.1:{port}")
    started = _said("ingest", started)
    waiting = service.questions(_OPERATOR)
    suggested = _of_known_devices(service, waiting)
    asked = len(waiting)
    service.answer_from(plant.when_asked, principal=_OPERATOR)
    left = len(service.questions(_OPERATOR))
    started = _said(f"the plant's engineer answers {asked - left} of {asked} questions", started)
    if capability.available():
        _print_training(service, _DEMO_COVERAGE, 5)
        started = _said(f"training (label coverage asked for: {_DEMO_COVERAGE:.0%})", started)
    chosen_language: Language = "zh" if language == "zh" else "en"
    _print_tour(Tour(service, _OPERATOR, plant.contracts, suggested, chosen_language))
    _said("answers", started)
    if not stay:
        service.close()
        return
    console.print(f"http://127.0.0.1:{port}/")
    uvicorn.run(make_app(service, settings), host="127.0.0.1", port=port, log_level="warning")


def _of_known_devices(service: Service, waiting: Sequence[Question]) -> list[Mapping[str, str]]:
    """Return what is suggested for fields that came with a later delivery of a source already mapped."""
    library = service.desk(_OPERATOR).library
    later = [one for one in waiting if library.get(one.source).version > 1]
    return [one.request.statement for one in later]


def _print_tour(tour: Tour) -> None:
    for stop in tour.stops():
        console.print(f"\n[bold]{stop.question}[/bold]  [dim]{stop.address}[/dim]", highlight=False)
        for line in stop.answer:
            say(f"    {line}")
    console.print()


def _said(what: str, started: float) -> float:
    now = time.monotonic()
    console.print(f"{now - started:7.1f} s  {what}", highlight=False)
    return now


if __name__ == "__main__":
    main()
