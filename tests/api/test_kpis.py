"""ISO 22400-2 indicators over the example plant, beside values computed from its files without any store."""

import csv
from collections import defaultdict
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from qualweave.iri import local_name
from tests.api.conftest import Plant

pytestmark = pytest.mark.parametrize("plant", [1], indirect=True, ids=["seed 1"])
KPI = "https://w3id.org/qonto/codelist/iso22400-2-kpis/"
INSPECTED = ("cell/mes/TabWelding_inspection.csv", "machining/mes/Machining_inspection.csv")


def _read(plant: Plant, name: str) -> list[dict[str, str]]:
    file = Path(plant.manifest.input) / name
    text = file.read_text("utf-8-sig")
    return list(
        csv.DictReader(text.splitlines(), delimiter=";" if ";" in text.split("\n")[0] else ",")
    )


def _column(row: dict[str, str], *words: str) -> str:
    return next(value for name, value in row.items() if all(word in name.lower() for word in words))


def _verdicts(plant: Plant) -> Iterator[tuple[str, str, datetime, bool]]:
    for name in INSPECTED:
        for row in _read(plant, name):
            told = _column(row, "verdict") == "OK"
            at = datetime.fromisoformat(_column(row, "time"))
            yield _column(row, "line"), _column(row, "serial"), at, told


def _asked(plant: Plant, indicator: str) -> dict[str, Any]:
    """Return the rows of the question that computes an indicator, by line: as the code list names it."""
    query = f"SELECT ?id {{ <{KPI}{indicator}> q:computedBy ?id }}"
    found = plant.client.get("/sparql", params={"query": query}).json()["results"]["bindings"]
    reply = plant.client.get("/ask", params={"q": found[0]["id"]["value"]})
    return {local_name(row["line"]): row for row in reply.json()["rows"]}


def test_quality_ratio_and_first_pass_yield_are_those_of_the_files(plant: Plant) -> None:
    items: dict[str, dict[str, list[tuple[datetime, bool]]]] = defaultdict(
        lambda: defaultdict(list)
    )
    for line, serial, at, told in _verdicts(plant):
        items[line][serial].append((at, told))
    items.pop("TW-02")  # its pull tests judge as well, in a file of their own

    quality, first = _asked(plant, "QualityRatio"), _asked(plant, "FirstPassYield")

    assert len(items) >= 5
    for line, told in items.items():
        good = sum(all(fine for _, fine in each) for each in told.values())
        passed = sum(min(each)[1] for each in told.values())
        assert (quality[line]["produced"], quality[line]["good"]) == (len(told), good), line
        assert quality[line]["value"] == pytest.approx(good / len(told))
        assert (first[line]["inspected"], first[line]["good"]) == (len(told), passed), line
        assert first[line]["value"] == pytest.approx(passed / len(told))


def test_throughput_rate_is_that_of_the_records(plant: Plant) -> None:
    rows = _read(plant, "cell/mes/TW-01_process_records.csv")
    start = min(datetime.fromisoformat(_column(row, "start")) for row in rows)
    end = max(datetime.fromisoformat(_column(row, "end")) for row in rows)
    items = {_column(row, "serial") for row in rows}

    told = _asked(plant, "ThroughputRate")["TW-01"]

    assert told["produced"] == len(items)
    assert told["value"] == pytest.approx(len(items) / ((end - start).total_seconds() / 3600))
