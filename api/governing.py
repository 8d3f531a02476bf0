"""`Governing`: changes of the ontology: propose an edited module, accept or refuse it, release it.

`ontology.proposal` compares and examines; here the request is kept in the governance graph, and an accepted one
becomes a release of its own: a new named graph, while the former one stays to be asked by its name.
"""

from dataclasses import dataclass
from datetime import UTC, datetime
from hashlib import sha256
from typing import ClassVar, Literal

from rdflib import Graph

from qualweave.api.after_release import after_release
from qualweave.api.balloting import Balloting, Wording
from qualweave.api.checks import release_checks
from qualweave.api.deciding import one_at_a_time, one_release_at_a_time
from qualweave.api.impact import OtherTenants, impact_of
from qualweave.change_request import ChangeRequest, Choice
from qualweave.checking import CHECKED, Checked, Report, run_checks
from qualweave.errors import Conflict, Forbidden, InputError, JsonValue, NotFound
from qualweave.iri import Q
from qualweave.ontology.checks import located
from qualweave.ontology.findings import example_findings
from qualweave.ontology.proposal import (
    Proposal,
    apply,
    modules_of,
    next_version,
    propose,
    removed_in_use,
    stamped,
)
from qualweave.ontology.store_form import graph_of, triples_of
from qualweave.principal import Seat
from qualweave.store.port import ChangeSet, GraphEntry, Snapshot

_KINDS = frozenset({"new_term", "term_edit", "obsolete"})


