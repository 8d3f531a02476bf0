"""`Intervention`: what to change, by how much, within which bounds, why, until when, and who agreed.

It is a value. It is made by `recommend`, judged by `check`, said by `sentence.render`, kept by
`intervention_graph`, and carried out by nobody here: a gateway takes it from the outbox. It makes no number
of its own and cannot be dispatched without signatures of different persons.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from decimal import Decimal
from hashlib import sha256
from types import MappingProxyType
from typing import Any, Literal, TypeAlias

import orjson

from qualweave.errors import Conflict, InputError, JsonValue
from qualweave.evidence import Evidence
from qualweave.iri import local_name
from qualweave.principal import Principal
from qualweave.reasoning.decisions.tables import risk_rule
from qualweave.values import find_unit

Risk: TypeAlias = Literal["low", "medium", "high"]
DispatchState: TypeAlias = Literal[
    "proposed", "approved", "sent", "confirmed", "refused", "withdrawn"
]
_SLACK = 1e-9  # relative; bounds and steps are compared as decimals that went through floats


@dataclass(frozen=True)
class ParameterAdjustment:
    """A change of one set point.

    Attributes:
        parameter: IRI of the parameter.
        delta: Change, in ``unit``.
        unit: UCUM code of the parameter's canonical unit.
        current: Set point now.
        lower: Least set point that is permitted.
        upper: Greatest set point that is permitted.
        resolution: Smallest step of the machine.
        process: IRI of the process class, which words the parameter.
    """

    parameter: str
    delta: float
    unit: str
    current: float
    lower: float
    upper: float
    resolution: float
    process: str = ""

    @property
    def decimals(self) -> int:
        """Decimals that the machine's step has; numbers are printed with them."""
        exponent = Decimal(str(self.resolution)).normalize().as_tuple().exponent
        return max(0, -exponent) if isinstance(exponent, int) else 0

    @property
    def target_value(self) -> float:
        """The new set point."""
        return round(self.current + self.delta, 10)

    @property
    def share(self) -> float:
        """Size of the step as a share of the permitted span."""
        return abs(self.delta) / (self.upper - self.lower) if self.upper > self.lower else 1.0


@dataclass(frozen=True)
class Check:
    """Something to be verified.

    Attributes:
        kind: IRI of the class of check, for example that of a firmware check.
        target: IRI of what is checked: a class of component, or one thing.
        subjects: IRIs of the items or equipment to check.
        expected: What ought to be found there.
        found: What the graph says is there.
    """

    kind: str
    target: str
    subjects: tuple[str, ...] = ()
    expected: tuple[str, ...] = ()
    found: tuple[str, ...] = ()


Action: TypeAlias = ParameterAdjustment | Check


@dataclass(frozen=True)
class Approval:
    """A signature: who, when."""

    principal: str
    at: datetime


@dataclass(frozen=True)
class Outcome:
    """What was observed after it was carried out."""

    at: datetime
    effective: bool
    statement: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    data: Mapping[str, JsonValue] = field(default_factory=lambda: MappingProxyType({}))


@dataclass(frozen=True)
class Intervention:
    """An intervention with its reasons.

    Attributes:
        target: IRI of the equipment.
        actions: In the order in which they are to be carried out, all or none.
        evidence: Why; at least one with sources.
        reason_path: IRIs from what was observed to what is to be changed.
        risk: Level of the risk table.
        created: When it was made, in UTC.
        expires_at: After this moment it may not be carried out, in UTC.
        concerns: IRI of the alarm, defect class or characteristic that it is about.
        based_on_cases: IRIs of earlier cases.
        approvals: Signatures.
        dispatch: Where it stands.
        outcome: What came of it.
        tenant: Whose it is.
    """

    target: str
    actions: tuple[Action, ...]
    evidence: tuple[Evidence, ...]
    reason_path: tuple[str, ...]
    risk: Risk
    created: datetime
    expires_at: datetime
    concerns: str = ""
    based_on_cases: tuple[str, ...] = ()
    approvals: tuple[Approval, ...] = ()
    dispatch: DispatchState = "proposed"
    outcome: Outcome | None = None
    tenant: str = "plant"

    @property
    def adjustments(self) -> tuple[ParameterAdjustment, ...]:
        """The actions that write a set point."""
        return tuple(one for one in self.actions if isinstance(one, ParameterAdjustment))

    @property
    def idempotency_key(self) -> str:
        """The same whenever the same change of the same state is recommended within its validity.

        The key holds target, actions and expiry, so a gateway that has carried it out knows it again,
        and a later recommendation of the same step is another one.
        """
        steps = [_action_json(one) for one in self.actions]
        body = [self.tenant, self.target, steps, self.expires_at.astimezone(UTC).isoformat()]
        return sha256(orjson.dumps(body, option=orjson.OPT_SORT_KEYS)).hexdigest()[:24]

    @property
    def signatures_needed(self) -> int:
        """Number of different persons who must sign before it is sent."""
        return risk_rule(self.risk).signatures

    def approve(self, principal: Principal, at: datetime) -> "Intervention":
        """Return it with one more signature.

        Raises:
            Forbidden: If the principal may not approve.
            Conflict: If it expired, is past approval, or the same person signed already.
        """
        principal.require("approver")
        if at >= self.expires_at:
            raise _expired(self, at)
        if self.dispatch not in ("proposed", "approved"):
            raise _state_conflict(self, f"is {self.dispatch} already", "已处理")
        if any(one.principal == principal.id for one in self.approvals):
            raise _state_conflict(self, f"was signed by {principal.id} already", "已由同一人签署")
        signed = (*self.approvals, Approval(principal.id, at.astimezone(UTC)))
        enough = len({one.principal for one in signed}) >= self.signatures_needed
        return replace(self, approvals=signed, dispatch="approved" if enough else "proposed")

    def to_json(self) -> dict[str, JsonValue]:
        """Return it as JSON values; `from_json` reads them back."""
        return {
            "key": self.idempotency_key,
            "target": self.target,
            "concerns": self.concerns,
            "actions": [_action_json(one) for one in self.actions],
            "evidence": [one.to_json() for one in self.evidence],
            "reason_path": list(self.reason_path),
            "risk": self.risk,
            "signatures_needed": self.signatures_needed,
            "created": self.created.astimezone(UTC).isoformat(),
            "expires_at": self.expires_at.astimezone(UTC).isoformat(),
            "based_on_cases": list(self.based_on_cases),
            "approvals": [
                {"principal": one.principal, "at": one.at.astimezone(UTC).isoformat()}
                for one in self.approvals
            ],
            "dispatch": self.dispatch,
            "outcome": None if self.outcome is None else _outcome_json(self.outcome),
            "tenant": self.tenant,
        }


