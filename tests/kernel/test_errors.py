"""Errors travel as problem documents and come back as what they were."""

import pytest

from qualweave.errors import (
    InputError,
    LimitExceeded,
    NotFound,
    QualweaveError,
    error_from_problem,
)


def _all(root: type[QualweaveError]) -> list[type[QualweaveError]]:
    return [root, *(kind for one in root.__subclasses__() for kind in _all(one))]


@pytest.mark.parametrize("kind", _all(QualweaveError), ids=lambda kind: kind.__name__)
def test_an_error_survives_its_problem_document(kind: type[QualweaveError]) -> None:
    error = kind(
        "What.",
        message_zh="何事。",
        next_step="Do.",
        next_step_zh="请做。",
        data={"nearest": ["a"], "limit": 3},
    )

    found = error_from_problem(error.problem())

    assert type(found) is kind
    assert (found.message, found.message_zh) == ("What.", "何事。")
    assert (found.next_step, found.next_step_zh) == ("Do.", "请做。")
    assert found.data == error.data


@pytest.mark.parametrize(
    ("status", "kind"),
    [(404, NotFound), (400, InputError), (503, LimitExceeded), (418, QualweaveError)],
)
def test_an_unknown_type_becomes_the_error_of_its_status(
    status: int, kind: type[QualweaveError]
) -> None:
    found = error_from_problem({"type": "about:blank", "status": status, "detail": "Hm."})

    assert type(found) is kind
    assert found.message == "Hm."


def test_no_datum_takes_the_place_of_a_member_of_the_problem() -> None:
    told = InputError("no", data={"status": "open", "type": "x", "file": "a.csv"}).problem()

    assert (told["status"], told["file"]) == (400, "a.csv")
    assert str(told["type"]).startswith("https://")
