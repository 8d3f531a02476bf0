"""A mapping document as RML: run by the executor it makes the lifter's triples; what it cannot say is told."""

from pathlib import Path

import pytest

from qualweave.errors import InputError
from qualweave.iri import Q
from qualweave.mappers import rml
from qualweave.mappers.lift.batch import Batch
from qualweave.mappers.lift.build import lift
from qualweave.mappers.mapping import MappingDocument
from qualweave.mappers.readers import read as read_tables
from qualweave.mappers.rml.export import export
from qualweave.mappers.rml.take import take
from qualweave.mappers.vocabulary import Vocabulary
from qualweave.ontology.load import load_graph
from qualweave.ontology.terms import TermIndex


@pytest.fixture(scope="module")
def vocabulary() -> Vocabulary:
    return Vocabulary.from_terms(TermIndex.from_graph(load_graph()))


def document(records: str, *columns: str, more: str = "") -> MappingDocument:
    listed = "".join(f"- {{{one}}}\n" for one in columns)
    return MappingDocument.from_yaml(
        f"schema: qualweave/mapping/1\nsource: s\nfile_pattern: rows.csv\nrecords: [{records}]\ncolumns:\n{listed}{more}"
    )


def both(
    folder: Path, text: str, mapping: MappingDocument, vocabulary: Vocabulary
) -> tuple[set[str], set[str]]:
    """Return the lifter's triples without row numbers, and those of the exported RML."""
    path = folder / "rows.csv"
    path.write_text(text, "utf-8")
    table = read_tables(path)[0]
    lifted = lift(table, mapping, batch=Batch("s", "ab" * 32, "rows.csv"), vocabulary=vocabulary)
    ours = {line for line in lifted.ntriples.decode().splitlines() if f"<{Q}sourceRow>" not in line}
    turtle = export(mapping, vocabulary).turtle
    return ours, set(rml.quads(rml.read(turtle, folder=folder)))


RECORDS = {
    "process with context": (
        document(
            "process_record",
            "name: op, term: q:operationIdentifier, decision: accepted",
            "name: SN, term: q:serialNumber, decision: accepted",
            "name: start, term: q:startedAt, decision: accepted, samples: ['2025-01-02T03:04:05Z']",
            "name: T, term: q:ChamberTemperature, decision: accepted, unit: Cel, samples: ['180.5']",
            "name: by, term: q:operatorIdentifier, decision: accepted",
            "name: note, decision: ignored",
            more="context: {equipmentIdentifier: OV 3, process_class: 'https://w3id.org/qonto/Operation'}\n",
        ),
        "op,SN,start,T,by,note\nO1,A1,2025-01-02T03:04:05Z,180.5,li,x\nO2,A2,2025-01-02T03:05:05Z,NA,wang wu,y\nO3,,2025-01-02T03:06:05Z,181,,z\n",
    ),
    "inspection": (
        document(
            "inspection_record",
            "name: id, term: q:inspectionIdentifier, decision: accepted",
            "name: SN, term: q:serialNumber, decision: accepted",
            "name: ok, term: q:conforms, decision: accepted, samples: ['true', 'false']",
            "name: grade, term: q:reviewedResult, decision: accepted",
        ),
        'id,SN,ok,grade\nI1,A1,true,"say ""A"""\nI2,A2,false,\n',
    ),
    "genealogy": (
        document(
            "genealogy_record",
            "name: out, term: q:outputIdentifier, decision: accepted",
            "name: in, term: q:inputIdentifier, decision: accepted",
            "name: op, term: q:operationIdentifier, decision: accepted",
            "name: n, term: q:batchQuantity, decision: accepted, samples: ['5']",
        ),
        "out,in,op,n\nP1,C1,O1,5\nP1,C2,O1,5\nP2,C3,,7\n",
    ),
    "delivery": (
        document(
            "delivery_record",
            "name: id, term: q:deliveryIdentifier, decision: accepted",
            "name: lot, term: q:batchNumber, decision: accepted",
            "name: to, term: q:customerName, decision: accepted",
        ),
        "id,lot,to\nD1,L1,ACME\nD2,L2,东方\n",
    ),
    "equipment": (
        document(
            "equipment_record",
            "name: id, term: q:equipmentIdentifier, decision: accepted",
            "name: line, term: q:lineIdentifier, decision: accepted",
            "name: fw, term: q:firmwareVersion, decision: accepted",
        ),
        "id,line,fw\nE1,A,1.2\nE2,,\n",
    ),
}


@pytest.mark.parametrize("name", RECORDS)
def test_the_exported_rml_makes_the_triples_of_the_lifter(
    name: str, tmp_path: Path, vocabulary: Vocabulary
) -> None:
    mapping, text = RECORDS[name]

    ours, theirs = both(tmp_path, text, mapping, vocabulary)

    assert theirs == ours
    assert len(ours) > 5


