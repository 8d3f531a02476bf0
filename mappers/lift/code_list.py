"""Code lists are sources too: each row becomes a code entry in its scope (R63).

The vendor's words are looked up among the defects and alarms of the ontology. A description is taken as a
concept where it is a name of it, or holds exactly one longest name; everything else stays undecided and is
asked, since a wrong meaning of a code is worse than none.
"""

from collections.abc import Iterable

import polars as pl

from qualweave.iri import RDF, RDFS, XSD, Q
from qualweave.mappers.codes import CodeEntry
from qualweave.mappers.lift.batch import Batch, segment
from qualweave.mappers.lift.lines import Lines
from qualweave.mappers.lift.problems import problem
from qualweave.mappers.lift.sheet import Sheet, Unresolved
from qualweave.mappers.table import ROW
from qualweave.mappers.vocabulary import Concept, Vocabulary, text_key

_LEAST_NAME = 2  # characters of a Chinese name, below which holding it says nothing
_SAYING = ("codeDescription", "defectName", "alarmText")
_CLASSES = {"defectCode": "DefectCode", "alarmCode": "AlarmCode"}
_MEANS = {"defectCode": (Q + "Defect",), "alarmCode": (Q + "Alarm", Q + "Defect", Q + "Anomaly")}


def concepts_in(text: str, vocabulary: Vocabulary, *within: str) -> list[Concept]:
    """Return the concepts whose longest name stands in a description; one element means decided.

    >>> voc = Vocabulary(
    ...     [Concept("urn:a", names=("wire offset",)), Concept("urn:b", names=("offset",))]
    ... )
    >>> [one.iri for one in concepts_in("Wire offset > 25 um", voc, "urn:a", "urn:b")]
    ['urn:a']
    """
    exact = vocabulary.find(text, *within)
    if exact:
        return exact
    padded = f" {text_key(text)} "
    held: dict[str, tuple[int, Concept]] = {}
    for concept in vocabulary.below(*within):
        for name in concept.names:
            key = text_key(name)
            spaced = key.isascii()
            if len(key) >= _LEAST_NAME and (f" {key} " if spaced else key) in padded:
                held[concept.iri] = max(
                    held.get(concept.iri, (0, concept)), (len(key), concept), key=lambda one: one[0]
                )
    if not held:
        return []
    longest = max(size for size, _ in held.values())
    return [concept for size, concept in held.values() if size == longest]


def lift_codes(sheet: Sheet, writer: Lines) -> None:
    """Lift a code list: one entry with its context per row; a row without a machine waits."""
    entries: list[tuple[int, str, CodeEntry, str]] = []
    role = "defectCode" if sheet.has("r.defectCode") else "alarmCode"
    decided = _denoted(sheet, role)
    columns = ("equipmentIdentifier", "firmwareVersion", "validFrom", "codeListName")
    bad = {one.row for one in sheet.problems}
    for place, row in enumerate(sheet.frame[ROW].to_list()):
        code = _cell(sheet, f"r.{role}", place)
        machine, programme, start, list_name = (
            _cell(sheet, ("i." if sheet.has(f"i.{one}") else "r.") + one, place) for one in columns
        )
        if row in bad or not code:
            continue
        if not machine:
            name = sheet.columns_of[role][0].name if role in sheet.columns_of else role
            sheet.problems.append(problem("unscoped-code", row=row, column=name, value=code))
            continue
        scope = (machine, programme, start)
        texts = (_cell(sheet, f"r.{name}", place) for name in _SAYING)
        label = next((one for one in texts if one), "")
        entry = _entry(sheet.batch, code, scope, denotes=decided.get(place, ""), label=label)
        entries.append((row, role, entry, list_name))
    _write(sheet, entries, writer)


def _cell(sheet: Sheet, column: str, place: int) -> str:
    return str(sheet.frame[column][place] or "") if sheet.has(column) else ""


