"""Similar cases, own values beside the usual, and what is said to cause a defect."""

from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

from qualweave.errors import InputError
from qualweave.iri import Q
from qualweave.ontology.terms import TermIndex
from qualweave.reasoning.causes.links import causal_statements
from qualweave.reasoning.decisions.cases import (
    Situation,
    own_values,
    similar_cases,
    situation_of,
)
from qualweave.store.port import Snapshot
from tests.reasoning.stores import PREFIXES, iri, small

RUNS = "\n".join(
    f"o:R{n} a q:Operation, q:InjectionMoulding ; q:onLine l:A ; q:CoolingTime {20 + n % 3} . i:R{n} q:producedBy o:R{n} ."
    for n in range(12)
)
PLANT = f"""{PREFIXES}
{RUNS}
o:B a q:Operation, q:InjectionMoulding ; q:onLine l:A ; q:CoolingTime 12 . i:B q:producedBy o:B .
d:B a q:Warpage, q:Defect ; q:foundOn i:B .
c:near a q:QualityCase ; q:caseCode "N1" ; q:caseDefect q:Warpage ; q:caseProcess q:InjectionMoulding ; q:onLine l:A ; q:CoolingTime 12.5 .
c:far a q:QualityCase ; q:caseDefect q:Warpage ; q:caseProcess q:InjectionMoulding ; q:onLine l:A ; q:CoolingTime 30 .
c:kin a q:QualityCase ; q:caseDefect q:DimensionalInaccuracy ; q:caseProcess q:DieCasting ; q:CoolingTime 12 .
c:other a q:QualityCase ; q:caseDefect q:Scratch ; q:caseProcess q:Milling .
i:lab1 a q:RootCauseLabel ; q:hasCause q:CoolingTime ; q:hasEffect q:Warpage ; q:viaMechanism q:ResidualStress ; q:labelledBy i:li .
i:lab2 a q:RootCauseLabel ; q:hasCause q:CoolingTime ; q:hasEffect q:Warpage ; q:viaMechanism q:ResidualStress ; q:labelledBy i:wu .
i:ref a q:RefutedLink ; q:hasCause q:Humidity ; q:hasEffect q:Warpage ; q:linkStrength 0.9 .
i:pre a q:PredictedLink ; q:hasCause q:MouldTemperature ; q:hasEffect q:Warpage ; q:linkStrength 0.7 ; q:causeDirection "high" .
"""


@pytest.fixture
def snapshot(tmp_path: Path) -> Iterator[Snapshot]:
    with small(tmp_path, PLANT) as found:
        yield found


@pytest.fixture
def graphs(snapshot: Snapshot) -> Sequence[str]:
    return [one.graph for one in snapshot.graphs(tenant="plant")]


def test_a_situation_is_read_from_a_bad_item(
    snapshot: Snapshot, terms: TermIndex, graphs: Sequence[str]
) -> None:
    found = situation_of(snapshot, terms, iri("item", "B"), graphs=graphs)

    assert found == Situation(
        Q + "Warpage", Q + "InjectionMoulding", iri("line", "A"), {Q + "CoolingTime": 12.0}
    )


def test_cases_are_ranked_by_what_was_asked_and_nothing_else(
    snapshot: Snapshot, terms: TermIndex, graphs: Sequence[str]
) -> None:
    wanted = situation_of(snapshot, terms, iri("item", "B"), graphs=graphs)

    found = similar_cases(snapshot, terms, wanted, graphs=graphs)
    by_defect = similar_cases(snapshot, terms, Situation(defect=Q + "Warpage"), graphs=graphs)

    assert [one.known.code for one in found] == ["N1", "far", "kin"]
    assert found[0].score > 0.9
    assert [one.kind for one in found[0].evidence] == ["defect", "process", "line", "settings"]
    assert {one.known.code: one.score for one in by_defect} == {"N1": 1.0, "far": 1.0, "kin": 0.5}


def test_nothing_to_compare_is_refused(
    snapshot: Snapshot, terms: TermIndex, graphs: Sequence[str]
) -> None:
    with pytest.raises(InputError):
        similar_cases(snapshot, terms, Situation(), graphs=graphs)


def test_without_permitted_graphs_no_case_is_seen(snapshot: Snapshot, terms: TermIndex) -> None:
    assert similar_cases(snapshot, terms, Situation(defect=Q + "Warpage"), graphs=[]) == []


def test_a_value_off_the_lines_good_runs_stands_out(
    snapshot: Snapshot, terms: TermIndex, graphs: Sequence[str]
) -> None:
    wanted = situation_of(snapshot, terms, iri("item", "B"), graphs=graphs)

    (found,) = own_values(snapshot, wanted, graphs=graphs)

    assert (found.parameter, found.value, found.usual) == (Q + "CoolingTime", 12.0, 21.0)
    assert found.score is not None
    assert found.score < -2


def test_without_enough_good_runs_nothing_is_called_unusual(
    snapshot: Snapshot, graphs: Sequence[str]
) -> None:
    elsewhere = Situation(line=iri("line", "Z"), settings={Q + "CoolingTime": 12.0})

    assert [one.score for one in own_values(snapshot, elsewhere, graphs=graphs)] == [None]


def test_what_persons_say_stands_first_and_what_they_refuted_last(
    snapshot: Snapshot, graphs: Sequence[str]
) -> None:
    found = causal_statements(snapshot, [Q + "Warpage"], graphs=graphs)

    assert [one.cause for one in found] == [
        Q + "CoolingTime",
        Q + "MouldTemperature",
        Q + "Humidity",
    ]
    assert found[0].status == {"labelled": 2}
    assert len(found[0].people) == 2
    assert (found[1].direction, found[1].strength) == ("high", 0.7)


def test_a_mechanism_tells_what_it_is_named_in(snapshot: Snapshot, graphs: Sequence[str]) -> None:
    found = causal_statements(snapshot, [Q + "ResidualStress"], role="mechanism", graphs=graphs)

    assert [one.cause for one in found] == [Q + "CoolingTime"]
