"""Live sources through the service and the command line, with a real broker."""

import json
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import uvicorn
from fastapi import FastAPI
from fastapi.testclient import TestClient
from typer.testing import CliRunner

from qualweave.api.app import make_app
from qualweave.api.cli import app
from qualweave.api.service import Service
from qualweave.config import Settings
from qualweave.mappers.ingest import ingest
from qualweave.mappers.live.payload import Message, TopicPattern, readings
from qualweave.mappers.live.spool import Spools
from qualweave.principal import SYSTEM
from tests.mappers.exact import exact
from tests.mappers.live.broker import Broker, free_port, needs_broker

paho = pytest.importorskip("paho.mqtt.client", reason="the extra 'live' is not installed")
pytestmark = needs_broker


@pytest.fixture
def broker(tmp_path: Path) -> Iterator[Broker]:
    started = Broker(tmp_path / "broker")
    yield started
    started.stop()


def send(broker: Broker, numbers: range, *, topic: str = "plant/p1") -> None:
    """Publish readings; those to a topic of their own each are kept by the broker for who comes later."""
    client = paho.Client(paho.CallbackAPIVersion.VERSION2, client_id="press")
    client.connect("127.0.0.1", broker.port)
    client.loop_start()
    for number in numbers:
        where = topic.format(number=number)
        told = client.publish(where, reading(number), qos=1, retain=where != topic)
        told.wait_for_publish(5)
    client.disconnect()
    client.loop_stop()


def reading(number: int) -> bytes:
    return json.dumps(
        {
            "timestamp": f"2026-01-01T08:00:{number:02d}Z",
            "equipment identifier": "P-1",
            "torque": number + 0.5,
        }
    ).encode()


def settings(tmp_path: Path, pattern: str) -> Settings:
    """Return settings of a folder in which the source is mapped already, by names alone: what is tested is listening."""
    given = Settings(data_dir=tmp_path / "data", dev=True, live_seconds=0.3)
    now = datetime(2026, 1, 1, tzinfo=UTC)
    message = Message("plant/p1", reading(59), 1, dup=False, retain=False, got=now)
    spools = Spools(tmp_path / "before", rows=1, seconds=1)
    spools.keep(readings(message, TopicPattern.parse(pattern)))
    spools.seal()
    service = Service(given)
    ingest(
        spools.sealed_folder, store=service.store, terms=service.terms, settings=given,
        principal=replace(SYSTEM, tenant="plant"), aligner=exact,
    )  # fmt: skip
    service.close()
    return given


def wait_until(done: object, seconds: float = 20) -> None:
    until = time.monotonic() + seconds
    while time.monotonic() < until and not done():  # type: ignore[operator]
        time.sleep(0.1)


def test_a_live_source_is_started_looked_at_stopped_and_taken_up_again(
    broker: Broker, tmp_path: Path
) -> None:
    wanted = {"url": f"mqtt://127.0.0.1:{broker.port}", "topics": ["plant/#"]}
    given = settings(tmp_path, "plant/#")

    with TestClient(make_app(Service(given), given, pages=False)) as client:
        started = client.post("/sources/live", json=wanted)
        where = f"/sources/live/{started.json()['id']}"
        again = client.post("/sources/live", json=wanted)
        time.sleep(1)
        send(broker, range(5))
        wait_until(lambda: client.get(where).json()["state"]["rows_lifted"] == 5)
        first = client.get(where).json()
    send(broker, range(5, 8))  # while the service is down: the broker keeps them
    with TestClient(make_app(Service(given), given, pages=False)) as client:
        wait_until(lambda: client.get(where).json()["state"]["rows_lifted"] == 3)
        stopped = client.delete(where).json()
        gone = client.get(where)
        query = "SELECT ?v WHERE { ?s <https://w3id.org/qonto/Torque> ?v }"
        rows = client.get("/sparql", params={"query": query}).json()["results"]["bindings"]

    assert (started.status_code, again.status_code, gone.status_code) == (201, 409, 404)
    assert first["state"]["rows_lifted"] == 5
    assert (stopped["state"]["rows_lifted"], stopped["state"]["error"]) == (3, "")
    assert sorted(float(row["v"]["value"]) for row in rows) == [*(n + 0.5 for n in range(8)), 59.5]


