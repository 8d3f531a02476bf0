"""The battery chain over six companies: ore, precursor, cathode, coil, cell, module, pack, waste.

Each company exports its own system: the chemical firms and the pack maker EPCIS, the cathode and
cell makers MES genealogy. The same lot is written as an EPC URN here, as a bracketed element
string or a Digital Link there, as it happens between firms.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from qualweave.examples.plant.chain import (
    MODULES_PER_PACK,
    STEPS,
    Chain,
    Level,
    grow,
)
from qualweave.examples.plant.epcis import EpcisDocument
from qualweave.examples.plant.families import Run, make_run, sliced, write_runs
from qualweave.examples.plant.gs1 import TradeItem
from qualweave.examples.plant.mounting import Mounting, write_mounting
from qualweave.examples.plant.oracle import adjacency, reach
from qualweave.examples.plant.physics import draw_lines
from qualweave.examples.plant.press import labelled, stamps
from qualweave.examples.plant.tables import Dialect, column
from qualweave.examples.plant.welding import tell_weld_story, weld_run

if TYPE_CHECKING:
    from qualweave.examples.plant.press import Press

Names = np.ndarray[Any, Any]
_FINDING = "Fe/Cr particles 3.1 ppm, found in retained sample"


def build_battery(press: Press) -> None:
    """Simulate the chain and write what its companies' systems hold."""
    chain = grow(press)
    for child, parent in STEPS:
        ids = chain.levels[parent].ids
        for item, places in zip(chain.levels[child].ids, chain.parents[child], strict=True):
            press.oracle.edge(item, [ids[place] for place in places])
    for name, level in chain.levels.items():
        press.oracle.levels[name] = level.ids
    _write_upstream(press, chain)
    _write_cathode(press, chain)
    welds = _write_cells(press, chain)
    _write_packs(press, chain)
    write_mounting(press, _mounted(press, chain))
    _tell_contamination(press, chain)
    packs_of_station = _packs_of_station(press, chain)
    tell_weld_story(
        press, welds[press.scenario.weld.station - 1], packs_of_station, chain.levels["pack"].ids
    )


def _write_upstream(press: Press, chain: Chain) -> None:
    scenario, rng = press.scenario, press.scenario.rng("upstream")
    ore, precursor = chain.levels["ore"].urns(), chain.levels["precursor"].urns()
    begin = np.datetime64(scenario.start.isoformat(), "s")
    created = scenario.start.isoformat()
    mine = EpcisDocument(scenario.prefixes["mine"], created)
    for place, lot in enumerate(ore):
        when = begin - np.timedelta64(60 * 24 - place, "h")
        mine.observe(
            when, action="ADD", step="commissioning", disposition="active", lots=((lot, 24000.0),)
        )
        mine.observe(
            when + np.timedelta64(30, "h"), action="OBSERVE", step="shipping", disposition="in_transit",
            lots=((lot, 24000.0),), destination=scenario.prefixes["precursor"],
        )  # fmt: skip
    press.raw(
        "mine/epcis/ore_lots.jsonld",
        mine.data(),
        rows=len(mine.events),
        quads=12 * len(mine.events),
    )
    plant = EpcisDocument(scenario.prefixes["precursor"], created)
    for place, lot in enumerate(precursor):
        when = begin - np.timedelta64(45 * 24 - place, "h")
        inputs = tuple(
            (ore[i], float(rng.integers(60, 110) * 100)) for i in chain.parents["precursor"][place]
        )
        plant.transform(when, lots_in=inputs, lots_out=((lot, 8000.0),))
        plant.observe(
            when + np.timedelta64(20, "h"), action="OBSERVE", step="shipping", disposition="in_transit",
            lots=((lot, 8000.0),), destination=scenario.prefixes["cathode"],
        )  # fmt: skip
    press.raw(
        "precursor/epcis/precursor_lots.jsonld",
        plant.data(),
        rows=len(plant.events),
        quads=14 * len(plant.events),
    )


