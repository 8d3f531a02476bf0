"""Null controls: what a model scores when there is nothing to learn. One that stays good cheats.

`shuffle_labels` keeps every count and breaks what goes with what; `rewire` keeps every degree and breaks the graph.
"""

from dataclasses import replace

import numpy as np

from qualweave.gnn.assemble import dealt_out
from qualweave.gnn.dataset import LearningGraph
from qualweave.gnn.labels import Link


def shuffle_labels(graph: LearningGraph, seed: int) -> LearningGraph:
    """Return the graph with each link's parameter drawn from its line, and mechanisms dealt out anew."""
    rng = np.random.default_rng(seed)
    mechanisms = [graph.links[place].mechanism for place in rng.permutation(len(graph.links))]
    links = []
    for link, mechanism in zip(graph.links, mechanisms, strict=True):
        own = graph.parameters_of.get(link.line, ()) or (link.cause,)
        cause = own[int(rng.integers(len(own)))]
        links.append(Link(link.line, cause, link.effect, mechanism, link.count))
    unique = {(one.line, one.cause, one.effect, one.mechanism): one for one in links}
    return graph.with_link_list([unique[key] for key in sorted(unique)])


def rewire(graph: LearningGraph, seed: int) -> LearningGraph:
    """Return the graph with the targets of every relation dealt out anew; which line a sensor is on stays.

    The links themselves stay, since they are what is asked; what the graph shows of them is dealt out like the rest.
    """
    others = {
        name: pairs
        for name, pairs in graph.edges.items()
        if name[:2] != ("line", "has") and name[0] != "link"
    }
    broken = replace(graph, edges={**graph.edges, **dealt_out(others, seed)}, rewired=seed)
    return broken.with_link_list(graph.links)
