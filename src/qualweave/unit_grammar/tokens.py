"""Texts of units cut into tokens: words, numbers, powers, brackets and what stands between them."""

import re
import unicodedata
from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction
from typing import Literal, TypeAlias

Kind: TypeAlias = Literal["word", "number", "power", "times", "over", "bracket", "comma", "root"]
_RAISED = str.maketrans("⁰¹²³⁴⁵⁶⁷⁸⁹⁺⁻‧·", "0123456789+-..")
_SUPERSCRIPT = re.compile(r"[⁺⁻]?[⁰¹²³⁴⁵⁶⁷⁸⁹]+(?:[‧·][⁰¹²³⁴⁵⁶⁷⁸⁹]+)?")
_PLAIN = str.maketrans(
    {
        "•": "·", "⋅": "·", "∙": "·", "×": "·", "*": "·", "・": "·", "･": "·", "‧": "·", "µ": "μ", "º": "°", "˚": "°",
        "′": "'", "’": "'", "″": '"', "“": '"', "”": '"', "−": "-", "–": "-", "‑": "-", "‐": "-", "⁄": "/", "∕": "/",
        "（": "(", "）": ")", "【": "[", "】": "]", "，": ",", "．": ".",
    }
)  # fmt: skip
_WATER = re.compile(r"[hH](?:2|₂)[oO0₀](?![a-z])")
_COUNTRY = re.compile(r"\b([uU])\.\s?([sSkK])\.?(?=\W|$)")
_NUMBER = re.compile(r"\d{1,3}(?:,\d{3})+(?![\d.])|\d+(?:[.,]\d+)?(?:[eE][+-]?\d+)?")
_POWER = re.compile(r"\^(?P<open>\()?([+-]?\d+(?:[.,]\d+)?)(?:/(\d+))?(?(open)\))")
_GLUED_POWER = re.compile(r"[+-]?\d(?:\.\d+)?(?![\d.]*\d)")
_LETTERS = r"[^\W\d_]"
_WORD = re.compile(
    rf"°?(?:{_LETTERS}|[₀-₉])+(?:'(?:{_LETTERS})+)?(?:_(?:{_LETTERS}|[₀-₉])+)*|[°%‰#$€£¥'\"℧÷]"
)
_UCUM_ATOM = re.compile(r"[A-Za-zμ_]*\[[^\[\]\s]+\]")
_CLOSES = {"(": ")", "[": "]", "{": "}"}
_DEEPEST = 6
_KEPT = "₀₁₂₃₄₅₆₇₈₉⁰¹²³⁴⁵⁶⁷⁸⁹⁺⁻ₐₑₕᵢⱼₖₗₘₙₒₚᵣₛₜᵤᵥₓᵨᵦᵧ"


@dataclass(frozen=True, slots=True)
class Token:
    """A piece of a text.

    Attributes:
        kind: What it is.
        text: As written, or the inside of a bracket.
        value: Of a number or power.
        mark: The opening sign of a bracket.
        glued: Whether nothing stands between it and the token before.
        hyphen: Whether a hyphen stands before it.
    """

    kind: Kind
    text: str
    value: Fraction = Fraction(1)
    mark: str = ""
    glued: bool = False
    hyphen: bool = False


def plain(text: str) -> str:
    """Return a text with one sign for each meaning; raised digits become ``^n``, lowered ones stay.

    >>> plain("W⋅m⁻²"), plain("mm H2O"), plain("㎏/㎥")
    ('W·m^-2', 'mm H₂O', 'kg/m3')
    """
    raised = _SUPERSCRIPT.sub(lambda one: "^" + one.group().translate(_RAISED), text)
    swapped = raised.translate(_PLAIN).replace("··", "^")
    normal = "".join(
        one if one in _KEPT or one == "°" else unicodedata.normalize("NFKC", one) for one in swapped
    )
    dry = _WATER.sub("H₂O", normal.translate(_PLAIN))
    return _COUNTRY.sub(lambda one: (one.group(1) + one.group(2)).upper(), dry).strip()


def tokens(text: str, known: Callable[[str], bool]) -> list[Token] | None:
    """Cut a plain text; None where a bracket is not closed or a sign has no meaning here.

    Args:
        text: As `plain` returns it.
        known: Whether a piece with a bracket or an underscore is one symbol, such as ``[in_i]``.
    """
    found: list[Token] = []
    place, glued, hyphen = 0, False, False
    while place < len(text):
        sign = text[place]
        if sign.isspace() or sign in "_-":
            hyphen = hyphen or sign == "-"
            glued, place = False, place + 1
            continue
        step = _next(text, place, known)
        if step is None:
            return None
        token, place = step
        if token.kind == "number" and glued and found and found[-1].kind == "word":
            return None  # ``B10`` is a name, not ten bytes
        found.append(
            Token(token.kind, token.text, token.value, token.mark, glued and bool(found), hyphen)
        )
        glued, hyphen = True, False
        sign = text[place : place + 1]
        after = _GLUED_POWER.match(text, place)
        if token.kind in {"word", "bracket"} and after is not None:
            found.append(Token("power", after.group(), Fraction(after.group())))
            place = after.end()
    return found


def _next(text: str, place: int, known: Callable[[str], bool]) -> tuple[Token, int] | None:
    sign = text[place]
    symbol = _UCUM_ATOM.match(text, place)
    if symbol is not None and known(symbol.group()):
        return Token("word", symbol.group()), symbol.end()
    if sign in _CLOSES:
        return _bracket(text, place)
    power = _POWER.match(text, place)
    if power is not None:
        value = Fraction(power.group(2).replace(",", "."))
        return Token("power", power.group(), value / int(power.group(3) or 1)), power.end()
    number = _NUMBER.match(text, place)
    if number is not None:
        grouped = number.group().count(",") > 1 or re.fullmatch(r"\d{1,3},\d{3}", number.group())
        digits = number.group().replace(",", "" if grouped else ".")
        return Token("number", number.group(), Fraction(digits)), number.end()
    word = _WORD.match(text, place)
    if word is not None:
        piece = word.group()
        if "_" in piece and not known(piece):
            piece = piece.split("_", 1)[0]
        return Token("word", piece), place + len(piece)
    kinds: dict[str, Kind] = {"·": "times", ".": "times", "/": "over", ",": "comma", "√": "root"}
    kind = kinds.get(sign)
    return None if kind is None else (Token(kind, sign), place + 1)


def _bracket(text: str, place: int) -> tuple[Token, int] | None:
    """Return a bracket with its inside as one token."""
    depth, opening = 0, text[place]
    for end in range(place, len(text)):
        depth += (text[end] == opening) - (text[end] == _CLOSES[opening])
        if depth > _DEEPEST:
            return None
        if depth == 0:
            return Token("bracket", text[place + 1 : end].strip(), mark=opening), end + 1
    return None
