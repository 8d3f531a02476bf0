"""`seal`: the hash of a record that anyone can recompute with nothing but ``sha256sum``.

The hash is SHA-256 over one line of canonical JSON (keys sorted, no white space, UTF-8, every value a string as
it is printed; the strings' form follows RFC 8785), made of public fields only, so that whoever may see a record
may verify it. It holds the hash of the source file and the row, so the chain goes on to the file itself.
"""

import hashlib
from collections.abc import Iterable, Mapping

import orjson


def canonical_text(facts: Mapping[str, str]) -> bytes:
    """Return the line that is hashed; empty facts are left out.

    >>> canonical_text({"b": "2", "a": "°C", "c": ""}).decode()
    '{"a":"°C","b":"2"}'
    """
    return orjson.dumps(
        {key: value for key, value in facts.items() if value}, option=orjson.OPT_SORT_KEYS
    )


def seal(text: bytes) -> str:
    """Return the SHA-256 digest of a text in hexadecimal."""
    return hashlib.sha256(text).hexdigest()


def seal_of_all(hashes: Iterable[str]) -> str:
    """Return the digest over several digests: sorted, one a line, each line ended."""
    return seal("".join(f"{one}\n" for one in sorted(hashes)).encode())
