"""Asset Administration Shells in JSON, XML and AASX: one environment, three coats."""

import io
import json
import zipfile
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from qualweave.errors import UnreadableSource
from qualweave.mappers.declared import DeclaredField, Description
from qualweave.mappers.readers.devices.describe import describe, device_tables
from tests.mappers.devices.conftest import FILES

SCALE = "scale.aas.json"
_RELATION = '<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships"><Relationship Id="r1" Type="http://admin-shell.io/aasx/relationships/{}" Target="{}"{}/></Relationships>'


def package(
    path: Path,
    *,
    target: str = "/aasx/data.json",
    more: str = "",
    parts: Mapping[str, bytes] | None = None,
) -> Path:
    """Write an AASX whose origin leads to a target."""
    parts = {"aasx/data.json": (FILES / SCALE).read_bytes()} if parts is None else parts
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("_rels/.rels", _RELATION.format("aasx-origin", "/aasx/aasx-origin", ""))
        archive.writestr("aasx/aasx-origin", "")
        archive.writestr("aasx/_rels/aasx-origin.rels", _RELATION.format("aas-spec", target, more))
        for name, data in parts.items():
            archive.writestr(name, data)
    return path


@pytest.fixture
def scale(folder: Path) -> Description:
    return describe(folder / SCALE)


def _field(found: Description, name: str) -> DeclaredField:
    return next(one for one in found.fields if one.name == name)


def test_unit_and_meaning_come_from_the_concept_description(scale: Description) -> None:
    found = _field(scale, "MaxLoad")

    assert found.known_unit is not None
    assert (found.unit, found.known_unit.ucum, found.values_are, found.value) == (
        "kg",
        "kg",
        "decimal",
        "60.0",
    )
    assert found.labels == {"de": "Höchstlast", "en": "maximum load"}
    (meaning,) = found.meanings
    assert (meaning.scheme, meaning.id) == ("irdi", "0173-1#02-MAX001#001")
    assert meaning.names["de"] == "maximale Wägelast"
    assert meaning.definitions["en"].startswith("greatest mass")
    assert found.path == ("TechnicalData", "Weighing")


def test_a_range_has_its_bounds(scale: Description) -> None:
    found = _field(scale, "AmbientTemperature")

    assert (found.minimum, found.maximum, found.unit) == (-10, 40, "°C")


def test_a_value_list_is_an_enumeration(scale: Description) -> None:
    found = _field(scale, "AccuracyClass")

    assert [(one.code, one.id) for one in found.values] == [
        ("III", "0173-1#07-III001#001"),
        ("IIII", "0173-1#07-IV0001#001"),
    ]
    assert found.values_are == "code"


def test_members_of_a_list_are_numbered(scale: Description) -> None:
    found = [(one.name, one.value) for one in scale.fields if one.name.startswith("Interfaces")]

    assert found == [("Interfaces[0]", "PROFINET"), ("Interfaces[1]", "OPC UA")]


def test_the_nameplate_names_the_device(scale: Description) -> None:
    (device,) = scale.devices

    assert (device.manufacturer, device.model, device.serial, device.firmware) == (
        "Wiegetechnik Nord", "WN 60", "WA-12-88", "2.4",
    )  # fmt: skip


def test_each_field_has_the_line_of_its_name(folder: Path, scale: Description) -> None:
    lines = (folder / SCALE).read_text("utf-8").splitlines()

    named = [one for one in scale.fields if "[" not in one.name]
    assert len(named) == 6
    assert all(f'"idShort": "{one.name}"' in lines[one.line - 1] for one in named)


def test_xml_says_what_json_says(folder: Path, scale: Description) -> None:
    other = describe(folder / "scale.aas.xml")

    def plain(found: Description) -> list[DeclaredField]:
        return [replace(one, line=0, file="") for one in found.fields]

    def by_id(fields: list[DeclaredField]) -> dict[str, DeclaredField]:
        return {one.id: one for one in fields}

    assert by_id(plain(other)) == by_id(plain(scale))
    assert other.devices == scale.devices
    assert all(one.line for one in other.fields)


@pytest.mark.parametrize("part", [SCALE, "scale.aas.xml"])
def test_a_package_says_what_its_document_says(folder: Path, scale: Description, part: str) -> None:
    path = package(
        folder / "any.bin", target="data", parts={"aasx/data": (FILES / part).read_bytes()}
    )

    found = describe(path)

    assert {one.id for one in found.fields} == {one.id for one in scale.fields}
    assert found.kind == "aas"


def test_stated_values_are_the_row_of_the_table(folder: Path) -> None:
    (table,) = device_tables(folder / SCALE)

    assert table.frame["MaxLoad"].to_list() == ["60.0"]
    assert table.units["MaxLoad"] == "kg"
    assert table.context.device == "Wiegetechnik Nord WN 60 Scale12"


def test_a_lone_submodel_is_an_environment(folder: Path) -> None:
    document = json.loads((folder / SCALE).read_text("utf-8"))
    (folder / "one.json").write_text(json.dumps(document["submodels"][1], indent=1), "utf-8")

    assert {one.name for one in describe(folder / "one.json").fields} >= {
        "MaxLoad",
        "AccuracyClass",
    }


