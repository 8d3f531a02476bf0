"""The Python client, sync and async, and the notebook, against a service that really runs on a loopback port."""

import asyncio
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import orjson
import pyarrow.parquet as pq
import pytest
from mcp import Client as McpClient
from mcp import StdioServerParameters

from qualweave.client import AsyncClient, Client
from qualweave.errors import (
    Forbidden,
    InputError,
    NotEnoughEvidence,
    NotFound,
    QualweaveError,
    StoreError,
    UnknownTerm,
)
from qualweave.iri import local_name
from tests.api.conftest import Plants
from tests.api.serving import serving

NOTEBOOK = Path(__file__).parents[2] / "examples" / "notebooks" / "three_stories.ipynb"


@pytest.fixture(scope="module")
def url(plants: Plants, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Address of a service over a copy of the plant's folder; it is ended by its own process id."""
    with serving(plants(1).made, tmp_path_factory.mktemp("served")) as address:
        yield address


@pytest.fixture
def client(url: str) -> Iterator[Client]:
    with Client(url) as found:
        yield found


@pytest.fixture
def told(plants: Plants) -> Any:
    return plants(1).oracle("incidents.json")


def test_a_table_becomes_lists_arrow_and_pandas(client: Client) -> None:
    with pytest.warns(UserWarning, match="q:noSuchThing"):
        found = client.sparql(
            "SELECT ?s ?v ?at ?nothing WHERE { ?s q:WeldCurrent ?v ; q:startedAt ?at . "
            "OPTIONAL { ?s q:noSuchThing ?nothing } } ORDER BY ?s LIMIT 5"
        )

    arrow, frame, rows = found.to_arrow(), found.to_pandas(), found.to_list()
    assert len(found) == arrow.num_rows == len(frame) == len(rows) == 5
    assert arrow.column_names == list(frame.columns) == ["s", "v", "at", "nothing"]
    assert str(arrow.schema.field("v").type) == "double"
    assert frame["v"].tolist() == [row["v"] for row in rows] == arrow["v"].to_pylist()
    assert rows[0]["at"].tzinfo is not None  # type: ignore[union-attr]
    assert rows[0]["nothing"] is None


def test_an_empty_table_keeps_its_columns(client: Client) -> None:
    found = client.sparql("SELECT ?a ?b WHERE { ?a q:WeldCurrent ?b FILTER(?b > 1e9) }")

    assert found.to_list() == []
    assert found.to_arrow().column_names == list(found.to_pandas().columns) == ["a", "b"]


def test_truth_and_graphs_come_back(client: Client) -> None:
    assert client.ask("ASK { ?s q:WeldCurrent ?v }")
    triples = client.construct("CONSTRUCT { ?s q:on ?v } { ?s q:WeldCurrent ?v } LIMIT 2")
    assert len(triples.strip().splitlines()) == 2


def test_recall_trace_and_decision_are_those_of_the_oracle(url: str, told: Any) -> None:
    lot, station = told["who-ate-this-lot"], told["weld-intervention"]
    with Client(url, principal="李工", roles="engineer") as client:
        scope = client.recall(lot["as_written"]["epcis"])
        back = client.trace(scope["affected"][-1], step_limit=0)
        found = client.decisions(station=station["station"], defect=f"q:{station['defect']}")

    assert scope["count"] == len(lot["scope"])
    assert lot["item"] in {one["item"] for one in back["nodes"]}
    assert found["interventions"][0]["sentence"]["zh"] == station["sentence_zh"]


@pytest.mark.parametrize(
    ("method", "arguments", "kind"),
    [
        ("sparql", {"query": "SELECT"}, InputError),
        ("term", {"name": "warpag"}, UnknownTerm),
        ("trace", {"item": "nobody-knows-this"}, NotFound),
        ("neighbourhood", {"iri": "no such term"}, UnknownTerm),
        ("neighbourhood", {"iri": "http://x/ y"}, InputError),
        ("neighbourhood", {"iri": "https://example.org/id/plant/item/none"}, NotFound),
        ("decisions", {"station": "x"}, Forbidden),
        ("similar_cases", {}, InputError),
    ],
    ids=lambda value: str(value)[:40] if not isinstance(value, type) else value.__name__,
)
def test_an_error_of_the_service_is_of_the_same_class_here(
    client: Client, method: str, arguments: dict[str, str], kind: type[QualweaveError]
) -> None:
    with pytest.raises(kind) as caught:
        getattr(client, method)(**arguments)

    assert type(caught.value) is kind
    assert caught.value.next_step


def test_missing_evidence_keeps_its_data(client: Client, told: Any) -> None:
    with pytest.raises(NotEnoughEvidence) as caught:
        client.causes(told["four-dimensions"]["units"][0])

    assert caught.value.data["missing"] == ["genealogy"]


def test_a_service_that_is_not_there_is_said_so() -> None:
    with Client("http://127.0.0.1:9", timeout=2) as client, pytest.raises(StoreError, match="9"):
        client.status()


def test_the_neighbourhood_is_typed_capped_and_convertible(client: Client, told: Any) -> None:
    unit = told["four-dimensions"]["units"][0]
    item = client.item(unit)["item"]

    whole, cut = client.neighbourhood(item, hops=2), client.neighbourhood(item, hops=3, limit=8)

    graph, data = whole.to_networkx(), whole.to_pyg()
    assert not whole.truncated
    assert (cut.truncated, len(cut.nodes)) == (True, 8)
    assert graph.number_of_nodes() == len(whole.nodes) == data.num_nodes
    assert graph.number_of_edges() == len(whole.edges) == data.num_edges
    assert {"item", "operation"} <= set(whole.node_types) == set(data.node_types)
    assert item in data["item"].iri
    assert whole.number_of[item] == 0


def test_what_a_code_may_mean_is_asked_in_its_scope(client: Client, told: Any) -> None:
    code = told["scoped-code"]
    machine, meaning = next(iter(code["meanings"].items()))

    (entry,) = client.code_candidates(code["code"], machine=machine)["entries"]

    assert local_name(entry["candidates"][0]["concept"]["iri"]) == meaning


def test_two_questions_at_once_from_an_event_loop(url: str, told: Any) -> None:
    async def both() -> tuple[Any, Any]:
        async with AsyncClient(url) as client:
            return await asyncio.gather(
                client.recall(told["who-ate-this-lot"]["item"]),
                client.sparql("SELECT ?s { ?s a q:TabWelding } LIMIT 3"),
            )

    scope, table = asyncio.run(both())

    assert scope["count"] == len(told["who-ate-this-lot"]["scope"])
    assert len(table) == 3


def test_another_tenant_sees_nothing(url: str, told: Any) -> None:
    item = told["who-ate-this-lot"]["item"]
    with Client(url, tenant="other") as client:
        assert not client.ask("ASK { ?s q:WeldCurrent ?v }")
        with pytest.raises(NotFound):
            client.neighbourhood(item)
        with pytest.raises(NotFound):
            client.code(told["scoped-code"]["code"])
        with pytest.raises(NotFound):
            client.code_candidates(told["scoped-code"]["code"])
        assert client.similar_cases(defect="Warpage")["total"] == 0
        assert "labelled" not in str(client.causal_links("Warpage"))


def test_the_tools_are_the_same_over_a_running_service(url: str, told: Any) -> None:
    server = StdioServerParameters(
        command=sys.executable,
        args=["-m", "qualweave.api.cli", "mcp", "--url", url],
        env={name: os.environ[name] for name in ("PATH", "PYTHONPATH") if name in os.environ},
    )

    async def walk() -> Any:
        async with McpClient(server) as model:
            return await model.call_tool("resolve_code", {"code": told["scoped-code"]["code"]})

    found = asyncio.run(walk()).structured_content

    assert found["ambiguous"]
    assert len(found["meanings"]) == len(told["scoped-code"]["meanings"])


def test_the_notebook_runs_from_top_to_bottom(
    url: str, told: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("QUALWEAVE_URL", url)
    cells = orjson.loads(NOTEBOOK.read_bytes())["cells"]
    space: dict[str, Any] = {}

    for cell in cells:
        if cell["cell_type"] == "code":
            exec("".join(cell["source"]), space)  # noqa: S102 - the notebook is ours

    code = told["scoped-code"]
    assert code["code"] in space["codes"]["code"].tolist()
    assert space["refusal"].next_step
    assert space["scope"]["count"] > 0
    assert space["depth"][space["lot"]] > 0
    assert local_name(space["term"]["iri"]) == "Warpage"
    assert space["links"]
    assert space["cases"]
    assert space["graph"].number_of_nodes() > 5
    space["client"].close()


@pytest.mark.parametrize("graph", ["data", "learning"])
def test_the_command_exports_either_graph(plants: Plants, tmp_path: Path, graph: str) -> None:
    shutil.copytree(plants(1).made / "data", tmp_path / "data")
    env = {**os.environ, "PYTHONWARNINGS": "ignore"}
    command = [sys.executable, "-m", "qualweave.api.cli", "export", str(tmp_path / "out")]

    subprocess.run(
        [*command, "--graph", graph, "--data", str(tmp_path / "data")],
        env=env,
        check=True,
        stdout=subprocess.DEVNULL,
        timeout=120,
    )

    nodes, edges, values = (
        pq.read_table(tmp_path / "out" / f"{name}.parquet") for name in ("nodes", "edges", "values")
    )
    assert nodes["id"].to_pylist() == list(range(nodes.num_rows))
    assert max(edges["source"].to_pylist() + edges["target"].to_pylist()) < nodes.num_rows
    assert max(values["node"].to_pylist()) < nodes.num_rows
    assert {"parameter", "defect"} <= set(nodes["type"].to_pylist())
