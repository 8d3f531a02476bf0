"""`MappingDocument`: what every column of a source means, in a form that a person reads and signs.

A document belongs to a *source* (one system's kind of file), not to one file: the next file of the same
machine finds it by its source id. It is YAML, has a version and a JSON schema, and says per column which
term it carries, who or what decided so, how sure, and on what evidence.
"""

import math
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any, Literal, Self

from pydantic import AfterValidator, BaseModel, ConfigDict, Field
from pydantic_core import PydanticCustomError

from qualweave import documents
from qualweave.documents import parse, validated
from qualweave.errors import InputError
from qualweave.iri import curie, expand
from qualweave.mappers.lift.plan import record_table

PAGE = "docs/reference/mapping-document.md"
SCHEMA_NAME: Literal["qualweave/mapping/1"] = "qualweave/mapping/1"


class Decision(StrEnum):
    """Where a column stands: only an accepted one is lifted, every other blocks only itself."""

    ACCEPTED = "accepted"
    ASKED = "asked"
    REQUESTED = "requested"
    IGNORED = "ignored"


def _term(text: str) -> str:
    return curie(expand(text)) if text else ""


def _written_term(text: str) -> str:
    """Return a term of a document; a model takes no error of ours, but keeps its words and finds its line."""
    try:
        return _term(text)
    except InputError as error:
        words = {"zh": error.message_zh, "step": error.next_step, "step_zh": error.next_step_zh}
        said = error.message.removesuffix(".")
        raise PydanticCustomError("unknown_prefix", "{said}", words | {"said": said}) from error


TermName = Annotated[str, AfterValidator(_written_term)]
"""A term as a CURIE; an IRI that is read becomes one."""


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class CandidateTerm(_Part):
    """A term that was considered for a column, with its calibrated probability."""

    term: TermName
    probability: float = Field(ge=0, le=1)


class MappingEvidence(_Part):
    """One reason, as a person reads it."""

    kind: str
    statement: dict[str, str]
    weight: float = 0.0


class ColumnMapping(_Part):
    """What one column means, and why."""

    name: str = Field(description="Column name, byte for byte as the source writes it.")
    term: TermName = Field("", description="CURIE of the term; empty while nothing is decided.")
    decision: Decision
    by: str = Field("", description="Who decided: a principal, or 'align' and its version.")
    confidence: float = Field(0.0, ge=0, le=1)
    evidence: tuple[MappingEvidence, ...] = ()
    candidates: tuple[CandidateTerm, ...] = Field(
        (), description="What was considered, the best first."
    )
    unit: str = Field("", description="UCUM code of the unit that the source writes.")
    unit_text: str = Field("", description="Unit as the first file of the source states it.")
    units: dict[str, str] = Field(
        default_factory=dict,
        description="Other units that files of the source state, as written, with the UCUM code "
        "that they are read in; a column waits for a person when one comes.",
    )
    former: TermName = Field(
        "", description="Of a field that waits since its source changed: the term until then."
    )
    pending: tuple[str, ...] = Field(
        (), description="Units or firmware whose files wait; others are read by the former term."
    )
    datatype: Literal["number", "text"] = Field(
        "number", description="What a parameter's cells hold; roles have their own type."
    )
    sampling: Literal["auto", "events", "series"] = Field(
        "auto",
        description="Of a live number: 'series' for samples of a segment, 'events' for a triple each, "
        "'auto' by the rate at which its values come.",
    )
    time_format: str = Field("", description="strptime format, 'epoch_s', 'epoch_ms' or empty.")
    decimal_comma: bool = False
    language: str = Field("", description="Language of texts in the column.")
    separator: str = Field("", description="What parts several identifiers in one cell.")
    values: dict[str, TermName] = Field(
        default_factory=dict, description="Cell texts that a person has given a term."
    )
    samples: tuple[str, ...] = ()


