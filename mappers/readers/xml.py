"""XML: elements that repeat are records; attributes, leaf children and the parents' scalars are fields.

A file is read in two passes, and only one outermost record is in memory at a time: the first pass finds which
elements repeat and what stands above them, the second yields the rows. Entities are never fetched or unfolded.
"""

from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from lxml import etree

from qualweave.errors import UnreadableSource
from qualweave.mappers.readers.context import source_context
from qualweave.mappers.readers.frames import damaged_cells, record_frame
from qualweave.mappers.readers.limits import ReadLimits, too_much
from qualweave.mappers.readers.stream import Batch, TableStream
from qualweave.mappers.table import RawTable

_DEEPEST = 12
_FEW_FIELDS = 3  # attributes of <Param name="Speed" unit="m/min">3.2</Param>

Fields = dict[str, str]


def read_xml(path: Path, hints: tuple[str, ...] = ()) -> list[RawTable]:
    """Return the tables of an XML file, whole; see `stream_xml`."""
    return [one.whole() for one in stream_xml(path, hints)]


def stream_xml(
    path: Path, hints: tuple[str, ...] = (), limits: ReadLimits | None = None
) -> list[TableStream]:
    """Return the tables of an XML file, one per kind of repeating element, to be read in batches.

    Raises:
        UnreadableSource: If it is not well-formed, nothing in it repeats or holds fields, or it is over a limit.
    """
    limits = limits or ReadLimits()
    survey = _surveyed(path, limits)
    columns: dict[str, dict[str, None]] = {}
    for place, row in _rows(path, survey):
        names = columns.setdefault(place, {})
        if not row.keys() <= names.keys():
            names.update(dict.fromkeys(row))
            limits.check_columns(path, len(names))
    columns = {place: names for place, names in columns.items() if names}
    if not columns:
        raise UnreadableSource(
            f"{path.name}: no record was found.",
            message_zh=f"{path.name}：未找到记录。",
            next_step="Give a file in which an element with fields repeats.",
            next_step_zh="请提供含重复记录元素的文件。",
            data={"file": path.name},
        )
    single = len(columns) == 1
    return [
        _stream(path, hints, place, tuple(names), survey=survey, limits=limits,
                name=path.name if single else f"{path.name}#{place}")
        for place, names in columns.items()
    ]  # fmt: skip


@dataclass
class _Survey:
    """What one pass over a file found.

    Attributes:
        root: Name of the root.
        header: Its scalars.
        records: Paths of the elements that are records.
        outermost: Those among them that lie in no other.
        above: Scalars of the elements above them, which there is one of each.
        encoding: Charset of the file.
    """

    root: str = ""
    header: Fields = field(default_factory=dict)
    records: frozenset[str] = frozenset()
    outermost: frozenset[str] = frozenset()
    above: dict[str, Fields] = field(default_factory=dict)
    encoding: str = "utf-8"


class _Leaves(dict[str, list[str]]):
    """Scalars of an element, each with all its texts in order."""

    def put(self, key: str, text: str) -> None:
        """Note a text of a field; an empty one only says that the field is there."""
        texts = self.setdefault(key, [])
        if text:
            texts.append(text)

    def fields(self) -> Fields:
        """Return the fields, several texts of one joined."""
        return {key: " | ".join(texts) for key, texts in self.items()}


@dataclass
class _Open:
    """An element that is not closed yet."""

    path: str
    leaves: _Leaves
    siblings: dict[str, int] = field(default_factory=dict)


def _surveyed(path: Path, limits: ReadLimits) -> _Survey:
    """Find what repeats, and keep the scalars of what does not."""
    survey = _Survey()
    found = _Found()
    stack: list[_Open] = []
    for event, element in _events(path):
        if event == "start":
            above = stack[-1].path if stack else ""
            if not stack:
                survey.root = _name(element)
                survey.encoding = (element.getroottree().docinfo.encoding or "utf-8").lower()
            _check_depth(path, len(stack), limits, element)
            stack.append(_Open(f"{above}/{_name(element)}", _attributes(element)))
        else:
            own = stack.pop()
            found.close(own, stack, element)
            if not stack:
                survey.header = found.above.get(own.path, {})
            _forget(element)
    survey.records = found.records() or frozenset({f"/{survey.root}"})
    survey.outermost = frozenset(
        one
        for one in survey.records
        if not any(one.startswith(f"{other}/") for other in survey.records)
    )
    survey.above = {
        one: fields
        for one, fields in found.above.items()
        if any(record.startswith(f"{one}/") for record in survey.outermost)
    }
    return survey


