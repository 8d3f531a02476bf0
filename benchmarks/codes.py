"""Codes (R63): words of vendors against concepts, codes without words against what others saw, scope against none.

Run ``python -m benchmarks codes [SIZE]`` (default medium). Words: `code_phrases.tsv`, written for this table in
English, German and Chinese, never seen by a fit; those without a term mean nothing that the ontology knows.
Co-occurrence: the AOI files of the example plant, with every word of one machine's code list removed; a machine's own
codes never speak for one another, so removing them all at once or one at a time is the same. The control shuffles the
codes of a machine over its items. Scope: how often a code, resolved in its scope or by one list for all machines,
agrees with the person who reviewed the item.
"""

import csv
import random
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from qualweave.config import Settings
from qualweave.examples.plant import generate
from qualweave.iri import Q, local_name
from qualweave.mappers.align.concepts import ConceptAligner
from qualweave.mappers.code_evidence import CodeEvidence, evidence_of
from qualweave.mappers.codes import CodeBook, CodeEntry, CodeHit
from qualweave.mappers.cooccurrence import Observed, associations
from qualweave.mappers.lift.code_words import ASKED, Word, concepts_in, understand
from qualweave.mappers.vocabulary import Vocabulary
from qualweave.ontology.load import load_graph
from qualweave.ontology.terms import TermIndex
from qualweave.store.port import Snapshot
from tests.reasoning.graphs import ingested

SEEDS, SHUFFLES = (1, 2, 3), 20
PHRASES = Path(__file__).with_name("code_phrases.tsv")
FILES = "electronics/aoi/*"
_WORDS = ("Description", "meaning")  # the columns of the plant's lists that say what a code means
_REVIEWED = """
SELECT ?machine ?code ?programme ?at ?said WHERE {
  ?i q:usesEquipment ?machine ; q:reviewedResult ?said ; q:resultTime ?at .
  ?d q:detectedIn ?i ; q:hasCode ?entry . ?entry q:code ?code .
  OPTIONAL { ?entry q:validInContext/q:contextProgramme ?programme }
}"""


def main(size: str) -> None:
    """Print the measurements."""
    terms = TermIndex.from_graph(load_graph())
    vocabulary = Vocabulary.from_terms(terms)
    words(terms, vocabulary)
    print(
        f"\nCodes without words, plant {size}: is the concept that was removed suggested, and first?"
    )
    print(" seed  codes  suggested  first  wrong first  shuffled: suggestions of tests     s")
    for seed in SEEDS:
        cooccurrence(seed, size, vocabulary)
    print(f"\nR63, plant {size}: a code read in its scope, and by one list for all machines")
    print(" seed  reviewed  in scope  one list for all  most frequent meaning")
    for seed in SEEDS:
        scoping(seed, size, vocabulary)


def words(terms: TermIndex, vocabulary: Vocabulary) -> None:
    """Print what names alone and what alignment make of the words of vendors."""
    with PHRASES.open(encoding="utf-8", newline="") as handle:
        rows = [(row["term"], row["text"]) for row in csv.DictReader(handle, delimiter="\t")]
    gold = [Q + term if term else "" for term, _ in rows]
    said = [(Word("text", "codeDescription", text),) for _, text in rows]
    reader = ConceptAligner(terms, Settings())
    began = time.perf_counter()
    readings = reader([[text] for _, text in rows], ASKED)
    seconds = time.perf_counter() - began
    known = sum(bool(one) for one in gold)
    print(f"Words of {len(rows)} codes ({known} with a concept, {len(rows) - known} without)")
    print("decided by                      right  wrong  of the codes without a concept")
    for name, chosen in (("names alone", None), ("names, then alignment", reader)):
        found = [one.term for one in understand(said, vocabulary, ASKED, chosen)]
        line(name, gold, found)
    line("alignment alone", gold, [o.ranked[0].term if o.is_sure else "" for o in readings])
    ranked = [[meaning.term for meaning in one.ranked] for one in readings]
    for most in (1, 3, 5):
        hits = sum(one in some[:most] for one, some in zip(gold, ranked, strict=True) if one)
        print(f"candidates of a question: right one among the first {most}: {hits / known:.3f}")
    print(f"{len(rows)} texts in {seconds:.2f} s")


def line(name: str, gold: list[str], found: list[str]) -> None:
    """Print how many of the decided meanings are right."""
    pairs = list(zip(gold, found, strict=True))
    right = sum(one == two for one, two in pairs if one and two)
    wrong = sum(one != two for one, two in pairs if one and two)
    invented = sum(bool(two) for one, two in pairs if not one)
    print(f"{name:30} {right:6} {wrong:6} {invented:6}")


