"""The zone of times that carry none: what the other files of the same company say.

A control writes local time without saying so, the MES beside it writes ``+08:00``. Where every time with an
offset of a company has the same one, its times without are taken to be of that zone, and the mapping says so;
where there is none, or they differ, they are taken as UTC.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import Self

import orjson

from qualweave.iri import expand, local_name
from qualweave.mappers.lift.plan import record_table
from qualweave.mappers.mapping import Decision, MappingDocument
from qualweave.mappers.table import RawTable

_OFFSET = re.compile(r"\d[T ]\d\d:?\d\d(?::?\d\d(?:\.\d+)?)?([+-]\d\d):?(\d\d)$")
_LOOKED_AT = 50  # cells of a column: one export writes all its times alike


@dataclass
class Zones:
    """Offsets seen, by company (the first folder of a file's name)."""

    seen: dict[str, set[str]] = field(default_factory=dict)

    def look(self, name: str, table: RawTable, document: MappingDocument) -> None:
        """Note the offsets that a table's times carry."""
        for offset in _offsets(table, document):
            self.seen.setdefault(company(name), set()).add(offset)

    def zone(self, name: str) -> str:
        """Return the IANA zone for times of a file that carry none, ``""`` where nothing tells."""
        everywhere = {one for offsets in self.seen.values() for one in offsets}
        for offsets in (self.seen.get(company(name), set()), everywhere):
            if len(offsets) == 1:
                return _iana(next(iter(offsets)))
            if offsets:
                return ""
        return ""

    @classmethod
    def load(cls, path: Path) -> Self:
        """Read what earlier ingests have seen."""
        if not path.exists():
            return cls()
        return cls(
            {name: set(offsets) for name, offsets in orjson.loads(path.read_bytes()).items()}
        )

    def save(self, path: Path) -> None:
        """Write what was seen."""
        path.parent.mkdir(parents=True, exist_ok=True)
        data = {name: sorted(offsets) for name, offsets in sorted(self.seen.items())}
        draft = path.with_suffix(".tmp")
        draft.write_bytes(orjson.dumps(data))
        draft.replace(path)


def company(name: str) -> str:
    """Return whose file it is: the first folder of its name."""
    parts = PurePosixPath(name).parts
    return parts[0] if len(parts) > 1 else ""


def _offsets(table: RawTable, document: MappingDocument) -> Iterable[str]:
    for column in document.having(Decision.ACCEPTED):
        kind = record_table().roles.get(local_name(expand(column.term)))
        if kind != "time" or column.name not in table.frame.columns:
            continue
        for text in table.frame[column.name].drop_nulls().head(_LOOKED_AT).to_list():
            found = _OFFSET.search(text.strip())
            if found and found.group(1) + found.group(2) != "+0000":
                yield f"{found.group(1)}:{found.group(2)}"


def _iana(offset: str) -> str:
    """Return the fixed zone of a whole-hour offset; its sign is turned round in the IANA names."""
    hours, _, minutes = offset.partition(":")
    if minutes != "00":
        return ""
    turned = "-" if hours[0] == "+" else "+"
    return f"Etc/GMT{turned}{int(hours[1:])}"
