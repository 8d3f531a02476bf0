"""Alignment on the public sets: hits beside the published baselines, refusal, ablation, and speed.

Run as ``python -m benchmarks align [SET …]``. *Zero-shot*: weights, threshold and everything else that is learned were
fitted without any field of the set in question. *Other makers*: the fields of other makers' devices are memory, and the
weights are adapted to them; `alignment_sets.maker` says which device is whose. *Terms taken away*: a fifth of the terms
that some field means are taken out of the vocabulary, so that their fields mean nothing in it.
"""

import sys
import time
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory

import numpy as np
from scipy.stats import beta

from benchmarks.alignment_sets import PUBLIC, PublicSet, alone, read_set, remembering
from benchmarks.fit_alignment import hits, left_out
from qualweave.config import Settings
from qualweave.mappers.align import Alignment, Remembering, align_targets
from qualweave.mappers.align.combiner import Case, Combiner
from qualweave.mappers.align.files import by_source, is_one_table
from qualweave.mappers.align.recall import RECALLED
from qualweave.mappers.align.signals import OF_TEXT, Vocabulary
from qualweave.mappers.align.thresholds import label_cases

SEEDS = (1, 2, 3, 4, 5)
HIDDEN = 0.2
BASELINES: Mapping[str, tuple[str, str, str]] = {
    "mtconnect_cnc": (".418/.513", ".360/.511", ".627/.820"),
    "battery_cycler": (".518/.771", ".510/.695", ".546/.791"),
    "aas_submodels_de": (".205/.353", ".518/.692", "-"),
    "mes_zh": (".019/.039", ".158/.271", ".186/.398"),
    "units_unece": (".554/.767", "-", "-"),
}
"""hits@1/hits@3 of the shared README: best trivial, multilingual-e5-small, with other makers' confirmations."""
GROUPS: Mapping[str, tuple[str, ...]] = {
    "nothing": (),
    "exact names": ("exact", "only_exact", "label_exact"),
    "words": ("name_covered", "label_covered", "synonym_covered", "definition_words"),
    "abbreviations": ("learnt_covered", "abbreviated", "initials"),
    "letters": ("characters",),
    "numbers in names": ("numbers",),
    "text model": OF_TEXT,
    "descriptions": ("description", "description_named"),
    "unit, dimension": ("unit", "unit_same", "unit_against", "unit_missing", "unit_unasked"),
    "unit grammar": ("unit_named", "unit_identical"),
    "range, cells": ("range", "value_type"),
    "kind": ("kind",),
    "table, component": ("own_attribute", "context_covered", "company", "definition_place"),
    "sibling fields": ("sibling_covered", "fellow"),
    "same namespace": ("together",),
    "withdrawn terms": ("withdrawn",),
    "memory": RECALLED,
}


@dataclass
class Tally:
    """What became of fields whose answer is known.

    Attributes:
        ranks: Of the best right term, ties by their mean; infinity where it is absent.
        mapped: Fields with a term that were mapped, and of these the right ones.
        absent: Fields without a term, and of these the mapped ones.
        top: Probability of the first term of fields with a term, and without one.
        accepts: From which probabilities fields were mapped.
    """

    ranks: list[float] = field(default_factory=list)
    mapped: list[bool] = field(default_factory=list)
    absent: list[bool] = field(default_factory=list)
    top: tuple[list[float], list[float]] = field(default_factory=lambda: ([], []))
    accepts: list[float] = field(default_factory=list)

    def add(self, one: Alignment, gold: Iterable[str], *, all_: set[str]) -> None:
        """Count an answer; ``all_`` are the ids of the vocabulary."""
        right = {term for term in gold if term in all_}
        first = one.ranked[0] if one.ranked else None
        self.top[0 if right else 1].append(first.probability if first else 0.0)
        if not right:
            self.absent.append(one.decision == "accept")
            return
        self.ranks.append(_rank([(term.term, term.probability) for term in one.ranked], right))
        if one.decision == "accept" and first is not None:
            self.mapped.append(first.term in right)

    def hits(self, most: int) -> float:
        """Return the share of fields whose right term is among the first."""
        return float(np.mean([one <= most for one in self.ranks]))

    @property
    def precision(self) -> float:
        """Of the mapped fields, those without a term included, the share that is right."""
        every = len(self.mapped) + sum(self.absent)
        return sum(self.mapped) / every if every else float("nan")

    @property
    def coverage(self) -> float:
        """Of the fields with a term, the share that is mapped."""
        return len(self.mapped) / max(len(self.ranks), 1)

    @property
    def auroc(self) -> float:
        """How often a field with a term has the higher first probability than one without."""
        some, none = (np.array(one) for one in self.top)
        if not len(some) or not len(none):
            return float("nan")
        wins = (some[:, None] > none).mean() + 0.5 * (some[:, None] == none).mean()
        return float(wins)


