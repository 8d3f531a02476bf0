"""Which classes of products are traced item by item (R35): a table of twelve places, three of them filled as shipped.

The table is a code list of the ontology; a plant fills free places with classes of its own. A class that the table
does not hold is refused by name, since "not listed" is no answer to whether a recall can find every single item.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from typing import Literal, TypeAlias, get_args

from pyoxigraph import Literal as RdfLiteral
from pyoxigraph import NamedNode

from qualweave.errors import Conflict, InputError, JsonValue, UnknownTerm
from qualweave.iri import DEFAULT_BASE, RDF, RDFS, SKOS, Q, graph_iri, mint
from qualweave.ontology.terms import normalise
from qualweave.store.port import ChangeSet, Snapshot

TraceLevel: TypeAlias = Literal["item", "lot"]
TRACE_LEVELS: tuple[TraceLevel, ...] = get_args(TraceLevel)
_LEVEL_ZH = {"item": "逐件", "lot": "按批"}
_NEAREST = 3
_ALIKE = 0.3


@dataclass(frozen=True)
class ProductClass:
    """One place of the table.

    Attributes:
        code: Notation, for example ``"photovoltaic"`` or ``"slot-04"``.
        name: In English.
        name_zh: In Chinese.
        spellings: Further names.
        level: Whether every item or every lot is traced; None for a place that is free.
        classes: IRIs of the classes of items that it covers.
        own: A tenant filled it.
    """

    code: str
    name: str
    name_zh: str
    spellings: tuple[str, ...] = ()
    level: TraceLevel | None = None
    classes: tuple[str, ...] = ()
    own: bool = False

    @property
    def words(self) -> tuple[str, ...]:
        """Return every name by which it is found."""
        return (self.code, self.name, self.name_zh, *self.spellings)

    def statement(self, language: str = "en") -> str:
        """Return what holds for the class in one sentence."""
        if self.level is None:
            told = (
                f"{self.name} holds no class of products yet.",
                f"{self.name_zh}尚未填写产品类别。",
            )
        else:
            told = (
                f"{self.name[:1].upper()}{self.name[1:]} are traced by {self.level}.",
                f"{self.name_zh}须{_LEVEL_ZH[self.level]}追溯。",
            )
        return told[language == "zh"]

    def to_json(self) -> dict[str, JsonValue]:
        """Return the place as JSON values."""
        return {
            "code": self.code,
            "name": self.name,
            "name_zh": self.name_zh,
            "spellings": list(self.spellings),
            "level": self.level,
            "item_level": None if self.level is None else self.level == "item",
            "classes": list(self.classes),
            "own": self.own,
            "en": self.statement("en"),
            "zh": self.statement("zh"),
        }


def product_classes_graph(tenant: str = "plant", base: str = DEFAULT_BASE) -> str:
    """Return the named graph of the places that a tenant filled."""
    return graph_iri("governance", tenant, "product-classes", base=base)


def read_product_classes(
    snapshot: Snapshot, tenant: str = "plant", base: str = DEFAULT_BASE
) -> tuple[ProductClass, ...]:
    """Return the table as a tenant has it: what is shipped, with the places that it filled."""
    shipped = [one.graph for one in snapshot.graphs("codelists")]
    found = {one.code: one for one in _read(snapshot, shipped, own=False)}
    mine = product_classes_graph(tenant, base)
    found |= {one.code: one for one in _read(snapshot, [mine], own=True)}
    order = sorted(found.values(), key=lambda one: (one.code.startswith("slot-"), one.code))
    return tuple(order)


def _read(snapshot: Snapshot, graphs: Iterable[str], *, own: bool) -> Iterator[ProductClass]:
    kind, policy = NamedNode(RDF + "type"), NamedNode(Q + "ProductClassPolicy")
    for graph in map(NamedNode, graphs):
        for one in list(snapshot.quads(None, kind, policy, graph)):
            said: dict[str, list[tuple[str, str]]] = defaultdict(list)
            for quad in snapshot.quads(one.subject, None, None, graph):
                tag = getattr(quad.object, "language", None) or ""
                said[quad.predicate.value].append((tag, str(getattr(quad.object, "value", ""))))
            yield _product_class(said, own=own)


def _product_class(said: Mapping[str, Sequence[tuple[str, str]]], *, own: bool) -> ProductClass:
    labels = dict(said[RDFS + "label"])
    levels = [one for _, one in said.get(Q + "requiredTraceLevel", ())]
    return ProductClass(
        code=said[SKOS + "notation"][0][1],
        name=labels.get("en", ""),
        name_zh=labels.get("zh", ""),
        spellings=tuple(sorted(text for _, text in said.get(SKOS + "altLabel", ()))),
        level=next((one for one in TRACE_LEVELS if one in levels), None),
        classes=tuple(sorted(text for _, text in said.get(Q + "coversItemClass", ()))),
        own=own,
    )


def product_class(table: Sequence[ProductClass], name: str) -> ProductClass:
    """Return the class of a name: code, name or spelling, in either language.

    Raises:
        UnknownTerm: If the table has none of that name, or the place is free; ``data["nearest"]`` lists the nearest.
    """
    wanted = normalise(name)
    found = [one for one in table if wanted in map(normalise, one.words)]
    if found and found[0].level is not None:
        return found[0]
    filled = [one for one in table if one.level is not None]
    ranked = sorted(filled, key=lambda one: (-_alike(one, wanted), one.code))
    near = [one for one in ranked if _alike(one, wanted) >= _ALIKE][:_NEAREST] or ranked[:_NEAREST]
    free = found[0] if found else None
    raise UnknownTerm(
        f"{free.name} holds no class of products yet, so it has no trace policy."
        if free
        else f"The table of trace policies has no class of products {name!r}.",
        message_zh=f"{free.name_zh}尚未填写产品类别，没有追溯策略。"
        if free
        else f"追溯策略表中没有产品类别“{name}”。",
        next_step=f"Nearest: {', '.join(one.name for one in near)}. "
        "Or fill a free place: qualweave product-class fill.",
        next_step_zh=f"最接近：{'、'.join(one.name_zh for one in near)}。或填写空位：qualweave product-class fill。",
        data={"name": name, "nearest": list[JsonValue](one.code for one in near)},
    )


def _alike(one: ProductClass, wanted: str) -> float:
    return max(SequenceMatcher(None, normalise(word), wanted).ratio() for word in one.words)


def filled(
    table: Sequence[ProductClass],
    slot: str,
    *,
    names: tuple[str, str],
    level: TraceLevel,
    classes: Sequence[str],
) -> ProductClass:
    """Return a free place (or one that the tenant filled before) with a class of products in it.

    Args:
        table: As the tenant has it.
        slot: Code of the place.
        names: In English and Chinese.
        level: Whether every item or every lot is traced.
        classes: IRIs of the classes of items that it covers.

    Raises:
        InputError: If there is no such place, or a name is missing.
        Conflict: If the place is one of the shipped classes, or another place has the name.
    """
    place = next((one for one in table if one.code == slot), None)
    if place is None or not all(one.strip() for one in names):
        free = [one.code for one in table if one.level is None or one.own]
        raise InputError(
            f"The table has no place {slot!r}."
            if place is None
            else "A class takes a name in two languages.",
            message_zh=f"策略表没有位置“{slot}”。" if place is None else "产品类别须有中英文名称。",
            next_step=f"Places that can be filled: {', '.join(free)}; give an English and a Chinese name.",
            next_step_zh=f"可填写的位置：{'、'.join(free)}；请给出中英文名称。",
            data={"slot": slot, "free": list[JsonValue](free)},
        )
    taken = next(
        (
            one
            for one in table
            if one.code != slot and {*map(normalise, names)} & {*map(normalise, one.words)}
        ),
        None,
    )
    if taken or not slot.startswith("slot-"):
        held = taken or place
        raise Conflict(
            f"{held.name} stands in the table already, at {held.code}.",
            message_zh=f"{held.name_zh}已在策略表中（{held.code}）。",
            next_step="Fill a free place with a class that the table does not hold.",
            next_step_zh="请用策略表中尚无的类别填写空位。",
            data={"slot": held.code},
        )
    return ProductClass(slot, names[0], names[1], (), level, tuple(sorted(set(classes))), own=True)


def product_classes_change(
    table: Sequence[ProductClass], *, tenant: str = "plant", base: str = DEFAULT_BASE
) -> ChangeSet:
    """Return what writes the places that a tenant filled, in place of the former."""
    lines: list[str] = []
    for one in table:
        if not one.own:
            continue
        node = NamedNode(mint("product-class", one.code, tenant=tenant, base=base))
        facts: list[tuple[str, object]] = [
            (RDF + "type", NamedNode(Q + "ProductClassPolicy")),
            (RDFS + "label", RdfLiteral(one.name, language="en")),
            (RDFS + "label", RdfLiteral(one.name_zh, language="zh")),
            (SKOS + "notation", RdfLiteral(one.code)),
            (Q + "requiredTraceLevel", RdfLiteral(one.level or "")),
            *((Q + "coversItemClass", NamedNode(name)) for name in one.classes),
        ]
        lines += [f"{node} <{predicate}> {value} .\n" for predicate, value in facts]
    graph = product_classes_graph(tenant, base)
    return ChangeSet(graph, "governance", inserts="".join(lines).encode(), replace=True)
