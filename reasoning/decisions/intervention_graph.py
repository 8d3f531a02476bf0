"""The graph form of an intervention (``docs/reference/graph.md``, Decisions): written, found again, read back."""

from pyoxigraph import Literal, NamedNode, Triple

from qualweave.iri import DEFAULT_BASE, Q, mint
from qualweave.reasoning.decisions.graph_form import (
    BODY,
    bodies,
    body,
    change_set,
    links,
    moment,
    number,
    read_body,
    triple,
    unit_node,
)
from qualweave.reasoning.decisions.intervention import (
    Action,
    Intervention,
    ParameterAdjustment,
    from_json,
)
from qualweave.store.port import ChangeSet, Snapshot


def intervention_iri(intervention: Intervention, base: str = DEFAULT_BASE) -> str:
    """Return the IRI of an intervention's node; the same content has the same."""
    return mint("intervention", intervention.idempotency_key, tenant=intervention.tenant, base=base)


def to_triples(intervention: Intervention, base: str = DEFAULT_BASE) -> list[Triple]:
    """Return the triples of an intervention."""
    node = intervention_iri(intervention, base)
    found = [
        triple(node, "a", NamedNode(Q + "InterventionRecommendation")),
        triple(node, "targetEquipment", NamedNode(intervention.target)),
        triple(node, "riskLevel", Literal(intervention.risk)),
        triple(node, "expiresAt", moment(intervention.expires_at)),
        triple(node, "recordedAt", moment(intervention.created)),
        triple(node, "idempotencyKey", Literal(intervention.idempotency_key)),
        triple(node, "reasonPath", Literal(" → ".join(intervention.reason_path))),
        triple(node, "dispatchState", Literal(intervention.dispatch)),
        Triple(NamedNode(node), BODY, body(intervention.to_json())),
        *links(node, "supportedBy", (s for one in intervention.evidence for s in one.sources)),
        *links(node, "basedOnCase", intervention.based_on_cases),
        *links(node, "concerns", [intervention.concerns] if intervention.concerns else []),
    ]
    found += [triple(node, "approvedBy", Literal(one.principal)) for one in intervention.approvals]
    for order, action in enumerate(intervention.actions, start=1):
        found += _action_triples(node, order, action)
    return found


def _action_triples(node: str, order: int, action: Action) -> list[Triple]:
    step = f"{node}/action/{order}"
    found = [
        triple(node, "hasAction", NamedNode(step)),
        triple(step, "actionOrder", Literal(order)),
    ]
    if isinstance(action, ParameterAdjustment):
        return [
            *found,
            triple(step, "a", NamedNode(Q + "ParameterAdjustment")),
            triple(step, "adjusts", NamedNode(action.parameter)),
            triple(step, "adjustmentDelta", number(action.delta)),
            triple(step, "targetValue", number(action.target_value)),
            triple(step, "hasUnit", unit_node(action.unit)),
            triple(step, "lowerBound", number(action.lower)),
            triple(step, "upperBound", number(action.upper)),
            triple(step, "settingResolution", number(action.resolution)),
        ]
    return [
        *found,
        triple(step, "a", NamedNode(action.kind)),
        *links(step, "about", [action.target]),
        *links(step, "concerns", action.subjects),
    ]


def to_change_set(
    intervention: Intervention, before: Intervention | None = None, base: str = DEFAULT_BASE
) -> ChangeSet:
    """Return the change that writes an intervention, or its new state over the one before."""
    return change_set(
        to_triples(intervention, base),
        to_triples(before, base) if before else (),
        about={"decision": intervention_iri(intervention, base), "state": intervention.dispatch},
        tenant=intervention.tenant,
        base=base,
    )


def propose(
    snapshot: Snapshot, intervention: Intervention, base: str = DEFAULT_BASE
) -> tuple[Intervention, ChangeSet | None]:
    """Return the intervention to answer with, and the change that keeps it.

    What was proposed before under the same idempotency key stands with its signatures, and nothing
    is written.
    """
    node = intervention_iri(intervention, base)
    if next(snapshot.quads(NamedNode(node), BODY), None) is not None:
        return read_intervention(snapshot, node), None
    return intervention, to_change_set(intervention, base=base)


def read_intervention(snapshot: Snapshot, node: str) -> Intervention:
    """Return the intervention of a node.

    Raises:
        NotFound: If the graph holds none there.
        InputError: If its body cannot be read.
    """
    return from_json(read_body(snapshot, node))


def read_interventions(snapshot: Snapshot, target: str = "") -> list[Intervention]:
    """Return all interventions, newest first; of one equipment where one is named."""
    found = [from_json(data) for _, data in bodies(snapshot, "InterventionRecommendation")]
    chosen = [one for one in found if not target or one.target == target]
    return sorted(chosen, key=lambda one: one.created, reverse=True)
