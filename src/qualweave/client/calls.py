"""What the clients ask, without the asking: one function per endpoint that returns the request and its reader.

The synchronous and the asynchronous client differ only in how they send; what is sent and how the reply is read stands
here once.
"""

import warnings
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Generic, Literal, TypeAlias, TypeVar
from urllib.parse import quote, unquote

import httpx
import orjson

from qualweave.client.table import Table
from qualweave.errors import QualweaveError, StoreError, error_from_problem
from qualweave.property_graph import PropertyGraph

JsonObject: TypeAlias = dict[str, Any]
Direction: TypeAlias = Literal["back", "forward"]
_RELEASE_SECONDS = 900.0  # a release is judged by every check
_SPARQL_JSON = "application/sparql-results+json"
_Answer = TypeVar("_Answer")
_Parameters: TypeAlias = Mapping[str, str | int | float | None]


def read_json(response: httpx.Response) -> JsonObject:
    """Return the body of a reply that is a JSON object."""
    found: JsonObject = orjson.loads(response.content)
    return found


def listed(name: str) -> Callable[[httpx.Response], list[JsonObject]]:
    """Return what reads the objects that a reply lists under a name."""
    return lambda reply: list(read_json(reply)[name])


def _read_list(response: httpx.Response) -> list[JsonObject]:
    found: list[JsonObject] = orjson.loads(response.content)
    return found


@dataclass(frozen=True)
class Call(Generic[_Answer]):
    """One request and how its reply is read.

    Attributes:
        method: HTTP method.
        path: Path below the service's address.
        read: Makes the answer of a reply that is no error.
        params: Query parameters; None and ``""`` are left out.
        json: Body as JSON values.
        content: Body as text or bytes; it wins over ``json``.
        headers: Further headers.
        seconds: How long to wait for the reply, where the client's own time is too short.
    """

    method: Literal["GET", "POST", "DELETE"]
    path: str
    read: Callable[[httpx.Response], _Answer]
    params: _Parameters = field(default_factory=dict)
    json: object = None
    content: str | bytes | None = None
    headers: Mapping[str, str] = field(default_factory=dict)
    seconds: float | None = None

    def request(self, client: httpx.Client | httpx.AsyncClient) -> httpx.Request:
        """Return the request as a client sends it."""
        given = {name: one for name, one in self.params.items() if one is not None and one != ""}
        body: dict[str, Any] = {} if self.json is None else {"json": self.json}
        if self.content is not None:
            given_body = self.content
            body = {"content": given_body.encode() if isinstance(given_body, str) else given_body}
        if self.seconds is not None:
            body["timeout"] = self.seconds
        return client.build_request(
            self.method, self.path, params=given, headers=dict(self.headers), **body
        )

    def answer(self, response: httpx.Response) -> _Answer:
        """Return the answer of a reply.

        Raises:
            QualweaveError: The one that the service answered with.
        """
        if response.is_success:
            return self.read(response)
        raise _problem(response)


def _problem(response: httpx.Response) -> QualweaveError:
    try:
        found = orjson.loads(response.content)
    except orjson.JSONDecodeError:
        found = None
    if isinstance(found, dict) and "type" in found:
        return error_from_problem({"status": response.status_code, **found})
    text = response.text[:300]
    return error_from_problem(
        {
            "status": response.status_code,
            "detail": f"The service answered {response.status_code}: {text}",
            "detail_zh": f"服务返回 {response.status_code}：{text}",
            "next_step": "See that the address is that of a Qualweave service of this version.",
            "next_step_zh": "请确认该地址是本版本的 Qualweave 服务。",
        }
    )


def unreachable(url: str, error: httpx.HTTPError) -> StoreError:
    """Return the error of a service that cannot be reached or does not answer."""
    reason = str(error) or type(error).__name__
    return StoreError(
        f"The service at {url} does not answer: {reason}",
        message_zh=f"服务 {url} 无应答：{reason}",
        next_step="Start it with 'qualweave serve', or correct the address.",
        next_step_zh="请用 qualweave serve 启动服务，或更正地址。",
        data={"url": url},
    )


def headers_of(principal: str, roles: str, tenant: str, seats: str = "") -> dict[str, str]:
    """Return the headers of a principal; a name outside ASCII is percent-encoded, as headers are ASCII."""
    found = {"Qualweave-Principal": quote(principal), "Qualweave-Roles": roles}
    given = {"Qualweave-Tenant": quote(tenant), "Qualweave-Seats": seats}
    return found | {name: value for name, value in given.items() if value}


def segment(text: str) -> str:
    """Return a text as one segment of a path."""
    return quote(text, safe="")


# --- SPARQL ---------------------------------------------------------------------------------------


