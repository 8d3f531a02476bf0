"""`describe`: the description that a file holds, whichever kind it is; and the table that ingest takes of it."""

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import TypeAlias

import polars as pl

from qualweave.errors import UnreadableSource
from qualweave.mappers.declared import (
    DeclaredField,
    Description,
    Flaw,
    Item,
    Kind,
    collect,
    text_of,
)
from qualweave.mappers.readers.context import source_context
from qualweave.mappers.readers.devices.aas import aas_items
from qualweave.mappers.readers.devices.elements import broken
from qualweave.mappers.readers.devices.mtconnect import mtconnect_items
from qualweave.mappers.readers.devices.nodeset import nodeset_items
from qualweave.mappers.readers.devices.owl_file import owl_items
from qualweave.mappers.readers.devices.samm import samm_items
from qualweave.mappers.readers.devices.streams import read_streams
from qualweave.mappers.readers.sniff import sniff
from qualweave.mappers.table import ROW, RawTable

_Reader: TypeAlias = Callable[[Path, Sequence[Path]], Iterator[Item]]
_READERS: dict[str, tuple[Kind, _Reader]] = {
    "nodeset": ("nodeset", nodeset_items),
    "mtconnect": ("mtconnect", lambda path, _: mtconnect_items(path)),
    "aas-json": ("aas", lambda path, _: aas_items(path)),
    "aas-xml": ("aas", lambda path, _: aas_items(path)),
    "aasx": ("aas", lambda path, _: aas_items(path)),
    "samm": ("samm", samm_items),
    "owl": ("owl", lambda path, _: owl_items(path)),
}
DESCRIBED = frozenset(_READERS)
"""Kinds of files that describe a device."""
_LEANING = frozenset({"nodeset", "samm"})  # kinds that lean on other files
_MOST_BESIDE = 1_000


def describe(path: Path, beside: Sequence[Path] | None = None) -> Description:
    """Return the description that a file holds.

    Args:
        path: The file.
        beside: Files or folders that may hold what it requires; by default the folder that it lies in.

    Raises:
        UnreadableSource: If it is no description of a device, or broken; the message names the line.
    """
    kind = sniff(path)
    if kind not in _READERS:
        raise _no_description(path, kind)
    name, reader = _READERS[kind]
    near = [path.parent] if beside is None else beside
    others = list(_alike(path, kind, near)) if kind in _LEANING else []
    return collect(path.name, name, list(reader(path, others)))


def device_tables(path: Path, hints: tuple[str, ...] = ()) -> list[RawTable]:
    """Return what ingest takes of a description or of MTConnect streams: fields as columns, stated values as a row.

    Raises:
        UnreadableSource: If it cannot be read, requires a model that is not at hand, or declares no field.
    """
    if sniff(path) == "mtconnect-streams":
        return [read_streams(path, hints)]
    found = describe(path)
    missing = next((one for one in found.flaws if one.check == "model"), None)
    if missing is not None:
        raise _lacks(path, missing)
    if not found.fields:
        raise broken(
            path.name,
            0,
            "declares no field; what another one requires is read together with that one",
            "未声明任何字段；被其他描述引用的模型会随其一并读取",
        )
    return [table_of(found, path, hints)]


def table_of(found: Description, path: Path, hints: tuple[str, ...] = ()) -> RawTable:
    """Return the fields of a description as the columns of a table; the values that it states are its one row."""
    columns = column_names(found.fields)
    fields = dict(zip(columns, found.fields, strict=True))
    stated = any(one.value for one in found.fields)
    data = {
        name: pl.Series(name, [one.value or None] if stated else [], dtype=pl.String)
        for name, one in fields.items()
    }
    data[ROW] = pl.Series(ROW, [1] if stated else [], dtype=pl.Int64)
    context = source_context(
        path,
        hints,
        media=found.kind,
        encoding="utf-8",
        header={
            "device": " ".join(dict.fromkeys(str(one) for one in found.devices))
            or found.header.title
        },
        columns=columns,
    )
    return RawTable(
        name=path.name,
        columns=columns,
        frame=pl.DataFrame(data),
        context=context,
        units={name: _unit_text(one) for name, one in fields.items() if one.unit},
        descriptions={
            name: text_of(one.descriptions) for name, one in fields.items() if one.descriptions
        },
        declared=fields,
    )


def _unit_text(one: DeclaredField) -> str:
    """Return the code of a unit that is known by whichever of its codes and names, else what is written."""
    return one.known_unit.ucum if one.known_unit is not None else one.unit


def column_names(fields: Sequence[DeclaredField]) -> tuple[str, ...]:
    """Return a name for each field: its own where no other has it, else with the components above it."""
    seen = Counter(one.name for one in fields)
    longer = [
        one.name if seen[one.name] == 1 else ".".join((*one.path, one.name)) for one in fields
    ]
    twice = Counter(longer)
    full = [
        name if twice[name] == 1 else f"{one.device}.{name}"
        for name, one in zip(longer, fields, strict=True)
    ]
    thrice = Counter(full)
    taken: Counter[str] = Counter()
    made = []
    for name in full:
        taken[name] += 1
        made.append(name if thrice[name] == 1 else f"{name} ({taken[name]})")
    return tuple(made)


def _alike(path: Path, kind: str, beside: Sequence[Path]) -> Iterator[Path]:
    """Yield the files of the same kind among those beside and in the folders beside."""
    left = _MOST_BESIDE
    for one in beside:
        for other in sorted(one.iterdir()) if one.is_dir() else [one]:
            if left and other.is_file() and other.resolve() != path.resolve():
                left -= 1
                if sniff(other) == kind:
                    yield other


def _no_description(path: Path, kind: str) -> UnreadableSource:
    return UnreadableSource(
        f"{path.name}: is no description of a device (it looks like {kind}).",
        message_zh=f"{path.name}：不是设备描述文件（似为 {kind}）。",
        next_step="Give an OPC UA NodeSet2, MTConnect Devices, AAS (JSON, XML, AASX), SAMM or OWL file.",
        next_step_zh="请提供 OPC UA NodeSet2、MTConnect Devices、AAS（JSON、XML、AASX）、SAMM 或 OWL 文件。",
        data={"file": path.name, "kind": kind},
    )


def _lacks(path: Path, missing: Flaw) -> UnreadableSource:
    return UnreadableSource(
        f"{path.name}, line {missing.line}: {missing.message}.",
        message_zh=f"{path.name} 第 {missing.line} 行：{missing.message_zh}。",
        next_step="Put the file of that model into the same folder and hand in both.",
        next_step_zh="请将该模型的文件放入同一文件夹后一并提交。",
        data={"file": path.name, "line": missing.line, "model": missing.name},
    )
