"""The review of questions on a real store: families, previews, decisions, memory with context, who may."""

from dataclasses import replace
from pathlib import Path

import pytest

from qualweave.errors import Conflict, Forbidden, InputError, NotFound
from qualweave.iri import Q
from qualweave.mappers.answering import answer_question
from qualweave.mappers.desk import Desk
from qualweave.mappers.mapping import Decision
from qualweave.mappers.memory import DecisionMemory
from qualweave.mappers.provenance import provenance
from qualweave.mappers.review.draft import TermDraft, filled_in, turtle
from qualweave.mappers.review.handing import hand_over
from qualweave.mappers.review.misfit import misfits
from qualweave.mappers.review.queue import chosen, queue
from qualweave.mappers.review.settle import Choice, Why, preview, settle
from qualweave.mappers.review.undo import undo
from qualweave.principal import Principal
from tests.mappers.mixing import (
    MIXER,
    data,
    decide,
    hand_in,
    reviews,
)


def test_the_same_field_of_three_mixers_is_one_family(work: Desk, mixers: Path) -> None:
    waiting = queue(work)

    assert {one.question.column for one in waiting} == {"mystery"}
    assert {one.family_size for one in waiting} == {3}
    assert len({one.family for one in waiting}) == 1
    assert waiting[0].kind == "new_term"
    assert waiting[0].to_json()["samples"] == ["7", "8"]
    assert "申请新增术语" in waiting[0].statement["zh"]


def test_a_preview_tells_files_and_rows_and_changes_nothing(work: Desk, mixers: Path) -> None:
    waiting, before = queue(work), data(work)

    told = preview(work, [Choice(one.question, Q + "TapDensity") for one in waiting])

    assert told["rows"] == 6
    assert [one["file"] for one in told["files"]] == [  # type: ignore[index, union-attr]
        f"Mixer{one}_2025010{one}.csv" for one in (1, 2, 3)
    ]
    assert (data(work), reviews(work), len(queue(work))) == (before, [], 3)


def test_memory_keeps_unit_device_family_and_reason(work: Desk, tmp_path: Path) -> None:
    hand_in(
        work,
        tmp_path,
        Oven3_20250301="# machine: OV-3\n# manufacturer: Kilnworks\nserial number,start time,puzzle\n,,°C\nS1,2025-01-01 09:00:00,181\n",
    )

    decide(work, queue(work), "ChamberTemperature", Why("choose", "drawing 4711"))

    (known,) = DecisionMemory.load(work.memory_path).decisions
    assert (known.field, known.term, known.unit) == ("puzzle", Q + "ChamberTemperature", "°C")
    assert known.device.startswith("OV-3")
    assert known.family == Q + "Oven"
    assert known.vendor == "Kilnworks"
    assert known.reason == "drawing 4711"
    (told,) = DecisionMemory.load(work.memory_path).of("other").confirmations()
    assert told.field.unit_text == "°C"
    assert told.field.context is not None
    assert told.field.context.device == known.device


def test_a_rejection_takes_a_reason_and_leaves_the_field_out(work: Desk, mixers: Path) -> None:
    (first, *_) = queue(work)

    with pytest.raises(InputError, match="without a reason"):
        settle(work, [Choice(first.question, "")], Why("reject", "  "))
    decide(work, [first], "", Why("reject", "a counter of the controller"))

    column = work.library.get(first.question.source).column("mystery")
    assert column is not None
    assert column.decision is Decision.IGNORED
    assert "a counter of the controller" in column.evidence[0].statement["en"]
    assert len(queue(work)) == 2
    hand_in(work, mixers, Mixer1_20250109=MIXER.format(id="M9", day=9))
    assert len(queue(work)) == 2


def test_a_value_of_a_decided_field_leads_to_file_row_and_who_decided(
    work: Desk, mixers: Path
) -> None:
    (first, *_) = queue(work)
    decide(work, [first], "SlurryViscosity", Why("choose"))

    with work.store.snapshot() as snapshot:
        rows = snapshot.select("SELECT ?s WHERE { ?s q:SlurryViscosity 8.0 }")
        (origin,) = provenance(snapshot, rows[0]["s"].value, Q + "SlurryViscosity")  # type: ignore[union-attr]

    assert (origin.file_name, origin.row, origin.columns) == (
        "Mixer1_20250101.csv",
        3,
        ("mystery",),
    )
    assert origin.decided_by == ("li.wei",)


def test_unknown_questions_and_decisions_are_said_to_be_so(work: Desk, mixers: Path) -> None:
    with pytest.raises(NotFound, match="no open question beef"):
        chosen(queue(work), ids=["beef"])
    with pytest.raises(Conflict, match="No question is named"):
        chosen(queue(work))
    with pytest.raises(NotFound, match="no decision beef"):
        undo(work, "beef", reason="x")
    with pytest.raises(InputError, match="takes a reason"):
        undo(work, "beef", reason=" ")


