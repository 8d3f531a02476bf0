"""What a code list says of each code, and what that means: from the texts of a row to one concept or a question.

Persons go first; then a text that is a concept's name, or holds exactly one longest name; then what the aligner
is sure of. Texts of one row that mean different concepts contradict each other, and a person is asked.
"""

import unicodedata
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

from qualweave.iri import Q, expand
from qualweave.mappers.lift import cells
from qualweave.mappers.lift.sheet import Sheet, Unresolved
from qualweave.mappers.mapping import ColumnMapping
from qualweave.mappers.meanings import ConceptReader, Meaning, Reading
from qualweave.mappers.vocabulary import Concept, Vocabulary, text_key

SAYING = ("defectName", "codeDescription", "alarmText")
MEANS: Mapping[str, tuple[str, ...]] = {
    "defectCode": (Q + "Defect",),
    "alarmCode": (Q + "Alarm", Q + "Defect", Q + "Anomaly"),
}
"""Classes of which the concept of a code must be, by role."""
ASKED = (Q + "Defect", Q + "Alarm", Q + "Anomaly", Q + "FailureMechanism")
"""Classes whose concepts a question offers: what a person may choose is more than what is decided unasked."""
_LEAST_NAME = 2  # characters of a Chinese name, below which holding it says nothing


@dataclass(frozen=True)
class Word:
    """A text that a list gives a code.

    Attributes:
        column: Field that holds it.
        role: What the field is.
        text: The text as it was written.
        answer: What a person said that it means, ``""`` for none of ours, None where nobody was asked.
    """

    column: str
    role: str
    text: str
    answer: str | None = None


@dataclass(frozen=True)
class Understood:
    """What the words of a row mean.

    Attributes:
        term: IRI of the concept, ``""`` while nobody has decided.
        candidates: IRIs of concepts that may be meant, the likeliest first.
        meaning: The scored concept, where the aligner decided.
        is_closed: Whether a person said that no concept of ours is meant.
    """

    term: str = ""
    candidates: tuple[str, ...] = ()
    meaning: Meaning | None = None
    is_closed: bool = False


def concepts_in(text: str, vocabulary: Vocabulary, *within: str) -> list[Concept]:
    """Return the concepts whose longest name stands in a description; one element means decided.

    >>> voc = Vocabulary(
    ...     [
    ...         Concept("urn:a", names=("wire offset",), ancestors=frozenset({"urn:d"})),
    ...         Concept("urn:b", names=("offset",), ancestors=frozenset({"urn:d"})),
    ...     ]
    ... )
    >>> [one.iri for one in concepts_in("Wire offset > 25 um", voc, "urn:d")]
    ['urn:a']
    """
    exact = vocabulary.find(text, *within)
    if exact:
        return exact
    padded = f" {text_key(text)} "
    held: dict[str, tuple[int, Concept]] = {}
    for concept in vocabulary.below(*within):
        if concept.iri in within:  # "solder defect" says of a defect no more than that it is one
            continue
        for name in concept.names:
            key = text_key(name)
            spaced = key.isascii()
            if len(key) >= _LEAST_NAME and (f" {key} " if spaced else key) in padded:
                held[concept.iri] = max(
                    held.get(concept.iri, (0, concept)), (len(key), concept), key=lambda one: one[0]
                )
    if not held:
        return []
    longest = max(size for size, _ in held.values())
    return [concept for size, concept in held.values() if size == longest]


def words_of(sheet: Sheet) -> list[tuple[Word, ...]]:
    """Return the texts of every row, from all columns that name or describe a code; shape: one tuple per row."""
    found: list[list[Word]] = [[] for _ in range(len(sheet.frame))]
    for role in SAYING:
        for column in sheet.columns_of.get(role, ()):
            if column.name not in sheet.table.frame.columns:
                continue
            answers = answers_of(column)
            for place, text in enumerate(cells.cleaned(sheet.table.frame[column.name])):
                if text:
                    found[place].append(Word(column.name, role, text, answers.get(_plain(text))))
    return [tuple(one) for one in found]


