"""Broken in any way, a description is read or refused by one of our errors; nothing else ever comes out."""

import copy
import json
import random
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from lxml import etree

from qualweave.errors import QualweaveError
from qualweave.mappers.owl_form import owl_graph
from qualweave.mappers.readers import read
from qualweave.mappers.readers.devices.describe import describe
from tests.mappers.devices.conftest import FILES

_VALUES = (None, True, 0, -1.5, "", [], {}, "x", [1], [[]], [None], {"keys": 1}, {"a": {}})
_TEXTS = ("", "x", "-1", "nan", "1e400", "i=85", "ns=1;i=5003", "ns=999999999;i=1", "false")
_TOKEN = re.compile(r"(?<=\s)(?:[\w-]*:\w+|\"[^\"]*\"(?:@\w+|\^\^\S+)?|[()\[\]])(?=\s)")


def _places(node: Any) -> Iterator[tuple[Any, Any]]:
    pairs = (
        node.items()
        if isinstance(node, dict)
        else enumerate(node)
        if isinstance(node, list)
        else ()
    )
    for key, value in pairs:
        yield node, key
        yield from _places(value)


def _json(raw: bytes, draw: random.Random) -> bytes:
    document = json.loads(raw)
    for _ in range(draw.randint(1, 3)):
        owner, key = draw.choice(list(_places(document)))
        owner[key] = draw.choice(_VALUES)
    return json.dumps(document).encode()


def _xml(raw: bytes, draw: random.Random) -> bytes:
    root = etree.fromstring(raw)
    elements = list(root.iter())
    for _ in range(draw.randint(1, 4)):
        one = draw.choice(elements[1:])
        match draw.randrange(4):
            case 0 if (above := one.getparent()) is not None:
                above.remove(one)
            case 1:
                draw.choice(elements).append(copy.deepcopy(one))
            case 2 if one.attrib:
                one.set(draw.choice(list(one.attrib)), draw.choice(_TEXTS))
            case _:
                one.text = draw.choice(_TEXTS)
    return etree.tostring(root)


def _turtle(raw: bytes, draw: random.Random) -> bytes:
    text = raw.decode("utf-8")
    at, by = draw.choice(list(_TOKEN.finditer(text))), draw.choice(list(_TOKEN.finditer(text)))
    return (text[: at.start()] + by.group() + text[at.end() :]).encode()


def _bytes(raw: bytes, draw: random.Random) -> bytes:
    made = bytearray(raw)
    for _ in range(draw.randint(1, 4)):
        at = draw.randrange(len(made))
        made[at : at + draw.randint(0, 40)] = draw.randbytes(draw.randint(0, 3))
    return bytes(made)


_FORMS: dict[str, Callable[[bytes, random.Random], bytes]] = {
    "scale.aas.json": _json,
    "scale.aas.xml": _xml,
    "press.NodeSet2.xml": _xml,
    "lathe.mtconnect.xml": _xml,
    "lathe.streams.xml": _xml,
    "BatteryState.ttl": _turtle,
}


@pytest.mark.parametrize("name", _FORMS)
@pytest.mark.parametrize("seed", range(3))
def test_a_mutant_is_read_or_refused(tmp_path: Path, name: str, seed: int) -> None:
    draw, path, raw = random.Random(seed), tmp_path / name, (FILES / name).read_bytes()
    outcomes: list[QualweaveError | None] = []

    for _ in range(25):
        path.write_bytes(draw.choice((_FORMS[name], _FORMS[name], _bytes))(raw, draw))
        for take in (
            read,
            lambda one: owl_graph(describe(one, [FILES])).serialize(format="turtle"),
        ):
            try:
                take(path)
                outcomes.append(None)
            except QualweaveError as error:
                outcomes.append(error)

    refused = [one for one in outcomes if one is not None]
    assert 0 < len(refused) < len(outcomes)
    assert all(one.next_step and one.message_zh != one.message for one in refused)
