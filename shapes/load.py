"""Reading the shapes that this installation carries, as package resources."""

from functools import lru_cache
from importlib.resources import files

from rdflib import Graph

SHAPES_IRI = "https://w3id.org/qonto/shapes"


def load_shapes() -> Graph:
    """Return every shape as one rdflib graph, a graph of its own on every call."""
    graph = Graph()
    for name, text in shape_files():
        graph.parse(data=text, format="turtle", publicID=f"{SHAPES_IRI}/{name}")
    return graph


@lru_cache(maxsize=1)
def shape_files() -> tuple[tuple[str, str], ...]:
    """Return ``(file name, Turtle)`` of every shape file, by name."""
    folder = files("qualweave.shapes")
    found = (entry for entry in folder.iterdir() if entry.name.endswith(".ttl"))
    return tuple(sorted((entry.name, entry.read_text("utf-8")) for entry in found))
