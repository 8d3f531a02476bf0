"""Live values at a rate: samples of Parquet segments, each once, whatever the rate does and whoever is killed."""

import tempfile
import threading
import time
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from qualweave.mappers.desk import Desk
from qualweave.mappers.lift.batch import Batch
from qualweave.mappers.live.listening import Listening
from qualweave.mappers.live.mqtt import MqttOptions, MqttSource
from qualweave.mappers.live.port import Reading, Sample
from qualweave.mappers.live.spool import Spools
from qualweave.mappers.mapping import ColumnMapping, Decision, MappingDocument
from qualweave.mappers.readers.live_segment import TIME, read_segment
from qualweave.mappers.series.live import part_series
from qualweave.mappers.series.rate import RateWindow
from qualweave.mappers.table import ROW
from qualweave.mappers.vocabulary import Vocabulary
from qualweave.ontology.terms import TermIndex
from tests.mappers.live.broker import Broker, Press, needs_broker
from tests.mappers.live.desks import heard, into, quick, segments, torques

START = datetime(2026, 1, 1, 8, tzinfo=UTC)
STEP_MS = 10


@pytest.fixture(scope="module")
def vocabulary(terms: TermIndex) -> Vocabulary:
    return Vocabulary.from_terms(terms)


def reading(number: int, at: float, *, name: str = "torque", machine: str = "P-1") -> Reading:
    moment = START + timedelta(seconds=at)
    return Reading(
        "plant/{equipment}", (Sample(name, number + 0.5),), moment, moment, key=f"{name} {number}",
        stream="s", context={"equipment": machine},
    )  # fmt: skip


def spools(folder: Path) -> Spools:
    return Spools(folder, rows=10**9, seconds=1e9)


def quads(work: Desk) -> int:
    work.store.publish()
    with work.snapshot() as snapshot:
        return sum(1 for _ in snapshot.quads())


# --- the decision ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("steps", "at_rate"),
    [
        ([1.0] * 32, True),
        ([1.05, 0.95] * 16, True),
        ([1.0] * 31, False),  # too few to tell
        ([1.5] * 40, False),
        ([0.01] * 40 + [3600.0] + [0.01] * 5, True),  # a pause is no change of rate
        ([0.01] * 40 + [1.5] * 32, True),  # it stays until it is clearly slower
        ([0.01] * 40 + [3.0] * 4, False),
        (([0.05] * 4 + [60.0]) * 10, False),  # a few values of each cycle are events
    ],
)
def test_a_field_is_at_rate_by_its_newest_steps(steps: list[float], *, at_rate: bool) -> None:
    window, now = RateWindow(), 0.0
    window.note(0)

    for step in steps:
        now += step
        window.note(int(now * 1e6))

    assert window.at_rate is at_rate
    assert RateWindow.from_json(window.to_json()) == window


def test_what_a_broker_held_back_and_sends_at_once_is_no_rate() -> None:
    window = RateWindow()

    for number in range(1000):
        window.note(number * 1_000, arrival=True)

    assert not window.at_rate


def mapped(sampling: str = "auto") -> MappingDocument:
    columns = [
        ColumnMapping(name=TIME, term="q:eventTime", decision=Decision.ACCEPTED),
        ColumnMapping(name="equipment", term="q:equipmentIdentifier", decision=Decision.ACCEPTED),
        ColumnMapping(
            name="torque", term="q:Torque", decision=Decision.ACCEPTED, unit="N.m",
            sampling=sampling,  # type: ignore[arg-type]
        ),
        ColumnMapping(name="result", term="q:result", decision=Decision.ACCEPTED),
    ]  # fmt: skip
    return MappingDocument(source="s", columns=tuple(columns), records=("process_record",))


def parted(path: Path, vocabulary: Vocabulary, home: Path, sampling: str = "auto") -> list[float]:
    """Return the samples that go to files, and check that the rest holds all others."""
    table = read_segment(path)
    batch = Batch("s", path.name.ljust(64, "0"), path.name)
    known = sorted(home.rglob("*.parquet"))
    found = part_series(table, mapped(sampling), batch=batch, vocabulary=vocabulary, home=home)
    fresh = [one for one in sorted(home.rglob("*.parquet")) if one not in known]
    frames = [pl.read_parquet(one) for one in fresh]
    assert all(one["time"].is_sorted() for one in frames)
    samples = [value for one in frames for value in one["value"].to_list()]
    left = found.rest.frame["torque"].drop_nulls().cast(pl.Float64).to_list()
    everything = table.frame["torque"].drop_nulls().cast(pl.Float64).to_list()
    assert sorted(samples + left) == sorted(everything)
    assert len(found.rest.frame) + found.gone == len(table.frame)
    return samples


