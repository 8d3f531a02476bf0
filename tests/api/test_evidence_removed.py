"""Every golden incident once more, with its evidence taken out of the input: the answer must go with it.

What is removed does not overlap, so one plant loses many things at once; the oracle tells the answer of the
untouched plant, which must not be given any more.
"""

from typing import Any
from urllib.parse import quote

import pytest

from qualweave.examples.plant import ablate
from qualweave.iri import local_name
from tests.api.conftest import Plant, Plants

_CODES = """
SELECT DISTINCT ?machine ?meaning WHERE {
  ?inspection q:usesEquipment ?machine . ?defect q:foundBy ?inspection ; a ?meaning }
"""


@pytest.fixture
def bare(plants: Plants) -> Plant:
    """A plant whose records lost scope, neighbours, genealogy, responses, cases, tests, a step and a unit."""
    removed = (
        ablate.remove_machine_scope,
        ablate.remove_neighbour_column,
        ablate.remove_film_genealogy,
        ablate.remove_response_data,
        ablate.remove_cases,
        ablate.remove_ground_tests,
        ablate.remove_one_operation,
        ablate.remove_environment,
        ablate.remove_temperature_unit,
        ablate.remove_supplier_description,
        ablate.lose_tags,
    )
    return plants(1, removed)


@pytest.fixture
def unlisted(plants: Plants) -> Plant:
    """A plant whose lists are gone: codes, changes, set points, suppliers, what coils were coated with."""
    removed = (
        ablate.remove_code_lists,
        ablate.remove_change_log,
        ablate.remove_setpoints,
        ablate.remove_suppliers,
        ablate.remove_coating_genealogy,
    )
    return plants(2, removed)


@pytest.fixture
def mended(plants: Plants) -> Plant:
    """A plant whose change is linked and whose firmware nobody reported."""
    return plants(3, (ablate.link_orphan_change, ablate.remove_firmware))


def _told(plant: Plant, name: str) -> Any:
    return plant.oracle("incidents.json")[name]


def _decide(plant: Plant, **asked: Any) -> Any:
    return plant.client.post("/decisions", json=asked)


def _refused(reply: Any, missing: object) -> bool:
    problem = reply.json()
    return (
        reply.status_code == 422
        and problem["missing"] == missing
        and bool(problem["next_step"] and problem["next_step_zh"])
    )


def test_without_responses_no_change_is_recommended(bare: Plant) -> None:
    told = _told(bare, "weld-intervention")

    reply = _decide(bare, station=told["station"], defect=told["defect"])

    assert reply.status_code == 422
    assert reply.json()["next_step_zh"]


def test_without_set_points_no_bounded_change_is_recommended(unlisted: Plant) -> None:
    told = _told(unlisted, "weld-intervention")

    assert _refused(_decide(unlisted, station=told["station"]), "setpoints")


def test_without_firmware_reports_no_check_of_them_is_asked_for(mended: Plant) -> None:
    told = _told(mended, "weld-intervention")

    found = _decide(mended, station=told["station"]).json()["interventions"][0]

    assert {one["kind"] for one in found["actions"]} == {"ParameterAdjustment"}
    assert found["sentence"]["zh"] != told["sentence_zh"]


def test_without_the_cases_the_card_is_not_held_against_them(bare: Plant) -> None:
    told = _told(bare, "card-coach")

    hint = _decide(bare, card=told["draft_card"]).json()["hint"]

    assert hint is None or local_name(hint["defect"]) != told["defect"]


def test_without_ground_tests_nothing_is_frozen(bare: Plant) -> None:
    told = _told(bare, "freeze")
    _agree(bare)

    assert _refused(_decide(bare, observation=told["bad_test"]), "observation")
    assert bare.client.get("/freezes").json()["freezes"] == []


def test_without_a_supplier_list_the_freeze_says_that_nobody_can_be_asked(unlisted: Plant) -> None:
    told = _told(unlisted, "freeze")
    _agree(unlisted)

    frozen = _decide(unlisted, observation=told["bad_test"]).json()["freezes"][0]

    assert frozen["suppliers"] == []
    assert "suppliers" in frozen["gaps"]


def _agree(plant: Plant) -> None:
    contract = plant.manifest.root / "contracts/valve-response.yaml"
    assert plant.client.post("/contracts", content=contract.read_bytes()).status_code == 201


def test_without_film_genealogy_the_chain_is_said_to_end_at_the_module(bare: Plant) -> None:
    told = _told(bare, "pid-change")

    reply = bare.client.get(f"/causes/{told['module_lots'][0]}")

    assert _refused(reply, ["genealogy"])
    assert told["change"] not in reply.text