@contextmanager
def plant(seed: int, size: str, *silent: str) -> Iterator[Snapshot]:
    """Lend the AOI files of a plant; the code lists of ``silent`` machines say nothing but numbers."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        made = generate(folder / "plant", seed=seed, size=size)  # type: ignore[arg-type]
        for machine in silent:
            silence(made.input / f"electronics/aoi/{machine}_code_list.csv")
        with ingested(folder / "store", made.root, FILES) as snapshot:
            yield snapshot


def silence(path: Path) -> None:
    """Take every word out of a code list."""
    encoding = "gb18030" if b"Description" in path.read_bytes() else "utf-8"
    with path.open(encoding=encoding, newline="") as handle:
        rows = list(csv.DictReader(handle))
    with path.open("w", encoding=encoding, newline="") as handle:
        out = csv.DictWriter(handle, list(rows[0]))
        out.writeheader()
        out.writerows({k: "" if k in _WORDS else v for k, v in row.items()} for row in rows)


def cooccurrence(seed: int, size: str, vocabulary: Vocabulary) -> None:
    """Print for a plant how many removed meanings are found again, and what shuffled codes suggest."""
    with plant(seed, size) as snapshot:
        truth = {one.iri: one for one in CodeBook.load(snapshot).entries()}
    machines = sorted({local_name(one.machine) for one in truth.values()})
    codes = some = first = wrong = chance = tests = 0
    shown = ""
    began = time.perf_counter()
    for machine in machines:
        with plant(seed, size, machine) as snapshot:
            mine = [one for one in CodeBook.load(snapshot).entries() if not one.denotes]
            evidence = CodeEvidence.load(snapshot, mine[0].machine, vocabulary)
        for entry in mine:
            found = evidence.associations(entry.iri)
            codes += 1
            some += bool(found)
            first += bool(found) and found[0].concept == truth[entry.iri].denotes
            wrong += bool(found) and found[0].concept != truth[entry.iri].denotes
            shown = shown or (sentence(entry, evidence, vocabulary) if found else "")
        suggested, compared = shuffled(evidence, seed)
        chance, tests = chance + suggested, tests + compared
    seconds = time.perf_counter() - began
    print(
        f"{seed:5} {codes:6} {some:10} {first:6} {wrong:12} {chance:11} of {tests:5} codes {seconds:14.1f}"
    )
    print(f"      {shown}")


def sentence(entry: CodeEntry, evidence: CodeEvidence, vocabulary: Vocabulary) -> str:
    """Return the strongest evidence for a code in words."""
    return evidence_of(entry, evidence.associations(entry.iri)[0], vocabulary).in_language("en")


def shuffled(evidence: CodeEvidence, seed: int) -> tuple[int, int]:
    """Return the suggestions for codes that were dealt to units at random, and how many codes that were."""
    rng = random.Random(seed)  # noqa: S311 - a control, no secret
    suggested = compared = 0
    for _ in range(SHUFFLES):
        levels = [dealt(one, rng) for one in evidence.levels]
        for entry in {entry for one in levels for entry in one.coded}:
            suggested += bool(associations(entry, levels))
            compared += 1
    return suggested, compared


def dealt(level: Observed, rng: random.Random) -> Observed:
    """Return a level whose codes were dealt anew among the units that have one."""
    units = sorted({unit for some in level.coded.values() for unit in some})
    rng.shuffle(units)
    coded: dict[str, set[str]] = {}
    for entry, some in sorted(level.coded.items()):
        coded[entry] = {units.pop() for _ in range(min(len(some), len(units)))}
    return Observed(level.level, coded, level.seen, level.looked, level.found)


def scoping(seed: int, size: str, vocabulary: Vocabulary) -> None:
    """Print how often codes agree with the reviewer, with and without scope."""
    with plant(seed, size) as snapshot:
        book = CodeBook.load(snapshot)
        rows = [
            {k: str(getattr(v, "value", "") or "") for k, v in row.items()}
            for row in snapshot.select(_REVIEWED)
        ]
    scoped = one_list = common = 0
    machines = sorted({one.machine for one in book.entries()})
    for row in rows:
        seen = [one.iri for one in concepts_in(row["said"], vocabulary, Q + "Defect")]
        answer = book.resolve(row["code"], row["machine"], row["programme"], row["at"])
        scoped += isinstance(answer, CodeHit) and [answer.entry.denotes] == seen
        meanings = [one for one in book.meanings(row["code"]) if one.machine == machines[0]]
        one_list += [one.denotes for one in meanings] == seen
        every = [one.denotes for one in book.meanings(row["code"])]
        common += [max(sorted(set(every)), key=every.count)] == seen
    size_ = max(len(rows), 1)
    print(
        f"{seed:5} {len(rows):9} {scoped / size_:9.3f} {one_list / size_:17.3f} {common / size_:22.3f}"
    )


if __name__ == "__main__":
    main(sys.argv[1] if len(sys.argv) > 1 else "medium")
