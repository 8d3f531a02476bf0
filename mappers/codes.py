"""Codes mean something only in a scope: the same number on two machines is two meanings (R63).

A `CodeBook` holds every code entry of the graph with the machine, programme and date from which it holds.
Resolving a code gives the one entry that is valid where and when it was written, or says why there is
none; it never guesses.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from typing import Literal, TypeAlias

from qualweave.errors import AmbiguousTerm, JsonValue, NotFound
from qualweave.iri import local_name
from qualweave.mappers.code_forms import code_forms
from qualweave.store.port import Snapshot

MissReason: TypeAlias = Literal[
    "no-machine", "no-list", "no-code", "no-programme", "too-early", "too-late", "several"
]


@dataclass(frozen=True, order=True)
class CodeEntry:
    """One code in one scope.

    Attributes:
        code: The code as the machine writes it, without leading zeros being touched.
        machine: IRI of the machine.
        programme: IRI of the firmware or programme, ``""`` where the list holds for all of them.
        valid_from: ``xsd:dateTime`` form in UTC, ``""`` where it always held.
        valid_to: Last moment at which it holds, likewise; ``""`` where it holds until a newer entry of its scope.
        iri: IRI of the entry.
        denotes: IRI of the concept, ``""`` while nobody has decided.
        label: What the vendor's list says.
        file: Name of the file of the list; told only where lists contradict each other.
        row: Row of it, likewise; 0 where it is not told.
    """

    code: str
    machine: str
    programme: str = ""
    valid_from: str = ""
    iri: str = ""
    denotes: str = ""
    label: str = ""
    valid_to: str = ""
    file: str = ""
    row: int = 0

    @property
    def meaning(self) -> str:
        """IRI of the concept, else what the vendor's list says."""
        return self.denotes or self.label


@dataclass(frozen=True)
class CodeHit:
    """The entry that holds for a code in its scope."""

    entry: CodeEntry


@dataclass(frozen=True)
class CodeMiss:
    """Why no entry holds, in words that name what was looked for.

    Attributes:
        reason: Which reason.
        message: What is wrong, in English.
        message_zh: The same in Chinese.
        elsewhere: What the code means in other scopes; none of them holds here.
        near: Entries whose codes are spelt nearly so (``0127`` for ``127``): on the machine where it has a list,
            else anywhere. They are told and never taken.
        rivals: Entries that contradict each other, one per meaning, each with file and row of its list.
    """

    reason: MissReason
    message: str
    message_zh: str
    elsewhere: tuple[CodeEntry, ...] = ()
    near: tuple[CodeEntry, ...] = ()
    rivals: tuple[CodeEntry, ...] = ()


CodeAnswer: TypeAlias = CodeHit | CodeMiss


