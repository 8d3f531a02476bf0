"""Documents of answers: what a person says of many fields at once, in YAML or JSON.

A list of answers (bare or under ``answers``), each with ``field`` and ``term`` and, where it matters, ``file``,
``unit``, ``by`` and ``system``; or a mapping of fields to terms. Whatever else stands there is refused with its
line: an answer that is passed by in silence looks like one that was taken.
"""

from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field, RootModel

from qualweave import documents
from qualweave.errors import InputError, UnreadableSource
from qualweave.mappers.drafting import Answer

_KNOWN = ConfigDict(extra="forbid", coerce_numbers_to_str=True)  # a field may be called 127
_PAGE = "docs/how-to/connect-a-source.md"


class _Row(BaseModel):
    model_config = _KNOWN

    field: str = Field(min_length=1)
    term: str | None = ""
    file: str | None = ""
    unit: str | None = ""
    by: str | None = ""
    system: str | None = ""  # for who reads the document; nothing depends on it

    def answer(self, by: str) -> Answer:
        term = (self.term or "").split("|")[0]
        return Answer(self.field, term, self.file or "", self.unit or "", self.by or by)


class _Rows(RootModel[tuple[_Row, ...]]):
    pass


class _Pairs(RootModel[dict[str, str | None]]):
    model_config = ConfigDict(coerce_numbers_to_str=True)


class _ListedRows(BaseModel):
    model_config = _KNOWN

    answers: tuple[_Row, ...]


class _ListedPairs(BaseModel):
    model_config = _KNOWN

    answers: dict[str, str | None]


def read_answers(text: str, *, file: str, by: str = "engineer") -> tuple[Answer, ...]:
    """Return the answers of a document.

    Args:
        text: YAML or JSON.
        file: Its name, for messages.
        by: Who says so where an answer does not.

    Raises:
        InputError: If it is no such document; every unknown, missing or repeated key is named with its line.
    """
    parsed = documents.parse(text, file=file)
    data = parsed.data
    listed = data.get("answers") if isinstance(data, dict) else None
    if isinstance(listed, list):
        rows = documents.validated(_ListedRows, data, file=file, parsed=parsed, page=_PAGE).answers
    elif isinstance(data, list):
        rows = documents.validated(_Rows, data, file=file, parsed=parsed, page=_PAGE).root
    elif isinstance(listed, dict):
        pairs = documents.validated(
            _ListedPairs, data, file=file, parsed=parsed, page=_PAGE
        ).answers
        return _of_pairs(pairs, by)
    elif isinstance(data, dict):
        return _of_pairs(
            documents.validated(_Pairs, data, file=file, parsed=parsed, page=_PAGE).root, by
        )
    else:
        raise _no_answers(file)
    return tuple(one.answer(by) for one in rows)


def load_answers(given: Path | bytes) -> tuple[Answer, ...]:
    """Return the answers of a file, or of the bytes of one.

    Raises:
        UnreadableSource: If there is no such file.
        InputError: As `read_answers`.
    """
    name = given.name if isinstance(given, Path) else "answers"
    try:
        content = given.read_bytes() if isinstance(given, Path) else given
    except OSError as error:
        raise UnreadableSource(
            f"{name} cannot be read: {error.strerror}.",
            message_zh=f"无法读取 {name}。",
            next_step="Give a YAML file of answers that exists and may be read.",
            next_step_zh="请提供存在且可读的答案 YAML 文件。",
            data={"file": name},
        ) from error
    return read_answers(documents.decoded(content, file=name), file=name)


def _of_pairs(pairs: dict[str, str | None], by: str) -> tuple[Answer, ...]:
    return tuple(Answer(field, term or "", by=by) for field, term in pairs.items())


def _no_answers(file: str) -> InputError:
    return InputError(
        f"{file} holds no answers.",
        message_zh=f"{file} 中没有答案。",
        next_step="Give a list of {field: …, term: …, file: …}, or a mapping of fields to terms.",
        next_step_zh="请提供 {field: …, term: …, file: …} 的列表，或字段到术语的映射。",
        data={"file": file},
    )
