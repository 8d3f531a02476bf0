"""The one place that puts a file on disk and its truth into the oracle at the same time."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from qualweave.examples.plant.oracle import FieldTruth, Oracle
from qualweave.examples.plant.tables import (
    Column,
    Dialect,
    column,
    csv_bytes,
    json_bytes,
    records,
    xml_bytes,
)
from qualweave.examples.plant.world import ONTOLOGY

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from datetime import date
    from pathlib import Path

    from qualweave.examples.plant.physics import Line
    from qualweave.examples.plant.scenario import Scenario
    from qualweave.examples.plant.world import World

# Triples that a record adds beside its mapped cells (types, source rows, links to item and line).
_RECORD_OVERHEAD = 6


@dataclass
class Press:
    """Writes input files below `root` and keeps the oracle."""

    root: Path
    world: World
    scenario: Scenario
    size: dict[str, int]
    oracle: Oracle = field(default_factory=Oracle)
    lines: list[Line] = field(default_factory=list)

    def csv(self, path: str, columns: Sequence[Column], dialect: Dialect | None = None) -> None:
        """Write a CSV file; its broken rows are counted in the oracle."""
        style = dialect or Dialect()
        self._put(path, csv_bytes(columns, style))
        self._note(path, [(style.header(item), item) for item in columns], len(style.broken_rows))

    def json(
        self,
        path: str,
        columns: Sequence[Column],
        *,
        wrap: Callable[[list[dict[str, Any]]], object] = lambda rows: rows,
        extra: Sequence[tuple[str, str]] = (),
    ) -> None:
        """Write a JSON file; `wrap` builds the document, `extra` are its own fields and terms."""
        self._put(path, json_bytes(wrap(records(columns))))
        self._note(path, [(item.header, item) for item in columns], 0)
        self._note_extra(path, extra)

    def xml(
        self,
        path: str,
        columns: Sequence[Column],
        *,
        root: str,
        record: str,
        attributes: dict[str, str] | None = None,
        extra: Sequence[tuple[str, str]] = (),
    ) -> None:
        """Write an XML file; `extra` names the root attributes that are fields of their own."""
        self._put(path, xml_bytes(columns, root=root, record=record, attributes=attributes))
        self._note(path, [(item.header, item) for item in columns], 0)
        self._note_extra(path, extra)

    def raw(self, path: str, data: bytes, *, rows: int, quads: int = 0) -> None:
        """Write a file that is no table (EPCIS, OWL, contract); its fields need no alignment."""
        self._put(path, data)
        self.oracle.counts[path] = {"rows": rows, "broken": 0, "quads": quads}
        self.oracle.totals["rows"] += rows
        self.oracle.totals["quads_estimate"] += quads

    def _put(self, path: str, data: bytes) -> None:
        target = self.root / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(data)

    def _note(self, path: str, columns: list[tuple[str, Column]], broken: int) -> None:
        rows = len(columns[0][1].values)
        quads = rows * _RECORD_OVERHEAD
        for header, item in columns:
            terms = (
                "|".join(ONTOLOGY + name for name in item.term.split("|")) if item.term else "NIL"
            )
            self.oracle.fields.append(FieldTruth(path, header, terms, item.unit, item.cryptic))
            quads += _filled(item) if item.term else 0
            if item.cryptic:
                answer = {"system": path.rsplit("/", 1)[0], "file": path, "field": header}
                self.oracle.answers.append({**answer, "term": terms, "unit": item.unit})
        entry = {"rows": rows, "broken": broken, "quads": quads}
        self.oracle.counts[path] = entry
        for key, total in (
            ("rows", "rows"),
            ("broken", "broken_rows"),
            ("quads", "quads_estimate"),
        ):
            self.oracle.totals[total] += entry[key]

    def _note_extra(self, path: str, extra: Sequence[tuple[str, str]]) -> None:
        for name, term in extra:
            iri = ONTOLOGY + term if term else "NIL"
            self.oracle.fields.append(FieldTruth(path, name, iri, "", cryptic=False))

    def parameter(
        self,
        name: str,
        values: np.ndarray[Any, Any],
        style: str,
        *,
        decimals: int,
        unit: bool = True,
    ) -> Column:
        """A parameter column headed in Chinese (`zh`), English (`en`) or the vendor's capitals."""
        term = self.world.parameters[name]
        header = {"zh": term.header_zh or term.zh, "en": term.en, "vendor": term.vendor}[style]
        shown = term.unit if unit and term.unit != "1" else ""
        if style == "en":
            shown = shown.replace("°C", "degC").replace("µm", "um")
        if style == "zh":
            shown = shown.replace("°C", "℃")
        return column(header, name, values, decimals=decimals, unit=shown)


def _filled(item: Column) -> int:
    kind = item.values.dtype.kind
    if kind == "f":
        return int(np.count_nonzero(~np.isnan(item.values)))
    if kind == "O":
        return sum(1 for value in item.values.tolist() if value not in ("", None))
    return len(item.values)


def stamps(start: date, count: int, *, minutes: float, hour: float = 6.0) -> np.ndarray[Any, Any]:
    """Equally spaced local times.

    Args:
        start: the first day.
        count: how many.
        minutes: spacing in minutes.
        hour: clock time of the first one.

    Returns:
        `datetime64[s]`, shape: (count,).
    """
    first = np.datetime64(start.isoformat(), "s") + np.timedelta64(int(hour * 3600), "s")
    steps: np.ndarray[Any, Any] = (np.arange(count) * minutes * 60).astype("timedelta64[s]")
    moments: np.ndarray[Any, Any] = first + steps
    return moments


def labelled(prefix: str, count: int, width: int = 5, first: int = 1) -> np.ndarray[Any, Any]:
    """Running identifiers such as `P00001`.

    Returns:
        Text as objects, shape: (count,).
    """
    return np.array([f"{prefix}{n:0{width}d}" for n in range(first, first + count)], dtype=object)
