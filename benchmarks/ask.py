"""How well `qualweave ask` finds the question meant, fills its parameters and refuses what is not in the catalogue.

``python -m benchmarks ask [FOLDER]``: with the data folder of an example plant (seed 1), identifiers are looked up in
its graph. The tuning half was used for weights and threshold; ``check`` was written later and run once.
"""

import sys
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import yaml

from qualweave.api.questioning import companies, kinds_of
from qualweave.api.service import Service
from qualweave.config import Settings
from qualweave.ontology.load import load_graph
from qualweave.ontology.queries.asking import Asker, Reading
from qualweave.ontology.queries.catalogue import load_catalogue
from qualweave.ontology.terms import TermIndex
from qualweave.principal import Principal

_ROWS = Path(__file__).with_name("ask_questions.yaml")
_ASKS = Principal(id="benchmark", roles=frozenset({"engineer"}))
Read = Callable[[str], Reading]


def main() -> None:
    """Print each part of the sentences, with and without the text model, and what went wrong."""
    told = yaml.safe_load(_ROWS.read_text("utf-8"))
    terms, catalogue = TermIndex.from_graph(load_graph()), load_catalogue()
    service = _service()
    names = companies(service, _ASKS) if service else {}

    def resolve(given: Sequence[str]) -> Mapping[str, frozenset[str]]:
        return kinds_of(service, given, _ASKS) if service else {}

    print(f"{len(catalogue)} questions; identifiers looked up in a graph: {bool(service)}")
    print(
        f"{'':22}{'half':9}{'asked':>6}{'right':>7}{'silent':>7}{'wrong':>7}{'values':>8}{'refused':>9}{'ms':>6}"
    )
    for title, settings in (("words alone", None), ("words and meaning", Settings())):
        asker = Asker(terms, catalogue, settings)
        for half in ("tune", "holdout", "check"):
            _half(
                title,
                half,
                told[half],
                lambda t, a=asker: a.read(t, resolve=resolve, names=names),  # type: ignore[misc]
            )
    if service:
        service.close()


def _service() -> Service | None:
    if len(sys.argv) < 2:
        return None
    return Service(Settings(data_dir=Path(sys.argv[1]), dev=True))


def _half(
    title: str, half: str, rows: Sequence[tuple[str, str, dict[str, str]]], read: Read
) -> None:
    read(rows[0][0])
    started = time.perf_counter()
    answered = [(row, read(row[0])) for row in rows]
    each = (time.perf_counter() - started) / len(rows) * 1000
    asked = [(row, one) for row, one in answered if row[1] != "-"]
    none = [(row, one) for row, one in answered if row[1] == "-"]
    right = [(row, one) for row, one in asked if one.chosen and one.chosen.question.id == row[1]]
    silent = sum(one.chosen is None for _, one in asked)
    filled = sum(dict(one.chosen.values) == row[2] for row, one in right if one.chosen)
    refused = sum(one.chosen is None for _, one in none)
    print(
        f"{title:22}{half:9}{len(asked):6}{len(right):7}{silent:7}{len(asked) - len(right) - silent:7}"
        f"{filled:4}/{len(right):<3}{refused:5}/{len(none):<3}{each:6.0f}"
    )
    for row, one in answered:
        said = one.chosen.question.id if one.chosen else "-"
        values = dict(one.chosen.values) if one.chosen else {}
        if said != row[1] or (said != "-" and values != row[2]):
            near = ", ".join(c.question.id for c in one.nearest)
            print(
                f"    {row[0]}: {said} {values or ''} instead of {row[1]} {row[2] or ''} (near: {near})"
            )


if __name__ == "__main__":
    main()
