"""XML of device descriptions, read element by element: no document type, no entities, errors with their line."""

from collections.abc import Iterator
from typing import IO, cast

from lxml import etree

from qualweave.errors import JsonValue, UnreadableSource


def events(data: IO[bytes], file: str) -> Iterator[tuple[str, etree._Element]]:
    """Yield ``("start" | "end", element)`` of a document in its order.

    The caller clears what it has used, which is what keeps the memory flat.

    Raises:
        UnreadableSource: If it is not well-formed, or has a document type; the message names the line.
    """
    stream = etree.iterparse(
        data, ("start", "end"), resolve_entities=False, no_network=True, load_dtd=False,
        remove_comments=True, remove_pis=True, huge_tree=False,
    )  # fmt: skip
    first = True
    try:
        for event, element in stream:
            if first and element.getroottree().docinfo.internalDTD is not None:
                raise broken(file, 1, "has a document type, which no device description needs",
                             "含有设备描述不需要的文档类型声明（DTD）")  # fmt: skip
            first = False
            yield event, element
    except etree.XMLSyntaxError as error:
        raise broken(
            file, error.position[0], f"is not well-formed: {error.msg}", "XML 格式错误"
        ) from error


def broken(file: str, line: int, why: str, why_zh: str, **data: JsonValue) -> UnreadableSource:
    """Return the error of a description that cannot be read.

    Args:
        file: Its name.
        line: Where; 0 where that is not known.
        why: What is wrong, a sentence that the file is the subject of.
        why_zh: The same in Chinese.
        data: More facts.
    """
    place, place_zh = (f", line {line}", f" 第 {line} 行") if line else ("", "")
    return UnreadableSource(
        f"{file}{place}: the description {why}.",
        message_zh=f"{file}{place_zh}：描述文件{why_zh}。",
        next_step="Correct it there, or export the file anew from the tool that made it.",
        next_step_zh="请更正该处，或用原工具重新导出。",
        data={"file": file, "line": line, **data},
    )


def local(element: etree._Element) -> str:
    """Return the name of an element without its namespace."""
    return str(element.tag).rpartition("}")[2]


def namespace(element: etree._Element) -> str:
    """Return the namespace of an element, ``""`` where it has none."""
    return str(element.tag).rpartition("}")[0].lstrip("{")


def child(element: etree._Element, *names: str) -> etree._Element | None:
    """Return the first element down a path of local names, None where there is none."""
    found: etree._Element | None = element
    for name in names:
        if found is None:
            return None
        found = next((one for one in found if local(one) == name), None)
    return found


def children(element: etree._Element, name: str = "") -> Iterator[etree._Element]:
    """Iterate over the children of a local name, or over all."""
    return (one for one in element if not name or local(one) == name)


def inner(element: etree._Element | None) -> str:
    """Return the text of an element without the white space around it."""
    return (element.text or "").strip() if element is not None else ""


def attribute(element: etree._Element, name: str) -> str:
    """Return an attribute, ``""`` where there is none."""
    return str(element.get(name) or "")


def release(element: etree._Element) -> None:
    """Free an element that was used, and those before it."""
    element.clear()
    while element.getprevious() is not None:
        parent = element.getparent()
        if parent is None:
            return
        del parent[0]


def line_of(element: etree._Element) -> int:
    """Return the line of an element, 0 where the parser did not keep it."""
    return cast("int | None", element.sourceline) or 0


def number(text: str) -> float | None:
    """Return a number of XML Schema, None for anything else and for what is not finite."""
    try:
        found = float(text)
    except ValueError:
        return None
    return found if found - found == 0 else None
