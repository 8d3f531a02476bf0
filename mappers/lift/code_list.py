"""Code lists are sources too: each row becomes a code entry in its scope (R63).

The vendor's words are looked up among the defects and alarms of the ontology, by name and by alignment
(`code_words`); what neither decides stays undecided and is asked, since a wrong meaning of a code is worse than
none. A code of which the list says nothing is asked about by itself.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import combinations

import polars as pl

from qualweave.iri import RDF, RDFS, SKOS, XSD, Q, expand, local_name
from qualweave.mappers.codes import CodeEntry, scoped_name
from qualweave.mappers.lift.batch import Batch, segment
from qualweave.mappers.lift.code_words import (
    ASKED,
    MEANS,
    SAYING,
    Understood,
    Word,
    answers_of,
    concepts_in,
    questions_of,
    understand,
    words_of,
)
from qualweave.mappers.lift.lines import Lines
from qualweave.mappers.lift.problems import Problem, problem
from qualweave.mappers.lift.sheet import Sheet, Unresolved
from qualweave.mappers.mapping import Decision
from qualweave.mappers.meanings import ConceptReader
from qualweave.mappers.table import ROW
from qualweave.mappers.vocabulary import text_key

__all__ = ["ASKED", "concepts_in", "lift_codes"]

_CLASSES = {"defectCode": "DefectCode", "alarmCode": "AlarmCode"}
_TELLING = {Q + one for one in SAYING}
_SCOPE = ("equipmentIdentifier", "firmwareVersion", "validFrom", "codeListName")


@dataclass(frozen=True)
class _Listed:
    """A row of a code list: its entry, what it says and what that means."""

    row: int
    role: str
    entry: CodeEntry
    list_name: str
    words: tuple[Word, ...]
    understood: Understood

    @property
    def said(self) -> tuple[str, ...]:
        """What two rows must share to mean the same: the concept, else the words."""
        term = self.understood.term
        return (term,) if term else tuple(text_key(one.text) for one in self.words)

    @property
    def meaning(self) -> str:
        """What a message calls the meaning."""
        return " / ".join(one.text for one in self.words) or local_name(self.understood.term) or "?"


def lift_codes(sheet: Sheet, writer: Lines, reader: ConceptReader | None = None) -> None:
    """Lift a code list: one entry with its context per row; a row without a machine waits.

    Args:
        sheet: The list.
        writer: Takes the triples.
        reader: Scores concepts for the words of a code; None leaves names alone to decide.
    """
    role = "defectCode" if sheet.has("r.defectCode") else "alarmCode"
    rows = words_of(sheet)
    sheet.unresolved = [one for one in sheet.unresolved if one.role not in SAYING]
    meanings = understand(rows, sheet.vocabulary, MEANS[role], reader)
    sheet.unresolved += questions_of(rows, meanings)
    bad = {one.row for one in sheet.problems}
    listed: list[_Listed] = []
    for place, row in enumerate(sheet.frame[ROW].to_list()):
        if row not in bad and _cell(sheet, f"r.{role}", place):
            found = _listed(sheet, role, place, words=rows[place], understood=meanings[place])
            listed += [found] if found else []
    apart = _contradicting(sheet, listed)
    _write(sheet, [one for one in listed if one.row not in apart], writer)


def _listed(
    sheet: Sheet, role: str, place: int, *, words: tuple[Word, ...], understood: Understood
) -> _Listed | None:
    """Return what one row of a list says; None where it names no machine, which is a problem of the row."""
    code, row = _cell(sheet, f"r.{role}", place), sheet.row_at(place)
    machine, programme, start, list_name = (
        _cell(sheet, ("i." if sheet.has(f"i.{one}") else "r.") + one, place) for one in _SCOPE
    )
    column = sheet.columns_of[role][0] if role in sheet.columns_of else None
    name = column.name if column else role
    if not machine:
        file = sheet.batch.file_name
        sheet.problems.append(problem("unscoped-code", row=row, column=name, value=code, file=file))
        return None
    if not words:
        names = (local_name(one) for one in (machine, programme))
        key = scoped_name(code, *names, start)
        understood = _told(answers_of(column).get(key) if column else None)
        if not (understood.term or understood.is_closed or _may_be_told(sheet)):
            sheet.unresolved.append(Unresolved(name, role, key, 1))
    end = _end(sheet, place)
    if end and end < start:
        sheet.problems.append(_never(sheet, name, code, row=row, dates=(start, end)))
        return None
    label = words[0].text if words else ""
    scope = (machine, programme, start, end)
    entry = _entry(sheet.batch, code, scope, denotes=understood.term, label=label)
    return _Listed(row, role, entry, list_name, words, understood)


def _may_be_told(sheet: Sheet) -> bool:
    """Return whether a column that still waits for its meaning may be the one that describes the codes."""
    waiting = sheet.mapping.having(Decision.ASKED)
    return any(expand(term.term) in _TELLING for one in waiting for term in one.candidates)


def _told(answer: str | None) -> Understood:
    return Understood(term=answer or "", is_closed=answer == "")


def _cell(sheet: Sheet, column: str, place: int) -> str:
    return str(sheet.frame[column][place] or "") if sheet.has(column) else ""


def _end(sheet: Sheet, place: int) -> str:
    """Return the last moment at which an entry holds; a date without a time is meant to its last second."""
    end = _cell(sheet, "r.validTo", place)
    if not end or "validTo" not in sheet.columns_of:
        return end
    written = str(sheet.table.frame[sheet.columns_of["validTo"][0].name][place] or "")
    if ":" in written or "时" in written:
        return end
    last = datetime.fromisoformat(end) + timedelta(days=1, seconds=-1)
    return last.strftime("%Y-%m-%dT%H:%M:%SZ")


def _never(sheet: Sheet, column: str, code: str, *, row: int, dates: tuple[str, str]) -> Problem:
    start, end = dates
    return problem(
        "empty-validity",
        row=row,
        column=column,
        value=code,
        detail=f"it ends at {end}, before it begins at {start}",
        detail_zh=f"结束时间 {end} 早于开始时间 {start}",
        file=sheet.batch.file_name,
    )


def _contradicting(sheet: Sheet, listed: Sequence[_Listed]) -> set[int]:
    """Report the rows of a list that give one code two meanings at one time, each with the other; return them.

    A later start ends an entry without an end, so only equal starts and ends that reach past a start contradict.
    """
    by_scope: dict[tuple[str, str, str], list[_Listed]] = {}
    for one in listed:
        key = (one.entry.machine, one.entry.programme, one.entry.code)
        by_scope.setdefault(key, []).append(one)
    found: dict[int, None] = {}
    for some in by_scope.values():
        ordered = sorted(some, key=lambda one: (one.entry.valid_from, one.row))
        for first, second in combinations(ordered, 2):
            starts, until = (first.entry.valid_from, second.entry.valid_from), first.entry.valid_to
            at_once = starts[0] == starts[1] or (until and until > starts[1])
            if at_once and first.said != second.said:
                for one, other in ((first, second), (second, first)):
                    if one.row not in found:
                        found[one.row] = None
                        sheet.problems.append(_contradiction(sheet, one, other))
    return set(found)


def _contradiction(sheet: Sheet, one: _Listed, other: _Listed) -> Problem:
    column = sheet.columns_of[one.role][0].name if one.role in sheet.columns_of else one.role
    return problem(
        "contradicting-codes",
        row=one.row,
        column=column,
        value=one.entry.code,
        detail=f"{one.meaning!r} here and {other.meaning!r} in row {other.row}",
        detail_zh=f"此处为“{one.meaning}”，第 {other.row} 行为“{other.meaning}”",
        file=sheet.batch.file_name,
    )


def _entry(
    batch: Batch, code: str, scope: tuple[str, str, str, str], *, denotes: str, label: str
) -> CodeEntry:
    machine, programme, start, end = scope
    parts = (machine, programme, start, f"until-{end}" if end else "", segment(code))
    path = "/".join(one.rsplit("/", 1)[-1] for one in parts if one)
    full = machine if machine.startswith("http") else batch.prefix("equipment") + machine
    return CodeEntry(
        code=code,
        machine=full,
        programme=batch.prefix("firmware") + programme if programme else "",
        valid_from=start,
        iri=batch.prefix("code") + path,
        denotes=denotes,
        label=label,
        valid_to=end,
    )


def _write(sheet: Sheet, listed: list[_Listed], writer: Lines) -> None:
    lines: dict[str, None] = {}
    for one in listed:
        lines |= dict.fromkeys(_entry_lines(sheet.batch, one))
    writer.keep(pl.Series("line", list(lines), dtype=pl.String), shared=True)


def _entry_lines(batch: Batch, one: _Listed) -> Iterable[str]:
    entry, list_name = one.entry, one.list_name
    tail = entry.iri.removeprefix(batch.prefix("code")).rsplit("/", 1)[0]
    context = batch.prefix("context") + tail
    a_list = batch.prefix("codelist") + (segment(list_name) if list_name else tail)
    facts = [
        (entry.iri, RDF + "type", f"<{Q}CodeEntry>"),
        (entry.iri, RDF + "type", f"<{Q}{_CLASSES[one.role]}>"),
        (entry.iri, Q + "code", _text(entry.code)),
        (entry.iri, Q + "inCodeList", f"<{a_list}>"),
        (entry.iri, Q + "validInContext", f"<{context}>"),
        (a_list, RDF + "type", f"<{Q}CodeList>"),
        (context, RDF + "type", f"<{Q}CodeContext>"),
        (context, Q + "contextMachine", f"<{entry.machine}>"),
        (entry.machine, RDF + "type", f"<{Q}Equipment>"),
    ]
    if entry.programme:
        facts += [
            (context, Q + "contextProgramme", f"<{entry.programme}>"),
            (entry.programme, RDF + "type", f"<{Q}Firmware>"),
        ]
    if entry.valid_from:
        facts.append((context, Q + "validFrom", f'"{entry.valid_from}"^^<{XSD}dateTime>'))
    if entry.valid_to:
        facts.append((context, Q + "validTo", f'"{entry.valid_to}"^^<{XSD}dateTime>'))
    facts += _said(one)
    for subject in dict.fromkeys(fact[0] for fact in facts):
        facts.append((subject, Q + "sourceRow", f'"{one.row}"^^<{XSD}integer>'))
    return [f"<{subject}> <{predicate}> {value}" for subject, predicate, value in facts]


def _said(one: _Listed) -> list[tuple[str, str, str]]:
    """Return what the list says of a code, what that means, and how sure that is where it was scored."""
    entry, texts = one.entry.iri, [word.text for word in one.words]
    facts = [(entry, RDFS + "label", _text(texts[0]))] if texts else []
    facts += [(entry, SKOS + "altLabel", _text(text)) for text in texts[1:] if text != texts[0]]
    if one.understood.term:
        facts.append((entry, Q + "denotes", f"<{one.understood.term}>"))
    scored = one.understood.meaning
    if scored is not None:
        sure = f'"{scored.probability:.4f}"^^<{XSD}decimal>'
        facts.append((entry, Q + "confidenceValue", sure))
        facts += [
            (entry, RDFS + "comment", f"{_text(text)}@{language}")
            for evidence in [one for one in scored.evidence if one.weight > 0][:1]
            for language, text in evidence.statement.items()
        ]
    return facts


def _text(value: str) -> str:
    plain = (
        value.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n").replace("\r", "\\r")
    )
    return f'"{plain}"'
