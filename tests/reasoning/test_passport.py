"""Passports: key control points by a table, hashes that anyone can recompute, tiers that leak nothing."""

import hashlib
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pyoxigraph as ox
import pytest

from qualweave.errors import JsonValue
from qualweave.iri import Q, graph_iri, mint
from qualweave.reasoning.passport import Sources, Terms, Unit, fields, in_tier, passport, read_unit
from qualweave.reasoning.passport.document import context, identifiers, local_date
from qualweave.reasoning.passport.seal import canonical_text, seal
from qualweave.reasoning.passport.tables import control_rules
from qualweave.reasoning.trace import CsrGenealogy
from qualweave.shapes.load import shape_files
from qualweave.shapes.validate import validate
from qualweave.store.port import ChangeSet, Snapshot
from tests.reasoning.graphs import change_set, edge, item, operation, record, snapshot_of, typed
from tests.reasoning.leaks import leaks, tier_leaks

CELL = [
    typed("C1", "BatteryCell"),
    *operation("C1", "OP-7", type="TabWelding", usesEquipment="TW-02-W1", performedBy="Cells & Co", startedAt="2025-01-05T22:06:00Z", WeldCurrent="176.9", Vibration="0.2"),
    f"<{mint('operation', 'OP-7')}> <{Q}sourceRow> 6 .".replace(" 6 ", ' "6"^^<http://www.w3.org/2001/XMLSchema#integer> '),
    f"<{mint('inspection', 'PT-1')}> <{Q}inspects> <{item('C1')}> .",
    *record(mint("inspection", "PT-1"), type="LaboratoryTest", conforms="true", PullStrength="111.50"),
    edge("C1", "L1"),
    *operation("L1", "OP-8", type="Coating", SlurryViscosity="5182"),
    typed("L1", "ElectrodeCoil"),
]  # fmt: skip
GRAPH = graph_iri("data", "plant", "cells", "1")


def cells() -> ChangeSet:
    made = change_set(CELL, GRAPH)
    about: dict[str, JsonValue] = {"file": "cell/TW-02_EXPORT.csv", "sha256": "ab" * 32}
    return ChangeSet(made.graph, made.role, made.inserts, about=about)


@pytest.fixture
def snapshot(tmp_path: Path) -> Iterator[Snapshot]:
    with snapshot_of(tmp_path, cells(), ontology=True) as found:
        yield found


def unit_of(snapshot: Snapshot, name: str = "C1") -> tuple[Unit, Terms]:
    terms = Terms.read(snapshot)
    return read_unit(
        CsrGenealogy.build(snapshot), Sources(snapshot), item(name), terms=terms
    ), terms


def test_a_control_point_says_value_unit_time_file_and_row(snapshot: Snapshot) -> None:
    unit, _ = unit_of(snapshot)

    point = next(one for one in unit.points if one.parameter == Q + "WeldCurrent")

    assert (point.value, point.unit, point.at) == ("176.9", "A", "2025-01-05T22:06:00Z")
    assert (point.source.file, point.source.sha256, point.source.row) == (
        "cell/TW-02_EXPORT.csv",
        "ab" * 32,
        6,
    )


def test_the_table_decides_what_is_key_and_for_whom(snapshot: Snapshot) -> None:
    unit, terms = unit_of(snapshot)

    tiers = {one.parameter.removeprefix(Q): one.rule.tier for one in unit.points}

    assert tiers["PullStrength"] == "public"  # measured on the product
    assert tiers["WeldCurrent"] == "restricted"  # a known cause of a defect
    assert {rule.tier for rule in control_rules()} == {"public", "restricted"}
    assert (
        terms.rule(Q + "Mass", (Q + "Operation",)) is None
    )  # of a part that is built in, not of the product
    assert terms.rule(Q + "Mass", (Q + "LaboratoryTest", Q + "Inspection")) is not None
    assert terms.rule(Q + "ProcessParameter", ()) is None  # no defect is known to follow from it


