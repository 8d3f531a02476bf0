"""Writing an answer row by row, in the formats of SPARQL 1.1, within a limit of rows and of bytes.

pyoxigraph serialises whole answers only, so that neither limit could be kept; a test reads everything
written here back with its parser.
"""

import io
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Literal, TypeAlias, TypeVar
from xml.sax.saxutils import escape, quoteattr

import orjson
import pyoxigraph as ox

from qualweave.iri import PREFIXES, XSD
from qualweave.negotiation import best_media_type
from qualweave.store.port import RdfTerm

JSON = "application/sparql-results+json"
XML = "application/sparql-results+xml"
CSV = "text/csv"
TSV = "text/tab-separated-values"
_XML_SPACE = "http://www.w3.org/2005/sparql-results#"
_STRING = XSD + "string"
GRAPH_FORMATS = {
    "text/turtle": ox.RdfFormat.TURTLE,
    "application/n-triples": ox.RdfFormat.N_TRIPLES,
    "application/rdf+xml": ox.RdfFormat.RDF_XML,
    "application/ld+json": ox.RdfFormat.JSON_LD,
    "application/n-quads": ox.RdfFormat.N_QUADS,
    "application/trig": ox.RdfFormat.TRIG,
}
_ALIASES = {
    "application/json": JSON,
    "application/xml": XML,
    "text/xml": XML,
    "text/tsv": TSV,
    "application/turtle": "text/turtle",
    "application/x-turtle": "text/turtle",
    "text/plain": "application/n-triples",
}
Terms: TypeAlias = list[RdfTerm | None]
_Anything = TypeVar("_Anything")


class LimitMetError(Exception):
    """The answer is larger than allowed; ``limit`` is ``"rows"`` or ``"size"``."""

    def __init__(self, limit: str) -> None:
        super().__init__(limit)
        self.limit = limit


class MediaTypeError(Exception):
    """The answer cannot be written in the media type that was asked for."""


@dataclass(frozen=True)
class Written:
    """A serialised answer."""

    form: Literal["select", "ask", "graph"]
    media_type: str
    rows: int
    body: bytes


class _Sink(io.BytesIO):
    """A buffer that refuses to grow beyond a size."""

    def __init__(self, most: int) -> None:
        super().__init__()
        self._most = most

    def write(self, data: bytes) -> int:  # type: ignore[override]  # BytesIO takes any buffer
        if self.tell() + len(data) > self._most:
            raise LimitMetError("size")
        return super().write(data)


def write_answer(
    result: ox.QuerySolutions | ox.QueryBoolean | Iterable[ox.Triple | ox.Quad],
    *,
    accept: str,
    rows: int,
    size: int,
) -> Written:
    """Return an answer, serialised.

    Args:
        result: What Oxigraph gives; read once, row by row.
        accept: Media types wanted, as in HTTP's ``Accept``; the best one that the form of the answer has is taken.
            A graph is Turtle and a truth value JSON where none fits.
        rows: Most rows or triples.
        size: Most bytes.

    Raises:
        LimitMetError: If there are more rows or bytes.
        MediaTypeError: If a table cannot be written like this.
    """
    if isinstance(result, ox.QueryBoolean):
        chosen = best_media_type(accept, (JSON, XML), aliases=_ALIASES) or JSON
        return _boolean(bool(result), chosen)
    sink = _Sink(size)
    if isinstance(result, ox.QuerySolutions):
        media_type = best_media_type(accept, _ROW_WRITERS, aliases=_ALIASES)
        if media_type is None:
            raise MediaTypeError(
                f"A SELECT is answered as {', '.join(_ROW_WRITERS)}; not as {accept}."
            )
        write = _ROW_WRITERS[media_type]
        names = [variable.value for variable in result.variables]
        counted = _Counted(rows)
        for piece in write(names, (list(row) for row in counted.over(result))):
            sink.write(piece)
        return Written("select", media_type, counted.number, sink.getvalue())
    chosen = best_media_type(accept, GRAPH_FORMATS, aliases=_ALIASES) or "text/turtle"
    counted = _Counted(rows)
    prefixes = dict(PREFIXES) if chosen in {"text/turtle", "application/trig"} else None
    ox.serialize(counted.over(result), sink, format=GRAPH_FORMATS[chosen], prefixes=prefixes)
    return Written("graph", chosen, counted.number, sink.getvalue())


class _Counted:
    """Counts what is taken from an iterable and stops it at a number."""

    def __init__(self, most: int) -> None:
        self._most, self.number = most, 0

    def over(self, things: Iterable[_Anything]) -> Iterator[_Anything]:
        for one in things:
            if self.number >= self._most:
                raise LimitMetError("rows")
            self.number += 1
            yield one


