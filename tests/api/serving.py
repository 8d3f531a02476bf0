"""The service as its users meet it: a process of its own on a loopback port, ended by its own process id."""

import os
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest

_PATIENCE_S = 90


@contextmanager
def serving(made: Path, folder: Path) -> Iterator[str]:
    """Serve a copy of a plant's folder and give the address.

    Args:
        made: A plant's folder that nobody has open.
        folder: For the copy.
    """
    shutil.copytree(made / "data", folder / "data")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [sys.executable, "-m", "qualweave.api.cli", "serve", "--dev", "--port", str(port)]
    service = subprocess.Popen(
        [*command, "--data", str(folder / "data")],
        env={
            **os.environ,
            "PYTHONWARNINGS": "ignore",
        },
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        address = f"http://127.0.0.1:{port}"
        _wait_for(address, service)
        yield address
    finally:
        service.terminate()
        service.wait(timeout=30)


def _wait_for(address: str, service: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + _PATIENCE_S
    while time.monotonic() < deadline and service.poll() is None:
        try:
            if httpx.get(f"{address}/healthz").is_success:
                return
        except httpx.HTTPError:
            time.sleep(0.2)
    pytest.fail("the service did not start")
