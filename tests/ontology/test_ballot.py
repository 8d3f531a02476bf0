"""Votes by seat: each case that is refused, with its reason, and what a ballot amounts to."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qualweave.change_request import ChangeRequest, Choice, from_body, to_quads
from qualweave.errors import Conflict, Forbidden
from qualweave.ontology.ballot import Outcome, Rules, cast, outcome, require_passed
from qualweave.principal import SEATS, Principal, Seat

OPENED = datetime(2026, 11, 25, 8, tzinfo=UTC)
RULES = Rules(quorum=3, majority=0.5, days=30)
DIRECTOR, ARCHITECT, PROCESS, SUPPLIER = SEATS


def request(by: str = "li") -> ChangeRequest:
    return ChangeRequest(
        kind="new_term",
        subject="https://w3id.org/qonto/LaserWarpage",
        proposal={"turtle": ""},
        statement={"en": "one", "zh": "一"},
        submitted_by=by,
        created=OPENED,
    )


def voted(*votes: tuple[str, Seat, Choice], rules: Rules = RULES) -> ChangeRequest:
    found = request()
    for name, seat, choice in votes:
        who = Principal(name, seats=frozenset({seat}))
        found = cast(found, choice, seat=seat, by=who, rules=rules, now=OPENED)
    return found


def stands(found: ChangeRequest, rules: Rules = RULES, days: int = 0) -> Outcome:
    return outcome(found, rules, now=OPENED + timedelta(days=days))


@pytest.mark.parametrize(
    ("case", "found", "who", "days", "error", "word"),
    [
        ("missing seat", request(), Principal("wu"), 0, Forbidden, "does not hold the seat"),
        (
            "wrong role",
            request(),
            Principal("wu", roles=frozenset({"admin", "architect"})),
            0,
            Forbidden,
            "does not hold the seat",
        ),
        (
            "another seat",
            request(),
            Principal("wu", seats=frozenset({SUPPLIER})),
            0,
            Forbidden,
            "does not hold the seat",
        ),
        (
            "seat twice",
            voted(("wang", DIRECTOR, "yes")),
            Principal("wu", seats=frozenset({DIRECTOR})),
            0,
            Conflict,
            "seat 'quality_director' has voted",
        ),
        (
            "person twice",
            voted(("wu", ARCHITECT, "yes")),
            Principal("wu", seats=frozenset({DIRECTOR})),
            0,
            Conflict,
            "wu has voted",
        ),
        (
            "expired",
            request(),
            Principal("wu", seats=frozenset({DIRECTOR})),
            31,
            Conflict,
            "past its last day",
        ),
        (
            "decided",
            replace(request(), state="refused", decided_by="committee"),
            Principal("wu", seats=frozenset({DIRECTOR})),
            0,
            Conflict,
            "is refused already",
        ),
    ],
    ids=lambda value: value if isinstance(value, str) and " " in value else None,
)
def test_a_vote_that_may_not_be_cast_is_refused_with_its_reason(
    case: str,
    found: ChangeRequest,
    who: Principal,
    days: int,
    error: type[Exception],
    word: str,
) -> None:
    with pytest.raises(error, match=word) as told:
        cast(found, "yes", seat=DIRECTOR, by=who, rules=RULES, now=OPENED + timedelta(days=days))

    assert told.value.message_zh != told.value.message, case  # type: ignore[attr-defined]
    assert told.value.next_step_zh, case  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    ("votes", "days", "standing", "word"),
    [
        ((), 0, "open", "0 of 3 votes"),
        ((("wang", DIRECTOR, "yes"), ("wu", ARCHITECT, "yes")), 0, "open", "2 of 3 votes"),
        ((("wang", DIRECTOR, "yes"), ("wu", ARCHITECT, "yes"), ("qi", PROCESS, "no")), 0, "passed", "2 yes, 1 no"),
        ((("wang", DIRECTOR, "yes"), ("wu", ARCHITECT, "no")), 0, "open", "2 of 3 votes"),
        ((("wang", DIRECTOR, "no"), ("wu", ARCHITECT, "no")), 0, "rejected", "0 yes, 2 no"),
        ((("wang", DIRECTOR, "yes"), ("wu", ARCHITECT, "no"), ("qi", PROCESS, "no")), 0, "rejected", "1 yes, 2 no"),
        ((("wang", DIRECTOR, "yes"), ("wu", ARCHITECT, "yes")), 31, "expired", "expired after 30 days"),
        ((("wang", DIRECTOR, "yes"), ("wu", ARCHITECT, "yes"), ("qi", PROCESS, "yes")), 31, "passed", "3 yes"),
    ],
)  # fmt: skip
def test_a_ballot_stands_as_its_votes_say(
    votes: tuple[tuple[str, Seat, Choice], ...], days: int, standing: str, word: str
) -> None:
    found = stands(voted(*votes), days=days)

    assert (found.standing, word in found.reason) == (standing, True), found.reason
    assert found.reason_zh != found.reason


def test_the_author_alone_does_not_carry_a_request() -> None:
    alone = Rules(quorum=1, majority=0.5, days=30)
    mine = voted(("li", DIRECTOR, "yes"), rules=alone)

    assert stands(mine, alone).standing == "open"
    assert "only the author" in stands(mine, alone).reason
    joined = cast(
        mine,
        "yes",
        seat=ARCHITECT,
        by=Principal("wang", seats=frozenset({ARCHITECT})),
        rules=alone,
        now=OPENED,
    )
    assert stands(joined, alone).standing == "passed"


@pytest.mark.parametrize("again", ["LI", " li ", "ｌｉ"])
def test_a_name_written_otherwise_is_the_same_person(again: str) -> None:
    mine = voted(("li", DIRECTOR, "yes"))

    with pytest.raises(Conflict, match="has voted"):
        cast(
            mine,
            "yes",
            seat=ARCHITECT,
            by=Principal(again, seats=frozenset({ARCHITECT})),
            rules=RULES,
            now=OPENED,
        )
    alone = Rules(quorum=1, majority=0.5, days=30)
    assert stands(voted((again, DIRECTOR, "yes"), rules=alone), alone).standing == "open"


def test_what_has_not_passed_is_not_released() -> None:
    with pytest.raises(Conflict, match=r"has not passed: 1 of 3 votes") as told:
        require_passed(
            voted(("wang", DIRECTOR, "yes")),
            RULES,
            voting=("qualweave ontology vote", "POST /votes"),
            now=OPENED,
        )

    ballot = told.value.data["ballot"]
    assert isinstance(ballot, dict)
    assert ballot["missing"] == [ARCHITECT, PROCESS, SUPPLIER]


@given(
    choices=st.lists(st.sampled_from(["yes", "no"]), max_size=4),
    quorum=st.integers(1, 4),
    majority=st.sampled_from([0.0, 0.5, 0.66, 0.75]),
)
def test_a_decided_ballot_is_not_undone_by_the_votes_that_are_left(
    choices: list[Choice], quorum: int, majority: float
) -> None:
    rules = Rules(quorum, majority, 30)
    seats: list[Seat] = list(SEATS)
    votes = [(f"p{place}", seats[place], choice) for place, choice in enumerate(choices)]
    found = stands(voted(*votes, rules=rules), rules)

    ends = {
        stands(
            voted(*votes, *((f"q{n}", seats[len(votes) + n], one) for n, one in enumerate(rest)), rules=rules),
            rules,
        ).standing
        for rest in product(["yes", "no"], repeat=4 - len(votes))
    }  # fmt: skip

    if found.standing == "rejected":
        assert "passed" not in ends
    if found.standing == "open" and len(votes) == 4:
        pytest.fail("all seats have voted and nothing is decided")


def test_votes_survive_the_graph() -> None:
    before = voted(("wang", DIRECTOR, "yes"), ("wu", ARCHITECT, "no"))

    body = next(
        quad.object.value
        for quad in to_quads(before)
        if quad.predicate.value.endswith("requestBody")
    )

    assert from_body(body) == before
    assert from_body(body).id == request().id