def _boolean(value: bool, media_type: str) -> Written:  # noqa: FBT001 - the truth value is the subject
    if media_type == XML:
        text = (
            f'<sparql xmlns="{_XML_SPACE}"><head/><boolean>{str(value).lower()}</boolean></sparql>'
        )
        return Written("ask", XML, 1, f'<?xml version="1.0"?>{text}'.encode())
    return Written("ask", JSON, 1, orjson.dumps({"head": {}, "boolean": value}))


# --- JSON (SPARQL 1.1 Query Results JSON Format) ------------------------------------------------


def _term_json(term: RdfTerm) -> dict[str, object]:
    if isinstance(term, ox.NamedNode):
        return {"type": "uri", "value": term.value}
    if isinstance(term, ox.BlankNode):
        return {"type": "bnode", "value": term.value}
    if isinstance(term, ox.Literal):
        found: dict[str, object] = {"type": "literal", "value": term.value}
        if term.language:
            found["xml:lang"] = term.language
        elif term.datatype.value != _STRING:
            found["datatype"] = term.datatype.value
        return found
    parts = {"subject": term.subject, "predicate": term.predicate, "object": term.object}
    return {"type": "triple", "value": {name: _term_json(part) for name, part in parts.items()}}


def _json(names: list[str], rows: Iterable[Terms]) -> Iterator[bytes]:
    yield b'{"head":' + orjson.dumps({"vars": names}) + b',"results":{"bindings":['
    between = b""
    for row in rows:
        bound = zip(names, row, strict=True)
        yield between + orjson.dumps({name: _term_json(term) for name, term in bound if term})
        between = b","
    yield b"]}}"


# --- XML (SPARQL Query Results XML Format) ------------------------------------------------------


def _text_xml(text: str) -> str:
    if any(one < " " and one not in "\t\n\r" for one in text):
        raise MediaTypeError(f"XML cannot hold the control characters of a value; ask for {JSON}.")
    return escape(text, {"\r": "&#13;"})


def _term_xml(term: RdfTerm) -> str:
    if isinstance(term, ox.NamedNode):
        return f"<uri>{_text_xml(term.value)}</uri>"
    if isinstance(term, ox.BlankNode):
        return f"<bnode>{_text_xml(term.value)}</bnode>"
    if isinstance(term, ox.Literal):
        if term.language:
            return f"<literal xml:lang={quoteattr(term.language)}>{_text_xml(term.value)}</literal>"
        kind = term.datatype.value
        about = "" if kind == _STRING else f" datatype={quoteattr(kind)}"
        return f"<literal{about}>{_text_xml(term.value)}</literal>"
    parts = (("subject", term.subject), ("predicate", term.predicate), ("object", term.object))
    inner = "".join(f"<{name}>{_term_xml(part)}</{name}>" for name, part in parts)
    return f"<triple>{inner}</triple>"


def _xml(names: list[str], rows: Iterable[Terms]) -> Iterator[bytes]:
    head = "".join(f"<variable name={quoteattr(name)}/>" for name in names)
    yield f'<?xml version="1.0"?><sparql xmlns="{_XML_SPACE}"><head>{head}</head><results>'.encode()
    for row in rows:
        bindings = "".join(
            f"<binding name={quoteattr(name)}>{_term_xml(term)}</binding>"
            for name, term in zip(names, row, strict=True)
            if term
        )
        yield f"<result>{bindings}</result>".encode()
    yield b"</results></sparql>"


# --- CSV and TSV (SPARQL 1.1 Query Results CSV and TSV Formats) ---------------------------------


def _cell(term: RdfTerm | None) -> str:
    if term is None:
        return ""
    text = term.value if isinstance(term, ox.NamedNode | ox.Literal) else str(term)
    return '"' + text.replace('"', '""') + '"' if any(one in text for one in ',"\r\n') else text


def _csv(names: list[str], rows: Iterable[Terms]) -> Iterator[bytes]:
    yield (",".join(names) + "\r\n").encode()
    for row in rows:
        yield (",".join(_cell(term) for term in row) + "\r\n").encode()


def _tsv(names: list[str], rows: Iterable[Terms]) -> Iterator[bytes]:
    yield ("\t".join(f"?{name}" for name in names) + "\n").encode()
    for row in rows:
        yield ("\t".join("" if term is None else str(term) for term in row) + "\n").encode()


_ROW_WRITERS: dict[str, Callable[[list[str], Iterable[Terms]], Iterator[bytes]]] = {
    JSON: _json,
    XML: _xml,
    CSV: _csv,
    TSV: _tsv,
}