def _sparql(query: str, read: Callable[[httpx.Response], _Answer], accept: str) -> Call[_Answer]:
    headers = {"Content-Type": "application/sparql-query", "Accept": accept}
    return Call("POST", "/sparql", read, content=query, headers=headers)


def _read_table(reply: httpx.Response) -> Table:
    unknown = reply.headers.get("Qualweave-Unknown-Terms", "")
    if unknown:
        told = f"Neither the ontology nor the data have: {unquote(unknown)}"
        warnings.warn(told, UserWarning, stacklevel=5)
    return Table.from_results(read_json(reply))


def sparql(query: str) -> Call[Table]:
    """SELECT: a table."""
    return _sparql(query, _read_table, _SPARQL_JSON)


def ask(query: str) -> Call[bool]:
    """ASK: a truth value."""
    return _sparql(query, lambda reply: bool(read_json(reply)["boolean"]), _SPARQL_JSON)


def construct(query: str) -> Call[str]:
    """CONSTRUCT or DESCRIBE: N-Triples."""
    return _sparql(query, lambda reply: reply.text, "application/n-triples")


def answer(query: str) -> Call[httpx.Response]:
    """Any form of query, its reply as it came: JSON for a table or truth value, Turtle for a graph."""
    return _sparql(query, lambda reply: reply, _SPARQL_JSON)


# --- the vocabulary -------------------------------------------------------------------------------


def schema() -> Call[JsonObject]:
    """What the graph holds: prefixes, classes in use, example queries."""
    return Call("GET", "/schema", read_json)


def term(name: str) -> Call[JsonObject]:
    """One term: labels, definition, place, unit, use in the data."""
    return Call("GET", f"/terms/{segment(name)}", read_json)


def search_terms(text: str, kind: str | None, limit: int) -> Call[JsonObject]:
    """Terms by words."""
    return Call("GET", "/terms", read_json, {"q": text, "kind": kind, "limit": limit})


def code(name: str, machine: str, programme: str, at: str) -> Call[JsonObject]:
    """What a machine's code means."""
    scope = {"machine": machine, "programme": programme, "at": at}
    return Call("GET", f"/codes/{segment(name)}", read_json, scope)


def code_candidates(name: str, machine: str, programme: str) -> Call[JsonObject]:
    """What a machine's code may mean."""
    scope = {"machine": machine, "programme": programme}
    return Call("GET", f"/codes/{segment(name)}/candidates", read_json, scope)


# --- traces and causes ----------------------------------------------------------------------------


def trace(item: str, direction: Direction, step_limit: int | None) -> Call[JsonObject]:
    """What an item was made from, or what was made from it."""
    wanted = {"direction": direction, "step_limit": step_limit}
    return Call("GET", f"/trace/{segment(item)}", read_json, wanted)


def recall(item: str, limit: int, offset: int) -> Call[JsonObject]:
    """Recall scope of an item."""
    page = {"limit": limit, "offset": offset}
    return Call("GET", f"/recall/{segment(item)}", read_json, page)


def causes(item: str, limit: int) -> Call[JsonObject]:
    """Likely common causes of a bad item."""
    return Call("GET", f"/causes/{segment(item)}", read_json, {"limit": limit})


def item(name: str) -> Call[JsonObject]:
    """What an item is, what is wrong with it, and what was unusual when it was made."""
    return Call("GET", f"/items/{segment(name)}", read_json)


def causal_links(name: str) -> Call[JsonObject]:
    """What is said to bring a defect about, or of what a parameter or mechanism does."""
    return Call("GET", f"/causal-links/{segment(name)}", read_json)


def similar_cases(asked: Mapping[str, object], limit: int) -> Call[JsonObject]:
    """Quality cases that are like a situation."""
    return Call("POST", "/cases/similar", read_json, {"limit": limit}, json=dict(asked))


def provenance(s: str, p: str, g: str) -> Call[list[JsonObject]]:
    """File, row and column of what is said of a subject."""
    return Call("GET", "/provenance", _read_list, {"s": s, "p": p, "g": g})


# --- state, decisions, graph ----------------------------------------------------------------------


def status() -> Call[JsonObject]:
    """Figures of the state."""
    return Call("GET", "/status", read_json)


def hypotheses(limit: int) -> Call[list[JsonObject]]:
    """What the newest model supposes."""
    return Call("GET", "/hypotheses", listed("hypotheses"), {"limit": limit})


def decisions(asked: Mapping[str, object]) -> Call[JsonObject]:
    """Intervention, card hint or freezes."""
    return Call("POST", "/decisions", read_json, json=dict(asked))


