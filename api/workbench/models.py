"""The page for AI models and programs: how to connect, and the graph around one node."""

from fastapi import Request
from nicegui import ui

from qualweave.api.service import Service
from qualweave.api.workbench.content import say
from qualweave.api.workbench.frame import PAGES, frame, hint, section
from qualweave.config import Settings


def add_models(service: Service, settings: Settings) -> None:
    """Put the page for models."""
    del service

    @ui.page(PAGES["models"])
    async def models(request: Request) -> None:
        address = str(request.base_url).rstrip("/")
        with frame(request, "models") as language:
            section("mcp", language)
            hint("mcp_hint", language)
            ui.code(f"qualweave mcp --url {address}", language="bash").classes("w-full")
            ui.code(f"qualweave mcp --data {settings.data_dir}", language="bash").classes("w-full")
            section("from_python", language)
            ui.code(
                "from qualweave.client import Client\n\n"
                f'with Client("{address}") as graph:\n'
                '    rows = graph.sparql("SELECT ?s WHERE { ?s a q:Alarm } LIMIT 5")\n',
                language="python",
            ).classes("w-full")
            section("as_graph", language)
            hint("as_graph_hint", language)
            ui.code(
                f"qualweave export OUT --format networkx --data {settings.data_dir}",
                language="bash",
            ).classes("w-full")
            ui.link(say("schema", language), "/schema", new_tab=True)
