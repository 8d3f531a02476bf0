"""Every error that Qualweave raises on purpose, and its one JSON shape.

An error holds its data (file, row, column, term, limit) as fields, says what happened and what to
do next in English and Chinese, and becomes an RFC 9457 problem document in one place::

    QualweaveError
    ├── InputError             what was handed in cannot be read or used        400
    │   ├── UnreadableSource   a file, its charset, its structure                400
    │   ├── UnknownTerm        a name that no term of the ontology carries       404
    │   ├── AmbiguousTerm      several terms fit and nothing decides             409
    │   └── UnknownUnit        a unit, or a unit of another dimension            400
    ├── NotFound               an item, job, mapping or graph that is not there  404
    ├── Conflict               the state does not allow it                       409
    │   └── GateRefused        the shapes refuse a change set                    422
    ├── NotEnoughEvidence      an answer would be a guess                        422
    ├── Forbidden              the principal may not do this                     403
    ├── LimitExceeded          time, memory or rows of a query ran out           503 / 413
    ├── SourceUnavailable      a server or broker refuses, or is none            502
    ├── StoreError             the store or its journal failed                   500
    └── MissingCapability      an optional part (Java, torch) is not installed   501
"""

from collections.abc import Iterator, Mapping
from types import MappingProxyType
from typing import ClassVar, TypeAlias

JsonValue: TypeAlias = "str | int | float | bool | list[JsonValue] | dict[str, JsonValue] | None"

PROBLEM_BASE = "https://w3id.org/qonto/problem/"


class QualweaveError(Exception):
    """The root: a message in English and Chinese, the next step, and the data it is about.

    Args:
        message: What happened, in English, naming file, row, column or term.
        message_zh: The same in Chinese; where it is left out the English message stands.
        next_step: What the reader can do now, in English.
        next_step_zh: The same in Chinese.
        data: The facts as JSON values, for programs.
    """

    status: ClassVar[int] = 500
    code: ClassVar[str] = "error"

    def __init__(
        self,
        message: str,
        *,
        message_zh: str | None = None,
        next_step: str = "",
        next_step_zh: str = "",
        data: Mapping[str, JsonValue] = MappingProxyType({}),
    ) -> None:
        super().__init__(message)
        self.message = message
        self.message_zh = message_zh or message
        self.next_step = next_step
        self.next_step_zh = next_step_zh or next_step
        self.data = dict(data)

    def __str__(self) -> str:
        return f"{self.message} {self.next_step}".strip()

    def in_language(self, language: str) -> str:
        """Return message and next step in ``"zh"`` or, for any other value, English."""
        if language == "zh":
            return f"{self.message_zh} {self.next_step_zh}".strip()
        return str(self)

    def problem(self) -> dict[str, JsonValue]:
        """Return the RFC 9457 problem document of this error."""
        members: dict[str, JsonValue] = {
            "type": PROBLEM_BASE + self.code,
            "title": self.code.replace("-", " "),
            "status": self.status,
            "detail": self.message,
            "detail_zh": self.message_zh,
            "next_step": self.next_step,
            "next_step_zh": self.next_step_zh,
        }
        # No datum takes the place of a member of the document.
        return members | {name: one for name, one in self.data.items() if name not in members}


class InputError(QualweaveError):
    """What was handed in cannot be used as it is."""

    status = 400
    code = "bad-input"


class UnreadableSource(InputError):
    """A file whose charset or structure cannot be read; ``data`` names file and place."""

    code = "unreadable-source"


class UnknownTerm(InputError):
    """A name that no term carries; ``data["nearest"]`` lists the nearest terms."""

    status = 404
    code = "unknown-term"


class AmbiguousTerm(InputError):
    """Several terms fit a name and nothing decides between them."""

    status = 409
    code = "ambiguous-term"


class UnknownUnit(InputError):
    """A unit that is not in the table, or one of another dimension than asked."""

    code = "unknown-unit"


class NotFound(QualweaveError):
    """A thing that was named is not in the graph."""

    status = 404
    code = "not-found"


class Conflict(QualweaveError):
    """The present state does not allow what was asked."""

    status = 409
    code = "conflict"


class GateRefused(Conflict):
    """The shapes refuse a change set; ``data["results"]`` lists the violations."""

    status = 422
    code = "gate-refused"


class NotEnoughEvidence(QualweaveError):
    """The graph does not hold what an answer would need; ``data["missing"]`` says what."""

    status = 422
    code = "not-enough-evidence"


class Forbidden(QualweaveError):
    """The principal lacks the role, seat or tenant for this."""

    status = 403
    code = "forbidden"


class LimitExceeded(QualweaveError):
    """A query met its wall-clock, memory or row limit and was stopped.

    ``data`` holds ``limit`` (``"time"``, ``"memory"`` or ``"rows"``) and its value.
    """

    status = 503
    code = "limit-exceeded"


class SourceUnavailable(QualweaveError):
    """A live source refuses us, or nothing answers at its address; ``data["address"]`` names it without secrets."""

    status = 502
    code = "source-unavailable"


class StoreError(QualweaveError):
    """The store, its journal or a snapshot failed; the last commit still stands."""

    code = "store-error"


class MissingCapability(QualweaveError):
    """An optional part is not installed; the next step names the extra or package."""

    status = 501
    code = "missing-capability"


_WORDS = ("detail", "detail_zh", "next_step", "next_step_zh")
_PROBLEM_KEYS = frozenset({"type", "title", "status", *_WORDS})


def error_from_problem(problem: Mapping[str, JsonValue]) -> QualweaveError:
    """Return the error that a problem document tells of: what `QualweaveError.problem` made, read back.

    Args:
        problem: The document. One of an unknown type becomes the error of its status, or the root.
    """
    code = str(problem.get("type", "")).removeprefix(PROBLEM_BASE)
    known = list(_tree(QualweaveError))
    named = [kind for kind in known if kind.code == code]
    alike = [kind for kind in known if kind.status == problem.get("status")]
    alike.sort(key=lambda kind: len(kind.__mro__))  # the most general first
    message, message_zh, next_step, next_step_zh = (str(problem.get(key) or "") for key in _WORDS)
    return (named or alike or [QualweaveError])[0](
        message or code or "The service answered with an error.",
        message_zh=message_zh or None,
        next_step=next_step,
        next_step_zh=next_step_zh,
        data={key: value for key, value in problem.items() if key not in _PROBLEM_KEYS},
    )


def _tree(root: type[QualweaveError]) -> Iterator[type[QualweaveError]]:
    yield root
    for kind in root.__subclasses__():
        yield from _tree(kind)
