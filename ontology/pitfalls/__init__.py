"""Pitfalls of ontologies, found by reading them.

Source: Poveda-Villalón, Gómez-Pérez, Suárez-Figueroa: OOPS! (OntOlogy Pitfall Scanner!), IJSWIS 10(2), 2014, whose
catalogue gives the codes. The checks are ours; they are proven on the inputs of that project (tests/ontology).
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Literal, TypeAlias, get_args

from rdflib import Graph

from qualweave.ontology.pitfalls import classes, properties, writing
from qualweave.ontology.pitfalls.view import View
from qualweave.ontology.tables import read_table

Weight: TypeAlias = Literal["minor", "important", "critical"]
Finder: TypeAlias = Callable[[View], Iterator[str]]


@dataclass(frozen=True)
class Pitfall:
    """One kind of mistake.

    Attributes:
        code: Of the catalogue, for example ``"P06"``.
        name: In English.
        name_zh: In Chinese.
        weight: How bad it is.
        find: Yields the IRIs it is found at; ``""`` where it is the whole ontology.
    """

    code: str
    name: str
    name_zh: str
    weight: Weight
    find: Finder


_FINDERS: Mapping[str, Finder] = MappingProxyType(
    {
        "P02": classes.synonyms,
        "P03": properties.is_relations,
        "P04": classes.loners,
        "P05": properties.wrong_inverses,
        "P06": classes.cycles,
        "P07": classes.merged,
        "P08": writing.without_texts,
        "P10": classes.without_disjointness,
        "P11": properties.without_ends,
        "P12": properties.undeclared_equivalents,
        "P13-N": properties.without_inverse,
        "P13-Y": properties.with_candidate_inverse,
        "P19": properties.several_ends,
        "P20": writing.misused_texts,
        "P21": classes.miscellaneous,
        "P22": writing.mixed_names,
        "P24": classes.recursive,
        "P25": properties.inverse_of_itself,
        "P26": properties.inverse_of_symmetric,
        "P27": properties.wrong_equivalents,
        "P28": properties.wrong_symmetric,
        "P29": properties.wrong_transitive,
        "P30": classes.undeclared_equivalents,
        "P31": classes.wrong_equivalents,
        "P32": classes.same_label,
        "P33": properties.short_chains,
        "P34": classes.untyped_classes,
        "P35": properties.untyped_properties,
        "P36": writing.extension_in_iri,
        "P38": writing.without_header,
        "P39": writing.without_iri,
        "P40": writing.hijacked,
        "P41": writing.without_licence,
    }
)


def _table() -> tuple[Pitfall, ...]:
    weights: dict[str, Weight] = {one: one for one in get_args(Weight)}
    return tuple(
        Pitfall(row["code"], row["en"], row["zh"], weights[row["weight"]], _FINDERS[row["code"]])
        for row in read_table("qualweave.ontology.pitfalls", "pitfalls.tsv")
    )


PITFALLS = _table()
"""All kinds of mistakes that are looked for, by code."""


@dataclass(frozen=True)
class Found:
    """A pitfall and the terms it was found at, sorted."""

    pitfall: Pitfall
    terms: tuple[str, ...]


def pitfalls(graph: Graph) -> tuple[Found, ...]:
    """Return the pitfalls of an ontology, by code."""
    view = View(graph)
    found = ((one, tuple(sorted(set(one.find(view))))) for one in PITFALLS)
    return tuple(Found(one, terms) for one, terms in found if terms)


__all__ = ["PITFALLS", "Found", "Pitfall", "Weight", "pitfalls"]
