"""Whoever reads Chinese is told in Chinese: every error that the product raises carries both languages."""

import ast
from collections.abc import Iterator
from pathlib import Path

import qualweave
from qualweave import errors

_KINDS = {
    name
    for name, one in vars(errors).items()
    if isinstance(one, type) and issubclass(one, errors.QualweaveError)
}


def _sources(folder: Path) -> Iterator[Path]:
    for one in folder.iterdir():
        if one.is_dir():  # the parts of the package may be linked into it
            yield from _sources(one)
        elif one.suffix == ".py":
            yield one


def _raised(tree: ast.AST) -> Iterator[tuple[int, set[str]]]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and getattr(node.func, "id", "") in _KINDS:
            given = {one.arg for one in node.keywords}
            if None not in given:  # **facts come from another error
                yield node.lineno, {str(one) for one in given}


def test_every_error_has_both_languages() -> None:
    folder = Path(qualweave.__file__).parent
    found = [
        f"{path.relative_to(folder)}:{line}"
        for path in sorted(_sources(folder))
        for line, given in _raised(ast.parse(path.read_text("utf-8")))
        if "message_zh" not in given or ("next_step" in given and "next_step_zh" not in given)
    ]

    assert found == []
    assert len(_KINDS) > 10
