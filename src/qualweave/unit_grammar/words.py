"""The words of the grammar: what joins and raises units, and what a word or a bracket stands for."""

from collections.abc import Sequence
from functools import lru_cache

from qualweave.unit_grammar.lexicon import Option, Part, fold, lexicon
from qualweave.unit_grammar.tables import number_words, prefixes, qualifiers
from qualweave.unit_grammar.tokens import Token

LONGEST_QUALIFIER = 4
PER = {"per", "pro", "je", "每"}
RECIPROCAL = {"reciprocal", "reziproke", "reziproker", "reziprokes", "inverse", "invers"}
POWER_BEFORE = {
    "square": 2, "cubic": 3, "quartic": 4, "quintic": 5, "sextic": 6, "sq": 2, "cu": 3, "cub": 3,
    "平方": 2, "立方": 3, "二次方": 2, "三次方": 3, "四次方": 4, "quadrat": 2, "kubik": 3,
}  # fmt: skip
POWER_AFTER = {
    "squared": 2, "cubed": 3, "quadrat": 2, "平方": 2, "立方": 3, "的平方": 2, "的立方": 3, "二次方": 2, "三次方": 3,
}  # fmt: skip
ORDINAL = {
    "one": 1, "two": 2, "three": 3, "four": 4, "five": 5, "six": 6, "first": 1, "second": 2, "third": 3, "fourth": 4,
    "fifth": 5, "sixth": 6, "eins": 1, "zwei": 2, "drei": 3, "vier": 4, "funf": 5, "sechs": 6,
}  # fmt: skip
ROOT = {"root", "sqrt", "wurzel"}
SILENT = {"of", "the", "der", "des", "的"}
ENGLISH = {
    "in",
    "at",
    "a",
    "as",
    "am",
    "are",
    "no",
    "is",
    "it",
    "do",
    "us",
}  # symbols that are words, too
REMARKS = {
    "absolute",
    "gauge",
    "dry",
    "difference",
    "energy",
    "torque",
    "normal",
    "standard",
    "rms",
    "peak",
}
ABSOLUTE = {"a": "absolute", "abs": "absolute", "g": "gauge", "ü": "gauge"}
_FUNCTION_WORDS = PER | set(POWER_BEFORE) | set(POWER_AFTER) | SILENT
_HIDDEN = 0.5  # ``pH`` as picohenry, where the whole is a symbol too


def prefix_named(word: str) -> str:
    """Return the UCUM code of the prefix of a name, such as ``"k"`` for "kilo", else ``""``."""
    key = fold(word)
    return next((one.ucum for one in prefixes() if key in one.names or key == one.zh), "")


@lru_cache(maxsize=4096)
def marks_of(text: str) -> frozenset[str]:
    """Return the qualifiers of a bracket, none where it says something else."""
    key = " ".join(text.casefold().split())
    table = qualifiers()
    if key in table:
        return frozenset({table[key]})
    parts = key.replace("/", " ").replace(",", " ").replace("-", " ").split()
    found: set[str] = set()
    while parts:
        for size in range(min(LONGEST_QUALIFIER, len(parts)), 0, -1):
            mark = table.get(" ".join(parts[:size]))
            if mark is not None:
                found.add(mark)
                parts = parts[size:]
                break
        else:
            return frozenset()
    return frozenset(found)


@lru_cache(maxsize=65536)
def meanings(words: tuple[str, ...]) -> tuple[Option, ...]:
    """Return what a name or symbol of one or more words stands for."""
    known = lexicon()
    written = " ".join(words)
    options = [*known.whole(written), *known.name(words)]
    scale = _HIDDEN if options else 1.0
    if len(written) > 1:
        others = known.prefixed(written)
        options += [Option(one.parts, one.weight * scale, one.spelled) for one in others]
    seen: dict[tuple[Part, ...], Option] = {}
    for one in options:
        known_as = seen.setdefault(one.parts, one)
        if one.spelled and not known_as.spelled:
            seen[one.parts] = Option(one.parts, known_as.weight, spelled=True)
    return tuple(seen.values())


def segmented(pieces: Sequence[Token]) -> list[Token]:
    """Return the tokens with Chinese runs cut into words."""
    found: list[Token] = []
    for one in pieces:
        if one.kind != "word" or one.text.isascii() or not _is_chinese(one.text):
            found.append(one)
            continue
        found += [Token("word", word) for word in _cut(one.text) or (one.text,)]
    return found


def _is_chinese(text: str) -> bool:
    return any("\u4e00" <= one <= "\u9fff" for one in text)


@lru_cache(maxsize=8192)
def _cut(text: str) -> tuple[str, ...]:
    """Return a Chinese run as words, the longest first word that leaves a readable rest."""
    for end in range(len(text), 0, -1):
        head = text[:end]
        readable = head in _FUNCTION_WORDS or head in number_words() or head in qualifiers()
        if not (readable or meanings((head,))):
            continue
        if end == len(text):
            return (head,)
        rest = _cut(text[end:])
        if rest:
            return (head, *rest)
    return ()


def is_pressure(options: Sequence[Option]) -> bool:
    """Whether a word is first of all a unit of pressure, of which "absolute" can be said."""
    if not options:
        return False
    head = options[0].head.quantity
    return head == "pressure" or (head == "force" and len(options[0].parts) > 1)
