"""The equipment master list of each company, as its asset management keeps it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from qualweave.examples.plant.tables import Dialect, column

if TYPE_CHECKING:
    from qualweave.examples.plant.physics import Line
    from qualweave.examples.plant.press import Press

_CLASSES = {  # equipment class of the world table: Chinese word, English word
    "InjectionMouldingMachine": ("注塑机", "injection moulding machine"),
    "WeldingMachine": ("焊接设备", "welding machine"),
    "Oven": ("烘烤炉", "oven"),
    "Machine": ("机台", "machine"),
}


def build_masterdata(press: Press) -> None:
    """Write one equipment list per company that runs lines."""
    by_company: dict[str, list[Line]] = {}
    for line in press.lines:
        by_company.setdefault(line.family.company, []).append(line)
    for place, (company, lines) in enumerate(by_company.items()):
        zh = place % 2 == 0
        kinds = [_CLASSES[line.family.equipment][0 if zh else 1] for line in lines]
        firmware = [f"V{1 + line.number % 3}.{len(line.sensors)}.{line.number}" for line in lines]
        heads = (
            ("设备编号", "产线", "设备类型", "所属公司", "固件版本")
            if zh
            else ("Equipment ID", "Line", "Equipment Type", "Company", "Firmware")
        )
        columns = [
            column(heads[0], "equipmentIdentifier", [line.equipment for line in lines]),
            column(heads[1], "lineIdentifier", [line.code for line in lines]),
            column(heads[2], "remark|itemClassName", kinds),
            column(heads[3], "organizationName", [press.scenario.names[company][0 if zh else 1]] * len(lines)),
            column(heads[4], "firmwareVersion", firmware),
        ]  # fmt: skip
        name = "设备台账" if zh else "equipment_list"
        dialect = Dialect(encoding="gb18030", newline="\r\n") if zh else Dialect(bom=True)
        press.csv(f"{company}/eam/{name}.csv", columns, dialect)
