"""From a sheet to N-Triples: what the record table says, written column by column.

Every triple of the table is one Polars expression over the whole sheet; nothing walks over rows. An
entity that many rows name is written once, with the first of them as its ``q:sourceRow``.
"""

from dataclasses import dataclass, field

import polars as pl

from qualweave.iri import RDF, RDFS, XSD, Q
from qualweave.mappers.codes import CodeBook
from qualweave.mappers.lift import cells
from qualweave.mappers.lift.batch import Batch
from qualweave.mappers.lift.entities import names_of, put_entity
from qualweave.mappers.lift.flags import flag_defects
from qualweave.mappers.lift.plan import Entity, Record, TripleRule, record, record_table
from qualweave.mappers.lift.problems import Problem, problem
from qualweave.mappers.lift.scope import resolve_codes
from qualweave.mappers.lift.sheet import Sheet, Unresolved, Values, bind
from qualweave.mappers.mapping import MappingDocument
from qualweave.mappers.table import ROW, RawTable
from qualweave.mappers.vocabulary import Vocabulary

_TYPED = {"time": "dateTime", "integer": "integer", "boolean": "boolean"}


@dataclass(frozen=True)
class Lifted:
    """What one table became.

    Attributes:
        ntriples: The triples, UTF-8.
        triples: How many.
        rows_read: Rows of the table.
        rows_lifted: Rows that are in the triples.
        problems: Why the others wait; several may name one row.
        unresolved: Texts that name no concept yet.
    """

    ntriples: bytes
    triples: int
    rows_read: int
    rows_lifted: int
    problems: tuple[Problem, ...] = ()
    unresolved: tuple[Unresolved, ...] = ()

    @property
    def bad_rows(self) -> tuple[int, ...]:
        """Source rows that wait, in order."""
        return tuple(sorted({one.row for one in self.problems}))


@dataclass
class _Writer:
    """Collects lines; one chunk per rule."""

    chunks: list[pl.Series] = field(default_factory=list)
    count: int = 0

    def add(self, frame: pl.DataFrame, subject: str, predicate: str, value: pl.Expr) -> None:
        """Write one triple per row in which subject and value are there."""
        line = pl.concat_str(
            [pl.lit("<"), pl.col(subject), pl.lit(f"> <{predicate}> "), value, pl.lit(" .\n")]
        )
        lines = frame.select(line.alias("line"))["line"].drop_nulls()
        self.count += len(lines)
        self.chunks.append(lines)

    def text(self) -> bytes:
        return "".join("".join(chunk.to_list()) for chunk in self.chunks).encode()


def lift(
    table: RawTable,
    mapping: MappingDocument,
    *,
    batch: Batch,
    vocabulary: Vocabulary,
    codes: CodeBook | None = None,
    without: frozenset[int] = frozenset(),
) -> Lifted:
    """Lift a table to triples.

    Args:
        table: The rows, as texts.
        mapping: What its columns mean; columns that are not accepted are left out.
        batch: The file it came from.
        vocabulary: The ontology, as the lifter sees it.
        codes: Code entries of the graph, for code columns.
        without: Source rows to leave out (those that a gate refused).

    Returns:
        The triples of every row that could be read, and the problems of the rows that could not.
    """
    sheet = bind(table, mapping, batch, vocabulary)
    records = [record(kind) for kind in mapping.records]
    if any(one.codes for one in records):
        from qualweave.mappers.lift.code_list import lift_codes  # noqa: PLC0415 - it needs this module

        return lift_codes(sheet)
    if not records:
        # Nothing is decided that makes a record: the rows wait, and none of them is to blame.
        return Lifted(b"", 0, len(table.frame), 0, unresolved=tuple(sheet.unresolved))
    _check_parameters(sheet)
    resolve_codes(sheet, codes or CodeBook())
    sheet.drop_bad()
    if without:
        sheet.frame = sheet.frame.filter(~pl.col(ROW).is_in(sorted(without)))
    writer = _Writer()
    _write(sheet, records, writer)
    return Lifted(
        ntriples=writer.text(),
        triples=writer.count,
        rows_read=len(table.frame),
        rows_lifted=len(sheet.frame),
        problems=tuple(sheet.problems),
        unresolved=tuple(sheet.unresolved),
    )


def _check_parameters(sheet: Sheet) -> None:
    """In a long table a row whose parameter is not known has no predicate: it waits."""
    if not (sheet.has("r.measuredValue") and sheet.has("c.parameterName")):
        return
    named = sheet.columns_of.get("parameterName", ())
    name = named[0].name if named else "parameterName"
    waiting = sheet.frame.filter(
        pl.col("c.parameterName").is_null() & pl.col("r.measuredValue").is_not_null()
    )
    sheet.problems += [
        problem("unknown-parameter", row=row, column=name, value=text or "")
        for row, text in waiting.select(ROW, "r.parameterName").iter_rows()
    ]


