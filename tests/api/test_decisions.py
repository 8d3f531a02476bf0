"""Decisions through the public API, against the oracle of the plant."""

from pathlib import Path
from typing import Any

from qualweave.api.learning import Learning
from qualweave.gnn.decide import Accept
from qualweave.iri import local_name
from tests.api.conftest import ENGINEER, Plant


def post(plant: Plant, **asked: Any) -> Any:
    reply = plant.client.post("/decisions", json=asked)
    assert reply.status_code == 200, reply.text
    return reply.json()


def test_a_station_off_its_optimum_gets_the_planted_actions_in_order(plant: Plant) -> None:
    told = plant.oracle("incidents.json")["weld-intervention"]

    found = post(plant, station=told["station"], defect=f"q:{told['defect']}")["interventions"][0]

    adjusted = [
        (local_name(one["parameter"]), round(one["delta"], 3))
        for one in found["actions"]
        if "parameter" in one
    ]
    assert adjusted == [
        (one["parameter"], one["delta"]) for one in told["actions"] if "parameter" in one
    ]
    assert len(found["actions"]) == len(told["actions"])
    assert found["sentence"]["zh"] == told["sentence_zh"]


def test_asking_again_proposes_the_same_intervention(plant: Plant) -> None:
    told = plant.oracle("incidents.json")["weld-intervention"]

    first, again = (post(plant, station=told["station"])["interventions"][0] for _ in range(2))

    assert first["key"] == again["key"]


def test_a_draft_card_is_held_against_history_and_a_safe_one_passes(plant: Plant) -> None:
    told = plant.oracle("incidents.json")["card-coach"]

    hint = post(plant, card=told["draft_card"])["hint"]

    assert (hint["count"], hint["cases"][0]["code"]) == (told["count"], told["reference_case"])
    assert hint["sentence"]["zh"] == told["sentence_zh"]
    assert post(plant, card=told["safe_card"])["hint"] is None


def test_a_slow_valve_freezes_open_deliveries_until_two_persons_release_them(plant: Plant) -> None:
    told = plant.oracle("incidents.json")["freeze"]
    contract = Path(plant.manifest.root) / "contracts" / "valve-response.yaml"
    assert plant.client.post("/contracts", content=contract.read_bytes()).status_code == 201

    first = post(plant, observation=told["bad_test"])["freezes"]
    edge = post(plant, observation=told["edge_test"])["freezes"]
    again = post(plant, observation=told["bad_test"])["freezes"]

    assert edge == []
    assert len(first) == 1
    assert {local_name(one) for one in first[0]["deliveries"]} == set(told["open_deliveries"])
    assert len(first[0]["suppliers"]) == told["tasks"]
    assert again in ([], first)
    standing = plant.client.get("/freezes").json()["freezes"]
    assert len(standing) == 1
    _release(plant, local_name(standing[0]["freeze"]))


def _release(plant: Plant, name: str) -> None:
    def sign(who: str, roles: str = "approver") -> Any:
        headers = {"Qualweave-Principal": who, "Qualweave-Roles": roles}
        return plant.client.post(f"/freezes/{name}/release", headers=headers)

    assert sign("zhao", "engineer").status_code == 403
    assert sign("zhao").json()["state"] == "active"
    assert sign("zhao").status_code == 409
    assert sign("qian").json()["state"] == "released"


def test_a_combination_of_three_operations_is_found_and_nothing_else(plant: Plant) -> None:
    told = plant.oracle("incidents.json")["coupled-failure"]

    found = plant.client.get(f"/combinations/{told['defect']}").json()["combinations"]

    assert [
        {(local_name(one["parameter"]), one["side"]) for one in each["members"]} for each in found
    ] == [set(zip(told["parameters"], told["directions"], strict=True))]
    assert found[0]["chance"] <= 0.05
    assert not found[0]["incomplete"]


def test_the_orphan_change_is_found_and_no_other(plant: Plant) -> None:
    told = plant.oracle("incidents.json")["pid-change"]

    found = plant.client.get("/parameter-changes/orphans").json()["changes"]

    assert [local_name(one["change"]) for one in found] == [told["change"]]


def test_a_weak_module_leads_to_the_change_at_the_reactor(plant: Plant) -> None:
    told = plant.oracle("incidents.json")["pid-change"]

    candidates = plant.client.get(f"/causes/{told['module_lots'][0]}").json()["candidates"]

    assert told["change"] in str(candidates[0])
    assert "MeltFlowIndex" in str(candidates[0]["path"])
    passed = {step["name"] for step in candidates[0]["path"] if step["kind"] == "organization"}
    assert passed & set(told["upstream_company"])


def test_nothing_to_decide_on_says_what_to_give(plant: Plant) -> None:
    reply = plant.client.post("/decisions", json={})

    assert reply.status_code == 400
    assert reply.json()["next_step"]


def test_a_model_is_trained_judged_and_asked_for_its_hypotheses(plant: Plant) -> None:
    report = Learning(plant.service, ENGINEER).train(coverage=0.5, seeds=(0, 1))

    found = plant.client.get("/hypotheses").json()["hypotheses"]

    assert {one.name for one in report.table.tallies} >= {"path network", "frequency", "logistic"}
    assert len(found) == (len(report.predictions) if isinstance(report.decision, Accept) else 0)
