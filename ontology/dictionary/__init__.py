"""Parameter dictionaries of partners: read, kept in the graph, compared (R91, R92)."""
