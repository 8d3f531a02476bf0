"""Fit the weights of alignment on the public sets and print how they do on sets they have not seen.

Run as ``python -m benchmarks.fit_alignment [--write]``. A conditional logit with a term for "none fits", L2 towards
the former weights, positive weights only where a signal is support by its meaning. Each set counts alike.
"""

import argparse
import json
import os
from pathlib import Path

import numpy as np
import orjson
from scipy.optimize import minimize

from qualweave.config import Settings
from qualweave.mappers.align.files import read_fields
from qualweave.mappers.align.signals import SIGNALS, Vocabulary, signals
from qualweave.mappers.align.target import read_terms

SHARED = Path(os.environ.get("QUALWEAVE_SHARED", Path(__file__).parents[2] / "shared"))
SETS = ("mtconnect_cnc", "battery_cycler", "mes_zh", "aas_submodels_de")
WEIGHTS = Path(__file__).parents[1] / "mappers" / "align" / "weights.json"
Sample = tuple[np.ndarray, np.ndarray]


def load(name: str, most: int, rng: np.random.Generator) -> list[Sample]:
    """Return (signals of all terms, places of the gold terms) of some fields of a set."""
    folder = SHARED / "data" / "alignment" / name
    vocabulary = Vocabulary(read_terms(folder / "terms.jsonl"), Settings())
    golds = [set(orjson.loads(line)["gold"]) for line in (folder / "fields.jsonl").read_bytes().splitlines()]
    fields = read_fields(folder / "fields.jsonl")
    chosen = rng.permutation(len(fields))[:most]
    found = []
    for place in chosen:
        made = signals(fields[place][1], vocabulary)
        matrix = np.stack([made[one] for one in SIGNALS], axis=1)
        found.append((matrix, np.array([vocabulary.by_id[g] for g in golds[place] if g in vocabulary.by_id], dtype=int)))
    return found


def loss(parameters: np.ndarray, sets: list[list[Sample]], prior: np.ndarray, strength: float) -> float:
    """Return the mean negative log-likelihood over sets, and the pull to the prior."""
    weights, nil = parameters[:-1], parameters[-1]
    total = 0.0
    for samples in sets:
        part = 0.0
        for matrix, gold in samples:
            score = matrix @ weights - 50.0 * (matrix[:, SIGNALS.index("unit")] < 0)
            top = max(score.max(), nil)
            raised = np.exp(score - top)
            none = np.exp(nil - top)
            right = raised[gold].sum() if len(gold) else none
            part -= np.log(right / (raised.sum() + none) + 1e-9)
        total += part / len(samples)
    return total / len(sets) + strength * float(((parameters - prior) ** 2).sum())


def fit(sets: list[list[Sample]], prior: np.ndarray, strength: float = 0.01) -> np.ndarray:
    """Return fitted parameters; shape ``(number of signals + 1,)``."""
    free = {"unit_missing", "general", "value_type", "range"}
    bounds = [(None, None) if one in free else (0, None) for one in SIGNALS] + [(None, None)]
    return minimize(loss, prior, args=(sets, prior, strength), method="L-BFGS-B", bounds=bounds, options={"maxiter": 60}).x


def hits(samples: list[Sample], parameters: np.ndarray) -> float:
    """Return hits@1 over fields with a gold term."""
    right = total = 0
    for matrix, gold in samples:
        if len(gold):
            score = matrix @ parameters[:-1] - 50.0 * (matrix[:, SIGNALS.index("unit")] < 0)
            total += 1
            right += int(score.argmax() in gold and (score == score.max()).sum() == 1)
    return right / max(total, 1)


def main() -> None:
    """Fit, print, and write where asked."""
    arguments = argparse.ArgumentParser()
    arguments.add_argument("--write", action="store_true")
    arguments.add_argument("--most", type=int, default=250)
    chosen = arguments.parse_args()
    former = json.loads(WEIGHTS.read_text())
    prior = np.array([former["weights"][one] for one in SIGNALS] + [former["nil"]])
    rng = np.random.default_rng(20261125)
    data = {name: load(name, chosen.most, rng) for name in SETS}
    print(f"{'set':20} {'former':>8} {'left out':>9} {'all':>8}")
    everything = fit(list(data.values()), prior)
    for name, samples in data.items():
        without = fit([other for key, other in data.items() if key != name], prior)
        print(f"{name:20} {hits(samples, prior):8.3f} {hits(samples, without):9.3f} {hits(samples, everything):8.3f}", flush=True)
    print({one: round(float(value), 2) for one, value in zip((*SIGNALS, "nil"), everything, strict=True)})
    if chosen.write:
        weights = {one: round(float(value), 3) for one, value in zip(SIGNALS, everything, strict=False)}
        body = {"version": "fit-1", "nil": round(float(everything[-1]), 3), "weights": weights}
        WEIGHTS.write_text(json.dumps(body, indent=1) + "\n")


if __name__ == "__main__":
    main()
