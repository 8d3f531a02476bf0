"""OPC UA NodeSet2: what its variables declare, and what is wrong with a broken one."""

from collections.abc import Callable
from pathlib import Path

import pytest

from qualweave.errors import UnreadableSource
from qualweave.mappers.declared import DeclaredField, Description
from qualweave.mappers.readers.devices.describe import describe, device_tables
from qualweave.mappers.readers.devices.nodes import unece_code

PRESS = "press.NodeSet2.xml"


@pytest.fixture
def press(folder: Path) -> Description:
    return describe(folder / PRESS)


def _field(found: Description, name: str) -> DeclaredField:
    return next(one for one in found.fields if one.name == name)


def test_a_variable_has_unit_range_rate_path_and_names(press: Description) -> None:
    found = _field(press, "TempMld")

    assert found.known_unit is not None
    assert (found.unit, found.unit_codes, found.known_unit.ucum) == ("°C", ("CEL",), "Cel")
    assert (found.minimum, found.maximum, found.rate_hz) == (0, 180, 10)
    assert (found.path, found.kind, found.values_are) == (("Mould",), "AnalogUnitType", "decimal")
    assert found.labels == {
        "en": "mould temperature",
        "de": "Werkzeugtemperatur",
        "zh-CN": "模具温度",
    }
    assert found.value == "41.5"
    assert found.id == "nsu=urn:maker.example:press;i=6010"


def test_the_line_is_that_of_the_node(folder: Path, press: Description) -> None:
    lines = (folder / PRESS).read_text("utf-8").splitlines()

    assert all(
        f'BrowseName="1:{one.name}"' in lines[one.line - 1] or "2:" in lines[one.line - 1]
        for one in press.fields
    )


def test_meta_properties_are_told_with_their_variable_only(press: Description) -> None:
    assert {one.name for one in press.fields} == {
        "Manufacturer", "SerialNumber", "Model", "SoftwareRevision", "TempMld", "CoolTime", "OperatingMode",
        "MouldState", "ShotCount",
    }  # fmt: skip


def test_the_device_is_identified_by_its_nameplate(press: Description) -> None:
    (device,) = press.devices

    assert (device.name, device.manufacturer, device.model) == (
        "Press07",
        "Presswerk Süd GmbH",
        "PS 320",
    )
    assert (device.serial, device.firmware, device.kind) == (
        "PS-0007",
        "4.8",
        "InjectionMachineType",
    )
    assert {one.device for one in press.fields} == {device.id}


def test_an_enumeration_comes_from_the_data_type_of_another_model(press: Description) -> None:
    found = _field(press, "OperatingMode")

    assert [(one.code, one.names) for one in found.values] == [
        ("1", {"de": "Hand"}),
        ("3", {"": "AUTOMATIC"}),
    ]
    assert found.values_are == "code"
    assert found.meanings[0].id == "urn:maker.example:moulding;OperatingMode"


def test_enum_strings_are_numbered_from_zero(press: Description) -> None:
    found = _field(press, "MouldState").values

    assert [(one.code, one.names["en"]) for one in found] == [("0", "open"), ("1", "closed")]


def test_a_duration_is_in_milliseconds(press: Description) -> None:
    assert _field(press, "CoolTime").unit == "ms"


def test_a_dictionary_entry_is_a_stated_meaning(press: Description) -> None:
    (meaning,) = _field(press, "ShotCount").meanings

    assert (meaning.scheme, meaning.id) == ("irdi", "0173-1#02-AAQ326#002")
    assert meaning.names == {"en": "number of shots"}


def test_a_dictionary_entry_that_only_the_server_has_is_no_flaw(folder: Path) -> None:
    found = _changed(
        folder, lambda text: text.replace('NodeId="ns=1;s=0173', 'NodeId="ns=1;s=0174')
    )

    assert found.flaws == ()
    assert _field(found, "ShotCount").meanings[0].id == "0173-1#02-AAQ326#002"


