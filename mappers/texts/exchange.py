"""The corpus as JSON Lines: written for training and for other tools, and read back to the same corpus (R80).

One line a text. ``spans`` are what holds now; ``proposed`` and ``decisions`` are how it came about, and may be missing
in files of others. The schema is in ``docs/reference/text-corpus.schema.json``. A file with mistakes is refused whole,
each mistake with its line and key.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Annotated, Any, Literal

import orjson
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from qualweave.documents import Fault, json_schema, refusal
from qualweave.iri import Q
from qualweave.mappers.texts.corpus import Decision, Span, Text, text_id
from qualweave.mappers.texts.redact import Mask, moved, redacted
from qualweave.mappers.texts.split import Part, parts_of
from qualweave.ontology.terms import TermIndex

MOST_FAULTS = 50
LONGEST_LINE = 4_000_000
"""Bytes of one line."""


class Line(BaseModel):
    """One line of a corpus file: a text with its spans."""

    model_config = ConfigDict(extra="forbid")

    id: str = Field("", pattern=r"^([0-9a-f]{16})?$")
    text: str = Field(min_length=1)
    language: Literal["zh", "de", "en"]
    file: str = ""
    row: Annotated[int, Field(ge=0)] = 0
    column: str = ""
    batch: str = ""
    record: Literal["", "process", "equipment", "customer"] = ""
    ontology: str = ""
    split: Part | Literal[""] = ""
    spans: tuple[Span, ...] = ()
    proposed: tuple[Span, ...] | None = None
    decisions: tuple[Decision, ...] = ()

    def as_text(self) -> Text:
        """Return the text of the corpus that the line tells."""
        proposed, decisions = self.proposed, self.decisions
        if proposed is None:
            proposed = tuple(_proposal(one) for one in self.spans if one.origin == "reader")
            decisions = decisions or tuple(made for one in self.spans for made in _decision(one))
        return Text(
            id=self.id or text_id(self.text, self.file, self.row),
            text=self.text,
            language=self.language,
            file=self.file,
            row=self.row,
            column=self.column,
            batch=self.batch,
            record=self.record,
            proposed=proposed,
            decisions=decisions,
            ontology=self.ontology,
        )


def _proposal(span: Span) -> Span:
    return span.model_copy(update={"review": "open", "by": "", "when": None})


def _decision(span: Span) -> Iterator[Decision]:
    if not span.by or span.when is None or span.review == "open":
        return
    accepted: Literal["add", "accept"] = "add" if span.origin == "person" else "accept"
    yield Decision(
        start=span.start,
        end=span.end,
        term=span.term,
        verdict=accepted if span.review == "accepted" else "reject",
        state=span.state,
        viewpoint=span.viewpoint,
        by=span.by,
        when=span.when,
    )


@dataclass(frozen=True)
class Exported:
    """A corpus as JSON Lines.

    Attributes:
        body: The lines.
        texts: How many.
        spans: How many spans they have.
        masked: Kind of what was masked to how often.
        parts: Texts in each part of the split.
    """

    body: bytes
    texts: int
    spans: int
    masked: Mapping[str, int]
    parts: Mapping[str, int]


def exported(
    texts: Iterable[Text],
    *,
    seed: int = 0,
    reviewed: bool = False,
    redact: bool = False,
    is_known: Callable[[str], bool] = lambda _: False,
) -> Exported:
    """Return a corpus as JSON Lines, sorted by id, each with its part of the split.

    Args:
        texts: The texts.
        seed: Of the split.
        reviewed: Only texts somebody decided about, and of those only accepted spans.
        redact: Mask what may tell a person: telephone numbers, addresses of mail, identity numbers, long numbers.
        is_known: Whether a number is that of a thing in the graph, which is then kept.
    """
    chosen = sorted((one for one in texts if one.decisions or not reviewed), key=lambda one: one.id)
    parts = parts_of({one.id: one.text for one in chosen}, seed=seed)
    masked: dict[str, int] = {}
    counted: dict[str, int] = {"train": 0, "dev": 0, "test": 0}
    lines: list[bytes] = []
    spans = 0
    for one in chosen:
        line = _line(one, parts[one.id], accepted_only=reviewed)
        counted[parts[one.id]] += 1
        if redact:
            plain, masks = redacted(one.text, is_known)
            line = _masked(line, plain, masks)
            for mask in masks:
                masked[mask.kind] = masked.get(mask.kind, 0) + 1
        spans += len(line["spans"])
        lines.append(orjson.dumps(line) + b"\n")
    return Exported(b"".join(lines), len(lines), spans, masked, counted)


def _line(text: Text, part: Part, *, accepted_only: bool) -> dict[str, Any]:
    told = text.model_dump(mode="json")
    spans = [one for one in text.spans() if one.review == "accepted" or not accepted_only]
    order = ("id", "text", "language", "file", "row", "column", "batch", "record", "ontology")
    line = {name: told[name] for name in order} | {
        "split": part,
        "spans": [one.model_dump(mode="json") for one in spans],
    }
    return (
        line if accepted_only else line | {name: told[name] for name in ("proposed", "decisions")}
    )


def _masked(line: dict[str, Any], plain: str, masks: tuple[Mask, ...]) -> dict[str, Any]:
    """Return a line with its text masked and every place moved with it."""
    told = {**line, "text": plain}
    for name in ("spans", "proposed", "decisions"):
        places = [moved(one["start"], one["end"], masks) for one in line.get(name, ())]
        rows = [
            {**one, "start": start, "end": end}
            for one, (start, end) in zip(line.get(name, ()), places, strict=True)
        ]
        for one in rows:
            if "words" in one:
                one["words"] = plain[one["start"] : one["end"]]
        if name in line:
            told[name] = rows
    return told


def imported(body: bytes, terms: TermIndex, *, file: str = "corpus.jsonl") -> list[Text]:
    """Return the texts of a JSON Lines file.

    Args:
        body: Its bytes.
        terms: The ontology whose concepts its spans name.
        file: Its name, for messages.

    Raises:
        InputError: If a line is wrong; ``data["faults"]`` lists line, key, message and fix of each, at most 50.
    """
    faults: list[Fault] = []
    found: dict[str, tuple[int, Text]] = {}
    for number, line in enumerate(body.removeprefix(b"\xef\xbb\xbf").split(b"\n"), start=1):
        if not line.strip():
            continue
        one = _read(line, number, faults)
        if one is None:
            continue
        faults += _of_line(one, number, terms)
        text = one.as_text()
        if text.id in found:
            faults.append(_twice(number, found[text.id][0], text.id))
        found[text.id] = (number, text)
        if len(faults) >= MOST_FAULTS:
            break
    if faults:
        raise refusal(file, faults[:MOST_FAULTS])
    return [text for _, text in found.values()]


def _read(line: bytes, number: int, faults: list[Fault]) -> Line | None:
    try:
        if len(line) > LONGEST_LINE:
            raise ValueError(f"the line has {len(line)} bytes; at most {LONGEST_LINE} are taken")  # noqa: TRY301
        return Line.model_validate_json(line)
    except ValidationError as error:
        for one in error.errors():
            key = ".".join(str(part) for part in one["loc"]) or "line"
            faults.append(_fault(number, key, one["msg"]))
    except ValueError as error:
        faults.append(_fault(number, "line", str(error)))
    return None


def _fault(number: int, key: str, message: str) -> Fault:
    return Fault(
        number,
        key,
        {"en": message, "zh": f"内容不符合格式（{message}）"},
        {
            "en": "Correct that line; docs/reference/text-corpus.schema.json says what may stand there.",
            "zh": "请更正该行；格式见 docs/reference/text-corpus.schema.json。",
        },
    )


def _twice(number: int, former: int, identifier: str) -> Fault:
    return Fault(
        number,
        "id",
        {
            "en": f"the text {identifier} stands in line {former} as well",
            "zh": f"文本 {identifier} 在第 {former} 行已出现",
        },
        {"en": "Keep one of the two.", "zh": "请只保留一行。"},
    )


def _of_line(line: Line, number: int, terms: TermIndex) -> Iterator[Fault]:
    """Iterate over what is wrong with the spans of a line."""
    rows = [("spans", one) for one in line.spans] + [
        ("proposed", one) for one in line.proposed or ()
    ]
    count: dict[str, int] = {}
    for name, span in rows:
        place = count.get(name, 0)
        count[name] = place + 1
        key = f"{name}.{place}"
        yield from _of_place(line.text, span, number, key)
        yield from _of_term(span.term, number, f"{key}.term", terms)
    for place, made in enumerate(line.decisions):
        if not made.start < made.end <= len(line.text):
            yield _outside(number, f"decisions.{place}", (made.start, made.end), len(line.text))
        for term in filter(None, (made.term, made.to)):
            yield from _of_term(term, number, f"decisions.{place}.term", terms)


def _of_place(text: str, span: Span, number: int, key: str) -> Iterator[Fault]:
    if not span.start < span.end <= len(text):
        yield _outside(number, key, (span.start, span.end), len(text))
    elif text[span.start : span.end] != span.words:
        there = text[span.start : span.end]
        yield Fault(
            number,
            f"{key}.words",
            {
                "en": f"the text has {there!r} there, not {span.words!r}",
                "zh": f"该处原文为 {there!r}，不是 {span.words!r}",
            },
            {
                "en": "Count start and end in characters (code points) from 0.",
                "zh": "起止位置请按字符（码点）从 0 计。",
            },
        )


def _outside(number: int, key: str, place: tuple[int, int], size: int) -> Fault:
    start, end = place
    return Fault(
        number,
        key,
        {
            "en": f"{start} to {end} is no place in a text of {size} characters",
            "zh": f"文本共 {size} 个字符，不存在位置 {start}–{end}",
        },
        {"en": "Give start and end within the text.", "zh": "请给出文本范围内的起止位置。"},
    )


def _of_term(term: str, number: int, key: str, terms: TermIndex) -> Iterator[Fault]:
    if (Q + term) in terms or term in terms:
        return
    near = [one.removeprefix(Q) for one in terms.nearest(term)][:3]
    tail, tail_zh = (
        (f"Nearest: {', '.join(near)}.", f"相近的概念：{'、'.join(near)}。")
        if near
        else ("Name a concept of the ontology.", "请使用本体中的概念。")
    )
    yield Fault(
        number,
        key,
        {"en": f"the ontology has no concept {term!r}", "zh": f"本体中没有概念 {term!r}"},
        {"en": tail, "zh": tail_zh},
    )


def corpus_schema() -> dict[str, Any]:
    """Return the JSON schema of one line of a corpus file."""
    return json_schema(Line, title="A line of a reviewed text corpus of Qualweave")
