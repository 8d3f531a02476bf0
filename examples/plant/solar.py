"""The film story over three firms: reactor, resin, film, module, claim.

A temporary PID change at one reactor without a quality order; the resin of those hours has a melt
flow index off its band, the film from it delaminates, the modules lose power and are claimed.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from qualweave.examples.plant.families import make_run, write_runs
from qualweave.examples.plant.oracle import adjacency, reach
from qualweave.examples.plant.physics import draw_lines
from qualweave.examples.plant.press import labelled
from qualweave.examples.plant.tables import Dialect, column

if TYPE_CHECKING:
    from qualweave.examples.plant.press import Press

_REACTORS = 5
_CLAIM_TEXTS = ("组件起泡脱层，发电功率明显下降", "组件胶膜脱层，功率衰减")
_CHANGE_FROM, _CHANGE_TO = np.timedelta64(6, "h"), np.timedelta64(19, "h")


@dataclass(frozen=True)
class ResinLots:
    """The resin lots: codes, reactor number, operation, start, and whether they are off."""

    codes: np.ndarray[Any, Any]
    reactor: np.ndarray[Any, Any]
    operations: np.ndarray[Any, Any]
    started: np.ndarray[Any, Any]
    off: np.ndarray[Any, Any]


def build_solar(press: Press) -> None:
    """Simulate reactor, film and module makers and write their files."""
    lots = _resin(press)
    _write_reactors(press)
    _write_resin(press, lots)
    change = _write_changes(press)
    films, film_parents = _write_film(press, lots)
    modules = _write_modules(press, films, film_parents, lots)
    _tell(press, lots, change, modules)


def _write_reactors(press: Press) -> None:
    """Write the equipment list of the resin maker: which reactors are whose."""
    reactors = [_reactor(press, number) for number in range(1, _REACTORS + 1)]
    company = press.scenario.names["resin"][0]
    columns = [
        column("设备编号", "equipmentIdentifier", reactors),
        column("设备类型", "remark|itemClassName", ["反应釜"] * _REACTORS),
        column("所属公司", "organizationName", [company] * _REACTORS),
    ]
    press.csv("resin/eam/设备台账.csv", columns, Dialect(encoding="gb18030", newline="\r\n"))


def _reactor(press: Press, number: int) -> str:
    return press.scenario.code("R", number)


def _resin(press: Press) -> ResinLots:
    count = press.size["resin"] // _REACTORS * _REACTORS
    day = np.datetime64(press.scenario.pid.day.isoformat(), "s")
    place = np.arange(count)
    reactor = place % _REACTORS + 1
    # six-hour batches; batch 2 of each reactor starts half past midnight of the told day
    started = (
        day
        + np.timedelta64(30, "m")
        + ((place // _REACTORS - 2) * 6 * 3600).astype("timedelta64[s]")
    )
    inside = (started >= day + _CHANGE_FROM) & (started < day + _CHANGE_TO)
    return ResinLots(
        labelled(f"EVA{press.scenario.tag}-", count, 5),
        reactor,
        labelled(f"OP-R{press.scenario.tag}-", count, 6),
        started,
        inside & (reactor == press.scenario.pid.reactor),
    )


def _write_resin(press: Press, lots: ResinLots) -> None:
    rng = press.scenario.rng("resin")
    count = len(lots.codes)
    heat = np.round(rng.normal(208, 1.2, count) + np.where(lots.off, 9.5, 0.0), 1)
    index = np.round(rng.normal(24.0, 0.5, count) + np.where(lots.off, 6.2, 0.0), 2)
    reactors = np.array([_reactor(press, int(n)) for n in lots.reactor], dtype=object)
    columns = [
        column("生产批号", "batchNumber|serialNumber", lots.codes),
        column("作业号", "operationIdentifier", lots.operations),
        column("反应釜", "equipmentIdentifier", reactors),
        column("开始时间", "startedAt", lots.started),
        column("结束时间", "endedAt", lots.started + np.timedelta64(330, "m")),
        column("温度", "Temperature", heat, decimals=1, unit="℃"),
    ]
    press.csv(
        "resin/dcs/聚合批次记录.csv", columns,
        Dialect(encoding="gb18030", unit_style="underscore", time_style="slash", newline="\r\n",
                preamble=("DCS 批次报表", "聚合车间")),
    )  # fmt: skip
    tests = [
        column("sample", "inspectionIdentifier", labelled(f"LR-{press.scenario.tag}-", count, 5)),
        column("lot_no", "batchNumber|serialNumber", lots.codes),
        column("reactor", "equipmentIdentifier", reactors),
        column("tested_at", "resultTime", lots.started + np.timedelta64(9, "h")),
        column(
            "process_temp_value",
            "Temperature",
            np.round(heat + rng.normal(0, 0.2, count), 1),
            decimals=1,
        ),
        column("process_temp_unit", "unitText", ["degC"] * count),
        column("melt_flow_index", "MeltFlowIndex", index, decimals=2),
        column("in_band", "conforms", np.where(lots.off, "NO", "YES").astype(object)),
    ]
    press.json(
        "resin/lims/resin_lots.json", tests,
        wrap=lambda rows: {"lab": "Resin QA", "method": "ISO 1133-1 190 degC/2.16 kg", "results": rows},
        extra=(("lab", ""), ("method", "")),
    )  # fmt: skip


def _write_changes(press: Press) -> str:
    """The change log: ordinary changes with a quality order each, decoys that week, one orphan."""
    scenario, rng = press.scenario, press.scenario.rng("changes")
    day = np.datetime64(scenario.pid.day.isoformat(), "s")
    count = max(press.size["resin"] * 2, 40)
    days = rng.integers(-40, 30, count)
    rows: list[tuple[Any, ...]] = []
    for place, shift in enumerate(np.sort(days).tolist()):
        begin = day + np.timedelta64(int(shift) * 86_400 + int(rng.integers(0, 80_000)), "s")
        pid = rng.random() < 0.5  # noqa: PLR2004 - half of the changes touch the controller
        old = float(rng.uniform(1.8, 3.2)) if pid else float(rng.uniform(204, 211))
        rows.append((
            _reactor(press, int(rng.integers(1, _REACTORS + 1))), "温度PID参数" if pid else "温度", old,
            old * float(rng.uniform(0.95, 1.06)), begin, begin + np.timedelta64(int(rng.integers(1, 9)), "h"),
            "是" if rng.random() < 0.4 else "否", f"QO-{scenario.tag}{24000 + place}",  # noqa: PLR2004
        ))  # fmt: skip
    other = scenario.pid.reactor % _REACTORS + 1
    for hours in (
        -30,
        3,
        26,
    ):  # decoys: like the told change, but at another reactor and with an order
        begin = day + np.timedelta64(hours, "h")
        rows.append(
            (
                _reactor(press, other),
                "温度PID参数",
                2.4,
                3.0,
                begin,
                begin + np.timedelta64(9, "h"),
                "是",
                f"QO-{scenario.tag}{24900 + hours}",
            )
        )
    told = (
        _reactor(press, scenario.pid.reactor),
        "温度PID参数",
        2.4,
        3.6,
        day + _CHANGE_FROM,
        day + _CHANGE_TO,
        "是",
        "",
    )
    rows.append(told)
    rows.sort(key=lambda row: (row[4], row[0]))
    cells = [np.array(list(cell), dtype=object) for cell in zip(*rows, strict=True)]
    numbers = labelled(f"CHG-{scenario.tag}", len(rows), 5)
    columns = [
        column("变更编号", "changeIdentifier", numbers),
        column("反应釜", "equipmentIdentifier", cells[0]),
        column("参数名称", "parameterName", cells[1]),
        column("变更前", "previousValue", cells[2].astype(float), decimals=2),
        column("变更后", "newValue", cells[3].astype(float), decimals=2),
        column("开始时间", "startedAt", cells[4].astype("datetime64[s]")),
        column("结束时间", "endedAt", cells[5].astype("datetime64[s]")),
        column("是否临时", "temporaryChange", cells[6]),
        column("质量工单", "qualityOrderNumber", cells[7]),
        column("操作员", "operatorIdentifier", [f"E{300 + int(i) % 9}" for i in range(len(rows))]),
    ]
    press.csv("resin/dcs/参数变更日志.csv", columns, Dialect(bom=True, time_style="slash"))
    return str(numbers[rows.index(told)])


def _write_film(
    press: Press, lots: ResinLots
) -> tuple[np.ndarray[Any, Any], list[tuple[int, ...]]]:
    rng, scenario = press.scenario.rng("film"), press.scenario
    count = len(lots.codes)
    films = labelled(f"FL{scenario.tag}-", count, 5)
    parents, rows = [], []
    for place in range(count):
        also = [place + 1] if place + 1 < count and rng.random() < 0.3 else []  # noqa: PLR2004 - blends
        parents.append((place, *also))
        press.oracle.edge(films[place], [lots.codes[i] for i in parents[-1]])
        when = lots.started[place] + np.timedelta64(5, "D")
        rows += [
            (
                films[place],
                lots.codes[i],
                f"OP-EX{scenario.tag}-{place + 1:06d}",
                scenario.code("EX", place % 2 + 1),
                when,
            )
            for i in parents[-1]
        ]
    out, source, operation, machine, when = (list(cell) for cell in zip(*rows, strict=True))
    columns = [
        column("FILM_LOT", "outputIdentifier", out, cryptic=True),
        column("RESIN_LOT", "inputIdentifier", source, cryptic=True),
        column("OPER_ID", "operationIdentifier", operation),
        column("EXTRUDER", "equipmentIdentifier", machine),
        column("FINISHED", "endedAt|startedAt", np.array(when)),
        column(
            "KG_USED",
            "consumedQuantity|batchQuantity",
            np.round(rng.uniform(700, 1400, len(rows)), 1),
            decimals=1,
        ),
    ]
    press.csv(
        "film/mes/film_genealogy.csv",
        columns,
        Dialect(delimiter=";", decimal_comma=True, time_style="german"),
    )
    press.oracle.levels["film"] = [str(film) for film in films]
    press.oracle.levels["resin"] = [str(lot) for lot in lots.codes]
    return films, parents


def _write_modules(
    press: Press, films: np.ndarray[Any, Any], parents: list[tuple[int, ...]], lots: ResinLots
) -> list[str]:
    """Module lots of the lamination lines, their films, power tests and claims; returns claimed lots."""
    rows = press.size["rows"]
    runs = [
        make_run(press, line, labelled(f"M-{line.code}-", rows, 6))
        for line in draw_lines(press, "Lamination")
    ]
    write_runs(press, "Lamination", runs)
    items = np.concatenate([run.items for run in runs])
    film_of = (np.arange(len(items)) * len(films) // len(items)).tolist()
    started = np.concatenate([run.started for run in runs])
    columns = [
        column(
            "operation",
            "operationIdentifier",
            np.concatenate([run.operations for run in runs]),
            attribute=True,
        ),
        column("time", "endedAt|startedAt|eventTime", started, attribute=True),
        column("ModuleLot", "outputIdentifier", items, cryptic=True),
        column("FilmLot", "inputIdentifier", films[film_of], cryptic=True),
    ]
    press.xml("solar/mes/module_genealogy.xml", columns, root="Genealogy", record="Laid",
              attributes={"site": "PV1"}, extra=(("site", "siteIdentifier"),))  # fmt: skip
    for item, film in zip(items, film_of, strict=True):
        press.oracle.edge(item, [films[film]])
    press.oracle.levels["pv module lot"] = [str(item) for item in items]
    weak = np.array([any(lots.off[i] for i in parents[film]) for film in film_of])
    _write_power(press, items, weak, started)
    claimed = [str(item) for item in items[weak]]
    _write_claims(press, claimed)
    return claimed


def _write_power(
    press: Press,
    items: np.ndarray[Any, Any],
    weak: np.ndarray[Any, Any],
    started: np.ndarray[Any, Any],
) -> None:
    rng = press.scenario.rng("power")
    power = np.round(rng.normal(602, 2.0, len(items)) - np.where(weak, 38.0, 0.0), 1)
    columns = [
        column(
            "Test No", "inspectionIdentifier", labelled(f"IV-{press.scenario.tag}", len(items), 6)
        ),
        column("Module Lot", "serialNumber|batchNumber", items),
        column("Tested At", "resultTime", started + np.timedelta64(60, "D")),
        press.parameter("ModulePower", power, "en", decimals=1),
        column("Result", "conforms", np.where(weak, "FAIL", "PASS").astype(object)),
        column("Defect", "defectName", np.where(weak, "Delamination", "").astype(object)),
    ]
    press.csv(
        "solar/lims/damp_heat_flash_test.csv",
        columns,
        Dialect(unit_style="round", time_style="offset"),
    )


def _write_claims(press: Press, claimed: list[str]) -> None:
    """Claims whose megawatts and cost add up to what the seed tells."""
    pid, count = press.scenario.pid, len(claimed)
    power = _shares(pid.megawatt, count, 2)
    cost = _shares(pid.cost_million, count, 3)
    begin = np.datetime64(press.scenario.start.isoformat(), "s")
    columns = [
        column("claimNo", "complaintIdentifier", labelled(f"CL-{press.scenario.tag}", count, 4)),
        column("moduleLot", "serialNumber|batchNumber", claimed),
        column("customer", "customerName", [f"PV Park {'ABCDE'[i % 5]}" for i in range(count)]),
        column("recordedAt", "recordedAt", begin + (90 + np.arange(count)).astype("timedelta64[D]")),
        column("language", "languageTag", ["zh"] * count),
        column("text", "utteranceText", [_CLAIM_TEXTS[i % 2] for i in range(count)]),
        column("affectedPowerMW", "", power, decimals=2),
        column("claimCostMillionCNY", "claimAmount", cost, decimals=3),
    ]  # fmt: skip
    press.json("solar/crm/claims.json", columns, wrap=lambda rows: {"claims": rows})


def _shares(total: int, count: int, decimals: int) -> np.ndarray[Any, Any]:
    share = np.full(count, round(total / count, decimals))
    share[-1] = round(total - float(share[:-1].sum()), decimals)
    return share


def _tell(press: Press, lots: ResinLots, change: str, claimed: list[str]) -> None:
    scenario = press.scenario
    _, children = adjacency(press.oracle.edges)
    bad = [str(lot) for lot in lots.codes[lots.off]]
    scope = set().union(*(reach(children, lot) for lot in bad))
    press.oracle.incidents["pid-change"] = {
        "requirement": "R36 R37",
        "change": change,
        "reactor": _reactor(press, scenario.pid.reactor),
        "date": scenario.pid.day.isoformat(),
        "parameter": "PIDSetting",
        "resin_lots": bad,
        "module_lots": claimed,
        "scope": sorted(scope),
        "upstream_company": list(scenario.names["resin"]),
        "affected_megawatt": scenario.pid.megawatt,
        "cost_million_cny": scenario.pid.cost_million,
        "orphan_changes": [change],
    }
