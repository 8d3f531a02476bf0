"""`qualweave align`: fields and terms of any vocabulary from files, predictions to a file."""

import re
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import orjson

from qualweave.config import Settings
from qualweave.errors import UnreadableSource
from qualweave.mappers.align import Alignment, Confirmed, Remembering, align_targets
from qualweave.mappers.align.signals import Vocabulary
from qualweave.mappers.align.target import from_terms
from qualweave.mappers.align.vocabularies import VocabularyFile, read_vocabulary
from qualweave.mappers.declared import DeclaredField, StatedMeaning
from qualweave.mappers.profile import FieldProfile, declared_profiles, field_from_facts
from qualweave.mappers.readers.devices.describe import DESCRIBED, describe
from qualweave.mappers.readers.sniff import sniff
from qualweave.mappers.table import SourceContext
from qualweave.ontology.load import load_graph
from qualweave.ontology.terms import TermIndex

_STATED_KIND = re.compile(r"value kind=(\w+)")  # the field format's way to say it
_WORDS = {"accept": "map", "ask": "suggest", "request": "new"}


def align_files(
    fields: Path,
    terms: Path | VocabularyFile | None,
    out: Path,
    *,
    confirmed: Path | None = None,
    settings: Settings | None = None,
    explain: bool = False,
    progress: Callable[[int, int], None] | None = None,
    told: Callable[[str], None] | None = None,
) -> int:
    """Align the fields of a JSON Lines file with the terms of another; return how many were answered.

    Args:
        fields: One ``{"id", "name", "unit"?, "description"?, "device"?, "siblings"?, …}`` a line; or a description
            of a device.
        terms: A vocabulary in a form of `read_vocabulary`, or one that was read; the Q-Ontology where it is None.
        out: One ``{"id", "ranked": [[term, probability], …], "decision"}`` a line is written here.
        confirmed: Fields whose meaning is known, as ``fields`` and with ``"gold": [term, …]``; they are memory only.
        settings: Thresholds, text model and cache.
        explain: Whether a line also has the evidence of its first term, in English and Chinese.
        progress: Called with fields done and fields in all.
        told: Called with a sentence on what was handed in and has no effect.

    Raises:
        UnreadableSource: If a line or the vocabulary cannot be read; the error names it.
    """
    rows = read_fields(fields)
    vocabulary = _vocabulary(terms, settings or Settings())
    known = read_confirmed(confirmed) if confirmed else []
    if told is not None:
        for sentence in _without_effect(
            fields, rows, known, vocabulary=vocabulary, confirmed=confirmed
        ):
            told(sentence)
    remembering = Remembering.of(vocabulary, known)
    answers: dict[str, Alignment] = {}
    for group in by_source(rows).values():
        made = align_targets(
            [field for _, field in group],
            vocabulary,
            settings=settings,
            remembering=remembering,
            joint=is_one_table(group),
        )
        answers |= {identity: one for (identity, _), one in zip(group, made, strict=True)}
        if progress is not None:
            progress(len(answers), len(rows))
    lines = [_line(identity, answers[identity], explain=explain) for identity, _ in rows]
    scratch = out.with_name(out.name + ".part")
    scratch.write_bytes(b"".join(lines))
    scratch.replace(out)
    return len(lines)


def _vocabulary(terms: Path | VocabularyFile | None, settings: Settings) -> Vocabulary:
    if terms is None:
        ours = from_terms(TermIndex.from_graph(load_graph()))
        return Vocabulary(ours, settings, profile="ontology")
    found = read_vocabulary(terms) if isinstance(terms, Path) else terms
    return Vocabulary(found.terms, settings)


def _without_effect(
    fields: Path,
    rows: list[tuple[str, FieldProfile]],
    known: list[Confirmed],
    *,
    vocabulary: Vocabulary,
    confirmed: Path | None,
) -> Iterator[str]:
    """Yield what was handed in and has no effect, since it would pass unseen."""
    counts = Counter(one for one, _ in rows)
    twice = sorted(one for one, count in counts.items() if count > 1)
    if twice:
        yield (
            f"{fields.name}: ids that stand on several lines, so that their answers cannot be told apart: "
            f"{len(twice)}, {twice[0]!r} first."
        )
    if confirmed is None:
        return
    lines = sum(1 for line in confirmed.read_bytes().splitlines() if line.strip())
    if lines > len(known):
        yield f"{confirmed.name}: fields without 'gold', which teach nothing: {lines - len(known)} of {lines}."
    strange = [one for one in known if not any(term in vocabulary.by_id for term in one.terms)]
    if strange:
        first = f"{strange[0].terms[0]!r} of {strange[0].field.name!r} first"
        yield (
            f"{confirmed.name}: fields of terms that the vocabulary lacks, which teach nothing: "
            f"{len(strange)}, {first}."
        )


