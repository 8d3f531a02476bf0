"""Traces: what a thing was made from, and what was made from it, over every level and company."""

from qualweave.reasoning.trace.answer import (
    Step,
    TraceAnswer,
    TraceEdge,
    TraceGap,
    TraceNode,
    trace,
)
from qualweave.reasoning.trace.genealogy import CsrGenealogy, Direction, Edge, GenealogyIndex
from qualweave.reasoning.trace.parts import LinkKind
from qualweave.reasoning.trace.recall import RecallScope, Shipment, recall_scope
from qualweave.reasoning.trace.records import Linked, Record, Records
from qualweave.reasoning.trace.resolve import resolve_item

__all__ = [
    "CsrGenealogy",
    "Direction",
    "Edge",
    "GenealogyIndex",
    "LinkKind",
    "Linked",
    "RecallScope",
    "Record",
    "Records",
    "Shipment",
    "Step",
    "TraceAnswer",
    "TraceEdge",
    "TraceGap",
    "TraceNode",
    "recall_scope",
    "resolve_item",
    "trace",
]
