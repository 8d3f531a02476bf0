"""`AsyncClient`: a running service, asked from an event loop."""

from types import TracebackType
from typing import Literal, Self, TypeVar

import httpx

from qualweave.client import calls
from qualweave.client.calls import Call, Direction, JsonObject, headers_of
from qualweave.client.table import Table
from qualweave.property_graph import PropertyGraph

_Answer = TypeVar("_Answer")


class AsyncClient:
    """A client of a running service whose methods are awaited.

    Args:
        url: Address of the service.
        principal: Who asks; a service started with ``--dev`` believes it.
        roles: Comma-separated roles; the least that reads is the default.
        tenant: Whose graphs; the service's default where left out.
        seats: Comma-separated seats of the committee that the principal holds.
        headers: Further headers of every request, such as a key.
        timeout: Seconds to wait for a reply.
        transport: How requests travel; an application in this process can be given here.
    """

    def __init__(
        self,
        url: str = "http://127.0.0.1:8420",
        *,
        principal: str = "client",
        roles: str = "reader",
        tenant: str = "",
        seats: str = "",
        headers: dict[str, str] | None = None,
        timeout: float = 60.0,
        transport: httpx.AsyncBaseTransport | None = None,
    ) -> None:
        self.url = url.rstrip("/")
        self._http = httpx.AsyncClient(
            base_url=self.url,
            headers={**headers_of(principal, roles, tenant, seats), **(headers or {})},
            timeout=timeout,
            transport=transport,
        )

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self.close()

    async def close(self) -> None:
        """Let go of the connections."""
        await self._http.aclose()

    async def run(self, call: Call[_Answer]) -> _Answer:
        """Send a request and return its answer.

        Raises:
            QualweaveError: The service's own, of the class that it was there.
            StoreError: If the service does not answer.
        """
        try:
            response = await self._http.send(call.request(self._http))
        except httpx.HTTPError as error:
            raise calls.unreachable(self.url, error) from error
        return call.answer(response)

    async def sparql(self, query: str) -> Table:
        """Answer a SELECT; prefixes of the product need no declaration."""
        return await self.run(calls.sparql(query))

    async def ask(self, query: str) -> bool:
        """Answer an ASK."""
        return await self.run(calls.ask(query))

    async def construct(self, query: str) -> str:
        """Answer a CONSTRUCT or DESCRIBE as N-Triples."""
        return await self.run(calls.construct(query))

    async def status(self) -> JsonObject:
        """Return the figures of the state."""
        return await self.run(calls.status())

    async def schema(self) -> JsonObject:
        """Return what the graph holds: prefixes, classes in use, example queries."""
        return await self.run(calls.schema())

    async def term(self, name: str) -> JsonObject:
        """Return one term by IRI, CURIE, local name or label in any language, with its use in the data."""
        return await self.run(calls.term(name))

    async def search_terms(
        self, text: str, *, kind: str | None = None, limit: int = 10
    ) -> JsonObject:
        """Return the terms whose names are most like some words."""
        return await self.run(calls.search_terms(text, kind, limit))

    async def code(
        self, code: str, *, machine: str = "", programme: str = "", at: str = ""
    ) -> JsonObject:
        """Return what a machine's code means: in a scope, or in every scope where no machine is named."""
        return await self.run(calls.code(code, machine, programme, at))

    async def code_candidates(
        self, code: str, *, machine: str = "", programme: str = ""
    ) -> JsonObject:
        """Return what a code may mean, by the words of its list and by what others saw on the same items."""
        return await self.run(calls.code_candidates(code, machine, programme))

    async def trace(
        self, item: str, direction: Direction = "back", *, step_limit: int | None = None
    ) -> JsonObject:
        """Trace an item (serial, lot, IRI, GS1 identity) back to where it came from, or forward."""
        return await self.run(calls.trace(item, direction, step_limit))

    async def recall(self, item: str, *, limit: int = 1000, offset: int = 0) -> JsonObject:
        """Return what a suspicious item went into, where it is, and who has it."""
        return await self.run(calls.recall(item, limit, offset))

    async def causes(self, item: str, *, limit: int = 10) -> JsonObject:
        """Return the likely common causes of a bad item, with the path to each."""
        return await self.run(calls.causes(item, limit))

    async def item(self, item: str) -> JsonObject:
        """Return what an item is, what is wrong with it, and what was unusual when it was made."""
        return await self.run(calls.item(item))

    async def causal_links(self, term: str) -> JsonObject:
        """Return what is said to bring a defect about (or what a parameter or mechanism does), and by whom."""
        return await self.run(calls.causal_links(term))

    async def similar_cases(self, *, limit: int = 10, **asked: object) -> JsonObject:
        """Return quality cases like an ``item``, ``defect``, ``process``, ``line`` or ``settings``."""
        return await self.run(calls.similar_cases(asked, limit))

    async def provenance(
        self, subject: str, predicate: str = "", graph: str = ""
    ) -> list[JsonObject]:
        """Return file, row and column of what is said of a subject."""
        return await self.run(calls.provenance(subject, predicate, graph))

    async def hypotheses(self, *, limit: int = 100) -> list[JsonObject]:
        """Return what the newest published model supposes, the surest first."""
        return await self.run(calls.hypotheses(limit))

    async def decisions(self, **asked: object) -> JsonObject:
        """Ask for a decision (``station``, ``alarm``, ``card``, ``settings``, ``observation``); needs an engineer.

        What is proposed is kept by the service as a proposal, nothing is carried out.
        """
        return await self.run(calls.decisions(asked))

    async def neighbourhood(self, iri: str, *, hops: int = 1, limit: int = 200) -> PropertyGraph:
        """Return the typed graph around a node, capped."""
        return await self.run(calls.neighbourhood(iri, hops, limit))

    async def ingest(self, name: str, content: bytes, *, packed: bool = False) -> JsonObject:
        """Hand in a file, or a folder as ZIP with ``packed``; says what became of each file. Needs ``engineer``."""
        return await self.run(calls.ingest(name, content, packed=packed))

    async def question(self, text: str, **values: str) -> JsonObject:
        """Answer a competency question, by its id or in English or Chinese words; parameters by name."""
        return await self.run(calls.question(text, values))

    async def propose(self, turtle: str) -> JsonObject:
        """Propose an edited module of the ontology, or a supplement to it; needs the role ``engineer``."""
        return await self.run(calls.propose(turtle))

    async def change_requests(self, state: str = "open") -> list[JsonObject]:
        """Return the change requests about terms of one state, or all for ``""``."""
        return await self.run(calls.change_requests(state))

    async def accept(self, request: str, reason: str = "") -> JsonObject:
        """Release with a change request that the committee passed; ``release`` names the graph. Needs ``architect``."""
        return await self.run(calls.decide(request, "accept", reason))

    async def vote(
        self, request: str, choice: Literal["yes", "no"], seat: str, *, reason: str = ""
    ) -> JsonObject:
        """Vote on a change request for a seat of the committee that the principal holds."""
        return await self.run(calls.vote(request, choice, seat, reason))

    async def refuse(self, request: str, reason: str) -> JsonObject:
        """Withdraw one's own change request, or close one whose time is over, with a reason."""
        return await self.run(calls.decide(request, "refuse", reason))

    async def releases(self) -> list[JsonObject]:
        """Return the releases of the ontology, the current one first; each is a graph to name in a query."""
        return await self.run(calls.releases())

    async def release(self, version: str) -> bytes:
        """Return a release of the ontology as canonical N-Triples, the same bytes each time."""
        return await self.run(calls.release(version))

    async def roll_back(self, version: str, reason: str) -> JsonObject:
        """Release the content of a former release anew, with a reason; needs the role ``architect``."""
        return await self.run(calls.roll_back(version, reason))