@dataclass
class CodeBook:
    """Every code entry, found by machine and code."""

    _entries: dict[tuple[str, str], list[CodeEntry]] = field(default_factory=dict)
    _by_code: dict[str, list[CodeEntry]] = field(default_factory=dict)
    _by_form: dict[str, list[CodeEntry]] = field(default_factory=dict)
    _machines: set[str] = field(default_factory=set)
    _firmware: dict[str, str] = field(default_factory=dict)

    @classmethod
    def of(
        cls, entries: Iterable[CodeEntry], firmware: Iterable[tuple[str, str]] = ()
    ) -> "CodeBook":
        """Build a book from entries and from what firmware each machine is known to run."""
        book = cls()
        for entry in entries:
            book.add(entry)
        seen: dict[str, set[str]] = {}
        for machine, programme in firmware:
            seen.setdefault(machine, set()).add(programme)
        # A machine that ran several programmes tells nothing about a row that names none.
        book._firmware = {machine: min(one) for machine, one in seen.items() if len(one) == 1}
        return book

    @classmethod
    def load(cls, snapshot: Snapshot, *, tenant: str | None = None) -> "CodeBook":
        """Read every entry of the data and release graphs of a snapshot, of one tenant or of all."""
        graphs = None if tenant is None else [one.graph for one in snapshot.graphs(tenant=tenant)]
        entries = [
            CodeEntry(
                code=_text(row["code"]),
                machine=_text(row["machine"]),
                programme=_text(row["programme"]),
                valid_from=_text(row["start"]),
                iri=_text(row["entry"]),
                denotes=_text(row["concept"]),
                label=_text(row["label"]),
                valid_to=_text(row["end"]),
            )
            for row in snapshot.select(_ENTRIES, graphs=graphs)
        ]
        firmware = [
            (_text(row["machine"]), _text(row["firmware"]))
            for row in snapshot.select(_FIRMWARE, graphs=graphs)
        ]
        return cls.of(_with_lists(dict.fromkeys(entries), snapshot, tenant), firmware)

    def add(self, entry: CodeEntry) -> None:
        """Add an entry."""
        self._machines.add(entry.machine)
        self._entries.setdefault((entry.machine, entry.code), []).append(entry)
        self._by_code.setdefault(entry.code, []).append(entry)
        for form in code_forms(entry.code):
            self._by_form.setdefault(form, []).append(entry)

    def meanings(self, code: str) -> list[CodeEntry]:
        """Return every entry of a code, whatever its scope, by machine, programme and date."""
        return sorted(self._by_code.get(code, ()), key=_scope_of)

    def near(self, code: str, machine: str = "") -> list[CodeEntry]:
        """Return the entries whose codes are spelt nearly as this one, on one machine or on any."""
        found = {
            one
            for form in code_forms(code)
            for one in self._by_form.get(form, ())
            if one.code != code and machine in ("", one.machine)
        }
        return sorted(found, key=_scope_of)

    def codes(self) -> frozenset[str]:
        """Return every code of any machine."""
        return frozenset(code for _, code in self._entries)

    def entries(self) -> list[CodeEntry]:
        """Return every entry."""
        return [one for entries in self._entries.values() for one in entries]

    def __len__(self) -> int:
        return sum(len(one) for one in self._entries.values())

    def resolve(self, code: str, machine: str, programme: str = "", at: str = "") -> CodeAnswer:
        """Return the entry of a code where and when it was written, or why there is none and what is known elsewhere.

        Args:
            code: The code.
            machine: IRI of the machine, ``""`` where the row names none.
            programme: IRI of its firmware or programme, ``""`` where the row names none.
            at: ``xsd:dateTime`` form in UTC of when it was written, ``""`` where that is not known.
        """
        answer = self._resolved(code, machine, programme, at)
        if isinstance(answer, CodeHit):
            return answer
        near = self.near(code, machine if machine in self._machines else "")
        return replace(answer, elsewhere=tuple(self.meanings(code)), near=tuple(near))

    def _resolved(self, code: str, machine: str, programme: str, at: str) -> CodeAnswer:
        if not machine:
            return CodeMiss(
                "no-machine", f"code {code} is given without a machine", f"代码 {code} 未指明机台"
            )
        entries = self._entries.get((machine, code), [])
        if not entries:
            return self._no_entry(code, machine)
        known = programme or self._firmware.get(machine, "")
        fitting = [one for one in entries if one.programme == known] if known else []
        fitting = fitting or [one for one in entries if not one.programme]
        if not fitting:
            names = ", ".join(sorted({local_name(one.programme) for one in entries}))
            asked = local_name(programme) if programme else "none"
            return CodeMiss(
                "no-programme",
                f"{local_name(machine)} knows {code} for programme {names}, the row names {asked}",
                f"机台 {local_name(machine)} 的代码 {code} 仅适用于程序版本 {names}，该行为 {asked}",
            )
        return _valid_at(fitting, code, machine, at)

    def _no_entry(self, code: str, machine: str) -> CodeMiss:
        name = local_name(machine)
        if machine in self._machines:
            return CodeMiss(
                "no-code",
                f"the code list of {name} has no code {code}",
                f"机台 {name} 的代码表中没有代码 {code}",
            )
        return CodeMiss("no-list", f"there is no code list for {name}", f"没有机台 {name} 的代码表")


