"""Migration: the data that was written with a former release, brought to the terms of the current one."""

from fastapi import APIRouter, Response

from qualweave.api.migrating import Migrating
from qualweave.api.replies import json_reply
from qualweave.api.security.asking import ServiceOf, Who


def add_routes(router: APIRouter) -> None:
    """Add the routes of migration."""

    @router.get("/ontology/releases/{version}/migration")
    def planned(version: str, service: ServiceOf, who: Who) -> Response:
        """Return where the data of each term go that the current release took away since a former one, and how many."""
        return json_reply(Migrating(service, who).plan(version))

    @router.post("/ontology/releases/{version}/migration")
    def migrate(version: str, service: ServiceOf, who: Who) -> Response:
        """Bring the data that was written with a former release to the terms of the current one."""
        return json_reply(Migrating(service, who).migrate(version))
