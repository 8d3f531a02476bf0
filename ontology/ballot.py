"""Votes on a change of the ontology: who may cast one, and what they amount to.

One vote a seat, one a person. A change passes when enough seats have voted, more than the set share of them for it, and
at least one yes is not the author's. It is rejected as soon as the seats that are left cannot carry it any more.
Nothing here writes, and no role stands above it.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Literal, TypeAlias

from qualweave.change_request import ChangeRequest, Choice, Vote
from qualweave.errors import Conflict, Forbidden, JsonValue
from qualweave.principal import SEATS, Principal, Seat

Standing: TypeAlias = Literal["open", "passed", "rejected", "expired"]


@dataclass(frozen=True)
class Rules:
    """When a ballot counts.

    Attributes:
        quorum: Seats that must have voted, 1 to 4.
        majority: Share of the votes cast that the yes must exceed.
        days: Days for which votes are taken.
    """

    quorum: int = 3
    majority: float = 0.5
    days: int = 30


@dataclass(frozen=True)
class Outcome:
    """Where a ballot stands.

    Attributes:
        standing: Whether it is still open, and how it ended.
        yes: Votes for the change.
        no: Votes against it.
        missing: Seats that have not voted.
        reason: Why it stands so, in English.
        reason_zh: The same in Chinese.
    """

    standing: Standing
    yes: int
    no: int
    missing: tuple[Seat, ...]
    reason: str
    reason_zh: str

    def to_json(self) -> dict[str, JsonValue]:
        """Return the outcome as JSON values."""
        return {
            "standing": self.standing,
            "yes": self.yes,
            "no": self.no,
            "missing": list(self.missing),
            "en": self.reason,
            "zh": self.reason_zh,
        }


def cast(
    request: ChangeRequest, choice: Choice, *, seat: Seat, by: Principal, rules: Rules, reason: str = "",
    now: datetime | None = None,
) -> ChangeRequest:  # fmt: skip
    """Return the request with one more vote.

    Raises:
        Forbidden: If the principal does not hold the seat.
        Conflict: If the request is decided, the time is over, or seat or person has voted.
    """
    moment = now or datetime.now(UTC)
    if seat not in by.seats:
        raise Forbidden(
            f"{by.id} does not hold the seat {seat!r}.",
            message_zh=f"{by.id} 不担任席位 {seat!r}。",
            next_step=f"Seats: {', '.join(SEATS)}. Let somebody who holds this one vote.",
            next_step_zh=f"席位：{'、'.join(SEATS)}。请由担任该席位者投票。",
            data={"principal": by.id, "seat": seat},
        )
    if request.state != "open":
        raise _too_late(request, f"is {request.state} already", f"状态已为 {request.state}")
    if moment > deadline(request, rules):
        raise _too_late(request, "is past its last day", "已过投票期限")
    for vote in request.votes:
        if vote.seat == seat or by.is_same(vote.by):
            who = f"seat {seat!r}" if vote.seat == seat else by.id
            raise Conflict(
                f"{who} has voted on change request {request.id} already ({vote.choice}, by {vote.by}).",
                message_zh=f"{who} 已对变更申请 {request.id} 投票（{vote.choice}，{vote.by}）。",
                next_step="One vote a seat, one a person; a vote that was cast stands.",
                next_step_zh="每个席位一票、每人一票，已投之票不可更改。",
                data={"request": request.id, "seat": seat},
            )
    return request.voted(Vote(seat=seat, by=by.id, choice=choice, cast=moment, reason=reason))


def outcome(request: ChangeRequest, rules: Rules, *, now: datetime | None = None) -> Outcome:
    """Return where the ballot of a request stands."""
    votes = request.votes
    yes, no = _count(votes, "yes"), _count(votes, "no")
    voted = {vote.seat for vote in votes}
    missing = tuple(one for one in SEATS if one not in voted)
    late = (now or datetime.now(UTC)) > deadline(request, rules)
    author = Principal(id=request.submitted_by)
    alone = not any(one.choice == "yes" and not author.is_same(one.by) for one in votes)
    count, count_zh = f"{yes} yes, {no} no", f"赞成 {yes} 票、反对 {no} 票"
    left = f"{count}; missing: {', '.join(missing)}"
    left_zh = f"{count_zh}；未投席位：{'、'.join(missing)}"

    def told(standing: Standing, reason: str, reason_zh: str) -> Outcome:
        return Outcome(standing, yes, no, missing, reason, reason_zh)

    carried = len(votes) >= rules.quorum and yes > rules.majority * len(votes)
    if carried and not alone:
        return told("passed", f"passed: {count}", f"通过：{count_zh}")
    if yes + len(missing) <= rules.majority * (len(votes) + len(missing)):
        return told("rejected", f"rejected: {count}", f"否决：{count_zh}")
    if late:
        days = rules.days
        return told(
            "expired", f"expired after {days} days: {count}", f"已过 {days} 天期限：{count_zh}"
        )
    if carried:
        return told("open", f"only the author is for it: {left}", f"仅提交人赞成：{left_zh}")
    if len(votes) < rules.quorum:
        need = rules.quorum
        return told(
            "open", f"{len(votes)} of {need} votes cast: {left}", f"需 {need} 票：{left_zh}"
        )
    return told("open", f"no majority yet: {left}", f"尚无多数：{left_zh}")


def deadline(request: ChangeRequest, rules: Rules) -> datetime:
    """Return until when votes are taken."""
    return request.created + timedelta(days=rules.days)


def require_passed(
    request: ChangeRequest,
    rules: Rules,
    *,
    voting: tuple[str, str],
    now: datetime | None = None,
) -> Outcome:
    """Return the outcome of a ballot that passed.

    Args:
        request: The request.
        rules: When a ballot counts.
        voting: The command and the endpoint that take votes on it, to be named where it did not pass.
        now: The moment that counts; the present one if left out.

    Raises:
        Conflict: If it did not pass (yet); ``data["ballot"]`` says where it stands.
    """
    found = outcome(request, rules, now=now)
    if found.standing != "passed":
        raise Conflict(
            f"Change request {request.id} has not passed: {found.reason}.",
            message_zh=f"变更申请 {request.id} 尚未通过：{found.reason_zh}。",
            next_step=f"Votes: {', or '.join(voting)}.",
            next_step_zh=f"投票：{'，或 '.join(voting)}。",
            data={"request": request.id, "ballot": found.to_json()},
        )
    return found


def _count(votes: Sequence[Vote], choice: Choice) -> int:
    return sum(vote.choice == choice for vote in votes)


def _too_late(request: ChangeRequest, why: str, why_zh: str) -> Conflict:
    return Conflict(
        f"Change request {request.id} {why}; no more votes are taken.",
        message_zh=f"变更申请 {request.id} {why_zh}，不再接受投票。",
        next_step="Propose it anew if it is still wanted.",
        next_step_zh="如仍有需要，请重新提交。",
        data={"request": request.id},
    )
