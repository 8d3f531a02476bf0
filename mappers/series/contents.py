"""Contents outside the graph: Parquet files under their own hash, so that a changed one is found out."""

import io
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from uuid import uuid4

import polars as pl

from qualweave.errors import InputError, NotFound

FOLDER = "segments"


@dataclass(frozen=True)
class Content:
    """A kept content: where it lies below the data folder, and the SHA-256 of its bytes."""

    stored_at: str
    sha256: str


def keep(frame: pl.DataFrame, home: Path) -> Content:
    """Keep a table of numbers; the same one again changes nothing.

    Args:
        frame: What to keep.
        home: The data folder.
    """
    written = io.BytesIO()
    frame.write_parquet(written, compression="zstd", statistics=True)
    content = written.getvalue()
    digest = sha256(content).hexdigest()
    place = f"{FOLDER}/{digest[:2]}/{digest}.parquet"
    path = home / place
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        scratch = path.with_suffix(f".{uuid4().hex}.new")
        scratch.write_bytes(content)
        scratch.rename(path)
    return Content(place, digest)


def read(content: Content, home: Path) -> pl.DataFrame:
    """Return a kept table.

    Raises:
        NotFound: If its file is not there.
        InputError: If the file's bytes are not those that were kept.
    """
    path = (home / content.stored_at).resolve()
    if not path.is_relative_to(home.resolve()) or not path.is_file():
        raise NotFound(
            f"The content {content.stored_at} is not kept here.",
            message_zh=f"此处没有内容 {content.stored_at}。",
            next_step="Restore the folder 'segments' from a backup, or ingest the file again.",
            next_step_zh="请从备份恢复 segments 文件夹，或重新导入该文件。",
            data={"file": content.stored_at},
        )
    raw = path.read_bytes()
    found = sha256(raw).hexdigest()
    if found != content.sha256:
        raise InputError(
            f"The content {content.stored_at} was changed: its SHA-256 is {found}, not {content.sha256}.",
            message_zh=f"内容 {content.stored_at} 已被改动：SHA-256 为 {found}，应为 {content.sha256}。",
            next_step="Do not use it. Restore it from a backup, or ingest the file again after removing it.",
            next_step_zh="请勿使用；从备份恢复，或删除后重新导入原文件。",
            data={"file": content.stored_at, "sha256": found, "expected": content.sha256},
        )
    return pl.read_parquet(io.BytesIO(raw))
