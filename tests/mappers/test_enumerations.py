"""The values that a field takes tell what it means, where they are values of a term."""

from pathlib import Path

import orjson
import pytest

from qualweave.mappers.align import align_targets
from qualweave.mappers.align.files import align_files
from qualweave.mappers.align.signals import Vocabulary
from qualweave.mappers.align.target import TargetTerm
from qualweave.mappers.declared import DeclaredField, DeclaredValue
from qualweave.mappers.profile import FieldProfile, as_declared, field_from_facts

STATE = TargetTerm(
    id="state", labels={"en": ("execution",), "zh": ("执行状态",)}, values=("ACTIVE", "Feed Hold", "stopped", "1", "2")
)  # fmt: skip
OTHER = TargetTerm(
    id="other", labels={"en": ("door",), "zh": ("门",)}, values=("open", "closed", "1", "2")
)


def _column(*cells: str) -> FieldProfile:
    return field_from_facts(name="xq_17", samples=cells)


def _described(*values: DeclaredValue) -> FieldProfile:
    declared = DeclaredField(name="xq_17", id="d", values_are="code", values=values)
    return as_declared(field_from_facts(name="xq_17"), declared)


@pytest.mark.parametrize(
    ("field", "share"),
    [
        (_column("active", "feed_hold", "Stopped"), 1.0),
        (_column("active", "feedHold", "other", "none"), 0.5),
        (_column("active", "none"), 0.0),
        (_column("1", "2"), 0.0),
        (_described(DeclaredValue("1", {"en": "active"}), DeclaredValue("2", {"de": "Halt", "en": "feed hold"})), 1.0),
        (_described(DeclaredValue("ACTIVE"), DeclaredValue("STOPPED"), DeclaredValue("READY")), 2 / 3),
    ],
    ids=["all", "half", "one is chance", "numbers", "names of codes", "codes"],
)  # fmt: skip
def test_two_shared_values_or_more_are_evidence(field: FieldProfile, share: float) -> None:
    vocabulary = Vocabulary((STATE, OTHER))

    assert vocabulary.enumerations.signals(field)["values"] == pytest.approx([share, 0.0])


def test_the_sentence_names_the_shared_values() -> None:
    (found,) = align_targets([_column("active", "feed_hold", "x")], Vocabulary((STATE, OTHER)))

    assert found.ranked[0].term == "state"
    (why,) = [one for one in found.ranked[0].evidence if one.kind == "values"]
    assert (
        why.in_language("en")
        == "67% of the values of 'xq_17' are values of 'execution': active, feed_hold."
    )
    assert why.in_language("zh") == "“xq_17”的取值中有 67% 是“执行状态”的取值：active, feed_hold。"


def test_a_list_of_terms_may_tell_its_values(tmp_path: Path) -> None:
    terms = [
        {"id": "a", "label": {"en": "lubrication"}, "values": ["manual", "central"]},
        {"id": "b", "label": {"en": "mode"}, "values": ["setup", "automatic"]},
    ]
    (tmp_path / "t.json").write_bytes(orjson.dumps(terms))
    (tmp_path / "f.jsonl").write_bytes(
        orjson.dumps({"id": "1", "name": "xq", "samples": ["SETUP", "AUTOMATIC"]})
    )

    align_files(tmp_path / "f.jsonl", tmp_path / "t.json", tmp_path / "p.jsonl")

    assert orjson.loads((tmp_path / "p.jsonl").read_bytes())["ranked"][0][0] == "b"
