"""The names of EPCIS and CBV, from the package's own table: no context is fetched from anywhere."""

import csv
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from importlib.resources import files
from types import MappingProxyType
from typing import Any

import yaml

from qualweave.iri import PREFIXES, expand

BUILT_IN: Mapping[str, str] = MappingProxyType(
    {**PREFIXES, "cbvmda": "urn:epcglobal:cbv:mda:", "dcterms": "http://purl.org/dc/terms/"}
)
PROTECTED = frozenset({"epcis", "cbv", "gs1", "rdfs", "owl", "xsd"})
"""Prefixes that a document cannot give another meaning."""

EVENT_TYPES = (
    "ObjectEvent",
    "AggregationEvent",
    "TransactionEvent",
    "TransformationEvent",
    "AssociationEvent",
)
_SCOPES = ("bizTransaction", "source", "errorDeclaration", "sensorReport")


@dataclass(frozen=True)
class Name:
    """One name of the standard: its IRI, the type of its values, and the scope that its value opens."""

    iri: str
    kind: str
    vocabulary: str = ""
    scope: str = "event"


@lru_cache(maxsize=1)
def names() -> dict[tuple[str, str], Name]:
    """Return every name by scope and spelling."""
    text = files("qualweave.mappers.epcis").joinpath("terms.tsv").read_text("utf-8")
    rows = csv.DictReader(
        (line for line in text.splitlines() if not line.startswith("#")), delimiter="\t"
    )
    found = {}
    for row in rows:
        kind, _, words = row["type"].partition(":")
        prefix, _, stem = words.partition(":")
        iri = row["iri"] if row["iri"].startswith("@") else expand(row["iri"])
        found[row["scope"], row["name"]] = Name(
            iri=iri,
            kind="object" if kind in _SCOPES else kind,
            vocabulary=f"{prefix}:{stem}" if words else "",
            scope=kind if kind in _SCOPES else "event",
        )
    return found


@lru_cache(maxsize=1)
def words() -> dict[str, Any]:
    """Return the closed word lists, required members and actions."""
    text = files("qualweave.mappers.epcis").joinpath("words.yaml").read_text("utf-8")
    data: dict[str, Any] = yaml.safe_load(text)
    return data


def name_in(scope: str, name: str) -> Name | None:
    """Return a name in a scope, else in that of the event."""
    return names().get((scope, name)) or names().get(("event", name))


def join(namespace: str, local: str) -> str:
    """Return a name in a namespace that may lack its separator, as both JSON and XML senders leave it out."""
    if namespace.endswith(("/", "#", ":", "=")):
        return namespace + local
    return namespace + (":" if namespace.startswith("urn:") else "/") + local
