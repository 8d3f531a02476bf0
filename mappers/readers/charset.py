"""The charset of a file: byte order mark, then strict UTF-8, then what fits Chinese or Western text.

Strict UTF-8 decides where it succeeds, since other text is hardly ever valid UTF-8 by chance. Of the
rest, GB18030 is told from Western single-byte text by how much of it becomes Chinese in common use.
"""

import codecs

from charset_normalizer import from_bytes

_MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_SAMPLE = 200_000
_SHARE = 0.5  # of high bytes that are Chinese in common use; traditional characters are not
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
    for mark, name in _MARKS:
        if raw.startswith(mark):
            return raw.decode(name, errors="replace"), name
    try:
        decoder = codecs.getincrementaldecoder("utf-8")("strict")
        return decoder.decode(raw, final=not partial), "utf-8"
    except UnicodeDecodeError:
        name = _legacy(raw[:_SAMPLE])
        return raw.decode(name, errors="replace"), name


def _legacy(raw: bytes) -> str:
    try:
        text = codecs.getincrementaldecoder("gb18030")("strict").decode(raw, final=False)
    except UnicodeDecodeError:
        text = ""
    high = sum(byte >= 0x80 for byte in raw)  # noqa: PLR2004 - outside ASCII
    # Chinese that factories write is in GB 2312, whose characters have two high bytes. A Western sign before a
    # letter ("°C", "ür") pairs up, too, but into rare characters that only GBK and GB18030 know.
    common = sum(one > "\x7f" and _in_gb2312(one) for one in text)
    if text and 2 * common >= _SHARE * high:
        return "gb18030"
    western = raw.decode("cp1252", errors="replace")
    if all(one <= "\x7f" or one in _WESTERN for one in western):
        return "cp1252"
    best = from_bytes(raw).best()
    return best.encoding if best is not None else "cp1252"


def _in_gb2312(character: str) -> bool:
    try:
        character.encode("gb2312")
    except UnicodeEncodeError:
        return False
    return True