def neighbourhood(iri: str, hops: int, limit: int) -> Call[PropertyGraph]:
    """The typed graph around a node."""
    return Call(
        "GET",
        "/graph/neighbourhood",
        lambda reply: PropertyGraph.from_json(read_json(reply)),
        {"iri": iri, "hops": hops, "limit": limit},
    )


# --- data ---------------------------------------------------------------------------------------------


def ingest(name: str, content: bytes, *, packed: bool = False) -> Call[JsonObject]:
    """One file, or a folder as ZIP, for the mapper: what became of each file."""
    headers = {"Content-Type": "application/zip" if packed else "application/octet-stream"}
    params = {"name": name}
    return Call("POST", "/sources", read_json, params, content=content, headers=headers)


def admit(
    name: str, content: bytes, *, packed: bool = False, owl: bool = False
) -> Call[JsonObject]:
    """A supplier's description of a device, judged.

    Args:
        name: Of its file.
        content: Its bytes, or those of a ZIP that holds it and what it requires.
        packed: Whether they are such a ZIP.
        owl: Whether the answer shall have the description in OWL.
    """
    headers = {"Content-Type": "application/zip" if packed else "application/octet-stream"}
    params = {"name": name, "owl": "true" if owl else "false"}
    return Call("POST", "/admissions", read_json, params, content=content, headers=headers)


def answers(document: bytes) -> Call[JsonObject]:
    """A YAML document of answers to the mapper's questions: what became of the files that waited."""
    headers = {"Content-Type": "application/yaml"}
    return Call("POST", "/change-requests/answers", read_json, content=document, headers=headers)


# --- questions and governance ---------------------------------------------------------------------


def question(text: str, values: Mapping[str, str]) -> Call[JsonObject]:
    """A competency question by its id or in words: what was understood, its SPARQL and rows."""
    return Call("GET", "/ask", read_json, {**values, "q": text, "format": "json"})


def question_as(text: str, values: Mapping[str, str], form: str) -> Call[bytes]:
    """The rows of a competency question as ``csv``, ``parquet``, ``json`` or ``table``."""
    parameters = {**values, "q": text, "format": form}
    return Call("GET", "/ask", lambda reply: reply.content, parameters)


def propose(turtle: str) -> Call[JsonObject]:
    """An edited module of the ontology, or a supplement, as a change request."""
    headers = {"Content-Type": "text/turtle"}
    return Call("POST", "/change-requests", read_json, content=turtle, headers=headers)


def change_requests(state: str) -> Call[list[JsonObject]]:
    """The change requests about terms of one state; all where it is empty."""
    return Call("GET", "/ontology/change-requests", listed("requests"), {"state": state})


def decide(request: str, verdict: Literal["accept", "refuse"], reason: str) -> Call[JsonObject]:
    """A change request accepted or refused."""
    path = f"/ontology/change-requests/{segment(request)}/{verdict}"
    return Call("POST", path, read_json, json={"reason": reason}, seconds=_RELEASE_SECONDS)


def vote(request: str, choice: Literal["yes", "no"], seat: str, reason: str) -> Call[JsonObject]:
    """A vote on a change request, for a seat of the committee."""
    path = f"/ontology/change-requests/{segment(request)}/votes"
    return Call("POST", path, read_json, json={"choice": choice, "seat": seat, "reason": reason})


def release(version: str) -> Call[bytes]:
    """A release as canonical N-Triples."""
    path = f"/ontology/releases/{segment(version)}"
    return Call("GET", path, lambda reply: reply.content)


def release_note(version: str) -> Call[JsonObject]:
    """What a release changed, in words."""
    return Call("GET", f"/ontology/releases/{segment(version)}/note", read_json)


def train() -> Call[JsonObject]:
    """The next release train and who would leave with it."""
    return Call("GET", "/ontology/train", read_json)


def depart(reason: str, *, early: bool) -> Call[JsonObject]:
    """Everything that passed, released as one."""
    body = {"reason": reason, "early": early}
    return Call("POST", "/ontology/train/depart", read_json, json=body, seconds=_RELEASE_SECONDS)


def roll_back(version: str, reason: str) -> Call[JsonObject]:
    """The content of a former release, released anew."""
    path = f"/ontology/releases/{segment(version)}/rollback"
    return Call("POST", path, read_json, json={"reason": reason})


def migration(version: str, *, dry_run: bool) -> Call[JsonObject]:
    """The data of a former release, brought to the terms of the current one; or only what that would do."""
    path = f"/ontology/releases/{segment(version)}/migration"
    return Call("GET" if dry_run else "POST", path, read_json)


def releases() -> Call[list[JsonObject]]:
    """The releases of the ontology, the current one first."""
    return Call("GET", "/ontology/releases", listed("releases"))
