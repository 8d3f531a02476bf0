"""A reader process: opens a snapshot, answers one query at a time, and dies with its parent.

Run as ``python -m qualweave.store.worker PARENT``; speaks framed messages on stdin and stdout. Reading the
query's text is done here too, so that a text made to be slow to parse meets the same clock.
"""

import os
import sys
import time
from typing import IO, Any

import pyoxigraph as ox

from qualweave.errors import InputError, JsonValue
from qualweave.iri import PREFIXES
from qualweave.store.confine import address_space, die_with_parent, give_up_sockets, limit_memory
from qualweave.store.guard import effective_dataset
from qualweave.store.port import Dataset
from qualweave.store.results import LimitMetError, MediaTypeError, Written, write_answer
from qualweave.store.wire import OUT_OF_MEMORY, read_message, write_message

_MIB = 2**20


def main() -> None:
    """Answer messages until the parent closes the pipe."""
    die_with_parent(int(sys.argv[1]))
    reader, writer = sys.stdin.buffer, sys.stdout.buffer
    write_message(writer, {"sockets": not give_up_sockets()})
    store: ox.Store | None = None
    opened, base = "", 0
    while (message := read_message(reader)) is not None:
        request, _ = message
        try:
            if request["snapshot"] != opened:
                store, opened = ox.Store.read_only(request["snapshot"]), request["snapshot"]
            # The first snapshot's size is the base: what queries leave behind counts against the next.
            base = base or address_space()
            limit_memory(base, int(request["memory_mib"]))
            if store is not None:
                _answer(store, request, writer, base=base)
        except MemoryError:
            os._exit(OUT_OF_MEMORY)  # the heap is full; a new worker is cheaper than a sick one
        except OSError as error:
            write_message(writer, {"error": "store", "message": str(error)})


def _answer(store: ox.Store, request: dict[str, Any], writer: IO[bytes], *, base: int) -> None:
    body = b""
    head: dict[str, JsonValue]
    started = time.monotonic()
    try:
        written = answer(store, request)
        body = written.body
        head = {"form": written.form, "media_type": written.media_type, "rows": written.rows}
    except LimitMetError as error:
        head = {"error": "limit", "limit": error.limit}
    except InputError as error:
        head = {"error": "input", **error.problem(), "data": error.data}
    except (SyntaxError, ValueError, MediaTypeError) as error:
        head = {"error": "input", "detail": str(error)}
    except (
        RuntimeError
    ) as error:  # an evaluation that failed, for example a SERVICE that got through
        head = {"error": "store", "message": str(error)}
    head["seconds"] = time.monotonic() - started
    head["swollen"] = address_space() > base + int(request["memory_mib"]) * _MIB // 2
    write_message(writer, head, body)


def answer(store: ox.Store, request: dict[str, Any]) -> Written:
    """Return the serialised answer to a request.

    Raises:
        InputError: If the query may not be asked.
        LimitMetError: If the answer is too large.
        MediaTypeError: If its form cannot be written as asked.
    """
    permitted = Dataset(tuple(request["default"]), tuple(request["named"]))
    dataset = effective_dataset(
        request["query"],
        permitted,
        default_uris=request["default_uris"],
        named_uris=request["named_uris"],
    )
    default = dataset.default
    if request["merged"] and default == permitted.default:
        default = (request["merged"],)
    result = store.query(
        request["query"],
        prefixes=dict(PREFIXES),
        # Always both: either alone leaves the other open.
        default_graph=[ox.NamedNode(one) for one in default],
        named_graphs=[ox.NamedNode(one) for one in dataset.named],
    )
    return write_answer(
        result,
        accept=request["accept"],
        rows=request["rows"],
        size=int(request["answer_mib"]) * _MIB,
    )


if __name__ == "__main__":
    main()
