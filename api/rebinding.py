"""`Rebinding` at the service: infer links for lost tags, publish them, and show them beside a trace."""

from dataclasses import dataclass
from functools import lru_cache

from qualweave.api.service import Service
from qualweave.errors import JsonValue
from qualweave.principal import Principal
from qualweave.reasoning.rebinding import LEAST_CONFIDENCE, REASONS, OpenSlot, Rebinding, rebind
from qualweave.reasoning.rebinding.graph import change_set, entry_of, read_rebinding
from qualweave.reasoning.rebinding.overlay import link_json, overlay
from qualweave.reasoning.trace import Direction, TraceAnswer


@lru_cache(maxsize=8)
def _published(service: Service, tenant: str, commit: str) -> Rebinding:
    del commit  # what the answer is kept for
    with service.reading(tenant) as snapshot:
        return read_rebinding(snapshot, tenant, service.settings.base_iri)


@dataclass(frozen=True)
class Rebinder:
    """Re-binding over a service, for one principal."""

    service: Service
    principal: Principal

    def run(self, least: float = LEAST_CONFIDENCE) -> dict[str, JsonValue]:
        """Infer links of the newest state, publish them in place of the former, and return them.

        Raises:
            Forbidden: If the principal is no engineer.
            GateRefused: If a link breaks its shape.
        """
        self.principal.require("engineer")
        tenant, base = self.principal.tenant, self.service.settings.base_iri
        with self.service.reading(self.principal.tenant) as snapshot:
            found = rebind(self.service.index(snapshot, tenant), least=least)
        change = change_set(found, tenant=tenant, base=base)
        self.service.store.commit([change], principal=self.principal, gate=self.service.gate)
        self.service.store.publish()
        return self.published()

    def published(self) -> dict[str, JsonValue]:
        """Return the links and open slots that were published last."""
        found = self._read()
        return {
            "links": [link_json(one) for one in found.links],
            "open_slots": [_slot_json(one) for one in found.slots],
            "of_commit": found.commit,
        }

    def beside(
        self, answer: TraceAnswer, direction: Direction, *, inferred: bool
    ) -> dict[str, JsonValue]:
        """Return a trace as JSON values, its unread slots among the gaps and, if wanted, inferred links beside it."""
        found = self._read()
        body = answer.to_json()
        items = {node.item for node in answer.nodes}
        gaps = [_slot_json(one) for one in found.slots if one.child in items]
        if direction == "back" and gaps:
            body["gaps"] = [*[one.to_json() for one in answer.gaps], *gaps]
        if inferred:
            with self.service.reading(self.principal.tenant) as snapshot:
                index = self.service.index(snapshot, self.principal.tenant)
                body["inferred"] = overlay(index, items, found.links, direction).to_json()
        return body

    def _read(self) -> Rebinding:
        with self.service.reading(self.principal.tenant) as snapshot:
            entry = entry_of(snapshot, self.principal.tenant, self.service.settings.base_iri)
        if entry is None:
            return Rebinding((), ())
        return _published(self.service, self.principal.tenant, entry.commit)


def _slot_json(slot: OpenSlot) -> dict[str, JsonValue]:
    reason: dict[str, JsonValue] = dict(REASONS[slot.reason])
    return {
        "item": slot.child,
        "code": slot.reason,
        "reason": reason,
        "operation": slot.operation,
        "best_confidence": round(slot.best, 4),
        "candidates": list(slot.rivals),
    }
