"""Whether torch and PyTorch Geometric are there; asked at the moment they are needed, never at import."""

from importlib.util import find_spec
from types import ModuleType

from qualweave.errors import MissingCapability

THREADS = 1
"""Threads that training takes. The graphs are small: two threads that wait for each other in a busy loop gain nothing
on idle cores and were 14 times slower (220 s against 16 s) on cores that other work shares."""


def available() -> bool:
    """Return whether the extra ``gnn`` is installed."""
    return find_spec("torch") is not None and find_spec("torch_geometric") is not None


def require_torch() -> ModuleType:
    """Return torch, set to `THREADS` threads.

    Raises:
        MissingCapability: If the extra ``gnn`` is not installed.
    """
    if not available():
        raise MissingCapability(
            "Nothing can be trained: torch or torch-geometric is not installed.",
            message_zh="无法训练：未安装 torch 或 torch-geometric。",
            next_step="Install the extra: pip install 'qualweave[gnn]'.",
            next_step_zh="请安装：pip install 'qualweave[gnn]'。",
            data={"extra": "gnn"},
        )
    import torch  # noqa: PLC0415 - an extra, and slow to import

    torch.set_num_threads(THREADS)
    return torch
