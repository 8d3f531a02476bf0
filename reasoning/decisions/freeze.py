"""Freezes: a contract's condition is met, so the batch's open deliveries stop and its suppliers are asked.

Read (`read_facts`), decide (`decide`, pure), write (`freeze_change_set`). The key of a freeze holds contract, batch
and how often it was released before, so a second event finds the freeze that stands and adds only what is
new. Deliveries keep their status in the source system; a freeze is beside it and can be taken back by two persons.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from hashlib import sha256
from typing import Any, Literal, TypeAlias

import orjson
from pyoxigraph import Literal as RdfLiteral
from pyoxigraph import NamedNode, Triple

from qualweave.errors import Conflict, InputError, JsonValue
from qualweave.evidence import Evidence
from qualweave.iri import DEFAULT_BASE, Q, local_name, mint
from qualweave.principal import Principal
from qualweave.reasoning.decisions.contract import Contract
from qualweave.reasoning.decisions.graph_form import (
    BODY,
    bodies,
    body,
    change_set,
    links,
    moment,
    triple,
)
from qualweave.reasoning.decisions.intervention import Approval, evidence_from_json
from qualweave.reasoning.decisions.station import missing, text
from qualweave.reasoning.trace.genealogy import GenealogyIndex
from qualweave.store.port import ChangeSet, Snapshot

FreezeState: TypeAlias = Literal["active", "released"]
SIGNATURES = 2
_OPEN = "open"
_OVER = """
SELECT ?observation ?value WHERE { ?observation %s ?value . FILTER (isNumeric(?value)) }
"""


@dataclass(frozen=True)
class Delivery:
    """A delivery of a batch with its status in the source system."""

    delivery: str
    status: str


@dataclass(frozen=True)
class Facts:
    """What the graph says around one observation.

    Attributes:
        observation: IRI of the inspection or observation.
        values: Values of the contract's parameter there, in the canonical unit.
        items: What was inspected.
        batches: The batches that it belongs to.
        deliveries: All deliveries of those batches and of the item itself.
        suppliers: Suppliers that stand as many steps away as the contract says.
        through: For each of them the direct suppliers that it stands behind.
        released: How many freezes of this contract and batch were released before.
        handled: Whether one of those rested on this very observation; it does not freeze again.
    """

    observation: str
    values: tuple[float, ...]
    items: tuple[str, ...]
    batches: tuple[str, ...]
    deliveries: tuple[Delivery, ...]
    suppliers: tuple[str, ...]
    through: Mapping[str, tuple[str, ...]]
    released: int = 0
    handled: bool = False


@dataclass(frozen=True)
class Freeze:
    """A freeze with its tasks.

    Attributes:
        contract: IRI of the contract.
        batch: IRI of the batch.
        deliveries: IRIs of the deliveries that are stopped.
        suppliers: IRIs of the organizations that are given a task each.
        observations: IRIs of the observations that led to it.
        evidence: Why.
        created: When, in UTC.
        generation: How many freezes of the same contract and batch were released before it.
        state: Where it stands.
        releases: Signatures under its release.
        gaps: What the graph did not say: ``"suppliers"``, ``"deliveries"``.
        tenant: Whose it is.
    """

    contract: str
    batch: str
    deliveries: tuple[str, ...]
    suppliers: tuple[str, ...]
    observations: tuple[str, ...]
    evidence: tuple[Evidence, ...]
    created: datetime
    generation: int = 0
    state: FreezeState = "active"
    releases: tuple[Approval, ...] = ()
    gaps: tuple[str, ...] = ()
    tenant: str = "plant"

    @property
    def idempotency_key(self) -> str:
        """The same for every event of one contract and batch, until it is released."""
        content = [self.tenant, self.contract, self.batch, self.generation]
        return sha256(orjson.dumps(content)).hexdigest()[:24]

    def iri(self, base: str = DEFAULT_BASE) -> str:
        """Return the IRI of its node."""
        return mint("freeze", self.idempotency_key, tenant=self.tenant, base=base)

    def task_iri(self, supplier: str, base: str = DEFAULT_BASE) -> str:
        """Return the IRI of a supplier's task; one per freeze and supplier."""
        key = sha256(f"{self.idempotency_key} {supplier}".encode()).hexdigest()[:24]
        return mint("task", key, tenant=self.tenant, base=base)

    def sign_release(self, principal: Principal, at: datetime) -> "Freeze":
        """Return it with one more signature under its release; the second person's releases it.

        Raises:
            Forbidden: If the principal may not approve.
            Conflict: If it is released, or the same person signed already.
        """
        principal.require("approver")
        if self.state == "released":
            raise _conflict(self, "is released already", "已解除")
        if any(one.principal == principal.id for one in self.releases):
            raise _conflict(self, f"was signed by {principal.id} already", "已由同一人签署")
        signed = (*self.releases, Approval(principal.id, at.astimezone(UTC)))
        enough = len({one.principal for one in signed}) >= SIGNATURES
        return replace(self, releases=signed, state="released" if enough else "active")

    def to_json(self, base: str = DEFAULT_BASE) -> dict[str, JsonValue]:
        """Return it as JSON values; `freeze_from_json` reads them back."""
        facts: dict[str, Any] = {
            name: list(value) if isinstance(value, tuple) else value
            for name, value in vars(self).items()
        }
        return facts | {
            "key": self.idempotency_key,
            "freeze": self.iri(base),
            "created": self.created.astimezone(UTC).isoformat(),
            "evidence": [one.to_json() for one in self.evidence],
            "releases": [
                {"principal": one.principal, "at": one.at.isoformat()} for one in self.releases
            ],
            "tasks": [
                {"task": self.task_iri(one, base), "supplier": one} for one in self.suppliers
            ],
        }


