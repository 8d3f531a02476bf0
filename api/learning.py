"""`Learning`: the model of a tenant: trained on the newest state, published by its card, asked for what it supposes."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from qualweave.api.service import Progress, Service
from qualweave.errors import JsonValue
from qualweave.gnn.capability import require_torch
from qualweave.principal import Principal

if TYPE_CHECKING:
    from qualweave.gnn.training import TrainingReport

_HYPOTHESES = """
SELECT ?link ?cause ?effect ?mechanism ?line ?confidence ?direction ?run WHERE {
  ?link a q:PredictedLink ; q:hasCause ?cause ; q:hasEffect ?effect ; q:viaMechanism ?mechanism ;
        q:linkStrength ?confidence ; q:predictedBy ?run .
  OPTIONAL { ?link q:onLine ?line } OPTIONAL { ?link q:causeDirection ?direction }
} ORDER BY DESC(?confidence)
"""
_NAMES = ("link", "cause", "effect", "mechanism", "line", "confidence", "direction", "run")


@dataclass(frozen=True)
class Learning:
    """Graph learning over a service, for one principal."""

    service: Service
    principal: Principal

    def train(
        self,
        *,
        coverage: float | None = None,
        seeds: Sequence[int] = (0, 1, 2, 3, 4),
        progress: Progress | None = None,
    ) -> "TrainingReport":
        """Train on the newest state, publish what may be published, and keep the model's card.

        Args:
            coverage: Share of alarms that must carry a signed label; the setting's where left out.
            seeds: One split and one training each.
            progress: Told what is in work.

        Raises:
            MissingCapability: If the extra ``gnn`` is not installed.
            NotEnoughEvidence: If alarms lack signed labels, or too few lines have any.
            Forbidden: If the principal is not an engineer.
        """
        self.principal.require("engineer")
        require_torch()
        from qualweave.gnn.publish import change_set  # noqa: PLC0415 - it needs the extra
        from qualweave.gnn.training import train_from_snapshot  # noqa: PLC0415 - likewise

        settings, tenant = self.service.settings, self.principal.tenant
        policy = settings.label_coverage if coverage is None else coverage
        chosen = settings.model_copy(update={"label_coverage": policy})
        with self.service.reading(tenant) as snapshot:
            report = train_from_snapshot(
                snapshot, chosen, seeds=seeds, tenant=tenant, progress=progress
            )
        change = change_set(report, tenant=tenant, base=settings.base_iri)
        self.service.store.commit([change], principal=self.principal, gate=self.service.gate)
        self.service.store.publish()
        return report

    def hypotheses(self, *, limit: int = 100) -> list[JsonValue]:
        """Return the hypotheses of the newest published model, the surest first."""
        tenant = self.principal.tenant
        with self.service.reading(tenant) as snapshot:
            graphs = [one.graph for one in snapshot.graphs("learned", tenant=tenant)]
            rows = snapshot.select(_HYPOTHESES, graphs=graphs) if graphs else []
        found = {str(row["link"]): row for row in rows}
        return [
            {name: str(getattr(row[name], "value", "")) for name in _NAMES}
            for row in list(found.values())[:limit]
        ]
