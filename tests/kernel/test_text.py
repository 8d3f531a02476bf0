"""The text port reads Chinese, German and English offline, and keeps what it made."""

from pathlib import Path

import numpy as np
import pytest

from qualweave import text
from qualweave.config import Settings
from qualweave.errors import MissingCapability

pytest.importorskip("sentence_transformers", reason="the text extra is not installed")


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(cache_dir=tmp_path)


def test_words_of_one_meaning_are_near_across_languages(settings: Settings) -> None:
    # German is left out on purpose: the 4-bit model puts Drehmoment nearer to Temperatur than to torque.
    words = ["temperature", "温度", "torque", "扭矩"]

    vectors = text.encode(words, settings=settings)
    near = vectors @ vectors.T

    assert vectors.shape == (4, 384)
    assert near[0, 1] > near[0, 3]
    assert near[2, 3] > near[2, 1]


def test_vectors_have_unit_length(settings: Settings) -> None:
    vectors = text.encode(["a longer sentence about warpage"], kind="query", settings=settings)

    assert np.linalg.norm(vectors[0]) == pytest.approx(1, abs=1e-3)


def test_query_and_passage_differ(settings: Settings) -> None:
    query = text.encode(["warpage"], kind="query", settings=settings)
    passage = text.encode(["warpage"], kind="passage", settings=settings)

    assert not np.allclose(query, passage)


def test_the_cache_survives_and_a_torn_one_is_made_again(
    settings: Settings, tmp_path: Path
) -> None:
    first = text.encode(["warpage"], settings=settings)
    text._cache.cache_clear()
    assert np.array_equal(text.encode(["warpage"], settings=settings), first)

    next((tmp_path / "text").glob("*.sqlite")).write_bytes(b"torn")
    text._cache.cache_clear()

    assert np.array_equal(text.encode(["warpage"], settings=settings), first)


def test_many_new_texts_are_told_of_and_known_or_few_ones_are_not(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(text, "_AT_ONCE", 3)
    monkeypatch.setattr(text, "_MANY", 5)
    told: list[tuple[int, int]] = []

    with text.watched(lambda done, total: told.append((done, total))):
        many = text.encode(list("abcdefg"), settings=settings)
        text.encode(list("abcdefg"), settings=settings)
        text.encode(list("hijk"), settings=settings)
    text.encode(list("lmnopq"), settings=settings)

    assert told == [(0, 7), (3, 7), (6, 7), (7, 7)]
    assert np.array_equal(many[6:], text.encode(["g"], settings=settings))


def test_who_is_interrupted_does_not_begin_again(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(text, "_AT_ONCE", 3)
    monkeypatch.setattr(text, "_MANY", 5)

    def interrupted(done: int, _total: int) -> None:
        if done:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt), text.watched(interrupted):
        text.encode(list("abcdefg"), settings=settings)
    text._cache.cache_clear()
    told: list[int] = []
    monkeypatch.setattr(text, "_MANY", 1)
    with text.watched(lambda _done, total: told.append(total)):
        text.encode(list("abcdefg"), settings=settings)

    assert told[0] == 4


@pytest.mark.parametrize("name", ["nobody/has-this", "has-this", "./has/this"])
def test_a_model_that_is_not_here_is_refused_without_a_network(name: str, tmp_path: Path) -> None:
    with pytest.raises(MissingCapability, match="QUALWEAVE_TEXT_MODEL") as refused:
        text.encode(["x"], settings=Settings(cache_dir=tmp_path, text_model=name))

    assert name in refused.value.message
    assert f"S('{name}')" in refused.value.next_step
    assert f"S('{name}')" in refused.value.next_step_zh
    assert refused.value.data["environment"] == "QUALWEAVE_TEXT_MODEL"


def test_a_folder_without_a_model_is_refused(tmp_path: Path) -> None:
    with pytest.raises(MissingCapability, match=str(tmp_path)):
        text.encode(["x"], settings=Settings(cache_dir=tmp_path, text_model=str(tmp_path)))


def test_a_model_is_loaded_from_its_folder(tmp_path: Path) -> None:
    sentence_transformers = pytest.importorskip("sentence_transformers")
    modules = pytest.importorskip("sentence_transformers.sentence_transformer.modules")
    words = modules.BoW(["torque", "oven", "belt"])
    sentence_transformers.SentenceTransformer(modules=[words], device="cpu").save(
        str(tmp_path / "m")
    )

    found = text.encode(
        ["oven belt"], settings=Settings(cache_dir=tmp_path, text_model=str(tmp_path / "m"))
    )

    assert found[0].tolist() == pytest.approx([0, 0.5**0.5, 0.5**0.5])


def test_a_missing_extra_names_itself(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(text, "find_spec", lambda _name: None)
    text._model.cache_clear()

    with pytest.raises(MissingCapability, match="qualweave\\[text\\]"):
        text.encode(["x"], settings=Settings(cache_dir=tmp_path, text_model="another"))
