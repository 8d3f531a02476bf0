"""`Balloting`: change requests on which the committee votes, from opening one to closing it.

What is proposed and what becomes of it is each subclass's own: `Governing` for the ontology, `Weighing` for weights.
How a request is kept, found, voted on and refused stands here once.
"""

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import ClassVar

from qualweave.api.deciding import one_at_a_time
from qualweave.api.service import Service
from qualweave.change_request import ChangeRequest, Choice, RequestState, to_quads
from qualweave.errors import Conflict, Forbidden, JsonValue, NotFound
from qualweave.mappers.governance import governance_change, requests_of
from qualweave.ontology.ballot import Outcome, Rules, cast, outcome, require_passed
from qualweave.principal import Principal, Seat
from qualweave.store.port import ChangeSet

_SHORTEST = 4


@dataclass(frozen=True)
class Wording:
    """What an error says of requests of one sort.

    Attributes:
        topic: What they are about, in English.
        topic_zh: The same in Chinese.
        command: Group of commands that handles them.
        path: Endpoint that lists them.
        anew: How to propose again what was decided, in English.
        anew_zh: The same in Chinese.
    """

    topic: str
    topic_zh: str
    command: str
    path: str
    anew: str
    anew_zh: str

    @property
    def voting(self) -> tuple[str, str]:
        """The command and the endpoint that take votes."""
        return f"{self.command} vote", f"POST {self.path}/{{id}}/votes"


@dataclass(frozen=True)
class Balloting(ABC):
    """Change requests of one sort over a service, for one principal."""

    wording: ClassVar[Wording]
    service: Service
    principal: Principal

    @abstractmethod
    def concerns(self, request: ChangeRequest) -> bool:
        """Return whether a request is of this sort."""

    def requests(self, *, state: RequestState | None = "open") -> list[ChangeRequest]:
        """Return the requests of this sort, of one state or all, oldest first."""
        tenant, base = self.principal.tenant, self.service.settings.base_iri
        with self.service.reading(tenant) as snapshot:
            found = requests_of(snapshot, tenant=tenant, base=base)
        chosen = [one for one in found if self.concerns(one) and state in (None, one.state)]
        return sorted(chosen, key=lambda one: one.created)

    def request(self, request_id: str) -> ChangeRequest:
        """Return one request of this sort, by its id or by the first four or more letters of it.

        Raises:
            NotFound: If there is none of that id, or several begin so; ``data["nearest"]`` lists those.
        """
        known = self.requests(state=None)
        short = [
            one for one in known if len(request_id) >= _SHORTEST and one.id.startswith(request_id)
        ]
        found = next((one for one in known if one.id == request_id), None)
        if found is None and len(short) == 1:
            return short[0]
        if found is None:
            said = self.wording
            raise NotFound(
                f"There is no change request {request_id!r} about {said.topic}.",
                message_zh=f"没有编号为 {request_id!r} 的{said.topic_zh}变更申请。",
                next_step=f"List them: {said.command} requests, or GET {said.path}.",
                next_step_zh=f"请用 {said.command} requests 或 GET {said.path} 查看列表。",
                data={"request": request_id, "nearest": list[JsonValue](one.id for one in short)},
            )
        return found

    def ballot(self, request: ChangeRequest) -> Outcome:
        """Return where the ballot of a request stands."""
        return outcome(request, self._rules)

    @one_at_a_time
    def vote(
        self, request_id: str, choice: Choice, *, seat: Seat, reason: str = ""
    ) -> ChangeRequest:
        """Cast a vote for a seat; a request that cannot pass any more is refused with it.

        Raises:
            Forbidden: If the principal does not hold the seat.
            Conflict: If the request is decided, the time is over, or seat or person has voted.
        """
        before = self.request(request_id)
        voted = cast(before, choice, seat=seat, by=self.principal, rules=self._rules, reason=reason)
        found = self.ballot(voted)
        if found.standing == "rejected":
            voted = voted.decide("refused", by="committee", reason=found.reason)
        self._keep(voted, before=before)
        return voted

    @one_at_a_time
    def refuse(self, request_id: str, reason: str) -> ChangeRequest:
        """Withdraw a request of one's own, or close one whose time is over, with a reason.

        Raises:
            Forbidden: If it is somebody else's and its time is not over: then the committee votes.
            Conflict: If it was decided before.
            InputError: If no reason is given.
        """
        request = self.request(request_id)
        if not self.principal.is_same(request.submitted_by):
            self.principal.require("architect")
            if request.state == "open" and self.ballot(request).standing != "expired":
                command, endpoint = self.wording.voting
                raise Forbidden(
                    f"Change request {request.id} is {request.submitted_by}'s; nobody refuses it alone.",
                    message_zh=f"变更申请 {request.id} 由 {request.submitted_by} 提交，不能由一人拒绝。",
                    next_step=f"Vote no: {command}, or {endpoint}.",
                    next_step_zh=f"请投反对票：{command}，或 {endpoint}。",
                    data={"request": request.id},
                )
        decided = request.decide("refused", by=self.principal.id, reason=reason)
        self._keep(decided, before=request)
        return decided

    # --- for the subclasses ----------------------------------------------------------------------

    @property
    def _rules(self) -> Rules:
        told = self.service.settings
        return Rules(told.governance_quorum, told.governance_majority, told.governance_days)

    def _require_passed(self, request: ChangeRequest) -> Outcome:
        return require_passed(request, self._rules, voting=self.wording.voting)

    @one_at_a_time
    def _opened(self, request: ChangeRequest) -> ChangeRequest:
        """Keep a request, or return the open one that asks the very same."""
        former = {one.id: one for one in self.requests(state=None)}.get(request.id)
        if former is None:
            self._keep(request, before=None)
        elif former.state != "open":
            raise Conflict(
                f"This very proposal was {former.state} by {former.decided_by}: {former.decision_reason}",
                message_zh=f"该提案已由 {former.decided_by} 处理（{former.state}）：{former.decision_reason}",
                next_step=self.wording.anew,
                next_step_zh=self.wording.anew_zh,
                data={"request": former.id, "state": former.state},
            )
        return former or request

    def _change(self, request: ChangeRequest, before: ChangeRequest | None) -> ChangeSet:
        base = self.service.settings.base_iri
        gone = [] if before is None else [quad.triple for quad in to_quads(before, base)]
        fresh = [quad.triple for quad in to_quads(request, base)]
        return governance_change(
            fresh,
            tenant=request.tenant,
            base=base,
            deletes=[one for one in gone if one not in fresh],
        )

    def _keep(self, request: ChangeRequest, *, before: ChangeRequest | None) -> None:
        self.service.store.commit([self._change(request, before)], principal=self.principal)
        self.service.store.publish()
