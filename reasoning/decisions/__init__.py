"""Decisions: typed interventions, advice on process cards, and freezes, each read from the graph and evidenced.

Every part goes read → decide → write: a reader takes values from a snapshot, a pure function decides, and a
writer returns a `ChangeSet` that ``api`` commits. Numbers come from response models, limits and cases;
words come from the ontology's labels and the tables in ``rules/``.
"""