@pytest.mark.parametrize(
    ("sampling", "step", "samples"),
    [("auto", 0.1, 50), ("auto", 10, 0), ("events", 0.1, 0), ("series", 10, 50)],
)
def test_the_mapping_may_say_otherwise(
    tmp_path: Path, vocabulary: Vocabulary, sampling: str, step: float, samples: int
) -> None:
    kept = spools(tmp_path)
    kept.keep([reading(number, number * step) for number in range(50)])
    [path] = kept.seal(everything=True)

    assert len(parted(path, vocabulary, tmp_path / "home", sampling)) == samples


def test_many_slow_machines_in_one_topic_are_no_series(
    tmp_path: Path, vocabulary: Vocabulary
) -> None:
    kept = spools(tmp_path)
    readings = [reading(number, number / 4, machine=f"P-{number % 40}") for number in range(400)]
    named = [
        replace(one, context={}, samples=(*one.samples, Sample("equipment", one.context["equipment"])))
        for one in readings
    ]  # fmt: skip
    kept.keep(named)
    [path] = kept.seal(everything=True)

    assert [one.name for one in read_segment(path).at_rate] == ["torque"]
    assert parted(path, vocabulary, tmp_path / "home") == []


def test_a_row_that_says_more_than_samples_keeps_the_rest(
    tmp_path: Path, vocabulary: Vocabulary
) -> None:
    kept = spools(tmp_path)
    readings = [reading(number, number / 10) for number in range(100)]
    readings[70] = replace(readings[70], samples=(*readings[70].samples, Sample("result", "OK")))
    kept.keep(readings)
    [path] = kept.seal(everything=True)

    found = part_series(
        read_segment(path), mapped(), batch=Batch("s", "0" * 64, "s"), vocabulary=vocabulary,
        home=tmp_path / "home",
    )  # fmt: skip

    assert found.gone == 99
    assert found.rest.frame.select("torque", "result", ROW).rows() == [(None, "OK", 71)]


class _Dies(Exception):
    """The process is killed here."""


@settings(max_examples=25, deadline=None)
@given(
    phases=st.lists(
        st.tuples(st.integers(1, 45), st.sampled_from([0.01, 0.5, 1.0, 3.0, 30.0])), max_size=6
    ),
    deaths=st.lists(st.tuples(st.integers(0, 200), st.sampled_from(["kill", "seal", "sealing"]))),
    again=st.integers(0, 20),
)
def test_a_change_of_rate_a_kill_and_a_redelivery_lose_and_double_nothing(
    vocabulary: Vocabulary,
    phases: list[tuple[int, float]],
    deaths: list[tuple[int, str]],
    again: int,
) -> None:
    at, sent = 0.0, []
    for count, step in phases:
        for _ in range(count):
            at += step
            sent.append(reading(len(sent), at))
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        _deliver(folder, sent, dict(deaths), again=again)
        heard_of = [
            value
            for path in spools(folder).waiting()
            for value in read_segment(path).frame["torque"].drop_nulls().to_list()
        ]
        for path in spools(folder).waiting():
            parted(path, vocabulary, folder / "home")

    assert sorted(map(float, heard_of)) == [number + 0.5 for number in range(len(sent))]


def _deliver(folder: Path, sent: Sequence[Reading], deaths: dict[int, str], *, again: int) -> None:
    """Deliver what is sent; after a death a new process takes up, and what was in flight comes again."""
    kept, start = spools(folder), 0
    for number in sorted({*(one for one in deaths if one < len(sent)), len(sent) - 1}):
        kept.keep(sent[start : number + 1])
        start = number + 1
        match deaths.get(number):
            case "seal":
                kept.seal(everything=True)
            case "kill":
                kept.close()
            case "sealing":
                _die_while_sealing(kept)
        if deaths.get(number, "seal") != "seal":
            kept = spools(folder)
            kept.keep(sent[max(0, start - again) : start])
    kept.seal(everything=True)


