"""XML: elements that repeat are records; attributes, leaf children and the parents' scalars are fields."""

from collections import Counter
from pathlib import Path

import polars as pl
from lxml import etree

from qualweave.errors import UnreadableSource
from qualweave.mappers.readers.context import source_context
from qualweave.mappers.table import ROW, RawTable

_DEEPEST = 12


def read_xml(path: Path, hints: tuple[str, ...] = ()) -> list[RawTable]:
    """Return the tables of an XML file, one per kind of repeating element.

    Raises:
        UnreadableSource: If it is not well-formed or nothing in it repeats or holds fields.
    """
    parser = etree.XMLParser(
        resolve_entities=False, no_network=True, remove_comments=True, huge_tree=False
    )
    try:
        tree = etree.fromstring(path.read_bytes(), parser)
    except etree.XMLSyntaxError as error:
        line, column = error.position
        raise UnreadableSource(
            f"{path.name}, line {line}, column {column}: {error.msg}.",
            message_zh=f"{path.name} 第 {line} 行第 {column} 列：XML 格式错误。",
            next_step="Correct the file at that place.",
            next_step_zh="请更正该处。",
            data={"file": path.name, "line": line, "column": column},
        ) from error
    records = _record_paths(tree)
    tables: dict[str, list[dict[str, str]]] = {}
    _walk(tree, f"/{_name(tree)}", {}, records, tables)
    if not tables:
        raise UnreadableSource(
            f"{path.name}: no record was found.",
            message_zh=f"{path.name}：未找到记录。",
            next_step="Give a file in which an element with fields repeats.",
            next_step_zh="请提供含重复记录元素的文件。",
            data={"file": path.name},
        )
    header = _fields(tree)
    encoding = (tree.getroottree().docinfo.encoding or "utf-8").lower()
    single = len(tables) == 1
    return [
        _table(
            path,
            hints,
            encoding=encoding,
            name=path.name if single else f"{path.name}#{place}",
            rows=rows,
            header=header,
        )
        for place, rows in tables.items()
    ]


def _name(element: etree._Element) -> str:
    return str(etree.QName(element).localname)


def _children(element: etree._Element) -> list[etree._Element]:
    # Comments and processing instructions are children too; their tag is a function.
    return [child for child in element if not callable(child.tag)]


def _is_leaf(element: etree._Element) -> bool:
    return not _children(element) and (not element.attrib or bool((element.text or "").strip()))


def _record_paths(root: etree._Element) -> set[str]:
    """Return the paths of elements that are records: they repeat under a parent and hold fields."""
    counts: Counter[str] = Counter()
    repeats: set[str] = set()
    inner: set[str] = set()

    def visit(element: etree._Element, path: str, depth: int) -> None:
        siblings = Counter(_name(child) for child in _children(element))
        for child in _children(element):
            below = f"{path}/{_name(child)}"
            counts[below] += 1
            if not _is_leaf(child):
                inner.add(below)
                if siblings[_name(child)] > 1:
                    repeats.add(below)
                if depth < _DEEPEST:
                    visit(child, below, depth + 1)

    visit(root, f"/{_name(root)}", 0)
    if repeats:
        return repeats
    # Nothing repeats: the innermost elements with fields are single records.
    return {path for path in counts if not any(other.startswith(f"{path}/") for other in inner)}


def _fields(element: etree._Element) -> dict[str, str]:
    """Return the scalars of an element: attributes, leaf children with their attributes, dotted where nested."""
    found = {_name_of(key): str(value) for key, value in element.attrib.items()}
    for child in _children(element):
        if _is_leaf(child):
            name, text = _name(child), (child.text or "").strip()
            if child.attrib and "name" in child.attrib and len(child.attrib) <= 3:  # noqa: PLR2004
                name = str(child.attrib["name"])  # <Param name="Speed" unit="m/min">3.2</Param>
            else:
                found |= {
                    f"{name}.{_name_of(key)}": str(value) for key, value in child.attrib.items()
                }
            found[name] = (
                f"{found[name]} | {text}" if name in found and text else text or found.get(name, "")
            )
    text = (element.text or "").strip()
    if text and not _children(element):
        found["value"] = text
    return found


def _name_of(key: str | bytes) -> str:
    return str(etree.QName(key).localname)


def _walk(  # noqa: PLR0917 - a recursion over five things
    element: etree._Element,
    path: str,
    above: dict[str, str],
    records: set[str],
    tables: dict[str, list[dict[str, str]]],
) -> None:
    own = _fields(element)
    row = {**{key: value for key, value in above.items() if key not in own}, **own}
    if path in records:
        for child in _children(element):  # single children that hold fields belong to the record
            below = f"{path}/{_name(child)}"
            if not _is_leaf(child) and below not in records:
                row |= {
                    f"{_name(child)}.{key}": value
                    for key, value in _fields(child).items()
                    if f"{_name(child)}.{key}" not in row
                }
        tables.setdefault(path, []).append(row)
    for child in _children(element):
        if not _is_leaf(child):
            _walk(child, f"{path}/{_name(child)}", row, records, tables)


def _table(
    path: Path,
    hints: tuple[str, ...],
    *,
    encoding: str,
    name: str,
    rows: list[dict[str, str]],
    header: dict[str, str],
) -> RawTable:
    columns = tuple(dict.fromkeys(key for row in rows for key in row))
    data = {
        one: pl.Series(one, [row.get(one) or None for row in rows], dtype=pl.String)
        for one in columns
    }
    data[ROW] = pl.Series(ROW, range(1, len(rows) + 1), dtype=pl.Int64)
    return RawTable(
        name=name,
        columns=columns,
        frame=pl.DataFrame(data),
        context=source_context(
            path, hints, media="xml", encoding=encoding, header=header, columns=columns
        ),
    )
