"""Bad inputs: each is refused in words or waits row by row; the good rows arrive, time and memory stay bounded.

The inputs are made by `tests.mappers.bad_inputs`. Those that only need reading with care go through one ingest into a
real store; those that are built to take all memory are read by a process that has little of it.
"""

import json
import os
import re
import sqlite3
import struct
import subprocess
import sys
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from qualweave.api import receiving
from qualweave.config import Settings
from qualweave.errors import InputError, UnreadableSource
from qualweave.mappers import readers
from qualweave.mappers.desk import Desk, desk
from qualweave.mappers.ingest import ingest
from qualweave.mappers.quarantine import QuarantinedRow
from qualweave.mappers.report import FileReport, IngestReport
from qualweave.ontology.load import load_graph
from qualweave.ontology.terms import TermIndex
from qualweave.principal import SYSTEM
from qualweave.shapes.gate import ShapeGate
from qualweave.store.oxigraph import open_store
from tests.mappers.bad_inputs import binaries, documents, texts
from tests.mappers.bad_inputs.case import CASES, HEAVY, Case, table
from tests.mappers.exact import exact

SECONDS = 10.0
ROOT = Path(__file__).resolve().parents[2]
assert texts, documents


def by_name(case: Case) -> str:
    return ascii(case.file)[1:50]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    place = tmp_path_factory.mktemp("bad")
    for one in CASES:
        one.make(place / one.file)
    (place / "a_folder.csv").mkdir()
    inside = place / "a_folder.csv" / "inside.csv"
    inside.write_text(table(inside))
    os.mkfifo(place / "a_pipe.csv")
    outside = tmp_path_factory.mktemp("outside") / "secret.csv"
    outside.write_text(table(outside))
    (place / "a_link_out.csv").symlink_to(outside)
    (place / "a_link_to_nothing.csv").symlink_to(place / "nothing")
    (place / "a_link_within.csv").symlink_to(inside)
    return place


@pytest.fixture(scope="module")
def work(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Desk]:
    home = tmp_path_factory.mktemp("home")
    settings = Settings(data_dir=home / "data")
    store = open_store(settings.data_dir / "store", settings)
    terms = TermIndex.from_graph(load_graph())
    yield desk(
        store=store, terms=terms, settings=settings, principal=SYSTEM, gate=ShapeGate(), aligner=exact
    )  # fmt: skip
    store.close()


@pytest.fixture(scope="module")
def report(work: Desk, folder: Path) -> IngestReport:
    locked = sqlite3.connect(folder / "a_locked_database.db", isolation_level=None)
    locked.execute("CREATE TABLE t (a)")
    locked.execute("BEGIN EXCLUSIVE")
    locked.execute("INSERT INTO t VALUES (1)")
    try:
        return ingest(
            folder, store=work.store, terms=work.terms, settings=work.settings,
            principal=work.principal, gate=work.gate, aligner=work.aligner,
        )  # fmt: skip
    finally:
        locked.close()


def of(report: IngestReport, name: str) -> FileReport:
    return next(one for one in report.files if one.file == name)


def waiting(work: Desk, name: str) -> list[QuarantinedRow]:
    return [one for one in work.quarantine.held() if one.file == name]


def written(work: Desk, name: str) -> list[object]:
    with work.snapshot() as snapshot:
        return [one for one in snapshot.graphs("data") if one.about.get("file") == name]


def says(text: str, text_zh: str) -> None:
    assert text
    assert any("\u4e00" <= one <= "\u9fff" for one in text_zh), text_zh


def test_there_are_sixty_bad_inputs_and_more() -> None:
    assert len({one.file for one in [*CASES, *HEAVY]}) >= 60


@pytest.mark.parametrize("case", [one for one in CASES if one.refused], ids=by_name)
def test_what_cannot_be_read_is_refused_in_words_and_leaves_nothing(
    case: Case, report: IngestReport, work: Desk
) -> None:
    found = of(report, case.file)

    assert found.status == "refused", found
    assert re.search(case.refused or "", found.message), found.message
    says(found.message, found.message_zh)
    assert case.file in found.message or case.file.removesuffix(".gz") in found.message
    assert written(work, case.file) == waiting(work, case.file) == []
    assert found.seconds <= SECONDS


@pytest.mark.parametrize("case", [one for one in CASES if one.refused is None], ids=by_name)
def test_what_can_be_read_arrives_and_the_rest_waits_with_its_place(
    case: Case, report: IngestReport, work: Desk
) -> None:
    found = of(report, case.file)
    held = waiting(work, case.file)

    assert found.status in {"lifted", "waiting"}, found.message
    reasons = [(one.row, why.column, why.code) for one in held for why in one.problems]
    assert sorted(reasons) == sorted(case.waits)
    assert found.rows_lifted == case.lifted
    assert found.rows_read == found.rows_lifted + found.rows_quarantined + found.rows_waiting
    assert case.columns in {None, found.columns}
    for one in held:
        for why in one.problems:
            says(why.message["en"], why.message["zh"])
            says(why.fix["en"], why.fix["zh"])
    assert found.seconds <= SECONDS


