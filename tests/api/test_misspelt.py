"""Names of ours that a query slips on: found wherever they are names, and nowhere else; in one pass."""

from collections.abc import Iterator
from time import process_time

import pytest

from qualweave.api.misspelt import header_of, misspelt
from qualweave.ontology.load import load_graph
from qualweave.ontology.terms import TermIndex


class _Nothing:
    """A snapshot that holds nothing and counts how often it is asked."""

    def __init__(self) -> None:
        self.asked = 0

    def quads(self, *_: object) -> Iterator[object]:
        self.asked += 1
        return iter(())


@pytest.fixture(scope="module")
def terms() -> TermIndex:
    return TermIndex.from_graph(load_graph())


def _told(query: str, terms: TermIndex) -> list[str]:
    return [one.name for one in misspelt(query, terms, _Nothing())]  # type: ignore[arg-type]  # all it is asked for


@pytest.mark.parametrize(
    "query",
    [
        "# q:Nope\nSELECT * {}",
        "SELECT * {}# q:Nope",
        "SELECT * { ?s ?p \"q:Nope\", 'q:Nope' }",
        'SELECT * { ?s ?p """a\nq:Nope "x" b""" }',
        "SELECT * { ?s <http://other.example/q:Nope> 1 }",
        "PREFIX a-q: <http://other.example/> SELECT * { ?s a-q:Nope 1 }",
        "PREFIX q: <http://other.example/> SELECT * { ?s q:Nope 1 }",
        "SELECT * { _:q ?p q:Torque . ?s <https://w3id.org/qonto/Torque> ?q }",
        "SELECT * { ?s q:" + "Torque" * 10_000 + " 1 }",
    ],
)
def test_what_is_no_name_of_ours_is_not_told(query: str, terms: TermIndex) -> None:
    assert _told(query, terms) == []


@pytest.mark.parametrize(
    "query",
    [
        "SELECT * { ?s q:Nope 1 }",
        "SELECT * { ?s <https://w3id.org/qonto/Nope> 1 }",
        "PREFIX o: <https://w3id.org/qonto/> SELECT * { ?s o:Nope 1 }",
        "SELECT * { ?s <http://x.example/it's#here> q:Nope ; ?p 'x' }",
        "SELECT * { ?s ?p 'it\\'s' ; q:Torque/q:Nope+ 1 FILTER(?a<?b) }",
    ],
)
def test_a_name_is_told_under_whatever_prefix(query: str, terms: TermIndex) -> None:
    assert _told(query, terms) == ["q:Nope"]


def test_a_query_of_any_length_is_read_in_one_pass_and_told_shortly(terms: TermIndex) -> None:
    nothing = _Nothing()
    start = process_time()

    for text in ('\\"', "a\\'", "<", "a:", '"""'):
        misspelt("SELECT * {}#" + text * 50_000, terms, nothing)  # type: ignore[arg-type]  # as above
        misspelt(text * 50_000, terms, nothing)  # type: ignore[arg-type]  # as above
    names = " ".join(f"q:N{one}" for one in range(20_000))
    found = misspelt(names, terms, nothing)  # type: ignore[arg-type]  # as above

    assert process_time() - start < 5
    assert len(found) == 5
    assert nothing.asked == 15
    assert len(str(header_of(found))) < 1000
