"""``python -m qualweave.examples.plant OUT --seed 1 --size small``."""

import argparse
import sys
from pathlib import Path

from qualweave.examples.plant import generate


def main() -> None:
    """Write a plant and say what was written."""
    arguments = argparse.ArgumentParser(description="Write the example plant.")
    arguments.add_argument("out", type=Path)
    arguments.add_argument("--seed", type=int, default=1)
    arguments.add_argument("--size", choices=["small", "medium", "large"], default="small")
    chosen = arguments.parse_args()
    made = generate(chosen.out, seed=chosen.seed, size=chosen.size)
    sys.stdout.write(f"{made.files} files, {made.rows} rows in {made.input}\n")


if __name__ == "__main__":
    main()
