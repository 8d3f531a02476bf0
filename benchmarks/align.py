"""Print how alignment does on the public sets and on an example plant, and what each kind of evidence is worth.

Run as ``python -m benchmarks.align [--most N]``. The upper table is the whole product (joint assignment included), as
``qualweave align`` answers. The lower one takes one kind of evidence away at a time, weights unchanged.
"""

import argparse
from collections.abc import Mapping, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import orjson

from benchmarks.alignment_sets import PLANT, PUBLIC, SHARED, Sample, load, load_plant
from qualweave.mappers.align.files import align_files
from qualweave.mappers.align.score import weights
from qualweave.mappers.align.signals import OF_TEXT, SIGNALS

GROUPS: Mapping[str, Sequence[str]] = {
    "nothing": (),
    "exact names": ("exact", "only_exact", "label_exact"),
    "words": ("name_covered", "label_covered", "synonym_covered", "definition_words"),
    "letters": ("characters",),
    "text model": OF_TEXT,
    "unit": ("unit", "unit_same", "unit_missing", "unit_unasked"),
    "range, cells": ("range", "value_type"),
    "kind": ("kind",),
    "siblings": ("sibling_covered", "fellow", "inherited", "outdone"),
    "file, device": ("context_covered", "company"),
}


def whole(name: str) -> dict[str, float]:
    """Return the measures of a public set, all its fields, as ``qualweave align`` answers them."""
    folder = SHARED / "data" / "alignment" / name
    with TemporaryDirectory() as scratch:
        out = Path(scratch) / "p.jsonl"
        align_files(folder / "fields.jsonl", folder / "terms.jsonl", out)
        answers = {row["id"]: row for row in map(orjson.loads, out.read_bytes().splitlines())}
    ranks, gold_top, nil_top, mapped, right = [], [], [], 0, 0
    for row in map(orjson.loads, (folder / "fields.jsonl").read_bytes().splitlines()):
        ranked, gold = answers[row["id"]]["ranked"], set(row["gold"])
        top = ranked[0][1] if ranked else 0.0
        (gold_top if gold else nil_top).append(top)
        if gold:
            ranks.append(_rank(ranked, gold))
        if answers[row["id"]]["decision"] == "map":
            mapped += 1
            right += int(ranked[0][0] in gold)
    place = np.array(ranks)
    wins = [float(a > b) + 0.5 * float(a == b) for a in gold_top for b in nil_top]
    return {
        "hits@1": float((place <= 1).mean()),
        "hits@3": float((place <= 3).mean()),
        "MRR": float((1 / place).mean()),
        "NIL AUROC": float(np.mean(wins)) if wins else float("nan"),
        "map precision": right / mapped if mapped else float("nan"),
        "map coverage": mapped / len(answers),
    }


def _rank(ranked: list[list[object]], gold: set[str]) -> float:
    """Return the mean rank of the best gold term among equal scores."""
    found = [float(str(score)) for term, score in ranked if term in gold]
    if not found:
        return float("inf")
    best = max(found)
    level = [term for term, score in ranked if float(str(score)) == best]
    above = sum(float(str(score)) > best for _, score in ranked)
    return above + (len(level) + 1) / (sum(term in gold for term in level) + 1)


def without(samples: list[Sample], off: Sequence[str], *, own: bool) -> float:
    """Return hits@1 with some signals taken away; the veto of a wrong dimension goes with ``unit``."""
    table = weights("ontology" if own else "any")
    weight = np.array([0.0 if one in off else table[one] for one in SIGNALS])
    veto = 0.0 if "unit" in off else 50.0
    told = [one for one in samples if len(one.gold)]
    right = 0
    for one in told:
        score = one.matrix @ weight - veto * (one.matrix[:, SIGNALS.index("unit")] < 0)
        right += int(score.argmax() in one.gold and (score >= score.max() - 1e-9).sum() == 1)
    return right / max(len(told), 1)


def main() -> None:
    """Print both tables."""
    arguments = argparse.ArgumentParser()
    arguments.add_argument(
        "--most", type=int, default=400, help="fields per set in the lower table"
    )
    most = arguments.parse_args().most
    for name in PUBLIC:
        found = whole(name)
        print(
            f"{name:18}" + "".join(f"  {key} {value:.3f}" for key, value in found.items()),
            flush=True,
        )
    rng = np.random.default_rng(20261126)
    data = {name: load(name, most if name != "units_unece" else 150, rng) for name in PUBLIC}
    with TemporaryDirectory() as folder:
        data[PLANT] = load_plant(Path(folder), seed=303)
    print(f"\n{'hits@1 without':18}" + "".join(f"{name[:13]:>14}" for name in data))
    for group, off in GROUPS.items():
        cells = (without(samples, off, own=name == PLANT) for name, samples in data.items())
        print(f"{group:18}" + "".join(f"{value:14.3f}" for value in cells), flush=True)


if __name__ == "__main__":
    main()
