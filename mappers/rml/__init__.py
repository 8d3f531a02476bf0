"""RML: mapping documents in the vocabulary that other tools share, read, run, written and taken in.

The vocabulary is RML-Core of the W3C community group (``http://w3id.org/rml/``). `read` makes an
`RmlDocument` of a Turtle file or refuses it with triples map and line; `run` makes quads of it.
"""

from qualweave.mappers.rml.model import RmlDocument
from qualweave.mappers.rml.read import read, read_file
from qualweave.mappers.rml.run import DEFAULT_BASE_IRI, quads, write

__all__ = ["DEFAULT_BASE_IRI", "RmlDocument", "quads", "read", "read_file", "write"]