class MappingDocument(_Part):
    """The mapping of one source; see ``docs/reference/mapping-document.md``."""

    schema_name: Literal["qualweave/mapping/1"] = Field(SCHEMA_NAME, alias="schema")
    source: str = Field(description="Source id, the same for every file of the same system.")
    version: int = Field(1, ge=1)
    file_pattern: str = Field("", description="File name with runs of digits written as '#'.")
    records: tuple[str, ...] = Field(
        (), description="Record kinds that a row becomes; empty where no kind fits yet."
    )
    records_reason: str = ""
    columns: tuple[ColumnMapping, ...]
    context: dict[str, str] = Field(
        default_factory=dict,
        description="Values that hold for every row: role term to value, from header or file name.",
    )
    context_reason: dict[str, str] = Field(default_factory=dict)
    timezone: str = Field("UTC", description="IANA zone of times that carry none.")
    day_first: bool = False
    release: str = Field("", description="Ontology release that it was made against.")
    created: datetime = Field(default_factory=lambda: datetime.now(UTC))
    created_by: str = "system"

    model_config = ConfigDict(frozen=True, extra="forbid", populate_by_name=True)

    def column(self, name: str) -> ColumnMapping | None:
        """Return the mapping of a column by its exact name, or None."""
        return next((one for one in self.columns if one.name == name), None)

    def having(self, *decisions: Decision) -> tuple[ColumnMapping, ...]:
        """Return the columns whose decision is one of these."""
        return tuple(one for one in self.columns if one.decision in decisions)

    def revised(self, **changes: Any) -> Self:  # noqa: ANN401 - any field
        """Return the next version with some fields changed.

        Raises:
            InputError: If the changed document would not be valid.
        """
        now = {"version": self.version + 1, "created": datetime.now(UTC)}
        data = self.model_dump(by_alias=True) | changes | now
        return validated(type(self), data, file="the revised mapping", page=PAGE)

    def to_yaml(self) -> str:
        """Return the document as YAML, without what is empty."""
        data = self.model_dump(mode="json", by_alias=True, exclude_defaults=False)
        kept = {"columns": [], **_without_empty(data)}
        told = {key: kept[key] for key in data if key in kept}
        return documents.write(told, width=110)

    @classmethod
    def from_yaml(cls, text: str, *, file: str = "mapping") -> Self:
        """Read a document.

        Args:
            text: The YAML.
            file: Its name, for messages.

        Raises:
            InputError: If it is not YAML or not a valid document; the message names file, line and key.
        """
        parsed = parse(text, file=file)
        return validated(cls, parsed.data, file=file, parsed=parsed, page=PAGE)

    def save(self, *paths: Path) -> None:
        """Write the document beside each final name and rename it, so that no reader sees half."""
        text = self.to_yaml()
        for path in paths:
            path.parent.mkdir(parents=True, exist_ok=True)
            draft = path.with_suffix(".tmp")
            draft.write_text(text, "utf-8")
            draft.replace(path)

    @classmethod
    def load(cls, path: Path) -> Self:
        """Read a document from a file.

        Raises:
            InputError: If the file is missing or not a valid document.
        """
        try:
            text = path.read_text("utf-8")
        except (OSError, UnicodeDecodeError) as error:
            raise InputError(
                f"{path.name} cannot be read as a mapping document: {error}.",
                message_zh=f"无法读取映射文档 {path.name}。",
                next_step="Give the path of a UTF-8 YAML file.",
                next_step_zh="请给出 UTF-8 编码的 YAML 文件路径。",
                data={"file": path.name},
            ) from error
        return cls.from_yaml(text, file=path.name)


def json_schema() -> dict[str, Any]:
    """Return the JSON schema of mapping documents, for editors and for other programs.

    Record kinds and roles stand in it by name, so that an editor completes them.
    """
    schema = documents.json_schema(MappingDocument, title="Qualweave mapping document")
    known = record_table()
    schema["properties"]["records"]["items"]["enum"] = sorted(known.records)
    roles = [*known.roles, "process_class", "equipment_class"]
    schema["properties"]["context"]["propertyNames"] = {"enum": sorted(roles)}
    return schema


def _without_empty(value: Any) -> Any:  # noqa: ANN401 - YAML has any shape
    if isinstance(value, dict):
        kept = {key: _without_empty(one) for key, one in value.items()}
        return {key: one for key, one in kept.items() if one not in ("", [], {}, None)}
    if isinstance(value, list):
        return [_without_empty(one) for one in value]
    return value


def with_answers(
    document: MappingDocument, answers: Mapping[str, str], *, by: str, reason: str = ""
) -> MappingDocument:
    """Return the next version in which a person has decided some columns.

    Args:
        document: The present version.
        answers: Column name to term (IRI or CURIE); ``""`` or ``"ignore"`` leaves the column out for good.
        by: Id of the principal.
        reason: Why, as that person says it.

    Raises:
        InputError: If a column is not in the document or a term is not an IRI or CURIE.
    """
    unknown = sorted(set(answers) - {one.name for one in document.columns})
    if unknown:
        raise InputError(
            f"The source {document.source} has no column {unknown[0]!r}.",
            message_zh=f"数据源 {document.source} 没有列 {unknown[0]!r}。",
            next_step="Its columns: " + ", ".join(one.name for one in document.columns) + ".",
            next_step_zh="它的列：" + "、".join(one.name for one in document.columns) + "。",
            data={"column": unknown[0], "source": document.source},
        )
    columns = [
        _answered(one, answers[one.name], by, reason) if one.name in answers else one
        for one in document.columns
    ]
    return document.revised(columns=[one.model_dump() for one in columns], created_by=by)


def rivals(candidates: Sequence[CandidateTerm]) -> tuple[CandidateTerm, ...]:
    """Return candidates whose probabilities are those of answers of which one at most holds: the sum is 1 at most.

    The first keeps its own; what the others have shrinks to what it leaves.
    """
    if sum(one.probability for one in candidates) <= 1:
        return tuple(candidates)
    first, *others = candidates
    share = (1 - first.probability) / (sum(one.probability for one in others) or 1)
    return (
        first,
        *(
            one.model_copy(update={"probability": math.floor(1e4 * share * one.probability) / 1e4})
            for one in others
        ),
    )


def _answered(column: ColumnMapping, answer: str, by: str, reason: str) -> ColumnMapping:
    why, why_zh = (f": {reason}", f"：{reason}") if reason else ("", "")
    said = {"en": f"{by} decided so{why}", "zh": f"由 {by} 决定{why_zh}"}
    told = MappingEvidence(kind="answer", statement=said, weight=1.0)
    changes: dict[str, Any] = {"by": by, "evidence": (told, *column.evidence)}
    changes |= {"former": "", "pending": ()}
    if answer in ("", "ignore"):
        changes |= {"term": "", "decision": Decision.IGNORED}
    else:
        changes |= {"term": _term(answer), "decision": Decision.ACCEPTED, "confidence": 1.0}
    return column.model_copy(update=changes)
