"""Answers on the example plant, reckoned a second time from the files that the plant was made of.

No store, mapper or query has part in the reckoning: the files are read as they lie there, and what engineers labelled
is taken from the oracle.
"""

import csv
import json
import re
from collections import Counter, defaultdict
from collections.abc import Iterable
from datetime import datetime, timedelta, timezone
from pathlib import Path
from statistics import fmean
from typing import Any
from urllib.parse import unquote

import pytest

from qualweave.iri import local_name
from qualweave.ontology.load import load_graph
from qualweave.ontology.terms import TermIndex, normalise
from tests.api.conftest import Plant

pytestmark = pytest.mark.parametrize("plant", [1], indirect=True, ids=["seed 1"])
_CHINA = timezone(timedelta(hours=8))


def _rows(plant: Plant, name: str, **values: str) -> list[dict[str, Any]]:
    reply = plant.client.get("/ask", params={"q": name, **values})
    assert reply.status_code == 200, reply.text
    return reply.json()["rows"]


def _short(value: Any) -> Any:
    """Return an IRI's last part as the files write it, and a number of nine digits."""
    if isinstance(value, float | int) and not isinstance(value, bool):
        return float(f"{value:.9g}")
    return unquote(local_name(str(value)))


def _told(rows: Iterable[dict[str, Any]], *columns: str) -> set[tuple[Any, ...]]:
    return {tuple(_short(row[one]) for one in columns) for row in rows}


def _table(path: Path, *, skip: int = 0, split: str = ",") -> list[list[str]]:
    body = path.read_bytes()
    try:
        text = body.decode("utf-8-sig")
    except UnicodeDecodeError:
        text = body.decode("gb18030")
    return [row for row in csv.reader(text.splitlines()[skip:], delimiter=split) if row][1:]


def _alarms(plant: Plant) -> list[list[str]]:
    """Return the rows of all alarm files; their columns stand in one order, whatever they are called."""
    return [row for f in plant.manifest.input.rglob("*_alarms.csv") for row in _table(f)]


def _labels(plant: Plant) -> list[dict[str, Any]]:
    """Return the labels whose cause the engineer named by a word of one parameter only; the others open a question."""
    terms, words = TermIndex.from_graph(load_graph()), {row[0]: row[7] for row in _alarms(plant)}
    told = plant.oracle("labels.json")
    sure = [
        one for one in told if sum(t.is_parameter for t in terms.by_label(words[one["alarm"]])) == 1
    ]
    assert len(told) - len(sure) == 2
    return sure


def _genealogy(plant: Plant) -> dict[str, set[str]]:
    found: dict[str, set[str]] = defaultdict(set)
    for child, parent in _table(plant.manifest.oracle / "genealogy.csv"):
        found[local_name(child)].add(local_name(parent))
    return found


def _behind(parents: dict[str, set[str]], name: str, steps: int) -> set[str]:
    found = {name}
    for _ in range(steps):
        found = {above for one in found for above in parents.get(one, set())}
    return found


def _known_causes() -> set[tuple[str, str]]:
    graph = load_graph()
    query = "SELECT ?c ?d { ?l a <https://w3id.org/qonto/HypothesisedLink> ; <https://w3id.org/qonto/hasCause> ?c ; <https://w3id.org/qonto/hasEffect> ?d }"
    return {(local_name(str(c)), local_name(str(d))) for c, d in graph.query(query)}  # type: ignore[misc]


def test_labels_are_parted_into_known_causes_and_new_ones(plant: Plant) -> None:
    known = _known_causes()
    told = Counter((one["parameter"], one["defect"]) for one in _labels(plant))

    new = {
        (_short(r["parameter"]), _short(r["defect"])): r["labels"]
        for r in _rows(plant, "new-causes")
    }
    agreed: Counter[tuple[str, str]] = Counter()
    for r in {json.dumps(one): one for one in _rows(plant, "causes-agreed")}.values():
        agreed[_short(r["cause"]), _short(r["defect"])] += r["labels"]

    assert new == {pair: count for pair, count in told.items() if pair not in known}
    assert agreed == {pair: count for pair, count in told.items() if pair in known}


