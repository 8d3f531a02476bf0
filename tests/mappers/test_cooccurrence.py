"""A code without words is suggested what others saw on the same things, with counts; coincidence suggests nothing."""

import csv
import random
from collections.abc import Iterator
from pathlib import Path

import orjson
import pyoxigraph as ox
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import fisher_exact

from qualweave.examples.plant import generate
from qualweave.iri import Q, local_name
from qualweave.mappers.code_candidates import code_candidates, with_cooccurrence
from qualweave.mappers.code_evidence import CodeEvidence, evidence_of
from qualweave.mappers.codes import CodeBook, CodeEntry
from qualweave.mappers.cooccurrence import Observed, Witness, associations
from qualweave.mappers.meanings import Reading
from qualweave.mappers.revise import questions
from qualweave.mappers.vocabulary import Vocabulary
from qualweave.ontology.load import load_graph
from qualweave.ontology.terms import TermIndex
from qualweave.store.port import ChangeSet, Snapshot
from tests.reasoning.graphs import ingested, snapshot_of

WIRE, CRACK = Q + "WireShift", Q + "Crack"
BASE = "https://example.org/id/plant/"
AOI_1, AOI_2, ENTRY = (
    BASE + one for one in ("equipment/AOI-01", "equipment/AOI-02", "code/AOI-02/127")
)


@pytest.fixture(scope="module")
def terms() -> TermIndex:
    return TermIndex.from_graph(load_graph())


@pytest.fixture(scope="module")
def vocabulary(terms: TermIndex) -> Vocabulary:
    return Vocabulary.from_terms(terms)


# --- the statistics -----------------------------------------------------------------------------------


def _observed(both: int, coded: int, found: int, units: int) -> Observed:
    names = [f"u{one}" for one in range(units)]
    other = Witness("machine", AOI_1)
    observed = Observed("item", {ENTRY: set(names[:coded])}, set(names), {other: set(names)})
    observed.found[other, WIRE] = {*names[:both], *names[coded : coded + found - both]}
    return observed


@given(st.data())
def test_the_chance_is_that_of_fishers_exact_test(data: st.DataObject) -> None:
    units = data.draw(st.integers(10, 60))
    coded = data.draw(st.integers(5, units - 1))
    both = data.draw(st.integers(3, coded))
    found = data.draw(st.integers(both, both + units - coded))
    table = [[both, coded - both], [found - both, units - coded - found + both]]

    (one,) = associations(ENTRY, [_observed(both, coded, found, units)], significant=1.0) or [None]

    if one is not None:
        assert one.chance == pytest.approx(fisher_exact(table, "greater").pvalue, rel=1e-6)
        assert (one.both, one.coded, one.found, one.units) == (both, coded, found, units)


@pytest.mark.parametrize(
    ("counts", "suggested"),
    [
        ((39, 41, 43, 2000), True),
        ((4, 4, 4, 2000), False),  # too few looked at by both
        ((5, 5, 5, 2000), True),
        ((2, 10, 2, 2000), False),  # too few with both
        ((100, 400, 500, 2000), False),  # as often as elsewhere
        ((260, 400, 1000, 2000), False),  # more often, but hardly a meaning
    ],
)
def test_only_what_is_far_more_frequent_is_suggested(
    counts: tuple[int, int, int, int], *, suggested: bool
) -> None:
    found = associations(ENTRY, [_observed(*counts)])

    assert bool(found) is suggested


def test_who_has_not_looked_at_a_unit_says_nothing_of_it() -> None:
    observed = _observed(20, 20, 20, 20)  # the other machine looked only where the code was written
    observed.seen |= {f"v{one}" for one in range(500)}

    assert associations(ENTRY, [observed]) == []


# --- from the graph -----------------------------------------------------------------------------------


