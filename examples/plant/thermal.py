"""Ovens whose `Temp` is told by its company, and a cooling device whose interface grows a field."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import numpy as np

from qualweave.examples.plant.families import make_run, write_runs
from qualweave.examples.plant.physics import draw_lines
from qualweave.examples.plant.press import labelled, stamps
from qualweave.examples.plant.scenario import BASE_SEED
from qualweave.examples.plant.tables import Column, Dialect, column

if TYPE_CHECKING:
    from datetime import date

    from qualweave.examples.plant.press import Press
    from qualweave.examples.plant.scenario import Scenario

_SPELLINGS = ("Cooling_Rate_Unit", "COOLING_RATE_UNIT", "CoolingRateUnit", "Cool_Rate_Unit")
_OWL = """<?xml version="1.0" encoding="UTF-8"?>
<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#" xmlns:rdfs="http://www.w3.org/2000/01/rdf-schema#"
         xmlns:owl="http://www.w3.org/2002/07/owl#" xmlns:d="https://supplier.example/cooler#" xml:base="https://supplier.example/cooler">
  <owl:Ontology rdf:about="https://supplier.example/cooler">
    <rdfs:label>Cooling station {device}</rdfs:label>
  </owl:Ontology>
  <owl:Class rdf:about="#CoolingStation"><rdfs:label xml:lang="en">cooling station</rdfs:label></owl:Class>
{fields}</rdf:RDF>
"""
_FIELD = """  <owl:DatatypeProperty rdf:about="#{name}">
    <rdfs:label xml:lang="en">{label}</rdfs:label><rdfs:comment xml:lang="en">{comment}</rdfs:comment>
    <rdfs:domain rdf:resource="#CoolingStation"/><d:unit>{unit}</d:unit>
  </owl:DatatypeProperty>
"""


def build_thermal(press: Press) -> None:
    """Simulate the thermal shop and write its files."""
    lines = draw_lines(press, "Baking")
    rows = press.size["rows"]
    runs = [make_run(press, line, labelled(f"H-{line.code}-", rows, 6)) for line in lines]
    write_runs(press, "Baking", runs)
    _write_oven(press)
    _write_cooler(press)


def _write_oven(press: Press) -> None:
    """One told oven file, and the same fields with their company taken away."""
    scenario, rng = press.scenario, press.scenario.rng("oven")
    number, day = scenario.oven_number, scenario.oven_day
    count = 60
    when = stamps(day, count, minutes=2)
    heat = np.round(rng.normal(181, 2.5, count), 1)
    full = f"thermal/ovens/Oven{number}_{day:%Y%m%d}.csv"
    press.csv(full, [
        column("Time", "startedAt|eventTime|recordedAt|resultTime", when),
        column("Temp", "ChamberTemperature", heat, decimals=1),
        column("Conveyor_Speed", "ConveyorSpeed", np.round(rng.normal(1.24, 0.03, count), 3), decimals=3),
    ])  # fmt: skip
    bare = f"inbox/export_{day:%Y%m%d}.csv"
    press.csv(bare, [
        column("Time", "startedAt|eventTime|recordedAt|resultTime", when),
        column("Temp", "", heat, decimals=1),
    ])  # fmt: skip
    press.oracle.incidents["context-field"] = {
        "requirement": "R69",
        "file": full,
        "column": "Temp",
        "term": "ChamberTemperature",
        "evidence": ["Oven", "Conveyor_Speed"],
        "ambiguous_file": bare,
    }


def _unit_field(scenario: Scenario) -> str:
    """The new field's name: every seed but the first has another supplier's spelling."""
    return _SPELLINGS[0] if scenario.seed == BASE_SEED else _SPELLINGS[1 + scenario.seed % 3]


def _write_cooler(press: Press) -> None:
    scenario, rng = press.scenario, press.scenario.rng("cooler")
    device = scenario.code("COOL", 1)
    told = (
        ("Cooling_Rate", "cooling rate", "Rate at which the part is cooled.", "Cel/min"),
        ("Inlet_Temp", "inlet temperature", "Temperature of the part at the inlet.", "Cel"),
        (
            _unit_field(scenario),
            "cooling rate unit",
            "Unit in which the cooling rate is delivered.",
            "",
        ),
    )
    fields = "".join(_FIELD.format(name=n, label=la, comment=c, unit=u) for n, la, c, u in told)
    press.raw(
        f"thermal/cooling/{device}_interface.owl",
        _OWL.format(device=device, fields=fields).encode(),
        rows=2,
    )
    count = 40
    first, second = scenario.oven_day, scenario.oven_day + timedelta(days=1)
    grown_field = _unit_field(scenario)

    def columns(day: date, hour: float) -> list[Column]:
        return [
            column("Device", "equipmentIdentifier", [device] * count),
            column("Start_Time", "startedAt|eventTime", stamps(day, count, minutes=3, hour=hour)),
            column(
                "Cooling_Rate", "CoolingRate", np.round(rng.normal(6.4, 0.4, count), 2), decimals=2
            ),
        ]

    press.csv(f"thermal/cooling/{device}_{first:%Y%m%d}01.csv", columns(first, 6))
    grown = [*columns(second, 10), column(grown_field, "coolingRateUnit", ["Cel/min"] * count)]
    press.csv(f"thermal/cooling/{device}_{second:%Y%m%d}02.csv", grown, Dialect())
    press.oracle.incidents["new-field"] = {
        "requirement": "R70",
        "device": device,
        "first": f"thermal/cooling/{device}_{first:%Y%m%d}01.csv",
        "second": f"thermal/cooling/{device}_{second:%Y%m%d}02.csv",
        "column": grown_field,
        "owl": f"thermal/cooling/{device}_interface.owl",
        "term": "coolingRateUnit",
        "sentence_zh": f"新增字段{grown_field},建议映射至Q-Ontology中Thermal_Processing类下的cooling_rate_unit属性",
    }
