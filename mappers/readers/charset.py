"""The charset of a file: byte order mark, then strict UTF-8, then what fits Chinese or Western text.

Strict UTF-8 decides where it succeeds, since other text is hardly ever valid UTF-8 by chance. Of the
rest, GB18030 is told from Western single-byte text by how much of it becomes common Chinese.
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
    # In GB18030 two bytes make one character of the common block; Western accents stand alone between
    # ASCII letters and would pair up with them into rare characters.
    common = sum("\u4e00" <= one <= "\u9fff" or one in "℃°，。：；（）、％μ" for one in text)
    if text and 2 * common >= 0.8 * high:
        return "gb18030"
    best = from_bytes(raw).best()
    return best.encoding if best is not None else "cp1252"
