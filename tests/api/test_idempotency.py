"""Devices send by POST /sources and send again where no answer came (R55): one set of triples, the same answer."""

import json
from dataclasses import replace
from pathlib import Path

from fastapi.testclient import TestClient

from qualweave.api.app import make_app
from qualweave.api.service import Service
from qualweave.config import Settings
from qualweave.mappers.ingest import ingest
from qualweave.principal import SYSTEM
from tests.mappers.exact import exact

QUERY = "SELECT (COUNT(*) AS ?n) WHERE { ?s <https://w3id.org/qonto/Torque> ?v }"


def batch(day: int) -> bytes:
    rows = [
        {"event time": f"2026-01-{day:02d}T08:00:{n:02d}Z", "equipment": "W-1", "torque": n}
        for n in range(4)
    ]
    return json.dumps(rows).encode()


def test_the_same_batch_twice_is_one_set_of_triples_and_one_answer(tmp_path: Path) -> None:
    given = Settings(data_dir=tmp_path / "data", dev=True)
    service = Service(given)
    (tmp_path / "in" / "weld").mkdir(parents=True)
    (tmp_path / "in" / "weld" / "w1.json").write_bytes(batch(1))
    ingest(
        tmp_path / "in", store=service.store, terms=service.terms, settings=given,
        principal=replace(SYSTEM, tenant="plant"), aligner=exact,
    )  # fmt: skip

    with TestClient(make_app(service, given, pages=False)) as client:

        def post(content: bytes, key: str) -> tuple[int, dict[str, object]]:
            reply = client.post(
                "/sources", params={"name": "weld/w1.json"}, content=content,
                headers={"Idempotency-Key": key},
            )  # fmt: skip
            return reply.status_code, reply.json()

        first = post(batch(2), "k1")
        again = post(batch(2), "k1")
        other = post(batch(3), "k1")
        unkeyed = client.post("/sources", params={"name": "weld/w1.json"}, content=batch(2)).json()
        count = client.get("/sparql", params={"query": QUERY}).json()["results"]["bindings"]

    assert first[0] == 200
    assert again == first
    assert other[0] == 409
    assert unkeyed["files"][0]["status"] == "repeated"
    assert count[0]["n"]["value"] == "8"
