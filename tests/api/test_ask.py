"""Competency questions on the example plant: rows as reviewed, rows as the oracle tells them, words that find them.

``ontology/questions/rows/ID.csv`` holds the expected rows of a question on seed 1, in the columns that other work does not
move. They were made by the query, the short ones and samples of the rest were reviewed; where the oracle tells the
answer, a test derives it from there instead of trusting the file.
"""

import csv
import io
from collections import Counter, defaultdict
from typing import Any

import polars as pl
import pytest

from qualweave.iri import Q, local_name
from qualweave.ontology.queries.catalogue import Question, load_catalogue
from qualweave.ontology.queries.expected import expected_rows, first_difference
from tests.api.conftest import Plant

pytestmark = pytest.mark.parametrize("plant", [1], indirect=True, ids=["seed 1"])
# A Windows-1252 row of units read as GB18030, so as data; an OWL file of two properties and the class they are of.
_READ_OTHERWISE = {"thermal/scada/OV-01_EXPORT.csv", "thermal/cooling/COOL-01_interface.owl"}
_QUESTIONS = list(load_catalogue())


def _rows(plant: Plant, name: str, **values: str) -> list[dict[str, Any]]:
    reply = plant.client.get("/ask", params={"q": name, **values})
    assert reply.status_code == 200, reply.text
    return reply.json()["rows"]


def _names(rows: list[dict[str, Any]], *columns: str) -> set[tuple[str, ...]]:
    return {tuple(local_name(str(row[one])) for one in columns) for row in rows}


def _parents(plant: Plant) -> dict[str, set[str]]:
    found: dict[str, set[str]] = defaultdict(set)
    for row in csv.DictReader((plant.manifest.oracle / "genealogy.csv").read_text().splitlines()):
        found[local_name(row["child"])].add(local_name(row["parent"]))
    return found


def _incident(plant: Plant, name: str) -> dict[str, Any]:
    return plant.oracle("incidents.json")[name]


@pytest.mark.parametrize(
    "question", [one for one in _QUESTIONS if not one.moves], ids=lambda one: one.id
)
def test_a_question_gives_the_rows_that_were_reviewed(plant: Plant, question: Question) -> None:
    rows = _rows(plant, question.id, **question.example)

    assert first_difference(expected_rows(question), rows) == ""


@pytest.mark.parametrize(
    "question", [one for one in _QUESTIONS if one.moves], ids=lambda one: one.id
)
def test_a_question_whose_rows_move_answers_in_its_columns(
    plant: Plant, question: Question
) -> None:
    reply = plant.client.get("/ask", params={"q": question.id}).json()

    assert len(reply["columns"]) >= 2
    assert reply["id"] == question.id


def test_uses_and_inputs_are_the_oracles_genealogy(plant: Plant) -> None:
    parents = _parents(plant)
    lot = _incident(plant, "who-ate-this-lot")["item"]
    users = {(child,) for child, above in parents.items() if local_name(lot) in above}

    assert _names(_rows(plant, "lot-direct-uses", lot=lot), "item") == users
    for child in sorted(parents)[::150]:
        assert _names(_rows(plant, "item-inputs", item=child), "input") == {
            (one,) for one in parents[child]
        }


def test_modules_and_cells_are_the_oracles_genealogy(plant: Plant) -> None:
    parents = _parents(plant)
    cells = {name: len(above) for name, above in parents.items() if name.startswith("MD")}

    counted = {local_name(r["module"]): r["cells"] for r in _rows(plant, "cells-per-module")}
    packed = _names(_rows(plant, "modules-in-packs"), "pack", "module")

    scrapped = _names(_rows(plant, "scrap-origin"), "scrap", "item")

    assert scrapped == {
        (s, i) for s, above in parents.items() for i in above if s.startswith("SCR")
    }
    assert counted == cells
    assert packed == {(p, m) for p, above in parents.items() for m in above if m.startswith("MD")}


def test_causes_are_counted_as_the_labels_were_written(plant: Plant) -> None:
    labels = plant.oracle("labels.json")
    for defect in ("Warpage", "FalseWeld", "UnderCure"):
        told = Counter(
            (one["parameter"], one["mechanism"]) for one in labels if one["defect"] == defect
        )
        rows = _rows(plant, "labelled-causes", defect=defect)

        assert {
            (local_name(r["parameter"]), local_name(r["mechanism"])): r["labels"] for r in rows
        } == dict(told)


def test_alarms_without_a_label_are_those_that_the_plant_left_out(plant: Plant) -> None:
    every = sum(row["alarms"] for row in _rows(plant, "alarms-per-line"))

    assert len(_rows(plant, "alarms-without-label")) == every - len(plant.oracle("labels.json"))


def test_codes_mean_what_the_oracle_says_on_each_machine(plant: Plant) -> None:
    told = _incident(plant, "scoped-code")
    for machine, meaning in told["meanings"].items():
        rows = _rows(plant, "code-meaning", code=told["code"], machine=machine)

        assert {local_name(row["meaning"]) for row in rows} == {meaning}
    shared = _rows(plant, "codes-with-two-meanings")
    assert {
        local_name(r["machine"]): local_name(r["meaning"])
        for r in shared
        if r["code"] == told["code"]
    } == told["meanings"]
    assert len(_rows(plant, "reviewed-results")) == told["reviewed_rows"]


