"""Results of vision models: events of a fixture come in, hold to their shape, and late ones are found (R7)."""

import json
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from qualweave.config import Settings
from qualweave.iri import Q
from qualweave.mappers.desk import Desk, desk
from qualweave.mappers.ingest import ingest
from qualweave.mappers.lift.plan import choose_records
from qualweave.ontology.load import load_graph
from qualweave.ontology.terms import TermIndex
from qualweave.principal import SYSTEM
from qualweave.shapes.gate import ShapeGate
from qualweave.store.oxigraph import open_store
from tests.mappers.exact import exact

LATE = """SELECT ?result ?ms WHERE { ?result a q:VisionResult ; q:inferenceMilliseconds ?ms FILTER (?ms >= 80) }"""


def events(count: int = 1000) -> list[dict[str, object]]:
    """Return what a detector writes per object: most results in time, some late, one class that nobody knows."""
    rng = np.random.default_rng(7)
    return [
        {
            "serial number": f"C-{n:05d}",
            "equipment": f"CAM-{n % 4}",
            "result time": f"2025-03-04T06:{n // 60 % 60:02d}:{n % 60:02d}Z",
            "vision model name": "cell-surface",
            "vision model version": "9.2.1" if n < 600 else "9.3.0",
            "detected class": ["warpage", "contamination", "blob-17"][n % 3],
            "detection score": round(float(rng.uniform(0.3, 0.99)), 3),
            "box left": int(rng.integers(0, 2000)),
            "box top": int(rng.integers(0, 1500)),
            "box width": int(rng.integers(4, 80)),
            "box height": int(rng.integers(4, 80)),
            "inference time": round(float(rng.gamma(40, 1.5)), 1),
        }
        for n in range(count)
    ]


@pytest.fixture
def work(tmp_path: Path) -> Iterator[Desk]:
    settings = Settings(data_dir=tmp_path / "data")
    store = open_store(settings.data_dir / "store", settings)
    terms = TermIndex.from_graph(load_graph())
    yield desk(
        store=store, terms=terms, settings=settings, principal=SYSTEM, gate=ShapeGate(), aligner=exact
    )  # fmt: skip
    store.close()


def test_a_thousand_events_hold_to_their_shape_and_late_ones_are_found(
    work: Desk, tmp_path: Path
) -> None:
    told = events()
    told[10] |= {"detection score": 91}
    path = tmp_path / "in" / "detections.jsonl"
    path.parent.mkdir()
    path.write_text("".join(json.dumps(one) + "\n" for one in told), "utf-8")

    report = ingest(
        path, store=work.store, terms=work.terms, settings=work.settings, principal=SYSTEM,
        gate=work.gate, aligner=work.aligner,
    )  # fmt: skip

    [file] = report.files
    assert file.records == ("vision_result",)
    assert (file.rows_read, file.rows_lifted, file.rows_quarantined) == (1000, 999, 1)
    with work.snapshot() as snapshot:
        late = snapshot.select(LATE)
        defects = snapshot.select("SELECT DISTINCT ?d WHERE { ?r q:detectedDefect ?d } ORDER BY ?d")
        first = snapshot.select(
            "SELECT ?v ?m WHERE { ?r q:about <https://example.org/id/plant/item/C-00700> ; q:modelVersion ?v ; q:usesEquipment ?m }"
        )
    wanted = sorted(float(str(one["inference time"])) for n, one in enumerate(told) if n != 10)
    assert sorted(float(row["ms"].value) for row in late) == [one for one in wanted if one >= 80]  # type: ignore[union-attr]
    assert 10 < len(late) < 300
    assert [row["d"].value for row in defects] == [Q + "Contamination", Q + "Warpage"]  # type: ignore[union-attr]
    assert [row["v"].value for row in first] == ["9.3.0"]  # type: ignore[union-attr]


def test_a_class_and_a_model_make_a_vision_result() -> None:
    roles = {"detectedClass", "modelVersion", "serialNumber", "resultTime", "equipmentIdentifier"}

    assert choose_records(roles)[0].kind == "vision_result"
