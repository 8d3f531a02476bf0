"""Aligning again what a decision or a release touches: told what changed, nothing mapped by it."""

from dataclasses import replace
from pathlib import Path

from qualweave.iri import Q
from qualweave.mappers.desk import Desk
from qualweave.mappers.mapping import Decision
from qualweave.mappers.review.queue import queue
from qualweave.mappers.review.reconsider import after_release, fresh, keep
from qualweave.mappers.review.settle import Why
from qualweave.mappers.vocabulary import Vocabulary
from qualweave.ontology.terms import TermIndex
from tests.mappers.mixing import (
    MIXER,
    decide,
    hand_in,
    remembers,
    reviews,
    suggests,
    values,
)


def test_a_decision_tells_which_other_questions_it_changes_and_maps_none_of_them(
    work: Desk, mixers: Path
) -> None:
    learning = replace(work, aligner=remembers)
    ids = [one.question.id for one in queue(learning)]
    (first, *_) = queue(learning)

    review = decide(learning, [first], "SlurryViscosity", Why("choose"))

    assert {(one["kind"], one["source"]) for one in review.changes} == {
        ("answered", "Mixer2"),
        ("answered", "Mixer3"),
    }
    assert values(work, "SlurryViscosity") == [7, 8]
    left = queue(learning)
    assert [one.best for one in left] == [Q + "SlurryViscosity"] * 2
    assert {one.kind for one in left} == {"field"}
    assert {one.question.id for one in left} < set(ids)  # who listed them before still finds them
    decide(learning, left, "SlurryViscosity", Why("accept", family=left[0].family))
    assert values(work, "SlurryViscosity") == [7, 7, 7, 8, 8, 8]


def test_what_was_rejected_comes_back_only_with_a_term_that_was_not_there(
    work: Desk, tmp_path: Path
) -> None:
    guessing = replace(work, aligner=suggests("TapDensity", "SlurryViscosity"))
    hand_in(guessing, tmp_path, Mixer1_20250101=MIXER.format(id="M1", day=1))
    (question,) = queue(guessing)
    assert [one.term for one in question.candidates] == ["q:TapDensity", "q:SlurryViscosity"]

    decide(guessing, [question], "", Why("reject", "neither"))

    assert list(after_release(guessing)) == []
    (again,) = after_release(replace(work, aligner=suggests("TapDensity", "MeltFlowIndex")))
    assert [(one.kind, one.column, one.after[0]) for one in again.changes] == [
        ("answered", "mystery", "q:MeltFlowIndex")
    ]
    assert work.library.get("Mixer1").column("mystery").decision is Decision.IGNORED  # type: ignore[union-attr]


def test_a_mapped_field_whose_term_is_gone_is_asked_about_and_keeps_its_data(
    work: Desk, mixers: Path, terms: TermIndex
) -> None:
    decide(work, queue(work)[:1], "SlurryViscosity", Why("choose"))
    source = reviews(work)[0].steps[0].source
    left = Vocabulary(
        concept
        for concept in work.vocabulary.below(Q + "Parameter")
        if concept.iri != Q + "SlurryViscosity"
    )
    later = replace(work, vocabulary=left)

    document = work.library.get(source)
    found = fresh(later, document, {"mystery"})

    (change,) = found.changes
    assert (change.kind, change.before[0]) == ("withdrawn", "q:SlurryViscosity")
    assert "不在本体中" in change.statement["zh"]
    assert found.document.column("mystery").decision is Decision.ASKED  # type: ignore[union-attr]
    keep(later, [found])
    assert values(work, "SlurryViscosity") == [7, 8]