def _write(sheet: Sheet, records: list[Record], writer: _Writer) -> None:
    named: dict[str, Entity] = {}
    for one in records:
        for name in one.entities:
            named.setdefault(name, record_table().entities[name])
    for entity in sorted(named.values(), key=lambda one: bool(one.part_of)):
        put_entity(sheet, entity)
    done: set[tuple[str, str, str]] = set()
    for one in records:
        for rule in one.triples:
            key = (rule.subject, rule.predicate, rule.value)
            if key not in done:
                done.add(key)
                _write_rule(sheet, rule, writer)
    _write_values(sheet, records, writer)
    for entity in named.values():
        _write_types(sheet, entity, writer)
    _write_flags(sheet, records, writer)
    _write_unresolved(sheet, records, writer)
    _write_rows(sheet, list(named), writer)


def _present(sheet: Sheet, name: str) -> pl.Expr | None:
    for column in (f"e.{name}", f"r.{name}"):
        if sheet.has(column):
            return pl.col(column).is_not_null()
    return None


def _object(sheet: Sheet, rule: TripleRule) -> tuple[str, pl.Expr] | None:
    """Return the column and the written form of a rule's object, None where the sheet has it not."""
    match rule.how:
        case "role":
            column = f"r.{rule.value}"
            return (column, _literal(sheet, rule.value)) if sheet.has(column) else None
        case "tagged":
            column = f"r.{rule.value}"
            return (column, _tagged(sheet, rule.value)) if sheet.has(column) else None
        case "concept" | "code":
            column = ("c." if rule.how == "concept" else "k.") + rule.value
            return (column, _iri(column)) if sheet.has(column) else None
        case _:
            return None


def _write_rule(sheet: Sheet, rule: TripleRule, writer: _Writer) -> None:
    frame = sheet.frame
    for name in rule.unless:
        present = _present(sheet, name)
        if present is not None:
            frame = frame.filter(~present)
    for subject in names_of(sheet, rule.subject):
        if rule.how == "entity":
            for value in names_of(sheet, rule.value):
                _write_pairs(frame, subject, rule, (value, _iri(value)), writer=writer)
        elif (found := _object(sheet, rule)) is not None:
            _write_pairs(frame, subject, rule, found, writer=writer)


def _write_pairs(
    frame: pl.DataFrame,
    subject: str,
    rule: TripleRule,
    found: tuple[str, pl.Expr],
    *,
    writer: _Writer,
) -> None:
    column, value = found
    pairs = frame.filter(pl.col(subject).is_not_null() & pl.col(column).is_not_null())
    if rule.unless_same:
        pairs = pairs.filter(pl.col(subject) != pl.col(column))
    keys = [subject, column]
    if rule.how == "tagged" and "r.languageTag" in frame.columns:
        keys.append("r.languageTag")
    writer.add(pairs.select(keys).unique(maintain_order=True), subject, rule.predicate, value)


def _iri(column: str) -> pl.Expr:
    return pl.lit("<") + pl.col(column) + pl.lit(">")


def _quoted(column: str) -> pl.Expr:
    escaped = (
        pl.col(column)
        .str.replace_all("\\", "\\\\", literal=True)
        .str.replace_all('"', '\\"', literal=True)
        .str.replace_all("\n", "\\n", literal=True)
        .str.replace_all("\r", "\\r", literal=True)
    )
    return pl.lit('"') + escaped + pl.lit('"')


def _number(column: str) -> pl.Expr:
    value = pl.col(column)
    double = value.str.contains("[eE]")
    kind = pl.when(double).then(pl.lit("double>")).otherwise(pl.lit("decimal>"))
    return pl.lit('"') + value + pl.lit(f'"^^<{XSD}') + kind


def _literal(sheet: Sheet, role: str) -> pl.Expr:
    column, kind = f"r.{role}", record_table().roles[role]
    if kind in _TYPED:
        return pl.lit('"') + pl.col(column) + pl.lit(f'"^^<{XSD}{_TYPED[kind]}>')
    if kind == "number":
        return _number(column)
    if kind in ("value", "difference"):
        numeric = cells.is_decimal(sheet.frame[column]).fill_null(value=False)
        if numeric.all():
            return _number(column)
        readable = pl.col(column).str.contains(r"^-?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d+)?$")
        return pl.when(readable).then(_number(column)).otherwise(_quoted(column))
    return _quoted(column)


def _tagged(sheet: Sheet, role: str) -> pl.Expr:
    """Return texts with a language tag: the row's, else the column's, else by the script."""
    column = f"r.{role}"
    declared = next((one.language for one in sheet.columns_of.get(role, ()) if one.language), "")
    by_script = (
        pl.when(pl.col(column).str.contains(r"\p{Han}"))
        .then(pl.lit("zh"))
        .otherwise(pl.lit(declared or "und"))
    )
    options = [by_script]
    if sheet.has("r.languageTag"):
        tag = pl.col("r.languageTag").str.to_lowercase().str.replace("_", "-", literal=True)
        options.insert(0, pl.when(tag.str.contains(r"^[a-z]{2,3}(-[a-z0-9]{2,8})*$")).then(tag))
    return _quoted(column) + pl.lit("@") + pl.coalesce(options)