def test_what_rml_core_cannot_say_is_told_and_nothing_else_is_missing(
    tmp_path: Path, vocabulary: Vocabulary
) -> None:
    mapping = document(
        "process_record",
        "name: op, term: q:operationIdentifier, decision: accepted",
        "name: start, term: q:startedAt, decision: accepted, samples: ['2025-01-02 03:04:05']",
        "name: T, term: q:ChamberTemperature, decision: accepted, unit: K, samples: ['453.65']",
        "name: step, term: q:segmentName, decision: accepted, samples: ['reflow']",
        "name: by, term: q:operatorIdentifier, decision: accepted",
    )

    ours, theirs = both(
        tmp_path,
        "op,start,T,step,by\nO1,2025-01-02 03:04:05,453.65,Reflow soldering,li\n",
        mapping,
        vocabulary,
    )

    notes = {one.about: one for one in export(mapping, vocabulary).notes}
    assert theirs < ours
    assert {"start", "T", "step", ""} <= set(notes)
    assert "times 1, plus -273.15" in notes["T"].message[0]
    assert "换算" in notes["T"].message[1]
    missing = {line.split()[1] for line in ours - theirs}
    assert missing <= {
        f"<{Q}startedAt>",
        f"<{Q}ChamberTemperature>",
        "<http://www.w3.org/1999/02/22-rdf-syntax-ns#type>",
    }


def test_the_turtle_itself_says_what_it_does_not_say(vocabulary: Vocabulary) -> None:
    mapping = RECORDS["process with context"][0]

    found = export(mapping, vocabulary, file="a;b.csv", delimiter=";")

    told = [line for line in found.turtle.splitlines() if line.startswith("# not said: ")]
    assert len(told) == len(found.notes) > 0
    assert rml.read(found.turtle).maps[0].source.delimiter == ";"


def test_a_mapping_of_which_nothing_can_be_said_is_refused(vocabulary: Vocabulary) -> None:
    mapping = document("process_record", "name: T, term: q:ChamberTemperature, decision: accepted")

    with pytest.raises(InputError, match="no column names the operation"):
        export(mapping, vocabulary)


@pytest.mark.parametrize("name", RECORDS)
def test_an_exported_document_comes_back_as_it_was(name: str, vocabulary: Vocabulary) -> None:
    mapping, _ = RECORDS[name]

    found = take(
        rml.read(export(mapping, vocabulary, file="rows.csv").turtle), vocabulary, source="s"
    )

    before = {one.name: one.term for one in mapping.columns if one.term}
    assert {one.name: one.term for one in found.columns} == before
    assert set(mapping.records) <= set(found.records)
    assert (
        dict(mapping.context).items()
        >= {key: one for key, one in found.context.items() if key != "process_class"}.items()
    )


HEAD = """@prefix rml: <http://w3id.org/rml/> . @prefix q: <https://w3id.org/qonto/> . @prefix ex: <http://example.com/> .
<#rows> a rml:LogicalSource ; rml:source [ a rml:RelativePathSource ; rml:path "rows.csv" ] ; rml:referenceFormulation rml:CSV .
<#other> a rml:LogicalSource ; rml:source [ a rml:RelativePathSource ; rml:path "more.csv" ] ; rml:referenceFormulation rml:CSV .
"""
OPERATION = """ex:Op a rml:TriplesMap ; rml:logicalSource <#rows> ;
  rml:subjectMap [ rml:template "http://plant.example/op-{id}" ; rml:class q:Operation ] ;
  rml:predicateObjectMap [ rml:predicate q:ChamberTemperature ; rml:objectMap [ rml:reference "T" ] ] ."""
MACHINE = """ex:Machine a rml:TriplesMap ; rml:logicalSource <#rows> ;
  rml:subjectMap [ rml:template "http://plant.example/m-{machine}" ; rml:class q:Equipment ] ."""
USES = OPERATION.replace(
    "] .",
    "] ; rml:predicateObjectMap [ rml:predicate q:usesEquipment ; rml:objectMap [ rml:parentTriplesMap ex:Machine ] ] .",
)


def test_another_thing_of_the_same_row_is_taken_with_its_own_column(vocabulary: Vocabulary) -> None:
    found = take(rml.read(HEAD + USES + MACHINE), vocabulary)

    assert {one.name: one.term for one in found.columns}["machine"] == "q:equipmentIdentifier"


