"""The Q-Ontology: the terms every other part speaks in, and the code that loads, checks and compares them.

The Turtle under ``modules/`` is the single source of every term. Nothing here edits it at run time; a
change is a new file, a new diff in words and a new release.
"""
