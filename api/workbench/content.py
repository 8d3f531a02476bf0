"""What the workbench shows: words, questions and figures, without a widget in it."""

import csv
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from importlib.resources import files

import orjson
import yaml

from qualweave.api.enquiry import Found
from qualweave.api.enquiry import ask as rows_of
from qualweave.api.service import Service
from qualweave.errors import QualweaveError
from qualweave.iri import Q, curie, local_name
from qualweave.negotiation import Language
from qualweave.principal import Principal
from qualweave.reasoning.passport.shift import ShiftLot

_JSON = "application/sparql-results+json"
_TO_SCAN = """
SELECT ?one WHERE {
  { SELECT ?one WHERE { ?one q:derivedFromMaterial ?m . FILTER (CONTAINS(STR(?one), "/21/")) } LIMIT 1 } UNION
  { SELECT ?one WHERE { ?made q:derivedFromMaterial ?one . FILTER (CONTAINS(STR(?one), "/10/")) } LIMIT 1 } UNION
  { SELECT ?one WHERE { ?one q:derivedFromMaterial ?m . FILTER (!CONTAINS(STR(?one), "id.gs1.org")) } LIMIT 1 }
}"""
_BEGUN = "SELECT ?line ?at WHERE { ?made q:onLine ?line ; q:startedAt ?at } LIMIT 1"


@lru_cache(maxsize=1)
def words() -> Mapping[str, Mapping[str, str]]:
    """Return every sentence of the pages, per name and language."""
    found: dict[str, dict[str, str]] = yaml.safe_load(_read("words.yaml"))
    return found


@lru_cache(maxsize=1)
def example_questions() -> tuple[Mapping[str, str], ...]:
    """Return the example questions: ``en``, ``zh`` and ``query``."""
    return tuple(yaml.safe_load(_read("questions.yaml")))


def _read(name: str) -> str:
    return files("qualweave.api.workbench").joinpath(name).read_text("utf-8")


def say(name: str, language: Language, **facts: object) -> str:
    """Return a sentence in a language, its facts put in."""
    return words()[name][language].format(**facts)


@lru_cache(maxsize=1)
def headings() -> Mapping[str, Mapping[str, str]]:
    """Return the heading of each column, per language."""
    lines = [one for one in _read("columns.tsv").splitlines() if not one.startswith("#")]
    rows = csv.DictReader(lines, delimiter="\t")
    return {row["name"]: {"en": row["en"], "zh": row["zh"]} for row in rows}


def heading(column: str, language: Language) -> str:
    """Return the heading of a column: its word where there is one, else the variable's name."""
    return headings()[column][language] if column in headings() else column


@dataclass(frozen=True)
class Result:
    """Rows of an answer as a person reads them, or why there are none."""

    columns: tuple[str, ...] = ()
    rows: tuple[Mapping[str, str], ...] = ()
    seconds: float = 0.0
    problem: str = ""


def ask(service: Service, principal: Principal, query: str, language: Language) -> Result:
    """Return the rows of a guarded query; terms appear by their label, IRIs of data by their last part."""
    try:
        answer = service.query(query, principal=principal, accept=_JSON)
    except QualweaveError as error:
        return Result(problem=error.in_language(language))
    found = orjson.loads(answer.body)
    if "boolean" in found:
        return Result(("?",), ({"?": str(found["boolean"])},), answer.seconds)
    if "results" not in found:
        return Result(("graph",), ({"graph": answer.body.decode()},), answer.seconds)
    columns = tuple(found["head"]["vars"])
    rows = tuple(
        {name: shown(service, row.get(name, {}), language) for name in columns}
        for row in found["results"]["bindings"]
    )
    return Result(
        columns, rows, answer.seconds, problem=_unknown(service, principal, query, language)
    )


def _unknown(service: Service, principal: Principal, query: str, language: Language) -> str:
    found = service.misspelt(query, principal=principal)
    return say("unknown_terms", language, names="; ".join(map(str, found))) if found else ""


def shown(service: Service, term: Mapping[str, str], language: Language) -> str:
    """Return a term of a result as a person reads it."""
    value = term.get("value", "")
    if term.get("type") != "uri":
        return value
    if value in service.terms:
        return service.terms.name_of(value, language)
    short = curie(value)
    return short if short != value else local_name(value)


def figures(
    service: Service, principal: Principal, language: Language
) -> Sequence[tuple[str, str]]:
    """Return the six numbers: what each counts, and its value."""
    state = service.numbers(principal)
    fields = f"{state['fields_mapped']} / {state['fields_waiting']}"
    return (
        (say("terms", language), str(state["terms"])),
        (say("fields", language), fields),
        (say("items", language), str(state["items"])),
        (say("requests", language), str(state["open_change_requests"])),
        (say("alarms", language), str(state["alarms_without_label"])),
        (say("model", language), _model(str(state["last_model"]), language)),
    )


def _classes(service: Service, names: str, language: Language) -> str:
    """Return the classes of a recall's count by their labels."""
    if names == "unclassified":
        return say("unclassified", language)
    return " / ".join(term_label(service, one, language) for one in names.split("/"))


def term_label(service: Service, name: str, language: Language) -> str:
    """Return the label of the term of a local name; the name itself where there is none."""
    return service.terms.name_of(Q + name, language) if Q + name in service.terms else name


def _model(told: str, language: Language) -> str:
    day, _, status = told.partition(", ")
    if not day:
        return say("no_model", language)
    return f"{day} {say(status, language) if status in words() else status}"


def table_of(service: Service, found: Found, language: Language) -> Result:
    """Return typed rows as a person reads them, each column headed by its word or term, with the unit."""
    heads = tuple(
        heading(term_label(service, one.name, language), language)
        + (f" [{one.unit}]" if one.unit else "")
        for one in found.table.columns
    )

    def text(value: object) -> str:
        if isinstance(value, float):
            return f"{value:.6g}"
        iri = str(value)
        kind: Mapping[str, str] = {"value": iri, "type": "uri" if "://" in iri else "literal"}
        return "" if value is None else shown(service, kind, language)

    rows = tuple(
        {name: text(value) for name, value in zip(heads, row, strict=True)}
        for row in found.table.rows
    )
    return Result(heads, rows, found.seconds)


def examples_to_scan(service: Service, principal: Principal) -> tuple[str, ...]:
    """Return a few codes that are in the graph: units and lots of either spelling, and a shift."""
    items = [
        str(row[0]) for row in rows_of(service, _TO_SCAN, principal=principal, units={}).table.rows
    ]
    begun = rows_of(service, _BEGUN, principal=principal, units={}).table.rows
    zone = service.settings.plant_timezone
    shifts = [
        ShiftLot.of(local_name(str(line)), at.isoformat(), zone).code
        for line, at in begun
        if isinstance(at, datetime)
    ]
    return (*(one if "id.gs1.org" in one else local_name(one) for one in items), *shifts)


def affected(service: Service, principal: Principal, lot: str, language: Language) -> Result:
    """Return what a lot went into, by class."""
    try:
        scope = service.recall(lot, principal=principal)
    except QualweaveError as error:
        return Result(problem=error.in_language(language))
    customers = ", ".join(local_name(one) for one in scope.customers) or say("nobody", language)
    rows = tuple(
        {"class": _classes(service, name, language), "count": str(count)}
        for name, count in scope.by_class.items()
    )
    note = say("lot_found", language, count=len(scope.affected), customers=customers)
    return Result(("class", "count"), rows, problem=note)
