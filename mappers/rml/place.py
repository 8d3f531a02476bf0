"""Where in a Turtle document a thing stands, and the one form of an error about it.

Turtle parsers give triples without lines. The line of a triples map is where its name opens a statement,
that of a term map where its text first stands after that: near enough to put a cursor there.
"""

import re
from dataclasses import dataclass, field

from qualweave.errors import InputError

_PREFIX = re.compile(r"@?prefix\s+([\w.-]*):\s*<([^>]*)>", re.IGNORECASE)


@dataclass(frozen=True)
class Place:
    """A triples map of a file, and a line in it."""

    file: str
    triples_map: str = ""
    line: int = 0

    @property
    def english(self) -> str:
        """The place as an English message opens with it."""
        name = f", triples map <{self.triples_map}>" if self.triples_map else ""
        return f"{self.file}, line {self.line}{name}"

    @property
    def chinese(self) -> str:
        """The place as a Chinese message opens with it."""
        name = f"，三元组映射 <{self.triples_map}>" if self.triples_map else ""
        return f"{self.file} 第 {self.line} 行{name}"


def refused(
    place: Place, what: tuple[str, str], step: tuple[str, str], **data: str | int
) -> InputError:
    """Return the error of a document that cannot be taken: what is wrong and what to do, English and Chinese."""
    return InputError(
        f"{place.english}: {what[0]}",
        message_zh=f"{place.chinese}：{what[1]}",
        next_step=step[0],
        next_step_zh=step[1],
        data={"file": place.file, "line": place.line, "triples_map": place.triples_map, **data},
    )


@dataclass
class Lines:
    """The lines of a Turtle text."""

    text: str
    _prefixes: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Learn the prefixes, by which names may stand shortened."""
        self._prefixes = {space: prefix for prefix, space in _PREFIX.findall(self.text)}

    def of_name(self, iri: str) -> int:
        """Return the line on which a statement about an IRI opens; 1 where none is found."""
        for form in self._forms(iri):
            found = re.search(rf"^\s*{re.escape(form)}(?=[\s;])", self.text, re.MULTILINE)
            if found:
                return self._line(found.end())
        return 1

    def of_text(self, text: str, after: int) -> int:
        """Return the line of the first string, or name, after a line; that line itself where none is found."""
        start = sum(len(line) + 1 for line in self.text.split("\n")[: after - 1])
        quoted = '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'
        for form in (quoted, *self._forms(text)):
            at = self.text.find(form, start)
            if at >= 0:
                return self._line(at + 1)
        return after

    def _forms(self, iri: str) -> list[str]:
        short = [
            f"{prefix}:{iri[len(space) :]}"
            for space, prefix in self._prefixes.items()
            if space and iri.startswith(space)
        ]
        tail = re.split(r"[/#]", iri)[-1]
        return [f"<{iri}>", *short, f"<#{tail}>", f"<{tail}>"]

    def _line(self, at: int) -> int:
        return self.text.count("\n", 0, at) + 1