def _action_json(action: Action) -> dict[str, JsonValue]:
    if isinstance(action, ParameterAdjustment):
        facts: dict[str, JsonValue] = {"kind": "ParameterAdjustment", **vars(action)}
        return facts | {"target_value": action.target_value}
    return {
        "kind": action.kind,
        "target": action.target,
        "subjects": list(action.subjects),
        "expected": list(action.expected),
        "found": list(action.found),
    }


def _outcome_json(outcome: Outcome) -> dict[str, JsonValue]:
    return {
        "at": outcome.at.astimezone(UTC).isoformat(),
        "effective": outcome.effective,
        "statement": dict(outcome.statement),
        "data": dict(outcome.data),
    }


# --- judging -------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Problem:
    """What keeps an intervention from being used."""

    code: str
    message: str
    message_zh: str
    next_step: str
    next_step_zh: str


def problems(intervention: Intervention, now: datetime) -> tuple[Problem, ...]:
    """Return everything that is wrong with an intervention at a moment, in the order of its parts."""
    found: list[Problem] = []
    if not intervention.actions:
        found.append(
            _problem("no-action", "It has no action.", "没有任何动作。", "Give an action.")
        )
    if not any(one.sources for one in intervention.evidence):
        found.append(
            _problem(
                "no-evidence",
                "It has no evidence with a source.",
                "没有带来源的证据。",
                "Name the records, cases or models that it rests on.",
            )
        )
    for adjustment in intervention.adjustments:
        found.extend(_adjustment_problems(adjustment))
    if now >= intervention.expires_at:
        found.append(
            _problem(
                "expired",
                f"It expired at {intervention.expires_at.isoformat()}.",
                f"已于 {intervention.expires_at.isoformat()} 失效。",
                "Ask for a new recommendation on the present state.",
            )
        )
    return tuple(found)


def check(intervention: Intervention, now: datetime) -> None:
    """Let an intervention pass if nothing is wrong with it.

    Raises:
        InputError: If a unit, bound or evidence is missing, or a set point leaves its bounds.
        Conflict: If it is otherwise right but expired.
    """
    found = problems(intervention, now)
    if not found:
        return
    kind = Conflict if all(one.code == "expired" for one in found) else InputError
    first = found[0]
    raise kind(
        " ".join(one.message for one in found),
        message_zh="".join(one.message_zh for one in found),
        next_step=first.next_step,
        next_step_zh=first.next_step_zh,
        data={"problems": [one.code for one in found], "key": intervention.idempotency_key},
    )


def _adjustment_problems(one: ParameterAdjustment) -> list[Problem]:
    name, found = local_name(one.parameter), list[Problem]()
    if not one.unit:
        found.append(
            _problem(
                "missing-unit",
                f"{name} has no unit.",
                f"{name} 缺少单位。",
                "Give the UCUM code of its unit.",
            )
        )
    elif find_unit(one.unit) is None:
        found.append(
            _problem(
                "unknown-unit",
                f"{name} has the unknown unit {one.unit!r}.",
                f"{name} 的单位 {one.unit!r} 未知。",
                "Give the UCUM code of its unit.",
            )
        )
    if not one.lower < one.upper:
        found.append(
            _problem(
                "no-bounds",
                f"{name} has no usable bounds ({one.lower:g} to {one.upper:g}).",
                f"{name} 没有有效的上下限（{one.lower:g} 至 {one.upper:g}）。",
                "Give the limits of the machine or the process card.",
            )
        )
    else:
        found.extend(_step_problems(one, name))
    return found


