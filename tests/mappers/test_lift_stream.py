"""Lifting in parts: the same quads as in one piece, resumable, and as a loop over rows would write them."""

import pickle
import tempfile
import unicodedata
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from unittest.mock import patch

import polars as pl
import pyoxigraph as ox
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from qualweave.iri import RDF, XSD, Q, mint
from qualweave.mappers.lift import hashes
from qualweave.mappers.lift.batch import Batch
from qualweave.mappers.lift.build import lift
from qualweave.mappers.lift.cells import MISSING
from qualweave.mappers.lift.hashes import HashSet
from qualweave.mappers.lift.stream import Lifter, lift_to_folder, slices
from qualweave.mappers.mapping import MappingDocument
from qualweave.mappers.table import ROW, RawTable
from qualweave.mappers.vocabulary import Vocabulary
from qualweave.ontology.load import load_graph
from qualweave.ontology.terms import TermIndex
from tests.mappers.test_lift import mapping, table


@pytest.fixture(scope="module")
def vocabulary() -> Vocabulary:
    return Vocabulary.from_terms(TermIndex.from_graph(load_graph()))


BATCH = Batch("src", "ab" * 32, "t.csv")

TEXTS = st.text(
    st.sampled_from('ab "\\\n\r\t{}<>é中ß\u0301\u2028%/#?[]1'), min_size=0, max_size=6
) | st.sampled_from(sorted(MISSING))
NUMBERS = st.decimals(-1000, 1000, places=2, allow_nan=False).map(str) | st.sampled_from(
    ["+3", "1e-7", "12 °C", "oops", "１２．５", "١٢", "1e999", "NaN", "N/A", " 5 "]
)
TIMES = st.sampled_from(["2025-03-04 06:00:00", "2025-03-04T06:00:00.25", "soon", "-"])
RDFS_COMMENT = "http://www.w3.org/2000/01/rdf-schema#comment"
NAMES = st.sampled_from(["A", "B", "A b", "[1]", "é", "x/y", "x%", "", "null"])
TERMS = {
    "op": "operationIdentifier",
    "sn": "serialNumber",
    "eq": "equipmentIdentifier",
    "t": "startedAt",
    "c": "ChamberTemperature",
    "f": "AirTemperature",
    "note": "remark",
}


@st.composite
def tables(draw: st.DrawFn) -> RawTable:
    """Draw a process table with every kind of cell that a device may write."""
    rows = draw(st.integers(1, 12))
    cells = {
        "op": NAMES,
        "sn": NAMES,
        "eq": NAMES,
        "c": NUMBERS,
        "f": NUMBERS,
        "note": TEXTS,
        "t": TIMES,
    }
    return table(
        {name: draw(st.lists(cells[name], min_size=rows, max_size=rows)) for name in TERMS}
    )


def document() -> MappingDocument:
    return mapping("process_record", TERMS, c={"unit": "Cel"}, f={"unit": "[degF]"})


Said = tuple[str, str, str | float]


def by_rows(source: RawTable) -> set[Said]:
    """Write what a table says whose operations have names, row by row in plain Python."""
    found: set[Said] = set()
    first: dict[str, int] = {}
    for row in source.frame.iter_rows(named=True):
        cells = {name: _cell(row[name]) for name in TERMS}
        cells |= {"c": _number(cells["c"]), "f": _number(cells["f"], fahrenheit=True)}
        if "bad" in (cells["c"], cells["f"], cells["t"]):
            continue
        kinds = {"operation": cells["op"], "item": cells["sn"], "equipment": cells["eq"]}
        iris = {kind: _iri(kind, text) for kind, text in kinds.items() if text}
        for one in iris.values():
            first.setdefault(one, row[ROW])
        found |= _said(iris, cells)
    return found | {(one, Q + "sourceRow", str(row)) for one, row in first.items()}