def test_causes_are_ranked_by_the_items_of_the_alarm_files(plant: Plant) -> None:
    items: dict[str, set[str]] = defaultdict(set)
    lines: dict[str, set[str]] = defaultdict(set)
    rows = {row[0]: row for row in _alarms(plant)}
    for one in _labels(plant):
        items[one["parameter"]].add(rows[one["alarm"]][6])
        lines[one["parameter"]].add(rows[one["alarm"]][3])

    assert _told(_rows(plant, "causes-by-items"), "parameter", "items", "lines") == {
        (name, len(found), len(lines[name])) for name, found in items.items()
    }


def test_disputed_causes_are_counted_as_labelled(plant: Plant) -> None:
    by = {row[0]: row[10] for row in _alarms(plant)}
    labels: dict[str, list[dict[str, Any]]] = defaultdict(list)
    for one in _labels(plant):
        labels[one["defect"]].append(one)
    wanted = {
        (
            defect,
            len({one["parameter"] for one in told}),
            len(told),
            len({by[one["alarm"]] for one in told}),
        )
        for defect, told in labels.items()
    }

    given = _told(_rows(plant, "disputed-causes"), "defect", "parameters", "labels", "persons")

    assert given == {one for one in wanted if one[1] > 1}


def test_alarms_are_counted_by_machine_and_code(plant: Plant) -> None:
    told = Counter((row[4], row[5]) for row in _alarms(plant))
    given: Counter[tuple[str, str]] = Counter()
    for row in _rows(plant, "alarms-by-code"):
        given[_short(row["code"]), row["text"]] += row["alarms"]

    assert given == told


def test_the_change_log_is_counted_and_measured(plant: Plant) -> None:
    log = _table(plant.manifest.input / "resin/dcs/参数变更日志.csv")
    steps: dict[str, list[float]] = defaultdict(list)
    for row in log:
        steps["PIDSetting" if "PID" in row[2] else "Temperature"].append(
            float(row[4]) - float(row[3])
        )

    assert _told(_rows(plant, "temporary-changes"), "change") == {
        (row[0],) for row in log if row[7] == "是"
    }
    assert _told(_rows(plant, "changes-by-operator"), "person", "changes", "machines") == {
        (who, len(own), len({row[1] for row in own}))
        for who in {row[9] for row in log}
        for own in [[row for row in log if row[9] == who]]
    }
    for row in _rows(plant, "change-sizes"):
        own = steps[_short(row["parameter"])]
        assert row["changes"] == len(own)
        assert (row["mean"], row["least"], row["greatest"]) == pytest.approx(
            (fmean(own), min(own), max(own))
        )


def test_lots_during_changes_are_those_of_the_batch_record(plant: Plant) -> None:
    inputs = plant.manifest.input
    text = (inputs / "resin/dcs/聚合批次记录.csv").read_bytes().decode("gb18030")
    batches = [row.split(",") for row in text.splitlines() if re.match(r"EVA-\d+", row)]
    wanted = set()
    for change in _table(inputs / "resin/dcs/参数变更日志.csv"):
        start, end = (_moment(change[at]) for at in (5, 6))
        for lot, _, reactor, at, *_ in batches:
            if reactor == change[1] and start <= _moment(at) < end:
                wanted.add((change[0], reactor, lot))

    assert len(batches) == 20
    assert _told(_rows(plant, "lots-during-changes"), "change", "equipment", "lot") == wanted


def _moment(text: str) -> datetime:
    found = datetime.fromisoformat(text.replace("/", "-"))
    return found if found.tzinfo else found.replace(tzinfo=_CHINA)


def test_resin_and_power_are_joined_over_the_film(plant: Plant) -> None:
    inputs, parents = plant.manifest.input, _genealogy(plant)
    index = {
        one["lot_no"]: one["melt_flow_index"]
        for one in json.loads((inputs / "resin/lims/resin_lots.json").read_text("utf-8"))["results"]
    }
    power: dict[str, list[float]] = defaultdict(list)
    tests = _table(inputs / "solar/lims/damp_heat_flash_test.csv")
    for row in tests:
        for resin in _behind(parents, row[1], 2) & set(index):
            power[resin].append(float(row[3]))

    for row in _rows(plant, "power-by-resin"):
        own = power.pop(_short(row["resin"]))
        assert row["index"] == index[_short(row["resin"])]
        assert (row["modules"], row["mean"]) == (len(own), pytest.approx(fmean(own)))
    assert power == {}