def test_an_answer_by_its_id_is_a_decision_like_any_other(work: Desk, mixers: Path) -> None:
    (first, *_) = queue(work)

    answer_question(work, first.question.id, "q:SlurryViscosity", reason="as told")

    (review,) = reviews(work)
    assert (review.action, review.reason, review.requests) == (
        "choose",
        "as told",
        (first.question.id,),
    )


def test_a_question_that_is_handed_on_stays_open_and_the_note_can_be_taken_back(
    work: Desk, mixers: Path
) -> None:
    (first, *_) = queue(work)
    with pytest.raises(InputError, match="takes a reason"):
        hand_over(work, [first], to="zhao.min", reason=" ")

    review = hand_over(work, [first], to="zhao.min", reason="which sensor is it?")

    asked = {one.question.id: one for one in queue(work)}[first.question.id]
    assert [(one.by, one.to, one.reason) for one in asked.handovers] == [
        ("li.wei", "zhao.min", "which sensor is it?")
    ]
    undo(work, review.id, reason="asked the wrong person")
    assert all(one.handovers == () for one in queue(work))
    assert len(queue(work)) == 3


def test_only_engineers_decide_and_undo(work: Desk, mixers: Path) -> None:
    reader = replace(work, principal=Principal(id="x", roles=frozenset({"reader"})))
    review = decide(work, queue(work)[:1], "SlurryViscosity", Why("choose"))

    with pytest.raises(Forbidden):
        decide(reader, queue(work), "SlurryViscosity", Why("choose"))
    with pytest.raises(Forbidden):
        undo(reader, review.id, reason="x")


def test_a_draft_is_filled_in_from_the_field_and_refused_without_a_label(
    work: Desk, mixers: Path
) -> None:
    draft = filled_in(queue(work))

    assert (draft.name, draft.label_en, draft.parent) == ("Mystery", "mystery", "q:Parameter")
    assert "7, 8" in draft.example_zh
    with pytest.raises(InputError, match="lacks label_zh"):
        turtle(draft)
    with pytest.raises(InputError, match="UpperCamelCase"):
        turtle(draft.over(TermDraft(name="mystery", label_zh="谜")))
    assert "q:Mystery" in turtle(draft.over(TermDraft(label_zh="谜", unit="Cel")))


WORDS = """
    serial number,start time,mystery,tap density
    W1,2025-01-01 09:00:00,hot,1.5
    W2,2025-01-01 09:01:00,cold,1.6
    W3,2025-01-01 09:02:00,7,1.6
"""


def test_a_term_that_cannot_read_the_values_is_refused_until_it_is_forced(
    work: Desk, tmp_path: Path
) -> None:
    hand_in(work, tmp_path / "in", Mixer9_20250101=WORDS)
    (waiting,) = queue(work)

    with pytest.raises(Conflict, match="1 of 3 sampled values can be read as a number") as refused:
        answer_question(work, waiting.question.id, "q:ChamberTemperature")
    assert queue(work) == [waiting]
    report = answer_question(work, waiting.question.id, "q:ChamberTemperature", force=True)

    (told,) = refused.value.data["unreadable"]  # type: ignore[misc]  # a list of one
    assert told["term"] == "q:ChamberTemperature"  # type: ignore[index, call-overload]
    assert "3 个抽样值中有 1 个可读作数值" in refused.value.message_zh
    assert "--yes" in refused.value.next_step
    assert report.total("rows_quarantined") == 2


def test_what_a_term_wants_is_told(work: Desk, tmp_path: Path) -> None:
    hand_in(work, tmp_path / "in", Mixer9_20250101=WORDS)
    (waiting,) = queue(work)
    terms = (
        "ChamberTemperature", "resultTime", "Warpage", "conforms", "operatorIdentifier", "defectName",
    )  # fmt: skip

    found = misfits(work, [Choice(waiting.question, Q + one) for one in terms])

    assert {one.term: one.wanted for one in found} == {
        "q:ChamberTemperature": "number",
        "q:resultTime": "time",
        "q:Warpage": "boolean",
        "q:conforms": "boolean",
    }


def test_a_parameter_without_a_unit_is_text_where_its_values_are(
    work: Desk, tmp_path: Path
) -> None:
    hand_in(work, tmp_path / "in", Mixer9_20250101=WORDS)
    (waiting,) = queue(work)
    unitless = next(
        one.iri
        for one in work.terms
        if work.vocabulary.is_parameter(one.iri) and not work.vocabulary.unit(one.iri)
    )

    report = settle(work, [Choice(waiting.question, unitless)], Why("choose")).report

    assert report.total("rows_quarantined") == 0
    assert work.library.get("Mixer9").column("mystery").datatype == "text"  # type: ignore[union-attr]
