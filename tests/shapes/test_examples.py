"""Each shape has an example that passes and one that fails; a missing or a wrong one is found."""

import pytest

from qualweave.checking import run_checks
from qualweave.ontology.load import load_graph
from qualweave.shapes import checks
from qualweave.shapes.checks import CHECKS, example_files
from qualweave.shapes.validate import validate

SHAPE = "ScopedCode"


def test_every_shape_has_an_example_that_passes_and_one_that_fails() -> None:
    outcome = run_checks(CHECKS, load_graph()).of("examples")

    assert outcome.ok, [str(one) for one in outcome.findings]
    assert outcome.figures["shapes"] == len(example_files()) >= 24


@pytest.mark.parametrize("change", ["none", "swapped"])
def test_a_missing_or_wrong_example_is_found(monkeypatch: pytest.MonkeyPatch, change: str) -> None:
    known = dict(example_files())
    text = known.pop(SHAPE)
    if change == "swapped":
        swapped = text.replace("d:passes", "d:x").replace("d:fails", "d:passes")
        known[SHAPE] = swapped.replace("d:x", "d:fails")
    monkeypatch.setattr(checks, "example_files", lambda: known)

    found = run_checks(CHECKS, load_graph()).of("examples").findings

    assert {one.term for one in found} == {SHAPE}
    assert found[0].file == f"shapes/examples/{SHAPE}.trig"


@pytest.mark.parametrize("shape", sorted(example_files()))
def test_pyshacl_judges_the_examples_alike(shape: str) -> None:
    head, rest = example_files()[shape].split("d:passes {")
    passes, fails = rest.split("d:fails {")

    broken = [
        {
            one.shape.rsplit("/", 1)[1]
            for one in validate((head + part.replace("}", "")).encode()).results
        }
        for part in (passes, fails)
    ]

    assert shape not in broken[0]
    assert shape in broken[1]
