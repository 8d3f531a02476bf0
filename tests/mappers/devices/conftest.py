"""Where the descriptions are that the tests read."""

import shutil
from pathlib import Path

import pytest

FILES = Path(__file__).parent / "files"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with a copy of every description, so that a test can change one."""
    for one in FILES.iterdir():
        shutil.copy(one, tmp_path / one.name)
    return tmp_path