def _write_values(sheet: Sheet, records: list[Record], writer: _Writer) -> None:
    carriers = [one.values for one in records if one.values]
    if not carriers:
        return
    inspected = "inspection" if "inspection" in carriers else carriers[0]
    other = next((one for one in carriers if one != "inspection"), carriers[0])
    for values in sheet.values:
        subject = f"e.{inspected if values.characteristic else other}"
        written = _number(values.column) if values.numeric else _quoted(values.column)
        _write_value(sheet, subject, values, written, writer=writer)
    if sheet.has("r.measuredValue") and sheet.has("c.parameterName"):
        _write_long(sheet, f"e.{other}", writer)


def _write_value(
    sheet: Sheet, subject: str, values: Values, written: pl.Expr, *, writer: _Writer
) -> None:
    if sheet.has(subject):
        writer.add(sheet.frame.select(subject, values.column), subject, values.predicate, written)


def _write_long(sheet: Sheet, subject: str, writer: _Writer) -> None:
    frame = sheet.frame.select(subject, "c.parameterName", "r.measuredValue").drop_nulls()
    for group in frame.unique(maintain_order=True).partition_by("c.parameterName"):
        predicate = group["c.parameterName"][0]
        writer.add(group, subject, predicate, _literal(sheet, "measuredValue"))


def _write_types(sheet: Sheet, entity: Entity, writer: _Writer) -> None:
    for name in names_of(sheet, entity.name):
        things = sheet.frame.select(name).drop_nulls().unique(maintain_order=True)
        cls = _fallback(sheet, entity) or entity.cls
        for one in dict.fromkeys((entity.cls, cls)):
            writer.add(things, name, RDF + "type", pl.lit(f"<{one}>"))
        for role, by_role in entity.class_of:
            if sheet.has(f"i.{role}") and role == _first_source(sheet, entity):
                writer.add(things, name, RDF + "type", pl.lit(f"<{Q}{by_role}>"))
        for column in (f"c.{entity.named}", f"d.{entity.coded}"):
            if sheet.has(column):
                pairs = sheet.frame.select(name, column).drop_nulls().unique(maintain_order=True)
                writer.add(pairs, name, RDF + "type", _iri(column))
        if entity.label and sheet.has(f"r.{entity.sources[0]}"):
            column = f"r.{entity.sources[0]}"
            pairs = sheet.frame.select(name, column).drop_nulls().unique(maintain_order=True)
            writer.add(pairs, name, RDFS + "label", _quoted(column))


def _first_source(sheet: Sheet, entity: Entity) -> str:
    return next((role for role in entity.sources if sheet.has(f"i.{role}")), "")


def _fallback(sheet: Sheet, entity: Entity) -> str:
    """Return the class that the file's context gives to an entity, where no column names one."""
    if not entity.fallback_class or (entity.named and sheet.has(f"c.{entity.named}")):
        return ""
    return sheet.mapping.context.get(entity.fallback_class, "")


def _write_flags(sheet: Sheet, records: list[Record], writer: _Writer) -> None:
    node = next((one.node for one in records if one.node in ("operation", "inspection")), "")
    for rows, defect, place in flag_defects(sheet, node):
        for cls in (Q + "Defect", defect):
            writer.add(rows, "d", RDF + "type", pl.lit(f"<{cls}>"))
        writer.add(rows, "d", place, _iri(f"e.{node}"))
        if sheet.has("e.item"):
            writer.add(rows, "d", Q + "foundOn", _iri("e.item"))
        writer.add(rows, "d", Q + "sourceRow", _row_literal())


def _row_literal() -> pl.Expr:
    return pl.lit('"') + pl.col(ROW).cast(pl.String) + pl.lit(f'"^^<{XSD}integer>')


_LABELLED = {
    "defectName": "defect",
    "rootCauseName": "label",
    "mechanismName": "label",
    "parameterName": "change",
}


def _write_unresolved(sheet: Sheet, records: list[Record], writer: _Writer) -> None:
    """Keep the text of a name that resolves to nothing, on the thing that it was said of."""
    for role in {one.role for one in sheet.unresolved}:
        if not sheet.has(f"c.{role}"):
            continue
        node = _LABELLED.get(role) or (records[0].node if records else "")
        predicate = RDFS + "label" if role in _LABELLED else Q + role
        for subject in names_of(sheet, node):
            waiting = sheet.frame.filter(pl.col(f"c.{role}").is_null())
            pairs = waiting.select(subject, f"r.{role}").drop_nulls().unique(maintain_order=True)
            writer.add(pairs, subject, predicate, _quoted(f"r.{role}"))


def _write_rows(sheet: Sheet, entities: list[str], writer: _Writer) -> None:
    parts = [
        sheet.frame.select(pl.col(name).alias("s"), pl.col(ROW))
        for entity in entities
        for name in names_of(sheet, entity)
    ]
    if not parts:
        return
    first = pl.concat(parts).drop_nulls().group_by("s", maintain_order=True).agg(pl.col(ROW).min())
    writer.add(first, "s", Q + "sourceRow", _row_literal())
