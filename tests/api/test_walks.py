"""The doors walked end to end against the running service, with tools nobody here wrote: curl and SPARQLWrapper."""

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from rdflib import Graph
from SPARQLWrapper import (
    CSV,
    GET,
    JSON,
    JSONLD,
    N3,
    POST,
    POSTDIRECTLY,
    RDFXML,
    TSV,
    TURTLE,
    URLENCODED,
    XML,
    SPARQLWrapper,
)
from SPARQLWrapper.SPARQLExceptions import QueryBadFormed

from qualweave.iri import local_name
from tests.api.conftest import Plant, Plants
from tests.api.serving import serving

pytestmark = pytest.mark.filterwarnings(
    "ignore:ConjunctiveGraph is deprecated:DeprecationWarning"  # SPARQLWrapper 2.0 with rdflib 7
)
WALKS = Path(__file__).parents[2] / "examples" / "walks"
PREFIX = "PREFIX q: <https://w3id.org/qonto/> "
LINES = "SELECT DISTINCT ?line WHERE { ?o q:onLine ?line } ORDER BY ?line"


@pytest.fixture(scope="module")
def plant(plants: Plants) -> Plant:
    return plants(1)


@pytest.fixture(scope="module")
def url(plant: Plant, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with serving(plant.made, tmp_path_factory.mktemp("walked")) as address:
        yield address


@pytest.fixture
def sparql(url: str) -> SPARQLWrapper:
    return SPARQLWrapper(f"{url}/sparql")


def _walk(name: str, url: str) -> list[str]:
    if shutil.which("curl") is None:
        pytest.skip("curl is not installed")
    done = subprocess.run(
        ["bash", str(WALKS / f"{name}.sh"), url], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout.splitlines()


# --- curl --------------------------------------------------------------------------------------------


def test_an_architect_proposes_another_accepts_and_the_old_release_answers(url: str) -> None:
    told = _walk("architect", url)

    assert '"boolean":true' in told[-2]
    assert '"boolean":false' in told[-1]
    assert "409" in told
    assert '"standing":"passed"' in told
    assert any("新增" in line for line in told)


def test_an_analyst_asks_in_words_by_template_and_in_sparql(url: str) -> None:
    told = _walk("analyst", url)

    assert any(line.startswith("line,count,mean [A]") for line in told)
    assert "404" in told
    assert any(line.startswith("PAR1") for line in told)
    assert '"row":' in told[-1]


def test_a_scanner_reads_a_label_a_record_a_passport_a_shift_and_a_recall(url: str) -> None:
    told = _walk("shop_floor", url)

    assert any(line.startswith("verified: ") for line in told)
    public, restricted = (int(line) for line in told if line.isdigit() and len(line) > 3)
    assert 0 < public < restricted
    assert "403" in told
    assert next(line for line in told if line.endswith("curves")).split(": ")[1] != "0 curves"


def test_a_program_walks_the_three_stories(url: str, plant: Plant) -> None:
    told = _walk("model", url)

    code = plant.oracle("incidents.json")["scoped-code"]["code"]
    assert f"{code}: 2 meanings" in told
    assert any(" leads back to " in line for line in told)
    assert any(" causal links, " in line and ": 0 causal" not in line for line in told)


def test_a_walk_ends_with_an_error_where_no_service_answers() -> None:
    with pytest.raises(AssertionError, match=r"curl: .7."):
        _walk("analyst", "http://127.0.0.1:9")


# --- the command line, over the running service --------------------------------------------------


def _command(*words: str) -> str:
    done = subprocess.run(
        [sys.executable, "-m", "qualweave.api.cli", *words],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "PYTHONWARNINGS": "ignore", "COLUMNS": "200"},
    )
    return done.stdout + done.stderr


def test_the_command_line_asks_the_service_that_runs(url: str, tmp_path: Path) -> None:
    rows = tmp_path / "rows.csv"
    told = _command("ask", "各产线的焊接电流平均值", "--url", url)
    _command(
        "ask", "parameter-by-line", "--param", "parameter=WeldCurrent", "--format", "csv",
        "--out", str(rows), "--url", url,
    )  # fmt: skip
    lost = _command("trace", "C2501-000000X", "--url", url)

    assert "parameter = WeldCurrent" in told
    assert "TW-01" in told
    assert rows.read_text("utf-8").startswith("line,count,mean [A]")
    assert "No item" in lost
    assert '"terms"' in _command("status", "--url", url)
    assert "current" in _command("ontology", "releases", "--url", url)


# --- SPARQLWrapper -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("method", "how"), [(GET, URLENCODED), (POST, URLENCODED), (POST, POSTDIRECTLY)]
)
def test_each_way_of_the_protocol_gives_the_same_rows(
    sparql: SPARQLWrapper, plant: Plant, method: str, how: str
) -> None:
    sparql.setMethod(method)
    sparql.setRequestMethod(how)
    sparql.setReturnFormat(JSON)
    sparql.setQuery(PREFIX + LINES)

    rows = sparql.queryAndConvert()["results"]["bindings"]

    found = plant.client.get("/sparql", params={"query": LINES}).json()["results"]["bindings"]
    assert rows == found
    assert len(rows) > 10


