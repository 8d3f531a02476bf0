"""From operations and defects to evidence: one row of statistics per line, parameter and defect.

A parameter reaches a defect through the item: the operations that made the item, and those that made what
it was made from (`docs/reference/graph.md`). Per line an item × parameter matrix is put together, and each
defect that was found there is held against it.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256

import numpy as np
import polars as pl

from qualweave.errors import QualweaveError
from qualweave.gnn import statistics
from qualweave.gnn.reading import Reading
from qualweave.gnn.schema import COUNTS, STATISTICS
from qualweave.iri import DEFAULT_BASE, local_name, mint

UPSTREAM_STEPS = 2
"""Steps of genealogy over which values of what an item was made from are taken along."""

_MAX_PAIRS = 4_000_000
_MIN_KNOWN = 8
_MIN_KNOWN_SHARE = 0.2
_MAX_COMBINATIONS = 3
_STRETCHES = 3

Progress = Callable[[str, int, int], None]
"""Told what is in work, its number and how many there are."""


class Cancelled(QualweaveError):
    """The caller asked to stop; nothing was written."""

    status = 409
    code = "cancelled"


@dataclass(frozen=True)
class Gathered:
    """What was measured.

    Attributes:
        evidence: One row per line, cause (parameter or combination) and defect: ``line``, ``cause``,
            ``defect``, ``own`` (measured on the line itself) and the columns of evidence.
        sensors: Distinct ``line``, ``equipment`` (null where unknown), ``parameter``.
        members: Parameters of each combination with their sides, by its IRI.
        notes: What could not be done, in words.
    """

    evidence: pl.DataFrame
    sensors: pl.DataFrame
    members: Mapping[str, tuple[tuple[str, int], ...]]
    notes: tuple[str, ...] = ()


def gather(
    reading: Reading,
    *,
    base: str = DEFAULT_BASE,
    tenant: str = "plant",
    progress: Progress | None = None,
) -> Gathered:
    """Return the evidence of a snapshot.

    Args:
        reading: Its tables.
        base: Namespace of the IRIs of combinations.
        tenant: Tenant of those IRIs.
        progress: Told before each line.
    """
    operations, values = reading.operations, reading.values
    joined = values.join(operations, on="operation")
    sensors = (
        joined.select("line", "equipment", "parameter")
        .unique()
        .sort("line", "parameter", "equipment", nulls_last=True)
    )
    measured = joined.group_by("item", "parameter").agg(pl.col("value").mean())
    upstream, notes = _upstream(reading, measured)
    every = pl.concat([measured.with_columns(pl.lit(value=False).alias("far")), upstream])
    rows: list[dict[str, object]] = []
    members: dict[str, tuple[tuple[str, int], ...]] = {}
    for place in _places(reading, every, progress):
        own = set(sensors.filter(pl.col("line") == place.line)["parameter"])
        for defect, y in place.defects.items():
            rows += _rows(place, defect, y, own=own)
            for name, parts, row in _combined(place, defect, y, base=base, tenant=tenant):
                members[name] = parts
                rows.append(row)
    schema: dict[str, type[pl.DataType]] = {
        "line": pl.String,
        "cause": pl.String,
        "defect": pl.String,
        "own": pl.Boolean,
    }
    schema |= dict.fromkeys((*STATISTICS, *COUNTS), pl.Float64)
    frame = pl.DataFrame(rows, schema=schema).sort("line", "defect", "cause")
    return Gathered(frame, sensors, members, notes)


def _upstream(reading: Reading, measured: pl.DataFrame) -> tuple[pl.DataFrame, tuple[str, ...]]:
    """Return the values of what items were made from, where the item has none of its own."""
    empty = measured.clear().with_columns(pl.lit(value=True).alias("far"))
    parents = reading.parents
    if parents.is_empty():
        return empty, ()
    carried, step, notes = [], parents.rename({"parent": "ancestor"}), []
    for _ in range(UPSTREAM_STEPS):
        found = step.join(measured, left_on="ancestor", right_on="item")
        carried.append(found.group_by("item", "parameter").agg(pl.col("value").mean()))
        step = step.join(parents, left_on="ancestor", right_on="item").select(
            "item", pl.col("parent").alias("ancestor")
        )
        if len(step) > _MAX_PAIRS:
            notes.append(f"genealogy beyond one step was left out: {len(step)} pairs")
            break
        step = step.unique()
    far = pl.concat(carried).unique(["item", "parameter"], keep="first", maintain_order=True)
    far = far.join(measured, on=["item", "parameter"], how="anti")
    return far.with_columns(pl.lit(value=True).alias("far")), tuple(notes)


@dataclass(frozen=True)
class Place:
    """A line's matrix: items in rows, parameters in columns, its defects and environments."""

    line: str
    parameters: tuple[str, ...]
    x: statistics.Floats
    environments: statistics.Ints
    defects: Mapping[str, statistics.Bools]


