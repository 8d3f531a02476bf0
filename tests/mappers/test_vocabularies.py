"""Vocabularies from files: whatever form they have, the same terms come out of them, and nothing is fetched."""

import json
from pathlib import Path

import pyoxigraph as ox
import pytest

from qualweave.errors import UnreadableSource
from qualweave.mappers.align.target import TargetTerm
from qualweave.mappers.align.vocabularies import VocabularyFile, read_vocabulary

PREFIXES = """
@prefix : <https://example.org/kiln#> .
@prefix dcterms: <http://purl.org/dc/terms/> .
@prefix obo: <http://purl.obolibrary.org/obo/> .
@prefix owl: <http://www.w3.org/2002/07/owl#> .
@prefix qudt: <http://qudt.org/schema/qudt/> .
@prefix rdfs: <http://www.w3.org/2000/01/rdf-schema#> .
@prefix skos: <http://www.w3.org/2004/02/skos/core#> .
@prefix skosxl: <http://www.w3.org/2008/05/skos-xl#> .
@prefix unit: <http://qudt.org/vocab/unit/> .
@prefix xsd: <http://www.w3.org/2001/XMLSchema#> .
"""
CLASSES = (
    PREFIXES
    + """
<https://example.org/kiln> a owl:Ontology ; owl:imports <https://example.org/upper> .
:KLN_0000001 a owl:Class ; rdfs:label "firing temperature"@en, "Brenntemperatur"@de, "烧成温度"@zh ;
    obo:IAO_0000118 "soak temperature"@en ; obo:IAO_0000115 "Temperature of the ware at the end of firing."@en ;
    rdfs:subClassOf :KLN_0000009, [ a owl:Restriction ; owl:onProperty :KLN_0000100 ; owl:hasValue unit:DEG_C ] .
:KLN_0000002 a owl:Class ; rdfs:label "draught"@en ; skos:hiddenLabel "pull"@en ; :KLN_0000101 "Pa" ;
    owl:deprecated true ; obo:IAO_0100001 :KLN_0000003 .
:KLN_0000003 a owl:Class ; rdfs:label "kiln pressure"@en ; qudt:hasUnit unit:PA .
:KLN_0000004 a owl:Class ; rdfs:label "KLN_0000004" .
:KLN_0000009 a owl:Class ; rdfs:label "temperature"@en .
:KLN_0000100 a owl:ObjectProperty ; rdfs:label "has measurement unit"@en .
:KLN_0000101 a owl:AnnotationProperty ; rdfs:label "unit of measure"@en .
"""
)
PROPERTIES = (
    PREFIXES
    + """
:Kiln a owl:Class ; rdfs:label "Ofen"@de, "kiln"@en .
:Dryer a owl:Class ; rdfs:label "Trockner"@de, "dryer"@en .
:firingTemperature a owl:DatatypeProperty ; rdfs:domain :Kiln ; rdfs:range xsd:double ; qudt:unit unit:DEG_C .
:startedAt a owl:DatatypeProperty ; rdfs:label "Beginn"@de ; rdfs:range xsd:dateTime ;
    rdfs:domain [ a owl:Class ; owl:unionOf ( :Kiln :Dryer ) ] ; rdfs:comment "Wann der Brand begann."@de .
:hasState a owl:ObjectProperty ; rdfs:label "state"@en ; rdfs:range :State .
:State a owl:Class ; rdfs:label "state of a kiln"@en .
:Firing a :State, owl:NamedIndividual ; rdfs:label "firing"@en .
:Cooling a :State ; rdfs:label "cooling"@en .
:level owl:oneOf ( :Low :High ) .
:Low a owl:NamedIndividual ; rdfs:label "low" .
:note a owl:AnnotationProperty ; rdfs:label "editor's note"@en .
:Kiln :note "to be checked" .
"""
)
CONCEPTS = (
    PREFIXES
    + """
:scheme a skos:ConceptScheme ; skos:prefLabel "Kiln terms"@en .
:c1 a skos:Concept ; skos:prefLabel "temperature"@en, "温度"@zh ; skos:inScheme :scheme ; skos:notation "0173-1#02-AAA001#001" .
:c2 a skos:Concept ; skos:prefLabel "zone temperature"@en, "Zonentemperatur"@de-AT ; skos:altLabel "T zone"@en ;
    skos:broader :c1 ; skos:exactMatch <https://example.org/other/zone> ; skos:closeMatch <https://example.org/near> .
:c3 skos:inScheme :scheme ; skosxl:prefLabel [ skosxl:literalForm "humidity"@en ] .
:c4 a skos:Concept ; skos:notation "17" ; skos:definition "A concept without a name."@en .
"""
)


def _read(tmp_path: Path, text: str | bytes, name: str = "v.ttl") -> VocabularyFile:
    path = tmp_path / name
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return read_vocabulary(path)


def _by_local(found: VocabularyFile) -> dict[str, TargetTerm]:
    return {one.id.rpartition("#")[2]: one for one in found.terms}


