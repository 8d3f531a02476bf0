"""The door of AI models: the unmodified MCP SDK client over stdio, against a folder with the example plant."""

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Protocol

import pytest
from anyio.from_thread import start_blocking_portal
from mcp import Client, StdioServerParameters
from mcp.types import CallToolResult

from qualweave.iri import local_name
from tests.api.conftest import Plant, Plants

TOOLS = {
    "describe_schema",
    "search_terms",
    "resolve_code",
    "ask",
    "sparql",
    "trace",
    "explain",
    "similar_cases",
}
COMMAND = ("-m", "qualweave.api.cli", "mcp", "--data")


class Asked(Protocol):
    """Calls a tool and returns its result."""

    def __call__(self, tool: str, **arguments: Any) -> CallToolResult: ...


@pytest.fixture(scope="module")
def model(plants: Plants, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Any, Asked]]:
    """A model's client with the server it started over a copy of the plant's folder."""
    folder = tmp_path_factory.mktemp("mcp")
    shutil.copytree(plants(1).made / "data", folder / "data")
    server = StdioServerParameters(
        command=sys.executable, args=[*COMMAND, str(folder / "data")], env=_environment()
    )
    with (
        start_blocking_portal() as portal,
        portal.wrap_async_context_manager(Client(server)) as client,
    ):

        def ask(tool: str, **arguments: Any) -> CallToolResult:
            return portal.call(client.call_tool, tool, arguments)

        yield portal.call(client.list_tools), ask


@pytest.fixture
def ask(model: tuple[Any, Asked]) -> Asked:
    return model[1]


def _environment() -> dict[str, str]:
    passed = ("PATH", "PYTHONPATH", "HOME")
    kept = {name: os.environ[name] for name in passed if name in os.environ}
    return {**kept, "PYTHONWARNINGS": "ignore"}


@pytest.fixture
def told(plants: Plants) -> Any:
    return plants(1).oracle("incidents.json")


def good(result: CallToolResult) -> dict[str, Any]:
    assert not result.is_error, result.content
    assert result.structured_content is not None
    return result.structured_content


def problem(result: CallToolResult) -> dict[str, Any]:
    assert result.is_error
    assert result.structured_content is not None
    found: dict[str, Any] = result.structured_content["error"]
    assert found["message"]
    assert found["message_zh"]
    assert found["next_step"]
    assert found["next_step_zh"]
    return found


def test_every_tool_only_reads_and_has_a_schema(model: tuple[Any, Asked]) -> None:
    tools = model[0].tools

    assert {one.name for one in tools} == TOOLS
    for one in tools:
        hints = one.annotations
        assert (hints.read_only_hint, hints.destructive_hint, hints.idempotent_hint) == (
            True,
            False,
            True,
        )
        assert hints.open_world_hint is False
        assert one.description
        assert one.output_schema["type"] == "object"


def test_story_one_code_means_two_things(ask: Asked, told: Any) -> None:
    code = told["scoped-code"]

    found = good(ask("resolve_code", code=code["code"]))
    one = next(iter(code["meanings"]))
    scoped = good(ask("resolve_code", code=code["code"], machine=one))
    missing = problem(ask("resolve_code", code=code["code"], machine=code["unknown_machine"]))

    meanings = {
        each["machine_name"]: local_name(each["meaning"]["iri"]) for each in found["meanings"]
    }
    assert found["ambiguous"]
    assert meanings == code["meanings"]
    assert [local_name(each["meaning"]["iri"]) for each in scoped["meanings"]] == [meanings[one]]
    assert {local_name(each["iri"]) for each in missing["nearest"]} == set(meanings.values())
    assert all(each["en"] and each["zh"] for each in missing["nearest"])


def test_story_who_ate_this_lot(ask: Asked, told: Any) -> None:
    lot = told["who-ate-this-lot"]

    forward = good(ask("trace", item=lot["as_written"]["mes"], direction="forward", limit=10))
    last = forward["items"][-1]["item"]
    back = good(ask("trace", item=last, direction="back"))

    assert forward["total"] == len(lot["scope"])
    assert sum(forward["by_class"].values()) == len(lot["scope"])
    assert forward["truncated"]
    assert forward["next_step"]
    assert len(forward["items"]) == 10
    assert lot["item"] in {one["item"] for one in back["items"]}
    edges = [(back["items"][one["child"]], back["items"][one["parent"]]) for one in back["edges"]]
    assert edges
    assert all(child["depth"] < parent["depth"] for child, parent in edges)


def test_story_why_did_it_warp(ask: Asked, told: Any) -> None:
    term = good(ask("search_terms", text="翘曲", kind="defect"))["terms"][0]
    query = f"SELECT ?item WHERE {{ ?d a <{term['iri']}> ; q:foundOn ?item }} ORDER BY ?item"
    item = good(ask("sparql", query=query))["rows"][-1]["item"]

    why = good(ask("explain", about=local_name(item)))
    said = good(ask("explain", about=term["en"]))
    card = told["card-coach"]
    settings = {name: card["settings"][name] for name in ("MouldTemperature", "CoolingTime")}
    cases = good(ask("similar_cases", defect=term["iri"], settings=settings))

    assert why["trouble"][0]["iri"] == term["iri"]
    assert why["own_values"]
    assert why["origins"][0]["row"]
    causes = {one["cause"]["iri"] for one in said["links"]}
    assert {one["cause"]["iri"] for one in why["links"]} <= causes
    assert all(one["mechanism"] and one["status"] for one in said["links"])
    assert set(said["links"][0]["status"]) & {"confirmed", "labelled"}
    assert card["reference_case"] in {one["code"] for one in cases["cases"]}
    assert cases["cases"][0]["why_zh"]