def state_of(client: TestClient, name: str) -> dict[str, Any]:
    found: dict[str, Any] = client.get(f"/sources/live/{name}").json()
    return found


def test_two_brokers_are_listened_to_at_once_each_started_and_stopped_on_its_own(
    broker: Broker, tmp_path: Path
) -> None:
    other = Broker(tmp_path / "other")
    given = settings(tmp_path, "plant/#")
    wanted = [
        {"name": name, "url": f"mqtt://127.0.0.1:{one.port}", "topics": ["plant/#"]}
        for name, one in (("east", broker), ("西区", other))
    ]

    with TestClient(make_app(Service(given), given, pages=False)) as client:
        started = [client.post("/sources/live", json=one).status_code for one in wanted]
        taken = client.post("/sources/live", json={**wanted[1], "name": "east"})
        same = client.post("/sources/live", json={**wanted[1], "name": "west"})
        bad = client.post("/sources/live", json={**wanted[1], "name": "../x"})
        time.sleep(1)
        for one in (
            broker,
            other,
        ):  # the same messages, of two plants: neither is a redelivery of the other
            send(one, range(3))
        wait_until(lambda: state_of(client, "西区")["state"]["kept"] == 3)
        wait_until(lambda: state_of(client, "east")["state"]["kept"] == 3)
        stopped = client.post("/sources/live/east/stop").json()
        send(broker, range(3, 5))
        send(other, range(3, 5))
        wait_until(lambda: state_of(client, "西区")["state"]["kept"] == 5)
        during = state_of(client, "east")
        listed = client.get("/sources/live").json()["sources"]
    with TestClient(make_app(Service(given), given, pages=False)) as client:
        taken_up = [one["status"] for one in client.get("/sources/live").json()["sources"]]
        again = client.post("/sources/live/east/start")
        twice = client.post("/sources/live/east/start")
        wait_until(lambda: state_of(client, "east")["state"]["kept"] == 2)
        fields = {one["name"]: one for one in state_of(client, "east")["fields"]}
        gone = [client.delete(f"/sources/live/{one}").status_code for one in ("east", "西区")]
        none = client.get("/sources/live").json()
    other.stop()

    assert started == [201, 201]
    assert (taken.status_code, same.status_code, bad.status_code) == (409, 409, 400)
    assert taken.json()["detail"].startswith("The name 'east' is taken by the live source mqtt://")
    assert "其他名称" in taken.json()["next_step_zh"]
    assert "西区" in same.json()["detail"]
    assert (stopped["status"], during["status"], during["state"]["kept"]) == (
        "stopped",
        "stopped",
        3,
    )
    assert [(one["name"], one["status"]) for one in listed] == [
        ("east", "stopped"),
        ("西区", "running"),
    ]
    assert taken_up == ["stopped", "running"]
    assert (again.status_code, twice.status_code) == (200, 409)
    assert (fields["torque"]["value"], fields["torque"]["at_rate"]) == ("4.5", False)
    assert (gone, none) == ([200, 200], {"sources": []})


def test_the_page_tells_fields_with_rate_newest_value_and_what_waits(
    broker: Broker, tmp_path: Path
) -> None:
    page = pytest.importorskip("qualweave.api.workbench.live")
    given = settings(tmp_path, "plant/#")
    made = make_app(Service(given), given, pages=False)
    who = replace(SYSTEM, tenant="plant")
    wanted = {"url": f"mqtt://127.0.0.1:{broker.port}", "topics": ["plant/#"]}

    with TestClient(made) as client:
        assert page.read_live(made.state.service, made.state.live, who) == []
        client.post("/sources/live", json=wanted)
        time.sleep(1)
        send(broker, range(40))
        wait_until(lambda: state_of(client, "live")["state"]["kept"] == 40)
        [now] = page.read_live(made.state.service, made.state.live, who)
        rows = {row["field"]: row for row in page.fields_of(now, "zh").rows}

    assert (now.told["status"], now.waiting) == ("running", 0)
    assert (rows["torque"]["per_second"], rows["torque"]["kept_as"]) == ("1", "序列")
    assert (rows["torque"]["last_value"], rows["torque"]["meaning"]) == ("39.5", "q:Torque")
    assert rows["torque"]["taken_at"] == "2026-01-01 08:00:39"
    assert rows["equipment identifier"]["kept_as"] == "事件"


