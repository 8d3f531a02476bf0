"""The sets that alignment is fitted and measured on: the public ones, and the example plant of some seeds."""

import csv
import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import orjson

from qualweave.config import Settings
from qualweave.examples import plant
from qualweave.mappers import readers
from qualweave.mappers.align.files import read_fields
from qualweave.mappers.align.score import score_table
from qualweave.mappers.align.signals import SIGNALS, Vocabulary
from qualweave.mappers.align.target import from_terms, read_terms
from qualweave.mappers.profile import FieldProfile, profile
from qualweave.ontology.load import load_graph
from qualweave.ontology.terms import TermIndex

SHARED = Path(os.environ.get("QUALWEAVE_SHARED", Path(__file__).parents[2] / "shared"))
PUBLIC = ("mtconnect_cnc", "battery_cycler", "mes_zh", "aas_submodels_de", "units_unece")
PLANT = "example_plant"


@dataclass(frozen=True)
class Sample:
    """A field with its signals and right answers.

    Attributes:
        field: The field.
        matrix: Its signals; shape ``(number of terms, number of signals)``.
        gold: Places of the right terms; empty where none fits.
    """

    field: FieldProfile
    matrix: np.ndarray
    gold: np.ndarray


def load(name: str, most: int, rng: np.random.Generator) -> list[Sample]:
    """Return some fields of a public set with the signals of all its terms."""
    folder = SHARED / "data" / "alignment" / name
    vocabulary = Vocabulary(read_terms(folder / "terms.jsonl"), Settings())
    golds = [
        set(orjson.loads(line)["gold"])
        for line in (folder / "fields.jsonl").read_bytes().splitlines()
    ]
    fields = [field for _, field in read_fields(folder / "fields.jsonl")]
    chosen = rng.permutation(len(fields))[:most]
    return list(_samples([fields[n] for n in chosen], [golds[n] for n in chosen], vocabulary))


def load_plant(folder: Path, *, seed: int, vocabulary: Vocabulary | None = None) -> list[Sample]:
    """Return the fields of an example plant whose names say something (no bare PLC addresses)."""
    made = plant.generate(folder, seed=seed)
    known = vocabulary or Vocabulary(
        from_terms(TermIndex.from_graph(load_graph())), Settings(), profile="ontology"
    )
    with (made.oracle / "fields.csv").open(encoding="utf-8") as lines:
        rows = [row for row in csv.DictReader(lines) if row["cryptic"] != "True"]
    wanted = {(row["file"], row["column"]): set(row["terms"].split("|")) for row in rows}
    fields, golds = [], []
    for path in sorted({row["file"] for row in rows}):
        if readers.sniff(made.input / path) in {"epcis-json", "epcis-xml", "owl", "unknown"}:
            continue
        for table in readers.read(made.input / path, root=made.input):
            for field in profile(table):
                if gold := wanted.get((path, field.name)):
                    fields.append(field)
                    golds.append(gold)
    return list(_samples(fields, golds, known))


def _samples(
    fields: list[FieldProfile], golds: list[set[str]], vocabulary: Vocabulary
) -> Iterator[Sample]:
    groups: dict[str, list[int]] = {}
    for place, field in enumerate(fields):
        context = field.context
        source = (context.device, *context.path_hints, context.file_name) if context else ()
        groups.setdefault("/".join(source), []).append(place)
    for places in groups.values():
        table = score_table([fields[place] for place in places], vocabulary)
        for place, (made, _) in zip(places, table, strict=True):
            yield _sample(fields[place], golds[place], made, vocabulary)


def _sample(
    field: FieldProfile, gold: set[str], made: Mapping[str, np.ndarray], vocabulary: Vocabulary
) -> Sample:
    matrix = np.stack([made[one] for one in SIGNALS], axis=1).astype(np.float32)
    places = [vocabulary.by_id[one] for one in sorted(gold) if one in vocabulary.by_id]
    return Sample(field, matrix, np.array(places, dtype=int))
