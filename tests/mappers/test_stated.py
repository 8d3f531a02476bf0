"""A meaning that the source states itself decides, however its identifier is spelt, unless unit or kind contradicts."""

from pathlib import Path

import orjson
import pytest

from qualweave.iri import Q
from qualweave.mappers.align import Alignment, align_targets
from qualweave.mappers.align.files import align_files
from qualweave.mappers.align.signals import Vocabulary
from qualweave.mappers.align.stated import identity
from qualweave.mappers.align.target import Entity, TargetTerm, from_terms
from qualweave.mappers.declared import DeclaredField, StatedMeaning, ValueKind
from qualweave.mappers.profile import FieldProfile, as_declared, field_from_facts
from qualweave.ontology.load import load_graph
from qualweave.ontology.terms import TermIndex

TERMS = (
    TargetTerm(id="0173-1#02-ABL869#002", labels={"en": ("coolant pressure",), "zh": ("冷却液压力",)}, unit="bar"),
    TargetTerm(
        id="https://example.org/v#7",
        labels={"en": ("spindle load",), "zh": ("主轴负载",)},
        same_as=("https://api.eclass-cdp.com/0173-1-02-BAB123-001",),
        close_to=("https://example.org/other#load",),
        kind="SAMPLE",
    ),
    TargetTerm(id="https://example.org/v#8", labels={"en": ("door state",)}, kind="EVENT"),
    TargetTerm(id="https://example.org/v#9", labels={"en": ("door position",)}, withdrawn=True),
    TargetTerm(id="https://example.org/v#10", labels={"en": ("address of a link",)}, value_type="text"),
)  # fmt: skip


def _field(
    *meanings: str, name: str = "xq_17", unit: str = "", kind: str = "", values: ValueKind = ""
) -> FieldProfile:
    declared = DeclaredField(
        values_are=values,
        name=name,
        id=f"id of {name}",
        unit=unit,
        kind=kind,
        meanings=tuple(StatedMeaning("iri", one) for one in meanings),
    )
    return as_declared(field_from_facts(name=name, unit=unit), declared)


def _aligned(*fields: FieldProfile) -> list[Alignment]:
    return align_targets(fields, Vocabulary(TERMS))


def _said(one: Alignment, kind: str = "stated", language: str = "en") -> str:
    return " ".join(why.in_language(language) for why in one.ranked[0].evidence if why.kind == kind)


@pytest.mark.parametrize(
    "written",
    [
        "0173-1#02-ABL869#002",
        "0173/1///02#ABL869#002",
        "0173-1-02-ABL869-002",
        "0173-1#02-ABL869#2",
        "0173-1#02-ABL869",
        "https://api.eclass-cdp.com/0173-1-02-ABL869-002",
        "urn:irdi:0173-1%2302-ABL869%23002",
    ],
)
def test_an_irdi_in_any_spelling_decides_for_a_field_whose_name_says_nothing(written: str) -> None:
    (found,) = _aligned(_field(written))

    assert (found.decision, found.ranked[0].term) == ("accept", "0173-1#02-ABL869#002")
    assert _said(found) == (
        f"The source itself states that 'xq_17' means {written}, which is 'coolant pressure'."
    )
    assert "冷却液压力" in _said(found, language="zh")
    assert written in _said(found, language="zh")


def test_identifiers_of_iec_and_of_paths_and_iris_are_told_apart() -> None:
    assert identity("0112/2///61360_7#AAS009#001") == identity("0112-2---61360_7#AAS009##001")
    assert identity("0112/2///61987#ABA565#009") != identity(
        "0112/2///61987#ABA565#009/0112/2///61987#ABA567#009"
    )
    assert identity("http://Example.org/a/") == identity("https://example.org/a")
    assert identity("https://example.org/A") != identity("https://example.org/a")
    assert identity("POSITION/ACTUAL") == ("POSITION/ACTUAL", "")


def test_what_the_vocabulary_equates_decides_and_what_it_calls_close_is_a_question() -> None:
    same, close = _aligned(
        _field("0173-1#02-BAB123#001"), _field("http://example.org/other#load", name="zz")
    )

    assert (same.decision, same.ranked[0].term) == ("accept", "https://example.org/v#7")
    assert "which the vocabulary equates with 'spindle load'" in _said(same)
    assert (close.decision, close.ranked[0].term) == ("ask", "https://example.org/v#7")
    assert "nearly the same as" in _said(close)


def test_another_version_is_a_question_unless_the_right_one_is_there() -> None:
    (found,) = _aligned(_field("0173-1#02-ABL869#003"))

    assert (found.decision, found.ranked[0].term) == ("ask", "0173-1#02-ABL869#002")
    assert "another version of 'coolant pressure'" in _said(found)

    newer = TargetTerm(id="0173-1#02-ABL869#003", labels={"en": ("pressure of coolant",)})
    (both,) = align_targets([_field("0173-1#02-ABL869#003")], Vocabulary((*TERMS, newer)))
    assert (both.decision, both.ranked[0].term) == ("accept", newer.id)


@pytest.mark.parametrize(
    "field",
    [
        _field("0173-1#02-ABL869#002", unit="mm"),
        _field("https://example.org/v#8", kind="SAMPLE"),
        _field("https://example.org/v#9"),
        _field("https://example.org/v#10", values="integer"),
    ],
    ids=["unit", "kind", "withdrawn", "values"],
)
def test_a_contradiction_is_asked_about(field: FieldProfile) -> None:
    (found,) = _aligned(field)

    meant = field.declared.meanings[0].id if field.declared else ""
    assert (found.decision, found.ranked[0].term) == ("ask", meant)


