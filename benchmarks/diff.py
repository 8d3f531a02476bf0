"""How long a diff of two states of the ontology takes: in words and as KGCL, over 5,000 triples and over all."""

import random
import statistics
import time
from collections.abc import Callable

from rdflib import RDFS, Graph, Literal, URIRef

from qualweave.ontology.diff import diff
from qualweave.ontology.kgcl import changes_between, to_commands
from qualweave.ontology.load import load_graph, load_module, module_files

ROUNDS = 5
EDITS = 100


def about(limit: int) -> Graph:
    """Return whole modules until they have ``limit`` triples at least."""
    graph = Graph()
    for file in module_files():
        for triple in load_module(file):
            graph.add(triple)
        if len(graph) >= limit:
            break
    return graph


def edited(graph: Graph) -> Graph:
    """Return a graph with the English labels of some terms changed."""
    result = Graph()
    for triple in graph:
        result.add(triple)
    rng = random.Random(1)  # noqa: S311 (not for secrets)
    terms = sorted({s for s in graph.subjects(RDFS.label) if isinstance(s, URIRef)})
    for term in rng.sample(terms, EDITS):
        result.remove((term, RDFS.label, None))
        result.add((term, RDFS.label, Literal("another", lang="en")))
    return result


def seconds(work: Callable[[], object]) -> float:
    """Return the median time of some rounds."""
    taken = []
    for _ in range(ROUNDS):
        start = time.perf_counter()
        work()
        taken.append(time.perf_counter() - start)
    return statistics.median(taken)


def main() -> None:
    """Print the table."""
    print(f"{'triples':>8}{'changes':>9}{'words, s':>10}{'KGCL, s':>9}{'same, s':>9}")
    for graph in (about(5000), load_graph()):
        other = edited(graph)
        changes = changes_between(graph, other)
        words = seconds(lambda a=graph, b=other: diff(a, b))
        kgcl = seconds(lambda a=graph, b=other: to_commands(changes_between(a, b)))
        same = seconds(lambda a=graph: changes_between(a, a))
        print(f"{len(graph):>8}{len(changes):>9}{words:>10.2f}{kgcl:>9.2f}{same:>9.2f}")


if __name__ == "__main__":
    main()