def _scope_of(entry: CodeEntry) -> tuple[str, str, str, str]:
    return (entry.machine, entry.programme, entry.valid_from, entry.code)


def _valid_at(entries: list[CodeEntry], code: str, machine: str, at: str) -> CodeAnswer:
    """Return the entry that holds at a time: the newest that has begun and not ended."""
    dated = sorted(entries, key=lambda one: one.valid_from)
    name = local_name(machine)
    if at:
        begun = [one for one in dated if one.valid_from <= at]
        if not begun:
            return CodeMiss(
                "too-early",
                f"{code} holds on {name} from {dated[0].valid_from}, the row is of {at}",
                f"机台 {name} 的代码 {code} 自 {dated[0].valid_from} 起有效，该行时间为 {at}",
            )
        newest = begun[-1].valid_from
        # One without an end holds until the next begins; one with an end holds until then, whatever begins.
        holding = [
            one
            for one in begun
            if (one.valid_to >= at if one.valid_to else one.valid_from == newest)
        ]
        if not holding:
            last = max(one.valid_to for one in begun)
            return CodeMiss(
                "too-late",
                f"{code} held on {name} until {last}, the row is of {at}",
                f"机台 {name} 的代码 {code} 有效期至 {last}，该行时间为 {at}",
            )
        dated = [one for one in holding if one.valid_from == holding[-1].valid_from]
    rivals = tuple({one.meaning: one for one in reversed(dated)}.values())[::-1]
    if len(rivals) > 1:
        return CodeMiss(
            "several",
            f"{code} on {name} has {len(rivals)} meanings that the row does not tell apart: "
            f"{'; '.join(_listed_in(one, 'en') for one in rivals)}",
            f"机台 {name} 的代码 {code} 有 {len(rivals)} 种含义，无法区分："
            f"{'；'.join(_listed_in(one, 'zh') for one in rivals)}",
            rivals=rivals,
        )
    return CodeHit(dated[-1])


def _listed_in(entry: CodeEntry, language: Literal["en", "zh"]) -> str:
    """Return what an entry means and in which file and row its list says so."""
    said = local_name(entry.denotes) if entry.denotes else repr(entry.label)
    if not entry.file:
        return said
    if language == "zh":
        return f"{said}（{entry.file} 第 {entry.row} 行）"
    return f"{said} ({entry.file}, row {entry.row})"


def _with_lists(
    entries: Iterable[CodeEntry], snapshot: Snapshot, tenant: str | None
) -> list[CodeEntry]:
    """Return entries, those that contradict each other with file and row: one per list that has them.

    Lists without dates give one entry two meanings: only their graphs tell which list says what.
    """
    scopes: dict[tuple[str, str, str], list[CodeEntry]] = {}
    for one in entries:
        scopes.setdefault((one.machine, one.programme, one.code), []).append(one)
    if all(len({one.meaning for one in some}) == 1 for some in scopes.values()):
        return [one for some in scopes.values() for one in some]
    said = _said_by_lists(snapshot, tenant)
    found: list[CodeEntry] = []
    for some in scopes.values():
        told = [
            replace(one, denotes=denotes, label=label, file=file, row=row)
            for one in {one.iri: one for one in some}.values()
            for denotes, label, file, row in said.get(one.iri, ())
        ]
        whole = {one.meaning for one in told} == {one.meaning for one in some}
        found += told if whole and len({one.meaning for one in some}) > 1 else some
    return found


