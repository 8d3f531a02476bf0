"""`Corpus`: texts of a tenant with their candidate spans and what persons decided about them (R80).

Kept as a journal of JSON lines beside the mapping documents: a text, a decision, an undoing each is one line, written
and synced before anybody is told. The state is what the lines say in their order; a line that a power cut left half
written is dropped. So nobody's decision is lost or overwritten, and who decided what, when and why stays readable.
"""

import os
import threading
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path
from typing import Literal, TypeAlias

import orjson
from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

from qualweave.errors import InputError, JsonValue, NotFound
from qualweave.mappers.texts.states import State

Verdict: TypeAlias = Literal["accept", "reject", "relabel", "add"]
Review: TypeAlias = Literal["open", "accepted", "rejected"]
Origin: TypeAlias = Literal["reader", "person"]
_ID = 16


class Span(BaseModel):
    """A place in a text and the concept that it names.

    Attributes:
        start: First character, from 0, in Unicode code points of ``text``.
        end: Behind the last.
        words: The characters between.
        term: Local name or IRI of the concept.
        attribute: What is said of the quality entity: cause, sensor_fault, customer_view, observation or none.
        viewpoint: process, equipment, customer or empty.
        state: present, negated, uncertain or resolved.
        review: open, accepted or rejected.
        by: Who decided last; empty while open.
        when: When; null while open.
        origin: reader, or person where somebody added it.
        confidence: Of the reader; 1 for a person's.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    start: int = Field(ge=0)
    end: int = Field(ge=1)
    words: str = Field(min_length=1)
    term: str = Field(min_length=1)
    attribute: str = "observation"
    viewpoint: Literal["", "process", "equipment", "customer"] = ""
    state: State = "present"
    review: Review = "open"
    by: str = ""
    when: AwareDatetime | None = None
    origin: Origin = "reader"
    confidence: float = Field(1.0, ge=0, le=1)

    @property
    def key(self) -> tuple[int, int, str]:
        """What makes a span one: its place and its concept."""
        return self.start, self.end, self.term


class Decision(BaseModel):
    """What one person decided about one span.

    Attributes:
        start: First character of the span.
        end: Behind the last.
        term: Concept that the span had, or gets where it is added.
        verdict: accept, reject, relabel (to ``to``), or add.
        to: Concept that a relabelled span gets.
        state: What the text says of it, where the person corrects that; null leaves it.
        viewpoint: Likewise.
        by: Who.
        when: When.
        why: In their words.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    start: int = Field(ge=0)
    end: int = Field(ge=1)
    term: str = Field(min_length=1)
    verdict: Verdict
    to: str = ""
    state: State | None = None
    viewpoint: Literal["", "process", "equipment", "customer"] | None = None
    by: str = Field(min_length=1)
    when: AwareDatetime
    why: str = ""

    @property
    def key(self) -> tuple[int, int, str]:
        """The span that it is about."""
        return self.start, self.end, self.term


