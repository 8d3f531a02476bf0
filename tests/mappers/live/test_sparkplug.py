"""Sparkplug B: the wire format against Google's implementation, births and aliases, holes, and a real broker."""

import threading
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qualweave.errors import InputError
from qualweave.mappers.desk import Desk
from qualweave.mappers.live.listening import Listening
from qualweave.mappers.live.mqtt import MqttOptions, MqttSource
from qualweave.mappers.live.payload import Message
from qualweave.mappers.live.port import Gap, Reading
from qualweave.mappers.live.sparkplug import SparkplugDecoder
from qualweave.mappers.live.sparkplug_wire import Metric, Payload, decode, encode
from qualweave.mappers.live.spool import Spools
from tests.mappers.live.broker import Broker, needs_broker
from tests.mappers.live.desks import heard, into, quick, torques

AT = datetime(2026, 1, 1, 8, tzinfo=UTC)
OPTIONS = MqttOptions("127.0.0.1")
DOUBLE, INT8, BOOLEAN, STRING, INT64 = 10, 1, 11, 12, 4


@pytest.fixture
def spools(tmp_path: Path) -> Spools:
    return Spools(tmp_path / "live", rows=10**9, seconds=1e9)


def message(
    kind: str, payload: Payload | bytes, device: str = "P-1", *, dup: bool = False
) -> Message:
    topic = f"spBv1.0/plant/{kind}/edge" + (f"/{device}" if device else "")
    content = payload if isinstance(payload, bytes) else encode(payload)
    return Message(topic, content, 1, dup, retain=False, got=AT)


def births(decoder: SparkplugDecoder, spools: Spools) -> None:
    node = Payload(AT, 0, (Metric("bdSeq", datatype=INT64, value=0),))
    device = Payload(
        AT, 1,
        (
            Metric("Torque", 7, datatype=DOUBLE, value=1.5, properties={"engUnit": "N.m", "Quality": 192}),
            Metric("Offset", 8, datatype=INT8, value=-3),
        ),
    )  # fmt: skip
    for kind, payload, name in (("NBIRTH", node, ""), ("DBIRTH", device, "P-1")):
        decoded = decoder.decode(message(kind, payload, name), spools)
        for one in decoded.declarations:
            spools.declare(one)


def values(entries: Any) -> dict[str, object]:
    return {one.name: one.value for entry in entries for one in entry.samples}


def google() -> Any:
    """The messages of the specification's chapter 6.4 as Google's library reads them."""
    pytest.importorskip("google.protobuf", reason="protobuf is not installed")
    from google.protobuf import descriptor_pb2, descriptor_pool, message_factory  # noqa: PLC0415

    file = descriptor_pb2.FileDescriptorProto(name="s.proto", package="s", syntax="proto2")
    kinds = {"u32": 13, "u64": 4, "f": 2, "d": 1, "b": 8, "s": 9, "y": 12}
    rows = {
        "Value": "1 type u32,2 null b,3 int u32,4 long u64,5 float f,6 double d,7 bool b,8 string s",
        "Set": "1 keys s*,2 values .s.Value*",
        "Metric": "1 name s,2 alias u64,3 timestamp u64,4 datatype u32,5 historical b,6 transient b,7 null b,"
        "9 properties .s.Set,10 int u32,11 long u64,12 float f,13 double d,14 bool b,15 string s,16 bytes y",
        "Payload": "1 timestamp u64,2 metrics .s.Metric*,3 seq u64",
    }
    for name, text in rows.items():
        kind = file.message_type.add(name=name)
        for row in text.split(","):
            number, field, typed = row.split()
            one = kind.field.add(
                name=field, number=int(number), label=3 if typed.endswith("*") else 1
            )
            if typed.startswith("."):
                one.type, one.type_name = 11, typed.rstrip("*")
            else:
                one.type = kinds[typed.rstrip("*")]
    pool = descriptor_pool.DescriptorPool()
    pool.Add(file)
    return message_factory.GetMessageClass(pool.FindMessageTypeByName("s.Payload"))


