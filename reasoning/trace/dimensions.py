"""Trace dimensions: by which sides the steps of a trace are looked at, as a table that people edit (R48).

A dimension is a name for parameters (a parameter, or a class of them with all below it) and facts of steps. Adding one
to the YAML is all it takes: a trace sums it up and shows it, an export template writes it.
"""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from importlib.resources import files
from typing import Literal, Self

from pydantic import BaseModel, ConfigDict, Field

from qualweave.documents import Fault, Parsed, near, parse, refusal, validated
from qualweave.errors import InputError, JsonValue
from qualweave.iri import Q, curie, expand
from qualweave.ontology.terms import TermIndex
from qualweave.reasoning.trace.parts import FACTS
from qualweave.reasoning.trace.records import Linked, Value

SCHEMA: Literal["qualweave/trace-dimensions/1"] = "qualweave/trace-dimensions/1"
PAGE = "docs/how-to/trace-dimensions.md"
FACT_WORDS = frozenset(FACTS.values())
_NAME = r"^[a-z][a-z0-9_-]*$"
Kind = Literal["operation", "inspection", "event"]


class Part(BaseModel):
    """A part of a document: fixed, and without keys that nobody reads."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Label(Part):
    """A name in both languages."""

    en: str = Field(min_length=1)
    zh: str = Field(min_length=1)


class TraceDimension(Part):
    """One side by which steps are looked at."""

    name: str = Field(pattern=_NAME, description="Lower-case word by which it is asked for.")
    label: Label = Field(description="What a person reads, in English and Chinese.")
    parameters: tuple[str, ...] = Field(
        (), description="CURIEs of parameters, or of classes of them with all below."
    )
    facts: tuple[str, ...] = Field((), description="Facts of a step: equipment, line, shift …")
    kinds: tuple[Kind, ...] = Field((), description="Kinds of steps that have it; all if empty.")


class DimensionDocument(Part):
    """A document of trace dimensions."""

    schema_name: Literal["qualweave/trace-dimensions/1"] = Field(SCHEMA, alias="schema")
    dimensions: tuple[TraceDimension, ...]

    model_config = ConfigDict(frozen=True, extra="forbid", populate_by_name=True)

    @classmethod
    def from_yaml(cls, text: str, *, terms: TermIndex, file: str = "dimensions.yaml") -> Self:
        """Read a document.

        Raises:
            InputError: If a key is wrong, a parameter or fact is unknown, or a name stands there twice; all
                faults, with their lines, are ``data["faults"]``.
        """
        parsed = parse(text, file=file)
        document = validated(cls, parsed.data, file=file, parsed=parsed, page=PAGE)
        faults = list(_faults(document, parsed, terms))
        if faults:
            raise refusal(file, faults)
        return document


def fault(
    parsed: Parsed, keys: tuple[str | int, ...], said: tuple[str, str], fix: tuple[str, str]
) -> Fault:
    """Return a fault at a key path."""
    line, key = parsed.line_of(keys), ".".join(map(str, keys))
    return Fault(line, key, {"en": said[0], "zh": said[1]}, {"en": fix[0], "zh": fix[1]})


def repeated_names(names: Sequence[str], parsed: Parsed, key: str) -> Iterator[Fault]:
    """Iterate over the names of a list that stand there before."""
    for place, name in enumerate(names):
        if name in names[:place]:
            yield fault(
                parsed,
                (key, place, "name"),
                (f"{name!r} stands there twice", f"{name!r} 重复出现"),
                ("Give one of the two another name.", "请为其中一个另取名称。"),
            )


def unknown_parameter(
    name: str, terms: TermIndex, parsed: Parsed, keys: tuple[str | int, ...]
) -> Iterator[Fault]:
    """Iterate over what is wrong with the name of a parameter: nothing, or one fault."""
    try:
        iri = expand(name)
    except InputError as error:
        said = (error.message.removesuffix("."), error.message_zh.removesuffix("。"))
        yield fault(parsed, keys, said, (error.next_step, error.next_step_zh))
        return
    if iri not in terms:
        known = [curie(one) for one in terms.nearest(name)]
        yield fault(
            parsed,
            keys,
            (f"the ontology has no term {name}", f"本体中没有术语 {name}"),
            (f"Nearest: {', '.join(known)}.", f"相近的术语：{'、'.join(known)}。"),
        )
    elif iri != Q + "Parameter" and iri not in terms.descendants(Q + "Parameter"):
        yield fault(
            parsed,
            keys,
            (f"{name} is no parameter", f"{name} 不是参数"),
            ("Name a parameter, or a class of parameters.", "请给出参数或参数类。"),
        )


def unknown_fact(word: str, parsed: Parsed, keys: tuple[str | int, ...]) -> Iterator[Fault]:
    """Iterate over what is wrong with the word of a fact: nothing, or one fault."""
    if word not in FACT_WORDS:
        known = ", ".join(near(word, FACT_WORDS) or sorted(FACT_WORDS))
        yield fault(
            parsed,
            keys,
            (f"no fact of a step is called {word!r}", f"步骤没有名为 {word!r} 的事实"),
            (f"Facts: {known}.", f"可用的事实：{known}。"),
        )


def _faults(document: DimensionDocument, parsed: Parsed, terms: TermIndex) -> Iterator[Fault]:
    yield from repeated_names([one.name for one in document.dimensions], parsed, "dimensions")
    for place, one in enumerate(document.dimensions):
        for at, name in enumerate(one.parameters):
            yield from unknown_parameter(
                name, terms, parsed, ("dimensions", place, "parameters", at)
            )
        for at, word in enumerate(one.facts):
            yield from unknown_fact(word, parsed, ("dimensions", place, "facts", at))
        if not one.parameters and not one.facts:
            yield fault(
                parsed,
                ("dimensions", place, "name"),
                (
                    f"{one.name!r} names no parameter and no fact",
                    f"{one.name!r} 没有参数也没有事实",
                ),
                ("Give it parameters or facts.", "请给出 parameters 或 facts。"),
            )


@dataclass(frozen=True)
class Dimension:
    """A dimension that can be asked: its parameters written out by the ontology.

    Attributes:
        table: What the document says.
        parameters: IRI of every parameter that counts.
    """

    table: TraceDimension
    parameters: frozenset[str]

    @classmethod
    def of(cls, table: TraceDimension, terms: TermIndex) -> Self:
        """Return a dimension with all parameters below those that it names."""
        named = [expand(one) for one in table.parameters]
        below = (one for iri in named for one in terms.descendants(iri))
        return cls(table, frozenset({*named, *below}))

    def of_step(self, step: Linked) -> dict[str, Value]:
        """Return what a step says of this dimension: facts by their words, parameters by IRI."""
        if not self._has(step):
            return {}
        facts: dict[str, Value] = {
            word: step.facts[word] for word in self.table.facts if word in step.facts
        }
        measured = {iri: one for iri, one in step.parameters.items() if iri in self.parameters}
        return {**facts, **measured}

    def _has(self, step: Linked) -> bool:
        return not self.table.kinds or step.kind.name.lower() in self.table.kinds

    def summary(self, steps: Sequence[Linked]) -> dict[str, JsonValue]:
        """Return how far some steps say something of this dimension, and of what."""
        names: Counter[str] = Counter()
        telling = 0
        for one in steps:  # a trace has thousands of them: no values are copied
            if self._has(one):
                found = [*(self.parameters & one.parameters.keys())]
                found += [word for word in self.table.facts if word in one.facts]
                telling += bool(found)
                names.update(found)
        return {
            "name": self.table.name,
            "label": {"en": self.table.label.en, "zh": self.table.label.zh},
            "steps": telling,
            "values": names.total(),
            "facts": list[JsonValue](sorted(names.keys() & FACT_WORDS)),
            "parameters": list[JsonValue](sorted(names.keys() - FACT_WORDS)),
        }

    def rows(self, steps: Sequence[Linked]) -> list[JsonValue]:
        """Return what each step says of this dimension; steps that say nothing are left out."""
        return [
            {
                "item": one.item,
                "kind": one.kind.name.lower(),
                "record": one.record.iri,
                "values": {
                    name: list[JsonValue](value) if isinstance(value, tuple) else value
                    for name, value in found.items()
                },
            }
            for one in steps
            if (found := self.of_step(one))
        ]


def packaged_dimensions(terms: TermIndex) -> DimensionDocument:
    """Return the dimensions that every installation begins with."""
    return DimensionDocument.from_yaml(packaged_text("dimensions.yaml"), terms=terms)


def packaged_text(name: str) -> str:
    """Return a document of this package."""
    return files("qualweave.reasoning.trace").joinpath(name).read_text("utf-8")


def dimensions_of(
    documents: Sequence[DimensionDocument], terms: TermIndex
) -> Mapping[str, Dimension]:
    """Return the dimensions of several documents by name; a later document says one of the same name anew."""
    tables = {one.name: one for document in documents for one in document.dimensions}
    return {name: Dimension.of(one, terms) for name, one in tables.items()}


def chosen(dimensions: Mapping[str, Dimension], name: str) -> Dimension:
    """Return the dimension of a name.

    Raises:
        InputError: If there is none; the nearest are named.
    """
    found = dimensions.get(name)
    if found is None:
        raise missing(name, dimensions, ("trace dimension", "追溯维度"))
    return found


def missing(name: str, known: Mapping[str, object], what: tuple[str, str]) -> InputError:
    """Return the error of a name that no dimension, or no template, has."""
    names = ", ".join(near(name, known) or sorted(known))
    return InputError(
        f"There is no {what[0]} {name!r}.",
        message_zh=f"没有名为 {name!r} 的{what[1]}。",
        next_step=f"Known: {names}.",
        next_step_zh=f"已有：{names}。",
        data={"name": name},
    )
