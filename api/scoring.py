"""`Scoring` at the service: scores of items under a version of the weights, and what another version changes."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from qualweave.api.service import Service
from qualweave.api.weighing import Weighing
from qualweave.errors import InputError, JsonValue
from qualweave.iri import local_name
from qualweave.ontology.weights import WeightVersion
from qualweave.principal import Principal
from qualweave.reasoning.scoring.effect import effect
from qualweave.reasoning.scoring.read import read_readings, weighted_items
from qualweave.reasoning.scoring.score import Reading, given_readings, ranked, score
from qualweave.reasoning.trace.resolve import resolve_item

_MOST = 5000
Values = Mapping[str, Mapping[str, str | float | int]]


@dataclass(frozen=True)
class Scoring:
    """Scores of a tenant's items, for one principal."""

    service: Service
    principal: Principal

    def scores(
        self,
        table: str,
        number: int | None,
        *,
        items: Sequence[str] = (),
        values: Values | None = None,
    ) -> dict[str, JsonValue]:
        """Return scores under a version of a table, the best first; those that cannot be given come last.

        Args:
            table: Name of the table.
            number: Of the version; the newest where None.
            items: Items or lots of the graph, by identity; all that have a weighted value where neither is given, in
                the order of their IRIs and at most 5000 (``cut_at`` of the answer says that it was cut).
            values: Values that are handed in instead: item to parameter to value.

        Raises:
            NotFound: If there is no such version or item.
            InputError: If both are given, or a value cannot be used.
        """
        version = Weighing(self.service, self.principal).version(table, number)
        found = [
            score(one, told, version)
            for one, told in self._readings(version, items, values).items()
        ]
        ranks = ranked(found)
        found.sort(key=lambda one: (ranks.get(one.item, len(found) + 1), one.item))
        terms = self.service.terms
        rows: list[JsonValue] = [
            {
                **one.to_json(),
                "name": local_name(one.item) if "://" in one.item else one.item,
                "rank": ranks.get(one.item),
                "en": one.statement(terms, "en"),
                "zh": one.statement(terms, "zh"),
            }
            for one in found
        ]
        whole = not items and not values
        return {
            "weights": version.to_json(),
            "version": version.name,
            "scores": rows,
            "cut_at": _MOST if whole and len(rows) == _MOST else None,
        }

    def effect(
        self,
        table: str,
        before: int,
        after: int,
        *,
        items: Sequence[str] = (),
        values: Values | None = None,
    ) -> dict[str, JsonValue]:
        """Return what one version does to the scores of another: before and after of each item, and ranks.

        Raises:
            NotFound: If there is no such version or item.
            InputError: If both are given, or a value cannot be used.
        """
        weighing = Weighing(self.service, self.principal)
        former, later = weighing.version(table, before), weighing.version(table, after)
        first = self._readings(former, items, values)
        chosen = items or ([] if values else list(first))
        second = self._readings(later, chosen, values)
        return effect(first, former, later, readings_after=second).to_json()

    def _readings(
        self, version: WeightVersion, items: Sequence[str], values: Values | None
    ) -> Mapping[str, Mapping[str, Reading]]:
        terms, tenant = self.service.terms, self.principal.tenant
        if values:
            if items:
                raise InputError(
                    "Items and values are both given.",
                    message_zh="同时给出了物料与取值。",
                    next_step="Give items of the graph, or values; not both.",
                    next_step_zh="请只给出图中的物料或只给出取值。",
                )
            return {name: given_readings(told, version, terms) for name, told in values.items()}
        with self.service.reading(tenant) as snapshot:
            if items:
                index, base = self.service.index(snapshot, tenant), self.service.settings.base_iri
                wanted = [
                    resolve_item(snapshot, index, one, tenant=tenant, base=base) for one in items
                ]
            else:
                wanted = weighted_items(snapshot, version, tenant=tenant, limit=_MOST)
            return read_readings(snapshot, wanted, version, terms, tenant=tenant)
