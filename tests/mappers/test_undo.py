"""Decisions taken back on a real store: to the byte, never over what was built on them since."""

from dataclasses import replace
from pathlib import Path

import pytest

from qualweave.errors import Conflict
from qualweave.mappers.desk import Desk
from qualweave.mappers.memory import DecisionMemory
from qualweave.mappers.review.queue import queue
from qualweave.mappers.review.settle import Why
from qualweave.mappers.review.undo import undo
from tests.mappers.mixing import (
    CODES,
    PROCESS,
    RESULTS,
    WANG,
    data,
    decide,
    hand_in,
    requests,
    reviews,
    values,
)


def test_one_decision_settles_a_family_and_is_undone_as_a_whole(work: Desk, mixers: Path) -> None:
    before, memory = data(work), DecisionMemory.load(work.memory_path).decisions
    waiting = queue(work)
    documents = {one.source: one for one in work.library.documents()}

    review = decide(
        work,
        waiting,
        "SlurryViscosity",
        Why("choose", "the maker says so", family=waiting[0].family),
    )

    assert values(work, "SlurryViscosity") == [7, 7, 7, 8, 8, 8]
    assert queue(work) == []
    assert len(review.steps) == 3
    taken = undo(replace(work, principal=WANG), review.id, reason="it is another sensor").review

    assert data(work) == before
    assert DecisionMemory.load(work.memory_path).decisions == memory
    assert {one.family_size for one in queue(work)} == {3}
    assert set(requests(work).values()) == {"open"}
    for document in work.library.documents():
        assert document.columns == documents[document.source].columns
        assert document.records == documents[document.source].records
        assert work.library.versions(document.source) == [1, 2, 3]
        assert document.created_by == "wang.fang"
    assert [(one.action, one.by, one.reason) for one in reviews(work)] == [
        ("choose", "li.wei", "the maker says so"),
        ("undo", "wang.fang", "it is another sensor"),
    ]
    assert taken.undoes == review.id


def test_both_decision_and_undo_are_activities_of_persons(work: Desk, mixers: Path) -> None:
    review = decide(work, queue(work)[:1], "SlurryViscosity", Why("choose", "sure"))
    undo(replace(work, principal=WANG), review.id, reason="not sure")

    with work.store.snapshot() as snapshot:
        rows = snapshot.select(
            "SELECT ?who ?said ?mapping WHERE { ?r a prov:Activity ; prov:endedAtTime ?at ; "
            "prov:wasAssociatedWith ?who ; dcterms:description ?said ; prov:generated ?mapping "
            "FILTER(lang(?said) = 'en') } ORDER BY ?at"
        )
    told = [
        tuple(str(row[name].value).rsplit("/", 1)[-1] for name in ("who", "said", "mapping"))  # type: ignore[union-attr]
        for row in rows
    ]
    assert told == [
        ("li.wei", "li.wei chose a term for mystery (Mixer1) → q:SlurryViscosity: sure", "2"),
        ("wang.fang", "wang.fang undid a decision about mystery (Mixer1): not sure", "3"),
    ]


def test_an_undone_decision_can_be_made_again(work: Desk, mixers: Path) -> None:
    first = decide(work, queue(work), "SlurryViscosity", Why("choose"))
    once = data(work)
    undo(work, first.id, reason="a test")

    decide(work, queue(work), "SlurryViscosity", Why("choose"))

    assert {one.split(" ")[0] for one in data(work)} == {one.split(" ")[0] for one in once}
    assert values(work, "SlurryViscosity") == [7, 7, 7, 8, 8, 8]
    with pytest.raises(Conflict, match=r"was undone by li\.wei before"):
        undo(work, first.id, reason="again")


def test_what_was_built_on_a_decision_stands_in_the_way_and_is_named(
    work: Desk, tmp_path: Path
) -> None:
    hand_in(
        work, tmp_path, aoi__list=CODES.replace("code description", "riddle"), mes__process=PROCESS
    )
    first = decide(work, queue(work), "codeDescription", Why("choose"))
    (text,) = [one for one in queue(work) if one.kind == "text"]
    second = decide(work, [text], "Warpage", Why("choose"))

    with pytest.raises(Conflict, match=rf"Decision {second.id} by li.wei on riddle .* {first.id}"):
        undo(work, first.id, reason="wrong")

    undo(work, second.id, reason="wrong")
    undo(work, first.id, reason="wrong as well")
    left = {(one.question.column, one.kind) for one in queue(work)}
    assert left == {
        ("riddle", "new_term"),
        ("defect code", "text"),
    }  # a code without words is asked about


def test_undoing_a_text_takes_the_meaning_of_the_code_back_in_every_file(
    work: Desk, tmp_path: Path
) -> None:
    hand_in(work, tmp_path, aoi__list=CODES, mes__process=PROCESS, aoi__results=RESULTS)
    before = data(work)
    (text,) = queue(work)
    review = decide(work, [text], "Warpage", Why("choose"), retry=True)
    assert any("Warpage" in one and "results" in one for one in data(work))

    undo(work, review.id, reason="it is not")

    assert data(work) == before


def test_a_document_edited_since_is_not_undone_over(work: Desk, mixers: Path) -> None:
    (first, *_) = queue(work)
    review = decide(work, [first], "SlurryViscosity", Why("choose"))
    document = work.library.get(first.question.source)
    columns = [
        one.model_copy(update={"term": "q:TapDensity"}) if one.name == "mystery" else one
        for one in document.columns
    ]
    work.library.put(
        document.revised(columns=[one.model_dump() for one in columns], created_by="zhao")
    )

    with pytest.raises(Conflict, match=r"version 3 of its mapping, by zhao"):
        undo(work, review.id, reason="wrong")


def test_other_fields_of_a_source_keep_what_was_decided_of_them_later(
    work: Desk, tmp_path: Path
) -> None:
    two = "serial number,start time,mystery,enigma\nS1,2025-01-01 09:00:00,7,3\n"
    hand_in(work, tmp_path, Mixer1_20250101=two)
    by_column = {one.question.column: one for one in queue(work)}
    first = decide(work, [by_column["mystery"]], "SlurryViscosity", Why("choose"))
    decide(work, [by_column["enigma"]], "TapDensity", Why("choose"))

    undo(work, first.id, reason="wrong")

    assert values(work, "SlurryViscosity") == []
    assert values(work, "TapDensity") == [3]


def test_rows_that_could_be_lifted_only_by_a_decision_wait_again_once_it_is_undone(
    work: Desk, tmp_path: Path
) -> None:
    listed = CODES.replace("defect code", "riddle").replace("odd thing", "金线偏移")
    hand_in(work, tmp_path, mes__process=PROCESS, aoi__results=RESULTS, aoi__list=listed)
    before, held = data(work), len(work.quarantine.held())
    (question,) = queue(work)
    review = decide(work, [question], "defectCode", Why("choose"), retry=True)
    assert (held, len(work.quarantine.held())) == (1, 0)

    undo(work, review.id, reason="it is another number")

    assert data(work) == before
    assert len(work.quarantine.held()) == held
