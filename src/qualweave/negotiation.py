"""Which form and which language of an answer a client would rather have (RFC 9110, section 12.5)."""

from collections.abc import Iterable, Mapping
from types import MappingProxyType
from typing import Literal, TypeAlias

Language: TypeAlias = Literal["en", "zh"]
_NO_ALIASES: Mapping[str, str] = MappingProxyType({})


def best_media_type(
    accept: str, offered: Iterable[str], *, aliases: Mapping[str, str] = _NO_ALIASES
) -> str | None:
    """Return the offered media type that an ``Accept`` header prefers; none if it takes none of them.

    Among those equally wanted the one named first wins, then the one offered first, so that a client without a wish
    gets the usual form.

    Args:
        accept: The header; a plain media type is one as well. Empty means anything.
        offered: Media types, the usual one first.
        aliases: Other names under which clients ask for an offered one.

    >>> best_media_type("text/html, text/*;q=0.5, */*;q=0.1", ["application/json", "text/csv"])
    'text/csv'
    >>> best_media_type("text/turtle", ["application/json"]) is None
    True
    """
    wanted = _wanted(accept or "*/*")
    for alias, name in aliases.items():
        if alias in wanted:
            wanted[name] = max(wanted[alias], wanted.get(name, 0.0))
    ranked = [(*_quality(one, wanted), one) for one in offered]
    quality, _, chosen = max(ranked, key=lambda one: one[:2], default=(0.0, 0, ""))
    return chosen if quality > 0 else None


def language_of(accept_language: str, chosen: str = "") -> Language:
    """Return the language of an answer; English where neither header nor choice names one of ours.

    Args:
        accept_language: The ``Accept-Language`` header.
        chosen: A language from the address, which wins.

    >>> language_of("de, zh-CN;q=0.8, en;q=0.5"), language_of("zh", "en"), language_of("")
    ('zh', 'en', 'en')
    """
    wanted = _wanted(accept_language)
    for name in [chosen.lower(), *sorted(wanted, key=lambda one: -wanted[one])]:
        head = name.split("-")[0]
        if head in {"en", "zh"} and wanted.get(name, 1.0) > 0:
            return "zh" if head == "zh" else "en"
    return "en"


def _wanted(header: str) -> dict[str, float]:
    """Return what a header names, in its order, with the quality of each (0 to 1)."""
    found: dict[str, float] = {}
    for part in header.split(","):
        name, *parameters = ("".join(one.split()).lower() for one in part.split(";"))
        quality = next((one[2:] for one in parameters if one.startswith("q=")), "1")
        if name:
            found[name] = _number(quality)
    return found


def _quality(media_type: str, wanted: Mapping[str, float]) -> tuple[float, int]:
    family = media_type.split("/", maxsplit=1)[0] + "/*"
    fits = next((one for one in (media_type, family, "*/*") if one in wanted), None)
    return (0.0, 0) if fits is None else (wanted[fits], -list(wanted).index(fits))


def _number(text: str) -> float:
    try:
        return min(max(float(text), 0.0), 1.0)
    except ValueError:
        return 0.0
