"""Heavy or light: how a class of items is traced, switched class by class; ``GET /audit`` holds the graph to it."""

from collections.abc import Sequence

from fastapi import APIRouter, Response

from qualweave.api.replies import json_reply
from qualweave.api.rest.sent import SentBody
from qualweave.api.security.asking import ServiceOf, Who
from qualweave.api.trace_policies import TracePolicies
from qualweave.reasoning.trace.policy import TracePolicy, TraceWeight


class PolicyRequest(SentBody):
    """How a class is traced from now on."""

    weight: TraceWeight


def add_routes(router: APIRouter) -> None:
    """Add the routes of trace policies."""

    @router.get("/trace-policies")
    def policies(service: ServiceOf, who: Who) -> Response:
        """Return the policy of every class that has one."""
        return _told(TracePolicies(service, who).known())

    @router.put("/trace-policies/{name}")
    def switch(name: str, given: PolicyRequest, service: ServiceOf, who: Who) -> Response:
        """Switch a class of items (IRI's local name or label) to ``heavy`` or ``light``."""
        return _told(TracePolicies(service, who).switch(name, given.weight))

    @router.delete("/trace-policies/{name}")
    def remove(name: str, service: ServiceOf, who: Who) -> Response:
        """Take the policy of a class away; the one of a class above it holds again."""
        return _told(TracePolicies(service, who).switch(name, None))


def _told(policies: Sequence[TracePolicy]) -> Response:
    return json_reply({"policies": [one.to_json() for one in policies]})
