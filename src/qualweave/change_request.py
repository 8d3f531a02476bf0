"""`ChangeRequest`: a wish to change ontology, mapping, shape or code list, and its graph form.

The mapper opens one for a field that no term fits, an architect for an edited module, the model for a
link to confirm. It is the same value and the same node (``docs/reference/graph.md``) for all of them.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from hashlib import sha256
from types import MappingProxyType
from typing import Literal, TypeAlias, get_args

import orjson
from pyoxigraph import Literal as RdfLiteral
from pyoxigraph import NamedNode, Quad

from qualweave.errors import Conflict, InputError, JsonValue
from qualweave.evidence import Evidence
from qualweave.iri import DCTERMS, DEFAULT_BASE, RDF, XSD, Q, graph_iri, mint
from qualweave.principal import Seat, seats_from

RequestKind: TypeAlias = Literal[
    "new_term", "term_edit", "obsolete", "mapping", "shape", "code_list", "parameter_weight"
]
RequestState: TypeAlias = Literal["open", "accepted", "refused"]
Choice: TypeAlias = Literal["yes", "no"]

_CLASS_OF: Mapping[RequestKind, str] = MappingProxyType(
    {
        "new_term": "NewTermRequest",
        "term_edit": "TermEditRequest",
        "obsolete": "TermObsoletionRequest",
        "mapping": "MappingRequest",
        "shape": "ShapeRequest",
        "code_list": "CodeListRequest",
        "parameter_weight": "ParameterWeightRequest",
    }
)


@dataclass(frozen=True)
class Vote:
    """One vote on a request.

    Attributes:
        seat: For which seat of the committee it was cast.
        by: Id of the principal.
        choice: For or against.
        cast: When, in UTC.
        reason: Why, where the voter says so.
    """

    seat: Seat
    by: str
    choice: Choice
    cast: datetime
    reason: str = ""

    def to_json(self) -> dict[str, JsonValue]:
        """Return the vote as JSON values."""
        return {
            "seat": self.seat,
            "by": self.by,
            "choice": self.choice,
            "cast": self.cast.astimezone(UTC).isoformat(),
            "reason": self.reason,
        }


@dataclass(frozen=True)
class Handover:
    """A request that was handed to somebody, or a remark on it; it stays open.

    Attributes:
        by: Id of the principal who asks.
        to: Who is asked, ``""`` for a remark to everybody.
        reason: What is asked, and why.
        at: When, in UTC.
    """

    by: str
    to: str
    reason: str
    at: datetime

    def to_json(self) -> dict[str, JsonValue]:
        """Return the handover as JSON values."""
        at = self.at.astimezone(UTC).isoformat()
        return {"by": self.by, "to": self.to, "reason": self.reason, "at": at}


@dataclass(frozen=True)
class ChangeRequest:
    """A request with its reasons.

    Attributes:
        kind: What is to change.
        subject: IRI of the field, term, shape or code that it is about.
        proposal: What is proposed, as JSON values (for a new term: name, unit, parent, label).
        statement: The request in one sentence per language.
        evidence: Why.
        samples: Values seen in the source, as they were written.
        submitted_by: Id of the principal.
        created: When, in UTC.
        state: Where it stands.
        decided_by: Who accepted or refused it.
        decision_reason: Why.
        tenant: Whose it is.
        votes: What the committee's seats say to it, in the order they were cast.
        handovers: Who asked whom about it and why, in that order.
    """

    kind: RequestKind
    subject: str
    proposal: Mapping[str, JsonValue]
    statement: Mapping[str, str]
    submitted_by: str
    created: datetime
    evidence: tuple[Evidence, ...] = ()
    samples: tuple[str, ...] = ()
    state: RequestState = "open"
    decided_by: str = ""
    decision_reason: str = ""
    tenant: str = "plant"
    votes: tuple[Vote, ...] = ()
    handovers: tuple[Handover, ...] = ()

    @property
    def id(self) -> str:
        """Identifier, the same whenever the same thing is asked again (so asking twice opens one)."""
        key = orjson.dumps(
            [self.tenant, self.kind, self.subject, dict(self.proposal)], option=orjson.OPT_SORT_KEYS
        )
        return sha256(key).hexdigest()[:16]

    def decide(
        self, state: Literal["accepted", "refused"], *, by: str, reason: str
    ) -> "ChangeRequest":
        """Return the request as decided.

        Raises:
            Conflict: If it was decided before.
            InputError: If it is refused without a reason.
        """
        if self.state != "open":
            raise Conflict(
                f"Change request {self.id} is {self.state} already (by {self.decided_by}).",
                message_zh=f"变更申请 {self.id} 已由 {self.decided_by} 处理。",
                next_step="Open a new request if the decision should be changed.",
                next_step_zh="如需更改，请新建申请。",
                data={"request": self.id, "state": self.state},
            )
        if state == "refused" and not reason.strip():
            raise InputError(
                f"Change request {self.id} cannot be refused without a reason.",
                message_zh=f"拒绝变更申请 {self.id} 时必须说明理由。",
                next_step="Say why, so that it is not proposed again.",
                next_step_zh="请说明理由，以免再次提出。",
                data={"request": self.id},
            )
        return replace(self, state=state, decided_by=by, decision_reason=reason)

    def voted(self, vote: Vote) -> "ChangeRequest":
        """Return the request with one more vote; `ontology.ballot` says whether it may be cast."""
        return replace(self, votes=(*self.votes, vote))

    def handed_over(self, handover: Handover) -> "ChangeRequest":
        """Return the request with one more handover; it stays as open as it was."""
        return replace(self, handovers=(*self.handovers, handover))

    def without(self, handover: Handover) -> "ChangeRequest":
        """Return the request without a handover."""
        return replace(self, handovers=tuple(one for one in self.handovers if one != handover))

    def reopened(self) -> "ChangeRequest":
        """Return the request as it was before it was decided."""
        return replace(self, state="open", decided_by="", decision_reason="")

    def to_json(self) -> dict[str, JsonValue]:
        """Return the request as JSON values."""
        return {
            "id": self.id,
            "kind": self.kind,
            "subject": self.subject,
            "proposal": dict(self.proposal),
            "statement": dict(self.statement),
            "evidence": [one.to_json() for one in self.evidence],
            "samples": list(self.samples),
            "state": self.state,
            "submitted_by": self.submitted_by,
            "created": self.created.astimezone(UTC).isoformat(),
            "decided_by": self.decided_by,
            "decision_reason": self.decision_reason,
            "tenant": self.tenant,
            "votes": [one.to_json() for one in self.votes],
            "handovers": [one.to_json() for one in self.handovers],
        }


def governance_graph(tenant: str = "plant", base: str = DEFAULT_BASE) -> str:
    """Return the named graph of a tenant's requests, batches, mappings and waiting rows."""
    return graph_iri("governance", tenant, base=base)


