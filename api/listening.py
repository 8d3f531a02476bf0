"""Live sources of a service: started, looked at and stopped; a served folder takes up those it listened to before."""

import os
import threading
from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from hashlib import sha256
from pathlib import Path

import orjson

from qualweave.api.service import Service
from qualweave.errors import Conflict, InputError, JsonValue, NotFound
from qualweave.mappers.live.address import LiveAddress, open_source
from qualweave.mappers.live.listening import Listening, LiveState
from qualweave.principal import Principal
from qualweave.store.journal import write_durably

_PATIENCE_S = 30


def listening(
    service: Service,
    address: LiveAddress,
    *,
    principal: Principal,
    told: Callable[[LiveState], None] | None = None,
) -> Listening:
    """Return what listens to an address and ingests into a service; it is not running yet.

    Raises:
        InputError: If the address is none.
        MissingCapability: If the extra ``live`` is not installed.
        Forbidden: If the principal may not ingest.
    """
    principal.require("engineer")
    folder = service.settings.data_dir / "live" / principal.tenant
    # a broker knows us by this name: two folders that listened under one would drive each other out
    mark = sha256(str(service.settings.data_dir.resolve()).encode()).hexdigest()[:8]
    named = replace(address, client_id=f"{address.client_id}-{principal.tenant}-{mark}")
    return Listening(
        open_source(named),
        folder,
        lambda path: service.ingest(path, principal=principal),
        service.settings,
        told=told,
    )


@dataclass(frozen=True)
class LiveRequest:
    """A live source as it is asked for and kept: its password stays in the environment.

    Attributes:
        address: Where and what.
        password_env: Name of the environment variable that holds the password, ``""`` for none.
        principal: Id of who started it.
        tenant: Whose it is.
    """

    address: LiveAddress
    password_env: str = ""
    principal: str = ""
    tenant: str = ""

    @property
    def id(self) -> str:
        """What the source is called here: the same address is the same source."""
        told = f"{self.tenant}\0{self.address.shown}\0{self.address.topics}\0{self.address.below}"
        return sha256(told.encode()).hexdigest()[:12]

    def to_json(self) -> dict[str, JsonValue]:
        """Return the request without secrets."""
        values = asdict(replace(self.address, url=self.address.shown, password=""))
        values = {**values, "topics": list(self.address.topics)}
        return {"address": values, "password_env": self.password_env,
                "principal": self.principal, "tenant": self.tenant}  # fmt: skip


class LiveSources:
    """The live sources of a service.

    Args:
        service: Where readings go.
    """

    def __init__(self, service: Service) -> None:
        self._service = service
        self._running: dict[str, tuple[LiveRequest, Listening, threading.Thread]] = {}
        self._mutex = threading.Lock()

    @property
    def _folder(self) -> Path:
        return self._service.settings.data_dir / "live" / "sources"

    def start(self, request: LiveRequest, principal: Principal) -> dict[str, JsonValue]:
        """Listen to a source until it is stopped.

        Raises:
            Conflict: If it, or another source of the tenant, is listened to already.
            InputError: If the address is none, or the variable of its password is not set.
        """
        request = replace(request, principal=principal.id, tenant=principal.tenant)
        secret = _secret(request)
        with self._mutex:
            self._one_a_tenant(request)
            made = listening(
                self._service, replace(request.address, password=secret), principal=principal
            )
            thread = threading.Thread(target=_run, args=(made,), name=f"live {request.id}")
            self._running[request.id] = (request, made, thread)
            thread.start()
        self._folder.mkdir(parents=True, exist_ok=True)
        write_durably(self._folder / f"{request.id}.json", orjson.dumps(request.to_json()))
        return self.told(request.id, principal)

    def _one_a_tenant(self, request: LiveRequest) -> None:
        """Hold sources apart that would write to the same spools."""
        for other, made, thread in self._running.values():
            if other.tenant == request.tenant and thread.is_alive():
                raise Conflict(
                    f"{made.source.name} is listened to already.",
                    message_zh=f"已在监听 {made.source.name}。",
                    next_step="Stop it first; one live source of a tenant runs at a time.",
                    next_step_zh="请先停止；每个租户同一时间只运行一个实时数据源。",
                    data={"id": other.id},
                )

    def told(self, source: str, principal: Principal) -> dict[str, JsonValue]:
        """Return where a source stands.

        Raises:
            NotFound: If the tenant has no such source.
        """
        request, made, _ = self._of(source, principal)
        return {"id": source, **request.to_json(), "state": dict(vars(made.state))}

    def known(self, principal: Principal) -> list[JsonValue]:
        """Return the sources of the tenant."""
        mine = [one for one, (request, _, _) in self._running.items()
                if request.tenant == principal.tenant]  # fmt: skip
        return [self.told(one, principal) for one in mine]

    def stop(self, source: str, principal: Principal) -> dict[str, JsonValue]:
        """Stop a source; whatever it sent is in the graph when this returns.

        Raises:
            NotFound: If the tenant has no such source.
            Forbidden: If the principal may not ingest.
        """
        principal.require("engineer")
        _, made, thread = self._of(source, principal)
        made.stop.set()
        thread.join(_PATIENCE_S)
        told = self.told(source, principal)
        (self._folder / f"{source}.json").unlink(missing_ok=True)
        with self._mutex:
            self._running.pop(source, None)
        return told

    def _of(
        self, source: str, principal: Principal
    ) -> tuple[LiveRequest, Listening, threading.Thread]:
        found = self._running.get(source)
        if found is None or found[0].tenant != principal.tenant:
            raise NotFound(
                f"There is no live source {source!r}.",
                message_zh=f"没有实时数据源 {source!r}。",
                next_step="GET /sources/live lists those that there are.",
                next_step_zh="GET /sources/live 列出现有的实时数据源。",
                data={"id": source},
            )
        return found

    def take_up(self) -> None:
        """Listen again to what was listened to when the service ended; what cannot be is left for a person."""
        for path in sorted(self._folder.glob("*.json")) if self._folder.exists() else []:
            kept = orjson.loads(path.read_bytes())
            address = LiveAddress(**{**kept["address"], "topics": tuple(kept["address"]["topics"])})
            request = LiveRequest(address, kept["password_env"])
            who = Principal(
                id=kept["principal"], roles=frozenset({"engineer"}), tenant=kept["tenant"]
            )
            self.start(request, who)

    def close(self) -> None:
        """Stop every source; they are taken up at the next start."""
        for _, made, _ in self._running.values():
            made.stop.set()
        for _, _, thread in self._running.values():
            thread.join(_PATIENCE_S)


def _run(made: Listening) -> None:
    """Run to the end; a failure stands in the state, which is what others look at."""
    made.run_quietly()


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
