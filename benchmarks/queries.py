"""Time of the generated templates, each class and kind once, through the guard.

``python -m benchmarks queries FOLDER``: FOLDER is the data folder of an ingested plant, opened by nobody else. What is
timed is `Service.query`: parsing under guard, the query, and its answer as JSON, in a reader process.
"""

import statistics
import sys
import time
from collections import defaultdict
from pathlib import Path

import orjson

from qualweave.api.service import Service
from qualweave.config import Settings
from qualweave.ontology.queries.binding import Place, bind
from qualweave.ontology.queries.values import KINDS, Template
from qualweave.principal import Principal
from qualweave.store.results import JSON

_ASKS = Principal(id="benchmark", roles=frozenset({"engineer"}))
_LIMIT_MS = 150.0
_NOBODY = "https://example.org/id/plant/item/none"


def main() -> None:
    """Print p50, p95 and the greatest time per kind, the slowest ten, and what groups by a dimension."""
    service = Service(Settings(data_dir=Path(sys.argv[1]), dev=True))
    again: list[tuple[float, str, int]] = []
    times: dict[str, list[tuple[float, str, int]]] = defaultdict(list)
    grouped: list[tuple[float, str, int]] = []
    for term in service.templates.classes():
        thing = _NOBODY
        for template in service.templates.of(term):
            spent, rows, first = _timed(service, template, template.sparql, thing)
            times[template.kind].append((spent, template.name, rows))
            if spent > _LIMIT_MS:
                best = min(_timed(service, template, template.sparql, thing)[0] for _ in range(3))
                again.append((best, template.name, rows))
            thing = first if template.kind == "list" and first else thing
            if template.kind == "aggregate" and rows:
                for by, text in template.variants.items():
                    spent, rows, _ = _timed(service, template, text, thing)
                    grouped.append((spent, f"{template.name}?by={by}", rows))
    service.close()
    print(
        f"{'kind':12}{'templates':>10}{'with rows':>10}{'p50 ms':>9}{'p95 ms':>9}{'max ms':>9}{'over 150':>9}"
    )
    for kind in KINDS:
        _line(kind, times[kind])
    every = [one for kind in KINDS for one in times[kind]]
    _line("all", every)
    _line("by=…", grouped)
    still = sorted((one for one in again if one[0] > _LIMIT_MS), reverse=True)
    print(f"over 150 ms: {len(again)} at first, {len(still)} in the best of three more")
    for spent, name, rows in still:
        print(f"  {spent:7.1f} ms  {name} ({rows} rows)")
    print("slowest ten templates, and slowest five by=…")
    for spent, name, rows in [
        *sorted(every, reverse=True)[:10],
        *sorted(grouped, reverse=True)[:5],
    ]:
        print(f"  {spent:7.1f} ms  {name} ({rows} rows)")


def _timed(service: Service, template: Template, text: str, thing: str) -> tuple[float, int, str]:
    place = Place(service.terms)
    values = {one.name: thing for one in template.parameters if one.type == "thing"}
    sparql = bind(text, template.parameters, values, place=place)
    started = time.perf_counter()
    answer = service.query(sparql, principal=_ASKS, accept=JSON)
    spent = (time.perf_counter() - started) * 1000
    if template.kind != "list" or not answer.rows:
        return spent, answer.rows, ""
    first = orjson.loads(answer.body)["results"]["bindings"][0]["thing"]["value"]
    return spent, answer.rows, first


def _line(name: str, times: list[tuple[float, str, int]]) -> None:
    spent = sorted(one for one, _, _ in times)
    p95 = spent[int(0.95 * (len(spent) - 1))]
    over = sum(one > _LIMIT_MS for one in spent)
    rows = sum(bool(one) for _, _, one in times)
    print(
        f"{name:12}{len(spent):10}{rows:10}{statistics.median(spent):9.1f}{p95:9.1f}{spent[-1]:9.1f}{over:9}"
    )


if __name__ == "__main__":
    main()
