"""What a request sends as its body: a text (YAML, Turtle or the like), or JSON of known keys only."""

from typing import Annotated

from fastapi import Depends, Request
from pydantic import BaseModel, ConfigDict

from qualweave.documents import decoded


class SentBody(BaseModel):
    """The base of every body: a key that it does not know is refused, since a slip of the pen would pass in silence."""

    model_config = ConfigDict(extra="forbid")


async def sent_text(request: Request) -> str:
    """Return the body of a request as text.

    Raises:
        InputError: If it is not UTF-8; the message names the line.
    """
    return decoded(await request.body(), file="body")


SentText = Annotated[str, Depends(sent_text)]
