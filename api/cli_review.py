"""``qualweave review``: the mapper's questions, over a folder or a running service: look, decide, hand on, undo."""

from typing import Annotated, Any

import typer

from qualweave.api.terminal import (
    HERE,
    AsJson,
    Because,
    By,
    DataDir,
    Tongue,
    Url,
    asked,
    say,
    say_json,
)
from qualweave.client import review_calls as calls

app = typer.Typer(no_args_is_help=True, help="Questions of the mapper: look, decide, undo.")
Questions = Annotated[
    list[str] | None, typer.Argument(help="Ids of questions, as 'qualweave review list' has them.")
]
Family = Annotated[str, typer.Option(help="Id of a family: every question of it, as one decision.")]
DryRun = Annotated[
    bool, typer.Option("--dry-run", help="Only tell which fields, files and rows it would touch.")
]
Yes = Annotated[
    bool,
    typer.Option("--yes", help="Also where most sampled values cannot be read as the term wants."),
]
_SHOWN = 3


@app.command("list")
def list_(
    data: DataDir = HERE,
    url: Url = "",
    kind: Annotated[str, typer.Option(help="field, new_term or text; all if left out.")] = "",
    family: Family = "",
    source: Annotated[str, typer.Option(help="Of one source.")] = "",
    language: Tongue = "en",
    *,
    json: AsJson = False,
) -> None:
    """List the questions that wait, the largest families first, each with samples and ranked terms."""
    found = asked(calls.review_queue(kind=kind, family=family, source=source), data, url)
    if json:
        say_json(found)
        return
    for one in found:
        _say_question(one, language)
    if not found:
        say("没有未决问题。" if language == "zh" else "No question waits.")


def _say_question(one: dict[str, Any], language: str) -> None:
    size = f"  family {one['family']} × {one['family_size']}" if one["family_size"] > 1 else ""
    say(f"{one['id']}  {one['kind']}  {one['source']}  {one['text'] or one['column']}{size}")
    say(f"    {one['statement'][language]}")
    if one["samples"]:
        say(f"    {' | '.join(one['samples'])} {one['unit']}".rstrip())
    for rival in one["candidates"][:_SHOWN]:
        name = rival.get(language, rival["term"])
        say(f"    {100 * rival['probability']:5.1f} %  {name}  {rival['term']}")
    for note in one["handovers"]:
        say(f"    {note['by']} → {note['to'] or '*'}: {note['reason']}")
    if one["linked"]:
        say(f"    → {one['linked']}")


@app.command()
def accept(  # noqa: PLR0913 - each is one part of a decision
    questions: Questions = None,
    family: Family = "",
    data: DataDir = HERE,
    url: Url = "",
    by: By = "",
    reason: Because = "",
    language: Tongue = "en",
    *,
    dry_run: DryRun = False,
    yes: Yes = False,
) -> None:
    """Accept the likeliest term of each question."""
    body = _body("accept", questions, family, dry_run=dry_run, reason=reason)
    _decide({**body, "force": yes}, data, url, by=by, language=language)


@app.command()
def choose(  # noqa: PLR0913 - each is one part of a decision
    term: Annotated[str, typer.Argument(help="IRI, CURIE or any name of the term.")],
    questions: Questions = None,
    family: Family = "",
    data: DataDir = HERE,
    url: Url = "",
    by: By = "",
    reason: Because = "",
    language: Tongue = "en",
    *,
    dry_run: DryRun = False,
    yes: Yes = False,
) -> None:
    """Choose a term for the questions."""
    body = _body("choose", questions, family, dry_run=dry_run, reason=reason, term=term)
    _decide({**body, "force": yes}, data, url, by=by, language=language)


@app.command()
def reject(
    questions: Questions = None,
    family: Family = "",
    data: DataDir = HERE,
    url: Url = "",
    by: By = "",
    reason: Because = "",
    language: Tongue = "en",
    *,
    dry_run: DryRun = False,
) -> None:
    """Say that no term fits: the field is left out, and what was suggested is not suggested again."""
    _decide(
        _body("reject", questions, family, dry_run=dry_run, reason=reason),
        data,
        url,
        by=by,
        language=language,
    )


@app.command()
def ask(
    questions: Questions = None,
    family: Family = "",
    to: Annotated[str, typer.Option(help="Who is asked.")] = "",
    data: DataDir = HERE,
    url: Url = "",
    by: By = "",
    reason: Because = "",
    language: Tongue = "en",
) -> None:
    """Hand questions to somebody, or leave a remark; they stay open."""
    body = _body("ask", questions, family, reason=reason, to=to)
    _decide(body, data, url, by=by, language=language)


