"""Tests of the Q-Ontology and of the code that loads, checks, compares and serialises it."""
