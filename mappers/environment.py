"""Which surroundings an item was made in: observations of beacons and sensors, by place and time.

A beacon knows where it hangs and when it sent, not what stood beside it. An observation is about an item where an
operation that made it ran at the same place (line, or site) when it was taken; an operation too short for any
gets the nearest one within a broadcast interval (R46). The links are derived and made anew from all that is
there, so the order in which beacons and operations arrive decides nothing.
"""

from collections.abc import Iterator, Sequence
from datetime import datetime
from itertools import groupby

import numpy as np
import numpy.typing as npt

from qualweave.iri import Q, graph_iri
from qualweave.store.port import ChangeSet, Snapshot

INTERVAL_S = 30.0
"""Seconds between two broadcasts of a beacon: how far the nearest observation may lie."""
_OBSERVATIONS = """
SELECT DISTINCT ?place ?at ?observation WHERE {
  ?observation a q:EnvironmentObservation ; q:resultTime ?at .
  { ?observation q:onLine ?place } UNION { ?observation q:locatedAt ?place }
}"""
_OPERATIONS = """
SELECT DISTINCT ?place ?operation ?item ?start ?end WHERE {
  VALUES ?place { %s }
  { ?operation q:onLine ?place } UNION { ?operation q:locatedAt ?place }
  ?item q:producedBy ?operation .
  ?operation q:startedAt ?start . OPTIONAL { ?operation q:endedAt ?end }
}"""


def environment_graph(tenant: str, base: str) -> str:
    """Return the IRI of the graph of a tenant's links between observations and items."""
    return graph_iri("data", tenant, "environment", "links", base=base)


def associate(
    snapshot: Snapshot, *, tenant: str, base: str, interval: float = INTERVAL_S
) -> ChangeSet | None:
    """Return the change that links the tenant's environment observations to operations and items.

    Args:
        snapshot: The state, as the tenant sees it.
        tenant: Whose.
        base: Namespace of data IRIs.
        interval: Seconds within which the nearest observation of a short operation may lie.

    Returns:
        The whole graph anew; None where nothing observes the surroundings.
    """
    seen = [
        (_iri(row["place"]), _seconds(row["at"]), _iri(row["observation"]))
        for row in snapshot.select(_OBSERVATIONS)
    ]
    if not seen:
        return None
    seen.sort()
    lines: set[str] = set()
    places = {place: list(ones) for place, ones in groupby(seen, key=lambda one: one[0])}
    times = {place: np.array([at for _, at, _ in ones]) for place, ones in places.items()}
    named = " ".join(f"<{place}>" for place in places)
    for row in snapshot.select(_OPERATIONS % named):
        start = _seconds(row["start"])
        end = _seconds(row["end"]) if row.get("end") is not None else start
        ones = places[_iri(row["place"])]
        for place in _during(times[_iri(row["place"])], start, end, interval=interval):
            for thing in (_iri(row["item"]), _iri(row["operation"])):
                lines.add(f"<{ones[place][2]}> <{Q}hasFeatureOfInterest> <{thing}> .\n")
    return ChangeSet(
        environment_graph(tenant, base),
        "data",
        inserts="".join(sorted(lines)).encode(),
        replace=True,
        about={"derived": "environment by place and time", "triples": len(lines)},
    )


def _during(
    times: npt.NDArray[np.float64], start: float, end: float, *, interval: float
) -> Sequence[int]:
    """Return the places of the times within a span, else of the nearest one that is not too far.

    >>> list(_during(np.array([0.0, 30.0, 60.0]), 25.0, 61.0, interval=30.0))
    [1, 2]
    >>> list(_during(np.array([0.0, 30.0, 60.0]), 40.0, 42.0, interval=30.0))
    [1]
    """
    first, last = (int(np.searchsorted(times, start)), int(np.searchsorted(times, end, "right")))
    if first < last:
        return range(first, last)
    near = min(_around(first, len(times)), key=lambda one: _distance(float(times[one]), start, end))
    return [near] if _distance(float(times[near]), start, end) <= interval else []


def _around(place: int, size: int) -> Iterator[int]:
    yield max(place - 1, 0)
    yield min(place, size - 1)


def _distance(at: float, start: float, end: float) -> float:
    return max(start - at, at - end, 0.0)


def _iri(term: object) -> str:
    return str(getattr(term, "value", term))


def _seconds(term: object) -> float:
    return datetime.fromisoformat(_iri(term)).timestamp()