def test_two_terms_that_are_stated_as_surely_are_a_question() -> None:
    twins = tuple(
        TargetTerm(
            id=f"https://example.org/t#{n}", labels={"en": (f"term {n}",)}, same_as=("urn:x:1",)
        )
        for n in range(2)
    )

    (found,) = align_targets([_field("urn:x:1")], Vocabulary(twins))

    assert found.decision == "ask"


def test_a_refused_term_is_not_proposed_however_surely_it_is_stated() -> None:
    class Refused:
        def rejected(self, field: FieldProfile) -> frozenset[str]:
            return frozenset({"0173-1#02-ABL869#002"})

        def confirmed(self, field: FieldProfile) -> dict[str, float]:
            return {}

        def confirmations(self) -> tuple[()]:
            return ()

    (found,) = align_targets([_field("0173-1#02-ABL869#002")], Vocabulary(TERMS), memory=Refused())

    assert "0173-1#02-ABL869#002" not in {one.term for one in found.ranked}
    assert found.decision == "request"


def test_a_field_is_never_what_another_one_states() -> None:
    stated, silent = _aligned(_field("0173-1#02-ABL869#002"), _field(name="qx_3"))

    assert stated.decision == "accept"
    assert silent.decision == "request"


def test_a_samm_property_that_our_ontology_calls_close_leads_to_our_term() -> None:
    urn = "urn:samm:io.catenax.shared.quality_core:1.0.0#batchNumber"
    ours = from_terms(TermIndex.from_graph(load_graph()))

    (found,) = align_targets([_field(urn)], Vocabulary(ours, profile="ontology"))

    assert found.ranked[0].term == Q + "batchNumber"
    assert found.decision != "accept"
    assert urn in _said(found)


DICTIONARY = """
@prefix skos: <http://www.w3.org/2004/02/skos/core#> .
@prefix owl: <http://www.w3.org/2002/07/owl#> .
<https://example.org/d#n1> a skos:Concept ; skos:prefLabel "Zyklenzahl"@de ; skos:notation "0173/1///02#AAQ326#002" .
<https://example.org/d#n2> a skos:Concept ; skos:prefLabel "Werkzeugtemperatur"@de .
<https://example.org/d#n3> a skos:Concept ; skos:prefLabel "Betriebsart"@de .
"""


def test_a_nodeset_s_dictionary_entry_finds_a_concept_of_a_skos_vocabulary(tmp_path: Path) -> None:
    terms = tmp_path / "d.ttl"
    terms.write_text(DICTIONARY, encoding="utf-8")
    device = Path(__file__).parent / "devices" / "files" / "press.NodeSet2.xml"

    align_files(device, terms, tmp_path / "p.jsonl")

    lines = [orjson.loads(one) for one in (tmp_path / "p.jsonl").read_bytes().splitlines()]
    mapped = {one["id"]: one["ranked"][0][0] for one in lines if one["decision"] == "map"}
    assert "https://example.org/d#n1" in mapped.values()


@pytest.mark.parametrize(
    ("attribute", "wanted"), [("datatype property", -1.0), ("object property", 0.0), ("", 0.0)]
)
def test_a_thing_stands_back_only_where_there_are_attributes(
    attribute: Entity, wanted: float
) -> None:
    terms = (
        TargetTerm(id="a", labels={"en": ("kiln",)}, entity="class"),
        TargetTerm(id="b", labels={"en": ("kiln pressure",)}, entity="class", unit="Pa"),
        TargetTerm(id="c", labels={"en": ("kiln",)}, entity=attribute),
    )
    field = field_from_facts(name="kiln")

    vocabulary = Vocabulary(terms)
    (found,) = align_targets([field], vocabulary)

    assert list(vocabulary.statements.entity) == [wanted, 0.0, 0.0]
    sentences = {
        one.term: why.in_language("en")
        for one in found.ranked
        for why in one.evidence
        if why.kind == "entity"
    }
    assert sentences["a"].startswith("In the vocabulary 'kiln' is of the sort 'class'")
    assert ("rather a property" in sentences["a"]) is bool(wanted)
    assert ("c" in sentences) is bool(attribute)
    assert found.ranked[0].term == ("c" if wanted else found.ranked[0].term)


def test_a_line_of_fields_may_state_meanings_and_the_evidence_is_written(tmp_path: Path) -> None:
    (tmp_path / "t.jsonl").write_bytes(
        b'{"id": "0173-1#02-ABL869#002", "label": {"en": "coolant pressure"}}\n{"id": "b", "label": {"en": "load"}}\n'
    )
    (tmp_path / "f.jsonl").write_bytes(
        b'{"id": "1", "name": "xq", "meanings": ["0173/1///02#ABL869#002"]}'
    )

    align_files(tmp_path / "f.jsonl", tmp_path / "t.jsonl", tmp_path / "p.jsonl", explain=True)

    found = orjson.loads((tmp_path / "p.jsonl").read_bytes())
    assert (found["decision"], found["ranked"][0][0]) == ("map", "0173-1#02-ABL869#002")
    assert found["evidence"][0]["kind"] == "stated"
    assert "coolant pressure" in found["evidence"][0]["en"]
    assert "coolant pressure" in found["evidence"][0]["zh"]