def test_without_a_change_log_no_change_is_blamed(unlisted: Plant) -> None:
    told = _told(unlisted, "pid-change")

    found = unlisted.client.get(f"/causes/{told['module_lots'][0]}").json()

    assert all(one["kind"] != "change" for one in found["candidates"])
    assert any(told["reactor"] in one["statement"]["zh"] for one in found["questions"])
    assert unlisted.client.get("/parameter-changes/orphans").json()["changes"] == []


def test_a_change_that_is_linked_is_no_orphan(mended: Plant) -> None:
    assert mended.client.get("/parameter-changes/orphans").json()["changes"] == []


def test_without_one_operation_a_further_condition_is_asked_for(bare: Plant) -> None:
    told = _told(bare, "coupled-failure")

    reply = bare.client.get(f"/combinations/{told['defect']}")

    found = reply.json()["combinations"]
    named = [{local_name(one["parameter"]) for one in each["members"]} for each in found]
    assert set(told["parameters"]) not in named
    assert all(each["incomplete"] for each in found)
    assert all(each["evidence"][-1]["kind"] == "question" for each in found)


@pytest.mark.parametrize("which", ["bare", "unlisted"])
def test_without_scope_or_list_no_defect_is_read_from_a_code(
    which: str, request: pytest.FixtureRequest
) -> None:
    plant: Plant = request.getfixturevalue(which)
    told = _told(plant, "scoped-code")

    rows = plant.client.get("/sparql", params={"query": _CODES}).json()["results"]["bindings"]

    read = {
        (local_name(row["machine"]["value"]), local_name(row["meaning"]["value"])) for row in rows
    }
    assert not read & set(told["meanings"].items())
    held = [row for row in plant.client.get("/quarantine").json()["rows"] if "aoi" in row["file"]]
    reasons = {problem["code"] for row in held for problem in row["problems"]}
    assert reasons <= {"unscoped-code", "unknown-scope"}
    assert len(held) > 10


def test_a_neighbourless_field_is_asked_about(bare: Plant) -> None:
    told = _told(bare, "context-field")
    mapped = f'ASK {{ ?f q:fieldName "{told["column"]}" ; q:mapsTo q:{told["term"]} }}'

    reply = bare.client.get("/sparql", params={"query": mapped})

    assert reply.json()["boolean"] is False
    assert any(f"New field {told['column']}," in one["en"] for one in bare.asked)


def test_a_temperature_without_a_unit_is_asked_about(bare: Plant) -> None:
    assert any("process_temp_value" in one["en"] for one in bare.asked)


def test_without_the_delivery_no_new_field_is_suggested(bare: Plant) -> None:
    told = _told(bare, "new-field")

    assert not any(told["column"] in one["en"] for one in bare.asked)


def test_without_hall_sensors_every_moulding_operation_lacks_its_environment(bare: Plant) -> None:
    told = _told(bare, "four-dimensions")

    found = {
        local_name(one["focus"])
        for one in bare.client.get("/audit").json()["results"]
        if one["shape"].endswith("BoundEnvironment")
    }

    assert found > set(told["operations"])


def test_without_coating_records_the_lot_ends_open_and_not_all_clear(unlisted: Plant) -> None:
    told = _told(unlisted, "who-ate-this-lot")

    scope = _recall(unlisted, told)

    assert scope["count"] < len(told["scope"]) / 4
    assert scope["open_end_count"] > 0
    assert any("no all-clear" in one["statement"]["en"] for one in scope["evidence"])


def test_a_module_whose_tag_was_lost_ends_open(bare: Plant) -> None:
    told = _told(bare, "who-ate-this-lot")
    packed = (bare.manifest.input / "pack/epcis/pack_assembly.jsonld").read_text("utf-8")
    lost = {one for one in told["modules"] if one.rsplit("/", 1)[-1] not in packed}

    scope = _recall(bare, told)

    assert lost, "the draw of this seed loses a module of the lot"
    assert lost <= set(scope["open_ends"])


def _recall(plant: Plant, told: Any) -> Any:
    reply = plant.client.get(f"/recall/{quote(told['as_written']['mes'], safe='')}")
    assert reply.status_code == 200, reply.text
    return reply.json()


@pytest.mark.parametrize("said", ["模具", "漂移", "已于周三发货", "please send the invoice again"])
def test_a_voice_that_names_no_trouble_names_none(bare: Plant, said: str) -> None:
    read = bare.client.post("/voices", json={"text": said}).json()

    assert (read["entity"], read["attribute"]) == ("", "none")
    assert len(read["nearest"]) == 3
