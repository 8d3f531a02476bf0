"""``Idempotency-Key``: the answer to a request that was answered before is given again, nothing is done twice.

The same bytes are never ingested twice anyway; the key also gives the device the answer that it missed, and tells
a key that is used for something else. Keys are a tenant's own and are kept with the data.
"""

from hashlib import sha256
from pathlib import Path
from typing import Any

import orjson

from qualweave.api.receiving import receive
from qualweave.api.service import Service
from qualweave.errors import Conflict, InputError
from qualweave.principal import Principal
from qualweave.store.journal import sync_folder, write_durably

_LONGEST = 255  # characters of a key


class KeptReplies:
    """The answers of a tenant by key.

    Args:
        data_dir: The data folder.
        tenant: Whose.
    """

    def __init__(self, data_dir: Path, tenant: str) -> None:
        self._folder = data_dir / "idempotency" / tenant

    def find(self, key: str, request: bytes) -> Any:  # noqa: ANN401 - any JSON
        """Return the answer that was given to a request under a key, None where there was none.

        Raises:
            Conflict: If the key was given with another request.
            InputError: If the key is too long.
        """
        if len(key) > _LONGEST:
            raise InputError(
                f"The Idempotency-Key has {len(key)} characters; {_LONGEST} are taken.",
                message_zh=f"Idempotency-Key 有 {len(key)} 个字符，上限为 {_LONGEST}。",
                next_step="Give a shorter one, for example a UUID.",
                next_step_zh="请使用较短的键，例如 UUID。",
            )
        path = self._path(key)
        if not path.exists():
            return None
        kept = orjson.loads(path.read_bytes())
        if kept["request"] != sha256(request).hexdigest():
            raise Conflict(
                f"The Idempotency-Key {key!r} was given with another request.",
                message_zh=f"Idempotency-Key {key!r} 已用于另一请求。",
                next_step="Give each request a key of its own, and only a repeated one the same.",
                next_step_zh="请为每个请求使用独立的键，仅在重发时使用相同的键。",
                data={"key": key},
            )
        return kept["answer"]

    def keep(self, key: str, request: bytes, answer: object) -> None:
        """Keep the answer to a request under its key, durably, before it is given."""
        self._folder.mkdir(parents=True, exist_ok=True)
        path = self._path(key)
        scratch = path.with_suffix(".part")
        kept = {"request": sha256(request).hexdigest(), "answer": answer}
        write_durably(scratch, orjson.dumps(kept))
        scratch.rename(path)
        sync_folder(self._folder)

    def _path(self, key: str) -> Path:
        return self._folder / f"{sha256(key.encode()).hexdigest()}.json"


def receive_once(
    service: Service, name: str, content: bytes, *, key: str, principal: Principal, packed: bool
) -> Any:  # noqa: ANN401 - any JSON
    """Ingest what was sent, or return the answer that the same request under the same key had.

    Raises:
        Conflict: If the key was given with another request.
        InputError: Those of `receive`, or a key that is too long.
        Forbidden: If the principal may not ingest.
    """
    principal.require("engineer")
    kept, told = (
        KeptReplies(service.settings.data_dir, principal.tenant),
        name.encode() + b"\0" + content,
    )
    if key and (answer := kept.find(key, told)) is not None:
        return answer
    report = receive(service, name, content, principal=principal, packed=packed).to_json()
    if key:
        kept.keep(key, told, report)
    return report
