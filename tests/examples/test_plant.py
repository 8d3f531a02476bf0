"""The example plant: same seed same bytes, truth that can be recomputed, incidents that are there."""

from __future__ import annotations

import csv
import hashlib
import json
import re
import shutil
import time
from collections import defaultdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
import yaml

from qualweave.errors import InputError, NotFound
from qualweave.examples.plant import PlantManifest, generate
from qualweave.examples.plant.ablate import (
    ABLATIONS,
    incident,
    lose_tags,
    remove_column,
    remove_file,
    remove_genealogy_edge,
)
from qualweave.examples.plant.gs1 import TradeItem, check_digit
from qualweave.examples.plant.world import load_world

if TYPE_CHECKING:
    from collections.abc import Callable

SEEDS = (1, 2, 3)


@pytest.fixture(scope="session")
def plants(tmp_path_factory: pytest.TempPathFactory) -> dict[int, PlantManifest]:
    root = tmp_path_factory.mktemp("plants")
    return {seed: generate(root / str(seed), seed=seed) for seed in SEEDS}


@pytest.fixture(scope="session")
def plant(plants: dict[int, PlantManifest]) -> PlantManifest:
    return plants[1]


@pytest.fixture
def copy(plant: PlantManifest, tmp_path: Path) -> Path:
    return Path(shutil.copytree(plant.root, tmp_path / "plant"))


def told(made: PlantManifest, name: str) -> dict[str, Any]:
    return incident(made.root, name)


def table(path: Path, encoding: str = "utf-8-sig", delimiter: str = ",") -> list[dict[str, str]]:
    with path.open(encoding=encoding, newline="") as handle:
        return list(csv.DictReader(handle, delimiter=delimiter))


