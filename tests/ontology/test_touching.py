"""What a question touches: names as SPARQL resolves them, and what its solutions bind."""

from collections.abc import Iterator

import pyoxigraph as ox
import pytest

from qualweave.errors import InputError
from qualweave.iri import PREFIXES, Q
from qualweave.ontology.queries.touching import named_iris, open_patterns, touched

_GRAPH = """
@prefix q: <https://w3id.org/qonto/> . @prefix rdfs: <http://www.w3.org/2000/01/rdf-schema#> .
q:Fine rdfs:subClassOf q:Middle . q:Middle rdfs:subClassOf q:Coarse .
<urn:a> a q:Fine ; q:made q:Here . <urn:b> a q:Coarse .
"""


@pytest.fixture(scope="module")
def store() -> ox.Store:
    found = ox.Store()
    found.load(_GRAPH.encode(), format=ox.RdfFormat.TURTLE)
    return found


def _touched(store: ox.Store, text: str) -> set[str]:
    def solve(query: str) -> Iterator[tuple[object, ...]]:
        solutions = store.query(query, prefixes=dict(PREFIXES))
        assert isinstance(solutions, ox.QuerySolutions)
        return (tuple(row) for row in solutions)

    return {one.removeprefix(Q) for one in touched(text, solve) if one.startswith(Q)}


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("SELECT ?s { ?s q:made q:Here }", {"made", "Here"}),
        ("PREFIX x: <https://w3id.org/qonto/> SELECT ?s { ?s x:made|^x:of ?o }", {"made", "of"}),
        ("SELECT ?s { ?s <https://w3id.org/qonto/made> 'q:Not' } # q:Neither", {"made"}),
        ("SELECT ?s { ?s ?p ?o FILTER NOT EXISTS { ?s q:made ?x } }", {"made"}),
    ],
)
def test_a_name_is_what_sparql_resolves_and_no_part_of_a_text(text: str, names: set[str]) -> None:
    assert named_iris(text) == {Q + one for one in names}


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("SELECT ?s { ?s a ?kind }", {"Fine", "Coarse"}),
        ("SELECT (COUNT(?s) AS ?n) { ?s a ?kind . ?s q:made ?o }", {"made", "Fine", "Here"}),
        ("SELECT ?s { ?s a/rdfs:subClassOf+ ?top }", {"Middle", "Coarse"}),
        ("SELECT ?s { ?s a ?kind FILTER (?kind = q:Fine) }", {"Fine"}),
        ("SELECT ?s { ?s a ?kind FILTER EXISTS { ?s q:made ?o } } LIMIT 1", {"made", "Fine"}),
        ("SELECT ?n { { SELECT (COUNT(?o) AS ?n) { ?s q:made ?o } } }", {"made", "Here"}),
        ("SELECT ?n { SELECT (COUNT(?o) AS ?n) { ?s q:made ?o } GROUP BY ?s }", {"made", "Here"}),
        ("SELECT ?s { ?s a ?kind } VALUES ?kind { q:Coarse }", {"Coarse"}),
        (
            "SELECT ?s { ?s ?p ?o } GROUP BY ?s HAVING (COUNT(?p) > 1) ORDER BY ?s",
            {"made", "Fine", "Here"},
        ),
        (
            "SELECT ?n { { SELECT ?s { ?s ?p ?o } GROUP BY ?s HAVING (COUNT(?p) > 1) } }",
            {"made", "Fine", "Here"},
        ),
        (
            "SELECT ?s { ?s a ?kind } GROUP BY ?s HAVING (COUNT(?kind) > 0) ORDER BY ?s LIMIT 1",
            {"Fine", "Coarse"},
        ),
        (
            "SELECT ?s { { SELECT ?s ?kind { ?s a ?kind } } { VALUES ?s { <urn:a> } } }",
            {"Fine", "Coarse"},
        ),
    ],
    ids=[
        "hidden",
        "aggregate",
        "path",
        "filter",
        "exists",
        "inner",
        "only inner",
        "values",
        "having",
        "inner having",
        "having limited",
        "values behind an inner",
    ],
)
def test_what_a_solution_binds_is_touched(store: ox.Store, text: str, names: set[str]) -> None:
    assert _touched(store, text) == names


def test_groups_of_expressions_cannot_be_parted_by_having() -> None:
    with pytest.raises(InputError, match="plain variables"):
        open_patterns(
            "SELECT (COUNT(?s) AS ?n) { ?s ?p ?o } GROUP BY (STR(?s)) HAVING (COUNT(?p) > 1)"
        )


def test_keywords_in_texts_iris_comments_and_variables_are_no_queries() -> None:
    text = (
        "SELECT ?select (IF(EXISTS { ?s ?p 1 }, 'SELECT {', \"}\") AS ?x) # SELECT {\n"
        "WHERE { ?s ?select <urn:SELECT> } ORDER BY ?s"
    )

    assert open_patterns(text) == ("SELECT DISTINCT * WHERE { ?s ?select <urn:SELECT> }",)


@pytest.mark.parametrize("text", ["SELECT ?s {", "nothing", "SELECT ?s { ?s none:such ?o"])
def test_what_is_no_query_is_refused(text: str) -> None:
    with pytest.raises(InputError, match="cannot be read"):
        named_iris(text)


def test_a_prefix_alone_is_the_namespace_and_no_term() -> None:
    found = named_iris("SELECT ?s { ?s q:denotes q:Warpage FILTER (STRSTARTS(STR(?s), STR(q:))) }")

    assert found == {Q + "denotes", Q + "Warpage", Q}
