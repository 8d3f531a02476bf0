"""Which source a file is of: the same id for every file of the same system, whatever its date."""

import re
from collections.abc import Iterable
from hashlib import sha256
from pathlib import PurePath

from qualweave.mappers.mapping import MappingDocument

# A running number is often glued to the date: 2025030401.
_DATE = re.compile(r"\d{4}[-_.]?\d{2}[-_.]?\d{2}([T_-]?\d{2}[-:_.]?\d{2}([-:_.]?\d{2})?)?\d*")
_LONG = re.compile(r"(?<![A-Za-z\d])\d{4,}|\d{5,}")
_LAST = re.compile(r"(?<=[_ (])\d{1,3}(?=\)?$)")


def file_pattern(name: str) -> str:
    """Return a file name with dates and running numbers as ``#``, so that tomorrow's file has the same.

    A short number in a name is a machine's and stays: ``CT-03`` and ``CT-04`` are two sources.

    >>> file_pattern("IM03_plc_2025-03-01.csv"), file_pattern("CT-04_EXPORT (2).csv")
    ('IM03_plc_#.csv', 'CT-04_EXPORT (#).csv')
    """
    stem, dot, ending = name.rpartition(".")
    stem, ending = (stem, dot + ending) if dot else (name, "")
    return _LAST.sub("#", _LONG.sub("#", _DATE.sub("#", stem))) + ending


def source_id(path: str, *, table: str = "") -> str:
    """Return the id of the source of a file: its system's folder, its name's pattern, its columns.

    The columns are no part of it, so that a new field does not make a new source; `same_source` and
    `distinct_id` tell apart what shares a name and not its fields.

    >>> source_id("mes/line3/oven_2025-01-02.csv")
    'mes-line3-oven'
    """
    pure = PurePath(path)
    stem = re.sub(r"[#_\-. ()]+$", "", file_pattern(pure.stem))
    words = [*(part for part in pure.parts[:-1] if part not in (".", "/")), stem or "file", table]
    slug = "-".join(re.sub(r"[\s#()]+", "-", word).strip("-_. ") for word in words if word)
    return re.sub(r"-{2,}", "-", slug).strip("-") or "source"


def same_source(document: MappingDocument, *, source: str, columns: Iterable[str]) -> bool:
    """Return whether a stored document is about a source: same id, and at least half the fields."""
    known, seen = {one.name for one in document.columns}, set(columns)
    return document.source == source and 2 * len(known & seen) >= min(len(known), len(seen))


def distinct_id(source: str, columns: Iterable[str]) -> str:
    """Return an id for a source whose name is taken by one with other fields."""
    mark = sha256("\x1f".join(sorted(columns)).encode()).hexdigest()[:6]
    return f"{source}-{mark}"