def _places(reading: Reading, every: pl.DataFrame, progress: Progress | None) -> Iterator[Place]:
    operations = reading.operations.sort("line", "item", "started", nulls_last=True)
    on_line = operations.unique(["line", "item"], keep="first", maintain_order=True)
    defects = reading.defects.join(on_line.select("item").unique(), on="item", how="semi")
    lines = on_line.partition_by("line", as_dict=True, maintain_order=True)
    values = every.join(on_line.select("item", "line"), on="item").partition_by(
        "line", as_dict=True
    )
    for number, ((line,), items) in enumerate(lines.items()):
        if progress:
            progress(local_name(str(line)), number, len(lines))
        found = values.get((line,))
        here = defects.filter((pl.col("line") == line) | pl.col("line").is_null())
        here = here.join(items.select("item"), on="item", how="semi")
        if found is None or here.is_empty():
            continue
        yield _place(str(line), items, found, defects=here)


def _place(line: str, items: pl.DataFrame, values: pl.DataFrame, *, defects: pl.DataFrame) -> Place:
    wide = values.pivot(on="parameter", index="item", values="value", aggregate_function="mean")
    rows = items.join(wide, on="item", how="left", maintain_order="left")
    least = max(_MIN_KNOWN, int(_MIN_KNOWN_SHARE * len(rows)))
    parameters = sorted(
        name for name in wide.columns[1:] if len(rows) - rows[name].null_count() >= least
    )
    x = (
        rows.select(parameters).to_numpy().astype(np.float64)
        if parameters
        else np.zeros((len(rows), 0))
    )
    names = rows["item"].to_list()
    flags = {
        str(kind): np.fromiter((name in bad for name in names), dtype=bool, count=len(names))
        for (kind,), group in sorted(defects.partition_by("defect", as_dict=True).items())
        for bad in (set(group["item"]),)
    }
    return Place(line, tuple(parameters), x, _environments(rows), flags)


def _environments(rows: pl.DataFrame) -> statistics.Ints:
    """Number the environments: equipment and shift, or equipment and stretch of time without shifts."""
    rank = pl.col("started").rank("ordinal", descending=False)
    stretch = (rank * _STRETCHES / (pl.len() + 1)).floor().cast(pl.String)
    part = pl.col("shift") if rows["shift"].null_count() < len(rows) else stretch
    key = pl.concat_str(pl.col("equipment").fill_null(""), part.fill_null(""), separator="\x1f")
    return rows.select(key.rank("dense").cast(pl.Int64)).to_series().to_numpy()


def _rows(
    place: Place, defect: str, y: statistics.Bools, *, own: set[str]
) -> Iterator[dict[str, object]]:
    if not place.parameters or not y.any() or y.all():
        return
    columns = statistics.evidence(place.x, y, place.environments)
    for number, parameter in enumerate(place.parameters):
        yield {
            "line": place.line,
            "cause": parameter,
            "defect": defect,
            "own": parameter in own,
            **{name: float(column[number]) for name, column in columns.items()},
        }


def _combined(
    place: Place, defect: str, y: statistics.Bools, *, base: str, tenant: str
) -> Iterator[tuple[str, tuple[tuple[str, int], ...], dict[str, object]]]:
    if len(place.parameters) < 2:  # noqa: PLR2004 - a pair
        return
    x = statistics.standardise(place.x)
    for one in statistics.screen(place.x, y)[:_MAX_COMBINATIONS]:
        parts = tuple(
            (place.parameters[c], sign) for c, sign in zip(one.columns, one.signs, strict=True)
        )
        score = (x[:, list(one.columns)] * np.array(one.signs)).min(axis=1)
        columns = statistics.evidence(score[:, None], y, place.environments)
        row: dict[str, object] = {name: float(column[0]) for name, column in columns.items()}
        name = combination_iri(parts, base=base, tenant=tenant)
        yield (
            name,
            parts,
            {
                "line": place.line,
                "cause": name,
                "defect": defect,
                "own": True,
                **row,
                "joint": one.gain,
            },
        )


def combination_iri(
    members: Sequence[tuple[str, int]], *, base: str = DEFAULT_BASE, tenant: str = "plant"
) -> str:
    """Return the IRI of a combination: the same members on the same sides give the same one."""
    names = "+".join(
        sorted(f"{local_name(iri)}{'+' if side > 0 else '-'}" for iri, side in members)
    )
    digest = sha256("\n".join(sorted(f"{iri} {side}" for iri, side in members)).encode())
    return mint("combination", f"{names}-{digest.hexdigest()[:8]}", tenant=tenant, base=base)


def direction_of(z: float, quadratic: float) -> str:
    """Return the side on which a parameter acts, as its statistics tell it."""
    if quadratic > 1.5 * abs(z) and quadratic > 2:  # noqa: PLR2004 - clearly both sides, and clearly there
        return "off-target"
    return "high" if z >= 0 else "low"
