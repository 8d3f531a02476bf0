"""EPCIS documents: every event is in the graph, both formats say the same, what is invalid is refused."""

import re
from pathlib import Path

import orjson
import pyoxigraph as ox
import pytest

from qualweave.errors import UnreadableSource
from qualweave.iri import Q
from qualweave.mappers.epcis import LiftedEvents, lift_events
from qualweave.mappers.lift.batch import Batch
from qualweave.mappers.vocabulary import Vocabulary
from qualweave.ontology.load import load_graph
from qualweave.ontology.terms import TermIndex

EPCIS = Path(__file__).resolve().parents[3] / "shared" / "data" / "trace" / "epcis"
VALID = sorted(one for one in (EPCIS / "valid").rglob("*.*"))
INVALID = sorted(one for one in (EPCIS / "invalid").rglob("*.*"))
_EVENT = "(?:Object|Aggregation|Transaction|Transformation|Association)Event"
# The two files of these pairs say different things, so their quads differ rightly.
UNLIKE = {
    "AssociationEvent_all_possible_fields": "the XML declares xsi:type of its extensions, the JSON holds strings",
    "Combination_of_different_event": "declarationTime of the fifth event differs by an hour",
    "Events/TransformationEvent": "declarationTime differs by an hour",
}


@pytest.fixture(scope="module")
def vocabulary() -> Vocabulary:
    return Vocabulary.from_terms(TermIndex.from_graph(load_graph()))


def lifted(content: bytes, vocabulary: Vocabulary) -> LiftedEvents:
    return lift_events(content, batch=Batch("epcis", "cd" * 32, "events"), vocabulary=vocabulary)


def name(path: Path) -> str:
    return path.relative_to(EPCIS).as_posix()


def count(path: Path) -> int:
    text = path.read_text("utf-8")
    pattern = rf"<(?:\w+:)?{_EVENT}\b" if path.suffix == ".xml" else rf'"type"\s*:\s*"{_EVENT}"'
    return len(re.findall(pattern, text))


@pytest.mark.parametrize("path", VALID, ids=name)
def test_every_event_of_a_valid_file_is_in_the_graph(path: Path, vocabulary: Vocabulary) -> None:
    result = lifted(path.read_bytes(), vocabulary)

    triples = set(ox.parse(input=result.ntriples, format=ox.RdfFormat.N_TRIPLES))
    events = {one.subject for one in triples if one.object == ox.NamedNode(Q + "TraceabilityEvent")}
    assert result.problems == ()
    assert len(events) == len(set(result.event_iris)) == result.events_read == count(path)
    assert len(triples) == result.triples


def test_the_set_of_valid_files_is_there() -> None:
    assert not EPCIS.exists() or (len(VALID), sum(map(count, VALID))) == (48, 90)


@pytest.mark.parametrize(
    "path",
    [one for one in VALID if one.suffix == ".json" and "digitalLink" not in one.name],
    ids=name,
)
def test_json_and_xml_give_the_same_quads(path: Path, vocabulary: Vocabulary) -> None:
    twin = EPCIS / "valid" / "XML" / path.relative_to(EPCIS / "valid" / "JSON").with_suffix(".xml")
    unlike = any(one in path.with_suffix("").as_posix() for one in UNLIKE)

    ours = set(lifted(path.read_bytes(), vocabulary).ntriples.splitlines())
    theirs = set(lifted(twin.read_bytes(), vocabulary).ntriples.splitlines())

    assert (ours == theirs) is not unlike


@pytest.mark.parametrize("path", INVALID, ids=name)
def test_an_invalid_file_is_refused_with_the_reason(path: Path, vocabulary: Vocabulary) -> None:
    if "Queries" in path.parts or "missing_value" in path.name:
        with pytest.raises(UnreadableSource, match="query and holds no events"):
            lifted(path.read_bytes(), vocabulary)
        return
    result = lifted(path.read_bytes(), vocabulary)

    refused = {one.row for one in result.problems}
    assert refused
    assert len(result.event_iris) + len(refused) == result.events_read
    assert all(one.message["en"] and one.message["zh"] for one in result.problems)


def document(*events: dict[str, object]) -> bytes:
    context = [
        "https://ref.gs1.org/standards/epcis/epcis-context.jsonld",
        {"own": "https://own.example/"},
    ]
    body = {"eventList": list(events)}
    return orjson.dumps(
        {"@context": context, "type": "EPCISDocument", "schemaVersion": "2.0", "epcisBody": body}
    )


def edges(result: LiftedEvents) -> set[tuple[str, str]]:
    found = re.findall(rf"<([^>]+)> <{Q}derivedFromMaterial> <([^>]+)>", result.ntriples.decode())
    return {(a.rsplit("/", 1)[1], b.rsplit("/", 1)[1]) for a, b in found}


WHEN = {"eventTime": "2025-03-04T10:00:00+08:00", "eventTimeZoneOffset": "+08:00"}
GTIN = "urn:epc:id:sgtin:4012345.011111."


def test_a_transformation_links_every_output_to_every_input(vocabulary: Vocabulary) -> None:
    one = {
        "type": "TransformationEvent",
        **WHEN,
        "inputEPCList": [GTIN + "1", GTIN + "2"],
        "outputEPCList": [GTIN + "3"],
    }

    assert edges(lifted(document(one), vocabulary)) == {("3", "1"), ("3", "2")}


