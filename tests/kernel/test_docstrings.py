"""The examples in docstrings are run, in every module that can be imported here."""

import doctest
import importlib
import pkgutil

import pytest

import qualweave

_RUN_AS_PROGRAMS = ("__main__",)
MODULES = sorted(
    one.name
    for one in pkgutil.walk_packages(qualweave.__path__, "qualweave.")
    if one.name.rsplit(".", 1)[-1] not in _RUN_AS_PROGRAMS
)


def test_there_are_modules_with_examples() -> None:
    finder = doctest.DocTestFinder()
    examples = [
        one
        for name in ("qualweave.gs1.identity", "qualweave.negotiation", "qualweave.iri")
        for one in finder.find(importlib.import_module(name))
        if one.examples
    ]

    assert len(examples) > 3
    assert len(MODULES) > 150


@pytest.mark.parametrize("name", MODULES)
def test_the_examples_of_a_module_hold(name: str) -> None:
    result = doctest.testmod(importlib.import_module(name), optionflags=doctest.ELLIPSIS)

    assert result.failed == 0
