"""`Floor`: what the doors of the shop floor ask of the service, for one principal."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import lru_cache

from qualweave.api.service import Service
from qualweave.errors import AmbiguousTerm, JsonValue, NotFound
from qualweave.mappers.raw import RawCells
from qualweave.principal import Principal, Role
from qualweave.reasoning.passport import Source, Sources, Terms, Tier, Unit, passport, read_unit
from qualweave.reasoning.passport.shift import ShiftLot, ShiftReport, shift_report
from qualweave.reasoning.trace import resolve_item
from qualweave.store.port import Snapshot

READS_ALL: Role = "engineer"
"""Role that the restricted tier needs."""


def best_tier(principal: Principal) -> Tier:
    """Return the widest tier that a principal may read."""
    return "restricted" if principal.roles & {READS_ALL, "admin"} else "public"


@lru_cache(maxsize=4)
def _raw_cells(service: Service) -> RawCells:
    return RawCells(service.settings.data_dir)


@lru_cache(maxsize=8)
def _terms(service: Service, tenant: str, state: str) -> Terms:
    del state  # what the answer is kept for
    with service.reading(tenant) as snapshot:
        return Terms.read(snapshot)


@dataclass(frozen=True)
class Floor:
    """Questions about units, as one principal may ask them."""

    service: Service
    principal: Principal

    def resolve(self, text: str) -> str:
        """Return the IRI of an item in any of its spellings."""
        with self._asked() as (snapshot, _):
            return self._resolve(snapshot, text)

    def unit(self, text: str) -> tuple[Unit, Terms]:
        """Return what the graph knows of an item, with the words for it."""
        with self._asked() as (snapshot, terms):
            item = self._resolve(snapshot, text)
            index = self.service.index(snapshot, self.principal.tenant)
            sources = Sources(snapshot, self.principal.tenant)
            return read_unit(index, sources, item, terms=terms), terms

    def document(self, unit: Unit, terms: Terms, tier: Tier) -> dict[str, JsonValue]:
        """Return the passport of a unit.

        Raises:
            Forbidden: If the tier is restricted and the principal lacks the role.
        """
        if tier == "restricted":
            self.principal.require(READS_ALL)
        zone = self.service.settings.plant_timezone
        return passport(unit, terms, tier=tier, timezone=zone, raw=self._raw)

    def record(self, unit: Unit, digest: str, tier: Tier) -> bytes:
        """Return the line that a record's hash is computed over.

        Raises:
            NotFound: If no record that the tier shows has the hash.
        """
        for point in unit.points:
            if point.hash == digest and tier in ("restricted", point.rule.tier):
                return point.canonical
        raise NotFound(
            f"No record of this unit has the hash {digest}.",
            message_zh=f"该单件没有哈希为 {digest} 的记录。",
            next_step="The record was altered, or the hash belongs to another unit: open the page of the unit.",
            next_step_zh="记录已被更改，或该哈希属于其他单件：请打开该单件页面核对。",
            data={"hash": digest},
        )

    def shift(self, lot: ShiftLot) -> tuple[ShiftReport, Terms]:
        """Return the report of a shift lot; it names machines, so it is restricted.

        Raises:
            Forbidden: If the principal lacks the role.
            NotFound: If the line made nothing in that shift.
        """
        self.principal.require(READS_ALL)
        with self._asked() as (snapshot, terms):
            found = shift_report(
                self.service.index(snapshot, self.principal.tenant),
                snapshot,
                lot,
                terms=terms,
                zone=self.service.settings.plant_timezone,
                tenant=self.principal.tenant,
                base=self.service.settings.base_iri,
            )
            return found, terms

    def _raw(self, source: Source) -> str:
        return _raw_cells(self.service).cell(source.kept, source.row, source.column)

    def _resolve(self, snapshot: Snapshot, text: str) -> str:
        index = self.service.index(snapshot, self.principal.tenant)
        base = self.service.settings.base_iri
        try:
            return resolve_item(snapshot, index, text, tenant=self.principal.tenant, base=base)
        except (NotFound, AmbiguousTerm) as error:
            if self.principal.roles:
                raise
            # The public learns nothing of identities that it does not know already.
            raise NotFound(
                "No item of this identity is known.",
                message_zh="未找到该标识对应的物品。",
                next_step="Check the label.",
                next_step_zh="请核对标签。",
            ) from error

    @contextmanager
    def _asked(self) -> Iterator[tuple[Snapshot, Terms]]:
        with self.service.reading(self.principal.tenant) as snapshot:
            told = snapshot.graphs("ontology", "governance", "decisions")
            yield (
                snapshot,
                _terms(
                    self.service,
                    self.principal.tenant,
                    "|".join(sorted(one.commit for one in told)),
                ),
            )
