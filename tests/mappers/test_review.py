"""The review of questions on a real store: families, memory with context, undo to the byte, asking again."""

import textwrap
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from qualweave.config import Settings
from qualweave.errors import Conflict, Forbidden, InputError, NotFound
from qualweave.iri import Q
from qualweave.mappers.answering import answer_question
from qualweave.mappers.desk import Aligner, Desk, desk
from qualweave.mappers.governance import requests_of
from qualweave.mappers.ingest import ingest
from qualweave.mappers.mapping import Decision
from qualweave.mappers.memory import DecisionMemory, SourceMemory
from qualweave.mappers.profile import FieldProfile
from qualweave.mappers.provenance import provenance
from qualweave.mappers.review.draft import TermDraft, filled_in, turtle
from qualweave.mappers.review.handing import hand_over
from qualweave.mappers.review.queue import Waiting, chosen, queue
from qualweave.mappers.review.reconsider import after_release, fresh, keep
from qualweave.mappers.review.record import Review, reviews_of
from qualweave.mappers.review.settle import Choice, Why, preview, settle
from qualweave.mappers.review.undo import undo
from qualweave.mappers.vocabulary import Vocabulary
from qualweave.ontology.load import load_graph
from qualweave.ontology.terms import TermIndex
from qualweave.principal import Principal
from qualweave.shapes.gate import ShapeGate
from qualweave.store.oxigraph import open_store
from tests.mappers.exact import Aligned, Candidate, exact

LI = Principal(id="li.wei", roles=frozenset({"engineer"}))
WANG = Principal(id="wang.fang", roles=frozenset({"engineer"}))
MIXER = """
    serial number,start time,mystery,tap density
    {id}1,2025-01-0{day} 09:00:00,7,1.5
    {id}2,2025-01-0{day} 09:01:00,8,1.6
"""
CODES = """
    equipment,defect code,code description,valid from
    AOI-A,127,odd thing,2024-01-01 00:00:00
"""
RESULTS = """
    equipment,serial number,defect code,result time,conforms
    AOI-A,S1,127,2025-01-01 10:00:00,NG
"""
PROCESS = "operation,equipment,serial number,start time\nOP1,WB-1,S1,2025-01-01 09:00:00\n"


@pytest.fixture(scope="module")
def terms() -> TermIndex:
    return TermIndex.from_graph(load_graph())


@pytest.fixture
def work(tmp_path: Path, terms: TermIndex) -> Iterator[Desk]:
    settings = Settings(data_dir=tmp_path / "data")
    store = open_store(settings.data_dir / "store", settings)
    yield desk(
        store=store, terms=terms, settings=settings, principal=LI, gate=ShapeGate(), aligner=exact
    )
    store.close()


def hand_in(work: Desk, folder: Path, **files: str) -> None:
    for name, text in files.items():
        path = folder / f"{name.replace('__', '/')}.csv"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(textwrap.dedent(text).lstrip(), "utf-8")
        ingest(
            path, store=work.store, terms=work.terms, settings=work.settings,
            principal=work.principal, gate=work.gate, aligner=work.aligner,
        )  # fmt: skip


@pytest.fixture
def mixers(work: Desk, tmp_path: Path) -> Path:
    """Three mixers of one kind that write a field nobody knows."""
    for number in (1, 2, 3):
        text = MIXER.format(id=f"M{number}", day=number)
        hand_in(work, tmp_path / "in", **{f"Mixer{number}_2025010{number}": text})
    return tmp_path / "in"


def data(work: Desk) -> frozenset[str]:
    work.store.publish()
    with work.store.snapshot() as snapshot:
        graphs = {one.graph for one in snapshot.graphs("data")}
        return frozenset(
            str(one) for one in snapshot.quads() if getattr(one.graph_name, "value", "") in graphs
        )


def reviews(work: Desk) -> list[Review]:
    with work.snapshot() as snapshot:
        return reviews_of(snapshot, tenant=work.tenant, base=work.settings.base_iri)


def requests(work: Desk) -> dict[str, str]:
    with work.snapshot() as snapshot:
        found = requests_of(snapshot, tenant=work.tenant, base=work.settings.base_iri)
    return {one.id: one.state for one in found}


def values(work: Desk, term: str) -> list[float]:
    work.store.publish()
    with work.store.snapshot() as snapshot:
        rows = snapshot.select(f"SELECT ?v WHERE {{ ?s q:{term} ?v }} ORDER BY ?v")
    return [float(row["v"].value) for row in rows]  # type: ignore[union-attr]


def decide(work: Desk, some: list[Waiting], term: str, why: Why, **more: bool) -> Review:
    iri = Q + term if term else ""
    return settle(work, [Choice(one.question, iri) for one in some], why, **more).review


def remembers(
    fields: Sequence[FieldProfile],
    terms: TermIndex,
    *,
    settings: Settings,
    memory: SourceMemory,
) -> list[Aligned]:
    """Suggest for a field nobody knows what a field of its name was given anywhere."""
    told = {one.field.name: one.terms[0] for one in memory.confirmations()}
    return [
        replace(one, decision="ask", ranked=(Candidate(told[one.field.name], 0.6, ()),))
        if one.field.name in told and not one.ranked
        else one
        for one in exact(fields, terms, settings=settings, memory=memory)
    ]


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


def suggests(*terms: str) -> Aligner:
    """Return an aligner that suggests some terms for a field nobody knows, the first first."""

    def aligner(
        fields: Sequence[FieldProfile],
        index: TermIndex,
        *,
        settings: Settings,
        memory: SourceMemory,
    ) -> list[Aligned]:
        return [
            one
            if one.ranked
            else replace(
                one,
                decision="ask",
                ranked=tuple(
                    Candidate(Q + term, 0.6 - 0.1 * at, ())
                    for at, term in enumerate(terms)
                    if Q + term not in memory.rejected(one.field)
                ),
            )
            for one in exact(fields, index, settings=settings, memory=memory)
        ]

    return aligner


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
