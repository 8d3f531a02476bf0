"""A database by its address becomes files, one a table, so that it is ingested and kept as files are."""

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from qualweave.mappers.readers import ReadLimits
from qualweave.mappers.readers.sql import snapshot


@contextmanager
def handed_in(source: str, limits: ReadLimits | None = None) -> Iterator[Path]:
    """Lend the path of what is handed in.

    Args:
        source: A file or folder; or the address of a database as SQLAlchemy has it, whose tables and views are written
            to Parquet files in a folder that is gone afterwards. Its password is told and kept nowhere.
        limits: How much of a database is taken.

    Raises:
        InputError: If the address cannot be used.
        UnreadableSource: If the database does not answer or has no table.
    """
    if "://" not in source:
        yield Path(source)
        return
    with tempfile.TemporaryDirectory(prefix="qualweave-") as folder:
        snapshot(source, Path(folder), limits)
        yield Path(folder)
