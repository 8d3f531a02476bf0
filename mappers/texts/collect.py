"""From a file, or from what a person typed, to texts of the corpus with the reader's proposals.

Files are read by the house's readers (CSV, Excel, JSON, JSON Lines, Parquet, …). The column of the text is the one that
is named as the ontology names an utterance's text, else the one whose cells read most like sentences.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Literal, cast

from qualweave.errors import InputError
from qualweave.iri import Q
from qualweave.mappers.readers import stream
from qualweave.mappers.readers.stream import TableStream
from qualweave.mappers.table import ROW
from qualweave.mappers.texts.corpus import Span, Text, text_id
from qualweave.mappers.texts.reading import Candidate, TextReading
from qualweave.mappers.texts.viewpoint import Viewpoint
from qualweave.mappers.voice import VoiceReader
from qualweave.ontology.terms import TermIndex

_LANGUAGES = ("zh", "de", "en")
_SEEN = 200  # rows that tell which column holds the text
_SENTENCE = 8  # characters that a cell has at least, where it is more than a name
_CUSTOMER = ("complaintIdentifier",)


@dataclass(frozen=True)
class Collector:
    """Makes texts of the corpus.

    Attributes:
        reader: Reads sentences.
        terms: The ontology.
        version: Its version.
    """

    reader: VoiceReader
    terms: TermIndex
    version: str

    def text(
        self,
        words: str,
        *,
        language: str = "",
        record: Viewpoint | Literal[""] = "",
        file: str = "",
        row: int = 0,
        column: str = "",
        batch: str = "",
    ) -> Text:
        """Return a text with the reader's proposals.

        Raises:
            InputError: If it is empty or too long.
        """
        reading = self.reader.texts.read(words, language=language, record=record)
        return Text(
            id=text_id(words, file, row),
            text=words,
            language=cast("Literal['zh', 'de', 'en']", reading.languages[0]),
            file=file,
            row=row,
            column=column,
            batch=batch,
            record=record,
            proposed=self.proposals(reading),
            ontology=self.version,
        )

    def proposals(self, reading: TextReading) -> tuple[Span, ...]:
        """Return the spans that a reading proposes; of two concepts of one word, both."""
        found = {
            made.key: made
            for one in reading.candidates
            for at, term in enumerate((one.term, *one.alternatives))
            for made in [self._span(one, term, share=1.0 if not at else 0.5)]
        }
        return tuple(found.values())

    def _span(self, one: Candidate, term: str, *, share: float) -> Span:
        return Span(
            start=one.start,
            end=one.end,
            words=one.words,
            term=term.removeprefix(Q),
            attribute=self.reader.attribute_of(term),
            viewpoint=one.viewpoint.viewpoint,
            state=one.state,
            confidence=round(one.confidence * share, 4),
        )

    def file(self, path: Path, *, column: str = "", name: str = "") -> Iterator[Text]:
        """Iterate over the texts of a file; empty cells are left out.

        Args:
            path: The file.
            column: Field that holds the text; found where it is empty.
            name: Name of the file, where the path has another.

        Raises:
            UnreadableSource: If it cannot be read.
            InputError: If no column holds texts, or there is no such column.
        """
        told = name or path.name
        digest = sha256(path.read_bytes()).hexdigest()
        tables = stream(path)
        chosen = [(one, self._column(one, column)) for one in tables]
        if not any(where for _, where in chosen):
            raise _no_column(told, column, [name for one in tables for name in one.columns])
        for table, where in chosen:
            if where:
                yield from self._rows(table, where, told, digest)

    def _rows(self, table: TableStream, where: str, file: str, digest: str) -> Iterator[Text]:
        language = self._named(table.columns, ("languageTag",))
        record: Literal["customer", ""] = (
            "customer" if self._named(table.columns, _CUSTOMER) else ""
        )
        for part in table.batches():
            for row in part.frame.iter_rows(named=True):
                words = row[where]
                if isinstance(words, str) and words.strip():
                    yield self.text(
                        words,
                        language=_tongue(row, language),
                        record=record,
                        file=file,
                        row=int(row[ROW]),
                        column=where,
                        batch=digest,
                    )

    def _column(self, table: TableStream, wanted: str) -> str:
        if wanted:
            return wanted if wanted in table.columns else ""
        named = self._named(table.columns, ("utteranceText",))
        if named:
            return named
        head, _ = table.first(_SEEN)
        lengths = {
            name: [len(one) for one in head.frame[name].to_list() if isinstance(one, str)]
            for name in table.columns
        }
        mean = {name: sum(some) / len(some) for name, some in lengths.items() if some}
        best = max(mean, key=lambda name: mean[name], default="")
        return best if best and mean[best] >= _SENTENCE else ""

    def _named(self, columns: Sequence[str], roles: Sequence[str]) -> str:
        """Return the first column that is named as the ontology names one of some roles."""
        wanted = {Q + one for one in roles}
        return next(
            (
                one
                for one in columns
                if one in roles or wanted & {term.iri for term in self.terms.by_label(_words(one))}
            ),
            "",
        )


def _words(name: str) -> str:
    spaced = "".join(f" {one}" if one.isupper() and one.isascii() else one for one in name)
    return spaced.replace("_", " ").strip() if not name.isupper() else name.replace("_", " ")


def _tongue(row: Mapping[str, object], column: str) -> str:
    told = str(row.get(column) or "")[:2].lower() if column else ""
    return told if told in _LANGUAGES else ""


def _no_column(file: str, column: str, known: Sequence[str]) -> InputError:
    shown = ", ".join(known[:20])
    if column:
        return InputError(
            f"{file} has no column {column!r}.",
            message_zh=f"{file} 没有列 {column!r}。",
            next_step=f"Columns: {shown}.",
            next_step_zh=f"现有列：{shown}。",
            data={"file": file, "column": column},
        )
    return InputError(
        f"{file} has no column of texts.",
        message_zh=f"{file} 中没有文本列。",
        next_step=f"Name the column with --column; columns: {shown}.",
        next_step_zh=f"请用 --column 指定文本列；现有列：{shown}。",
        data={"file": file},
    )
