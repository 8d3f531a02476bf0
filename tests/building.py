"""What takes long to make and many tests read: made once a run, by the first process that asks for it.

It lies under pytest's own folder of the run, so that it is never older than the sources it was made by.
"""

import fcntl
import sys
from collections.abc import Callable
from functools import wraps
from pathlib import Path
from typing import ParamSpec, TypeVar

import pytest

P = ParamSpec("P")
T = TypeVar("T")


def untraced(build: Callable[P, T]) -> Callable[P, T]:
    """Return a function that does the same while no line is counted.

    Under Python 3.11 the tracer of coverage doubles the time of every byte code, in libraries too. What is built a
    second time, from another seed or with files taken away, runs lines that the first build was counted for.
    """

    # A function and no context manager: the tracer must see each frame both entered and left, or neither.
    @wraps(build)
    def built(*args: P.args, **kwargs: P.kwargs) -> T:
        tracer = sys.gettrace()
        sys.settrace(None)
        try:
            return build(*args, **kwargs)
        finally:
            sys.settrace(tracer)

    return built


def root_of_run(request: pytest.FixtureRequest, factory: pytest.TempPathFactory) -> Path:
    """Return the folder that all processes of a run share."""
    mine = factory.getbasetemp()
    return mine.parent if hasattr(request.config, "workerinput") else mine


def made_once(root: Path, name: str, build: Callable[[Path], object]) -> Path:
    """Return a folder that is filled by the first process which asks for it, while the others wait.

    Args:
        root: Folder that the processes share.
        name: Of what is made; another content has another name.
        build: Fills the folder, which it is given; nobody has it open afterwards.
    """
    folder, done = root / f"shared-{name}", root / f"shared-{name}.done"
    with (root / f"shared-{name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not done.exists():
            build(folder)
            done.touch()
    return folder
