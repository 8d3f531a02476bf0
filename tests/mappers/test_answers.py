"""Documents of answers: every form is read, and what would be passed by is refused with its line."""

from pathlib import Path

import pytest

from qualweave.errors import InputError
from qualweave.mappers.answers import load_answers, read_answers
from qualweave.mappers.drafting import Answer


@pytest.mark.parametrize(
    "text",
    [
        "- {field: 127, term: q:SpindleTorque}\n",
        "answers:\n- field: '127'\n  term: q:SpindleTorque\n",
        "127: q:SpindleTorque\n",
        "answers: {'127': q:SpindleTorque}\n",
        '[{"field": "127", "term": "q:SpindleTorque"}]',
    ],
)
def test_every_form_says_the_same(text: str) -> None:
    assert read_answers(text, file="a.yaml") == (Answer("127", "q:SpindleTorque"),)


def test_no_term_is_none_of_ours() -> None:
    assert read_answers("- field: a\n  term:\n- {field: b}\n", file="a.yaml") == (
        Answer("a", ""),
        Answer("b", ""),
    )


@pytest.mark.parametrize(
    ("text", "said", "step"),
    [
        (
            "- field: a\n  trem: q:X\n",
            r"line 2, key 0\.trem: there is no such key",
            "Nearest: term",
        ),
        ("answers:\n- field: a\nby: li\n", r"line 3, key by: there is no such key", "Correct"),
        ("- term: q:X\n", r"line 1, key 0\.field: Field required", "Correct"),
        ("- q:X\n", r"line 1, key 0", "Correct"),
        ("a: {term: q:X}\n", r"line 1, key a", "Correct"),
        ("a: q:X\na: q:Y\n", r"line 2, key a: the key stands there twice", "Keep one"),
        ("a: [\n", r"line 1: this is not YAML", "Correct"),
        ("q:X\n", r"a\.yaml holds no answers", "Give a list"),
        ("", r"a\.yaml holds no answers", "Give a list"),
    ],
)
def test_what_would_be_passed_by_is_refused(text: str, said: str, step: str) -> None:
    with pytest.raises(InputError, match=said) as refused:
        read_answers(text, file="a.yaml")

    assert step in refused.value.next_step


def test_what_came_as_bytes_has_a_name_of_its_own() -> None:
    with pytest.raises(InputError, match=r"^answers, line 1, key 0\.fiel: there"):
        load_answers(b"- {field: a, fiel: b}\n")


def test_answers_in_another_charset_are_refused(tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_bytes("# 工程师\n温度_℃: q:ChamberTemperature\n".encode("gbk"))

    with pytest.raises(InputError, match=r"^a\.yaml, line 1: there are bytes that are not UTF-8"):
        load_answers(tmp_path / "a.yaml")
