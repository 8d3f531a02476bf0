"""What speaks for an item having filled a slot: place, time, weight and every other value measured on both.

Each signal is a log likelihood ratio: how often such a pair is true, learned from the pairs whose tag was read,
against how often it would come about by chance. A signal that has too few pairs to learn from says nothing.
"""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.stats import gaussian_kde, t

from qualweave.reasoning.rebinding.read import Candidate, Case, Slot

Numbers = NDArray[np.float64]
Table = Callable[[Sequence[Slot], Sequence[Candidate]], Numbers]
"""From slots and candidates to a log likelihood ratio each; shape ``(num_slots, num_candidates)``."""
_ENOUGH, _MOST, _GRID = (
    8,
    400,
    512,
)  # pairs to learn from; drawn pairs of chance; places of a density
_ALPHA = 0.5  # Laplace's rule for places, Jeffreys' choice
_TAIL = 4.0  # degrees of freedom: a reading may be wrong now and then
_LEAST, _GREATEST = -12.0, 12.0  # no signal alone is certain
_SEED = 7


@dataclass(frozen=True)
class Signals:
    """The signals of a case by name: ``"place"``, ``"time"`` and the IRIs of parameters."""

    by_name: Mapping[str, Table]
    pairs: int

    def of(self, slots: Sequence[Slot], candidates: Sequence[Candidate]) -> dict[str, Numbers]:
        """Return what each signal says of every pair; 0 where it says nothing."""
        return {
            name: np.clip(table(slots, candidates), _LEAST, _GREATEST)
            for name, table in self.by_name.items()
        }


def possible(slots: Sequence[Slot], candidates: Sequence[Candidate]) -> NDArray[np.bool_]:
    """Return which pairs can be: an item is seen before it is built in, if it is seen at all."""
    unseen = np.array([not one.sights for one in candidates], dtype=bool)
    found: NDArray[np.bool_] = ~np.isnan(_lags(slots, candidates)) | unseen
    return found


def learn(case: Case) -> Signals:
    """Return the signals that the read pairs of a case can teach."""
    pairs = [(slot, case.known[slot.taken]) for slot in case.read if slot.taken in case.known]
    tables = {"place": _place_table(pairs), "time": _time_table(pairs)}
    for parameter in sorted({name for slot, _ in pairs for name in slot.values}):
        tables[parameter] = _value_table(parameter, pairs)
    return Signals({name: one for name, one in tables.items() if one is not None}, len(pairs))


def _place_table(pairs: Sequence[tuple[Slot, Candidate]]) -> Table | None:
    """Return how much more often than by chance an item of one place is built in at another."""
    seen = [(sight.place, slot.place) for slot, one in pairs if (sight := one.last_seen(slot.at))]
    seen = [(origin, target) for origin, target in seen if origin and target]
    both, origins, targets = Counter(seen), Counter(o for o, _ in seen), Counter(t for _, t in seen)
    if len(seen) < _ENOUGH or len(targets) < 2:  # noqa: PLR2004 - one place tells nothing apart
        return None
    total, kinds = len(seen), len(targets)

    def ratio(origin: str, target: str) -> float:
        if origin not in origins or target not in targets:
            return 0.0
        share = (both[origin, target] + _ALPHA) / (origins[origin] + _ALPHA * kinds)
        base = (targets[target] + _ALPHA) / (total + _ALPHA * kinds)
        return float(np.log(share / base))

    def said(slots: Sequence[Slot], candidates: Sequence[Candidate]) -> Numbers:
        found = np.zeros((len(slots), len(candidates)))
        for column, one in enumerate(candidates):
            for row, place in enumerate(_last(slots, one).tolist()):
                if place >= 0:
                    found[row, column] = ratio(one.sights[place].place, slots[row].place)
        return found

    return said


def _time_table(pairs: Sequence[tuple[Slot, Candidate]]) -> Table | None:
    """Return how much likelier than by chance the time is from last being seen to the slot."""
    slots, items = [slot for slot, _ in pairs], [one for _, one in pairs]
    chosen = np.random.default_rng(_SEED).permutation(len(pairs))[:_MOST].tolist()
    lags = _lags([slots[n] for n in chosen], [items[n] for n in chosen])
    off = ~np.eye(len(chosen), dtype=bool)
    true, drawn = lags[~off], lags[off]
    true, drawn = true[~np.isnan(true)], drawn[~np.isnan(drawn)]
    if len(true) < _ENOUGH or len(drawn) < _ENOUGH or np.ptp(true) == 0 or np.ptp(drawn) == 0:
        return None
    grid = np.linspace(0.0, float(max(true.max(), drawn.max())) * 1.1, _GRID)
    floor = 1e-3 / float(np.ptp(drawn))
    some = drawn[:: max(len(drawn) // (4 * _MOST), 1)]
    ratio = np.log((gaussian_kde(true)(grid) + floor) / (gaussian_kde(some)(grid) + floor))

    def said(slots: Sequence[Slot], candidates: Sequence[Candidate]) -> Numbers:
        found = _lags(slots, candidates)
        return np.where(np.isnan(found), 0.0, np.interp(found, grid, ratio))

    return said


def _last(slots: Sequence[Slot], candidate: Candidate) -> NDArray[np.int64]:
    """Return the place of the last sight before each slot, -1 where there is none; shape ``(num_slots,)``."""
    times = np.array([one.at for one in candidate.sights])
    found: NDArray[np.int64] = np.searchsorted(times, [slot.at for slot in slots], "right") - 1
    return found


def _lags(slots: Sequence[Slot], candidates: Sequence[Candidate]) -> Numbers:
    """Return the seconds from the last sight to each slot, NaN where there is none."""
    at = np.array([slot.at for slot in slots])
    found = np.full((len(slots), len(candidates)), np.nan)
    for column, one in enumerate(candidates):
        if one.sights:
            last = _last(slots, one)
            times = np.array([sight.at for sight in one.sights])
            found[:, column] = np.where(last >= 0, at - times[np.maximum(last, 0)], np.nan)
    return found


def _value_table(parameter: str, pairs: Sequence[tuple[Slot, Candidate]]) -> Table | None:
    """Return how much likelier a difference is between two measurements of one item than of any two."""
    both = [
        (slot.values[parameter], one.values[parameter])
        for slot, one in pairs
        if parameter in slot.values and parameter in one.values
    ]
    if len(both) < _ENOUGH:
        return None
    at_slot, on_item = np.array(both).T
    centre, width = _robust(at_slot - on_item)
    middle, spread = _robust(at_slot)
    if width <= 0 or spread <= 0:
        return None

    def said(slots: Sequence[Slot], candidates: Sequence[Candidate]) -> Numbers:
        there = np.array([slot.values.get(parameter, np.nan) for slot in slots])[:, None]
        here = np.array([one.values.get(parameter, np.nan) for one in candidates])[None, :]
        true = t.logpdf(there - here, _TAIL, centre, width)
        ratio: Numbers = np.nan_to_num(true - t.logpdf(there, _TAIL, middle, spread), nan=0.0)
        return ratio

    return said


def _robust(values: Numbers) -> tuple[float, float]:
    """Return median and scaled median deviation, the latter never finer than the readings themselves."""
    centre = float(np.median(values))
    width = 1.4826 * float(np.median(np.abs(values - centre)))
    steps = np.diff(np.unique(values))
    return centre, max(width, float(steps.min()) if len(steps) else 0.0)
