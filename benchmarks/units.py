"""Units of OPC UA (UN/ECE) against QUDT, by the comparer of units alone; and each language against the others."""

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import orjson
from numpy.typing import NDArray

from benchmarks.alignment_sets import SHARED
from qualweave.mappers.unit_terms import UnitTerms
from qualweave.unit_grammar import readings

_SET = SHARED / "data" / "alignment" / "units_unece"
_LANGUAGES = ("en", "de", "zh", "sym")
_SURE = 0.3
Row = Mapping[str, Any]


@dataclass(frozen=True)
class Named:
    """The names of a term, and its dimension."""

    names: tuple[str, ...]
    kind: str


def named(row: Row, without: str = "") -> Named:
    """Return a term with the names of all languages but one."""
    said = [text for language, text in row["label"].items() if language != without]
    said += [one for key, texts in row["alt"].items() if key != without for one in texts]
    return Named(tuple(said), row["kind"])


def rank(scores: NDArray[np.float64], gold: Sequence[int]) -> float:
    """Mean rank of the best gold term among equals, as the shared ``score.py`` counts."""
    best = scores[list(gold)].max()
    level = np.flatnonzero(scores == best).tolist()
    hits = len(set(level) & set(gold))
    return float((scores > best).sum() + (len(level) + 1) / (hits + 1))


def public(terms: Sequence[Row], fields: Sequence[Row]) -> None:
    """Print hits of the public fields, and every field that is not first."""
    began = time.process_time()
    compared = UnitTerms([named(one) for one in terms])
    ready = time.process_time()
    place = {one["id"]: at for at, one in enumerate(terms)}
    ranks, missed = [], []
    for one in fields:
        scores = compared.agreement([one["name"], one["description"]])
        gold = [place[term] for term in one["gold"] if term in place]
        ranks.append(rank(scores, gold) if gold else float("inf"))
        if ranks[-1] > 1:
            top = terms[int(scores.argmax())]["id"]
            missed.append(
                f"  {one['name']} | {one['description']}: {top}, gold {' '.join(one['gold'])}"
            )
    spent = time.process_time() - ready
    hits = [sum(one <= most for one in ranks) / len(ranks) for most in (1, 3, 5)]
    print(
        f"units_unece, zero-shot, comparer alone: hits@1 {hits[0]:.4f}  @3 {hits[1]:.4f}  @5 {hits[2]:.4f}"
    )
    print(
        f"set-up of {len(terms)} terms {ready - began:.2f} s CPU, {spent / len(fields) * 1000:.2f} ms CPU a field"
    )
    print("not first:", *missed, sep="\n")


def crosswise(terms: Sequence[Row]) -> None:
    """Print how often the texts of one language alone find their term by the names of the others."""
    physical = [one for one in terms if "CCY" not in one["id"]]
    for language in _LANGUAGES:
        compared = UnitTerms([named(one, without=language) for one in physical])
        asked = first = unread = 0
        for place, one in enumerate(physical):
            said = one["alt"].get("sym", []) if language == "sym" else [one["label"].get(language)]
            for text in filter(None, said):
                scores = compared.agreement([text])
                asked += 1
                unread += not readings(text)
                first += scores[place] > _SURE and not (scores > scores[place] + 1e-9).any()
        print(
            f"{language:>3} by the other languages: {first / asked:.3f} of {asked} in front, {unread} unread"
        )


def main() -> None:
    """Print the tables."""
    terms = [orjson.loads(one) for one in (_SET / "terms.jsonl").read_bytes().splitlines()]
    fields = [orjson.loads(one) for one in (_SET / "fields.jsonl").read_bytes().splitlines()]
    public(terms, fields)
    crosswise(terms)


if __name__ == "__main__":
    main()
