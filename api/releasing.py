"""Releases beyond the single request: the quarterly train, and the note of what a release changed."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime

from rdflib import OWL, RDF, Graph

from qualweave.api.deciding import one_release_at_a_time
from qualweave.api.governing import (
    Governing,
    findings_of,
    release_of,
    released_entry,
    terms_of,
    version_of,
    versions,
)
from qualweave.change_request import ChangeRequest
from qualweave.errors import Conflict, JsonValue
from qualweave.ontology.diff import diff
from qualweave.ontology.proposal import apply, modules_of, next_version, stamped
from qualweave.ontology.store_form import graph_of
from qualweave.ontology.train import Departure, LeftBehind, ReleaseNote, next_train, only_terms
from qualweave.store.port import Snapshot


@dataclass(frozen=True)
class Boarded:
    """Who leaves with a train, and what the ontology is with them."""

    requests: tuple[ChangeRequest, ...]
    graph: Graph
    left_behind: tuple[LeftBehind, ...]
    not_checked: tuple[JsonValue, ...] = ()


class Releasing(Governing):
    """Governance that releases several requests at once, and tells what a release changed."""

    def waiting(self) -> tuple[Departure, list[ChangeRequest]]:
        """Return the next train, and the requests that passed and would leave with it, the oldest first."""
        passed = [one for one in self.requests() if self.ballot(one).standing == "passed"]
        with self.service.reading(self.principal.tenant) as snapshot:
            entries = snapshot.graphs("ontology", "archive")
        return next_train(_today(), {str(one.about.get("train")) for one in entries}), passed

    @one_release_at_a_time
    def depart(self, reason: str = "", *, early: bool = False) -> tuple[str, Boarded]:
        """Release everything that passed as one release; return its graph and who left with it.

        A request that meets another one in the same term, or brings a finding, is left behind with the reason, and
        stays open for the next train.

        Args:
            reason: Remark that each request is decided with; needed where the train leaves early.
            early: Leave before the first day of the quarter.

        Raises:
            Forbidden: If the principal is no architect of the house.
            Conflict: If its day has not come, nothing passed, or nothing of it can be released.
        """
        self.principal.require("architect")
        self._of_the_house()
        train, passed = self.waiting()
        if train.day > _today() and not (early and reason.strip()):
            raise _too_early(train)
        if not passed:
            raise _empty(train)
        with self.service.reading(self.principal.tenant) as snapshot:
            entry = released_entry(snapshot)
            current = graph_of(snapshot, entry.graph)
            version = next_version(versions(snapshot), _today())
            boarded = self._board(passed, current, _bases(snapshot, passed))
        if not boarded.requests:
            raise _nobody(train, boarded.left_behind)
        terms = sorted({term for one in boarded.requests for term in terms_of(one)})
        touched = {*modules_of(current, terms), *modules_of(boarded.graph, terms)}
        released = stamped(boarded.graph, version, touched)
        about: dict[str, JsonValue] = {
            "version": version,
            "train": train.name,
            "request": boarded.requests[0].id if len(boarded.requests) == 1 else None,
            "requests": [one.id for one in boarded.requests],
            "not_checked": list(boarded.not_checked),
            "follows": entry.graph,
            "by": self.principal.id,
        }
        why = reason or f"train {train.name}"
        decided = [
            (one.decide("accepted", by=self.principal.id, reason=why), one)
            for one in boarded.requests
        ]
        return self._publish(entry, current, released, about, *decided), boarded

    def _board(
        self,
        passed: Sequence[ChangeRequest],
        current: Graph,
        bases: Callable[[str], Graph],
    ) -> Boarded:
        """Put requests into the ontology one after another; the reasoner is asked once where all fit together."""
        boarded: list[ChangeRequest] = []
        left: list[LeftBehind] = []
        graph = current
        for one in passed:
            try:
                self._without_findings(one, findings_of(one))
                self._unused(one, graph)
                graph = self._put_in(one, graph, bases)
            except Conflict as error:
                left.append(LeftBehind(one.id, error.message, error.message_zh))
                continue
            boarded.append(one)
        if not boarded:
            return Boarded((), current, tuple(left))
        try:
            unmade = self._checked(boarded[-1], current, graph)
        except Conflict:
            return self._board_singly(boarded, current, bases, left)
        return Boarded(tuple(boarded), graph, tuple(left), tuple(unmade))

    def _board_singly(
        self,
        fitting: Sequence[ChangeRequest],
        current: Graph,
        bases: Callable[[str], Graph],
        left: list[LeftBehind],
    ) -> Boarded:
        """Find by checking after each which of several requests brings what is wrong."""
        boarded: list[ChangeRequest] = []
        graph, unmade = current, list[JsonValue]()
        for one in fitting:
            try:
                after = self._put_in(one, graph, bases)
                unmade = self._checked(one, current, after)
            except Conflict as error:
                left.append(LeftBehind(one.id, error.message, error.message_zh))
                continue
            boarded.append(one)
            graph = after
        return Boarded(tuple(boarded), graph, tuple(left), tuple(unmade))

    def _put_in(self, request: ChangeRequest, graph: Graph, bases: Callable[[str], Graph]) -> Graph:
        base = bases(str(request.proposal["base"]))
        return apply(graph, str(request.proposal["turtle"]), terms=terms_of(request), base=base)

    def note(self, version: str) -> ReleaseNote:
        """Return what a release changed since the one that it follows, and the requests that it carries.

        Raises:
            NotFound: If there is no such release.
        """
        with self.service.reading(self.principal.tenant) as snapshot:
            entry = release_of(snapshot, version)
            graph = graph_of(snapshot, entry.graph)
            follows = str(entry.about.get("follows") or "")
            known = {one.graph: one for one in snapshot.graphs("ontology", "archive")}
            before = graph_of(snapshot, follows) if follows in known else Graph()
            former = version_of(known[follows]) if follows in known else ""
        several = entry.about.get("requests")
        ids = several if isinstance(several, list) else [entry.about.get("request")]
        wanted = {str(one) for one in ids if one}
        requests = tuple(one for one in self.requests(state=None) if one.id in wanted)
        headers = frozenset(str(one) for one in graph.subjects(RDF.type, OWL.Ontology))
        return ReleaseNote(version, former, only_terms(diff(before, graph), headers), requests)


def _today() -> date:
    return datetime.now(UTC).date()


def _bases(snapshot: Snapshot, requests: Sequence[ChangeRequest]) -> Callable[[str], Graph]:
    """Return what gives the release that a request was compared with; each is read once."""
    names = {str(one.proposal["base"]) for one in requests}
    read = {name: graph_of(snapshot, name) for name in names}
    return read.__getitem__


def _too_early(train: Departure) -> Conflict:
    return Conflict(
        f"The train {train.name} leaves on {train.day} or later.",
        message_zh=f"版本列车 {train.name} 于 {train.day} 起发布。",
        next_step="Release what cannot wait alone (accept), or let the train leave early with a reason (--early).",
        next_step_zh="紧急变更可单独发布（accept），或说明理由提前发车（--early）。",
        data={"train": train.name, "day": train.day.isoformat()},
    )


def _empty(train: Departure) -> Conflict:
    return Conflict(
        f"No request has passed: the train {train.name} of {train.day} has nobody to carry.",
        message_zh=f"没有已通过的申请：{train.day} 的版本列车 {train.name} 无可发布内容。",
        next_step="See the open requests and vote: qualweave ontology requests.",
        next_step_zh="请查看待处理申请并投票：qualweave ontology requests。",
        data={"train": train.name, "day": train.day.isoformat()},
    )


def _nobody(train: Departure, left: Sequence[LeftBehind]) -> Conflict:
    first = left[0]
    return Conflict(
        f"None of {len(left)} requests can leave with {train.name}; the first: {first.reason}",
        message_zh=f"{len(left)} 项申请均无法随 {train.name} 发布，首项：{first.reason_zh}",
        next_step="Mend what each names and propose it again.",
        next_step_zh="请按各项说明修改后重新提交。",
        data={"train": train.name, "left_behind": [one.to_json() for one in left]},
    )