def freeze_from_json(data: Mapping[str, Any]) -> Freeze:
    """Return the freeze of its JSON form."""
    facts = {name: data[name] for name in Freeze.__dataclass_fields__ if name in data}
    for name in ("deliveries", "suppliers", "observations", "gaps"):
        facts[name] = tuple(facts[name])
    facts["created"] = datetime.fromisoformat(facts["created"])
    facts["evidence"] = tuple(evidence_from_json(one) for one in facts["evidence"])
    facts["releases"] = tuple(
        Approval(one["principal"], datetime.fromisoformat(one["at"])) for one in facts["releases"]
    )
    return Freeze(**facts)


def _conflict(freeze: Freeze, what: str, what_zh: str) -> Conflict:
    return Conflict(
        f"Freeze {freeze.idempotency_key} {what}.",
        message_zh=f"冻结 {freeze.idempotency_key} {what_zh}。",
        next_step="Another person with the role 'approver' signs the release.",
        next_step_zh="请由另一位审批人签署解除。",
        data={"freeze": freeze.iri(), "state": freeze.state},
    )


# --- deciding ------------------------------------------------------------------------------------


def evaluate(
    snapshot: Snapshot,
    contract: Contract,
    observation: str,
    *,
    now: datetime,
    index: GenealogyIndex | None = None,
    base: str = DEFAULT_BASE,
) -> tuple[Freeze, ...]:
    """Return the freezes that an observation asks for, one per batch; none where the condition is not met.

    Raises:
        NotEnoughEvidence: If the observation has no such value, or its item no batch.
    """
    facts = read_facts(snapshot, contract, observation, index=index, base=base)
    return decide(contract, facts, now=now, base=base)


def decide(
    contract: Contract, facts: Facts, *, now: datetime, base: str = DEFAULT_BASE
) -> tuple[Freeze, ...]:
    """Return the freezes that follow from facts; pure.

    Raises:
        NotEnoughEvidence: If the condition is met but no batch is known.
    """
    broken = [value for value in facts.values if contract.broken_by(value)]
    if not broken or facts.handled:
        return ()
    if not facts.batches:
        raise missing(
            "batch",
            f"The item of {local_name(facts.observation)} belongs to no batch, so nothing can be frozen.",
            f"{local_name(facts.observation)} 所检物品未关联批次，无法冻结。",
        )
    stopped = [one.delivery for one in facts.deliveries if one.status == _OPEN]
    stopped = stopped if contract.freeze != "none" else []
    gaps = [name for name, wanted, there in (
        ("deliveries", contract.freeze != "none", facts.deliveries),
        ("suppliers", contract.tier > 0, facts.suppliers),
    ) if wanted and not there]  # fmt: skip
    evidence = _evidence(contract, facts, broken, stopped, base=base)
    return tuple(
        Freeze(
            contract=contract.iri(base),
            batch=batch,
            deliveries=tuple(sorted(stopped)),
            suppliers=tuple(sorted(facts.suppliers)),
            observations=(facts.observation,),
            evidence=evidence,
            created=now.astimezone(UTC),
            generation=facts.released,
            gaps=tuple(gaps),
            tenant=contract.tenant,
        )
        for batch in facts.batches
    )


