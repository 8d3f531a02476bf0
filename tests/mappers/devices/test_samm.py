"""SAMM aspect models: properties with unit, range and names; entities, loops, and models that are missing."""

from pathlib import Path

import pytest

from qualweave.errors import UnreadableSource
from qualweave.mappers.declared import DeclaredField, Description
from qualweave.mappers.readers.devices.describe import describe, device_tables

MODEL = "BatteryState.ttl"


@pytest.fixture
def battery(folder: Path) -> Description:
    return describe(folder / MODEL)


def _field(found: Description, name: str) -> DeclaredField:
    return next(one for one in found.fields if one.name == name)


def test_a_property_has_unit_range_names_and_line(folder: Path, battery: Description) -> None:
    found = _field(battery, "cellVoltage")

    assert found.known_unit is not None
    assert (found.unit, found.known_unit.ucum, found.minimum, found.maximum) == (
        "volt",
        "V",
        2.5,
        4.2,
    )
    assert found.labels == {"en": "cell voltage", "de": "Zellspannung", "zh": "单体电压"}
    assert (found.kind, found.values_are, found.examples) == ("Measurement", "decimal", ("3.65",))
    assert [one.id for one in found.meanings] == [
        "urn:samm:example.maker.battery_state:1.3.0#cellVoltage",
        "https://eclass.example/AAB123",
    ]
    lines = (folder / MODEL).read_text("utf-8").splitlines()
    assert lines[found.line - 1].startswith(":cellVoltage a samm:Property")


def test_the_name_is_the_one_in_the_payload(battery: Description) -> None:
    found = _field(battery, "packTemp")

    assert found.known_unit is not None
    assert found.known_unit.ucum == "Cel"
    assert found.labels["en"] == "pack temperature"


def test_entities_are_flattened_with_their_path(battery: Description) -> None:
    found = _field(battery, "stateOfHealth")

    assert (found.path, found.components) == (("history",), ("HealthEntry",))
    assert _field(battery, "measuredAt").values_are == "time"


def test_an_enumeration_has_its_values(battery: Description) -> None:
    assert [one.code for one in _field(battery, "status").values] == [
        "original",
        "repurposed",
        "waste",
    ]


def test_a_unit_of_another_model_is_found_by_its_trade_code(battery: Description) -> None:
    found = _field(battery, "mass")

    assert (found.unit, found.unit_codes[:2]) == ("kilo", ("KGM", "kg"))
    assert battery.flaws == ()


def test_what_another_file_declares_has_its_file_and_line(folder: Path) -> None:
    path = _changed(
        folder, "[ samm:property :packTemperature;", "[ samm:property shared:packTemperature;"
    )
    with (folder / "Shared.ttl").open("a", encoding="utf-8") as shared:
        shared.write(
            "\n:packTemperature a samm:Property ; samm:characteristic :MassMeasurement .\n"
        )

    found = _field(describe(path), "packTemp")

    assert (found.file, found.line) == ("Shared.ttl", 14)


def test_the_header_is_that_of_the_aspect(battery: Description) -> None:
    assert battery.header.iri == "urn:samm:example.maker.battery_state:1.3.0#BatteryState"
    assert (battery.header.version, battery.header.title) == ("1.3.0", "Battery state")


def test_a_missing_model_is_named_with_its_version(folder: Path) -> None:
    (folder / "Shared.ttl").unlink()

    (flaw,) = describe(folder / MODEL).flaws

    assert (flaw.check, flaw.name) == ("model", "urn:samm:example.maker.shared:1.0.0")
    assert "version 1.0.0" in flaw.message
    assert "MassMeasurement" in flaw.message
    assert flaw.line == 61
    with pytest.raises(
        UnreadableSource, match=r"line 61: requires the model urn:samm:example\.maker\.shared"
    ):
        device_tables(folder / MODEL)


def _changed(folder: Path, old: str, new: str) -> Path:
    path = folder / MODEL
    text = path.read_text("utf-8")
    assert old in text
    path.write_text(text.replace(old, new), "utf-8")
    return path


def test_a_loop_that_must_be_followed_is_told(folder: Path) -> None:
    found = describe(
        _changed(folder, "[ samm:property :previous; samm:optional true ]", ":previous")
    )

    assert [(one.check, one.name) for one in found.flaws] == [("cycle", "previous")]


def test_a_characteristic_that_rests_on_itself_ends(folder: Path) -> None:
    found = describe(
        _changed(
            folder, "baseCharacteristic :VoltageMeasurement", "baseCharacteristic :CellVoltageTrait"
        )
    )

    assert [(one.check, one.name) for one in found.flaws] == [("type", "CellVoltageTrait")]


def test_what_rests_on_a_missing_model_is_told_once(folder: Path) -> None:
    path = _changed(
        folder, "baseCharacteristic :VoltageMeasurement", "baseCharacteristic shared:Voltage"
    )

    (flaw,) = describe(path).flaws

    assert (flaw.check, flaw.line) == ("model", 22)
    assert "Voltage" in flaw.message


def test_a_property_without_characteristic_is_told(folder: Path) -> None:
    found = describe(_changed(folder, "   samm:characteristic :CellVoltageTrait ;\n", ""))

    assert [(one.check, one.name) for one in found.flaws] == [("type", "cellVoltage")]
    assert found.flaws[0].line == 15


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ("a samm:Aspect", "a samm:Entity", "declares no samm:Aspect"),
        (
            "urn:samm:org.eclipse.esmf.samm:meta-model:2.1.0#",
            "urn:bamm:io.openmanufacturing:meta-model:1.0.0#",
            "is of BAMM",
        ),
        ("samm:operations ( ) .", "samm:operations ( ", r"line \d+: the description is no Turtle"),
    ],
)
def test_what_cannot_be_read_is_refused(folder: Path, old: str, new: str, told: str) -> None:
    with pytest.raises(UnreadableSource, match=told):
        describe(_changed(folder, old, new))


def test_parameters_of_an_event_are_fields(folder: Path) -> None:
    path = _changed(
        folder, "samm:operations ( ) .", "samm:operations ( ) ; samm:events ( :overheated ) ."
    )
    path.write_text(
        f"{path.read_text('utf-8')}\n:overheated a samm:Event ; samm:parameters ( :packTemperature ) .\n",
        "utf-8",
    )

    assert [one.path for one in describe(path).fields if one.name == "packTemperature"] == [
        ("overheated",)
    ]


def test_a_list_that_runs_in_a_circle_ends(folder: Path) -> None:
    path = _changed(
        folder, 'samm-c:values ( "original" "repurposed" "waste" )', "samm-c:values _:a"
    )
    rdf = "<http://www.w3.org/1999/02/22-rdf-syntax-ns#{}>"
    ring = f'_:a {rdf.format("first")} "on" ; {rdf.format("rest")} _:b . _:b {rdf.format("first")} "off" ; {rdf.format("rest")} _:a .'
    path.write_text(f"{path.read_text('utf-8')}\n{ring}\n", "utf-8")

    assert [one.code for one in _field(describe(path), "status").values] == ["on", "off"]
