"""From a sheet to N-Triples: what the record table says, written column by column.

Every triple of the table is one Polars expression over the whole sheet; nothing walks over rows. An
entity that many rows name is written once, with the first of them as its ``q:sourceRow``.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
import polars as pl

from qualweave.iri import RDF, RDFS, XSD, Q
from qualweave.mappers.codes import CodeBook
from qualweave.mappers.lift import cells
from qualweave.mappers.lift.batch import Batch
from qualweave.mappers.lift.code_list import lift_codes
from qualweave.mappers.lift.entities import names_of, put_entity
from qualweave.mappers.lift.flags import flag_defects
from qualweave.mappers.lift.hashes import Hashes
from qualweave.mappers.lift.lines import Lines
from qualweave.mappers.lift.plan import Entity, Record, TripleRule, record, record_table
from qualweave.mappers.lift.problems import Problem, problem
from qualweave.mappers.lift.row_units import convert_by_row
from qualweave.mappers.lift.scope import resolve_codes
from qualweave.mappers.lift.sheet import Repeated, Sheet, Unresolved, Values, bind
from qualweave.mappers.mapping import MappingDocument
from qualweave.mappers.meanings import ConceptReader
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


@dataclass(frozen=True)
class Part:
    """What a table, or a part of one, became before its things are told apart from those of other parts.

    Attributes:
        lines: Every triple but those of ``first``.
        first: ``s`` things that its rows name, once each, and the first row that names them.
        rows_read: Rows of the part.
        rows_lifted: Rows that are in the triples.
        problems: Why the others wait.
        unresolved: Texts that name no concept yet.
        composed: Whether things are named by what their rows say, which rows of another part may say, too.
    """

    lines: Lines
    first: pl.DataFrame
    rows_read: int
    rows_lifted: int
    problems: tuple[Problem, ...] = ()
    unresolved: tuple[Unresolved, ...] = ()
    composed: bool = False


def lift(
    table: RawTable,
    mapping: MappingDocument,
    *,
    batch: Batch,
    vocabulary: Vocabulary,
    codes: CodeBook | None = None,
    without: frozenset[int] = frozenset(),
    reader: ConceptReader | None = None,
) -> Lifted:
    """Lift a table to triples.

    Args:
        table: The rows, as texts.
        mapping: What its columns mean; columns that are not accepted are left out.
        batch: The file it came from.
        vocabulary: The ontology, as the lifter sees it.
        codes: Code entries of the graph, for code columns.
        without: Source rows to leave out (those that a gate refused).
        reader: Scores concepts for the words of a code list; None leaves names alone to decide.

    Returns:
        The triples of every row that could be read, and the problems of the rows that could not.
    """
    part = lift_part(
        table, mapping, batch=batch, vocabulary=vocabulary, codes=codes, without=without, reader=reader
    )  # fmt: skip
    source_rows(part.lines, part.first)
    return Lifted(
        ntriples=part.lines.text(),
        triples=part.lines.count,
        rows_read=part.rows_read,
        rows_lifted=part.rows_lifted,
        problems=part.problems,
        unresolved=part.unresolved,
    )


def lift_part(
    table: RawTable,
    mapping: MappingDocument,
    *,
    batch: Batch,
    vocabulary: Vocabulary,
    codes: CodeBook | None = None,
    without: frozenset[int] = frozenset(),
    repeated: Repeated | None = None,
    reader: ConceptReader | None = None,
) -> Part:
    """Lift a table, or some rows of one: the function that the stream and Spark call per part.

    Args:
        table: The rows, as texts.
        mapping: What its columns mean.
        batch: The file it came from.
        vocabulary: The ontology, as the lifter sees it.
        codes: Code entries of the graph, for code columns.
        without: Source rows to leave out.
        repeated: Identities that several rows of the whole table have; None where the part is the whole.
        reader: Scores concepts for the words of a code list.

    Returns:
        The lines of the part, and its things with the first row of each: which of them another part has named
        already is for the caller to know (`source_rows`).
    """
    sheet = bind(table, mapping, batch, vocabulary)
    convert_by_row(sheet)
    sheet.repeated = repeated
    records = [record(kind) for kind in mapping.records]
    writer, first = Lines(), pl.DataFrame(schema={"s": pl.String, ROW: pl.Int64})
    if any(one.codes for one in records):
        lift_codes(sheet, writer, reader)
        bad = {one.row for one in sheet.problems}
        lifted = sheet.frame.filter(~pl.col(ROW).is_in(sorted(bad))).height
    elif not records:
        # Nothing is decided that makes a record: the rows wait, and none of them is to blame.
        sheet.problems, lifted = [], 0
    else:
        _readable_rows(sheet, codes or CodeBook(), without)
        first = _write(sheet, records, writer)
        lifted = len(sheet.frame)
    return Part(
        writer, first, len(table.frame), lifted, tuple(sheet.problems), tuple(sheet.unresolved),
        composed=any(len(one) for found in sheet.identities.values() for one in found),
    )  # fmt: skip


def identities(
    table: RawTable,
    mapping: MappingDocument,
    *,
    batch: Batch,
    vocabulary: Vocabulary,
    codes: CodeBook | None = None,
    without: frozenset[int] = frozenset(),
) -> dict[str, Hashes]:
    """Return the composed identities of the rows of a part, by entity, as hashes; shape: one per row that has one.

    Arguments are those of `lift_part`. Where two rows of a whole table have one such identity they are two things,
    so parts must be told of those (`repeated`). Rows that name their things themselves have none.
    """
    sheet = bind(table, mapping, batch, vocabulary)
    convert_by_row(sheet)
    sheet.repeated = {}
    records = [record(kind) for kind in mapping.records]
    if not any(one.codes for one in records):
        _readable_rows(sheet, codes or CodeBook(), without)
        put_entities(sheet, records)
    return {entity: np.concatenate(found) for entity, found in sheet.identities.items()}


def _readable_rows(sheet: Sheet, codes: CodeBook, without: frozenset[int]) -> None:
    _check_parameters(sheet)
    resolve_codes(sheet, codes)
    sheet.drop_bad()
    if without:
        sheet.frame = sheet.frame.filter(~pl.col(ROW).is_in(sorted(without)))


def source_rows(lines: Lines, first: pl.DataFrame) -> None:
    """Add ``q:sourceRow`` of things."""
    lines.add(first, "s", Q + "sourceRow", _row_literal())


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


def _write(sheet: Sheet, records: list[Record], writer: Lines) -> pl.DataFrame:
    named = put_entities(sheet, records)
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
    flagged = _write_flags(sheet, records, writer)
    _write_unresolved(sheet, records, writer)
    return _first_rows(sheet, list(named), flagged)


def put_entities(sheet: Sheet, records: Iterable[Record]) -> dict[str, Entity]:
    """Add the IRIs of every thing that the records name to the sheet; return the things by name."""
    named: dict[str, Entity] = {}
    for one in records:
        for name in one.entities:
            named.setdefault(name, record_table().entities[name])
    for entity in sorted(named.values(), key=lambda one: bool(one.part_of)):
        put_entity(sheet, entity)
    return named


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


def _write_rule(sheet: Sheet, rule: TripleRule, writer: Lines) -> None:
    frame = sheet.frame
    for name in rule.unless:
        present = _present(sheet, name)
        if present is not None:
            frame = frame.filter(~present)
    for subject in names_of(sheet, rule.subject):
        if rule.how == "entity":
            for value in names_of(sheet, rule.value):
                pairs = _pairs(sheet, frame, rule, subject=subject, column=value)
                _add(sheet, pairs, rule.predicate, _iri(value), writer=writer)
        elif (found := _object(sheet, rule)) is not None:
            column, written = found
            pairs = _pairs(sheet, frame, rule, subject=subject, column=column)
            _add(sheet, pairs, rule.predicate, written, writer=writer)


def _pairs(
    sheet: Sheet, frame: pl.DataFrame, rule: TripleRule, *, subject: str, column: str
) -> pl.DataFrame:
    """Return subject and object of a rule where both are there, and what else its object is written from."""
    pairs = frame.filter(pl.col(subject).is_not_null() & pl.col(column).is_not_null())
    if rule.unless_same:
        pairs = pairs.filter(pl.col(subject) != pl.col(column))
    tagged = rule.how == "tagged" and sheet.has("r.languageTag")
    return pairs.select(subject, column, *(["r.languageTag"] if tagged else []))


def _add(
    sheet: Sheet, pairs: pl.DataFrame, predicate: str, value: pl.Expr, *, writer: Lines
) -> None:
    """Write pairs, the subject first, each once; where no two rows name one subject nothing is compared."""
    subject = pairs.columns[0]
    alone = any(sheet.is_distinct(one) for one in pairs.columns[:2])
    found = pairs if alone else pairs.unique(maintain_order=True)
    writer.add(found, subject, predicate, value, shared=not sheet.is_distinct(subject))


def _iri(column: str) -> pl.Expr:
    return pl.concat_str([pl.lit("<"), pl.col(column), pl.lit(">")])


def _quoted(sheet: Sheet, column: str) -> pl.Expr:
    """Return texts between quotes; only a column that holds something to escape is escaped."""
    text = pl.col(column)
    if cells.needs_escape(sheet.frame[column]):
        text = cells.escaped(text)
    return pl.concat_str([pl.lit('"'), text, pl.lit('"')])


def _number(sheet: Sheet, column: str) -> pl.Expr:
    """Return numbers with their datatype: a double where the form has an exponent, else a decimal."""
    tail = pl.lit(f'"^^<{XSD}decimal>')
    if sheet.frame[column].str.contains("[eE]").any():
        double = pl.col(column).str.contains("[eE]")
        tail = pl.when(double).then(pl.lit(f'"^^<{XSD}double>')).otherwise(tail)
    return pl.concat_str([pl.lit('"'), pl.col(column), tail])


def _literal(sheet: Sheet, role: str) -> pl.Expr:
    column, kind = f"r.{role}", record_table().roles[role]
    if kind in _TYPED:
        return pl.concat_str([pl.lit('"'), pl.col(column), pl.lit(f'"^^<{XSD}{_TYPED[kind]}>')])
    if kind == "number":
        return _number(sheet, column)
    if kind in ("value", "difference"):
        numeric = cells.is_decimal(sheet.frame[column]).fill_null(value=False)
        if numeric.all():
            return _number(sheet, column)
        readable = cells.is_number(pl.col(column))
        quoted = _quoted(sheet, column)
        return pl.when(readable).then(_number(sheet, column)).otherwise(quoted)
    return _quoted(sheet, column)


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
    return pl.concat_str([_quoted(sheet, column), pl.lit("@"), pl.coalesce(options)])


def _write_values(sheet: Sheet, records: list[Record], writer: Lines) -> None:
    carriers = [one.values for one in records if one.values]
    if not carriers:
        return
    inspected = "inspection" if "inspection" in carriers else carriers[0]
    other = next((one for one in carriers if one != "inspection"), carriers[0])
    for values in sheet.values:
        subject = f"e.{inspected if values.characteristic else other}"
        written = (_number if values.numeric else _quoted)(sheet, values.column)
        _write_value(sheet, subject, values, written, writer=writer)
    if sheet.has("r.measuredValue") and sheet.has("c.parameterName"):
        _write_long(sheet, f"e.{other}", writer)


def _write_value(
    sheet: Sheet, subject: str, values: Values, written: pl.Expr, *, writer: Lines
) -> None:
    if sheet.has(subject):
        frame = sheet.frame.select(subject, values.column)
        shared = not sheet.is_distinct(subject)
        writer.add(frame, subject, values.predicate, written, shared=shared)


def _write_long(sheet: Sheet, subject: str, writer: Lines) -> None:
    frame = sheet.frame.select(subject, "c.parameterName", "r.measuredValue").drop_nulls()
    for group in frame.unique(maintain_order=True).partition_by("c.parameterName"):
        predicate = group["c.parameterName"][0]
        writer.add(group, subject, predicate, _literal(sheet, "measuredValue"))


def _write_types(sheet: Sheet, entity: Entity, writer: Lines) -> None:
    for name in names_of(sheet, entity.name):
        things = sheet.frame.select(name).drop_nulls()
        things = things if sheet.is_distinct(name) else things.unique(maintain_order=True)
        shared = not sheet.is_distinct(name)
        cls = _fallback(sheet, entity) or entity.cls
        for one in dict.fromkeys((entity.cls, cls)):
            writer.add(things, name, RDF + "type", pl.lit(f"<{one}>"), shared=shared)
        for role, by_role in entity.class_of:
            if sheet.has(f"i.{role}") and role == _first_source(sheet, entity):
                writer.add(things, name, RDF + "type", pl.lit(f"<{Q}{by_role}>"), shared=shared)
        for column in (f"c.{entity.named}", f"d.{entity.coded}"):
            if sheet.has(column):
                pairs = sheet.frame.select(name, column).drop_nulls()
                _add(sheet, pairs, RDF + "type", _iri(column), writer=writer)
        if entity.label and sheet.has(f"r.{entity.sources[0]}"):
            column = f"r.{entity.sources[0]}"
            pairs = sheet.frame.select(name, column).drop_nulls()
            _add(sheet, pairs, RDFS + "label", _quoted(sheet, column), writer=writer)


def _first_source(sheet: Sheet, entity: Entity) -> str:
    return next((role for role in entity.sources if sheet.has(f"i.{role}")), "")


def _fallback(sheet: Sheet, entity: Entity) -> str:
    """Return the class that the file's context gives to an entity, where no column names one."""
    if not entity.fallback_class or (entity.named and sheet.has(f"c.{entity.named}")):
        return ""
    return sheet.mapping.context.get(entity.fallback_class, "")


