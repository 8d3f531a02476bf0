"""The check that shapes make of themselves: each has an example that passes and one that fails."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from importlib.resources import files

import pyoxigraph as ox
from rdflib import Graph
from rdflib.namespace import RDF, SH

from qualweave.checking import Check, Checked, Finding
from qualweave.shapes.gate import released_constraints, run_constraints, select_from
from qualweave.shapes.load import SHAPES_IRI, load_shapes

PASSES, FAILS = (
    ox.NamedNode(f"https://example.org/id/example/{name}") for name in ("passes", "fails")
)


@lru_cache(maxsize=1)
def example_files() -> dict[str, str]:
    """Return the examples of each shape as TriG, by the shape's local name."""
    folder = files("qualweave.shapes").joinpath("examples")
    found = (one for one in folder.iterdir() if one.name.endswith(".trig"))
    return {one.name.removesuffix(".trig"): one.read_text("utf-8") for one in found}


@dataclass(frozen=True)
class Examples:
    """Each shape has an example that passes and one that fails, and both do; implements `Check`."""

    name: str = "examples"

    def run(self, graph: Graph) -> Checked:
        """Return the outcome, judged with the ontology that is handed in."""
        nodes = load_shapes().subjects(RDF.type, SH.NodeShape)
        shapes = sorted(str(one).removeprefix(f"{SHAPES_IRI}/") for one in nodes)
        ontology = ox.Store()
        ontology.bulk_load(
            input=graph.serialize(format="nt").encode(), format=ox.RdfFormat.N_TRIPLES
        )
        findings = [found for one in shapes for found in self._of(one, ontology)]
        return Checked(self.name, tuple(findings), {"shapes": len(shapes)})

    def _of(self, shape: str, ontology: ox.Store) -> Iterator[Finding]:
        text = example_files().get(shape)
        place = f"shapes/examples/{shape}.trig"
        if text is None:
            yield Finding(self.name, shape, "has no examples", "没有示例", file=place, line=1)
            return
        for which, broken in ((PASSES, False), (FAILS, True)):
            quads = ox.parse(text, format=ox.RdfFormat.TRIG)
            triples = [quad.triple for quad in quads if quad.graph_name == which]
            if not triples or _breaks(shape, triples, ontology) is not broken:
                kind, kind_zh = ("fails", "不合格") if broken else ("passes", "合格")
                message = f"has no example that {kind}"
                yield Finding(self.name, shape, message, f"没有{kind_zh}的示例", file=place, line=1)


def _breaks(shape: str, triples: list[ox.Triple], ontology: ox.Store) -> bool:
    quads = [ox.Quad(*triple) for triple in triples]
    new = [one for one in quads if one not in ontology]
    ontology.extend(new)
    try:
        found = run_constraints(select_from(ontology), released_constraints())
        return any(one.shape == f"{SHAPES_IRI}/{shape}" for one in found)
    finally:
        for one in new:
            ontology.remove(one)


CHECKS: tuple[Check, ...] = (Examples(),)
