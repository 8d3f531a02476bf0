"""`Principal`: who asks or writes. Every write carries one; every question is answered within one.

In ``--dev`` a principal is chosen by request headers; later it is issued by keys and OIDC tokens.
"""

import re
import unicodedata
from dataclasses import dataclass
from typing import Literal, TypeAlias, TypeVar, get_args

from qualweave.errors import Forbidden, InputError

Role: TypeAlias = Literal["reader", "engineer", "architect", "approver", "admin"]
Seat: TypeAlias = Literal[
    "quality_director", "it_architect", "chief_process_engineer", "supplier_representative"
]

_TENANT = re.compile(r"[\w-]{1,64}")
ROLES: tuple[Role, ...] = get_args(Role)
SEATS: tuple[Seat, ...] = get_args(Seat)


@dataclass(frozen=True)
class Principal:
    """A person, device or service with its roles, committee seats and tenant.

    Attributes:
        id: A name that stays the same, for example ``"li.wei"`` or ``"gateway-3"``.
        roles: What it may do.
        seats: Seats in the governance committee that it holds.
        tenant: The set of graphs that it sees and writes.
    """

    id: str
    roles: frozenset[Role] = frozenset({"reader"})
    seats: frozenset[Seat] = frozenset()
    tenant: str = "plant"

    def __post_init__(self) -> None:
        """Refuse a tenant that could be more than a name: it becomes part of paths and IRIs.

        Raises:
            InputError: If it is empty, longer than 64 characters, or holds anything but letters, digits, ``-``, ``_``.
        """
        if not _TENANT.fullmatch(self.tenant):
            raise InputError(
                f"{self.tenant!r} is no name of a tenant.",
                message_zh=f"{self.tenant!r} 不是租户名。",
                next_step="Use 1 to 64 letters, digits, '-' and '_'.",
                next_step_zh="请使用 1 至 64 个字母、数字、连字符或下划线。",
                data={"tenant": self.tenant},
            )

    def is_same(self, other: str) -> bool:
        """Return whether an id is that of this principal, however it is written."""
        return _plain(self.id) == _plain(other)

    def require(self, role: Role, *others: Role) -> None:
        """Let the principal pass if it has a role, or one of several.

        Raises:
            Forbidden: If it has none of them and not ``"admin"``; the first is named.
        """
        if self.roles & {role, *others, "admin"}:
            return
        raise Forbidden(
            f"{self.id} lacks the role {role!r}.",
            message_zh=f"{self.id} 没有角色 {role!r}。",
            next_step="Ask an administrator for the role, or sign in as somebody who has it.",
            next_step_zh="请向管理员申请该角色，或换用具备该角色的账号。",
            data={"principal": self.id, "role": role},
        )


def _plain(name: str) -> str:
    return unicodedata.normalize("NFKC", name).strip().casefold()


def roles_from(names: str) -> frozenset[Role]:
    """Return the roles of a comma-separated list.

    Raises:
        InputError: If a name is not a role.
    """
    return _chosen(names, ROLES, ("role", "角色"))


def seats_from(names: str) -> frozenset[Seat]:
    """Return the seats of a comma-separated list.

    Raises:
        InputError: If a name is not a seat.
    """
    return _chosen(names, SEATS, ("seat", "席位"))


_Name = TypeVar("_Name", bound=str)


def _chosen(names: str, known: tuple[_Name, ...], kind: tuple[str, str]) -> frozenset[_Name]:
    wanted = {name.strip() for name in names.split(",") if name.strip()}
    unknown = sorted(wanted - set(known))
    if unknown:
        raise InputError(
            f"Unknown {kind[0]} {unknown[0]!r}.",
            message_zh=f"未知{kind[1]} {unknown[0]!r}。",
            next_step=f"{kind[0].capitalize()}s: {', '.join(known)}.",
            next_step_zh=f"{kind[1]}：{'、'.join(known)}。",
            data={kind[0]: unknown[0]},
        )
    return frozenset(name for name in known if name in wanted)


SYSTEM = Principal(id="system", roles=frozenset(ROLES), tenant="plant")
"""The service itself, for what it writes without being asked: catalogue, entailment."""