def answers_of(column: ColumnMapping) -> dict[str, str]:
    """Return what persons said of the texts of a column: IRI per text, ``""`` for none of ours."""
    return {_plain(text): expand(term) if term else "" for text, term in column.values.items()}


def _plain(text: str) -> str:
    return unicodedata.normalize("NFKC", text)


def understand(
    rows: Sequence[tuple[Word, ...]],
    vocabulary: Vocabulary,
    within: Sequence[str],
    reader: ConceptReader | None,
) -> list[Understood]:
    """Return what the words of each row mean.

    Args:
        rows: The words of each row.
        vocabulary: The ontology, as the lifter sees it.
        within: Classes of which a concept must be that is decided unasked.
        reader: Scores concepts for words; None leaves names alone to decide.
    """
    found = {words: _by_name(words, vocabulary, within) for words in dict.fromkeys(rows)}
    left = [words for words, one in found.items() if words and not (one.term or one.is_closed)]
    if reader is not None and left:
        readings = reader([[one.text for one in words] for words in left], ASKED)
        for words, reading in zip(left, readings, strict=True):
            found[words] = _by_score(found[words], reading, vocabulary, within)
    return [found[words] for words in rows]


def _by_name(words: tuple[Word, ...], vocabulary: Vocabulary, within: Sequence[str]) -> Understood:
    """Return what persons or the names of concepts say of a row."""
    said = [one.answer for one in words if one.answer is not None]
    chosen = dict.fromkeys(one for one in said if one)
    if len(chosen) == 1:
        return Understood(term=next(iter(chosen)))
    if said and not chosen:
        return Understood(is_closed=True)
    hinted: dict[str, None] = {}
    ways: tuple[Callable[..., list[Concept]], ...] = (Vocabulary.find, _held)
    for way in ways:
        hits = [[hit.iri for hit in way(vocabulary, one.text, *within)] for one in words]
        hinted |= dict.fromkeys(iri for one in hits for iri in one)
        single = dict.fromkeys(one[0] for one in hits if len(one) == 1)
        if len(single) == 1:
            return Understood(term=next(iter(single)))
        if single:  # the texts contradict each other
            break
    return Understood(candidates=tuple(hinted))


def _held(vocabulary: Vocabulary, text: str, *within: str) -> list[Concept]:
    return concepts_in(text, vocabulary, *within)


def _by_score(
    named: Understood, reading: Reading, vocabulary: Vocabulary, within: Sequence[str]
) -> Understood:
    """Return what the aligner makes of a row that names alone left open.

    Several names in one text keep it open, whatever the score: they were found, not guessed.
    """
    scored = tuple(one.term for one in reading.ranked)
    candidates = tuple(dict.fromkeys((*scored, *named.candidates)))
    first = vocabulary.concept(scored[0]) if scored else None
    fits = first is not None and any(first.is_a(above) and first.iri != above for above in within)
    if reading.is_sure and fits and not named.candidates:
        return Understood(scored[0], candidates, reading.ranked[0])
    return Understood(candidates=candidates)


def questions_of(
    rows: Sequence[tuple[Word, ...]], meanings: Iterable[Understood]
) -> list[Unresolved]:
    """Return one question per text that is not understood, with the number of its rows.

    A row is asked about by its last text that no other row shares, since the answer holds wherever the text stands.
    """
    users = Counter((one.column, one.text) for words in dict.fromkeys(rows) for one in words)
    asked: dict[tuple[str, str, str], Unresolved] = {}
    for words, one in zip(rows, meanings, strict=True):
        if not words or one.term or one.is_closed:
            continue
        own = [word for word in words if users[word.column, word.text] == 1]
        told = (own or words)[-1]
        key = (told.column, told.role, told.text)
        known = asked.get(key, Unresolved(*key, 0))
        also = [word.text for word in words if word.text != told.text]
        asked[key] = Unresolved(
            *key,
            known.rows + 1,
            tuple(dict.fromkeys((*known.candidates, *one.candidates))),
            also=tuple(dict.fromkeys((*known.also, *also))),
        )
    return list(asked.values())
