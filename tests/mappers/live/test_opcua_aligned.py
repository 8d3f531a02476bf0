"""An OPC UA server whose variables are aligned by the real aligner, with nothing confirmed before."""

import threading
import time
from pathlib import Path

import pytest

from qualweave.config import Settings
from qualweave.iri import Q
from qualweave.mappers.align import align
from qualweave.mappers.answering import answer_question
from qualweave.mappers.desk import desk
from qualweave.mappers.live.opcua import OpcUaOptions, OpcUaSource
from qualweave.mappers.profile import field_from_facts
from qualweave.mappers.revise import questions
from qualweave.ontology.terms import TermIndex
from qualweave.principal import SYSTEM
from qualweave.shapes.gate import ShapeGate
from qualweave.store.oxigraph import open_store
from tests.mappers.live.desks import torques
from tests.mappers.live.test_opcua import Press, listening

pytest.importorskip("asyncua", reason="the extra 'live' is not installed")


def test_what_a_server_says_of_a_variable_finds_its_term(tmp_path: Path, terms: TermIndex) -> None:
    press = Press(tmp_path / "press")
    press.start(0, 1)
    try:
        told = [one.facts for one in OpcUaSource(OpcUaOptions(press.url)).variables()]
    finally:
        press.kill()
    fields = [
        field_from_facts(name=one.name, unit=one.unit, description=one.description) for one in told
    ]

    found = {one.field.name: one for one in align(fields, terms, settings=Settings())}

    assert found["Torque"].ranked[0].term == Q + "Torque"
    assert found["Torque"].ranked[0].evidence


def test_a_restart_in_the_middle_loses_nothing_of_what_the_aligner_asked_about(
    tmp_path: Path, terms: TermIndex
) -> None:
    settings = Settings(data_dir=tmp_path / "data", live_seconds=0.5, live_rows=400)
    store = open_store(settings.data_dir / "store", settings)
    work = desk(
        store=store,
        terms=terms,
        settings=settings,
        principal=SYSTEM,
        gate=ShapeGate(),
        aligner=align,
    )
    press = Press(tmp_path / "press")
    press.start(0, 60)
    one = listening(work, press.url)
    thread = threading.Thread(target=one.run, args=(60,))
    thread.start()
    try:
        press.reach(20)
        press.kill()
        time.sleep(0.5)
        press.start(0, 60)
        press.reach(59)
        until = time.monotonic() + 30
        while time.monotonic() < until and one.state.kept < 60:
            time.sleep(0.2)
        time.sleep(1.5)  # the last segment is sealed and lifted
    finally:
        one.stop.set()
        thread.join()
        press.kill()
    with work.snapshot() as snapshot:
        asked = questions(snapshot, tenant=work.tenant, base=settings.base_iri)
    for each in [one for one in asked if one.column == "Torque"]:
        answer_question(work, each.id, Q + "Torque", reason="what the press maker's list says")
    found = torques(work)
    store.close()

    assert [int(value) for value in found] == list(range(60))
