"""Series at rate: Parquet segments with hash and statistics in place of a triple per sample."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from qualweave.config import Settings
from qualweave.errors import InputError, NotFound, UnreadableSource
from qualweave.iri import Q
from qualweave.mappers import readers
from qualweave.mappers.desk import Desk, desk
from qualweave.mappers.ingest import ingest
from qualweave.mappers.mapping import ColumnMapping, Decision, MappingDocument
from qualweave.mappers.report import IngestReport
from qualweave.mappers.series.axis import axis_of, is_series, moment
from qualweave.mappers.series.contents import Content, keep, read
from qualweave.mappers.series.segments import statistics
from qualweave.mappers.table import ROW, RawTable, SourceContext
from qualweave.mappers.vocabulary import Vocabulary
from qualweave.ontology.load import load_graph
from qualweave.ontology.terms import TermIndex
from qualweave.principal import SYSTEM
from qualweave.shapes.gate import ShapeGate
from qualweave.store.oxigraph import OxigraphStore, open_store
from tests.mappers.exact import exact

SEGMENTS = """SELECT * WHERE { ?s a q:TimeSeriesSegment ; q:about ?p ; q:storedAt ?at ; q:hashValue ?hash ;
  q:sampleCount ?n ; q:samplingRate ?rate ; q:gapCount ?gaps ; q:leastValue ?least ; q:meanValue ?mean ;
  q:greatestValue ?greatest ; q:standardDeviation ?sd ; q:unitText ?unit ; q:usesEquipment ?m
  OPTIONAL { ?s q:startedAt ?start ; q:endedAt ?end } }"""


@pytest.fixture(scope="module")
def terms() -> TermIndex:
    return TermIndex.from_graph(load_graph())


@pytest.fixture(scope="module")
def vocabulary(terms: TermIndex) -> Vocabulary:
    return Vocabulary.from_terms(terms)


@pytest.fixture
def work(tmp_path: Path, terms: TermIndex) -> Iterator[Desk]:
    settings = Settings(data_dir=tmp_path / "data")
    store: OxigraphStore = open_store(settings.data_dir / "store", settings)
    yield desk(
        store=store, terms=terms, settings=settings, principal=SYSTEM, gate=ShapeGate(), aligner=exact
    )  # fmt: skip
    store.close()


def run(work: Desk, path: Path) -> IngestReport:
    return ingest(
        path, store=work.store, terms=work.terms, settings=work.settings, principal=work.principal,
        gate=work.gate, aligner=work.aligner,
    )  # fmt: skip


def weld(path: Path, *, seconds: float = 10, rate: int = 10_000) -> pl.DataFrame:
    """Write a weld current in kA as a recorder does: moments with microseconds, machine in each row."""
    count = int(seconds * rate)
    current = 9.0 + 0.2 * np.sin(np.arange(count) / 50)
    frame = pl.DataFrame({"n": np.arange(count), "weld current": current}).select(
        (pl.datetime(2025, 3, 4, 6) + pl.duration(microseconds=pl.col("n") * (1_000_000 // rate)))
        .dt.strftime("%Y-%m-%d %H:%M:%S%.6f")
        .alias("event time"),
        pl.lit("W-7").alias("equipment"),
        pl.col("weld current").round(4).alias("weld current [kA]"),
    )
    frame.write_csv(path)
    return frame


def all_quads(work: Desk) -> int:
    with work.snapshot() as snapshot:
        return sum(1 for _ in snapshot.quads())


def test_ten_seconds_at_ten_kilohertz_add_less_than_200_triples(work: Desk, tmp_path: Path) -> None:
    path = tmp_path / "in" / "weld.csv"
    path.parent.mkdir()
    frame = weld(path)
    before = all_quads(work)

    report = run(work, path.parent)

    [file] = report.files
    assert (file.status, file.rows_read, file.rows_lifted) == ("lifted", 100_000, 100_000)
    assert file.triples < 30
    assert all_quads(work) - before < 200
    with work.snapshot() as snapshot:
        [row] = snapshot.select(SEGMENTS)
    found = {name: getattr(value, "value", None) for name, value in row.items()}
    kept = read(Content(found["at"], found["hash"]), work.settings.data_dir)
    assert kept["value"].to_list() == pytest.approx((frame["weld current [kA]"] * 1000).to_list())
    assert kept["time"][0].isoformat() == "2025-03-04T06:00:00+00:00"
    assert found["p"] == Q + "WeldCurrent"
    assert found["unit"] == "A"
    assert (int(found["n"]), float(found["rate"]), int(found["gaps"])) == (100_000, 10_000.0, 0)
    assert (found["start"], found["end"]) == ("2025-03-04T06:00:00Z", "2025-03-04T06:00:09.9999Z")
    assert float(found["mean"]) == pytest.approx(kept["value"].mean())
    assert float(found["sd"]) == pytest.approx(kept["value"].std())
    assert (float(found["least"]), float(found["greatest"])) == (8800.0, 9200.0)


def test_the_same_file_again_adds_nothing(work: Desk, tmp_path: Path) -> None:
    path = tmp_path / "in" / "weld.csv"
    path.parent.mkdir()
    weld(path, seconds=0.1)
    run(work, path.parent)
    files = sorted((work.settings.data_dir / "segments").rglob("*.parquet"))
    quads = all_quads(work)

    assert run(work, path.parent).files[0].status == "repeated"

    assert sorted((work.settings.data_dir / "segments").rglob("*.parquet")) == files
    assert (len(files), all_quads(work)) == (1, quads)


def test_a_changed_or_missing_content_is_found_out(tmp_path: Path) -> None:
    content = keep(pl.DataFrame({"value": [1.0, 2.0]}), tmp_path)
    path = tmp_path / content.stored_at

    assert keep(pl.DataFrame({"value": [1.0, 2.0]}), tmp_path) == content
    raw = bytearray(path.read_bytes())
    raw[10] ^= 1
    path.write_bytes(raw)
    with pytest.raises(InputError, match="was changed") as told:
        read(content, tmp_path)
    assert "改动" in told.value.message_zh
    path.unlink()
    with pytest.raises(NotFound, match="not kept"):
        read(content, tmp_path)
    with pytest.raises(NotFound, match="not kept"):
        read(Content("../../etc/passwd", content.sha256), tmp_path)


def sampled(columns: dict[str, list[str]], header: dict[str, str] | None = None) -> RawTable:
    rows = len(next(iter(columns.values())))
    frame = pl.DataFrame({**columns, ROW: list(range(2, rows + 2))})
    return RawTable("s.csv", tuple(columns), frame, SourceContext("s.csv", header=header or {}))


def mapped(**terms: str) -> MappingDocument:
    columns = tuple(
        ColumnMapping(name=name, term="q:" + term, unit="A" if term == "WeldCurrent" else "",
                      decision=Decision.ACCEPTED, datatype="number" if term == "WeldCurrent" else "text")
        for name, term in terms.items()
    )  # fmt: skip
    return MappingDocument(source="s", records=("process_record",), columns=columns)


def stamps(*seconds: float) -> list[str]:
    return [moment(int(one * 1_000_000)) for one in seconds]


@pytest.mark.parametrize(
    ("step", "count", "series"),
    [(0.001, 200, True), (1.0, 60, True), (2.0, 60, False), (0.1, 20, False)],
)
def test_rate_and_length_decide_what_a_series_is(
    vocabulary: Vocabulary,
    step: float,
    count: int,
    series: bool,  # noqa: FBT001
) -> None:
    table = sampled({"t": stamps(*(n * step for n in range(count))), "i": ["5"] * count})

    assert is_series(table, mapped(t="eventTime", i="WeldCurrent"), vocabulary) is series


def test_irregular_rows_and_rows_of_several_things_are_records(vocabulary: Vocabulary) -> None:
    rng = np.random.default_rng(1)
    ragged = sampled({"t": stamps(*np.cumsum(rng.exponential(0.5, 100))), "i": ["5"] * 100})
    even = {"t": stamps(*(n * 0.1 for n in range(100))), "i": ["5"] * 100}
    one = sampled({**even, "m": ["M1"] * 100})
    two = sampled({**even, "m": ["M1", "M2"] * 50})
    terms = {"t": "eventTime", "i": "WeldCurrent"}

    assert not is_series(ragged, mapped(**terms), vocabulary)
    assert is_series(one, mapped(**terms, m="equipmentIdentifier"), vocabulary)
    assert not is_series(two, mapped(**terms, m="equipmentIdentifier"), vocabulary)


@pytest.mark.parametrize(
    ("columns", "header", "start", "rate"),
    [
        (
            {"time [ms]": [f"{n * 0.5}" for n in range(50)]},
            {"start": "2025-03-04 06:00:00"},
            "2025-03-04T06:00:00Z",
            2000,
        ),
        ({"t": [f"{n * 0.01:.2f}" for n in range(50)]}, {}, None, 100),
        (
            {"x": ["1"] * 50},
            {"Sample rate": "10 kHz", "Start time": "2025-03-04T06:00:00Z"},
            "2025-03-04T06:00:00Z",
            10_000,
        ),
        ({"x": ["1"] * 50}, {"采样率": "50"}, None, 50),
    ],
)
def test_times_come_from_a_column_or_from_start_and_rate(
    columns: dict[str, list[str]], header: dict[str, str], start: str | None, rate: float
) -> None:
    axis = axis_of(sampled(columns, header), mapped())

    assert axis is not None
    assert axis.rate == pytest.approx(rate)
    assert axis.is_regular
    assert (moment(axis.times[0]) if axis.absolute else None) == start


def test_gaps_are_counted_where_samples_are_missing() -> None:
    times = pl.Series([n * 100 for n in range(1000) if n not in (10, 500, 501)])

    found = statistics(times, pl.Series([1.0] * len(times)))

    assert (found.samples, found.gaps, found.rate) == (997, 2, 10_000.0)
    assert (found.least, found.mean, found.greatest, found.deviation) == (1.0, 1.0, 1.0, 0.0)


def test_numpy_arrays_come_in_with_start_and_rate(work: Desk, tmp_path: Path) -> None:
    folder = tmp_path / "in"
    folder.mkdir()
    values = np.linspace(100, 120, 500)
    np.savez(folder / "run.npz", **{"weld current": values}, equipment="W-9", rate=1000.0)

    table = readers.read(folder / "run.npz")[0]
    report = run(work, folder)

    assert readers.sniff(folder / "run.npz") == "npz"
    assert table.context.header == {"equipment": "W-9", "rate": "1000.0"}
    assert report.files[0].rows_lifted == 500
    with work.snapshot() as snapshot:
        rows = snapshot.select(
            "SELECT ?n ?rate WHERE { ?s a q:TimeSeriesSegment ; q:sampleCount ?n ; q:samplingRate ?rate }"
        )
    assert [(row["n"].value, float(row["rate"].value)) for row in rows] == [("500", 1000.0)]  # type: ignore[union-attr]


def test_arrays_that_hold_objects_or_nothing_are_refused(tmp_path: Path) -> None:
    np.savez(tmp_path / "objects.npz", a=np.array([{}], dtype=object))
    np.savez(tmp_path / "scalar.npz", a=np.float64(1))

    with pytest.raises(UnreadableSource, match="NumPy"):
        readers.read(tmp_path / "objects.npz")
    with pytest.raises(UnreadableSource, match="no array"):
        readers.read(tmp_path / "scalar.npz")
