"""Fit the weights of alignment, and print how they do on sets that they have not seen.

Run as ``python -m benchmarks.fit_alignment [--write]``. A conditional logit with a term for "none fits" and an L2 pull
to the weights that stand before any field was seen; each set counts alike. Profiles: ``any`` for whatever vocabulary,
on all sets; ``ontology`` for ours, whose names and ranges are curated: the same, pulled towards the example plant; each
with and without memory of confirmed fields, with and without a text model.
"""

import argparse
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np

from benchmarks.alignment_sets import PUBLIC, alone, load_plant, read_set, remembering
from qualweave.config import Settings
from qualweave.mappers.align.combiner import (
    NAMES,
    PRIOR,
    Case,
    Combiner,
    combiner,
    fit,
    shipped,
    with_absent,
    without_right,
)
from qualweave.mappers.align.recall import RECALLED
from qualweave.mappers.align.signals import OF_TEXT, Vocabulary
from qualweave.mappers.align.thresholds import first, label_cases, lowest, twin_chance

WEIGHTS = Path(__file__).parents[1] / "mappers" / "align" / "weights.json"
VERSION = "fit-5"
_SHARE = 0.2  # of the fields, with their terms taken away, in setting a threshold


def hits(cases: Sequence[Case], weights: Combiner) -> float:
    """Return hits@1 over fields with a right term; a tie at the top is not a hit."""
    found = [first(one, weights) for one in cases if one.right.any()]
    return sum(right and sole for _, right, sole in found) / max(len(found), 1)


def threshold(
    groups: Sequence[Sequence[Case]],
    weights: Sequence[Combiner],
    labels: Sequence[Sequence[Case]],
) -> float:
    """Return the lowest probability at which the sets together keep precision and spare the absent.

    Args:
        groups: Cases per set.
        weights: Per set, fitted without it.
        labels: Labels of terms per set, for what a vocabulary with near twins asks on its own.

    Returns:
        The probability from which 98 % of the mapped are right (each set counting alike, fields whose terms were
        taken away included), and at most 2 % of the fields without a term are mapped.
    """
    chance, right, absent, share = [], [], [], []
    for cases, combined, named in zip(groups, weights, labels, strict=True):
        least = twin_chance(named, combined)
        rows = [(one, not one.right.any()) for one in cases]
        chosen = np.random.default_rng(21).random(len(cases)) < _SHARE
        rows += [
            (without_right(one), True) for one, take in zip(cases, chosen, strict=True) if take
        ]
        for one, gone in rows:
            likely, good, _ = first(one, combined)
            chance.append(likely if likely >= least else 0.0)
            right.append(good and not gone)
            absent.append(gone)
            share.append(1.0 / len(rows))
    every, worth, none = np.array(chance), np.array(share), np.array(absent)
    found = lowest(every, right, absent=every[none], worth=worth, absent_worth=worth[none])
    return 0.99 if found is None else round(found, 4)


def without_text(cases: Sequence[Case]) -> list[Case]:
    """Return the cases as they are where no text model is installed."""
    off = [NAMES.index(one) for one in OF_TEXT]
    bare = [one.matrix.copy() for one in cases]
    for matrix in bare:
        matrix[:, off] = 0.0
    return [Case(m, one.right, one.places) for m, one in zip(bare, cases, strict=True)]


def fitted(sets: Sequence[Sequence[Case]]) -> Combiner:
    """Return weights fitted on sets of cases."""
    return combiner(fit([with_absent(one) for one in sets]), accept=0.9, version=VERSION)


def left_out(
    data: Mapping[str, Sequence[Case]], labels: Mapping[str, Sequence[Case]]
) -> dict[str, Combiner]:
    """Return, per set, weights and threshold that were fitted without any field of it.

    Args:
        data: Cases per set.
        labels: Labels of terms per set.
    """
    found = {}
    for name in data:
        rest = [one for one in data if one != name]
        weights = fitted([data[one] for one in rest])
        inner = [
            fitted([data[other] for other in rest if other != one]) if len(rest) > 1 else weights
            for one in rest
        ]
        accept = threshold([data[one] for one in rest], inner, [labels[one] for one in rest])
        found[name] = combiner(weights.vector(), accept=accept, version=VERSION)
    return found


