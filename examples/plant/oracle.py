"""The truth behind the files: collected while they are written, never read by the product."""

from __future__ import annotations

import csv
from collections import defaultdict, deque
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
import orjson
import yaml

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

CLOSURE_LIMIT = 2000


@dataclass(frozen=True)
class FieldTruth:
    """What one column of one file means; `terms` are IRIs, or `NIL` where no term fits."""

    file: str
    column: str
    terms: str
    unit: str
    cryptic: bool


@dataclass(frozen=True)
class LinkTruth:
    """One causal link that really acts on one line."""

    line: str
    process: str
    parameters: str
    directions: str
    defect: str
    mechanism: str
    strength: float


@dataclass
class Oracle:
    """Everything that is true about one generated plant."""

    edges: list[tuple[str, str]] = field(default_factory=list)
    fields: list[FieldTruth] = field(default_factory=list)
    links: list[LinkTruth] = field(default_factory=list)
    labels: list[dict[str, Any]] = field(default_factory=list)
    counts: dict[str, dict[str, Any]] = field(default_factory=dict)
    totals: dict[str, int] = field(default_factory=lambda: defaultdict(int))
    incidents: dict[str, dict[str, Any]] = field(default_factory=dict)
    holdout: list[dict[str, Any]] = field(default_factory=list)
    answers: list[dict[str, str]] = field(default_factory=list)
    levels: dict[str, list[str]] = field(default_factory=dict)
    aoi: list[tuple[str, str, str]] = field(default_factory=list)

    def edge(self, child: str, parents: Iterable[str]) -> None:
        """Record that `child` was made from `parents` (canonical identifiers)."""
        self.edges.extend((child, parent) for parent in parents)

    def write(self, folder: Path, rng: np.random.Generator) -> None:
        """Write all oracle files into `folder`; `rng` picks the items whose closures are told."""
        folder.mkdir(parents=True, exist_ok=True)
        edges = sorted(set(self.edges))
        _write_csv(folder / "genealogy.csv", ["child", "parent"], edges)
        _write_csv(
            folder / "mechanisms.csv",
            ["line", "process", "parameters", "directions", "defect", "mechanism", "strength"],
            (tuple(asdict(link).values()) for link in self.links),
        )
        _write_csv(
            folder / "fields.csv",
            ["file", "column", "terms", "unit", "cryptic"],
            (tuple(asdict(truth).values()) for truth in self.fields),
        )
        _write_json(folder / "closures.json", self._closures(edges, rng))
        _write_json(folder / "incidents.json", self.incidents)
        _write_json(folder / "labels.json", self.labels)
        _write_json(folder / "voices.json", self.holdout)
        _write_json(folder / "levels.json", self.levels)
        _write_json(
            folder / "counts.json",
            {"files": self.counts, "totals": {**self.totals, "genealogy_edges": len(edges)}},
        )

    def write_answers(self, path: Path) -> None:
        """Write what the plant's engineer says of fields that nobody else can read."""
        _write_yaml(path, self.answers)

    def write_when_asked(self, path: Path) -> None:
        """Write what the plant's engineer answers when asked about any other field."""
        unknowable = {one.get("ambiguous_file") for one in self.incidents.values()}
        rows = [
            {"file": one.file, "field": one.column, "term": one.terms.split("|")[0]}
            for one in self.fields
            if not one.cryptic and one.file not in unknowable
        ]
        _write_yaml(path, rows)

    def _closures(
        self, edges: list[tuple[str, str]], rng: np.random.Generator
    ) -> dict[str, dict[str, list[str]]]:
        parents, children = adjacency(edges)
        chosen: dict[str, None] = {}
        for items in self.levels.values():
            take = min(len(items), 12)
            chosen.update(
                (items[int(i)], None) for i in rng.choice(len(items), take, replace=False)
            )
        told = {}
        for item in chosen:
            back, forward = reach(parents, item), reach(children, item)
            if len(back) + len(forward) <= CLOSURE_LIMIT:
                told[item] = {"backward": sorted(back), "forward": sorted(forward)}
        return told


def adjacency(
    edges: Iterable[tuple[str, str]],
) -> tuple[dict[str, list[str]], dict[str, list[str]]]:
    """The edges by child and by parent.

    Args:
        edges: pairs (child, parent).

    Returns:
        Parents of each child, children of each parent.
    """
    parents: dict[str, list[str]] = defaultdict(list)
    children: dict[str, list[str]] = defaultdict(list)
    for child, parent in edges:
        parents[child].append(parent)
        children[parent].append(child)
    return parents, children


def reach(neighbours: Mapping[str, list[str]], start: str) -> set[str]:
    """All items that can be reached from `start`, without `start` itself (plain breadth-first).

    Args:
        neighbours: adjacency in one direction.
        start: the item to start from.

    Returns:
        The closure.
    """
    seen, queue = {start}, deque([start])
    while queue:
        for item in neighbours.get(queue.popleft(), ()):
            if item not in seen:
                seen.add(item)
                queue.append(item)
    return seen - {start}


def _write_csv(path: Path, header: list[str], rows: Iterable[tuple[Any, ...]]) -> None:
    with path.open("w", encoding="utf-8", newline="") as handle:
        writer = csv.writer(handle, lineterminator="\n")
        writer.writerow(header)
        writer.writerows(rows)


def _write_yaml(path: Path, answers: list[dict[str, str]]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    text = yaml.safe_dump({"answers": answers}, allow_unicode=True, sort_keys=False)
    path.write_text(text, encoding="utf-8")


def _write_json(path: Path, document: object) -> None:
    options = orjson.OPT_INDENT_2 | orjson.OPT_SERIALIZE_NUMPY | orjson.OPT_NON_STR_KEYS
    path.write_bytes(orjson.dumps(document, option=options))
