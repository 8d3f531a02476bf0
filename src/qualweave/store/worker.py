"""A reader process: opens a snapshot, answers one query at a time, and dies with its parent.

Run as ``python -m qualweave.store.worker``; speaks framed messages on stdin and stdout.
"""

import contextlib
import ctypes
import io
import os
import resource
import signal
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Any
from xml.sax.saxutils import escape, quoteattr

import orjson
import pyoxigraph as ox

from qualweave.iri import PREFIXES
from qualweave.store.pool import read_message, write_message

_JSON = "application/sparql-results+json"
_MIB = 2**20
_PR_SET_PDEATHSIG = 1
_GRAPH_FORMATS = {
    "text/turtle": ox.RdfFormat.TURTLE,
    "application/n-triples": ox.RdfFormat.N_TRIPLES,
    "application/rdf+xml": ox.RdfFormat.RDF_XML,
    "application/ld+json": ox.RdfFormat.JSON_LD,
}


class RowLimitMetError(Exception):
    """The answer has more rows than allowed."""


class MediaTypeError(Exception):
    """The answer's form cannot be written in the media type that was asked for."""


def main() -> None:
    """Answer messages until the parent closes the pipe."""
    _die_with_parent()
    reader, writer = sys.stdin.buffer, sys.stdout.buffer
    store: ox.Store | None = None
    opened = ""
    while (message := read_message(reader)) is not None:
        request, _ = message
        if request["snapshot"] != opened:
            store, opened = ox.Store.read_only(request["snapshot"]), request["snapshot"]
        if store is not None:
            _answer(store, request, writer)


def _die_with_parent() -> None:
    with contextlib.suppress(
        OSError, AttributeError
    ):  # Linux only; elsewhere the pipe's end does it
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)


def _answer(store: ox.Store, request: dict[str, Any], writer: IO[bytes]) -> None:
    try:
        _limit_memory(int(request["memory_mib"]))
        head, body = answer(store, request)
    except RowLimitMetError:
        head, body = {"error": "rows"}, b""
    except MemoryError:
        write_message(writer, {"error": "memory"})
        os._exit(1)  # the heap is full; a new worker is cheaper than a sick one
    except (SyntaxError, ValueError, MediaTypeError) as error:
        head, body = {"error": "input", "message": str(error)}, b""
    except Exception as error:  # noqa: BLE001 - the parent turns it into a StoreError
        head, body = {"error": "store", "message": str(error)}, b""
    write_message(writer, head, body)


def _limit_memory(mib: int) -> None:
    """Limit the address space to what is used now plus ``mib``."""
    used = (
        int(Path("/proc/self/statm").read_text(encoding="ascii").split()[0])
        * resource.getpagesize()
    )
    _, hard = resource.getrlimit(resource.RLIMIT_AS)
    resource.setrlimit(resource.RLIMIT_AS, (used + mib * _MIB, hard))


def answer(store: ox.Store, request: dict[str, Any]) -> tuple[dict[str, Any], bytes]:
    """Return head and body of the answer to a request.

    Raises:
        RowLimitMetError: If there are more rows than allowed.
        MediaTypeError: If the form of the answer cannot be written as asked.
    """
    result = store.query(
        request["query"],
        prefixes=dict(PREFIXES),
        default_graph=[ox.NamedNode(one) for one in request["default"]],
        named_graphs=[ox.NamedNode(one) for one in request["named"]],
    )
    wanted = request["media_type"]
    if isinstance(result, ox.QueryBoolean):
        body = orjson.dumps({"head": {}, "boolean": bool(result)})
        return {"form": "ask", "media_type": _JSON, "rows": 1}, body
    if isinstance(result, ox.QuerySolutions):
        names = [variable.value for variable in result.variables]
        rows = list(_counted(result, request["rows"]))
        write = _ROW_WRITERS.get(wanted)
        if write is None:
            raise MediaTypeError(
                f"A SELECT is answered as {', '.join(_ROW_WRITERS)}; not as {wanted}."
            )
        return {"form": "select", "media_type": wanted, "rows": len(rows)}, write(names, rows)
    triples = list(_counted(result, request["rows"]))
    graph_type = wanted if wanted in _GRAPH_FORMATS else "text/turtle"
    buffer = io.BytesIO()
    ox.serialize(triples, buffer, format=_GRAPH_FORMATS[graph_type], prefixes=_prefixes(graph_type))
    return {"form": "graph", "media_type": graph_type, "rows": len(triples)}, buffer.getvalue()