def test_payloads_are_read_as_googles_implementation_writes_them() -> None:
    foreign = google()()
    foreign.timestamp, foreign.seq = 1_767_254_400_000, 255
    torque = foreign.metrics.add(
        name="Torque", alias=7, timestamp=1_767_254_400_001, datatype=DOUBLE
    )
    torque.double = 12.5
    torque.properties.keys.extend(["engUnit", "Quality"])
    torque.properties.values.add(type=12, string="N.m")
    torque.properties.values.add(type=3, int=192)
    foreign.metrics.add(alias=8, datatype=INT8, int=0xFFFFFFFD)
    foreign.metrics.add(name="on", datatype=BOOLEAN, bool=True)
    foreign.metrics.add(name="raw", datatype=17, bytes=b"\x01\xff")

    found = decode(foreign.SerializeToString())

    assert (found.at, found.sequence) == (AT, 255)
    assert [one.value for one in found.metrics] == [12.5, -3, True, "01ff"]
    assert found.metrics[0].properties == {"engUnit": "N.m", "Quality": 192}
    assert found.metrics[0].at == AT + timedelta(milliseconds=1)


def test_payloads_are_written_as_googles_implementation_reads_them() -> None:
    content = encode(
        Payload(
            AT,
            3,
            (Metric("Offset", 8, AT, INT8, -3), Metric("mode", datatype=STRING, value="运行")),
        )
    )

    read = google().FromString(content)

    assert (read.timestamp, read.seq) == (1_767_254_400_000, 3)
    assert read.metrics[0].int == 0xFFFFFFFD
    assert read.metrics[1].string == "运行"


@given(st.binary(max_size=200))
def test_bytes_of_any_kind_are_a_payload_or_an_error_that_says_so(content: bytes) -> None:
    try:
        decode(content)
    except InputError as error:
        assert "Sparkplug B" in error.message  # noqa: PT017 - most bytes are one or the other


def test_data_by_alias_get_name_type_and_unit_of_the_birth(spools: Spools) -> None:
    decoder = SparkplugDecoder(OPTIONS)
    births(decoder, spools)

    data = Payload(AT, 2, (Metric(alias=7, at=AT, value=2.5), Metric(alias=8, at=AT, value=253)))
    found = decoder.decode(message("DDATA", data), spools)

    assert values(found.entries) == {"Torque": 2.5, "Offset": -3}
    assert [one.unit for one in spools.fields("plant/edge/P-1")] == ["N.m", ""]
    assert found.replies == []


def test_a_restart_of_ours_keeps_what_aliases_stand_for(spools: Spools) -> None:
    births(SparkplugDecoder(OPTIONS), spools)

    found = SparkplugDecoder(OPTIONS).decode(
        message("DDATA", Payload(AT, 2, (Metric(alias=7, value=2.5),))), spools
    )

    assert values(found.entries) == {"Torque": 2.5}


def test_data_without_a_birth_wait_and_the_birth_is_asked_for_once(spools: Spools) -> None:
    decoder = SparkplugDecoder(OPTIONS)

    first = decoder.decode(message("DDATA", Payload(AT, 2, (Metric(alias=7, value=2.5),))), spools)
    second = decoder.decode(message("DDATA", Payload(AT, 3, (Metric(alias=7, value=3.5),))), spools)

    [reading] = first.entries
    assert isinstance(reading, Reading)
    assert [(one.name, one.quality) for one in reading.samples] == [("unnamed metric", "uncertain")]
    [(topic, content)] = first.replies
    assert (topic, decode(content).metrics[0].name) == (
        "spBv1.0/plant/NCMD/edge",
        "Node Control/Rebirth",
    )
    assert second.replies == []


def test_a_hole_in_the_sequence_is_a_gap_and_asks_for_a_birth(spools: Spools) -> None:
    decoder = SparkplugDecoder(OPTIONS)
    births(decoder, spools)

    found = decoder.decode(message("DDATA", Payload(AT, 5, (Metric("Torque", value=2.5),))), spools)

    gap = found.entries[0]
    assert isinstance(gap, Gap)
    assert "3 message(s) of edge node edge are missing: 5 came after 1" in gap.reason
    assert found.replies


