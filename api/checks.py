"""The check that needs a plant: every competency question gives its reviewed rows on the example plant.

The plant is generated and ingested once and kept in the cache; the key is what this installation consists of, so that
a change of the code, the ontology or a question makes it anew.
"""

import shutil
from collections.abc import Iterator
from collections.abc import Set as AbstractSet
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from hashlib import sha256
from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path
from tempfile import TemporaryDirectory

from rdflib import Graph

from qualweave.api.questioning import ask_question
from qualweave.api.service import Service
from qualweave.checking import Check, Checked, Finding, Report, run_checks
from qualweave.config import Settings
from qualweave.errors import JsonValue, QualweaveError
from qualweave.examples.plant import generate
from qualweave.ontology.checks import CHECKS as OF_ONTOLOGY
from qualweave.ontology.checks import OF_CONTENT, REASONED, SATISFIABLE, located
from qualweave.ontology.load import load_graph
from qualweave.ontology.queries.catalogue import Question
from qualweave.ontology.queries.expected import expected_rows, first_difference
from qualweave.ontology.queries.touching import named_iris, touched
from qualweave.ontology.reasoners.merges import Merges
from qualweave.ontology.store_form import triples_of
from qualweave.principal import SYSTEM, Principal
from qualweave.shapes.checks import CHECKS as OF_SHAPES
from qualweave.store.port import ChangeSet

_ENGINEER = Principal(id="engineer", roles=frozenset({"engineer", "architect"}))
_READER = Principal(id="check")
_KEPT = 2


@dataclass(frozen=True)
class Questions:
    """Every competency question gives the rows that were reviewed; implements `Check`.

    With the ontology of this installation the rows must be just those. An edited one adds terms, and rows with them:
    there each question must still be answered, and one that had rows must have some.

    Attributes:
        cache: Folder for the example plant.
        edited: The graph that is handed in is put in place of the ontology of this installation.
    """

    cache: Path
    edited: bool = False
    name: str = "questions"

    def run(self, graph: Graph) -> Checked:
        """Return the outcome over the example plant; the graph counts only where it is an edited one."""
        findings: list[Finding] = []
        named: set[str] = set()
        bound: set[str] = set()
        rows = 0
        with example_plant(self.cache) as service:
            if self.edited:
                _replace_ontology(service, graph)
            catalogue = list(service.asker.catalogue)
            for question in catalogue:
                outcome = answered(service, question, edited=self.edited)
                rows += outcome.rows
                named |= named_iris(outcome.sparql) if outcome.sparql else set()
                bound |= touched_by(service, outcome.sparql) if outcome.sparql else set()
                if outcome.wrong:
                    findings.append(_finding(self.name, question, outcome.wrong))
            terms = {one.iri for one in service.terms}
        figures: dict[str, JsonValue] = {
            "questions": len(catalogue),
            "rows": rows,
            "terms named": _share(named, terms),
            "terms touched": _share(bound, terms),
        }
        return Checked(self.name, tuple(findings), figures)


@dataclass(frozen=True)
class Outcome:
    """What came of asking a question.

    Attributes:
        rows: How many rows it gave.
        wrong: What is wrong with them, ``""`` for nothing.
        sparql: The text that was asked, ``""`` where none could be.
    """

    rows: int
    wrong: str
    sparql: str = ""


def answered(service: Service, question: Question, *, edited: bool = False) -> Outcome:
    """Return what comes of asking a question of the example plant, whose ontology may be an edited one."""
    try:
        found = ask_question(service, question.id, question.example, principal=_READER).found
        given = found.table.to_json()["rows"]
        rows = [one for one in given if isinstance(one, dict)] if isinstance(given, list) else []
        wrong = _wrong(question, rows, edited=edited)
    except QualweaveError as error:
        return Outcome(0, error.message)
    return Outcome(len(rows), wrong, found.sparql)


def _wrong(question: Question, rows: list[dict[str, JsonValue]], *, edited: bool) -> str:
    if question.moves:
        return ""
    expected = expected_rows(question)
    if edited:
        return "has no row any more" if expected and not rows else ""
    return first_difference(expected, rows)