def test_a_hash_is_that_of_sha256sum_over_the_line_that_is_shown(snapshot: Snapshot) -> None:
    unit, terms = unit_of(snapshot)

    for point in passport(unit, terms, tier="restricted")["hasControlPoint"]:  # type: ignore[union-attr]
        line = point["canonicalRecord"]  # type: ignore[index,call-overload]
        assert hashlib.sha256(line.encode()).hexdigest() == point["recordHash"]  # type: ignore[union-attr,index,call-overload]
        assert json.loads(line)["value"] == point["value"]  # type: ignore[index,call-overload,arg-type]


def test_another_value_another_row_or_another_file_is_another_hash() -> None:
    facts = {"value": "1", "sourceRow": "6", "sourceFileHash": "ab"}

    hashes = {
        seal(canonical_text(facts | change))
        for change in ({}, {"value": "2"}, {"sourceRow": "7"}, {"sourceFileHash": "ac"})
    }

    assert len(hashes) == 4


def test_the_order_of_facts_does_not_change_the_hash() -> None:
    assert canonical_text({"b": "1", "a": "µ"}) == canonical_text({"a": "µ", "b": "1"})


def test_parts_are_counted_and_their_control_points_summed_up(snapshot: Snapshot) -> None:
    unit, _ = unit_of(snapshot)

    assert unit.parts == {Q + "ElectrodeCoil": 1}
    assert [(one.parameter.removeprefix(Q), one.count, one.median) for one in unit.summaries] == [
        ("SlurryViscosity", 1, 5182.0)
    ]


@pytest.mark.parametrize("first", ["operation", "inspection"])
def test_one_restricted_value_restricts_a_summary_and_no_other(tmp_path: Path, first: str) -> None:
    with snapshot_of(tmp_path / "terms", ontology=True) as empty:
        told = Terms.read(empty)
    known = next(  # restricted as a cause, public as measured on the product
        one.removeprefix(Q)
        for one in sorted(told.causes)
        if told.tree.is_a(one, (Q + "ProductCharacteristic",))
        and not told.tree.is_a(one, (Q + "CriticalQualityParameter",))
        and not told.tree.is_a(one, (Q + "CriticalToQualityCharacteristic",))
    )
    test = mint("inspection", "I1")
    made, measured = ("A", "B") if first == "operation" else ("B", "A")
    lines = [
        typed("P", "BatteryModule"),
        *(edge("P", one) for one in "AB"),
        *(typed(one, "BatteryCell") for one in "AB"),
        *operation(made, "OP-1", type="Coating", **{known: "5182"}),
        f"<{test}> <{Q}inspects> <{item(measured)}> .",
        *record(test, type="LaboratoryTest", **{known: "1"}),
    ]

    with snapshot_of(tmp_path / "data", change_set(lines, GRAPH), ontology=True) as snapshot:
        index, terms = CsrGenealogy.build(snapshot), Terms.read(snapshot)
        unit = read_unit(index, Sources(snapshot), item("P"), terms=terms)
        public = passport(unit, terms)

        tiers = {one.process.removeprefix(Q): one.rule.tier for one in unit.summaries}
        assert tiers == {"Coating": "restricted", "LaboratoryTest": "public"}
        assert [one["greatestValue"] for one in public["hasControlSummary"]] == [1.0]  # type: ignore[index,union-attr,call-overload]
        assert tier_leaks(public, unit, index, terms) == []
        whole = passport(unit, terms, tier="restricted")
        assert len(tier_leaks(whole, unit, index, terms)) == 1


def test_a_restricted_point_in_a_public_document_is_seen_as_a_leak(snapshot: Snapshot) -> None:
    unit, terms = unit_of(snapshot)
    leaky = in_tier(passport(unit, terms, tier="restricted"), "public")

    found = tier_leaks(leaky, unit, CsrGenealogy.build(snapshot), terms)

    assert any("WeldCurrent" in one for one in found)