def _document(folder: Path) -> Any:
    return json.loads((folder / SCALE).read_text("utf-8"))


def _written(folder: Path, document: Any) -> Path:
    (folder / SCALE).write_text(json.dumps(document, indent=2, ensure_ascii=False), "utf-8")
    return folder / SCALE


def test_flaws_have_check_name_and_line(folder: Path) -> None:
    document = _document(folder)
    held = document["submodels"][1]["submodelElements"][0]["value"]
    held[0]["value"] = "sixty"
    held[1]["modelType"] = "Rnge"
    del held[3]["idShort"]
    document["submodels"].pop(0)

    found = describe(_written(folder, document))

    assert [(one.check, one.name) for one in found.flaws] == [
        ("value", "MaxLoad"),
        ("type", "AmbientTemperature"),
        ("identity", "TechnicalData/Weighing"),
        ("absent", "Scale12"),
    ]
    assert all(one.line for one in found.flaws)


def test_metamodel_2_is_refused_by_name(folder: Path) -> None:
    document = _document(folder)
    document["submodels"][0]["identification"] = {"id": "x", "idType": "IRI"}

    with pytest.raises(UnreadableSource, match="metamodel 2, and 3 is read"):
        describe(_written(folder, document))


def test_a_nest_that_never_ends_is_refused(folder: Path) -> None:
    document = _document(folder)
    deep: dict[str, Any] = {"modelType": "Property", "idShort": "p", "valueType": "xs:string"}
    for at in range(120):
        deep = {"modelType": "SubmodelElementCollection", "idShort": f"c{at}", "value": [deep]}
    document["submodels"][0]["submodelElements"] = [deep]

    with pytest.raises(UnreadableSource, match="nested deeper than 100"):
        describe(_written(folder, document))


def test_half_a_document_is_refused_with_its_line(folder: Path) -> None:
    text = (folder / SCALE).read_text("utf-8")
    (folder / SCALE).write_text(text[: len(text) // 2], "utf-8")

    with pytest.raises(
        UnreadableSource, match=r"scale\.aas\.json, line \d+: the description is not well-formed"
    ):
        describe(folder / SCALE)


@pytest.mark.parametrize(
    ("target", "more", "told"),
    [
        ("../../etc/passwd", "", "leads out of the package"),
        ("/../data.json", "", "leads out of the package"),
        ("file:///etc/passwd", "", "leads out of the package"),
        ("https://evil.example/x", ' TargetMode="External"', "leads out of the package"),
        ("..\\data.json", "", "leads out of the package"),
        ("//evil.example/data.json", "", "leads out of the package"),
        ("data.json", ' TargetMode="External"', "leads out of the package"),
        ("/aasx/other.json", "", "is named, but not there"),
    ],
)
def test_a_package_may_not_lead_elsewhere(folder: Path, target: str, more: str, told: str) -> None:
    with pytest.raises(UnreadableSource, match=told):
        describe(package(folder / "x.aasx", target=target, more=more))


def test_a_part_that_an_editor_calls_external_is_read(folder: Path) -> None:
    assert describe(package(folder / "x.aasx", more=' TargetMode="External"')).fields


def test_a_part_that_unpacks_without_end_is_refused(folder: Path) -> None:
    path = package(folder / "x.aasx", parts={"aasx/data.json": b" " * (64 << 20)})

    with pytest.raises(UnreadableSource, match="unpacks from"):
        describe(path)


def test_a_part_given_twice_is_refused(folder: Path) -> None:
    path = package(folder / "x.aasx")
    with zipfile.ZipFile(path, "a") as archive, pytest.warns(UserWarning, match="Duplicate name"):
        archive.writestr("aasx/data.json", "{}")

    with pytest.raises(UnreadableSource, match="two parts"):
        describe(path)


def test_a_package_cut_off_is_no_description(folder: Path) -> None:
    path = package(folder / "x.aasx")
    path.write_bytes(path.read_bytes()[:-40])

    with pytest.raises(UnreadableSource, match="no description of a device"):
        describe(path)


def test_a_damaged_part_is_refused(folder: Path) -> None:
    path = package(folder / "x.aasx")
    with zipfile.ZipFile(path) as archive:
        info = archive.getinfo("aasx/data.json")
        at = info.header_offset + 30 + len("aasx/data.json") + 50
    raw = bytearray(path.read_bytes())
    raw[at : at + 20] = bytes(20)
    path.write_bytes(raw)

    with pytest.raises(UnreadableSource, match="no ZIP that can be read"):
        describe(path)


def test_an_encrypted_part_is_refused(folder: Path) -> None:
    path = package(folder / "x.aasx")
    raw = path.read_bytes()
    buffer = io.BytesIO(raw)
    with zipfile.ZipFile(buffer) as archive:
        info = archive.getinfo("aasx/data.json")
    central = raw.rindex(b"PK\x01\x02", 0, raw.rindex(b"aasx/data.json"))
    changed = bytearray(raw)
    changed[info.header_offset + 6] |= 1
    changed[central + 8] |= 1
    path.write_bytes(changed)

    with pytest.raises(UnreadableSource, match="is encrypted"):
        describe(path)
