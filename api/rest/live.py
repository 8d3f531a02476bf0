"""Live sources of the service: start one, look at it, stop it."""

from fastapi import APIRouter, Request, Response
from fastapi.concurrency import run_in_threadpool
from pydantic import Field

from qualweave.api.listening import LiveRequest, LiveSources
from qualweave.api.replies import json_reply
from qualweave.api.rest.sent import SentBody
from qualweave.api.security.asking import Who
from qualweave.errors import JsonValue
from qualweave.mappers.live.address import LiveAddress
from qualweave.mappers.live.rates import FieldNow
from qualweave.mappers.live.spool import UNNAMED


class LiveSourceRequest(SentBody):
    """A server or broker to listen to."""

    url: str = Field(description="opc.tcp://HOST:PORT/PATH, mqtt://HOST:PORT or mqtts://HOST:PORT.")
    topics: list[str] = Field(
        default_factory=list, description="Topic filters; a level may be named: plant/{line}/#."
    )
    below: str = Field("", description="Path of an OPC UA server below Objects.")
    name: str = Field(
        UNNAMED, description="What it is called: letters, digits, '-' and '_'; once in a tenant."
    )
    user: str = ""
    password_env: str = Field(
        "",
        description="Environment variable of the service that holds the password; it is never kept.",
    )
    sampling_ms: float = Field(100.0, gt=0, description="Wanted sampling interval of OPC UA.")
    deadband: float = Field(0.0, ge=0, description="Least change that is told, in the unit.")

    def request(self) -> LiveRequest:
        """Return it as the service takes it."""
        address = LiveAddress(
            self.url, tuple(self.topics), self.below, self.user,
            sampling_ms=self.sampling_ms, deadband=self.deadband,
        )  # fmt: skip
        return LiveRequest(address, self.name, self.password_env)


def add_routes(router: APIRouter) -> None:
    """Add the routes of live sources."""

    @router.post("/sources/live")
    async def start(wanted: LiveSourceRequest, request: Request, who: Who) -> Response:
        """Listen to an OPC UA server or MQTT broker until it is stopped, under a name that is not taken."""
        told = await run_in_threadpool(_of(request).start, wanted.request(), who)
        return json_reply(told, status=201)

    @router.get("/sources/live")
    def known(request: Request, who: Who) -> Response:
        """Return the live sources by name, and where each stands."""
        return json_reply({"sources": list(_of(request).known(who))})

    @router.get("/sources/live/{source}")
    def state(source: str, request: Request, who: Who) -> Response:
        """Return where a live source stands: counts, why it ended, its fields with rate and newest value."""
        fields = [field_json(one) for one in _of(request).fields(source, who)]
        return json_reply({**_of(request).told(source, who), "fields": list(fields)})

    @router.post("/sources/live/{source}/stop")
    async def stop(source: str, request: Request, who: Who) -> Response:
        """Stop a live source, which stays known; what it sent is in the graph when the answer comes."""
        return json_reply(await run_in_threadpool(_of(request).stop, source, who))

    @router.post("/sources/live/{source}/start")
    async def start_again(source: str, request: Request, who: Who) -> Response:
        """Listen again to a live source that was stopped or has failed."""
        return json_reply(await run_in_threadpool(_of(request).start_again, source, who))

    @router.delete("/sources/live/{source}")
    async def remove(source: str, request: Request, who: Who) -> Response:
        """Stop a live source and forget it; what it sent is in the graph when the answer comes, and stays there."""
        return json_reply(await run_in_threadpool(_of(request).remove, source, who))


def field_json(one: FieldNow) -> dict[str, JsonValue]:
    """Return a field as it stands as JSON values."""
    return {**vars(one), "context": dict(one.context), "rate": round(one.rate, 3)}


def _of(request: Request) -> LiveSources:
    found: LiveSources = request.app.state.live
    return found
