"""What requests with a ballot have in common on the wire: a vote, a reason, and the request with where it stands."""

from pydantic import Field

from qualweave.api.balloting import Balloting
from qualweave.api.rest.sent import SentBody
from qualweave.change_request import ChangeRequest, Choice
from qualweave.errors import JsonValue
from qualweave.principal import Seat


class Cast(SentBody):
    """A vote."""

    choice: Choice = Field(description="For or against.")
    seat: Seat = Field(description="Seat of the committee for which it is cast.")
    reason: str = Field("", description="Why.", max_length=2000)


class Reason(SentBody):
    """Why a request is decided so."""

    reason: str = Field("", description="In words; needed for a refusal.", max_length=2000)


def told_of(balloting: Balloting, request: ChangeRequest) -> dict[str, JsonValue]:
    """Return a request with where its ballot stands."""
    return {**request.to_json(), "ballot": balloting.ballot(request).to_json()}
