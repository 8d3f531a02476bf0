"""Live MQTT at full speed: messages a second to disk and rows a second to the graph, everything on this machine."""

import json
import tempfile
import threading
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

from paho.mqtt import client as paho
from paho.mqtt.enums import CallbackAPIVersion

from qualweave.config import Settings
from qualweave.mappers.desk import Desk, desk
from qualweave.mappers.live.listening import Listening
from qualweave.mappers.live.mqtt import MqttOptions, MqttSource
from qualweave.ontology.load import load_graph
from qualweave.ontology.terms import TermIndex
from qualweave.principal import SYSTEM
from qualweave.shapes.gate import ShapeGate
from qualweave.store.oxigraph import open_store
from tests.mappers.exact import exact
from tests.mappers.live.broker import Broker
from tests.mappers.live.desks import into

_MESSAGES = 20_000
_FIELDS = (
    "torque", "humidity", "air temperature", "spindle speed", "spindle torque", "dew point",
    "ambient pressure", "voltage",
)  # fmt: skip
_START = datetime(2026, 1, 1, tzinfo=UTC)


def _send(port: int) -> None:
    client = paho.Client(CallbackAPIVersion.VERSION2, client_id="press")
    client.max_inflight_messages_set(200)
    client.max_queued_messages_set(0)
    client.connect("127.0.0.1", port)
    client.loop_start()
    for number in range(_MESSAGES):
        at = (_START + timedelta(milliseconds=100 * number)).isoformat()
        values = {name: number + place / 2 for place, name in enumerate(_FIELDS)}
        payload = json.dumps({"timestamp": at, "equipment": "P-1", **values})
        told = client.publish("plant/p1", payload, qos=1)
    told.wait_for_publish(300)
    client.disconnect()
    client.loop_stop()


def _listening(work: Desk, port: int) -> Listening:
    options = MqttOptions("127.0.0.1", port, topics=("plant/#",))
    folder = work.settings.data_dir / "live"
    return Listening(MqttSource(options), folder, lambda path: into(work, path), work.settings)


def main() -> None:
    """Print the table."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        broker = Broker(folder / "broker", autosave=False)
        settings = Settings(data_dir=folder / "data", cache_dir=folder / "cache", live_seconds=5)
        store = open_store(settings.data_dir / "store", settings)
        terms = TermIndex.from_graph(load_graph())
        work = desk(
            store=store,
            terms=terms,
            settings=settings,
            principal=SYSTEM,
            gate=ShapeGate(),
            aligner=exact,
        )
        made = _listening(work, broker.port)
        thread = threading.Thread(target=made.run)
        thread.start()
        time.sleep(2)
        started, cpu = time.monotonic(), time.process_time()
        threading.Thread(target=_send, args=(broker.port,)).start()
        while made.spools.kept < _MESSAGES:
            time.sleep(0.05)
        kept = time.monotonic() - started
        made.stop.set()
        thread.join()
        total, cpu = time.monotonic() - started, time.process_time() - cpu
        store.close()
        broker.stop()
    count, values = made.state.rows_lifted, made.state.rows_lifted * len(_FIELDS)
    print("| step | messages | values |\n|---|---|---|")
    print(
        f"| on disk, acknowledged | {_MESSAGES / kept:.0f} /s | {_MESSAGES * len(_FIELDS) / kept:.0f} /s |"
    )
    print(f"| in the graph, judged | {count / total:.0f} /s | {values / total:.0f} /s |")
    print(
        f"| in the graph, by CPU second (publisher included) | {count / cpu:.0f} | {values / cpu:.0f} |"
    )
    print(f"\n{count} rows, {made.state.repeated} repeated, {made.state.refused} refused.")


if __name__ == "__main__":
    main()
