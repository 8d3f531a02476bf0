"""What is asked for a field: the sentence of a suggestion, and the pre-filled proposal of a new term.

Every name in them is the ontology's own: a property by its first notation, else its local name, and the class
of its domain likewise. Renaming either in the ontology changes the sentence.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from qualweave.change_request import ChangeRequest
from qualweave.errors import JsonValue
from qualweave.iri import Q
from qualweave.mappers.align.score import Alignment
from qualweave.mappers.align.words import is_telling, phrase, written
from qualweave.ontology.terms import TermIndex

_PARENT = Q + "Parameter"
_NEAR = 0.02  # probability from which a candidate says where in the ontology a new term belongs


@dataclass(frozen=True)
class NewTerm:
    """A term that a field asks for.

    Attributes:
        name: Proposed local name, UpperCamelCase.
        parent: IRI of the class or property that it would stand under.
        unit: UCUM code of its unit, ``""`` where the field has none.
        labels: Label per language.
    """

    name: str
    parent: str
    unit: str
    labels: Mapping[str, str] = field(default_factory=dict)

    def to_json(self) -> dict[str, JsonValue]:
        """Return the proposal as JSON values."""
        return {
            "name": self.name,
            "parent": self.parent,
            "unit": self.unit,
            "label": self.labels.get("en") or next(iter(self.labels.values()), self.name),
            "labels": dict(self.labels),
        }


def sentence(name: str, term: str, terms: TermIndex, domain: str = "") -> dict[str, str]:
    """Return the suggestion to map a field to a term, in English and Chinese.

    Args:
        name: The field, as the source writes it.
        term: IRI of the term.
        terms: The ontology.
        domain: IRI of the class that the term is a property of; ``""`` where it has none.

    Raises:
        UnknownTerm: If the ontology has no such term or class.
    """
    spoken = terms.spoken_name(term)
    if not domain:
        return {
            "en": f"New field {name}, suggested mapping: {spoken} of the Q-Ontology",
            "zh": f"新增字段{name},建议映射至Q-Ontology中的{spoken}",
        }
    owner = terms.spoken_name(domain)
    return {
        "en": f"New field {name}, suggested mapping: property {spoken} of class {owner} in the Q-Ontology",
        "zh": f"新增字段{name},建议映射至Q-Ontology中{owner}类下的{spoken}属性",
    }


def new_term(alignment: Alignment, terms: TermIndex) -> NewTerm:
    """Return what a new term for a field would look like: name, parent, unit and labels.

    The parent is that of the nearest candidate of the same dimension, where one is near at all; else it is
    the class of all parameters.
    """
    asked = alignment.field
    spelt = phrase(asked.base_name) or asked.base_name
    telling = [one for one in written(asked.base_name) if is_telling(one)] or [asked.base_name]
    language = asked.context.language if asked.context is not None else "en"
    labels = {"en": spelt} if spelt.isascii() else {}
    if language != "en" or not labels:
        labels[language] = asked.base_name
    return NewTerm(
        name="".join(one[:1].upper() + one[1:] for one in telling),
        parent=_parent(alignment, terms),
        unit=asked.unit.ucum if asked.unit is not None else "",
        labels=labels,
    )


def _parent(alignment: Alignment, terms: TermIndex) -> str:
    for one in alignment.ranked:
        if one.probability < _NEAR or one.term not in terms:
            break
        near = terms.by_iri(one.term)
        if near.is_parameter:
            return near.parents[0] if near.parents else _PARENT
    return _PARENT


def change_request(
    alignment: Alignment,
    terms: TermIndex,
    *,
    subject: str,
    by: str,
    created: datetime,
    domain: str = "",
    tenant: str = "plant",
) -> ChangeRequest:
    """Return the change request of a field that is not mapped: a question where terms are near, else a new term.

    Args:
        alignment: What the aligner found.
        terms: The ontology.
        subject: IRI of the field.
        by: Id of the principal.
        created: When, in UTC.
        domain: IRI of the domain of the first candidate, where it is a property.
        tenant: Whose it is.
    """
    name, best = alignment.field.name, alignment.ranked[0] if alignment.ranked else None
    asked = alignment.decision == "ask" and best is not None
    if asked and best is not None:
        proposal: dict[str, JsonValue] = {
            "column": name,
            "candidates": [one.term for one in alignment.ranked[:5]],
        }
        statement = sentence(name, best.term, terms, domain)
    else:
        proposal = {"column": name, **new_term(alignment, terms).to_json()}
        statement = {
            "en": f"New field {name}: no term of the Q-Ontology fits; a new term is requested",
            "zh": f"新增字段{name},Q-Ontology中没有合适的术语,申请新增术语",
        }
    return ChangeRequest(
        kind="mapping" if asked else "new_term",
        subject=subject,
        proposal=proposal,
        statement=statement,
        submitted_by=by,
        created=created,
        evidence=tuple(best.evidence) if best is not None else (),
        samples=alignment.field.samples[:5],
        tenant=tenant,
    )
