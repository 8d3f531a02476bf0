"""Lifting: from the rows of a table and its mapping document to triples, column by column.

``records.yaml`` says what one row becomes (``docs/reference/graph.md``), ``plan`` chooses the record kind,
``cells`` turns texts into typed lexical forms, ``build`` writes N-Triples.
"""
