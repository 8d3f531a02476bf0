"""SSSOM: what the fields of a source mean as a table of mappings that other tools read; and such a table as memory.

A field is a subject, a term the object; a person's decision and a machine's have justifications of their own.

Source: A Simple Standard for Sharing Ontological Mappings (mapping-commons), TSV with metadata as commented YAML.
"""

import csv
import io
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from urllib.parse import quote, unquote

import yaml

from qualweave.documents import Fault, near, refusal
from qualweave.errors import InputError, JsonValue
from qualweave.iri import DEFAULT_BASE, PREFIXES, SKOS, Q, expand
from qualweave.mappers.lift.batch import segment
from qualweave.mappers.mapping import ColumnMapping, Decision, MappingDocument
from qualweave.mappers.memory import Remembered, Verdict
from qualweave.mappers.vocabulary import Vocabulary

UNSPECIFIED = "https://w3id.org/sssom/license/unspecified"
"""Licence of a table whose owner has named none (SSSOM's own IRI for that)."""

_PREFIXES = {
    "semapv": "https://w3id.org/semapv/vocab/",
    "skos": SKOS,
    "sssom": "https://w3id.org/sssom/",
}
_ALL_PREFIXES = {
    **PREFIXES,
    **_PREFIXES,
    "oboInOwl": "http://www.geneontology.org/formats/oboInOwl#",
}
_COLUMNS = (
    "subject_id", "subject_label", "predicate_id", "object_id", "object_label", "mapping_justification",
    "author_label", "mapping_date", "confidence",
)  # fmt: skip
_MANUAL, _MACHINE = "semapv:ManualMappingCuration", "semapv:CompositeMatching"
_NONE = "sssom:NoTermFound"
_EXACT = "skos:exactMatch"
_PREDICATES = (
    _EXACT, "skos:closeMatch", "skos:broadMatch", "skos:narrowMatch", "skos:relatedMatch", "owl:sameAs",
    "owl:equivalentClass", "owl:equivalentProperty", "rdfs:subClassOf", "rdfs:subPropertyOf", "rdfs:seeAlso",
    "semapv:crossSpeciesExactMatch", "semapv:crossSpeciesNarrowMatch", "semapv:crossSpeciesBroadMatch",
    "oboInOwl:hasDbXref",
)  # fmt: skip
"""Those of SSSOM's documentation; another one is a slip of the pen, and would be passed by as no exact match."""


def write(
    document: MappingDocument,
    vocabulary: Vocabulary,
    *,
    tenant: str = "plant",
    base: str = DEFAULT_BASE,
    license_iri: str = UNSPECIFIED,
) -> str:
    """Return a mapping document as an SSSOM table.

    An accepted column is an exact match; one that waits is a close match with its best candidate; one that a
    person left out matches ``sssom:NoTermFound``.

    Args:
        document: The document.
        vocabulary: The ontology, for the labels of terms.
        tenant: Whose field IRIs are written.
        base: Namespace of data IRIs.
        license_iri: Licence under which the table is handed on.
    """
    space = _uri(f"{base}{tenant}/field/{segment(document.source)}/")
    rows = [row for one in document.columns if (row := _row(one, document, vocabulary))]
    prefixes = {"field": space, "q": Q, **_PREFIXES}
    for row in rows:
        prefix = row["object_id"].split(":", 1)[0]
        if prefix in PREFIXES:
            prefixes[prefix] = PREFIXES[prefix]
    head = {
        "curie_map": dict(sorted(prefixes.items())),
        "mapping_set_id": _uri(f"{base}{tenant}/mapping/{segment(document.source)}"),
        "mapping_set_version": str(document.version),
        "mapping_set_title": f"Fields of {document.source}",
        "license": license_iri,
        "creator_label": [document.created_by],
        "mapping_date": document.created.date().isoformat(),
        "mapping_tool": "Qualweave",
    }
    if document.release:
        head["object_source_version"] = document.release
    text = yaml.safe_dump(head, allow_unicode=True, sort_keys=False, width=1000)
    out = io.StringIO()
    out.writelines(f"# {line}\n" for line in text.splitlines())
    table = csv.DictWriter(out, _COLUMNS, delimiter="\t", lineterminator="\n")
    table.writeheader()
    table.writerows(sorted(rows, key=lambda row: row["subject_id"]))
    return out.getvalue()


