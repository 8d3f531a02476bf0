"""The architect's door: an edited module becomes a request, a release, and the former release stays."""

from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient
from rdflib.namespace import SKOS
from typer.testing import CliRunner

from qualweave.api import governing
from qualweave.api.app import make_app
from qualweave.api.cli import app as command_line
from qualweave.api.impact import impact_of
from qualweave.api.service import Service
from qualweave.checking import Finder, Finding
from qualweave.config import Settings
from qualweave.errors import JsonValue, NotFound
from qualweave.ontology.load import load_graph, load_ntriples, module_files
from qualweave.ontology.release import current_release
from qualweave.ontology.store_form import triples_of
from qualweave.principal import SEATS, Principal, Seat
from qualweave.store.port import ChangeSet
from tests.ontology.test_proposal import ADDED, HEAD

TERM = "https://w3id.org/qonto/LaserWarpage"
LI = {"Qualweave-Principal": "li"}
WANG = {"Qualweave-Principal": "wang"}


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(data_dir=tmp_path, dev=True)


@pytest.fixture
def client(settings: Settings) -> Iterator[TestClient]:
    with TestClient(make_app(Service(settings), settings, pages=False)) as served:
        yield served


def _propose(client: TestClient, text: str = ADDED) -> Any:
    reply = client.post("/change-requests", content=text.encode(), headers=LI)
    assert reply.status_code == 201, reply.text
    return reply.json()


def _known(client: TestClient, graph: str = "") -> bool:
    source = f"FROM <{graph}>" if graph else ""
    query = f"ASK {source} {{ <{TERM}> a <http://www.w3.org/2002/07/owl#Class> }}"
    found: bool = client.get("/sparql", params={"query": query}).json()["boolean"]
    return found


def _vote(
    client: TestClient, request: str, choice: str = "yes", seats: Sequence[Seat] = SEATS[:3]
) -> Any:
    reply = None
    for seat in seats:
        reply = client.post(
            f"/ontology/change-requests/{request}/votes",
            json={"choice": choice, "seat": seat},
            headers={"Qualweave-Principal": f"holder of {seat}", "Qualweave-Seats": seat},
        )
        assert reply.status_code == 200, reply.text
    return None if reply is None else reply.json()


def _accept(client: TestClient, request: str, who: dict[str, str]) -> Any:
    return client.post(f"/ontology/change-requests/{request}/accept", headers=who)


def test_a_proposal_is_told_in_words_and_listed(client: TestClient) -> None:
    opened = _propose(client)

    listed = client.get("/ontology/change-requests", params={"state": "open"}).json()["requests"]

    assert opened["statement"]["zh"].startswith("新增 1 个术语")
    assert [one["id"] for one in listed] == [opened["id"]]
    assert client.get("/change-requests").json()["requests"] == []  # those are the mapper's


def test_asked_twice_it_is_one_request(client: TestClient) -> None:
    assert _propose(client)["id"] == _propose(client)["id"]


def test_an_accepted_request_is_a_release_and_the_former_stays(client: TestClient) -> None:
    former = client.get("/ontology/releases").json()["releases"][0]["graph"]
    opened = _propose(client)
    _vote(client, opened["id"])

    reply = _accept(client, opened["id"], WANG)

    assert reply.status_code == 200, reply.text
    releases = client.get("/ontology/releases").json()["releases"]
    assert [one["state"] for one in releases] == ["current", "former"]
    assert releases[0]["graph"] == reply.json()["release"]
    assert releases[0]["request"] == opened["id"]
    assert _known(client)
    assert _known(client, releases[0]["graph"])
    assert not _known(client, former)
    assert client.get("/combinations/激光翘曲").json()["title"] == "not enough evidence"


