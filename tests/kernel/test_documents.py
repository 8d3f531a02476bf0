"""Documents in YAML: every fault with its line, schemas for editors, files that are read again when they change."""

from pathlib import Path

import jsonschema
import pytest
from pydantic import BaseModel, ConfigDict

from qualweave.documents import HotDocument, json_schema, parse, validated
from qualweave.errors import InputError


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid")
    name: str
    size: int = 0


class _Whole(BaseModel):
    model_config = ConfigDict(extra="forbid")
    title: str
    parts: tuple[_Part, ...] = ()


def read(text: str, file: str = "d.yaml") -> _Whole:
    parsed = parse(text, file=file)
    return validated(_Whole, parsed.data, file=file, parsed=parsed)


def faults(text: str) -> list[tuple[int, str, str]]:
    with pytest.raises(InputError) as refusal:
        read(text)
    found = refusal.value.data["faults"]
    assert isinstance(found, list)
    return [(one["line"], one["key"], one["fix"]["en"]) for one in found]  # type: ignore[index,call-overload]  # JSON


def test_faults_stand_in_the_order_of_the_text_with_the_nearest_key() -> None:
    text = "titel: x\nparts:\n- name: a\n  sise: 1\n- {size: 2}\n"

    found = faults(text)

    assert [(line, key) for line, key, _ in found] == [
        (1, "title"),
        (1, "titel"),
        (4, "parts.0.sise"),
        (5, "parts.1.name"),
    ]
    assert found[1][2] == "Nearest: title."
    assert found[2][2] == "Nearest: size."


def test_a_key_that_stands_there_twice_is_a_fault_at_any_depth() -> None:
    assert [one[:2] for one in faults("title: x\nparts:\n- name: a\n  name: b\n")] == [
        (4, "parts.0.name")
    ]


def test_an_empty_text_is_refused_and_no_crash() -> None:
    assert faults("")[0][:2] == (1, "document")


def test_the_schema_is_one_that_validators_take() -> None:
    schema = json_schema(_Whole, title="a whole")

    jsonschema.Draft202012Validator.check_schema(schema)
    jsonschema.validate({"title": "x", "parts": [{"name": "a"}]}, schema)
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate({"title": "x", "more": 1}, schema)


def test_a_file_is_read_when_it_changed_and_a_broken_one_leaves_the_last_good(
    tmp_path: Path,
) -> None:
    path = tmp_path / "d.yaml"
    seen: list[str] = []

    def counted(text: str, file: str) -> _Whole:
        seen.append(text)
        return read(text, file)

    hot = HotDocument(path, counted)
    assert hot.get() == (None, None)
    path.write_text("title: a\n", "utf-8")
    first, _ = hot.get()
    assert hot.get()[0] is first
    path.write_text("titel: b\n", "utf-8")
    second, fault = hot.get()
    path.write_text("title: c\n", "utf-8")
    third, mended = hot.get()
    path.unlink()

    assert second is first
    assert fault is not None
    assert fault.data["line"] == 1
    assert third is not None
    assert (third.title, mended) == ("c", None)
    assert len(seen) == 3
    assert hot.get() == (None, None)


def test_a_key_that_overrides_a_merged_one_is_not_repeated() -> None:
    parsed = parse("base: &base\n  unit: V\nmine:\n  <<: *base\n  unit: A\n", file="m.yaml")

    assert parsed.data["mine"] == {"unit": "A"}
    assert list(parsed.repeated()) == []
    assert parsed.line_of(["mine", "unit"]) == 5