def _die_while_sealing(kept: Spools) -> None:
    def die(_path: Path, _target: Path) -> None:
        raise _Dies

    with pytest.MonkeyPatch.context() as patched:
        rename = Path.rename
        patched.setattr(
            Path, "rename", lambda one, to: (die if to.suffix == ".jsonl" else rename)(one, to)
        )
        with pytest.raises(_Dies):
            kept.seal(everything=True)


def test_a_decision_outlives_a_kill_in_the_middle_of_sealing(
    tmp_path: Path, vocabulary: Vocabulary
) -> None:
    kept = spools(tmp_path)
    readings = [reading(number, number / 10) for number in range(100)]
    slow = [reading(100 + number, 10 + 10 * number) for number in range(1, 9)]
    kept.keep([*readings, *slow])
    _die_while_sealing(kept)

    second = spools(tmp_path)
    second.seal(everything=True)

    assert len(parted(second.waiting()[0], vocabulary, tmp_path / "home")) == 108


# --- in the graph ----------------------------------------------------------------------------------


@pytest.mark.parametrize("seconds", [1, pytest.param(10, marks=pytest.mark.long)])
def test_seconds_at_ten_kilohertz_add_less_than_200_triples(
    work: Desk, tmp_path: Path, seconds: int
) -> None:
    count = seconds * 10_000
    kept = Spools(tmp_path / "live", rows=5_000, seconds=1e9, series=(100_000, 1e9))
    before = quads(work)

    for start in range(0, count, 5_000):
        kept.keep([reading(n, n / 10_000) for n in range(start, start + 5_000)])
    kept.seal(everything=True)
    report = into(work, kept.sealed_folder)

    assert [(one.rows_lifted, one.rows_quarantined) for one in report.files] == [(count, 0)]
    assert quads(work) - before < 200
    [segment] = segments(work)
    assert segment["value"].to_list() == [n + 0.5 for n in range(count)]
    assert segment["time"][1] - segment["time"][0] == timedelta(microseconds=100)
    with work.snapshot() as snapshot:
        [row] = snapshot.select(
            "SELECT ?m ?rate ?gaps WHERE { ?s q:usesEquipment ?m ; q:samplingRate ?rate ; q:gapCount ?gaps }"
        )
    assert [str(getattr(one, "value", "")) for one in row.values()] == [
        "https://example.org/id/plant/equipment/P-1", "10000", "0",
    ]  # fmt: skip


def test_a_segment_that_is_ingested_again_changes_nothing(work: Desk, tmp_path: Path) -> None:
    kept = spools(tmp_path / "live")
    kept.keep([reading(n, n / 50) for n in range(200)])
    kept.seal(everything=True)
    into(work, kept.sealed_folder)
    before, files = quads(work), sorted(work.settings.data_dir.rglob("*.parquet"))

    assert into(work, kept.sealed_folder).files[0].status == "repeated"
    assert (quads(work), sorted(work.settings.data_dir.rglob("*.parquet"))) == (before, files)


# --- over a broker ---------------------------------------------------------------------------------


@pytest.fixture
def broker(tmp_path: Path) -> Iterator[Broker]:
    started = Broker(tmp_path / "broker")
    yield started
    started.stop()


@needs_broker
def test_both_sides_restart_while_the_rate_changes_and_each_value_is_there_once(
    broker: Broker, work: Desk
) -> None:
    press = Press(broker)

    def send(numbers: range, step: float) -> None:
        for n in numbers:
            at = (START + timedelta(seconds=n * step)).isoformat()
            press.send("plant/p1", {"ts": at, "equipment": "P-1", "torque": n + 0.5})

    def listener() -> Listening:
        source = MqttSource(MqttOptions("127.0.0.1", broker.port, topics=("plant/#",)))
        folder = work.settings.data_dir / "live"
        return Listening(source, folder, lambda path: into(work, path), quick(work))

    first = listener()
    thread = threading.Thread(target=heard, args=(first, 200))
    thread.start()
    time.sleep(1)
    send(range(150), 0.02)
    broker.kill()
    broker.start()
    send(range(150, 200), 0.02)
    thread.join()
    send(range(200, 230), 1000.0)  # slow now, while nobody listens
    heard(listener(), 30)
    press.close()

    assert torques(work) == [n + 0.5 for n in range(230)]
    assert sum(len(one) for one in segments(work)) >= 200 - 33
    work.store.publish()
    with work.snapshot() as snapshot:
        events = snapshot.select("SELECT ?v WHERE { ?s q:Torque ?v }")
    assert 0 < len(events) <= 63
