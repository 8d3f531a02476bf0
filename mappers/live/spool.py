"""`Spools`: what live sources hand in, on disk before it is acknowledged, and sealed into files for the ingest.

Each channel has a folder with one open segment that lines are appended to and fsynced; a segment that is old or
large enough is sealed by a rename into the folder that is ingested. Which readings were kept is remembered over
restarts, so that a redelivery changes nothing::

    live/TENANT/open/CHANNEL/segment.jsonl   what has come since the last seal
    live/TENANT/open/CHANNEL/state.json      number of the last seal, declared fields, newest keys and times
    live/TENANT/sealed/NAME/CHANNEL_000000000001.jsonl

NAME is that of the source, ``live`` where it has none; another one has ``live/TENANT/sources/NAME`` in place of
``live/TENANT``.

A line that was cut by a crash was never acknowledged and is cut off at the next start.
"""

import os
import threading
import time
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import IO, Any

import orjson

from qualweave.errors import StoreError
from qualweave.mappers.lift.batch import segment as slug
from qualweave.mappers.live.port import Declaration, FieldFacts, Gap, Reading
from qualweave.mappers.live.rates import FieldNow, Rates
from qualweave.mappers.readers.live_segment import (
    SCHEMA,
    gap_line,
    rates_line,
    read_rates,
    reading_line,
)
from qualweave.store.journal import sync_folder, write_durably

UNNAMED = "live"
"""Name of the source of a tenant that has only one."""
_KEYS = 50_000
"""Keys that are remembered by channel: a broker or server redelivers what was in flight, far less than this."""


@dataclass
class _State:
    """What a channel remembers over restarts."""

    number: int = 0
    columns: dict[str, None] = field(default_factory=dict)
    declaration: dict[str, Any] = field(default_factory=dict)
    keys: dict[str, None] = field(default_factory=dict)
    times: dict[str, str] = field(default_factory=dict)
    sequences: dict[str, int] = field(default_factory=dict)
    rates: Rates = field(default_factory=Rates)

    def to_json(self) -> dict[str, object]:
        lists = {"keys": list(self.keys), "columns": list(self.columns)}
        return {**vars(self), **lists, "rates": self.rates.to_json()}

    def note(self, line: dict[str, Any]) -> bool:
        """Remember key, time, number and fields of a line that is on disk.

        Returns:
            Whether all that it says came at a rate.
        """
        if key := line.get("key"):
            # what stands before "~" is the content alone, by which a retained message is known again
            self.keys |= dict.fromkeys((key, key.partition("~")[0]))
            while len(self.keys) > _KEYS:
                del self.keys[next(iter(self.keys))]
        stream, at = line.get("stream", ""), line.get("at") or line.get("got")
        if stream and at:
            self.times[stream] = max(self.times.get(stream, ""), at)
        if stream and "seq" in line:
            self.sequences[stream] = line["seq"]
        for part in ("context", "values", "status"):
            for name in line.get(part, ()):
                self.columns.setdefault(name)
        return self.rates.note(line)