def test_claimed_modules_have_the_power_of_the_flash_test(plant: Plant) -> None:
    inputs = plant.manifest.input
    power = {
        row[1]: float(row[3]) for row in _table(inputs / "solar/lims/damp_heat_flash_test.csv")
    }
    claims = json.loads((inputs / "solar/crm/claims.json").read_text("utf-8"))["claims"]

    given = _told(_rows(plant, "claimed-power"), "complaint", "item", "power")

    assert given == {(o["claimNo"], o["moduleLot"], power[o["moduleLot"]]) for o in claims}


def test_cells_are_counted_by_cathode_lot_and_pack(plant: Plant) -> None:
    parents = _genealogy(plant)
    lots = {name: _behind(parents, name, 2) for name in parents if name.startswith("C2501")}
    spread = Counter(lot for above in lots.values() for lot in above if lot.startswith("NCM"))
    packs = {name for name in parents if name.startswith("PK")}
    inside = {
        (pack, lot, sum(lot in lots[cell] for cell in _behind(parents, pack, 2)))
        for pack in packs
        for lot in spread
    }

    assert _told(_rows(plant, "cathode-lot-cells"), "lot", "cells") == set(spread.items())
    given = _told(_rows(plant, "lots-in-packs"), "pack", "lot", "cells")
    assert given == {one for one in inside if one[2]}


def test_material_flows_as_often_as_the_genealogy_says(plant: Plant) -> None:
    pairs = [(c, p) for c, above in _genealogy(plant).items() for p in above]
    told = {
        (_short(row["input"]), _short(row["output"])): row["links"]
        for row in _rows(plant, "material-chain")
    }

    assert told["BatteryCell", "BatteryModule"] == sum(p.startswith("C2501") for _, p in pairs)
    assert told["ElectrodeCoil", "BatteryCell"] == sum(c.startswith("C2501") for c, _ in pairs)
    assert told["CathodeMaterial", "ElectrodeCoil"] == sum(p.startswith("NCM") for _, p in pairs)
    assert told["ElectrodeCoil", "Waste"] == sum(c.startswith("SCR") for c, _ in pairs)


def test_cards_differ_where_their_files_do(plant: Plant) -> None:
    folder = plant.manifest.input / "moulding/cards"
    one, two = (_table(folder / f"PC-IM-02-{n}_工艺卡.csv")[0][4:] for n in ("0098", "0107"))
    wanted = {
        (float(b), float(a), round(float(a) - float(b), 9))
        for b, a in zip(one, two, strict=True)
        if a != b
    }
    given = _rows(plant, "cards-compared", card="PC-IM-02-0098", other="PC-IM-02-0107")

    assert {(r["before"], r["after"], round(r["difference"], 9)) for r in given} == wanted


def test_operations_are_held_against_card_and_set_points(plant: Plant) -> None:
    inputs = plant.manifest.input
    records = _table(inputs / "moulding/mes/IM-02_process_records.csv")
    cooling = [float(row[11]) for row in records]
    given = {_short(r["parameter"]): r for r in _rows(plant, "card-kept", card="PC-IM-02-0107")}
    settings = _table(inputs / "cell/mes/TW-02_setpoints.csv")
    current = [
        float(row[5].replace(",", "."))
        for row in _table(inputs / "cell/scada/TW-02_EXPORT.csv", split=";")
        if row[1].startswith("OP-")
    ]
    kept = {_short(r["parameter"]): r for r in _rows(plant, "setpoint-deviation")}

    row = given["CoolingTime"]
    assert row["setting"] == 14.4
    assert (row["mean"], row["least"], row["greatest"]) == pytest.approx(
        (fmean(cooling), min(cooling), max(cooling))
    )
    assert {r["setting"] for r in kept.values()} == {float(row[3]) for row in settings}
    row, low, high = kept["WeldCurrent"], float(settings[0][6]), float(settings[0][7])
    assert (row["mean"], row["count"]) == (pytest.approx(fmean(current)), len(current))
    assert row["outside"] == sum(not low <= one <= high for one in current)


