"""MQTT with a real broker: readings reach the graph once, whichever side dies in the middle."""

import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from qualweave.errors import SourceUnavailable
from qualweave.mappers.desk import Desk
from qualweave.mappers.live.listening import Listening
from qualweave.mappers.live.mqtt import MqttOptions, MqttSource
from tests.mappers.live.broker import Broker, Press, needs_broker
from tests.mappers.live.desks import heard, into, kept_inputs, quick, torques

paho = pytest.importorskip("paho.mqtt.client", reason="the extra 'live' is not installed")
pytestmark = needs_broker
START = datetime(2026, 1, 1, 8, tzinfo=UTC)


@pytest.fixture
def broker(tmp_path: Path) -> Iterator[Broker]:
    started = Broker(tmp_path / "broker")
    yield started
    started.stop()


def options(broker: Broker, *topics: str, **more: object) -> MqttOptions:
    return MqttOptions("127.0.0.1", broker.port, topics=topics or ("#",), **more)  # type: ignore[arg-type]


def listening(work: Desk, given: MqttOptions) -> Listening:
    return Listening(
        MqttSource(given),
        work.settings.data_dir / "live",
        lambda path: into(work, path),
        quick(work),
    )


@pytest.fixture
def press(broker: Broker) -> Iterator[Press]:
    made = Press(broker)
    yield made
    made.close()


def reading(number: int) -> dict[str, object]:
    at = START + timedelta(seconds=number)
    return {"timestamp": at.isoformat(), "torque": number + 0.25, "equipment": "P-1"}


def test_json_objects_reach_the_graph_with_their_own_time(
    broker: Broker, press: Press, work: Desk
) -> None:
    one = listening(work, options(broker, "plant/#"))
    sender = threading.Timer(1.0, lambda: [press.send("plant/p1", reading(n)) for n in range(30)])
    sender.start()

    state = heard(one, 30)

    assert (state.kept, state.rows_lifted, state.refused) == (30, 30, 0)
    assert torques(work) == [n + 0.25 for n in range(30)]


def test_broker_killed_in_the_middle_loses_and_doubles_nothing(
    broker: Broker, press: Press, work: Desk
) -> None:
    one = listening(work, options(broker, "plant/#"))

    def send() -> None:
        for number in range(60):
            press.send("plant/p1", reading(number))
            if number in (20, 40):
                broker.kill()
                time.sleep(0.3)
                broker.start()

    sender = threading.Timer(1.0, send)
    sender.start()
    state = heard(one, 60, seconds=40)
    sender.join()

    assert torques(work) == [n + 0.25 for n in range(60)]
    assert state.rows_lifted == 60


_CLIENT = """
import os, signal, sys
from pathlib import Path
from threading import Event
from qualweave.mappers.live.mqtt import MqttOptions, MqttSource
from qualweave.mappers.live.spool import Spools
class Dying(Spools):
    def keep(self, entries):
        kept = super().keep(entries)
        if self.kept >= int(sys.argv[3]):
            os.kill(os.getpid(), signal.SIGKILL)
        return kept
source = MqttSource(MqttOptions("127.0.0.1", int(sys.argv[1]), topics=("plant/#",)))
source.run(Dying(Path(sys.argv[2]), rows=10**9, seconds=1e9), Event())
"""
"""Listens and dies, where it is told to, between writing to disk and acknowledging."""


