"""Live sources of a service, by name: started, looked at, stopped and forgotten, each on its own.

A served folder takes up those that it listened to; one that was stopped stays known and stopped.
"""

import os
import threading
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path
from typing import Any

import orjson

from qualweave.api.service import Service
from qualweave.errors import Conflict, InputError, JsonValue, NotFound, QualweaveError
from qualweave.mappers.compaction import MOST_BATCHES, compact
from qualweave.mappers.live.address import LiveAddress, open_source
from qualweave.mappers.live.listening import Listening, LiveState
from qualweave.mappers.live.names import checked_name
from qualweave.mappers.live.rates import FieldNow
from qualweave.mappers.live.spool import UNNAMED
from qualweave.mappers.report import IngestReport
from qualweave.principal import Principal
from qualweave.store.journal import write_durably

_PATIENCE_S = 30


def listening(
    service: Service,
    address: LiveAddress,
    *,
    principal: Principal,
    name: str = UNNAMED,
    told: Callable[[LiveState], None] | None = None,
) -> Listening:
    """Return what listens to an address and ingests into a service; it is not running yet.

    Raises:
        InputError: If the address or the name is none.
        MissingCapability: If the extra ``live`` is not installed.
        Forbidden: If the principal may not ingest.
    """
    principal.require("engineer")
    home = service.settings.data_dir / "live" / principal.tenant
    folder = home if checked_name(name) == UNNAMED else home / "sources" / name
    # a broker knows us by this name: two listeners under one would drive each other out
    mark = sha256(str(service.settings.data_dir.resolve()).encode()).hexdigest()[:8]
    parts = [address.client_id, principal.tenant, *([] if name == UNNAMED else [name]), mark]
    return Listening(
        open_source(replace(address, client_id="-".join(parts))),
        folder,
        _Ingesting(service, principal, name),
        service.settings,
        told=told,
        name=name,
    )


class _Ingesting:
    """Ingests what a source sealed; where that is set, the small graphs of an hour are compacted when it is over."""

    def __init__(self, service: Service, principal: Principal, name: str) -> None:
        self._service, self._principal, self._name = service, principal, name
        self._hour: datetime | None = None
        self._batches = 0

    def __call__(self, path: Path) -> IngestReport:
        report = self._service.ingest(path, principal=self._principal)
        if not self._service.settings.live_compaction:
            return report
        hour = datetime.now(UTC).replace(minute=0, second=0, microsecond=0)
        self._batches += len(report.files)
        if hour != self._hour or self._batches >= MOST_BATCHES:
            self._hour, self._batches = hour, 0
            with self._service.lifting(self._principal) as work:
                compact(work, source=self._name)
        return report


@dataclass(frozen=True)
class LiveRequest:
    """A live source as it is asked for and kept: its password stays in the environment.

    Attributes:
        address: Where and what.
        name: What it is called, once in a tenant.
        password_env: Name of the environment variable that holds the password, ``""`` for none.
        principal: Id of who started it.
        tenant: Whose it is.
        stopped: Whether a person has stopped it.
    """

    address: LiveAddress
    name: str = UNNAMED
    password_env: str = ""
    principal: str = ""
    tenant: str = ""
    stopped: bool = False

    def to_json(self) -> dict[str, JsonValue]:
        """Return the request without secrets."""
        address = asdict(replace(self.address, url=self.address.shown, password=""))
        told = {one: getattr(self, one) for one in ("name", "password_env", "principal", "tenant")}
        address = {**address, "topics": list(self.address.topics)}
        return {**told, "address": address, "stopped": self.stopped}

    @classmethod
    def from_json(cls, kept: Mapping[str, Any]) -> "LiveRequest":
        """Return the request that was kept."""
        address = LiveAddress(**{**kept["address"], "topics": tuple(kept["address"]["topics"])})
        known = {name: kept[name] for name in ("name", "stopped") if name in kept}
        told = {name: kept[name] for name in ("password_env", "principal", "tenant")}
        return cls(address, **told, **known)

    def is_of(self, other: "LiveRequest") -> bool:
        """Return whether both listen to the same: then one would double what the other brings."""
        mine, theirs = self.address, other.address
        return (mine.shown, mine.topics, mine.below) == (theirs.shown, theirs.topics, theirs.below)