def test_changes_deliveries_suppliers_and_cases_are_the_oracles(plant: Plant) -> None:
    freeze, coach = _incident(plant, "freeze"), _incident(plant, "card-coach")
    deliveries = _rows(plant, "deliveries-of-batch", batch=freeze["bad_batch"])
    cases = _rows(plant, "cases-for-defect", defect=coach["defect"], process="InjectionMoulding")

    assert _names(_rows(plant, "changes-without-order"), "change") == {
        (one,) for one in _incident(plant, "pid-change")["orphan_changes"]
    }
    assert _names(deliveries, "delivery", "status") == {
        *((one, "open") for one in freeze["open_deliveries"]),
        *((one, "closed") for one in freeze["closed_deliveries"]),
    }
    assert {(one,) for one in freeze["second_tier"]} <= _names(
        _rows(plant, "suppliers-of-tier", tier="2"), "supplier"
    )
    assert {(one,) for one in coach["cases"]} <= _names(cases, "code")


def test_files_and_their_rows_are_those_of_the_plant(plant: Plant) -> None:
    counts = plant.oracle("counts.json")["files"]
    read = {row["file"]: row for row in _rows(plant, "files-read")}

    told = {name: one["rows"] for name, one in counts.items() if name not in _READ_OTHERWISE}
    assert {name: read[name]["read"] for name in told} == told
    assert set(read) >= _READ_OTHERWISE


def test_codes_of_a_machine_without_a_code_list_are_in_quarantine(plant: Plant) -> None:
    told = _incident(plant, "scoped-code")
    machine, file = told["unknown_machine"], told["files"][told["unknown_machine"]]
    coded = sum(line.endswith(",NG") for line in (plant.manifest.input / file).read_text().split())

    held = Counter(
        row["file"] for row in _rows(plant, "quarantined-rows") if machine in row["reason"]
    )

    assert held == {file: coded}


def test_a_crack_of_three_operations_is_found_on_the_oracles_strips(plant: Plant) -> None:
    found = _names(_rows(plant, "items-with-defect", defect="MicroCrack"), "item")

    assert {one for (one,) in found if one.startswith("ST-")} == set(
        _incident(plant, "coupled-failure")["positives"]
    )


@pytest.mark.parametrize(
    ("sentence", "name", "values"),
    [
        ("What was lot NCM2501-0005 made into?", "lot-direct-uses", {"lot": "NCM2501-0005"}),
        ("各产线的焊接电流平均值", "parameter-by-line", {"parameter": "WeldCurrent"}),
        (
            "What does code 128 mean on AOI-02?",
            "code-meaning",
            {"code": "128", "machine": "AOI-02"},
        ),
        ("谁给航宇伺服供货？", "suppliers-of-company", {"company": "航宇伺服"}),
        (
            "2024年10月20日到2024年10月27日之间修改了哪些参数",
            "changes-between",
            {"from": "2024-10-20", "until": "2024-10-27"},
        ),
        ("What do engineers say causes warpage?", "labelled-causes", {"defect": "Warpage"}),
    ],
)
def test_words_find_a_question_and_fill_its_parameters(
    plant: Plant, sentence: str, name: str, values: dict[str, str]
) -> None:
    reply = plant.client.get("/ask", params={"q": sentence}).json()

    assert reply["id"] == name
    assert {one["name"]: one["value"] for one in reply["parameters"]} == values
    assert reply["rows"]
    assert {one["from"] for one in reply["parameters"]} == {"question"}


@pytest.mark.parametrize(
    "sentence",
    [
        "What is the capital of France?",
        "今天的汇率是多少",
        "asdf qwer",
        "Delete all alarms of line TW-02",
        "把焊接电流调低",
    ],
)
def test_what_no_question_fits_is_refused_with_the_nearest_three(
    plant: Plant, sentence: str
) -> None:
    reply = plant.client.get("/ask", params={"q": sentence})

    assert reply.status_code == 404
    assert len(reply.json()["nearest"]) == 3
    assert {one["id"] for one in reply.json()["nearest"]} <= {one.id for one in _QUESTIONS}


def test_a_parameter_that_is_given_wins_over_the_words_and_is_checked(plant: Plant) -> None:
    ask = {"q": "Which items have the defect warpage?"}
    given = plant.client.get("/ask", params={**ask, "defect": "虚焊"}).json()
    broken = plant.client.get("/ask", params={"q": "parameter-above", "limit": "1) || (true"})
    unknown = plant.client.get("/ask", params={"q": "item-defects", "item": "NO-SUCH-1"})
    missing = plant.client.get("/ask", params={"q": "card-settings"})

    assert given["parameters"] == [{"name": "defect", "value": "虚焊", "from": "given"}]
    assert f"<{Q}FalseWeld>" in given["sparql"]
    assert (broken.status_code, unknown.status_code, missing.status_code) == (400, 404, 400)


def test_an_answer_is_written_in_every_format_with_its_units(plant: Plant) -> None:
    ask = {"q": "parameter-by-line", "parameter": "WeldCurrent"}
    rows = _rows(plant, "parameter-by-line", parameter="WeldCurrent")

    frame = pl.read_parquet(
        io.BytesIO(plant.client.get("/ask", params={**ask, "format": "parquet"}).content)
    )
    text = plant.client.get("/ask", params=ask, headers={"Accept": "text/csv"}).text

    assert frame["mean"].to_list() == [row["mean"] for row in rows]
    assert text.splitlines()[0] == "line,count,mean [A],least [A],greatest [A]"


def test_the_catalogue_is_listed_with_words_parameters_and_terms(plant: Plant) -> None:
    told = plant.client.get("/ask").json()

    assert told["count"] >= 40
    assert all(set(one["question"]) == {"en", "zh"} for one in told["questions"])
    assert all(term.startswith(Q) for one in told["questions"] for term in one["terms"])
