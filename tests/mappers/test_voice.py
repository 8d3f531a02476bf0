"""Voices: three people say one trouble in their own words, and it is one concept with three attributes."""

import pytest

from qualweave.errors import InputError
from qualweave.iri import Q, local_name
from qualweave.mappers.voice import VoiceReader
from qualweave.ontology.load import load_graph
from qualweave.ontology.terms import TermIndex


@pytest.fixture(scope="module")
def terms() -> TermIndex:
    return TermIndex.from_graph(load_graph())


@pytest.fixture(scope="module")
def reader(terms: TermIndex) -> VoiceReader:
    return VoiceReader(terms, load_graph())


@pytest.mark.parametrize(
    ("sentence", "attribute"),
    [
        ("模具磨损导致飞边", "cause"),
        ("合模力传感器漂移", "sensor_fault"),
        ("开箱即损", "customer_view"),
    ],
)
def test_three_voices_meet_in_one_concept(
    reader: VoiceReader, terms: TermIndex, sentence: str, attribute: str
) -> None:
    reading = reader.read(sentence)

    assert reading.to_json(terms)["entity_name"] == "Dimensional_Inaccuracy"
    assert reading.attribute == attribute
    assert reading.path[-1] == Q + "DimensionalInaccuracy"
    assert reading.evidence[0].in_language("zh")


@pytest.mark.parametrize(
    ("sentence", "concept"),
    [
        ("The housing shows scratches on the left", "Scratch"),
        ("外壳上有划痕", "Scratch"),
        ("micro cracks were seen after the test", "MicroCrack"),
        ("Spritzgussteil: warpage at the rib", "Warpage"),
        ("sink marks near the boss", "SinkMark"),
    ],
)
def test_a_defect_in_plain_words_is_read(reader: VoiceReader, sentence: str, concept: str) -> None:
    reading = reader.read(sentence)

    assert local_name(reading.concept) == concept
    assert reading.attribute == "observation"


def test_spans_point_into_the_sentence(reader: VoiceReader) -> None:
    sentence = "客户说外壳有划痕"

    mention = reader.read(sentence).mentions[0]

    assert sentence[mention.start : mention.end] == mention.words == "划痕"


def test_a_sentence_about_nothing_is_not_forced(reader: VoiceReader) -> None:
    reading = reader.read("Please call me back tomorrow")

    assert (reading.concept, reading.attribute, reading.confidence) == ("", "none", 0.0)


def test_an_empty_sentence_is_refused(reader: VoiceReader) -> None:
    with pytest.raises(InputError, match="empty"):
        reader.read("  ")
