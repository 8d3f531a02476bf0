"""Heavy or light: how a class of items is traced, switched class by class; ``GET /audit`` holds the graph to it."""

from typing import Annotated

from fastapi import APIRouter, Body, Response

from qualweave.api.replies import json_reply
from qualweave.api.security.asking import ServiceOf, Who
from qualweave.api.service import Service
from qualweave.errors import UnknownTerm
from qualweave.iri import Q
from qualweave.principal import Principal
from qualweave.reasoning.trace.policy import (
    TraceWeight,
    policy_change_set,
    read_policies,
    with_policy,
)


def add_routes(router: APIRouter) -> None:
    """Add the routes of trace policies."""

    @router.get("/trace-policies")
    def policies(service: ServiceOf, who: Who) -> Response:
        """Return the policy of every class that has one."""
        with service.reading(who.tenant) as snapshot:
            found = read_policies(snapshot, who.tenant, service.settings.base_iri)
        return json_reply({"policies": [one.to_json() for one in found]})

    @router.put("/trace-policies/{name}")
    def switch(
        name: str, service: ServiceOf, who: Who, weight: Annotated[TraceWeight, Body(embed=True)]
    ) -> Response:
        """Switch a class of items (IRI's local name or label) to ``heavy`` or ``light``."""
        return _switched(service, who, name, weight)

    @router.delete("/trace-policies/{name}")
    def remove(name: str, service: ServiceOf, who: Who) -> Response:
        """Take the policy of a class away; the one of a class above it holds again."""
        return _switched(service, who, name, None)


def _switched(service: Service, who: Principal, name: str, weight: TraceWeight | None) -> Response:
    who.require("architect")
    of_class, base = _class_of(service, name), service.settings.base_iri
    with service.deciding:
        with service.reading(who.tenant) as snapshot:
            known = read_policies(snapshot, who.tenant, base)
        policies = with_policy(known, of_class, weight)
        change = policy_change_set(policies, tenant=who.tenant, base=base)
        service.store.commit([change], principal=who, gate=service.gate)
        service.store.publish()
    return json_reply({"policies": [one.to_json() for one in policies]})


def _class_of(service: Service, name: str) -> str:
    """Return the class of physical objects that a name means.

    Raises:
        UnknownTerm: If there is none, or it is no class of items.
    """
    known = service.terms.by_label(name)
    found = Q + name if Q + name in service.terms else (known[0].iri if known else "")
    if found and Q + "PhysicalObject" in service.terms.ancestors(found):
        return found
    raise UnknownTerm(
        f"{name!r} is no class of items.",
        message_zh=f"{name!r} 不是物料类别。",
        next_step="Name a class such as BatteryPack or RawMaterial; docs/reference/ontology.md lists them.",
        next_step_zh="请给出物料类别，例如 BatteryPack 或 RawMaterial；见 docs/reference/ontology.md。",
        data={"term": name},
    )
