"""The reference pages are those of the code: no endpoint and no setting without a line."""

from pathlib import Path

import pytest

from qualweave.api.reference import PAGES

_FOLDER = Path(__file__).parents[2] / "docs/reference"


@pytest.mark.parametrize("name", sorted(PAGES))
def test_a_page_is_that_of_the_code(name: str) -> None:
    written = (_FOLDER / name).read_text("utf-8")

    assert written == PAGES[name](), "run python -m qualweave.api.reference docs/reference"


def test_every_line_says_something() -> None:
    rows = [
        line.split("|") for page in PAGES.values() for line in page().splitlines() if "| `" in line
    ]

    assert len(rows) > 60
    assert all(row[-2].strip() for row in rows)