class Spool:
    """One channel; not for several threads at once (see `Spools`).

    Args:
        channel: Its name.
        folder: Where its open segment lies.
        sealed: Where sealed segments go.
    """

    def __init__(self, channel: str, folder: Path, sealed: Path) -> None:
        self.channel, self._folder, self._sealed = channel, folder, sealed
        folder.mkdir(parents=True, exist_ok=True)
        self.state = self._read_state()
        self._path = folder / "segment.jsonl"
        self._file: IO[bytes] | None = None
        self.entries = 0
        self.events = 0
        self.opened_at = 0.0
        self.event_at = 0.0
        self._take_up()

    def _read_state(self) -> _State:
        path = self._folder / "state.json"
        if not path.exists():
            return _State()
        data = orjson.loads(path.read_bytes())
        ordered = {name: dict.fromkeys(data[name]) for name in ("keys", "columns")}
        rates = Rates.from_json(data.get("rates", ()))
        return _State(**{**data, **ordered, "rates": rates})

    def _take_up(self) -> None:
        """Go on with the segment that a former process left, without a line that was cut."""
        if not self._path.exists():
            return
        raw = self._path.read_bytes()
        whole = raw[: raw.rfind(b"\n") + 1]
        if len(whole) < len(raw):
            with self._path.open("r+b") as file:
                file.truncate(len(whole))
                os.fsync(file.fileno())
        for text in whole.splitlines():
            line = orjson.loads(text)
            if "got" in line or "gap" in line:
                self._count(at_rate=self.state.note(line))
            self.state.rates.take_up(read_rates(line))
        self.opened_at = time.monotonic()

    def _count(self, *, at_rate: bool) -> None:
        """Count an entry; one that does not come at a rate is an event, and the graph waits for it."""
        self.entries += 1
        if not at_rate:
            self.event_at = self.event_at if self.events else time.monotonic()
            self.events += 1

    def declare(self, declaration: Declaration) -> None:
        """Write the facts of the channel's fields where they are new."""
        facts = {
            "protocol": declaration.protocol,
            "address": declaration.address,
            "device": declaration.device,
            "context": dict(declaration.context),
            "fields": [one.to_json() for one in declaration.fields],
        }
        if facts == self.state.declaration:
            return
        self.state.declaration = facts
        for one in declaration.fields:
            self.state.columns.setdefault(one.name)
        if self._file or self._path.exists():
            self._write([{"declared": facts}])
        self._save_state()

    def knows(self, key: str) -> bool:
        """Return whether an entry with this key is on disk."""
        return bool(key) and key in self.state.keys

    def append(self, entries: Iterable[Reading | Gap]) -> int:
        """Append what is new, without fsync, and return how many that were."""
        lines = []
        for one in entries:
            if self.knows(one.key) and not (isinstance(one, Reading) and one.is_new):
                continue
            line = reading_line(one) if isinstance(one, Reading) else gap_line(one)
            self._count(at_rate=self.state.note(line))
            lines.append(line)
        if lines:
            self._write(lines)
        return len(lines)

    def _write(self, lines: Sequence[dict[str, Any]]) -> None:
        if self._file is None:
            is_new = not self._path.exists() or not self._path.stat().st_size
            self._file = self._path.open("ab")
            if is_new:
                self.opened_at = time.monotonic()
                self._file.write(_dumped(self._head()))
        self._file.write(b"".join(map(_dumped, lines)))
        self._file.flush()

    def _head(self) -> dict[str, Any]:
        return {
            SCHEMA: 1,
            "source": self._sealed.name,
            "channel": self.channel,
            "number": self.state.number + 1,
            "columns": list(self.state.columns),
            "declared": self.state.declaration,
        }

    def sync(self) -> None:
        """Make what was appended durable."""
        if self._file is not None:
            os.fsync(self._file.fileno())

    def seal(self) -> Path | None:
        """Close the segment and hand it to the ingest; None where it holds nothing.

        The state is written before the rename: a crash between the two leaves an open segment whose number and
        keys the state knows already, and it is sealed under that number at the next start.
        """
        if not self.entries:
            return None
        if at_rate := self.state.rates.of_segment():
            self._write([rates_line(at_rate)])
        self.sync()
        if self._file is not None:
            self._file.close()
            self._file = None
        number = orjson.loads(self._first_line())["number"]
        self.state.number = number
        self.state.rates.close()
        self._save_state()
        self._sealed.mkdir(parents=True, exist_ok=True)
        target = self._sealed / f"{slug(self.channel)}_{number:012d}.jsonl"
        self._path.rename(target)
        sync_folder(self._sealed)
        self.entries = self.events = 0
        return target

    def _first_line(self) -> bytes:
        with self._path.open("rb") as file:
            return file.readline()

    def _save_state(self) -> None:
        scratch = self._folder / "state.part"
        write_durably(scratch, orjson.dumps(self.state.to_json()))
        scratch.rename(self._folder / "state.json")
        sync_folder(self._folder)

    def close(self) -> None:
        """Make everything durable and let go of the file; the segment stays open on disk."""
        if self._file is not None:
            self.sync()
            self._file.close()
            self._file = None