@dataclass(frozen=True)
class Governing(Balloting):
    """Governance of the ontology over a service, for one principal."""

    wording: ClassVar[Wording] = Wording(
        topic="terms",
        topic_zh="术语",
        command="qualweave ontology",
        path="/ontology/change-requests",
        anew="Answer that in a remark of the file (# …), or change the file, and propose it.",
        anew_zh="请在文件中以注释（# …）说明，或修改文件后重新提交。",
    )

    # --- requests ------------------------------------------------------------------------------

    def propose(self, turtle: str) -> ChangeRequest:
        """Open a change request for an edited module or a supplement; asked twice, it is one request.

        Raises:
            Forbidden: If the principal is neither engineer nor architect.
            UnreadableSource: If it is no Turtle.
            InputError: If it changes nothing, or declares terms that are not ours.
        """
        self.principal.require("engineer", "architect")
        with self.service.reading(self.principal.tenant) as snapshot:
            entry = released_entry(snapshot)
            current = graph_of(snapshot, entry.graph)
            others = OtherTenants(self.service.store, self.principal.tenant)
            examined = propose(
                current, turtle, impact=lambda terms: impact_of(current, snapshot, terms, others)
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

    def concerns(self, request: ChangeRequest) -> bool:
        """Return whether a request is about terms of the ontology."""
        return request.kind in _KINDS and "turtle" in request.proposal

    @one_at_a_time
    def vote(
        self, request_id: str, choice: Choice, *, seat: Seat, reason: str = ""
    ) -> ChangeRequest:
        """Cast a vote for a seat, as for any request; what has findings cannot be released, so nobody votes for it.

        Raises:
            Forbidden: If the principal is of another tenant, or does not hold the seat.
            Conflict: If the request has findings or is decided, the time is over, or seat or person has voted.
        """
        self._of_the_house()
        before = self.request(request_id)
        if choice == "yes" and before.state == "open":
            self._without_findings(before, findings_of(before))
        return super().vote(before.id, choice, seat=seat, reason=reason)

    @one_release_at_a_time
    def accept(self, request_id: str, reason: str = "") -> tuple[ChangeRequest, str]:
        """Release the ontology with a request that the committee passed; return the request and the release's graph.

        Raises:
            Forbidden: If the principal is no architect.
            Conflict: If it was decided before, has not passed, has findings, or meets a later release in the same term.
        """
        self.principal.require("architect")
        self._of_the_house()
        request = self.request(request_id)
        self._without_findings(request, findings_of(request))
        decided = request.decide("accepted", by=self.principal.id, reason=reason)
        passed = self._require_passed(request)
        with self.service.reading(self.principal.tenant) as snapshot:
            entry = released_entry(snapshot)
            current = graph_of(snapshot, entry.graph)
            before = str(request.proposal["base"])
            base = current if before == entry.graph else graph_of(snapshot, before)
            terms = terms_of(request)
            merged = apply(current, str(request.proposal["turtle"]), terms=terms, base=base)
            version = next_version(versions(snapshot), datetime.now(UTC).date())
        touched = {*modules_of(current, terms), *modules_of(merged, terms)}
        released = stamped(merged, version, touched)
        self._unused(request, current)
        left = self._checked(request, current, released)
        about: dict[str, JsonValue] = {
            "version": version,
            "request": request.id,
            "not_checked": left,
            "follows": entry.graph,
            "ballot": passed.reason,
        }
        return decided, self._publish(entry, current, released, about, (decided, request))

    @one_release_at_a_time
    def roll_back(self, version: str, reason: str) -> str:
        """Release the content of a former release anew and return the graph; what came after it stays to be asked.

        The committee has passed that content before, so this takes an architect and a reason, and no vote.

        Raises:
            Forbidden: If the principal is no architect.
            NotFound: If there is no such former release.
            InputError: If no reason is given.
        """
        self.principal.require("architect")
        self._of_the_house()
        if not reason.strip():
            raise InputError(
                "A rollback takes a reason.",
                message_zh="回退必须说明理由。",
                next_step="Say what was wrong with the release.",
                next_step_zh="请说明该版本的问题。",
            )
        with self.service.reading(self.principal.tenant) as snapshot:
            entry = released_entry(snapshot)
            current = graph_of(snapshot, entry.graph)
            former = _former(snapshot, version)
            released = graph_of(snapshot, former.graph)
            number = next_version(versions(snapshot), datetime.now(UTC).date())
        about: dict[str, JsonValue] = {
            "version": number,
            "request": None,
            "follows": entry.graph,
            "rollback_to": former.graph,
            "reason": reason,
            "by": self.principal.id,
        }
        return self._publish(entry, current, released, about)

    # --- releases ------------------------------------------------------------------------------

    def releases(self) -> list[JsonValue]:
        """Return every release of the ontology, the current one first."""
        with self.service.reading(self.principal.tenant) as snapshot:
            entries = snapshot.graphs("ontology", "archive")
        ordered = sorted(entries, key=order_of)
        return [
            {
                "graph": one.graph,
                "version": one.about.get("version"),
                "state": "current" if one.role == "ontology" else "former",
                "request": one.about.get("request"),
                "follows": one.about.get("follows"),
                "rollback_to": one.about.get("rollback_to"),
                "content_hash": one.about.get("content_hash"),
                "not_checked": one.about.get("not_checked") or [],
            }
            for one in reversed(ordered)
        ]

    def exported(self, version: str) -> bytes:
        """Return a release as canonical N-Triples: the same bytes each time, of the hash that its entry names.

        Raises:
            NotFound: If there is no such release.
        """
        with self.service.reading(self.principal.tenant) as snapshot:
            return triples_of(graph_of(snapshot, release_of(snapshot, version).graph))

    # --- inside --------------------------------------------------------------------------------

    def _of_the_house(self) -> None:
        """Refuse who is of another tenant: the ontology is everybody's, and the service's own tenant decides on it."""
        house = self.service.settings.tenant
        if self.principal.tenant != house:
            raise Forbidden(
                f"The ontology is decided on in the tenant {house!r}, not in {self.principal.tenant!r}.",
                message_zh=f"本体由租户 {house!r} 决定，而非 {self.principal.tenant!r}。",
                next_step=f"Propose it to the committee of {house!r}.",
                next_step_zh=f"请向 {house!r} 的委员会提交。",
                data={"tenant": self.principal.tenant},
            )

    def _publish(
        self,
        entry: GraphEntry,
        current: Graph,
        released: Graph,
        about: dict[str, JsonValue],
        *decided: tuple[ChangeRequest, ChangeRequest],
    ) -> str:
        """Release a checked graph with its requests, each as decided and as it was when it was checked.

        Raises:
            Conflict: If one of them or the ontology has changed since: nothing is released.
        """
        name = f"{Q}release/{about['version']}"
        changes = _exchange(entry, current, released, name, about)
        changes += [self._change(after, before) for after, before in decided]
        with self.service.deciding:
            for _, before in decided:
                self._require_as_checked(entry, before)
                self._unused(before, current)
            self.service.store.commit(changes, principal=self.principal)
            self.service.store.publish()
            self.service.adopt(released)
        self.service.entail_all()
        known = [before.id for _, before in decided]
        after_release(self.service, known, principal=self.principal)
        return name

    def _require_as_checked(self, entry: GraphEntry, request: ChangeRequest) -> None:
        """Refuse to release what is not any more what was checked: that takes minutes, and persons go on meanwhile."""
        now = self.request(request.id)
        with self.service.reading(self.principal.tenant) as snapshot:
            stands = released_entry(snapshot)
        if stands.graph != entry.graph:
            raise Conflict(
                f"Release {version_of(stands)} came out while {request.id} was checked against {version_of(entry)}.",
                message_zh=f"在 {request.id} 按版本 {version_of(entry)} 检查期间，版本 {version_of(stands)} 已发布。",
                next_step="Accept it again: it is checked against the release of now.",
                next_step_zh="请再次接受：将按当前版本重新检查。",
                data={"request": request.id, "release": version_of(stands)},
            )
        if now != request:
            raise Conflict(
                f"Change request {request.id} changed while it was checked: it is {now.state} now"
                f"{f', by {now.decided_by}: {now.decision_reason}' if now.decided_by else ''}. Nothing was released.",
                message_zh=f"变更申请 {request.id} 在检查期间发生变化，现状态为 {now.state}"
                f"{f'（{now.decided_by}：{now.decision_reason}）' if now.decided_by else ''}。未发布任何内容。",
                next_step="Look at it, and accept it again if it should be released as it is now.",
                next_step_zh="请查看该申请；如仍需发布，请再次接受。",
                data={"request": request.id, "state": now.state},
            )

    def _unused(self, request: ChangeRequest, current: Graph) -> None:
        """Refuse to remove a term that is used by now: between vote and release, data of it may have come in."""
        gone = {term for term, kind in _changed(request) if kind == "removed"}
        if not gone:
            return
        with self.service.reading(self.principal.tenant) as snapshot:
            others = OtherTenants(self.service.store, self.principal.tenant)
            uses = impact_of(current, snapshot, sorted(gone), others)
        found = Checked("release", tuple(removed_in_use(gone, uses)))
        told = located(Report((found,))).findings
        self._without_findings(request, [one.to_json() for one in told])

    def _checked(self, request: ChangeRequest, current: Graph, released: Graph) -> list[JsonValue]:
        """Refuse a release that a check finds something wrong with; return which checks could not be made.

        A store may hold a release from before terms took examples; what was missing there holds up nobody.
        """
        left_over = set(example_findings(current))
        report = run_checks(release_checks(self.service.settings), released)
        found = tuple(one for one in report.findings if one not in left_over)
        told = located(Report((Checked("release", found),))).findings
        self._without_findings(request, [one.to_json() for one in told])
        return [f"{one.check}: {one.state}" for one in report.checks if one.state != CHECKED]

    def _without_findings(
        self, request: ChangeRequest, findings: list[dict[str, JsonValue]]
    ) -> None:
        if findings:
            count, first = len(findings), findings[0]
            term = first.get("term")
            raise Conflict(
                f"Change request {request.id} has {count} findings; the first: {term}: {first.get('en')}.",
                message_zh=f"变更申请 {request.id} 有 {count} 项问题，首项：{term}：{first.get('zh')}。",
                next_step=f"{first.get('fix', '')} Then propose it again.".strip(),
                next_step_zh=f"{first.get('fix_zh', '')}然后重新提交。",
                data={"request": request.id, "findings": list[JsonValue](findings[:20])},
            )


def findings_of(request: ChangeRequest) -> list[dict[str, JsonValue]]:
    """Return what the checks found wrong with a request."""
    findings = request.proposal.get("findings")
    listed = findings if isinstance(findings, list) else []
    return [one for one in listed if isinstance(one, dict)]


def release_of(snapshot: Snapshot, version: str) -> GraphEntry:
    """Return the catalogue entry of a release.

    Raises:
        NotFound: If there is no such release; ``data["nearest"]`` lists all.
    """
    known = {version_of(one): one for one in snapshot.graphs("ontology", "archive")}
    if version not in known:
        raise NotFound(
            f"There is no release {version!r}.",
            message_zh=f"没有版本 {version!r}。",
            next_step="Releases: qualweave ontology releases, or GET /ontology/releases.",
            next_step_zh="版本列表：qualweave ontology releases，或 GET /ontology/releases。",
            data={"version": version, "nearest": list[JsonValue](sorted(known))},
        )
    return known[version]


def _former(snapshot: Snapshot, version: str) -> GraphEntry:
    found = release_of(snapshot, version)
    if found.role == "ontology":
        raise Conflict(
            f"The release {version} is the current one.",
            message_zh=f"版本 {version} 即当前版本。",
            next_step="Name a former release.",
            next_step_zh="请指定历史版本。",
            data={"version": version},
        )
    return found


def released_entry(snapshot: Snapshot) -> GraphEntry:
    """Return the catalogue entry of the current release."""
    found = snapshot.graphs("ontology")
    return max(found, key=order_of)


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


def versions(snapshot: Snapshot) -> list[str]:
    """Return the versions of all releases."""
    return [version_of(one) for one in snapshot.graphs("ontology", "archive")]


def version_of(entry: GraphEntry) -> str:
    """Return the version of a release."""
    return str(entry.about.get("version", ""))


def order_of(entry: GraphEntry) -> tuple[str, int]:
    """Return what releases are sorted by: the day, and the number within it."""
    day, _, number = version_of(entry).partition(".")
    return day, int(number or 0)


def _kind(proposal: Proposal) -> Literal["new_term", "term_edit", "obsolete"]:
    kinds = {one.kind for one in proposal.changes}
    if "removed" in kinds:
        return "obsolete"
    return "new_term" if kinds == {"added"} else "term_edit"


def terms_of(request: ChangeRequest) -> list[str]:
    """Return the IRIs of the terms that a request changes, sorted.

    Raises:
        InputError: If it names none.
    """
    found = _changed(request)
    if not found:
        raise InputError(
            f"Change request {request.id} names no term.",
            message_zh=f"变更申请 {request.id} 未涉及任何术语。",
            next_step="Propose the file anew.",
            next_step_zh="请重新提交文件。",
        )
    return sorted({term for term, _ in found})


def _changed(request: ChangeRequest) -> list[tuple[str, str]]:
    """Return the term and the kind of each change of a request."""
    changes = request.proposal.get("changes")
    rows = [one for one in changes if isinstance(one, dict)] if isinstance(changes, list) else []
    return [(str(one["term"]), str(one["kind"])) for one in rows]
