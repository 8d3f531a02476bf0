"""From where a mention is told: process, equipment or customer, with the reason.

Who speaks shows in words (``客户反映``, ``the operator says``) and in what is spoken of: a drifting sensor is named by
whoever keeps the machine, damage on arrival by whoever opens the box. Words in the clause go before words in the
sentence, those before what the concept is, that before words elsewhere in the text.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from importlib.resources import files
from types import MappingProxyType
from typing import Literal, TypeAlias, get_args

from qualweave.errors import JsonValue
from qualweave.iri import local_name
from qualweave.mappers.texts.clauses import Sentence, number_at
from qualweave.mappers.texts.wording import compiled_expression
from qualweave.ontology.terms import TermIndex

Viewpoint: TypeAlias = Literal["process", "equipment", "customer"]
VIEWPOINTS: tuple[Viewpoint, ...] = get_args(Viewpoint)
_OF_CLASS: Mapping[str, Viewpoint] = MappingProxyType(
    {
        "DamageOnArrival": "customer",
        "EquipmentState": "equipment",
        "MachineFailure": "equipment",
        "FailureMechanism": "process",
        "RootCause": "process",
        "ToolState": "process",
        "FunctionalDefect": "customer",
        "WeldDefect": "process",
        "MaterialDefect": "process",
        "DimensionalInaccuracy": "process",
    }
)
_LOOKED = 40  # sentences of a text that may tell where nothing nearer does


@dataclass(frozen=True)
class Told:
    """A viewpoint and why.

    Attributes:
        viewpoint: ``""`` where nothing tells.
        by: ``"words"``, ``"concept"``, ``"record"`` or ``"none"``.
        words: The words that tell, or the class.
    """

    viewpoint: Viewpoint | Literal[""]
    by: Literal["words", "concept", "record", "none"]
    words: str

    def to_json(self) -> dict[str, JsonValue]:
        """Return it as JSON values."""
        return {"viewpoint": self.viewpoint, "by": self.by, "words": self.words}


@lru_cache(maxsize=1)
def _table() -> tuple[tuple[Viewpoint, str, re.Pattern[str]], ...]:
    body = files("qualweave.mappers.texts").joinpath("viewpoints.tsv").read_text("utf-8")
    rows = (line.split("\t") for line in body.splitlines() if line and not line.startswith("#"))
    return tuple(
        (
            next(known for known in VIEWPOINTS if known == name),
            language,
            compiled_expression(one, language),
        )
        for name, language, said in rows
        for one in said.split(";")
    )


def viewpoint(
    folded: str,
    sentences: Sequence[Sentence],
    place: tuple[int, int],
    *,
    term: str,
    terms: TermIndex,
    record: Viewpoint | Literal[""] = "",
) -> Told:
    """Return the viewpoint of a mention.

    Args:
        folded: The folded text.
        sentences: Of it.
        place: Ends of the mention in the folded text.
        term: IRI of its concept.
        terms: The ontology.
        record: Viewpoint of the record that holds the text, where its kind tells: a complaint is a customer's.
    """
    own = _of_concept(term, terms)
    if own and own.viewpoint in ("equipment", "customer") and own.words != "FunctionalDefect":
        return own
    sentence = sentences[number_at(sentences, place[0])]
    clause = next((one for one in sentence.clauses if one.start <= place[0] < one.end), None)
    reaches = [(clause.start, clause.end)] if clause else []
    for start, end in (*reaches, (sentence.start, sentence.end)):
        told = _by_words(folded[start : max(end, place[1])], sentence.language)
        if told:
            return told
    if record:
        return Told(record, "record", record)
    if own:
        return own
    others = (_by_words(folded[one.start : one.end], one.language) for one in sentences[:_LOOKED])
    return next((one for one in others if one), Told("", "none", ""))


@lru_cache(maxsize=4096)
def _by_words(folded: str, language: str) -> Told | None:
    """Return the viewpoint with most words in a stretch; a draw tells nothing."""
    said: dict[Viewpoint, list[str]] = {one: [] for one in VIEWPOINTS}
    for name, of, regex in _table():
        if of in (language, "en"):
            said[name] += [hit.group() for hit in regex.finditer(folded)]
    ranked = sorted(said, key=lambda one: -len(said[one]))
    if len(said[ranked[0]]) == len(said[ranked[1]]):
        return None
    return Told(ranked[0], "words", ", ".join(dict.fromkeys(said[ranked[0]])))


def _of_concept(term: str, terms: TermIndex) -> Told | None:
    above = {local_name(one) for one in (term, *terms.ancestors(term))}
    found = next((one for one in _OF_CLASS if one in above), None)
    return Told(_OF_CLASS[found], "concept", found) if found else None
