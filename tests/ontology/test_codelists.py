"""Code lists: queryable in both languages, each entry with how sure its source is; faults are found."""

import pyoxigraph as ox
import pytest
from rdflib import Graph

from qualweave.checking import run_checks
from qualweave.iri import PREFIXES, Q
from qualweave.ontology import checks
from qualweave.ontology.checks import CodeLists
from qualweave.ontology.load import codelist_files, load_codelists, load_graph

LISTS = {
    "eight-d": ("D4", "root cause", "根"),
    "iso6520-1-weld-imperfections": ("100", "Crack", "裂纹"),
    "iso14224-failure-mechanisms": ("1.1", "Leakage", "泄漏"),
    "iso14224-failure-modes": ("BRD", "Breakdown", "损坏"),
    "iso22400-2-kpis": ("QualityRatio", "Quality Ratio", "合格"),
    "iso8785-surface-imperfections": ("recession/scratch", "scratch", "擦痕"),
    "iso9001-2015-clauses": ("4.1", "Understanding", "理解"),
    "fmea-action-priority": ("H", "high", "高"),
    "product-trace-policies": ("photovoltaic", "photovoltaic", "光伏"),
}
ENTRY = """
SELECT ?label ?status WHERE {
  ?entry skos:inScheme <https://w3id.org/qonto/codelist/%s> ; skos:notation "%s" ; rdfs:label ?label ; q:sourceStatus ?status
} ORDER BY LANG(?label)
"""


@pytest.fixture(scope="module")
def store() -> ox.Store:
    found = ox.Store()
    found.load(input=load_codelists(), format=ox.RdfFormat.N_TRIPLES)
    return found


def rows(store: ox.Store, query: str) -> list[list[str]]:
    told = store.query(query, prefixes=dict(PREFIXES))
    assert isinstance(told, ox.QuerySolutions)
    return [[str(getattr(cell, "value", "")) for cell in row] for row in told]


def test_the_lists_are_these_nine() -> None:
    assert {one.name.removesuffix(".ttl") for one in codelist_files()} == set(LISTS)


@pytest.mark.parametrize("name", sorted(LISTS))
def test_a_list_is_asked_by_code_in_both_languages(store: ox.Store, name: str) -> None:
    code, english, chinese = LISTS[name]

    found = rows(store, ENTRY % (name, code))

    assert [english.casefold() in found[0][0].casefold(), chinese in found[1][0]] == [True, True]
    assert {row[1] for row in found} <= {"unverified", "transcribed"}


def test_the_action_priority_of_each_rating_is_one(store: ox.Store) -> None:
    query = """
    SELECT ?s ?o ?d (COUNT(DISTINCT ?ap) AS ?many) WHERE {
      ?row q:severityRating ?s ; q:occurrenceRating ?o ; q:detectionRating ?d ; q:hasActionPriority ?ap
    } GROUP BY ?s ?o ?d
    """

    found = rows(store, query)

    assert len(found) == 1000  # ten by ten by ten
    assert {row[3] for row in found} == {"1"}


def test_a_weld_imperfection_leads_to_its_group(store: ox.Store) -> None:
    query = 'SELECT ?label { ?e skos:notation "101" ; skos:broader/rdfs:label ?label FILTER (LANG(?label) = "en") }'

    assert rows(store, query) == [["Crack"]]


@pytest.mark.parametrize(
    ("change", "word"),
    [
        ('rdfs:label "x"@en ; skos:notation "Z1" ; q:sourceStatus "unverified"', "English or Chinese"),
        ('rdfs:label "x"@en , "x"@zh ; skos:notation "Z1"', "how sure its source is"),
        ('rdfs:label "x"@en , "x"@zh ; q:sourceStatus "unverified"', "no code"),
        ('rdfs:label "x"@en , "x"@zh ; skos:notation "D1" ; q:sourceStatus "unverified"', "of another entry"),
        ('rdfs:label "x"@en , "x"@zh ; skos:notation "Z1" ; q:sourceStatus "unverified" ; skos:broader q:Nowhere', "not in the list"),
        ('rdfs:label "x"@en , "x"@zh ; skos:notation "Z1" ; q:sourceStatus "unverified" ; q:noSuchTerm 1', "not declared"),
    ],
)  # fmt: skip
def test_a_wrong_entry_is_found_with_file_and_line(
    monkeypatch: pytest.MonkeyPatch, change: str, word: str
) -> None:
    class File:
        name = "eight-d.ttl"

        def __init__(self, text: str) -> None:
            self._text = text

        def read_text(self, _: str) -> str:
            return self._text

    known = next(one for one in codelist_files() if one.name == "eight-d.ttl").read_text("utf-8")
    entry = f"<{Q}codelist/eight-d/Z1>"
    text = f"{known}\n{entry} a skos:Concept ; skos:inScheme <{Q}codelist/eight-d> ; {change} .\n"
    monkeypatch.setattr(checks, "codelist_files", lambda: (File(text),))

    found = run_checks([CodeLists()], load_graph()).of("codelists").findings

    assert any(word in one.message for one in found)
    assert {one.file for one in found} == {"ontology/codelists/eight-d.ttl"}
    assert max(one.line for one in found) <= len(text.splitlines())


def test_the_lists_are_read_alike_from_turtle_and_as_triples() -> None:
    whole = Graph()
    for file in codelist_files():
        whole.parse(data=file.read_text("utf-8"), format="turtle")

    assert len(load_codelists().splitlines()) == len(whole)