def _entry(
    batch: Batch, code: str, scope: tuple[str, str, str], *, denotes: str, label: str
) -> CodeEntry:
    machine, programme, start = scope
    path = "/".join(
        one.rsplit("/", 1)[-1] for one in (machine, programme, start, segment(code)) if one
    )
    full = machine if machine.startswith("http") else batch.prefix("equipment") + machine
    return CodeEntry(
        code=code,
        machine=full,
        programme=batch.prefix("firmware") + programme if programme else "",
        valid_from=start,
        iri=batch.prefix("code") + path,
        denotes=denotes,
        label=label,
    )


def _denoted(sheet: Sheet, role: str) -> dict[int, str]:
    """Return the concept of each row, by place; what is not decided becomes a question."""
    found: dict[int, str] = {}
    names = [one for one in ("defectName", "codeDescription", "alarmText") if sheet.has(f"r.{one}")]
    sheet.unresolved = [one for one in sheet.unresolved if one.role not in names]
    by_text: dict[tuple[str, str], tuple[str, ...]] = {}
    for place in range(len(sheet.frame)):
        for name in names:
            text = _cell(sheet, f"r.{name}", place)
            known = _cell(sheet, f"c.{name}", place)
            if known or not text:
                found.setdefault(place, known) if known else None
                continue
            key = (name, text)
            if key not in by_text:
                hits = concepts_in(text, sheet.vocabulary, *_MEANS[role])
                by_text[key] = tuple(one.iri for one in hits)
            if len(by_text[key]) == 1:
                found.setdefault(place, by_text[key][0])
    _ask(sheet, names, found)
    return found


def _ask(sheet: Sheet, names: Iterable[str], found: dict[int, str]) -> None:
    asked: dict[tuple[str, str], int] = {}
    for place in range(len(sheet.frame)):
        texts = [(name, text) for name in names if (text := _cell(sheet, f"r.{name}", place))]
        if place not in found and texts:
            asked[texts[-1]] = asked.get(texts[-1], 0) + 1
    for (name, text), rows in asked.items():
        column = sheet.columns_of[name][0].name if name in sheet.columns_of else name
        hits = concepts_in(text, sheet.vocabulary, Q + "Defect")
        sheet.unresolved.append(
            Unresolved(column, name, text, rows, tuple(one.iri for one in hits))
        )


def _write(sheet: Sheet, entries: list[tuple[int, str, CodeEntry, str]], writer: Lines) -> None:
    lines: dict[str, None] = {}
    for row, role, entry, list_name in entries:
        for line in _entry_lines(sheet.batch, row, role, entry, list_name=list_name):
            lines[line] = None
    writer.keep(pl.Series("line", list(lines), dtype=pl.String), shared=True)


def _entry_lines(
    batch: Batch, row: int, role: str, entry: CodeEntry, *, list_name: str
) -> Iterable[str]:
    tail = entry.iri.removeprefix(batch.prefix("code")).rsplit("/", 1)[0]
    context = batch.prefix("context") + tail
    a_list = batch.prefix("codelist") + (segment(list_name) if list_name else tail)
    facts = [
        (entry.iri, RDF + "type", f"<{Q}CodeEntry>"),
        (entry.iri, RDF + "type", f"<{Q}{_CLASSES[role]}>"),
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
    if entry.label:
        facts.append((entry.iri, RDFS + "label", _text(entry.label)))
    if entry.denotes:
        facts.append((entry.iri, Q + "denotes", f"<{entry.denotes}>"))
    for subject in dict.fromkeys(fact[0] for fact in facts):
        facts.append((subject, Q + "sourceRow", f'"{row}"^^<{XSD}integer>'))
    return [f"<{subject}> <{predicate}> {value}" for subject, predicate, value in facts]


def _text(value: str) -> str:
    plain = (
        value.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n").replace("\r", "\\r")
    )
    return f'"{plain}"'
