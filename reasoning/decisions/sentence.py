"""Sentences about decisions, made from the object, the ontology's labels and a table of words.

A sentence is the last step: everything in it can be read off the object, and nothing in it is decided
here. The parameter is named within its process: the labels are merged where one ends as the other begins, and
later names leave out what the process has said already.
"""

from typing import Any

from qualweave.iri import Q, local_name
from qualweave.negotiation import Language
from qualweave.ontology.terms import Term, TermIndex
from qualweave.reasoning.decisions.intervention import Check, Intervention, ParameterAdjustment
from qualweave.reasoning.decisions.tables import read_yaml
from qualweave.values import find_unit

_ANY = "*"
_LAST_LATIN = 0x24F  # end of the block Latin Extended-B


def render(intervention: Intervention, terms: TermIndex, language: Language = "en") -> str:
    """Return the sentence that tells an intervention.

    Args:
        intervention: What is to be told; its actions are told in their order.
        terms: Labels of parameters, processes and checks.
        language: ``"zh"`` or ``"en"``.

    Returns:
        One sentence.
    """
    words = read_yaml("sentence.yaml")[language]
    parts: list[str] = []
    for place, action in enumerate(intervention.actions):
        if isinstance(action, ParameterAdjustment):
            parts.append(_adjustment(action, place, words, terms=terms, language=language))
        else:
            last = place == len(intervention.actions) - 1
            parts.append(_check(action, place, words, last=last, terms=terms, language=language))
    text = str(words["joint"].join(parts) + words["end"])
    return text[:1].upper() + text[1:] if words["capital"] else text


def _adjustment(
    action: ParameterAdjustment,
    place: int,
    words: dict[str, Any],
    *,
    terms: TermIndex,
    language: Language,
) -> str:
    name = parameter_name(action, terms, language, first=place == 0)
    verbs = words["verbs"].get(quantity_kind(action.parameter, terms), words["verbs"][_ANY])
    return str(words["first" if place == 0 else "next"]).format(
        name=name,
        verb=verbs["up" if action.delta > 0 else "down"],
        amount=amount(action, words["unit_gap"]),
    )


def _check(
    action: Check,
    place: int,
    words: dict[str, Any],
    *,
    last: bool,
    terms: TermIndex,
    language: Language,
) -> str:
    name = str(words["check_name"]).format(
        target=abbreviation(action.target, terms, language),
        check=_label(action.kind, terms, language),
    )
    form = "only_check" if place == 0 else "and_check" if last else "check"
    return str(words[form]).format(check=name.strip())


def amount(action: ParameterAdjustment, gap: str) -> str:
    """Return the size of a step with its unit, with as many decimals as the machine's step has."""
    unit = find_unit(action.unit)
    symbol = unit.symbol if unit else action.unit
    return f"{abs(action.delta):.{action.decimals}f}{gap}{symbol}"


def parameter_name(
    action: ParameterAdjustment, terms: TermIndex, language: Language, *, first: bool
) -> str:
    """Return how a parameter is called within its process.

    The first one is merged with the label of its process where they overlap; every further one leaves
    out the words that the process ends with.
    """
    own = _label(action.parameter, terms, language)
    process = _label(action.process, terms, language) if action.process in terms else ""
    shared = overlap(process, own)
    if not shared:
        return own
    rest = own[len(shared) :].strip()
    return process + own[len(shared) :] if first else rest or own


def overlap(left: str, right: str) -> str:
    """Return the longest end of ``left`` that ``right`` begins with; whole words where there are blanks.

    >>> overlap("tab welding", "welding current")
    'welding'
    """
    for size in range(min(len(left), len(right)), 0, -1):
        piece = right[:size]
        if left.endswith(piece) and _whole(left, right, size) and _long_enough(piece):
            return piece
    return ""


def _whole(left: str, right: str, size: int) -> bool:
    before, after = left[: len(left) - size], right[size:]
    starts = not (_is_latin(before[-1:]) and _is_latin(right[:1]))
    ends = not (_is_latin(after[:1]) and _is_latin(right[size - 1 : size]))
    return starts and ends


def _is_latin(character: str) -> bool:
    return bool(character) and character.isalpha() and ord(character) <= _LAST_LATIN


def _long_enough(piece: str) -> bool:
    return len(piece) > 1 and not piece.isspace()


def quantity_kind(parameter: str, terms: TermIndex) -> str:
    """Return the last part of a parameter's quantity kind, ``""`` where it has none."""
    kind = terms.by_iri(parameter).quantity_kind if parameter in terms else None
    return local_name(kind) if kind else ""


def abbreviation(iri: str, terms: TermIndex, language: Language) -> str:
    """Return the short name of a thing: an alternative label in capitals, else its label.

    A thing that is no term (one machine, one item) is called by its identifier.
    """
    if iri not in terms:
        return local_name(iri)
    term = terms.by_iri(iri)
    short = [word for word in _words(term, language) if _is_abbreviation(word)]
    return min(short, key=len) if short else _label(iri, terms, language)


def _words(term: Term, language: Language) -> tuple[str, ...]:
    return (*term.words(language), *term.words("en"))


def _is_abbreviation(word: str) -> bool:
    return len(word) > 1 and word.isascii() and word.isalnum() and word.isupper()


def _label(iri: str, terms: TermIndex, language: Language) -> str:
    return terms.name_of(iri, language) if iri in terms else local_name(iri).removeprefix(Q)
