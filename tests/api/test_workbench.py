"""The workbench: what it says, in both languages, and that every example question has an answer."""

import re
from pathlib import Path
from urllib.parse import quote

import pytest

from qualweave.api.questioning import ask_question
from qualweave.api.workbench.chain import links_of, slots_of
from qualweave.api.workbench.content import (
    affected,
    ask,
    example_questions,
    examples_to_scan,
    figures,
    headings,
    table_of,
    words,
)
from qualweave.api.workbench.engineer import held_of, sources_of
from qualweave.api.workbench.review import families, offered
from qualweave.mappers.review.queue import queue
from qualweave.principal import Principal
from qualweave.reasoning.passport.shift import ShiftLot
from tests.api.conftest import Plant

READER = Principal(id="reader")


def test_every_sentence_and_question_has_both_languages() -> None:
    assert all(set(one) == {"en", "zh"} for one in words().values())
    assert len(example_questions()) == 10
    assert all({"en", "zh", "query"} == set(one) for one in example_questions())


@pytest.mark.parametrize("place", range(10))
def test_an_example_question_is_answered(plant: Plant, place: int) -> None:
    for language in ("en", "zh"):
        found = ask(plant.service, READER, example_questions()[place]["query"], language)

        assert found.problem == ""
        assert found.rows


def test_the_six_numbers_are_there(plant: Plant) -> None:
    found = figures(plant.service, READER, "zh")

    assert len(found) == 6
    assert all(value for _, value in found)


def test_a_broken_query_is_told_in_the_readers_language(plant: Plant) -> None:
    assert "无法解析" in ask(plant.service, READER, "SELECT", "zh").problem


def test_the_lot_story_counts_what_follows(plant: Plant) -> None:
    told = plant.oracle("incidents.json")["who-ate-this-lot"]

    found = affected(plant.service, READER, told["as_written"]["mes"], "en")

    assert str(len(told["scope"])) in found.problem
    assert sum(int(row["count"]) for row in found.rows) == len(told["scope"])


@pytest.mark.parametrize(
    "path",
    [
        "/",
        "/pages/questions",
        "/pages/live",
        "/pages/ontology",
        "/pages/floor",
        "/pages/texts",
        "/pages/programs",
    ],
)
@pytest.mark.parametrize("plant", [1], indirect=True, ids=["seed 1"])
def test_a_page_is_served_whole_in_both_languages(plant: Plant, path: str) -> None:
    for language, title in (("en", "Qualweave workbench"), ("zh", "工作台")):
        reply = plant.client.get(path, params={"lang": language})

        assert reply.status_code == 200
        assert title in reply.text or title.encode("unicode_escape").decode() in reply.text
        ours = ("https://w3id.org", "https://example.org", "https://id.gs1.org")
        assert all(one.startswith(ours) for one in re.findall(r"https://[^\s\"'<]+", reply.text))


def test_spans_are_highlighted_by_their_state_and_text_is_escaped() -> None:
    texts = pytest.importorskip("qualweave.api.workbench.texts")
    spans = [
        {"start": 7, "end": 14, "state": "present"},
        {"start": 7, "end": 14, "state": "present"},
        {"start": 0, "end": 3, "state": "negated"},
    ]

    made = texts.highlighted("<b> & scratch", spans)

    assert "&lt;b&gt;" in made
    assert made.count("<mark") == 2
    assert "line-through" in made


def test_a_misspelt_term_is_answered_with_the_nearest(plant: Plant) -> None:
    architect = pytest.importorskip("qualweave.api.workbench.architect")

    found = architect.described(plant.service, "warpge", "en")

    assert any("Warpage" in row["value"] for row in found.rows)
    assert architect.described(plant.service, "翘曲", "zh").rows[0]["value"].endswith("Warpage")


def test_every_column_of_the_catalogue_has_a_heading() -> None:
    folder = Path(__file__).parents[2] / "ontology/questions/rows"
    heads = [one.read_text("utf-8-sig").splitlines()[0] for one in folder.glob("*.csv")]
    columns = {name.split(" [")[0].strip() for head in heads for name in head.split(",")}

    assert len(columns) > 80
    assert columns - set(headings()) == set()
    assert all(one["en"] and one["zh"] for one in headings().values())


@pytest.mark.parametrize("plant", [1], indirect=True, ids=["seed 1"])
def test_an_answer_in_words_is_headed_with_units_and_short_numbers(plant: Plant) -> None:
    asked = ask_question(plant.service, "各产线的焊接电流平均值是多少？", principal=READER)

    found = table_of(plant.service, asked.found, "zh")

    assert found.columns == ("产线", "数量", "平均 [A]", "最小 [A]", "最大 [A]")
    assert all(len(one["平均 [A]"]) <= 7 for one in found.rows)


def test_what_is_offered_to_scan_can_be_scanned(plant: Plant) -> None:
    codes = examples_to_scan(plant.service, READER)

    pages = [
        plant.client.get(
            f"/shifts/{code}" if ShiftLot.looks_like(code) else f"/scan/{quote(code, safe='')}"
        )
        for code in codes
    ]
    assert len(codes) == 4
    assert [page.status_code for page in pages] == [200] * 4


def test_links_and_open_slots_are_told_in_rows() -> None:
    told = {
        "links": [
            {"child": "urn:x/pack", "parent": "urn:x/a", "confidence": 0.81},
            {"child": "urn:x/pack", "parent": "urn:x/b", "confidence": 0.973},
        ],
        "open_slots": [{"item": "urn:x/pack2", "reason": {"en": "ambiguous", "zh": "有歧义"}}],
    }

    links, slots = links_of(told), slots_of(told, "zh")

    assert [row["confidence"] for row in links.rows] == ["0.97", "0.81"]
    assert slots.rows == ({"item": "pack2", "reason": "有歧义"},)


def test_the_sources_page_lists_fields_questions_and_held_rows(plant: Plant) -> None:
    service = plant.service
    documents = service.desk(READER).library.documents()
    waiting = queue(service.desk(READER))

    sources = sources_of(documents)
    held = held_of(service.quarantine("plant"), "zh")
    assert len(sources.rows) == len(documents)
    assert sum(int(row["mapped"]) for row in sources.rows) > 0
    assert all(row["problem"] and row["fix"] for row in held.rows)
    assert sum(len(some) for some in families(waiting)) == len(waiting)
    for one in waiting:
        shares = [rival.probability for rival in one.candidates]
        assert sum(shares) <= 1 + 1e-9, (one.question.source, one.question.column)
        assert shares == sorted(shares, reverse=True)
        assert len(offered(one, str)) <= 3
