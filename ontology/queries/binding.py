"""Putting values into a query: read by type, checked, and written as RDF terms, never pasted.

A value comes from a URL or a sentence. What becomes part of a text is the N-Triples form of an RDF term (which
escapes whatever the value holds), or a number of ours.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal, InvalidOperation
from types import MappingProxyType

import pyoxigraph as ox

from qualweave.errors import InputError
from qualweave.gs1 import canonical, looks_like
from qualweave.iri import DEFAULT_BASE, PREFIXES, XSD, Q, expand, mint
from qualweave.ontology.queries.lookup import find_term
from qualweave.ontology.queries.values import PAGE, Parameter
from qualweave.ontology.terms import TermIndex

_LONGEST = 500
_MOST_ROWS, _DEEPEST = 1000, 1_000_000
_DATE = re.compile(r"^\d{4}-\d{2}-\d{2}$")
_ABSOLUTE = ("http://", "https://", "urn:", "tag:")
LANGUAGES = ("en", "zh")


@dataclass(frozen=True)
class Place:
    """Where names are resolved: the terms, the tenant and the namespace of data."""

    terms: TermIndex
    tenant: str = "plant"
    base: str = DEFAULT_BASE


def bind(
    text: str,
    parameters: Sequence[Parameter],
    values: Mapping[str, str],
    *,
    place: Place,
) -> str:
    """Return the text with its parameters put in.

    Args:
        text: SPARQL with ``$name`` and, where it is paged, ``LIMIT 50 OFFSET 0``.
        parameters: What it takes; those of type ``choice`` choose among texts and are only checked here.
        values: Name to value, as a person wrote it.
        place: Where names are resolved.

    Raises:
        InputError: If a name is unknown, a value is missing, or it is not of its type.
        UnknownTerm: If a value names no term.
        AmbiguousTerm: If it names several.
    """
    known = {one.name: one for one in parameters}
    _only_known(known, values)
    terms: dict[str, str] = {}
    paging = {"limit": "50", "offset": "0"}
    for name, parameter in known.items():
        given = values.get(name, parameter.default)
        if given is None or not given.strip():
            raise _missing(parameter)
        written = write_value(parameter, given.strip(), place)
        (paging if parameter.type in {"limit", "offset"} else terms)[name] = written
    placed = text.replace(PAGE, f"LIMIT {paging['limit']} OFFSET {paging['offset']}")
    # One pass: what a value holds is not looked at again.
    return re.sub(r"\$(\w+)", lambda found: terms.get(found.group(1), found.group()), placed)


def write_value(parameter: Parameter, given: str, place: Place) -> str:
    """Return a value as it stands in SPARQL.

    Raises:
        InputError: If it is not of its type.
        UnknownTerm: If it names no term.
        AmbiguousTerm: If it names several.
    """
    if len(given) > _LONGEST:
        raise _unfit(parameter, given[:40] + "…", f"at most {_LONGEST} characters")
    return _WRITERS[parameter.type](parameter, given, place)


def candidates(parameter: Parameter, given: str, place: Place) -> tuple[str, ...]:
    """Return the IRIs that an identifier can stand for, the likeliest first.

    Raises:
        InputError: If it can stand for none.
    """
    if given.startswith(("urn:epc:", "(")) or looks_like(given):
        return (canonical(given),)
    prefix = given.split(":", 1)[0]
    if given.startswith(_ABSOLUTE) or (prefix in PREFIXES and ":" in given):
        return (_iri(parameter, expand(given)),)
    return tuple(mint(kind, given, tenant=place.tenant, base=place.base) for kind in parameter.kind)


def _thing(parameter: Parameter, given: str, place: Place) -> str:
    found = candidates(parameter, given, place)
    if not found:
        raise _unfit(parameter, given, "an IRI")
    return f"<{_iri(parameter, found[0])}>"


def _iri(parameter: Parameter, text: str) -> str:
    """Return an IRI that was parsed as one, so that nothing can follow it in a text."""
    try:
        parsed = next(iter(ox.parse(f"<{text}> <{Q}p> <{Q}o> .", format=ox.RdfFormat.N_TRIPLES)))
    except (SyntaxError, StopIteration) as error:
        raise _unfit(parameter, text, "an absolute IRI") from error
    if not isinstance(parsed.subject, ox.NamedNode) or parsed.subject.value != text:
        raise _unfit(parameter, text, "an absolute IRI")
    return text


def _term(parameter: Parameter, given: str, place: Place) -> str:
    kind = "class" if parameter.root else ""
    term = find_term(place.terms, given, root=parameter.root, kind=kind)
    return f"<{term.iri}>"


def _text(_: Parameter, given: str, __: Place) -> str:
    return str(ox.Literal(given))


def _integer(parameter: Parameter, given: str, _: Place) -> str:
    if not re.fullmatch(r"[+-]?[0-9]{1,18}", given):
        raise _unfit(parameter, given, "a whole number")
    return str(int(given))


def _decimal(parameter: Parameter, given: str, _: Place) -> str:
    try:
        number = Decimal(given)
    except InvalidOperation as error:
        raise _unfit(parameter, given, "a number") from error
    if not number.is_finite() or abs(number.adjusted()) > 30:  # noqa: PLR2004 - no physical value is larger
        raise _unfit(parameter, given, "a number")
    return f'"{number:f}"^^<{XSD}decimal>'


def _date(parameter: Parameter, given: str, _: Place) -> str:
    try:
        moment = datetime.fromisoformat(given + "T00:00:00" if _DATE.match(given) else given)
    except ValueError as error:
        raise _unfit(parameter, given, "a date such as 2025-01-31") from error
    # A time without a zone is comparable to none of the graph's within 14 hours (XSD 1.1, 3.3.7.1).
    aware = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    return f'"{aware.isoformat()}"^^<{XSD}dateTime>'


def _language(parameter: Parameter, given: str, _: Place) -> str:
    if given not in LANGUAGES:
        raise _unfit(parameter, given, "en or zh")
    return str(ox.Literal(given))


def _choice(parameter: Parameter, given: str, place: Place) -> str:
    if given not in parameter.choices:
        raise _unfit(parameter, given, "one of " + ", ".join(parameter.choices))
    term = Q + given
    return f"<{term}>" if term in place.terms else str(ox.Literal(given))


def _limit(parameter: Parameter, given: str, _: Place) -> str:
    if not re.fullmatch(r"[0-9]{1,4}", given) or not 1 <= int(given) <= _MOST_ROWS:
        raise _unfit(parameter, given, f"a whole number from 1 to {_MOST_ROWS}")
    return str(int(given))


def _offset(parameter: Parameter, given: str, _: Place) -> str:
    if not re.fullmatch(r"[0-9]{1,7}", given) or int(given) > _DEEPEST:
        raise _unfit(parameter, given, f"a whole number from 0 to {_DEEPEST}")
    return str(int(given))


_WRITERS: Mapping[str, Callable[[Parameter, str, Place], str]] = MappingProxyType(
    {
        "thing": _thing,
        "term": _term,
        "text": _text,
        "integer": _integer,
        "decimal": _decimal,
        "date": _date,
        "language": _language,
        "choice": _choice,
        "limit": _limit,
        "offset": _offset,
    }
)


def _only_known(known: Mapping[str, Parameter], values: Mapping[str, str]) -> None:
    unknown = sorted(set(values) - set(known))
    if unknown:
        takes = ", ".join(known) or "none"
        raise InputError(
            f"The query has no parameter {unknown[0]!r}.",
            message_zh=f"该查询没有参数“{unknown[0]}”。",
            next_step=f"Parameters: {takes}.",
            next_step_zh=f"参数：{takes}。",
            data={"parameter": unknown[0], "parameters": list(known)},
        )


def _missing(parameter: Parameter) -> InputError:
    return InputError(
        f"The parameter {parameter.name!r} ({parameter.label['en']}) is missing.",
        message_zh=f"缺少参数“{parameter.name}”（{parameter.label['zh']}）。",
        next_step=f"Add {parameter.name}=…, for example an identifier or an IRI.",
        next_step_zh=f"请补充 {parameter.name}=…，例如标识符或 IRI。",
        data={"parameter": parameter.name, "wanted_type": parameter.type},
    )


def _unfit(parameter: Parameter, given: str, wanted: str) -> InputError:
    return InputError(
        f"{given!r} is no value for {parameter.name!r}: {wanted} is wanted.",
        message_zh=f"“{given}”不能作为参数“{parameter.name}”的值。",
        next_step=f"Give {wanted}.",
        next_step_zh=f"参数类型为 {parameter.type}，请按该类型填写。",
        data={"parameter": parameter.name, "wanted_type": parameter.type, "value": given},
    )
