"""Lists for `qualweave align`: what is handed in and has no effect is told, what is no field is refused."""

import json
from pathlib import Path

import pytest

from qualweave.errors import UnreadableSource
from qualweave.mappers.align.files import align_files, read_fields


def lines(path: Path, *rows: dict[str, object]) -> Path:
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), "utf-8")
    return path


def test_what_has_no_effect_is_told(tmp_path: Path) -> None:
    terms = lines(tmp_path / "t.jsonl", {"id": "t1", "label": {"en": "temperature"}})
    fields = lines(tmp_path / "f.jsonl", {"id": "a", "name": "T"}, {"id": "a", "name": "P"})
    confirmed = lines(
        tmp_path / "c.jsonl", {"id": "1", "name": "Temp", "gold": ["t9"]}, {"id": "2", "name": "x"}
    )
    told: list[str] = []

    align_files(fields, terms, tmp_path / "p.jsonl", confirmed=confirmed, told=told.append)

    assert told == [
        "f.jsonl: ids that stand on several lines, so that their answers cannot be told apart: 1, 'a' first.",
        "c.jsonl: fields without 'gold', which teach nothing: 1 of 2.",
        "c.jsonl: fields of terms that the vocabulary lacks, which teach nothing: 1, 't9' of 'Temp' first.",
    ]


def test_a_name_that_is_no_text_is_refused_with_its_line(tmp_path: Path) -> None:
    fields = lines(tmp_path / "f.jsonl", {"id": "a", "name": "T"}, {"id": "b", "name": ["T"]})

    with pytest.raises(UnreadableSource, match=r"f\.jsonl, line 2: not a field \(its name is no text\)"):  # fmt: skip
        read_fields(fields)
