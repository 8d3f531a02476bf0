"""Bad binaries: workbooks, Parquet, databases, archives, and things that are not what their name says."""

import bz2
import contextlib
import gzip
import io
import random
import sqlite3
import struct
import tarfile
import zipfile
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import xlsxwriter

from tests.mappers.bad_inputs.case import HEAD, case, rows, table

_HEAD = HEAD.split(",")


def _columns(path: Path, count: int = 10) -> dict[str, list[str]]:
    cells = [one.split(",") for one in rows(path, count)]
    return {
        name: list(column) for name, column in zip(_HEAD, zip(*cells, strict=True), strict=True)
    }


def _workbook(path: Path, **odd: str) -> None:
    with xlsxwriter.Workbook(path) as book:
        sheet = book.add_worksheet("Data")
        sheet.write_row(0, 0, _HEAD)
        for n, one in enumerate(rows(path, 10), start=1):
            cells = one.split(",")
            sheet.write_row(n, 0, cells[:4])
            sheet.write_number(n, 4, float(cells[4]))
        for place, formula in odd.items():
            shown = "#REF!" if "REF" in formula else 21.5
            sheet.write_formula(place, formula, None, shown)


def _halved(path: Path) -> None:
    content = path.read_bytes()
    path.write_bytes(content[: len(content) // 2])


# --- workbooks ---------------------------------------------------------------------------------------


@case("xlsx", refused="half-written")
def half_a_workbook(path: Path) -> None:
    _workbook(path)
    _halved(path)


@case("xlsx", lifted=9, waits=((5, "temperature", "formula-error"),))
def a_workbook_with_a_lost_reference(path: Path) -> None:
    _workbook(path, E5="=#REF!A1", E6="=SUM(1,20.5)")


@case("xlsx", lifted=10)
def a_workbook_that_leans_on_another(path: Path) -> None:
    _workbook(path, E5="='[../../etc/other.xlsx]Sheet1'!$A$1")


@case("xlsx", refused="protected by a password")
def a_workbook_with_a_password(path: Path) -> None:
    path.write_bytes(
        b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
        + bytes(1_016)
        + "EncryptedPackage".encode("utf-16-le")
        + bytes(2_000)
    )


@case("xlsx", refused="no sheet has a table")
def a_workbook_without_rows(path: Path) -> None:
    with xlsxwriter.Workbook(path) as book:
        book.add_worksheet("empty")


@case("xlsx", refused="PDF document")
def a_print_called_workbook(path: Path) -> None:
    path.write_bytes(b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n" + bytes(500))


@case("xlsx", refused="MiB unpacked|more memory", heavy=True)
def a_workbook_that_unfolds_without_end(path: Path) -> None:
    plain = path.with_suffix(".plain")
    with xlsxwriter.Workbook(plain) as book:
        book.add_worksheet("Data").write_row(0, 0, _HEAD)
    blanks = b" " * 2**20
    with zipfile.ZipFile(plain) as old, zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as new:
        for member in old.infolist():
            if not member.filename.startswith("xl/worksheets/"):
                new.writestr(member, old.read(member))
        with new.open("xl/worksheets/sheet1.xml", "w", force_zip64=True) as sheet:
            sheet.write(b'<?xml version="1.0"?><worksheet><sheetData>')
            for _ in range(600):
                sheet.write(blanks)
            sheet.write(b"</sheetData></%s>" % b"worksheet")
    plain.unlink()


@case("xlsx", refused="MiB of memory.*READ_WORKBOOK_MIB", heavy=True)
def a_workbook_of_two_cells_far_apart(path: Path) -> None:
    with xlsxwriter.Workbook(path) as book:
        sheet = book.add_worksheet("Data")
        sheet.write(0, 0, "first")
        sheet.write(1_048_575, 16_383, "last")


# --- Parquet and databases ---------------------------------------------------------------------------


@case("parquet", refused="broken or half-written")
def half_a_parquet_file(path: Path) -> None:
    pq.write_table(pa.table(_columns(path)), path)
    _halved(path)


@case("parquet", refused="broken or half-written")
def parquet_with_a_broken_page(path: Path) -> None:
    pq.write_table(pa.table(_columns(path)), path, compression="zstd", use_dictionary=False)
    content = bytearray(path.read_bytes())
    content[40:120] = random.Random(1).randbytes(80)
    path.write_bytes(content)


@case("csv", lifted=10)
def parquet_called_csv(path: Path) -> None:
    pq.write_table(pa.table(_columns(path)), path)


@case("parquet", lifted=9)
def parquet_with_numbers_without_end(path: Path) -> None:
    columns: dict[str, list[object]] = {**_columns(path, 9)}
    columns["temperature"] = [float("nan"), -0.0, *(20.5 + n for n in range(7))]
    pq.write_table(pa.table(columns), path)


@case("arrow", refused="broken or half-written")
def half_an_arrow_file(path: Path) -> None:
    data = pa.table(_columns(path))
    with pa.ipc.new_file(str(path), data.schema) as writer:
        writer.write_table(data)
    _halved(path)


def _database(path: Path) -> None:
    with sqlite3.connect(path) as base:
        named = ", ".join(f'"{one}" TEXT' for one in _HEAD)
        base.execute(f"CREATE TABLE t ({named})")
        marks = ", ".join("?" for _ in _HEAD)
        base.executemany(
            f"INSERT INTO t VALUES ({marks})", [one.split(",") for one in rows(path, 10)]
        )
    base.close()


@case("db", refused="database cannot be read")
def half_a_database(path: Path) -> None:
    _database(path)
    content = path.read_bytes()
    path.write_bytes(content[:4096] + b"\x00" * 100)


@case("db", refused="database cannot be read")
def a_database_of_noise(path: Path) -> None:
    path.write_bytes(b"SQLite format 3\0" + bytes(range(256)) * 64)


@case("db", refused="database has no table|cannot be read")
def a_database_without_tables(path: Path) -> None:
    with sqlite3.connect(path) as base:
        base.execute("CREATE TABLE t (a)")
        base.execute("DROP TABLE t")
    base.close()


# --- packed and misnamed -----------------------------------------------------------------------------


@case("csv", lifted=10)
def gzip_without_its_suffix(path: Path) -> None:
    path.write_bytes(gzip.compress(table(path).encode()))


@case("csv.gz", refused=r"breaks off after \d+ bytes")
def half_a_gzip_file(path: Path) -> None:
    path.write_bytes(gzip.compress(table(path, count=2_000).encode())[:-2_000])


@case("csv.gz", refused="packed twice")
def gzip_in_gzip(path: Path) -> None:
    path.write_bytes(gzip.compress(gzip.compress(table(path).encode())))


@case("csv.gz", refused="MiB unpacked", heavy=True)
def gzip_that_unfolds_without_end(path: Path) -> None:
    with gzip.open(path, "wb", compresslevel=1) as file:
        for _ in range(600):
            file.write(bytes(2**20))


@case("zip", refused="ZIP archive")
def an_archive_in_the_folder(path: Path) -> None:
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("../up.csv", table(path))


@case("zip", refused="ZIP archive")
def half_an_archive(path: Path) -> None:
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("a.csv", table(path) * 20)
    _halved(path)


@case("csv.bz2", refused="packed with bzip2.*gzip")
def packed_in_another_way(path: Path) -> None:
    path.write_bytes(bz2.compress(table(path).encode()))


@case("csv.tar.gz", refused="a tar archive.*Unpack")
def an_archive_of_archives(path: Path) -> None:
    with tarfile.open(path, "w:gz") as archive:
        archive.addfile(tarfile.TarInfo("inside.csv"), io.BytesIO())


@case("h5", refused="an HDF5 file.*CSV or Parquet")
def measured_in_another_format(path: Path) -> None:
    path.write_bytes(b"\x89HDF\r\n\x1a\n" + random.Random(3).randbytes(200))


@case("db", refused="broken_view cannot be read: no such column.*Correct or drop broken_view")
def a_database_with_a_broken_view(path: Path) -> None:
    _database(path)
    with contextlib.closing(sqlite3.connect(path)) as database:
        database.execute("CREATE VIEW broken_view AS SELECT nowhere FROM sqlite_master")
        database.commit()


@case("csv", refused="empty or of an unknown format")
def a_picture_called_csv(path: Path) -> None:
    path.write_bytes(b"\x89PNG\r\n\x1a\n" + bytes(range(256)) * 16)


@case("csv", refused="empty or of an unknown format")
def a_program_called_csv(path: Path) -> None:
    path.write_bytes(b"\x7fELF" + struct.pack("<60I", *range(60)) * 40)


@case("xlsx", refused="no workbook|unknown format")
def an_old_container_of_noise(path: Path) -> None:
    path.write_bytes(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + random.Random(1).randbytes(4_000))


def archive(members: dict[str, bytes], *, method: int = zipfile.ZIP_DEFLATED) -> bytes:
    """Return a ZIP of members, by their names as they are."""
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", method) as file:
        for name, content in members.items():
            file.writestr(zipfile.ZipInfo(name), content)
    return packed.getvalue()
