"""The spool: on disk before it returns, whole lines only, each reading once, a segment that reads as a table."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from qualweave.errors import StoreError, UnreadableSource
from qualweave.mappers.live.address import LiveAddress
from qualweave.mappers.live.payload import Message, TopicPattern, parse_time, readings
from qualweave.mappers.live.port import Declaration, FieldFacts, Gap, Reading, Sample
from qualweave.mappers.live.spool import Spools
from qualweave.mappers.readers import read, sniff

START = datetime(2026, 1, 1, 8, tzinfo=UTC)


def reading(number: int, *samples: Sample, channel: str = "press/1") -> Reading:
    at = START + timedelta(seconds=number)
    given = samples or (Sample("torque", number + 0.5),)
    return Reading(channel, given, at, at, key=f"k{number}", stream="s")


@pytest.fixture
def spools(tmp_path: Path) -> Spools:
    return Spools(tmp_path, rows=10**9, seconds=1e9)


def again(spools: Spools, tmp_path: Path) -> Spools:
    """What a new process finds; the old one has ended without a word."""
    spools.close()
    return Spools(tmp_path, rows=10**9, seconds=1e9)


def segment(tmp_path: Path) -> Path:
    return tmp_path / "open" / "press%2F1" / "segment.jsonl"


def torques(path: Path) -> list[str | None]:
    return read(path)[0].frame["torque"].to_list()


def test_what_was_kept_is_known_after_a_restart_before_and_after_the_seal(
    spools: Spools, tmp_path: Path
) -> None:
    spools.keep([reading(1), reading(2)])
    second = again(spools, tmp_path)
    before = second.keep([reading(2), reading(3)])
    second.seal(everything=True)
    third = again(second, tmp_path)
    after = third.keep([reading(1), reading(3), reading(4)])
    third.seal(everything=True)

    assert (before, after) == (1, 1)
    first, last = third.waiting()
    assert torques(first) == ["1.5", "2.5", "3.5"]
    assert torques(last) == ["4.5"]
    assert third.last_time("press/1", "s") == START + timedelta(seconds=4)


def test_a_line_that_was_cut_is_cut_off_and_may_come_again(spools: Spools, tmp_path: Path) -> None:
    spools.keep([reading(1), reading(2)])
    spools.close()
    whole = segment(tmp_path).read_bytes()
    segment(tmp_path).write_bytes(whole[:-7])

    second = Spools(tmp_path, rows=10**9, seconds=1e9)
    kept = second.keep([reading(2)])
    second.seal(everything=True)

    assert kept == 1
    assert torques(second.waiting()[0]) == ["1.5", "2.5"]


@pytest.mark.parametrize("left", [0, 10])
def test_a_segment_whose_head_was_cut_begins_anew(
    spools: Spools, tmp_path: Path, left: int
) -> None:
    spools.keep([reading(1)])
    spools.close()
    segment(tmp_path).write_bytes(segment(tmp_path).read_bytes()[:left])
    (segment(tmp_path).parent / "state.json").unlink(missing_ok=True)

    second = Spools(tmp_path, rows=10**9, seconds=1e9)
    second.keep([reading(1)])
    second.seal(everything=True)

    assert torques(second.waiting()[0]) == ["1.5"]


def test_a_crash_between_state_and_rename_seals_under_the_same_number(
    spools: Spools, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    spools.keep([reading(1)])
    with monkeypatch.context() as patched:
        patched.setattr(Path, "rename", _dying(Path.rename))
        with pytest.raises(KeyboardInterrupt):
            spools.seal(everything=True)

    second = again(spools, tmp_path)
    repeated = second.keep([reading(1)])
    second.keep([reading(2)])
    second.seal(everything=True)
    second.keep([reading(3)])
    second.seal(everything=True)

    assert repeated == 0
    assert [one.name for one in second.waiting()] == [f"press%2F1_{n:012d}.jsonl" for n in (1, 2)]
    assert torques(second.waiting()[0]) == ["1.5", "2.5"]


def _dying(rename: object) -> object:
    def die(path: Path, target: Path) -> None:
        if target.suffix == ".jsonl":
            raise KeyboardInterrupt
        rename(path, target)  # type: ignore[operator]

    return die


def test_a_full_disk_is_an_error_and_nothing_counts_as_kept(
    spools: Spools, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(_handle: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("qualweave.mappers.live.spool.os.fsync", full)

    with pytest.raises(StoreError, match="nothing was acknowledged"):
        spools.keep([reading(1)])
    assert spools.kept == 0


def test_a_segment_is_a_table_with_units_device_time_and_faults(spools: Spools) -> None:
    facts = (
        FieldFacts("torque", unit="N.m", low=0, high=5),
        FieldFacts("mode", states={"1": "run"}),
    )
    spools.declare(Declaration("press/1", "opcua", "opc.tcp://x", "P-1", facts))
    together = Reading(
        "press/1", (Sample("mode", 1),), START + timedelta(seconds=1), START, key="m"
    )
    spools.keep(
        [reading(1), together, reading(2, Sample("torque", 9.0, "bad", "BadSensorFailure"))]
    )
    spools.keep([Gap("press/1", "torque", START, START + timedelta(seconds=9), "why", "为何")])
    spools.seal(everything=True)
    path = spools.waiting()[0]

    [table] = read(path)

    assert sniff(path) == "live"
    assert table.columns == ("sourceTimestamp", "torque", "mode")
    assert table.frame["__row__"].to_list() == [1, 2, 3]
    assert table.frame["torque"].to_list() == ["1.5", "9.0", None]
    assert table.frame["mode"].to_list() == ["1", None, None]
    assert (dict(table.units), table.context.device) == ({"torque": "N.m"}, "P-1")
    assert dict(table.descriptions) == {"torque": "range 0 to 5", "mode": "states 1 run"}
    assert dict(table.terms) == {"sourceTimestamp": "q:eventTime"}
    told = [(one.row, one.column, one.code, one.detail) for one in table.faults]
    assert told == [
        (2, "torque", "bad-quality", "bad: BadSensorFailure"),
        (3, "torque", "live-gap", "why"),
    ]


def test_columns_keep_their_order_in_segments_that_lack_some(spools: Spools) -> None:
    spools.keep([reading(1, Sample("a", 1)), reading(2, Sample("b", 2))])
    spools.seal(everything=True)
    spools.keep([reading(3, Sample("b", 3))])
    spools.seal(everything=True)

    assert [read(one)[0].columns for one in spools.waiting()] == [("sourceTimestamp", "a", "b")] * 2


def test_a_segment_that_was_tampered_with_is_refused_with_its_line(spools: Spools) -> None:
    spools.keep([reading(1)])
    spools.seal(everything=True)
    path = spools.waiting()[0]
    path.write_bytes(path.read_bytes() + b"[1]\n")

    with pytest.raises(UnreadableSource, match="line 3: no line of a live segment"):
        read(path)


def told(payload: str, topic: str = "plant/p1/torque", pattern: str = "plant/#") -> list[Reading]:
    message = Message(topic, payload.encode(), 1, dup=False, retain=False, got=START)
    return readings(message, TopicPattern.parse(pattern))


@pytest.mark.parametrize(
    ("payload", "channel", "rows"),
    [
        ("21.5", "plant/p1", [{"torque": 21.5}]),
        ("true", "plant/p1", [{"torque": True}]),
        ("运行", "plant/p1", [{"torque": "运行"}]),
        ("[1, 2]", "plant/p1", [{"torque": "1 | 2"}]),
        ('{"a": {"b": 1}, "c": [1, 2]}', "plant/p1/torque", [{"a.b": 1, "c": "1 | 2"}]),
        ('[{"a": 1}, {"a": 2}]', "plant/p1/torque", [{"a": 1}, {"a": 2}]),
        (
            '{"id": 7, "s": [{"a": 1}, {"a": 2}]}',
            "plant/p1/torque",
            [{"id": 7, "a": 1}, {"id": 7, "a": 2}],
        ),
    ],
)
def test_payloads_become_rows(payload: str, channel: str, rows: list[dict[str, object]]) -> None:
    found = told(payload)

    assert {one.channel for one in found} == {channel}
    assert [{s.name: s.value for s in one.samples} for one in found] == rows


@pytest.mark.parametrize(
    ("value", "at"),
    [
        (1_767_254_400, START),
        (1_767_254_400_000, START),
        (1_767_254_400_000_000, START),
        (1_767_254_400_000_000_000, START),
        ("2026-01-01T16:00:00+08:00", START),
        ("2026-01-01T08:00:00", None),
        ("yesterday", None),
        (True, None),
        (12.5, None),
    ],
)
def test_times_are_known_by_their_form(value: str | float | bool, at: datetime | None) -> None:  # noqa: FBT001 - a value
    assert parse_time(value) == at


@pytest.mark.parametrize(
    ("pattern", "topic", "fits"),
    [("a/+/c", "a/b/c", True), ("a/+", "a/b/c", False), ("#", "a/b", True), ("#", "$SYS/x", False),
     ("a/#", "a", True), ("a/{x}/c", "a/b/c", True), ("a", "a", True), ("a", "b", False)],
)  # fmt: skip
def test_topics_fit_their_filters(pattern: str, topic: str, *, fits: bool) -> None:
    assert TopicPattern.parse(pattern).fits(topic) is fits


def test_an_address_is_shown_without_its_secrets() -> None:
    address = LiveAddress("mqtt://li:spindle@broker:1883/plant/#", password="x")  # noqa: S106 - made up

    assert address.shown == "mqtt://broker:1883/plant/#"
    assert address.topic == "plant/#"
    assert "spindle" not in address.shown + repr(address)
