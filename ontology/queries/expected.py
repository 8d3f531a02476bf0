"""The rows that a question gives on the example plant, as they were reviewed (``ontology/questions/rows/ID.csv``).

They hold the columns that other work does not move. A question whose rows move by nature says why in its head.
"""

import csv
from collections.abc import Mapping, Sequence
from importlib.resources import files

from qualweave.errors import NotFound
from qualweave.ontology.queries.catalogue import Question


def expected_rows(question: Question) -> list[dict[str, str]]:
    """Return the rows that are expected of a question.

    Raises:
        NotFound: If none are kept for it.
    """
    file = files("qualweave.ontology").joinpath("questions", "rows", f"{question.id}.csv")
    if not file.is_file():
        raise NotFound(
            f"No rows are kept for the question {question.id!r}.",
            message_zh=f"问题“{question.id}”没有预期结果。",
            next_step=f"Review its rows and keep them as ontology/questions/rows/{question.id}.csv, "
            "or say in its head why they move.",
            next_step_zh=f"请复核结果并存为 ontology/questions/rows/{question.id}.csv，或在文件头说明其为何变动。",
            data={"question": question.id},
        )
    return list(csv.DictReader(file.read_text("utf-8").splitlines()))


def first_difference(
    expected: Sequence[Mapping[str, str]], rows: Sequence[Mapping[str, object]]
) -> str:
    """Return in words where rows differ from what is expected, ``""`` where they do not.

    Numbers are compared to nine digits, and nothing is an empty text.
    """
    if len(rows) != len(expected):
        return f"{len(rows)} rows where {len(expected)} are expected"
    for number, (wanted, given) in enumerate(zip(expected, rows, strict=True), start=1):
        for column, value in wanted.items():
            if column not in given:
                return f"row {number} has no column {column!r}"
            if _cell(given[column]) != _cell(value):
                return f"row {number}, column {column!r}: {_cell(given[column])!r} where {_cell(value)!r} is expected"
    return ""


def _cell(value: object) -> str:
    try:
        return f"{float(str(value)):.9g}"
    except ValueError:
        return "" if value is None else str(value)
