"""Take evidence away from a generated plant: the input files change, the product does not.

Every golden incident has a sibling in which the answer cannot be known any more. These functions
make it, by editing what the field systems wrote, and return the files that they changed. The
oracle is read only to find the place; it keeps telling the answer of the untouched plant.
"""

from __future__ import annotations

import csv
import io
import re
from typing import TYPE_CHECKING, Any

import numpy as np
import orjson

from qualweave.errors import NotFound
from qualweave.examples.plant.mounting import MODULE_COLUMN, MOUNTING_LOG

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

_CHARSETS = ("utf-8-sig", "gb18030", "cp1252")


def incident(plant: Path, name: str) -> dict[str, Any]:
    """What the oracle tells about one planted incident.

    Args:
        plant: the folder that `generate` wrote.
        name: a key of `incidents.json`.

    Returns:
        The entry.

    Raises:
        NotFound: the plant has no such incident.
    """
    told: dict[str, dict[str, Any]] = orjson.loads((plant / "oracle/incidents.json").read_bytes())
    if name not in told:
        raise NotFound(
            f"The plant tells no incident {name!r}.",
            message_zh=f"示例工厂没有事件 {name!r}。",
            next_step="Take one of: " + ", ".join(told) + ".",
            next_step_zh="可选：" + "、".join(told) + "。",
        )
    return told[name]


def remove_file(plant: Path, pattern: str) -> tuple[Path, ...]:
    """Delete the input files that match a glob below `input/`.

    Args:
        plant: the folder that `generate` wrote.
        pattern: a glob such as `cell/lims/*_pull_test.csv`.

    Returns:
        The deleted files.

    Raises:
        NotFound: no file matches.
    """
    found = tuple(sorted((plant / "input").glob(pattern)))
    if not found:
        raise NotFound(
            f"No input file matches {pattern!r}.",
            message_zh=f"没有与 {pattern!r} 匹配的输入文件。",
            next_step="Look at the oracle's counts.json for the names.",
            next_step_zh="文件名见 oracle 的 counts.json。",
        )
    for path in found:
        path.unlink()
    return found


def remove_column(path: Path, header: str) -> tuple[Path, ...]:
    """Cut one column out of a CSV file; charset, BOM, line ends and preamble stay.

    Args:
        path: the file.
        header: the header cell, byte for byte.

    Returns:
        The changed file.

    Raises:
        NotFound: the file has no such column.
    """
    data = path.read_bytes()
    charset, text = _decode(data)
    newline = "\r\n" if "\r\n" in text else "\n"
    delimiter = ";" if text.count(";") > text.count(",") else ","
    rows = list(csv.reader(io.StringIO(text), delimiter=delimiter))
    place = next((row.index(header) for row in rows if header in row), None)
    if place is None:
        raise NotFound(
            f"{path.name} has no column {header!r}.",
            message_zh=f"{path.name} 没有列 {header!r}。",
            next_step="Take a header of the oracle's fields.csv.",
            next_step_zh="列名见 oracle 的 fields.csv。",
        )
    start = next(number for number, row in enumerate(rows) if header in row)
    cut = [
        row if number < start or len(row) <= place else row[:place] + row[place + 1 :]
        for number, row in enumerate(rows)
    ]
    out = io.StringIO()
    csv.writer(out, delimiter=delimiter, lineterminator=newline).writerows(cut)
    mark = b"\xef\xbb\xbf" if data.startswith(b"\xef\xbb\xbf") else b""
    path.write_bytes(mark + out.getvalue().encode(charset.removesuffix("-sig")))
    return (path,)


def remove_rows(path: Path, *needles: str) -> tuple[Path, ...]:
    """Drop the lines of a CSV file that hold all the given texts.

    Args:
        path: the file.
        needles: texts that must all stand in a line.

    Returns:
        The changed file.

    Raises:
        NotFound: no line holds them.
    """
    data = path.read_bytes()
    charset, text = _decode(data)
    lines = text.splitlines(keepends=True)
    kept = [line for line in lines if not all(needle in line for needle in needles)]
    if len(kept) == len(lines):
        raise NotFound(
            f"{path.name} has no line with {needles}.",
            message_zh=f"{path.name} 没有包含 {needles} 的行。",
            next_step="Check the identifiers in the oracle.",
            next_step_zh="请核对 oracle 中的标识。",
        )
    mark = b"\xef\xbb\xbf" if data.startswith(b"\xef\xbb\xbf") else b""
    path.write_bytes(mark + "".join(kept).encode(charset.removesuffix("-sig")))
    return (path,)


