"""A file of any size is read and profiled in the memory of one batch."""

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

ROOT = Path(__file__).resolve().parents[2]
MIB = 2**20
GROWN = 300  # MiB, of the process beyond what it takes for a small file
HEAD = "# Machine: M1\ntime,operation,temperature [°C],pressure [bar],remark\n"
BLOCK = "".join(
    f'2025-01-01 10:{n // 60 % 60:02}:{n % 60:02}.125,OP-{n:07},{n / 8},{n / 64},"checked, ok"\n'
    for n in range(10_000)
)

STREAM = """
import json, os, resource, sys
from pathlib import Path
from qualweave.mappers import readers
from qualweave.mappers.profile import profile

def grown():
    status = Path("/proc/self/status").read_text()
    return int(status.split("VmHWM:")[1].split()[0]) // 1024

warm = [part for table in readers.stream(Path(sys.argv[1])) for part in table.batches()]
profile(warm[0])
before = grown()
size = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
resource.setrlimit(resource.RLIMIT_AS, (size + (int(sys.argv[3]) << 20),) * 2)
rows, last = 0, 0
(table,) = readers.stream(Path(sys.argv[2]))
fields = profile(table.first()[0])
for part in table.batches():
    rows += part.frame.height
    last = part.frame["__row__"][-1]
print(json.dumps({"rows": rows, "last": last, "fields": len(fields), "grown": grown() - before}))
"""


def csv(path: Path, size: int) -> int:
    """Write a CSV of at least so many MiB; return its rows."""
    blocks = -(-size * MIB // len(BLOCK.encode()))
    with path.open("w") as file:
        file.write(HEAD)
        for _ in range(blocks):
            file.write(BLOCK)
    return blocks * 10_000


def json_lines(path: Path, size: int) -> int:
    line = json.dumps({"id": 1, "temperature": 20.125, "place": {"x": 1, "y": 2}, "remark": "checked, ok"}) + "\n"  # fmt: skip
    blocks = -(-size * MIB // (len(line) * 1_000))
    with path.open("w") as file:
        for _ in range(blocks):
            file.write(line * 1_000)
    return blocks * 1_000


def xml(path: Path, size: int) -> int:
    record = "<Row id='1'><Temperature unit='°C'>20.125</Temperature><Remark>checked, ok</Remark></Row>\n"
    blocks = -(-size * MIB // (len(record.encode()) * 1_000))
    with path.open("w") as file:
        file.write("<Export machine='M1'>")
        for _ in range(blocks):
            file.write(record * 1_000)
        file.write("</Export>")
    return blocks * 1_000


def json_document(path: Path, size: int) -> int:
    record = json.dumps({"id": 1, "temperature": 20.125, "remark": "checked, ok"})
    blocks = -(-size * MIB // (len(record) * 1_000))
    with path.open("w") as file:
        file.write('{"machine": "M1", "rows": [' + record)
        for _ in range(blocks):
            file.write(("," + record) * 1_000)
        file.write('], "end": true}')
    return blocks * 1_000 + 1


def parquet(path: Path, size: int) -> int:
    rows = size * MIB // 16
    numbers = pa.array(range(100_000))
    block = pa.table({"id": numbers, "temperature": pa.array([n * 1.1 for n in range(100_000)])})
    with pq.ParquetWriter(path, block.schema, compression="none", use_dictionary=False) as writer:
        for _ in range(rows // 100_000):
            writer.write_table(block)
    return rows // 100_000 * 100_000


def read(made: Callable[[Path, int], int], folder: Path, size: int) -> tuple[int, dict[str, int]]:
    """Return the rows that were written, and what a bounded process says of them."""
    small, large = folder / "small", folder / "large"
    made(small, 2)
    rows = made(large, size)
    assert large.stat().st_size > 0.95 * size * MIB
    env = {**os.environ, "PYTHONPATH": os.pathsep.join([str(ROOT / "src"), str(ROOT)]), "POLARS_MAX_THREADS": "2"}  # fmt: skip
    done = subprocess.run([sys.executable, "-c", STREAM, str(small), str(large), "1536"], env=env, cwd=ROOT, capture_output=True, text=True, check=False)  # fmt: skip
    large.unlink()
    assert done.returncode == 0, done.stderr[-2_000:]
    return rows, json.loads(done.stdout)


def test_a_hundred_megabytes_of_csv_take_the_memory_of_a_batch(tmp_path: Path) -> None:
    rows, told = read(csv, tmp_path, 100)

    assert (told["rows"], told["fields"], told["last"]) == (rows, 5, rows + 2)
    assert told["grown"] <= GROWN


@pytest.mark.long
@pytest.mark.parametrize("made", [json_lines, json_document, xml, parquet])
def test_other_formats_take_the_memory_of_a_batch(
    made: Callable[[Path, int], int], tmp_path: Path
) -> None:
    rows, told = read(made, tmp_path, 200)

    assert told["rows"] == rows
    assert told["grown"] <= GROWN


@pytest.mark.long
def test_a_gigabyte_of_csv_takes_no_more(tmp_path: Path) -> None:
    rows, told = read(csv, tmp_path, 1_100)

    assert told["rows"] == rows
    assert told["grown"] <= GROWN
