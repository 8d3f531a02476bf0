"""Documents that people write in YAML: read by a model, and refused with the line of every mistake.

Mapping documents, trace dimensions and export templates are such documents. An editor gets their JSON schema
(`json_schema`); whoever edits without one gets the same rules as faults, each with line, key and what to do.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path
from types import MappingProxyType
from typing import Any, Generic, Literal, TypeVar

import yaml
from pydantic import BaseModel, RootModel, ValidationError
from pydantic_core import ErrorDetails

from qualweave.errors import InputError, JsonValue

# libyaml where PyYAML was built with it: some five times as fast, and as safe.
_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_DUMPER = getattr(yaml, "CSafeDumper", yaml.SafeDumper)
_DRAFT = "https://json-schema.org/draft/2020-12/schema"
_Model = TypeVar("_Model", bound=BaseModel)
_Read = TypeVar("_Read")

SAID_ZH: Mapping[str, str] = MappingProxyType(
    {
        "extra_forbidden": "没有这个键",
        "missing": "缺少这个键",
        "enum": "取值不在允许范围内",
        "literal_error": "取值不在允许范围内",
        "string_type": "应为文本",
        "int_type": "应为整数",
        "int_parsing": "应为整数",
        "float_type": "应为数值",
        "float_parsing": "应为数值",
        "bool_type": "应为 true 或 false",
        "bool_parsing": "应为 true 或 false",
        "tuple_type": "应为列表",
        "list_type": "应为列表",
        "dict_type": "应为键值映射",
        "model_type": "应为键值映射",
        "model_attributes_type": "应为键值映射",
        "greater_than_equal": "数值过小",
        "less_than_equal": "数值过大",
        "too_short": "条目过少",
        "string_too_short": "不能为空",
        "string_pattern_mismatch": "写法不符合要求",
    }
)
"""What a kind of fault of pydantic's is in Chinese."""


@dataclass(frozen=True)
class Fault:
    """One mistake in a document.

    Attributes:
        line: Line, from 1.
        key: Path of the key, dotted.
        message: What is wrong, per language.
        fix: What to do, per language.
        severity: A document with an error is not taken; a warning is told only.
    """

    line: int
    key: str
    message: Mapping[str, str]
    fix: Mapping[str, str]
    severity: Literal["error", "warning"] = "error"

    def to_json(self) -> dict[str, JsonValue]:
        """Return the fault as JSON values."""
        return {
            "line": self.line,
            "key": self.key,
            "severity": self.severity,
            "message": dict(self.message),
            "fix": dict(self.fix),
        }


@dataclass(frozen=True)
class Parsed:
    """A YAML text, its data, and where each key stands.

    Attributes:
        data: What a safe loader makes of it.
        node: The tree with marks; None for an empty text.
    """

    data: Any
    node: yaml.Node | None

    def line_of(self, keys: Sequence[str | int]) -> int:
        """Return the line of a key path, or of the deepest part of it that is there."""
        return line_of(self.node, keys)

    def repeated(self) -> Iterator[Fault]:
        """Iterate over the keys that stand twice in one mapping; YAML itself keeps the last in silence."""
        yield from _repeated(self.node, ())


def write(data: object, *, width: int) -> str:
    """Return data as a YAML text, by libyaml where it is there: five times as fast.

    Args:
        data: Mappings, sequences and scalars; keys keep their order.
        width: Of a line, in characters, where the text allows.
    """
    text: str = yaml.dump(data, Dumper=_DUMPER, allow_unicode=True, sort_keys=False, width=width)
    return text


def parse(text: str, *, file: str) -> Parsed:
    """Parse a YAML text.

    Raises:
        InputError: If it is not YAML; the message names file and line.
    """
    try:
        return _parsed(text)
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        # at the end of the text libyaml marks a line that is not there
        line = min(mark.line + 1, len(text.splitlines()) or 1) if mark else 1
        raise InputError(
            f"{file}, line {line}: this is not YAML.",
            message_zh=f"{file} 第 {line} 行：不是有效的 YAML。",
            next_step="Correct the indentation or quoting at that line.",
            next_step_zh="请更正该行的缩进或引号。",
            data={"file": file, "line": line},
        ) from error


