"""Passports, scan pages and shift reports: what the shop floor, a buyer and a recycler read of a unit or a shift."""

from qualweave.reasoning.passport.document import in_tier, passport
from qualweave.reasoning.passport.sources import Source, Sources
from qualweave.reasoning.passport.tables import Tier, fields
from qualweave.reasoning.passport.terms import Terms
from qualweave.reasoning.passport.unit import ControlPoint, Unit, read_unit

__all__ = [
    "ControlPoint",
    "Source",
    "Sources",
    "Terms",
    "Tier",
    "Unit",
    "fields",
    "in_tier",
    "passport",
    "read_unit",
]