@pytest.mark.parametrize(
    ("name", "told"),
    [
        ("a_pipe.csv", "no plain file"),
        ("a_link_out.csv", "leads out of its folder"),
        ("a_link_to_nothing.csv", "cannot be opened|no plain file"),
        ("a_locked_database.db", "locked"),
    ],
)
def test_what_is_no_file_of_the_folder_is_refused_by_name(
    name: str, told: str, report: IngestReport, work: Desk
) -> None:
    found = of(report, name)

    assert found.status == "refused"
    assert re.search(f"{name}.*({told})", found.message), found.message
    says(found.message, found.message_zh)
    assert written(work, name) == []


def test_a_folder_may_be_called_like_a_file(report: IngestReport) -> None:
    inside, link = of(report, "a_folder.csv/inside.csv"), of(report, "a_link_within.csv")

    assert {inside.status, link.status} == {"lifted", "repeated"}


def test_a_look_alike_header_is_not_taken_for_the_term(report: IngestReport) -> None:
    assert of(report, "a_header_that_only_looks_right.csv").mapped == 4
    assert of(report, "a_header_with_a_direction_override.csv").mapped == 4


def test_no_number_without_end_gets_into_the_graph(report: IngestReport, work: Desk) -> None:
    assert report.files
    work.store.publish()
    with work.snapshot() as snapshot:
        rows = snapshot.select(
            "SELECT ?v WHERE { ?s ?p ?v FILTER(isLiteral(?v) && REGEX(STR(?v), '^[-+]?(inf|nan)', 'i')) }"
        )

    assert rows == []


def test_a_file_that_may_not_be_read_is_refused_by_name(tmp_path: Path) -> None:
    path = tmp_path / "mine.csv"
    path.write_text(table(path))
    path.chmod(0)
    if os.geteuid() != 0:
        with pytest.raises(UnreadableSource, match=r"mine\.csv cannot be opened"):
            readers.sniff(path)
        return
    code = (
        "import os,sys; from pathlib import Path; from qualweave.mappers import readers\n"
        "os.setuid(65534)\n"
        "try: readers.sniff(Path(sys.argv[1]))\n"
        "except readers.UnreadableSource as e: print(e)"
    )

    found = subprocess.run([sys.executable, "-c", code, str(path)], env=_env(), cwd="/", capture_output=True, text=True, check=False)  # fmt: skip

    assert "mine.csv cannot be opened" in found.stdout, found.stderr


# --- little memory ---------------------------------------------------------------------------------------

READ = """
import json, os, resource, sys, time
from pathlib import Path
from qualweave.errors import QualweaveError
from qualweave.mappers import readers

size = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()

def read(name):
    resource.setrlimit(resource.RLIMIT_AS, (size + (int(sys.argv[1]) << 20),) * 2)
    started, rows, error = time.monotonic(), 0, None
    try:
        for table in readers.stream(Path(name), limits=readers.ReadLimits(unpacked_mib=256)):
            rows += sum(part.frame.height for part in table.batches())
    except QualweaveError as one:
        error = one
    print(json.dumps({
        "file": Path(name).name, "rows": rows, "seconds": time.monotonic() - started,
        "en": str(error) if error else "", "zh": error.in_language("zh") if error else "",
    }), flush=True)

for name in sys.argv[2:]:
    child = os.fork()
    if not child:
        try:
            read(name)
        finally:
            os._exit(0)
    if os.waitpid(child, 0)[1]:
        sys.exit(f"{name} broke its process")
"""


def _env() -> dict[str, str]:
    return {**os.environ, "PYTHONPATH": os.pathsep.join([str(ROOT / "src"), str(ROOT)]), "POLARS_MAX_THREADS": "2"}  # fmt: skip


@pytest.fixture(scope="module")
def heavy(tmp_path_factory: pytest.TempPathFactory) -> dict[str, dict[str, object]]:
    place = tmp_path_factory.mktemp("heavy")
    for one in HEAVY:
        one.make(place / one.file)
    names = [str(place / one.file) for one in HEAVY]
    found = subprocess.run([sys.executable, "-c", READ, "768", *names], env=_env(), cwd=ROOT, capture_output=True, text=True, check=False, timeout=300)  # fmt: skip
    for one in HEAVY:
        (place / one.file).unlink()
    assert found.returncode == 0, found.stderr[-2_000:]
    return {one["file"]: one for one in map(json.loads, found.stdout.splitlines())}


@pytest.mark.parametrize("case", HEAVY, ids=by_name)
def test_what_is_built_to_take_all_memory_does_not(
    case: Case, heavy: dict[str, dict[str, object]]
) -> None:
    found = heavy[case.file]

    assert float(str(found["seconds"])) <= SECONDS
    if case.refused is None:
        assert found["en"] == ""
        assert found["rows"] == case.lifted
    else:
        assert re.search(case.refused, str(found["en"])), found["en"]
        says(str(found["en"]), str(found["zh"]))
        assert case.file.removesuffix(".gz") in str(found["en"])