def read_fields(path: Path) -> list[tuple[str, FieldProfile]]:
    """Return ``(id, profile)`` of the fields of a JSON Lines file, or of a description of a device.

    Raises:
        UnreadableSource: If a line is no field, or a description cannot be read.
    """
    if sniff(path) in DESCRIBED:
        described = declared_profiles(describe(path))
        return [(one.declared.id if one.declared else one.name, one) for one in described]
    found = []
    for number, line in enumerate(path.read_bytes().splitlines(), 1):
        if not line.strip():
            continue
        try:
            row = orjson.loads(line)
            found.append((str(row["id"]), _profile(row)))
        except (orjson.JSONDecodeError, KeyError, TypeError) as error:
            raise UnreadableSource(
                f"{path.name}, line {number}: not a field ({error}).",
                message_zh=f"{path.name} 第 {number} 行：不是字段记录。",
                next_step='Each line is {"id": …, "name": …, …}.',
                next_step_zh='每行应为 {"id": …, "name": …, …}。',
                data={"file": path.name, "line": number},
            ) from error
    return found


def read_confirmed(path: Path) -> list[Confirmed]:
    """Return the fields of a JSON Lines file whose meaning is known; those without a term are left out.

    Raises:
        UnreadableSource: If a line is no field, or its terms are no list.
    """
    fields = read_fields(path)
    lines = enumerate(path.read_bytes().splitlines(), 1)
    rows = [(number, orjson.loads(line)) for number, line in lines if line.strip()]
    found = []
    for (_, field), (number, row) in zip(fields, rows, strict=True):
        terms = row.get("gold") or []
        if not isinstance(terms, list) or not all(isinstance(one, str) for one in terms):
            raise _not_terms(path, number)
        if terms:
            source = " ".join(str(row.get("device") or "").split())
            found.append(Confirmed(field, tuple(terms), source, by=str(row.get("by") or "")))
    return found


def _not_terms(path: Path, number: int) -> UnreadableSource:
    return UnreadableSource(
        f"{path.name}, line {number}: 'gold' is no list of ids of terms.",
        message_zh=f"{path.name} 第 {number} 行：“gold”不是术语标识的列表。",
        next_step='Write "gold": ["id of a term", …]; an empty list where no term fits.',
        next_step_zh='请写作 "gold": ["术语标识", …]；没有合适术语时为空列表。',
        data={"file": path.name, "line": number},
    )


def _profile(row: dict[str, Any]) -> FieldProfile:
    if not isinstance(row["name"], (str, int, float)):
        raise TypeError("its name is no text")
    siblings = row.get("siblings")
    context = SourceContext(
        file_name=str(row.get("table") or ""),
        language=str(row.get("language") or "en"),
        device=" ".join(str(row.get("device") or "").split()),
        header={"component": str(row["context"])} if row.get("context") else {},
    )
    samples = row.get("samples") or ()
    meanings = row.get("meanings") or ()
    stated = _STATED_KIND.search(str(row.get("note") or ""))
    made = field_from_facts(
        name=str(row["name"]),
        unit=str(row.get("unit") or ""),
        description=str(row.get("description") or ""),
        kind=str(row.get("kind") or (stated.group(1) if stated else "")),
        samples=[str(one) for one in samples] if isinstance(samples, list) else (),
        siblings=[str(one) for one in siblings] if isinstance(siblings, list) else (),
        context=context,
    )
    if not meanings or not isinstance(meanings, list):
        return made
    said = tuple(StatedMeaning("iri", str(one)) for one in meanings)
    return replace(made, declared=DeclaredField(made.name, made.name, meanings=said))


def by_source(
    rows: list[tuple[str, FieldProfile]],
) -> dict[str, list[tuple[str, FieldProfile]]]:
    """Return the fields of each device."""
    groups: dict[str, list[tuple[str, FieldProfile]]] = defaultdict(list)
    for identity, field in rows:
        groups[field.context.device if field.context else ""].append((identity, field))
    return groups


def is_one_table(group: list[tuple[str, FieldProfile]]) -> bool:
    """Whether the fields name each other as siblings and none stands twice (else they are synonyms)."""
    names = [field.name for _, field in group]
    near = sum(len(set(field.siblings) & set(names)) for _, field in group)
    return len(set(names)) == len(names) and 1 < len(names) <= 60 and near >= len(names)  # noqa: PLR2004


def _line(identity: str, one: Alignment, *, explain: bool) -> bytes:
    line: dict[str, Any] = {
        "id": identity,
        "ranked": [[candidate.term, candidate.probability] for candidate in one.ranked],
        "decision": _WORDS[one.decision],
    }
    if explain:
        line["evidence"] = [
            {"kind": why.kind, "weight": round(why.weight, 3), **why.statement}
            for candidate in one.ranked[:1]
            for why in candidate.evidence
        ]
    return orjson.dumps(line) + b"\n"
