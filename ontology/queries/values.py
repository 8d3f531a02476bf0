"""What a query template is: a text, its parameters with types, and what the columns of its answer are.

The text is SPARQL as it stands. A parameter is a SPARQL variable written with a dollar (``$thing``), a place is
``LIMIT 50 OFFSET 0``; so every text can be read, parsed and copied before anything is bound.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Literal, TypeAlias, get_args

from qualweave.errors import JsonValue

TemplateKind: TypeAlias = Literal["list", "by-id", "trace", "aggregate"]
ParameterType: TypeAlias = Literal[
    "thing", "term", "text", "integer", "decimal", "date", "language", "choice", "limit", "offset"
]
KINDS: tuple[TemplateKind, ...] = get_args(TemplateKind)
Texts: TypeAlias = Mapping[str, str]
"""Language (``"en"``, ``"zh"``) to text."""

PAGE = "LIMIT 50 OFFSET 0"
"""How a text writes its place; limit and offset are put there."""


@dataclass(frozen=True)
class Parameter:
    """A parameter of a query.

    Attributes:
        name: Its name; the text writes it as ``$name``.
        type: How a value is read and written; nothing is ever pasted as it came.
        label: What it is, in English and Chinese.
        default: The value where none is given, as a person would write it; None where one must be given.
        kind: For a ``thing``: the kinds of data IRI (``"line"``, ``"item"``) that a plain identifier can be of. For a
            ``term`` without a root: ``"class"`` where words may name any class, not only parameters and the like.
        root: For a ``term``: IRI of the class that the term must stand under, ``""`` for any.
        choices: For a ``choice``: the values allowed.
    """

    name: str
    type: ParameterType
    label: Texts
    default: str | None = None
    kind: tuple[str, ...] = ()
    root: str = ""
    choices: tuple[str, ...] = ()

    def to_json(self) -> dict[str, JsonValue]:
        """Return the parameter as JSON values."""
        found: dict[str, JsonValue] = {
            "name": self.name,
            "type": self.type,
            "label": dict(self.label),
            "required": self.default is None,
            "default": self.default,
        }
        if self.kind:
            found["kind"] = list(self.kind)
        if self.root:
            found["root"] = self.root
        if self.choices:
            found["choices"] = list(self.choices)
        return found


@dataclass(frozen=True)
class Template:
    """A generated query.

    Attributes:
        name: ``Class/kind``, for example ``"Warpage/list"``.
        class_iri: The class that it is of.
        kind: List, by id, trace or aggregate.
        label: What it answers, in English and Chinese.
        sparql: The text.
        parameters: What it takes.
        variants: Value of the parameter ``order`` or ``by`` to the text that stands in place of ``sparql``.
        units: Column to UCUM code, for columns that hold a parameter's value.
        call: For a trace: the REST call that follows the genealogy to its end.
        note: What the reader should know, in English and Chinese; empty where there is nothing.
    """

    name: str
    class_iri: str
    kind: TemplateKind
    label: Texts
    sparql: str
    parameters: tuple[Parameter, ...]
    variants: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    units: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    call: str = ""
    note: Texts = field(default_factory=lambda: MappingProxyType({}))

    def to_json(self) -> dict[str, JsonValue]:
        """Return the template as JSON values."""
        found: dict[str, JsonValue] = {
            "name": self.name,
            "class": self.class_iri,
            "kind": self.kind,
            "label": dict(self.label),
            "sparql": self.sparql,
            "parameters": [one.to_json() for one in self.parameters],
            "units": dict(self.units),
        }
        if self.variants:
            found["variants"] = dict(self.variants)
        if self.call:
            found["call"] = self.call
        if self.note:
            found["note"] = dict(self.note)
        return found
