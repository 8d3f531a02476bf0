"""The charset of a file: byte order mark, then strict UTF-8, then what fits Chinese or Western text.

Strict UTF-8 decides where it succeeds, since other text is hardly ever valid UTF-8 by chance. Of the
rest, GB18030 is told from Western single-byte text by how much of it becomes Chinese in common use. A file
that is UTF-8 but for a few bytes is UTF-8 with damaged cells, and not all of it something else.
"""

import codecs
from pathlib import Path

from charset_normalizer import from_bytes

_MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_SAMPLE = 200_000
_CHUNK = 4 << 20
_AROUND = 65_536  # bytes before and behind the first one that is no UTF-8
_SHARE = 0.5  # of high bytes that are Chinese in common use; traditional characters are not
_MOSTLY = 4  # characters beyond ASCII that are sound, for one that is not
_HALF_ZERO = 0.3  # of bytes at even or odd places: text of two bytes a character
_WESTERN = frozenset(
    "ÀÁÂÃÄÅÆÇÈÉÊËÌÍÎÏÑÒÓÔÕÖØÙÚÛÜÝßàáâãäåæçèéêëìíîïñòóôõöøùúûüýÿ°µ±²³·×÷€§½¼¾ªº«»–—‘’“”„…•\xa0"
)
"""What Western files hold beyond ASCII: letters with accents, signs of units and tolerances, quotes."""


def decode(raw: bytes, *, partial: bool = False) -> tuple[str, str]:
    """Return ``(text, charset)`` of bytes.

    Args:
        raw: The bytes.
        partial: Whether they may end inside a character, as the head of a file does.
    """
    name = _marked(raw) or wide_charset(raw[:_SAMPLE])
    if name:
        return raw.decode(name, errors="replace"), name
    try:
        decoder = codecs.getincrementaldecoder("utf-8")("strict")
        return decoder.decode(raw, final=not partial), "utf-8"
    except UnicodeDecodeError:
        name = _legacy(raw[:_SAMPLE])
        return raw.decode(name, errors="replace"), name


def charset_of(path: Path) -> str:
    """Return the charset of a file without holding it in memory."""
    decoder = codecs.getincrementaldecoder("utf-8")("strict")
    with path.open("rb") as file:
        head = file.read(_SAMPLE)
        name = _marked(head) or wide_charset(head)
        if name:
            return name
        file.seek(0)
        read = 0
        while chunk := file.read(_CHUNK):
            try:
                decoder.decode(chunk)
            except UnicodeDecodeError as error:
                file.seek(max(0, read + error.start - _AROUND))
                return _legacy(head + file.read(2 * _AROUND))
            read += len(chunk)
    try:
        decoder.decode(b"", final=True)
    except UnicodeDecodeError:  # it is cut off inside a character
        return "utf-8" if read > len(head) else _legacy(head)
    return "utf-8"


def wide_charset(raw: bytes) -> str:
    """Return ``"utf-16-le"`` or ``"utf-16-be"`` for text of two bytes a character without a mark, else ``""``."""
    if len(raw) < 4 or b"\0" not in raw:  # noqa: PLR2004 - two characters
        return ""
    even, odd = raw[0::2].count(0) / len(raw[0::2]), raw[1::2].count(0) / len(raw[1::2])
    if odd > _HALF_ZERO and even < odd / 10:
        return "utf-16-le"
    return "utf-16-be" if even > _HALF_ZERO and odd < even / 10 else ""


def _marked(raw: bytes) -> str:
    return next((name for mark, name in _MARKS if raw.startswith(mark)), "")


def _legacy(raw: bytes) -> str:
    if _is_damaged_utf8(raw):
        return "utf-8"
    text = codecs.getincrementaldecoder("gb18030")("replace").decode(raw, final=False)
    high = sum(byte >= 0x80 for byte in raw)  # noqa: PLR2004 - outside ASCII
    # Chinese that factories write is in GB 2312, whose characters have two high bytes. A Western sign before a
    # letter ("°C", "ür") pairs up, too, but into rare characters that only GBK and GB18030 know.
    common = sum(one > "\x7f" and _in_gb2312(one) for one in text) - _MOSTLY * text.count("\ufffd")
    if common > 0 and 2 * common >= _SHARE * high:
        return "gb18030"
    western = raw.decode("cp1252", errors="replace")
    if all(one <= "\x7f" or one in _WESTERN for one in western):
        return "cp1252"
    best = from_bytes(raw).best()
    return best.encoding if best is not None else "cp1252"


def _is_damaged_utf8(raw: bytes) -> bool:
    """Return whether bytes are UTF-8 with a few that are not: other charsets hardly ever look so."""
    text = raw.decode("utf-8", errors="replace")
    lost = text.count("\ufffd")
    sound = sum(one > "\x7f" for one in text) - lost
    return sound >= _MOSTLY * lost


def _in_gb2312(character: str) -> bool:
    try:
        character.encode("gb2312")
    except UnicodeEncodeError:
        return False
    return True