class Spools:
    """The spools of a tenant: the sink that sources write to, from any thread.

    Args:
        folder: The tenant's folder of live data.
        rows: Events from which a segment is sealed.
        seconds: Age of an event from which it is.
        series: The same of values at a rate: entries, and age of the segment; as of events where left out.
        name: Of the source: the folder that sealed segments are ingested from.
    """

    def __init__(
        self,
        folder: Path,
        *,
        rows: int,
        seconds: float,
        series: tuple[int, float] | None = None,
        name: str = UNNAMED,
    ) -> None:
        self._folder, self._events, self._name = folder, (rows, seconds), name
        self._series = series or self._events
        self._spools: dict[str, Spool] = {}
        self._mutex = threading.RLock()
        self.kept = self.repeated = 0
        self.sealed_folder = folder / "sealed"
        for path in sorted((folder / "open").glob("*/state.json")):
            channel = orjson.loads((path.parent / "channel.json").read_bytes())
            self._spools[channel] = Spool(channel, path.parent, self._sealed_place)

    @property
    def _sealed_place(self) -> Path:
        return self.sealed_folder / self._name

    def _spool(self, channel: str) -> Spool:
        found = self._spools.get(channel)
        if found is None:
            folder = self._folder / "open" / slug(channel)
            folder.mkdir(parents=True, exist_ok=True)
            write_durably(folder / "channel.json", orjson.dumps(channel))
            self._spools[channel] = found = Spool(channel, folder, self._sealed_place)
        return found

    def declare(self, declaration: Declaration) -> None:
        """Take note of a channel's fields."""
        with self._mutex:
            self._spool(declaration.channel).declare(declaration)

    def keep(self, entries: Sequence[Reading | Gap]) -> int:
        """Put entries on disk, fsynced when it returns, and return how many were new.

        Raises:
            StoreError: If the disk refuses.
        """
        by_channel: dict[str, list[Reading | Gap]] = {}
        for one in entries:
            by_channel.setdefault(one.channel, []).append(one)
        with self._mutex:
            try:
                fresh = 0
                for channel, ones in by_channel.items():
                    spool = self._spool(channel)
                    fresh += spool.append(ones)
                    spool.sync()
            except OSError as error:
                raise StoreError(
                    f"Readings could not be kept: {error}.",
                    message_zh=f"无法保存实时数据：{error}。",
                    next_step="Free disk space or mend the disk; nothing was acknowledged, the source sends it again.",
                    next_step_zh="请释放磁盘空间或检查磁盘；数据未被确认，来源会重新发送。",
                ) from error
            self.kept += fresh
            self.repeated += len(entries) - fresh
        return fresh

    def last_time(self, channel: str, stream: str = "") -> datetime | None:
        """Return the time of the newest reading of a stream, or of a channel; None where there is none."""
        with self._mutex:
            times = self._spool(channel).state.times
            found = times.get(stream) if stream else max(times.values(), default=None)
        return datetime.fromisoformat(found) if found else None

    def fields(self, channel: str) -> list[FieldFacts]:
        """Return the fields that a channel was last declared to have."""
        with self._mutex:
            known = self._spools.get(channel)
            declared = known.state.declaration.get("fields", ()) if known else ()
        return [FieldFacts(**one) for one in declared]

    def channels(self, address: str) -> list[str]:
        """Return the channels that were declared for a server or broker."""
        with self._mutex:
            return [
                name
                for name, one in self._spools.items()
                if one.state.declaration.get("address") == address
            ]

    def fields_now(self) -> list[FieldNow]:
        """Return every field of every channel with its rate and newest value."""
        with self._mutex:
            return [one for spool in self._spools.values() for one in _fields_of(spool)]

    def seal(self, *, everything: bool = False) -> list[Path]:
        """Seal the segments that are old or large enough, or every one, and return them."""
        with self._mutex:
            due = [one for one in self._spools.values() if everything or self._is_due(one)]
            return [path for one in due if (path := one.seal()) is not None]

    def _is_due(self, spool: Spool) -> bool:
        """Return whether a segment is old or large enough; values at a rate wait longer than events."""
        now = time.monotonic()
        rows, seconds = self._events
        if spool.events and (spool.events >= rows or now - spool.event_at >= seconds):
            return True
        rows, seconds = self._series
        return spool.entries > 0 and (spool.entries >= rows or now - spool.opened_at >= seconds)

    def waiting(self) -> list[Path]:
        """Return the sealed segments that are not ingested yet, oldest first."""
        return sorted(self._sealed_place.glob("*.jsonl")) if self._sealed_place.exists() else []

    def close(self) -> None:
        """Let go of the open segments."""
        with self._mutex:
            for one in self._spools.values():
                one.close()


def _fields_of(spool: Spool) -> Iterator[FieldNow]:
    """Yield the fields of a channel: those that came, then those that were declared and did not come."""
    declared = spool.state.declaration.get("fields", ())
    units = {one["name"]: one.get("unit", "") for one in declared}
    came = list(spool.state.rates.fields(spool.channel, units))
    yield from came
    for name in units.keys() - {one.name for one in came}:
        yield FieldNow(spool.channel, name, unit=units[name])


def _dumped(line: dict[str, Any]) -> bytes:
    return orjson.dumps(line) + b"\n"
