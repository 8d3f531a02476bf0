"""MTConnect: what a device declares of its data items, and what its streams bring."""

from pathlib import Path

import pytest

from qualweave.errors import UnreadableSource
from qualweave.mappers.declared import DeclaredField, Description
from qualweave.mappers.profile import declared_profiles
from qualweave.mappers.readers import read
from qualweave.mappers.readers.devices.describe import describe

LATHE = "lathe.mtconnect.xml"


@pytest.fixture
def lathe(folder: Path) -> Description:
    return describe(folder / LATHE)


def _field(found: Description, identity: str) -> DeclaredField:
    return next(one for one in found.fields if one.id == identity)


def test_a_sample_has_unit_bounds_filters_type_and_path(lathe: Description) -> None:
    found = _field(lathe, "xpos")

    assert (found.name, found.path, found.components) == ("Xabs", ("base", "X"), ("Axes", "Linear"))
    assert (found.unit, found.native_unit, found.kind) == ("MILLIMETER", "INCH", "SAMPLE")
    assert (found.minimum, found.maximum, found.delta, found.rate_hz) == (-20, 310.5, 0.01, 10)
    assert [(one.scheme, one.id) for one in found.meanings] == [("mtconnect", "POSITION/ACTUAL")]
    assert found.line == 15


@pytest.mark.parametrize(
    ("identity", "unit"),
    [("xpos", "mm"), ("xload", "%"), ("cspeed", "/min"), ("cfeed", "deg/s"), ("cvib", "mm")],
)
def test_units_are_known(lathe: Description, identity: str, unit: str) -> None:
    known = _field(lathe, identity).known_unit

    assert known is not None
    assert known.ucum == unit


def test_a_composition_is_part_of_the_path(lathe: Description) -> None:
    found = _field(lathe, "xload")

    assert (found.path, found.components) == (("base", "X", "Xdrive"), ("Axes", "Linear", "MOTOR"))


def test_values_conditions_and_constants_are_told_apart(lathe: Description) -> None:
    assert [one.code for one in _field(lathe, "cmode").values] == ["SPINDLE", "INDEX", "CONTOUR"]
    assert _field(lathe, "xtravel").values[2].code == "FAULT"
    assert (_field(lathe, "unitsys").value, _field(lathe, "unitsys").values) == ("METRIC", ())
    assert _field(lathe, "prog").values_are == ""


def test_a_time_series_has_its_rate(lathe: Description) -> None:
    assert _field(lathe, "cvib").rate_hz == 2000


def test_the_device_is_described(lathe: Description) -> None:
    (device,) = lathe.devices

    assert (device.name, device.manufacturer, device.model, device.serial) == (
        "Lathe31",
        "Drehbau",
        "DB 200",
        "0031",
    )
    assert lathe.header.version == "2.2"


def test_an_item_without_name_is_compared_by_its_type_and_keeps_its_id(lathe: Description) -> None:
    profiles = {one.name: one for one in declared_profiles(lathe)}

    assert profiles["avail"].base_name == "availability"
    assert profiles["Xabs"].base_name == "Xabs"
    assert profiles["Xabs"].siblings == ("xtravel",)
    assert profiles["Xabs"].kind == "SAMPLE"


@pytest.mark.parametrize(
    ("old", "new", "check"),
    [
        ('id="xload"', 'id="xpos"', "identity"),
        ('category="SAMPLE" units="PERCENT"', 'category="SAMPEL" units="PERCENT"', "category"),
        ('name="Xload" type="LOAD"', 'name="Xload"', "type"),
        ('id="xload" ', "", "identity"),
    ],
)
def test_a_flaw_has_its_line(folder: Path, old: str, new: str, check: str) -> None:
    path = folder / LATHE
    path.write_text(path.read_text("utf-8").replace(old, new), "utf-8")

    (flaw,) = describe(path).flaws

    assert (flaw.check, flaw.line, flaw.name) == (check, 19, "Xload")


def test_streams_become_rows_with_item_and_time(folder: Path) -> None:
    (table,) = read(folder / "lathe.streams.xml")

    rows = table.frame.select("dataItemId", "timestamp", "value", "category", "component").rows()
    assert rows == [
        ("xpos", "2026-02-01T08:00:01.100Z", "12.25", "SAMPLE", "Linear"),
        ("xpos", "2026-02-01T08:00:01.200Z", "12.31", "SAMPLE", "Linear"),
        ("xload", "2026-02-01T08:00:01.100Z", None, "SAMPLE", "Linear"),
        ("xtravel", "2026-02-01T08:00:02Z", "FAULT", "CONDITION", "Linear"),
        ("prog", "2026-02-01T08:00:02Z", "O1234", "EVENT", "Controller"),
        ("vars", "2026-02-01T08:00:03Z", "5.5", "EVENT", "Controller"),
        ("vars", "2026-02-01T08:00:03Z", None, "EVENT", "Controller"),
    ]
    assert table.frame["entry"].drop_nulls().to_list() == ["100", "101"]
    assert table.frame["message"].drop_nulls().to_list() == ["Overtravel +X"]
    assert table.context.device == "Lathe31"
    assert "sampleRate" not in table.columns


def test_streams_without_observations_are_refused(folder: Path) -> None:
    path = folder / "lathe.streams.xml"
    path.write_text(
        '<MTConnectStreams xmlns="urn:mtconnect.org:MTConnectStreams:2.2"><Streams/></MTConnectStreams>'
    )

    with pytest.raises(UnreadableSource, match="holds no observation"):
        read(path)


def test_long_streams_are_read_in_flat_pieces(tmp_path: Path) -> None:
    row = '<Position dataItemId="x" sequence="{}" timestamp="2026-02-01T08:00:01Z">{}</Position>'
    many = "".join(row.format(at, at / 10) for at in range(60_000))
    path = tmp_path / "s.xml"
    path.write_text(
        '<MTConnectStreams xmlns="urn:mtconnect.org:MTConnectStreams:1.3"><Streams><DeviceStream name="d" uuid="u">'
        f'<ComponentStream component="Linear" name="X" componentId="c"><Samples>{many}</Samples></ComponentStream>'
        "</DeviceStream></Streams></MTConnectStreams>"
    )

    (table,) = read(path)

    assert table.frame.height == 60_000
    assert table.frame["value"][59_999] == "5999.9"
