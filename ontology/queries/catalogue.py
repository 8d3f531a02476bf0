"""The catalogue of competency questions: what a quality analyst asks, in both languages, with the SPARQL that answers.

A question is a file ``ontology/questions/ID.rq``: YAML in leading comments, then the query. Its words name the
parameters in braces (``Which defects were found on item {item}?``), its text with a dollar (``$item``).
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from importlib.resources import files
from types import MappingProxyType
from typing import Any

import yaml

from qualweave.errors import JsonValue, NotFound, UnreadableSource
from qualweave.iri import Q
from qualweave.ontology.queries.touching import named_iris
from qualweave.ontology.queries.values import Parameter, Texts

_SLOT = re.compile(r"\{(\w+)\}")


@dataclass(frozen=True)
class Question:
    """A competency question.

    Attributes:
        id: Its name, for example ``"lot-direct-uses"``.
        branches: Parts of the plant or of the ontology that it is about.
        words: The question in English and Chinese.
        asked: Further ways to ask it, in either language.
        sparql: The query.
        parameters: What it takes; most have a default, so that the question can be tried.
        example: Parameters under which it is asked of the example plant, where the defaults do not suffice.
        moves: Why its rows on the example plant are not the same each time, ``""`` where they are.
    """

    id: str
    branches: tuple[str, ...]
    words: Texts
    asked: tuple[str, ...]
    sparql: str
    parameters: tuple[Parameter, ...]
    example: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    moves: str = ""

    @property
    def terms(self) -> tuple[str, ...]:
        """IRIs of the terms that the query names, sorted; more of them are touched (``touching.touched``)."""
        return tuple(
            sorted(one for one in named_iris(self.sparql) if one.startswith(Q) and one != Q)
        )

    @property
    def phrases(self) -> tuple[str, ...]:
        """All ways to ask it, parameters in braces."""
        return (*self.words.values(), *self.asked)

    def to_json(self) -> dict[str, JsonValue]:
        """Return the question as JSON values."""
        return {
            "id": self.id,
            "question": dict(self.words),
            "branches": list(self.branches),
            "parameters": [one.to_json() for one in self.parameters],
            "sparql": self.sparql,
            "terms": list(self.terms),
            "href": f"/ask?q={self.id}",
        }


class Catalogue:
    """The questions of an installation, by id."""

    def __init__(self, questions: tuple[Question, ...]) -> None:
        self._questions = {one.id: one for one in questions}

    def __iter__(self) -> Iterator[Question]:
        return iter(self._questions.values())

    def __len__(self) -> int:
        return len(self._questions)

    def __contains__(self, name: object) -> bool:
        return name in self._questions

    def by_id(self, name: str) -> Question:
        """Return a question.

        Raises:
            NotFound: If there is none of this id.
        """
        if name not in self._questions:
            raise NotFound(
                f"The catalogue has no question {name!r}.",
                message_zh=f"问题目录中没有“{name}”。",
                next_step="GET /ask lists the questions.",
                next_step_zh="GET /ask 可列出全部问题。",
                data={"question": name},
            )
        return self._questions[name]


@lru_cache(maxsize=1)
def load_catalogue() -> Catalogue:
    """Return the questions that this installation carries.

    Raises:
        UnreadableSource: If a file is not written as questions are.
    """
    folder = files("qualweave.ontology").joinpath("questions")
    found = sorted((f for f in folder.iterdir() if f.name.endswith(".rq")), key=lambda f: f.name)
    return Catalogue(tuple(read_question(f.name, f.read_text("utf-8")) for f in found))


def read_question(name: str, text: str) -> Question:
    """Return the question of a file.

    Args:
        name: Name of the file, which is the id and ``.rq``.
        text: Its content.

    Raises:
        UnreadableSource: If the head is no YAML, or its parameters are not those of words and query.
    """
    lines = text.splitlines()
    head = [line for line in lines if line.startswith("# ")]
    sparql = "\n".join(lines[len(head) :]) + "\n"
    try:
        told = yaml.safe_load("\n".join(line[2:] for line in head))
        question = Question(
            id=told["id"],
            branches=tuple(told["branch"]),
            words={"en": told["en"], "zh": told["zh"]},
            asked=tuple(told.get("ask", ())),
            sparql=sparql,
            parameters=tuple(
                _parameter(key, value) for key, value in told.get("parameters", {}).items()
            ),
            example={key: str(value) for key, value in told.get("example", {}).items()},
            moves=told.get("moves", ""),
        )
    except (yaml.YAMLError, KeyError, TypeError, AttributeError) as error:
        raise _unreadable(name, f"its head cannot be read: {error}") from error
    _check(name, question)
    return question


def _parameter(name: str, told: Mapping[str, Any]) -> Parameter:
    default = told.get("default")
    return Parameter(
        name=name,
        type=told["type"],
        label={"en": told["en"], "zh": told["zh"]},
        default=None if default is None else str(default),
        kind=tuple(told.get("kind", ())),
        root=Q + told["root"] if "root" in told else "",
    )


def _check(name: str, question: Question) -> None:
    known = {one.name for one in question.parameters}
    if question.id != name.removesuffix(".rq"):
        raise _unreadable(name, f"its id is {question.id!r}")
    if unknown := {slot for one in question.phrases for slot in _SLOT.findall(one)} - known:
        raise _unreadable(name, f"its words name {sorted(unknown)}, which are no parameters")
    placed = set(re.findall(r"\$(\w+)", question.sparql))
    paged = {one.name for one in question.parameters if one.type in {"limit", "offset"}}
    if placed != known - paged:
        raise _unreadable(name, f"its query names {sorted(placed)} and its head {sorted(known)}")


def _unreadable(name: str, why: str) -> UnreadableSource:
    return UnreadableSource(
        f"The question {name} cannot be used: {why}.",
        message_zh=f"问题 {name} 不可用：{why}。",
        next_step="Compare it with the other questions in ontology/questions.",
        next_step_zh="请对照 ontology/questions 中的其他问题。",
        data={"file": name},
    )
