"""What all descriptions have in common: told apart by content, one record, one table, one OWL form, clear refusals."""

import zipfile
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from qualweave.errors import UnreadableSource
from qualweave.mappers.declared import (
    DeclaredField,
    DeclaredValue,
    Description,
    Device,
    Header,
    StatedMeaning,
    collect,
    text_of,
)
from qualweave.mappers.owl_form import owl_graph
from qualweave.mappers.profile import declared_profiles, profile
from qualweave.mappers.readers import read, sniff
from qualweave.mappers.readers.devices.describe import column_names, describe
from qualweave.mappers.readers.devices.owl_file import graph_items
from qualweave.mappers.table import ROW
from tests.mappers.devices.test_aas import package

KINDS = {
    "press.NodeSet2.xml": "nodeset",
    "lathe.mtconnect.xml": "mtconnect",
    "lathe.streams.xml": "mtconnect-streams",
    "scale.aas.json": "aas-json",
    "scale.aas.xml": "aas-xml",
    "BatteryState.ttl": "samm",
}
DESCRIPTIONS = [one for one in KINDS if "streams" not in one]
XML = [one for one in KINDS if one.endswith(".xml")]


@pytest.mark.parametrize(("name", "kind"), KINDS.items())
def test_the_content_decides_and_not_the_name(folder: Path, name: str, kind: str) -> None:
    path = folder / "upload.csv"
    path.write_bytes((folder / name).read_bytes())

    assert sniff(path) == kind


def test_a_package_is_told_from_other_archives(folder: Path) -> None:
    other = folder / "other.aasx"
    with zipfile.ZipFile(other, "w") as archive:
        archive.writestr("x.txt", "aasx-origin")

    assert sniff(package(folder / "p.zip")) == "aasx"
    assert sniff(other) != "aasx"


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ('<!-- <UANodeSet> --><a><b c="1"/><b c="2"/></a>', "xml"),
        ('<?xml version="1.0"?>\n<!-- made by x -->\n<u:UANodeSet xmlns:u="urn:other"/>', "nodeset"),
        ('<environment xmlns="urn:weather"><t>1</t></environment>', "xml"),
        ('{"submodels": [{"id": 1}, {"id": 2}]}', "json"),
        ('{"rows": [{"idShort": "x"}]}', "json"),
        ("@prefix owl: <http://www.w3.org/2002/07/owl#> .\n<urn:samm:x> a owl:Class .", "owl"),
    ],
)  # fmt: skip
def test_what_only_looks_alike_is_not_taken(tmp_path: Path, text: str, kind: str) -> None:
    path = tmp_path / "x"
    path.write_text(text, "utf-8")

    assert sniff(path) == kind


@pytest.mark.parametrize("name", XML)
@pytest.mark.parametrize("share", [0.3, 0.6, 0.95])
def test_half_written_xml_is_refused_with_its_line(folder: Path, name: str, share: float) -> None:
    path = folder / name
    raw = path.read_bytes()
    path.write_bytes(raw[: int(len(raw) * share)])

    with pytest.raises(
        UnreadableSource, match=rf"{name}, line \d+: the description is not well-formed"
    ) as told:
        read(path)

    assert told.value.data["line"]
    assert told.value.message_zh.startswith(f"{name} 第")


@pytest.mark.parametrize("name", XML)
def test_entities_are_never_unfolded(folder: Path, name: str) -> None:
    path = folder / name
    bomb = '<!DOCTYPE x [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;&a;&a;">]>'
    head, rest = path.read_text("utf-8").split("?>", 1)
    path.write_text(f"{head}?>{bomb}{rest}", "utf-8")

    with pytest.raises(UnreadableSource, match="has a document type"):
        read(path)


@pytest.mark.parametrize("name", XML)
def test_a_file_outside_is_never_read(folder: Path, name: str) -> None:
    path = folder / name
    (folder / "secret").write_text("secret")
    head, rest = path.read_text("utf-8").split("?>", 1)
    path.write_text(f'{head}?><!DOCTYPE x [<!ENTITY e SYSTEM "secret">]>{rest}', "utf-8")

    with pytest.raises(UnreadableSource, match="has a document type"):
        read(path)


@pytest.mark.parametrize("name", XML)
def test_a_nest_without_end_is_refused(folder: Path, name: str) -> None:
    path = folder / name
    text = path.read_text("utf-8")
    at = text.rindex("</")
    path.write_text(text[:at] + "<a>" * 5000 + "</a>" * 5000 + text[at:], "utf-8")

    with pytest.raises(UnreadableSource, match="not well-formed"):
        read(path)


@pytest.mark.parametrize(
    ("name", "space", "other"),
    [
        ("press.NodeSet2.xml", "http://opcfoundation.org/UA/2011/03/UANodeSet.xsd", "urn:other"),
        ("lathe.mtconnect.xml", "urn:mtconnect.org:MTConnectDevices:2.2", "urn:other"),
        ("lathe.streams.xml", "urn:mtconnect.org:MTConnectStreams:2.2", "urn:other"),
        ("scale.aas.xml", "https://admin-shell.io/aas/3/1", "http://www.admin-shell.io/aas/2/0"),
    ],
)
def test_another_namespace_is_refused_by_name(
    folder: Path, name: str, space: str, other: str
) -> None:
    path = folder / name
    path.write_text(path.read_text("utf-8").replace(space, other), "utf-8")

    with pytest.raises(UnreadableSource, match=f"has the root .*{other}"):
        read(path)


def test_what_is_no_description_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "x.csv"
    path.write_text("a,b\n1,2\n", "utf-8")

    with pytest.raises(UnreadableSource, match="no description of a device"):
        describe(path)


