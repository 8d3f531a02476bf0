"""Re-binding: links for items whose tag was lost, inferred by place, time and measured values, and marked as such."""

from qualweave.reasoning.rebinding.decide import (
    LEAST_CONFIDENCE,
    REASONS,
    InferredLink,
    OpenSlot,
    Rebinding,
    rebind,
    rebind_case,
)

__all__ = [
    "LEAST_CONFIDENCE",
    "REASONS",
    "InferredLink",
    "OpenSlot",
    "Rebinding",
    "rebind",
    "rebind_case",
]
