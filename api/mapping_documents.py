"""`MappingDocuments` at the service: mapping documents read, checked, compared and tried out for one principal."""

import base64
import binascii
import tempfile
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path, PurePosixPath
from typing import Literal, TypeAlias

from qualweave.api.service import Service
from qualweave.documents import Fault, refusal
from qualweave.errors import InputError, JsonValue
from qualweave.mappers import rml
from qualweave.mappers.documents import sssom
from qualweave.mappers.documents.check import check
from qualweave.mappers.documents.difference import MappingDifference, compare
from qualweave.mappers.documents.signing import decisions, signed
from qualweave.mappers.documents.trial import Trial, try_out
from qualweave.mappers.mapping import MappingDocument
from qualweave.mappers.memory import DecisionMemory, Remembered
from qualweave.mappers.review.learning import in_context
from qualweave.mappers.review.replacing import replace_mapping
from qualweave.mappers.rml.export import export
from qualweave.mappers.rml.take import take
from qualweave.principal import Principal

Form: TypeAlias = Literal["yaml", "rml", "sssom"]
"""Languages in which a mapping document is exchanged."""


@dataclass(frozen=True)
class MappingDocuments:
    """The mapping documents of a tenant, for one principal."""

    service: Service
    principal: Principal

    def of(self, source: str, version: int | None = None) -> MappingDocument:
        """Return a source's mapping: its newest version, or one by its number.

        Raises:
            NotFound: If there is none.
        """
        library = self.service.desk(self.principal).library
        return library.get(source) if version is None else library.version(source, version)

    def history(self, source: str) -> list[JsonValue]:
        """Return the versions of a source's mapping, the newest first, each with what it changed.

        Raises:
            NotFound: If the source has no mapping.
        """
        library = self.service.desk(self.principal).library
        library.get(source)
        kept = [library.version(source, number) for number in library.versions(source)]
        rows: list[JsonValue] = []
        for place, one in enumerate(kept):
            changes = compare(kept[place - 1], one) if place else None
            rows.append(
                {
                    "version": one.version,
                    "created": one.created.isoformat(),
                    "created_by": one.created_by,
                    "release": one.release,
                    "columns": len(one.columns),
                    "en": list[JsonValue](changes.lines("en")) if changes else [],
                    "zh": list[JsonValue](changes.lines("zh")) if changes else [],
                }
            )
        return rows[::-1]

    def difference(
        self, source: str, before: int | None = None, after: int | None = None
    ) -> MappingDifference:
        """Return what changed between two versions; the last two where none is named.

        Raises:
            NotFound: If there is no such version.
        """
        later = self.of(source, after)
        earlier = self.of(source, max(later.version - 1, 1) if before is None else before)
        return compare(earlier, later)

    def check(self, text: str, file: str = "mapping.yaml") -> tuple[Fault, ...]:
        """Return every fault of a document, with its line."""
        work = self.service.desk(self.principal)
        return check(
            text, file=file, vocabulary=work.vocabulary, nearest=self.service.terms.nearest
        )

    def read(self, text: str, file: str = "mapping.yaml") -> MappingDocument:
        """Return a document that was sent.

        Raises:
            InputError: If it has an error; all faults are ``data["faults"]``.
        """
        faults = [one for one in self.check(text, file) if one.severity == "error"]
        if faults:
            raise refusal(file, faults)
        return MappingDocument.from_yaml(text, file=file)

    def put(self, text: str, file: str = "mapping.yaml") -> dict[str, JsonValue]:
        """Take a document as the newest version of its source, and lift the source's files again by it.

        Raises:
            Forbidden: If the principal is no engineer.
            InputError: If the document has an error; nothing is changed.
        """
        self.principal.require("engineer")
        return self.take(self.read(text, file))

    def take(self, document: MappingDocument) -> dict[str, JsonValue]:
        """Store a document whose terms are known as the next version, and say what it changed and lifted."""
        by = self.principal.id
        with self.service.lifting(self.principal) as work:
            kept = work.library.versions(document.source)
            version = max(kept, default=0) + 1
            former = work.library.get(document.source) if kept else None
            now = {"version": version, "created": datetime.now(UTC), "created_by": by}
            taken = signed(document, former, by=by).model_copy(update=now)
            learnt = in_context(work, taken, decisions(taken, former))
            report = replace_mapping(work, taken, learnt)
        changes = compare(former, taken) if former else None
        return {
            "source": taken.source,
            "version": version,
            "en": list[JsonValue](changes.lines("en")) if changes else ["first version"],
            "zh": list[JsonValue](changes.lines("zh")) if changes else ["首个版本"],
            "files": len(report.files),
            "rows_lifted": report.total("rows_lifted"),
            "rows_quarantined": report.total("rows_quarantined"),
            "triples": report.total("triples"),
        }

    def exported(
        self, source: str, form: Form, *, file: str = "", delimiter: str = ","
    ) -> dict[str, JsonValue]:
        """Return a source's mapping in another language, and what that language cannot say.

        Args:
            source: The source.
            form: YAML, RML-Core in Turtle, or an SSSOM table.
            file: Name of the file that an RML mapping reads; the file pattern where left out.
            delimiter: Of that file, where it is a CSV.

        Raises:
            NotFound: If the source has no mapping.
            InputError: If nothing of it can be said in RML-Core.
        """
        work = self.service.desk(self.principal)
        document = work.library.get(source)
        base, tenant = work.settings.base_iri, work.tenant
        notes: list[JsonValue] = []
        if form == "rml":
            found = export(
                document,
                work.vocabulary,
                file=file,
                delimiter=delimiter,
                tenant=tenant,
                base=base,
            )
            text, notes = found.turtle, [one.to_json() for one in found.notes]
        elif form == "sssom":
            text = sssom.write(document, work.vocabulary, tenant=tenant, base=base)
        else:
            text = document.to_yaml()
        about: dict[str, JsonValue] = {"source": source, "version": document.version}
        return {**about, "format": form, "text": text, "notes": notes}

    def imported(
        self, text: str, form: Form, *, source: str = "", file: str = "", new_source: bool = False
    ) -> dict[str, JsonValue]:
        """Take a document in another language: YAML and RML as a version, SSSOM as memory.

        Args:
            text: The document.
            form: Its language.
            source: Source id; made from the document where left out.
            file: Its name, for messages.
            new_source: Whether an SSSOM table may be about sources of which no file has come in.

        Raises:
            Forbidden: If the principal is no engineer.
            InputError: If it cannot be taken; the message says which part and why.
        """
        self.principal.require("engineer")
        work = self.service.desk(self.principal)
        if form == "yaml":
            return self.put(text, file or "mapping.yaml")
        if form == "rml":
            document = take(
                rml.read(text, file=file or "mapping.ttl"),
                work.vocabulary,
                source=source,
                by=self.principal.id,
                nearest=self.service.terms.nearest,
            )
            return self.take(document)
        learnt = sssom.read(
            text,
            work.vocabulary,
            source=source,
            file=file or "mapping.sssom.tsv",
            known=None if new_source else work.library.sources(),
        )
        self._remember(learnt.decisions)
        return learnt.to_json()

    def _remember(self, found: Iterable[Remembered]) -> None:
        path = self.service.desk(self.principal).memory_path
        with self.service.deciding:
            memory = DecisionMemory.load(path)
            for one in found:
                memory.remember(one)
            memory.save(path)

    def try_out(self, name: str, content: bytes, *, source: str = "", document: str = "") -> Trial:
        """Return what a document would make of a file; nothing is kept.

        Args:
            name: Name of the file.
            content: Its bytes.
            source: Source whose newest mapping is tried, where no document is given.
            document: YAML of a document, stored or not.

        Raises:
            InputError: If the document has an error, or the file has no column of it.
        """
        chosen = self.read(document) if document else self.of(source)
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / (PurePosixPath(name.replace("\\", "/")).name or "file")
            path.write_bytes(content)
            return try_out(self.service.desk(self.principal), chosen, path)


def decoded(content: str) -> bytes:
    """Return bytes that came as base64.

    Raises:
        InputError: If they are not.
    """
    try:
        return base64.b64decode(content, validate=True)
    except (binascii.Error, ValueError) as error:
        raise InputError(
            "The content is not base64.",
            message_zh="content 不是 base64 编码。",
            next_step="Send the bytes of the file as base64.",
            next_step_zh="请以 base64 编码发送文件内容。",
        ) from error
