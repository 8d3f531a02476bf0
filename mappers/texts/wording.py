"""Names and expressions as patterns over folded text: inflected, spread over a clause, in another order.

A name of the ontology is found as it is written, and as people bend it: ``螺栓松动`` in ``螺栓有点松动``,
``worn electrode`` in ``the electrode is worn``, ``Kratzer`` in ``Lackkratzern``. What no name says and people do
(``does not shut``, ``关 不 拢``) stands in ``expressions.tsv`` as words with gaps. Both become regular expressions;
their groups are the words that were matched, so that a mention spread over a clause knows its pieces.
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from importlib.resources import files
from typing import Literal, TypeAlias

from qualweave.mappers.align.compounds import han
from qualweave.mappers.texts.folding import folded_form

Source: TypeAlias = Literal["name", "inflected", "compound", "expression", "spelling"]
"""How words named a concept; the sooner the surer."""

HAN = re.compile(r"[\u3400-\u9fff]")
_BRACKETED = re.compile(r"\s*\([^)]*\)")
_PARTICLE = (
    "(?:得|的|了|着|有点|有些|很|非常|太|特别|比较|越来越|明显|严重|轻微|已经|已|也|都|又|还|"
    "总是|总|一直|老是|老|是|会|就|被|出现|完全)"
)
_HAN_GAP = rf"{_PARTICLE}{{0,2}}?"
_HAN_WIDE = r"[^，。,;.!?:\s、]{0,7}?"
_GAP = r"[\s\-/]+"
_WORD = r"[a-z0-9'.%]+"
_WIDE = rf"(?:[\s\-/]+{_WORD}){{0,4}}?[\s\-/]+"
_COPULA = (
    r"(?:is|are|was|were|has|have|had|been|be|became|came|comes|coming|got|getting|looks|seems|feels|too|very|quite|so|"
    r"completely|slightly|badly|heavily|partly|a|bit|the|ist|sind|war|waren|wurde|wurden|wird|hat|sehr|zu|etwas|ganz|"
    r"stark|leicht|komplett|teilweise|schon)"
)
_COPULAS = rf"(?:[\s\-]+{_COPULA}){{0,4}}[\s\-]+"
_NEGATION = {
    "en": r"(?:not|never|no\s+longer|hardly|[a-z]+n't|cannot|won\s?t"
    r"|unable\s+to|(?:refus|fail)(?:e|es|ed|s|ing)?\s+to)",
    "de": r"(?:nicht(?:\s+mehr)?|nie|kaum)",
    "zh": "(?:不|没法|无法|不能|没有|没|难以)",
}
_NUMBER = {
    "en": r"\d{1,15}(?:[.,]\d{1,15})?",
    "de": r"\d{1,15}(?:[.,]\d{1,15})?",
    "zh": r"[\d一二两三四五六七八九十几]{1,15}(?:\.\d{1,15})?",
}
_SHORTEST_COMPOUND_END = 5
_SMALL = frozenset(
    "of the a an in on for by to at and or is be does bei der die das zu im am in von up off out".split()  # noqa: SIM905 - words
)
_ENDINGS_DE = "(?:e|en|er|ern|ers|es|em|n|s|t|te|ten|et|st)?"


@dataclass(frozen=True)
class Pattern:
    """One way to say a concept.

    Attributes:
        term: IRI, or ``""`` for words that name none and hide what stands in them.
        regex: Over folded text; its groups are the words that count.
        anchors: Plain texts of which one must stand in the text, to be looked for first.
        weight: Letters that count; the pattern with more of them goes first.
        source: Kind of match.
        said: As it stands in its table or ontology.
    """

    term: str
    regex: re.Pattern[str]
    anchors: tuple[str, ...]
    weight: int
    source: Source
    said: str


def name_patterns(term: str, name: str, language: str) -> Iterator[Pattern]:
    """Return the patterns of one name of a term.

    Args:
        term: Its IRI.
        name: As the ontology writes it.
        language: Of the name.
    """
    folded = _BRACKETED.sub("", folded_form(name)).strip()
    if HAN.search(folded):
        yield from _chinese(term, folded)
        return
    if len(folded) < (3 if name.isupper() else 4):
        return
    words = [one for one in re.split(r"[\s\-/]+", folded) if one]
    if not words:
        return
    plain = _GAP.join(f"({bent(one, language)})" for one in words)
    yield _pattern(term, _edges(plain), _anchor(words), len(folded), "name", name)
    if len(words) == 1 and language == "de" and len(folded) >= _SHORTEST_COMPOUND_END:
        compound = rf"(?<![a-z])([a-z]{{3,}}{bent(folded, language)})(?![a-z])"
        yield _pattern(term, compound, _anchor(words), len(folded), "compound", name)
    telling = [one for one in words if one not in _SMALL]
    if 1 < len(telling) < 4 and len(telling) == len(words) and not name.isupper():  # noqa: PLR2004
        yield from _bent_orders(term, name, telling, language)


def _bent_orders(term: str, name: str, words: list[str], language: str) -> Iterator[Pattern]:
    """Return a name of some words with a word between, and with its first word told behind the rest."""
    groups = [f"({bent(one, language)})" for one in words]
    loose = rf"(?:[\s\-]+{_WORD})?{_GAP}"
    weight = sum(map(len, words)) - 1
    yield _pattern(term, _edges(loose.join(groups)), _anchor(words), weight, "inflected", name)
    turned = _GAP.join(groups[1:]) + _COPULAS + groups[0]
    yield _pattern(term, _edges(turned), _anchor(words), weight, "inflected", name)


def _chinese(term: str, name: str) -> Iterator[Pattern]:
    name = name.removeprefix("有") if len(name) > 2 else name  # noqa: PLR2004
    if len(name) < 2:  # noqa: PLR2004 - one character is found in everything
        return
    yield _pattern(term, f"({re.escape(name)})", (name,), 2 * len(name), "name", name)
    if len(name) < 3:  # noqa: PLR2004
        return
    spread = _HAN_GAP.join(f"({re.escape(one)})" for one in name)
    yield _pattern(term, spread, (name[0],), 2 * len(name) - 1, "inflected", name)
    parts = han(name)
    if len(parts) == 2 and min(map(len, parts)) >= 2:  # noqa: PLR2004 - a thing and what is wrong with it
        wide = _HAN_WIDE.join(f"({re.escape(one)})" for one in parts)
        yield _pattern(term, wide, (parts[0],), 2 * len(name) - 2, "inflected", name)


def expression_patterns() -> Iterator[tuple[str, Pattern]]:
    """Return local name of a term, ``-`` for none, with each pattern of the table of expressions."""
    body = files("qualweave.mappers.texts").joinpath("expressions.tsv").read_text("utf-8")
    for line in body.splitlines():
        if not line or line.startswith("#"):
            continue
        name, language, said = line.split("\t")
        for one in filter(None, (part.strip() for part in said.split(";"))):
            yield name, _expression(one, language)


def _expression(said: str, language: str) -> Pattern:
    made: list[str] = []
    anchors: tuple[str, ...] = ()
    weight = 0
    gap, near, wide = ("", _HAN_GAP, _HAN_WIDE) if language == "zh" else ("", _GAP, _WIDE)
    for token in said.split():
        if token == "~":  # noqa: S105 - a mark of the table
            gap = wide
            continue
        inner, letters, plain = _token(token.removesuffix("?"), language)
        group = (gap if made else "") + f"({inner})"
        gap = near
        if token.endswith("?"):
            made.append(f"(?:{group})?")
            continue
        made.append(group)
        weight += letters
        if plain and (not anchors or min(map(len, plain)) > min(map(len, anchors))):
            anchors = plain
    joined = "".join(made)
    regex = joined if language == "zh" else _edges(joined)
    return _pattern("", regex, anchors, weight * (2 if language == "zh" else 1), "expression", said)


def _token(token: str, language: str) -> tuple[str, int, tuple[str, ...]]:
    """Return a token as a regular expression, its letters, and plain texts of which one must be there."""
    if token == "NEG":  # noqa: S105 - a mark of the table
        return _NEGATION[language], 2, ()
    if token == "NUM":  # noqa: S105 - likewise
        return _NUMBER[language], 1, ()
    options = sorted(map(folded_form, token.split("|")), key=len, reverse=True)
    parts = [_option(one, language) for one in options]
    plain = tuple(_root(one.strip("=*"), language) for one in options)
    shortest = min(len(one.strip("=*")) for one in options)
    return f"(?:{'|'.join(parts)})", shortest, plain


def _option(option: str, language: str) -> str:
    if option == "num":
        return _NUMBER[language]
    if language == "zh":
        return re.escape(option)
    if option.startswith("="):
        return re.escape(option[1:])
    if option.startswith("*"):
        return "[a-z]{2,}" + bent(option[1:], language)
    if option.endswith("*"):
        return re.escape(option[:-1]) + "[a-z]*"
    return bent(option, language)


@lru_cache(maxsize=16_384)
def bent(word: str, language: str) -> str:
    """Return a regular expression of a folded word in its inflected forms.

    >>> (
    ...     bool(re.fullmatch(bent("scratch", "en"), "scratches")),
    ...     bool(re.fullmatch(bent("leak", "en"), "leaked")),
    ... )
    (True, True)
    """
    root = _root(word, language)
    body = re.escape(root)
    if len(word) < 4 or not word.isalpha():  # noqa: PLR2004 - an ending on a short word makes another word
        return body + ("s?" if len(word) == 3 and word.isalpha() else "")  # noqa: PLR2004
    if language == "de":
        return body + _ENDINGS_DE
    doubled = f"{re.escape(root[-1])}?" if root[-1] in "bdgklmnprt" else ""
    return f"{body}(?:e|y|s|es|ies|ed|ied|d|'s|{doubled}(?:ing|ed)|ying)?"


def _root(word: str, language: str) -> str:
    if not word.isalpha() or not word.isascii():
        return word
    endings = ("en", "er", "e") if language == "de" else ("ing", "ies", "es", "ed", "e", "y", "s")
    for ending in endings:
        root = word[: -len(ending)]
        least = 5 if ending == "ing" else 4  # "plating" is no "plate"
        if word.endswith(ending) and len(root) >= least and not word.endswith("ss"):
            return root
    return word


def _edges(inner: str) -> str:
    return rf"(?<![a-z]){inner}(?![a-z])"


def _anchor(words: Iterable[str]) -> tuple[str, ...]:
    longest = max(words, key=len)
    return (min(_root(longest, "de"), _root(longest, "en"), key=len),)


def _pattern(  # noqa: PLR0917 - the fields of a pattern, made at one place
    term: str, regex: str, anchors: tuple[str, ...], weight: int, source: Source, said: str
) -> Pattern:
    return Pattern(term, _compiled(regex), anchors, weight, source, said)


@lru_cache(maxsize=65_536)
def _compiled(regex: str) -> re.Pattern[str]:
    return re.compile(regex)


@lru_cache(maxsize=4096)
def compiled_expression(said: str, language: str) -> re.Pattern[str]:
    """Return the regular expression of an expression as the tables write them, over folded text."""
    return _expression(said.strip(), language).regex
