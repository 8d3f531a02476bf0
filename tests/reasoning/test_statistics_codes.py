"""A code in its scope agrees with the review more often than any one list for all machines."""

from pathlib import Path

import pytest

from qualweave.errors import NotEnoughEvidence
from qualweave.ontology.terms import TermIndex
from qualweave.reasoning.statistics.codes import code_accuracy
from tests.reasoning.stores import small

LISTS = """
<urn:a7> q:code "7" ; q:denotes q:Warpage ; q:inCodeList <urn:codelist/A/P> .
<urn:b7> q:code "7" ; q:denotes q:Flash ; q:inCodeList <urn:codelist/B/P> .
<urn:a8> q:code "8" ; q:denotes q:SinkMark ; q:inCodeList <urn:codelist/A/P> .
"""


def row(number: int, entry: str, reviewed: str) -> str:
    return f'n:{number} q:reviewedResult "{reviewed}" . d:{number} q:detectedIn n:{number} ; q:hasCode <urn:{entry}> .'


def test_scope_tells_two_meanings_of_one_number_apart(tmp_path: Path, terms: TermIndex) -> None:
    rows = [
        (1, "a7", "warpage"),
        (2, "b7", "飞边"),
        (3, "b7", "飞边"),
        (4, "a8", "warpage"),
        (5, "a8", "no words"),
    ]

    with small(tmp_path, LISTS + "\n".join(row(*one) for one in rows)) as snapshot:
        found = code_accuracy(snapshot, terms)

    assert (found.rows, found.unread) == (4, 1)
    assert found.scoped == pytest.approx(3 / 4)
    assert sorted(found.one_list.values()) == pytest.approx([1 / 4, 2 / 4])
    assert found.ambiguous == ("7",)
    assert "in its scope | 0.750" in found.to_text()


def test_without_reviews_there_is_no_accuracy(tmp_path: Path, terms: TermIndex) -> None:
    with small(tmp_path, LISTS) as snapshot, pytest.raises(NotEnoughEvidence):
        code_accuracy(snapshot, terms)
