"""Fit the weights of alignment, and print how they do on sets that they have not seen.

Run as ``python -m benchmarks.fit_alignment [--write]``. A conditional logit with a term for "none fits", L2 towards
hand-set weights, negative weights only where a signal speaks against a term by its meaning. Each set counts alike.
Two profiles are fitted: ``any`` for whatever vocabulary, on all sets; ``ontology`` for ours, whose names and ranges
are curated: the same, pulled towards the example plant.
"""

import argparse
import json
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
from scipy.optimize import minimize

from benchmarks.alignment_sets import PLANT, PUBLIC, Sample, load, load_plant
from qualweave.mappers.align.signals import OF_TEXT, SIGNALS

WEIGHTS = Path(__file__).parents[1] / "mappers" / "align" / "weights.json"
NAMES = (*SIGNALS, "nil")
BY_HAND = {
    "exact": 1.0, "only_exact": 0.5, "label_exact": 0.3, "name_covered": 1.5, "label_covered": 2.0,
    "synonym_covered": 1.5, "sibling_covered": 0.5, "context_covered": 1.0, "characters": 2.0,
    "definition_words": 0.5, "meaning": 1.5, "meaning_written": 1.5, "meaning_defined": 0.3, "description": 1.0,
    "description_named": 1.0, "unit": 1.5, "unit_same": 0.5, "unit_missing": -0.5, "unit_unasked": -0.5,
    "range": 1.0, "value_type": 1.0, "kind": 0.5, "company": 1.6, "general": -0.4, "fellow": 0.5,
    "inherited": 6.0, "outdone": -4.0, "nil": 6.0,
}  # fmt: skip
FREE = {"unit_missing", "unit_unasked", "general", "value_type", "range", "kind", "outdone", "nil"}
PRIOR = np.array([BY_HAND[one] for one in NAMES])
_VETO = 50.0
_UNIT = SIGNALS.index("unit")


def scores(matrix: np.ndarray, parameters: np.ndarray) -> np.ndarray:
    """Return the score of each term; shape ``(number of terms,)``."""
    return matrix @ parameters[:-1] - _VETO * (matrix[:, _UNIT] < 0)


def _one(sample: Sample, parameters: np.ndarray) -> tuple[float, np.ndarray]:
    """Return the negative log-likelihood of a field and its gradient."""
    score, nil = scores(sample.matrix, parameters), parameters[-1]
    top = max(float(score.max()), float(nil))
    raised, none = np.exp(score - top), np.exp(nil - top)
    every = raised.sum() + none
    slope = np.append(raised @ sample.matrix, none) / every
    right = raised[sample.gold].sum() if len(sample.gold) else none
    if len(sample.gold):
        slope[:-1] -= raised[sample.gold] @ sample.matrix[sample.gold] / max(right, 1e-300)
    else:
        slope[-1] -= 1.0
    return -float(np.log(right / every + 1e-12)), slope


def loss(
    parameters: np.ndarray, sets: list[list[Sample]], strength: float, prior: np.ndarray
) -> tuple[float, np.ndarray]:
    """Return the mean negative log-likelihood over sets with the pull to the prior, and its gradient."""
    away = parameters - prior
    total, slope = strength * float(away @ away), 2 * strength * away
    for samples in sets:
        for sample in samples:
            part, its = _one(sample, parameters)
            total += part / len(samples) / len(sets)
            slope = slope + its / len(samples) / len(sets)
    return total, slope


def with_absent(
    samples: list[Sample], rng: np.random.Generator, share: float = 0.12
) -> list[Sample]:
    """Return the samples, and some of them again with their gold terms taken out of the vocabulary: none fits then."""
    absent = [
        Sample(one.field, np.delete(one.matrix, one.gold, axis=0), np.array([], dtype=int))
        for one in samples
        if len(one.gold) and rng.random() < share
    ]
    return [*samples, *absent]


def without_text(samples: list[Sample]) -> list[Sample]:
    """Return the samples as they are where no text model is installed."""
    off = [SIGNALS.index(one) for one in OF_TEXT]
    bare = [one.matrix.copy() for one in samples]
    for matrix in bare:
        matrix[:, off] = 0.0
    return [Sample(one.field, matrix, one.gold) for one, matrix in zip(samples, bare, strict=True)]


