"""Units of SAMM models: names of the catalogue (``degreeCelsius``), and units that a model declares itself."""

import re

from rdflib.term import Node

from qualweave.mappers.readers.devices.samm_model import Model

_STEP = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")
_OF = re.compile(r" (unit of (?:time|pressure|length|area|volume|mass)|metric ton|avoirdupois)$")


def told_unit(node: Node | None, model: Model) -> tuple[str, tuple[str, ...]]:
    """Return how a unit is written, and how else it is told, the surest first.

    A unit that the model declares has a UN/ECE code and a symbol; one of the catalogue is named in words.
    """
    if node is None:
        return "", ()
    name = model.local(node)
    told = [
        str(one) for key in ("commonCode", "symbol") if (one := model.value(node, key)) is not None
    ]
    words = words_of(name)
    return name, tuple(dict.fromkeys((*told, words, _OF.sub("", words))))


def words_of(name: str) -> str:
    """Return the name of a unit of the catalogue as words.

    >>> words_of("kilometrePerHour")
    'kilometre per hour'
    """
    return _STEP.sub(" ", name).casefold()