def test_a_source_that_cannot_be_taken_up_is_shown_as_failed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    given = Settings(data_dir=tmp_path / "data", dev=True)
    monkeypatch.setenv("QW_TEST_PASSWORD", "x")
    wanted = {"url": "mqtt://127.0.0.1:1", "password_env": "QW_TEST_PASSWORD"}
    with TestClient(make_app(Service(given), given, pages=False)) as client:
        client.post("/sources/live", json=wanted)
    monkeypatch.delenv("QW_TEST_PASSWORD")

    with TestClient(make_app(Service(given), given, pages=False)) as client:
        told = state_of(client, "live")
        refused = client.post("/sources/live/live/start")

    assert told["status"] == "failed"
    assert "QW_TEST_PASSWORD is not set. Set it where" in told["state"]["error"]
    assert "未设置环境变量" in told["state"]["error_zh"]
    assert refused.status_code == 400


def test_a_live_source_of_no_known_kind_is_refused(tmp_path: Path) -> None:
    given = Settings(data_dir=tmp_path / "data", dev=True)

    with TestClient(make_app(Service(given), given, pages=False)) as client:
        reply = client.post("/sources/live", json={"url": "ftp://u:secret@host/x"})

    assert reply.status_code == 400
    assert "ftp://host/x" in reply.json()["detail"]
    assert "secret" not in reply.text


def test_the_command_line_listens_until_nothing_more_comes(broker: Broker, tmp_path: Path) -> None:
    settings(tmp_path, "plant/+")
    command = [
        sys.executable, "-m", "qualweave.api.cli", "listen", f"mqtt://127.0.0.1:{broker.port}/",
        "--topic", "plant/+", "--data", str(tmp_path / "data"), "--once", "--for", "60",
    ]  # fmt: skip
    send(broker, range(3), topic="plant/p{number}")

    done = subprocess.run(command, capture_output=True, text=True, timeout=90, check=False)

    assert done.returncode == 0, done.stderr
    figures = {
        row.split("│")[1].strip(): row.split("│")[2].strip()
        for row in done.stdout.splitlines()
        if row.count("│") == 3
    }
    assert (figures["kept"], figures["rows lifted"]) == ("3", "3")


@contextmanager
def served(made: FastAPI) -> Iterator[str]:
    """Serve an application in a thread and give its address."""
    port = free_port()
    server = uvicorn.Server(uvicorn.Config(made, port=port, log_level="error"))
    thread = threading.Thread(target=server.run)
    thread.start()
    wait_until(lambda: server.started)
    yield f"http://127.0.0.1:{port}"
    server.should_exit = True
    thread.join()


def test_the_sources_of_a_running_service_are_told_on_the_command_line(tmp_path: Path) -> None:
    given = Settings(data_dir=tmp_path / "data", dev=True)
    with served(make_app(Service(given), given, pages=False)) as url:

        def told(*arguments: str) -> str:
            result = CliRunner().invoke(app, ["live", *arguments, "--url", url])
            return result.output + str(result.exception or "")

        empty = told("list", "--language", "zh")
        started = told("start", "mqtt://127.0.0.1:1", "--name", "east")
        taken = told("start", "mqtt://127.0.0.1:2", "--name", "east")
        stopped = told("stop", "east", "--language", "zh")
        shown = told("show", "east", "--json")
        removed = told("remove", "east")
        unknown = told("show", "east")

    assert "没有实时数据源" in empty
    assert "running" in started
    assert "is taken by the live source mqtt://127.0.0.1:1" in taken
    assert "已停止" in stopped
    assert json.loads(shown)["fields"] == []
    assert "east" in removed
    assert "no live source 'east'" in unknown