def _genealogy(
    press: Press,
    path: str,
    *,
    rows: list[tuple[str, str, str, str, float]],
    times: Names,
    classes: tuple[str, str],
    unit: str,
) -> None:
    """Write MES consumption records (operation, machine, child, parent, quantity) as XML."""
    operation, machine, child, parent, amount = (list(cell) for cell in zip(*rows, strict=True))
    count = len(rows)
    columns = [
        column("operation", "operationIdentifier", operation, attribute=True),
        column("machine", "equipmentIdentifier", machine, attribute=True),
        column("time", "endedAt|startedAt|eventTime", times, attribute=True),
        column("ChildLot", "outputIdentifier", child),
        column("ChildClass", "itemClassName", [classes[0]] * count),
        column("ParentLot", "inputIdentifier", parent),
        column(
            "QtyUsed", "consumedQuantity|batchQuantity", np.array(amount), decimals=1, unit=unit
        ),
    ]
    press.xml(
        path, columns, root="GenealogyExport", record="Consumption",
        attributes={"system": "MES", "version": "6.1", "process": classes[1]},
        extra=(("system", ""), ("version", ""), ("process", "segmentName")),
    )  # fmt: skip


def _write_cathode(press: Press, chain: Chain) -> None:
    scenario, rng = press.scenario, press.scenario.rng("cathode")
    level = chain.levels["cathode"]
    lots, inputs = level.strings(), chain.levels["precursor"].strings()
    times = stamps(scenario.start, len(lots), minutes=240) - np.timedelta64(20, "D")
    rows, when = [], []
    for place, lot in enumerate(lots):
        for parent in chain.parents["cathode"][place]:
            machine = scenario.code("RK", place % 3 + 1)
            rows.append(
                (
                    f"OP-SI{scenario.tag}-{place + 1:06d}",
                    machine,
                    lot,
                    inputs[parent],
                    float(rng.integers(9, 22) * 100),
                )
            )
            when.append(times[place])
    _genealogy(
        press,
        "cathode/mes/genealogy_sintering.xml",
        rows=rows,
        times=np.array(when),
        classes=("正极材料", "烧结"),
        unit="kg",
    )
    bad = _contaminated(press, chain)
    density = np.round(rng.normal(2.45, 0.03, len(lots)), 3)
    columns = [
        column("testId", "inspectionIdentifier", labelled(f"LT-{scenario.tag}CA-", len(lots), 5)),
        column("lot", "batchNumber|serialNumber", lots),
        column("resultTime", "resultTime", times + np.timedelta64(9, "h")),
        column("results.tap_density", "TapDensity", density, decimals=3, unit="g/cm³"),
        column("verdict", "conforms", ["FAIL" if i == bad else "PASS" for i in range(len(lots))]),
        column("finding", "defectName", ["Contamination" if i == bad else "" for i in range(len(lots))]),
        column("remark", "remark", [_FINDING if i == bad else "" for i in range(len(lots))]),
    ]  # fmt: skip
    press.json(
        "cathode/lims/cathode_lots.json",
        columns,
        wrap=lambda found: {"laboratory": "QC-2", "tests": found},
        extra=(("laboratory", ""),),
    )


def _contaminated(press: Press, chain: Chain) -> int:
    """The place of the planted bad cathode lot: one with descendants in at least one pack."""
    count = len(chain.levels["cathode"].codes)
    return int(press.scenario.rng("contaminated").integers(1, count - 1))


def _tell_contamination(press: Press, chain: Chain) -> None:
    level = chain.levels["cathode"]
    place = _contaminated(press, chain)
    item = level.ids[place]
    _, children = adjacency(press.oracle.edges)
    scope = reach(children, item)
    packs, modules = set(chain.levels["pack"].ids), set(chain.levels["module"].ids)
    press.oracle.incidents["who-ate-this-lot"] = {
        "requirement": "R34",
        "item": item,
        "as_written": {"mes": level.strings()[place], "epcis": level.urns()[place]},
        "defect": "Contamination",
        "scope": sorted(scope),
        "packs": sorted(scope & packs),
        "modules": sorted(scope & modules),
        "file": "cathode/lims/cathode_lots.json",
    }


