"""``qualweave live``: the named live sources of a running service."""

import getpass
from collections.abc import Mapping
from typing import Annotated, Any

import typer
from rich.table import Table

from qualweave.api.terminal import AsJson, Tongue, console, say, say_json
from qualweave.client import Client
from qualweave.client import live_calls as calls
from qualweave.client.calls import Call
from qualweave.mappers.live.spool import UNNAMED
from qualweave.negotiation import Language

app = typer.Typer(no_args_is_help=True, help="Live sources of a running service, by name.")
_SECONDS = 120.0  # what a source sent is in the graph when it has stopped
_COUNTS = ("kept", "rows_lifted", "rows_quarantined", "asked")
_HEADS: Mapping[Language, tuple[str, ...]] = {
    "en": ("name", "address", "status", "kept", "in the graph", "in quarantine", "asked"),
    "zh": ("名称", "地址", "状态", "已保存", "已入图", "隔离", "待回答"),
}
_FIELDS: Mapping[Language, tuple[str, ...]] = {
    "en": ("channel", "field", "unit", "per second", "kept as", "last value", "at"),
    "zh": ("通道", "字段", "单位", "每秒", "保存为", "最新值", "时间"),
}
_STATUS = {"running": "监听中", "stopped": "已停止", "failed": "失败"}
_WAYS: Mapping[Language, tuple[str, str]] = {"en": ("events", "series"), "zh": ("事件", "序列")}
Name = Annotated[str, typer.Argument(help="Name of the source.")]
Where = Annotated[
    str, typer.Option("--url", envvar="QUALWEAVE_URL", help="Address of the running service.")
]
SERVICE = "http://127.0.0.1:8420"


def _asked(call: Call[Any], url: str) -> Any:  # noqa: ANN401 - what the call reads
    with Client(url, principal=getpass.getuser(), roles="engineer", timeout=_SECONDS) as service:
        return service.run(call)


@app.command("list")
def list_(url: Where = SERVICE, language: Tongue = "en", *, json: AsJson = False) -> None:
    """List the live sources and where each stands."""
    found = _asked(calls.live_sources(), url)
    if json:
        say_json(found)
    elif not found:
        say(
            "没有实时数据源；用 qualweave live start 启动。"
            if language == "zh"
            else "There are no live sources; start one with 'qualweave live start'."
        )
    else:
        _print_sources(found, language)


@app.command()
def show(
    name: Name, url: Where = SERVICE, language: Tongue = "en", *, json: AsJson = False
) -> None:
    """Show a live source with its fields, their rates and newest values."""
    found = _asked(calls.live_source(name), url)
    if json:
        say_json(found)
        return
    _print_sources([found], language)
    table = Table(*_FIELDS[language])
    for one in found["fields"]:
        context = ", ".join(f"{key}={value}" for key, value in one["context"].items())
        named = f"{one['name']} ({context})" if context else one["name"]
        way = _WAYS[language][one["at_rate"]]
        rate = f"{one['rate']:.3g}" if one["rate"] else "-"
        value = "-" if one["value"] is None else one["value"]
        table.add_row(one["channel"], named, one["unit"], rate, way, value, one["at"])
    console.print(table)


@app.command()
def start(  # noqa: PLR0913 - options of a command
    address: Annotated[
        str, typer.Argument(help="opc.tcp://…, mqtt://… or mqtts://…; left out, the known one of the name.")
    ] = "",
    name: Annotated[str, typer.Option(help="What it is called.")] = UNNAMED,
    topic: Annotated[list[str] | None, typer.Option(help="Topic filter; a level may be named: plant/{line}/#.")] = None,
    below: Annotated[str, typer.Option(help="Path of the OPC UA server below Objects.")] = "",
    user: Annotated[str, typer.Option(help="User name.")] = "",
    password_env: Annotated[
        str, typer.Option(help="Variable of the service's environment that holds the password.")
    ] = "",
    sampling: Annotated[float, typer.Option(help="Sampling interval of OPC UA, ms.")] = 100.0,
    deadband: Annotated[float, typer.Option(help="Least change that is told.")] = 0.0,
    url: Where = SERVICE,
    language: Tongue = "en",
) -> None:  # fmt: skip
    """Start a new live source, or again one that was stopped or has failed."""
    wanted = {
        "url": address, "name": name, "topics": list(topic or ()), "below": below, "user": user,
        "password_env": password_env, "sampling_ms": sampling, "deadband": deadband,
    }  # fmt: skip
    call = calls.start_live_source(wanted) if address else calls.start_live_source_again(name)
    _print_sources([_asked(call, url)], language)


@app.command()
def stop(name: Name = UNNAMED, url: Where = SERVICE, language: Tongue = "en") -> None:
    """Stop a live source; it stays known and can be started again."""
    _print_sources([_asked(calls.stop_live_source(name), url)], language)


@app.command()
def remove(name: Name, url: Where = SERVICE, language: Tongue = "en") -> None:
    """Stop a live source and forget it; what it brought stays in the graph."""
    _print_sources([_asked(calls.remove_live_source(name), url)], language)


def _print_sources(found: list[dict[str, Any]], language: Language) -> None:
    table = Table(*_HEADS[language])
    for one in found:
        status = _STATUS[one["status"]] if language == "zh" else one["status"]
        counts = [str(one["state"][name]) for name in _COUNTS]
        table.add_row(one["name"], one["address"]["url"], status, *counts)
    console.print(table)
    for one in found:
        error = one["state"]["error_zh" if language == "zh" else "error"]
        if error:
            say(f"{one['name']}: {error}")
