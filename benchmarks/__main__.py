"""``python -m benchmarks PART``: print the table of one part and write it to ``docs/figures/PART.md``."""

import contextlib
import io
import os
import platform
import runpy
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

PARTS = {
    "align": "benchmarks.align",
    "lift": "benchmarks.lift",
    "store": "benchmarks.store",
    "trace": "benchmarks.trace",
    "rest": "benchmarks.rest",
    "spc": "benchmarks.spc",
    "gnn": "benchmarks.gnn",
    "units": "benchmarks.units",
    "voice": "benchmarks.voice",
    "tags": "benchmarks.tags",
    "queries": "benchmarks.queries",
    "ask": "benchmarks.ask",
    "diff": "benchmarks.diff",
    "live": "benchmarks.live",
    "vocabularies": "benchmarks.vocabularies",
    "codes": "benchmarks.codes",
}


class _Both(io.StringIO):
    def write(self, text: str) -> int:
        sys.__stdout__.write(text)
        return super().write(text)


def main() -> None:
    """Run a part."""
    if len(sys.argv) < 2 or sys.argv[1] not in PARTS:
        sys.exit("PART is one of: " + ", ".join(PARTS))
    part = sys.argv[1]
    sys.argv = [PARTS[part], *sys.argv[2:]]
    printed = _Both()
    with contextlib.redirect_stdout(printed):
        runpy.run_module(PARTS[part], run_name="__main__")
    commit = subprocess.run(
        ["git", "rev-parse", "--short", "HEAD"], capture_output=True, text=True, check=False
    )
    where = f"{platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}"
    head = f"# {part}\n\n{datetime.now(UTC):%Y-%m-%d}, commit {commit.stdout.strip()}, {where}\n"
    target = Path(__file__).parents[1] / "docs" / "figures" / f"{part}.md"
    target.parent.mkdir(exist_ok=True)
    target.write_text(f"{head}\n```\n{printed.getvalue().strip()}\n```\n", encoding="utf-8")


if __name__ == "__main__":
    main()
