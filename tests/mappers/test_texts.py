"""Texts: every concept that is named, with its place, whether it is claimed, who speaks, and what is told of it."""

import time
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qualweave.errors import InputError
from qualweave.iri import local_name
from qualweave.mappers.texts.folding import fold
from qualweave.mappers.texts.reading import Candidate, TextReader
from qualweave.mappers.texts.redact import redacted
from qualweave.ontology.load import load_graph
from qualweave.ontology.terms import TermIndex


@pytest.fixture(scope="module")
def terms() -> TermIndex:
    return TermIndex.from_graph(load_graph())


@pytest.fixture(scope="module")
def reader(terms: TermIndex) -> TextReader:
    return TextReader(terms, load_graph())


def _named(reader: TextReader, text: str) -> list[tuple[str, str, str]]:
    return [(local_name(one.term), one.words, one.state) for one in reader.read(text).candidates]


def _one(reader: TextReader, text: str) -> Candidate:
    (found,) = reader.read(text).candidates
    return found


def test_the_fridge_has_two_troubles(reader: TextReader) -> None:
    assert _named(reader, "冰箱门关不严有异响") == [
        ("PoorClosure", "门关不严", "present"),
        ("AbnormalNoise", "异响", "present"),
    ]


@pytest.mark.parametrize(
    "text",
    [
        "冰箱的门总是关得不严",
        "抽屉关不紧",
        "The door does not close properly",
        "The lid won't shut",
        "Tür schließt nicht richtig",
        "Die Tuer geht nicht mehr zu",
    ],
)
def test_closing_badly_is_said_in_many_ways(reader: TextReader, text: str) -> None:
    assert local_name(_one(reader, text).term) == "PoorClosure"


@pytest.mark.parametrize(
    ("text", "term"),
    [
        ("3号位螺栓有点松动", "LooseFastener"),
        ("The electrode is badly worn", "ElectrodeWear"),
        ("Deutliche Lackkratzern", "Scratch"),
        ("pls chk scrtach on cover", "Scratch"),
    ],
)
def test_bent_spread_and_misspelt_names_are_found(reader: TextReader, text: str, term: str) -> None:
    assert local_name(_one(reader, text).term) == term


@pytest.mark.parametrize(
    ("text", "state"),
    [
        ("没有异响", "negated"),
        ("未发现划痕、凹坑", "negated"),
        ("no scratches, dents or burrs", "negated"),
        ("The unit is scratch-free", "negated"),
        ("Keine Leckage festgestellt", "negated"),
        ("no scratches were found", "negated"),
        ("怀疑虚焊", "uncertain"),
        ("有没有漏油？", "uncertain"),
        ("Is the lid warped?", "uncertain"),
        ("Vermutlich Riss", "uncertain"),
        ("异响已消除", "resolved"),
        ("出现短射，调机后未再出现", "resolved"),
        ("The leak has been fixed", "resolved"),
        ("Leak at the valve. Has been fixed.", "resolved"),
        ("Leckage tritt nicht mehr auf", "resolved"),
        ("Kein Geräusch mehr", "resolved"),
        ("漏水没有解决", "present"),
        ("The leak is not fixed", "present"),
        ("Why is there a leak?", "present"),
        ("为什么漏水？", "present"),
        ("not only scratches", "present"),
        ("The door does not close", "present"),
        ("没有拧紧导致漏水", "present"),
    ],
)
def test_what_is_denied_doubted_or_over_is_not_claimed(
    reader: TextReader, text: str, state: str
) -> None:
    found = reader.read(text).candidates

    assert found
    assert found[-1].state == state
    if state in ("negated", "resolved", "uncertain"):
        assert found[-1].cue is not None


def test_a_denial_ends_with_its_clause(reader: TextReader) -> None:
    assert [one[2] for one in _named(reader, "客户说没有飞边，但翘曲严重。")] == [
        "negated",
        "present",
    ]
    assert [one[2] for one in _named(reader, "No noise, but it is leaking.")] == [
        "negated",
        "present",
    ]


@pytest.mark.parametrize(
    ("text", "viewpoint"),
    [
        ("客户反映外壳有划痕", "customer"),
        ("The operator saw scratches in this batch", "process"),
        ("合模力传感器漂移", "equipment"),
        ("开箱即损", "customer"),
        ("模具磨损导致飞边", "process"),
    ],
)
def test_the_viewpoint_is_told_with_its_reason(
    reader: TextReader, text: str, viewpoint: str
) -> None:
    told = reader.read(text).candidates[0].viewpoint

    assert (told.viewpoint, bool(told.words)) == (viewpoint, True)


