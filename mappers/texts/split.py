"""Train, dev and test by a hash of the text, near-duplicates on one side.

Complaints repeat: the same mail comes twice, a form is filled in with another number. If one copy is learnt from and
the other is tested on, the figure is a memory. So texts whose character 3-grams overlap (Jaccard, found by MinHash
with banding: Broder 1997; Leskovec, Rajaraman, Ullman, Mining of Massive Datasets, ch. 3) make one group, and the hash
of the group decides its side.
"""

import re
from collections import defaultdict
from collections.abc import Mapping, Sequence
from hashlib import blake2b, sha256
from typing import Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray

from qualweave.mappers.texts.folding import folded_form

Part: TypeAlias = Literal["train", "dev", "test"]
_NEAR = 0.6  # share of 3-grams
_BANDS, _ROWS = 32, 3  # finds pairs at 0.6 with probability 0.9996
_PRIME = (1 << 31) - 1
_SHARES: tuple[tuple[float, Part], ...] = ((0.8, "train"), (0.9, "dev"), (1.0, "test"))
_NOT_TOLD = re.compile(r"[\d\W_]+")


def parts_of(texts: Mapping[str, str], *, seed: int = 0) -> dict[str, Part]:
    """Return the part of each text: 80 % train, 10 % dev, 10 % test.

    Args:
        texts: Id to text.
        seed: Another seed makes another split.
    """
    parts: dict[str, Part] = {}
    for group in groups_of(texts):
        key = min(folded_form(texts[one]) for one in group)
        told = sha256(f"{seed}\0{key}".encode("utf-8", errors="surrogatepass")).digest()
        share = int.from_bytes(told[:8]) / 2**64
        parts |= dict.fromkeys(group, next(part for bound, part in _SHARES if share < bound))
    return parts


def groups_of(texts: Mapping[str, str]) -> list[list[str]]:
    """Return the ids of texts in groups of near-duplicates, each id in one group."""
    names = sorted(texts)
    grams = [_grams(texts[one]) for one in names]
    home = list(range(len(names)))
    for pair in sorted(_candidates(grams)):
        first, second = (_root(home, one) for one in pair)
        if first != second and _likeness(grams[pair[0]], grams[pair[1]]) >= _NEAR:
            home[max(first, second)] = min(first, second)
    found: dict[int, list[str]] = defaultdict(list)
    for at, name in enumerate(names):
        found[_root(home, at)].append(name)
    return list(found.values())


def _root(home: list[int], at: int) -> int:
    while home[at] != at:
        home[at] = home[home[at]]
        at = home[at]
    return at


def _grams(text: str) -> frozenset[int]:
    """Return the hashed 3-grams of a text without digits and marks; a text without letters is its own gram."""
    plain = _NOT_TOLD.sub("", folded_form(text)) or text
    size = min(3, len(plain))
    return frozenset(
        int.from_bytes(
            blake2b(
                plain[at : at + size].encode("utf-8", errors="surrogatepass"), digest_size=4
            ).digest()
        )
        for at in range(len(plain) - size + 1)
    )


def _likeness(one: frozenset[int], other: frozenset[int]) -> float:
    return len(one & other) / max(len(one | other), 1)


def _candidates(grams: Sequence[frozenset[int]]) -> set[tuple[int, int]]:
    """Return pairs of texts that agree in a band of their signatures; a bucket is tied to its first text."""
    draw = np.random.default_rng(0)  # of the method, not of the split
    count = _BANDS * _ROWS
    factors = draw.integers(1, _PRIME, size=count, dtype=np.int64)
    shifts = draw.integers(0, _PRIME, size=count, dtype=np.int64)
    buckets: dict[tuple[int, bytes], list[int]] = defaultdict(list)
    for at, one in enumerate(grams):
        signature = _signature(one, factors, shifts)
        for band in range(_BANDS):
            buckets[band, signature[band * _ROWS : (band + 1) * _ROWS].tobytes()].append(at)
    return {
        (first, other)
        for some in buckets.values()
        for place, first in enumerate(some[:20])
        for other in some[place + 1 :]
    }


def _signature(
    grams: frozenset[int], factors: NDArray[np.int64], shifts: NDArray[np.int64]
) -> NDArray[np.int64]:
    """Return the MinHash signature of 3-grams. shape: (bands * rows,)."""
    values = np.fromiter((one % _PRIME for one in sorted(grams)), dtype=np.int64, count=len(grams))
    hashed = (values[:, None] * factors[None, :] + shifts[None, :]) % _PRIME
    return np.asarray(hashed.min(axis=0), dtype=np.int64)
