"""Shapes: what data of the graph must look like, and the gate that holds commits to it.

``*.ttl`` are the shapes, one file per ontology module; ``load`` reads them, ``compile`` turns them into
SPARQL, ``gate`` judges change sets, ``validate`` judges files and whole snapshots, with pySHACL as the
second opinion.
"""
