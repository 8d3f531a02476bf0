"""`TargetTerm`: what a field may mean, from our ontology or from any vocabulary in the same form."""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import lru_cache
from pathlib import Path
from types import MappingProxyType
from typing import Any, Literal, TypeAlias

import orjson

from qualweave.errors import UnreadableSource
from qualweave.mappers.align.words import key
from qualweave.ontology.alignment.tables import mapping_tables
from qualweave.ontology.terms import Term, TermIndex

Words = Mapping[str, tuple[str, ...]]
Entity: TypeAlias = Literal[
    "class", "property", "datatype property", "object property", "annotation property", "concept", "quantity kind",
    "individual", ""
]  # fmt: skip


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
        replaced_by: Ids of the terms that the vocabulary names in its place.
        entity: What it is in the vocabulary, ``""`` where that is not known.
        same_as: Other identifiers that mean the same.
        close_to: Identifiers that mean nearly the same.
        values: Names and codes of the values of an enumeration.
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
    replaced_by: tuple[str, ...] = ()
    entity: Entity = ""
    same_as: tuple[str, ...] = ()
    close_to: tuple[str, ...] = ()
    values: tuple[str, ...] = ()
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
    r"\bdeprecat(?:ed|ion)\b|(?:^|[\[(*.:;]\s*|\b(?:is|are|now)\s+)(?:obsolete|withdrawn|superseded|veraltet)\b"
    r"|(?:已|被)(?:弃用|废弃|停用|废止)",
    re.IGNORECASE,
)
_REPLACED = re.compile(
    r"(?:\b(?:replaced\s+(?:by|with)|superseded\s+by|in\s+favou?r\s+of|using|see(?:\s+also)?|use|ersetzt\s+durch|siehe)\b"
    r"|替换为|取代为|改用|请用|请使用|代之以|参见|由)[:：]?\s*(?P<rest>[^.;。；]{1,120})",
    re.IGNORECASE,
)
_BETWEEN = re.compile(r"[,，、]|\s(?:and|or|und|oder|instead|also)\b|[和或]|取代|代替")
_MARKS = " \t`‘’'\"“”「」《》*_()（）"
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
        same_as=_matched("exactMatch").get(term.iri, ()),
        close_to=_matched("closeMatch").get(term.iri, ()),
    )


@lru_cache(maxsize=2)
def _matched(predicate: str) -> Mapping[str, tuple[str, ...]]:
    """Return what the mapping tables of our ontology say of each term."""
    found: dict[str, list[str]] = {}
    for table in mapping_tables():
        for row in table.rows:
            if row.predicate == f"skos:{predicate}" and not row.unverified:
                found.setdefault(row.subject, []).append(row.object)
    return {one: tuple(objects) for one, objects in found.items()}


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
            found.append(from_json(orjson.loads(line)))
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


def from_json(row: Mapping[str, Any]) -> TargetTerm:
    """Return a term of a line of ``terms.jsonl``.

    Raises:
        KeyError: If it has no ``id`` or ``label``.
        TypeError: If something in it is of another form; likewise AttributeError.
    """
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
        replaced_by=tuple(str(one) for one in row.get("replaced_by") or ()),
        same_as=tuple(map(str, row.get("same_as") or ())),
        close_to=tuple(map(str, row.get("close_to") or ())),
        values=tuple(map(str, row.get("values") or ())),
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


def with_inherited_names(targets: Sequence[TargetTerm]) -> tuple[TargetTerm, ...]:
    """Return the terms, with the names of withdrawn terms given to what stands in their place too.

    A vocabulary that withdraws ``spindle speed`` for ``rotary velocity`` says that what is called spindle speed is
    now a rotary velocity. What stands in its place is told by ``replaced_by``, else by the words of the description
    (``Replaced by `ROTARY_VELOCITY```, ``See FILL_LEVEL``), where these are the name of a term.
    """
    named: dict[str, list[str]] = {}
    for one in targets:
        if not one.withdrawn:
            for name in one.names:
                named.setdefault(key(name), []).append(one.id)
    gained: dict[str, list[str]] = {}
    for one in targets:
        if one.withdrawn:
            heirs = one.replaced_by or _told_heirs(one.description, named)
            if len(heirs) == 1:  # where a term was split, its name no longer says which
                gained.setdefault(heirs[0], []).extend(one.names)
    return tuple(
        replace(one, alts={**one.alts, "": (*one.alts.get("", ()), *gained[one.id])})
        if one.id in gained
        else one
        for one in targets
    )


def _told_heirs(description: str, named: Mapping[str, Sequence[str]]) -> list[str]:
    found: dict[str, None] = {}
    for told in _REPLACED.finditer(description):
        for part in _BETWEEN.split(told["rest"]):
            ids = named.get(key(part.strip(_MARKS)), ())
            if len(ids) == 1:
                found[ids[0]] = None
    return list(found)


def by_id(targets: Iterable[TargetTerm]) -> dict[str, TargetTerm]:
    """Return the terms by id."""
    return {one.id: one for one in targets}
