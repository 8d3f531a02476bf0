"""From which probability a field is mapped: the lowest that is precise, near twins, and what confirmations teach."""

import random
import threading
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from qualweave.mappers.align import Remembering, align_targets
from qualweave.mappers.align.adapting import adapt
from qualweave.mappers.align.combiner import NAMES, Case, Combiner, shipped
from qualweave.mappers.align.lexical import Lexical
from qualweave.mappers.align.recall import Confirmed
from qualweave.mappers.align.signals import Vocabulary
from qualweave.mappers.align.target import TargetTerm, with_inherited_names
from qualweave.mappers.align.thresholds import (
    ABSENT,
    PRECISION,
    label_cases,
    learnt,
    lowest,
    twin_chance,
)
from qualweave.mappers.profile import FieldProfile, field_from_facts

chances = st.lists(st.floats(0.01, 1.0), min_size=1, max_size=80)


@given(chances, st.randoms(use_true_random=False), chances)
def test_the_lowest_threshold_keeps_precision_and_spares_the_absent(
    shown: list[float], chance: random.Random, absent: list[float]
) -> None:
    right = [one > 0.3 or chance.random() < 0.5 for one in shown]

    found = lowest(shown, right, absent=absent)

    def holds(bound: float) -> bool:
        mapped = [good for one, good in zip(shown, right, strict=True) if one >= bound]
        spared = np.mean([one >= bound for one in absent])
        return bool(mapped) and np.mean(mapped) >= PRECISION and spared <= ABSENT

    fitting = [one for one in shown if holds(one)]
    assert found == (min(fitting) if fitting else None)


def test_few_mapped_fields_say_nothing() -> None:
    assert lowest([0.9] * 5, [True] * 5, absent=[], fewest=20) is None
    assert lowest([0.9] * 25, [True] * 25, absent=[], fewest=20) == 0.9
    assert lowest([0.9] * 24, [True] * 24, absent=[], fewest=20, doubt=0.5) is None


def _weights() -> Combiner:
    return Combiner(
        {one: (4.0 if one == "exact" else 0.0) for one in NAMES}, nil=2.0, accept=0.9, version="t"
    )


def _case(*exact: float, right: int | None) -> Case:
    matrix = np.zeros((len(exact), len(NAMES)), dtype=np.float32)
    matrix[:, NAMES.index("exact")] = exact
    good = np.zeros(len(exact), dtype=bool)
    if right is not None:
        good[right] = True
    return Case(matrix, good, np.arange(len(exact)))


def test_confirmed_fields_teach_how_far_their_answers_are_right() -> None:
    sure = [_case(2.0, 0.0, right=0)] * 60
    unsure = [_case(1.0, 0.5, right=1)] * 30

    found = learnt([([*sure, *unsure], _weights())])

    assert found is not None
    assert 0.8 < found <= 1.0  # between the two groups


def test_where_no_probability_is_precise_nothing_is_taught() -> None:
    assert learnt([([_case(2.0, 0.0, right=1)] * 60, _weights())]) is None


@pytest.mark.parametrize("twins", [False, True])
def test_a_vocabulary_with_near_twins_is_mapped_with_more_care(*, twins: bool) -> None:
    things = [
        "pump",
        "valve",
        "oven",
        "press",
        "robot",
        "mixer",
        "dryer",
        "filter",
        "laser",
        "belt",
    ]
    terms = tuple(
        TargetTerm(id=f"{thing}{ending}", labels={"en": (f"{thing} inlet temperature{ending}",)})
        for thing in things
        for ending in (("", " ") if twins else ("",))
    )
    vocabulary = Vocabulary(terms, None)

    chance = twin_chance(label_cases(vocabulary), shipped("any without text"))

    assert (chance > 0.6) == twins


def test_the_threshold_of_a_vocabulary_is_never_below_the_shipped_one() -> None:
    terms = (
        TargetTerm(id="a", labels={"en": ("pressure",)}),
        TargetTerm(id="b", labels={"en": ("flow",)}),
    )
    vocabulary = Vocabulary(terms, None)

    assert Remembering.of(vocabulary, ()).weights.accept >= shipped("any without text").accept


def test_adapting_settles_on_the_first_confirmations_until_a_tenth_has_come_in() -> None:
    terms = tuple(TargetTerm(id=f"t{n}", labels={"en": (f"value {n}",)}) for n in range(30))
    vocabulary = Vocabulary(terms, None)
    told = [
        Confirmed(field_from_facts(name=f"ch{n % 30}_{n % 4}"), (f"t{n % 30}",), source=f"s{n % 4}")
        for n in range(66)
    ]
    start = shipped("any with memory without text")

    made = adapt(start, vocabulary, told[:60])

    assert made.learnt
    assert adapt(start, vocabulary, told[:65]) is made
    assert adapt(start, vocabulary, told) is not made


