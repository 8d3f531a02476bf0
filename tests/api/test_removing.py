"""A term that is used once its removal was voted for is not removed: by no release alone and by no train."""

from collections.abc import Iterator
from importlib.resources import files
from pathlib import Path

import pytest

from qualweave.api.governing import Governing
from qualweave.api.releasing import Releasing
from qualweave.api.service import Service
from qualweave.change_request import ChangeRequest
from qualweave.config import Settings
from qualweave.errors import Conflict
from qualweave.iri import RDF, Q
from qualweave.principal import SEATS, Principal
from qualweave.store.port import ChangeSet
from tests.ontology.test_proposal import ADDED

LI = Principal(id="li", roles=frozenset({"engineer", "architect"}))
GRAPH = "https://example.org/id/graph/data/plant/hand/1"
WITHOUT = files("qualweave.ontology").joinpath("modules", "defect.ttl").read_text("utf-8")


@pytest.fixture
def service(tmp_path: Path) -> Iterator[Service]:
    """Give a service whose ontology has a term more than this installation's."""
    made = Service(Settings(data_dir=tmp_path, dev=True))
    Governing(made, LI).accept(_passed(made, ADDED).id)
    yield made
    made.close()


def _passed(service: Service, text: str) -> ChangeRequest:
    found = Governing(service, LI).propose(text)
    for seat in SEATS[:3]:
        who = Principal(id=f"holder of {seat}", seats=frozenset({seat}))
        found = Governing(service, who).vote(found.id, "yes", seat=seat)
    return found


def test_data_that_came_in_after_the_vote_keep_their_term(service: Service) -> None:
    removal = _passed(service, WITHOUT)
    data = f"<urn:d:1> <{RDF}type> <{Q}LaserWarpage> .\n".encode()
    service.store.commit([ChangeSet(GRAPH, "data", inserts=data)], principal=LI)
    service.store.publish()

    with pytest.raises(Conflict, match="LaserWarpage is removed but used by"):
        Governing(service, LI).accept(removal.id)
    with pytest.raises(Conflict, match="LaserWarpage is removed but used by"):
        Releasing(service, LI).depart()

    assert Q + "LaserWarpage" in {one.iri for one in service.terms}


def test_a_term_that_nothing_uses_is_removed(service: Service) -> None:
    removal = _passed(service, WITHOUT)

    Governing(service, LI).accept(removal.id)

    assert Q + "LaserWarpage" not in {one.iri for one in service.terms}