def digests(root: Path) -> dict[str, str]:
    return {
        str(path.relative_to(root)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(root.rglob("*"))
        if path.is_file()
    }


def test_the_same_seed_writes_the_same_bytes(plant: PlantManifest, tmp_path: Path) -> None:
    generate(tmp_path / "again", seed=1)

    assert digests(tmp_path / "again") == digests(plant.root)


def test_another_seed_shares_no_data_file_content(plants: dict[int, PlantManifest]) -> None:
    first, second = (digests(plants[seed].input) for seed in (1, 2))

    assert not set(first.values()) & set(second.values())


@pytest.mark.parametrize("arguments", [{"seed": -1}, {"size": "giant"}])
def test_a_plant_that_is_not_defined_is_refused(tmp_path: Path, arguments: dict[str, Any]) -> None:
    with pytest.raises(InputError, match="no plant"):
        generate(tmp_path, **arguments)


def test_medium_is_a_million_quads_within_forty_seconds(tmp_path: Path) -> None:
    started = time.monotonic()
    made = generate(tmp_path / "medium", size="medium")
    seconds = time.monotonic() - started

    totals = json.loads((made.oracle / "counts.json").read_text())["totals"]
    closures = json.loads((made.oracle / "closures.json").read_text())
    assert totals["quads_estimate"] > 1_000_000
    assert seconds < 40
    assert len(closures) > 100


def test_closures_are_those_of_an_independent_recomputation(plant: PlantManifest) -> None:
    parents: dict[str, set[str]] = defaultdict(set)
    for row in table(plant.oracle / "genealogy.csv"):
        parents[row["child"]].add(row["parent"])

    def ancestors(item: str) -> set[str]:
        found: set[str] = set()
        for parent in parents.get(item, ()):
            found |= {parent} | ancestors(parent)
        return found

    everything = {
        item: ancestors(item) for item in {*parents, *(p for ps in parents.values() for p in ps)}
    }
    closures = json.loads((plant.oracle / "closures.json").read_text())
    for item, told_sets in closures.items():
        assert set(told_sets["backward"]) == everything.get(item, set())
        assert set(told_sets["forward"]) == {one for one, up in everything.items() if item in up}


def test_a_pack_reaches_seven_levels_back(plant: PlantManifest) -> None:
    levels = json.loads((plant.oracle / "levels.json").read_text())
    kind = {item: name for name, items in levels.items() for item in items}
    parents: dict[str, list[str]] = defaultdict(list)
    for row in table(plant.oracle / "genealogy.csv"):
        parents[row["child"]].append(row["parent"])
    seen, queue = set(), [levels["pack"][0]]
    while queue:
        for parent in parents[queue.pop()]:
            if parent not in seen:
                seen.add(parent)
                queue.append(parent)

    assert {kind[item] for item in seen} == {
        "module",
        "cell",
        "coil",
        "cathode",
        "precursor",
        "ore",
    }
    assert sum(kind[item] == "cell" for item in seen) == 96
    assert len(seen) < 400


def test_gs1_identifiers_carry_valid_check_digits(plant: PlantManifest) -> None:
    gtins = {
        match for path in plant.input.rglob("*") if path.is_file()
        for match in re.findall(rb"(?:\(01\)|/01/)(\d{14})", path.read_bytes())
    }  # fmt: skip

    assert len(gtins) >= 4
    for gtin in gtins:
        assert check_digit(gtin.decode()[:13]) == gtin.decode()[13]


def test_a_known_gtin_has_its_published_check_digit() -> None:
    # GS1 General Specifications, example GTIN-13 6291041500213
    assert check_digit("629104150021") == "3"
    assert TradeItem("6291041", "50021").gtin == "06291041500213"


def test_the_world_shares_mechanisms_and_gives_defects_several() -> None:
    by_mechanism, by_defect = defaultdict(set), defaultdict(set)
    for cause in load_world().causes:
        by_mechanism[cause.mechanism].add(cause.defect)
        by_defect[cause.defect].add(cause.mechanism)

    assert sum(len(defects) >= 2 for defects in by_mechanism.values()) >= 8
    assert sum(len(mechanisms) >= 2 for mechanisms in by_defect.values()) >= 3


def test_every_family_has_at_least_three_lines_with_their_own_truth(plant: PlantManifest) -> None:
    lines: dict[str, dict[str, list[str]]] = defaultdict(lambda: defaultdict(list))
    for row in table(plant.oracle / "mechanisms.csv"):
        lines[row["process"]][row["line"]].append(row["parameters"])

    for process, family in load_world().families.items():
        assert len(lines[process]) == family.lines >= 3
    assert len({tuple(links) for links in lines["InjectionMoulding"].values()}) > 1


def test_words_and_expected_terms_stand_in_the_ontology(plant: PlantManifest) -> None:
    rdflib = pytest.importorskip("rdflib")
    modules = sorted(Path(__file__).parents[2].glob("ontology/modules/*.ttl"))
    known = rdflib.Graph()
    for path in modules:
        known.parse(path)
    subjects = {str(subject) for subject in known.subjects()}

    expected = {
        term for row in table(plant.oracle / "fields.csv") for term in row["terms"].split("|")
    } - {"NIL"}
    world = load_world()
    named = {
        term.iri
        for group in (world.parameters, world.defects, world.mechanisms)
        for term in group.values()
    }
    assert not expected - subjects
    assert not named - subjects


def test_every_column_of_a_csv_has_its_truth(plant: PlantManifest) -> None:
    fields = defaultdict(set)
    for row in table(plant.oracle / "fields.csv"):
        fields[row["file"]].add(row["column"])

    for path in plant.input.rglob("*.csv"):
        name = path.relative_to(plant.input).as_posix()
        data = path.read_bytes()
        texts = [
            text for charset in ("utf-8-sig", "gb18030", "cp1252") if (text := _read(data, charset))
        ]
        assert any(fields[name] <= set(re.split(r"[,;\r\n]", text)) for text in texts), name


def _read(data: bytes, charset: str) -> str:
    try:
        return data.decode(charset)
    except UnicodeDecodeError:
        return ""


def test_few_fields_are_cryptic_and_each_has_an_answer(plant: PlantManifest) -> None:
    fields = table(plant.oracle / "fields.csv")
    answers = yaml.safe_load(plant.answers.read_text("utf-8"))["answers"]

    cryptic = {(row["file"], row["column"]) for row in fields if row["cryptic"] == "True"}
    assert 0 < len(cryptic) <= 0.12 * len(fields)
    assert {(answer["file"], answer["field"]) for answer in answers} == cryptic


def test_alarms_are_mostly_labelled_and_the_rest_is_counted(plant: PlantManifest) -> None:
    totals = json.loads((plant.oracle / "counts.json").read_text())["totals"]
    alarms = [row for path in plant.input.glob("*/alarms/*.csv") for row in table(path)]
    without = [row for row in alarms if not (row.get("标注人") or row.get("Labelled By"))]

    assert len(alarms) == totals["alarms"]
    assert 0 < len(without) == totals["alarms_without_label"] < 0.25 * len(alarms)
    assert totals["labels_wrong"] < 0.12 * len(alarms)


def test_broken_rows_are_counted_where_they_are(plant: PlantManifest) -> None:
    files = json.loads((plant.oracle / "counts.json").read_text())["files"]
    marks = ("---", "#VALUE!", "断线", "ERR:12", "N.A.?")
    broken = {name: entry["broken"] for name, entry in files.items() if entry["broken"]}

    assert len(broken) >= 3
    for name, count in broken.items():
        data = (plant.input / name).read_bytes()
        text = next(
            text for charset in ("utf-8-sig", "gb18030", "cp1252") if (text := _read(data, charset))
        )
        assert sum(any(mark in line for mark in marks) for line in text.splitlines()) == count


@pytest.mark.parametrize("seed", SEEDS)
def test_an_honest_fit_finds_the_weld_optimum(plants: dict[int, PlantManifest], seed: int) -> None:
    made = plants[seed]
    story = told(made, "weld-intervention")
    current, hold = story["setpoint"]["WeldCurrent"], story["setpoint"]["WeldHoldTime"]
    strength = _strengths(made, story["line"])
    settings = _weld_settings(made, story["line"])
    items = sorted(set(strength) & set(settings))
    x = np.array([settings[item][0] - current for item in items])
    y = np.array([settings[item][1] - hold for item in items])
    z = np.array([strength[item] for item in items])

    b = np.linalg.lstsq(np.column_stack([np.ones_like(x), x, y, x**2, y**2, x * y]), z, rcond=None)[
        0
    ]
    top = np.linalg.solve(np.array([[2 * b[3], b[5]], [b[5], 2 * b[4]]]), -b[1:3])

    assert round(float(top[0]), 1) == story["actions"][0]["delta"]
    assert round(round(float(top[1]) / 0.05) * 0.05, 2) == story["actions"][1]["delta"]


def _strengths(made: PlantManifest, line: str) -> dict[str, float]:
    text = (made.input / f"cell/lims/{line}_pull_test.csv").read_text("gb18030").splitlines()
    rows = list(csv.DictReader(text[1:]))
    return {row["序列号"]: float(row["拉拔强度_N"]) for row in rows}


def _weld_settings(made: PlantManifest, line: str) -> dict[str, tuple[float, float]]:
    """Whatever the line's style is: the numbers after current and hold time in its process file."""
    paths = [
        p
        for p in (made.input / "cell").rglob(f"{line}_*")
        if p.parent.name != "lims" and "setpoints" not in p.name
    ]
    text = next(
        t for c in ("utf-8-sig", "gb18030", "cp1252") if (t := _read(paths[0].read_bytes(), c))
    )
    if paths[0].suffix == ".json":
        return {
            r["serialNumber"]: (r["process"]["weldCurrent"], r["process"]["weldHoldTime"])
            for r in json.loads(text)["operations"]
        }
    if paths[0].suffix == ".xml":
        found = re.findall(
            r'serialNumber="([^"]+)".*?<WeldCurrent[^>]*>([\d.]+)<.*?<WeldHoldTime[^>]*>([\d.]+)<',
            text,
            re.DOTALL,
        )
        return {item: (float(a), float(b)) for item, a, b in found}
    rows = list(csv.reader(text.splitlines(), delimiter=";" if ";" in text else ","))
    head = next(i for i, row in enumerate(rows) if len(row) > 4)
    place = [next(i for i, cell in enumerate(rows[head]) if re.match(p, cell)) for p in (
        "序列号|ＬＯＴ|Serial|SERIAL", "焊接电流|Weld Current|WELD_CURR", "保压时间|Weld Hold|HOLD_TIME")]  # fmt: skip
    return {
        row[place[0]]: (
            float(row[place[1]].replace(",", ".")),
            float(row[place[2]].replace(",", ".")),
        )
        for row in rows[head + 1 :]
        if len(row) > max(place) and re.match(r"\d", row[place[1]])
    }


@pytest.mark.parametrize("seed", SEEDS)
def test_incidents_stand_in_the_files(plants: dict[int, PlantManifest], seed: int) -> None:
    made = plants[seed]
    everything = "\n".join(
        next(t for c in ("utf-8-sig", "gb18030", "cp1252") if (t := _read(p.read_bytes(), c)))
        for p in made.input.rglob("*") if p.is_file()
    )  # fmt: skip

    orphan = [
        row for row in table(made.input / "resin/dcs/参数变更日志.csv") if not row["质量工单"]
    ]
    assert [row["变更编号"] for row in orphan] == told(made, "pid-change")["orphan_changes"]
    assert orphan[0]["反应釜"] == told(made, "pid-change")["reactor"]
    freeze = told(made, "freeze")
    assert len(set(freeze["second_tier"])) == freeze["tasks"]
    tests = table(made.input / "valve/test/地面测试记录.csv", "gb18030")
    over = [row for row in tests if float(row["响应延迟_ms"]) > freeze["limit_ms"]]
    assert [row["批次号"] for row in over] == [freeze["bad_batch"]]
    assert sum(float(row["响应延迟_ms"]) == freeze["limit_ms"] for row in tests) == 1
    for name in (*told(made, "card-coach")["cases"], *told(made, "four-dimensions")["operations"]):
        assert name in everything
    hall = (made.input / "moulding/environment/hall_sensors.csv").read_text("utf-8")
    assert not any(name in hall for name in told(made, "four-dimensions")["operations"])
    assert told(made, "new-field")["column"] in (
        made.input / told(made, "new-field")["second"]
    ).read_text("utf-8")
    assert told(made, "new-field")["column"] not in (
        made.input / told(made, "new-field")["first"]
    ).read_text("utf-8")
    for text in (voice["text"] for voice in told(made, "three-voices")["voices"]):
        assert text in everything
    claims = json.loads((made.input / "solar/crm/claims.json").read_text("utf-8"))["claims"]
    assert sum(claim["affectedPowerMW"] for claim in claims) == pytest.approx(
        told(made, "pid-change")["affected_megawatt"]
    )


def test_seed_one_tells_the_told_figures(plant: PlantManifest) -> None:
    weld, coach = told(plant, "weld-intervention"), told(plant, "card-coach")

    assert (
        weld["sentence_zh"]
        == "建议将极耳焊接电流下调2.3A,同步延长保压时间0.15s,并触发BMS固件版本校验"
    )
    assert coach["sentence_zh"] == "该参数组合在同类产线引发过3次翘曲,建议参考案例#A7X2"
    assert told(plant, "new-field")["sentence_zh"] == (
        "新增字段Cooling_Rate_Unit,建议映射至Q-Ontology中Thermal_Processing类下的cooling_rate_unit属性"
    )
    assert told(plant, "freeze")["tasks"] == 23
    assert told(plant, "freeze")["limit_ms"] == 15.0
    assert told(plant, "scoped-code")["meanings"] == {
        "AOI-01": "WireShift",
        "AOI-02": "EpoxyOverflow",
    }
    assert told(plant, "scoped-code")["code"] == "127"
    assert told(plant, "pid-change")["date"] == "2024-11-17"
    assert told(plant, "pid-change")["affected_megawatt"] == 37


@pytest.mark.parametrize("other", [2, 3, 5, 8, 13])
def test_another_seed_tells_another_story(plant: PlantManifest, tmp_path: Path, other: int) -> None:
    made = generate(tmp_path / "other", seed=other)

    differing = {
        "weld-intervention": ("station", "actions", "sentence_zh", "packs"),
        "card-coach": ("line", "count", "reference_case", "sentence_zh"),
        "pid-change": ("reactor", "date", "affected_megawatt", "cost_million_cny", "module_lots"),
        "scoped-code": ("code", "meanings", "unknown_machine"),
        "context-field": ("file",),
        "new-field": ("column", "device", "sentence_zh"),
        "freeze": ("bad_batch", "bad_serial", "tasks", "open_deliveries"),
        "four-dimensions": ("operations", "work_order"),
        "coupled-failure": ("positives", "lines"),
        "who-ate-this-lot": ("item", "packs"),
    }
    for name, keys in differing.items():
        for key in keys:
            assert told(made, name)[key] != told(plant, name)[key], (name, key)


def test_no_value_of_the_strip_is_unusual_by_itself(tmp_path: Path) -> None:
    made = generate(tmp_path / "medium", size="medium")
    story = told(made, "coupled-failure")
    heat = table(made.input / f"strip/mes/{story['lines'][0]}_process.csv")
    values = np.array([float(row["Heat Treatment Temperature [degC]"]) for row in heat])
    positive = np.isin([row["Coil No"] for row in heat], story["positives"])

    assert np.all(np.abs(values - values.mean()) < 3 * values.std())
    assert len(story["positives"]) > 50
    # a high value alone says little: most strips that are as hot as a cracked one are sound
    hot = values >= values[positive].min()
    assert positive[hot].mean() < 0.25


def test_the_hold_out_sentences_are_in_no_input_file(plant: PlantManifest) -> None:
    voices = json.loads((plant.oracle / "voices.json").read_text("utf-8"))
    said = (plant.input / "moulding/crm/complaints.json").read_text("utf-8")

    assert len(voices) == 30
    assert not [voice["text"] for voice in voices if voice["text"] in said]


@pytest.mark.parametrize(
    "ablation",
    [one for name in sorted(ABLATIONS) for one in ABLATIONS[name]],
    ids=lambda one: one.__name__,
)
def test_an_ablation_changes_only_input_files(
    copy: Path, ablation: Callable[[Path], tuple[Path, ...]]
) -> None:
    before = digests(copy)

    changed = ablation(copy)

    after = digests(copy)
    touched = {path for path in before.keys() | after.keys() if before.get(path) != after.get(path)}
    assert changed
    assert touched
    assert all(path.startswith("input/") for path in touched)


def test_removing_the_machine_scope_leaves_no_machine_in_the_exports(copy: Path) -> None:
    machines = incident(copy, "scoped-code")["meanings"]

    ABLATIONS["scoped-code"][0](copy)

    for path in (copy / "input/electronics/aoi").glob("export_*"):
        text = path.read_text("utf-8-sig")
        assert not any(machine in text or machine in path.name for machine in machines)
        assert "Defect_ID" in text


def test_removing_a_column_keeps_the_charset_and_every_other_cell(copy: Path) -> None:
    path = copy / "input/moulding/mes/模具状态.csv"
    before = table(path, "gb18030")

    remove_column(path, "模次")

    after = table(path, "gb18030")
    assert after == [{key: value for key, value in row.items() if key != "模次"} for row in before]


def test_removing_one_edge_takes_one_record(copy: Path) -> None:
    path = copy / "input/cell/mes/genealogy_cell.xml"
    text = path.read_text("utf-8")
    child = re.findall(r"<ChildLot>(.*?)<", text)[3]
    parent = re.findall(r"<ParentLot>(.*?)<", text)[3]

    remove_genealogy_edge(path, child, parent)

    assert path.read_text("utf-8").count("<Consumption") == text.count("<Consumption") - 1
    assert f">{child}<" not in path.read_text("utf-8")


def test_losing_tags_loses_about_the_rate(copy: Path) -> None:
    path = copy / "input/pack/epcis/pack_assembly.jsonld"
    before = _tags(path)

    lose_tags(copy, rate=0.5, seed=4)

    assert 0.2 * before < _tags(path) < 0.8 * before


def _tags(path: Path) -> int:
    events = json.loads(path.read_text("utf-8"))["epcisBody"]["eventList"]
    return sum(len(event.get("childEPCs", ())) for event in events)


def test_what_is_not_there_cannot_be_removed(copy: Path) -> None:
    with pytest.raises(NotFound, match="No input file"):
        remove_file(copy, "nowhere/*.csv")
    with pytest.raises(NotFound, match="no column"):
        remove_column(copy / "input/moulding/mes/模具状态.csv", "Nope")
    with pytest.raises(NotFound, match="no incident"):
        incident(copy, "nope")
