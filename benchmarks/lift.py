"""Lifting speed: column-wise against a naive loop over rows, the same triples from the same table.

Run: ``python -m benchmarks.lift`` or ``python benchmarks/lift.py [ROWS]``; figures are per CPU second.
"""

import sys
import time
from collections.abc import Callable

import numpy as np
import polars as pl

from qualweave.iri import XSD, Q, expand, mint
from qualweave.mappers.lift.batch import Batch
from qualweave.mappers.lift.build import lift
from qualweave.mappers.mapping import ColumnMapping, Decision, MappingDocument
from qualweave.mappers.table import ROW, RawTable, SourceContext
from qualweave.mappers.vocabulary import Vocabulary
from qualweave.ontology.load import load_graph
from qualweave.ontology.terms import TermIndex
from qualweave.values import conversion, unit_of

PARAMETERS = 12


def make(rows: int, temperatures: list[str]) -> tuple[RawTable, MappingDocument]:
    """Return a wide process table and its mapping; every second column is in °F."""
    rng = np.random.default_rng(1)
    data: dict[str, list[str]] = {
        "op": [f"OP-{n:07d}" for n in range(rows)],
        "sn": [f"S{n:07d}" for n in range(rows)],
        "eq": [f"OV-{n % 8}" for n in range(rows)],
        "t": [f"2025-01-{1 + n % 28:02d} {n % 24:02d}:{n % 60:02d}:00" for n in range(rows)],
    }
    terms = {
        "op": "operationIdentifier",
        "sn": "serialNumber",
        "eq": "equipmentIdentifier",
        "t": "startedAt",
    }
    columns = [
        ColumnMapping(name=a, term="q:" + b, decision=Decision.ACCEPTED) for a, b in terms.items()
    ]
    for number in range(PARAMETERS):
        data[f"p{number}"] = rng.normal(180, 5, rows).round(2).astype(str).tolist()
        columns.append(
            ColumnMapping(
                name=f"p{number}",
                term=temperatures[number % len(temperatures)],
                unit="[degF]" if number % 2 else "Cel",
                decision=Decision.ACCEPTED,
            )
        )
    frame = pl.DataFrame(data).with_columns(pl.Series(ROW, range(2, rows + 2), dtype=pl.Int64))
    document = MappingDocument(source="bench", records=("process_record",), columns=tuple(columns))
    return RawTable("bench.csv", tuple(data), frame, SourceContext("bench.csv")), document


def naive(table: RawTable, document: MappingDocument) -> int:
    """Write the same values row by row with plain Python, as a mapping engine without columns would."""
    lines = []
    parameters = [one for one in document.columns if one.name.startswith("p")]
    for row in table.frame.iter_rows(named=True):
        subject = mint("operation", row["op"])
        lines.append(f"<{subject}> <{Q}usesEquipment> <{mint('equipment', row['eq'])}> .\n")
        lines.append(f"<{mint('item', row['sn'])}> <{Q}producedBy> <{subject}> .\n")
        lines.append(
            f'<{subject}> <{Q}startedAt> "{row["t"].replace(" ", "T")}Z"^^<{XSD}dateTime> .\n'
        )
        lines.append(f'<{subject}> <{Q}sourceRow> "{row[ROW]}"^^<{XSD}integer> .\n')
        for one in parameters:
            factor, offset = conversion(unit_of(one.unit), unit_of("Cel"))
            value = round(float(row[one.name]) * factor + offset, 10)
            lines.append(f'<{subject}> <{expand(one.term)}> "{value}"^^<{XSD}decimal> .\n')
    "".join(lines).encode()
    return len(lines)


def timed(work: Callable[[], int]) -> tuple[int, float]:
    """Return the triples of a piece of work and the CPU seconds it took."""
    started = time.process_time()
    count = work()
    return count, time.process_time() - started


def main() -> None:
    """Print one table."""
    rows = int(sys.argv[1]) if len(sys.argv) > 1 else 100_000
    vocabulary = Vocabulary.from_terms(TermIndex.from_graph(load_graph()))
    temperatures = [
        one.iri for one in vocabulary.below(Q + "Temperature") if one.canonical_unit == "Cel"
    ]
    table, document = make(rows, temperatures)
    batch = Batch("bench", "ab" * 32, "bench.csv")
    ours = timed(lambda: lift(table, document, batch=batch, vocabulary=vocabulary).triples)
    loop = timed(lambda: naive(table, document))
    print(f"{rows:,} rows, {PARAMETERS} parameters each; one process")
    for name, (count, seconds) in (("column-wise", ours), ("row loop", loop)):
        print(
            f"{name:12} {count:>10,} triples  {seconds:6.2f} CPU s  {count / seconds:>10,.0f} triples/s"
            f"  {rows / seconds:>8,.0f} rows/s"
        )


if __name__ == "__main__":
    main()
