"""What the commands share: options that mean the same everywhere, one way to ask, and how an answer is printed."""

import getpass
import io
import os
import time
import zipfile
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Annotated, TypeVar

import orjson
import typer
from rich.console import Console

from qualweave.api.door import Caller, asking
from qualweave.client.calls import Call
from qualweave.errors import JsonValue, QualweaveError, UnreadableSource
from qualweave.negotiation import Language

_Answer = TypeVar("_Answer")
DataDir = Annotated[Path, typer.Option("--data", help="Folder of a store that nobody is serving.")]
Url = Annotated[
    str,
    typer.Option(envvar="QUALWEAVE_URL", help="Address of a running service, in place of --data."),
]
By = Annotated[str, typer.Option("--as", help="Who does it.")]
Because = Annotated[str, typer.Option(help="Why.")]
Tongue = Annotated[Language, typer.Option("--language", help="en or zh.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON.")]
Every = Annotated[bool, typer.Option("--all", help="Decided ones as well.")]
HERE = Path(".qualweave")
console = Console()
_MOST_FAULTS = 20  # the rest of a wrong document is mostly the same
_BETWEEN_S = 5.0  # between two lines of progress


class TextsTold:
    """Tells on stderr of texts that become vectors, which is slow and happens once: how many, how far, how long yet.

    Lines, not a bar: they come from any thread, stand above a bar that is there, and in the log of a service.
    """

    def __init__(self) -> None:
        self._started = self._last = 0.0

    def __call__(self, done: int, total: int) -> None:
        """Take note of texts done and texts in all; see `qualweave.text.watched`."""
        now = time.monotonic()
        if not done:
            self._started = self._last = now
            _say_aside(
                f"{total} names and texts become vectors for the language model. This happens once: they are kept. "
                "A slow machine takes a minute or two.",
                f"正在为语言模型计算 {total} 个名称和文本的向量。仅需一次，结果会保留；较慢的机器需一两分钟。",
            )
        elif done == total:
            took = now - self._started
            _say_aside(
                f"    {total} of {total} in {took:.0f} s",
                f"    {total}/{total}，用时 {took:.0f} 秒",
            )
        elif now - self._last >= _BETWEEN_S:
            self._last = now
            left = (now - self._started) / done * (total - done)
            _say_aside(
                f"    {done} of {total}, about {left:.0f} s left",
                f"    {done}/{total}，约剩 {left:.0f} 秒",
            )


def is_chinese() -> bool:
    """Return whether the terminal is set to Chinese."""
    return os.environ.get("LC_ALL", os.environ.get("LANG", "")).startswith("zh")


def _say_aside(en: str, zh: str) -> None:
    """Print a line to stderr, so that an answer on stdout can be piped."""
    typer.echo(zh if is_chinese() else en, err=True)


def asked(
    call: Call[_Answer],
    data: Path,
    url: str,
    *,
    by: str = "",
    roles: str = "engineer,architect",
    seat: str = "",
) -> _Answer:
    """Return the answer to a call.

    Args:
        call: What is asked.
        data: Folder of a store; not looked at where an address is given.
        url: Address of a running service, or ``""``.
        by: Who asks; who is logged in where empty.
        roles: Their roles, comma-separated.
        seat: Seat of the committee that they hold.

    Raises:
        QualweaveError: Those of `asking`.
    """
    caller = Caller(by or getpass.getuser(), roles=roles, seats=seat)
    with asking(data, url, caller) as run:
        return run(call)


def read_file(file: Path) -> bytes:
    """Return the bytes of a file.

    Raises:
        UnreadableSource: If it cannot be read.
    """
    try:
        return file.read_bytes()
    except OSError as error:
        raise UnreadableSource(
            f"{file} cannot be read: {error.strerror}.",
            message_zh=f"无法读取 {file}。",
            next_step="Give a file that exists and may be read.",
            next_step_zh="请指定存在且可读的文件。",
            data={"file": str(file)},
        ) from error


def read_packed(file: Path, beside: Iterable[Path]) -> bytes:
    """Return a file with what it may require, packed as ZIP: the file under its name.

    Args:
        file: The file.
        beside: Files, and folders of files.

    Raises:
        UnreadableSource: If one cannot be read.
    """
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(file.name, read_file(file))
        for number, place in enumerate(beside):
            for path in sorted(place.iterdir()) if place.is_dir() else [place]:
                if not path.is_dir():
                    archive.writestr(f"beside/{number}/{path.name}", read_file(path))
    return packed.getvalue()


def say(text: str) -> None:
    """Print a line as it is."""
    console.print(text, highlight=False, markup=False, soft_wrap=True)


def say_faults(error: QualweaveError, language: Language) -> None:
    """Print every fault of a document that an error lists, where there are several; its message has the first."""
    faults = error.data.get("faults")
    if not isinstance(faults, list) or len(faults) == 1:
        return
    for one in faults[:_MOST_FAULTS]:
        if isinstance(one, dict):
            message, fix = (dict(one[name]).get(language, "") for name in ("message", "fix"))  # type: ignore[arg-type]  # of `Fault.to_json`
            say(f"    {error.data.get('file')}:{one['line']}: {one['key']}: {message}. {fix}")


def say_json(value: object) -> None:
    """Print an answer as JSON."""
    console.print_json(orjson.dumps(value).decode())


def cells(row: Mapping[str, JsonValue], names: Iterable[str]) -> list[str]:
    """Return the values of a row as the cells of a table; ``-`` where there is none."""
    return ["-" if row[name] is None else str(row[name]) for name in names]
