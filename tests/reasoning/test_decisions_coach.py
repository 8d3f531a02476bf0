"""The card coach counts the cases that are meant, is silent on a safe card, and asks where there is no history."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from qualweave.errors import NotEnoughEvidence, NotFound
from qualweave.iri import Q, local_name
from qualweave.ontology.terms import TermIndex
from qualweave.reasoning.decisions.coach import (
    Card,
    Case,
    Run,
    Usual,
    advise,
    decide,
    read_card,
    sentence,
    usual_of,
)
from qualweave.reasoning.decisions.lines import LineProfile, similar
from tests.reasoning.stores import iri, opened, small, told, without

HEAT, TIME, FORCE = Q + "MouldTemperature", Q + "CoolingTime", Q + "ClampingForce"
LINE, OTHER = iri("line", "1"), iri("line", "2")


def usual(count: int = 40, lines: tuple[str, ...] = (LINE, OTHER)) -> Usual:
    rng = np.random.default_rng(0)
    return usual_of(
        [
            Run(
                line,
                {
                    HEAT: 60 + 4 * place + rng.normal(0, 1),
                    TIME: 18 + rng.normal(0, 0.5),
                    FORCE: 1200 + rng.normal(0, 10),
                },
            )
            for place, line in enumerate(lines)
            for _ in range(count)
        ]
    )


def case(
    name: str,
    heat: float,
    time: float,
    *,
    defect: str = "Warpage",
    line: str = OTHER,
    at: str = "2024-01-01",
) -> Case:
    return Case(
        iri("case", name), name, line, Q + defect, at, {HEAT: heat, TIME: time, FORCE: 1200.0}
    )


def card(heat: float, time: float) -> Card:
    return Card({HEAT: heat, TIME: time, FORCE: 1200.0}, Q + "InjectionMoulding", LINE)


BAD = [case("A", 70, 14), case("B", 71, 13.8), case("C", 70.5, 14.2, at="2024-06-01")]


@pytest.mark.parametrize(
    ("draft", "told_cases"),
    [
        (card(70, 14), {"A", "B", "C"}),
        (card(75, 12), {"A", "B", "C"}),  # further out on the same side
        (card(60, 18), None),
        (card(70, 18), None),  # one of the two alone never went wrong: the cases were off in both
        (card(50, 22), None),
        (card(65, 16.5), None),  # milder than any case
    ],
)
def test_a_card_is_told_the_cases_whose_combination_it_repeats(
    draft: Card, told_cases: set[str] | None
) -> None:
    good_hot = [Run(LINE, {HEAT: 70.0 + n % 3, TIME: 18.0, FORCE: 1200.0}) for n in range(12)]
    history = usual()
    history = Usual(history.middle, history.spread, history.line_middle, (*history.runs, *good_hot))

    hints = decide(draft, BAD, history)

    assert ({one.code for one in hints[0].cases} if hints else None) == told_cases


def test_cases_of_another_defect_or_side_do_not_count() -> None:
    others = [case("X", 70, 14, defect="Flash"), case("Y", 52, 22), case("Z", 64, 18)]

    hint = decide(card(70, 14), [*BAD, *others], usual())[0]

    assert hint.defect == Q + "Warpage"
    assert hint.count == 3
    assert dict(hint.combination) == {HEAT: 1, TIME: -1}


def test_the_nearest_case_comes_first_then_the_newest() -> None:
    twins = [
        case("old", 70, 14, at="2023-01-01"),
        case("new", 70, 14, at="2024-01-01"),
        case("far", 75, 12),
    ]

    assert [one.code for one in decide(card(70, 14), twins, usual())[0].cases] == [
        "new",
        "old",
        "far",
    ]


def test_where_good_runs_live_there_as_well_nothing_is_said() -> None:
    history = usual()
    good = [Run(LINE, {HEAT: 70.0, TIME: 14.0, FORCE: 1200.0})] * 30

    assert not decide(
        card(70, 14),
        BAD[:1],
        Usual(history.middle, history.spread, history.line_middle, (*history.runs, *good)),
    )


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_the_draft_card_of_the_plant_gets_exactly_the_planted_hint(
    plant: Callable[[int], Path], terms: TermIndex, seed: int
) -> None:
    truth = told(plant(seed), "card-coach")
    with opened(plant(seed)) as store, store.snapshot() as snapshot:
        draft = read_card(snapshot, iri("card", truth["draft_card"]))
        hint = advise(snapshot, terms, draft)
        safe = advise(snapshot, terms, read_card(snapshot, iri("card", truth["safe_card"])))

    assert hint is not None
    assert sentence(hint, terms, "zh") == truth["sentence_zh"]
    assert {one.code for one in hint.cases} == set(truth["cases"])
    assert hint.bad_rate > hint.good_rate
    assert str(truth["count"]) in sentence(hint, terms, "en")
    lines = {local_name(one) for one in hint.evidence[1].sources}
    assert lines == {*truth["similar_lines"], truth["line"]}
    assert safe is None


def test_without_any_case_it_asks_for_history(
    plant: Callable[[int], Path], terms: TermIndex, tmp_path: Path
) -> None:
    folder = without(plant(1), tmp_path / "copy", "quality_cases")
    with opened(folder) as store, store.snapshot() as snapshot:
        draft = read_card(snapshot, iri("card", told(folder, "card-coach")["draft_card"]))
        with pytest.raises(NotEnoughEvidence) as caught:
            advise(snapshot, terms, draft)

    assert caught.value.data["missing"] == "cases"


def test_cases_without_runs_to_hold_them_against_are_not_enough(
    tmp_path: Path, terms: TermIndex
) -> None:
    turtle = """
    c:1 a q:QualityCase ; q:caseProcess q:InjectionMoulding ; q:caseDefect q:Warpage ; q:onLine l:1 ;
        q:MouldTemperature 70.0 ; q:CoolingTime 14.0 .
    """
    with small(tmp_path, turtle) as snapshot, pytest.raises(NotEnoughEvidence) as caught:
        advise(snapshot, terms, card(70, 14))

    assert caught.value.data["missing"] == "good-runs"


def test_an_unknown_card_is_not_found(tmp_path: Path) -> None:
    with small(tmp_path, "") as snapshot, pytest.raises(NotFound, match="no-such"):
        read_card(snapshot, iri("card", "no-such"))


def profile(process: str, equipment: str = "", product: str = "") -> LineProfile:
    return LineProfile(
        "l",
        frozenset({Q + process} if process else ()),
        frozenset({Q + equipment} if equipment else ()),
        frozenset({product} if product else ()),
    )


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        (profile("InjectionMoulding"), profile("InjectionMoulding"), True),
        (profile("InjectionMoulding"), profile("DieCasting"), False),
        (profile("InjectionMoulding"), profile(""), False),
        (profile("TabWelding"), profile("Welding"), True),
        (profile("TabWelding", "WeldingMachine"), profile("TabWelding"), True),
        (profile("TabWelding", "WeldingMachine"), profile("TabWelding", "Oven"), False),
        (profile("TabWelding", product="urn:a"), profile("TabWelding", product="urn:b"), False),
    ],
)
def test_lines_are_of_one_kind_by_the_table(
    terms: TermIndex, one: LineProfile, other: LineProfile, *, same: bool
) -> None:
    assert similar(one, other, terms) is same
    assert similar(other, one, terms) is same