def _uri(iri: str) -> str:
    """Return an IRI as a URI: SSSOM's readers take no other letters than ASCII in identifiers."""
    return quote(iri, safe="%/:#?&=~")


def _row(
    column: ColumnMapping, document: MappingDocument, vocabulary: Vocabulary
) -> dict[str, str] | None:
    by_person = any(one.kind == "answer" for one in column.evidence)
    term, predicate, confidence = column.term, "skos:exactMatch", column.confidence
    if column.decision is Decision.IGNORED:
        term, confidence = _NONE, 1.0
    elif column.decision is not Decision.ACCEPTED:
        if not column.candidates:
            return None
        best = column.candidates[0]
        term, predicate, confidence = best.term, "skos:closeMatch", best.probability
    concept = vocabulary.concept(expand(term)) if not term.startswith("sssom:") else None
    labels = concept.labels if concept else {}
    manual = by_person or column.decision is Decision.IGNORED
    return {
        "subject_id": f"field:{_uri(segment(column.name))}",
        "subject_label": " ".join(column.name.split()),
        "predicate_id": predicate,
        "object_id": term,
        "object_label": labels.get("en", ""),
        "mapping_justification": _MANUAL if manual else _MACHINE,
        "author_label": column.by,
        "mapping_date": document.created.date().isoformat(),
        "confidence": f"{confidence:g}",
    }


@dataclass(frozen=True)
class Learnt:
    """What a table taught.

    Attributes:
        decisions: Those of persons, as memory keeps them.
        passed: Lines that taught nothing, and why.
    """

    decisions: tuple[Remembered, ...]
    passed: tuple[tuple[int, str], ...]

    def to_json(self) -> dict[str, JsonValue]:
        """Return counts and reasons as JSON values."""
        return {
            "learnt": len(self.decisions),
            "passed": list[JsonValue]({"line": line, "why": why} for line, why in self.passed),
        }


def read(
    text: str,
    vocabulary: Vocabulary,
    *,
    source: str = "",
    file: str = "",
    known: Collection[str] | None = None,
) -> Learnt:
    """Return what an SSSOM table says that persons decided about fields.

    Exact matches that a person curated become accepted pairs, negated ones rejected pairs; the rest is passed by.

    Args:
        text: The table.
        vocabulary: The ontology; a term that it does not have is passed by.
        source: Source id of the fields; that of their IRIs where left out.
        file: Name of the table, for messages.
        known: Source ids that there are; any is taken where it is None.

    Raises:
        InputError: If it is no SSSOM table, or a row that a person curated has a predicate or source that there is
            not; every such row is in ``data["faults"]``, and nothing is taken.
    """
    lines = text.splitlines()
    head = [line.removeprefix("#").removeprefix(" ") for line in lines if line.startswith("#")]
    first = next((at for at, line in enumerate(lines) if not line.startswith("#")), len(lines))
    prefixes = {**_ALL_PREFIXES, **_prefixes("\n".join(head), file)}
    table = csv.DictReader(lines[first:], delimiter="\t", restval="")
    missing = {"subject_id", "predicate_id", "object_id", "mapping_justification"} - set(
        table.fieldnames or ()
    )
    if missing:
        raise _columns_missing(file, first + 1, missing)
    found: list[Remembered] = []
    passed: list[tuple[int, str]] = []
    faults: list[Fault] = []
    for line, row in enumerate(table, start=first + 2):
        taught = _taught(row, prefixes, vocabulary, source)
        faults += _predicate_fault(line, row, prefixes)
        if isinstance(taught, str):
            passed.append((line, taught))
            continue
        found.append(taught)
        if known is not None:
            faults += _source_fault(line, taught, known)
    if faults:
        raise refusal(file, faults)
    return Learnt(tuple(found), tuple(passed))