@dataclass
class _Found:
    """What the elements closed so far tell: which repeat, and the scalars of those that do not."""

    counts: Counter[str] = field(default_factory=Counter)
    inner: set[str] = field(default_factory=set)
    repeats: set[str] = field(default_factory=set)
    above: dict[str, Fields] = field(default_factory=dict)

    def close(self, own: _Open, stack: list[_Open], element: Any) -> None:  # noqa: ANN401 - an element
        """Take in an element that is whole; ``stack`` are those around it."""
        self.counts[own.path] += 1
        leaf = _is_leaf(element)
        if stack and leaf:
            _put_leaf(stack[-1].leaves, element)
        elif stack and len(stack) <= _DEEPEST:
            self.inner.add(own.path)
            seen = stack[-1].siblings.get(own.path, 0) + 1
            stack[-1].siblings[own.path] = seen
            if seen > 1:
                self.repeats.add(own.path)
        if not leaf:
            is_only = self.counts[own.path] == 1
            self.above[own.path] = _with_text(own.leaves, element) if is_only else {}

    def records(self) -> frozenset[str]:
        """Return the paths of records; where nothing repeats, the innermost elements are single ones."""
        innermost = {
            one
            for one in self.inner
            if not any(other.startswith(f"{one}/") for other in self.inner)
        }
        return frozenset(self.repeats or innermost)


def _rows(path: Path, survey: _Survey) -> Iterator[tuple[str, Fields]]:
    """Yield place and fields of every record, in document order."""
    places: list[str] = []
    within = 0
    for event, element in _events(path):
        if event == "start":
            above = places[-1] if places else ""
            places.append(f"{above}/{_name(element)}")
            within += within > 0 or places[-1] in survey.outermost
            continue
        place = places.pop()
        if within == 1 and place in survey.outermost:
            yield from _walk(element, place, _fields_above(place, survey), survey.records)
        within -= within > 0
        if not within:
            _forget(element)


def _fields_above(place: str, survey: _Survey) -> Fields:
    found: Fields = {}
    parts = place.split("/")
    for length in range(2, len(parts)):
        own = survey.above.get("/".join(parts[:length]), {})
        found = {key: value for key, value in found.items() if key not in own} | own
    return found


def _walk(
    element: Any,  # noqa: ANN401 - an element
    place: str,
    above: Fields,
    records: frozenset[str],
) -> Iterator[tuple[str, Fields]]:
    own = _fields(element)
    row = {**{key: value for key, value in above.items() if key not in own}, **own}
    inner = [one for one in _children(element) if not _is_leaf(one)]
    if place in records:
        for child in inner:  # single children that hold fields belong to the record
            if f"{place}/{_name(child)}" not in records:
                _put_inner(row, child)
        yield place, row
    for child in inner:
        yield from _walk(child, f"{place}/{_name(child)}", row, records)


def _put_inner(row: Fields, child: Any) -> None:  # noqa: ANN401 - an element
    for key, value in _fields(child).items():
        row.setdefault(f"{_name(child)}.{key}", value)


def _stream(
    path: Path,
    hints: tuple[str, ...],
    place: str,
    columns: tuple[str, ...],
    *,
    survey: _Survey,
    limits: ReadLimits,
    name: str,
) -> TableStream:
    context = source_context(
        path, hints, media="xml", encoding=survey.encoding, header=survey.header, columns=columns
    )
    opened = _opened(path, place, columns, survey=survey, limits=limits)
    return TableStream(name, columns, context, opened, batch_rows=limits.batch_rows)


def _opened(
    path: Path, place: str, columns: tuple[str, ...], *, survey: _Survey, limits: ReadLimits
) -> Callable[[int], Iterator[Batch]]:
    def batches(size: int) -> Iterator[Batch]:
        done, kept = 0, list[Fields]()
        for at, row in _rows(path, survey):
            if at == place:
                kept.append(row)
            if len(kept) == size:
                yield _batch(columns, done, kept)
                done, kept = done + size, []
                limits.check_rows(path, done)
        if kept:
            yield _batch(columns, done, kept)

    return batches