def _rank(ranked: Sequence[tuple[str, float]], right: set[str]) -> float:
    best = max((chance for term, chance in ranked if term in right), default=None)
    if best is None:
        return float("inf")
    level = [term for term, chance in ranked if chance == best]
    above = sum(chance > best for _, chance in ranked)
    return above + (len(level) + 1) / (sum(term in right for term in level) + 1)


def interval(count: int, of: int) -> tuple[float, float]:
    """Return the 95 % interval of a share (Clopper and Pearson 1934)."""
    low = float(beta.ppf(0.025, count, of - count + 1)) if count else 0.0
    high = float(beta.ppf(0.975, count + 1, of - count)) if count < of else 1.0
    return low, high


def answers(
    data: PublicSet, vocabulary: Vocabulary, places: Sequence[int], known: Remembering
) -> Iterator[tuple[int, Alignment]]:
    """Yield the answers of the product to some fields of a set."""
    rows = [(str(place), data.fields[place][1]) for place in places]
    for group in by_source(rows).values():
        made = align_targets(
            [one for _, one in group], vocabulary, remembering=known, joint=is_one_table(group)
        )
        yield from ((int(at), one) for (at, _), one in zip(group, made, strict=True))


def zero_shot(data: PublicSet, vocabulary: Vocabulary, weights: Combiner) -> Tally:
    """Return what becomes of all fields without memory."""
    known = Remembering.of(vocabulary, (), weights)
    found = answers(data, vocabulary, range(len(data.fields)), known)
    return _tally(data, vocabulary, found, [known.weights.accept])


def other_makers(data: PublicSet, vocabulary: Vocabulary, weights: Combiner) -> Tally:
    """Return what becomes of each maker's fields with those of the others as memory."""
    found: list[tuple[int, Alignment]] = []
    accepts: list[float] = []
    for places in data.folds:
        here = set(places)
        rest = [one for one in range(len(data.fields)) if one not in here]
        told = data.confirmed(rest, vocabulary.by_id)
        known = Remembering.of(vocabulary, told, weights)
        found += answers(data, vocabulary, places, known)
        accepts.append(known.weights.accept)
    return _tally(data, vocabulary, found, accepts)


def _tally(
    data: PublicSet,
    vocabulary: Vocabulary,
    found: Iterable[tuple[int, Alignment]],
    accepts: Sequence[float],
) -> Tally:
    tally, every = Tally(accepts=[*accepts]), set(vocabulary.by_id)
    for place, one in found:
        tally.add(one, data.gold[place], all_=every)
    return tally


def hidden(data: PublicSet, seed: int) -> PublicSet:
    """Return a set in which a fifth of the terms that some field means are taken out of the vocabulary."""
    meant = sorted({term for gold in data.gold for term in gold})
    gone = set(np.random.default_rng(seed).choice(meant, round(HIDDEN * len(meant)), replace=False))
    return replace(data, terms=tuple(one for one in data.terms if one.id not in gone))


def without(cases: Sequence[Case], off: Sequence[str], weights: Combiner) -> float:
    """Return hits@1 with some signals taken away, the weights unchanged."""
    left = {one: 0.0 if one in off else worth for one, worth in weights.weights.items()}
    return hits(cases, replace(weights, weights=left))


@dataclass(frozen=True)
class Prepared:
    """A set with its signals: alone, with memory (none where there is one maker), and of the labels of its terms."""

    data: PublicSet
    vocabulary: Vocabulary
    bare: list[Case]
    told: list[Case]
    labels: list[Case]


def _prepared(names: Sequence[str]) -> dict[str, Prepared]:
    found = {}
    for name in names:
        data = read_set(name)
        vocabulary = Vocabulary(data.terms, Settings())
        bare = [one.case for one in alone(data, vocabulary)]
        several = len(set(data.makers)) > 1
        told = [one.case for one in remembering(data, vocabulary)] if several else []
        found[name] = Prepared(data, vocabulary, bare, told, list(label_cases(vocabulary)))
    return found


def main(names: Sequence[str]) -> None:
    """Print the tables."""
    sets = _prepared(PUBLIC)
    labels = {name: one.labels for name, one in sets.items()}
    bare = left_out({name: one.bare for name, one in sets.items()}, labels)
    told = left_out({name: one.told for name, one in sets.items() if one.told}, labels)
    for name in names:
        counts = Counter(sets[name].data.makers)
        shown = ", ".join(f"{one or '(one)'} {count}" for one, count in counts.most_common(12))
        print(f"makers of {name}: {shown}{' …' if len(counts) > 12 else ''}")
    print(
        "\nhits@1/hits@3        trivial    e5 small   with memory | zero-shot  MRR   other makers  MRR"
    )
    tallies: dict[str, dict[str, Tally]] = {}
    for name in names:
        data, vocabulary = sets[name].data, sets[name].vocabulary
        tallies[name] = {"alone": zero_shot(data, vocabulary, bare[name])}
        if name in told:
            tallies[name]["makers"] = other_makers(data, vocabulary, told[name])
        print(_hits_line(name, tallies[name]), flush=True)
    print(
        "\nmapped              condition         from  precision  coverage  NIL mapped (real)  NIL AUROC"
    )
    for name in names:
        for condition, tally in tallies[name].items():
            print(_mapped_line(name, condition, tally), flush=True)
    _print_hidden(names, sets, bare)
    _print_ablation(names, sets, bare, told)
    _print_speed()


