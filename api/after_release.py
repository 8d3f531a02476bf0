"""What a release of the ontology does to the fields that waited for it: back-filled, or told what changed.

Only what the committee passed is mapped: a field whose question was linked to a request that is released. Of every
other field it is told what alignment says now, and a person decides.
"""

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime

from qualweave.api.service import Service
from qualweave.errors import JsonValue
from qualweave.mappers.desk import Desk
from qualweave.mappers.review import reconsider
from qualweave.mappers.review.intent import intended
from qualweave.mappers.review.record import Review, reviews_of, undone
from qualweave.mappers.review.settle import Choice, Why, commit_review, settle, told
from qualweave.mappers.revise import open_requests
from qualweave.principal import Principal


def after_release(service: Service, requests: Sequence[str], *, principal: Principal) -> None:
    """Back-fill what waited for released requests, and align again what waits for anything.

    Args:
        service: The service, with the released ontology.
        requests: Ids of the change requests that were released.
        principal: Who released; the committee's vote stands behind it, so that it may map what was voted on.

    """
    lifter = replace(principal, roles=principal.roles | {"engineer"})
    with service.lifting(lifter) as work:
        for request in requests:
            _back_filled(work, request)
        _again(work)


def told_of(
    service: Service, version: str, requests: Sequence[str], *, principal: Principal
) -> list[JsonValue]:
    """Return what a release did to waiting fields: what was filled in by it, and what alignment says anew.

    Args:
        service: The service.
        version: Version of the release.
        requests: Ids of the change requests that were released with it.
        principal: Who asks.
    """
    tenant, base = principal.tenant, service.settings.base_iri
    with service.reading(tenant) as snapshot:
        found = reviews_of(snapshot, tenant=tenant, base=base)
    return [
        {
            "id": one.id,
            "action": one.action,
            "statement": dict(one.statement()),
            "changes": [dict(change) for change in one.changes],
        }
        for one in found
        if (one.action == "release" and one.linked in requests)
        or (one.action == "rerun" and one.reason == f"release {version}")
    ]


def _back_filled(work: Desk, request: str) -> None:
    """Map the fields that wait for a request of the ontology to its term, and lift their kept raw values."""
    with work.snapshot() as snapshot:
        reviews = reviews_of(snapshot, tenant=work.tenant, base=work.settings.base_iri)
    gone = undone(reviews)
    terms = {
        cell.request: cell.term
        for one in reviews
        if one.action == "new_term" and one.linked == request and one.id not in gone
        for step in one.steps
        for cell in step.cells
        if work.vocabulary.concept(cell.term) is not None
    }
    choices = [Choice(one, terms[one.id]) for one in open_requests(work) if one.id in terms]
    if choices:
        why = Why("release", f"released with change request {request}", linked=request)
        settle(work, choices, why, retry=True)


def _again(work: Desk) -> Review | None:
    """Keep what alignment says anew of every source, and the decision log's note of it; None where nothing is."""
    found = list(reconsider.after_release(work))
    if not found:
        return None
    review = Review(
        action="rerun", by=work.principal.id, at=datetime.now(UTC),
        reason=f"release {work.vocabulary.version}", changes=told(found), tenant=work.tenant,
    )  # fmt: skip
    with intended(work, review=review):
        reconsider.keep(work, found)
        commit_review(work, review, (), opened=[one.document for one in found])
    return review


def rerun(service: Service, *, principal: Principal, dry_run: bool) -> list[JsonValue]:
    """Align every source again with the ontology and memory of today; return only what changed.

    Raises:
        Forbidden: If the principal is not an engineer.
    """
    principal.require("engineer")
    if dry_run:
        found = reconsider.after_release(service.desk(principal))
        return [change.to_json() for one in found for change in one.changes]
    with service.lifting(principal) as work:
        review = _again(work)
    return [dict(one) for one in review.changes] if review else []
