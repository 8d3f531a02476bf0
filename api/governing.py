"""`Governing`: changes of the ontology: propose an edited module, accept or refuse it, release it.

`ontology.proposal` compares and examines; here the request is kept in the governance graph, and an accepted one
becomes a release of its own: a new named graph, while the former one stays to be asked by its name.
"""

from dataclasses import dataclass
from datetime import UTC, datetime
from hashlib import sha256
from typing import Literal

import pyoxigraph as ox
from pyoxigraph import NamedNode, Triple
from rdflib import Graph

from qualweave.api.deciding import one_at_a_time
from qualweave.api.impact import impact_of
from qualweave.api.service import Service
from qualweave.change_request import (
    ChangeRequest,
    RequestState,
    from_body,
    governance_graph,
    to_quads,
)
from qualweave.errors import Conflict, Forbidden, InputError, JsonValue, NotFound
from qualweave.iri import Q
from qualweave.ontology.proposal import Proposal, apply, modules_of, next_version, propose, stamped
from qualweave.ontology.store_form import graph_of, triples_of
from qualweave.principal import Principal
from qualweave.store.port import ChangeSet, GraphEntry, Snapshot

_BODY = NamedNode(Q + "requestBody")
_KINDS = frozenset({"new_term", "term_edit", "obsolete"})


@dataclass(frozen=True)
class Governing:
    """Governance of the ontology over a service, for one principal."""

    service: Service
    principal: Principal

    # --- requests ------------------------------------------------------------------------------

    def propose(self, turtle: str) -> ChangeRequest:
        """Open a change request for an edited module or a supplement; asked twice, it is one request.

        Raises:
            Forbidden: If the principal is neither engineer nor architect.
            UnreadableSource: If it is no Turtle.
            InputError: If it changes nothing, or declares terms that are not ours.
        """
        self.principal.require("architect" if "architect" in self.principal.roles else "engineer")
        with self.service.reading(self.principal.tenant) as snapshot:
            entry = _released(snapshot)
            current = graph_of(snapshot, entry.graph)
            examined = propose(
                current, turtle, impact=lambda terms: impact_of(current, snapshot, terms)
            )
        request = ChangeRequest(
            kind=_kind(examined),
            subject=examined.module or examined.terms[0],
            proposal={**examined.to_json(), "base": entry.graph},
            statement={"en": examined.statement("en"), "zh": examined.statement("zh")},
            submitted_by=self.principal.id,
            created=datetime.now(UTC),
            tenant=self.principal.tenant,
        )
        return self._opened(request)

    @one_at_a_time
    def _opened(self, request: ChangeRequest) -> ChangeRequest:
        known = {one.id: one for one in self.requests(state=None)}
        if request.id not in known:
            self._keep(request, before=None)
        return known.get(request.id, request)

    def requests(self, *, state: RequestState | None = "open") -> list[ChangeRequest]:
        """Return the requests about terms, of one state or all, oldest first."""
        with self.service.reading(self.principal.tenant) as snapshot:
            graph = NamedNode(
                governance_graph(self.principal.tenant, self.service.settings.base_iri)
            )
            bodies = [str(quad.object.value) for quad in snapshot.quads(None, _BODY, None, graph)]  # type: ignore[union-attr]  # our own literals
        found = [from_body(body) for body in bodies]
        chosen = [one for one in found if one.kind in _KINDS and "turtle" in one.proposal]
        return sorted(
            (one for one in chosen if state in (None, one.state)), key=lambda one: one.created
        )

    def request(self, request_id: str) -> ChangeRequest:
        """Return one request about terms.

        Raises:
            NotFound: If there is none of that id.
        """
        found = next((one for one in self.requests(state=None) if one.id == request_id), None)
        if found is None:
            raise NotFound(
                f"There is no change request {request_id!r} about terms.",
                message_zh=f"没有编号为 {request_id!r} 的术语变更申请。",
                next_step="List them: qualweave ontology requests, or GET /ontology/change-requests.",
                next_step_zh="请用 qualweave ontology requests 或 GET /ontology/change-requests 查看列表。",
                data={"request": request_id},
            )
        return found

    @one_at_a_time
    def refuse(self, request_id: str, reason: str) -> ChangeRequest:
        """Refuse a request, with a reason.

        Raises:
            Forbidden: If the principal is no architect.
            Conflict: If it was decided before.
            InputError: If no reason is given.
        """
        self.principal.require("architect")
        request = self.request(request_id)
        decided = request.decide("refused", by=self.principal.id, reason=reason)
        self._keep(decided, before=request)
        return decided

    @one_at_a_time
    def accept(self, request_id: str, reason: str = "") -> tuple[ChangeRequest, str]:
        """Accept a request and release the ontology with it; return the request and the release's graph.

        Raises:
            Forbidden: If the principal is no architect, or opened the request.
            Conflict: If it was decided before, has findings, or meets a later release in the same term.
        """
        self.principal.require("architect")
        request = self.request(request_id)
        self._may_accept(request)
        decided = request.decide("accepted", by=self.principal.id, reason=reason)
        with self.service.reading(self.principal.tenant) as snapshot:
            entry = _released(snapshot)
            current = graph_of(snapshot, entry.graph)
            base = graph_of(snapshot, str(request.proposal["base"]))
            terms = _terms_of(request)
            merged = apply(current, str(request.proposal["turtle"]), terms=terms, base=base)
            version = next_version(_versions(snapshot), datetime.now(UTC).date())
        touched = {*modules_of(current, terms), *modules_of(merged, terms)}
        released = stamped(merged, version, touched)
        name = f"{Q}release/{version}"
        about: dict[str, JsonValue] = {
            "version": version,
            "request": request.id,
            "follows": entry.graph,
        }
        self.service.store.commit(
            [*_exchange(entry, current, released, name, about), self._change(decided, request)],
            principal=self.principal,
        )
        self.service.store.publish()
        self.service.adopt(released)
        self.service.entail_all()
        return decided, name

    # --- releases ------------------------------------------------------------------------------

    def releases(self) -> list[JsonValue]:
        """Return every release of the ontology, the current one first."""
        with self.service.reading(self.principal.tenant) as snapshot:
            entries = snapshot.graphs("ontology", "archive")
        ordered = sorted(entries, key=lambda one: _order(str(one.about.get("version", ""))))
        return [
            {
                "graph": one.graph,
                "version": one.about.get("version"),
                "state": "current" if one.role == "ontology" else "former",
                "request": one.about.get("request"),
                "follows": one.about.get("follows"),
            }
            for one in reversed(ordered)
        ]

    # --- inside --------------------------------------------------------------------------------

    def _may_accept(self, request: ChangeRequest) -> None:
        if request.submitted_by == self.principal.id:
            raise Forbidden(
                f"{self.principal.id} opened change request {request.id} and cannot accept it alone.",
                message_zh=f"{self.principal.id} 是变更申请 {request.id} 的提交人，不能自行批准。",
                next_step="Ask another architect to decide it.",
                next_step_zh="请由另一位架构师审批。",
                data={"request": request.id},
            )
        findings = request.proposal.get("findings")
        if isinstance(findings, list) and findings:
            first = findings[0] if isinstance(findings[0], dict) else {}
            count, term = len(findings), first.get("term")
            raise Conflict(
                f"Change request {request.id} has {count} findings; the first: {term}: {first.get('en')}.",
                message_zh=f"变更申请 {request.id} 有 {count} 项问题，首项：{term}：{first.get('zh')}。",
                next_step="Correct the file and propose it again.",
                next_step_zh="请更正文件后重新提交。",
                data={"request": request.id, "findings": findings[:20]},
            )

    def _change(self, request: ChangeRequest, before: ChangeRequest | None) -> ChangeSet:
        base = self.service.settings.base_iri
        gone = [] if before is None else [quad.triple for quad in to_quads(before, base)]
        fresh = [quad.triple for quad in to_quads(request, base)]
        return ChangeSet(
            graph=governance_graph(request.tenant, base),
            role="governance",
            inserts=_ntriples(fresh),
            deletes=_ntriples([one for one in gone if one not in fresh]),
        )

    def _keep(self, request: ChangeRequest, *, before: ChangeRequest | None) -> None:
        self.service.store.commit([self._change(request, before)], principal=self.principal)
        self.service.store.publish()


