"""`rebind`: which unread item fills which open slot, with a confidence, or why none can be named.

All open slots and candidates of a source are weighed together, one to one. A link is proposed from a confidence
on; where two items fit alike, each has half and neither is proposed. Nothing here is a record: a link is an inference
with its evidence, kept apart from what records say.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final, Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray

from qualweave.evidence import Evidence
from qualweave.iri import local_name
from qualweave.reasoning.rebinding.association import marginals
from qualweave.reasoning.rebinding.read import Candidate, Case, Slot, read_cases
from qualweave.reasoning.rebinding.signals import learn, possible
from qualweave.reasoning.trace.genealogy import CsrGenealogy

LEAST_CONFIDENCE: Final = 0.8
NONE_FITS: Final = 0.2
"""Probability, before anything is known, that the item of a slot is none of the candidates."""
_RIVALS, _RULED_OUT = 5, 0.01
RULE, VERSION = "rebinding by place, time and measured values", "1"

Reason: TypeAlias = Literal["tag-lost", "ambiguous", "no-candidate"]
REASONS: Final[Mapping[Reason, Mapping[str, str]]] = {
    "tag-lost": {
        "en": "Something was built in here and its tag was not read; a link is inferred.",
        "zh": "此处装入的物料标签未被读取；已推断出链接。",
    },
    "ambiguous": {
        "en": "Something was built in here and its tag was not read; several items fit, so none is named.",
        "zh": "此处装入的物料标签未被读取；有多件物料同样符合，故不作推断。",
    },
    "no-candidate": {
        "en": "Something was built in here and its tag was not read; no item fits.",
        "zh": "此处装入的物料标签未被读取；没有符合的物料。",
    },
}
"""Code of a gap at an open slot to its reason in words."""


@dataclass(frozen=True)
class InferredLink:
    """``child`` was probably made from ``parent``, though no record says so.

    Attributes:
        child: The item that was completed.
        parent: The item whose tag was not read.
        confidence: Marginal probability, 0 to 1.
        operation: The operation at which it was built in.
        evidence: What speaks for it, one per signal.
    """

    child: str
    parent: str
    confidence: float
    operation: str
    evidence: tuple[Evidence, ...] = ()


@dataclass(frozen=True)
class OpenSlot:
    """A broken edge as a node: where something was built in unread, and what became of it.

    Attributes:
        operation: The operation.
        child: The item that it completed.
        reason: Key of `REASONS`.
        best: Confidence of the item that fits best, 0 where none does.
        rivals: Items that cannot be ruled out, the likeliest first, at most five.
    """

    operation: str
    child: str
    reason: Reason
    best: float
    rivals: tuple[str, ...] = ()


@dataclass(frozen=True)
class Rebinding:
    """What was inferred of one state of the graph."""

    links: tuple[InferredLink, ...]
    slots: tuple[OpenSlot, ...]
    commit: str = ""


def rebind(index: CsrGenealogy, *, least: float = LEAST_CONFIDENCE) -> Rebinding:
    """Return the links that can be inferred for items whose tag was lost.

    Args:
        index: Genealogy of a state of the graph.
        least: Confidence from which a link is proposed.
    """
    found = [rebind_case(case, least=least) for case in read_cases(index)]
    links = tuple(link for one in found for link in one.links)
    slots = tuple(slot for one in found for slot in one.slots)
    return _each_once(Rebinding(links, slots, commit=index.commit))


def _each_once(found: Rebinding) -> Rebinding:
    """Return what was inferred without the links of an item that several sources claim: it can be in one place only."""
    claims = Counter(link.parent for link in found.links)
    claimed = {parent for parent, count in claims.items() if count > 1}
    links = tuple(link for link in found.links if link.parent not in claimed)
    slots = tuple(
        replace(slot, reason="ambiguous")
        if slot.reason == "tag-lost" and claimed & set(slot.rivals)
        else slot
        for slot in found.slots
    )
    return replace(found, links=links, slots=slots)


def rebind_case(case: Case, *, least: float = LEAST_CONFIDENCE) -> Rebinding:
    """Return what can be inferred for one source; a pure function of what was read."""
    signals = learn(case)
    said = signals.of(case.open, case.unread)
    totals = sum(said.values(), start=np.zeros((len(case.open), len(case.unread))))
    # Without any signal every pair is as likely as another; a weight is against "none of them".
    prior = (1 - NONE_FITS) / NONE_FITS / max(len(case.unread), 1)
    weights = np.exp(np.minimum(totals, 50.0)) * prior
    sure = marginals(np.where(possible(case.open, case.unread), weights, 0.0))
    links, slots = [], []
    for child, rows in _by_child(case.open).items():
        # Which of a child's slots an item fills does not matter to the genealogy: its chances add up.
        joint = sure[rows].sum(axis=0)
        # What nothing speaks for is no link, however few the candidates are.
        spoken = totals[rows].max(axis=0) > 0
        order = np.argsort(-joint, kind="stable").tolist()
        chosen = [n for n in order if joint[n] >= least and spoken[n]]
        free = list(rows)
        for n in chosen[: len(rows)]:
            row = max(free, key=lambda one: (totals[one, n] > 0, sure[one, n]))
            free.remove(row)
            slot, one = case.open[row], case.unread[n]
            weighed = {name: float(table[row, n]) for name, table in said.items() if table[row, n]}
            evidence = _evidence(slot, one, weighed, pairs=signals.pairs)
            confidence = min(float(joint[n]), 1.0)
            links.append(InferredLink(child, one.item, confidence, slot.operation, evidence))
            slots.append(OpenSlot(slot.operation, child, "tag-lost", confidence, (one.item,)))
        slots += [_left_open(case, row, joint) for row in free]
    return Rebinding(tuple(links), tuple(sorted(slots, key=lambda one: one.operation)))


def _by_child(slots: Sequence[Slot]) -> dict[str, list[int]]:
    found: dict[str, list[int]] = {}
    for row, slot in enumerate(slots):
        found.setdefault(slot.child, []).append(row)
    return found


def _left_open(case: Case, row: int, joint: NDArray[np.float64]) -> OpenSlot:
    """Return a slot for which no item is named, with those that cannot be ruled out."""
    order = np.argsort(-joint, kind="stable").tolist()
    rivals = [n for n in order if joint[n] > _RULED_OUT][:_RIVALS]
    fits = bool(rivals) and float(joint.sum()) > NONE_FITS
    slot = case.open[row]
    return OpenSlot(
        operation=slot.operation,
        child=slot.child,
        reason="ambiguous" if fits else "no-candidate",
        best=float(joint[rivals[0]]) if fits else 0.0,
        rivals=tuple(case.unread[n].item for n in rivals) if fits else (),
    )


def _evidence(
    slot: Slot, candidate: Candidate, said: Mapping[str, float], *, pairs: int
) -> tuple[Evidence, ...]:
    sight = candidate.last_seen(slot.at)
    found = []
    for name, weight in sorted(said.items()):
        sources = [slot.operation]
        if name in ("place", "time") and sight is not None:
            sources.append(sight.record)
            words = _seen(name, slot, sight.place, (slot.at - sight.at) / 60)
        else:
            sources.append(candidate.measured.get(name, candidate.item))
            words = _measured(name, slot.values.get(name), candidate.values.get(name))
        found.append(
            Evidence(
                kind=name if name in ("place", "time") else local_name(name),
                statement=words,
                weight=weight,
                sources=tuple(sources),
                rule=RULE,
                version=VERSION,
                data={"pairs": pairs},
            )
        )
    return tuple(found)


def _seen(name: str, slot: Slot, place: str, minutes: float) -> dict[str, str]:
    here, there = local_name(slot.place), local_name(place)
    if name == "place":
        return {
            "en": f"Seen last at {there}, from where items go to {here}.",
            "zh": f"最后出现在 {there}，该处物料送往 {here}。",
        }
    return {
        "en": f"Seen {minutes:.0f} min before it would have been built in.",
        "zh": f"在可能装入前 {minutes:.0f} 分钟出现。",
    }


def _measured(name: str, there: float | None, here: float | None) -> dict[str, str]:
    return {
        "en": f"{local_name(name)}: {there:g} where it was built in, {here:g} on the item.",
        "zh": f"{local_name(name)}：装入处为 {there:g}，该件为 {here:g}。",
    }
