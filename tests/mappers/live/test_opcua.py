"""OPC UA with a real server in a process of its own: browsed, subscribed to, killed, and filled up again."""

import asyncio
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from qualweave.errors import SourceUnavailable
from qualweave.mappers.desk import Desk
from qualweave.mappers.live.listening import Listening
from qualweave.mappers.live.opcua import OpcUaOptions, OpcUaSource
from tests.mappers.live.broker import free_port
from tests.mappers.live.desks import heard, into, quick, torques
from tests.mappers.live.wire_cut import Wire

pytest.importorskip("asyncua", reason="the extra 'live' is not installed")
SERVER = Path(__file__).with_name("opcua_server.py")


class Press:
    """The server's process."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.folder, self.port = folder, free_port()
        self.url = f"opc.tcp://127.0.0.1:{self.port}/press"
        self._process: subprocess.Popen[str] | None = None

    def start(self, first: int, last: int, *, before: int = 0) -> None:
        command = [
            sys.executable,
            SERVER,
            str(self.port),
            str(self.folder),
            str(before),
            str(first),
            str(last),
        ]
        self._process = subprocess.Popen(
            command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
        )
        assert self._process.stdout is not None
        assert self._process.stdout.readline().strip() == "ready"

    def counted(self) -> int:
        """The last number that is certainly in the history."""
        return int((self.folder / "count").read_text() or 0)

    def reach(self, number: int) -> None:
        until = time.monotonic() + 30
        while time.monotonic() < until:
            if (self.folder / "count").exists() and self.counted() >= number:
                return
            time.sleep(0.02)
        raise AssertionError(number)

    def kill(self) -> None:
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            if self._process.stdout is not None:
                self._process.stdout.close()
            self._process = None


@pytest.fixture
def press(tmp_path: Path) -> Iterator[Press]:
    made = Press(tmp_path / "press")
    yield made
    made.kill()


def listening(work: Desk, url: str, **more: object) -> Listening:
    source = OpcUaSource(OpcUaOptions(url, sampling_ms=5, publishing_ms=100, **more))  # type: ignore[arg-type]
    return Listening(
        source, work.settings.data_dir / "live", lambda path: into(work, path), quick(work)
    )


def until_torque(work: Desk, listening: Listening, last: float, done: Callable[[], object]) -> None:
    """Stop once the last number is in the graph."""
    until = time.monotonic() + 40
    while time.monotonic() < until and (not (found := torques(work)) or found[-1] < last):
        time.sleep(0.3)
    done()


def test_the_address_space_is_told_with_unit_range_states_and_lasting_address(press: Press) -> None:
    press.start(0, 1)

    found = {one.facts.name: one for one in OpcUaSource(OpcUaOptions(press.url)).variables()}

    torque = found["Torque"]
    assert (torque.facts.unit, torque.facts.low, torque.facts.high) == ("NU", 0.0, 500.0)
    assert torque.facts.address == "nsu=https://example.org/press/;i=5001"
    assert torque.facts.description == "Tightening torque at the end of the stroke"
    assert (torque.device, torque.device_path, torque.has_history) == (
        "Press-7",
        "Hall/Press-7",
        True,
    )
    assert dict(found["Mode"].facts.states) == {"0": "Setting up", "1": "Production"}
    assert "Spindle.Temperature" in found


def test_server_and_client_killed_in_the_middle_lose_and_double_nothing(
    press: Press, work: Desk, children: list[subprocess.Popen[bytes]]
) -> None:
    press.start(0, 200)
    folder = work.settings.data_dir / "live"
    client = subprocess.Popen([sys.executable, "-c", _CLIENT, press.url, str(folder)])
    children.append(client)
    press.reach(60)
    os.kill(client.pid, signal.SIGKILL)
    client.wait()
    press.reach(90)
    one = listening(work, press.url)

    def play() -> None:
        press.reach(130)
        press.kill()
        time.sleep(0.5)
        press.start(0, 200)
        press.reach(199)
        until_torque(work, one, 199.0, one.stop.set)

    thread = threading.Thread(target=play)
    thread.start()
    state = one.run(90)
    thread.join()

    found = torques(work)
    assert found[0] < 60  # heard by the client that was killed
    missing = sorted(set(map(float, range(int(found[0]), 200))) - set(found))
    assert (missing, len(found) - len(set(found))) == ([], 0)
    assert state.refused == 0
    assert client.returncode == -signal.SIGKILL


_CLIENT = """
import sys
from pathlib import Path
from threading import Event
from qualweave.mappers.live.opcua import OpcUaOptions, OpcUaSource
from qualweave.mappers.live.spool import Spools
source = OpcUaSource(OpcUaOptions(sys.argv[1], sampling_ms=5, publishing_ms=100))
source.run(Spools(Path(sys.argv[2]), rows=10**9, seconds=1e9), Event())
"""


def test_a_variable_without_history_gets_a_gap_and_bad_values_wait(
    press: Press, work: Desk
) -> None:
    press.start(0, 40)
    heard(listening(work, press.url), 80, seconds=12)
    press.kill()
    press.start(40, 60, before=2)  # the namespace has another index now

    heard(listening(work, press.url), 45, seconds=12)

    held = [problem for row in work.quarantine.held() for problem in row.problems]
    gaps = {one.column for one in held if one.code == "live-gap"}
    assert {"Spindle.Temperature", "Mode"} <= gaps
    bad = [one for one in held if one.code == "bad-quality"]
    assert {one.column for one in bad} == {"Spindle.Temperature"}
    assert "BadSensorFailure" in bad[0].message["en"]
    assert torques(work)[-1] == 59.0


def test_a_cut_wire_is_mended_inside_the_session(press: Press, work: Desk) -> None:
    """A variable without history: what was sampled meanwhile comes from the subscription, which lived on."""
    press.start(0, 200)
    wire = Wire(press.port)
    one = listening(work, f"opc.tcp://127.0.0.1:{wire.port}/press", queue_size=1000)

    def play() -> None:
        press.reach(80)
        wire.cut()
        press.reach(140)
        wire.mend()
        press.reach(199)
        until_torque(work, one, 199.0, one.stop.set)

    thread = threading.Thread(target=play)
    thread.start()
    one.run(90)
    thread.join()
    wire.close()

    problems = [problem for row in work.quarantine.held() for problem in row.problems]
    found = torques(work, "Humidity")
    assert [one.column for one in problems if one.code == "live-gap"] == []
    assert found == [float(number) for number in range(int(found[0]), 200)]


def test_a_queue_that_was_too_small_is_filled_from_history_or_a_gap(
    press: Press, work: Desk
) -> None:
    press.start(0, 200)
    wire = Wire(press.port)
    one = listening(work, f"opc.tcp://127.0.0.1:{wire.port}/press", queue_size=5)

    def play() -> None:
        press.reach(60)
        wire.cut()
        press.reach(140)
        wire.mend()
        press.reach(199)
        until_torque(work, one, 199.0, one.stop.set)

    thread = threading.Thread(target=play)
    thread.start()
    one.run(90)
    thread.join()
    wire.close()

    found = torques(work)
    problems = [problem for row in work.quarantine.held() for problem in row.problems]
    gaps = {one.column for one in problems if one.code == "live-gap"}
    assert found == [float(number) for number in range(int(found[0]), 200)]
    assert gaps == {"Humidity"}


def test_no_server_is_an_error_that_says_so(work: Desk) -> None:
    one = listening(work, f"opc.tcp://127.0.0.1:{free_port()}/", connect_seconds=1.0)

    with pytest.raises(SourceUnavailable, match="cannot be listened to"):
        one.run(20)


async def _certificates(folder: Path) -> None:
    from asyncua.crypto.cert_gen import setup_self_signed_certificate  # noqa: PLC0415 - an extra
    from cryptography.x509.oid import ExtendedKeyUsageOID  # noqa: PLC0415 - likewise

    for name, use in (
        ("server", ExtendedKeyUsageOID.SERVER_AUTH),
        ("client", ExtendedKeyUsageOID.CLIENT_AUTH),
    ):
        await setup_self_signed_certificate(
            folder / f"{name}.pem", folder / f"{name}.der", f"urn:example.org:{name}", "localhost", [use],
            {"commonName": name},
        )  # fmt: skip


def test_a_session_is_encrypted_and_its_user_known(tmp_path: Path) -> None:
    press = Press(tmp_path / "press")
    asyncio.run(_certificates(press.folder))
    files = {
        "certificate": str(press.folder / "client.der"),
        "private_key": str(press.folder / "client.pem"),
    }
    try:
        press.start(0, 1)
        right = OpcUaOptions(press.url, username="li", password="spindle", **files)  # noqa: S106 - made up
        found = OpcUaSource(right).variables()
        with pytest.raises(SourceUnavailable, match="cannot be listened to"):
            OpcUaSource(replace(right, password="wrong")).variables()  # noqa: S106 - made up
        with pytest.raises(SourceUnavailable, match="cannot be listened to"):
            OpcUaSource(OpcUaOptions(press.url)).variables()
        with pytest.raises(SourceUnavailable, match="no certificate") as raised:
            OpcUaSource(replace(right, certificate=str(SERVER))).variables()
    finally:
        press.kill()

    assert {one.facts.name for one in found} >= {"Torque", "Mode"}
    assert "spindle" not in str(raised.value) + repr(right)