# --- archives over the wire ------------------------------------------------------------------------------


def _locked(content: bytes) -> bytes:
    """Return an archive whose members say that they are encrypted."""
    made = bytearray(content)
    made[6] |= 1
    made[content.index(b"PK\x01\x02") + 8] |= 1
    return bytes(made)


def _sized(content: bytes, size: int) -> bytes:
    """Return an archive whose members say that they unfold to another size."""
    made, at = bytearray(content), 0
    while (at := content.find(b"PK\x01\x02", at)) >= 0:
        made[at + 24 : at + 28] = struct.pack("<I", size)
        at += 4
    return bytes(made)


_TWO = binaries.archive({"a.csv": b"x" * 100, "b.csv": b"y" * 100})


@pytest.mark.parametrize(
    ("content", "told"),
    [
        pytest.param(binaries.archive({"../../up.csv": b"x"}), "no plain file name", id="up"),
        pytest.param(binaries.archive({"/etc/cron.d/x": b"x"}), "no plain file name", id="absolute"),
        pytest.param(binaries.archive({"C:\\x.csv": b"x"}), "no plain file name", id="drive"),
        pytest.param(binaries.archive({"a\\..\\..\\x.csv": b"x"}), "no plain file name", id="up-of-windows"),
        pytest.param(binaries.archive({"a": b"x", "a/b": b"x"}), "stands there twice", id="file-and-folder"),
        pytest.param(binaries.archive({"n" * 300: b"x"}), "cannot name a file", id="long-name"),
        pytest.param(_locked(binaries.archive({"a.csv": b"x"})), "no ZIP archive", id="password"),
        pytest.param(_TWO[: len(_TWO) // 2], "no ZIP archive", id="half"),
        pytest.param(_sized(_TWO, 0xFFFF_FFF0), "of 8589934560 bytes", id="says-eight-gigabytes"),
        pytest.param(_sized(_TWO, 10), "no ZIP archive", id="says-less-than-it-holds"),
    ],
)  # fmt: skip
def test_an_archive_of_tricks_writes_nothing_outside(
    content: bytes, told: str, tmp_path: Path
) -> None:
    place = tmp_path / "a" / "b"
    place.mkdir(parents=True)

    with pytest.raises(InputError, match=told) as caught:
        receiving._unpack(content, place)

    says(caught.value.message, caught.value.message_zh)
    assert [one for one in tmp_path.rglob("*") if one.is_file() and place not in one.parents] == []


def test_a_link_in_an_archive_becomes_a_plain_file(tmp_path: Path) -> None:
    link = zipfile.ZipInfo("link.csv")
    link.external_attr = 0o120777 << 16
    path = tmp_path / "x.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr(link, "/etc/passwd")
        archive.writestr("inner.zip", binaries.archive({"a.csv": b"x"}))

    receiving._unpack(path.read_bytes(), tmp_path / "out")

    assert not (tmp_path / "out" / "link.csv").is_symlink()
    assert (tmp_path / "out" / "link.csv").read_text() == "/etc/passwd"
    assert readers.sniff(tmp_path / "out" / "inner.zip") == "zip"


def test_a_file_too_long_for_one_commit_is_refused_whole(work: Desk, tmp_path: Path) -> None:
    path = tmp_path / "long.csv"
    path.write_text(table(path, count=300))
    settings = work.settings.model_copy(update={"ingest_rows": 200, "read_batch_rows": 100})

    report = ingest(
        path, store=work.store, terms=work.terms, settings=settings, principal=work.principal,
        gate=work.gate, aligner=work.aligner,
    )  # fmt: skip

    assert report.files[0].status == "refused"
    assert "QUALWEAVE_INGEST_ROWS" in report.files[0].message
    assert written(work, "long.csv") == []


def test_a_file_of_many_batches_arrives_whole(work: Desk, tmp_path: Path) -> None:
    path = tmp_path / "many.csv"
    path.write_text(table(path, count=300))
    settings = work.settings.model_copy(update={"read_batch_rows": 100})

    report = ingest(
        path, store=work.store, terms=work.terms, settings=settings, principal=work.principal,
        gate=work.gate, aligner=work.aligner,
    )  # fmt: skip

    assert (report.files[0].rows_read, report.files[0].rows_lifted) == (300, 300)


def test_a_file_whose_name_is_no_text_is_refused_alone(tmp_path: Path, work: Desk) -> None:
    (tmp_path / "good.csv").write_text(table(tmp_path / "named_well.csv"))
    odd_name = tmp_path / os.fsdecode(b"name_\xfc.csv")
    odd_name.write_text(table(tmp_path / "named_badly.csv"))

    found = ingest(
        tmp_path, store=work.store, terms=work.terms, settings=work.settings,
        principal=work.principal, gate=work.gate, aligner=work.aligner,
    )  # fmt: skip

    told = of(found, r"name_\xfc.csv")
    assert told.status == "refused"
    assert "not in UTF-8. Rename the file" in told.message
    assert of(found, "good.csv").status == "lifted"
