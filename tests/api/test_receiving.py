"""Files over the wire: one or a packed folder, the same as from disk; a name never leaves its folder."""

import io
import random
import tracemalloc
import zipfile
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest
from fastapi.testclient import TestClient
from httpx import Response

from qualweave.api.app import make_app
from qualweave.api.receiving import _unpack, pack
from qualweave.api.service import Service
from qualweave.config import Settings
from qualweave.errors import InputError

_ENGINEER = {"Qualweave-Principal": "li", "Qualweave-Roles": "engineer"}
_WELDS = "timestamp,machine,Weld_Current_kA\n2026-01-05T10:00:00Z,W-1,9.1\n2026-01-05T10:00:05Z,W-1,9.2\n"


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TestClient]:
    folder = tmp_path_factory.mktemp("receiving")
    settings = Settings(data_dir=folder / "data", dev=True)
    service = Service(settings)
    with TestClient(make_app(service, settings, pages=False), headers=_ENGINEER) as client:
        yield client
    service.close()


def _send(client: TestClient, name: str, content: bytes, kind: str) -> Response:
    headers = {"Content-Type": kind}
    return client.post("/sources", params={"name": name}, content=content, headers=headers)


def _zip(name: str, content: bytes = b"a,b\n1,2\n") -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr(name, content)
    return packed.getvalue()


def test_a_packed_folder_is_read_as_the_folder(client: TestClient, tmp_path: Path) -> None:
    (tmp_path / "line 1").mkdir()
    (tmp_path / "line 1" / "welds.csv").write_text(_WELDS, "utf-8")
    (tmp_path / "more.csv").write_text(_WELDS.replace("W-1", "W-2"), "utf-8")

    first = _send(client, "export.zip", pack(tmp_path), "application/zip").json()
    again = _send(client, "export.zip", pack(tmp_path), "application/zip").json()

    assert {one["file"]: one["rows_lifted"] for one in first["files"]} == {
        "line 1/welds.csv": 2,
        "more.csv": 2,
    }
    assert {one["status"] for one in again["files"]} == {"repeated"}


@pytest.mark.parametrize(
    "name", ["../out.csv", "/etc/out.csv", "a/../../out.csv", "C:/out.csv", ""]
)
def test_a_name_never_leaves_its_folder(client: TestClient, name: str) -> None:
    plain = _send(client, name, b"a,b\n1,2\n", "text/csv")
    packed = _send(client, "x.zip", _zip(name or ".."), "application/zip")

    assert plain.status_code in {400, 422}
    assert packed.status_code == 400
    assert "no plain file name" in packed.json()["detail"]
    assert "不是合法的文件名" in packed.json()["detail_zh"]


def test_what_is_no_archive_is_told(client: TestClient) -> None:
    reply = _send(client, "x.zip", b"PK no archive", "application/zip")

    assert reply.status_code == 400
    assert "no ZIP archive" in reply.json()["detail"]


@pytest.mark.parametrize(
    ("names", "told"),
    [
        (("a.csv", "./a.csv"), "stands there twice"),
        (("a", "a/b.csv"), "stands there twice"),
        (("a/b.csv", "a"), "stands there twice"),
        (("a", "a/b/c.csv"), "stands there twice"),
        (("检" * 100 + ".csv",), "cannot name a file"),
        (("..\\..\\a.csv",), "is no plain file name"),
    ],
)
def test_names_that_cannot_stand_in_one_folder_are_refused(
    client: TestClient, names: tuple[str, ...], told: str
) -> None:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        for one in names:
            archive.writestr(one, b"a,b\n1,2\n")

    reply = _send(client, "x.zip", packed.getvalue(), "application/zip")

    assert reply.status_code == 400
    assert told in reply.json()["detail"]


@pytest.mark.parametrize("method", [zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_a_damaged_archive_is_refused_in_words(method: int, tmp_path: Path) -> None:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", method) as archive:
        archive.writestr("é.csv", bytes(range(256)) * 20)
    whole, chosen = packed.getvalue(), random.Random(7)

    for number in range(400):
        damaged = bytearray(whole)
        for _ in range(chosen.choice((1, 2, 4))):
            damaged[chosen.randrange(len(damaged))] = chosen.randrange(256)
        with suppress(InputError):
            _unpack(bytes(damaged), tmp_path / str(number))


def test_a_name_in_gbk_is_read_as_it_was_written(tmp_path: Path) -> None:
    written = "产线/质检.csv".encode("gb18030")
    stand_in = "A" * len(written)

    _unpack(_zip(stand_in).replace(stand_in.encode(), written), tmp_path)

    assert [one.name for one in (tmp_path / "产线").iterdir()] == ["质检.csv"]


def test_what_an_archive_unfolds_to_is_never_whole_in_memory(tmp_path: Path) -> None:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        for name in "ab":
            archive.writestr(name, bytes(32 << 20))
    tracemalloc.start()

    _unpack(packed.getvalue(), tmp_path)

    assert tracemalloc.get_traced_memory()[1] < 4 << 20
    tracemalloc.stop()


def test_answers_are_taken_over_the_wire(client: TestClient) -> None:
    wrong = client.post("/change-requests/answers", content=b": : :")
    none = client.post("/change-requests/answers", content=b"[]")

    assert wrong.status_code == 400
    assert "answers" in wrong.json()["detail"]
    assert none.status_code in {200, 400}
