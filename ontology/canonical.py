"""Canonical N-Triples: equal content, equal bytes, before and after it was in a store.

Blank nodes bear RDFC-1.0 labels, lines are sorted, and numbers are written as Oxigraph keeps them (``1.0`` is ``1``).
"""

from collections.abc import Iterable

import pyoxigraph as ox


def canonical_ntriples(quads: Iterable[ox.Quad]) -> bytes:
    """Return triples in UTF-8, one a line; the graphs that they stand in are left out."""
    kept = ox.Store()
    kept.extend(ox.Quad(*quad.triple) for quad in quads)
    dataset = ox.Dataset(kept)
    dataset.canonicalize(ox.CanonicalizationAlgorithm.RDFC_1_0)
    data = ox.serialize(dataset, format=ox.RdfFormat.N_QUADS) or b""
    return b"".join(sorted(data.splitlines(keepends=True)))
