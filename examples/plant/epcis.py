"""EPCIS 2.0 documents (JSON-LD) as a trading partner's repository exports them.

Source: GS1 EPCIS 2.0 and CBV 2.0 (2022), JSON-LD binding.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from uuid import UUID, uuid5

from qualweave.examples.plant.gs1 import location_urn
from qualweave.examples.plant.tables import json_bytes

if TYPE_CHECKING:
    import numpy as np

_CONTEXT = "https://ref.gs1.org/standards/epcis/2.0.0/epcis-context.jsonld"
_NAMESPACE = UUID("6f3a1c52-93b0-5d5e-8a0e-0c1d4cde5a01")


@dataclass
class EpcisDocument:
    """Collects the events of one company."""

    prefix: str
    created: str
    book: str = ""
    events: list[dict[str, Any]] = field(default_factory=list)

    def _event(self, kind: str, when: np.datetime64, step: str, disposition: str) -> dict[str, Any]:
        number = len(self.events)
        return {
            "type": kind,
            "eventID": f"urn:uuid:{uuid5(_NAMESPACE, f'{self.prefix}/{self.created}/{self.book}{number}')}",
            "eventTime": f"{when.astype('datetime64[s]')}.000+08:00",
            "eventTimeZoneOffset": "+08:00",
            "bizStep": step,
            "disposition": disposition,
            "readPoint": {"id": location_urn(self.prefix, "00001")},
            "bizLocation": {"id": location_urn(self.prefix, "00001")},
        }

    def observe(
        self,
        when: np.datetime64,
        *,
        action: str,
        step: str,
        disposition: str = "in_progress",
        serials: tuple[str, ...] = (),
        lots: tuple[tuple[str, float], ...] = (),
        destination: str = "",
        place: str = "",
    ) -> None:
        """Add an object event (commissioning, shipping, receiving) on serials or lots in kg."""
        event = self._event("ObjectEvent", when, step, disposition) | {"action": action}
        if place:
            event["readPoint"] = {"id": location_urn(self.prefix, place)}
        if serials:
            event["epcList"] = list(serials)
        if lots:
            event["quantityList"] = _quantities(lots)
        if destination:
            party = {"type": "owning_party", "destination": location_urn(destination, "00000")}
            event["destinationList"] = [party]
        self.events.append(event)

    def transform(
        self,
        when: np.datetime64,
        *,
        lots_in: tuple[tuple[str, float], ...] = (),
        lots_out: tuple[tuple[str, float], ...] = (),
        serials_in: tuple[str, ...] = (),
        step: str = "commissioning",
    ) -> None:
        """Add a transformation event: inputs are used up, outputs come into being."""
        event = self._event("TransformationEvent", when, step, "in_progress")
        if serials_in:
            event["inputEPCList"] = list(serials_in)
        if lots_in:
            event["inputQuantityList"] = _quantities(lots_in)
        event["outputQuantityList"] = _quantities(lots_out)
        self.events.append(event)

    def aggregate(self, when: np.datetime64, parent: str, children: tuple[str, ...]) -> None:
        """Add an aggregation event: the children are built into the parent."""
        event = self._event("AggregationEvent", when, "assembling", "in_progress")
        self.events.append(
            event | {"action": "ADD", "parentID": parent, "childEPCs": list(children)}
        )

    def data(self) -> bytes:
        """The document's bytes."""
        return json_bytes({
            "@context": [_CONTEXT],
            "type": "EPCISDocument",
            "schemaVersion": "2.0",
            "creationDate": f"{self.created}T08:00:00.000+08:00",
            "epcisBody": {"eventList": self.events},
        })  # fmt: skip


def _quantities(lots: tuple[tuple[str, float], ...]) -> list[dict[str, Any]]:
    return [{"epcClass": lot, "quantity": amount, "uom": "KGM"} for lot, amount in lots]
