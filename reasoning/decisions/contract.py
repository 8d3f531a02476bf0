"""`Contract`: a rule that partners agreed on, as data: one condition on a measured value, and what follows.

It is read from the tenant's own YAML file (``docs/concepts/decisions.md`` has the form) or from the graph.
A rule that this version does not understand is refused when it is installed, not when it is needed.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import sha256
from types import MappingProxyType
from typing import Any, Literal, TypeAlias, get_args

import orjson
import yaml
from pyoxigraph import Literal as RdfLiteral
from pyoxigraph import NamedNode, Triple

from qualweave.errors import InputError, JsonValue
from qualweave.iri import DEFAULT_BASE, Q, expand, mint
from qualweave.ontology.terms import Term, TermIndex
from qualweave.reasoning.decisions.graph_form import (
    BODY,
    bodies,
    body,
    change_set,
    number,
    triple,
    unit_node,
)
from qualweave.store.port import ChangeSet, Snapshot
from qualweave.values import conversion, unit_of

Comparator: TypeAlias = Literal["greater", "greater_or_equal", "less", "less_or_equal"]
FreezeScope: TypeAlias = Literal["open deliveries of the batch", "none"]
TIERS: Mapping[str, int] = MappingProxyType(
    {"none": 0, "direct suppliers": 1, "first-tier suppliers": 1, "second-tier suppliers": 2}
)
"""Who is given a task, and how many supply steps away they stand."""


@dataclass(frozen=True)
class Contract:
    """A contract rule.

    Attributes:
        name: What the partners call it.
        parameter: IRI of the measured parameter.
        comparator: How a value is held against the limit; ``"greater"`` is strictly greater.
        limit: In the parameter's canonical unit.
        unit: UCUM code of that unit, ``""`` where the parameter has none.
        freeze: Which deliveries are frozen.
        tier: Suppliers how many steps away are given a task, 0 for none.
        tenant: Whose it is.
    """

    name: str
    parameter: str
    comparator: Comparator
    limit: float
    unit: str
    freeze: FreezeScope = "open deliveries of the batch"
    tier: int = 2
    tenant: str = "plant"

    @property
    def id(self) -> str:
        """Identifier of this clause; another limit is another clause."""
        return sha256(orjson.dumps(self.to_json(), option=orjson.OPT_SORT_KEYS)).hexdigest()[:16]

    def iri(self, base: str = DEFAULT_BASE) -> str:
        """Return the IRI of the contract's node."""
        return mint("contract", self.id, tenant=self.tenant, base=base)

    def broken_by(self, value: float) -> bool:
        """Return whether a value, in the canonical unit, meets the condition."""
        return {
            "greater": value > self.limit,
            "greater_or_equal": value >= self.limit,
            "less": value < self.limit,
            "less_or_equal": value <= self.limit,
        }[self.comparator]

    def to_json(self) -> dict[str, JsonValue]:
        """Return it as JSON values."""
        return {**vars(self)}


def parse_contract(source: str, terms: TermIndex, *, tenant: str = "plant") -> Contract:
    """Return the contract of a YAML text.

    Args:
        source: ``contract``, ``when`` (parameter, comparator, limit, unit) and ``then`` (freeze, task).
        terms: Finds the parameter by IRI, CURIE, local name or label.
        tenant: Whose it is.

    Raises:
        InputError: If a part is missing or not understood; it is named with what is.
        UnknownUnit: If the unit is not one of the parameter's dimension.
    """
    try:
        data = yaml.safe_load(source)
        when, then = data["when"], data.get("then", {})
        term = _parameter(str(when["parameter"]), terms)
        limit = float(when["limit"])
    except (yaml.YAMLError, KeyError, TypeError, ValueError, AttributeError) as error:
        raise _not_understood(str(error)) from error
    unit, limit = _canonical(term, limit, str(when.get("unit", "")))
    return Contract(
        name=str(data.get("contract", term.local_name)),
        parameter=term.iri,
        comparator=_one_of(str(when.get("comparator", "greater")), get_args(Comparator)),  # type: ignore[arg-type]  # checked
        limit=limit,
        unit=unit,
        freeze=_one_of(str(then.get("freeze", "none")), get_args(FreezeScope)),  # type: ignore[arg-type]  # checked
        tier=TIERS[_one_of(str(then.get("task", "none")), tuple(TIERS))],
        tenant=tenant,
    )


def _parameter(name: str, terms: TermIndex) -> Term:
    for iri in (name, Q + name, expand(name) if ":" in name else name):
        if iri in terms:
            return terms.by_iri(iri)
    found = [one for one in terms.by_label(name) if one.is_parameter]
    if len(found) != 1:
        raise _not_understood(f"parameter {name!r} names {len(found)} terms")
    return found[0]


def _canonical(term: Term, limit: float, unit: str) -> tuple[str, float]:
    if not term.canonical_unit:
        return "", limit
    if not unit:
        raise _not_understood(f"the limit of {term.local_name} has no unit")
    canonical = unit_of(term.canonical_unit)
    factor, offset = conversion(unit_of(unit), canonical)
    return canonical.ucum, round(limit * factor + offset, 12)


def _one_of(value: str, known: tuple[Any, ...]) -> str:
    if value not in known:
        raise _not_understood(f"{value!r} is not one of: {', '.join(known)}")
    return value


def _not_understood(why: str) -> InputError:
    return InputError(
        f"The contract rule is not understood: {why}.",
        message_zh=f"无法理解该合约规则：{why}。",
        next_step="Give 'when' with parameter, comparator, limit and unit, and 'then' with freeze and task.",
        next_step_zh="请在 when 中给出参数、比较方式、限值和单位，在 then 中给出冻结与任务。",
        data={"why": why},
    )


# --- graph form ----------------------------------------------------------------------------------


def contract_change_set(contract: Contract, base: str = DEFAULT_BASE) -> ChangeSet:
    """Return the change that installs a contract."""
    node = contract.iri(base)
    triples = [
        triple(node, "a", NamedNode(Q + "QualityContract")),
        triple(node, "about", NamedNode(contract.parameter)),
        triple(node, "comparator", RdfLiteral(contract.comparator)),
        triple(node, "limitValue", number(contract.limit)),
        Triple(NamedNode(node), BODY, body({**contract.to_json(), "id": contract.id})),
    ]
    if contract.unit:
        triples.append(triple(node, "hasUnit", unit_node(contract.unit)))
    return change_set(
        triples, about={"contract": node, "name": contract.name}, tenant=contract.tenant, base=base
    )


def read_contracts(snapshot: Snapshot, tenant: str = "plant") -> list[Contract]:
    """Return the contracts that a tenant installed, by name."""
    found = []
    for _, data in bodies(snapshot, "QualityContract"):
        facts = {key: value for key, value in data.items() if key != "id"}
        found.append(Contract(**facts))  # type: ignore[arg-type]  # the JSON of to_json
    mine = [one for one in found if one.tenant == tenant]
    return sorted(mine, key=lambda one: (one.name, one.id))
