"""What memory learns of a decision: the term, and what is known of the field that it is about.

A bare name says little: ``Temp`` is a chamber on one machine and a spindle on another. So each decision is kept with
unit, kind and words of its field, and with device, class of device, maker and component, where they are known.
"""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import UTC, datetime

from qualweave.iri import expand
from qualweave.mappers.align.recall import component
from qualweave.mappers.desk import Desk
from qualweave.mappers.mapping import MappingDocument
from qualweave.mappers.memory import Remembered
from qualweave.mappers.profile import FieldProfile
from qualweave.mappers.review.reconsider import profiles


def remembered(
    work: Desk, document: MappingDocument, said: Mapping[str, str], *, by: str, reason: str
) -> list[Remembered]:
    """Return what memory learns of decisions about fields of one source.

    Args:
        work: What the ingest works with.
        document: Mapping of the source before them.
        said: Field to the IRI of its term; ``""`` refuses everything that was suggested for it.
        by: Who decided.
        reason: Why.
    """
    bare = [
        Remembered(
            document.source, column, one, "accepted" if term else "rejected", by, reason=reason
        )
        for column, term in said.items()
        for one in ((term,) if term else _suggested(document, column))
    ]
    return in_context(work, document, bare)


def in_context(
    work: Desk, document: MappingDocument, rows: Iterable[Remembered]
) -> list[Remembered]:
    """Return decisions about fields of a source with what its newest kept file and its mapping tell of the fields."""
    bare = list(rows)
    known = {one.name: one for one in profiles(work, document.source)} if bare else {}
    return [_in_context(document, one, known.get(one.field)) for one in bare]


def _suggested(document: MappingDocument, column: str) -> tuple[str, ...]:
    """Return what was suggested for a field: whoever says that none fits has refused every one."""
    known = document.column(column)
    return tuple(expand(one.term) for one in known.candidates) if known else ()


def _in_context(
    document: MappingDocument, row: Remembered, field: FieldProfile | None
) -> Remembered:
    mapped = document.column(row.field)
    context = field.context if field else None
    header = {key.casefold(): value for key, value in (context.header if context else {}).items()}
    stated = (field.unit_text if field else "") or row.unit or (mapped.unit if mapped else "")
    device = context.device if context else ""
    return replace(
        row,
        unit=stated,
        kind=field.kind if field else "",
        device=device or document.context.get("equipmentIdentifier", ""),
        description=field.description if field else "",
        when=row.when or datetime.now(UTC).isoformat(timespec="seconds"),
        family=document.context.get("equipment_class", ""),
        vendor=document.context.get("organizationName", "") or header.get("manufacturer", ""),
        component=header.get("component", "") if field and component(field) else "",
    )