class Text(BaseModel):
    """A text of the corpus.

    Attributes:
        id: 16 hex digits of the hash of text, file and row.
        text: As it was written.
        language: zh, de or en.
        file: Name of the file that it came from; empty where a person typed it.
        row: Row in that file, from 1 below the header; 0 where there is none.
        column: Field of that file.
        batch: Hash of the file.
        record: Viewpoint of its record, where the source tells.
        proposed: Spans as the reader found them.
        decisions: Of persons, in their order.
        ontology: Version of the ontology that it was read with.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    id: str = Field(pattern=r"^[0-9a-f]{16}$")
    text: str = Field(min_length=1)
    language: Literal["zh", "de", "en"]
    file: str = ""
    row: int = Field(0, ge=0)
    column: str = ""
    batch: str = ""
    record: Literal["", "process", "equipment", "customer"] = ""
    proposed: tuple[Span, ...] = ()
    decisions: tuple[Decision, ...] = ()
    ontology: str = ""

    def spans(self) -> tuple[Span, ...]:
        """Return the spans with what was decided last about each, in the order of their places."""
        held = {one.key: one for one in self.proposed}
        for one in self.decisions:
            _apply(held, one, self.text)
        return tuple(sorted(held.values(), key=lambda one: one.key))

    def of(self, person: str) -> "Text":
        """Return the text as one person left it, the decisions of others set aside."""
        mine = tuple(one for one in self.decisions if one.by == person)
        return self.model_copy(update={"decisions": mine})

    def reviewers(self) -> tuple[str, ...]:
        """Return who decided about it, sorted."""
        return tuple(sorted({one.by for one in self.decisions}))


def _apply(held: dict[tuple[int, int, str], Span], one: Decision, text: str) -> None:
    """Bring the spans up to date with a decision."""
    told = {"by": one.by, "when": one.when}
    more = {
        name: value
        for name, value in (("state", one.state), ("viewpoint", one.viewpoint))
        if value is not None
    }
    known = held.get(one.key) or Span(
        start=one.start,
        end=one.end,
        words=text[one.start : one.end],
        term=one.term,
        origin="person",
    )
    review: Review = "accepted" if one.verdict in ("accept", "add") else "rejected"
    held[one.key] = known.model_copy(update={**told, **more, "review": review})
    if one.verdict == "relabel":
        fresh = known.model_copy(
            update={
                **told,
                **more,
                "term": one.to,
                "review": "accepted",
                "origin": "person",
                "confidence": 1.0,
            }
        )
        held[fresh.key] = fresh


def text_id(text: str, file: str = "", row: int = 0) -> str:
    """Return the id of a text of a file's row: the same text in two rows is two."""
    told = f"{text}\0{file}\0{row}".encode("utf-8", errors="surrogatepass")
    return sha256(told).hexdigest()[:_ID]


@dataclass(frozen=True)
class Undone:
    """A decision that was taken back."""

    text: str
    decision: Decision