def test_a_class_based_vocabulary_with_opaque_ids_tells_names_units_and_successors(
    tmp_path: Path,
) -> None:
    found = _read(tmp_path, CLASSES)
    terms = _by_local(found)

    firing = terms["KLN_0000001"]
    assert dict(firing.labels) == {
        "en": ("firing temperature",),
        "de": ("Brenntemperatur",),
        "zh": ("烧成温度",),
    }
    assert firing.alts["en"] == ("soak temperature",)
    assert firing.description == "Temperature of the ware at the end of firing."
    assert (firing.unit, firing.value_type, firing.entity) == ("Cel", "number", "class")
    assert list(firing.contexts.values()) == [("temperature",)]
    assert terms["KLN_0000009"].narrower == (firing.id,)
    assert terms["KLN_0000002"].unit == "Pa"
    assert terms["KLN_0000002"].withdrawn
    assert terms["KLN_0000002"].replaced_by == (terms["KLN_0000003"].id,)
    assert terms["KLN_0000003"].unit == "Pa"
    assert "KLN_0000004" not in terms
    assert "KLN_0000101" not in terms
    assert found.told() == (
        "v.ttl: 4 classes, 1 object property; left out: 1 without a name, 1 as annotations of its terms; "
        "imports not read: https://example.org/upper."
    )


def test_a_property_based_vocabulary_leaves_out_the_values_of_its_enumerations(
    tmp_path: Path,
) -> None:
    found = _read(tmp_path, PROPERTIES)
    terms = _by_local(found)

    assert set(terms) == {"Kiln", "Dryer", "firingTemperature", "startedAt", "hasState", "State"}
    assert (found.values, found.annotations) == (3, 1)
    assert set(terms["hasState"].values) == {"firing", "Firing", "cooling", "Cooling"}
    assert terms["State"].values == terms["hasState"].values
    firing, started = terms["firingTemperature"], terms["startedAt"]
    assert firing.labels == {"en": ("firing Temperature",)}
    assert (firing.unit, firing.value_type, firing.entity) == ("Cel", "number", "datatype property")
    kept = {frozenset(names) for names in started.contexts.values()}
    assert kept == {frozenset({"kiln", "Ofen"}), frozenset({"dryer", "Trockner"})}
    assert (started.value_type, started.description) == ("time", "Wann der Brand begann.")


def test_a_skos_vocabulary_has_concepts_hierarchy_and_matches(tmp_path: Path) -> None:
    found = _read(tmp_path, CONCEPTS)
    terms = _by_local(found)

    assert set(terms) == {"c1", "c2", "c3"}
    assert found.nameless == 1
    assert terms["c1"].narrower == (terms["c2"].id,)
    assert terms["c1"].same_as == ("0173-1#02-AAA001#001",)
    assert terms["c1"].names == ("temperature", "温度")
    assert terms["c2"].labels["de"] == ("Zonentemperatur",)
    assert terms["c2"].same_as == ("https://example.org/other/zone",)
    assert terms["c2"].close_to == ("https://example.org/near",)
    assert terms["c3"].label() == "humidity"


def test_a_vocabulary_of_individuals_keeps_them(tmp_path: Path) -> None:
    text = (
        PREFIXES
        + ':m a qudt:Unit ; qudt:symbol "m" . :s a qudt:Unit ; rdfs:label "second"@en ; qudt:ucumCode "s" .'
    )

    terms = _by_local(_read(tmp_path, text))

    assert {name: one.entity for name, one in terms.items()} == {
        "m": "individual",
        "s": "individual",
    }
    assert terms["s"].names == ("second", "s")
    assert terms["s"].unit == ""


@pytest.mark.parametrize(
    ("format_", "name"),
    [
        (ox.RdfFormat.TURTLE, "v.txt"),
        (ox.RdfFormat.N_TRIPLES, "v.jsonl"),
        (ox.RdfFormat.N_QUADS, "v.csv"),
        (ox.RdfFormat.RDF_XML, "v.ttl"),
        (ox.RdfFormat.JSON_LD, "v.rdf"),
    ],
    ids=["Turtle", "N-Triples", "N-Quads", "RDF/XML", "JSON-LD"],
)
@pytest.mark.parametrize(
    "text", [CLASSES, PROPERTIES, CONCEPTS], ids=["classes", "properties", "SKOS"]
)
def test_every_form_of_rdf_gives_the_same_terms_whatever_its_name(
    tmp_path: Path, text: str, format_: ox.RdfFormat, name: str
) -> None:
    wanted = _read(tmp_path, text)
    store = ox.Store()
    store.load(text.encode(), format=ox.RdfFormat.TURTLE)
    graph = ox.NamedNode("urn:g") if format_ == ox.RdfFormat.N_QUADS else ox.DefaultGraph()
    quads = [ox.Quad(one.subject, one.predicate, one.object, graph) for one in store]
    is_triples = format_ in {ox.RdfFormat.TURTLE, ox.RdfFormat.N_TRIPLES, ox.RdfFormat.RDF_XML}
    given = [one.triple for one in quads] if is_triples else quads

    found = _read(tmp_path, ox.serialize(given, format=format_), name)

    assert {one.id: _told(one) for one in found.terms} == {
        one.id: _told(one) for one in wanted.terms
    }


