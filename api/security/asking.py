"""What a route is given: the service, and the principal who asks."""

from typing import Annotated
from urllib.parse import unquote

from fastapi import Depends, Header, Request

from qualweave.api.service import Service
from qualweave.config import Settings
from qualweave.errors import Forbidden
from qualweave.principal import Principal, roles_from, seats_from


def _service(request: Request) -> Service:
    service: Service = request.app.state.service
    return service


def _principal(
    request: Request,
    qualweave_principal: Annotated[str, Header()] = "dev",
    qualweave_roles: Annotated[str, Header()] = "engineer,architect",
    qualweave_tenant: Annotated[str, Header()] = "",
    qualweave_seats: Annotated[str, Header()] = "",
) -> Principal:
    """Return the principal of a request; only ``--dev`` lets the caller choose it."""
    settings: Settings = request.app.state.settings
    if not settings.dev:
        raise Forbidden(
            "No key was given.",
            message_zh="未提供密钥。",
            next_step="Keys come with a later release; start the service with --dev on a loopback address.",
            next_step_zh="密钥将在后续版本提供；请以 --dev 在回环地址启动服务。",
        )
    return Principal(
        id=unquote(qualweave_principal),
        roles=roles_from(qualweave_roles),
        seats=seats_from(qualweave_seats),
        tenant=unquote(qualweave_tenant) or settings.tenant,
    )


def _visitor(
    request: Request,
    qualweave_principal: Annotated[str, Header()] = "dev",
    qualweave_roles: Annotated[str, Header()] = "engineer,architect",
    qualweave_tenant: Annotated[str, Header()] = "",
) -> Principal:
    """Return who asks at a door that may stand open to the public: then anyone may, without any role."""
    settings: Settings = request.app.state.settings
    if settings.public_tier and not settings.dev:
        return Principal(id="public", roles=frozenset(), tenant=settings.tenant)
    return _principal(request, qualweave_principal, qualweave_roles, qualweave_tenant)


ServiceOf = Annotated[Service, Depends(_service)]
Who = Annotated[Principal, Depends(_principal)]
Visitor = Annotated[Principal, Depends(_visitor)]
