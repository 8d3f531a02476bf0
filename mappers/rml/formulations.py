"""Reference formulations: how rows are found in a file, and what a reference finds in a row.

JSON by RFC 9535 paths, CSV by column names, XML by XPath 1.0. CSV and JSON Lines stream; a JSON document
and an XML document are read once and held while they are walked.
"""

import csv
import io
import json
from collections.abc import Callable, Iterable, Iterator
from functools import lru_cache
from pathlib import Path
from typing import Any, Protocol, TypeAlias

import jsonpath_rfc9535 as jsonpath
from lxml import etree

from qualweave.errors import UnreadableSource
from qualweave.mappers.rml.model import LogicalSource
from qualweave.mappers.rml.terms import Value

Reader: TypeAlias = Callable[[Any], list[Value]]
"""From a row to the values that a reference finds in it."""

_Step: TypeAlias = str | int | None  # a member, an index, or every child


class BadReference(ValueError):
    """A path that is none, or a value that is no scalar, in English and Chinese."""

    def __init__(self, english: str, chinese: str) -> None:
        super().__init__(english)
        self.english = english
        self.chinese = chinese


class Rows(Protocol):
    """A file under one reference formulation."""

    def __iter__(self) -> Iterator[Any]:
        """Iterate over the rows."""
        ...

    def reader(self, reference: str) -> Reader:
        """Return what evaluates a reference.

        Raises:
            BadReference: If it is not valid in this formulation.
        """
        ...


def rows_of(source: LogicalSource, folder: Path) -> Rows:
    """Return the rows of a logical source.

    Raises:
        UnreadableSource: If the file is not there, outside the folder, or not of its kind.
        BadReference: If the iterator is not valid.
    """
    path = _inside(folder, source.path)
    kinds: dict[str, Callable[[LogicalSource, Path], Rows]] = {
        "JSONPath": JsonRows,
        "CSV": CsvRows,
        "XPath": XmlRows,
    }
    return kinds[source.formulation](source, path)


def _inside(folder: Path, name: str) -> Path:
    root = folder.resolve()
    path = (root / name).resolve()
    if not path.is_relative_to(root):
        raise UnreadableSource(
            f"The source {name!r} is outside the folder of the mapping.",
            message_zh=f"数据源 {name!r} 位于映射所在文件夹之外。",
            next_step="Put it below that folder, or name a folder that holds both.",
            next_step_zh="请将其放入该文件夹，或指定同时包含两者的文件夹。",
            data={"file": name},
        )
    if not path.is_file():
        raise UnreadableSource(
            f"The source {name!r} of the mapping is not there.",
            message_zh=f"映射引用的数据源 {name!r} 不存在。",
            next_step=f"Put it into {folder.name or folder}, or correct rml:path.",
            next_step_zh=f"请将其放入 {folder.name or folder}，或更正 rml:path。",
            data={"file": name},
        )
    return path


def _scalar(value: object, nulls: frozenset[str]) -> list[Value]:
    if value is None or (isinstance(value, str) and value in nulls):
        return []
    if isinstance(value, str | int | float | bool):
        return [value]
    shape = "an array" if isinstance(value, list) else "an object"
    raise BadReference(
        f"the reference finds {shape}, not a value; '[*]' reaches the values of an array",
        "该引用指向数组或对象而不是值；可用 '[*]' 取数组中的值",
    )


class JsonRows:
    """A JSON document, or JSON Lines, by JSONPath."""

    def __init__(self, source: LogicalSource, path: Path) -> None:
        self._source = source
        self._path = path
        self._rows = _json_finder(source.iterator or "$")
        self._lines = path.suffix.lower() in (".jsonl", ".ndjson")

    def __iter__(self) -> Iterator[Any]:
        """Iterate over the nodes that the iterator finds, each the root of its references."""
        if not self._lines:
            state = self._path.stat()
            yield from self._rows(
                _json(self._path, self._source.encoding or "utf-8-sig", state.st_mtime_ns)
            )
            return
        with self._path.open(encoding=self._source.encoding or "utf-8-sig") as lines:
            for number, line in enumerate(lines, start=1):
                if line.strip():
                    yield from self._rows(_parsed(line, self._path, number - 1))

    def reader(self, reference: str) -> Reader:
        """Return what evaluates a JSONPath against a row."""
        find, nulls = _json_finder(reference), self._source.nulls
        return lambda row: [one for found in find(row) for one in _scalar(found, nulls)]


@lru_cache(maxsize=4)
def _json(path: Path, encoding: str, _state: int) -> Any:  # noqa: ANN401 - any JSON value
    try:
        text = path.read_text(encoding)
    except (UnicodeDecodeError, LookupError) as error:
        raise _not_readable(path, 1, "the charset is another", "字符编码不符") from error
    return _parsed(text, path, 0)


def forget() -> None:
    """Let go of the JSON documents that a run held."""
    _json.cache_clear()


def _parsed(text: str, path: Path, before: int) -> Any:  # noqa: ANN401 - any JSON value
    try:
        return json.loads(text, parse_constant=_no_number)
    except json.JSONDecodeError as error:
        raise _not_readable(path, before + error.lineno, error.msg, "JSON 格式错误") from error
    except (ValueError, RecursionError) as error:
        raise _not_readable(path, before + 1, str(error), "JSON 格式错误") from error


def _no_number(name: str) -> float:
    raise ValueError(f"{name} is no JSON number")


def _not_readable(path: Path, line: int, what: str, what_zh: str) -> UnreadableSource:
    return UnreadableSource(
        f"{path.name}, line {line}: {what}.",
        message_zh=f"{path.name} 第 {line} 行：{what_zh}。",
        next_step="Correct the file at that line, or name its charset in rml:encoding.",
        next_step_zh="请更正该行，或用 rml:encoding 指明字符编码。",
        data={"file": path.name, "line": line},
    )