REFUSED = {
    "a link that no record has": (USES.replace("q:usesEquipment", "ex:ranOn") + MACHINE, "ranOn of a .*operation does not lead to"),
    "a language of the row": (OPERATION.replace('"T"', '"T" ; rml:languageMap [ rml:reference "l" ]'), "language depends on the row"),
    "a join": (USES.replace("ex:Machine ]", 'ex:Machine ; rml:joinCondition [ rml:child "a" ; rml:parent "b" ] ]') + MACHINE, "it joins with"),
    "another vocabulary": (OPERATION.replace("q:ChamberTemperature", "ex:temperature"), "no property http://example.com/temperature"),
    "a misspelt term": (OPERATION.replace("q:ChamberTemperature", "q:ChamberTemprature"), "no property q:ChamberTemprature"),
    "another class": (OPERATION.replace("q:Operation", "ex:Step"), "its class"),
    "a second table": (OPERATION + OPERATION.replace("ex:Op", "ex:Op2").replace("#rows", "#other"), "another table than"),
    "a graph": (OPERATION.replace("rml:class", "rml:graph ex:g ; rml:class"), "it names graphs"),
    "a composed value": (OPERATION.replace('rml:reference "T"', 'rml:template "{T} K" ; rml:termType rml:Literal'), "is composed"),
    "a blank subject": (OPERATION.replace("rml:class", "rml:termType rml:BlankNode ; rml:class"), "does not identify"),
    "a predicate of the row": (OPERATION.replace("rml:predicate q:ChamberTemperature", 'rml:predicateMap [ rml:template "http://x.example/{p}" ]'), "predicate depends on the row"),
    "two meanings": (OPERATION.replace('"T"', '"id"'), "column 'id' is"),
}  # fmt: skip


def test_a_partners_rml_becomes_a_document(vocabulary: Vocabulary) -> None:
    found = take(rml.read(HEAD + OPERATION), vocabulary, by="li")

    assert {(one.name, one.term, one.decision.value, one.by) for one in found.columns} == {
        ("id", "q:operationIdentifier", "accepted", "li"),
        ("T", "q:ChamberTemperature", "accepted", "li"),
    }
    assert found.records == ("process_record",)
    reasons = [one.evidence[0].statement for one in found.columns]
    assert all("triples map <http://example.com/Op>, line" in one["en"] for one in reasons)


def test_rml_without_a_column_is_refused(vocabulary: Vocabulary) -> None:
    constant = MACHINE.replace('template "http://plant.example/m-{machine}"', "constant ex:m-7")

    with pytest.raises(InputError, match="no triples map takes the value of a column"):
        take(rml.read(HEAD + constant), vocabulary)


def test_a_document_without_columns_is_read_as_it_was_written() -> None:
    empty = MappingDocument(source="s", columns=())

    assert MappingDocument.from_yaml(empty.to_yaml()) == empty


@pytest.mark.parametrize("name", REFUSED)
def test_what_a_document_cannot_say_is_refused_with_its_triples_map(
    name: str, vocabulary: Vocabulary
) -> None:
    text, said = REFUSED[name]

    with pytest.raises(InputError, match=said) as refusal:
        take(rml.read(HEAD + text), vocabulary)

    assert str(refusal.value.data["triples_map"]).startswith("http://example.com/Op")
    assert "qualweave mapping run" in refusal.value.next_step
    assert "qualweave mapping run" in refusal.value.next_step_zh


def test_a_document_over_json_is_exported_with_paths(
    tmp_path: Path, vocabulary: Vocabulary
) -> None:
    mapping = document(
        "process_record",
        "name: op.id, term: q:operationIdentifier, decision: accepted",
        "name: SN, term: q:serialNumber, decision: accepted",
        "name: it's T, term: q:ChamberTemperature, decision: accepted, unit: Cel, samples: ['180.5']",
        "name: note, term: q:remark, decision: accepted",
    )
    path = tmp_path / "rows.json"
    path.write_text('[{"op": {"id": "O1"}, "SN": 7, "it\'s T": 180.5, "note": 12}]', "utf-8")
    batch = Batch("s", "ab" * 32, "rows.json")
    lifted = lift(read_tables(path)[0], mapping, batch=batch, vocabulary=vocabulary)
    turtle = export(mapping, vocabulary, file="rows.json").turtle

    theirs = set(rml.quads(rml.read(turtle, folder=tmp_path)))

    ours = lifted.ntriples.decode().splitlines()
    assert theirs == {line for line in ours if f"<{Q}sourceRow>" not in line}
    assert any("180.5" in line for line in theirs)
    back = take(rml.read(turtle, folder=tmp_path), vocabulary)
    assert {one.name for one in back.columns} == {"op.id", "SN", "it's T", "note"}


def test_an_export_over_xml_is_refused(vocabulary: Vocabulary) -> None:
    with pytest.raises(InputError, match="CSV or JSON only"):
        export(RECORDS["delivery"][0], vocabulary, file="rows.xml")