def remove_genealogy_edge(path: Path, child: str, parent: str) -> tuple[Path, ...]:
    """Drop the consumption records of one edge from a MES genealogy in XML.

    Args:
        path: the file.
        child: the output as the file writes it.
        parent: the input as the file writes it.

    Returns:
        The changed file.

    Raises:
        NotFound: the file has no such record.
    """
    text = path.read_text("utf-8")
    record = re.compile(r"  <(\w+)[^>]*>\n(?:    <.*\n)*?  </\1>\n")

    def holds(block: str) -> bool:
        return f">{child}<" in block and f">{parent}<" in block

    edited = record.sub(lambda match: "" if holds(match[0]) else match[0], text)
    if edited == text:
        raise NotFound(
            f"{path.name} has no record of {child} from {parent}.",
            message_zh=f"{path.name} 没有 {child} 来自 {parent} 的记录。",
            next_step="Check the identifiers in the oracle.",
            next_step_zh="请核对 oracle 中的标识。",
        )
    path.write_text(edited, "utf-8")
    return (path,)


def remove_machine_scope(plant: Path) -> tuple[Path, ...]:
    """Take machine and programme out of both inspection machines' exports (R63)."""
    files = incident(plant, "scoped-code")["files"]
    changed: list[Path] = []
    for name in files.values():
        path = plant / "input" / name
        if path.suffix == ".csv":
            for header in ("Machine", "Program"):
                if header in path.read_text("utf-8-sig").splitlines()[0].split(","):
                    remove_column(path, header)
        else:
            text = re.sub(r' (?:machine|programme)="[^"]*"', "", path.read_text("utf-8"))
            path.write_text(text, "utf-8")
        # the export's name tells the machine too
        bare = path.with_name(f"export_{len(changed) + 1}{path.suffix}")
        path.rename(bare)
        changed.append(bare)
    return tuple(changed)


def remove_code_lists(plant: Path) -> tuple[Path, ...]:
    """Delete the vendors' code lists (R63)."""
    return remove_file(plant, "electronics/aoi/*_code_list.csv")


def remove_neighbour_column(plant: Path) -> tuple[Path, ...]:
    """Cut `Conveyor_Speed` from the oven's file and take the oven out of its name (R69)."""
    told = incident(plant, "context-field")
    path = plant / "input" / told["file"]
    remove_column(path, "Conveyor_Speed")
    bare = plant / "input/inbox/export_0002.csv"
    bare.parent.mkdir(parents=True, exist_ok=True)
    path.rename(bare)
    return (bare,)


def remove_supplier_description(plant: Path) -> tuple[Path, ...]:
    """Delete the cooling device's OWL file and the delivery with the new field (R70)."""
    told = incident(plant, "new-field")
    return (*remove_file(plant, told["owl"]), *remove_file(plant, told["second"]))


def remove_film_genealogy(plant: Path) -> tuple[Path, ...]:
    """Delete who was laminated from which film: no way from module to reactor (R36)."""
    return remove_file(plant, "solar/mes/module_genealogy.xml")


def remove_change_log(plant: Path) -> tuple[Path, ...]:
    """Delete the reactors' change log (R36, R37)."""
    return remove_file(plant, "resin/dcs/参数变更日志.csv")


def link_orphan_change(plant: Path) -> tuple[Path, ...]:
    """Give the orphan change a quality order, so that no gap is left (R37)."""
    told = incident(plant, "pid-change")
    path = plant / "input/resin/dcs/参数变更日志.csv"
    lines = path.read_text("utf-8-sig").splitlines(keepends=True)
    header = lines[0].strip().split(",").index("质量工单")
    for number, line in enumerate(lines):
        cells = line.rstrip("\n").split(",")
        if cells[0] == told["change"]:
            cells[header] = "QO-99999"
            lines[number] = ",".join(cells) + "\n"
    path.write_text("".join(lines), "utf-8-sig")
    return (path,)


def remove_response_data(plant: Path) -> tuple[Path, ...]:
    """Delete the pull tests of the story's welding station (R13)."""
    return remove_file(plant, "cell/lims/*_pull_test.csv")


def remove_setpoints(plant: Path) -> tuple[Path, ...]:
    """Delete the station's set points and limits: no bounded change can be stated (R13)."""
    return remove_file(plant, "cell/mes/*_setpoints.csv")


def remove_firmware(plant: Path) -> tuple[Path, ...]:
    """Delete the firmware report of the packs (R13)."""
    return remove_file(plant, "pack/bms/bms_firmware.json")


def remove_cases(plant: Path) -> tuple[Path, ...]:
    """Take the counted cases out of the case file, the others stay (R53)."""
    told = incident(plant, "card-coach")
    path = plant / "input/moulding/qms/quality_cases.json"
    document = orjson.loads(path.read_bytes())
    document["cases"] = [
        case for case in document["cases"] if case["caseCode"] not in told["cases"]
    ]
    path.write_bytes(orjson.dumps(document, option=orjson.OPT_INDENT_2))
    return (path,)