def _write_cells(press: Press, chain: Chain) -> list[Run]:
    """Coating, calendering and welding with their genealogy; returns the welding runs."""
    scenario = press.scenario
    coils, cells = chain.levels["coil"].codes, chain.levels["cell"].codes
    coating = [
        make_run(press, line, coils[i::4]) for i, line in enumerate(draw_lines(press, "Coating"))
    ]
    write_runs(press, "Coating", coating)
    rolling = [
        make_run(press, line, coils[i::3])
        for i, line in enumerate(draw_lines(press, "Calendering"))
    ]
    write_runs(press, "Calendering", rolling)
    parts = np.split(cells, 4)
    welds = [
        weld_run(press, line, parts[i]) for i, line in enumerate(draw_lines(press, "TabWelding"))
    ]
    exported = [
        w if w.line.number == scenario.weld.station else sliced(w, slice(0, press.size["welds"]))
        for w in welds
    ]
    write_runs(press, "TabWelding", exported)
    made_coil, made_cell = _makers(coating), _makers(welds)
    _coil_genealogy(press, chain, made_coil)
    _cell_genealogy(press, chain, made_cell)
    return welds


def _makers(runs: list[Run]) -> dict[str, tuple[str, str, Any]]:
    """Operation, machine and time that made each item."""
    return {
        item: (operation, run.line.equipment, time)
        for run in runs
        for item, operation, time in zip(run.items, run.operations, run.started, strict=True)
    }


def _coil_genealogy(press: Press, chain: Chain, made: dict[str, tuple[str, str, Any]]) -> None:
    rng, rows, when = press.scenario.rng("coil-genealogy"), [], []
    sources = chain.levels["cathode"].ids
    for place, coil in enumerate(chain.levels["coil"].codes):
        operation, machine, time = made[coil]
        for parent in chain.parents["coil"][place]:
            rows.append(
                (operation, machine, str(coil), sources[parent], float(rng.integers(120, 260)))
            )
            when.append(time)
    _genealogy(
        press,
        "cell/mes/genealogy_coating.xml",
        rows=rows,
        times=np.array(when),
        classes=("极片卷", "涂布"),
        unit="kg",
    )
    scrap_rows, scrap_when = [], []
    begin = np.datetime64(press.scenario.start.isoformat(), "s")
    for place, lot in enumerate(chain.levels["scrap"].codes):
        for parent in chain.parents["scrap"][place]:
            coil = chain.levels["coil"].codes[parent]
            scrap_rows.append(
                (
                    f"OP-SC{press.scenario.tag}-{place + 1:06d}",
                    press.scenario.code("SC", 1),
                    str(lot),
                    str(coil),
                    float(rng.integers(3, 9)),
                )
            )
            scrap_when.append(begin + np.timedelta64(60 * 24 + place, "h"))
    _genealogy(
        press,
        "cell/mes/genealogy_scrap.xml",
        rows=scrap_rows,
        times=np.array(scrap_when),
        classes=("废料", "报废"),
        unit="kg",
    )


def _cell_genealogy(press: Press, chain: Chain, made: dict[str, tuple[str, str, Any]]) -> None:
    cells, coils = chain.levels["cell"].codes, chain.levels["coil"].codes
    rows = [
        (*made[cell][:2], str(cell), str(coils[chain.parents["cell"][place][0]]), 1.0)
        for place, cell in enumerate(cells)
    ]
    times = np.array([made[cell][2] for cell in cells])
    _genealogy(
        press,
        "cell/mes/genealogy_cell.xml",
        rows=rows,
        times=times,
        classes=("电芯", "极耳焊接"),
        unit="pcs",
    )
    modules = chain.levels["module"].strings()
    module_rows, module_times = [], []
    for place, module in enumerate(modules):
        machine = press.scenario.code("MA", place % 2 + 1)
        for cell in chain.parents["module"][place]:
            module_rows.append(
                (
                    f"OP-MA{press.scenario.tag}-{place + 1:06d}",
                    machine,
                    module,
                    str(cells[cell]),
                    1.0,
                )
            )
            module_times.append(times[cell] + np.timedelta64(12 * 24, "h"))
    _genealogy(
        press,
        "cell/mes/genealogy_module.xml",
        rows=module_rows,
        times=np.array(module_times),
        classes=("电池模组", "装配"),
        unit="pcs",
    )


