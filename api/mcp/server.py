"""The MCP server: the tools with their hints, over a client of whichever graph."""

from typing import Any

from mcp.server import MCPServer
from mcp.server.mcpserver import Context
from mcp.server.mcpserver.exceptions import ToolError
from mcp.types import CallToolResult, InputRequiredResult, ToolAnnotations

from qualweave import __version__
from qualweave.api.mcp.problems import failed, understood
from qualweave.api.mcp.tools import Tools, guide
from qualweave.client import AsyncClient

_TITLES = {
    "describe_schema": "Describe the vocabulary 描述本体",
    "search_terms": "Search terms 检索术语",
    "resolve_code": "Resolve a machine's code 解析代码",
    "ask": "Ask a reviewed question 提问",
    "sparql": "Query with SPARQL 查询图谱",
    "trace": "Trace an item 追溯",
    "explain": "Explain a trouble 解释原因",
    "similar_cases": "Find similar cases 查找相似案例",
}


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
