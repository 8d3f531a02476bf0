"""Units that stand in a column of their own, beside the values of a wide table."""

from collections.abc import Mapping

import pytest

from qualweave.mappers.lift.batch import Batch
from qualweave.mappers.lift.build import Lifted, lift
from qualweave.mappers.vocabulary import Vocabulary
from qualweave.ontology.load import load_graph
from qualweave.ontology.terms import TermIndex
from tests.mappers.test_lift import graph, mapping, table

TERMS = {
    "op": "operationIdentifier",
    "chamber": "ChamberTemperature",
    "unit": "unitText",
}


@pytest.fixture(scope="module")
def vocabulary() -> Vocabulary:
    return Vocabulary.from_terms(TermIndex.from_graph(load_graph()))


def lifted(
    vocabulary: Vocabulary,
    columns: dict[str, list[str | None]],
    terms: Mapping[str, str],
    **more: object,
) -> Lifted:
    document = mapping("process_record", terms, **more)
    return lift(
        table(columns), document, batch=Batch("src", "ab" * 32, "t.csv"), vocabulary=vocabulary
    )


def values(result: Lifted, term: str) -> dict[str, float]:
    return {
        subject.rsplit("/", 1)[-1]: float(value)
        for subject, predicate, value in graph(result)
        if predicate == "q:" + term
    }


def test_a_row_is_read_in_the_unit_that_it_names(vocabulary: Vocabulary) -> None:
    columns: dict[str, list[str | None]] = {
        "op": ["A1", "A2", "A3"],
        "chamber": ["350", "176", "180"],
        "unit": ["°F", "°C", None],
    }
    result = lifted(vocabulary, columns, {one: TERMS[one] for one in columns})

    assert values(result, "ChamberTemperature") == {
        "A1": pytest.approx(176.6667, abs=1e-3),
        "A2": 176.0,
        "A3": 180.0,
    }
    assert not result.problems


def test_the_unit_of_a_column_goes_before_that_of_the_row(vocabulary: Vocabulary) -> None:
    columns: dict[str, list[str | None]] = {"op": ["A1"], "chamber": ["176"], "unit": ["°F"]}
    result = lifted(
        vocabulary, columns, {one: TERMS[one] for one in columns}, chamber={"unit": "Cel"}
    )

    assert values(result, "ChamberTemperature") == {"A1": 176.0}


def test_a_unit_of_another_dimension_changes_nothing(vocabulary: Vocabulary) -> None:
    columns: dict[str, list[str | None]] = {"op": ["A1"], "chamber": ["176"], "unit": ["mm"]}
    result = lifted(vocabulary, columns, {one: TERMS[one] for one in columns})

    assert values(result, "ChamberTemperature") == {"A1": 176.0}


def test_a_row_waits_whose_unit_may_be_that_of_two_values(vocabulary: Vocabulary) -> None:
    columns: dict[str, list[str | None]] = {
        "op": ["A1", "A2"],
        "chamber": ["350", "176"],
        "outside": ["70", "21"],
        "unit": ["°F", "°C"],
    }
    terms = {**{one: TERMS[one] for one in ("op", "chamber", "unit")}, "outside": "AirTemperature"}
    result = lifted(vocabulary, columns, terms)

    assert values(result, "ChamberTemperature") == {"A2": 176.0}
    [problem] = result.problems
    assert (problem.row, problem.code) == (2, "unclear-unit")
    assert "chamber, outside" in problem.message["en"]
    assert "chamber、outside" in problem.message["zh"]


def test_the_unit_of_a_quantity_is_not_that_of_a_parameter(vocabulary: Vocabulary) -> None:
    columns: dict[str, list[str | None]] = {
        "op": ["A1"],
        "chamber": ["176"],
        "amount": ["12"],
        "unit": ["°F"],
    }
    terms = {**{one: TERMS[one] for one in ("op", "chamber", "unit")}, "amount": "batchQuantity"}
    result = lifted(vocabulary, columns, terms)

    assert values(result, "ChamberTemperature") == {"A1": 176.0}
    assert not result.problems