def _step_problems(one: ParameterAdjustment, name: str) -> list[Problem]:
    found: list[Problem] = []
    slack = _SLACK * max(abs(one.lower), abs(one.upper), 1.0)
    if not one.lower - slack <= one.target_value <= one.upper + slack:
        found.append(
            _problem(
                "out-of-bounds",
                f"{name} would become {one.target_value:g} {one.unit}, outside {one.lower:g} to {one.upper:g}.",
                f"{name} 将变为 {one.target_value:g} {one.unit}，超出 {one.lower:g} 至 {one.upper:g}。",
                "Make the step smaller.",
            )
        )
    steps = one.delta / one.resolution if one.resolution > 0 else float("nan")
    if one.delta == 0 or not abs(steps - round(steps, 0)) < 1e-6:  # noqa: PLR2004 - float noise
        found.append(
            _problem(
                "off-resolution",
                f"{name} is changed by {one.delta:g}, no multiple of its step {one.resolution:g}.",
                f"{name} 的调整量 {one.delta:g} 不是步长 {one.resolution:g} 的非零整数倍。",
                "Round the step to the machine's resolution.",
            )
        )
    return found


_NEXT_ZH: Mapping[str, str] = MappingProxyType(
    {
        "no-action": "请给出动作。",
        "no-evidence": "请指明所依据的记录、案例或模型。",
        "missing-unit": "请给出单位的 UCUM 代码。",
        "unknown-unit": "请给出单位的 UCUM 代码。",
        "no-bounds": "请给出设备或工艺卡的上下限。",
        "out-of-bounds": "请减小调整量。",
        "off-resolution": "请按设备步长取整。",
        "expired": "请按当前状态重新获取建议。",
    }
)


def _problem(code: str, message: str, message_zh: str, next_step: str) -> Problem:
    return Problem(code, message, message_zh, next_step, _NEXT_ZH[code])


def _expired(intervention: Intervention, at: datetime) -> Conflict:
    return Conflict(
        f"Intervention {intervention.idempotency_key} expired at {intervention.expires_at.isoformat()}.",
        message_zh=f"干预 {intervention.idempotency_key} 已失效。",
        next_step="Ask for a new recommendation on the present state.",
        next_step_zh="请按当前状态重新获取建议。",
        data={"key": intervention.idempotency_key, "at": at.isoformat()},
    )


def _state_conflict(intervention: Intervention, what: str, what_zh: str) -> Conflict:
    return Conflict(
        f"Intervention {intervention.idempotency_key} {what}.",
        message_zh=f"干预 {intervention.idempotency_key} {what_zh}。",
        next_step="Another person with the role 'approver' signs, or a new recommendation is made.",
        next_step_zh="请由另一位审批人签署，或重新生成建议。",
        data={"key": intervention.idempotency_key, "state": intervention.dispatch},
    )


# --- reading back --------------------------------------------------------------------------------


def from_json(data: Mapping[str, JsonValue]) -> Intervention:
    """Return the intervention of its JSON form.

    Raises:
        InputError: If a part is missing or of the wrong kind; the part is named.
    """
    try:
        return _from_json(dict(data))
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise InputError(
            f"This is no intervention: {error}.",
            message_zh=f"不是有效的干预：{error}。",
            next_step="Send the JSON that POST /decisions returns.",
            next_step_zh="请提交 POST /decisions 返回的 JSON。",
        ) from error


def _from_json(data: dict[str, Any]) -> Intervention:
    facts = {key: data[key] for key in data if key not in ("key", "signatures_needed")}
    outcome = facts.pop("outcome", None)
    facts |= {key: tuple(facts.get(key, ())) for key in ("reason_path", "based_on_cases")}
    facts["actions"] = tuple(_action(one) for one in facts["actions"])
    facts["evidence"] = tuple(evidence_from_json(one) for one in facts["evidence"])
    facts["approvals"] = tuple(
        Approval(one["principal"], datetime.fromisoformat(one["at"]))
        for one in facts.get("approvals", ())
    )
    for moment in ("created", "expires_at"):
        facts[moment] = datetime.fromisoformat(facts[moment])
    if outcome is not None:
        facts["outcome"] = Outcome(**{**outcome, "at": datetime.fromisoformat(outcome["at"])})
    return Intervention(**facts)


def _action(one: dict[str, Any]) -> Action:
    facts = {key: value for key, value in one.items() if key != "target_value"}
    if facts["kind"] == "ParameterAdjustment":
        del facts["kind"]
        return ParameterAdjustment(**facts)
    lists = {key: tuple(facts.get(key, ())) for key in ("subjects", "expected", "found")}
    return Check(**{**facts, **lists})


def evidence_from_json(one: dict[str, Any]) -> Evidence:
    """Return the evidence of its JSON form."""
    return Evidence(**{**one, "sources": tuple(one.get("sources", ()))})
