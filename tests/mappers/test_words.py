"""What the parts of a name say, by the language that it is written in."""

from qualweave.mappers.align.words import words


def test_a_die_is_a_tool_in_english_and_an_article_in_german() -> None:
    assert words("die temperature") == {"die", "temperature"}
    assert "die" not in words("die Temperatur", language="de")
