"""EPCIS 2.0 (JSON, JSON-LD) and EPCIS XML 2.0 and 1.2: both become the same quads, without a network.

``xml_form`` brings XML into the JSON form, ``check`` refuses what the standard refuses by structure, ``expand``
resolves names by ``terms.tsv`` and by what the document itself defines, ``lift`` writes triples.
"""

from qualweave.mappers.epcis.lift import LiftedEvents, lift_events
from qualweave.mappers.epcis.read import is_epcis, read_events

__all__ = ["LiftedEvents", "is_epcis", "lift_events", "read_events"]
