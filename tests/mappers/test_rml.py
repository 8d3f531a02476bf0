"""RML-Core: every shared case of the community's suite, and what the suite does not ask."""

import os
from pathlib import Path
from urllib.parse import unquote

import pyoxigraph as ox
import pytest
from hypothesis import given
from hypothesis import strategies as st

from qualweave.errors import InputError
from qualweave.mappers import rml
from qualweave.mappers.rml import terms
from qualweave.mappers.rml.model import Reference
from qualweave.mappers.rml.template import BadTemplate, parse_template, written

CASES = (
    Path(os.environ.get("QUALWEAVE_SHARED", Path(__file__).parents[3] / "shared")) / "data" / "rml"
)
FOLDERS = sorted(one for one in CASES.glob("RMLTC*") if one.is_dir())


def canonical(nquads: str) -> set[str]:
    # lenient: one case writes a space inside an IRI, as rml:UnsafeIRI may
    dataset = ox.Dataset(ox.parse(nquads.encode(), format=ox.RdfFormat.N_QUADS, lenient=True))
    dataset.canonicalize(ox.CanonicalizationAlgorithm.UNSTABLE)
    return {str(one) for one in dataset}


@pytest.mark.skipif(not FOLDERS, reason=f"no cases in {CASES}: set QUALWEAVE_SHARED")
@pytest.mark.parametrize("folder", FOLDERS, ids=lambda one: one.name)
def test_shared_case(folder: Path, tmp_path: Path) -> None:
    expected = folder / "output.nq"
    out = tmp_path / "out.nq"

    if not expected.exists():
        with pytest.raises(InputError, match=r"mapping\.ttl, line \d+") as refusal:
            rml.write(rml.read_file(folder / "mapping.ttl"), out, base="http://example.com/")
        assert refusal.value.next_step
        assert not out.exists()
        return

    rml.write(rml.read_file(folder / "mapping.ttl"), out, base="http://example.com/")
    assert canonical(out.read_text("utf-8")) == canonical(expected.read_text("utf-8"))


HEAD = """@prefix rml: <http://w3id.org/rml/> .
@prefix ex: <http://example.com/> .
@prefix xsd: <http://www.w3.org/2001/XMLSchema#> .
"""


def mapping(source: str, rest: str) -> str:
    return f"{HEAD}ex:Rows a rml:TriplesMap ;\n  rml:logicalSource [ {source} ] ;\n  {rest} .\n"


def source(path: str, formulation: str, iterator: str = "") -> str:
    rows = f'; rml:iterator "{iterator}"' if iterator else ""
    return f'rml:source [ a rml:RelativePathSource ; rml:path "{path}" ] ; rml:referenceFormulation rml:{formulation} {rows}'


def run(folder: Path, text: str) -> list[str]:
    return list(rml.quads(rml.read(text, folder=folder), base="http://example.com/"))


THING = 'rml:subjectMap [ rml:template "{id}" ] ; rml:predicateObjectMap [ rml:predicate ex:value ; rml:objectMap [ rml:reference "v" ] ]'


