"""Trace policies: how heavily the items of a class are traced, switched class by class (R41).

A policy is a node in the decisions; shapes hold the graph to it (``shapes/trace.ttl``). The policy of the most
specific class holds; a class without one, and without one above it, is held to nothing.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, TypeAlias, cast

from pyoxigraph import NamedNode

from qualweave.errors import JsonValue
from qualweave.iri import DEFAULT_BASE, RDF, Q, graph_iri, local_name, mint
from qualweave.store.port import ChangeSet, Snapshot

TraceWeight: TypeAlias = Literal["heavy", "light"]


@dataclass(frozen=True)
class TracePolicy:
    """How the items of a class are traced: one by one with evidence, or as batches with aggregates."""

    of_class: str
    weight: TraceWeight

    def to_json(self) -> dict[str, JsonValue]:
        """Return the policy as JSON values."""
        return {"class": self.of_class, "weight": self.weight}


def policy_graph(tenant: str, base: str = DEFAULT_BASE) -> str:
    """Return the name of the graph that holds a tenant's policies."""
    return graph_iri("decisions", tenant, "trace-policies", base=base)


def read_policies(
    snapshot: Snapshot, tenant: str = "plant", base: str = DEFAULT_BASE
) -> list[TracePolicy]:
    """Return the policies of a tenant, by class."""
    graph = NamedNode(policy_graph(tenant, base))
    weights = {
        quad.subject: str(getattr(quad.object, "value", ""))
        for quad in snapshot.quads(None, NamedNode(Q + "traceWeight"), None, graph)
    }
    found = [
        TracePolicy(
            str(getattr(quad.object, "value", "")), cast("TraceWeight", weights[quad.subject])
        )
        for quad in snapshot.quads(None, NamedNode(Q + "appliesToClass"), None, graph)
        if quad.subject in weights
    ]
    return sorted(found, key=lambda one: one.of_class)


def with_policy(
    known: list[TracePolicy], of_class: str, weight: TraceWeight | None
) -> list[TracePolicy]:
    """Return the policies with one class switched; None takes its policy away."""
    kept: Mapping[str, TracePolicy] = {
        one.of_class: one for one in known if one.of_class != of_class
    }
    added = [TracePolicy(of_class, weight)] if weight else []
    return sorted([*kept.values(), *added], key=lambda one: one.of_class)


def policy_change_set(
    policies: list[TracePolicy], *, tenant: str = "plant", base: str = DEFAULT_BASE
) -> ChangeSet:
    """Return what writes all policies of a tenant in place of the former."""
    lines = []
    for one in policies:
        node = f"<{mint('policy', local_name(one.of_class), tenant=tenant, base=base)}>"
        lines += [
            f"{node} <{RDF}type> <{Q}TracePolicy> .",
            f"{node} <{Q}appliesToClass> <{one.of_class}> .",
            f'{node} <{Q}traceWeight> "{one.weight}" .',
        ]
    inserts = "".join(f"{line}\n" for line in lines).encode()
    return ChangeSet(policy_graph(tenant, base), "decisions", inserts=inserts, replace=True)