def _columns_missing(file: str, line: int, missing: Collection[str]) -> InputError:
    return InputError(
        f"{file}, line {line}: an SSSOM table has the columns {', '.join(sorted(missing))} as well.",
        message_zh=f"{file} 第 {line} 行：SSSOM 表还应包含列 {'、'.join(sorted(missing))}。",
        next_step="Give a TSV with the metadata as comments and the head row below.",
        next_step_zh="请提供以注释为元数据、其后为表头行的 TSV。",
        data={"file": file, "line": line},
    )


def _predicate_fault(line: int, row: dict[str, str], prefixes: dict[str, str]) -> Iterator[Fault]:
    """Yield that a row which a person curated has a predicate that there is not."""
    said = row["predicate_id"]
    predicates = {_expanded(one, _ALL_PREFIXES) for one in _PREDICATES}
    if not _is_manual(row, prefixes) or _expanded(said, prefixes) in predicates:
        return
    like = near(said, _PREDICATES) or [_EXACT]
    yield Fault(
        line,
        "predicate_id",
        {"en": f"there is no predicate {said!r} of mappings", "zh": f"没有映射谓词“{said}”"},
        {"en": f"Nearest: {', '.join(like)}.", "zh": f"相近的谓词：{'、'.join(like)}。"},
    )


def _source_fault(line: int, taught: Remembered, known: Collection[str]) -> Iterator[Fault]:
    """Yield that a decision is about a source of which no file has come in."""
    if taught.source in known:
        return
    like = near(taught.source, known)
    en = f"Nearest: {', '.join(like)}. " if like else ""
    zh = f"相近的来源：{'、'.join(like)}。" if like else ""
    yield Fault(
        line,
        "subject_id",
        {
            "en": f"no file of a source {taught.source!r} has come in (field {taught.field!r})",
            "zh": f"没有来源“{taught.source}”的文件（字段“{taught.field}”）",
        },
        {
            "en": f"{en}Name the source whose fields these are (--source), or say that it is a new one (--new-source; "
            "new_source=true).",
            "zh": f"{zh}请用 --source 指定这些字段的来源，或声明它是新来源（--new-source；new_source=true）。",
        },
    )


def _prefixes(head: str, file: str) -> dict[str, str]:
    try:
        data = yaml.safe_load(head) or {}
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        line = mark.line + 1 if mark else 1
        raise InputError(
            f"{file}, line {line}: the metadata of the table are not YAML.",
            message_zh=f"{file} 第 {line} 行：表的元数据不是有效的 YAML。",
            next_step="Correct the comment at that line.",
            next_step_zh="请更正该行的注释。",
            data={"file": file, "line": line},
        ) from error
    known = data.get("curie_map", {}) if isinstance(data, dict) else {}
    return {str(name): str(space) for name, space in dict(known or {}).items()}


def _taught(
    row: dict[str, str], prefixes: dict[str, str], vocabulary: Vocabulary, source: str
) -> Remembered | str:
    """Return the decision of a row, or why it teaches nothing."""
    if not _is_manual(row, prefixes):
        return "no person decided it"
    if _expanded(row["predicate_id"], prefixes) != SKOS + "exactMatch":
        return "it is no exact match"
    subject, term = (_expanded(row[name], prefixes) for name in ("subject_id", "object_id"))
    if vocabulary.concept(term) is None:
        return f"the ontology has no term {row['object_id']}"
    parts = subject.split("/field/", 1)[-1].split("/") if "/field/" in subject else [subject]
    field = row.get("subject_label") or unquote(parts[-1])
    home = source or (unquote(parts[0]) if len(parts) > 1 else "")
    verdict: Verdict = "rejected" if row.get("predicate_modifier") == "Not" else "accepted"
    return Remembered(home, field, term, verdict, row.get("author_label") or "sssom")


def _is_manual(row: dict[str, str], prefixes: dict[str, str]) -> bool:
    manual = _expanded(_MANUAL, _ALL_PREFIXES)
    return _expanded(row["mapping_justification"], prefixes) == manual


def _expanded(name: str, prefixes: dict[str, str]) -> str:
    prefix, parted, local = name.partition(":")
    return prefixes[prefix] + local if parted and prefix in prefixes else name