def _write_flags(sheet: Sheet, records: list[Record], writer: Lines) -> list[pl.DataFrame]:
    """Write the defects of flag columns; return each with its row."""
    node = next((one.node for one in records if one.node in ("operation", "inspection")), "")
    found = []
    for rows, defect, place in flag_defects(sheet, node):
        for cls in (Q + "Defect", defect):
            writer.add(rows, "d", RDF + "type", pl.lit(f"<{cls}>"))
        writer.add(rows, "d", place, _iri(f"e.{node}"))
        if sheet.has("e.item"):
            writer.add(rows, "d", Q + "foundOn", _iri("e.item"))
        found.append(rows.select(pl.col("d").alias("s"), pl.col(ROW)))
    return found


def _row_literal() -> pl.Expr:
    return pl.lit('"') + pl.col(ROW).cast(pl.String) + pl.lit(f'"^^<{XSD}integer>')


_LABELLED = {
    "defectName": "defect",
    "rootCauseName": "label",
    "mechanismName": "label",
    "parameterName": "change",
}


def _write_unresolved(sheet: Sheet, records: list[Record], writer: Lines) -> None:
    """Keep the text of a name that resolves to nothing, on the thing that it was said of."""
    for role in {one.role for one in sheet.unresolved}:
        said = any(
            rule.how == "role" and rule.value == role for one in records for rule in one.triples
        )
        if said or not sheet.has(f"c.{role}"):
            continue
        node = _LABELLED.get(role) or (records[0].node if records else "")
        predicate = RDFS + "label" if role in _LABELLED else Q + role
        for subject in names_of(sheet, node):
            waiting = sheet.frame.filter(pl.col(f"c.{role}").is_null())
            pairs = waiting.select(subject, f"r.{role}").drop_nulls()
            _add(sheet, pairs, predicate, _quoted(sheet, f"r.{role}"), writer=writer)


def _first_rows(
    sheet: Sheet, entities: list[str], more: Sequence[pl.DataFrame] = ()
) -> pl.DataFrame:
    """Return each thing with the first row that names it."""
    parts = [
        sheet.frame.select(pl.col(name).alias("s"), pl.col(ROW))
        for entity in entities
        for name in names_of(sheet, entity)
    ]
    if not (parts or more):
        return pl.DataFrame(schema={"s": pl.String, ROW: pl.Int64})
    all_parts = pl.concat([*parts, *more]).drop_nulls()
    return all_parts.group_by("s", maintain_order=True).agg(pl.col(ROW).min())