def test_client_killed_in_the_middle_loses_and_doubles_nothing(
    broker: Broker, press: Press, work: Desk, children: list[subprocess.Popen[bytes]]
) -> None:
    """Values without a time of their own: only the protocol tells a redelivery from a value that came twice."""
    folder = work.settings.data_dir / "live"

    def start(dies_after: int) -> subprocess.Popen[bytes]:
        command = [sys.executable, "-c", _CLIENT, str(broker.port), str(folder), str(dies_after)]
        children.append(subprocess.Popen(command))
        return children[-1]

    process = start(30)
    until = time.monotonic() + 20
    while not (folder / "open" / "plant" / "segment.jsonl").exists() and time.monotonic() < until:
        press.send("plant/hello", 1)
        time.sleep(0.2)
    values = [float(number % 7) for number in range(90)]

    died = 0
    for value in values:
        press.send("plant/p1/torque", value)
        time.sleep(0.03)
        if process.poll() is not None:
            died += 1
            process = start(30 if died == 1 else 10**9)
    while (
        died < 2
    ):  # on a slow machine it takes up what waits for it later than the last value is sent
        process.wait(timeout=30)
        died += 1
        process = start(30 if died == 1 else 10**9)
    time.sleep(2)
    os.kill(process.pid, signal.SIGKILL)
    process.wait()
    one = listening(work, options(broker, "plant/#"))
    state = one.run(2)

    lines = [
        json.loads(line) for path in kept_inputs(work) for line in path.read_bytes().splitlines()
    ]
    told = [line["values"] for line in lines if "got" in line]
    assert [float(one["torque"]) for one in told if "torque" in one] == values
    assert state.refused == 0


def test_a_wrong_password_is_an_error_that_says_so(tmp_path: Path, work: Desk) -> None:
    strict = Broker(tmp_path / "strict", extra="allow_anonymous false")
    one = listening(work, options(strict, "#", username="u", password="secret"))  # noqa: S106 - made up

    with pytest.raises(SourceUnavailable, match="Not authorized") as raised:
        one.run(10)

    assert "secret" not in str(raised.value)
    strict.stop()


def test_a_session_that_the_broker_forgot_is_a_gap(
    broker: Broker, press: Press, work: Desk
) -> None:
    short = options(broker, "plant/#", session_seconds=0)
    first = listening(work, short)
    threading.Timer(0.8, lambda: press.send("plant/p1", reading(1))).start()
    heard(first, 1)
    press.send("plant/p1", reading(2))

    second = listening(work, short)
    threading.Timer(1.5, lambda: press.send("plant/p1", reading(3))).start()
    state = heard(second, 2)

    held = work.quarantine.held()
    assert (state.rows_lifted, state.rows_quarantined) == (1, 1)
    assert [one.problems[0].code for one in held] == ["live-gap"]
    assert "kept no session" in held[0].problems[0].message["en"]


def test_payloads_that_cannot_be_read_wait_with_their_reason(
    broker: Broker, press: Press, work: Desk
) -> None:
    one = listening(work, options(broker, "plant/#"))

    def send() -> None:
        press.send("plant/p1", b"\xff\x00\xfe")
        press.send("plant/p1", reading(1))

    threading.Timer(0.8, send).start()
    state = heard(one, 2)

    assert (state.rows_lifted, state.rows_quarantined) == (1, 1)
    assert "neither JSON nor text" in work.quarantine.held()[0].problems[0].message["en"]


def test_levels_of_a_topic_that_are_named_become_fields(
    broker: Broker, press: Press, work: Desk
) -> None:
    one = listening(work, options(broker, "plant/{line}/{equipment}/state"))

    def send() -> None:
        for machine in ("P-1", "P-2"):
            press.send(f"plant/L1/{machine}/state", {"ts": "2026-01-01T08:00:00Z", "torque": 5})

    threading.Timer(0.8, send).start()
    heard(one, 2)

    with work.store.snapshot() as snapshot:
        rows = snapshot.select("SELECT ?e WHERE { ?s q:Torque ?v ; q:usesEquipment ?e }")
    assert {str(row["e"].value).rsplit("/", 1)[-1] for row in rows} == {"P-1", "P-2"}  # type: ignore[union-attr]


def test_no_broker_is_an_error_that_says_so(broker: Broker, work: Desk) -> None:
    broker.stop()

    with pytest.raises(SourceUnavailable, match="nothing answers"):
        listening(work, options(broker, "#", connect_seconds=0.5)).run(20)