def test_a_parameter_is_contrasted_over_the_lines_that_have_the_defect(plant: Plant) -> None:
    values, bad = _welds(plant), set()
    for row in _table(plant.manifest.input / "cell/mes/TabWelding_inspection.csv"):
        if row[6] == "False weld":
            bad.add(row[1])
    hit = {line for item, (line, _) in values.items() if item in bad}
    parts = {
        flag: [v for item, (line, v) in values.items() if line in hit and (item in bad) is flag]
        for flag in (False, True)
    }

    given = {str(r["found"]).casefold() == "true": r for r in _rows(plant, "parameter-contrast")}

    for flag, own in parts.items():
        assert given[flag]["count"] == len(own)
        assert given[flag]["mean"] == pytest.approx(fmean(own))


def _welds(plant: Plant) -> dict[str, tuple[str, float]]:
    """Return line and welding current of each cell, from four files of four forms."""
    folder = plant.manifest.input / "cell"
    found = {
        row[4]: ("TW-01", float(row[7])) for row in _table(folder / "mes/TW-01_process_records.csv")
    }
    for row in _table(folder / "scada/TW-02_EXPORT.csv", split=";"):
        if row[1].startswith("OP-"):
            found[row[4]] = ("TW-02", float(row[5].replace(",", ".")))
    told = json.loads((folder / "mes/TW-03_operations.json").read_text("utf-8"))
    for one in told["operations"]:
        found[one["serialNumber"]] = ("TW-03", float(one["process"]["weldCurrent"]))
    text = (folder / "mes/TW-04_operations.xml").read_text("utf-8")
    pattern = r'serialNumber="([^"]+)".*?<WeldCurrent unit="A">([\d.]+)<'
    for item, value in re.findall(pattern, text, re.DOTALL):
        found[item] = ("TW-04", float(value))
    return found


def test_torque_and_delay_are_paired_as_in_the_ground_test(plant: Plant) -> None:
    rows = _table(plant.manifest.input / "valve/test/地面测试记录.csv")

    given = _told(_rows(plant, "paired-values"), "item", "first", "second")

    assert given == {(row[1], float(row[6]), float(row[4])) for row in rows}


def test_weights_that_were_taken_twice_are_compared(plant: Plant) -> None:
    weights: dict[str, list[float]] = defaultdict(list)
    for row in _table(plant.manifest.input / "pack/mes/module_mounting.csv"):
        weights[row[3].split("(21)")[1]].append(float(row[5]) * 1000)

    for row in _rows(plant, "measured-twice"):
        own = weights.pop(_short(row["item"]))
        assert row["records"] == len(own)
        assert row["difference"] == pytest.approx(max(own) - min(own))
    assert weights == {}


def test_suppliers_behind_suppliers_are_those_of_the_list(plant: Plant) -> None:
    pairs = {(row[0], row[1]) for row in _table(plant.manifest.input / "valve/srm/供应商清单.csv")}
    wanted = {
        (far, near) for far, to in pairs for near, us in pairs if to == near and us == "航宇伺服"
    }

    given = _told(_rows(plant, "indirect-suppliers", company="航宇伺服"), "supplier", "via")

    assert given == wanted


def test_moulds_have_the_shots_of_their_file(plant: Plant) -> None:
    shots: dict[str, list[int]] = defaultdict(list)
    for row in _table(plant.manifest.input / "moulding/mes/模具状态.csv"):
        shots[row[1]].append(int(row[2]))

    given = _told(_rows(plant, "mould-life"), "tool", "first", "last", "operations")

    assert given == {(t, min(own), max(own), len(own)) for t, own in shots.items()}


def _verdicts(plant: Plant) -> dict[str, list[tuple[str, str]]]:
    """Return verdict and defect of every item in the files of the process inspections."""
    inputs, found = plant.manifest.input, defaultdict(list)
    for name in ("cell/mes/Coating_检验结果.csv", "machining/mes/Machining_inspection.csv"):
        for row in _table(inputs / name):
            found[row[1]].append((row[5], row[6]))
    for name in ("cell/lims/Calendering_inspection.json", "thermal/lims/Baking_inspection.json"):
        for one in json.loads((inputs / name).read_text("utf-8"))["inspections"]:
            found[one["serialNumber"]].append((one["result"], one["defectName"]))
    for row in _table(inputs / "strip/lims/strip_inspection.csv"):
        found[row[1]].append((row[3], row[4]))
    return found


