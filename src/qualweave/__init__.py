"""Qualweave: field data of many devices woven into one graph on a quality ontology."""

from importlib.metadata import PackageNotFoundError, version

try:
    __version__ = version("qualweave")
except PackageNotFoundError:  # a bare checkout on the path, not installed
    __version__ = "0.0.0"

__all__ = ["__version__"]
