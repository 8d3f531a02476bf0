"""MCP: the graph as tools for an AI model, read-only, small and typed."""
