"""A release of the ontology as a value: which version, under which IRI, with which content.

Whatever was derived by the ontology names its release, so that an old answer can be repeated.
"""

import hashlib
from dataclasses import dataclass
from functools import lru_cache

from rdflib.namespace import OWL, RDF

from qualweave.errors import InputError
from qualweave.iri import Q
from qualweave.ontology.load import load_graph, load_ntriples


@dataclass(frozen=True)
class Release:
    """One release.

    Attributes:
        version: The date of the release, for example ``"2026-11-25"``.
        content_hash: SHA-256 of the canonical N-Triples of all modules, in hexadecimal.
        modules: IRIs of the modules, sorted.
    """

    version: str
    content_hash: str
    modules: tuple[str, ...]

    @property
    def iri(self) -> str:
        """IRI of the release, which is also the name of its graph."""
        return f"{Q}release/{self.version}"

    @property
    def shapes_iri(self) -> str:
        """Name of the graph that holds the shapes of the release."""
        return f"{self.iri}/shapes"


@lru_cache(maxsize=1)
def current_release() -> Release:
    """Return the release of this installation.

    The version is the newest version of any module.

    Raises:
        InputError: If no module states a version.
        UnreadableSource: If a module is no well-formed Turtle.
    """
    graph = load_graph()
    modules = sorted(str(s) for s in graph.subjects(RDF.type, OWL.Ontology))
    versions = sorted(str(o) for o in graph.objects(None, OWL.versionInfo))
    if not versions:
        msg = "no module of the ontology states owl:versionInfo."
        raise InputError(
            msg,
            message_zh="本体模块均未声明 owl:versionInfo。",
            next_step="Add owl:versionInfo to the header of each module.",
            next_step_zh="请在各模块头部加入 owl:versionInfo。",
        )
    digest = hashlib.sha256(load_ntriples()).hexdigest()
    return Release(versions[-1], digest, tuple(modules))
