"""`check`: every mistake of a mapping document with its line, before anything is lifted with it.

The schema knows keys and types; here stands what only ontology, unit table and record table know: a term that
nobody has, a unit of another dimension, a record kind whose needs no column meets.
"""

from collections.abc import Callable, Iterator
from zoneinfo import ZoneInfo

from qualweave.documents import Fault, Parsed, faults_of, near, parse
from qualweave.errors import InputError, UnknownUnit
from qualweave.iri import Q, curie, expand, local_name
from qualweave.mappers.lift.plan import record_table
from qualweave.mappers.mapping import PAGE, ColumnMapping, Decision, MappingDocument
from qualweave.mappers.vocabulary import Vocabulary
from qualweave.values import conversion, find_unit, unit_of

Nearest = Callable[[str], list[str]]
"""From a name that is nobody's to the IRIs of the terms whose names look most like it."""

_CLASSES = ("process_class", "equipment_class")
_EPOCHS = ("epoch_s", "epoch_ms", "epoch_us")


def check(
    text: str, *, file: str, vocabulary: Vocabulary, nearest: Nearest | None = None
) -> tuple[Fault, ...]:
    """Return every fault of a mapping document, by line; none where it may be lifted with.

    Args:
        text: The YAML.
        file: Its name, for messages.
        vocabulary: The ontology, as the lifter sees it.
        nearest: Finds terms that may have been meant.
    """
    try:
        parsed = parse(text, file=file)
    except InputError as error:
        line = error.data.get("line", 1)
        return (
            Fault(
                line if isinstance(line, int) else 1,
                "document",
                {"en": "this is not YAML", "zh": "不是有效的 YAML"},
                {"en": error.next_step, "zh": error.next_step_zh},
            ),
        )
    found = list(parsed.repeated())
    try:
        document = MappingDocument.model_validate(parsed.data)
    except ValueError as error:
        found += faults_of(error, MappingDocument, parsed, PAGE)  # type: ignore[arg-type]  # pydantic's
    else:
        found += checked(document, parsed, vocabulary, nearest or (lambda _name: []))
    return tuple(sorted(found, key=lambda one: (one.line, one.key)))


def checked(
    document: MappingDocument, parsed: Parsed, vocabulary: Vocabulary, nearest: Nearest
) -> Iterator[Fault]:
    """Iterate over the faults of a document whose keys and types are right."""
    seen: set[str] = set()
    for place, column in enumerate(document.columns):
        at = ("columns", place)
        if column.name in seen:
            yield _fault(
                parsed,
                (*at, "name"),
                (f"the column {column.name!r} stands there twice", f"列 {column.name!r} 重复出现"),
                ("Keep one of the two.", "请只保留一个。"),
            )
        seen.add(column.name)
        yield from _column_faults(column, at, parsed, vocabulary, nearest=nearest)
    yield from _record_faults(document, parsed, vocabulary)
    yield from _context_faults(document, parsed)


def _fault(
    parsed: Parsed,
    keys: tuple[str | int, ...],
    said: tuple[str, str],
    fix: tuple[str, str],
    *,
    warning: bool = False,
) -> Fault:
    return Fault(
        parsed.line_of(keys),
        ".".join(map(str, keys)),
        {"en": said[0], "zh": said[1]},
        {"en": fix[0], "zh": fix[1]},
        "warning" if warning else "error",
    )


def _column_faults(
    column: ColumnMapping,
    at: tuple[str | int, ...],
    parsed: Parsed,
    vocabulary: Vocabulary,
    *,
    nearest: Nearest,
) -> Iterator[Fault]:
    if column.decision is Decision.ACCEPTED and not column.term:
        yield _fault(
            parsed,
            (*at, "decision"),
            (f"{column.name!r} is accepted and has no term", f"{column.name!r} 已接受但没有术语"),
            (
                "Give it a term, or set the decision to asked or ignored.",
                "请给出术语，或将 decision 改为 asked 或 ignored。",
            ),
        )
    terms = [
        ("term", column.term),
        *((f"values.{text}", term) for text, term in column.values.items()),
    ]
    for key, term in terms:
        if term and vocabulary.concept(expand(term)) is None:
            yield _unknown_term(parsed, (*at, *key.split(".", 1)), term, nearest)
    if column.unit:
        yield from _unit_faults(column, at, parsed, vocabulary)
    if column.time_format and "%" not in column.time_format and column.time_format not in _EPOCHS:
        yield _fault(
            parsed,
            (*at, "time_format"),
            (f"{column.time_format!r} is no time format", f"{column.time_format!r} 不是时间格式"),
            (
                f"Use a strptime format such as %Y-%m-%d %H:%M:%S, or {', '.join(_EPOCHS)}.",
                f"请使用 strptime 格式（如 %Y-%m-%d %H:%M:%S）或 {'、'.join(_EPOCHS)}。",
            ),
        )