def test_several_node_sets_resolve_each_other_without_a_flaw(press: Description) -> None:
    assert press.flaws == ()
    assert (press.header.iri, press.header.version) == ("urn:maker.example:press", "2.1.0")


def test_a_missing_model_is_named_with_version_and_date(folder: Path) -> None:
    (folder / "moulding.NodeSet2.xml").unlink()

    found = describe(folder / PRESS)

    (flaw,) = [one for one in found.flaws if one.check == "model"]
    assert flaw.name == "urn:maker.example:moulding"
    assert "version 1.2.0, publication date 2025-06-01" in flaw.message
    assert "版本 1.2.0" in flaw.message_zh
    assert flaw.line == 10
    with pytest.raises(
        UnreadableSource, match=r"line 10: requires the model urn:maker.example:moulding .*1\.2\.0"
    ):
        device_tables(folder / PRESS)


def test_an_older_model_than_required_is_told(folder: Path) -> None:
    other = folder / "moulding.NodeSet2.xml"
    other.write_text(other.read_text("utf-8").replace("2025-06-01", "2021-01-01"), "utf-8")

    (flaw,) = describe(folder / PRESS).flaws

    assert "2025-06-01" in flaw.message
    assert "2021-01-01" in flaw.message


def test_models_are_found_by_content_in_a_folder_beside(
    folder: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    other = tmp_path_factory.mktemp("models")
    (folder / "moulding.NodeSet2.xml").rename(other / "anything.dat")

    assert describe(folder / PRESS, [other]).flaws == ()
    assert describe(folder / PRESS, [other / "anything.dat"]).flaws == ()


def _changed(folder: Path, change: Callable[[str], str]) -> Description:
    path = folder / PRESS
    path.write_text(change(path.read_text("utf-8")), "utf-8")
    return describe(path)


def test_a_circle_of_components_is_told_and_ends(folder: Path) -> None:
    def change(text: str) -> str:
        return text.replace(
            '<Reference ReferenceType="Organizes" IsForward="false">i=85</Reference>',
            '<Reference ReferenceType="HasComponent" IsForward="false">ns=1;i=5003</Reference>',
        )

    found = _changed(folder, change)

    assert {one.check for one in found.flaws} == {"cycle"}
    assert "Mould" in found.flaws[0].message
    assert found.fields == ()


def test_a_reference_into_nothing_names_node_and_line(folder: Path) -> None:
    found = _changed(
        folder, lambda text: text.replace("ns=1;i=6012</Reference>", "ns=1;i=9999</Reference>")
    )

    (flaw,) = found.flaws
    assert (flaw.check, flaw.name) == ("reference", "TempMld")
    assert "HasProperty" in flaw.message
    assert "urn:maker.example:press;i=9999" in flaw.message
    assert flaw.line > 0


def test_a_namespace_index_that_is_not_listed_is_a_dangling_reference(folder: Path) -> None:
    found = _changed(
        folder, lambda text: text.replace("ns=1;i=6012</Reference>", "ns=7;i=6012</Reference>")
    )

    assert [one.check for one in found.flaws] == ["reference"]


def test_a_node_id_given_twice_is_told_with_both_lines(folder: Path) -> None:
    found = _changed(
        folder, lambda text: text.replace('NodeId="ns=1;i=6020"', 'NodeId="ns=1;i=6010"')
    )

    assert any(one.check == "identity" and one.name == "CoolTime" for one in found.flaws)


def test_a_unit_code_and_name_of_two_quantities_contradict(folder: Path) -> None:
    found = _changed(folder, lambda text: text.replace(">°C<", ">bar<"))

    (flaw,) = found.flaws
    assert (flaw.check, flaw.name) == ("unit", "TempMld")
    assert "CEL" in flaw.message


def test_a_unit_id_of_another_table_is_no_trade_code(folder: Path) -> None:
    found = _changed(
        folder,
        lambda text: text.replace(
            "http://www.opcfoundation.org/UA/units/un/cefact", "urn:own-units"
        ),
    )

    assert (_field(found, "TempMld").unit, _field(found, "TempMld").unit_codes) == ("°C", ())


def test_a_unit_that_is_only_sent_is_no_missing_unit(folder: Path) -> None:
    def change(text: str) -> str:
        start, end = (
            text.index("<Value>\n      <uax:ExtensionObject>"),
            text.index('EURange" DataType'),
        )
        value_end = text.index("</Value>", start) + len("</Value>")
        assert value_end < end
        return text[:start] + text[value_end:]

    found = _changed(folder, change)

    temperature = _field(found, "TempMld")
    assert (temperature.unit, temperature.unit_is_sent) == ("", True)


def test_what_the_type_of_the_object_declares_holds_for_the_object(folder: Path) -> None:
    model = folder / "moulding.NodeSet2.xml"
    declared = """<UAVariable NodeId="ns=1;i=7" BrowseName="1:ClampForce" DataType="i=11"><DisplayName>ClampForce</DisplayName>
      <Description Locale="en">Force between the halves.</Description>
      <References><Reference ReferenceType="i=47" IsForward="false">ns=1;i=1001</Reference></References></UAVariable>
      <UAVariable NodeId="ns=1;i=8" BrowseName="EURange" DataType="i=884"><DisplayName>EURange</DisplayName>
      <References><Reference ReferenceType="i=46" IsForward="false">ns=1;i=7</Reference></References>
      <Value><ExtensionObject xmlns="http://opcfoundation.org/UA/2008/02/Types.xsd"><Body><Range><Low>0</Low><High>3200</High></Range></Body></ExtensionObject></Value></UAVariable></UANodeSet>"""
    model.write_text(model.read_text("utf-8").replace("</UANodeSet>", declared), "utf-8")
    made = """<UAVariable NodeId="ns=1;i=6060" BrowseName="2:ClampForce" DataType="i=11"><DisplayName>ClampForce</DisplayName>
      <References><Reference ReferenceType="i=47" IsForward="false">ns=1;i=5001</Reference></References></UAVariable></UANodeSet>"""

    found = _field(_changed(folder, lambda text: text.replace("</UANodeSet>", made)), "ClampForce")

    assert found.maximum == 3200
    assert found.descriptions == {"en": "Force between the halves."}


def test_forward_and_inverse_references_lead_to_the_same_path(folder: Path) -> None:
    def change(text: str) -> str:
        return text.replace(
            '<Reference ReferenceType="HasComponent">ns=1;i=6010</Reference>', ""
        ).replace(
            '<Reference ReferenceType="HasTypeDefinition">i=17497</Reference>',
            '<Reference ReferenceType="HasTypeDefinition">i=17497</Reference>'
            '<Reference ReferenceType="HasComponent" IsForward="false">ns=1;i=5003</Reference>',
        )

    assert _field(_changed(folder, change), "TempMld").path == ("Mould",)


def test_types_are_read_where_there_is_no_object(folder: Path) -> None:
    path = folder / "moulding.NodeSet2.xml"
    text = path.read_text("utf-8").replace(
        "</UANodeSet>",
        '<UAVariable NodeId="ns=1;i=6" BrowseName="1:ClampForce" DataType="i=11"><DisplayName>ClampForce</DisplayName>'
        '<References><Reference ReferenceType="i=47" IsForward="false">ns=1;i=1001</Reference></References>'
        "</UAVariable></UANodeSet>",
    )
    path.write_text(text, "utf-8")

    found = describe(path)

    assert [one.name for one in found.fields] == ["ClampForce"]
    assert found.devices[0].kind == "InjectionMachineType"


@pytest.mark.parametrize(
    ("unit_id", "code"),
    [("4408652", "CEL"), ("4342098", "BAR"), ("5064788", "MHT"), ("12878", "2N"), ("0", ""), ("-5", ""), ("99999999999", ""), ("x", "")],
)  # fmt: skip
def test_unit_ids_are_the_characters_of_a_trade_code(unit_id: str, code: str) -> None:
    assert unece_code(unit_id) == code