def _facts(*, related: bool, seed: int = 7, items: int = 300) -> ChangeSet:
    """Return items that two machines looked at; code 127 of the second follows the wire shifts of the first, or not."""
    rng = random.Random(seed)
    lines = [
        f"<{ENTRY}> a q:DefectCode, q:CodeEntry ; q:code '127' ; q:validInContext <{ENTRY}/c> .",
        f"<{ENTRY}/c> q:contextMachine <{AOI_2}> .",
    ]
    for number in range(items):
        item, first, second = (
            f"{BASE}{kind}/{number}" for kind in ("item", "inspection/a", "inspection/b")
        )
        seen = rng.choice([WIRE, CRACK, "", "", "", ""])
        lines += [
            f"<{first}> q:inspects <{item}> ; q:usesEquipment <{AOI_1}> .",
            f"<{second}> q:inspects <{item}> ; q:usesEquipment <{AOI_2}> .",
        ]
        if seen:
            lines.append(
                f"<{first}/d> a q:Defect, <{seen}> ; q:foundOn <{item}> ; q:detectedIn <{first}> ."
            )
        is_coded = seen == WIRE and rng.random() < 0.95 if related else rng.random() < 0.2
        if is_coded:
            lines.append(
                f"<{second}/d> a q:Defect ; q:foundOn <{item}> ; q:detectedIn <{second}> ; q:hasCode <{ENTRY}> ."
            )
    turtle = f"@prefix q: <{Q}> .\n" + "\n".join(lines)
    triples = ox.parse(turtle, format=ox.RdfFormat.TURTLE)
    inserts = ox.serialize([one.triple for one in triples], format=ox.RdfFormat.N_TRIPLES) or b""
    return ChangeSet(BASE + "graph/data/x", "data", inserts, about={"tenant": "plant"})


def test_what_another_machine_saw_on_the_same_items_is_suggested_with_counts(
    tmp_path: Path, vocabulary: Vocabulary
) -> None:
    with snapshot_of(tmp_path, _facts(related=True)) as snapshot:
        evidence = CodeEvidence.load(snapshot, AOI_2, vocabulary)
        entry = CodeBook.load(snapshot).entries()[0]

    (found,) = evidence.associations(ENTRY)

    assert (found.concept, found.witness) == (WIRE, Witness("machine", AOI_1))
    assert found.both == found.coded > 30
    told = evidence_of(entry, found, vocabulary)
    start = f"{found.both} of {found.coded} items with code 127 on AOI-02 have WireShift at AOI-01 (base rate"
    assert told.statement["en"].startswith(start)
    assert "金线偏移" in told.statement["zh"]
    assert told.weight == pytest.approx(found.information)
    assert told.data["base_rate"] == pytest.approx(found.found / 300, abs=1e-4)


@pytest.mark.parametrize("seed", range(10))
def test_codes_without_any_association_suggest_nothing(
    tmp_path: Path, vocabulary: Vocabulary, seed: int
) -> None:
    with snapshot_of(tmp_path, _facts(related=False, seed=seed)) as snapshot:
        evidence = CodeEvidence.load(snapshot, AOI_2, vocabulary)

    assert evidence.levels[0].coded[ENTRY]
    assert evidence.associations(ENTRY) == []


LEVELS = {
    "lot": """
        <{b}item/{n}> q:memberOfBatch <{b}item/L{n}> . <{b}i/{n}> q:inspects <{b}item/{n}> ; q:usesEquipment <{m}> .
        <{b}o/{n}> q:inspects <{b}item/L{n}> ; q:usesEquipment <{o}> .""",
    "alarm": """<{b}alarm/{n}> q:usesEquipment <{m}> ; q:hasCode <{other}> .
        <{b}alarm/{n}> q:hasRootCauseLabel <{b}label/{n}> .""",
    "operation": """<{b}op/{n}> a q:Operation ; q:usesEquipment <{m}> ; q:startedAt "{t}:00:00Z"^^xsd:dateTime ;
          q:endedAt "{t}:30:00Z"^^xsd:dateTime .
        <{b}item/{n}> q:producedBy <{b}op/{n}> . <{b}o/{n}> q:inspects <{b}item/{n}> ; q:usesEquipment <{o}> .""",
}
CODED = {
    "lot": "<{b}d/{n}> a q:Defect ; q:foundOn <{b}item/{n}> ; q:detectedIn <{b}i/{n}> ; q:hasCode <{e}> .",
    "alarm": "<{b}alarm/{n}> q:hasCode <{e}> .",
    "operation": """<{b}alarm/{n}> q:usesEquipment <{m}> ; q:hasCode <{e}> ; q:eventTime "{t}:10:00Z"^^xsd:dateTime .""",
}
FOUND = {
    "lot": "<{b}x/{n}> a q:WireShift ; q:foundOn <{b}item/L{n}> ; q:detectedIn <{b}o/{n}> .",
    "alarm": "<{b}label/{n}> q:hasEffect q:WireShift .",
    "operation": "<{b}x/{n}> a q:WireShift ; q:foundOn <{b}item/{n}> ; q:detectedIn <{b}o/{n}> .",
}