def _replace_ontology(service: Service, graph: Graph) -> None:
    with service.reading(_READER.tenant) as snapshot:
        (entry,) = snapshot.graphs("ontology")
    change = ChangeSet(
        entry.graph, "ontology", inserts=triples_of(graph), replace=True, about=entry.about
    )
    service.store.commit([change], principal=SYSTEM)
    service.store.publish()
    service.adopt(graph)
    service.entail_all()


def touched_by(service: Service, sparql: str) -> frozenset[str]:
    """Return the IRIs that a text touches on the graph of a service: those it names and those it finds."""
    with service.reading(_READER.tenant) as snapshot:
        return touched(sparql, lambda text: (row.values() for row in snapshot.select(text)))


def _share(some: AbstractSet[str], terms: AbstractSet[str]) -> str:
    return f"{100 * len(some & terms) / len(terms):.0f} %"


@contextmanager
def example_plant(cache: Path) -> Iterator[Service]:
    """Lend a service over the small example plant; it is made where the cache does not hold it."""
    folder = cache / "example-plants" / installation()
    if not folder.exists():
        _make(folder)
    with (
        TemporaryDirectory() as copy
    ):  # a store has one process: two checks at once read two copies
        data = shutil.copytree(folder / "data", Path(copy) / "data")
        service = Service(Settings(data_dir=data, cache_dir=cache, dev=True))
        try:
            yield service
        finally:
            service.close()


def _make(folder: Path) -> None:
    """Make the plant beside its place and move it there whole; where another process was first, theirs is taken."""
    folder.parent.mkdir(parents=True, exist_ok=True)
    with TemporaryDirectory(dir=folder.parent, prefix="being-made-") as place:
        made = Path(place) / "plant"
        plant = generate(made, seed=1)
        service = Service(
            Settings(data_dir=made / "data", cache_dir=folder.parent.parent, dev=True)
        )
        try:
            service.ingest(plant.input, principal=_ENGINEER, answers=plant.answers)
            service.answer_from(plant.when_asked, principal=_ENGINEER)
        finally:
            service.close()
        with suppress(OSError):
            made.rename(folder)
    kept = [one for one in folder.parent.iterdir() if not one.name.startswith("being-made-")]
    for old in sorted(kept, key=lambda one: one.stat().st_mtime)[:-_KEPT]:
        shutil.rmtree(old, ignore_errors=True)


def installation() -> str:
    """Return a digest of every file of this installation."""
    digest = sha256()
    for name, file in sorted(_files(files("qualweave"), "")):
        digest.update(name.encode())
        digest.update(sha256(file.read_bytes()).digest())
    return digest.hexdigest()[:16]


def _files(folder: Traversable, below: str) -> Iterator[tuple[str, Traversable]]:
    for one in folder.iterdir():
        if one.is_dir() and one.name != "__pycache__":
            yield from _files(one, f"{below}{one.name}/")
        elif one.is_file() and not one.name.endswith((".pyc", ".csv")):
            yield below + one.name, one


def release_checks(settings: Settings) -> tuple[Check, ...]:
    """Return what judges an edited ontology before it is released."""
    quick = (*OF_CONTENT, SATISFIABLE)
    if not settings.governance_thorough:
        return quick
    return (*quick, Merges(), *OF_SHAPES, Questions(settings.cache_dir, edited=True))


def check_everything(
    settings: Settings, *, reason: bool = True, plant: bool = True, merges: Merges | None = None
) -> Report:
    """Return the outcome of every check of this installation.

    Args:
        settings: Whose cache keeps the example plant.
        reason: Also ask ELK and HermiT (need Java).
        plant: Also ask the competency questions of the example plant.
        merges: How the merges with alignment modules are judged; by ELK, without targets, where it is not said.
    """
    chosen: list[Check] = [one for one in OF_ONTOLOGY if reason or one not in REASONED]
    if merges is not None:
        chosen = [merges if one.name == merges.name else one for one in chosen]
    chosen += OF_SHAPES
    if plant:
        chosen.append(Questions(settings.cache_dir))
    return located(run_checks(chosen, load_graph()))


def _finding(check: str, question: Question, wrong: str) -> Finding:
    return Finding(
        check,
        question.id,
        wrong,
        f"结果与预期不符：{wrong}",
        file=f"ontology/questions/{question.id}.rq",
        line=1,
    )
