"""While a release is checked nobody waits, and what changed meanwhile is not released."""

import threading
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from rdflib import Graph

from qualweave.api import governing
from qualweave.api.governing import Governing
from qualweave.api.reviewing import Reviewing, Wanted
from qualweave.api.service import Service
from qualweave.checking import Finder, Finding
from qualweave.config import Settings
from qualweave.errors import Conflict
from qualweave.principal import SEATS, Principal
from tests.ontology.test_proposal import ADDED

LI = Principal("li", frozenset({"engineer"}))
WANG = Principal("wang", frozenset({"architect"}))
FIELDS = "serial_number,timestamp,flurb_idx\nS1,2025-03-02T10:00:00Z,0.5\n"


@dataclass
class SlowCheck:
    """A check that says when it has begun, and lasts until it is told to end."""

    begun: threading.Event = field(default_factory=threading.Event)
    end: threading.Event = field(default_factory=threading.Event)

    def __call__(self, graph: Graph) -> Sequence[Finding]:
        self.begun.set()
        assert self.end.wait(120)
        return ()


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    folder = tmp_path_factory.mktemp("checked")
    settings = Settings(data_dir=folder, publish_interval_ms=0, governance_thorough=False)
    served = Service(settings)
    yield served
    served.close()


@pytest.fixture
def check(monkeypatch: pytest.MonkeyPatch) -> Iterator[SlowCheck]:
    slow = SlowCheck()
    monkeypatch.setattr(governing, "release_checks", lambda _: (Finder("slow", slow),))
    yield slow
    slow.end.set()


def passed(service: Service, turtle: str) -> str:
    request = Governing(service, LI).propose(turtle)
    for seat in SEATS[:3]:
        holder = Principal(f"holder of {seat}", seats=frozenset({seat}))
        Governing(service, holder).vote(request.id, "yes", seat=seat)
    return request.id


def test_persons_go_on_while_a_release_is_checked_and_what_they_withdraw_is_not_released(
    service: Service, check: SlowCheck, tmp_path: Path
) -> None:
    (tmp_path / "Oven3_20250302.csv").write_text(FIELDS, "utf-8")
    service.ingest(tmp_path / "Oven3_20250302.csv", principal=LI)
    (question,) = service.questions(LI)
    request, before = passed(service, ADDED), Governing(service, WANG).releases()
    answer = Wanted("choose", (question.id,), term="q:SlurryViscosity")

    with ThreadPoolExecutor(2) as pool:
        accepted = pool.submit(Governing(service, WANG).accept, request)
        try:
            assert check.begun.wait(60)
            answered = pool.submit(Reviewing(service, LI).decide, answer).result(timeout=60)
            Governing(service, LI).refuse(request, "a better name is coming")
            assert not accepted.done()
        finally:
            check.end.set()
        with pytest.raises(Conflict, match="is refused now, by li: a better name") as told:
            accepted.result(timeout=60)

    assert answered["rows_lifted"] == 1
    assert "检查期间发生变化" in told.value.in_language("zh")
    assert Governing(service, WANG).releases() == before