def _told(one: TargetTerm) -> tuple[object, ...]:
    names = {tag: frozenset(names) for tag, names in (*one.labels.items(), *one.alts.items())}
    return (
        names,
        one.unit,
        one.description,
        one.entity,
        one.classes,
        one.narrower,
        one.value_type,
        one.replaced_by,
    )


@pytest.mark.parametrize(
    "given",
    [
        [{"id": "a", "label": {"en": "zone temperature"}}, {"id": "b", "label": {"zh": "压力"}}],
        {
            "version": 3,
            "terms": [{"id": "a", "label": "zone temperature"}, {"id": "b", "label": ["压力"]}],
        },
        [
            {"iri": "a", "prefLabel": "zone temperature"},
            {"code": "b", "name": "压力", "synonyms": []},
        ],
    ],
    ids=["array", "object with a list", "other usual keys"],
)
def test_a_json_list_gives_terms(tmp_path: Path, given: object) -> None:
    found = _read(tmp_path, json.dumps(given, ensure_ascii=False, indent=1), "v.json")

    assert found.form == "json"
    assert [(one.id, dict(one.labels)) for one in found.terms] == [
        ("a", {"en": ("zone temperature",)}),
        ("b", {"zh": ("压力",)}),
    ]


def test_json_lines_are_read_as_before_even_a_single_one(tmp_path: Path) -> None:
    found = _read(tmp_path, '{"id": "a", "label": {"en": "x"}}\n', "v.jsonl")

    assert (found.form, [one.id for one in found.terms]) == ("json lines", ["a"])


BOMB = """<?xml version="1.0"?><!DOCTYPE x [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;">]>
<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#"><rdf:Description rdf:about="x">&b;</rdf:Description></rdf:RDF>"""


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "is no vocabulary"),
        ("name,unit\ntemperature,K\n", "is no vocabulary"),
        ("prefixes:\n  a: https://example.org/\n", "is no vocabulary"),
        (b"PK\x03\x04\0\0\0\0", "is no vocabulary"),
        (PREFIXES + ":a a owl:Class ;\n  rdfs:label 'a' 'b' .", "line 13: no valid Turtle"),
        ('{"@context": {"@vocab": 7}, "@id": "x"}', "no valid JSON-LD"),
        ('{"@context": "https://schema.org/", "@id": "x"}', "stands elsewhere, and nothing is fetched"),
        ('[{"id": "a", "label": {"en": "x"}}, {"id": "b"}]', "record 2: not a term"),
        ('{"a": 1}', "holds no list of terms"),
        ('{"a": [{"id": 1, "name": "x"}], "b": [{"id": 2, "name": "y"}]}', "2 lists of terms"),
        ("[\n 1,,\n]", "line 2, column 4: no JSON"),
        (PREFIXES + ":KLN_0000001 a owl:Class .", "none of its 1 terms has a name"),
        (PREFIXES + ": a owl:Ontology ; owl:imports <https://example.org/upper> .", "which is not fetched"),
        ('<Ontology xmlns="http://www.w3.org/2002/07/owl#"/>', "is OWL/XML"),
        ("<html><body>a page</body></html>", "XML without RDF"),
        (BOMB, "entities unfold"),
    ],
)  # fmt: skip
def test_what_is_no_vocabulary_is_refused_with_a_next_step(
    tmp_path: Path, text: str | bytes, said: str
) -> None:
    with pytest.raises(UnreadableSource, match=said) as caught:
        _read(tmp_path, text)

    assert caught.value.next_step
    assert any("\u4e00" <= one <= "\u9fff" for one in caught.value.in_language("zh"))


def test_the_files_of_a_folder_are_one_vocabulary(tmp_path: Path) -> None:
    folder = tmp_path / "kiln"
    folder.mkdir()
    (folder / "a.ttl").write_text(CLASSES, encoding="utf-8")
    (folder / "b.ttl").write_text(
        PREFIXES
        + """<https://example.org/upper> a owl:Ontology .
        :KLN_0000009 rdfs:subClassOf :KLN_0000200 . :KLN_0000200 a owl:Class ; rdfs:label "quantity"@en .
        :KLN_0000201 a owl:Class ; rdfs:label "hot kiln"@en ;
            owl:equivalentClass [ owl:intersectionOf ( :KLN_0000200 [ owl:onProperty :KLN_0000100 ] ) ] .""",
        encoding="utf-8",
    )
    (folder / "README.md").write_text("# About\n", encoding="utf-8")

    found = read_vocabulary(folder)
    terms = _by_local(found)

    assert (found.imports, found.others) == ((), ("README.md",))
    assert "no RDF: README.md" in found.told()
    below = {one.rpartition("#")[2] for one in terms["KLN_0000200"].narrower}
    assert below == {"KLN_0000001", "KLN_0000009", "KLN_0000201"}


def test_a_folder_without_rdf_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UnreadableSource, match="declares no class"):
        read_vocabulary(tmp_path)