def fit(sets: list[list[Sample]], strength: float = 0.003, prior: np.ndarray = PRIOR) -> np.ndarray:
    """Return fitted parameters; shape ``(number of signals + 1,)``."""
    bounds = [(None, None) if one in FREE else (0, None) for one in NAMES]
    rng = np.random.default_rng(7)
    fitted = [with_absent(samples, rng) for samples in sets]
    found = minimize(
        loss,
        prior,
        args=(fitted, strength, prior),
        jac=True,
        method="L-BFGS-B",
        bounds=bounds,
        options={"maxiter": 80},
    )
    return found.x


def hits(samples: list[Sample], parameters: np.ndarray) -> float:
    """Return hits@1 over fields with a gold term; a tie at the top is not a hit."""
    told = [one for one in samples if len(one.gold)]
    right = 0
    for one in told:
        score = scores(one.matrix, parameters)
        right += int(score.argmax() in one.gold and (score >= score.max() - 1e-9).sum() == 1)
    return right / max(len(told), 1)


def calibration(samples: list[Sample], parameters: np.ndarray) -> tuple[float, float]:
    """Return (expected calibration error of the top probability over ten bins, share right from 0.8 up)."""
    top, right = [], []
    for one in samples:
        score, nil = scores(one.matrix, parameters), parameters[-1]
        high = max(float(score.max()), float(nil))
        raised = np.exp(score - high)
        top.append(float(raised.max() / (raised.sum() + np.exp(nil - high))))
        right.append(float(score.argmax() in one.gold))
    chance, hit = np.array(top), np.array(right)
    bins = np.minimum((chance * 10).astype(int), 9)
    error = sum(
        abs(chance[bins == n].mean() - hit[bins == n].mean()) * (bins == n).mean()
        for n in np.unique(bins)
    )
    sure = chance >= 0.8
    return float(error), float(hit[sure].mean()) if sure.any() else float("nan")


def main() -> None:
    """Fit, print, and write where asked."""
    arguments = argparse.ArgumentParser()
    arguments.add_argument("--write", action="store_true")
    arguments.add_argument("--most", type=int, default=400)
    chosen = arguments.parse_args()
    rng = np.random.default_rng(20261125)
    data = {name: load(name, chosen.most if name != "units_unece" else 150, rng) for name in PUBLIC}
    with TemporaryDirectory() as folder:
        data[PLANT] = load_plant(Path(folder) / "fit", seed=101)
        other = load_plant(Path(folder) / "other", seed=202)
    everything = fit(list(data.values()))
    print(
        f"{'set':18} {'by hand':>8} {'left out':>9} {'fitted':>8} {'ECE left out':>13} {'right at ≥.8':>13}"
    )
    for name, samples in data.items():
        without = fit([more for key, more in data.items() if key != name])
        error, sure = calibration(samples, without)
        print(
            f"{name:18} {hits(samples, PRIOR):8.3f} {hits(samples, without):9.3f} {hits(samples, everything):8.3f}"
            f" {error:13.3f} {sure:13.3f}",
            flush=True,
        )
    own = fit([data[PLANT]], strength=0.01, prior=everything)
    for name, parameters in (("another plant, any", everything), ("another plant, own", own)):
        error, sure = calibration(other, parameters)
        print(f"{name:18} {'':8} {'':9} {hits(other, parameters):8.3f} {error:13.3f} {sure:13.3f}")
    bare = {name: without_text(samples) for name, samples in data.items()}
    plain = fit(list(bare.values()))
    print(
        "without a text model:",
        {name: round(hits(samples, plain), 3) for name, samples in bare.items()},
    )
    body = {
        "version": "fit-3",
        "any": _named(everything),
        "ontology": _named(own),
        "any without text": _named(plain),
        "ontology without text": _named(fit([bare[PLANT]], strength=0.01, prior=plain)),
    }
    print(json.dumps(body))
    if chosen.write:
        WEIGHTS.write_text(json.dumps(body, indent=1) + "\n")


def _named(parameters: np.ndarray) -> dict[str, float]:
    return {one: round(float(value), 3) for one, value in zip(NAMES, parameters, strict=True)}


if __name__ == "__main__":
    main()
