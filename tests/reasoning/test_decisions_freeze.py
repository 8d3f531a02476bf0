"""Freezes: strictly beyond the limit, open deliveries only, one task per supplier, no duplicates, two to release."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from qualweave.errors import Conflict, Forbidden, InputError, NotEnoughEvidence, UnknownUnit
from qualweave.iri import Q, local_name
from qualweave.ontology.terms import TermIndex
from qualweave.principal import SYSTEM, Principal
from qualweave.reasoning.decisions.contract import (
    Contract,
    contract_change_set,
    parse_contract,
    read_contracts,
)
from qualweave.reasoning.decisions.freeze import (
    Delivery,
    Facts,
    Freeze,
    breaking,
    decide,
    evaluate,
    freeze_change_set,
    freeze_from_json,
    frozen_deliveries,
    propose,
    read_facts,
    read_freezes,
)
from qualweave.shapes.gate import ShapeGate
from tests.reasoning.stores import iri, opened, put, small, small_store, told, without

NOW = datetime(2025, 3, 1, 12, tzinfo=UTC)
CONTRACT = Contract("delay", Q + "ResponseDelay", "greater", 11.0, "ms")
TEXT = """
contract: delay
when: {parameter: ResponseDelay, comparator: greater, limit: 11, unit: ms}
then: {freeze: open deliveries of the batch, task: second-tier suppliers}
"""
CHAIN = """
n:1 a q:Inspection ; q:inspects i:valve ; q:ResponseDelay 11.5 .
n:2 a q:Inspection ; q:inspects i:valve ; q:ResponseDelay 11.9 .
n:edge a q:Inspection ; q:inspects i:valve ; q:ResponseDelay 11.0 .
n:other a q:Inspection ; q:inspects i:valve ; q:InstallationTorque 3.0 .
n:loose a q:Inspection ; q:inspects i:single ; q:ResponseDelay 20.0 .
i:valve q:memberOfBatch i:lot .
y:1 a q:Delivery ; q:deliveredBatch i:lot ; q:deliveryStatus "open" .
y:2 a q:Delivery ; q:deliveredBatch i:lot ; q:deliveryStatus "closed" .
y:3 a q:Delivery ; q:deliveredBatch i:elsewhere ; q:deliveryStatus "open" .
g:a q:suppliesItem i:lot ; q:supplies g:us ; q:supplierTier 1 .
g:b q:supplies g:a ; q:supplierTier 2 .
g:c q:supplies g:a .
g:d q:supplies g:b ; q:supplierTier 3 .
g:e q:suppliesItem i:elsewhere . g:f q:supplies g:e ; q:supplierTier 2 .
"""


def facts(*values: float, **more: object) -> Facts:
    known: dict[str, object] = {
        "observation": "urn:n",
        "values": values,
        "items": ("urn:i",),
        "batches": ("urn:b",),
        "deliveries": (Delivery("urn:d1", "open"), Delivery("urn:d2", "closed")),
        "suppliers": ("urn:s1", "urn:s2"),
        "through": {},
    }
    return Facts(**(known | more))


def frozen(**more: object) -> Freeze:
    return replace(decide(CONTRACT, facts(12.0), now=NOW)[0], **more)


def approver(name: str) -> Principal:
    return Principal(name, frozenset({"approver"}))


@pytest.mark.parametrize(
    ("comparator", "value", "acts"),
    [
        ("greater", 11.0, False),
        ("greater", 11.0001, True),
        ("greater", 10.0, False),
        ("greater_or_equal", 11.0, True),
        ("less", 11.0, False),
        ("less", 10.9, True),
        ("less_or_equal", 11.0, True),
    ],
)
def test_the_limit_is_held_as_the_contract_says(
    comparator: str, value: float, *, acts: bool
) -> None:
    contract = replace(CONTRACT, comparator=comparator)

    assert bool(decide(contract, facts(value), now=NOW)) is acts


def test_open_deliveries_are_frozen_closed_ones_are_not() -> None:
    assert frozen().deliveries == ("urn:d1",)
    assert frozen().suppliers == ("urn:s1", "urn:s2")


@pytest.mark.parametrize(
    ("more", "gaps"),
    [({"suppliers": ()}, ("suppliers",)), ({"deliveries": ()}, ("deliveries",)), ({}, ())],
)
def test_what_the_graph_does_not_say_is_told(
    more: dict[str, object], gaps: tuple[str, ...]
) -> None:
    assert decide(CONTRACT, facts(12.0, **more), now=NOW)[0].gaps == gaps


def test_an_item_without_batch_is_refused() -> None:
    with pytest.raises(NotEnoughEvidence, match="belongs to no batch"):
        decide(CONTRACT, facts(12.0, batches=()), now=NOW)


def test_evidence_names_observation_clause_deliveries_and_suppliers() -> None:
    sources = {one for evidence in frozen().evidence for one in evidence.sources}

    assert {"urn:n", CONTRACT.iri(), "urn:d1", "urn:s1", "urn:s2"} <= sources


def test_release_takes_two_persons_with_the_role() -> None:
    once = frozen().sign_release(approver("li"), NOW)

    assert once.state == "active"
    with pytest.raises(Conflict, match="signed by li"):
        once.sign_release(approver("li"), NOW)
    with pytest.raises(Forbidden):
        once.sign_release(Principal("zhao"), NOW)
    assert once.sign_release(approver("wang"), NOW).state == "released"
    with pytest.raises(Conflict, match="released already"):
        once.sign_release(approver("wang"), NOW).sign_release(approver("chen"), NOW)


def test_json_holds_everything() -> None:
    one = frozen().sign_release(approver("li"), NOW)

    assert freeze_from_json(one.to_json()) == one


def test_one_freeze_cannot_take_the_place_of_another() -> None:
    with pytest.raises(InputError, match="another"):
        freeze_change_set(frozen(batch="urn:x"), frozen())


def test_the_chain_around_an_observation_is_read(tmp_path: Path) -> None:
    with small(tmp_path, CHAIN) as snapshot:
        found = read_facts(snapshot, CONTRACT, iri("inspection", "1"))
        first = read_facts(snapshot, replace(CONTRACT, tier=1), iri("inspection", "1"))
        over = breaking(snapshot, CONTRACT)
        with pytest.raises(NotEnoughEvidence, match="no value of ResponseDelay"):
            read_facts(snapshot, CONTRACT, iri("inspection", "other"))
        with pytest.raises(NotEnoughEvidence, match="no batch"):
            evaluate(snapshot, CONTRACT, iri("inspection", "loose"), now=NOW)

    assert found.batches == (iri("item", "lot"),)
    assert {local_name(one) for one in found.suppliers} == {"b", "c"}  # c states no tier
    assert found.through[iri("organization", "b")] == (iri("organization", "a"),)
    assert {local_name(one) for one in first.suppliers} == {"a"}
    assert {local_name(one) for one in over} == {"1", "2", "loose"}


def test_a_second_event_adds_what_is_new_and_nothing_twice(tmp_path: Path) -> None:
    with small_store(tmp_path, CHAIN) as store:

        def event(name: str, at: datetime) -> Freeze | None:
            with store.snapshot() as snapshot:
                found = evaluate(snapshot, CONTRACT, iri("inspection", name), now=at)
                if not found:
                    return None
                stands, change = propose(snapshot, found[0])
            if change:
                store.commit([change], principal=SYSTEM, gate=ShapeGate())
                store.publish()
            return stands

        def count(what: str) -> int:
            with store.snapshot() as snapshot:
                return len(snapshot.select(f"SELECT ?x WHERE {{ ?x a q:{what} }}"))

        first = event("1", NOW)
        commits = len(store.commits())
        assert event("1", NOW + timedelta(hours=1)) == first
        assert len(store.commits()) == commits
        assert event("edge", NOW) is None
        put(store, 'y:9 a q:Delivery ; q:deliveredBatch i:lot ; q:deliveryStatus "open" .', "later")
        second = event("2", NOW + timedelta(hours=2))

        assert second is not None
        assert len(second.deliveries) == 2
        assert len(second.observations) == 2
        assert (count("BatchFreeze"), count("InvestigationTask")) == (1, 2)

        released = second.sign_release(approver("li"), NOW).sign_release(approver("wang"), NOW)
        store.commit([freeze_change_set(released, second)], principal=SYSTEM, gate=ShapeGate())
        store.publish()
        with store.snapshot() as snapshot:
            assert read_freezes(snapshot) == [released]
            assert frozen_deliveries(snapshot) == {}
        assert event("1", NOW) is None  # it was released knowing this observation
        put(store, "n:new a q:Inspection ; q:inspects i:valve ; q:ResponseDelay 13.0 .", "new")
        again = event("new", NOW)
        assert again is not None
        assert again.generation == 1
        assert count("BatchFreeze") == 2


def test_a_contract_is_read_from_text_and_graph(tmp_path: Path, terms: TermIndex) -> None:
    contract = parse_contract(TEXT, terms)

    assert contract == CONTRACT
    with small_store(tmp_path, "") as store:
        store.commit([contract_change_set(contract)], principal=SYSTEM, gate=ShapeGate())
        store.publish()
        with store.snapshot() as snapshot:
            assert read_contracts(snapshot) == [contract]
            assert read_contracts(snapshot, "other") == []


def test_a_limit_in_another_unit_is_converted(terms: TermIndex) -> None:
    assert (
        parse_contract(TEXT.replace("limit: 11, unit: ms", "limit: 0.011, unit: s"), terms)
        == CONTRACT
    )


@pytest.mark.parametrize(
    ("old", "new", "error"),
    [
        ("greater", "about", InputError),
        ("ResponseDelay", "Wishes", InputError),
        ("limit: 11, ", "", InputError),
        (", unit: ms", "", InputError),
        ("unit: ms", "unit: kg", UnknownUnit),
        ("second-tier suppliers", "everybody", InputError),
        ("open deliveries of the batch", "everything", InputError),
        ("when:", "if:", InputError),
        ("{parameter", "[parameter", InputError),
    ],
)
def test_a_rule_that_is_not_understood_is_refused(
    terms: TermIndex, old: str, new: str, error: type[Exception]
) -> None:
    with pytest.raises(error):
        parse_contract(TEXT.replace(old, new), terms)


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_the_planted_batch_is_frozen_exactly_as_told(
    plant: Callable[[int], Path], terms: TermIndex, seed: int
) -> None:
    truth = told(plant(seed), "freeze")
    contract = parse_contract(
        (plant(seed) / "plant/contracts/valve-response.yaml").read_text("utf-8"), terms
    )
    with opened(plant(seed)) as store, store.snapshot() as snapshot:
        over = breaking(snapshot, contract)
        found = evaluate(snapshot, contract, over[0], now=NOW)
        edge = evaluate(snapshot, contract, iri("inspection", truth["edge_test"]), now=NOW)

    assert over == [iri("inspection", truth["bad_test"])]
    assert edge == ()
    assert [local_name(one.batch) for one in found] == [truth["bad_batch"]]
    assert {local_name(one) for one in found[0].deliveries} == set(truth["open_deliveries"])
    assert len({found[0].task_iri(one) for one in found[0].suppliers}) == truth["tasks"]
    assert {local_name(one) for one in found[0].suppliers} == set(truth["second_tier"])


def test_without_the_supplier_list_the_freeze_stands_and_says_what_is_missing(
    plant: Callable[[int], Path], terms: TermIndex, tmp_path: Path
) -> None:
    folder = without(plant(1), tmp_path / "copy", "valve-srm")
    contract = parse_contract(
        (folder / "plant/contracts/valve-response.yaml").read_text("utf-8"), terms
    )
    with opened(folder) as store, store.snapshot() as snapshot:
        found = evaluate(snapshot, contract, breaking(snapshot, contract)[0], now=NOW)[0]

    assert found.suppliers == ()
    assert found.gaps == ("suppliers",)