def _prefixes(media_type: str) -> dict[str, str] | None:
    return dict(PREFIXES) if media_type in {"text/turtle", "application/rdf+xml"} else None


def _counted(result: Any, most: int) -> Iterator[Any]:  # noqa: ANN401 - solutions or triples
    for number, one in enumerate(result):
        if number >= most:
            raise RowLimitMetError
        yield one


def _term_json(term: Any) -> dict[str, Any]:  # noqa: ANN401 - any RDF term
    if isinstance(term, ox.NamedNode):
        return {"type": "uri", "value": term.value}
    if isinstance(term, ox.BlankNode):
        return {"type": "bnode", "value": term.value}
    if isinstance(term, ox.Literal):
        found: dict[str, Any] = {"type": "literal", "value": term.value}
        if term.language:
            found["xml:lang"] = term.language
        elif term.datatype.value != "http://www.w3.org/2001/XMLSchema#string":
            found["datatype"] = term.datatype.value
        return found
    parts = {"subject": term.subject, "predicate": term.predicate, "object": term.object}
    return {"type": "triple", "value": {name: _term_json(part) for name, part in parts.items()}}


def _json(names: list[str], rows: list[Any]) -> bytes:
    bindings = [
        {name: _term_json(row[name]) for name in names if row[name] is not None} for row in rows
    ]
    return orjson.dumps({"head": {"vars": names}, "results": {"bindings": bindings}})


def _csv_cell(term: Any) -> str:  # noqa: ANN401 - any RDF term
    text = "" if term is None else str(getattr(term, "value", term))
    return '"' + text.replace('"', '""') + '"' if any(one in text for one in ',"\r\n') else text


def _csv(names: list[str], rows: list[Any]) -> bytes:
    lines = [",".join(names), *(",".join(_csv_cell(row[name]) for name in names) for row in rows)]
    return ("\r\n".join(lines) + "\r\n").encode()


def _tsv(names: list[str], rows: list[Any]) -> bytes:
    def cell(term: Any) -> str:  # noqa: ANN401 - any RDF term
        return "" if term is None else str(term).replace("\t", "\\t")

    lines = ["\t".join(f"?{name}" for name in names)]
    lines += ["\t".join(cell(row[name]) for name in names) for row in rows]
    return ("\n".join(lines) + "\n").encode()


def _xml_term(term: Any) -> str:  # noqa: ANN401 - any RDF term
    if isinstance(term, ox.NamedNode):
        return f"<uri>{escape(term.value)}</uri>"
    if isinstance(term, ox.BlankNode):
        return f"<bnode>{escape(term.value)}</bnode>"
    if term.language:
        return f"<literal xml:lang={quoteattr(term.language)}>{escape(term.value)}</literal>"
    return f"<literal datatype={quoteattr(term.datatype.value)}>{escape(term.value)}</literal>"


def _xml(names: list[str], rows: list[Any]) -> bytes:
    head = "".join(f"<variable name={quoteattr(name)}/>" for name in names)
    results = "".join(
        "<result>"
        + "".join(
            f"<binding name={quoteattr(name)}>{_xml_term(row[name])}</binding>"
            for name in names
            if row[name] is not None
        )
        + "</result>"
        for row in rows
    )
    return (
        '<?xml version="1.0"?><sparql xmlns="http://www.w3.org/2005/sparql-results#">'
        f"<head>{head}</head><results>{results}</results></sparql>"
    ).encode()


_ROW_WRITERS = {
    _JSON: _json,
    "application/sparql-results+xml": _xml,
    "text/csv": _csv,
    "text/tab-separated-values": _tsv,
}

if __name__ == "__main__":
    main()
