"""`TracePolicies` at the service: which classes are traced heavily or lightly, switched class by class."""

from dataclasses import dataclass

from qualweave.api.service import Service
from qualweave.errors import UnknownTerm
from qualweave.iri import Q
from qualweave.principal import Principal
from qualweave.reasoning.trace.policy import (
    TracePolicy,
    TraceWeight,
    policy_change_set,
    read_policies,
    with_policy,
)


@dataclass(frozen=True)
class TracePolicies:
    """The trace policies of a tenant, for one principal."""

    service: Service
    principal: Principal

    def known(self) -> list[TracePolicy]:
        """Return the policy of every class that has one."""
        with self.service.reading(self.principal.tenant) as snapshot:
            return read_policies(snapshot, self.principal.tenant, self.service.settings.base_iri)

    def switch(self, name: str, weight: TraceWeight | None) -> list[TracePolicy]:
        """Switch a class and return all policies.

        Args:
            name: IRI, local name or label of a class of physical objects.
            weight: None takes the policy away; the one of a class above it holds again.

        Raises:
            Forbidden: If the principal is no architect.
            UnknownTerm: If there is no such class.
        """
        self.principal.require("architect")
        of_class, tenant = item_class(self.service, name), self.principal.tenant
        with self.service.deciding:
            policies = with_policy(self.known(), of_class, weight)
            base = self.service.settings.base_iri
            change = policy_change_set(policies, tenant=tenant, base=base)
            self.service.store.commit([change], principal=self.principal, gate=self.service.gate)
            self.service.store.publish()
        return policies


def item_class(service: Service, name: str) -> str:
    """Return the class of physical objects that a name means.

    Raises:
        UnknownTerm: If there is none, or it is no class of items.
    """
    found = service.terms.named(name).iri
    if Q + "PhysicalObject" in service.terms.ancestors(found):
        return found
    raise UnknownTerm(
        f"{name!r} is no class of items.",
        message_zh=f"{name!r} 不是物料类别。",
        next_step="Name a class such as BatteryPack or RawMaterial; docs/reference/ontology.md lists them.",
        next_step_zh="请给出物料类别，例如 BatteryPack 或 RawMaterial；见 docs/reference/ontology.md。",
        data={"term": name},
    )
