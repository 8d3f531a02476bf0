"""The sets that alignment is fitted and measured on: the public ones, and the example plant of some seeds.

A field's signals are computed once per condition: *alone* (the vocabulary and nothing else), or with *memory* of what
was confirmed on the devices of other makers. Which field is of which maker is told by `MAKERS` and `maker`.
"""

import csv
import os
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import orjson

from qualweave.config import Settings
from qualweave.examples import plant
from qualweave.mappers import readers
from qualweave.mappers.align.combiner import Case, case
from qualweave.mappers.align.files import by_source, read_fields
from qualweave.mappers.align.recall import Confirmed, Recall
from qualweave.mappers.align.score import score_table
from qualweave.mappers.align.signals import Vocabulary
from qualweave.mappers.align.target import TargetTerm, from_terms, read_terms
from qualweave.mappers.profile import FieldProfile, profile
from qualweave.ontology.load import load_graph
from qualweave.ontology.terms import TermIndex

SHARED = Path(os.environ.get("QUALWEAVE_SHARED", Path(__file__).parents[2] / "shared"))
PUBLIC = ("mtconnect_cnc", "battery_cycler", "mes_zh", "aas_submodels_de", "units_unece")
PLANT = "example_plant"
MAKERS: Mapping[str, tuple[str, ...]] = {
    "mtconnect_cnc": (
        "Mazak", "Okuma", "MoriSeiki", "Fanuc", "Agie", "Hurco", "SimpleCnc", "LinuxCNC", "Haas", "CMP",
        "SystemInsights", "SI",
    ),
    "battery_cycler": (
        "BioLogic", "Neware", "Novonix", "Arbin", "Digatron", "Landt", "BaSyTec", "Maccor", "PyBaMM",
    ),
}  # fmt: skip
"""Makers as the word stands in ``device``; what names none is a maker of its own."""
_FOLDS = 10


def maker(name: str, row: Mapping[str, Any]) -> str:
    """Return the maker of a field's device.

    mtconnect and battery: the word of `MAKERS` in ``device``; mes_zh, a single system: the module of ``source``;
    aas: the submodel; units: none.
    """
    device = " ".join(str(row.get("device") or "").split())
    if name in MAKERS:
        told = (one for one in MAKERS[name] if re.search(rf"\b{one}", device, re.IGNORECASE))
        return next(told, device)
    if name == "mes_zh":
        return str(row["source"]).split("/admin/", 1)[-1].split("/", 1)[0]
    return device if name == "aas_submodels_de" else ""


@dataclass(frozen=True)
class PublicSet:
    """A public set: its fields, what they mean, who made their devices, and the terms.

    Attributes:
        name: Of the set.
        fields: Id and profile.
        gold: Ids of the right terms per field; none where no term fits.
        makers: Per field.
        terms: The vocabulary.
    """

    name: str
    fields: tuple[tuple[str, FieldProfile], ...]
    gold: tuple[tuple[str, ...], ...]
    makers: tuple[str, ...]
    terms: tuple[TargetTerm, ...]

    @property
    def folds(self) -> list[list[int]]:
        """Places of the fields of each maker; many makers are put into ten folds."""
        every = sorted(set(self.makers))
        fold = {
            one: place % _FOLDS if len(every) > 2 * _FOLDS else place
            for place, one in enumerate(every)
        }
        found: dict[int, list[int]] = {}
        for place, one in enumerate(self.makers):
            found.setdefault(fold[one], []).append(place)
        return [found[one] for one in sorted(found)]

    def confirmed(self, places: Sequence[int], known: Mapping[str, int]) -> list[Confirmed]:
        """Return fields as confirmations, where the vocabulary has one of their terms."""
        return [
            Confirmed(self.fields[one][1], self.gold[one], source=self.makers[one])
            for one in places
            if any(term in known for term in self.gold[one])
        ]


def read_set(name: str) -> PublicSet:
    """Return a public set."""
    folder = SHARED / "data" / "alignment" / name
    rows = [orjson.loads(line) for line in (folder / "fields.jsonl").read_bytes().splitlines()]
    return PublicSet(
        name,
        tuple(read_fields(folder / "fields.jsonl")),
        tuple(tuple(row["gold"]) for row in rows),
        tuple(maker(name, row) for row in rows),
        read_terms(folder / "terms.jsonl"),
    )


@dataclass(frozen=True)
class Answered:
    """A field with its candidates: the place in the set, and the case that a combiner weighs."""

    place: int
    case: Case


def alone(data: PublicSet, vocabulary: Vocabulary) -> list[Answered]:
    """Return the cases of all fields without memory, in the order of the set."""
    return sorted(
        _cases(data, vocabulary, range(len(data.fields)), None), key=lambda one: one.place
    )


def remembering(data: PublicSet, vocabulary: Vocabulary) -> list[Answered]:
    """Return the cases of all fields with memory of the other makers' fields, in the order of the set."""
    found: list[Answered] = []
    for places in data.folds:
        here = set(places)
        rest = [one for one in range(len(data.fields)) if one not in here]
        recall = Recall(
            data.confirmed(rest, vocabulary.by_id), vocabulary.by_id, vocabulary.semantic
        )
        found += _cases(data, vocabulary, places, recall)
    return sorted(found, key=lambda one: one.place)


def _cases(
    data: PublicSet, vocabulary: Vocabulary, places: Sequence[int], recall: Recall | None
) -> Iterator[Answered]:
    rows = [(str(place), data.fields[place][1]) for place in places]
    for group in by_source(rows).values():
        table = score_table([field for _, field in group], vocabulary, recall)
        for (at, _), (found, score) in zip(group, table, strict=True):
            place = int(at)
            right = [vocabulary.by_id[one] for one in data.gold[place] if one in vocabulary.by_id]
            yield Answered(place, case(found, score, right))


def load_plant(folder: Path, *, seed: int, vocabulary: Vocabulary | None = None) -> list[Case]:
    """Return the fields of an example plant whose names say something (no bare PLC addresses)."""
    made = plant.generate(folder, seed=seed)
    known = vocabulary or Vocabulary(
        from_terms(TermIndex.from_graph(load_graph())), Settings(), profile="ontology"
    )
    with (made.oracle / "fields.csv").open(encoding="utf-8") as lines:
        rows = [row for row in csv.DictReader(lines) if row["cryptic"] != "True"]
    wanted = {(row["file"], row["column"]): set(row["terms"].split("|")) for row in rows}
    cases: list[Case] = []
    for path in sorted({row["file"] for row in rows}):
        if readers.sniff(made.input / path) in {"epcis-json", "epcis-xml", "owl", "unknown"}:
            continue
        for table in readers.read(made.input / path, root=made.input):
            fields = profile(table)
            for field, (found, score) in zip(fields, score_table(fields, known), strict=True):
                gold = wanted.get((path, field.name), set())
                right = [known.by_id[one] for one in sorted(gold) if one in known.by_id]
                if gold:
                    cases.append(case(found, score, right))
    return cases