def _said(iris: dict[str, str], cells: dict[str, str | float]) -> set[Said]:
    operation = iris["operation"]
    found: set[Said] = {(operation, RDF + "type", Q + "Operation")}
    if equipment := iris.get("equipment"):
        found |= {
            (operation, Q + "usesEquipment", equipment),
            (equipment, RDF + "type", Q + "Equipment"),
        }
    if item := iris.get("item"):
        found |= {(item, RDF + "type", Q + one) for one in ("MaterialItem", "SerialisedItem")}
        found.add((item, Q + "producedBy", operation))
    for name in ("t", "c", "f", "note"):
        if cells[name] != "":
            found.add((operation, RDFS_COMMENT if name == "note" else Q + TERMS[name], cells[name]))
    return found


def _cell(text: str) -> str:
    plain = text.strip()
    fixed = {"soon": "bad", "2025-03-04 06:00:00": "2025-03-04T06:00:00Z",
             "2025-03-04T06:00:00.25": "2025-03-04T06:00:00.25Z"}  # fmt: skip
    return "" if plain.lower() in MISSING else fixed.get(plain, plain)


def _iri(kind: str, text: str) -> str:
    return mint(kind, text).replace("[", "%5B").replace("]", "%5D")


def _number(text: str, *, fahrenheit: bool = False) -> str | float:
    if text in ("", "oops", "1e999"):
        return "bad" if text else ""
    if text == "12 °C":  # the cell names its own unit
        return 12.0
    value = float(unicodedata.normalize("NFKC", text))
    return round((value - 32) / 1.8, 9) if fahrenheit else value


def _objects(content: bytes) -> set[Said]:
    """Return triples with numbers as numbers, since two forms may have one value."""
    decimals = (XSD + "decimal", XSD + "double")
    return {
        (one.subject.value, one.predicate.value,
         round(float(one.object.value), 9) if str(getattr(one.object, "datatype", ""))[1:-1] in decimals
         else one.object.value)
        for one in ox.parse(input=content, format=ox.RdfFormat.N_TRIPLES)
    }  # fmt: skip


@given(source=tables())
@settings(max_examples=60, deadline=None)
def test_columns_say_what_a_loop_over_rows_would_say(
    source: RawTable, vocabulary: Vocabulary
) -> None:
    named = source.frame.with_columns(pl.format("OP{}{}", pl.col(ROW), pl.col("op")).alias("op"))
    source = replace(source, frame=named)

    result = lift(source, document(), batch=BATCH, vocabulary=vocabulary)

    assert _objects(result.ntriples) == by_rows(source)


@given(source=tables(), rows=st.integers(1, 5))
@settings(max_examples=40, deadline=None)
def test_parts_say_what_the_whole_says(source: RawTable, rows: int, vocabulary: Vocabulary) -> None:
    whole = lift(source, document(), batch=BATCH, vocabulary=vocabulary)

    with tempfile.TemporaryDirectory() as folder:
        found = lift_to_folder(
            lambda: slices(source, rows), Lifter(document(), BATCH, vocabulary), Path(folder)
        )
        written = [one for path in found.files for one in path.read_bytes().splitlines()]

    tail = f" <{BATCH.graph}> .".encode()
    assert {one.removesuffix(tail) for one in written} == {
        one.removesuffix(b" .") for one in whole.ntriples.splitlines()
    }
    assert found.rows_lifted == whole.rows_lifted
    assert set(map(str, found.problems)) == set(map(str, whole.problems))


@given(
    st.lists(
        st.tuples(st.sampled_from(["I1", "I2", ""]), st.sampled_from(["S1", "S2"]),
                  st.sampled_from(["翘曲", "花斑", "Warpage", ""]), st.sampled_from(["NG", "OK"])),
        min_size=1, max_size=10,
    ),
    st.integers(1, 4),
)  # fmt: skip
@settings(max_examples=30, deadline=None)
def test_defects_of_one_inspection_in_two_parts_stay_apart(
    vocabulary: Vocabulary, rows: list[tuple[str, str, str, str]], size: int
) -> None:
    terms = {
        "id": "inspectionIdentifier",
        "sn": "serialNumber",
        "d": "defectName",
        "ok": "conforms",
    }
    columns = {name: [one[at] for one in rows] for at, name in enumerate(terms)}
    source, mapped = table(columns), mapping("inspection_record", terms)
    whole = lift(source, mapped, batch=BATCH, vocabulary=vocabulary)

    with tempfile.TemporaryDirectory() as folder:
        found = lift_to_folder(
            lambda: slices(source, size), Lifter(mapped, BATCH, vocabulary), Path(folder)
        )
        parts = {one for path in found.files for one in path.read_bytes().splitlines()}

    assert len(parts) == len(set(whole.ntriples.splitlines()))
    assert {(one.text, one.rows) for one in found.unresolved} == {
        (one.text, one.rows) for one in whole.unresolved
    }


