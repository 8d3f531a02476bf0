"""A Mosquitto of the test's own: loopback port, own folder, ended by its process id."""

import json
import os
import shutil
import socket
import subprocess
import time
from pathlib import Path

import pytest

MOSQUITTO = shutil.which("mosquitto", path="/usr/sbin:/usr/local/sbin:/usr/bin:/usr/local/bin")
needs_broker = pytest.mark.skipif(
    MOSQUITTO is None, reason="mosquitto is not installed (scripts/system-packages installs it)"
)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class Broker:
    """A broker that keeps what it holds over its own death, as a plant's does."""

    def __init__(self, folder: Path, *, extra: str = "", autosave: bool = True) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.port = free_port()
        self._config = folder / "mosquitto.conf"
        self._config.write_text(
            f"listener {self.port} 127.0.0.1\n"
            "persistence true\n"
            f"persistence_location {folder}/\n"
            f"autosave_interval {1 if autosave else 60}\nautosave_on_changes {str(autosave).lower()}\n"
            "max_queued_messages 100000\nmax_inflight_messages 100\n"
            f"log_dest none\n{extra or 'allow_anonymous true'}\n"
            + ("user root\n" if os.getuid() == 0 else "")
        )
        self._process: subprocess.Popen[bytes] | None = None
        self.start()

    def start(self) -> None:
        assert MOSQUITTO is not None
        self._process = subprocess.Popen([MOSQUITTO, "-c", str(self._config)])
        until = time.monotonic() + 10
        while time.monotonic() < until:
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", self.port)) == 0:
                    return
            time.sleep(0.05)
        raise RuntimeError("the broker does not answer")

    def kill(self) -> None:
        """End it without a chance to tidy up."""
        assert self._process is not None
        self._process.kill()
        self._process.wait()

    def stop(self) -> None:
        assert self._process is not None
        if self._process.poll() is None:
            self._process.terminate()
            self._process.wait()


class Press:
    """A device that numbers what it sends, waits for the broker's word, and sends again what it did not get."""

    def __init__(self, broker: Broker) -> None:
        paho = pytest.importorskip("paho.mqtt.client", reason="the extra 'live' is not installed")
        self._client = paho.Client(paho.CallbackAPIVersion.VERSION2, client_id="press")
        self._client.reconnect_delay_set(1, 1)
        self._done: set[int] = set()
        self._client.on_publish = lambda _c, _d, mid, _r, _p: self._done.add(mid)
        self._client.connect_async("127.0.0.1", broker.port)
        self._client.loop_start()

    def send(self, topic: str, payload: object, *, retain: bool = False) -> None:
        text = payload if isinstance(payload, bytes) else json.dumps(payload)
        told = self._client.publish(topic, text, qos=1, retain=retain)
        until = time.monotonic() + 20
        while told.mid not in self._done and time.monotonic() < until:
            time.sleep(0.002)
        assert told.mid in self._done

    def close(self) -> None:
        self._client.disconnect()
        self._client.loop_stop()