def decoded(content: bytes, *, file: str) -> str:
    """Return the text of a document's bytes.

    Raises:
        InputError: If they are not UTF-8; the message names file and line.
    """
    try:
        return content.decode("utf-8")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise InputError(
            f"{file}, line {line}: there are bytes that are not UTF-8.",
            message_zh=f"{file} 第 {line} 行：含有非 UTF-8 编码的字节。",
            next_step="Save the document in UTF-8; spreadsheets and older editors write GBK or Windows-1252.",
            next_step_zh="请将文档另存为 UTF-8；电子表格和旧编辑器常用 GBK 或 Windows-1252。",
            data={"file": file, "line": line},
        ) from error


def _parsed(text: str) -> Parsed:
    """Return a text, parsed once; where it merges keys (``<<``), making the data changes the tree: it is read anew."""
    loader = _LOADER(text)
    try:
        node = loader.get_single_node()
        data = None if node is None else loader.construct_document(node)
    finally:
        loader.dispose()
    return Parsed(data, yaml.compose(text, Loader=_LOADER) if "<<" in text else node)


def validated(
    model: type[_Model], data: object, *, file: str, parsed: Parsed | None = None, page: str = ""
) -> _Model:
    """Return data as a model.

    Args:
        model: What the data must be.
        data: The data.
        file: Name of the document, for messages.
        parsed: The text that the data came from, which has the lines.
        page: Documentation page that lists what may stand where.

    Raises:
        InputError: If a key is unknown, missing, repeated or holds what it may not; the first fault is the
            message, all of them are ``data["faults"]``.
    """
    repeated = list(parsed.repeated()) if parsed else []
    try:
        found = model.model_validate(data)
    except ValidationError as error:
        faults = [*repeated, *faults_of(error, model, parsed, page)]
        raise refusal(file, faults) from error
    if repeated:
        raise refusal(file, repeated)
    return found


def faults_of(
    error: ValidationError, model: type[BaseModel], parsed: Parsed | None, page: str = ""
) -> list[Fault]:
    """Return every fault that a model found, by line."""
    found = [_fault(one, model, parsed, page) for one in error.errors()]
    return sorted(found, key=lambda one: one.line)


def refusal(file: str, faults: Sequence[Fault]) -> InputError:
    """Return the error of a document with faults: the first is the message, all are data."""
    first = faults[0]
    more = len(faults) - 1
    tail, tail_zh = (f" {more} more faults follow.", f"另有 {more} 处错误。") if more else ("", "")
    return InputError(
        f"{file}, line {first.line}, key {first.key}: {first.message['en']}.{tail}",
        message_zh=f"{file} 第 {first.line} 行，键 {first.key}：{first.message['zh']}。{tail_zh}",
        next_step=first.fix["en"],
        next_step_zh=first.fix["zh"],
        data={
            "file": file,
            "line": first.line,
            "key": first.key,
            "faults": list[JsonValue](one.to_json() for one in faults),
        },
    )


def line_of(node: yaml.Node | None, keys: Sequence[str | int]) -> int:
    """Return the line of a key path below a node, or of the deepest part of it that is there."""
    line = node.start_mark.line + 1 if node is not None else 1
    for key in keys:
        if isinstance(node, yaml.MappingNode):
            pair = next((pair for pair in node.value if pair[0].value == str(key)), None)
            if pair is None:
                return line
            line, node = pair[0].start_mark.line + 1, pair[1]
        elif isinstance(node, yaml.SequenceNode) and isinstance(key, int) and key < len(node.value):
            node = node.value[key]
            line = node.start_mark.line + 1
        else:
            return line
    return line