@pytest.mark.parametrize("roles", ["architect", "admin", "architect,approver,admin"])
def test_no_role_releases_what_the_committee_has_not_passed(client: TestClient, roles: str) -> None:
    opened = _propose(client)
    _vote(client, opened["id"], seats=SEATS[:2])

    reply = _accept(client, opened["id"], {**WANG, "Qualweave-Roles": roles})

    assert reply.status_code == 409
    assert "2 of 3 votes cast" in reply.json()["detail"]
    assert reply.json()["ballot"]["missing"] == list(SEATS[2:])
    assert not _known(client)


def test_a_request_shows_its_votes_and_where_it_stands(client: TestClient) -> None:
    opened = _propose(client)

    told = _vote(client, opened["id"])

    assert told["ballot"]["standing"] == "passed"
    assert [one["seat"] for one in told["votes"]] == list(SEATS[:3])
    assert client.get(f"/ontology/change-requests/{opened['id']}").json() == told


def test_a_seat_that_one_does_not_hold_is_refused(client: TestClient) -> None:
    opened = _propose(client)
    where = f"/ontology/change-requests/{opened['id']}/votes"

    reply = client.post(where, json={"choice": "yes", "seat": SEATS[0]}, headers=WANG)

    assert reply.status_code == 403
    assert client.post(where, json={"choice": "maybe", "seat": SEATS[0]}).status_code == 400


def test_what_cannot_pass_any_more_is_refused_with_the_last_vote(client: TestClient) -> None:
    opened = _propose(client)

    told = _vote(client, opened["id"], "no", SEATS[:2])

    assert (told["state"], told["decided_by"]) == ("refused", "committee")
    assert told["decision_reason"] == "rejected: 0 yes, 2 no"
    assert _accept(client, opened["id"], WANG).status_code == 409


def test_a_request_with_findings_is_not_accepted(client: TestClient) -> None:
    opened = _propose(client, HEAD + 'q:Blob a owl:Class ; rdfs:label "blob"@en .')

    reply = _accept(client, opened["id"], WANG)

    assert reply.status_code == 409
    assert "findings" in reply.json()["detail"]


def test_a_refusal_takes_a_reason_and_is_final(client: TestClient) -> None:
    opened = _propose(client)
    where = f"/ontology/change-requests/{opened['id']}/refuse"

    assert client.post(where, json={"reason": ""}, headers=LI).status_code == 400
    assert client.post(where, json={"reason": "a synonym"}, headers=WANG).status_code == 403
    refused = client.post(where, json={"reason": "a synonym of warpage"}, headers=LI).json()
    assert (refused["state"], refused["decision_reason"]) == ("refused", "a synonym of warpage")
    assert _accept(client, opened["id"], WANG).status_code == 409
    assert not _known(client)


def test_a_reader_proposes_nothing(client: TestClient) -> None:
    reader = {**LI, "Qualweave-Roles": "reader"}

    reply = client.post("/change-requests", content=ADDED.encode(), headers=reader)

    assert reply.status_code == 403
    assert client.get("/ontology/change-requests").json()["requests"] == []


def test_an_engineer_proposes_and_does_not_decide(client: TestClient) -> None:
    opened = _propose(client)

    reply = _accept(client, opened["id"], {**WANG, "Qualweave-Roles": "engineer"})

    assert reply.status_code == 403


def test_two_accepted_at_once_are_both_released(client: TestClient) -> None:
    other = (
        ADDED.replace("LaserWarpage", "RoomWarpage")
        .replace("laser", "room")
        .replace("激光", "房间")
    )
    opened = [_propose(client)["id"], _propose(client, other)["id"]]
    for one in opened:
        _vote(client, one)

    with ThreadPoolExecutor(2) as pool:
        replies = list(pool.map(lambda one: _accept(client, one, WANG), opened))

    assert [one.status_code for one in replies] == [200, 200], [one.text for one in replies]
    assert _known(client)
    assert client.get("/combinations/RoomWarpage").json()["title"] == "not enough evidence"
    releases = client.get("/ontology/releases").json()["releases"]
    assert len({one["graph"] for one in releases}) == 3