def _profile(sets: Mapping[str, Sequence[Case]], labels: Mapping[str, Sequence[Case]]) -> Combiner:
    """Return the weights of all sets; the threshold is set on each by weights fitted without it."""
    weights = fitted(list(sets.values()))
    others = left_out(sets, labels)
    accept = threshold(
        list(sets.values()), [others[one] for one in sets], [labels[one] for one in sets]
    )
    return combiner(weights.vector(), accept=accept, version=VERSION)


def _ours(plant: list[Case], general: Combiner, remembers: Combiner) -> Combiner:
    """Return the weights for our ontology: the example plant's, pulled towards the general ones."""
    values = fit([with_absent(plant)], prior=general.vector(), strength=0.01)
    for name in RECALLED:
        values[NAMES.index(name)] = remembers.weights[name]
    return combiner(values, accept=general.accept, version=VERSION)


def _named(one: Combiner) -> dict[str, float]:
    return {**one.weights, "nil": one.nil, "accept": one.accept}


def cases_of_sets() -> tuple[dict[str, list[Case]], dict[str, list[Case]], dict[str, list[Case]]]:
    """Return the cases of every public set, alone and with memory, and the labels of its terms."""
    bare: dict[str, list[Case]] = {}
    with_memory: dict[str, list[Case]] = {}
    labels: dict[str, list[Case]] = {}
    for name in PUBLIC:
        data = read_set(name)
        vocabulary = Vocabulary(data.terms, Settings())
        bare[name] = [one.case for one in alone(data, vocabulary)]
        if len(set(data.makers)) > 1:
            with_memory[name] = [one.case for one in remembering(data, vocabulary)]
        labels[name] = list(label_cases(vocabulary))
        print(f"{name}: signals made", flush=True)
    return bare, with_memory, labels


def main() -> None:
    """Fit, print, and write where asked."""
    arguments = argparse.ArgumentParser()
    arguments.add_argument("--write", action="store_true")
    chosen = arguments.parse_args()
    bare, memory, named = cases_of_sets()
    with TemporaryDirectory() as folder:
        plant = load_plant(Path(folder) / "fit", seed=101)
        other = load_plant(Path(folder) / "other", seed=202)
    body: dict[str, object] = {"version": VERSION}
    for ending, change in (("", list[Case]), (" without text", without_text)):
        sets = {name: change(cases) for name, cases in bare.items()}
        told_ = {name: change(cases) for name, cases in memory.items()}
        labels = {name: change(cases) for name, cases in named.items()}
        general, remembers = _profile(sets, labels), _profile(told_, labels)
        ours = _ours(change(plant), general, remembers)
        body |= {
            f"any{ending}": _named(general),
            f"any with memory{ending}": _named(remembers),
            f"ontology{ending}": _named(ours),
            f"ontology with memory{ending}": _named(ours),
        }
        _print(f"alone{ending}", sets, general, left_out(sets, labels))
        _print(f"memory{ending}", told_, remembers, left_out(told_, labels))
        print(f"another plant{ending}: {hits(change(other), ours):.3f}", flush=True)
    if chosen.write:
        WEIGHTS.write_text(json.dumps(body, indent=1) + "\n")
        shipped.cache_clear()


def _print(
    title: str,
    sets: Mapping[str, Sequence[Case]],
    weights: Combiner,
    others: Mapping[str, Combiner],
) -> None:
    print(
        f"\n{title}, mapped from {weights.accept}\n{'set':18} {'prior':>7} {'left out':>9} {'fitted':>8}"
    )
    prior = combiner(np.array([*PRIOR.values()]), accept=0.9, version="prior")
    for name, cases in sets.items():
        print(
            f"{name:18} {hits(cases, prior):7.3f} {hits(cases, others[name]):9.3f}"
            f" {hits(cases, weights):8.3f}",
            flush=True,
        )


if __name__ == "__main__":
    main()
