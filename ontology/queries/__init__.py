"""Queries that come with the ontology: four templates for every class, and a catalogue of competency questions.

An analyst should not have to learn the graph before the first answer. The ontology knows which properties a class
has, which classes stand under it and in which unit a parameter is kept; that is enough to write the queries.
Everything here is pure: terms and a graph in, texts out. Running them, guarded, is the service's.
"""
