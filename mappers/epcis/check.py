"""What EPCIS 2.0 refuses by structure: missing members, closed word lists, times, bare extension names."""

import re
from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any

from qualweave.mappers.epcis.terms import EVENT_TYPES, name_in, words

_OFFSET = re.compile(r"^[+-](0\d|1[0-4]):[0-5]\d$")
_LIST_OF = {"bizStep": "BizStep", "disposition": "Disp"}
_PLAIN = frozenset({"type", "eventID", "@context", "id"})


def complaints(event: Mapping[str, Any]) -> list[str]:
    """Return what is wrong with an event, in words; empty where nothing is."""
    return list(_found(event))


def _found(event: Mapping[str, Any]) -> Iterator[str]:
    kind = str(event.get("type", ""))
    if kind not in EVENT_TYPES:
        if ":" not in kind:
            yield f"{kind or 'an event without type'} is not an EPCIS event type"
        return
    for need in (*words()["required"]["all"], *words()["required"][kind]):
        names = [need] if isinstance(need, str) else need
        if not any(name in event and event[name] not in ("", None) for name in names):
            yield f"{kind} lacks {' or '.join(names)}"
    action = event.get("action")
    if action is not None and action not in words()["actions"]:
        yield f"action {action!r} is none of {', '.join(words()['actions'])}"
    yield from _times(event)
    yield from _words(event)
    yield from _extensions(event)


def _times(event: Mapping[str, Any]) -> Iterator[str]:
    for name in ("eventTime", "recordTime"):
        value = event.get(name)
        if value is None:
            continue
        try:
            aware = datetime.fromisoformat(str(value)).tzinfo is not None
        except ValueError:
            aware = False
        if not aware:
            yield f"{name} {value!r} is not a time with a zone"
    offset = event.get("eventTimeZoneOffset")
    if offset is not None and not _OFFSET.match(str(offset)):
        yield f"eventTimeZoneOffset {offset!r} is not of the form +08:00"


def _words(event: Mapping[str, Any]) -> Iterator[str]:
    for name, word_list in _LIST_OF.items():
        yield from _outside(name, event.get(name), word_list)
    for name, word_list in (
        ("bizTransactionList", "BTT"),
        ("sourceList", "SDT"),
        ("destinationList", "SDT"),
    ):
        for one in event.get(name) or ():
            if isinstance(one, dict):
                yield from _outside(f"type in {name}", one.get("type"), word_list)


def _outside(name: str, value: object, word_list: str) -> Iterator[str]:
    if isinstance(value, str) and ":" not in value and value not in words()[word_list]:
        yield f"{name} {value!r} is not a word of CBV 2.0; a word of one's own is an IRI"


def _extensions(event: Mapping[str, Any]) -> Iterator[str]:
    for scope, part in (("event", event), ("ilmd", event.get("ilmd"))):
        for name in part if isinstance(part, dict) else ():
            known = name in _PLAIN or (scope == "event" and name_in("event", name) is not None)
            if not known and ":" not in name:
                yield f"{name!r} in the {scope} is no name of EPCIS and has no prefix"