@lru_cache(maxsize=1024)
def _json_finder(path: str) -> Callable[[Any], Iterable[Any]]:
    """Return what evaluates a JSONPath; plain members, indices and ``[*]`` are walked directly."""
    try:
        query = jsonpath.compile(path)
    except (jsonpath.JSONPathError, RecursionError) as error:
        raise BadReference(
            f"{path!r} is no JSONPath (RFC 9535): {error}",
            f"{path!r} 不是有效的 JSONPath（RFC 9535）",
        ) from error
    steps = _steps(query)
    if steps is None:
        return lambda value: (node.value for node in query.finditer(value))
    return lambda value: _walk(value, steps)


def _steps(query: Any) -> tuple[_Step, ...] | None:  # noqa: ANN401 - of the library
    """Return the steps of a path that only goes down, None for one with filters, slices or ``..``."""
    found: list[_Step] = []
    for segment in query.segments:
        if type(segment).__name__ != "JSONPathChildSegment" or len(segment.selectors) != 1:
            return None
        selector = segment.selectors[0]
        match type(selector).__name__:
            case "NameSelector":
                found.append(str(selector.name))
            case "IndexSelector":
                found.append(int(selector.index))
            case "WildcardSelector":
                found.append(None)
            case _:
                return None
    return tuple(found)


def _walk(value: Any, steps: tuple[_Step, ...]) -> Iterable[Any]:  # noqa: ANN401 - any JSON value
    here = [value]
    for step in steps:
        here = [child for one in here for child in _children(one, step)]
    return here


def _children(value: Any, step: _Step) -> Iterable[Any]:  # noqa: ANN401 - any JSON value
    if isinstance(value, dict):
        if step is None:
            return value.values()
        return (value[step],) if isinstance(step, str) and step in value else ()
    if isinstance(value, list) and not isinstance(step, str):
        if step is None:
            return value
        return (value[step],) if -len(value) <= step < len(value) else ()
    return ()


class CsvRows:
    """A CSV with a header line; an empty cell is no value."""

    def __init__(self, source: LogicalSource, path: Path) -> None:
        self._path = path
        self._encoding = source.encoding or "utf-8-sig"
        self._delimiter = source.delimiter or ("\t" if path.suffix.lower() == ".tsv" else ",")
        self._nulls = source.nulls | {""}
        try:
            with self._open() as text:
                header = next(csv.reader(text, delimiter=self._delimiter), None)
        except (csv.Error, UnicodeDecodeError) as error:
            raise _not_readable(path, 1, str(error), "CSV 无法读取") from error
        except LookupError as error:
            raise _not_readable(path, 1, str(error), f"未知的字符编码 {self._encoding}") from error
        if not header:
            raise _not_readable(path, 1, "no header was found", "没有表头")
        self._places = {name: at for at, name in reversed(list(enumerate(header)))}

    def _open(self) -> io.TextIOWrapper:
        return self._path.open(encoding=self._encoding, newline="")

    def __iter__(self) -> Iterator[list[str]]:
        """Iterate over the lines below the header."""
        with self._open() as text:
            rows = csv.reader(text, delimiter=self._delimiter)
            try:
                next(rows)
                yield from (row for row in rows if row)
            except (csv.Error, UnicodeDecodeError) as error:
                raise _not_readable(
                    self._path, rows.line_num + 1, str(error), "CSV 无法读取"
                ) from error

    def reader(self, reference: str) -> Reader:
        """Return what takes the cell of a column."""
        at = self._places.get(reference)
        if at is None:
            known = ", ".join(sorted(self._places))
            raise BadReference(
                f"the file has no column {reference!r}; it has {known}",
                f"文件没有列 {reference!r}；现有列：{known}",
            )
        nulls = self._nulls
        return lambda row: [row[at]] if at < len(row) and row[at] not in nulls else []


class XmlRows:
    """An XML document by XPath 1.0; nothing outside the file is ever read."""

    def __init__(self, source: LogicalSource, path: Path) -> None:
        self._path = path
        self._nulls = source.nulls
        self._namespaces = dict(source.namespaces) or None
        self._find = self._compiled(source.iterator or "/*")

    def _compiled(self, path: str) -> etree.XPath:
        try:
            return etree.XPath(path, namespaces=self._namespaces)
        except etree.XPathError as error:
            raise BadReference(
                f"{path!r} is no XPath: {error}", f"{path!r} 不是有效的 XPath"
            ) from error

    def __iter__(self) -> Iterator[Any]:
        """Iterate over the nodes that the iterator finds."""
        parser = etree.XMLParser(resolve_entities=False, no_network=True, huge_tree=False)
        try:
            tree = etree.parse(str(self._path), parser)
        except (etree.XMLSyntaxError, OSError) as error:
            line = getattr(error, "lineno", None) or 1
            raise _not_readable(self._path, line, str(error), "XML 格式错误") from error
        found = self._find(tree)
        yield from found if isinstance(found, list) else []

    def reader(self, reference: str) -> Reader:
        """Return what evaluates an XPath against a node."""
        find, nulls = self._compiled(reference), self._nulls

        def read(row: Any) -> list[Value]:  # noqa: ANN401 - an element
            found = find(row)
            many = found if isinstance(found, list) else [found]
            return [one for node in many for one in _scalar(_text(node), nulls)]

        return read


def _text(node: Any) -> Value:  # noqa: ANN401 - element, attribute, text or number
    if isinstance(node, etree._Element):  # noqa: SLF001 - lxml has no public name for it
        return "".join(str(part) for part in node.itertext())
    return node if isinstance(node, bool | int | float) else str(node)
