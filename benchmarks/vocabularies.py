"""The Q-Ontology as one file of Turtle, read like anyone's vocabulary, against what the product makes of it itself.

Run as ``python -m benchmarks vocabularies``: on the fields of an example plant whose names say something, those without
a term left out. The file's candidates are all classes and properties, far more than the product asks about, and its
weights are those for any vocabulary: no threshold and no weight was fitted to this.
"""

import csv
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory

from qualweave.config import Settings
from qualweave.examples import plant
from qualweave.mappers import readers
from qualweave.mappers.align import align_targets
from qualweave.mappers.align.signals import Vocabulary
from qualweave.mappers.align.target import TargetTerm, from_terms
from qualweave.mappers.align.vocabularies import read_vocabulary
from qualweave.mappers.profile import FieldProfile, profile
from qualweave.ontology.load import load_graph
from qualweave.ontology.terms import TermIndex

SEED = 7
_NO_TABLE = {"epcis-json", "epcis-xml", "owl", "unknown"}
Asked = tuple[Sequence[FieldProfile], Sequence[frozenset[str]]]


def tables(folder: Path) -> Iterator[Asked]:
    """Yield the fields of each table of an example plant, and the terms that each means; none where none is known."""
    made = plant.generate(folder, seed=SEED)
    with (made.oracle / "fields.csv").open(encoding="utf-8") as lines:
        rows = [
            row
            for row in csv.DictReader(lines)
            if row["cryptic"] != "True" and row["terms"] != "NIL"
        ]
    gold = {(row["file"], row["column"]): frozenset(row["terms"].split("|")) for row in rows}
    for path in sorted({row["file"] for row in rows}):
        if readers.sniff(made.input / path) in _NO_TABLE:
            continue
        for table in readers.read(made.input / path, root=made.input):
            fields = profile(table)
            yield fields, [gold.get((path, one.name), frozenset()) for one in fields]


def measured(asked: Sequence[Asked], vocabulary: Vocabulary) -> str:
    """Return hits@1, hits@3, and the share that is mapped with the share of it that is right, as a row."""
    first, third, mapped, right, count = 0, 0, 0, 0, 0
    for fields, gold in asked:
        for one, wanted in zip(
            align_targets(fields, vocabulary, settings=Settings()), gold, strict=True
        ):
            if not wanted:
                continue
            ranked = [term.term for term in one.ranked[:3]]
            hit = bool(wanted & set(ranked[:1]))
            count, first, third = count + 1, first + hit, third + bool(wanted & set(ranked))
            mapped, right = (
                mapped + (one.decision == "accept"),
                right + (one.decision == "accept" and hit),
            )
    return (
        f"{len(vocabulary.targets):>6} {first / count:>7.3f} {third / count:>7.3f} {mapped / count:>7.3f} "
        f"{right / max(mapped, 1):>7.3f}"
    )


def main() -> None:
    """Print the table."""
    with TemporaryDirectory() as temporary:
        folder = Path(temporary)
        graph = load_graph()
        graph.serialize(folder / "q.ttl", format="turtle")
        found = read_vocabulary(folder / "q.ttl")
        asked = list(tables(folder / "plant"))
    count = sum(bool(one) for _, gold in asked for one in gold)
    print(found.told())
    print(f"{count} fields of {len(asked)} tables, seed {SEED}\n")
    print(f"{'vocabulary':<44} {'terms':>6} {'hits@1':>7} {'hits@3':>7} {'mapped':>7} {'right':>7}")
    ours = from_terms(TermIndex.from_graph(graph))
    forms: dict[str, Callable[[], Vocabulary]] = {
        "the product's own reading, its own weights": lambda: Vocabulary(ours, Settings(), profile="ontology"),
        "the product's own reading, any weights": lambda: Vocabulary(ours, Settings()),
        "q.ttl": lambda: Vocabulary(found.terms, Settings()),
        "q.ttl, not told what its terms are": lambda: Vocabulary(
            [replace(one, entity="") for one in found.terms], Settings()
        ),
        "q.ttl, quantities without units": lambda: Vocabulary(
            [_unitless(one) for one in found.terms], Settings()
        ),
    }  # fmt: skip
    for name, made in forms.items():
        start = time.perf_counter()
        print(
            f"{name:<44} {measured(asked, made())}   ({time.perf_counter() - start:.0f} s)",
            flush=True,
        )


def _unitless(one: TargetTerm) -> TargetTerm:
    """Return a class as in a vocabulary that publishes quantities as plain classes."""
    return replace(one, unit="", kind="", value_type="") if one.entity == "class" else one


if __name__ == "__main__":
    main()
