"""The HTTP face: SPARQL 1.1 Protocol, REST with problem details, and nothing that thinks for itself."""

import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import asdict
from importlib.util import find_spec
from pathlib import Path, PurePath
from typing import Annotated, Any

import orjson
from fastapi import Depends, FastAPI, Header, Query, Request, Response
from fastapi.concurrency import run_in_threadpool
from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel, Field

from qualweave import __version__
from qualweave.api.deciding import Deciding
from qualweave.api.service import Service
from qualweave.config import Settings
from qualweave.errors import Forbidden, InputError, JsonValue, QualweaveError
from qualweave.iri import expand
from qualweave.principal import Principal, roles_from
from qualweave.reasoning.decisions.coach import Card
from qualweave.reasoning.decisions.recommend import Situation
from qualweave.reasoning.trace import Direction
from qualweave.shapes.validate import validate

_JSON = "application/sparql-results+json"
_OFFERED = (
    _JSON,
    "application/sparql-results+xml",
    "text/csv",
    "text/tab-separated-values",
    "text/turtle",
    "application/n-triples",
    "application/ld+json",
    "application/rdf+xml",
)


class TermAnswer(BaseModel):
    """A person's answer to a question of the mapper."""

    term: str = Field(description="IRI or CURIE of the term; empty for none of ours.")
    reason: str = ""


class Sentence(BaseModel):
    """What somebody said."""

    text: str = Field(
        description="A sentence in Chinese or English.", min_length=1, max_length=2000
    )


class DecisionRequest(BaseModel):
    """What is to be decided: one of an intervention, a card and an observation."""

    station: str = Field(
        "", description="Name or IRI of an equipment whose set points are asked about."
    )
    alarm: str = Field("", description="Name or IRI of an alarm.")
    defect: str = Field("", description="CURIE or IRI of a defect class.")
    characteristic: str = Field("", description="CURIE or IRI of a measured characteristic.")
    card: str = Field("", description="Name or IRI of a process card in the graph.")
    settings: dict[str, float] = Field(
        default_factory=dict,
        description="Set points of a draft card: parameter to canonical value.",
    )
    process: str = Field("", description="CURIE or IRI of the process class of a draft card.")
    line: str = Field("", description="Name or IRI of the line of a draft card.")
    observation: str = Field(
        "", description="Name or IRI of an inspection that contracts are held against."
    )


def make_app(service: Service, settings: Settings, *, pages: bool = True) -> FastAPI:
    """Return the application over a service.

    Args:
        service: What it serves.
        settings: Principals and tenant.
        pages: Whether the workbench is mounted, where its extra is installed; one application a process can have it.
    """

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        yield
        service.close()

    app = FastAPI(
        title="Qualweave", version=__version__, lifespan=lifespan, docs_url=None, redoc_url=None
    )
    app.state.service, app.state.settings = service, settings
    app.add_exception_handler(QualweaveError, _problem)
    app.add_exception_handler(RequestValidationError, _invalid)
    _add_state(app)
    _add_sparql(app)
    _add_traces(app)
    _add_mapping(app)
    _add_decisions(app)
    if pages and find_spec("nicegui") is not None:
        from qualweave.api.workbench.pages import mount  # noqa: PLC0415 - an extra

        mount(app, service, settings)
    return app


async def _problem(_: Request, error: Exception) -> Response:
    if not isinstance(error, QualweaveError):  # pragma: no cover - registered for it alone
        raise error
    return _json(error.problem(), status=error.status, media_type="application/problem+json")


async def _invalid(_: Request, error: Exception) -> Response:
    detail = "; ".join(
        f"{'.'.join(str(part) for part in one['loc'])}: {one['msg']}"
        for one in getattr(error, "errors", list)()
    )
    problem = InputError(
        f"The request is not valid: {detail}",
        message_zh=f"请求无效：{detail}",
        next_step="Compare it with /openapi.json.",
        next_step_zh="请对照 /openapi.json。",
    )
    return _json(problem.problem(), status=problem.status, media_type="application/problem+json")


def _json(value: Any, *, status: int = 200, media_type: str = "application/json") -> Response:  # noqa: ANN401
    return Response(orjson.dumps(value), status_code=status, media_type=media_type)


def _service(request: Request) -> Service:
    service: Service = request.app.state.service
    return service


def _principal(
    request: Request,
    qualweave_principal: Annotated[str, Header()] = "dev",
    qualweave_roles: Annotated[str, Header()] = "engineer,architect",
    qualweave_tenant: Annotated[str, Header()] = "",
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
        id=qualweave_principal,
        roles=roles_from(qualweave_roles),
        tenant=qualweave_tenant or settings.tenant,
    )


ServiceOf = Annotated[Service, Depends(_service)]
Who = Annotated[Principal, Depends(_principal)]


