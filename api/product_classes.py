"""`ProductClasses` at the service: which products are traced by item, looked up, filled in, and put into force."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from qualweave.api.service import Service
from qualweave.api.trace_policies import TracePolicies, item_class
from qualweave.errors import InputError
from qualweave.ontology.product_classes import (
    ProductClass,
    TraceLevel,
    filled,
    product_class,
    product_classes_change,
    read_product_classes,
)
from qualweave.principal import Principal
from qualweave.reasoning.trace.policy import TracePolicy, TraceWeight

_WEIGHT: dict[TraceLevel, TraceWeight] = {"item": "heavy", "lot": "light"}


@dataclass(frozen=True)
class ProductClasses:
    """The table of product classes of a tenant, for one principal."""

    service: Service
    principal: Principal

    def table(self) -> tuple[ProductClass, ...]:
        """Return the twelve places, those that are free last."""
        with self.service.reading(self.principal.tenant) as snapshot:
            base = self.service.settings.base_iri
            return read_product_classes(snapshot, self.principal.tenant, base)

    def named(self, name: str) -> ProductClass:
        """Return the class of a name.

        Raises:
            UnknownTerm: If the table has none; the nearest are named.
        """
        return product_class(self.table(), name)

    def fill(
        self, slot: str, *, names: tuple[str, str], level: TraceLevel, classes: Sequence[str]
    ) -> ProductClass:
        """Put a class of products into a free place, or into one that was filled here.

        Raises:
            Forbidden: If the principal is no architect.
            InputError: If there is no such place, or a name is missing.
            Conflict: If the place is a shipped one, or the name stands in the table.
            UnknownTerm: If a class is none of items.
        """
        self.principal.require("architect")
        wanted = [item_class(self.service, one) for one in classes]
        with self.service.deciding:
            table = self.table()
            made = filled(table, slot, names=names, level=level, classes=wanted)
            after = [made if one.code == slot else one for one in table]
            tenant, base = self.principal.tenant, self.service.settings.base_iri
            change = product_classes_change(after, tenant=tenant, base=base)
            gate = self.service.gate
            self.service.store.commit([change], principal=self.principal, gate=gate)
            self.service.store.publish()
        return made

    def adopt(
        self, name: str, classes: Sequence[str] = ()
    ) -> tuple[ProductClass, list[TracePolicy]]:
        """Put the policy of a class of products into force: its classes of items are traced heavily or lightly.

        Args:
            name: Of the class of products.
            classes: Further classes of items that it is made of here.

        Returns:
            The class, and every trace policy that now holds.

        Raises:
            Forbidden: If the principal is no architect.
            UnknownTerm: If the table has no such class, or a class is none of items.
            InputError: If it covers no class of items and none is named.
        """
        self.principal.require("architect")
        found = self.named(name)
        wanted = sorted({*found.classes, *(item_class(self.service, one) for one in classes)})
        if not wanted or found.level is None:
            raise InputError(
                f"{found.name} covers no class of items, so there is nothing to trace.",
                message_zh=f"{found.name_zh}未涵盖任何物料类别，无从追溯。",
                next_step="Name the classes of items that it is made of, such as MachinedPart.",
                next_step_zh="请给出其物料类别，例如 MachinedPart。",
                data={"code": found.code},
            )
        policies = TracePolicies(self.service, self.principal)
        for one in wanted:
            policies.switch(one, _WEIGHT[found.level])
        return replace(found, classes=tuple(wanted)), policies.known()
