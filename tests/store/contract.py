"""What every store must do: one suite, inherited by each implementation."""

from pathlib import Path
from typing import ClassVar

import pyoxigraph as ox
import pytest
from pyoxigraph import NamedNode

from qualweave.errors import (
    Forbidden,
    GateRefused,
    InputError,
    LimitExceeded,
    NotFound,
    StoreError,
)
from qualweave.principal import Principal
from qualweave.store.guard import permitted_dataset
from qualweave.store.port import ChangeSet, Dataset, Limits, ShapeResult, Snapshot, Store, Verdict
from qualweave.store.tenancy import reading

WHO = Principal(id="tester", roles=frozenset({"engineer"}))
OTHER = Principal(id="stranger", roles=frozenset({"reader"}), tenant="other")
G1, G2 = (
    "https://example.org/id/graph/data/plant/a/1",
    "https://example.org/id/graph/data/plant/b/1",
)

OTHERS = "https://example.org/id/graph/data/other/a/1"
RELEASE = "https://w3id.org/qonto/release/1"


def triple(number: int, value: str = "1") -> bytes:
    return f'<https://example.org/s{number}> <https://example.org/p> "{value}" .\n'.encode()


class Ask:
    """A gate that asks the store for a newer snapshot while it judges, and passes everything."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def judge(self, change: ChangeSet, snapshot: Snapshot) -> Verdict:
        self._store.publish()
        return Verdict((ShapeResult("warning", "s", "f", "", {"en": "maybe", "zh": "也许"}),))


class Broken:
    """A gate with a fault of its own."""

    def judge(self, change: ChangeSet, snapshot: Snapshot) -> Verdict:
        raise ZeroDivisionError


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
        store.commit(
            [ChangeSet(G1, "data", triple(1)), ChangeSet(G2, "data", triple(2))], principal=WHO
        )
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

    def test_a_gate_sees_every_commit_before_and_may_warn(self, store: Store) -> None:
        store.commit([ChangeSet(G1, "data", triple(1))], principal=WHO)

        store.commit([ChangeSet(G1, "data", triple(2))], principal=WHO, gate=Ask(store))

        assert self.rows(store) == ["https://example.org/s1", "https://example.org/s2"]

    def test_a_gate_that_fails_lets_nothing_in(self, store: Store) -> None:
        with pytest.raises(ZeroDivisionError):
            store.commit([ChangeSet(G1, "data", triple(1))], principal=WHO, gate=Broken())

        assert self.rows(store) == []
        assert store.commit([ChangeSet(G1, "data", triple(1))], principal=WHO)[0].sequence == 1

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
            permitted = permitted_dataset(snapshot, OTHER)

        for query in (
            self.all_rows,
            f"SELECT * FROM <{G1}> WHERE {{ ?s ?p ?o }}",
            "SELECT * { GRAPH ?g { ?s ?p ?o } }",
        ):
            assert store.query(query, dataset=permitted).rows == 0
        assert (
            store.query(self.all_rows, dataset=permitted, default_uris=[G1], named_uris=[G1]).rows
            == 0
        )

    def test_a_tenants_view_holds_its_graphs_and_those_of_everybody(self, store: Store) -> None:
        stranger = Principal(id="stranger", roles=frozenset({"engineer"}), tenant="other")
        store.commit([ChangeSet(G1, "data", triple(1))], principal=WHO)
        store.commit([ChangeSet(OTHERS, "data", triple(2))], principal=stranger)
        store.commit([ChangeSet(RELEASE, "ontology", triple(3))], principal=WHO)
        store.publish()
        theirs, first = NamedNode(OTHERS), NamedNode("https://example.org/s2")

        with reading(store, "plant") as seen:
            rows = [str(getattr(row["s"], "value", "")) for row in seen.select(self.all_rows)]
            asked = seen.select(self.all_rows, graphs=[OTHERS])
            quads = [*seen.quads(), *seen.quads(first), *seen.quads(graph=theirs)]
            graphs = {one.graph for one in (*seen.graphs(), *seen.graphs(tenant="other"))}

        assert rows == ["https://example.org/s1", "https://example.org/s3"]
        assert asked == []
        assert {str(one.subject) for one in quads} == {
            "<https://example.org/s1>",
            "<https://example.org/s3>",
        }
        assert graphs == {G1, RELEASE}

    def test_no_tenant_writes_to_the_decisions_of_another(self, store: Store) -> None:
        stranger = Principal(id="stranger", roles=frozenset({"engineer"}), tenant="other")
        store.commit([ChangeSet(G1, "decisions", triple(1))], principal=WHO)

        with pytest.raises(Forbidden, match="another tenant"):
            store.commit([ChangeSet(G1, "decisions", triple(2))], principal=stranger)

    def test_an_archived_graph_is_read_by_its_name_only(self, store: Store) -> None:
        old, new = f"{RELEASE}.1", f"{RELEASE}.2"
        store.commit([ChangeSet(old, "ontology", triple(1) + triple(3))], principal=WHO)
        store.commit([ChangeSet(G1, "data", triple(3))], principal=WHO)

        store.commit(
            [
                ChangeSet(new, "ontology", triple(2)),
                ChangeSet(old, "ontology", replace=True),
                ChangeSet(old, "archive", triple(1) + triple(3)),
            ],
            principal=WHO,
        )

        assert self.rows(store) == ["https://example.org/s2", "https://example.org/s3"]
        with store.snapshot() as snapshot:
            permitted = permitted_dataset(snapshot, WHO)
            assert len(snapshot.select(self.all_rows, graphs=[old])) == 2
            assert [one.graph for one in snapshot.graphs("ontology")] == [new]
        named = f"SELECT ?s FROM <{old}> WHERE {{ ?s ?p ?o }}"
        assert store.query(self.all_rows, dataset=permitted).rows == 2
        assert store.query(named, dataset=permitted).rows == 2

    def test_what_everybody_needs_belongs_to_every_tenant(self, store: Store) -> None:
        store.commit([ChangeSet(RELEASE, "ontology", triple(1))], principal=WHO)
        store.commit([ChangeSet(OTHERS, "data", triple(2))], principal=OTHER)
        store.publish()
        with store.snapshot() as snapshot:
            permitted = permitted_dataset(snapshot, OTHER)

        assert set(permitted.default) == {RELEASE, OTHERS}
        assert store.query(self.all_rows, dataset=permitted).rows == 2

    def test_another_tenants_graph_cannot_be_written(self, store: Store) -> None:
        store.commit([ChangeSet(G1, "data", triple(1))], principal=WHO)

        with pytest.raises(Forbidden, match="another tenant"):
            store.commit([ChangeSet(G1, "data", triple(2), replace=True)], principal=OTHER)
        assert self.rows(store) == ["https://example.org/s1"]

    def test_from_and_the_protocol_narrow_a_query(self, store: Store) -> None:
        store.commit(
            [ChangeSet(G1, "data", triple(1)), ChangeSet(G2, "data", triple(2))], principal=WHO
        )
        both = Dataset((G1, G2), (G1, G2))
        in_graph = "SELECT ?s {} WHERE {{ GRAPH ?g {{ ?s ?p ?o }} }}"

        found = [
            store.query(self.all_rows, dataset=both).rows,
            store.query(self.all_rows.replace("WHERE", f"FROM <{G2}> WHERE"), dataset=both).rows,
            store.query(self.all_rows, dataset=both, default_uris=[G1]).rows,
            store.query(in_graph.format(""), dataset=both).rows,
            store.query(in_graph.format(f"FROM NAMED <{G1}>"), dataset=both).rows,
            store.query(in_graph.format(f"FROM <{G1}>"), dataset=both).rows,
            store.query(in_graph.format(f"FROM <{G1}>"), dataset=both, named_uris=[G2, G1]).rows,
        ]

        assert found == [2, 1, 1, 2, 1, 0, 2]

    def test_a_triple_in_two_graphs_is_one_triple_of_the_merge(self, store: Store) -> None:
        store.commit(
            [ChangeSet(G1, "data", triple(1)), ChangeSet(G2, "data", triple(1))], principal=WHO
        )
        store.publish()
        with store.snapshot() as snapshot:
            permitted = permitted_dataset(snapshot, WHO)
            trusted = len(snapshot.select(self.all_rows))

        assert (trusted, store.query(self.all_rows, dataset=permitted).rows) == (1, 1)

    def test_the_merge_follows_deletes_and_replacement(self, store: Store) -> None:
        store.commit(
            [ChangeSet(G1, "data", triple(1) + triple(2)), ChangeSet(G2, "data", triple(1))],
            principal=WHO,
        )

        store.commit([ChangeSet(G1, "data", deletes=triple(1) + triple(2))], principal=WHO)
        assert self.rows(store) == ["https://example.org/s1"]
        store.commit([ChangeSet(G2, "data", triple(3), replace=True)], principal=WHO)
        assert self.rows(store) == ["https://example.org/s3"]

    def test_blank_nodes_of_two_change_sets_stay_apart(self, store: Store) -> None:
        node = b'_:b <https://example.org/p> "%d" .\n_:b <https://example.org/q> "1" .\n'
        store.commit([ChangeSet(G1, "data", node % 1)], principal=WHO)
        store.commit([ChangeSet(G1, "data", node % 2)], principal=WHO)
        store.publish()

        with store.snapshot() as snapshot:
            joined = "SELECT ?b ?v { ?b <https://example.org/p> ?v ; <https://example.org/q> ?w }"
            rows = snapshot.select(joined)
            known = next(row["b"] for row in rows if getattr(row["v"], "value", "") == "1")
        assert len(rows) == 2

        more = f'{known} <https://example.org/p> "3" .\n'.encode()
        gone = f'{known} <https://example.org/p> "1" .\n'.encode()
        store.commit([ChangeSet(G1, "data", more, deletes=gone)], principal=WHO)
        store.publish()
        with store.snapshot() as snapshot:
            values = {
                getattr(row["v"], "value", "")
                for row in snapshot.select(joined)
                if row["b"] == known
            }
        assert values == {"3"}

    def test_unreadable_triples_write_nothing(self, store: Store) -> None:
        good, bad = (
            ChangeSet(G1, "data", triple(1)),
            ChangeSet(G2, "data", triple(1) + b"<x> oops\n"),
        )

        with pytest.raises(InputError, match=r"b/1 are not N-Triples at line 2"):
            store.commit([good, bad], principal=WHO)

        assert self.rows(store) == []
        assert store.commit([good], principal=WHO)[0].sequence == 1

    def test_two_changes_of_one_graph_in_a_commit_are_repeated_as_one(self, store: Store) -> None:
        pair = [
            ChangeSet(G1, "data", triple(1)),
            ChangeSet(G1, "data", triple(2), deletes=triple(1)),
        ]

        first = store.commit(pair, principal=WHO)
        again = store.commit(pair, principal=WHO)

        assert [one.id for one in again] == [one.id for one in first]
        assert all(one.repeated for one in again)
        assert self.rows(store) == ["https://example.org/s2"]

    def test_trusted_code_sees_only_the_graphs_it_names(self, store: Store) -> None:
        store.commit(
            [ChangeSet(G1, "data", triple(1)), ChangeSet(G2, "data", triple(2))], principal=WHO
        )
        store.publish()

        with store.snapshot() as snapshot:
            assert len(snapshot.select(self.all_rows, graphs=[G2])) == 1
            assert snapshot.select(self.all_rows, graphs=[]) == []
            assert not snapshot.ask("ASK { GRAPH ?g { ?s ?p ?o } }", graphs=[])
            assert len(snapshot.select("SELECT ?g { GRAPH ?g { ?s ?p ?o } }")) == 2
            assert {str(quad.graph_name) for quad in snapshot.quads()} == {f"<{G1}>", f"<{G2}>"}
            assert len(list(snapshot.quads(ox.NamedNode("https://example.org/s1")))) == 1
            assert snapshot.sequence == 2

    def test_the_catalogue_cannot_be_asked_or_written(self, store: Store) -> None:
        store.commit([ChangeSet(G1, "data", triple(1))], principal=WHO)
        catalogue = G1.replace("data/plant/a/1", "catalogue")
        asked = f"SELECT * FROM <{catalogue}> FROM NAMED <{catalogue}> {{ {{ ?s ?p ?o }} UNION {{ GRAPH ?g {{ ?s ?p ?o }} }} }}"

        with pytest.raises(InputError, match="kept by the store"):
            store.commit([ChangeSet(catalogue, "data", triple(1))], principal=WHO)
        assert store.query(asked, dataset=Dataset((G1,), (G1,))).rows == 0

    def test_bindings_stand_in_for_variables(self, store: Store) -> None:
        store.commit([ChangeSet(G1, "data", triple(1) + triple(2))], principal=WHO)
        store.publish()

        with store.snapshot() as snapshot:
            rows = snapshot.select(
                "SELECT ?s ?v { ?s <https://example.org/p> ?v }",
                bindings={"s": ox.NamedNode("https://example.org/s1")},
            )
            with pytest.raises(StoreError, match="malformed"):
                snapshot.select("SELECT oops")

        assert len(rows) == 1

    def test_an_input_is_pending_until_its_ingest_is_finished(self, store: Store) -> None:
        path = store.accept_input("a.csv", b"x", principal=WHO)
        assert store.accept_input("b.csv", b"x", principal=WHO) == path
        assert [one.name for one in store.pending_inputs()] == ["a.csv"]

        store.finish_input(path.name, "done")

        assert store.pending_inputs() == []
        assert path.read_bytes() == b"x"
        with pytest.raises(NotFound, match="sha-256"):
            store.finish_input("0" * 64, "done")

    def test_an_input_may_be_a_file(self, store: Store, tmp_path: Path) -> None:
        file = tmp_path / "large.csv"
        file.write_bytes(b"row\n" * 100_000)

        kept = store.accept_input("large.csv", file, principal=WHO)

        assert kept.read_bytes() == file.read_bytes()
        assert store.accept_input("again.csv", file.read_bytes(), principal=WHO) == kept
        assert [one.name for one in store.pending_inputs()] == ["large.csv"]

    def test_a_guarded_query_answers_in_each_format(self, store: Store) -> None:
        store.commit([ChangeSet(G1, "data", triple(1))], principal=WHO)
        dataset = Dataset((G1,), (G1,))

        answers = {
            kind: store.query(self.all_rows, dataset=dataset, accept=kind).body
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

        graph = store.query("CONSTRUCT WHERE { ?s ?p ?o }", dataset=dataset, accept="text/turtle")
        ask = store.query("ASK { ?s ?p ?o }", dataset=dataset)

        assert (graph.form, graph.rows, ask.form) == ("graph", 1, "ask")
        assert b"true" in ask.body

    def test_a_malformed_query_is_a_clear_error(self, store: Store) -> None:
        with pytest.raises(InputError, match="line 2, column 1") as caught:
            store.query("SELECT ?s WHERE {\n?s", dataset=Dataset((), ()))

        assert caught.value.data["line"] == 2
        assert "无法解析" in caught.value.message_zh

    @pytest.mark.parametrize(
        ("query", "said"),
        [
            ("INSERT DATA { GRAPH <a:g> { <a:b> <a:c> <a:d> } }", "update"),
            ("PREFIX a: <http://a/> DELETE WHERE { ?s a:b ?o }", "update"),
            ("SELECT * { { SERVICE <http://x.y/z> { ?s ?p ?o } } }", "SERVICE"),
            ("SELECT * { FILTER EXISTS { SERVICE SILENT ?x { ?s ?p ?o } } }", "SERVICE"),
            ("SELECT * { { SELECT ?s { OPTIONAL { SERVICE <a:b> { ?s ?p ?o } } } } }", "SERVICE"),
            ("SELECT * FROM nowhere:g { ?s ?p ?o }", "prefix"),
            ("ASK {} #" + "x" * 100_000, "characters"),
            ("SELECT * " + "{" * 3000 + "}" * 3000, "nested"),
        ],
    )
    def test_what_may_not_be_asked_is_refused(self, store: Store, query: str, said: str) -> None:
        with pytest.raises(InputError, match=said):
            store.query(query, dataset=Dataset((), ()))

    def test_too_many_rows_end_at_the_limit(self, store: Store) -> None:
        store.commit([ChangeSet(G1, "data", b"".join(triple(n) for n in range(50)))], principal=WHO)
        dataset = Dataset((G1,), ())

        with pytest.raises(LimitExceeded, match="49 rows"):
            store.query(self.all_rows, dataset=dataset, limits=Limits(rows=49))
        with pytest.raises(LimitExceeded, match="49 rows"):
            store.query("CONSTRUCT WHERE { ?s ?p ?o }", dataset=dataset, limits=Limits(rows=49))
        assert store.query(self.all_rows, dataset=dataset, limits=Limits(rows=50)).rows == 50
