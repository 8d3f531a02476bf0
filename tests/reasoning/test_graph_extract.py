"""The typed graph around a node, the whole graph, and the files that both become."""

from pathlib import Path
from typing import Any

import networkx as nx
import pyarrow.parquet as pq
import pytest
import torch

from qualweave.errors import Conflict, InputError, NotFound
from qualweave.graph_files import GraphFormat, write_graph
from qualweave.iri import Q
from qualweave.ontology.terms import TermIndex
from qualweave.property_graph import PropertyGraph
from qualweave.reasoning.graph_extract import neighbourhood, whole_graph
from tests.reasoning.stores import PREFIXES, iri, small

MACHINE, LINE = iri("equipment", "M"), iri("line", "L")
PARTS = "\n".join(
    f"o:O{n} a q:TabWelding ; q:usesEquipment e:M ; q:WeldCurrent {180 + n}.5 . i:P{n} q:producedBy o:O{n} ."
    for n in range(30)
)
PLANT = f"""{PREFIXES}
e:M a q:Equipment, q:ResistanceWelder ; q:onLine l:L ; q:ownedBy g:G .
{PARTS}
d:D a q:FalseWeld ; q:foundOn i:P0 .
<https://id.gs1.org/01/06901003003019/10/A> q:derivedFromMaterial i:P0 .
"""


@pytest.fixture
def snapshot(tmp_path: Path) -> Any:
    with small(tmp_path, PLANT) as found:
        yield found


def around(snapshot: Any, terms: TermIndex, node: str, **wanted: Any) -> PropertyGraph:
    return neighbourhood(snapshot, terms, node, tenant="plant", **wanted)


def test_one_hop_has_what_is_said_of_a_node_and_what_points_to_it(
    snapshot: Any, terms: TermIndex
) -> None:
    found = around(snapshot, terms, iri("item", "P0"))

    assert found.nodes[0].iri == iri("item", "P0")
    assert {(one.iri, one.type) for one in found.nodes[1:]} == {
        (iri("operation", "O0"), "operation"),
        (iri("defect", "D"), "defect"),
        ("https://id.gs1.org/01/06901003003019/10/A", "item"),
    }
    assert (found.total, found.truncated) == (4, False)


def test_a_relation_with_many_ends_leaves_room_for_the_others(
    snapshot: Any, terms: TermIndex
) -> None:
    found = around(snapshot, terms, MACHINE, limit=6)

    assert found.truncated
    assert found.total is None
    assert len(found.nodes) == 6
    assert {LINE, iri("organization", "G")} <= found.number_of.keys()


def test_a_number_is_a_value_in_its_unit_and_a_class_is_no_edge(
    snapshot: Any, terms: TermIndex
) -> None:
    found = around(snapshot, terms, iri("operation", "O1"))

    held = {one.property: (one.value, one.unit) for one in found.values if one.node == 0}
    assert held["q:WeldCurrent"] == (181.5, "A")
    assert found.nodes[0].classes == (Q + "TabWelding",)
    assert not any("type" in one.relation for one in found.edges)


def test_a_term_is_not_walked_through(snapshot: Any, terms: TermIndex) -> None:
    near = around(snapshot, terms, Q + "FalseWeld", hops=1)

    assert near.nodes[0].type == "defect"
    assert all(one.iri.startswith(Q) for one in near.nodes)


def test_an_unknown_node_and_a_text_that_is_no_iri_are_refused(
    snapshot: Any, terms: TermIndex
) -> None:
    with pytest.raises(NotFound, match="knows no"):
        around(snapshot, terms, iri("item", "none"))
    with pytest.raises(InputError, match="no IRI"):
        around(snapshot, terms, "https://example.org/> <x")


def test_another_tenants_node_is_not_there(snapshot: Any, terms: TermIndex) -> None:
    with pytest.raises(NotFound):
        neighbourhood(snapshot, terms, MACHINE, tenant="other")
    assert whole_graph(snapshot, terms, tenant="other").nodes == ()


def test_a_graph_survives_json(snapshot: Any, terms: TermIndex) -> None:
    found = around(snapshot, terms, MACHINE, hops=2, limit=50)

    assert PropertyGraph.from_json(found.to_json()) == found


def test_an_empty_graph_becomes_everything(tmp_path: Path) -> None:
    nothing = PropertyGraph((), ())

    assert nothing.to_networkx().number_of_nodes() == 0
    assert nothing.to_arrow()["values"].num_rows == 0
    assert nothing.to_pyg().node_types == []
    assert write_graph(nothing, "parquet", tmp_path / "none")


@pytest.mark.parametrize("form", ["pyg", "networkx", "parquet"])
def test_the_files_hold_every_node_edge_and_value(
    snapshot: Any, terms: TermIndex, tmp_path: Path, form: GraphFormat
) -> None:
    graph = whole_graph(snapshot, terms, tenant="plant")
    counts = len(graph.nodes), len(graph.edges)
    assert len(graph.nodes) == 30 * 2 + 5

    files = write_graph(graph, form, tmp_path / "new" / "out")

    if form == "pyg":
        data = torch.load(files[0], weights_only=False)
        data.validate()
        assert (data.num_nodes, data.num_edges) == counts
        column = data["operation"].properties.index("q:WeldCurrent")
        place = data["operation"].iri.index(iri("operation", "O3"))
        assert data["operation"].x[place, column] == 183.5
        assert ("operation", "usesEquipment", "equipment") in data.edge_types
    elif form == "networkx":
        read = nx.read_graphml(files[0])
        assert (read.number_of_nodes(), read.number_of_edges()) == counts
        assert read.nodes[iri("operation", "O3")]["q:WeldCurrent"] == 183.5
        assert {facts["relation"] for *_, facts in read.edges(data=True)} >= {"q:producedBy"}
    else:
        nodes, edges, values = (pq.read_table(one) for one in files)
        assert (nodes.num_rows, edges.num_rows) == counts
        assert values.num_rows == len(graph.values)
        assert nodes["iri"].to_pylist()[3] == graph.nodes[3].iri


def test_a_folder_in_the_way_of_a_file_is_told(tmp_path: Path) -> None:
    with pytest.raises(Conflict):
        write_graph(PropertyGraph((), ()), "networkx", tmp_path)
