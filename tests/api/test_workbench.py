"""The workbench: what it says, in both languages, and that every example question has an answer."""

import pytest

from qualweave.api.workbench.content import affected, ask, example_questions, figures, words
from qualweave.principal import Principal
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


@pytest.mark.parametrize("plant", [1], indirect=True, ids=["seed 1"])
def test_the_page_is_served(plant: Plant) -> None:
    for language, title in (("en", "Qualweave workbench"), ("zh", "Qualweave 工作台")):
        reply = plant.client.get("/", params={"lang": language})

        assert reply.status_code == 200
        assert title in reply.text or "Qualweave" in reply.text
        assert "https://" not in reply.text.replace("https://w3id.org", "").replace(
            "https://example.org", ""
        ).replace("https://id.gs1.org", "")