def test_a_reviewed_question_is_answered_in_words_or_tells_the_nearest(ask: Asked) -> None:
    answer = good(ask("ask", question="翘曲缺陷的已知原因和机理有哪些？"))
    none = problem(ask("ask", question="what is the weather on the moon"))

    assert answer["question"] == "known-causes"
    assert answer["parameters"]["defect"].endswith("(question)")
    assert answer["rows"]
    assert "hasEffect" in answer["sparql"]
    assert len(none["nearest"]) == 3


@pytest.mark.parametrize(
    ("tool", "arguments", "nearest"),
    [
        ("describe_schema", {"term": "WeldCurent"}, "WeldCurrent"),
        ("describe_schema", {"term": "翘取"}, "Warpage"),
        ("sparql", {"query": "SELECT ?v { ?s q:WeldingCurent ?v }"}, "WeldCurrent"),
        ("similar_cases", {"defect": "warpag"}, "Warpage"),
        ("explain", {"about": "warpag"}, "Warpage"),
    ],
)
def test_an_unknown_term_is_answered_with_the_nearest_in_both_languages(
    ask: Asked, tool: str, arguments: dict[str, str], nearest: str
) -> None:
    found = problem(ask(tool, **arguments))

    assert nearest in [local_name(one["iri"]) for one in found["nearest"]]
    assert all(one["en"] and one["zh"] for one in found["nearest"])


def test_an_unknown_item_is_answered_with_the_nearest(ask: Asked, plants: Plants) -> None:
    cell = local_name(plants(1).oracle("levels.json")["cell"][0])

    traced = problem(ask("trace", item=f"{cell}9"))
    explained = problem(ask("explain", about=f"{cell}9"))

    assert traced["nearest"]
    assert explained["nearest"]


def test_rows_are_cut_at_fifty_and_the_total_is_told(ask: Asked) -> None:
    found = good(ask("sparql", query="SELECT ?s ?v WHERE { ?s q:WeldCurrent ?v }"))

    assert len(found["rows"]) == 50
    assert found["truncated"]
    assert found["total"] > 50
    assert isinstance(found["rows"][0]["v"], float)


@pytest.mark.parametrize(
    "query",
    [
        "INSERT DATA { <urn:a> <urn:b> <urn:c> }",
        "DROP ALL",
        "SELECT * { SERVICE <http://127.0.0.1/> { ?s ?p ?o } }",
    ],
)
def test_nothing_can_be_written_or_fetched(ask: Asked, query: str) -> None:
    assert problem(ask("sparql", query=query))["code"] == "bad-input"


def test_all_forms_of_a_query_are_answered(ask: Asked) -> None:
    truth = good(ask("sparql", query="ASK { ?s q:WeldCurrent ?v }"))
    graph = good(
        ask("sparql", query="CONSTRUCT { ?s q:WeldCurrent ?v } { ?s q:WeldCurrent ?v } LIMIT 3")
    )

    assert truth["rows"] == [{"boolean": True}]
    assert len(graph["rows"]) == 3
    assert graph["rows"][0]["predicate"].endswith("WeldCurrent")


def test_a_query_that_is_rightly_empty_is_no_error(ask: Asked) -> None:
    found = good(ask("sparql", query="SELECT ?s WHERE { ?s q:WeldCurrent ?v FILTER(?v > 1e9) }"))

    assert found["rows"] == []


def test_the_overview_tells_how_to_ask_and_its_examples_run(ask: Asked) -> None:
    found = good(ask("describe_schema"))

    assert len(found["classes"]) == 50
    assert found["patterns"]
    assert good(ask("sparql", query=found["examples"][0]["query"]))["rows"]


def test_one_term_tells_its_unit_and_who_carries_it(ask: Asked) -> None:
    found = good(ask("describe_schema", term="焊接电流"))["term"]

    assert (found["curie"], found["unit"]) == ("q:WeldCurrent", "A")
    assert "q:TabWelding" in [one["curie"] for one in found["uses"] if one["way"] == "on"]


def test_wrong_arguments_and_tools_are_told_in_the_same_form(ask: Asked) -> None:
    assert "limit" in problem(ask("sparql", query="ASK {}", limit=900))["message"]
    assert "sparql" in problem(ask("sparq"))["next_step"]
    assert problem(ask("similar_cases"))["code"] == "bad-input"


@pytest.mark.parametrize("plant", [1], indirect=True, ids=["seed 1"])
def test_a_folder_that_is_being_served_says_to_ask_the_service(
    plant: Plant, tmp_path: Path
) -> None:
    command = [sys.executable, *COMMAND, str(plant.service.settings.data_dir)]

    found = subprocess.run(
        command, capture_output=True, text=True, timeout=60, check=False, env=_environment()
    )

    assert found.returncode == 1
    assert found.stdout == ""
    assert "Add --url http://" in found.stderr
    assert plant.client.get("/healthz").status_code == 200


def test_a_folder_without_a_store_is_not_made(tmp_path: Path) -> None:
    command = [sys.executable, *COMMAND, str(tmp_path / "none")]

    found = subprocess.run(
        command, capture_output=True, text=True, timeout=60, check=False, env=_environment()
    )

    assert found.returncode == 1
    assert "--url" in found.stderr
    assert not (tmp_path / "none").exists()