@pytest.mark.parametrize("level", sorted(LEVELS))
def test_lots_labels_and_operations_speak_too(
    tmp_path: Path, vocabulary: Vocabulary, level: str
) -> None:
    lines = ["@prefix q: <" + Q + "> . @prefix xsd: <http://www.w3.org/2001/XMLSchema#> ."]
    for number in range(40):
        facts = {
            "b": BASE, "n": number, "m": AOI_2, "o": AOI_1, "e": ENTRY, "other": ENTRY + "x",
            "t": f"2025-01-{1 + number // 20:02}T{number % 20:02}",
        }  # fmt: skip
        lines.append(LEVELS[level].format(**facts))
        lines += [one[level].format(**facts) for one in (CODED, FOUND) if number % 4 == 0]
    triples = ox.parse("\n".join(lines), format=ox.RdfFormat.TURTLE)
    inserts = ox.serialize([one.triple for one in triples], format=ox.RdfFormat.N_TRIPLES) or b""
    change = ChangeSet(BASE + "graph/data/x", "data", inserts, about={"tenant": "plant"})

    with snapshot_of(tmp_path, change) as snapshot:
        found = CodeEvidence.load(snapshot, AOI_2, vocabulary).associations(ENTRY)

    assert [(one.concept, one.level, one.both, one.units) for one in found] == [
        (WIRE, level, 10, 40)
    ]


# --- on the example plant -----------------------------------------------------------------------------


@pytest.fixture(scope="module", params=[1, 2, 3])
def silent(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[Snapshot, str, str, dict[str, str]]]:
    """Lend a plant in whose first code list the told code has no words."""
    folder = tmp_path_factory.mktemp("silent")
    made = generate(folder / "plant", seed=request.param, size="medium")
    path = min(made.input.glob("electronics/aoi/*_code_list.csv"))
    with path.open(encoding="gb18030", newline="") as handle:
        rows = list(csv.DictReader(handle))
    (told, *others) = rows
    told["Description"] = ""
    with path.open("w", encoding="gb18030", newline="") as handle:
        out = csv.DictWriter(handle, list(rows[0]))
        out.writeheader()
        out.writerows([told, *others])
    incident = orjson.loads((made.oracle / "incidents.json").read_bytes())["scoped-code"]
    with ingested(folder / "store", made.root, "electronics/aoi/*") as snapshot:
        yield snapshot, told["Machine"], told["Defect_ID"], incident["meanings"]


def _entry(snapshot: Snapshot, machine: str, code: str) -> CodeEntry:
    every = CodeBook.load(snapshot).meanings(code)
    return next(one for one in every if local_name(one.machine) == machine)


def test_a_meaning_that_was_removed_is_found_again_and_comes_first(
    silent: tuple[Snapshot, str, str, dict[str, str]], vocabulary: Vocabulary
) -> None:
    snapshot, machine, code, meanings = silent
    entry = _entry(snapshot, machine, code)
    assert not entry.denotes

    ((first, *_),) = code_candidates(snapshot, [entry], vocabulary, reader=None)

    assert local_name(first.concept) == meanings[machine]
    assert first.association is not None
    assert first.score == pytest.approx(first.association.share)
    assert first.score > 0.8


def test_the_question_about_it_tells_what_occurs_together(
    silent: tuple[Snapshot, str, str, dict[str, str]], terms: TermIndex
) -> None:
    snapshot, machine, code, meanings = silent
    open_questions = questions(snapshot, tenant="plant", base="https://example.org/id/")

    told = with_cooccurrence(open_questions, snapshot, terms)

    (asked,) = [one for one in told if one.text.startswith(f"{code} @ {machine}")]
    evidence = asked.request.evidence[0]
    assert evidence.kind == "cooccurrence"
    assert local_name(evidence.sources[0]) == meanings[machine]
    assert evidence.statement["en"].endswith("comparisons)")
    assert "基准率" in evidence.statement["zh"]


def test_words_that_name_a_concept_are_not_scored(
    silent: tuple[Snapshot, str, str, dict[str, str]], vocabulary: Vocabulary
) -> None:
    def unasked(codes: object, within: object) -> list[Reading]:
        pytest.fail(f"{codes} were scored below {within}")

    snapshot, _, _, _ = silent
    decided = [one for one in CodeBook.load(snapshot).entries() if one.denotes]

    found = code_candidates(snapshot, decided, vocabulary, reader=unasked)

    assert [some[0].concept for some in found] == [one.denotes for one in decided]
    assert all(some[0].probability == 1.0 for some in found)
