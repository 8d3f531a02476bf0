"""What every store must do: one suite, inherited by each implementation."""

from typing import ClassVar

import pyoxigraph as ox
import pytest

from qualweave.errors import GateRefused, InputError, LimitExceeded
from qualweave.principal import Principal
from qualweave.store.guard import guarded_dataset, permitted_graphs
from qualweave.store.port import ChangeSet, Dataset, Limits, ShapeResult, Snapshot, Store, Verdict

WHO = Principal(id="tester", roles=frozenset({"engineer"}))
OTHER = Principal(id="stranger", roles=frozenset({"reader"}), tenant="other")
G1, G2 = "https://example.org/id/graph/data/plant/a/1", "https://example.org/id/graph/data/plant/b/1"


def triple(number: int, value: str = "1") -> bytes:
    return f'<https://example.org/s{number}> <https://example.org/p> "{value}" .\n'.encode()


class Refuse:
    """A gate that refuses everything."""

    def judge(self, change: ChangeSet, snapshot: Snapshot) -> Verdict:
        return Verdict((ShapeResult("violation", "s", "f", "", {"en": "no", "zh": "否"}),))


class StoreContract:
    """Inherit it and give a ``store`` fixture."""

    all_rows: ClassVar[str] = "SELECT ?s ?v WHERE { ?s <https://example.org/p> ?v } ORDER BY ?s"

    def rows(self, store: Store) -> list[str]:
        store.publish()
        with store.snapshot() as snapshot:
            return [str(getattr(row["s"], "value", "")) for row in snapshot.select(self.all_rows)]

    def test_a_commit_is_read_back(self, store: Store) -> None:
        store.commit([ChangeSet(G1, "data", triple(1))], principal=WHO)

        assert self.rows(store) == ["https://example.org/s1"]

    def test_commits_are_numbered_and_name_their_principal(self, store: Store) -> None:
        store.commit([ChangeSet(G1, "data", triple(1)), ChangeSet(G2, "data", triple(2))], principal=WHO)
        store.commit([ChangeSet(G1, "data", triple(3))], principal=WHO)

        assert [(one.sequence, one.principal) for one in store.commits()] == [
            (1, "tester"),
            (2, "tester"),
            (3, "tester"),
        ]

    def test_the_same_change_set_again_changes_nothing(self, store: Store) -> None:
        first = store.commit([ChangeSet(G1, "data", triple(1))], principal=WHO)

        again = store.commit([ChangeSet(G1, "data", triple(1))], principal=WHO)

        assert (again[0].id, again[0].repeated) == (first[0].id, True)
        assert len(store.commits()) == 1

    def test_the_same_content_over_another_state_is_a_new_commit(self, store: Store) -> None:
        store.commit([ChangeSet(G1, "data", triple(1), replace=True)], principal=WHO)
        store.commit([ChangeSet(G1, "data", triple(2), replace=True)], principal=WHO)

        store.commit([ChangeSet(G1, "data", triple(1), replace=True)], principal=WHO)

        assert self.rows(store) == ["https://example.org/s1"]
        assert len(store.commits()) == 3

    def test_deletes_and_replacement_take_away(self, store: Store) -> None:
        store.commit([ChangeSet(G1, "data", triple(1) + triple(2))], principal=WHO)
        store.commit([ChangeSet(G1, "data", triple(3), deletes=triple(1))], principal=WHO)
        assert self.rows(store) == ["https://example.org/s2", "https://example.org/s3"]

        store.commit([ChangeSet(G1, "data", triple(4), replace=True)], principal=WHO)

        assert self.rows(store) == ["https://example.org/s4"]

    def test_a_refused_change_set_writes_nothing(self, store: Store) -> None:
        with pytest.raises(GateRefused, match="1 violation"):
            store.commit([ChangeSet(G1, "data", triple(1))], principal=WHO, gate=Refuse())

        assert self.rows(store) == []
        assert store.commits() == []

    def test_a_lent_snapshot_does_not_change(self, store: Store) -> None:
        store.commit([ChangeSet(G1, "data", triple(1))], principal=WHO)
        store.publish()
        with store.snapshot() as before:
            store.commit([ChangeSet(G1, "data", triple(2))], principal=WHO)
            store.publish()

            assert len(before.select(self.all_rows)) == 1
            assert self.rows(store) == ["https://example.org/s1", "https://example.org/s2"]

    def test_the_catalogue_knows_role_tenant_and_facts(self, store: Store) -> None:
        store.commit([ChangeSet(G1, "data", triple(1), about={"rows": 3})], principal=WHO)
        store.publish()

        with store.snapshot() as snapshot:
            entry = snapshot.graphs("data")[0]

        assert (entry.graph, entry.tenant, entry.about) == (G1, "plant", {"rows": 3})

    def test_another_tenant_sees_nothing(self, store: Store) -> None:
        store.commit([ChangeSet(G1, "data", triple(1))], principal=WHO)
        store.publish()
        with store.snapshot() as snapshot:
            permitted = permitted_graphs(snapshot, OTHER)

        for query in (self.all_rows, f"SELECT * FROM <{G1}> WHERE {{ ?s ?p ?o }}", "SELECT * { GRAPH ?g { ?s ?p ?o } }"):
            answer = store.query(query, dataset=guarded_dataset(query, permitted=permitted))
            assert answer.rows == 0

    def test_a_guarded_query_answers_in_each_format(self, store: Store) -> None:
        store.commit([ChangeSet(G1, "data", triple(1))], principal=WHO)
        dataset = Dataset((G1,), (G1,))

        answers = {
            kind: store.query(self.all_rows, dataset=dataset, media_type=kind).body
            for kind in (
                "application/sparql-results+json",
                "application/sparql-results+xml",
                "text/csv",
                "text/tab-separated-values",
            )
        }

        assert all(b"https://example.org/s1" in body for body in answers.values())
        for kind, media in (("json", "+json"), ("xml", "+xml")):
            parsed = ox.parse_query_results(
                answers[f"application/sparql-results{media}"],
                format=ox.QueryResultsFormat.from_extension(kind),
            )
            assert isinstance(parsed, ox.QuerySolutions)
            assert [row["s"].value for row in parsed] == ["https://example.org/s1"]

    def test_construct_and_ask_answer(self, store: Store) -> None:
        store.commit([ChangeSet(G1, "data", triple(1))], principal=WHO)
        dataset = Dataset((G1,), (G1,))

        graph = store.query("CONSTRUCT WHERE { ?s ?p ?o }", dataset=dataset, media_type="text/turtle")
        ask = store.query("ASK { ?s ?p ?o }", dataset=dataset)

        assert (graph.form, graph.rows, ask.form) == ("graph", 1, "ask")
        assert b"true" in ask.body

    def test_a_malformed_query_is_a_clear_error(self, store: Store) -> None:
        with pytest.raises(InputError, match="line 1"):
            guarded_dataset("SELECT ?s WHERE { ?s ?p ", permitted=[])

    def test_updates_and_services_are_refused(self, store: Store) -> None:
        with pytest.raises(InputError, match="update"):
            guarded_dataset("INSERT DATA { <a:b> <a:c> <a:d> }", permitted=[])
        with pytest.raises(InputError, match="SERVICE"):
            guarded_dataset("SELECT * { { SERVICE <http://x.y/z> { ?s ?p ?o } } }", permitted=[])

    def test_too_many_rows_end_at_the_limit(self, store: Store) -> None:
        store.commit([ChangeSet(G1, "data", b"".join(triple(n) for n in range(50)))], principal=WHO)

        with pytest.raises(LimitExceeded, match="49 rows"):
            store.query(self.all_rows, dataset=Dataset((G1,), ()), limits=Limits(rows=49))
