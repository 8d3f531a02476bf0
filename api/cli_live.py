"""``qualweave listen``: a live source from the command line, into a folder that nobody serves."""

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Annotated

import typer
from rich.table import Table

from qualweave.api.listening import listening
from qualweave.api.service import Service
from qualweave.api.terminal import HERE, DataDir, console, say
from qualweave.config import Settings
from qualweave.mappers.desk import align_with
from qualweave.mappers.live.address import LiveAddress, open_source
from qualweave.mappers.live.listening import Listening, LiveState
from qualweave.mappers.live.opcua_browse import Variable
from qualweave.mappers.live.spool import UNNAMED
from qualweave.mappers.profile import field_from_facts
from qualweave.principal import Principal

_OPERATOR = Principal(id="operator", roles=frozenset({"engineer", "architect"}))
_QUIET_S = 3.0
_SHOWN = (
    "kept", "repeated", "segments", "rows_lifted", "rows_quarantined", "rows_waiting", "asked", "refused",
)  # fmt: skip


def add_commands(app: typer.Typer) -> None:
    """Add the command to the command line."""

    @app.command()
    def listen(  # noqa: PLR0913 - options of a command
        url: Annotated[str, typer.Argument(help="opc.tcp://…, mqtt://… or mqtts://….")],
        data: DataDir = HERE,
        topic: Annotated[
            list[str] | None,
            typer.Option(help="Topic filter; a level may be named: plant/{line}/#."),
        ] = None,
        below: Annotated[str, typer.Option(help="Path of the OPC UA server below Objects.")] = "",
        user: Annotated[str, typer.Option(help="User name.")] = "",
        password: Annotated[
            str,
            typer.Option(envvar="QUALWEAVE_LIVE_PASSWORD", help="Better given by the variable."),
        ] = "",
        certificate: Annotated[
            str, typer.Option(help="Our certificate, or that of the broker.")
        ] = "",
        key: Annotated[str, typer.Option(help="Private key of our certificate.")] = "",
        sampling: Annotated[float, typer.Option(help="Sampling interval of OPC UA, ms.")] = 100.0,
        deadband: Annotated[float, typer.Option(help="Least change that is told.")] = 0.0,
        name: Annotated[str, typer.Option(help="What the source is called.")] = UNNAMED,
        seconds: Annotated[float | None, typer.Option("--for", help="Stop after so long.")] = None,
        *,
        once: Annotated[bool, typer.Option("--once", help="Stop when nothing more comes.")] = False,
        browse: Annotated[
            bool,
            typer.Option(
                "--browse", help="Only tell the fields of an OPC UA server, and their terms."
            ),
        ] = False,
    ) -> None:
        """Listen to an OPC UA server or MQTT broker and put what it says into the graph; Ctrl-C ends it."""
        address = LiveAddress(
            url, tuple(topic or ()), below, user, password, certificate=certificate,
            private_key=key, sampling_ms=sampling, deadband=deadband,
        )  # fmt: skip
        service = Service(Settings(data_dir=data))
        try:
            if browse:
                _browse(service, address)
                return
            made = listening(service, address, principal=_OPERATOR, name=name)
            with _progress(made), _ended_by_signals(made.stop):
                made.run(seconds, quiet=_QUIET_S if once else None)
        finally:
            service.close()
        _print(made.state)


@contextmanager
def _progress(made: Listening) -> Iterator[None]:
    with console.status(f"{made.source.name}: connecting") as status:

        def told(state: LiveState) -> None:
            status.update(
                f"{state.source}: {state.kept} kept, {state.rows_lifted} in the graph, "
                f"{state.rows_quarantined} in quarantine"
            )

        made.told = told
        yield


@contextmanager
def _ended_by_signals(stop: threading.Event) -> Iterator[None]:
    """Let Ctrl-C and a service manager end it so that what has come in is still put into the graph."""

    def end(_number: int, _frame: FrameType | None) -> None:
        stop.set()

    former = {one: signal.signal(one, end) for one in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for one, handler in former.items():
            signal.signal(one, handler)


def _print(state: LiveState) -> None:
    table = Table("what became of it", "count")
    for name in _SHOWN:
        table.add_row(name.replace("_", " "), str(getattr(state, name)))
    console.print(table)


def _browse(service: Service, address: LiveAddress) -> None:
    """Print each variable of a server with what is known of it and the term that fits best."""
    source = open_source(address)
    variables: list[Variable] = getattr(source, "variables", list)()
    work = service.desk(_OPERATOR)
    fields = [
        field_from_facts(
            name=one.facts.name, unit=one.facts.unit, description=one.facts.description,
            siblings=[other.facts.name for other in variables if other is not one][:50],
        )
        for one in variables
    ]  # fmt: skip
    aligned = align_with(work, fields, source="browse") if fields else []
    for one, found in zip(variables, aligned, strict=True):
        best = found.ranked[0] if found.ranked else None
        term = f"{found.decision} {best.term} {best.probability:.2f}" if best else "no term fits"
        unit = f" [{one.facts.unit}]" if one.facts.unit else ""
        say(
            f"{one.path}{unit}  {one.facts.address}  {'history' if one.has_history else '-'}  {term}"
        )
    say(f"{len(variables)} variables")
