"""What the tests share is made once, and lines are counted again after what is built uncounted."""

import json
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

from tests.building import made_once, untraced

_COUNTED = """
    from tests.building import untraced
    def built(fail):
        if fail:
            raise ValueError
        return 1
    def after(value):
        if value:
            return 2
        return 3
    quietly = untraced(built)
    after(quietly(fail=False))
    try:
        quietly(fail=True)
    except ValueError:
        caught = after(0)
"""


def test_the_first_makes_it_and_the_next_takes_it(tmp_path: Path) -> None:
    made = [made_once(tmp_path, "plant", Path.mkdir) for _ in range(2)]

    assert made[0].is_dir()
    assert made[0] == made[1]


def test_what_failed_is_made_again(tmp_path: Path) -> None:
    def fail(folder: Path) -> None:
        raise OSError(folder.name)

    with pytest.raises(OSError, match="shared-plant"):
        made_once(tmp_path, "plant", fail)

    assert made_once(tmp_path, "plant", Path.mkdir).is_dir()


def test_arguments_and_answer_pass_through() -> None:
    assert untraced(divmod)(7, 2) == (3, 1)


def test_lines_are_counted_before_and_after_but_not_in_between(tmp_path: Path) -> None:
    script = tmp_path / "counted.py"
    script.write_text(textwrap.dedent(_COUNTED).lstrip(), "utf-8")
    coverage = [sys.executable, "-m", "coverage"]
    run = [*coverage, "run", "--branch", f"--include={script}", str(script)]
    for command in (run, [*coverage, "json", "-q", "-o", "told.json"]):
        subprocess.run(command, cwd=tmp_path, env={"PYTHONPATH": ":".join(sys.path)}, check=True)

    (told,) = json.loads((tmp_path / "told.json").read_text("utf-8"))["files"].values()

    assert told["missing_lines"] == [3, 4, 5]
    assert told["missing_branches"] == [[3, 4], [3, 5]]