def test_events_of_one_transformation_id_are_one_transformation(vocabulary: Vocabulary) -> None:
    group = {
        "type": "TransformationEvent",
        **WHEN,
        "transformationID": "urn:uuid:9f3e0a52-0000-4000-8000-000000000001",
    }

    result = lifted(
        document({**group, "inputEPCList": [GTIN + "1"]}, {**group, "outputEPCList": [GTIN + "3"]}),
        vocabulary,
    )

    assert edges(result) == {("3", "1")}


@pytest.mark.parametrize(("action", "number"), [("ADD", 1), ("OBSERVE", 1), ("DELETE", 0)])
@pytest.mark.parametrize("kind", ["AggregationEvent", "AssociationEvent"])
def test_a_whole_is_made_of_its_parts_unless_they_were_taken_out(
    kind: str,
    action: str,
    number: int,
    vocabulary: Vocabulary,
) -> None:
    one = {
        "type": kind,
        **WHEN,
        "action": action,
        "parentID": GTIN + "9",
        "childEPCs": [GTIN + "1"],
    }

    assert edges(lifted(document(one), vocabulary)) == set([("9", "1")][:number])


def test_things_placed_at_a_location_are_no_parts_of_it(vocabulary: Vocabulary) -> None:
    place = "urn:epc:id:sgln:4012345.00005.0"
    one = {
        "type": "AssociationEvent",
        **WHEN,
        "action": "ADD",
        "parentID": place,
        "childEPCs": [GTIN + "1"],
    }

    assert edges(lifted(document(one), vocabulary)) == set()


def test_a_sensor_report_is_an_observation_with_unit_and_parameter(vocabulary: Vocabulary) -> None:
    element = {
        "sensorMetadata": {
            "time": "2025-03-04T02:00:00Z",
            "deviceID": "urn:epc:id:giai:4000001.111",
        },
        "sensorReport": [{"type": "Temperature", "value": 26.1, "uom": "CEL"}],
    }
    one = {
        "type": "ObjectEvent",
        **WHEN,
        "action": "OBSERVE",
        "epcList": [GTIN + "1"],
        "sensorElementList": [element],
    }

    text = lifted(document(one), vocabulary).ntriples.decode()

    for expected in (
        f"<{Q}observesParameter> <{Q}Temperature>",
        f'<{Q}simpleResult> "26.1"',
        f"<{Q}hasUnit> <http://qudt.org/vocab/unit/DEG_C>",
        f'<{Q}resultTime> "2025-03-04T02:00:00Z"',
        f"<{Q}madeBySensor> <https://id.gs1.org/8004/4000001111>",
        f"<{Q}hasFeatureOfInterest> <https://id.gs1.org/01/04012345111118/21/1>",
    ):
        assert expected in text


def test_the_same_event_twice_is_two_events(vocabulary: Vocabulary) -> None:
    one = {"type": "ObjectEvent", **WHEN, "action": "ADD", "epcList": [GTIN + "1"]}

    result = lifted(document(one, one), vocabulary)

    assert len(set(result.event_iris)) == 2


def test_a_context_that_is_not_here_is_named_and_its_event_still_counted(
    vocabulary: Vocabulary,
) -> None:
    one = {
        "type": "ObjectEvent",
        **WHEN,
        "action": "ADD",
        "epcList": [GTIN + "1"],
        "own:a": 1,
        "far:b": "x",
    }
    content = orjson.loads(document(one))
    content["@context"].append("https://far.example/context.jsonld")

    result = lifted(orjson.dumps(content), vocabulary)

    assert len(result.event_iris) == 1
    assert "<https://own.example/a>" in result.ntriples.decode()
    assert any("far.example" in one for one in result.warnings)
    assert any("far:b" in one for one in result.warnings)


def test_epcis_1_2_wrappers_are_opened(vocabulary: Vocabulary) -> None:
    content = b"""<epcis:EPCISDocument xmlns:epcis="urn:epcglobal:epcis:xsd:1" schemaVersion="1.2">
      <EPCISBody><EventList><extension><TransformationEvent>
        <eventTime>2025-03-04T10:00:00Z</eventTime><eventTimeZoneOffset>+00:00</eventTimeZoneOffset>
        <inputEPCList><epc>urn:epc:id:sgtin:4012345.011111.1</epc></inputEPCList>
        <outputEPCList><epc>urn:epc:id:sgtin:4012345.011111.3</epc></outputEPCList>
        <bizStep>urn:epcglobal:cbv:bizstep:commissioning</bizStep>
      </TransformationEvent></extension></EventList></EPCISBody></epcis:EPCISDocument>"""

    result = lifted(content, vocabulary)

    assert edges(result) == {("3", "1")}
    assert "<https://ref.gs1.org/cbv/BizStep-commissioning>" in result.ntriples.decode()


def test_an_xml_bomb_is_not_expanded(vocabulary: Vocabulary) -> None:
    bomb = b'<!DOCTYPE x [<!ENTITY a "ha">]><ObjectEvent><eventTime>&a;</eventTime></ObjectEvent>'

    result = lifted(bomb, vocabulary)

    assert result.event_iris == ()
