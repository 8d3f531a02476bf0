"""`TargetTerm`: what a field may mean, from our ontology or from any vocabulary in the same form."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import Any

import orjson

from qualweave.errors import UnreadableSource
from qualweave.ontology.terms import Term, TermIndex

Words = Mapping[str, tuple[str, ...]]


def _nothing() -> Words:
    return MappingProxyType({})


@dataclass(frozen=True)
class TargetTerm:
    """A term of a vocabulary.

    Attributes:
        id: IRI or identifier; never compared with a field's text.
        labels: Label per language, the first being the preferred.
        alts: Other names per language.
        description: In English where there is one.
        unit: UCUM code or text of the unit, ``""`` where there is none.
        kind: Quantity kind, or a kind of the vocabulary.
        typical: Range in the unit, where one is known.
        contexts: Names of the classes in whose company the term is met, per class IRI.
        classes: Classes in whose company it is met: IRIs, or names of tables and components.
        narrower: Ids of terms below it.
        value_type: ``"number"``, ``"time"``, ``"identifier"``, ``"boolean"``, ``"running"``, ``"unit"``, ``"text"``
            or ``""``.
        withdrawn: Whether the vocabulary says that it is no longer to be used.
    """

    id: str
    labels: Words
    alts: Words = field(default_factory=_nothing)
    description: str = ""
    unit: str = ""
    kind: str = ""
    typical: tuple[float, float] | None = None
    contexts: Words = field(default_factory=_nothing)
    classes: frozenset[str] = frozenset()
    narrower: tuple[str, ...] = ()
    value_type: str = ""
    withdrawn: bool = False
    names: tuple[str, ...] = field(init=False)

    def __post_init__(self) -> None:
        """Collect all names, the labels first."""
        found = [
            one for words in (self.labels, self.alts) for names in words.values() for one in names
        ]
        object.__setattr__(self, "names", tuple(dict.fromkeys(found)))

    def label(self, language: str = "en") -> str:
        """Return the label in a language, else any."""
        return (self.labels.get(language) or next(iter(self.labels.values()), (self.id,)))[0]


_WITHDRAWN = re.compile(
    r"\b(deprecated|obsolete|withdrawn|veraltet)\b|已弃用|已废弃|已停用", re.IGNORECASE
)
_DATATYPES = {
    **dict.fromkeys(("string", "str", "text", "varchar", "char", "langstring", "uri", "anyuri"), "text"),
    **dict.fromkeys(
        ("integer", "int", "long", "short", "byte", "bigint", "bigdecimal", "decimal", "double", "float", "real",
         "number", "numeric", "int32", "int64", "uint32", "uint64", "float32", "float64"),
        "number",
    ),
    **dict.fromkeys(("boolean", "bool", "bit"), "boolean"),
    **dict.fromkeys(
        ("date", "time", "datetime", "timestamp", "localdatetime", "localdate", "localtime", "datetimestamp"), "time"
    ),
}  # fmt: skip
_FIELD_MODULES = {"process", "resource", "material", "inspection"}
_ROLE_TYPES = (
    (
        "time",
        ("startedAt", "endedAt", "eventTime", "resultTime", "recordedAt", "validFrom", "validTo"),
    ),
    ("boolean", ("conforms", "temporaryChange")),
    ("running", ("rowIdentifier",)),
    ("unit", ("unitText",)),
    (
        "number",
        (
            "batchQuantity",
            "consumedQuantity",
            "supplierTier",
            "previousValue",
            "newValue",
            "measuredValue",
        ),
    ),
)


def from_terms(terms: TermIndex) -> tuple[TargetTerm, ...]:
    """Return what a field may mean in our ontology: its parameters and its role terms."""
    chosen = [term for term in terms if term.is_parameter or term.is_role or _is_field(term)]
    ids = {term.iri for term in chosen}
    return tuple(_target(term, terms, ids) for term in sorted(chosen, key=lambda one: one.iri))


def _is_field(term: Term) -> bool:
    """Whether a term is a plain property of things on the shop floor, which a device may report."""
    return term.kind == "data_property" and term.module in _FIELD_MODULES


def _target(term: Term, terms: TermIndex, ids: set[str]) -> TargetTerm:
    contexts = {iri: terms.by_iri(iri).words() for iri in term.contexts if iri in terms}
    return TargetTerm(
        id=term.iri,
        labels=term.labels,
        alts=term.alt_labels,
        description=" ".join(term.definitions.get("en", ())),
        unit=term.canonical_unit or "",
        kind=term.quantity_kind or "",
        typical=term.typical_range,
        contexts=contexts,
        classes=frozenset(contexts),
        narrower=tuple(
            iri for iri in terms.descendants(term.iri) if iri in ids and iri != term.iri
        ),
        value_type="number" if term.is_parameter else _role_type(term.local_name),
    )


def _role_type(name: str) -> str:
    for kind, names in _ROLE_TYPES:
        if name in names:
            return kind
    if name.endswith("Unit"):
        return "unit"
    return "identifier" if name.endswith(("Identifier", "Number", "Code")) else "text"


def read_terms(path: Path) -> tuple[TargetTerm, ...]:
    """Return the terms of a ``terms.jsonl`` file (format: docs/concepts/alignment.md).

    Raises:
        UnreadableSource: If a line is no term, the error names it; or if there is none.
    """
    found = []
    for number, line in enumerate(path.read_bytes().splitlines(), 1):
        if not line.strip():
            continue
        try:
            found.append(_from_json(orjson.loads(line)))
        except (orjson.JSONDecodeError, KeyError, TypeError, AttributeError) as error:
            raise UnreadableSource(
                f"{path.name}, line {number}: not a term ({error}).",
                message_zh=f"{path.name} 第 {number} 行不是术语（{error}）。",
                next_step='Each line is {"id": …, "label": {"en": …}, …}.',
                next_step_zh='每行格式为 {"id": …, "label": {"en": …}, …}。',
                data={"file": path.name, "line": number},
            ) from error
    if not found:
        raise UnreadableSource(
            f"{path.name} holds no term.",
            message_zh=f"{path.name} 中没有术语。",
            next_step='Give a vocabulary with at least one line {"id": …, "label": {"en": …}, …}.',
            next_step_zh='请提供至少一行 {"id": …, "label": {"en": …}, …}。',
            data={"file": path.name},
        )
    return tuple(found)


def _tuple_words(words: Mapping[str, Any]) -> dict[str, tuple[str, ...]]:
    return {
        language: (value,) if isinstance(value, str) else tuple(str(one) for one in value)
        for language, value in words.items()
        if value
    }


def _from_json(row: Mapping[str, Any]) -> TargetTerm:
    path = row.get("path") or ""
    classes = row.get("classes") or ()
    company = _tuple_words(
        {"path": [path] if isinstance(path, str) and path else path, "classes": classes}
    )
    kind, unit = str(row.get("quantity_kind") or row.get("kind") or ""), str(row.get("unit") or "")
    told = _joined(row.get("description"))
    return TargetTerm(
        id=str(row["id"]),
        labels=_tuple_words(row["label"]),
        alts=_tuple_words(row.get("alt") or {}),
        description=told,
        unit=unit,
        kind=kind,
        value_type=datatype(kind) or datatype(unit),
        withdrawn=bool(_WITHDRAWN.search(told)),
        contexts={name: words for name, words in company.items() if words},
        classes=frozenset(one for names in company.values() for one in names),
    )


def datatype(name: str) -> str:
    """Return what values a datatype has, by its name in any of the usual languages, or ``""``.

    >>> datatype("xs:dateTime"), datatype("BigDecimal"), datatype("kg")
    ('time', 'number', '')
    """
    return _DATATYPES.get(re.split(r"[:#/]", name.strip())[-1].casefold().replace("_", ""), "")


def _joined(text: object) -> str:
    if isinstance(text, Mapping):
        return str(text.get("en") or next(iter(text.values()), ""))
    return "" if text is None else str(text)


def by_id(targets: Iterable[TargetTerm]) -> dict[str, TargetTerm]:
    """Return the terms by id."""
    return {one.id: one for one in targets}
