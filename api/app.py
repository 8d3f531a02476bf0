"""The HTTP face put together: SPARQL 1.1 Protocol, REST with problem details, and nothing that thinks for itself."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from importlib.util import find_spec

from fastapi import APIRouter, FastAPI
from fastapi.exceptions import RequestValidationError

from qualweave import __version__
from qualweave.api import sparql
from qualweave.api.listening import LiveSources
from qualweave.api.replies import invalid_reply, problem_reply
from qualweave.api.rest import (
    decisions,
    dictionaries,
    floor,
    governance,
    live,
    lookups,
    mapping_documents,
    mappings,
    migration,
    product_classes,
    queries,
    questions,
    rebinding,
    releases,
    reviews,
    state,
    texts,
    trace_policies,
    trace_tables,
    traces,
    weights,
)
from qualweave.api.service import Service
from qualweave.config import Settings
from qualweave.errors import QualweaveError

_ROOMS = (
    state,
    sparql,
    traces,
    rebinding,
    releases,
    trace_policies,
    live,
    trace_tables,
    mappings,
    reviews,
    mapping_documents,
    texts,
    governance,
    migration,
    decisions,
    queries,
    questions,
    lookups,
    floor,
    dictionaries,
    weights,
    product_classes,
)


def add_rooms(app: FastAPI | None = None) -> FastAPI:
    """Add the routes of every room to an application, or to a bare one that only tells its endpoints."""
    given = app if app is not None else FastAPI(title="Qualweave", version=__version__)
    router = APIRouter()
    for room in _ROOMS:
        room.add_routes(router)
    given.include_router(router)
    return given


def make_app(service: Service, settings: Settings, *, pages: bool = True) -> FastAPI:
    """Return the application over a service.

    Args:
        service: What it serves.
        settings: Principals and tenant.
        pages: Whether the workbench is mounted, where its extra is installed; one application a process can have it.
    """

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        app.state.live.take_up()
        yield
        app.state.live.close()
        service.close()

    app = FastAPI(
        title="Qualweave", version=__version__, lifespan=lifespan, docs_url=None, redoc_url=None
    )
    app.state.service, app.state.settings = service, settings
    app.state.live = LiveSources(service)
    app.add_exception_handler(QualweaveError, problem_reply)
    app.add_exception_handler(RequestValidationError, invalid_reply)
    add_rooms(app)
    if pages and find_spec("nicegui") is not None:
        from qualweave.api.workbench.pages import mount  # noqa: PLC0415 - an extra

        mount(app, service, settings)
    return app
