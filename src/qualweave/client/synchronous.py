"""`Client`: a running service, asked in turn."""

from types import TracebackType
from typing import Literal, Self, TypeVar

import httpx

from qualweave.client import calls
from qualweave.client.calls import Call, Direction, JsonObject, headers_of
from qualweave.client.table import Table
from qualweave.property_graph import PropertyGraph

_Answer = TypeVar("_Answer")


class Client:
    """A client of a running service.

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
        transport: httpx.BaseTransport | None = None,
    ) -> None:
        self.url = url.rstrip("/")
        self._http = httpx.Client(
            base_url=self.url,
            headers={**headers_of(principal, roles, tenant, seats), **(headers or {})},
            timeout=timeout,
            transport=transport,
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """Let go of the connections."""
        self._http.close()

    def run(self, call: Call[_Answer]) -> _Answer:
        """Send a request and return its answer.

        Raises:
            QualweaveError: The service's own, of the class that it was there.
            StoreError: If the service does not answer.
        """
        try:
            response = self._http.send(call.request(self._http))
        except httpx.HTTPError as error:
            raise calls.unreachable(self.url, error) from error
        return call.answer(response)

    def sparql(self, query: str) -> Table:
        """Answer a SELECT; prefixes of the product need no declaration."""
        return self.run(calls.sparql(query))

    def ask(self, query: str) -> bool:
        """Answer an ASK."""
        return self.run(calls.ask(query))

    def construct(self, query: str) -> str:
        """Answer a CONSTRUCT or DESCRIBE as N-Triples."""
        return self.run(calls.construct(query))

    def status(self) -> JsonObject:
        """Return the figures of the state."""
        return self.run(calls.status())

    def schema(self) -> JsonObject:
        """Return what the graph holds: prefixes, classes in use, example queries."""
        return self.run(calls.schema())

    def term(self, name: str) -> JsonObject:
        """Return one term by IRI, CURIE, local name or label in any language, with its use in the data."""
        return self.run(calls.term(name))

    def search_terms(self, text: str, *, kind: str | None = None, limit: int = 10) -> JsonObject:
        """Return the terms whose names are most like some words."""
        return self.run(calls.search_terms(text, kind, limit))

    def code(
        self, code: str, *, machine: str = "", programme: str = "", at: str = ""
    ) -> JsonObject:
        """Return what a machine's code means: in a scope, or in every scope where no machine is named."""
        return self.run(calls.code(code, machine, programme, at))

    def code_candidates(self, code: str, *, machine: str = "", programme: str = "") -> JsonObject:
        """Return what a code may mean, by the words of its list and by what others saw on the same items."""
        return self.run(calls.code_candidates(code, machine, programme))

    def trace(
        self, item: str, direction: Direction = "back", *, step_limit: int | None = None
    ) -> JsonObject:
        """Trace an item (serial, lot, IRI, GS1 identity) back to where it came from, or forward."""
        return self.run(calls.trace(item, direction, step_limit))

    def recall(self, item: str, *, limit: int = 1000, offset: int = 0) -> JsonObject:
        """Return what a suspicious item went into, where it is, and who has it."""
        return self.run(calls.recall(item, limit, offset))

    def causes(self, item: str, *, limit: int = 10) -> JsonObject:
        """Return the likely common causes of a bad item, with the path to each."""
        return self.run(calls.causes(item, limit))

    def item(self, item: str) -> JsonObject:
        """Return what an item is, what is wrong with it, and what was unusual when it was made."""
        return self.run(calls.item(item))

    def causal_links(self, term: str) -> JsonObject:
        """Return what is said to bring a defect about (or what a parameter or mechanism does), and by whom."""
        return self.run(calls.causal_links(term))

    def similar_cases(self, *, limit: int = 10, **asked: object) -> JsonObject:
        """Return quality cases like an ``item``, ``defect``, ``process``, ``line`` or ``settings``."""
        return self.run(calls.similar_cases(asked, limit))

    def provenance(self, subject: str, predicate: str = "", graph: str = "") -> list[JsonObject]:
        """Return file, row and column of what is said of a subject."""
        return self.run(calls.provenance(subject, predicate, graph))

    def hypotheses(self, *, limit: int = 100) -> list[JsonObject]:
        """Return what the newest published model supposes, the surest first."""
        return self.run(calls.hypotheses(limit))

    def decisions(self, **asked: object) -> JsonObject:
        """Ask for a decision (``station``, ``alarm``, ``card``, ``settings``, ``observation``); needs an engineer.

        What is proposed is kept by the service as a proposal, nothing is carried out.
        """
        return self.run(calls.decisions(asked))

    def neighbourhood(self, iri: str, *, hops: int = 1, limit: int = 200) -> PropertyGraph:
        """Return the typed graph around a node, capped."""
        return self.run(calls.neighbourhood(iri, hops, limit))

    def ingest(self, name: str, content: bytes, *, packed: bool = False) -> JsonObject:
        """Hand in a file, or a folder as ZIP with ``packed``; says what became of each file. Needs ``engineer``."""
        return self.run(calls.ingest(name, content, packed=packed))

    def question(self, text: str, **values: str) -> JsonObject:
        """Answer a competency question, by its id or in English or Chinese words; parameters by name."""
        return self.run(calls.question(text, values))

    def propose(self, turtle: str) -> JsonObject:
        """Propose an edited module of the ontology, or a supplement to it; needs the role ``engineer``."""
        return self.run(calls.propose(turtle))

    def change_requests(self, state: str = "open") -> list[JsonObject]:
        """Return the change requests about terms of one state, or all for ``""``."""
        return self.run(calls.change_requests(state))

    def accept(self, request: str, reason: str = "") -> JsonObject:
        """Release with a change request that the committee passed; ``release`` names the graph. Needs ``architect``."""
        return self.run(calls.decide(request, "accept", reason))

    def vote(
        self, request: str, choice: Literal["yes", "no"], seat: str, *, reason: str = ""
    ) -> JsonObject:
        """Vote on a change request for a seat of the committee that the principal holds."""
        return self.run(calls.vote(request, choice, seat, reason))

    def refuse(self, request: str, reason: str) -> JsonObject:
        """Withdraw one's own change request, or close one whose time is over, with a reason."""
        return self.run(calls.decide(request, "refuse", reason))

    def releases(self) -> list[JsonObject]:
        """Return the releases of the ontology, the current one first; each is a graph to name in a query."""
        return self.run(calls.releases())

    def release(self, version: str) -> bytes:
        """Return a release of the ontology as canonical N-Triples, the same bytes each time."""
        return self.run(calls.release(version))

    def roll_back(self, version: str, reason: str) -> JsonObject:
        """Release the content of a former release anew, with a reason; needs the role ``architect``."""
        return self.run(calls.roll_back(version, reason))
