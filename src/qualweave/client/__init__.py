"""`Client` and `AsyncClient`: a running service from Python, for notebooks, scripts and agents.

Both speak the public HTTP interface and nothing else: what a client can do, curl can do. An error of the service
comes back as the very class of `qualweave.errors` that it was there, with its data and its next step. Tables become
lists, pandas or Arrow; graphs become NetworkX, PyTorch Geometric or Arrow (each imported when it is asked for).

    >>> from qualweave.client import Client
    >>> client = Client("http://127.0.0.1:8420")
    >>> client.url
    'http://127.0.0.1:8420'
"""

from qualweave.client.asynchronous import AsyncClient
from qualweave.client.synchronous import Client
from qualweave.client.table import Table

__all__ = ["AsyncClient", "Client", "Table"]