def request_iri(request: ChangeRequest, base: str = DEFAULT_BASE) -> str:
    """Return the IRI of a request's node."""
    return mint("request", request.id, tenant=request.tenant, base=base)


def to_quads(request: ChangeRequest, base: str = DEFAULT_BASE) -> list[Quad]:
    """Return the graph form: one node in the governance graph.

    Proposal and evidence are kept as JSON literals, since their shape depends on the kind; what is
    asked for often (kind, subject, state, sentences, samples) are triples.
    """
    node, graph = (
        NamedNode(request_iri(request, base)),
        NamedNode(governance_graph(request.tenant, base)),
    )

    def quad(predicate: str, value: NamedNode | RdfLiteral) -> Quad:
        return Quad(node, NamedNode(predicate), value, graph)

    body = orjson.dumps(request.to_json(), option=orjson.OPT_SORT_KEYS).decode()
    quads = [
        quad(RDF + "type", NamedNode(Q + "ChangeRequest")),
        quad(RDF + "type", NamedNode(Q + _CLASS_OF[request.kind])),
        quad(Q + "requestSubject", NamedNode(request.subject)),
        quad(Q + "requestState", RdfLiteral(request.state)),
        quad(Q + "requestTenant", RdfLiteral(request.tenant)),
        quad(
            DCTERMS + "created",
            RdfLiteral(
                request.created.astimezone(UTC).isoformat(), datatype=NamedNode(XSD + "dateTime")
            ),
        ),
        quad(Q + "requestBody", RdfLiteral(body, datatype=NamedNode(RDF + "JSON"))),
    ]
    quads += [
        quad(DCTERMS + "description", RdfLiteral(text, language=language))
        for language, text in request.statement.items()
    ]
    quads += [quad(Q + "sampleValue", RdfLiteral(sample)) for sample in request.samples]
    return quads


def from_body(body: str) -> ChangeRequest:
    """Return the request of a ``q:requestBody`` literal.

    Raises:
        InputError: If the kind or the state is not known.
    """
    data = orjson.loads(body)
    if data["kind"] not in get_args(RequestKind) or data["state"] not in get_args(RequestState):
        raise InputError(
            f"A change request of kind {data['kind']!r} and state {data['state']!r} is not known.",
            message_zh=f"未知的变更申请类型 {data['kind']!r} 或状态 {data['state']!r}。",
            next_step="Migrate the governance graph to this version.",
            next_step_zh="请将治理图迁移至本版本。",
        )
    return ChangeRequest(
        kind=data["kind"],
        subject=data["subject"],
        proposal=data["proposal"],
        statement=data["statement"],
        submitted_by=data["submitted_by"],
        created=datetime.fromisoformat(data["created"]),
        evidence=tuple(_evidence(data["evidence"])),
        samples=tuple(data["samples"]),
        state=data["state"],
        decided_by=data["decided_by"],
        decision_reason=data["decision_reason"],
        tenant=data["tenant"],
        votes=tuple(_vote(row) for row in data.get("votes", ())),
        handovers=tuple(_handover(row) for row in data.get("handovers", ())),
    )


def _handover(row: Mapping[str, str]) -> Handover:
    return Handover(row["by"], row["to"], row["reason"], datetime.fromisoformat(row["at"]))


def _vote(row: Mapping[str, str]) -> Vote:
    (seat,) = seats_from(row["seat"])
    choice: Choice = "yes" if row["choice"] == "yes" else "no"
    return Vote(seat, row["by"], choice, datetime.fromisoformat(row["cast"]), row["reason"])


def _evidence(rows: Iterable[Mapping[str, JsonValue]]) -> list[Evidence]:
    return [Evidence(**{**row, "sources": tuple(row["sources"])}) for row in rows]  # type: ignore[arg-type]  # the JSON of to_json
