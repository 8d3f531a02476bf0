"""Who asks: names of tenants that are names, and one person however written."""

import pytest

from qualweave.errors import InputError
from qualweave.principal import Principal, roles_from, seats_from


@pytest.mark.parametrize("tenant", ["plant", "acme-2", "工厂_一"])
def test_a_name_is_a_tenant(tenant: str) -> None:
    assert Principal("li", tenant=tenant).tenant == tenant


@pytest.mark.parametrize(
    "tenant", ["", "..", "../escape", "rival/.", "a b", "a\nb", "a\0b", "x" * 65]
)
def test_what_could_be_a_path_is_no_tenant(tenant: str) -> None:
    with pytest.raises(InputError, match="tenant"):
        Principal("li", tenant=tenant)


def test_one_person_is_one_however_written() -> None:
    assert all(Principal("Li Wei").is_same(one) for one in ("li wei", " LI WEI ", "ｌｉ ｗｅｉ"))
    assert not Principal("li").is_same("li2")


@pytest.mark.parametrize("read", [roles_from, seats_from])
def test_an_unknown_role_or_seat_is_told_in_both_languages(read: object) -> None:
    with pytest.raises(InputError, match="king") as told:
        read("king")  # type: ignore[operator]

    assert told.value.message_zh.startswith("未知")
