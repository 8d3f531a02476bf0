"""Which description of a device a file is, by its content and never by its name."""

import re
import zipfile
import zlib
from pathlib import Path
from typing import Literal, TypeAlias, get_args

DeviceKind: TypeAlias = Literal[
    "nodeset", "mtconnect", "mtconnect-streams", "aas-json", "aas-xml", "aasx", "samm"
]
DEVICE_KINDS: frozenset[str] = frozenset(get_args(DeviceKind))

_ROOT = re.compile(r"<(?![?!])(?:[\w.-]+:)?([\w.-]+)([^>]*)>")
_ROOTS: dict[str, DeviceKind] = {
    "UANodeSet": "nodeset",
    "MTConnectDevices": "mtconnect",
    "MTConnectStreams": "mtconnect-streams",
    "aasenv": "aas-xml",
}
_COMMENT = re.compile(r"<!--.*?(?:-->|\Z)", re.DOTALL)
_SHELLS = re.compile(r'"(?:assetAdministrationShells|submodels|conceptDescriptions)"\s*:\s*\[')
_ELEMENT = re.compile(r'"(?:modelType|idShort|identification|assetInformation)"\s*:')
_SUBMODEL = re.compile(r'"modelType"\s*:\s*"Submodel"')
_SAMM = re.compile(
    r"<urn:(?:samm:org\.eclipse\.esmf\.samm:meta-model:|bamm:io\.openmanufacturing:meta-model:)"
)
_ORIGIN = b"aasx-origin"
_MOST_RELATIONS = 1 << 20  # bytes; what leads to the origin is one line


def device_kind(path: Path, raw: bytes, text: str) -> DeviceKind | None:
    """Return which description of a device a file is, None where it is none.

    Args:
        path: The file, for what stands inside a package.
        raw: Its first bytes.
        text: The same as text.
    """
    if raw.startswith(b"PK"):
        return "aasx" if _has_origin(path) else None
    if text.startswith("<"):
        return _xml_kind(text)
    if text.startswith("{"):
        shells = (_SHELLS.search(text) and _ELEMENT.search(text)) or _SUBMODEL.search(text)
        return "aas-json" if shells else None
    return "samm" if _SAMM.search(text) else None


def _xml_kind(text: str) -> DeviceKind | None:
    root = _ROOT.search(_COMMENT.sub("", text))
    if root is None:
        return None
    if root[1] == "environment" and "admin-shell.io/aas" in root[2]:
        return "aas-xml"
    return _ROOTS.get(root[1])


def _has_origin(path: Path) -> bool:
    try:
        with zipfile.ZipFile(path) as archive, archive.open("_rels/.rels") as data:
            return _ORIGIN in data.read(_MOST_RELATIONS)
    except (
        zipfile.BadZipFile,
        KeyError,
        OSError,
        RuntimeError,
        NotImplementedError,
        ValueError,
        EOFError,
        zlib.error,
    ):
        return False