def test_csv_cells_are_texts_and_an_empty_one_is_no_value(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text('id,v\n1,"a ""b""\nc"\n2,\n', "utf-8")

    lines = run(tmp_path, mapping(source("a.csv", "CSV"), THING))

    assert lines == ['<http://example.com/1> <http://example.com/value> "a \\"b\\"\\nc" .']


def test_a_csv_of_another_charset_is_refused_with_what_to_do(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_bytes("编号,v\n1,x\n".encode("gb18030"))

    with pytest.raises(InputError, match=r"a\.csv, line 1: .*can't decode.*rml:encoding"):
        run(tmp_path, mapping(source("a.csv", "CSV"), THING))


def test_csv_dialect_and_charset_are_those_of_the_source(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_bytes("id;v\n1;Öl\n".encode("cp1252"))
    there = (
        'rml:source [ a <http://www.w3.org/ns/csvw#Table> ; <http://www.w3.org/ns/csvw#url> "a.csv" ; rml:encoding "cp1252" ;'
        ' <http://www.w3.org/ns/csvw#dialect> [ <http://www.w3.org/ns/csvw#delimiter> ";" ] ] ; rml:referenceFormulation rml:CSV'
    )

    lines = run(tmp_path, mapping(there, THING))

    assert lines == ['<http://example.com/1> <http://example.com/value> "Öl" .']


def test_xml_elements_and_attributes_are_found_by_xpath(tmp_path: Path) -> None:
    (tmp_path / "a.xml").write_text('<r><p id="7"><v>x</v><v>y</v></p></r>', "utf-8")

    lines = run(tmp_path, mapping(source("a.xml", "XPath", "/r/p"), THING.replace("{id}", "{@id}")))

    assert lines == [
        '<http://example.com/7> <http://example.com/value> "x" .',
        '<http://example.com/7> <http://example.com/value> "y" .',
    ]


def test_json_lines_are_rows(tmp_path: Path) -> None:
    (tmp_path / "a.jsonl").write_text('{"id":1,"v":82.5}\n\n{"id":2,"v":true}\n', "utf-8")

    lines = run(
        tmp_path,
        mapping(
            source("a.jsonl", "JSONPath"), THING.replace("{id}", "{$.id}").replace('"v"', '"$.v"')
        ),
    )

    assert [one.split(" ", 2)[2] for one in lines] == [
        '"8.25E1"^^<http://www.w3.org/2001/XMLSchema#double> .',
        '"true"^^<http://www.w3.org/2001/XMLSchema#boolean> .',
    ]


def test_paths_with_filters_are_found_as_rfc_9535_has_them(tmp_path: Path) -> None:
    (tmp_path / "a.json").write_text(
        '{"r": [{"id": 1, "v": 5}, {"id": 2, "v": 9}, {"id": 3, "v": null}]}', "utf-8"
    )
    rule = THING.replace("{id}", "{$.id}").replace('"v"', '"$..v"')

    lines = run(tmp_path, mapping(source("a.json", "JSONPath", "$.r[?@.v > 6]"), rule))

    assert len(lines) == 1
    assert "example.com/2" in lines[0]


def test_the_former_vocabulary_is_read_as_what_became_of_it(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("id,v\n1,x\n", "utf-8")
    former = """@prefix rr: <http://www.w3.org/ns/r2rml#> . @prefix rml: <http://semweb.mmlab.be/ns/rml#> .
    @prefix ql: <http://semweb.mmlab.be/ns/ql#> . @prefix ex: <http://example.com/> .
    ex:Rows rml:logicalSource [ rml:source "a.csv" ; rml:referenceFormulation ql:CSV ] ;
      rr:subjectMap [ rr:template "{id}" ; rr:termType rr:BlankNode ] ;
      rr:predicateObjectMap [ rr:predicate ex:value ; rr:objectMap [ rml:reference "v" ] ] ."""

    assert run(tmp_path, former) == ['_:1 <http://example.com/value> "x" .']


def test_former_references_into_json_need_no_root(tmp_path: Path) -> None:
    (tmp_path / "a.json").write_text('[{"id": 1, "of": {"v": "x"}}]', "utf-8")
    former = """@prefix rr: <http://www.w3.org/ns/r2rml#> . @prefix rml: <http://semweb.mmlab.be/ns/rml#> .
    @prefix ql: <http://semweb.mmlab.be/ns/ql#> . @prefix ex: <http://example.com/> .
    ex:Rows rml:logicalSource [ rml:source "a.json" ; rml:referenceFormulation ql:JSONPath ; rml:iterator "$[*]" ] ;
      rr:subjectMap [ rr:template "http://example.com/{id}" ] ;
      rr:predicateObjectMap [ rr:predicate ex:value ; rr:objectMap [ rml:reference "of.v" ] ] ."""

    assert run(tmp_path, former) == ['<http://example.com/1> <http://example.com/value> "x" .']


REFUSED = {
    "database": (
        "ex:Rows <http://www.w3.org/ns/r2rml#logicalTable> [ <http://www.w3.org/ns/r2rml#tableName> 'T' ] .",
        "database table",
    ),
    "misspelt": (
        mapping(source("a.csv", "CSV"), THING.replace("rml:template", "rml:tempalte"))[len(HEAD) :],
        "no property of RML-Core",
    ),
    "function": (
        mapping(source("a.csv", "CSV"), "rml:functionExecution ex:f")[len(HEAD) :],
        "RML-FNML",
    ),
    "column": (
        mapping(source("a.csv", "CSV"), THING.replace('"v"', '"w"'))[len(HEAD) :],
        "no column 'w'; it has id, v",
    ),
    "outside": (mapping(source("../a.csv", "CSV"), THING)[len(HEAD) :], "outside the folder"),
    "missing": (mapping(source("b.csv", "CSV"), THING)[len(HEAD) :], "not there"),
    "formulation": (mapping(source("a.csv", "SQL2008Table"), THING)[len(HEAD) :], "is not run"),
    "two subjects": (
        mapping(source("a.csv", "CSV"), THING + " ; rml:subject ex:Other")[len(HEAD) :],
        "has several rml:subjectMap",
    ),
    "literal predicate": (
        mapping(source("a.csv", "CSV"), THING.replace("ex:value", "'text'"))[len(HEAD) :],
        "predicate map cannot make",
    ),
    "ill-typed": (
        mapping(
            source("a.csv", "CSV"),
            THING.replace('rml:reference "v"', 'rml:reference "v" ; rml:datatype xsd:integer'),
        )[len(HEAD) :],
        "row 1 of a.csv: 'x' is no",
    ),
    "no parent": (
        mapping(
            source("a.csv", "CSV"),
            THING.replace('rml:reference "v"', "rml:parentTriplesMap ex:None"),
        )[len(HEAD) :],
        "parent triples map <http://example.com/None> is not in",
    ),
    "empty": ("ex:a ex:b ex:c .", "no triples map"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_cannot_be_run_is_refused_in_two_languages(name: str, tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("id,v\n1,x\n", "utf-8")
    text, said = REFUSED[name]

    with pytest.raises(InputError, match=said) as refusal:
        run(tmp_path, HEAD + text)

    assert refusal.value.message_zh != refusal.value.message
    assert refusal.value.next_step_zh


def test_an_error_names_triples_map_and_line(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("id,v\n1,x\n", "utf-8")
    text = mapping(
        source("a.csv", "CSV"),
        THING.replace("; rml:objectMap", ";\n\n rml:objectMap").replace('"v"', '"w"'),
    )

    with pytest.raises(InputError) as refusal:
        run(tmp_path, text)

    assert refusal.value.data["triples_map"] == "http://example.com/Rows"
    assert refusal.value.data["line"] == text[: text.index('"w"')].count("\n") + 1


def test_a_run_that_stops_leaves_the_former_output(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("id,v\n1,1\n2,x\n", "utf-8")
    out = tmp_path / "out.nq"
    out.write_text("before", "utf-8")
    text = mapping(
        source("a.csv", "CSV"),
        THING.replace('rml:reference "v"', 'rml:reference "v" ; rml:datatype xsd:integer'),
    )

    with pytest.raises(InputError):
        rml.write(rml.read(text, folder=tmp_path), out)

    assert out.read_text("utf-8") == "before"
    assert sorted(one.name for one in tmp_path.iterdir()) == ["a.csv", "out.nq"]


def test_a_root_that_is_a_folder_stands_before_the_path(tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "a.csv").write_text("id,v\n1,x\n", "utf-8")
    text = mapping(source("a.csv", "CSV").replace("rml:path", 'rml:root "in" ; rml:path'), THING)

    assert run(tmp_path, text) == ['<http://example.com/1> <http://example.com/value> "x" .']
    with pytest.raises(InputError, match="outside the folder"):
        run(tmp_path, text.replace('"in"', '"/etc"'))


def test_rows_that_name_one_thing_are_written_once(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("id,v\n" + "1,x\n" * 50, "utf-8")
    out = tmp_path / "out.nq"

    assert rml.write(rml.read(mapping(source("a.csv", "CSV"), THING), folder=tmp_path), out) == 1


_TEXTS = st.text(st.characters(blacklist_categories=("Cs",)), min_size=1, max_size=12)


@given(st.lists(st.one_of(_TEXTS, _TEXTS.map(Reference)), max_size=6))
def test_a_template_is_read_as_it_is_written(parts: list[str | Reference]) -> None:
    joined: list[str | Reference] = []
    for one in parts:
        if joined and isinstance(one, str) and isinstance(joined[-1], str):
            joined[-1] += one
        else:
            joined.append(one)

    assert parse_template(written(tuple(joined))).parts == tuple(joined)


@given(st.text("ab{}\\", max_size=10))
def test_any_text_is_a_template_or_refused_in_two_languages(text: str) -> None:
    try:
        parts = parse_template(text).parts
    except BadTemplate as error:
        said = (error.english, error.chinese)
    else:
        said = ("", "-")
        assert parse_template(written(parts)).parts == parts

    assert said[0] != said[1]


@given(_TEXTS)
def test_an_iri_safe_text_makes_a_valid_iri_and_is_not_lost(text: str) -> None:
    made = terms.resource("http://example.com/" + terms.iri_safe(text), "IRI", "")

    assert unquote(made[len("<http://example.com/") : -1]) == text
    assert terms.resource("http://example.com/" + terms.uri_safe(text), "URI", "").isascii()


@given(_TEXTS, _TEXTS)
def test_blank_nodes_of_different_values_differ_and_can_be_written(one: str, other: str) -> None:
    assert (terms.blank(one) == terms.blank(other)) == (one == other)
    line = f"{terms.blank(one)} <http://example.com/p> {terms.literal(other)} ."
    (quad,) = ox.parse(line.encode(), format=ox.RdfFormat.N_QUADS)
    assert quad.object == ox.Literal(other)


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_a_double_is_canonical_and_keeps_its_value(value: float) -> None:
    written_double = terms.lexical(value)

    assert float(written_double) == value
    mantissa, _, exponent = written_double.partition("E")
    assert exponent.lstrip("-").isdigit()
    assert len(mantissa.lstrip("-").partition(".")[0]) == 1