class HotDocument(Generic[_Read]):
    """A document on disk that is read again whenever its file changed; a broken one leaves the last good in use.

    Args:
        path: The file; it need not be there.
        read: Makes the document of text and file name, or raises InputError.
    """

    def __init__(self, path: Path, read: Callable[[str, str], _Read]) -> None:
        self._path, self._read = path, read
        self._bytes: bytes | None = None
        self._good: _Read | None = None
        self._fault: InputError | None = None

    def get(self) -> tuple[_Read | None, InputError | None]:
        """Return the last good document, None where there never was one, and what is wrong with the file now."""
        try:
            content = (
                self._path.read_bytes()
            )  # small; two edits within a tick have one time and one size
        except OSError:
            self._bytes, self._good, self._fault = None, None, None
            return None, None
        if content != self._bytes:
            try:
                text = content.decode("utf-8", errors="replace")
                self._good, self._fault = self._read(text, self._path.name), None
            except InputError as error:
                self._fault = error
            self._bytes = content
        return self._good, self._fault


def json_schema(model: type[BaseModel], *, title: str) -> dict[str, Any]:
    """Return the JSON schema of a kind of document, as editors take it."""
    return {"$schema": _DRAFT, **model.model_json_schema(by_alias=True), "title": title}


def near(name: str, known: Iterable[str]) -> list[str]:
    """Return the known names that look most like one, the nearest first."""
    return get_close_matches(name, sorted(known), 3, 0.5)


def keys_at(model: type[BaseModel], keys: Sequence[str | int]) -> set[str]:
    """Return the keys that a model knows at a path.

    Args:
        model: The model.
        keys: Keys and places in lists, from the top.
    """
    here: type[BaseModel] | None = model
    if issubclass(model, RootModel):
        here = model_in(model.model_fields["root"].annotation)
    for key in keys:
        if here is None or isinstance(key, int):
            continue
        field = next((f for n, f in here.model_fields.items() if key in (n, f.alias)), None)
        here = model_in(field.annotation) if field else None
    fields = here.model_fields if here else {}
    return {field.alias or name for name, field in fields.items()}


def model_in(annotation: Any) -> type[BaseModel] | None:  # noqa: ANN401 - any annotation
    """Return the first model that an annotation names, such as that of ``tuple[Model, ...]``; None where none is."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    inner = (model_in(one) for one in getattr(annotation, "__args__", ()))
    return next((one for one in inner if one is not None), None)


def _repeated(node: yaml.Node | None, keys: tuple[str, ...]) -> Iterator[Fault]:
    if isinstance(node, yaml.SequenceNode):
        for place, child in enumerate(node.value):
            yield from _repeated(child, (*keys, str(place)))
    elif isinstance(node, yaml.MappingNode):
        seen: set[str] = set()
        for key, value in node.value:
            name = str(key.value)
            if name in seen:
                yield Fault(
                    key.start_mark.line + 1,
                    ".".join((*keys, name)),
                    {"en": "the key stands there twice", "zh": "这个键重复出现"},
                    {"en": "Keep one of the two.", "zh": "请只保留一个。"},
                )
            seen.add(name)
            yield from _repeated(value, (*keys, name))


def _fault(error: ErrorDetails, model: type[BaseModel], parsed: Parsed | None, page: str) -> Fault:
    keys, kind = tuple(error["loc"]), error["type"]
    context = error.get("ctx") or {}
    message = {"en": error["msg"], "zh": context.get("zh") or SAID_ZH.get(kind, error["msg"])}
    where = f"; {page} lists what may stand there" if page else ""
    where_zh = f"；可用的值见 {page}" if page else ""
    fix = {"en": f"Correct that key{where}.", "zh": f"请更正该键{where_zh}。"}
    if kind == "extra_forbidden" and isinstance(keys[-1], str):
        known = near(keys[-1], keys_at(model, keys[:-1]))
        message["en"] = "there is no such key"
        if known:
            fix = {
                "en": f"Nearest: {', '.join(known)}.",
                "zh": f"相近的键：{'、'.join(known)}。",
            }
    if "step" in context:
        fix = {"en": str(context["step"]), "zh": str(context.get("step_zh", context["step"]))}
    line = parsed.line_of(keys) if parsed else 1
    return Fault(line, ".".join(str(part) for part in keys) or "document", message, fix)