def _add_state(app: FastAPI) -> None:
    @app.get("/healthz")
    def healthz() -> Response:
        """Say that the service answers."""
        return _json({"status": "ok", "version": __version__})

    @app.get("/status")
    def status(service: ServiceOf, who: Who) -> Response:
        """Return the figures of the state."""
        return _json(service.numbers(who))

    @app.get("/audit")
    def audit(service: ServiceOf, who: Who) -> Response:
        """Judge the whole graph by the shapes that need more than one file."""
        verdict = service.audit(who.tenant)
        return _json(
            {
                "count": len(verdict.results),
                "results": [asdict(one) for one in verdict.results[:500]],
            }
        )

    @app.post("/validate")
    async def validate_data(request: Request) -> Response:
        """Validate RDF against the released shapes."""
        kind = request.headers.get("content-type", "text/turtle").split(";")[0]
        body = await request.body()
        verdict = await run_in_threadpool(validate, body, media_type=kind)
        return _json(
            {
                "conforms": not verdict.violations,
                "results": [asdict(one) for one in verdict.results],
            }
        )


def _accepted(request: Request) -> str:
    wanted = request.headers.get("accept", "")
    return next((one for one in _OFFERED if one in wanted), _JSON)


def _add_sparql(app: FastAPI) -> None:
    @app.get("/sparql")
    def sparql_get(
        request: Request,
        service: ServiceOf,
        who: Who,
        query: str,
        default: Annotated[list[str] | None, Query(alias="default-graph-uri")] = None,
        named: Annotated[list[str] | None, Query(alias="named-graph-uri")] = None,
    ) -> Response:
        """Answer a query (SPARQL 1.1 Protocol, via GET)."""
        answer = service.query(
            query,
            principal=who,
            media_type=_accepted(request),
            default_uris=default or (),
            named_uris=named or (),
        )
        return Response(
            answer.body, media_type=answer.media_type, headers={"Qualweave-Commit": answer.commit}
        )

    @app.post("/sparql")
    async def sparql_post(request: Request, service: ServiceOf, who: Who) -> Response:
        """Answer a query (SPARQL 1.1 Protocol, via POST, direct or form)."""
        kind = request.headers.get("content-type", "").split(";")[0]
        if kind == "application/sparql-query":
            query, default, named = (await request.body()).decode(), [], []
        else:
            form = await request.form()
            query = str(form.get("query", ""))
            default = [str(one) for one in form.getlist("default-graph-uri")]
            named = [str(one) for one in form.getlist("named-graph-uri")]
        answer = await run_in_threadpool(
            service.query,
            query,
            principal=who,
            media_type=_accepted(request),
            default_uris=default,
            named_uris=named,
        )
        return Response(
            answer.body, media_type=answer.media_type, headers={"Qualweave-Commit": answer.commit}
        )


def _add_traces(app: FastAPI) -> None:
    @app.get("/trace/{item:path}")
    def trace(
        item: str,
        service: ServiceOf,
        who: Who,
        direction: Direction = "back",
        step_offset: Annotated[int, Query(ge=0)] = 0,
        step_limit: Annotated[int | None, Query(ge=0, le=2000)] = None,
    ) -> Response:
        """Trace an item (serial, lot, IRI or GS1 identity) back or forward."""
        answer = service.trace(
            item, principal=who, direction=direction, step_offset=step_offset, step_limit=step_limit
        )
        return _json(answer.to_json())

    @app.get("/recall/{item:path}")
    def recall(
        item: str,
        service: ServiceOf,
        who: Who,
        limit: Annotated[int, Query(ge=1, le=10_000)] = 1000,
        offset: Annotated[int, Query(ge=0)] = 0,
    ) -> Response:
        """Return what a suspicious item went into, where it is, and who has it."""
        return _json(service.recall(item, principal=who).to_json(limit=limit, offset=offset))

    @app.get("/causes/{item:path}")
    def causes(
        item: str, service: ServiceOf, who: Who, limit: Annotated[int, Query(ge=1, le=100)] = 10
    ) -> Response:
        """Return the likely common causes of a bad item, with the path to each."""
        return _json(service.causes([item], principal=who, limit=limit).to_json())

    @app.get("/parameter-changes/orphans")
    def orphans(service: ServiceOf, who: Who) -> Response:
        """Return the parameter changes that no downstream quality order is linked to."""
        return _json({"changes": [asdict(one) for one in service.orphan_changes(who)]})

    @app.get("/provenance")
    def provenance(
        service: ServiceOf, who: Who, s: str, p: str | None = None, g: str | None = None
    ) -> Response:
        """Return file, row and column of a triple."""
        who.require("reader" if "reader" in who.roles else "engineer")
        return _json([asdict(one) for one in service.provenance(s, p, g)])