@app.command("new-term")
def new_term(  # noqa: PLR0913 - each is one part of a term
    questions: Questions = None,
    family: Family = "",
    name: Annotated[str, typer.Option(help="Local name in UpperCamelCase.")] = "",
    label: Annotated[str, typer.Option(help="Label in English.")] = "",
    label_zh: Annotated[str, typer.Option(help="Label in Chinese.")] = "",
    definition: Annotated[str, typer.Option(help="Definition in English.")] = "",
    definition_zh: Annotated[str, typer.Option(help="Definition in Chinese.")] = "",
    parent: Annotated[str, typer.Option(help="IRI or CURIE of the class above it.")] = "",
    unit: Annotated[str, typer.Option(help="UCUM code of its canonical unit.")] = "",
    data: DataDir = HERE,
    url: Url = "",
    by: By = "",
    reason: Because = "",
    language: Tongue = "en",
    *,
    dry_run: DryRun = False,
) -> None:
    """Propose a term to the committee, filled in from the field; its release back-fills what waits."""
    body = _body("new_term", questions, family, dry_run=dry_run, reason=reason)
    body["new_term"] = {
        "name": name, "label_en": label, "label_zh": label_zh, "definition_en": definition,
        "definition_zh": definition_zh, "parent": parent, "unit": unit,
    }  # fmt: skip
    told = _decide(body, data, url, by=by, language=language)
    for one in told.get("findings", ()):
        say(f"    ! {one['term']}: {one.get(language, one['en'])}")
    if "change_request" in told:
        say(f"    {told['term']}: vote on {told['linked']} with 'qualweave ontology vote'")
    for key, value in told.get("draft", {}).items():
        say(f"    {key}: {value}")


@app.command()
def undo(
    review: str,
    data: DataDir = HERE,
    url: Url = "",
    by: By = "",
    reason: Because = "",
    language: Tongue = "en",
) -> None:
    """Take a decision back as a whole; what was lifted because of it is taken back."""
    _say_done(asked(calls.undo_review(review, reason), data, url, by=by), language)


@app.command()
def log(
    data: DataDir = HERE, url: Url = "", language: Tongue = "en", *, json: AsJson = False
) -> None:
    """List the decisions, the newest first, with who, when, why and what undid them."""
    found = asked(calls.reviews(), data, url)
    if json:
        say_json(found)
        return
    for one in found:
        gone = f"  (undone by {one['undone_by']})" if one["undone_by"] else ""
        say(f"{one['id']}  {one['at'][:19]}  {one['statement'][language]}{gone}")


@app.command()
def rerun(
    data: DataDir = HERE,
    url: Url = "",
    by: By = "",
    language: Tongue = "en",
    *,
    dry_run: DryRun = False,
    json: AsJson = False,
) -> None:
    """Align every source again with the ontology of today; tells only what changed, and maps nothing."""
    found = asked(calls.rerun_reviews(dry_run=dry_run), data, url, by=by)
    if json:
        say_json(found)
        return
    _say_changes(found, language)
    if not found:
        say("没有变化。" if language == "zh" else "Nothing changed.")


def _body(
    action: str, questions: list[str] | None, family: str, *, dry_run: bool = False, **more: str
) -> dict[str, Any]:
    asks = {"action": action, "questions": questions or [], "family": family, "dry_run": dry_run}
    return {**asks, **more}


def _decide(
    body: dict[str, Any],
    data: Any,  # noqa: ANN401
    url: str,
    *,
    by: str,
    language: str,
) -> dict[str, Any]:
    told = asked(calls.decide_questions(body), data, url, by=by)
    if body["dry_run"]:
        for one in told["fields"]:
            say(f"{one['source']}  {one['text'] or one['column']}  {one['term'] or '-'}")
        for one in told["files"]:
            say(f"    {one['file']}: {one['rows']} rows")
        for one in told["unreadable"]:
            say(f"    ! {one['statement'][language]}")
        say(
            f"questions: {len(told['questions'])}, files: {len(told['files'])}, rows: {told['rows']}"
        )
    else:
        _say_done(told, language)
    return told


def _say_done(told: dict[str, Any], language: str) -> None:
    say(f"{told['id']}  {told['statement'][language]}")
    if "rows_lifted" in told:
        rows = f"{told['rows_lifted']:.0f} rows, {told['triples']:.0f} triples"
        say(f"    {len(told['files'])} files lifted again: {rows}")
    _say_changes(told["changes"], language)


def _say_changes(changes: list[dict[str, Any]], language: str) -> None:
    for one in changes:
        before, after = one["before"], one["after"]
        shares = f"{100 * before['probability']:.0f} % → {100 * after['probability']:.0f} %"
        say(f"    {one['kind']}: {one['source']}  {one['column']}  {shares}")
        say(f"        {one['statement'][language]}")
