"""Parameter dictionaries of partners: import one, read them, and tell where two disagree."""

from typing import Annotated

from fastapi import APIRouter, Query, Request, Response
from fastapi.concurrency import run_in_threadpool

from qualweave.api.dictionaries import Dictionaries
from qualweave.api.replies import json_reply
from qualweave.api.security.asking import ServiceOf, Who


def add_routes(router: APIRouter) -> None:
    """Add the routes of dictionaries."""

    @router.get("/dictionaries")
    def dictionaries(service: ServiceOf, who: Who) -> Response:
        """Return whose dictionaries there are, how large, and from which file."""
        return json_reply({"dictionaries": Dictionaries(service, who).known()})

    @router.post("/dictionaries/{partner}")
    async def add(
        partner: str,
        request: Request,
        service: ServiceOf,
        who: Who,
        name: Annotated[str, Query(description="Name of the file: .csv, .yaml or .yml.")],
    ) -> Response:
        """Take a partner's dictionary from the CSV or YAML that is sent, in place of its former one."""
        content = await request.body()
        told = await run_in_threadpool(Dictionaries(service, who).add, partner, name, content)
        return json_reply(told, status=200 if told["repeated"] else 201)

    @router.get("/dictionaries/{partner}")
    def dictionary(partner: str, service: ServiceOf, who: Who) -> Response:
        """Return the dictionary of a partner."""
        return json_reply(Dictionaries(service, who).told(partner))

    @router.get("/dictionaries/{partner}/difference/{other}")
    def difference(partner: str, other: str, service: ServiceOf, who: Who) -> Response:
        """Return where two partners disagree: what each calls critical, and every value that differs."""
        found = Dictionaries(service, who).difference(partner, other)
        return json_reply(found.to_json(service.terms))

    @router.get("/dictionaries/{partner}/anomalies/{parameter}")
    def anomalies(
        partner: str,
        parameter: str,
        service: ServiceOf,
        who: Who,
        point: Annotated[str, Query(description="Collection point; each where left out.")] = "",
        equipment: Annotated[str, Query(description="IRI; only values of this equipment.")] = "",
        line: Annotated[str, Query(description="IRI; only values of this line.")] = "",
    ) -> Response:
        """Return the values in the graph that a partner's anomaly rule marks, each with the reason."""
        given = Dictionaries(service, who)
        found = given.anomalies(partner, parameter, point=point, equipment=equipment, line=line)
        return json_reply(found)
