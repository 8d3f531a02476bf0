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
    """Return the context of a source, its device guessed from the header's keys."""
    device = next((value for key, value in header.items() if _DEVICE_KEY.search(key) and value), "")
    return SourceContext(
        file_name=path.name,
        path_hints=hints,
        media=media,
        encoding=encoding,
        delimiter=delimiter,
        language=language_of(columns),
        header=dict(header),
        device=device,
    )