def _evidence(
    contract: Contract, facts: Facts, broken: list[float], stopped: list[str], *, base: str
) -> tuple[Evidence, ...]:
    worst = max(broken, key=lambda value: abs(value - contract.limit))
    name, unit = local_name(contract.parameter), contract.unit
    observed = Evidence(
        kind="rule:contract",
        statement={
            "en": f"{name} of {local_name(facts.observation)} is {worst:g} {unit}; the contract "
            f"'{contract.name}' sets the limit '{contract.comparator}' {contract.limit:g} {unit}.",
            "zh": f"{local_name(facts.observation)} 的 {name} 为 {worst:g} {unit}；合约“{contract.name}”的限值为 "
            f"{contract.limit:g} {unit}。",
        },
        weight=1.0,
        sources=(facts.observation, contract.iri(base), *facts.items),
        data={"value": worst, "limit": contract.limit},
        rule=contract.name,
        version=contract.id,
    )
    deliveries = Evidence(
        kind="deliveries",
        statement={
            "en": f"{len(stopped)} of {len(facts.deliveries)} deliveries of the batch are open.",
            "zh": f"该批次 {len(facts.deliveries)} 个交付中有 {len(stopped)} 个未完成。",
        },
        sources=(*facts.batches, *stopped),
        rule=contract.name,
        version=contract.id,
    )
    suppliers = Evidence(
        kind="suppliers",
        statement={
            "en": f"{len(facts.suppliers)} suppliers of tier {contract.tier} stand behind the batch.",
            "zh": f"该批次背后有 {len(facts.suppliers)} 家第 {contract.tier} 级供应商。",
        },
        sources=facts.suppliers,
        data={one: list(facts.through.get(one, ())) for one in facts.suppliers},
        rule=contract.name,
        version=contract.id,
    )
    return (observed, deliveries, suppliers)


# --- reading -------------------------------------------------------------------------------------


def breaking(snapshot: Snapshot, contract: Contract) -> list[str]:
    """Return the IRIs of all observations that meet a contract's condition."""
    rows = snapshot.select(_OVER % f"<{contract.parameter}>")
    found = {
        text(row["observation"]) for row in rows if contract.broken_by(float(text(row["value"])))
    }
    return sorted(found)


def read_facts(
    snapshot: Snapshot,
    contract: Contract,
    observation: str,
    *,
    index: GenealogyIndex | None = None,
    base: str = DEFAULT_BASE,
) -> Facts:
    """Return what the graph says around an observation.

    Args:
        snapshot: What is read.
        contract: Names parameter and tier.
        observation: IRI of the inspection, or of an observation that names its feature of interest.
        index: With it, suppliers of materials in the item's genealogy count as direct suppliers too.
        base: Namespace of data IRIs.

    Raises:
        NotEnoughEvidence: If the observation has no value of the parameter.
    """
    values = tuple(float(value) for value in _objects(snapshot, [observation], contract.parameter))
    if not values:
        raise missing(
            "observation",
            f"{local_name(observation)} holds no value of {local_name(contract.parameter)}.",
            f"{local_name(observation)} 没有 {local_name(contract.parameter)} 的测量值。",
        )
    items = _objects(snapshot, [observation], Q + "inspects", Q + "hasFeatureOfInterest")
    batches = _objects(snapshot, items, Q + "memberOfBatch") or [
        one for one in items if _subjects(snapshot, [one], Q + "deliveredBatch")
    ]
    deliveries = [
        Delivery(one, " ".join(_objects(snapshot, [one], Q + "deliveryStatus")))
        for one in _subjects(snapshot, [*batches, *items], Q + "deliveredBatch")
    ]
    through = _suppliers(snapshot, [*batches, *items], contract.tier, index)
    released = _released(snapshot, contract, batches, base)
    return Facts(
        observation=observation,
        values=values,
        items=tuple(items),
        batches=tuple(batches),
        deliveries=tuple(deliveries),
        suppliers=tuple(sorted(through)),
        through=through,
        released=len(released),
        handled=any(observation in one.observations for one in released),
    )


def _suppliers(
    snapshot: Snapshot, things: list[str], tier: int, index: GenealogyIndex | None
) -> dict[str, tuple[str, ...]]:
    """Return the suppliers ``tier`` steps behind some batches, each with those it stands behind."""
    if not tier:
        return {}
    known = [one for one in things if index is not None and one in index]
    made_from = [part for one in known if index for part in index.closure(one, "back")]
    direct = _subjects(snapshot, things, Q + "suppliesItem")
    direct = sorted({*direct, *_objects(snapshot, [*things, *made_from], Q + "suppliedBy")})
    reached: dict[str, tuple[str, ...]] = dict.fromkeys(direct, ())
    for step in range(2, tier + 1):
        behind: dict[str, set[str]] = {}
        for customer in reached:
            for supplier in _subjects(snapshot, [customer], Q + "supplies"):
                stated = _objects(snapshot, [supplier], Q + "supplierTier")
                if not stated or str(step) in stated:
                    behind.setdefault(supplier, set()).add(customer)
        reached = {one: tuple(sorted(via)) for one, via in sorted(behind.items())}
    return reached


def _released(
    snapshot: Snapshot, contract: Contract, batches: Iterable[str], base: str
) -> list[Freeze]:
    told = [freeze_from_json(data) for _, data in bodies(snapshot, "BatchFreeze")]
    same = [one for one in told if one.contract == contract.iri(base) and one.batch in batches]
    return [one for one in same if one.state == "released"]