def test_a_release_survives_a_restart(client: TestClient, settings: Settings) -> None:
    opened = _propose(client)
    _vote(client, opened["id"], seats=SEATS[:2])
    _vote(client, opened["id"], seats=SEATS[2:3])
    _accept(client, opened["id"], WANG)
    client.app.state.service.close()  # type: ignore[attr-defined]  # the application of this test

    service = Service(settings)

    assert TERM in service.terms
    with service.store.snapshot() as snapshot:
        assert len(snapshot.graphs("ontology")) == 1
    service.close()


def test_the_command_line_walks_the_same_door(tmp_path: Path) -> None:
    file = tmp_path / "laser.ttl"
    file.write_text(ADDED, "utf-8")
    data = ["--data", str(tmp_path / "data")]
    Service(Settings(data_dir=tmp_path / "data")).close()
    run = CliRunner()

    told = run.invoke(command_line, ["ontology", "propose", str(file), *data, "--as", "li"])
    request = told.output.split()[0]
    for seat in SEATS[:3]:
        words = ["ontology", "vote", request, "yes", "--seat", seat, "--as", seat, *data]
        assert run.invoke(command_line, words).exit_code == 0
    released = run.invoke(command_line, ["ontology", "accept", request, *data, "--as", "wang"])

    assert "The term 'laser warpage' is new." in told.output
    assert "released: https://w3id.org/qonto/release/" in released.output, released.exception
    assert "former" in run.invoke(command_line, ["ontology", "releases", *data]).output
    version = current_release().version
    out = ["--out", str(tmp_path / "former.nt")]
    run.invoke(command_line, ["ontology", "export", version, *out, *data])
    assert (tmp_path / "former.nt").read_bytes() == load_ntriples()
    back = run.invoke(command_line, ["ontology", "rollback", version, "laser is no cause", *data])
    assert "released:" in back.output, back.exception


def test_the_command_line_makes_no_store_where_there_is_none(tmp_path: Path) -> None:
    told = CliRunner().invoke(
        command_line, ["ontology", "releases", "--data", str(tmp_path / "none")]
    )

    assert isinstance(told.exception, NotFound)
    assert "--url" in told.exception.next_step
    assert not (tmp_path / "none").exists()


def test_the_folder_above_a_store_is_told_from_it(tmp_path: Path) -> None:
    inner = tmp_path / "store"
    Service(Settings(data_dir=inner)).close()

    told = CliRunner().invoke(
        command_line, ["export", str(tmp_path / "out"), "--data", str(tmp_path)]
    )

    assert isinstance(told.exception, NotFound)
    assert f"Give {inner} instead." in told.exception.next_step
    assert not (tmp_path / "out").exists()
    assert not (inner / "ledger.jsonl").exists()


def test_a_release_is_exported_to_the_same_bytes_for_good(client: TestClient) -> None:
    former = client.get("/ontology/releases").json()["releases"][0]
    before = client.get(f"/ontology/releases/{former['version']}").content
    opened = _propose(client)
    _vote(client, opened["id"])
    _accept(client, opened["id"], WANG)

    current = client.get("/ontology/releases").json()["releases"][0]
    after = client.get(f"/ontology/releases/{former['version']}").content

    assert after == before == load_ntriples()
    body = client.get(f"/ontology/releases/{current['version']}").content
    assert sha256(body).hexdigest() == current["content_hash"]
    assert client.get("/ontology/releases/1999-01-01").status_code == 404