def _unknown_term(
    parsed: Parsed, keys: tuple[str | int, ...], term: str, nearest: Nearest
) -> Fault:
    names = [curie(one) for one in nearest(local_name(expand(term)))]
    fix = (
        ("Nearest: " + ", ".join(names) + ".", "相近的术语：" + "、".join(names) + "。")
        if names
        else ("Look the term up, or ask for a new one.", "请查找该术语，或申请新增术语。")
    )
    foreign = not expand(term).startswith(Q)
    return _fault(
        parsed,
        keys,
        (f"the ontology has no term {term}", f"本体中没有术语 {term}"),
        fix,
        warning=foreign,
    )


def _unit_faults(
    column: ColumnMapping, at: tuple[str | int, ...], parsed: Parsed, vocabulary: Vocabulary
) -> Iterator[Fault]:
    unit = find_unit(column.unit)
    if unit is None:
        yield _fault(
            parsed,
            (*at, "unit"),
            (f"{column.unit!r} is no unit of the table", f"单位表中没有 {column.unit!r}"),
            (
                "Give its UCUM code, such as Cel, N.m or um.",
                "请给出 UCUM 代码，如 Cel、N.m 或 um。",
            ),
        )
        return
    canonical = vocabulary.unit(expand(column.term)) if column.term else ""
    if not canonical:
        return
    try:
        conversion(unit, unit_of(canonical))
    except UnknownUnit:
        yield _fault(
            parsed,
            (*at, "unit"),
            (
                f"{column.unit} is of another dimension than {column.term}, which is kept in {canonical}",
                f"{column.unit} 与 {column.term}（单位 {canonical}）的量纲不同",
            ),
            (
                "Correct the unit, or map the column to another parameter.",
                "请更正单位，或将该列映射到其他参数。",
            ),
        )


def _record_faults(
    document: MappingDocument, parsed: Parsed, vocabulary: Vocabulary
) -> Iterator[Fault]:
    accepted = [expand(one.term) for one in document.having(Decision.ACCEPTED) if one.term]
    present = {local_name(one) for one in accepted} | set(document.context)
    if any(vocabulary.is_parameter(one) for one in accepted):
        present |= {"parameter", "process_parameter"}
    for place, kind in enumerate(document.records):
        record = record_table().records.get(kind)
        if record is None:
            names = ", ".join(near(kind, record_table().records) or record_table().records)
            yield _fault(
                parsed,
                ("records", place),
                (f"there is no record kind {kind!r}", f"没有记录类型 {kind!r}"),
                (f"Record kinds: {names}.", f"记录类型：{names}。"),
            )
            continue
        for group in record.needs:
            if not group & present:
                wanted = ", ".join(sorted(group))
                yield _fault(
                    parsed,
                    ("records", place),
                    (
                        f"no accepted column gives {kind} one of what it needs: {wanted}",
                        f"没有已接受的列提供 {kind} 所需的字段之一：{wanted}",
                    ),
                    (
                        "Accept a column with one of these terms, or choose another record kind.",
                        "请接受含其中一个术语的列，或选择其他记录类型。",
                    ),
                    warning=True,
                )


def _context_faults(document: MappingDocument, parsed: Parsed) -> Iterator[Fault]:
    known = {*record_table().roles, *_CLASSES}
    for role in document.context:
        if role not in known:
            names = ", ".join(near(role, known)) or "docs/reference/mapping-document.md"
            yield _fault(
                parsed,
                ("context", role),
                (f"no role is called {role!r}", f"没有角色 {role!r}"),
                (f"Nearest: {names}.", f"相近的角色：{names}。"),
            )
    try:
        ZoneInfo(document.timezone)
    except (ValueError, OSError):  # ZoneInfoNotFoundError is a KeyError
        yield _bad_zone(document, parsed)
    except KeyError:
        yield _bad_zone(document, parsed)


def _bad_zone(document: MappingDocument, parsed: Parsed) -> Fault:
    return _fault(
        parsed,
        ("timezone",),
        (f"{document.timezone!r} is no IANA time zone", f"{document.timezone!r} 不是 IANA 时区"),
        ("Give one such as Asia/Shanghai or Europe/Berlin.", "请使用如 Asia/Shanghai 的时区名。"),
    )
