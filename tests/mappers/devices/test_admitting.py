"""Admission of every kind of description: a good one passes, each fault is refused with file, line and what to do."""

from collections.abc import Callable
from pathlib import Path

import pytest
from rdflib import Graph

from qualweave.mappers.admission import Admission, admit
from qualweave.ontology.load import load_graph
from qualweave.ontology.terms import TermIndex
from tests.mappers.devices.test_aas import package

PRESS, LATHE, SCALE, BATTERY = (
    "press.NodeSet2.xml",
    "lathe.mtconnect.xml",
    "scale.aas.json",
    "BatteryState.ttl",
)
KINDS = {
    PRESS: "nodeset",
    LATHE: "mtconnect",
    SCALE: "aas",
    "scale.aas.xml": "aas",
    BATTERY: "samm",
}


@pytest.fixture(scope="module")
def ontology() -> Graph:
    return load_graph()


@pytest.fixture(scope="module")
def judge(ontology: Graph) -> Callable[[Path], Admission]:
    terms = TermIndex.from_graph(ontology)
    return lambda path: admit(path, ontology, terms, reason=False, beside=[path.parent])


@pytest.mark.parametrize(("name", "kind"), KINDS.items())
def test_a_good_description_is_admitted(
    folder: Path, judge: Callable[[Path], Admission], name: str, kind: str
) -> None:
    found = judge(folder / name)

    assert (found.verdict, found.reasons, found.kind) == ("admitted", (), kind)
    assert found.fields
    assert all(one.line for one in found.fields)
    assert found.devices


def test_a_package_is_admitted_as_its_document(
    folder: Path, judge: Callable[[Path], Admission]
) -> None:
    assert judge(package(folder / "scale.aasx")).verdict == "admitted"


def test_fields_are_found_to_mean_terms(folder: Path, judge: Callable[[Path], Admission]) -> None:
    meant = {one.name: one for one in judge(folder / PRESS).fields}

    assert (meant["TempMld"].term, meant["TempMld"].unit) == ("q:MouldTemperature", "Cel")
    assert meant["CoolTime"].term == "q:CoolingTime"
    assert meant["ShotCount"].meanings == ("irdi:0173-1#02-AAQ326#002",)
    assert meant["TempMld"].path == ("Mould",)


@pytest.mark.parametrize("name", KINDS)
def test_the_owl_that_it_becomes_is_admitted_too(
    folder: Path, judge: Callable[[Path], Admission], name: str
) -> None:
    path = folder / "as-owl.ttl"
    first = judge(folder / name)
    path.write_text(first.owl, "utf-8")

    again = judge(path)

    # OWL has to say what is counted; the others need not.
    assert all(one.message.startswith("is a number without a unit") for one in again.reasons)
    assert len(again.reasons) <= 1
    assert sorted(one.name for one in again.fields) == sorted(one.name for one in first.fields)
    assert {one.name: one.unit for one in again.fields} == {
        one.name: one.unit for one in first.fields
    }


FAULTS = [
    (PRESS, "<uax:Text>°C</uax:Text>", "<uax:Text>bar</uax:Text>", "unit", 98),
    (PRESS, ">4408652<", ">0<", "", 0),
    (PRESS, "<uax:Low>0</uax:Low>", "<uax:Low>900</uax:Low>", "bounds", 86),
    (PRESS, 'NodeId="ns=1;i=6012"', 'NodeId="ns=1;i=7000"', "reference", 86),
    (LATHE, ' units="PERCENT"', "", "unit", 19),
    (LATHE, 'units="PERCENT"', 'units="FURLONG_3"', "unit", 19),
    (LATHE, "<Minimum>-20<", "<Minimum>900<", "bounds", 15),
    (LATHE, 'category="EVENT"/>', 'category="OCCASION"/>', "category", 8),
    (SCALE, '"unit": "kg",', "", "unit", 56),
    (SCALE, '"unit": "kg"', '"unit": "stone of old"', "unit", 56),
    (SCALE, '"dataType": "STRING",', '"dataType": "STRING", "unit": "STRING",', "", 0),
    (SCALE, '"max": "40"', '"max": "-40"', "bounds", 64),
    (BATTERY, "samm-c:unit unit:volt", 'samm:description "x"@en', "unit", 15),
    (BATTERY, "unit:percent", "unit:parsnip", "unit", 54),
    (BATTERY, "@prefix xsd:", "@prefx xsd:", "parse", 4),
]  # fmt: skip


@pytest.mark.parametrize(("name", "old", "new", "check", "line"), FAULTS)
def test_a_fault_is_refused_with_its_line(
    folder: Path,
    judge: Callable[[Path], Admission],
    name: str,
    old: str,
    new: str,
    check: str,
    line: int,
) -> None:
    path = folder / name
    text = path.read_text("utf-8")
    assert old in text
    path.write_text(text.replace(old, new, 1), "utf-8")

    found = judge(path)

    if not check:
        assert found.verdict == "admitted"
        return
    assert found.verdict == "refused"
    (reason,) = found.reasons
    assert (reason.check, reason.file, reason.line) == (check, name, line)
    assert reason.term not in {"", "Xload", "MaxLoad"}  # the path belongs to it
    assert reason.fix
    assert reason.fix_zh
    assert reason.message_zh != reason.message


@pytest.mark.parametrize(
    ("name", "other", "model"),
    [(PRESS, "moulding.NodeSet2.xml", "urn:maker.example:moulding"), (BATTERY, "Shared.ttl", "urn:samm:example.maker.shared:1.0.0")],
)  # fmt: skip
def test_a_missing_model_is_refused_by_name_version_and_line(
    folder: Path, judge: Callable[[Path], Admission], name: str, other: str, model: str
) -> None:
    (folder / other).unlink()

    found = judge(folder / name)

    reason = next(one for one in found.reasons if one.check == "model")
    assert reason.term == model
    assert "version 1." in reason.message
    assert reason.line
    assert reason.fix.startswith("Send the file of that model")


def test_a_unit_of_another_dimension_than_the_parameter_is_refused(
    folder: Path, judge: Callable[[Path], Admission]
) -> None:
    path = folder / LATHE
    path.write_text(
        path.read_text("utf-8").replace('name="Srpm"', 'name="mould temperature"'), "utf-8"
    )

    (reason,) = judge(path).reasons

    assert "q:MouldTemperature is measured in Cel" in reason.message


def test_a_submodel_that_is_absent_is_a_remark(
    folder: Path, judge: Callable[[Path], Admission]
) -> None:
    path = folder / SCALE
    path.write_text(
        path.read_text("utf-8").replace('"value": "https://maker.example/sm/nameplate"', '"value": "https://maker.example/sm/other"'),
        "utf-8",
    )  # fmt: skip

    found = judge(path)

    assert (found.verdict, [one.check for one in found.remarks if one.check != "label"]) == (
        "admitted",
        ["absent"],
    )


def test_half_a_file_is_refused_with_its_line(
    folder: Path, judge: Callable[[Path], Admission]
) -> None:
    path = folder / LATHE
    raw = path.read_bytes()
    path.write_bytes(raw[: len(raw) // 2])

    (reason,) = judge(path).reasons

    assert reason.check == "parse"
    assert reason.line > 10