def _add_mapping(app: FastAPI) -> None:
    @app.post("/sources")
    async def sources(
        request: Request, service: ServiceOf, who: Who, name: Annotated[str, Query(min_length=1)]
    ) -> Response:
        """Ingest one file, given as the body; sending it twice changes nothing."""
        content = await request.body()
        pure = PurePath(name)
        if pure.is_absolute() or ".." in pure.parts:
            raise InputError(
                f"{name!r} is no plain file name.", next_step="Give folders and name, relative."
            )

        def run() -> dict[str, object]:
            with tempfile.TemporaryDirectory() as folder:
                path = Path(folder) / pure
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_bytes(content)
                return service.ingest(Path(folder), principal=who).to_json()

        return _json(await run_in_threadpool(run))

    @app.get("/mappings")
    def mappings(service: ServiceOf, who: Who) -> Response:
        """Return the sources that have a mapping document."""
        return _json({"sources": service.desk(who).library.sources()})

    @app.get("/mappings/{source}")
    def mapping(source: str, service: ServiceOf, who: Who) -> Response:
        """Return a mapping document."""
        document = service.desk(who).library.get(source)
        return Response(document.model_dump_json(by_alias=True), media_type="application/json")

    @app.post("/voices")
    def voices(said: Sentence, service: ServiceOf, who: Who) -> Response:
        """Read what a sentence of a complaint or report is about, with evidence."""
        del who
        return _json(service.voice(said.text))

    @app.get("/change-requests")
    def change_requests(service: ServiceOf, who: Who) -> Response:
        """Return the open change requests."""
        del who
        return _json({"requests": [one.request.to_json() for one in service.questions()]})

    @app.post("/change-requests/{request_id}/answer")
    def answer(request_id: str, given: TermAnswer, service: ServiceOf, who: Who) -> Response:
        """Answer a question of the mapper; what waited for it is lifted."""
        report = service.answer(request_id, given.term, reason=given.reason, principal=who)
        return _json(report.to_json())

    @app.get("/quarantine")
    def quarantine(service: ServiceOf, who: Who) -> Response:
        """Return the rows that wait for repair, with file, row, column, reason and fix."""
        return _json({"rows": [one.to_json() for one in service.quarantine(who.tenant)]})


def _term(text: str) -> str:
    return expand(text) if text else ""


def _decided(deciding: Deciding, asked: DecisionRequest) -> dict[str, JsonValue]:
    """Return the answer to a request for a decision.

    Raises:
        InputError: If it names nothing to decide on.
    """
    if asked.station or asked.alarm:
        situation = Situation(
            station=deciding.iri("equipment", asked.station) if asked.station else "",
            alarm=deciding.iri("alarm", asked.alarm) if asked.alarm else "",
            defect=_term(asked.defect),
            characteristic=_term(asked.characteristic),
        )
        return {"interventions": deciding.interventions(situation)}
    if asked.card:
        return deciding.hint(deciding.iri("card", asked.card))
    if asked.settings:
        card = Card(
            settings={expand(name): value for name, value in asked.settings.items()},
            process=_term(asked.process),
            line=deciding.iri("line", asked.line) if asked.line else "",
        )
        return deciding.hint(card)
    if asked.observation:
        return {"freezes": deciding.freezes(deciding.iri("inspection", asked.observation))}
    raise InputError(
        "Nothing is named to decide on.",
        message_zh="未指明需要决策的对象。",
        next_step="Give a station or alarm, a card or its settings, or an observation.",
        next_step_zh="请给出设备或报警、工艺卡或其设定值，或一次检验。",
    )


def _add_decisions(app: FastAPI) -> None:
    @app.post("/decisions")
    def decisions(asked: DecisionRequest, service: ServiceOf, who: Who) -> Response:
        """Decide: an intervention for a station or alarm, a hint for a card, freezes for an observation."""
        who.require("engineer")
        return _json(_decided(Deciding(service, who), asked))

    @app.post("/contracts")
    async def contracts(request: Request, service: ServiceOf, who: Who) -> Response:
        """Keep a contract that is sent as YAML."""
        who.require("engineer")
        text = (await request.body()).decode("utf-8", errors="replace")
        contract = await run_in_threadpool(Deciding(service, who).add_contract, text)
        return _json(contract.to_json(), status=201)

    @app.get("/hypotheses")
    def hypotheses(
        service: ServiceOf, who: Who, limit: Annotated[int, Query(ge=1, le=1000)] = 100
    ) -> Response:
        """Return what the newest published model supposes, the surest first; nothing of it is confirmed."""
        return _json({"hypotheses": service.hypotheses(who, limit=limit)})

    @app.get("/freezes")
    def freezes(service: ServiceOf, who: Who) -> Response:
        """Return every freeze, newest first."""
        return _json({"freezes": Deciding(service, who).standing_freezes()})

    @app.post("/freezes/{name}/release")
    def release(name: str, service: ServiceOf, who: Who) -> Response:
        """Sign the release of a freeze; it takes two persons with the role 'approver'."""
        return _json(Deciding(service, who).release(name))
