"""Spellings of a code: what tables, spreadsheets and controllers make of the same characters (R63).

Two codes with one form are never taken for one another: ``0127`` and ``127`` may be two codes of a list. The form
only finds what may have been meant, so that a person is told.
"""

import re
import unicodedata

_WHOLE = re.compile(r"^[+-]?(\d+)[.,]0+$")
_HEX = re.compile(r"^(?:0x|16#|\$)([0-9a-f]+)$|^([0-9a-f]+)h$")
_APART = re.compile(r"[\s_\-./:#]+")


def code_forms(code: str) -> frozenset[str]:
    """Return the forms under which a code may be written elsewhere.

    NFKC and case are folded, separators dropped, leading zeros and the ``.0`` of a spreadsheet taken off; a hexadecimal
    number is also its decimal one.

    >>> sorted(code_forms("0127") & code_forms("127.0") & code_forms("１２７"))
    ['127']
    >>> sorted(code_forms("0x7F")), sorted(code_forms("E-07"))
    (['0x7f', '127'], ['e7'])
    """
    plain = _folded(code)
    forms = {_settled(plain)}
    number = _HEX.match(plain)
    if number:
        forms.add(str(int(number.group(1) or number.group(2), 16)))
    return frozenset(one for one in forms if one)


def _folded(text: str) -> str:
    plain = unicodedata.normalize("NFKC", text).strip().casefold()
    plain = "".join(str(unicodedata.decimal(one, one)) for one in plain)
    whole = _WHOLE.match(plain)
    return whole.group(1) if whole else plain


def _settled(text: str) -> str:
    """Return letters and digits with the zeros before each number taken off.

    What is left once separators are gone may fold again: a mark that stood apart joins the letter before it.
    """
    before, now = None, text
    while now != before:
        before = now
        now = re.sub(r"(?<![0-9])0+(?=[0-9])", "", _APART.sub("", _folded(now)))
    return now