def test_rejects_are_those_that_any_inspection_refused(plant: Plant) -> None:
    verdicts = _verdicts(plant)
    groups = {
        "ElectrodeCoating": "L2501",
        "Calendering": "L2501",
        "Baking": "H-OV",
        "Machining": "K-MC",
        "ColdRolling": "ST-",
    }
    given = {_short(r["process"]): r for r in _rows(plant, "reject-rate-by-process")}

    for process, start in groups.items():
        own = {name: told for name, told in verdicts.items() if name.startswith(start)}
        bad = [n for n, told in own.items() if any(v in {"不合格", "NG", "FAIL"} for v, _ in told)]
        row = given[process]
        assert (row["inspected"], row["failed"]) == (len(own), len(bad))
        assert row["value"] == pytest.approx(len(bad) / len(own))


def test_coils_with_a_defect_that_passed_elsewhere_are_found(plant: Plant) -> None:
    verdicts = _verdicts(plant)
    wanted = {
        name
        for name, told in verdicts.items()
        if any(defect for _, defect in told) and any(v in {"合格", "OK", "PASS"} for v, _ in told)
    }
    several = {n for n, told in verdicts.items() if len({d for _, d in told if d}) > 1}
    mine = ("L2501", "H-OV", "K-MC", "ST-")

    given = {_short(row["item"]) for row in _rows(plant, "passed-with-defect")}
    more = {_short(row["item"]) for row in _rows(plant, "items-with-several-defects")}

    assert {one for one in given if one.startswith(mine)} == wanted
    assert {one for one in more if one.startswith(mine)} == several


def test_machining_values_range_as_its_files_do(plant: Plant) -> None:
    folder = plant.manifest.input / "machining"
    records = _table(folder / "mes/MC-01_process_records.csv")
    torque = [float(row[7]) for row in records if row[7] != "---"]
    for row in _table(folder / "scada/MC-02_EXPORT.csv", split=";"):
        torque += [float(row[5].replace(",", "."))] if row[1].startswith("OP-") else []
    told = json.loads((folder / "mes/MC-03_operations.json").read_text("utf-8"))
    values = [one["process"]["spindleTorque"] for one in told["operations"]]
    torque += [float(one) for one in values if one is not None]

    row = next(r for r in _rows(plant, "observed-ranges") if "SpindleTorque" in r["parameter"])

    held = [r for r in _rows(plant, "quarantined-rows") if str(r["file"]).startswith("machining/")]
    assert row["count"] == len(torque) - len(held) == 58
    assert (row["least"], row["greatest"]) == (min(torque), max(torque))


def test_complaints_name_the_defects_that_their_words_hold(plant: Plant) -> None:
    terms, told = TermIndex.from_graph(load_graph()), defaultdict(set)
    for name, key, text in (
        ("moulding/crm/complaints.json", "complaintNo", "text"),
        ("solar/crm/claims.json", "claimNo", "text"),
    ):
        body = json.loads((plant.manifest.input / name).read_text("utf-8"))
        for one in next(iter(v for v in body.values() if isinstance(v, list))):
            for term in terms:
                words = [
                    *term.labels.get(one["language"], ()),
                    *term.alt_labels.get(one["language"], ()),
                ]
                if term.is_defect and any(normalise(w) in normalise(one[text]) for w in words):
                    told[term.local_name].add(one[key])

    given = {_short(r["kind"]): r["complaints"] for r in _rows(plant, "complaints-naming-defects")}

    assert given == {name: len(found) for name, found in told.items() if name != "Defect"}


def test_three_voices_are_counted_in_their_own_files(plant: Plant) -> None:
    flash = _table(plant.manifest.input / "solar/lims/damp_heat_flash_test.csv")
    told = [one for one in plant.oracle("labels.json") if one["defect"] == "Delamination"]
    claims = json.loads((plant.manifest.input / "solar/crm/claims.json").read_text("utf-8"))

    given = {row["source"]: row["records"] for row in _rows(plant, "three-voices")}

    assert given["engineer"] == len(told)
    assert given["customer"] == sum("脱层" in one["text"] for one in claims["claims"])
    assert given["inspection"] >= sum("elamination" in row[5] for row in flash)