def remove_ground_tests(plant: Path) -> tuple[Path, ...]:
    """Delete the ground tests of the bad batch (R89)."""
    told = incident(plant, "freeze")
    return remove_rows(plant / "input/valve/test/地面测试记录.csv", told["bad_batch"])


def remove_suppliers(plant: Path) -> tuple[Path, ...]:
    """Delete the supplier list: nobody can be given a task (R89)."""
    return remove_file(plant, "valve/srm/供应商清单.csv")


def remove_one_operation(plant: Path) -> tuple[Path, ...]:
    """Delete the heat treatment records: the three-way combination cannot be seen (R5)."""
    return remove_file(
        plant, f"strip/mes/{incident(plant, 'coupled-failure')['lines'][0]}_process.csv"
    )


def remove_environment(plant: Path) -> tuple[Path, ...]:
    """Delete the hall sensors: every moulding operation lacks that dimension (R45)."""
    return remove_file(plant, "moulding/environment/hall_sensors.csv")


def remove_temperature_unit(plant: Path) -> tuple[Path, ...]:
    """Take the unit out of the laboratory's temperature field (R38)."""
    path = plant / "input/moulding/lims/melt_samples.json"
    document = orjson.loads(path.read_bytes())
    for sample in document["samples"]:
        del sample["process_temp_unit"]
    path.write_bytes(orjson.dumps(document, option=orjson.OPT_INDENT_2))
    return (path,)


def lose_tags(plant: Path, *, rate: float = 0.18, seed: int = 0) -> tuple[Path, ...]:
    """Let a share of the module tags fall off before the pack is built (R39).

    Args:
        plant: the folder that `generate` wrote.
        rate: share of child tags that the pack's aggregation does not read, 0 to 1.
        seed: which ones.

    Returns:
        The changed EPCIS document, and the changed mounting log: what could not be read is read in neither.
    """
    rng = np.random.default_rng(seed)
    path = plant / "input/pack/epcis/pack_assembly.jsonld"
    document = orjson.loads(path.read_bytes())
    lost: set[str] = set()
    for event in document["epcisBody"]["eventList"]:
        if event["type"] == "AggregationEvent":
            kept = [tag for tag in event["childEPCs"] if rng.random() >= rate]
            lost.update(tag.rpartition(".")[2] for tag in event["childEPCs"] if tag not in kept)
            event["childEPCs"] = kept
    path.write_bytes(orjson.dumps(document, option=orjson.OPT_INDENT_2))
    return (path, _blank(plant / "input" / MOUNTING_LOG, MODULE_COLUMN, lost))


def _blank(path: Path, header: str, serials: set[str]) -> Path:
    """Empty the cells of a column that hold one of some serial numbers."""
    rows = list(csv.reader(io.StringIO(path.read_text("utf-8-sig"))))
    place = rows[0].index(header)
    for row in rows[1:]:
        if row[place].rpartition(")")[2] in serials:
            row[place] = ""
    out = io.StringIO()
    csv.writer(out, lineterminator="\n").writerows(rows)
    path.write_text(out.getvalue(), "utf-8-sig")
    return path


def remove_coating_genealogy(plant: Path) -> tuple[Path, ...]:
    """Delete what the coils were coated with: no way from a cathode lot onward (R34)."""
    return remove_file(plant, "cell/mes/genealogy_coating.xml")


def _decode(data: bytes) -> tuple[str, str]:
    for charset in _CHARSETS[:-1]:
        try:
            return charset, data.decode(charset)
        except UnicodeDecodeError:
            continue
    return _CHARSETS[-1], data.decode(_CHARSETS[-1])


# incident of the oracle: what takes its answer away
ABLATIONS: Mapping[str, tuple[Callable[[Path], tuple[Path, ...]], ...]] = {
    "scoped-code": (remove_machine_scope, remove_code_lists),
    "context-field": (remove_neighbour_column,),
    "new-field": (remove_supplier_description,),
    "pid-change": (remove_film_genealogy, remove_change_log, link_orphan_change),
    "weld-intervention": (remove_response_data, remove_setpoints, remove_firmware),
    "card-coach": (remove_cases,),
    "freeze": (remove_ground_tests, remove_suppliers),
    "coupled-failure": (remove_one_operation,),
    "four-dimensions": (remove_environment,),
    "field-temperature": (remove_temperature_unit,),
    "who-ate-this-lot": (lose_tags, remove_coating_genealogy),
}