def _hits_line(name: str, found: Mapping[str, Tally]) -> str:
    def pair(tally: Tally | None) -> str:
        if tally is None:
            return "     -          -  "
        mean = float(np.mean([1 / one for one in tally.ranks]))
        return f"{tally.hits(1):.3f}/{tally.hits(3):.3f} {mean:.3f}"

    trivial, small, memory = BASELINES[name]
    return f"{name:18} {trivial:>10} {small:>10} {memory:>12} | {pair(found['alone'])} {pair(found.get('makers'))}"


def _mapped_line(name: str, condition: str, tally: Tally) -> str:
    low, high = min(tally.accepts), max(tally.accepts)
    accept = f"{low:.3f}" if low == high else f"{low:.3f}-{high:.3f}"
    gone = f"{sum(tally.absent)}/{len(tally.absent)}" if tally.absent else "-"
    return (
        f"{name:18} {condition:>10} {accept:>12} {tally.precision:10.3f} {tally.coverage:9.3f}"
        f" {gone:>14} {tally.auroc:14.3f}"
    )


def _print_hidden(
    names: Sequence[str],
    sets: Mapping[str, Prepared],
    weights: Mapping[str, Combiner],
) -> None:
    """Print how fields fare whose terms are not there; 5 seeds, zero-shot."""
    print(
        "\na fifth of the terms taken away: NIL mapped (95 % interval), precision and coverage, mean ± sd of 5 seeds"
    )
    for name in names:
        data = sets[name].data
        gone, of, precision, coverage = 0, 0, [], []
        for seed in SEEDS:
            some = hidden(data, seed)
            tally = zero_shot(some, Vocabulary(some.terms, Settings()), weights[name])
            taken = [one for one, gold in zip(tally.absent, _absent(some), strict=True) if gold]
            gone, of = gone + sum(taken), of + len(taken)
            precision.append(tally.precision)
            coverage.append(tally.coverage)
        low, high = interval(gone, of)
        print(
            f"{name:18} {gone / max(of, 1):.3f} ({low:.3f}-{high:.3f}) of {of}"
            f"   precision {np.nanmean(precision):.3f} ± {np.nanstd(precision):.3f}"
            f"   coverage {np.mean(coverage):.3f} ± {np.std(coverage):.3f}",
            flush=True,
        )


def _absent(data: PublicSet) -> list[bool]:
    """Return, for each field without a term in the order of answers, whether its term was taken away."""
    known = {one.id for one in data.terms}
    rows = [(str(place), data.fields[place][1]) for place in range(len(data.fields))]
    order = [int(at) for group in by_source(rows).values() for at, _ in group]
    return [bool(data.gold[one]) for one in order if not any(t in known for t in data.gold[one])]


def _print_ablation(
    names: Sequence[str],
    sets: Mapping[str, Prepared],
    bare: Mapping[str, Combiner],
    told: Mapping[str, Combiner],
) -> None:
    print(
        "\nhits@1 without each piece of evidence, weights unchanged, no joint assignment: zero-shot | with memory"
    )
    print(f"{'without':18}" + "".join(f"{name[:13]:>16}" for name in names))
    for group, off in GROUPS.items():
        cells = []
        for name in names:
            memory = f"{without(sets[name].told, off, told[name]):.3f}" if name in told else "  -  "
            cells.append(f"{without(sets[name].bare, off, bare[name]):.3f} | {memory}")
        print(f"{group:18}" + "".join(f"{one:>16}" for one in cells), flush=True)


def _print_speed() -> None:
    """Print the time of 500 fields against 3,000 terms; vectors of the terms are on disk, those of fields are not."""
    data = read_set("aas_submodels_de")
    more = read_set("mes_zh")
    terms = (*data.terms, *more.terms)[:3000]
    fields = [one for _, one in data.fields[:500]]
    times = []
    for turn in range(5):
        with TemporaryDirectory() as folder:
            settings = Settings(cache_dir=Path(folder))
            vocabulary = Vocabulary(terms, settings)
            align_targets(fields[:1], vocabulary)  # the model, and the vectors of the terms
            fresh = [replace(one, base_name=f"{one.base_name} {turn}") for one in fields]
            start = time.perf_counter()
            align_targets(fresh, vocabulary)
            times.append(time.perf_counter() - start)
    print(
        f"\n500 fields x {len(terms)} terms: median {median(times):.2f} s of {[round(one, 2) for one in times]}"
    )


if __name__ == "__main__":
    main(sys.argv[1:] or PUBLIC)
