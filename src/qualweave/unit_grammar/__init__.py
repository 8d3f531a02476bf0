"""A grammar of units: any text of a unit, in symbols or words, to structure, size and dimension.

`readings` never guesses: a text with an unknown word has no reading, an ambiguous one has several.
"""

from qualweave.unit_grammar.lexicon import Part, fold
from qualweave.unit_grammar.parse import read, readings
from qualweave.unit_grammar.reading import Reading
from qualweave.unit_grammar.tables import Atom, Dimension, dimension_of

__all__ = ["Atom", "Dimension", "Part", "Reading", "dimension_of", "fold", "read", "readings"]