def test_part_place_severity_and_quantity_belong_to_the_nearest_trouble(reader: TextReader) -> None:
    first, second = reader.read(
        "门板左侧有严重划痕，长约5 cm；极耳虚焊 3 件，SN: BP20250712A003"
    ).candidates

    told = {one.kind: (one.words, one.value, one.unit) for one in first.details}
    assert told["part"][0] == "门板"
    assert told["severity"][0] == "严重"
    assert told["identifier"][0] == "BP20250712A003"
    assert {one.kind: one.words for one in second.details}["part"] == "极耳"
    every = {
        (one.kind, one.words, one.value) for one in reader.read("极耳虚焊 3 件，偏 0,5mm").details
    }
    assert ("count", "3 件", 3.0) in every
    assert ("quantity", "0,5mm", 0.5) in every
    assert [one.words for one in reader.read("划痕长约5cm").details] == ["5cm"]


def test_one_word_for_two_concepts_is_settled_by_a_causal_link(reader: TextReader) -> None:
    grat = reader.read("Der Grat entsteht durch Formverschleiß.").candidates[0]

    assert local_name(grat.term) == "Flash"
    assert [local_name(one) for one in grat.alternatives] == ["Burr"]


def test_places_are_characters_of_the_original(reader: TextReader) -> None:
    text = "Ma\u0308ngel: ﬂache ５㎜ Straße, Tür schließt nicht, dann Ｆｌａｓｈ"

    for one in reader.read(text).candidates:
        assert text[one.start : one.end] == one.words
    assert [local_name(one.term) for one in reader.read(text).candidates] == [
        "PoorClosure",
        "Flash",
    ]


@given(st.text(max_size=60))
def test_folding_keeps_its_way_back(text: str) -> None:
    folded = fold(text)

    assert len(folded.ends) == len(folded.text) == len(folded.starts) - 1
    assert list(folded.starts) == sorted(folded.starts)
    for start, end in zip(folded.starts, folded.ends, strict=False):
        assert 0 <= start < end <= len(text)


@given(
    st.lists(
        st.sampled_from(["没有", "异响", "，", "no ", "leak ", "ß", "ü", "？", "Grat ", "e\u0301"]),
        min_size=1,
    )
)
def test_any_mixture_is_read_with_true_places(reader: TextReader, parts: list[str]) -> None:
    text = "".join(parts)

    for one in reader.read(text).candidates if text.strip() else ():
        assert text[one.start : one.end] == one.words
        assert unicodedata.normalize("NFC", one.words)


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("Replaced the faucet on our sink, it was leaking", [("Leakage", "leaking", "present")]),
        ("There wasn't any reason why it leaked", [("Leakage", "leaked", "present")]),
        ("The toe plate looked odd", []),
        ("It works right out of the box", []),
        ("设备无故停机", [("MachineFailure", "停机", "present")]),
        ("机器坏了，外壳歪了", [("MachineFailure", "坏了", "present"), ("Warpage", "歪了", "present")]),
        ("Parts from cavity 2 and cavity three", []),
        ("冰箱放置不平，地面不稳", []),
        ("漏水可能导致部件损坏", [("Leakage", "漏水", "present"), ("MachineFailure", "部件损坏", "uncertain")]),
        ("sehr laute, quietschende Geräusche", [("AbnormalNoise", "sehr laute", "present"), ("AbnormalNoise", "quietschende Geräusche", "present")]),
        ("zu laute quietschende Geräusche", [("AbnormalNoise", "zu laute quietschende Geräusche", "present")]),
    ],
)  # fmt: skip
def test_what_strangers_write_is_read(
    reader: TextReader, text: str, named: list[tuple[str, str, str]]
) -> None:
    assert _named(reader, text) == named


def test_a_document_is_read_in_bounded_time(reader: TextReader) -> None:
    text = "夜班发现飞边，客户说没有异响。The door does not close. Tür schließt nicht. " * 200

    assert len(reader.read(text).candidates) == 800


@pytest.mark.parametrize(
    "piece",
    [
        "-a",
        "a",
        " ",
        "1",
        "关",
        "door ",
        "no ",
        "door  -",
        "焊",
        "没有",
        ".",
        "ä\u0301",
        "a@",
        "1-",
    ],
)
def test_a_hostile_text_is_read_in_bounded_time(reader: TextReader, piece: str) -> None:
    text = "x" + piece * 20_000
    before = time.process_time()

    reader.read(text)
    redacted(text)

    assert time.process_time() - before < 12


@pytest.mark.parametrize("text", ["", "  \n"])
def test_an_empty_text_is_refused(reader: TextReader, text: str) -> None:
    with pytest.raises(InputError, match="empty"):
        reader.read(text)


def test_what_names_nothing_is_silent(reader: TextReader) -> None:
    reading = reader.read("Delivery was on time. 安装师傅很专业。")

    assert reading.candidates == ()
    assert len(reading.silent) == 2