def test_a_rollback_is_one_request_with_a_reason_and_loses_nothing(client: TestClient) -> None:
    former = client.get("/ontology/releases").json()["releases"][0]
    opened = _propose(client)
    _vote(client, opened["id"])
    released = _accept(client, opened["id"], WANG).json()["release"]
    where = f"/ontology/releases/{former['version']}/rollback"

    assert client.post(where, json={"reason": " "}, headers=WANG).status_code == 400
    back = client.post(where, json={"reason": "laser is no cause"}, headers=WANG).json()["release"]

    assert not _known(client)
    assert _known(client, released)
    newest = client.get("/ontology/releases").json()["releases"][0]
    assert (newest["graph"], newest["rollback_to"]) == (back, former["graph"])
    body = client.get(f"/ontology/releases/{newest['version']}").content
    assert body == load_ntriples()
    assert (
        client.post(
            where.replace(former["version"], newest["version"]), json={"reason": "x"}
        ).status_code
        == 409
    )


def test_a_rollback_to_a_release_of_ones_own_survives_a_restart(
    client: TestClient, settings: Settings
) -> None:
    opened = _propose(client)
    _vote(client, opened["id"])
    mine = _accept(client, opened["id"], WANG).json()["release"].rsplit("/", 1)[1]
    other = (
        ADDED.replace("LaserWarpage", "RoomWarpage")
        .replace("laser", "room")
        .replace("激光", "房间")
    )
    opened = _propose(client, other)
    _vote(client, opened["id"])
    _accept(client, opened["id"], WANG)
    client.post(f"/ontology/releases/{mine}/rollback", json={"reason": "x"}, headers=WANG)
    client.app.state.service.close()  # type: ignore[attr-defined]  # the application of this test

    service = Service(settings)

    assert TERM in service.terms
    assert TERM.replace("Laser", "Room") not in service.terms
    service.close()


def test_what_a_change_reaches_is_told_and_a_used_term_does_not_go(client: TestClient) -> None:
    module = next(one for one in module_files() if one.name == "code.ttl").read_text("utf-8")
    start = module.index("q:validInContext a ")
    without = (
        module[:start] + module[module.index("\n\nq:", start) + 2 :]
        if "\n\nq:" in module[start:]
        else module[:start]
    )

    opened = _propose(client, without)

    reached = {one["kind"] for one in opened["proposal"]["impact"]}
    assert {"shape", "question", "rule"} <= reached
    assert any(one["check"] == "in use" for one in opened["proposal"]["findings"])
    assert "shape" in opened["proposal"]["impact_en"]
    assert all(one["fix"] for one in opened["proposal"]["findings"])
    votes = f"/ontology/change-requests/{opened['id']}/votes"
    seated = {"Qualweave-Principal": "wang", "Qualweave-Seats": SEATS[0]}
    reply = client.post(votes, json={"choice": "yes", "seat": SEATS[0]}, headers=seated)
    assert reply.status_code == 409
    assert "owl:deprecated" in reply.json()["next_step"]
    no = client.post(votes, json={"choice": "no", "seat": SEATS[0]}, headers=seated)
    assert no.status_code == 200
    assert _accept(client, opened["id"], WANG).status_code == 409


