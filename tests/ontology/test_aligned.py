"""Alignments point from terms that are there to IRIs that were seen, and each planted fault is found."""

import os
import re
from pathlib import Path

import pyoxigraph as ox
import pytest
import yaml
from rdflib import Graph, URIRef
from rdflib.namespace import OWL

from qualweave.errors import NotFound, UnreadableSource
from qualweave.iri import PREFIXES
from qualweave.ontology.alignment.check import AlignedIris
from qualweave.ontology.alignment.sources import declared_in, sha256_of, source_files
from qualweave.ontology.alignment.tables import (
    coverage,
    mapping_tables,
    read_evidence,
    read_manifest,
    read_mappings,
)
from qualweave.ontology.load import alignment_files, load_alignment, load_graph, mapping_files
from qualweave.ontology.queries.catalogue import load_catalogue
from qualweave.ontology.serialise import to_turtle

ROOT = Path(__file__).parents[2]
SHARED = Path(os.environ.get("QUALWEAVE_SHARED", ROOT.parent / "shared")) / "data" / "ontology"
TARGETS = {
    "iof", "bfo", "sosa", "prov", "qudt", "epcis", "iso22400", "din8580", "vdi3682", "packml", "catenax", "aas",
}  # fmt: skip

needs_shared = pytest.mark.skipif(
    not SHARED.is_dir(),
    reason="the publishers' files are not here; set QUALWEAVE_SHARED to the folder that has them",
)


@pytest.fixture(scope="module")
def graph() -> Graph:
    return load_graph()


def messages(graph: Graph, **planted: object) -> list[tuple[str, str, int]]:
    found = AlignedIris(**planted).run(graph).findings  # type: ignore[arg-type]
    return [(one.message, one.file, one.line) for one in found]


def copy_of(folder: str, name: str, into: Path) -> Path:
    path = into / name
    path.write_bytes((ROOT / "ontology" / folder / name).read_bytes())
    return path


def test_the_alignments_of_this_installation_have_no_finding(graph: Graph) -> None:
    outcome = AlignedIris().run(graph)

    assert [str(one) for one in outcome.findings] == []
    assert outcome.figures["aligned IRIs"] == len(read_manifest())


def test_every_target_has_a_module_of_axioms_and_a_table() -> None:
    modules = {one.name.removesuffix(".ttl") for one in alignment_files()}

    assert modules >= TARGETS
    assert {one.name for one in mapping_tables()} >= modules | {"opcua", "gbt19001"}
    for name in modules:
        assert not set(load_alignment(name).objects(None, OWL.imports))


def test_loading_and_saving_an_alignment_moves_no_line() -> None:
    for file in alignment_files():
        assert to_turtle(load_alignment(file.name.removesuffix(".ttl"))) == file.read_text("utf-8")


def test_the_release_graph_holds_no_alignment(graph: Graph) -> None:
    assert not [s for s in graph.subjects() if "/qonto/align/" in str(s)]


def test_a_target_that_is_not_there_is_named_with_those_that_are() -> None:
    with pytest.raises(NotFound, match="no alignment module xyz") as raised:
        load_alignment("xyz")

    assert "iof" in raised.value.next_step


@pytest.mark.parametrize(
    ("before", "after", "told"),
    [
        ("iof:MaterialComponent", "iof:MaterialComponents", "was not seen in a file of its publisher"),
        ("q:Component rdfs", "q:Componentt rdfs", "is not in the ontology"),
        ("rdfs:subClassOf iof:MaterialComponent", "rdfs:subClassOf iof:hasInput", "is a class, but"),
        ("rdfs:subClassOf iof:MaterialComponent", "owl:equivalentClass iof:MaterialComponent", "says more than"),
        ("iof:MaterialComponent", "iof:Consumable", "that no SSSOM table tells"),
    ],
)  # fmt: skip
def test_a_fault_in_a_module_is_found(
    graph: Graph, tmp_path: Path, before: str, after: str, told: str
) -> None:
    module = copy_of("align", "iof.ttl", tmp_path)
    text = module.read_text("utf-8")
    assert before in text
    module.write_text(text.replace(before, after, 1), "utf-8")

    found = messages(graph, modules=(module,))

    hit = next(one for one in found if told in one[0])
    assert hit[1] == "ontology/align/iof.ttl"
    assert module.read_text("utf-8").splitlines()[hit[2] - 1].startswith("q:Component")


@pytest.mark.parametrize(
    ("before", "after", "told"),
    [
        ("iof:MaterialComponent\t", "iof:MaterialComponents\t", "was not seen in a file of its publisher"),
        ("q:Component\t", "q:Componentt\t", "is not in the ontology"),
        ("rdfs:subClassOf\tiof:MaterialComponent", "skos:closeMatch\tiof:hasInput", "is a class, but"),
        ("rdfs:subClassOf\tiof:MaterialComponent", "skos:sameMatch\tiof:MaterialComponent", "unknown predicate"),
        ("semapv:ManualMappingCuration", "by hand", "no justification"),
        ("\t1\t", "\t1.5\t", "no confidence"),
    ],
)  # fmt: skip
def test_a_fault_in_a_table_is_found(
    graph: Graph, tmp_path: Path, before: str, after: str, told: str
) -> None:
    table = copy_of("mappings", "iof.sssom.tsv", tmp_path)
    lines = table.read_text("utf-8").splitlines()
    at = next(n for n, line in enumerate(lines) if line.startswith("q:Component\t"))
    assert before in lines[at]
    lines[at] = lines[at].replace(before, after, 1)
    table.write_text("\n".join(lines), "utf-8")

    found = messages(graph, modules=(), tables=(table,))

    assert [(one[1], one[2]) for one in found] == [("ontology/mappings/iof.sssom.tsv", at + 1)]
    assert told in found[0][0]


