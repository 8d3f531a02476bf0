"""Reference pages of the ontology: one a term in two languages, made from a release, its uses and its history."""

from qualweave.ontology.termpages.build import Book, Link, Mapped, Past, TermPage
from qualweave.ontology.termpages.render import render_index, render_term, site

__all__ = ["Book", "Link", "Mapped", "Past", "TermPage", "render_index", "render_term", "site"]
