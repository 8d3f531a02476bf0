"""The context of a source: language of its names, and which device it may come from."""

import re
from collections.abc import Mapping, Sequence
from pathlib import Path

from qualweave.mappers.table import Media, SourceContext

_HAN = re.compile(r"[\u3400-\u9fff]")
_GERMAN = re.compile(
    r"[äöüßÄÖÜ]|drehzahl|temperatur\b|druck\b|drehmoment|zeit\b|geschwindigkeit", re.IGNORECASE
)
_DEVICE_KEY = re.compile(
    r"machine|equipment|device|station|asset|设备|机台|机器|装置|maschine|anlage|gerät",
    re.IGNORECASE,
)

_PLAIN_KEY = re.compile(
    rf"({_DEVICE_KEY.pattern})[\s_-]*(id|no\.?|name|nr\.?|number|编号|号|名称)?",
    re.IGNORECASE,
)
"""What names a device and not something of it: its type, its maker."""


def language_of(texts: Sequence[str]) -> str:
    """Return ``"zh"``, ``"de"`` or ``"en"`` for names or sentences.

    >>> language_of(["温度_℃", "Speed"])
    'zh'
    """
    joined = " ".join(texts)
    if _HAN.search(joined):
        return "zh"
    return "de" if _GERMAN.search(joined) else "en"


def source_context(
    path: Path,
    hints: tuple[str, ...],
    *,
    media: Media,
    encoding: str,
    header: Mapping[str, str],
    columns: Sequence[str],
    delimiter: str = "",
) -> SourceContext:
    """Return the context of a source, its device guessed from the header's keys; none where they name several."""
    return SourceContext(
        file_name=path.name,
        path_hints=hints,
        media=media,
        encoding=encoding,
        delimiter=delimiter,
        language=language_of(columns),
        header=dict(header),
        device=_device(header),
    )


def _device(header: Mapping[str, str]) -> str:
    named = {key: value for key, value in header.items() if value and _DEVICE_KEY.search(key)}
    plain: dict[
        str, str
    ] = {}  # number and name of a machine are one machine, machine and station may be two
    for key, value in named.items():
        if match := _PLAIN_KEY.fullmatch(key.strip()):
            plain.setdefault(match[1].casefold(), value)
    devices = {*(plain or named).values()}
    return devices.pop() if len(devices) == 1 else ""
