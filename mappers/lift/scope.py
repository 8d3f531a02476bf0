"""Codes of a sheet in their scope: machine, programme and time of the row that carries them (R63)."""

import polars as pl

from qualweave.mappers.codes import CodeAnswer, CodeBook, CodeHit, CodeMiss
from qualweave.mappers.lift.batch import Batch, segment
from qualweave.mappers.lift.code_problems import code_problem
from qualweave.mappers.lift.entities import entity_iri
from qualweave.mappers.lift.plan import record_table
from qualweave.mappers.lift.sheet import Sheet
from qualweave.mappers.table import ROW

_TIMES = ("resultTime", "eventTime", "startedAt", "recordedAt")


def resolve_codes(sheet: Sheet, codes: CodeBook) -> None:
    """Add entry (``k.ROLE``) and concept (``d.ROLE``) of every code; a code without a meaning holds its row."""
    for role, kind in record_table().roles.items():
        if kind == "code" and sheet.has(f"r.{role}"):
            _resolve_code_role(sheet, role, codes)


def _coded_rows(sheet: Sheet, role: str) -> pl.DataFrame:
    """Return every row that carries a code, with what scopes it: machine, programme, time, and the row's own words."""
    batch, nothing = sheet.batch, pl.lit(None, dtype=pl.String)
    said = f"r.{role.removesuffix('Code')}Text"
    time = next((one for one in _TIMES if sheet.has(f"r.{one}")), "")
    keys = sheet.frame.select(
        pl.col(ROW),
        pl.col(f"r.{role}").alias("code"),
        entity_iri(sheet, record_table().entities["equipment"], batch).alias("machine"),
        entity_iri(sheet, record_table().entities["firmware"], batch).alias("programme"),
        (pl.col(f"r.{time}") if time else nothing).alias("at"),
        (pl.col(said) if sheet.has(said) else nothing).alias("said"),
    )
    if sheet.has("r.conforms"):
        # A pass needs no defect: its code says "none" in the words of the machine.
        keys = keys.filter((sheet.frame["r.conforms"] != "true").fill_null(value=True))
    return keys.filter(pl.col("code").is_not_null())


def _resolve_code_role(sheet: Sheet, role: str, codes: CodeBook) -> None:
    """Resolve each distinct (code, machine, programme, time) in its scope; misses put rows aside."""
    batch = sheet.batch
    column = sheet.columns_of[role][0].name if role in sheet.columns_of else role
    found: dict[int, tuple[str, str]] = {}
    cache: dict[tuple[str, str, str, str], CodeAnswer] = {}
    for row, code, machine, programme, at, said in _coded_rows(sheet, role).iter_rows():
        key = (code, machine or "", programme or "", at or "")
        answer = cache.get(key) or cache.setdefault(key, codes.resolve(*key))
        if isinstance(answer, CodeHit):
            found[row] = (answer.entry.iri, answer.entry.denotes)
        elif said and machine:
            # The alarm log itself says what its code means on this machine.
            found[row] = (_own_entry(batch, machine, code), "")
        elif isinstance(answer, CodeMiss):
            scope = (machine or "", programme or "", at or "")
            sheet.problems.append(
                code_problem(
                    answer, row=row, column=column, code=code, scope=scope,
                    vocabulary=sheet.vocabulary, file=batch.file_name,
                )
            )  # fmt: skip
    rows = sheet.frame[ROW].to_list()
    sheet.put(f"k.{role}", pl.Series([found.get(row, (None,))[0] for row in rows], dtype=pl.String))
    denoted = [found.get(row, ("", ""))[1] or None for row in rows]
    sheet.put(f"d.{role}", pl.Series(denoted, dtype=pl.String))


def _own_entry(batch: Batch, machine: str, code: str) -> str:
    return f"{batch.prefix('code')}{machine.rsplit('/', 1)[-1]}/{segment(code)}"
