"""The store: one port, its embedded Oxigraph implementation, and what guards it.

``port`` says what a store is; ``oxigraph`` is the one on disk; ``journal``, ``pool`` and ``guard`` are its
parts. Nothing outside this folder opens a pyoxigraph store of its own on the product's data.
"""
