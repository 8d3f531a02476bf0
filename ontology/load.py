"""Reading the ontology that this installation carries.

The modules are resources of the package, so a wheel, a checkout and a zip all answer the same. Two
forms are given: an rdflib graph for checking, comparing and indexing, and N-Triples for a store. The
N-Triples are canonical (RDFC-1.0 blank node labels, sorted), so equal content gives equal bytes.
"""

from functools import lru_cache
from importlib.resources import files
from importlib.resources.abc import Traversable

import pyoxigraph as ox
from rdflib import Graph
from rdflib.term import Node

from qualweave.errors import NotFound, UnreadableSource
from qualweave.ontology.canonical import canonical_ntriples

MODULE_IRI = "https://w3id.org/qonto/module/"


def module_files() -> tuple[Traversable, ...]:
    """Return the Turtle files of all modules, by name."""
    return _in_folder("modules", ".ttl")


def codelist_files() -> tuple[Traversable, ...]:
    """Return the Turtle files of all code lists, by name."""
    return _in_folder("codelists", ".ttl")


def alignment_files() -> tuple[Traversable, ...]:
    """Return the Turtle files of all alignment modules, by name.

    They are no part of `load_graph`: whoever wants the axioms of a target merges its module.
    """
    return _in_folder("align", ".ttl")


def mapping_files() -> tuple[Traversable, ...]:
    """Return the SSSOM tables of all mappings, by name."""
    return _in_folder("mappings", ".sssom.tsv")


def _in_folder(name: str, ending: str) -> tuple[Traversable, ...]:
    folder = files("qualweave.ontology").joinpath(name)
    found = [f for f in folder.iterdir() if f.name.endswith(ending)]
    return tuple(sorted(found, key=lambda f: f.name))


def module_name(file: Traversable) -> str:
    """Return the module's name, for example ``"process"`` for ``process.ttl``."""
    return file.name.removesuffix(".ttl")


def load_module(file: Traversable) -> Graph:
    """Parse one module.

    Raises:
        UnreadableSource: If the file is no well-formed Turtle.
    """
    try:
        return empty_graph().parse(data=file.read_text(encoding="utf-8"), format="turtle")
    except Exception as error:  # rdflib raises whatever its parser meets
        raise _unreadable(file, error) from error


def empty_graph() -> Graph:
    """Return an empty graph for an ontology: rdflib's plain store, which keeps no contexts and is twice as fast."""
    return Graph(store="SimpleMemory")


def load_graph() -> Graph:
    """Return all modules as one graph; every call gives a graph of its own.

    Raises:
        UnreadableSource: If a module is no well-formed Turtle.
    """
    graph = empty_graph()
    for triple in _triples():
        graph.add(triple)
    return graph


def load_alignment(name: str) -> Graph:
    """Return the alignment module of one target, for example ``"iof"``: axioms only, no outside ontology.

    Raises:
        NotFound: If there is no alignment module of that name.
        UnreadableSource: If the module is no well-formed Turtle.
    """
    for file in alignment_files():
        if module_name(file) == name:
            return load_module(file)
    known = [module_name(file) for file in alignment_files()]
    raise NotFound(
        f"there is no alignment module {name}.",
        message_zh=f"没有名为 {name} 的对齐模块。",
        next_step=f"Choose one of: {', '.join(known)}.",
        next_step_zh=f"请选择：{'、'.join(known)}。",
        data={"name": name, "known": [*known]},
    )


@lru_cache(maxsize=1)
def _triples() -> tuple[tuple[Node, Node, Node], ...]:
    """Every triple of the modules; reading them takes a second, so that it is done once."""
    return tuple(triple for file in module_files() for triple in load_module(file))


@lru_cache(maxsize=1)
def load_codelists() -> bytes:
    """Return all code lists as canonical N-Triples.

    Raises:
        UnreadableSource: If a list is no well-formed Turtle.
    """
    return _canonical(codelist_files())


@lru_cache(maxsize=1)
def load_ntriples() -> bytes:
    """Return all modules as canonical N-Triples in UTF-8, one triple a line, lines sorted.

    Raises:
        UnreadableSource: If a module is no well-formed Turtle.
    """
    return _canonical(module_files())


def _canonical(turtle_files: tuple[Traversable, ...]) -> bytes:
    found: list[ox.Quad] = []
    for file in turtle_files:
        content = file.read_bytes()
        try:
            found += ox.parse(content, format=ox.RdfFormat.TURTLE, rename_blank_nodes=True)
        except (SyntaxError, ValueError) as error:
            raise _unreadable(file, error) from error
    return canonical_ntriples(found)


def _unreadable(file: Traversable, error: Exception) -> UnreadableSource:
    return UnreadableSource(
        f"{file.name} of the ontology is no well-formed Turtle: {error}",
        message_zh=f"本体文件 {file.name} 不是格式正确的 Turtle：{error}",
        next_step="Repair the file at the line that is named, then load again.",
        next_step_zh="请修复所指出的行后重新加载。",
        data={"file": file.name},
    )
