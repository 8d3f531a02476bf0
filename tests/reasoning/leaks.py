"""What of a restricted passport shows up in a public one: by field, and by value wherever it stands."""

import json
from collections.abc import Iterator, Mapping

from qualweave.errors import JsonValue
from qualweave.iri import Q
from qualweave.reasoning.passport import Terms, Unit, fields
from qualweave.reasoning.passport.document import unlisted
from qualweave.reasoning.passport.unit import process_of
from qualweave.reasoning.trace import CsrGenealogy
from qualweave.reasoning.trace.parts import LinkKind
from qualweave.reasoning.trace.records import Linked

_KINDS = {LinkKind.OPERATION: Q + "Operation", LinkKind.INSPECTION: Q + "Inspection"}


def leaves(value: JsonValue, field: str = "") -> Iterator[tuple[str, str]]:
    """Yield field and text of every leaf; the context and labels of terms are no data of the product."""
    if isinstance(value, dict):
        for name, inner in value.items():
            if name not in ("@context", "label"):
                yield from leaves(
                    inner, name if name in fields() and name != "id" else field or name
                )
    elif isinstance(value, list):
        for inner in value:
            yield from leaves(inner, field)
    else:
        yield field, str(value)


def leaks(public: JsonValue, restricted: JsonValue) -> list[str]:
    """Return every restricted field, and every restricted value, that a public document holds."""
    found = [field for field, _ in leaves(public) if fields()[field].tier != "public"]
    found += sorted(unlisted(public))
    open_texts = {text for field, text in leaves(restricted) if fields()[field].tier == "public"}
    secret = {text for field, text in leaves(restricted) if fields()[field].tier == "restricted"}
    secret |= {text.rsplit("/", 1)[-1] for text in secret}
    open_texts |= {text.rsplit("/", 1)[-1] for text in open_texts}
    texts = [_without(text, *_printed(public)) for _, text in leaves(public)]
    found += [
        one for one in secret - open_texts if len(one) > 3 and any(one in text for text in texts)
    ]
    return found


def _printed(public: JsonValue) -> list[str]:
    """Return the product's own identity, the longest first: it is printed on it, whatever it is made up of."""
    named = [
        text
        for field, text in leaves(public)
        if field in ("passportOf", "serialNumber", "batchNumber")
    ]
    return sorted(named, key=len, reverse=True)


def _without(text: str, *parts: str) -> str:
    for part in parts:
        text = text.replace(part, "")
    return text


def tier_leaks(
    public: Mapping[str, JsonValue], unit: Unit, index: CsrGenealogy, terms: Terms
) -> list[str]:
    """Return every control point or summary that a public document shows and the table of tiers restricts.

    The tier of each record is worked out anew from the table, so that a wrong tier on a point is found as well.
    """
    told = json.dumps(public)
    own = {one.record.iri: one for one in index.records.of_items([unit.item])}
    found = [
        f"{point.parameter} {point.hash}"
        for point in unit.points
        if point.hash in told
        and _tier(own[point.record.iri], point.parameter, index, terms) != "public"
    ]
    restricted = {
        (parameter, process_of(linked))
        for linked in index.records.of_items(unit.components, *_KINDS)
        for parameter in linked.record.parameters
        if _tier(linked, parameter, index, terms) == "restricted"
    }
    summaries = public.get("hasControlSummary", [])
    for one in summaries if isinstance(summaries, list) else []:
        if isinstance(one, dict):
            key = one["observesParameter"]["id"], one["atProcess"]["id"]  # type: ignore[index,call-overload]
            found += [f"{key}"] if key in restricted else []
    return found


def _tier(linked: Linked, parameter: str, index: CsrGenealogy, terms: Terms) -> str:
    classes = index.classes_of([linked.item])[0]
    rule = terms.rule(parameter, (*linked.record.classes, _KINDS[linked.kind], *classes))
    return rule.tier if rule else "none"
