"""`passport`: the JSON-LD document of a unit, and what of it a tier may read.

The document is made whole and then cut by the table of fields, at every depth: a field that the table does not
list is cut as if it were restricted, so forgetting a line shows too little and never too much. Names follow
our ontology; the table compares them with the battery passport, and nothing here claims conformity with a law.
"""

from collections.abc import Callable, Mapping
from datetime import datetime
from functools import lru_cache
from importlib.resources import files
from typing import TypeAlias
from zoneinfo import ZoneInfo

import orjson

from qualweave.errors import JsonValue
from qualweave.gs1 import parse_digital_link
from qualweave.iri import GS1_ID, local_name
from qualweave.reasoning.passport.seal import seal_of_all
from qualweave.reasoning.passport.sources import Source
from qualweave.reasoning.passport.tables import Tier, fields
from qualweave.reasoning.passport.terms import Terms
from qualweave.reasoning.passport.unit import ControlPoint, PointSummary, Unit

RawCell: TypeAlias = Callable[[Source], str]
"""Gives the text of a cell as its file has it, ``""`` where the file is no longer kept."""

_NAMES = {"01": "gtin", "21": "serialNumber", "10": "batchNumber"}
_STEPS = ("usesEquipment", "equipment"), ("onLine", "line"), ("forWorkOrder", "work_order")
_MORE_STEPS = ("performedBy", "performed_by"), ("inShift", "shift")


@lru_cache(maxsize=1)
def context() -> dict[str, JsonValue]:
    """Return the JSON-LD context that every passport carries, so that it can be read without a network."""
    text = files("qualweave.reasoning").joinpath("passport", "context.json").read_bytes()
    found: dict[str, JsonValue] = orjson.loads(text)
    return found


def passport(
    unit: Unit,
    terms: Terms,
    *,
    tier: Tier = "public",
    timezone: str = "UTC",
    raw: RawCell = lambda _: "",
) -> dict[str, JsonValue]:
    """Return the passport of a unit for a tier.

    Args:
        unit: What the graph knows of it.
        terms: Words of the ontology.
        tier: Who will read it.
        timezone: IANA name of the plant's time zone, for the date of manufacture.
        raw: Gives cells as their files have them.
    """
    points = [one for one in unit.points if tier in ("restricted", one.rule.tier)]
    whole: dict[str, JsonValue] = {
        "@context": context(),
        "id": f"{unit.item}#passport-{tier}",
        "type": "DigitalProductPassport",
        "passportOf": unit.item,
        "passportTier": tier,
        "graphCommit": unit.commit,
        **identifiers(unit.item),
        "category": [_term(one, terms) for one in unit.classes],
        "manufacturedOn": local_date(unit.made_at, timezone),
        "manufacturedAt": unit.place,
        "manufacturedBy": _named(unit.organization),
        "inspectionOutcome": unit.outcome,
        "hasControlPoint": [_point(one, terms, raw) for one in points],
        "documentSeal": seal_of_all(one.hash for one in points) if points else "",
        "hasControlSummary": [
            _summary(one, terms) for one in unit.summaries if tier in ("restricted", one.rule.tier)
        ],
        "hasComponentGroup": [
            {"type": "ComponentGroup", "category": _term(kind, terms), "componentCount": count}
            for kind, count in sorted(unit.parts.items())
            if kind
        ],
        "hasComponent": list(unit.components),
        "hasDefectOf": [_term(one, terms) for one in unit.defects],
    }
    return in_tier(whole, tier)


def in_tier(document: Mapping[str, JsonValue], tier: Tier) -> dict[str, JsonValue]:
    """Return a document without the fields that a tier may not read, at every depth, and without empty ones."""
    kept: dict[str, JsonValue] = {}
    for name, value in document.items():
        known = fields().get(name)
        if tier == "public" and (known is None or known.tier != "public"):
            continue
        cut = value if name == "@context" else _cut(value, tier)
        if cut not in (None, "", [], {}):
            kept[name] = cut
    return kept


def _cut(value: JsonValue, tier: Tier) -> JsonValue:
    if isinstance(value, dict):
        return value if "@value" in value else in_tier(value, tier)
    if isinstance(value, list):
        return [_cut(one, tier) for one in value]
    return value


def identifiers(item: str) -> dict[str, JsonValue]:
    """Return GTIN, serial and batch number of a GS1 identity, else the item's own number.

    >>> identifiers("https://id.gs1.org/01/04012345111118/21/98")
    {'gtin': '04012345111118', 'serialNumber': '98'}
    """
    if item.startswith(GS1_ID):
        path = parse_digital_link(item, verify=False).path
        return {_NAMES[one.ai]: one.value for one in path if one.ai in _NAMES}
    return {"serialNumber": local_name(item)}


def local_date(at: str, timezone: str) -> str:
    """Return the date of a time in the plant's zone, ``""`` where there is none.

    >>> local_date("2025-01-05T22:06:00Z", "Asia/Shanghai")
    '2025-01-06'
    """
    return (
        datetime.fromisoformat(at).astimezone(ZoneInfo(timezone)).date().isoformat() if at else ""
    )


def _term(iri: str, terms: Terms) -> JsonValue:
    return {
        "id": iri,
        "label": [{"@language": k, "@value": v} for k, v in terms.labels(iri).items()],
    }


def _named(iri: str) -> JsonValue:
    return {"id": iri, "label": local_name(iri)} if iri else None


def _point(point: ControlPoint, terms: Terms, raw: RawCell) -> dict[str, JsonValue]:
    facts = point.record.facts
    return {
        "type": "ControlPointRecord",
        "observesParameter": _term(point.parameter, terms),
        "value": point.value,
        "unit": point.unit,
        "measuredAt": point.at,
        "atProcess": _term(point.process, terms),
        "controlReason": _words(point.rule.reason),
        "rawValue": raw(point.source),
        "rawUnit": point.source.unit,
        "recordHash": point.hash,
        "canonicalRecord": point.canonical.decode(),
        "sourceFileHash": point.source.sha256,
        "sourceRow": point.source.row,
        "recordedIn": point.record.iri,
        "fileName": point.source.file,
        "fieldName": point.source.column,
        **{name: facts.get(fact, "") for name, fact in (*_STEPS, *_MORE_STEPS)},
    }


def _summary(summary: PointSummary, terms: Terms) -> dict[str, JsonValue]:
    return {
        "type": "ControlPointSummary",
        "observesParameter": _term(summary.parameter, terms),
        "atProcess": _term(summary.process, terms),
        "unit": summary.unit,
        "componentCount": summary.count,
        "leastValue": summary.least,
        "medianValue": summary.median,
        "greatestValue": summary.greatest,
    }


def _words(texts: Mapping[str, str]) -> JsonValue:
    return [{"@language": language, "@value": text} for language, text in texts.items()]


def unlisted(document: JsonValue) -> set[str]:
    """Return the fields of a document, at every depth, that the table of tiers does not list."""
    if isinstance(document, list):
        return set().union(*(unlisted(one) for one in document))
    if not isinstance(document, dict):
        return set()
    inner = (
        unlisted(value) for name, value in document.items() if name not in ("@context", "label")
    )
    own = {name for name in document if name not in fields() and not name.startswith("@")}
    return own.union(*inner)