def test_a_release_that_a_check_finds_wrong_is_refused(
    client: TestClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened = _propose(client)
    _vote(client, opened["id"])
    wrong = Finding("texts", TERM, "has no label in de", "缺少德文标签")
    monkeypatch.setattr(
        governing, "release_checks", lambda _: (Finder("texts", lambda _: [wrong]),)
    )

    reply = _accept(client, opened["id"], WANG)

    assert reply.status_code == 409
    assert "has no label in de" in reply.json()["detail"]
    assert not _known(client)


def test_a_term_without_an_example_is_not_released(client: TestClient) -> None:
    opened = _propose(client, ADDED.replace("skos:example", "rdfs:comment"))
    seated = {"Qualweave-Principal": "wang", "Qualweave-Seats": SEATS[0]}
    votes = f"/ontology/change-requests/{opened['id']}/votes"

    reply = client.post(votes, json={"choice": "yes", "seat": SEATS[0]}, headers=seated)

    assert reply.status_code == 409
    assert "skos:example" in reply.json()["next_step"]


def test_examples_that_an_older_release_lacks_hold_up_no_request(settings: Settings) -> None:
    bare, release = load_graph(), current_release()
    bare.remove((None, SKOS.example, None))
    about: dict[str, JsonValue] = {"version": release.version, "follows": f"{release.iri}-before"}
    older = Service(settings)
    older.store.commit(
        [ChangeSet(release.iri, "ontology", triples_of(bare), replace=True, about=about)],
        principal=Principal("test"),
    )
    older.close()

    with TestClient(make_app(Service(settings), settings, pages=False)) as client:
        opened = _propose(client)
        _vote(client, opened["id"])
        reply = _accept(client, opened["id"], WANG)

        assert reply.status_code == 200, reply.text
        assert _known(client)


def test_a_refused_proposal_is_told_so_and_goes_again_with_a_remark(client: TestClient) -> None:
    opened = _propose(client)
    where = f"/ontology/change-requests/{opened['id']}/refuse"
    client.post(where, json={"reason": "a synonym"}, headers=LI)

    again = client.post("/change-requests", content=ADDED.encode(), headers=WANG)

    assert again.status_code == 409
    assert "a synonym" in again.json()["detail"]
    assert _propose(client, ADDED + "\n# It is no synonym: only lasers do it.\n")["state"] == "open"


def test_another_tenant_does_not_decide_on_everybodys_ontology(client: TestClient) -> None:
    opened = _propose(client)
    elsewhere = {**WANG, "Qualweave-Tenant": "rival", "Qualweave-Seats": SEATS[0]}
    votes = f"/ontology/change-requests/{opened['id']}/votes"

    replies = [
        client.post(votes, json={"choice": "yes", "seat": SEATS[0]}, headers=elsewhere),
        _accept(client, opened["id"], elsewhere),
    ]

    assert [one.status_code for one in replies] == [403, 403]


def test_a_withdrawn_proposal_does_not_keep_a_term_in_use(client: TestClient) -> None:
    opened = _propose(client)
    _vote(client, opened["id"])
    _accept(client, opened["id"], WANG)
    other = _propose(client, ADDED.replace("laser warpage", "laser bow"))
    withdrawn = client.post(
        f"/ontology/change-requests/{other['id']}/refuse",
        headers=LI,
        json={"reason": "warpage is what the line says"},
    )

    assert other["id"] != opened["id"]
    assert withdrawn.json()["state"] == "refused"
    assert _known(client)
    with client.app.state.service.reading("plant") as snapshot:  # type: ignore[attr-defined]
        uses = impact_of(load_graph(), snapshot, [TERM])
    assert [one for one in uses if one.kind in ("data", "rule")] == []


@pytest.mark.parametrize(
    "odd",
    [
        "<< q:A q:b q:C >> q:d q:E .",
        'q:A rdfs:label "x"@en--ltr .',
        "q:A q:b " + "(" * 400 + ")" * 400 + " .",
    ],
    ids=["quoted triple", "direction", "deep list"],
)
def test_turtle_that_an_ontology_cannot_hold_is_an_error_that_says_so(
    client: TestClient, odd: str
) -> None:
    head = "@prefix q: <https://w3id.org/qonto/> . @prefix rdfs: <http://www.w3.org/2000/01/rdf-schema#> . "

    reply = client.post("/change-requests", content=(head + odd).encode(), headers=LI)

    assert reply.status_code == 400, reply.text
    assert reply.json()["next_step_zh"]


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/decisions", {"station": "http://x> } #"}),
        ("/decisions", {"alarm": "http://x> } #"}),
        ("/decisions", {"card": "http://x> } #"}),
        ("/provenance?s=http://x/y&g=bad iri>", None),
    ],
)
def test_a_malformed_iri_is_an_error_and_no_failure(
    client: TestClient, path: str, body: dict[str, str] | None
) -> None:
    reply = client.get(path) if body is None else client.post(path, json=body)

    assert reply.status_code in (400, 404, 422), reply.text
    assert reply.json()["next_step"]
