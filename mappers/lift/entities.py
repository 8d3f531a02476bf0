"""The things that rows name: their IRIs as columns of the sheet, by the entity table."""

import numpy as np
import polars as pl

from qualweave.mappers.lift.batch import Batch, segment
from qualweave.mappers.lift.plan import Entity, record_table
from qualweave.mappers.lift.sheet import Sheet, is_gs1
from qualweave.mappers.table import ROW


def full_iri(segment: pl.Expr, prefix: str) -> pl.Expr:
    """Return the IRI of a segment; a GS1 IRI is one already."""
    return pl.when(is_gs1(segment)).then(segment).otherwise(pl.lit(prefix) + segment)


def entity_iri(sheet: Sheet, entity: Entity, batch: Batch) -> pl.Expr:
    """Return the IRI of an entity per row, null where the row names none."""
    prefix = batch.prefix(entity.kind)
    options = [
        full_iri(pl.col(f"i.{role}"), prefix) for role in entity.sources if sheet.has(f"i.{role}")
    ]
    options += [
        full_iri(encoded_concept_text(sheet, role), prefix)
        for role in entity.sources
        if not sheet.has(f"i.{role}") and sheet.has(f"r.{role}")
    ]
    return pl.coalesce(options) if options else pl.lit(None, dtype=pl.String)


def encoded_concept_text(sheet: Sheet, role: str) -> pl.Expr:
    """Return the text of a role that is no identifier as an IRI segment."""
    texts = sheet.frame[f"r.{role}"]
    known = {text: segment(text) for text in texts.drop_nulls().unique().to_list()}
    if not known:
        return pl.lit(None, dtype=pl.String)
    return pl.col(f"r.{role}").replace_strict(known, default=None, return_dtype=pl.String)


def names_of(sheet: Sheet, entity: str) -> list[str]:
    """Return the columns that hold an entity's IRIs: one, or several for an ``each`` entity."""
    return [
        name
        for name in sheet.frame.columns
        if name == f"e.{entity}" or name.startswith(f"e.{entity}.")
    ]


def put_entity(sheet: Sheet, entity: Entity) -> None:
    """Add the IRIs of an entity to the sheet, as ``e.NAME``; null where a row names none."""
    batch = sheet.batch
    if entity.each:
        columns = [name for role in entity.each for name in sheet.multiple.get(role, [])]
        for place, name in enumerate(columns):
            sheet.frame = sheet.frame.with_columns(
                full_iri(pl.col(name), batch.prefix(entity.kind)).alias(f"e.{entity.name}.{place}")
            )
        return
    target = f"e.{entity.name}"
    if entity.part_of:
        _put_part(sheet, entity, target)
        return
    own = entity_iri(sheet, entity, batch)
    options = [own]
    composed = [
        _composed(sheet, roles, batch.prefix(entity.kind))
        for roles in entity.compose
        if all(sheet.has(f"r.{role}") for role in roles)
    ]
    if composed:
        unnamed = pl.when(own.is_null()).then(pl.coalesce(composed))
        sheet.frame = sheet.frame.with_columns(unnamed.alias("tmp"))
        if not sheet.has("r.measuredValue"):
            # Two wide rows with one composed identity are two things: the row tells them apart.
            again = _again(sheet, entity.name, "tmp")
            sheet.frame = sheet.frame.with_columns(pl.when(~again).then(pl.col("tmp")).alias("tmp"))
        options.append(pl.col("tmp"))
    if entity.row:
        options.append(_row_iri(sheet, entity.kind))
    sheet.frame = sheet.frame.with_columns(pl.coalesce(options).alias(target)).drop(
        "tmp", strict=False
    )


def _again(sheet: Sheet, entity: str, column: str) -> pl.Expr:
    """Return whether other rows of the table have the identity of a row."""
    if sheet.repeated is None:
        return pl.col(column).is_duplicated()
    texts = sheet.frame[column]
    hashes = texts.hash().to_numpy()
    sheet.identities.setdefault(entity, []).append(hashes[texts.is_not_null().to_numpy()])
    known = sheet.repeated.get(entity)
    return pl.lit(pl.Series(known.has(hashes) if known else np.zeros(len(hashes), dtype=bool)))


def _row_iri(sheet: Sheet, kind: str) -> pl.Expr:
    prefix = sheet.batch.prefix(kind) + sheet.batch.row_prefix
    return pl.lit(prefix) + pl.col(ROW).cast(pl.String)


def _composed(sheet: Sheet, roles: tuple[str, ...], prefix: str) -> pl.Expr:
    parts: list[pl.Expr] = [pl.lit(prefix[:-1])]
    for role in roles:
        known = sheet.has(f"i.{role}")
        plain = record_table().roles[role] == "time"
        part = pl.col(f"i.{role}" if known else f"r.{role}")
        if not known and not plain:
            part = encoded_concept_text(sheet, role)
        # A GS1 IRI inside an identity keeps its path only.
        parts.append(pl.lit("/") + part.str.replace("https://id.gs1.org/", "", literal=True))
    return pl.concat_str(parts)


def _put_part(sheet: Sheet, entity: Entity, target: str) -> None:
    whole = record_table().entities[entity.part_of]
    if not names_of(sheet, whole.name):
        put_entity(sheet, whole)
    there = [name for role in entity.parts for name in (f"r.{role}",) if sheet.has(name)]
    if not there:
        sheet.frame = sheet.frame.with_columns(pl.lit(None, dtype=pl.String).alias(target))
        return
    exists = pl.any_horizontal([pl.col(name).is_not_null() for name in there])
    if entity.unless_true and sheet.has(f"r.{entity.unless_true}"):
        exists = exists & (pl.col(f"r.{entity.unless_true}") != "true").fill_null(value=True)
    tail = pl.col(f"e.{whole.name}").str.strip_prefix(sheet.batch.prefix(whole.kind))
    own = pl.lit(sheet.batch.row_prefix) + pl.col(ROW).cast(pl.String)
    if not entity.numbered:
        texts = [encoded_concept_text(sheet, name[2:]) for name in there]
        own = pl.coalesce([*texts, own])
    iri = pl.lit(sheet.batch.prefix(entity.kind)) + tail + pl.lit("/") + own
    sheet.frame = sheet.frame.with_columns(pl.when(exists).then(iri).alias(target))
    again = _again(sheet, entity.name, target) & pl.col(target).is_not_null()
    apart = pl.col(target) + pl.lit("/") + pl.col(ROW).cast(pl.String)
    sheet.frame = sheet.frame.with_columns(
        pl.when(again).then(apart).otherwise(pl.col(target)).alias(target)
    )