def test_a_failed_inspection_among_good_ones_does_not_conform(tmp_path: Path) -> None:
    bad = [
        f"<{mint('inspection', 'X')}> <{Q}inspects> <{item('C1')}> .",
        *record(mint("inspection", "X"), conforms="false"),
    ]

    with snapshot_of(tmp_path, cells(), change_set(bad), ontology=True) as snapshot:
        assert unit_of(snapshot)[0].outcome == "does not conform"


@pytest.mark.parametrize("tier", ["public", "restricted"])
def test_a_passport_is_rdf_that_our_shape_accepts(snapshot: Snapshot, tier: Any) -> None:
    unit, terms = unit_of(snapshot)

    document = json.dumps(passport(unit, terms, tier=tier)).encode()

    verdict = validate(document, media_type="application/ld+json")
    quads = list(ox.parse(document, format=ox.RdfFormat.JSON_LD))
    assert [one.message["en"] for one in verdict.results] == []
    assert len(quads) > 20
    assert {quad.predicate.value.rpartition("/")[0] for quad in quads} >= {Q.rstrip("/")}


def test_the_shape_finds_a_restricted_field_in_a_public_passport(snapshot: Snapshot) -> None:
    unit, terms = unit_of(snapshot)
    document = passport(unit, terms, tier="restricted") | {"passportTier": "public"}

    verdict = validate(json.dumps(document).encode(), media_type="application/ld+json")

    assert "https://w3id.org/qonto/shapes/PublicTier" in {one.shape for one in verdict.violations}


def test_the_shape_names_the_restricted_fields_of_the_table() -> None:
    text = dict(shape_files())["dpp.ttl"]
    listed = set(re.findall(r"q:\w+", text[text.index("FILTER (?field IN (") : text.index("))")]))

    assert listed == {one.term for one in fields().values() if one.tier == "restricted"}


def test_every_field_of_the_context_stands_in_the_table_of_tiers() -> None:
    names = {
        name
        for name, term in context().items()
        if name[0].islower() and not str(term).startswith(("http", "@"))
    }

    assert names - set(fields()) == set()


def test_every_field_says_why_it_stands_in_its_tier() -> None:
    assert all(one.reason["en"] and one.reason["zh"] for one in fields().values())
    assert {one.tier for one in fields().values()} == {"public", "restricted"}


def test_a_field_that_the_table_does_not_list_is_not_public() -> None:
    document: dict[str, JsonValue] = {
        "type": "X",
        "hasControlPoint": [{"value": "1", "newField": "2"}],
        "other": 1,
    }

    assert in_tier(document, "public") == {"type": "X", "hasControlPoint": [{"value": "1"}]}


def test_the_public_tier_says_in_words_why_a_point_is_key(snapshot: Snapshot) -> None:
    unit, terms = unit_of(snapshot)

    shown = passport(unit, terms)["hasControlPoint"]

    assert [[text["@language"] for text in one["controlReason"]] for one in shown] == [["en", "zh"]]  # type: ignore[union-attr,index,call-overload]


def test_a_plain_number_and_a_digital_link_both_give_identifiers() -> None:
    assert identifiers("https://id.gs1.org/01/04012345111118/10/L1") == {
        "gtin": "04012345111118",
        "batchNumber": "L1",
    }
    assert identifiers(item("C 1")) == {"serialNumber": "C 1"}


def test_the_date_of_manufacture_is_that_of_the_plant() -> None:
    assert local_date("2025-01-05T22:06:00Z", "Asia/Shanghai") == "2025-01-06"
    assert local_date("2025-01-05T22:06:00Z", "UTC") == "2025-01-05"


def test_the_search_for_leaks_finds_a_planted_one(snapshot: Snapshot) -> None:
    unit, terms = unit_of(snapshot)
    public, whole = passport(unit, terms), passport(unit, terms, tier="restricted")

    assert leaks(public, whole) == []
    assert leaks(public | {"inspectionOutcome": "made on TW-02-W1"}, whole) == ["TW-02-W1"]
    assert "usesEquipment" in leaks(public | {"usesEquipment": "x"}, whole)
