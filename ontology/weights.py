"""Versioned weights of a score (R94): shares of parameters that add up to exactly 100 percent, and their graph form.

A version is never written to again. It carries the scale on which each parameter is judged (limits and best value,
as they were when it was made), so that a score can be computed anew from the version and the values alone.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import ROUND_DOWN, Decimal, localcontext

from pyoxigraph import Literal, NamedNode

from qualweave.errors import InputError, JsonValue, NotFound
from qualweave.iri import DCTERMS, DEFAULT_BASE, RDF, XSD, Q, graph_iri, mint
from qualweave.ontology.dictionary.entry import Dictionary
from qualweave.ontology.dictionary.numbers import convert, tidy
from qualweave.ontology.dictionary.store_form import decimal
from qualweave.ontology.terms import TermIndex
from qualweave.store.port import ChangeSet, GraphEntry, RdfTerm, Snapshot
from qualweave.values import QUDT_UNIT, Unit, unit_of

WHOLE = Decimal(100)
_STEP = Decimal("0.0001")
_DIGITS = 40
_KEY = "weight_table"
RULE = (
    "The named parameters get their new share; the others share the rest in proportion to what they had, "
    "cut to 0.0001 %, and what that leaves over goes to the largest of them."
)
RULE_ZH = "指定的参数取新占比，其余参数按原占比分配剩余部分，截取到 0.0001%，余数归其中占比最大者。"


@dataclass(frozen=True)
class Scale:
    """On what a parameter is judged.

    Attributes:
        unit: Unit of the numbers here.
        low: Lower limit, None where there is none.
        high: Upper limit.
        best: Value at which nothing is lost; None where any value within the limits is as good.
    """

    unit: Unit
    low: Decimal | None
    high: Decimal | None
    best: Decimal | None


@dataclass(frozen=True)
class Weight:
    """The share of a parameter, with the scale on which it is judged."""

    parameter: str
    percent: Decimal
    scale: Scale

    def to_json(self) -> dict[str, JsonValue]:
        """Return the weight as JSON values; numbers as text, so that they stay exact."""
        scale = self.scale
        return {
            "parameter": self.parameter,
            "percent": f"{tidy(self.percent):f}",
            "unit": scale.unit.ucum,
            "lower_limit": _text(scale.low),
            "upper_limit": _text(scale.high),
            "best": _text(scale.best),
        }


@dataclass(frozen=True)
class WeightVersion:
    """One version of a table of weights.

    Attributes:
        table: Name of the table.
        number: 1, 2, 3 …
        weights: By parameter.
        reason: Why it differs from the version before.
        author: Id of who asked for it.
        request: Id of the change request that was passed.
        created: When it was released, in UTC.
    """

    table: str
    number: int
    weights: tuple[Weight, ...]
    reason: str
    author: str
    request: str
    created: datetime

    @property
    def name(self) -> str:
        """How a score names it, for example ``"cell/2"``."""
        return f"{self.table}/{self.number}"

    @property
    def shares(self) -> dict[str, Decimal]:
        """Parameter to percent."""
        return {one.parameter: one.percent for one in self.weights}

    def to_json(self) -> dict[str, JsonValue]:
        """Return the version as JSON values."""
        return {
            "table": self.table,
            "version": self.number,
            "weights": [one.to_json() for one in self.weights],
            "reason": self.reason,
            "author": self.author,
            "request": self.request,
            "created": self.created.astimezone(UTC).isoformat(),
        }


def renormalised(
    shares: Mapping[str, Decimal], changes: Mapping[str, Decimal]
) -> dict[str, Decimal]:
    """Return the shares after some were set, adding up to exactly 100 (the rule is `RULE`).

    Args:
        shares: Parameter to percent, as it was; empty for a table that is new.
        changes: Parameter to its new percent.

    Raises:
        InputError: If a share is outside 0 to 100 or finer than 0.0001, the changes exceed 100, or nothing is left to
            take the rest.

    >>> renormalised({"a": Decimal(5), "b": Decimal(60), "c": Decimal(35)}, {"a": Decimal(22)})
    {'a': Decimal('22'), 'b': Decimal('49.2632'), 'c': Decimal('28.7368')}
    """
    for one in changes.values():
        _on_the_grid(one)
    fixed = sum(changes.values(), Decimal(0))
    others = {name: one for name, one in shares.items() if name not in changes}
    pool, rest = sum(others.values(), Decimal(0)), WHOLE - fixed
    outside = [one for one in changes.values() if not 0 <= one <= WHOLE]
    if outside or rest < 0 or (rest > 0 and pool == 0):
        raise InputError(
            f"The shares that are set add up to {tidy(fixed)} %, and "
            + ("no other parameter can take the rest." if rest > 0 else "100 % is all there is."),
            message_zh=f"所设占比合计 {tidy(fixed)}%，"
            + ("没有其他参数可承担剩余部分。" if rest > 0 else "总和不得超过 100%。"),
            next_step="Set shares from 0 to 100; set all of them to exactly 100, or leave the rest to others.",
            next_step_zh="请设 0 至 100 的占比；若全部设定，合计须恰为 100。",
            data={"sum": str(fixed)},
        )
    after = {**shares, **changes}
    with localcontext() as context:
        context.prec = _DIGITS
        for name, one in others.items():
            part = rest * one / pool if pool else Decimal(0)
            after[name] = tidy(part.quantize(_STEP, ROUND_DOWN))
    if others:
        largest = min(others, key=lambda name: (-after[name], name))
        after[largest] = tidy(after[largest] + WHOLE - sum(after.values(), Decimal(0)))
    return after


def _on_the_grid(share: Decimal) -> None:
    """Refuse a share between two steps: points lost are cut to the same step, so they could exceed 100 in sum."""
    if share.as_tuple().exponent < _STEP.as_tuple().exponent and share % _STEP:  # type: ignore[operator]  # finite
        raise InputError(
            f"A share of {share} % is finer than {_STEP} %.",
            message_zh=f"占比 {share}% 的精度超过 {_STEP}%。",
            next_step="Write at most 4 decimals.",
            next_step_zh="最多填写 4 位小数。",
            data={"percent": str(share)},
        )


def each_once(given: Iterable[str], terms: TermIndex) -> dict[str, str]:
    """Return the names of parameters by IRI.

    Raises:
        UnknownTerm: If there is no such parameter.
        InputError: If two of the names mean the same parameter: which of the two holds is not ours to say.
    """
    names: dict[str, str] = {}
    for name in given:
        iri = terms.named(name).iri
        if iri in names:
            raise InputError(
                f"{names[iri]!r} and {name!r} are the same parameter.",
                message_zh=f"“{names[iri]}”与“{name}”是同一参数。",
                next_step="Name each parameter once.",
                next_step_zh="每个参数只写一次。",
                data={"parameter": iri, "names": [names[iri], name]},
            )
        names[iri] = name
    return names


def scale_of(dictionary: Dictionary, parameter: str, terms: TermIndex) -> Scale:
    """Return the scale of a parameter from a partner's dictionary.

    Best is the middle of two limits. With one limit it is the end of the typical range on the other side, as the
    ontology has it; where it has none, any value within the limit is as good.

    Raises:
        NotFound: If the dictionary does not hold the parameter.
        InputError: If it gives no limits for it.
    """
    entries = dictionary.of(parameter)
    name, name_zh = terms.name_of(parameter), terms.name_of(parameter, "zh")
    if not entries:
        raise NotFound(
            f"The dictionary of {dictionary.partner} has no entry for {name}.",
            message_zh=f"{dictionary.partner}的字典未收录{name_zh}。",
            next_step="Add the parameter to the dictionary and import it again.",
            next_step_zh="请将该参数加入字典后重新导入。",
            data={"parameter": parameter, "partner": dictionary.partner},
        )
    found = next((one for one in entries if one.limits != (None, None)), None)
    if found is None:
        raise InputError(
            f"The dictionary of {dictionary.partner} gives no limits for {name}, so no value of it can be judged.",
            message_zh=f"{dictionary.partner}的字典未给出{name_zh}的限值，无法评判其取值。",
            next_step="Give a lower or upper limit there, or an anomaly rule with limits.",
            next_step_zh="请给出上限或下限，或含限值的异常判定逻辑。",
            data={"parameter": parameter, "partner": dictionary.partner},
        )
    low, high = found.limits
    return Scale(found.unit, low, high, _best(low, high, _typical(parameter, found.unit, terms)))


def _typical(parameter: str, unit: Unit, terms: TermIndex) -> tuple[Decimal, Decimal] | None:
    term = terms.by_iri(parameter)
    if term.typical_range is None or term.canonical_unit is None:
        return None
    least, most = (
        convert(Decimal(repr(one)), unit_of(term.canonical_unit), unit)
        for one in term.typical_range
    )
    return least, most


def _best(
    low: Decimal | None, high: Decimal | None, typical: tuple[Decimal, Decimal] | None
) -> Decimal | None:
    if low is not None and high is not None:
        return tidy((low + high) / 2)
    if typical is None:
        return None
    if low is None:
        return tidy(typical[0]) if high is not None and typical[0] < high else None
    return tidy(typical[1]) if typical[1] > low else None


# --- graph form --------------------------------------------------------------------------------------


def weights_graph(table: str, number: int, tenant: str = "plant", base: str = DEFAULT_BASE) -> str:
    """Return the named graph of a version."""
    return graph_iri("governance", tenant, "weights", table, str(number), base=base)


def table_iri(table: str, tenant: str = "plant", base: str = DEFAULT_BASE) -> str:
    """Return the IRI of a table, for requests about it."""
    return mint("weights", table, tenant=tenant, base=base)


def weights_change(
    version: WeightVersion, *, tenant: str = "plant", base: str = DEFAULT_BASE
) -> ChangeSet:
    """Return what writes a version into a graph of its own."""
    lines = (f"{s} <{p}> {o} .\n" for s, p, o in _triples(version, tenant, base))
    return ChangeSet(
        weights_graph(version.table, version.number, tenant, base),
        "governance",
        inserts="".join(sorted(lines)).encode(),
        about={_KEY: version.table, "version": version.number, "request": version.request},
    )


def _triples(version: WeightVersion, tenant: str, base: str) -> Iterator[tuple[str, str, str]]:
    def node(number: int, *parts: str) -> str:
        name = mint("weights", version.table, str(number), *parts, tenant=tenant, base=base)
        return str(NamedNode(name))

    whole = node(version.number)
    yield whole, RDF + "type", f"<{Q}WeightVersion>"
    yield whole, Q + "weightTableName", str(Literal(version.table))
    yield whole, Q + "weightVersionNumber", str(Literal(version.number))
    yield whole, Q + "weightChangeReason", str(Literal(version.reason))
    yield whole, Q + "weightAuthor", str(Literal(version.author))
    request = mint("request", version.request, tenant=tenant, base=base)
    yield whole, Q + "decidedByRequest", str(NamedNode(request))
    created = version.created.astimezone(UTC).isoformat()
    yield whole, DCTERMS + "created", str(Literal(created, datatype=NamedNode(XSD + "dateTime")))
    if version.number > 1:
        yield whole, Q + "followsWeightVersion", node(version.number - 1)
    for one in version.weights:
        weight = node(version.number, one.parameter.removeprefix(Q))
        yield weight, RDF + "type", f"<{Q}ParameterWeight>"
        yield weight, Q + "inWeightVersion", whole
        yield weight, Q + "weightOfParameter", str(NamedNode(one.parameter))
        yield weight, Q + "weightPercent", decimal(one.percent)
        yield weight, Q + "hasUnit", str(NamedNode(one.scale.unit.iri))
        scale = one.scale
        numbers = (("lowerBound", scale.low), ("upperBound", scale.high), ("bestValue", scale.best))
        for name, value in numbers:
            if value is not None:
                yield weight, Q + name, decimal(value)


_WEIGHTS = """
SELECT ?parameter ?percent ?unit ?low ?high ?best WHERE {
  ?weight q:inWeightVersion ?version ; q:weightOfParameter ?parameter ; q:weightPercent ?percent ; q:hasUnit ?unit .
  OPTIONAL { ?weight q:lowerBound ?low } OPTIONAL { ?weight q:upperBound ?high } OPTIONAL { ?weight q:bestValue ?best }
} ORDER BY ?parameter"""
_HEAD = """
SELECT ?reason ?author ?request ?created WHERE {
  ?version a q:WeightVersion ; q:weightChangeReason ?reason ; q:weightAuthor ?author ;
           q:decidedByRequest ?request ; dcterms:created ?created }"""


def version_entries(snapshot: Snapshot, tenant: str = "plant") -> dict[str, dict[int, GraphEntry]]:
    """Return the catalogue entries of all versions of a tenant, by table and number."""
    found: dict[str, dict[int, GraphEntry]] = {}
    for one in snapshot.graphs("governance", tenant=tenant):
        if _KEY in one.about:
            number = int(str(one.about["version"]))
            found.setdefault(str(one.about[_KEY]), {})[number] = one
    return {table: dict(sorted(found[table].items())) for table in sorted(found)}


def read_version(
    snapshot: Snapshot, table: str, number: int | None = None, tenant: str = "plant"
) -> WeightVersion:
    """Return a version of a table, the newest where no number is given.

    Raises:
        NotFound: If there is no such table or version; ``data`` lists those there are.
    """
    tables = version_entries(snapshot, tenant)
    known = tables.get(table, {})
    chosen = max(known, default=0) if number is None else number
    if chosen not in known:
        there = [f"{name}/{one}" for name, numbers in tables.items() for one in numbers]
        raise NotFound(
            f"There is no version {chosen or ''} of the weights {table!r}.".replace("  ", " "),
            message_zh=f"没有权重表“{table}”的第 {chosen} 版。"
            if chosen
            else f"没有权重表“{table}”。",
            next_step=f"Known: {', '.join(there) or 'none'}. Propose one: qualweave weights propose {table}.",
            next_step_zh=f"现有：{'、'.join(there) or '无'}。请提出：qualweave weights propose {table}。",
            data={"table": table, "version": chosen, "known": list[JsonValue](there)},
        )
    graphs = [known[chosen].graph]
    head = {name: _value(one) for name, one in snapshot.select(_HEAD, graphs=graphs)[0].items()}
    return WeightVersion(
        table,
        chosen,
        weights=tuple(_weight(row) for row in snapshot.select(_WEIGHTS, graphs=graphs)),
        reason=head["reason"],
        author=head["author"],
        request=head["request"].rsplit("/", 1)[-1],
        created=datetime.fromisoformat(head["created"]),
    )


def _weight(row: Mapping[str, RdfTerm | None]) -> Weight:
    given = {name: _value(term) for name, term in row.items()}
    low, high, best = (
        Decimal(given[one]) if given[one] else None for one in ("low", "high", "best")
    )
    unit = unit_of(given["unit"].removeprefix(QUDT_UNIT))
    return Weight(given["parameter"], Decimal(given["percent"]), Scale(unit, low, high, best))


def weights_from_json(rows: Sequence[Mapping[str, JsonValue]]) -> tuple[Weight, ...]:
    """Return weights from the JSON values that `Weight.to_json` made."""
    found = []
    for row in rows:
        low, high, best = (
            None if row[name] is None else Decimal(str(row[name]))
            for name in ("lower_limit", "upper_limit", "best")
        )
        scale = Scale(unit_of(str(row["unit"])), low, high, best)
        found.append(Weight(str(row["parameter"]), Decimal(str(row["percent"])), scale))
    return tuple(found)


def _value(term: RdfTerm | None) -> str:
    return "" if term is None else str(getattr(term, "value", term))


def _text(value: Decimal | None) -> str | None:
    return None if value is None else f"{tidy(value):f}"
