"""Tables of the ontology package that are read at run time."""

import csv
from collections.abc import Mapping
from functools import lru_cache
from importlib.resources import files


def read_table(package: str, name: str) -> list[dict[str, str]]:
    """Return the rows of a tab-separated table of a package; lines with ``#`` are remarks."""
    text = files(package).joinpath(name).read_text("utf-8")
    lines = [one for one in text.splitlines() if not one.startswith("#")]
    return list(csv.DictReader(lines, delimiter="\t"))


@lru_cache(maxsize=1)
def fixes() -> Mapping[str, tuple[str, str]]:
    """Return what to do about a finding, in English and Chinese, by check."""
    rows = read_table("qualweave.ontology", "fixes.tsv")
    return {row["check"]: (row["en"], row["zh"]) for row in rows}
