"""Asking a competency question, by its id or in words, with parameters given, found in the words, or by default."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Literal, TypeAlias

from qualweave.api.enquiry import Found, ask, numbers_of, place_of, stand, standing
from qualweave.api.service import Service
from qualweave.errors import JsonValue, LimitExceeded
from qualweave.iri import Q, local_name, mint
from qualweave.ontology.queries.asking import Candidate, refuse
from qualweave.ontology.queries.binding import bind
from qualweave.ontology.queries.catalogue import Question
from qualweave.ontology.queries.lookup import find_term
from qualweave.ontology.queries.reading import is_chinese
from qualweave.principal import Principal

Origin: TypeAlias = Literal["given", "question", "default"]
_COMPANIES = "SELECT DISTINCT ?one WHERE { ?one a q:Organization } LIMIT 5000"
_VALUE = re.compile(r"\bq:(\w+) \?(\w+)")
_FIGURES = ("value", "mean", "least", "greatest")
_MOST_NAMES = 20


@dataclass(frozen=True)
class Asked:
    """A question that was asked, and its answer.

    Attributes:
        question: The question of the catalogue.
        values: Parameter to its value and to where that came from.
        found: Text and rows.
        score: How sure it is that this was meant; 1 where it was asked by its id.
        unused: What the words name and the question has no parameter for.
    """

    question: Question
    values: Mapping[str, tuple[str, Origin]]
    found: Found
    score: float
    unused: tuple[str, ...] = ()

    def about(self) -> dict[str, JsonValue]:
        """Return what was asked, as JSON values."""
        return {
            "id": self.question.id,
            "question": dict(self.question.words),
            "score": round(self.score, 3),
            "parameters": [
                {"name": name, "value": value, "from": origin}
                for name, (value, origin) in self.values.items()
            ],
            "unused": list(self.unused),
        }


def ask_question(
    service: Service,
    sentence: str,
    values: Mapping[str, str] = MappingProxyType({}),
    *,
    principal: Principal,
) -> Asked:
    """Return the answer to a question.

    Args:
        service: The service.
        sentence: Id of a question, or words in English or Chinese.
        values: Parameters that were given; they win over what the words say.
        principal: Who asks.

    Raises:
        InputError: If the sentence is empty, or a parameter unknown, missing or not of its type.
        NotFound: If no question fits (``data["nearest"]`` names three), or the graph lacks a thing that is named.
    """
    asker = service.asker
    name = sentence.strip().casefold()
    if name in asker.catalogue:
        candidate = Candidate(asker.catalogue.by_id(name), {}, 1.0, {})
    else:
        reading = asker.read(
            sentence,
            resolve=lambda names: kinds_of(service, names, principal),
            names=companies(service, principal),
        )
        if reading.chosen is None:
            raise refuse(reading, "zh" if is_chinese(sentence) else "en")
        candidate = reading.chosen
    return _answer(service, candidate, values, principal)


def _answer(
    service: Service, candidate: Candidate, given: Mapping[str, str], principal: Principal
) -> Asked:
    question = candidate.question
    chosen: dict[str, tuple[str, Origin]] = {
        name: (value, "given") for name, value in given.items()
    }
    for one in question.parameters:
        if one.name in chosen:
            continue
        if one.name in candidate.values:
            chosen[one.name] = (candidate.values[one.name], "question")
        elif one.default is not None:
            chosen[one.name] = (one.default, "default")
    resolved = {name: value for name, (value, _) in chosen.items()}
    for one in question.parameters:
        if one.type == "thing" and resolved.get(one.name, "").strip():
            resolved[one.name] = stand(service, one, resolved[one.name], principal=principal)
    sparql = bind(
        question.sparql, question.parameters, resolved, place=place_of(service, principal)
    )
    units = _units(service, question, resolved)
    found = ask(service, sparql, principal=principal, units=units)
    return Asked(question, chosen, found, candidate.score, candidate.unused)


def _units(service: Service, question: Question, values: Mapping[str, str]) -> dict[str, str]:
    """Return the unit of each column that holds values of one parameter."""
    found: dict[str, str] = {}
    for name, column in _VALUE.findall(question.sparql):
        if Q + name in service.terms:
            found[column] = service.terms.by_iri(Q + name).canonical_unit or ""
    for one in question.parameters:
        if one.root == Q + "Parameter" and f"${one.name} ?value" in question.sparql:
            term = find_term(service.terms, values[one.name], root=one.root)
            found |= dict.fromkeys(_FIGURES, term.canonical_unit or "")
    return {column: unit for column, unit in found.items() if unit}


def kinds_of(
    service: Service, identifiers: Sequence[str], principal: Principal
) -> dict[str, frozenset[str]]:
    """Return the kinds of data IRI under which the graph knows identifiers."""
    kinds = sorted(
        {k for q in service.asker.catalogue for p in q.parameters for k in p.kind} - {"file"}
    )
    plain = [one for one in dict.fromkeys(identifiers) if "://" not in one][:_MOST_NAMES]
    base = service.settings.base_iri
    meant = {
        mint(kind, one, tenant=principal.tenant, base=base): (one, kind)
        for one in plain
        for kind in kinds
        if not one.startswith(("urn:", "("))
    }
    known: dict[str, set[str]] = {one: set() for one in plain}
    there = standing(service, list(meant), principal=principal, class_iri=Q + "PhysicalObject")
    for iri in there:
        one, kind = meant[iri]
        known[one].add(kind)
    for one, items in numbers_of(service, plain, principal).items():
        known[one] |= {"item"} if items else set()
    return {one: frozenset(found) for one, found in known.items()}


def companies(service: Service, principal: Principal) -> dict[str, str]:
    """Return the names of companies in the graph; words name them without any digit to tell them by."""
    try:
        rows = ask(service, _COMPANIES, principal=principal, units={}).table.rows
    except LimitExceeded:  # a busy service still answers questions that name none
        return {}
    return {local_name(str(row[0])): "organization" for row in rows}
