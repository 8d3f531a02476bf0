"""The ledger: one leaf per commit, each chained to the one before, appended and fsynced.

Leaf hashes are those of RFC 9162 (``sha256(0x00 || leaf)``); proofs over them come with the evidence
log. Here the chain already shows that no commit was taken out or changed afterwards.
"""

import os
from contextlib import suppress
from hashlib import sha256
from pathlib import Path

import orjson

from qualweave.errors import StoreError

_EMPTY = "0" * 64


class Ledger:
    """A file of leaves, one JSON line each."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._last, self._count, self._known = _EMPTY, 0, set[str]()
        self._mend()
        for leaf in self._leaves():
            self._last, self._count = leaf["chain"], self._count + 1
            self._known.add(leaf["commit"])

    def append(self, commit: str, at: str) -> str:
        """Add the leaf of a commit (once) and return the chain's head."""
        if commit in self._known:
            return self._last
        leaf_hash = sha256(b"\x00" + f"{commit} {at}".encode()).hexdigest()
        chain = sha256(bytes.fromhex(self._last) + bytes.fromhex(leaf_hash)).hexdigest()
        line = orjson.dumps({"commit": commit, "at": at, "leaf": leaf_hash, "chain": chain})
        size = self._path.stat().st_size if self._path.exists() else 0
        try:
            with self._path.open("ab") as file:
                file.write(line + b"\n")
                file.flush()
                os.fsync(file.fileno())
        except OSError as error:
            with suppress(OSError):  # a half line would be the beginning of the next leaf
                os.truncate(self._path, size)
            raise StoreError(
                f"The ledger could not be written: {error}.",
                message_zh=f"无法写入账本：{error}。",
                next_step="Free disk space or mend the disk; the commit is finished at the next start.",
                next_step_zh="请释放磁盘空间或检查磁盘；该提交将在下次启动时完成。",
            ) from error
        self._known.add(commit)
        self._last, self._count = chain, self._count + 1
        return chain

    def verify(self) -> int:
        """Return the number of leaves, once every one of them is shown to follow the one before.

        Raises:
            StoreError: If a leaf does not follow; ``data["line"]`` names it.
        """
        last = _EMPTY
        for number, leaf in enumerate(self._leaves(), 1):
            leaf_hash = sha256(b"\x00" + f"{leaf['commit']} {leaf['at']}".encode()).hexdigest()
            last = sha256(bytes.fromhex(last) + bytes.fromhex(leaf_hash)).hexdigest()
            if leaf["leaf"] != leaf_hash or leaf["chain"] != last:
                raise StoreError(
                    f"Leaf {number} of the ledger does not follow the one before.",
                    message_zh=f"账本第 {number} 条与前一条不衔接。",
                    next_step="Compare the ledger with a copy; it was changed after it was written.",
                    next_step_zh="请与备份比对：账本在写入后被改动。",
                    data={"line": number},
                )
        return self._count

    def _mend(self) -> None:
        """Cut off a last line that was not written to its end; its commit adds it again."""
        if not self._path.exists():
            return
        content = self._path.read_bytes()
        whole = content.rfind(b"\n") + 1
        if whole < len(content):
            os.truncate(self._path, whole)

    def _leaves(self) -> list[dict[str, str]]:
        if not self._path.exists():
            return []
        return [orjson.loads(line) for line in self._path.read_bytes().splitlines()]
