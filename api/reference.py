"""The reference pages that the code itself tells: every endpoint and every setting.

``python -m qualweave.api.reference docs/reference`` writes them; a test fails where they are not those of the code.
"""

import json
import sys
from pathlib import Path
from typing import Any

from pydantic.fields import FieldInfo

from qualweave import documents
from qualweave.api.app import add_rooms
from qualweave.config import Settings
from qualweave.mappers.mapping import json_schema
from qualweave.mappers.texts.exchange import corpus_schema
from qualweave.reasoning.trace.dimensions import DimensionDocument
from qualweave.reasoning.trace.templates import TemplateDocument

_WRITTEN = "Written by `python -m qualweave.api.reference docs/reference`."
_METHODS = ("get", "post", "put", "delete")


def http_page() -> str:
    """Return the page of endpoints, from OpenAPI."""
    lines = [
        "# Endpoints",
        "",
        f"{_WRITTEN} `/openapi.json` has parameters and bodies.",
        "Errors are problem details (RFC 9457) with `detail`, `next_step` and both in Chinese (`…_zh`).",
        "With `--dev` the headers `Qualweave-Principal`, `Qualweave-Roles` and `Qualweave-Tenant` say who asks.",
        "",
        "| endpoint | answers |",
        "|---|---|",
    ]
    paths: dict[str, dict[str, Any]] = add_rooms().openapi()["paths"]
    for path, operations in sorted(paths.items()):
        for method in _METHODS:
            if method in operations:
                said = str(operations[method].get("description", "")).split("\n\n")[0]
                lines.append(f"| `{method.upper()} {path}` | {' '.join(said.split())} |")
    return "\n".join(lines) + "\n"


def settings_page() -> str:
    """Return the page of settings."""
    lines = [
        "# Settings",
        "",
        f"{_WRITTEN} Each is read from the environment, under the name given.",
        "",
        "| setting | environment | default | what it does |",
        "|---|---|---|---|",
    ]
    for name, one in Settings.model_fields.items():
        environment = f"QUALWEAVE_{name.upper()}"
        lines.append(f"| `{name}` | `{environment}` | {_default(one)} | {one.description} |")
    return "\n".join(lines) + "\n"


def _default(field: FieldInfo) -> str:
    if field.default_factory is not None:
        return "the user's own folder"
    return f"`{field.default}`" if field.default != "" else "empty"


def mapping_schema() -> str:
    """Return the JSON schema of mapping documents, for editors that complete and check YAML by it."""
    return _schema(json_schema())


def dimension_schema() -> str:
    """Return the JSON schema of documents of trace dimensions."""
    return _schema(documents.json_schema(DimensionDocument, title="Qualweave trace dimensions"))


def template_schema() -> str:
    """Return the JSON schema of documents of export templates."""
    return _schema(documents.json_schema(TemplateDocument, title="Qualweave export templates"))


def corpus_page() -> str:
    """Return the JSON schema of a line of a text corpus."""
    return _schema(corpus_schema())


def _schema(schema: dict[str, Any]) -> str:
    return json.dumps(schema, ensure_ascii=False, indent=2) + "\n"


PAGES = {
    "http.md": http_page,
    "settings.md": settings_page,
    "mapping-document.schema.json": mapping_schema,
    "trace-dimensions.schema.json": dimension_schema,
    "export-templates.schema.json": template_schema,
    "text-corpus.schema.json": corpus_page,
}


def main() -> None:
    """Write the pages into a folder."""
    folder = Path(sys.argv[1])
    for name, page in PAGES.items():
        (folder / name).write_text(page(), encoding="utf-8")


if __name__ == "__main__":
    main()