def test_what_stands_in_place_of_a_withdrawn_term_has_its_names_too() -> None:
    told = "Speed of the spindle. **DEPRECATED** in Version 1.2. Replaced by `ROTARY_VELOCITY`."
    terms = (
        TargetTerm(id="1", labels={"en": ("spindle speed",)}, description=told, withdrawn=True),
        TargetTerm(id="2", labels={"en": ("rotary velocity",)}),
        TargetTerm(id="3", labels={"en": ("level",)}, withdrawn=True, replaced_by=("4",)),
        TargetTerm(id="4", labels={"en": ("fill level",)}),
        TargetTerm(
            id="5", labels={"zh": ("旧料号",)}, description="已废弃，改用物料编码。", withdrawn=True
        ),
        TargetTerm(id="6", labels={"zh": ("物料编码",)}),
        TargetTerm(
            id="7",
            labels={"en": ("current",)},
            description="Deprecated. Replaced by `fill level` and `rotary velocity`.",
            withdrawn=True,
        ),
    )

    found = {one.id: one.names for one in with_inherited_names(terms)}

    assert found["2"] == ("rotary velocity", "spindle speed")
    assert found["4"] == ("fill level", "level")
    assert found["6"] == ("物料编码", "旧料号")


def test_a_field_of_a_withdrawn_name_is_what_stands_in_its_place() -> None:
    terms = (
        TargetTerm(
            id="old", labels={"en": ("spindle speed",)}, withdrawn=True, replaced_by=("new",)
        ),
        TargetTerm(id="new", labels={"en": ("rotary velocity",)}),
        TargetTerm(id="else", labels={"en": ("path feedrate",)}),
    )

    best = align_targets([field_from_facts(name="Spindle_Speed")], Vocabulary(terms, None))[0]

    assert best.ranked[0].term == "new"


def test_a_language_model_says_little_of_shorthand() -> None:
    terms = (
        TargetTerm(id="1", labels={"en": ("feedrate",)}),
        TargetTerm(id="2", labels={"en": ("load",)}),
    )
    vocabulary = Vocabulary(terms, None)

    plain = vocabulary.lexical.legible(vocabulary.spell(field_from_facts(name="feedrate load")))
    short = vocabulary.lexical.legible(vocabulary.spell(field_from_facts(name="qzXfrt")))

    assert plain == 1.0
    assert short <= 0.5


def test_threads_that_share_a_vocabulary_do_not_disturb_each_other(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    terms = tuple(TargetTerm(id=f"t{n}", labels={"en": (f"value {n}",)}) for n in range(9))
    vocabulary = Vocabulary(terms, None)
    known = Remembering.of(vocabulary, ())
    tables = [[field_from_facts(name=f"value_{n}_{part}") for n in range(3)] for part in range(2)]

    def ranked(fields: list[FieldProfile]) -> list[list[float]]:
        made = align_targets(fields, vocabulary, remembering=known)
        return [[each.score for each in one.ranked] for one in made]

    alone = [ranked(fields) for fields in tables]
    met = threading.Barrier(2, timeout=20)
    read_ahead = Lexical.read_ahead

    def meeting(self: Lexical, phrases: Iterable[str]) -> None:
        read_ahead(self, phrases)
        met.wait()  # neither looks up before both have read ahead: the later takes the earlier's place

    monkeypatch.setattr(Lexical, "read_ahead", meeting)
    with ThreadPoolExecutor(2) as pool:
        together = list(pool.map(ranked, tables))

    assert together == alone


class _Emptied(dict[Any, Any]):
    """A cache that another thread empties right after each look into it."""

    def __contains__(self, key: object) -> bool:
        found = super().__contains__(key)
        self.clear()
        return found

    def get(self, key: object, default: object = None) -> Any:
        found = super().get(key, default)
        self.clear()
        return found


def test_adapted_weights_that_another_thread_drops_are_had_all_the_same() -> None:
    vocabulary = Vocabulary((TargetTerm(id="a", labels={"en": ("alpha",)}),), None)
    told = [
        Confirmed(field=field_from_facts(name="alpha"), terms=("a",), source=f"s{n % 3}")
        for n in range(60)
    ]
    first = adapt(_weights(), vocabulary, told)
    vocabulary.adapted = _Emptied(vocabulary.adapted)

    assert adapt(_weights(), vocabulary, told) is first
    assert adapt(_weights(), vocabulary, told).vector().tolist() == first.vector().tolist()
