"""Marginals of a one-to-one assignment: which open slot an unread item fills, all of them weighed together.

Each slot takes at most one item and each item fills at most one slot, so an item that fits one slot well speaks
against it in every other. Belief propagation on this bipartite graph gives the marginals; it converges for all
weights. Source: Williams and Lau, Approximate evaluation of marginal association probabilities with belief
propagation, IEEE Trans. Aerospace and Electronic Systems 50 (2014).
"""

import numpy as np
from numpy.typing import NDArray

Matrix = NDArray[np.float64]


def marginals(weights: Matrix, *, steps: int = 200, tolerance: float = 1e-9) -> Matrix:
    """Return the probability of each pair.

    Args:
        weights: Likelihood of slot and item against "none of the items fills this slot", which weighs 1.
            Shape: ``(num_slots, num_items)``; 0 where a pair cannot be.
        steps: Most rounds of messages.
        tolerance: Greatest change of a message at which the rounds end.

    Returns:
        Shape ``(num_slots, num_items)``; a row's rest to 1 is the probability that none of them does.

    >>> marginals(np.array([[9.0, 9.0]])).round(3).tolist()
    [[0.474, 0.474]]
    """
    to_slots = np.ones_like(weights)
    for _ in range(steps):
        offered = weights * to_slots
        to_items = weights / (1.0 + offered.sum(axis=1, keepdims=True) - offered)
        heard = 1.0 / (1.0 + to_items.sum(axis=0, keepdims=True) - to_items)
        change = float(np.abs(heard - to_slots).max(initial=0.0))
        to_slots = heard
        if change < tolerance:
            break
    offered = weights * to_slots
    found: Matrix = offered / (1.0 + offered.sum(axis=1, keepdims=True))
    return found