@pytest.mark.parametrize("name", DESCRIPTIONS)
def test_every_field_is_a_column_with_its_profile(folder: Path, name: str) -> None:
    found = describe(folder / name)

    (table,) = read(folder / name)

    assert len(table.columns) == len(found.fields)
    assert table.frame.height == (1 if any(one.value for one in found.fields) else 0)
    assert ROW in table.frame.columns
    for one, seen in zip(found.fields, profile(table), strict=True):
        assert seen.declared == one
        assert seen.unit == one.known_unit
        assert one.minimum is None or (seen.minimum, seen.maximum) == (one.minimum, one.maximum)
        assert one.values_are != "text" or seen.minimum is None
        assert not one.values_are or seen.type == one.values_are


def test_a_profile_is_named_by_label_and_told_by_its_dictionary(folder: Path) -> None:
    found = {one.name: one for one in declared_profiles(describe(folder / "scale.aas.json"))}

    load = found["MaxLoad"]
    assert (load.base_name, load.type, load.description) == (
        "maximum load",
        "decimal",
        "maximum weighing load: greatest mass that the scale may weigh",
    )
    assert load.siblings == ("AmbientTemperature", "AccuracyClass")
    assert found["AccuracyClass"].samples == ("III", "IIII")


# --- the OWL form ----------------------------------------------------------------------------------


def _kept(one: DeclaredField) -> DeclaredField:
    """Return what the OWL form promises to keep of a field."""
    unit = one.known_unit
    return replace(
        one,
        id="", line=0, file="", device="", components=(), native_unit="", unit_codes=(), delta=None, examples=(),
        unit=unit.ucum if unit else one.unit, unit_is_sent=False,
        labels=dict(sorted(one.labels.items())), descriptions=dict(sorted(one.descriptions.items())),
        values_are="" if one.values_are == "boolean" else one.values_are,
        values=tuple(sorted((replace(each, id="", names=dict(each.names)) for each in one.values), key=lambda each: each.code)),
        meanings=tuple(sorted((replace(each, names={}, definitions={}) for each in one.meanings), key=lambda each: each.id)),
    )  # fmt: skip


def _sorted(fields: tuple[DeclaredField, ...]) -> list[DeclaredField]:
    return sorted((_kept(one) for one in fields), key=lambda one: (one.path, one.name))


@pytest.mark.parametrize("name", DESCRIPTIONS)
def test_the_owl_form_says_the_same(folder: Path, name: str) -> None:
    found = describe(folder / name)
    path = folder / "form.ttl"
    owl_graph(found).serialize(path, format="turtle")

    again = describe(path)

    assert again.kind == "owl"
    assert _sorted(again.fields) == _sorted(found.fields)
    assert {(one.name, one.manufacturer, one.serial) for one in again.devices} == {
        (one.name or one.id, one.manufacturer, one.serial) for one in found.devices
    }
    assert all(one.line for one in again.fields)


_WORDS = st.text(
    st.characters(codec="utf-8", exclude_categories=["Cc", "Cs"]), min_size=1, max_size=12
)
_FIELDS = st.builds(
    DeclaredField,
    name=_WORDS,
    id=_WORDS,
    labels=st.dictionaries(st.sampled_from(["", "en", "de", "zh-CN"]), _WORDS, max_size=2),
    unit=st.sampled_from(["", "Cel", "bar", "cubit of old"]),
    data_type=st.just("x"),
    values_are=st.sampled_from(["decimal", "integer", "text", "time"]),
    minimum=st.none() | st.integers(-1000, 1000).map(float),
    meanings=st.lists(
        st.builds(StatedMeaning, st.sampled_from(["irdi", "samm"]), _WORDS), max_size=1
    ).map(tuple),
)


@settings(max_examples=60, deadline=None)
@given(st.lists(_FIELDS, min_size=1, max_size=4))
def test_any_fields_survive_the_owl_form(fields: list[DeclaredField]) -> None:
    made = Description("x", "mtconnect", Header("", "1", "x"), (Device("d", "D"),), tuple(fields))

    again = collect("x", "owl", list(graph_items(owl_graph(made), "x")))

    assert sorted(map(repr, map(_kept, again.fields))) == sorted(map(repr, map(_kept, made.fields)))


@given(st.lists(st.tuples(st.sampled_from("ab"), st.sampled_from(["", "p", "q"])), max_size=8))
def test_columns_have_names_of_their_own(made: list[tuple[str, str]]) -> None:
    fields = [DeclaredField(name, name, path=(path,) if path else ()) for name, path in made]

    names = column_names(fields)

    assert len(set(names)) == len(names)
    assert all(one.name in name for one, name in zip(fields, names, strict=True))


def test_an_allowed_value_keeps_its_names() -> None:
    value = DeclaredValue("3", {"de": "Hand", "en": "manual"})
    made = Description("x", "nodeset", fields=(DeclaredField("m", "m", values=(value,)),))

    (field,) = collect("x", "owl", list(graph_items(owl_graph(made), "x"))).fields

    assert field.values == (value,)


@pytest.mark.parametrize(
    ("texts", "languages", "found"),
    [({"de": "x", "en-GB": "y"}, (), "y"), ({"de": "x", "en": "y"}, ("de",), "x"), ({"fr": "z"}, ("de",), "z"), ({}, (), "")],
)  # fmt: skip
def test_the_text_of_a_language_or_the_next_best(
    texts: dict[str, str], languages: tuple[str, ...], found: str
) -> None:
    assert text_of(texts, *languages) == found
