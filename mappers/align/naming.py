"""What an identifier says by itself: a name to be split, or only a number that stands for a term."""

import re
import unicodedata

_HUMP = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])|[_.\-]+")
_CODE = re.compile(r"[A-Za-z]{1,8}[_:.\-]?\d{3,}")
_ONE = re.compile(r"[A-Za-z]?[_:.\-]?\d+")
_HASH = re.compile(
    r"(?:[A-Za-z]{1,12}_)?(?=[\da-fA-F_\-]*\d)[\da-fA-F]{4,}(?:[_\-][\da-fA-F]{4,})*"
)
_IRDI = re.compile(r"\d{4}[-/]\w")
_LETTER = re.compile(r"[^\W\d_]")
_HAN = re.compile(r"[\u3400-\u9fff]")
_LEAST_HASH = 8


def is_opaque(name: str) -> bool:
    """Whether a name says nothing: a number, a code such as ``BFO_0000001``, a hash or an IRDI.

    >>> [
    ...     is_opaque(one)
    ...     for one in (
    ...         "BFO_0000001",
    ...         "4711",
    ...         "Q42",
    ...         "0173-1#02-ABL869#002",
    ...         "Zone1Temperature",
    ...         "T1",
    ...     )
    ... ]
    [True, True, True, True, False, True]
    """
    text = unicodedata.normalize("NFKC", name).strip()
    if is_number(text) or _CODE.fullmatch(text) or _ONE.fullmatch(text):
        return True
    return len(text) >= _LEAST_HASH and bool(_HASH.fullmatch(text))


def is_number(text: str) -> bool:
    """Whether a text is only a number of something: no letters at all, or an IRDI.

    >>> is_number("47.11"), is_number("0173-1#02-ABL869#002"), is_number("PT100")
    (True, True, False)
    """
    return not _LETTER.search(text) or bool(_IRDI.match(text))


def spaced(name: str) -> str:
    """Return an identifier as words.

    >>> spaced("chamberTemperature"), spaced("PLCState_id"), spaced("炉膛温度")
    ('chamber Temperature', 'PLC State id', '炉膛温度')
    """
    return " ".join(_HUMP.sub(" ", name).split())


def squeezed(name: str) -> str:
    """Return a name in one word, in lower case.

    >>> squeezed("has measurement-unit"), squeezed("hasMeasurementUnit")
    ('hasmeasurementunit', 'hasmeasurementunit')
    """
    return re.sub(r"[\W_]+", "", unicodedata.normalize("NFKC", name)).casefold()


def language_of(text: str, tag: str | None) -> str:
    """Return the language of a text: its tag without region; untagged, Chinese where it is written so, else English.

    >>> language_of("压力", None), language_of("Druck", "de-AT"), language_of("pressure", "")
    ('zh', 'de', 'en')
    """
    if tag:
        return tag.split("-")[0].casefold()
    return "zh" if _HAN.search(text) else "en"
