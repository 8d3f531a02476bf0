"""Statistics over the graph: control charts, T², capability, drift, and failures of coupled parameters.

Every function takes arrays and returns values; `series` and `items` are the only modules that read a snapshot.
The classical methods are here as honest baselines, in full, beside what the product adds to them.
"""