def _write_packs(press: Press, chain: Chain) -> None:
    scenario = press.scenario
    packs, modules = chain.levels["pack"].urns(), chain.levels["module"].urns()
    begin = np.datetime64(scenario.start.isoformat(), "s") + np.timedelta64(80, "D")
    book = EpcisDocument(scenario.prefixes["pack"], scenario.start.isoformat())
    for place, pack in enumerate(packs):
        when = begin + np.timedelta64(place * 95, "m")
        book.aggregate(when, pack, tuple(modules[i] for i in chain.parents["pack"][place]))
        book.observe(
            when + np.timedelta64(30, "h"),
            action="OBSERVE",
            step="shipping",
            disposition="in_transit",
            serials=(pack,),
        )
    press.raw(
        "pack/epcis/pack_assembly.jsonld",
        book.data(),
        rows=len(book.events),
        quads=18 * len(book.events),
    )
    _write_waste(press, chain, begin)
    delivered = max(len(packs) * 3 // 4, 1)
    status = ["closed" if i < delivered * 2 // 3 else "open" for i in range(delivered)]
    columns = [
        column(
            "Delivery No", "deliveryIdentifier", labelled(f"DN-{scenario.tag}PK-", delivered, 5)
        ),
        column("Pack", "serialNumber", chain.levels["pack"].strings()[:delivered]),
        column("Customer", "customerName", [f"OEM {'ABC'[i % 3]}" for i in range(delivered)]),
        column("Status", "deliveryStatus", status),
        column(
            "Date", "eventTime", begin + (np.arange(delivered) * 95 + 2000).astype("timedelta64[m]")
        ),
    ]
    press.csv("pack/erp/pack_deliveries.csv", columns, Dialect(delimiter=";", bom=True))


def _mounted(press: Press, chain: Chain) -> Mounting:
    """When and where each module is built into which pack: two stations take turns, six minutes a module."""
    parents, modules, packs = chain.parents["pack"], chain.levels["module"], chain.levels["pack"]
    places = np.array([i for row in parents for i in row])
    pack_of = np.repeat(np.arange(len(parents)), [len(row) for row in parents])
    slot = np.concatenate([np.arange(len(row)) for row in parents])
    begin = np.datetime64(press.scenario.start.isoformat(), "s") + np.timedelta64(80, "D")
    closed = begin + (pack_of * 95).astype("timedelta64[m]")
    return Mounting(
        modules=np.array(modules.strings(), dtype=object)[places],
        tags=np.array(modules.urns(), dtype=object)[places],
        packs=np.array(packs.strings(), dtype=object)[pack_of],
        stations=pack_of % 2 + 1,
        times=closed - ((MODULES_PER_PACK - slot) * 6).astype("timedelta64[m]"),
    )


def _write_waste(press: Press, chain: Chain, begin: np.datetime64) -> None:
    """The recycler turns every sixth pack into black mass: the end of the chain."""
    scenario = press.scenario
    trade = TradeItem(scenario.prefixes["recycler"], "00701")
    level = chain.levels["pack"]
    old = list(range(0, len(level.codes), 6))
    lots = Level(labelled(f"BM{scenario.tag}-", len(old), 4), trade)
    book = EpcisDocument(scenario.prefixes["recycler"], scenario.start.isoformat())
    for lot, place in enumerate(old):
        when = begin + np.timedelta64(400 + lot, "D")
        book.transform(
            when, serials_in=(level.urns()[place],), lots_out=((lots.urns()[lot], 180.0),)
        )
        press.oracle.edge(lots.ids[lot], [level.ids[place]])
    press.oracle.levels["waste"] = lots.ids
    press.raw(
        "recycler/epcis/black_mass.jsonld",
        book.data(),
        rows=len(book.events),
        quads=14 * len(book.events),
    )


def _packs_of_station(press: Press, chain: Chain) -> list[str]:
    station = press.scenario.weld.station - 1
    return [item for place, item in enumerate(chain.levels["pack"].ids) if place % 4 == station]
