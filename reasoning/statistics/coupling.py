"""Coupled failures: defects that only a combination of parameters, across operations, brings about.

Each single value may be usual; the region where several are on one side together is not. Every combination of
up to three parameters, on every side, is screened as a box; the likelihood ratio of its defect rate is held against
the greatest that relabelled items reach anywhere, so the error is controlled over the whole search (Westfall and
Young 1993). A combination is kept only if each of its members is needed. What is found covers its items, and
the rest is searched again. Source of the search: J. H. Friedman, N. I. Fisher, Bump hunting in high-dimensional
data (1999).
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import combinations, product
from types import MappingProxyType
from typing import TypeAlias

import numpy as np
from scipy.special import expit, xlogy
from scipy.stats import binomtest, fisher_exact
from sklearn.linear_model import LogisticRegression

from qualweave.errors import JsonValue, NotEnoughEvidence
from qualweave.evidence import Evidence
from qualweave.iri import local_name
from qualweave.negotiation import Language
from qualweave.reasoning.statistics.rules import Flags, Floats
from qualweave.reasoning.statistics.series import Column, ItemTable

_SCREEN = (0.5, 0.6, 0.7, 0.8, 0.9)  # quantiles of a box's edges, the same for all its members
_REFINE = (*(round(0.3 + 0.05 * step, 2) for step in range(13)), 0.925, 0.95, 0.97, 0.985)
_CHUNK = 2048
_FEWEST_DEFECTS, _MOST_FOUND = 5, 4
_NEARLY_ALL = 0.9  # share of defects in a region whose conditions are all known
_MOST_COLUMNS = 24  # beyond it the columns with the greatest single effect are searched


@dataclass(frozen=True)
class Search:
    """How to search.

    Attributes:
        orders: Sizes of combinations.
        alpha: Chance that anything at all is found where there is nothing.
        relabellings: Number of permutations of the labels.
        seed: Of the permutations.
    """

    orders: tuple[int, ...] = (1, 2, 3)
    alpha: float = 0.05
    relabellings: int = 199
    seed: int = 0


@dataclass(frozen=True)
class Member:
    """One parameter of a combination: at or beyond ``limit`` on a side (1 high, -1 low)."""

    place: int
    side: int
    limit: float
    scale: float

    def margin(self, values: Floats) -> Floats:
        """Return how far items lie inside, in standard deviations of the parameter; shape ``(n,)``."""
        return np.asarray(
            self.side * (values[:, self.place] - self.limit) / self.scale, dtype=np.float64
        )


@dataclass(frozen=True)
class Combination:
    """A combination of parameters whose region holds more defects than chance.

    Attributes:
        members: What is in it.
        inside: Items in the region, in the table that it was found in.
        defects_inside: Those with the defect.
        outside: Items outside.
        defects_outside: Those with the defect.
        ratio: Log-likelihood ratio.
        chance: Family-wise probability of as great a ratio anywhere without any effect.
        slope: Of the logistic curve from margin to probability.
        level: Its level at the region's edge.
        evidence: Why.
    """

    members: tuple[Member, ...]
    inside: int
    defects_inside: int
    outside: int
    defects_outside: int
    ratio: float
    chance: float
    slope: float = 0.0
    level: float = 0.0
    evidence: tuple[Evidence, ...] = ()

    @property
    def incomplete(self) -> bool:
        """Whether a further condition is likely: too many items of the region are good (Wilson, 95 %)."""
        share = binomtest(self.defects_inside, self.inside).proportion_ci(method="wilson").high
        return bool(share < _NEARLY_ALL)

    def margin(self, values: Floats) -> Floats:
        """Return how far items lie inside the region, negative outside; shape ``(n,)``."""
        return np.asarray(
            np.min([one.margin(values) for one in self.members], axis=0), dtype=np.float64
        )


@dataclass(frozen=True)
class CoupledFailures:
    """The combinations that were found, the clearest first."""

    combinations: tuple[Combination, ...]
    columns: tuple[Column, ...] = ()
    searched: Mapping[str, JsonValue] = field(default_factory=lambda: MappingProxyType({}))

    def score(self, values: Floats) -> Floats:
        """Return the probability of the defect that the combinations give each item; shape ``(n,)``."""
        spared = np.ones(len(values))
        for one in self.combinations:
            spared *= 1 - expit(one.level + one.slope * np.clip(one.margin(values), -3, 3))
        return np.asarray(1 - spared, dtype=np.float64)

    def to_json(self) -> dict[str, JsonValue]:
        """Return the combinations as JSON values."""
        return {
            "searched": dict(self.searched),
            "combinations": [
                {
                    "members": [
                        {
                            "parameter": self.columns[m.place].parameter,
                            "process": self.columns[m.place].process,
                            "side": "high" if m.side > 0 else "low",
                            "limit": m.limit,
                        }
                        for m in one.members
                    ],
                    "inside": one.inside,
                    "defects_inside": one.defects_inside,
                    "outside": one.outside,
                    "defects_outside": one.defects_outside,
                    "chance": one.chance,
                    "incomplete": one.incomplete,
                    "evidence": [e.to_json() for e in one.evidence],
                }
                for one in self.combinations
            ],
        }


Named: TypeAlias = Callable[[str, Language], str]
"""How a parameter is called in a language."""


def _by_iri(iri: str, _: Language) -> str:
    return local_name(iri)


def find_combinations(
    table: ItemTable, search: Search | None = None, *, name: Named = _by_iri
) -> CoupledFailures:
    """Return the combinations of parameters that bring a defect about.

    Args:
        table: Items with all their parameters; without missing values (`ItemTable.complete`).
        search: How to search.
        name: How a parameter is called in a language, for the sentences.

    Raises:
        NotEnoughEvidence: If fewer than 5 items have the defect, or fewer than 5 have not.
    """
    found = fit_combinations(table.values, table.defective, search)
    told = tuple(_explained(one, table, name) for one in found.combinations)
    return CoupledFailures(told, table.columns, found.searched)


def fit_combinations(
    values: Floats, defective: Flags, search: Search | None = None
) -> CoupledFailures:
    """Return the combinations in plain arrays.

    Args:
        values: Shape ``(n, p)``, no missing values.
        defective: Shape ``(n,)``.
        search: How to search.

    Raises:
        NotEnoughEvidence: If fewer than 5 items have the defect, or fewer than 5 have not.
    """
    how = search or Search()
    count = int(defective.sum())
    if min(count, len(defective) - count) < _FEWEST_DEFECTS:
        raise NotEnoughEvidence(
            f"{count} of {len(defective)} items have the defect; at least {_FEWEST_DEFECTS} of either kind are needed.",
            message_zh=f"{len(defective)} 个物品中有 {count} 个带缺陷，两类各至少需要 {_FEWEST_DEFECTS} 个。",
            next_step="Collect more inspected items.",
            next_step_zh="请积累更多检验数据。",
            data={"missing": "defective items", "items": len(defective), "defective": count},
        )
    scale = values.std(axis=0)
    places = _chosen(values, defective, scale)
    rest, found = np.ones(len(values), dtype=bool), list[Combination]()
    boxes = 0
    while len(found) < _MOST_FOUND and defective[rest].sum() >= _FEWEST_DEFECTS:
        best, boxes = _best(values[rest], defective[rest], places, how=how, scale=scale)
        if best is None:
            break
        found.append(_curved(best, values, defective))
        rest &= best.margin(values) < 0
    searched: dict[str, JsonValue] = {
        "boxes": boxes, "columns": len(places), "alpha": how.alpha, "relabellings": how.relabellings,
    }  # fmt: skip
    return CoupledFailures(tuple(found), searched=searched)


# --- search --------------------------------------------------------------------------------------


def _chosen(values: Floats, defective: Flags, scale: Floats) -> list[int]:
    places = [int(p) for p in np.flatnonzero(scale > 0)]
    if len(places) > _MOST_COLUMNS:
        effect = np.abs(values[defective].mean(axis=0) - values[~defective].mean(axis=0))
        places = sorted(places, key=lambda p: -float(effect[p] / scale[p]))[:_MOST_COLUMNS]
    return sorted(places)


def _best(
    values: Floats, defective: Flags, places: Sequence[int], *, how: Search, scale: Floats
) -> tuple[Combination | None, int]:
    """Return the clearest combination whose members are all needed, and the number of boxes searched."""
    boxes = [
        (combination, sides, quantile)
        for order in how.orders
        for combination in combinations(places, order)
        for sides in product((1, -1), repeat=order)
        for quantile in _SCREEN
    ]
    halves = {
        (place, side, quantile): side * values[:, place]
        >= np.quantile(side * values[:, place], quantile)
        for place in places
        for side in (1, -1)
        for quantile in _SCREEN
    }
    rng = np.random.default_rng(how.seed)
    labels = np.stack([defective, *(rng.permutation(defective) for _ in range(how.relabellings))])
    ratios, greatest = np.zeros(len(boxes)), np.zeros(how.relabellings)
    for start in range(0, len(boxes), _CHUNK):
        chunk = boxes[start : start + _CHUNK]
        inside = np.stack(
            [np.all([halves[p, s, q] for p, s in zip(c, sides, strict=True)], axis=0)
             for c, sides, q in chunk]
        )  # fmt: skip
        held = _ratios(inside.astype(np.float32), labels.astype(np.float32))
        ratios[start : start + len(chunk)] = held[:, 0]
        greatest = np.maximum(greatest, held[:, 1:].max(axis=0))
    for place in np.argsort(-ratios, kind="stable"):
        chance = float((1 + (greatest >= ratios[place]).sum()) / (1 + how.relabellings))
        if chance > how.alpha:
            break
        columns, sides, quantile = boxes[int(place)]
        found = _refined(values, defective, columns, sides=sides, quantile=quantile, scale=scale)
        if _all_needed(found, values, defective, how.alpha):
            return _counted(found, values, defective, chance), len(boxes)
    return None, len(boxes)


def _ratios(inside: Floats, labels: Floats) -> Floats:
    """Return log-likelihood ratios of boxes against labellings, 0 where the box holds fewer defects.

    Shapes: inside ``(boxes, n)``, labels ``(labellings, n)``, result ``(boxes, labellings)``.
    """
    count, defects = inside.shape[1], float(labels[0].sum())
    size = inside.sum(axis=1, dtype=np.float64)[:, None]
    hit = (inside @ labels.T).astype(np.float64)
    base = defects / count
    with np.errstate(divide="ignore", invalid="ignore"):
        rate, other = hit / size, (defects - hit) / (count - size)
        ratio = xlogy(hit, rate / base) + xlogy(size - hit, (1 - rate) / (1 - base))
        ratio += xlogy(defects - hit, other / base)
        ratio += xlogy(count - size - defects + hit, (1 - other) / (1 - base))
    return np.where((rate > other) & np.isfinite(ratio), ratio, 0.0)


def _refined(
    values: Floats,
    defective: Flags,
    columns: Sequence[int],
    *,
    sides: Sequence[int],
    quantile: float,
    scale: Floats,
) -> tuple[Member, ...]:
    """Return the box with each edge moved, one after the other, to where the ratio is greatest."""

    def member(column: int, side: int, at: float) -> Member:
        limit = side * float(np.quantile(side * values[:, column], at))
        return Member(column, side, limit, float(scale[column]))

    found = [member(c, s, quantile) for c, s in zip(columns, sides, strict=True)]
    label = defective[None, :].astype(np.float64)
    for _ in range(2):
        for place, one in enumerate(found):
            tried = [member(one.place, one.side, at) for at in _REFINE]
            boxes = np.stack(
                [_within([*found[:place], t, *found[place + 1 :]], values) for t in tried]
            )
            found[place] = tried[int(np.argmax(_ratios(boxes.astype(np.float64), label)[:, 0]))]
    return tuple(found)


def _within(members: Sequence[Member], values: Floats) -> Flags:
    if not members:
        return np.ones(len(values), dtype=np.bool_)
    return np.asarray(np.all([one.margin(values) >= 0 for one in members], axis=0), dtype=np.bool_)


def _all_needed(members: Sequence[Member], values: Floats, defective: Flags, alpha: float) -> bool:
    """Return whether each member raises the defect rate within the region of the others (Fisher)."""
    if len(members) == 1:
        return True
    whole = _within(members, values)
    for place in range(len(members)):
        wider = _within([*members[:place], *members[place + 1 :]], values) & ~whole
        table = [
            [int(defective[whole].sum()), int((~defective[whole]).sum())],
            [int(defective[wider].sum()), int((~defective[wider]).sum())],
        ]
        if fisher_exact(table, alternative="greater")[1] > alpha / len(members):
            return False
    return True


def _counted(
    members: tuple[Member, ...], values: Floats, defective: Flags, chance: float
) -> Combination:
    inside = _within(members, values)
    ratio = _ratios(inside[None, :].astype(np.float64), defective[None, :].astype(np.float64))
    return Combination(
        members=members,
        inside=int(inside.sum()),
        defects_inside=int(defective[inside].sum()),
        outside=int((~inside).sum()),
        defects_outside=int(defective[~inside].sum()),
        ratio=float(ratio[0, 0]),
        chance=chance,
    )


def _curved(one: Combination, values: Floats, defective: Flags) -> Combination:
    """Return it with the logistic curve from margin to probability, fitted to all items."""
    margin = np.clip(one.margin(values), -3, 3)[:, None]
    curve = LogisticRegression(C=10.0).fit(margin, defective)
    slope, level = max(0.0, float(curve.coef_[0, 0])), float(curve.intercept_[0])
    return Combination(**{**vars(one), "slope": slope, "level": level})


# --- words ---------------------------------------------------------------------------------------


def _explained(one: Combination, table: ItemTable, name: Named) -> Combination:
    def told(language: Language, joint: str) -> str:
        return joint.join(
            f"{name(table.columns[m.place].parameter, language)} {'≥' if m.side > 0 else '≤'} {m.limit:.4g}"
            for m in one.members
        )

    inside = f"{one.defects_inside}/{one.inside}"
    outside = f"{one.defects_outside}/{one.outside}"
    held = _within(one.members, table.values) & table.defective
    sources = [table.items[int(place)] for place in np.flatnonzero(held)[:20]]
    evidence = Evidence(
        kind="parameter-combination",
        statement={
            "en": f"{told('en', ' and ')}: {inside} items have the defect, {outside} elsewhere "
            f"(family-wise p = {one.chance:.3g}).",
            "zh": f"{told('zh', ' 且 ')}：区域内 {inside} 个有缺陷，其余 {outside}（全局 p = {one.chance:.3g}）。",
        },
        weight=round(one.ratio, 4),
        sources=(*(table.columns[m.place].parameter for m in one.members), *sources),
        rule="box-screen",
        version="1",
        data={"chance": one.chance},
    )
    doubt = (_doubt(one),) if one.incomplete else ()
    return Combination(**{**vars(one), "evidence": (evidence, *doubt)})


def _doubt(one: Combination) -> Evidence:
    good = one.inside - one.defects_inside
    return Evidence(
        kind="question",
        statement={
            "en": f"{good} of {one.inside} items of the region are good: a further condition is likely. "
            "Which operation or parameter of these items has no record in the graph?",
            "zh": f"区域内 {one.inside} 个物品中有 {good} 个合格：可能还有其他条件。"
            "这些物品的哪道工序或参数尚无记录？",
        },
        weight=0.0,
        sources=(),
        rule="box-screen",
        version="1",
        data={"good_inside": good},
    )