def _objects(snapshot: Snapshot, subjects: Iterable[str], *predicates: str) -> list[str]:
    return sorted({
        text(quad.object)
        for subject in subjects
        for predicate in predicates
        for quad in snapshot.quads(NamedNode(subject), NamedNode(predicate))
    })  # fmt: skip


def _subjects(snapshot: Snapshot, values: Iterable[str], predicate: str) -> list[str]:
    return sorted({
        text(quad.subject)
        for value in values
        for quad in snapshot.quads(None, NamedNode(predicate), NamedNode(value))
    })  # fmt: skip


# --- writing -------------------------------------------------------------------------------------


def read_freezes(snapshot: Snapshot, tenant: str = "plant") -> list[Freeze]:
    """Return the freezes of a tenant, newest first."""
    found = [freeze_from_json(data) for _, data in bodies(snapshot, "BatchFreeze")]
    mine = [one for one in found if one.tenant == tenant]
    return sorted(mine, key=lambda one: one.created, reverse=True)


def frozen_deliveries(
    snapshot: Snapshot, tenant: str = "plant", base: str = DEFAULT_BASE
) -> dict[str, str]:
    """Return the deliveries that an active freeze stops, each with the IRI of a freeze."""
    active = [one for one in read_freezes(snapshot, tenant) if one.state == "active"]
    return {delivery: one.iri(base) for one in active for delivery in one.deliveries}


def propose(
    snapshot: Snapshot, freeze: Freeze, base: str = DEFAULT_BASE
) -> tuple[Freeze, ChangeSet | None]:
    """Return the freeze that is to stand, and the change that makes it so; None where it stands already.

    A freeze of the same key that stands gets what is new: observations, deliveries, suppliers.
    """
    stored = [
        one for one in read_freezes(snapshot, freeze.tenant) if one.iri(base) == freeze.iri(base)
    ]
    if not stored:
        return freeze, freeze_change_set(freeze, base=base)
    before = stored[0]
    merged = replace(
        before,
        deliveries=_union(before.deliveries, freeze.deliveries),
        suppliers=_union(before.suppliers, freeze.suppliers),
        observations=_union(before.observations, freeze.observations),
    )
    if merged == before:
        return before, None
    fresh = tuple(one for one in freeze.evidence if one not in before.evidence)
    merged = replace(merged, evidence=(*before.evidence, *fresh))
    return merged, freeze_change_set(merged, before, base=base)


def _union(one: tuple[str, ...], other: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(sorted({*one, *other}))


def freeze_change_set(
    freeze: Freeze, before: Freeze | None = None, base: str = DEFAULT_BASE
) -> ChangeSet:
    """Return the change that writes a freeze with its tasks, or its new state over the one before.

    Raises:
        InputError: If ``before`` is another freeze.
    """
    if before is not None and before.iri(base) != freeze.iri(base):
        raise InputError(
            "A freeze cannot take the place of another one.",
            message_zh="不能用一个冻结替换另一个冻结。",
            next_step="Release the former one.",
            next_step_zh="请先解除原冻结。",
        )
    return change_set(
        to_triples(freeze, base),
        to_triples(before, base) if before else (),
        about={"decision": freeze.iri(base), "state": freeze.state},
        tenant=freeze.tenant,
        base=base,
    )


def to_triples(freeze: Freeze, base: str = DEFAULT_BASE) -> list[Triple]:
    """Return the triples of a freeze and of its tasks."""
    node = freeze.iri(base)
    found = [
        triple(node, "a", NamedNode(Q + "BatchFreeze")),
        triple(node, "freezes", NamedNode(freeze.batch)),
        triple(node, "underContract", NamedNode(freeze.contract)),
        triple(node, "freezeState", RdfLiteral(freeze.state)),
        triple(node, "recordedAt", moment(freeze.created)),
        triple(node, "idempotencyKey", RdfLiteral(freeze.idempotency_key)),
        Triple(NamedNode(node), BODY, body(freeze.to_json(base))),
        *links(node, "freezesDelivery", freeze.deliveries),
        *links(node, "triggeredBy", freeze.observations),
        *links(node, "supportedBy", (*freeze.observations, freeze.contract)),
    ]
    found += [triple(node, "releasedBy", RdfLiteral(one.principal)) for one in freeze.releases]
    state = RdfLiteral("open" if freeze.state == "active" else "withdrawn")
    for supplier in freeze.suppliers:
        task = freeze.task_iri(supplier, base)
        found += [
            triple(task, "a", NamedNode(Q + "InvestigationTask")),
            triple(task, "assignedTo", NamedNode(supplier)),
            triple(task, "concerns", NamedNode(node)),
            triple(task, "taskState", state),
            triple(task, "idempotencyKey", RdfLiteral(local_name(task))),
        ]
    return found