@dataclass
class Corpus:
    """The texts of one tenant.

    Args:
        path: Its journal; made with the first line.
    """

    path: Path
    _texts: dict[str, Text] = field(default_factory=dict)
    _read: int = 0
    _lock: threading.RLock = field(default_factory=threading.RLock)

    def __post_init__(self) -> None:
        """Read the journal."""
        with self._lock:
            self._catch_up()

    def __iter__(self) -> Iterator[Text]:
        return iter(list(self._texts.values()))

    def __len__(self) -> int:
        return len(self._texts)

    def get(self, identifier: str) -> Text:
        """Return a text.

        Raises:
            NotFound: If there is none of that id.
        """
        found = self._texts.get(identifier)
        if found is None:
            raise NotFound(
                f"The corpus has no text {identifier!r}.",
                message_zh=f"语料库中没有文本 {identifier!r}。",
                next_step="List the texts with GET /texts.",
                next_step_zh="可用 GET /texts 列出文本。",
                data={"text": identifier},
            )
        return found

    def add(self, texts: Iterable[Text]) -> int:
        """Add texts that are not there yet, with their decisions; return how many are new.

        Decisions of a known text that are not there yet are added to it.
        """
        with self._lock:
            lines: list[Mapping[str, JsonValue]] = []
            fresh: set[str] = set()
            for one in texts:
                known = self._texts.get(one.id)
                if known is not None:
                    lines += [
                        {"kind": "decision", "id": one.id, "decision": _plain(made)}
                        for made in one.decisions
                        if made not in known.decisions
                    ]
                elif one.id not in fresh:
                    fresh.add(one.id)
                    lines.append({"kind": "text", "text": _plain(one)})
            self._write(lines)
            return len(fresh)

    def decide(self, identifier: str, decision: Decision) -> Text:
        """Take a decision about a span of a text.

        Raises:
            NotFound: If there is no such text, or no such span to be decided about.
            InputError: If the place lies outside the text, or a relabelling names no other concept.
        """
        with self._lock:
            text = self.get(identifier)
            check_decision(text, decision)
            self._write([{"kind": "decision", "id": identifier, "decision": _plain(decision)}])
            return self._texts[identifier]

    def undo(self, identifier: str, by: str) -> Undone:
        """Take back the last decision of a person about a text.

        Raises:
            NotFound: If there is no such text, or they decided nothing about it.
        """
        with self._lock:
            text = self.get(identifier)
            mine = [one for one in text.decisions if one.by == by]
            if not mine:
                raise NotFound(
                    f"{by} has decided nothing about text {identifier}.",
                    message_zh=f"{by} 尚未对文本 {identifier} 作出决定。",
                    next_step="Only the person who decided can take the decision back.",
                    next_step_zh="只有作出决定的人可以撤销。",
                    data={"text": identifier, "by": by},
                )
            self._write([{"kind": "undo", "id": identifier, "decision": _plain(mine[-1])}])
            return Undone(identifier, mine[-1])

    # --- the journal -------------------------------------------------------------------------------

    def _write(self, lines: Sequence[Mapping[str, JsonValue]]) -> None:
        if not lines:
            return
        self.path.parent.mkdir(parents=True, exist_ok=True)
        body = b"".join(orjson.dumps(one) + b"\n" for one in lines)
        with self.path.open("r+b" if self.path.exists() else "w+b") as target:
            target.seek(self._read)
            target.truncate()  # a half-written line of a killed process
            target.write(body)
            target.flush()
            os.fsync(target.fileno())
        self._catch_up()

    def _catch_up(self) -> None:
        """Take in the lines of the journal that are not known yet."""
        if not self.path.exists():
            return
        with self.path.open("rb") as source:
            source.seek(self._read)
            body = source.read()
        whole = body[: body.rfind(b"\n") + 1]
        for line in whole.splitlines():
            self._take(orjson.loads(line))
        self._read += len(whole)

    def _take(self, line: Mapping[str, object]) -> None:
        if line["kind"] == "text":
            text = Text.model_validate(line["text"])
            self._texts[text.id] = text
            return
        text = self._texts[str(line["id"])]
        made = Decision.model_validate(line["decision"])
        if line["kind"] == "decision":
            kept = (*text.decisions, made)
        else:
            at = len(text.decisions) - 1 - text.decisions[::-1].index(made)
            kept = (*text.decisions[:at], *text.decisions[at + 1 :])
        self._texts[text.id] = text.model_copy(update={"decisions": kept})


def check_decision(text: Text, decision: Decision) -> None:
    """Refuse a decision that does not fit its text.

    Raises:
        NotFound: If the span is not there.
        InputError: If its place is outside the text, or it names no other concept.
    """
    if not decision.start < decision.end <= len(text.text):
        raise InputError(
            f"{decision.start} to {decision.end} is no place in text {text.id} of {len(text.text)} characters.",
            message_zh=f"文本 {text.id} 共 {len(text.text)} 个字符，不存在位置 {decision.start}–{decision.end}。",
            next_step="Give start and end within the text, counted in characters from 0.",
            next_step_zh="请给出文本范围内的起止位置（从 0 计）。",
            data={"text": text.id, "start": decision.start, "end": decision.end},
        )
    if decision.verdict == "relabel" and decision.to in ("", decision.term):
        raise InputError(
            f"The span at {decision.start} of text {text.id} is given no other concept.",
            message_zh=f"文本 {text.id} 位置 {decision.start} 的片段未给出新概念。",
            next_step="Name the concept in 'to'.",
            next_step_zh="请在 to 中给出概念。",
            data={"text": text.id, "term": decision.term},
        )
    if decision.verdict == "add":
        return
    if decision.key not in {one.key for one in text.spans()}:
        raise NotFound(
            f"Text {text.id} has no span {decision.start} to {decision.end} of {decision.term}.",
            message_zh=f"文本 {text.id} 没有 {decision.start}–{decision.end}、概念 {decision.term} 的片段。",
            next_step="Take one of its spans, or add a new one.",
            next_step_zh="请选择已有片段，或新增一个。",
            data={"text": text.id, "term": decision.term},
        )


def _plain(model: BaseModel) -> dict[str, JsonValue]:
    return model.model_dump(mode="json")
