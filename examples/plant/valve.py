"""Servo valves: ground tests against a contract, deliveries that are open, suppliers behind suppliers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from qualweave.examples.plant.press import labelled, stamps
from qualweave.examples.plant.tables import Dialect, column

if TYPE_CHECKING:
    from qualweave.examples.plant.press import Press

_BATCHES, _VALVES = 6, 8
_DIRECT = ("阀芯供应商甲", "线圈供应商乙", "密封供应商丙", "壳体供应商丁")


def build_valve(press: Press) -> None:
    """Write tests, deliveries, suppliers and the contract of the valve maker."""
    scenario, rng = press.scenario, press.scenario.rng("valve")
    story = scenario.valve
    batches = [
        f"VB{scenario.tag}{scenario.start:%y%m}-{number:02d}" for number in range(1, _BATCHES + 1)
    ]
    bad, edge = int(rng.integers(0, _BATCHES)), 0
    edge = (bad + 1) % _BATCHES
    serials = labelled(f"SV{scenario.tag}-", _BATCHES * _VALVES, 5)
    batch = np.repeat(np.array(batches, dtype=object), _VALVES)
    delay = np.round(rng.uniform(story.limit_ms - 5, story.limit_ms - 0.8, len(serials)), 1)
    delay[bad * _VALVES + 3], delay[edge * _VALVES + 2] = story.bad_ms, story.limit_ms
    columns = [
        column("测试编号", "inspectionIdentifier", labelled(f"GT{scenario.tag}-", len(serials), 5)),
        column("阀序列号", "serialNumber", serials),
        column("批次号", "batchNumber", batch),
        column("测试时间", "resultTime", stamps(scenario.start, len(serials), minutes=35)),
        press.parameter("ResponseDelay", delay, "zh", decimals=1),
        press.parameter(
            "HydraulicTestPressure",
            np.round(rng.normal(28, 0.3, len(serials)), 2),
            "zh",
            decimals=2,
        ),
        press.parameter(
            "InstallationTorque", np.round(rng.normal(12.5, 0.2, len(serials)), 2), "zh", decimals=2
        ),
        press.parameter(
            "OperatingHours", np.round(rng.uniform(0, 40, len(serials)), 1), "zh", decimals=1
        ),
    ]
    press.csv(
        "valve/test/地面测试记录.csv",
        columns,
        Dialect(encoding="gb18030", unit_style="underscore", newline="\r\n"),
    )
    _write_assembly(press, serials, batch)
    deliveries = _write_deliveries(press, batches)
    suppliers = _write_suppliers(press, batches[bad], batches[edge])
    _write_contract(press)
    press.oracle.incidents["freeze"] = {
        "requirement": "R89",
        "limit_ms": story.limit_ms,
        "bad_test": f"GT{scenario.tag}-{bad * _VALVES + 4:05d}",
        "bad_serial": str(serials[bad * _VALVES + 3]),
        "bad_batch": batches[bad],
        "edge_test": f"GT{scenario.tag}-{edge * _VALVES + 3:05d}",
        "edge_batch": batches[edge],
        "open_deliveries": [
            one for one, of, status in deliveries if of == batches[bad] and status == "open"
        ],
        "closed_deliveries": [
            one for one, of, status in deliveries if of == batches[bad] and status == "closed"
        ],
        "second_tier": suppliers,
        "tasks": len(suppliers),
    }


def _write_assembly(
    press: Press, serials: np.ndarray[Any, Any], batch: np.ndarray[Any, Any]
) -> None:
    columns = [
        column(
            "operationId",
            "operationIdentifier",
            labelled(f"OP-VA{press.scenario.tag}-", len(serials), 5),
        ),
        column("station", "equipmentIdentifier", [press.scenario.code("VA", 1)] * len(serials)),
        column("valveSerial", "serialNumber", serials),
        column("lot", "batchNumber", batch),
        column(
            "startTime", "startedAt", stamps(press.scenario.start, len(serials), minutes=35, hour=2)
        ),
        column("step", "segmentName", ["装配"] * len(serials)),
    ]
    press.json("valve/mes/assembly.json", columns, wrap=lambda rows: {"operations": rows})


def _write_deliveries(press: Press, batches: list[str]) -> list[tuple[str, str, str]]:
    rng = press.scenario.rng("deliveries")
    rows: list[tuple[str, str, str]] = []
    for batch in batches:
        statuses = [
            "open",
            "open",
            *rng.choice(["open", "closed"], int(rng.integers(1, 4))).tolist(),
            "closed",
        ]
        rows += [
            (f"DN{press.scenario.tag}-{len(rows) + place:05d}", batch, status)
            for place, status in enumerate(statuses, 1)
        ]
    customers = ["航天一院", "Airframe Works", "North Rail", "海装所"]
    columns = [
        column("delivery_no", "deliveryIdentifier", [row[0] for row in rows]),
        column("lot_no", "batchNumber", [row[1] for row in rows]),
        column("customer", "customerName", [customers[place % 4] for place in range(len(rows))]),
        column("status", "deliveryStatus", [row[2] for row in rows]),
        column("planned_at", "eventTime", stamps(press.scenario.start, len(rows), minutes=600)),
    ]
    press.csv("valve/erp/deliveries.csv", columns, Dialect(bom=True))
    return rows


def _write_suppliers(press: Press, bad: str, edge: str) -> list[str]:
    """Tiers behind the batches; returns the second tier of the bad one."""
    rng, count = press.scenario.rng("suppliers"), press.scenario.valve.suppliers
    second = [f"二级供应商{press.scenario.tag}{number:02d}" for number in range(1, count + 1)]
    maker = press.scenario.names["valve"][0]
    rows = [(name, maker, 1, bad) for name in _DIRECT]
    rows += [(name, _DIRECT[int(rng.integers(0, len(_DIRECT)))], 2, "") for name in second]
    rows += [(name, _DIRECT[0], 2, "") for name in second[:2]]  # the same firm twice in the list
    others = [f"其他一级{number}" for number in range(1, 3)]
    rows += [(name, maker, 1, edge) for name in others]
    rows += [(f"其他二级{number}", others[number % 2], 2, "") for number in range(1, 6)]
    rows += [(f"三级供应商{number}", second[number], 3, "") for number in range(4)]
    columns = [
        column("供应商名称", "supplierName", [row[0] for row in rows]),
        column("客户名称", "customerName", [row[1] for row in rows]),
        column("层级", "supplierTier", np.array([row[2] for row in rows])),
        column("供货批次", "batchNumber", [row[3] for row in rows]),
    ]
    press.csv("valve/srm/供应商清单.csv", columns, Dialect(encoding="gb18030", newline="\r\n"))
    return second


def _write_contract(press: Press) -> None:
    text = (
        "contract: servo valve response\n"
        "when:\n"
        "  parameter: ResponseDelay\n"
        "  comparator: greater\n"
        f"  limit: {press.scenario.valve.limit_ms}\n"
        "  unit: ms\n"
        "then:\n"
        "  freeze: open deliveries of the batch\n"
        "  task: second-tier suppliers\n"
    )
    target = press.root.parent / "contracts" / "valve-response.yaml"
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_text(text, encoding="utf-8")