def test_a_table_without_licence_or_a_column_that_is_wanted_is_found(
    graph: Graph, tmp_path: Path
) -> None:
    table = copy_of("mappings", "kgcl.sssom.tsv", tmp_path)
    table.write_text(re.sub(r"# license.*\n", "", table.read_text("utf-8")), "utf-8")

    assert "the table lacks license" in [
        one[0] for one in messages(graph, modules=(), tables=(table,))
    ]


def test_a_curie_without_a_prefix_stops_the_reading(tmp_path: Path) -> None:
    table = copy_of("mappings", "kgcl.sssom.tsv", tmp_path)
    table.write_text(
        table.read_text("utf-8").replace("\tkgcl:Change\t", "\tkglc:Change\t"), "utf-8"
    )

    with pytest.raises(UnreadableSource, match="prefix of kglc:Change is not explained"):
        read_mappings(table)


def test_a_deprecated_subject_is_found() -> None:
    graph = load_graph()
    graph.add((URIRef("https://w3id.org/qonto/Component"), OWL.deprecated, URIRef("urn:x:true")))

    assert "is deprecated and still aligned" in [one[0] for one in messages(graph)]


def test_an_unverified_iri_may_stand_in_a_table_that_says_so_and_in_no_axiom(
    graph: Graph, tmp_path: Path
) -> None:
    table = copy_of("mappings", "saref.sssom.tsv", tmp_path)
    assert messages(graph, modules=(), tables=(table,)) == []

    table.write_text(
        table.read_text("utf-8").replace("skos:broadMatch", "rdfs:subClassOf"), "utf-8"
    )

    assert [one[0] for one in messages(graph, modules=(), tables=(table,))] == [
        "was not seen in a file of its publisher"
    ]


def test_every_clause_leads_to_an_entry_a_term_and_a_question_that_parses() -> None:
    queries = {one.id: one.sparql for one in load_catalogue()}

    assert len(read_evidence()) >= 40
    for row in read_evidence():
        ox.Store().query(queries[row.question], prefixes=dict(PREFIXES))


def test_a_fault_in_the_clause_table_is_found(graph: Graph, tmp_path: Path) -> None:
    table = tmp_path / "clauses.tsv"
    table.write_text("clause\tterm\tquestion\n99.9\tq:Nothing\tno-question\n", "utf-8")

    found = [one[0] for one in messages(graph, modules=(), tables=(), clauses=table)]

    assert found == [
        "the clause 99.9 is not in the code list",
        "is not in the ontology",
        "there is no question no-question",
    ]


def test_coverage_counts_subjects_and_objects_of_each_target(graph: Graph) -> None:
    covered = {one.target: one for one in coverage(graph, mapping_tables())}

    assert covered["iso22400"].entries == 34
    assert covered["iof"].classes >= 50
    assert covered["saref"].unverified == covered["saref"].objects


@needs_shared
def test_the_manifest_says_what_the_publishers_files_say() -> None:
    readers = {one.file: one.reader for one in source_files()}
    declared = {}
    seen = 0
    for row in read_manifest().values():
        path = SHARED / row.file
        if row.status != "verified" or not path.is_file():
            continue
        if row.file not in declared:
            declared[row.file] = declared_in(path, readers[row.file]), sha256_of(path)
        found, digest = declared[row.file]
        kind, label = found[row.iri]
        assert (row.kind, row.label, row.sha256) == (kind, " ".join(label.split()), digest), row.iri
        seen += 1

    assert seen >= 150


@needs_shared
def test_the_tables_hold_only_slots_and_values_of_the_sssom_schema() -> None:
    schema = yaml.safe_load((SHARED / "imports" / "sssom_schema.yaml").read_text("utf-8"))
    of_set, of_row = (set(schema["classes"][one]["slots"]) for one in ("mapping set", "mapping"))
    reasons = re.compile(schema["slots"]["mapping_justification"]["pattern"])
    required = {name for name, slot in schema["slots"].items() if slot and slot.get("required")}

    for table in mapping_tables():
        assert set(table.metadata) <= of_set, table.name
        assert required & of_set <= set(table.metadata), table.name
        assert set(table.columns) <= of_row, table.name
        assert required & of_row <= set(table.columns), table.name
        assert all(reasons.match(row.justification) for row in table.rows), table.name
        assert len(table.rows) == len({(r.subject, r.predicate, r.object) for r in table.rows})


def test_the_tables_are_named_after_their_sets() -> None:
    for file, table in zip(mapping_files(), mapping_tables(), strict=True):
        assert str(table.metadata["mapping_set_id"]).endswith(
            "/" + file.name.removesuffix(".sssom.tsv")
        )
