"""What every check of an ontology says: findings with place and fix, figures, and whether it was made at all.

A check belongs to whoever owns what it looks at (`ontology` its files, `shapes` their examples, `api` the questions
over a plant); whoever composes them hands each the same graph. A check that could not be made says why; it is never
a pass.
"""

import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from types import MappingProxyType
from typing import Protocol

from rdflib import Graph

from qualweave.errors import JsonValue, MissingCapability

CHECKED = "checked"
NOT_ASKED = "not asked for"


@dataclass(frozen=True)
class Finding:
    """One broken promise.

    Attributes:
        check: Name of the check that found it.
        term: IRI of the term, or the name of the file.
        message: What is wrong, in English.
        message_zh: The same in Chinese.
        fix: What to do about it, in English.
        fix_zh: The same in Chinese.
        file: Where the term stands, ``""`` where that is not known.
        line: Line of the file, from 1; 0 where it is not known.
    """

    check: str
    term: str
    message: str
    message_zh: str
    fix: str = ""
    fix_zh: str = ""
    file: str = ""
    line: int = 0

    def __str__(self) -> str:
        place = f"{self.file}:{self.line}: " if self.file else ""
        return f"{place}{self.term}: {self.message}. {self.fix}".strip()

    def to_json(self) -> dict[str, JsonValue]:
        """Return the finding as JSON values."""
        return {
            "check": self.check,
            "term": self.term,
            "en": self.message,
            "zh": self.message_zh,
            "fix": self.fix,
            "fix_zh": self.fix_zh,
            "file": self.file,
            "line": self.line,
        }


@dataclass(frozen=True)
class Checked:
    """The outcome of one check.

    Attributes:
        check: Its name.
        findings: What is wrong.
        figures: What was counted, by name.
        state: ``"checked"``, or why it was not.
        seconds: How long it took.
    """

    check: str
    findings: tuple[Finding, ...] = ()
    figures: Mapping[str, JsonValue] = field(default_factory=lambda: MappingProxyType({}))
    state: str = CHECKED
    seconds: float = 0.0

    @property
    def ok(self) -> bool:
        """Whether it was made and found nothing."""
        return self.state == CHECKED and not self.findings


class Check(Protocol):
    """Looks at an ontology."""

    @property
    def name(self) -> str:
        """One word for it."""
        ...

    def run(self, graph: Graph) -> Checked:
        """Return the outcome for an ontology.

        Raises:
            MissingCapability: If something that it needs is not installed.
        """
        ...


@dataclass(frozen=True)
class Finder:
    """A check that only finds; implements `Check`.

    Attributes:
        name: One word for it.
        find: Yields what is wrong.
    """

    name: str
    find: Callable[[Graph], Iterable[Finding]]

    def run(self, graph: Graph) -> Checked:
        """Return the outcome for an ontology."""
        return Checked(self.name, tuple(dict.fromkeys(self.find(graph))))


@dataclass(frozen=True)
class Report:
    """The outcome of all checks.

    Attributes:
        checks: One outcome each, in the order they were made.
    """

    checks: tuple[Checked, ...]

    @property
    def ok(self) -> bool:
        """Whether every check was made and none found anything."""
        return all(one.ok for one in self.checks)

    @property
    def findings(self) -> tuple[Finding, ...]:
        """All findings."""
        return tuple(found for one in self.checks for found in one.findings)

    def of(self, check: str) -> Checked:
        """Return the outcome of one check; one that was not asked for says so."""
        return next(
            (one for one in self.checks if one.check == check), Checked(check, state=NOT_ASKED)
        )

    def with_findings(self, change: Callable[[Finding], Finding]) -> "Report":
        """Return the report with each finding changed, for example by the place where its term stands."""
        return Report(
            tuple(replace(one, findings=tuple(map(change, one.findings))) for one in self.checks)
        )

    def __str__(self) -> str:
        lines = [f"{'check':<16}{'state':<12}{'findings':>9}{'seconds':>9}  figures"]
        for one in self.checks:
            figures = ", ".join(f"{name} {value}" for name, value in one.figures.items())
            state = CHECKED if one.state == CHECKED else "NOT CHECKED"
            line = f"{one.check:<16}{state:<12}{len(one.findings):>9}{one.seconds:>9.2f}  {figures}"
            lines.append(line.rstrip() if one.state == CHECKED else f"{line} {one.state}")
        lines += [f"{found.check}: {found}" for found in self.findings]
        return "\n".join(lines)


def run_checks(checks: Iterable[Check], graph: Graph) -> Report:
    """Return the outcome of checks, each made once; one that lacks something is reported as not made."""
    return Report(tuple(_timed(one, graph) for one in checks))


def _timed(check: Check, graph: Graph) -> Checked:
    begun = time.monotonic()
    try:
        found = check.run(graph)
    except MissingCapability as error:
        found = Checked(check.name, state=f"{error.message} {error.next_step}".strip())
    return replace(found, seconds=time.monotonic() - begun)
