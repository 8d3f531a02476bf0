"""A term that a waiting field asks for, as Turtle to be proposed: filled in from the field, corrected by a person."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, fields, replace

from rdflib import OWL, RDF, RDFS, SKOS, Graph, Literal, Namespace, URIRef

from qualweave.errors import InputError
from qualweave.iri import Q, expand
from qualweave.mappers.review.queue import Waiting
from qualweave.mappers.vocabulary import text_key

_NAME = re.compile(r"[A-Z][A-Za-z0-9]*")
_HAN = re.compile(r"[\u3400-\u9fff]")


@dataclass(frozen=True)
class TermDraft:
    """A term as it will be proposed.

    Attributes:
        name: Local name, UpperCamelCase.
        label_en: Label in English.
        label_zh: Label in Chinese.
        definition_en: Definition in English.
        definition_zh: Definition in Chinese.
        example_en: Example in English.
        example_zh: Example in Chinese.
        parent: CURIE or IRI of the class above it.
        unit: UCUM code of its canonical unit, ``""`` for none.
    """

    name: str = ""
    label_en: str = ""
    label_zh: str = ""
    definition_en: str = ""
    definition_zh: str = ""
    example_en: str = ""
    example_zh: str = ""
    parent: str = ""
    unit: str = ""

    @property
    def iri(self) -> str:
        """IRI of the term."""
        return Q + self.name

    def over(self, given: "TermDraft") -> "TermDraft":
        """Return the draft with everything that is given in place of what was filled in."""
        told = {
            one.name: value for one in fields(given) if (value := str(getattr(given, one.name)))
        }
        return replace(self, **told)


def filled_in(some: Sequence[Waiting]) -> TermDraft:
    """Return a draft made from the first of the fields that wait: its name, unit, samples and source."""
    first = some[0]
    request, column = first.question.request, first.question.column or first.question.text
    words = text_key(column)
    unit = first.unit
    shown = ", ".join(request.samples[:3]) + (f" {unit}" if unit and request.samples else "")
    place = first.question.source
    name = "".join(word[:1].upper() + word[1:] for word in words.split() if word.isascii())
    return TermDraft(
        name=re.sub(r"[^A-Za-z0-9]", "", name),
        label_en=words if words.isascii() else "",
        label_zh=words if _HAN.search(words) else "",
        definition_en=f"The quantity that the field {column} of {place} records.",
        definition_zh=f"数据源 {place} 的字段 {column} 所记录的量。",
        example_en=f"{place} writes {shown} in its field {column}.",
        example_zh=f"{place} 在字段 {column} 中写入 {shown}。",
        parent="q:Parameter",
        unit=unit,
    )


def turtle(draft: TermDraft) -> str:
    """Return a draft as Turtle, a supplement to the ontology.

    Raises:
        InputError: If name or a label is missing, or the name is not in UpperCamelCase.
    """
    for name in ("name", "label_en", "label_zh"):
        if not str(getattr(draft, name)).strip():
            raise InputError(
                f"The new term lacks {name}.",
                message_zh=f"新术语缺少 {name}。",
                next_step="Give name, label_en and label_zh; the rest is filled in from the field.",
                next_step_zh="请给出 name、label_en 和 label_zh；其余内容由字段预填。",
                data={"missing": name},
            )
    if not _NAME.fullmatch(draft.name):
        raise InputError(
            f"{draft.name!r} is no name of a class: it must be in UpperCamelCase, as CoolingRate is.",
            message_zh=f"{draft.name!r} 不是合法的类名，应为大驼峰形式，如 CoolingRate。",
            next_step="Give a name of letters and digits that begins with a capital.",
            next_step_zh="请给出以大写字母开头、仅含字母和数字的名称。",
            data={"name": draft.name},
        )
    graph = Graph()
    graph.bind("q", Namespace(Q))
    term, above = URIRef(draft.iri), URIRef(expand(draft.parent))
    graph.add((term, RDF.type, OWL.Class))
    graph.add((term, RDF.type, SKOS.Concept))
    graph.add((term, RDFS.subClassOf, above))
    graph.add((term, SKOS.broader, above))
    for predicate, stem in (
        (RDFS.label, "label"),
        (SKOS.definition, "definition"),
        (SKOS.example, "example"),
    ):
        for language in ("en", "zh"):
            text = str(getattr(draft, f"{stem}_{language}"))
            graph.add((term, predicate, Literal(text, lang=language)))
    if draft.unit:
        graph.add((term, URIRef(Q + "canonicalUnit"), Literal(draft.unit)))
    return graph.serialize(format="turtle")