def _said_by_lists(
    snapshot: Snapshot, tenant: str | None
) -> dict[str, list[tuple[str, str, str, int]]]:
    """Return what each list says of each entry: concept, label, file and row, by the entry's IRI."""
    data = snapshot.graphs("data") if tenant is None else snapshot.graphs("data", tenant=tenant)
    files = {one.graph: str(one.about.get("file", "")) for one in data}
    found: dict[str, list[tuple[str, str, str, int]]] = {}
    for row in snapshot.select(_LISTS, graphs=list(files)):
        said = (
            _text(row["concept"]),
            _text(row["label"]),
            files[_text(row["list"])],
            int(_text(row["row"])),
        )
        found.setdefault(_text(row["entry"]), []).append(said)
    return found


def resolve_code(
    snapshot: Snapshot,
    code: str,
    machine: str,
    *,
    programme: str = "",
    at: str = "",
    tenant: str | None = None,
) -> CodeEntry:
    """Return the entry of one code in its scope.

    Args:
        snapshot: State of the store.
        code: The code as the machine writes it.
        machine: IRI of the machine.
        programme: IRI of the firmware or programme, ``""`` where it is not known.
        at: ``xsd:dateTime`` form in UTC, ``""`` where it is not known.
        tenant: Whose code lists; None for all.

    Raises:
        NotFound: If no entry holds in that scope.
        AmbiguousTerm: If several hold and the scope given does not tell them apart.
    """
    answer = CodeBook.load(snapshot, tenant=tenant).resolve(code, machine, programme, at)
    if isinstance(answer, CodeHit):
        return answer.entry
    error = AmbiguousTerm if answer.reason in ("several", "no-machine") else NotFound
    near = list(dict.fromkeys(one.code for one in answer.near))
    hint, hint_zh = "", ""
    if near:
        hint, hint_zh = f"Did you mean {' or '.join(near)}? ", f"是否应为 {'或'.join(near)}？"
    raise error(
        f"Code {code} is not resolved: {answer.message}.",
        message_zh=f"代码 {code} 未解析：{answer.message_zh}。",
        next_step=hint
        + "Ingest the code list of that machine and programme, or give the missing scope.",
        next_step_zh=hint_zh + "请导入该机台及程序版本的代码表，或补充作用域。",
        data={
            "code": code,
            "machine": machine,
            "programme": programme,
            "reason": answer.reason,
            "near": list[JsonValue](near),
        },
    )


def scoped_name(code: str, *scope: str) -> str:
    """Return how a code without words is named: never by its number alone, which means nothing.

    >>> scoped_name("127", "AOI-02", "", "2024-01-01T00:00:00Z")
    '127 @ AOI-02 · 2024-01-01T00:00:00Z'
    """
    return f"{code} @ {' · '.join(one for one in scope if one)}"


def undecided(snapshot: Snapshot) -> list[CodeEntry]:
    """Return the code entries that denote no concept yet: what a person still has to decide."""
    return sorted(one for one in CodeBook.load(snapshot).entries() if not one.denotes)


_ENTRIES = """
SELECT ?entry ?code ?machine ?programme ?start ?end ?concept ?label WHERE {
  ?entry q:code ?code ; q:validInContext ?context .
  ?context q:contextMachine ?machine .
  OPTIONAL { ?context q:contextProgramme ?programme }
  OPTIONAL { ?context q:validFrom ?start }
  OPTIONAL { ?context q:validTo ?end }
  OPTIONAL { ?entry q:denotes ?concept }
  OPTIONAL { ?entry rdfs:label ?label }
}"""
_LISTS = """
SELECT DISTINCT ?entry ?list ?row ?concept ?label WHERE {
  GRAPH ?list {
    ?entry q:code ?code ; q:sourceRow ?row .
    OPTIONAL { ?entry q:denotes ?concept } OPTIONAL { ?entry rdfs:label ?label }
  }
} ORDER BY ?list ?row"""
_FIRMWARE = (
    "SELECT DISTINCT ?machine ?firmware WHERE { ?machine a q:Equipment ; q:runsFirmware ?firmware }"
)


def _text(term: object) -> str:
    return "" if term is None else str(getattr(term, "value", term))
