"""The data of a deprecated term follow its successor, over the architect's door."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from fastapi.testclient import TestClient
from pyoxigraph import NamedNode
from rdflib import DCTERMS, OWL, RDFS, XSD, Literal, URIRef

from qualweave.api.app import make_app
from qualweave.api.governing import Governing, released_entry
from qualweave.api.migrating import Migrating
from qualweave.api.service import Service
from qualweave.config import Settings
from qualweave.ontology.load import load_graph
from qualweave.principal import Principal
from qualweave.reasoning.entail import entail
from qualweave.store.port import ChangeSet

Q = "https://w3id.org/qonto/"
LI = Principal(id="li", roles=frozenset({"engineer", "architect"}))
DATA = (
    f"<urn:d:1> <http://www.w3.org/1999/02/22-rdf-syntax-ns#type> <{Q}Warpage> .\n"
    f'<urn:d:1> <{Q}sourceRow> "1"^^<{XSD.integer}> .\n'
    f"<urn:d:2> <{Q}denotes> <{Q}Warpage> .\n"
)
GRAPH = "https://example.org/id/graph/data/plant/hand/1"


@pytest.fixture
def service(tmp_path: Path) -> Iterator[Service]:
    made = Service(Settings(data_dir=tmp_path, dev=True))
    made.store.commit([ChangeSet(GRAPH, "data", inserts=DATA.encode())], principal=LI)
    made.store.publish()
    yield made
    made.close()


def _release_without_warpage(service: Service, successor: str = "") -> str:
    """Release an ontology whose Warpage is deprecated; return the version before."""
    released = load_graph()
    warpage = URIRef(Q + "Warpage")
    released.add((warpage, OWL.deprecated, Literal("true", datatype=XSD.boolean)))
    if successor:
        released.add((warpage, DCTERMS.isReplacedBy, URIRef(Q + successor)))
    with service.reading("plant") as snapshot:
        entry = released_entry(snapshot)
    about = {"version": "2027-01-01", "request": None, "follows": entry.graph}
    Governing(service, LI)._publish(entry, load_graph(), released, about)
    return str(entry.about["version"])


def _count(service: Service, term: str) -> int:
    query = f"SELECT ?s WHERE {{ {{ ?s ?p <{Q}{term}> }} }}"
    with service.reading("plant") as snapshot:
        return len(list(snapshot.select(query, graphs=[GRAPH])))


def test_the_data_follow_the_successor_and_the_plan_says_so_before(service: Service) -> None:
    version = _release_without_warpage(service, "Flash")
    with TestClient(make_app(service, service.settings, pages=False)) as client:
        planned = client.get(f"/ontology/releases/{version}/migration").json()
        before = _count(service, "Warpage")
        done = client.post(f"/ontology/releases/{version}/migration")
        again = client.get(f"/ontology/releases/{version}/migration").json()

        assert [(one["successor"], one["triples"]) for one in planned["terms"]] == [
            (Q + "Flash", 2)
        ]
        assert "DELETE" in planned["terms"][0]["update"]
        assert before == 2
        assert done.status_code == 200, done.text
        assert (_count(service, "Warpage"), _count(service, "Flash")) == (0, 2)
        assert again["triples"] == 0


def test_a_term_with_data_and_no_successor_is_refused_and_nothing_is_written(
    service: Service,
) -> None:
    version = _release_without_warpage(service)
    with TestClient(make_app(service, service.settings, pages=False)) as client:
        reply = client.post(f"/ontology/releases/{version}/migration")

        assert reply.status_code == 409
        assert "Warpage (2 triples)" in reply.text
        assert _count(service, "Warpage") == 2


def test_the_plan_counts_what_was_agreed_on_by_name_and_stays(service: Service) -> None:
    agreed = f"<urn:w:1> <{Q}weightOfParameter> <{Q}Warpage> .\n".encode()
    service.store.commit(
        [ChangeSet(GRAPH.replace("data", "governance"), "governance", inserts=agreed)], principal=LI
    )
    service.store.publish()
    version = _release_without_warpage(service, "Flash")

    planned = Migrating(service, LI).plan(version)
    moved = Migrating(service, LI).migrate(version)

    assert [(one["triples"], one["stays"]) for one in planned["terms"]] == [(2, 1)]  # type: ignore[index,call-overload,union-attr] # JSON
    assert moved["graphs"] == 1


def test_a_migration_that_was_cut_short_is_made_up_for_by_asking_again(
    service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    version = _release_without_warpage(service, "Flash")

    def killed(_: Service) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(Service, "entail_all", killed)
    with pytest.raises(KeyboardInterrupt):
        Migrating(service, LI).migrate(version)
    monkeypatch.undo()
    Migrating(service, LI).migrate(version)

    with service.reading("plant") as snapshot:
        entailed = [one.graph for one in snapshot.graphs("entailed")]
        assert not snapshot.select(f"SELECT ?s {{ ?s q:denotes <{Q}Warpage> }}", graphs=[GRAPH])
        wanted = entail(snapshot).inserts.decode().splitlines()
        found = [
            str(quad.triple) + " ."
            for one in entailed
            for quad in snapshot.quads(None, None, None, NamedNode(one))
        ]
    assert sorted(found) == sorted(wanted)


def test_what_a_release_entails_is_made_up_for_where_it_was_cut_short(
    service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    service.entail_all()
    released = load_graph()
    released.add((URIRef(Q + "Warpage"), RDFS.subClassOf, URIRef(Q + "Flash")))
    with service.reading("plant") as snapshot:
        entry = released_entry(snapshot)
    about = {"version": "2027-01-01", "request": None, "follows": entry.graph}

    def killed(_: Service) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(Service, "entail_all", killed)
    with pytest.raises(KeyboardInterrupt):
        Governing(service, LI)._publish(entry, load_graph(), released, about)
    monkeypatch.undo()
    service.close()

    again = Service(service.settings)
    with again.reading("plant") as snapshot:
        sequence = snapshot.sequence
        found = snapshot.ask(f"ASK {{ <urn:d:1> a <{Q}Flash> }}")
    again.close()
    once_more = Service(service.settings)
    with once_more.reading("plant") as snapshot:
        kept = snapshot.sequence
    once_more.close()

    assert found
    assert kept == sequence, "what is up to date is not entailed again"
