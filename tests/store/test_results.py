"""What is written as an answer is read back as the same rows by Oxigraph's own parser."""

import json

import pyoxigraph as ox
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from lxml import etree

from qualweave.store.results import (
    CSV,
    JSON,
    TSV,
    XML,
    LimitMetError,
    MediaTypeError,
    write_answer,
)

plain = st.text(st.characters(exclude_categories=("Cs", "Cc")), max_size=12)
texts = st.one_of(plain, st.sampled_from(['a"b', "a,b\n", "\t", "<&>", "温度_℃", "\r", ""]))
literals = st.one_of(
    texts.map(ox.Literal),
    texts.map(lambda text: ox.Literal(text, language="zh-hans")),
    st.integers(-5, 5).map(ox.Literal),
    st.sampled_from(["1.5", "-0.25"]).map(
        lambda text: ox.Literal(
            text, datatype=ox.NamedNode("http://www.w3.org/2001/XMLSchema#decimal")
        )
    ),
)
terms = st.one_of(
    literals,
    st.sampled_from([ox.NamedNode("urn:x"), ox.NamedNode("http://例.cn/温度?a=1&b=2")]),
    st.sampled_from([ox.BlankNode("ab")]),
)
QUERY = "SELECT ?o ?nothing WHERE { ?s <urn:p> ?o }"


def holding(values: list[object]) -> ox.Store:
    store = ox.Store()
    for number, value in enumerate(values):
        store.add(ox.Quad(ox.NamedNode(f"urn:s{number}"), ox.NamedNode("urn:p"), value))  # type: ignore[arg-type]
    return store


def written(store: ox.Store, media_type: str, query: str = QUERY) -> bytes:
    return write_answer(store.query(query), accept=media_type, rows=99, size=99_999).body


@given(st.lists(terms, max_size=5))
@settings(max_examples=40, deadline=None, derandomize=True)
@pytest.mark.parametrize(("media_type", "kind"), [(JSON, "json"), (TSV, "tsv")])
def test_rows_are_read_back(media_type: str, kind: str, values: list[object]) -> None:
    store = holding(values)

    parsed = ox.parse_query_results(
        written(store, media_type), format=ox.QueryResultsFormat.from_extension(kind)
    )

    assert isinstance(parsed, ox.QuerySolutions)
    assert [one.value for one in parsed.variables] == ["o", "nothing"]
    found = [(row["o"], row["nothing"]) for row in parsed]
    assert found == [(row["o"], None) for row in store.query(QUERY)]  # type: ignore[union-attr]


@given(st.lists(terms, max_size=5))
@settings(max_examples=40, deadline=None, derandomize=True)
def test_xml_says_the_same_as_json(values: list[object]) -> None:
    store = holding(values)

    document = etree.fromstring(written(store, XML))
    rows = json.loads(written(store, JSON))["results"]["bindings"]

    found = document.findall(".//{*}binding[@name='o']/*")
    assert len(document.findall(".//{*}result")) == len(rows)
    for element, row in zip(found, rows, strict=True):
        term = row["o"]
        assert etree.QName(element).localname == term["type"]
        assert (element.text or "") == term["value"]
        assert element.get("datatype") == term.get("datatype")
        assert element.get("{http://www.w3.org/XML/1998/namespace}lang") == term.get("xml:lang")


@given(st.lists(terms, max_size=5))
@settings(max_examples=40, deadline=None, derandomize=True)
def test_csv_and_truth_values_are_those_of_oxigraph(values: list[object]) -> None:
    store = holding(values)
    theirs = store.query(QUERY).serialize(format=ox.QueryResultsFormat.CSV)  # type: ignore[union-attr]

    assert written(store, CSV) == theirs
    assert json.loads(written(store, JSON, "ASK { ?s ?p ?o }"))["boolean"] is bool(values)
    parsed = ox.parse_query_results(written(store, XML, "ASK {}"), format=ox.QueryResultsFormat.XML)
    assert bool(parsed) is True


@pytest.mark.parametrize(
    "media_type",
    ["text/turtle", "application/n-triples", "application/rdf+xml", "application/ld+json"],
)
def test_graphs_are_read_back(media_type: str) -> None:
    store = holding([ox.Literal("温度"), ox.NamedNode("urn:x")])
    kind = ox.RdfFormat.from_media_type(media_type)

    body = written(store, media_type, "CONSTRUCT WHERE { ?s ?p ?o }")

    assert {quad.triple for quad in ox.parse(body, format=kind)} == {one.triple for one in store}


def test_an_answer_beyond_its_size_is_stopped() -> None:
    store = holding([ox.Literal("x" * 600)])

    for query, media_type in ((QUERY, JSON), ("CONSTRUCT WHERE { ?s ?p ?o }", "text/turtle")):
        with pytest.raises(LimitMetError, match="size"):
            write_answer(store.query(query), accept=media_type, rows=9, size=500)


def test_what_a_format_cannot_hold_is_said() -> None:
    store = holding([ox.Literal("\x01")])

    with pytest.raises(MediaTypeError, match="control characters"):
        written(store, XML)
    with pytest.raises(MediaTypeError, match="not as text/turtle"):
        written(store, "text/turtle")


def test_a_graph_and_a_table_take_the_best_of_one_header() -> None:
    store = holding([ox.Literal("x")])
    accept = (
        "application/sparql-results+xml;q=0.8, text/csv;q=0.9, application/n-triples, */*;q=0.1"
    )

    table = write_answer(store.query(QUERY), accept=accept, rows=9, size=999)
    graph = write_answer(
        store.query("CONSTRUCT WHERE { ?s ?p ?o }"), accept=accept, rows=9, size=999
    )

    assert (table.media_type, graph.media_type) == (CSV, "application/n-triples")
