"""Classes of products and whether they are traced by item: the table loads, an unknown class is refused by name (R35)."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from qualweave.errors import Conflict, InputError, UnknownTerm
from qualweave.iri import Q
from qualweave.ontology.load import load_codelists
from qualweave.ontology.product_classes import (
    ProductClass,
    filled,
    product_class,
    product_classes_change,
    read_product_classes,
)
from qualweave.principal import SYSTEM
from qualweave.store.port import ChangeSet
from tests.reasoning.graphs import opened, snapshot_of

LISTS = ChangeSet(f"{Q}codelists", "codelists", inserts=load_codelists())


@pytest.fixture(scope="module")
def table(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[ProductClass, ...]]:
    with snapshot_of(tmp_path_factory.mktemp("table"), LISTS) as snapshot:
        yield read_product_classes(snapshot)


def test_the_table_has_twelve_places_three_of_them_filled(table: tuple[ProductClass, ...]) -> None:
    assert len(table) == 12
    assert [one.code for one in table if one.level] == [
        "automotive",
        "lithium-ion-battery",
        "photovoltaic",
    ]


@pytest.mark.parametrize(
    ("name", "code"),
    [("automotive", "automotive"), ("汽车", "automotive"), ("PV", "photovoltaic"), ("光伏组件", "photovoltaic"),
     ("Li-ion", "lithium-ion-battery"), ("ｌｉ-ｉｏｎ", "lithium-ion-battery"), ("动力电池", "lithium-ion-battery")],
)  # fmt: skip
def test_a_class_is_found_by_any_of_its_names(
    table: tuple[ProductClass, ...], name: str, code: str
) -> None:
    found = product_class(table, name)

    assert (found.code, found.level) == (code, "item")
    assert found.statement() == f"{found.name.capitalize()} are traced by item."
    assert found.statement("zh") == f"{found.name_zh}须逐件追溯。"


@pytest.mark.parametrize(
    ("name", "nearest"), [("automotiv", "automotive"), ("光伏板", "photovoltaic"), ("lithium battery", "lithium-ion-battery")]
)  # fmt: skip
def test_an_unknown_class_is_refused_by_name_with_the_nearest(
    table: tuple[ProductClass, ...], name: str, nearest: str
) -> None:
    with pytest.raises(UnknownTerm, match=name) as told:
        product_class(table, name)

    assert told.value.data["nearest"][0] == nearest  # type: ignore[index]
    assert name in told.value.message_zh


def test_a_free_place_is_no_policy(table: tuple[ProductClass, ...]) -> None:
    with pytest.raises(UnknownTerm, match="holds no class of products yet"):
        product_class(table, "slot-04")


def test_a_filled_place_is_the_tenants_own_and_read_back(
    tmp_path: Path, table: tuple[ProductClass, ...]
) -> None:
    made = filled(
        table, "slot-04", names=("reducers", "减速器"), level="lot", classes=[Q + "Reducer"]
    )
    change = product_classes_change([*table[:3], made])

    with opened(tmp_path, LISTS, change) as store, store.snapshot() as snapshot:
        mine, other = (read_product_classes(snapshot, name) for name in ("plant", "other"))

    assert product_class(mine, "减速器") == made
    assert len(mine) == 12
    with pytest.raises(UnknownTerm):
        product_class(other, "减速器")


def test_a_shipped_place_or_a_name_that_stands_in_the_table_is_not_filled(
    table: tuple[ProductClass, ...],
) -> None:
    def fill(slot: str, name: str, zh: str) -> None:
        filled(table, slot, names=(name, zh), level="item", classes=[])

    with pytest.raises(Conflict, match="stands in the table already"):
        fill("automotive", "aircraft", "飞机")
    with pytest.raises(Conflict, match="photovoltaic products stands"):
        fill("slot-04", "PV", "光伏电站")
    with pytest.raises(InputError, match="no place 'slot-13'"):
        fill("slot-13", "aircraft", "飞机")
    with pytest.raises(InputError, match="two languages"):
        fill("slot-04", "aircraft", " ")


def test_the_change_is_made_of_filled_places_alone(table: tuple[ProductClass, ...]) -> None:
    assert product_classes_change(table).inserts == b""
    assert SYSTEM.tenant in product_classes_change(table).graph