def test_a_table_comes_in_each_format(sparql: SPARQLWrapper) -> None:
    sparql.setQuery(PREFIX + LINES)
    told: dict[str, Any] = {}
    for kind in (JSON, XML, CSV, TSV):
        sparql.setReturnFormat(kind)
        told[kind] = sparql.queryAndConvert()

    names = [one["line"]["value"] for one in told[JSON]["results"]["bindings"]]
    assert [one.firstChild.data for one in told[XML].getElementsByTagName("uri")] == names
    assert told[CSV].decode().split() == ["line", *names]
    assert told[TSV].decode().split() == ["?line", *(f"<{one}>" for one in names)]


@pytest.mark.parametrize("kind", [TURTLE, N3, RDFXML, JSONLD, XML])
def test_a_graph_comes_in_each_format(sparql: SPARQLWrapper, kind: str) -> None:
    sparql.setQuery(
        PREFIX + "CONSTRUCT { ?o q:onLine ?l } WHERE { ?o q:onLine ?l ; q:WeldCurrent ?v }"
    )
    sparql.setReturnFormat(kind)

    found = sparql.query().convert()

    graph = found if isinstance(found, Graph) else Graph().parse(data=found)
    assert {local_name(str(one)) for one in graph.objects()} == {"TW-01", "TW-02", "TW-03", "TW-04"}


def test_a_description_and_a_truth_value_come(sparql: SPARQLWrapper) -> None:
    sparql.setQuery(PREFIX + "ASK { ?o q:WeldCurrent ?v }")
    sparql.setReturnFormat(JSON)
    truth = sparql.queryAndConvert()["boolean"]
    sparql.setQuery(PREFIX + "DESCRIBE ?o WHERE { ?o q:WeldCurrent ?v } LIMIT 1")
    sparql.setReturnFormat(TURTLE)

    assert truth is True
    assert len(Graph().parse(data=sparql.queryAndConvert())) > 3


@pytest.mark.parametrize(
    ("method", "how"), [(GET, URLENCODED), (POST, URLENCODED), (POST, POSTDIRECTLY)]
)
def test_the_protocol_narrows_to_a_graph(sparql: SPARQLWrapper, method: str, how: str) -> None:
    sparql.setReturnFormat(JSON)
    sparql.setQuery(
        "SELECT ?g (COUNT(*) AS ?n) WHERE { GRAPH ?g { ?s ?p ?o } } GROUP BY ?g ORDER BY ?n LIMIT 1"
    )
    least = sparql.queryAndConvert()["results"]["bindings"][0]
    sparql.resetQuery()
    sparql.setReturnFormat(JSON)
    sparql.setMethod(method)
    sparql.setRequestMethod(how)
    sparql.addDefaultGraph(least["g"]["value"])
    sparql.setQuery("SELECT (COUNT(*) AS ?n) WHERE { ?s ?p ?o }")

    rows = sparql.queryAndConvert()["results"]["bindings"]

    assert rows[0]["n"]["value"] == least["n"]["value"]


def test_an_update_is_refused_and_says_where_to_go(sparql: SPARQLWrapper) -> None:
    sparql.setMethod(POST)
    sparql.setQuery("INSERT DATA { <urn:a> <urn:b> <urn:c> }")

    with pytest.raises(QueryBadFormed, match="POST /sources"):
        sparql.query()


def test_a_malformed_query_is_told_where(sparql: SPARQLWrapper) -> None:
    sparql.setQuery("SELECT * WHERE { ?s ?p }")

    with pytest.raises(QueryBadFormed, match="line 1, column"):
        sparql.query()


def test_the_three_stories_are_answered_in_sparql(sparql: SPARQLWrapper, plant: Plant) -> None:
    told = plant.oracle("incidents.json")
    closures = plant.oracle("closures.json")
    lot = max(closures, key=lambda one: len(closures[one]["forward"]))
    iri = lot if lot.startswith("http") else f"https://example.org/id/plant/item/{lot}"
    sparql.setReturnFormat(JSON)

    def asked(query: str) -> list[dict[str, str]]:
        sparql.setQuery(PREFIX + query)
        rows = sparql.queryAndConvert()["results"]["bindings"]
        return [{name: local_name(one["value"]) for name, one in row.items()} for row in rows]

    meanings = asked(
        f"SELECT DISTINCT ?machine ?meaning {{ ?e q:code '{told['scoped-code']['code']}' ; q:denotes ?meaning ;"
        " q:validInContext/q:contextMachine ?machine }"
    )
    eaten = asked(f"SELECT DISTINCT ?item {{ ?item q:derivedFromMaterial+ <{iri}> }}")
    causes = asked(
        "SELECT DISTINCT ?cause { ?label q:hasEffect q:Warpage ; q:hasCause ?cause ; q:viaMechanism ?how ."
        " ?alarm q:hasRootCauseLabel ?label }"
    )

    assert {one["machine"]: one["meaning"] for one in meanings} == told["scoped-code"]["meanings"]
    assert len(eaten) == len(closures[lot]["forward"])
    assert {one["cause"] for one in causes} & {"MouldTemperature", "CoolingTime", "PackingTime"}
    assert "Warpage" not in {one["cause"] for one in causes}
