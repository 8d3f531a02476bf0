"""The MCP server: the tools with their hints, over a folder or over a running service.

A store has one writing process. A folder that nobody serves is opened here, with the application in this process and
no port; a folder that is being served is asked through its service (``--url``), and trying to open it says so.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
from mcp.server import MCPServer
from mcp.server.mcpserver import Context
from mcp.server.mcpserver.exceptions import ToolError
from mcp.types import CallToolResult, InputRequiredResult, ToolAnnotations

from qualweave import __version__
from qualweave.api.app import make_app
from qualweave.api.mcp.problems import failed, understood
from qualweave.api.mcp.tools import Tools, guide
from qualweave.api.service import Service
from qualweave.client import AsyncClient
from qualweave.config import Settings
from qualweave.errors import Conflict, NotFound

_TITLES = {
    "describe_schema": "Describe the vocabulary 描述本体",
    "search_terms": "Search terms 检索术语",
    "resolve_code": "Resolve a machine's code 解析代码",
    "sparql": "Query with SPARQL 查询图谱",
    "trace": "Trace an item 追溯",
    "explain": "Explain a trouble 解释原因",
    "similar_cases": "Find similar cases 查找相似案例",
}
_PRINCIPAL = "mcp"


class GuardedServer(MCPServer[Any]):
    """An MCP server whose errors are structured: message, next step and what is nearest, in both languages."""

    async def call_tool(
        self, name: str, arguments: dict[str, Any], context: Context[Any, Any] | None = None
    ) -> CallToolResult | InputRequiredResult:
        """Call a tool; whatever goes wrong is a result that says what to do."""
        try:
            return await super().call_tool(name, arguments, context)
        except ToolError as error:
            tools = [one.name for one in await self.list_tools()]
            return failed(understood(error, name, tools))


def make_server(client: AsyncClient) -> MCPServer[Any]:
    """Return the server of the tools over a service."""
    server = GuardedServer(
        "qualweave",
        title="Qualweave",
        version=__version__,
        instructions=guide()["instructions"],
        log_level="WARNING",
    )
    tools = Tools(client)
    for name, title in _TITLES.items():
        hints = ToolAnnotations(
            title=title,
            read_only_hint=True,
            destructive_hint=False,
            idempotent_hint=True,
            open_world_hint=False,
        )
        server.add_tool(
            getattr(tools, name), name=name, title=title, annotations=hints, structured_output=True
        )
    return server


@contextmanager
def client_of_folder(folder: Path, tenant: str = "") -> Iterator[AsyncClient]:
    """Open a folder's store and lend a client of it, without a port.

    Raises:
        NotFound: If the folder holds no store.
        Conflict: If another process has it open; the next step names the way through its service.
    """
    if not (folder / "store").is_dir():
        raise NotFound(
            f"There is no store in {folder}.",
            message_zh=f"{folder} 中没有数据存储。",
            next_step="Give the folder that 'qualweave ingest' or 'qualweave serve' was given with --data, "
            "or the address of a running service with --url.",
            next_step_zh="请给出 qualweave ingest 或 serve 所用的 --data 文件夹，或用 --url 指定运行中的服务。",
            data={"folder": str(folder)},
        )
    # The application has no port and only this process asks it, so that its principals may come by header.
    settings = Settings(data_dir=folder, dev=True)
    try:
        service = Service(settings)
    except Conflict as error:
        address = f"http://{settings.host}:{settings.port}"
        raise Conflict(
            f"{error.message} A store has one writing process, so it is asked through its service.",
            message_zh=f"{error.message_zh}同一存储只能由一个进程写入，请通过其服务访问。",
            next_step=f"Run: qualweave mcp --url {address} (or the address that the service printed).",
            next_step_zh=f"请运行：qualweave mcp --url {address}（或服务启动时显示的地址）。",
            data={"folder": str(folder), "url": address},
        ) from error
    try:
        app = make_app(service, settings, pages=False)
        transport = httpx.ASGITransport(app=app)
        yield AsyncClient("http://folder", principal=_PRINCIPAL, tenant=tenant, transport=transport)
    finally:
        service.close()


def client_of_service(url: str, tenant: str = "") -> AsyncClient:
    """Return a client of a running service; it reads and nothing else."""
    return AsyncClient(url, principal=_PRINCIPAL, tenant=tenant)