def _batch(columns: tuple[str, ...], done: int, rows: list[Fields]) -> Batch:
    frame = record_frame(columns, range(done + 1, done + len(rows) + 1), rows)
    return frame, tuple(damaged_cells(frame))


# --- elements ----------------------------------------------------------------------------------------


def _events(path: Path) -> Iterator[tuple[str, Any]]:
    """Yield the starts and ends of elements."""
    with _syntax_errors(path), path.open("rb") as file:
        yield from etree.iterparse(
            file,
            events=("start", "end"),
            resolve_entities=False,
            no_network=True,
            load_dtd=False,
            remove_comments=True,
            remove_pis=True,
            huge_tree=False,
        )


@contextmanager
def _syntax_errors(path: Path) -> Iterator[None]:
    try:
        yield
    except etree.XMLSyntaxError as error:
        line, column = error.position
        raise UnreadableSource(
            f"{path.name}, line {line}, column {column}: {_reason(error)}.",
            message_zh=f"{path.name} 第 {line} 行第 {column} 列：XML 格式错误。",
            next_step="Correct the file at that place.",
            next_step_zh="请更正该处。",
            data={"file": path.name, "line": line, "column": column},
        ) from error


def _reason(error: etree.XMLSyntaxError) -> str:
    """Return what is wrong; the parser adds the place, which is told already."""
    return str(error.msg or "it is no XML").partition(", line ")[0].rstrip(".")


def _check_depth(path: Path, depth: int, limits: ReadLimits, element: Any) -> None:  # noqa: ANN401
    if depth >= limits.depth:
        raise too_much(
            path, ("or more levels of nesting", "层以上嵌套"), limits.depth,
            limit=limits.depth, setting="read_depth", line=element.sourceline or 0,
        )  # fmt: skip


def _forget(element: Any) -> None:  # noqa: ANN401 - an element
    """Let go of an element that was read, and of those before it."""
    parent = element.getparent()
    if parent is None:
        return
    element.clear(keep_tail=False)
    while (before := element.getprevious()) is not None:
        parent.remove(before)


def _name(element: Any) -> str:  # noqa: ANN401 - an element
    return _name_of(element.tag)


def _children(element: Any) -> list[Any]:  # noqa: ANN401 - an element
    # Comments, instructions and entities are children too; their tag is a function.
    return [child for child in element if not callable(child.tag)]


def _is_leaf(element: Any) -> bool:  # noqa: ANN401 - an element
    return not _children(element) and (not element.attrib or bool(_own_text(element)))


def _own_text(element: Any) -> str:  # noqa: ANN401 - an element
    """Return the text of an element without children; entities stand in it as they are written."""
    text = str(element.text or "")
    for inner in element:
        if inner.tag is etree.Entity:
            text += f"{inner.text}{inner.tail or ''}"
    return text.strip()


def _attributes(element: Any) -> _Leaves:  # noqa: ANN401 - an element
    return _Leaves({_name_of(key): [str(value)] for key, value in element.attrib.items()})


def _fields(element: Any) -> Fields:  # noqa: ANN401 - an element
    """Return the scalars of an element: attributes, then leaf children with their attributes."""
    found = _attributes(element)
    for child in _children(element):
        if _is_leaf(child):
            _put_leaf(found, child)
    return _with_text(found, element)


def _with_text(found: _Leaves, element: Any) -> Fields:  # noqa: ANN401 - an element
    text = _own_text(element)
    if text and not _children(element):
        found["value"] = [text]
    return found.fields()


def _put_leaf(found: _Leaves, child: Any) -> None:  # noqa: ANN401 - an element
    name = _name(child)
    if child.attrib and "name" in child.attrib and len(child.attrib) <= _FEW_FIELDS:
        name = str(child.attrib["name"])
    else:
        for key, value in child.attrib.items():
            found[f"{name}.{_name_of(key)}"] = [str(value)]
    found.put(name, _own_text(child))


def _name_of(key: str | bytes) -> str:
    text = key if isinstance(key, str) else key.decode()
    return text.rpartition("}")[2]