@dataclass
class _Live:
    """A source that is known: what was asked for, and what runs or ran of it since the service did."""

    request: LiveRequest
    made: Listening | None = None
    thread: threading.Thread | None = None
    state: LiveState | None = None

    @property
    def runs(self) -> bool:
        return self.thread is not None and self.thread.is_alive()

    def told(self) -> dict[str, JsonValue]:
        state = (
            self.made.state if self.made else self.state or LiveState(self.request.address.shown)
        )
        status = "running" if self.runs else "failed" if state.error else "stopped"
        named = {"id": self.request.name, **self.request.to_json()}
        return {**named, "status": status, "state": {**vars(state), "running": self.runs}}


class LiveSources:
    """The live sources of a service.

    Args:
        service: Where readings go.
    """

    def __init__(self, service: Service) -> None:
        self._service = service
        self._known: dict[tuple[str, str], _Live] = {}
        self._mutex = threading.Lock()

    @property
    def _folder(self) -> Path:
        return self._service.settings.data_dir / "live" / "sources"

    def _path(self, request: LiveRequest) -> Path:
        return self._folder / request.tenant / f"{request.name}.json"

    def start(self, request: LiveRequest, principal: Principal) -> dict[str, JsonValue]:
        """Listen to a new source until it is stopped.

        Raises:
            Conflict: If its name is taken, or the same is listened to under another name.
            InputError: If the address or the name is none, or the variable of its password is not set.
            Forbidden: If the principal may not ingest.
        """
        principal.require("engineer")
        checked_name(request.name)
        request = replace(request, principal=principal.id, tenant=principal.tenant, stopped=False)
        with self._mutex:
            self._free(request)
            one = _Live(request)
            self._run(one, principal)
            self._known[request.tenant, request.name] = one
        return one.told()

    def start_again(self, name: str, principal: Principal) -> dict[str, JsonValue]:
        """Listen again to a source that was stopped or has failed.

        Raises:
            NotFound: If the tenant has no such source.
            Conflict: If it is listened to.
            InputError: If the variable of its password is not set.
            Forbidden: If the principal may not ingest.
        """
        principal.require("engineer")
        with self._mutex:
            one = self._of(name, principal)
            if one.runs:
                raise Conflict(
                    f"The live source {name!r} is listened to already.",
                    message_zh=f"实时数据源 {name!r} 已在监听中。",
                    next_step="Stop it first to begin anew.",
                    next_step_zh="如需重新开始，请先停止。",
                    data={"id": name},
                )
            one.request = replace(one.request, principal=principal.id, stopped=False)
            self._run(one, principal)
        return one.told()

    def _run(self, one: _Live, principal: Principal) -> None:
        request = one.request
        address = replace(request.address, password=_secret(request))
        made = listening(self._service, address, principal=principal, name=request.name)
        one.made = made
        one.thread = threading.Thread(target=made.run_quietly, name=f"live {request.name}")
        one.thread.start()
        self._keep(request)

    def _keep(self, request: LiveRequest) -> None:
        self._path(request).parent.mkdir(parents=True, exist_ok=True)
        write_durably(self._path(request), orjson.dumps(request.to_json()))

    def _free(self, request: LiveRequest) -> None:
        """Make sure that name and address are free."""
        mine = [one.request for one in self._known.values() if one.request.tenant == request.tenant]
        for other in mine:
            if other.name == request.name:
                raise Conflict(
                    f"The name {request.name!r} is taken by the live source {other.address.shown}.",
                    message_zh=f"名称 {request.name!r} 已被实时数据源 {other.address.shown} 占用。",
                    next_step="Give another name, or start, stop or remove that one by its name.",
                    next_step_zh="请使用其他名称，或按名称启动、停止或移除该数据源。",
                    data={"id": other.name, "address": other.address.shown},
                )
            if other.is_of(request):
                raise Conflict(
                    f"{other.address.shown} is listened to under the name {other.name!r}.",
                    message_zh=f"已以名称 {other.name!r} 监听 {other.address.shown}。",
                    next_step="Use that one; give other topics or another path to listen to more of it.",
                    next_step_zh="请使用该数据源；如需监听更多内容，请给出其他主题或路径。",
                    data={"id": other.name, "address": other.address.shown},
                )

    def told(self, name: str, principal: Principal) -> dict[str, JsonValue]:
        """Return where a source stands.

        Raises:
            NotFound: If the tenant has no such source.
        """
        return self._of(name, principal).told()

    def fields(self, name: str, principal: Principal) -> list[FieldNow]:
        """Return every field of a source with its rate and newest value; empty where it did not run.

        Raises:
            NotFound: If the tenant has no such source.
        """
        made = self._of(name, principal).made
        return made.spools.fields_now() if made else []

    def known(self, principal: Principal) -> list[dict[str, JsonValue]]:
        """Return the sources of the tenant, by name."""
        return [
            one.told()
            for (tenant, _), one in sorted(self._known.items())
            if tenant == principal.tenant
        ]

    def stop(self, name: str, principal: Principal) -> dict[str, JsonValue]:
        """Stop a source, which stays known; whatever it sent is in the graph when this returns.

        Raises:
            NotFound: If the tenant has no such source.
            Forbidden: If the principal may not ingest.
        """
        principal.require("engineer")
        one = self._of(name, principal)
        if one.made is not None and one.thread is not None:
            one.made.stop.set()
            one.thread.join(_PATIENCE_S)
        with self._mutex:
            one.request = replace(one.request, stopped=True)
            self._keep(one.request)
        return one.told()

    def remove(self, name: str, principal: Principal) -> dict[str, JsonValue]:
        """Stop a source and forget it; what it brought stays in the graph.

        Raises:
            NotFound: If the tenant has no such source.
            Forbidden: If the principal may not ingest.
        """
        told = self.stop(name, principal)
        with self._mutex:
            one = self._known.pop((principal.tenant, name))
            self._path(one.request).unlink(missing_ok=True)
        return told

    def _of(self, name: str, principal: Principal) -> _Live:
        found = self._known.get((principal.tenant, name))
        if found is None:
            there = [one for tenant, one in sorted(self._known) if tenant == principal.tenant]
            raise NotFound(
                f"There is no live source {name!r}.",
                message_zh=f"没有实时数据源 {name!r}。",
                next_step=f"There are: {', '.join(there)}." if there else "Start it first.",
                next_step_zh=f"现有：{'、'.join(there)}。" if there else "请先启动。",
                data={"id": name},
            )
        return found

    def take_up(self) -> None:
        """Know the sources of before, and listen again to those that nobody has stopped.

        One that cannot be listened to now is shown as failed and left for a person.
        """
        for path in sorted(self._folder.rglob("*.json")) if self._folder.exists() else []:
            request = LiveRequest.from_json(orjson.loads(path.read_bytes()))
            if path != self._path(request):  # of a release that knew one source a tenant
                self._keep(request)
                path.unlink()
            one = self._known[request.tenant, request.name] = _Live(request)
            who = Principal(
                id=request.principal, roles=frozenset({"engineer"}), tenant=request.tenant
            )
            try:
                if not request.stopped:
                    self._run(one, who)
            except QualweaveError as error:
                one.state = LiveState(request.address.shown)
                one.state.fail(error)

    def close(self) -> None:
        """Stop every source; they are taken up at the next start."""
        running = [one for one in self._known.values() if one.runs]
        for one in running:
            if one.made is not None:
                one.made.stop.set()
        for one in running:
            if one.thread is not None:
                one.thread.join(_PATIENCE_S)


def _secret(request: LiveRequest) -> str:
    if not request.password_env:
        return request.address.password
    found = os.environ.get(request.password_env)
    if found is None:
        raise InputError(
            f"The environment variable {request.password_env} is not set.",
            message_zh=f"未设置环境变量 {request.password_env}。",
            next_step="Set it where the service is started.",
            next_step_zh="请在启动服务的环境中设置它。",
            data={"variable": request.password_env},
        )
    return found
