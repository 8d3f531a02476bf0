"""Flag columns: one column per kind of defect, with yes or no in it, as many test benches export.

A column that is mapped to a defect class says of each row whether that defect was there. Where it was, the row
has a defect of that class, found on its item and placed in its operation or inspection.
"""

import polars as pl

from qualweave.iri import Q, local_name
from qualweave.mappers.lift.sheet import Sheet


def flag_defects(sheet: Sheet, node: str) -> list[tuple[pl.DataFrame, str, str]]:
    """Return per flag the rows that have the defect, with its IRI in column ``d``.

    Args:
        sheet: The sheet, entities in place.
        node: Entity that the defect is placed in: the operation or the inspection.

    Returns:
        Frame, class of the defect, and predicate that places it.
    """
    place = "detectedIn" if node == "inspection" else "occurredInProcess"
    prefix = sheet.batch.prefix("defect")
    found = []
    for flag in sheet.flags:
        if not sheet.has(f"e.{node}"):
            continue
        tail = pl.col(f"e.{node}").str.strip_prefix(sheet.batch.prefix(node))
        iri = pl.lit(prefix) + tail + pl.lit("/" + local_name(flag.defect))
        rows = sheet.frame.filter(pl.col(flag.column) == "true").with_columns(iri.alias("d"))
        found.append((rows, flag.defect, Q + place))
    return found
