"""One way to ask a graph, be it in a folder that nobody serves or behind a running service.

A store has one writing process. So a folder is opened here, with the application in this process and no port; and a
folder that is being served is asked through its service, by the very same requests.
"""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol, TypedDict, TypeVar

import httpx

from qualweave.api.app import make_app
from qualweave.api.service import Service
from qualweave.client import AsyncClient, Client
from qualweave.client.calls import Call
from qualweave.config import Settings
from qualweave.errors import Conflict, NotFound

_Answer = TypeVar("_Answer")


class CallerHeaders(TypedDict):
    """A caller as the arguments of a client."""

    principal: str
    roles: str
    tenant: str
    seats: str


@dataclass(frozen=True)
class Caller:
    """Who asks.

    Attributes:
        name: Id of the principal.
        roles: Comma-separated.
        tenant: Whose graphs; the service's default where empty.
        seats: Comma-separated seats of the committee.
    """

    name: str
    roles: str = "reader"
    tenant: str = ""
    seats: str = ""

    def headers(self) -> CallerHeaders:
        """Return it as a client takes it."""
        return {
            "principal": self.name,
            "roles": self.roles,
            "tenant": self.tenant,
            "seats": self.seats,
        }


class Run(Protocol):
    """Sends a request and gives its answer."""

    def __call__(self, call: Call[_Answer], /) -> _Answer:
        """Send it."""
        ...


@contextmanager
def asking(data: Path, url: str, caller: Caller) -> Iterator[Run]:
    """Lend what sends requests.

    Args:
        data: Folder of a store; not looked at where an address is given.
        url: Address of a running service, or ``""``.
        caller: Who asks.

    Raises:
        NotFound: If the folder holds no store.
        Conflict: If another process has the folder's store open.
        QualweaveError: The one that the service answered with.
    """
    if url:
        with Client(url, **caller.headers()) as service:
            yield service.run
    else:
        with client_of_folder(data, caller) as folder:
            yield lambda call: asyncio.run(folder.run(call))


def require_store(folder: Path) -> None:
    """Refuse a folder that holds no store, so that none is made by asking.

    Raises:
        NotFound: If it holds none; where its folder ``store`` does, the next step names that.
    """
    if (folder / "store" / "ledger.jsonl").exists():
        return
    within = (folder / "store" / "store" / "ledger.jsonl").exists()
    meant, meant_zh = (
        (f"Give {folder / 'store'} instead. ", f"请改用 {folder / 'store'}。")
        if within
        else ("", "")
    )
    raise NotFound(
        f"There is no store in {folder}.",
        message_zh=f"{folder} 中没有数据存储。",
        next_step=f"{meant}Give the folder that 'qualweave ingest' or 'qualweave serve' was given with --data, "
        "or the address of a running service with --url.",
        next_step_zh=f"{meant_zh}请给出 qualweave ingest 或 serve 所用的 --data 文件夹，或用 --url 指定运行中的服务。",
        data={"folder": str(folder)},
    )


@contextmanager
def client_of_folder(folder: Path, caller: Caller) -> Iterator[AsyncClient]:
    """Open a folder's store and lend a client of it, without a port.

    Raises:
        NotFound: If the folder holds no store.
        Conflict: If another process has it open; the next step names the way through its service.
    """
    require_store(folder)
    # The application has no port and only this process asks it, so that its principals may come by header.
    settings = Settings(data_dir=folder, dev=True)
    try:
        service = Service(settings)
    except Conflict as error:
        address = f"http://{settings.host}:{settings.port}"
        raise Conflict(
            f"{error.message} A store has one writing process, so it is asked through its service.",
            message_zh=f"{error.message_zh}同一存储只能由一个进程写入，请通过其服务访问。",
            next_step=f"Add --url {address} (or the address that the service printed) in place of --data.",
            next_step_zh=f"请以 --url {address}（或服务启动时显示的地址）代替 --data。",
            data={"folder": str(folder), "url": address},
        ) from error
    try:
        transport = httpx.ASGITransport(app=make_app(service, settings, pages=False))
        yield AsyncClient("http://folder", transport=transport, **caller.headers())
    finally:
        service.close()
