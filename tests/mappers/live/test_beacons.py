"""Beacons (R46): an hour of broadcasts over MQTT, and each item has the records of where and when it was made."""

import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from qualweave.mappers.desk import Desk
from qualweave.mappers.environment import associate
from qualweave.mappers.live.listening import Listening
from qualweave.mappers.live.mqtt import MqttOptions, MqttSource
from qualweave.shapes.validate import audit
from tests.mappers.live.broker import Broker, needs_broker
from tests.mappers.live.desks import heard, into, quick

paho = pytest.importorskip("paho.mqtt.client", reason="the extra 'live' is not installed")
pytestmark = needs_broker
START = datetime(2026, 1, 1, 8, tzinfo=UTC)
BEACONS = {"B-1": "L1", "B-2": "L2"}
PACKETS = 120  # an hour, one each 30 s


@pytest.fixture
def broker(tmp_path: Path) -> Iterator[Broker]:
    started = Broker(tmp_path / "broker")
    yield started
    started.stop()


def replay(broker: Broker) -> None:
    """Send the hour of both beacons: the humidity of L1 is the number of the packet, that of L2 is 1000 more."""
    client = paho.Client(paho.CallbackAPIVersion.VERSION2, client_id="replay")
    client.connect("127.0.0.1", broker.port)
    client.loop_start()
    for number in range(PACKETS):
        at = (START + timedelta(seconds=30 * number)).isoformat()
        for beacon, line in BEACONS.items():
            humidity = number / 10 + (50 if line == "L2" else 0)
            text = f'{{"ts": "{at}", "humidity": {humidity}, "air temperature": 21.5}}'
            client.publish(f"plant/{line}/beacon/{beacon}", text, qos=1).wait_for_publish(5)
    client.disconnect()
    client.loop_stop()


OPERATIONS = """operation,line,serial number,start time,end time
OP1,L1,S1,2026-01-01T08:10:00Z,2026-01-01T08:12:00Z
OP2,L2,S2,2026-01-01T08:10:00Z,2026-01-01T08:11:00Z
OP3,L1,S3,2026-01-01T08:30:10Z,2026-01-01T08:30:14Z
OP4,L1,S4,2026-01-01T11:00:00Z,2026-01-01T11:01:00Z
"""


def test_items_get_the_environment_records_of_their_place_and_time(
    broker: Broker, work: Desk, tmp_path: Path
) -> None:
    options = MqttOptions("127.0.0.1", broker.port, topics=("plant/{line}/beacon/{equipment}",))
    one = Listening(
        MqttSource(options),
        work.settings.data_dir / "live",
        lambda path: into(work, path),
        quick(work),
    )
    threading.Timer(1.0, replay, (broker,)).start()
    state = heard(one, 2 * PACKETS, seconds=60)
    (tmp_path / "mes").mkdir()
    (tmp_path / "mes" / "operations.csv").write_text(OPERATIONS)
    into(work, tmp_path / "mes")
    work.store.publish()

    with work.snapshot() as snapshot:
        change = associate(snapshot, tenant=work.tenant, base=work.settings.base_iri)
    assert change is not None
    work.store.commit([change], principal=work.principal, gate=work.gate)
    work.store.publish()

    assert (state.rows_lifted, state.rows_quarantined) == (2 * PACKETS, 0)
    assert found(work) == {
        "S1": [2.0, 2.1, 2.2, 2.3, 2.4],  # 8:10:00 to 8:12:00, both ends
        "S2": [52.0, 52.1, 52.2],
        "S3": [6.0],  # too short for a broadcast: the nearest
    }
    with work.snapshot() as snapshot:
        assert not audit(snapshot, tenant=work.tenant).violations


def found(work: Desk) -> dict[str, list[float]]:
    with work.snapshot() as snapshot:
        rows = snapshot.select(
            "SELECT ?item ?value WHERE { ?o q:hasFeatureOfInterest ?item ; q:Humidity ?value . "
            "?item q:producedBy ?operation }"
        )
    values: dict[str, list[float]] = {}
    for row in rows:
        name = str(row["item"].value).rsplit("/", 1)[-1]  # type: ignore[union-attr]
        values.setdefault(name, []).append(float(row["value"].value))  # type: ignore[union-attr]
    return {name: sorted(ones) for name, ones in sorted(values.items())}
