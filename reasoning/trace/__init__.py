"""Traces: what a thing was made from, and what was made from it, over every level and company."""

from qualweave.reasoning.trace.answer import Step, TraceAnswer, TraceEdge, TraceNode, trace
from qualweave.reasoning.trace.genealogy import CsrGenealogy, Direction, GenealogyIndex
from qualweave.reasoning.trace.recall import RecallScope, recall_scope
from qualweave.reasoning.trace.resolve import resolve_item

__all__ = [
    "CsrGenealogy",
    "Direction",
    "GenealogyIndex",
    "RecallScope",
    "Step",
    "TraceAnswer",
    "TraceEdge",
    "TraceNode",
    "recall_scope",
    "resolve_item",
    "trace",
]
