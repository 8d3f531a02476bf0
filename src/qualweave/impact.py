"""What uses a term, so that whoever votes on a change of it sees what the change reaches.

Each use is found by whoever owns what uses the term: `ontology` its questions and axioms, `shapes` the shapes, `api`
the graph (mappings, codes, cases, data) and the tables of the product. They are handed in as sources.
"""

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Literal, Protocol, TypeAlias, get_args

from qualweave.errors import JsonValue

UseKind: TypeAlias = Literal[
    "term",
    "question",
    "shape",
    "rule",
    "mapping",
    "code",
    "dictionary entry",
    "weight",
    "case",
    "causal link",
    "feature",
    "data",
    "of other tenants",
]
_WORDS: Mapping[UseKind, str] = MappingProxyType(
    {
        "term": "术语",
        "question": "能力问题",
        "shape": "形状",
        "rule": "规则或表",
        "mapping": "映射",
        "code": "代码条目",
        "dictionary entry": "字典条目",
        "weight": "权重",
        "case": "案例",
        "causal link": "因果链接",
        "feature": "模型特征",
        "data": "数据",
        "of other tenants": "其他租户",
    }
)
_COUNTED: frozenset[UseKind] = frozenset({"data", "of other tenants"})


@dataclass(frozen=True, order=True)
class Use:
    """One use of a term.

    Attributes:
        term: IRI of the term.
        kind: What uses it.
        name: Which one: an id, an IRI or a file; for data the graph's role, for other tenants the kind.
        count: How many triples or places.
    """

    term: str
    kind: UseKind
    name: str
    count: int = 1

    def to_json(self) -> dict[str, JsonValue]:
        """Return the use as JSON values."""
        return {"term": self.term, "kind": self.kind, "name": self.name, "count": self.count}


class ImpactSource(Protocol):
    """Finds uses of terms."""

    def uses(self, terms: Collection[str]) -> Iterable[Use]:
        """Return every use of some terms, given by IRI."""
        ...


def uses_of(sources: Iterable[ImpactSource], terms: Collection[str]) -> tuple[Use, ...]:
    """Return every use of some terms that any source finds, sorted."""
    return tuple(sorted({use for source in sources for use in source.uses(terms)})) if terms else ()


def told(uses: Sequence[Use], language: str = "en") -> str:
    """Return uses in one sentence: how many of which kind.

    >>> told([Use("q:A", "shape", "S"), Use("q:A", "data", "data", 12)])
    '1 shape, 12 data'
    """
    counts: dict[UseKind, int] = defaultdict(int)
    for use in uses:
        counts[use.kind] += use.count if use.kind in _COUNTED else 1
    ordered: Iterator[UseKind] = (kind for kind in get_args(UseKind) if kind in counts)
    if language == "zh":
        return "、".join(f"{_WORDS[kind]} {counts[kind]}" for kind in ordered)
    return ", ".join(f"{counts[kind]} {kind}" for kind in ordered)