def _released(snapshot: Snapshot) -> GraphEntry:
    """Return the catalogue entry of the current release."""
    found = snapshot.graphs("ontology")
    return max(found, key=lambda one: _order(str(one.about.get("version", ""))))


def _exchange(
    entry: GraphEntry, current: Graph, released: Graph, name: str, about: dict[str, JsonValue]
) -> list[ChangeSet]:
    """Return the changes by which a release takes the place of another, which goes to the archive."""
    content = triples_of(released)
    about = {**about, "content_hash": sha256(content).hexdigest()}
    return [
        ChangeSet(name, "ontology", inserts=content, about=about),
        ChangeSet(entry.graph, "ontology", replace=True, about=entry.about),
        ChangeSet(entry.graph, "archive", inserts=triples_of(current), about=entry.about),
    ]


def _versions(snapshot: Snapshot) -> list[str]:
    return [str(one.about.get("version", "")) for one in snapshot.graphs("ontology", "archive")]


def _order(version: str) -> tuple[str, int]:
    day, _, number = version.partition(".")
    return day, int(number or 0)


def _kind(proposal: Proposal) -> Literal["new_term", "term_edit", "obsolete"]:
    kinds = {one.kind for one in proposal.changes}
    if "removed" in kinds:
        return "obsolete"
    return "new_term" if kinds == {"added"} else "term_edit"


def _terms_of(request: ChangeRequest) -> list[str]:
    changes = request.proposal.get("changes")
    rows = [one for one in changes if isinstance(one, dict)] if isinstance(changes, list) else []
    if not rows:
        raise InputError(
            f"Change request {request.id} names no term.", next_step="Propose the file anew."
        )
    return sorted({str(one["term"]) for one in rows})


def _ntriples(triples: list[Triple]) -> bytes:
    return ox.serialize(triples, format=ox.RdfFormat.N_TRIPLES) or b""
