"""Causes: what bad items have in common, changes that nobody linked to an order, and where links break."""

from qualweave.reasoning.causes.break_points import BreakPoint, break_points
from qualweave.reasoning.causes.candidate import CauseAnswer, CauseCandidate, PathStep
from qualweave.reasoning.causes.changes import (
    OrphanChange,
    changes_upstream,
    items_made_during,
    orphan_changes,
)
from qualweave.reasoning.causes.common import root_causes
from qualweave.reasoning.causes.contrast import Baseline, Contrast

__all__ = [
    "Baseline",
    "BreakPoint",
    "CauseAnswer",
    "CauseCandidate",
    "Contrast",
    "OrphanChange",
    "PathStep",
    "break_points",
    "changes_upstream",
    "items_made_during",
    "orphan_changes",
    "root_causes",
]
