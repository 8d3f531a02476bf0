"""The text that a request sends as its body: YAML, Turtle or the like, taken as UTF-8."""

from typing import Annotated

from fastapi import Depends, Request


async def sent_text(request: Request) -> str:
    """Return the body of a request as text; bytes that are no UTF-8 stand as U+FFFD, for its reader to name."""
    return (await request.body()).decode("utf-8", errors="replace")


SentText = Annotated[str, Depends(sent_text)]
