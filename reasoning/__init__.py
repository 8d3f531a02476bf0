"""Reasoning over the graph: entailment, traces, causes, statistics and decisions.

It reads snapshots and returns values and change sets; it never opens a store and never maps a field.
"""
