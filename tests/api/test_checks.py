"""The check of the questions finds what is planted, and the command composes all checks."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from rdflib import URIRef
from rdflib.namespace import RDFS
from typer.testing import CliRunner

from qualweave.api import checks
from qualweave.api.checks import answered, installation, release_checks
from qualweave.api.cli import app as command_line
from qualweave.api.service import Service
from qualweave.config import Settings
from qualweave.iri import Q
from qualweave.ontology.load import load_graph
from qualweave.ontology.queries.catalogue import load_catalogue
from qualweave.ontology.queries.expected import expected_rows, first_difference
from tests.api.conftest import Plant

ONE = load_catalogue().by_id("equipment-on-line")
one_plant = pytest.mark.parametrize("plant", [1], indirect=True, ids=["seed 1"])


@one_plant
@pytest.mark.parametrize(
    ("change", "word"),
    [
        ({}, ""),
        ({"sparql": ONE.sparql.replace("q:onLine", "q:usesTool")}, "0 rows where"),
        (
            {"sparql": ONE.sparql.replace("?equipment ?owner WHERE", "?equipment WHERE")},
            "no column",
        ),
        ({"sparql": "SELECT ?equipment WHERE { $line"}, "cannot be read"),
        ({"id": "nobody-kept-rows"}, "No question"),
    ],
    ids=["sound", "other rows", "lost column", "broken query", "no rows"],
)
def test_a_question_that_no_longer_answers_as_reviewed_is_found(
    plant: Plant, monkeypatch: pytest.MonkeyPatch, change: dict[str, str], word: str
) -> None:
    question = replace(ONE, **change)
    monkeypatch.setattr(
        plant.service.asker.catalogue,
        "by_id",
        lambda name: question if name == question.id else ONE,
    )

    wrong = answered(plant.service, question).wrong

    assert (wrong == "") is (word == "")
    assert word in wrong


def test_rows_differ_by_number_column_or_value() -> None:
    wanted = expected_rows(ONE)

    assert first_difference(wanted, wanted) == ""
    assert "expected" in first_difference(wanted, wanted[:-1])
    assert "'equipment'" in first_difference(wanted, [{**one, "equipment": "x"} for one in wanted])


def test_the_digest_of_an_installation_is_stable() -> None:
    assert installation() == installation()


def test_the_command_prints_every_check_and_ends_with_its_status(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("QUALWEAVE_CACHE_DIR", str(tmp_path))
    told = CliRunner().invoke(command_line, ["ontology", "check", "--no-reason", "--no-plant"])

    assert told.exit_code == 0, told.output
    for name in ("parse", "form", "texts", "profile", "pitfalls", "examples"):
        assert f"\n{name} " in told.output


def test_the_command_ends_with_status_two_where_a_check_could_not_be_made(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("PATH", "")

    told = CliRunner().invoke(command_line, ["ontology", "check", "--no-plant"])

    assert told.exit_code == 2, told.output
    assert "not checked: elk, satisfiable" in told.output
    assert "Java" in told.output


def test_the_command_ends_with_status_one_where_something_is_wrong(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    broken = checks.load_graph()
    broken.remove((URIRef(Q + "Warpage"), RDFS.label, None))
    monkeypatch.setattr(checks, "load_graph", lambda: broken)

    told = CliRunner().invoke(command_line, ["ontology", "check", "--no-reason", "--no-plant"])

    assert told.exit_code == 1
    assert "has no label" in told.output
    assert "ontology/modules/" in told.output


def test_a_release_is_judged_by_every_check_where_it_is_to_be_thorough(tmp_path: Path) -> None:
    quick, thorough = (
        {one.name for one in release_checks(Settings(cache_dir=tmp_path, governance_thorough=one))}
        for one in (False, True)
    )

    assert {"texts", "profile", "pitfalls", "satisfiable"} <= quick
    assert thorough - quick == {"merges", "examples", "questions"}


@one_plant
def test_an_edited_ontology_must_still_answer_what_it_answered(
    monkeypatch: pytest.MonkeyPatch, plant: Plant
) -> None:
    @contextmanager
    def copy(_: Path) -> Iterator[Service]:
        with TemporaryDirectory() as folder:
            data = shutil.copytree(plant.made / "data", Path(folder) / "data")
            service = Service(Settings(data_dir=data, cache_dir=Path(folder), dev=True))
            yield service
            service.close()

    monkeypatch.setattr(checks, "example_plant", copy)
    more, less = load_graph(), load_graph()
    more.add((URIRef(Q + "NewDefect"), RDFS.subClassOf, URIRef(Q + "Defect")))
    less.remove((None, URIRef(Q + "typicalContext"), None))

    added = checks.Questions(Path(), edited=True).run(more)
    removed = checks.Questions(Path(), edited=True).run(less)

    assert added.findings == ()
    emptied = {one.term for one in removed.findings}
    assert {"parameters-of-process", "contexts-of-parameter", "gauges"} <= emptied
    named = {one.id for one in load_catalogue() if Q + "typicalContext" in one.terms}
    assert emptied <= named
    assert all("has no row any more" in one.message for one in removed.findings)
