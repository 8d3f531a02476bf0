"""Spectra of incoming lots: points outside the graph, peaks and distances in it, the twin is found (R8)."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from qualweave.config import Settings
from qualweave.mappers.desk import Desk, desk
from qualweave.mappers.ingest import ingest
from qualweave.mappers.report import IngestReport
from qualweave.mappers.series.spectra import Known, axis_column, distance, peaks
from qualweave.ontology.load import load_graph
from qualweave.ontology.terms import TermIndex
from qualweave.principal import SYSTEM
from qualweave.shapes.gate import ShapeGate
from qualweave.store.oxigraph import open_store
from tests.mappers.exact import exact
from tests.mappers.test_series import sampled

LOT = "https://example.org/id/plant/item/"
NEAREST = """SELECT ?twin WHERE { ?s q:about ?lot ; q:nearestSpectrum/q:about ?twin
  FILTER (?lot = <https://example.org/id/plant/item/R-20>) }"""


def curve(axis: np.ndarray, *bands: tuple[float, float], seed: int = 0) -> np.ndarray:
    """Return bands of position and height on a sloping ground, with a little noise."""
    noise = np.random.default_rng(seed).normal(0, 0.002, len(axis))
    return (
        noise
        + axis * 1e-5
        + sum(height * np.exp(-(((axis - at) / 12) ** 2)) for at, height in bands)
    )


def write(
    path: Path, axis: np.ndarray, columns: dict[str, np.ndarray], *, axis_name: str, head: str = ""
) -> None:
    path.parent.mkdir(exist_ok=True)
    names = [axis_name, *columns]
    rows = zip(axis, *columns.values(), strict=True)
    lines = [head] if head else []
    lines += [",".join(names), *(",".join(f"{one:.5f}" for one in row) for row in rows)]
    path.write_text("\n".join(lines) + "\n", "utf-8")


@pytest.fixture
def work(tmp_path: Path) -> Iterator[Desk]:
    settings = Settings(data_dir=tmp_path / "data")
    store = open_store(settings.data_dir / "store", settings)
    terms = TermIndex.from_graph(load_graph())
    yield desk(
        store=store, terms=terms, settings=settings, principal=SYSTEM, gate=ShapeGate(), aligner=exact
    )  # fmt: skip
    store.close()


def run(work: Desk, path: Path) -> IngestReport:
    return ingest(
        path, store=work.store, terms=work.terms, settings=work.settings, principal=SYSTEM,
        gate=work.gate, aligner=work.aligner,
    )  # fmt: skip


def test_the_planted_twin_of_a_lot_is_found_and_its_distance_from_the_golden_one_said(
    work: Desk, tmp_path: Path
) -> None:
    axis = np.arange(900.0, 1700.0)
    good = [(1210.0, 0.6), (1450.0, 0.9)]
    odd = [(1210.0, 0.6), (1450.0, 0.9), (1330.0, 0.5)]  # a solvent that does not belong there
    lots = {
        "R-17": curve(axis, *good, seed=1),
        "R-18": curve(axis, *odd, seed=2),
        "R-19": curve(axis, (1000, 1.0), seed=3),
    }
    folder = tmp_path / "in"
    write(
        folder / "a-golden.csv",
        axis,
        {"reference": curve(axis, *good)},
        axis_name="wavelength [nm]",
    )
    write(folder / "b-lots.csv", axis, lots, axis_name="wavelength [nm]")
    write(folder / "c-new.csv", axis, {"absorbance": 0.8 * curve(axis, *odd, seed=4)},
          axis_name="wavelength [nm]", head="lot: R-20")  # fmt: skip

    report = run(work, folder)

    assert [one.status for one in report.files] == ["lifted"] * 3
    assert sum(one.triples for one in report.files) < 300
    with work.snapshot() as snapshot:
        [twin] = snapshot.select(NEAREST)
        far = snapshot.select(
            "SELECT ?lot ?d WHERE { ?s q:about ?lot ; q:spectralDistance ?d ; q:comparedWith ?golden } ORDER BY ?d"
        )
        bands = snapshot.select(
            f"SELECT ?at WHERE {{ ?s q:about <{LOT}R-20> ; q:hasPeak/q:peakPosition ?at }} ORDER BY ?at"
        )
    assert twin["twin"].value == LOT + "R-18"  # type: ignore[union-attr]
    assert far[0]["lot"].value == LOT + "R-17"  # type: ignore[union-attr]
    assert float(far[0]["d"].value) < 0.01 < float(far[1]["d"].value)  # type: ignore[union-attr]
    assert [float(row["at"].value) for row in bands] == pytest.approx([1210, 1330, 1450], abs=4)  # type: ignore[union-attr]


def test_shape_is_compared_and_not_height_or_step() -> None:
    fine, coarse = np.arange(900.0, 1700.0), np.arange(1000.0, 1600.0, 4.0)
    band = (1210.0, 0.6), (1450.0, 0.9)
    one = Known("a", "", fine, curve(fine, *band))
    same = Known("b", "", coarse, 3 * curve(coarse, *band, seed=9) + 1)
    other = Known("c", "", fine, curve(fine, (1000, 1.0)))
    apart = Known("d", "", fine + 5000, one.intensity)

    assert distance(one, one) == pytest.approx(0)
    assert distance(one, same) < 0.01
    assert distance(one, other) > 0.5
    assert distance(one, apart) == 2.0
    assert distance(one, Known("e", "", fine, np.ones(len(fine)))) == 2.0


def test_a_falling_axis_in_wavenumbers_is_one_and_rows_of_a_machine_are_none() -> None:
    falling = {
        "Wellenzahl [cm-1]": [str(4000 - 4 * n) for n in range(200)],
        "Intensität": ["1"] * 200,
    }
    machine = {"n": [str(n) for n in range(200)], "wavelength": ["1"] * 200}

    assert axis_column(sampled(falling)) == ("Wellenzahl [cm-1]", "1/cm")
    assert axis_column(sampled(machine)) is None


def test_small_bumps_are_no_peaks() -> None:
    axis = np.arange(900.0, 1700.0)

    assert [round(at) for at, _ in peaks(axis, curve(axis, (1210, 0.6), (1400, 0.01)))] == [1210]
