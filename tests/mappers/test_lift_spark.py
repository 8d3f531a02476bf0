"""Lifting on a local Spark cluster gives the quads of one process."""

import json
import os
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path

import polars as pl
import pytest

from qualweave.mappers.lift.batch import Batch
from qualweave.mappers.lift.stream import Lifter, lift_to_folder, slices
from qualweave.mappers.vocabulary import Vocabulary
from qualweave.ontology.load import load_graph
from qualweave.ontology.terms import TermIndex
from tests.mappers.test_lift import mapping, table

pytest.importorskip("pyspark", reason="the extra 'spark' is not installed")
if shutil.which("java") is None:
    pytest.skip("Spark needs Java 17 on the PATH", allow_module_level=True)

pytestmark = pytest.mark.filterwarnings("ignore")  # what Spark warns of at its start is not ours

BATCH = Batch("src", "ab" * 32, "t.csv")
TERMS = {
    "sn": "serialNumber",
    "eq": "equipmentIdentifier",
    "t": "startedAt",
    "c": "ChamberTemperature",
}


@pytest.fixture(scope="module")
def spark() -> Iterator[object]:
    from pyspark.sql import SparkSession  # noqa: PLC0415 - an extra

    os.environ["PYSPARK_PYTHON"] = sys.executable
    session = (
        SparkSession.builder.master("local[2]")
        .config("spark.ui.enabled", "false")
        .config("spark.sql.shuffle.partitions", "2")
        .config("spark.sql.execution.arrow.maxRecordsPerBatch", "70")
        .config("spark.driver.host", "127.0.0.1")
        .getOrCreate()
    )
    yield session
    session.stop()


def test_partitions_say_what_one_process_says(spark: object, tmp_path: Path) -> None:
    from qualweave.mappers.lift.spark import lift_on_spark  # noqa: PLC0415 - after the skip

    count = 400
    source = table(
        {
            "sn": [f"S{n % 10}" for n in range(count)],
            "eq": [f"E{n % 3}" for n in range(count)],
            # Most rows have an identity of their own, some share one and are told apart by their row.
            "t": [
                f"2025-03-04 06:{n // 60 % 60:02d}:{0 if n < 100 else n % 40:02d}"
                for n in range(count)
            ],
            "c": ["oops" if n == 123 else f"{n}.5" for n in range(count)],
        }
    )
    lifter = Lifter(mapping("process_record", TERMS, c={"unit": "Cel"}),
                    BATCH, Vocabulary.from_terms(TermIndex.from_graph(load_graph())))  # fmt: skip
    source.frame.write_parquet(tmp_path / "rows.parquet")
    rows = spark.read.parquet(str(tmp_path / "rows.parquet")).repartition(4)  # type: ignore[attr-defined]

    found = lift_on_spark(rows, lifter, name="t.csv")
    quads = sorted(row.value for row in found.quads.collect())
    problems = [json.loads(row.value) for row in found.problems.collect()]
    one = lift_to_folder(lambda: slices(source, 1000), lifter, tmp_path / "one")

    lines = {line.decode() for path in one.files for line in path.read_bytes().splitlines()}
    assert quads == sorted(lines)
    assert len(quads) > 3 * count
    assert [(each["row"], each["column"]) for each in problems] == [(125, "c")]
    repeated = lifter.knowing(lambda: slices(source, 100)).repeated["operation"]
    assert 0 < len(repeated) < count
    assert pl.Series(quads).is_duplicated().sum() == 0