def rows_of(count: int) -> RawTable:
    return table(
        {
            "op": [f"O{n}" for n in range(count)],
            "sn": [f"S{n % 7}" for n in range(count)],
            "eq": ["E1", "E2"] * (count // 2),
            "t": ["2025-03-04 06:00:00"] * count,
            "c": [str(n) for n in range(count)],
            "f": ["32"] * count,
            "note": ["x"] * count,
        }
    )


def test_a_run_that_was_cut_short_goes_on_behind_its_last_part(
    vocabulary: Vocabulary, tmp_path: Path
) -> None:
    source, lifter = rows_of(100), Lifter(document(), BATCH, vocabulary)

    def cut() -> Iterator[RawTable]:
        for number, part in enumerate(slices(source, 20)):
            if number == 3:
                raise OSError("the disk is full")
            yield part

    with pytest.raises(OSError, match="full"):
        lift_to_folder(cut, lifter, tmp_path / "cut")

    again = lift_to_folder(lambda: slices(source, 20), lifter, tmp_path / "cut")
    once = lift_to_folder(lambda: slices(source, 20), lifter, tmp_path / "once")

    assert (again.resumed, once.resumed) == (3, 0)
    assert [one.read_bytes() for one in again.files] == [one.read_bytes() for one in once.files]
    assert replace(again, files=(), resumed=0) == replace(once, files=(), resumed=0)


def test_a_second_run_writes_nothing_and_another_mapping_everything(
    vocabulary: Vocabulary, tmp_path: Path
) -> None:
    source, lifter = rows_of(60), Lifter(document(), BATCH, vocabulary)
    first = lift_to_folder(lambda: slices(source, 20), lifter, tmp_path)
    times = [one.stat().st_mtime_ns for one in first.files]

    again = replace(lifter, mapping=document())  # made a moment later
    second = lift_to_folder(lambda: slices(source, 20), again, tmp_path)
    later = [one.stat().st_mtime_ns for one in second.files]
    without = replace(lifter, without=frozenset({2}))
    third = lift_to_folder(lambda: slices(source, 30), without, tmp_path)

    assert second.resumed == 3
    assert later == times
    assert (third.resumed, third.rows_lifted, len(list(tmp_path.glob("*.nq")))) == (0, 59, 2)


def test_a_part_that_was_changed_on_disk_is_lifted_again(
    vocabulary: Vocabulary, tmp_path: Path
) -> None:
    source, lifter = rows_of(40), Lifter(document(), BATCH, vocabulary)
    found = lift_to_folder(lambda: slices(source, 20), lifter, tmp_path)
    good = found.files[1].read_bytes()
    found.files[1].write_bytes(good[:-10])

    again = lift_to_folder(lambda: slices(source, 20), lifter, tmp_path)

    assert again.resumed == 1
    assert found.files[1].read_bytes() == good


@given(
    st.lists(st.lists(st.text(max_size=3), unique=True), max_size=8),
    st.integers(0, 12),
    st.integers(1, 5),
)
def test_a_hash_set_is_a_set_in_memory_and_in_files(
    batches: list[list[str]], in_memory: int, piece: int
) -> None:
    known: set[str] = set()
    found = HashSet()

    with patch.multiple(hashes, IN_MEMORY=in_memory, PIECE=piece):
        for batch in batches:
            new, _ = found.new(pl.Series(batch, dtype=pl.String))
            assert new.to_list() == [one not in known for one in batch]
            known |= set(batch)
        carried = pickle.loads(pickle.dumps(found))  # noqa: S301 - written here

    everything = pl.Series(sorted(known), dtype=pl.String).hash().to_numpy()
    for one in (found, carried):
        assert len(one) == len(known)
        assert one.has(everything).all()