def test_the_sequence_goes_round_after_255_and_a_redelivery_is_no_hole(spools: Spools) -> None:
    decoder = SparkplugDecoder(OPTIONS)
    births(decoder, spools)
    found = []

    for number in [*range(2, 256), 0, 1]:
        data = Payload(AT + timedelta(seconds=number), number, (Metric("Torque", value=1.0),))
        found += decoder.decode(message("DDATA", data), spools).entries
    found += decoder.decode(message("DDATA", data, dup=True), spools).entries

    assert not any(isinstance(one, Gap) for one in found)


def test_a_late_death_of_an_earlier_life_changes_nothing(spools: Spools) -> None:
    decoder = SparkplugDecoder(OPTIONS)
    births(decoder, spools)

    late = Payload(AT, None, (Metric("bdSeq", datatype=INT64, value=255),))
    decoder.decode(message("NDEATH", late, ""), spools)
    found = decoder.decode(message("DDATA", Payload(AT, 2, (Metric(alias=7, value=2.5),))), spools)

    assert values(found.entries) == {"Torque": 2.5}


def test_a_value_of_bad_quality_is_not_vouched_for(spools: Spools) -> None:
    decoder = SparkplugDecoder(OPTIONS)
    births(decoder, spools)

    data = Payload(
        AT, 2, (Metric(alias=7, datatype=DOUBLE, value=2.5, properties={"Quality": 500}),)
    )
    [reading] = decoder.decode(message("DDATA", data), spools).entries

    assert isinstance(reading, Reading)
    assert [(one.quality, one.reason) for one in reading.samples] == [("uncertain", "Quality 500")]


def test_a_payload_that_is_none_waits_with_its_reason(spools: Spools) -> None:
    [reading] = SparkplugDecoder(OPTIONS).decode(message("DDATA", b"\xff\xff"), spools).entries

    assert isinstance(reading, Reading)
    assert reading.samples[0].quality == "bad"


@pytest.fixture
def broker(tmp_path: Path) -> Iterator[Broker]:
    started = Broker(tmp_path / "broker")
    yield started
    started.stop()


@needs_broker
def test_an_edge_node_is_asked_for_its_birth_and_its_values_reach_the_graph(
    broker: Broker, work: Desk
) -> None:
    paho = pytest.importorskip("paho.mqtt.client", reason="the extra 'live' is not installed")
    options = MqttOptions("127.0.0.1", broker.port, topics=("spBv1.0/#",))
    one = Listening(
        MqttSource(options, SparkplugDecoder(options)), work.settings.data_dir / "live",
        lambda path: into(work, path), quick(work),
    )  # fmt: skip
    edge = paho.Client(paho.CallbackAPIVersion.VERSION2, client_id="edge")
    asked = threading.Event()

    def send(kind: str, sequence: int, *metrics: Metric, device: str = "P-1") -> None:
        at = AT + timedelta(seconds=sequence)
        told = message(kind, Payload(at, sequence, metrics), device)
        edge.publish(told.topic, told.payload, qos=1).wait_for_publish(5)

    def play() -> None:
        time.sleep(1)
        send("DDATA", 9, Metric(alias=7, value=9.5))
        assert asked.wait(10)
        send("NBIRTH", 0, Metric("bdSeq", datatype=INT64, value=1), device="")
        send(
            "DBIRTH",
            1,
            Metric("Torque", 7, datatype=DOUBLE, value=1.0, properties={"engUnit": "N.m"}),
        )
        for number in range(2, 12):
            send("DDATA", number, Metric(alias=7, value=float(number)))

    edge.on_message = lambda *_: asked.set()
    edge.connect("127.0.0.1", broker.port)
    edge.subscribe("spBv1.0/plant/NCMD/edge", qos=1)
    edge.loop_start()
    thread = threading.Thread(target=play)
    thread.start()
    state = heard(one, 12)
    thread.join()
    edge.disconnect()
    edge.loop_stop()

    assert torques(work) == [float(number) for number in range(1, 12)]
    assert state.rows_quarantined == 1
