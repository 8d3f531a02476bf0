"""The process families: what each line's PLC, the MES, the laboratory and the alarm server export.

Every line writes in the manner of its own control vendor, so that no two lines of a family look
alike although they measure the same things.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from qualweave.examples.plant.physics import Line, Outcome, run_line
from qualweave.examples.plant.press import labelled, stamps
from qualweave.examples.plant.tables import Column, Dialect, column

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from qualweave.examples.plant.press import Press

_HEADERS = {
    "zh": ("作业号", "设备编号", "产线", "序列号", "开始时间", "结束时间", "班次", "工单号", "操作员"),
    "en": ("Operation ID", "Equipment ID", "Line", "Serial No", "Start Time", "End Time", "Shift",
           "Work Order", "Operator"),
    "vendor": ("OPER_ID", "EQP_ID", "LINE_ID", "SERIAL_NO", "TS_START", "TS_END", "SHIFT", "WO_NO", "OPR"),
    "json": ("operationId", "equipmentId", "lineId", "serialNumber", "startTime", "endTime", "shift",
             "workOrder", "operatorId"),
}  # fmt: skip
_TERMS = (
    "operationIdentifier", "equipmentIdentifier", "lineIdentifier", "serialNumber", "startedAt",
    "endedAt", "shiftName", "workOrderNumber", "operatorIdentifier",
)  # fmt: skip
_BROKEN_LINES = {("InjectionMoulding", 3), ("Baking", 1), ("Machining", 1), ("Coating", 3)}
_CRYPTIC_LINES = {("InjectionMoulding", 3), ("Machining", 2)}
_SHIFT_HOURS = (8, 20)
_LABEL_SHARE, _WRONG_SHARE, _ENGINEER_SHARE = 0.86, 0.04, 0.96


@dataclass(frozen=True)
class Run:
    """One line's operations with the items they made."""

    line: Line
    items: np.ndarray[Any, Any]
    operations: np.ndarray[Any, Any]
    started: np.ndarray[Any, Any]
    outcome: Outcome
    orders: np.ndarray[Any, Any]

    @property
    def count(self) -> int:
        """How many operations."""
        return len(self.items)


def make_run(press: Press, line: Line, items: np.ndarray[Any, Any]) -> Run:
    """Simulate a line that makes the given items.

    Args:
        press: the plant.
        line: the line.
        items: identifiers of the items in order of production.

    Returns:
        The run.
    """
    rng = press.scenario.rng("run", line.code)
    count = len(items)
    minutes = min(75.0, 80_000 / max(count, 1))
    started = stamps(press.scenario.start, count, minutes=minutes, hour=6 + 0.1 * line.number)
    order = np.array(
        [f"WO{press.scenario.start:%y%m}-{line.code}-{1 + i // 10:04d}" for i in range(count)],
        dtype=object,
    )
    operations = labelled(f"OP-{line.code}-", count, 6)
    return Run(line, items, operations, started, run_line(line, count, rng), order)


def write_runs(press: Press, process: str, runs: Sequence[Run]) -> None:
    """Write process records, inspections and alarms of one family.

    Args:
        press: the plant.
        process: the family.
        runs: one run per line.
    """
    for run in runs:
        write_process(press, run)
    write_inspections(press, process, runs)
    write_alarms(press, process, runs)


def write_process(press: Press, run: Run, *, only: slice = slice(None)) -> None:
    """Write the process records of one line in its vendor's style.

    Args:
        press: the plant.
        run: the line's run.
        only: which rows are exported.
    """
    line = run.line
    style = (line.number + list(press.world.families).index(line.family.process) + 5) % 6
    writer = (_plc_gb18030, _mes_csv, _german_csv, _json, _xml, _fullwidth_csv)[style]
    cells = sliced(run, only)
    writer(
        press, cells, f"{line.family.company}/{('plc', 'mes', 'scada', 'mes', 'mes', 'plc')[style]}"
    )


def sliced(run: Run, only: slice) -> Run:
    """The same run with only some of its operations.

    Returns:
        The shorter run.
    """
    values = {name: array[only] for name, array in run.outcome.values.items()}
    return replace(
        run,
        items=run.items[only],
        operations=run.operations[only],
        started=run.started[only],
        outcome=Outcome(values, run.outcome.cause[only]),
        orders=run.orders[only],
    )


def base_columns(run: Run, style: str, which: Sequence[int]) -> list[Column]:
    """The columns that say who, where and when; `which` are places in the header list.

    Args:
        run: the run.
        style: `zh`, `en`, `vendor` or `json`.
        which: places to take, in order.

    Returns:
        The columns.
    """
    count, line = run.count, run.line
    minutes = np.full(count, 8).astype("timedelta64[m]")
    hour = (run.started - run.started.astype("datetime64[D]")).astype("timedelta64[h]").astype(int)
    day_shift = (hour >= _SHIFT_HOURS[0]) & (hour < _SHIFT_HOURS[1])
    shift = np.where(
        day_shift,
        "白班" if style == "zh" else "DAY",
        "夜班" if style == "zh" else "NIGHT",
    )
    data: list[np.ndarray[Any, Any]] = [
        run.operations,
        np.full(count, line.equipment, dtype=object),
        np.full(count, line.code, dtype=object),
        run.items,
        run.started,
        run.started + minutes,
        shift.astype(object),
        run.orders,
        np.array(
            [f"E{1000 + (i // 40) % 7 + 10 * line.number}" for i in range(count)], dtype=object
        ),
    ]
    return [column(_HEADERS[style][i], _TERMS[i], data[i]) for i in which]


def parameter_columns(press: Press, run: Run, style: str, *, unit: bool = True) -> list[Column]:
    """The line's sensors as columns; two lines have a PLC whose tags nobody can read.

    Returns:
        The columns.
    """
    columns = []
    cryptic = (run.line.family.process, run.line.number) in _CRYPTIC_LINES
    for place, sensor in enumerate(run.line.sensors):
        values = run.outcome.values[sensor.parameter]
        item = press.parameter(sensor.parameter, values, style, decimals=sensor.decimals, unit=unit)
        if cryptic and place in {1, 2}:
            item = replace(item, header=f"DB{10 + run.line.number}.W{4 * place}", cryptic=True)
        columns.append(item)
    return columns


def _plc_gb18030(press: Press, run: Run, folder: str) -> None:
    line = run.line
    columns = base_columns(run, "zh", (0, 1, 2, 3, 4)) + parameter_columns(press, run, "zh")
    preamble = (
        f"设备:{line.equipment}",
        f"{line.family.zh} {line.code} 数据导出",
        "程序版本 V4.12",
    )
    dialect = Dialect(
        encoding="gb18030", preamble=preamble, unit_style="underscore", time_style="slash",
        newline="\r\n", broken_rows=_broken(run),
    )  # fmt: skip
    press.csv(
        f"{folder}/{line.code}_plc_{run.started[0].astype('datetime64[D]')}.csv", columns, dialect
    )


def _mes_csv(press: Press, run: Run, folder: str) -> None:
    columns = base_columns(run, "en", (0, 7, 2, 1, 3, 4, 5)) + parameter_columns(press, run, "en")
    dialect = Dialect(bom=True, unit_style="square", newline="\r\n", broken_rows=_broken(run))
    press.csv(f"{folder}/{run.line.code}_process_records.csv", columns, dialect)


def _german_csv(press: Press, run: Run, folder: str) -> None:
    columns = base_columns(run, "vendor", (4, 0, 1, 2, 3)) + parameter_columns(press, run, "vendor")
    dialect = Dialect(
        delimiter=";", decimal_comma=True, unit_style="row", time_style="german", trailing_blank=2,
        encoding="cp1252", newline="\r\n", broken_rows=_broken(run),
    )  # fmt: skip
    press.csv(f"{folder}/{run.line.code}_EXPORT.csv", columns, dialect)


def _fullwidth_csv(press: Press, run: Run, folder: str) -> None:
    columns = base_columns(run, "zh", (0, 2, 1, 3, 4, 6)) + parameter_columns(press, run, "zh")
    columns[3] = replace(columns[3], header="ＬＯＴ／序列号")
    dialect = Dialect(unit_style="fullwidth", bom=True, broken_rows=_broken(run))
    press.csv(f"{folder}/{run.line.code}_生产记录.csv", columns, dialect)


def _json(press: Press, run: Run, folder: str) -> None:
    line = run.line
    columns = base_columns(run, "json", (0, 1, 3, 4, 5))
    for item in parameter_columns(press, run, "en", unit=False):
        name = item.header.title().replace(" ", "")
        header = item.header if item.cryptic else name[0].lower() + name[1:]
        columns.append(replace(item, header=header if item.cryptic else f"process.{header}"))

    def wrap(rows: list[dict[str, Any]]) -> object:
        return {"lineId": line.code, "exportedBy": "MES 7.3", "operations": rows}

    press.json(
        f"{folder}/{line.code}_operations.json", columns, wrap=wrap,
        extra=(("lineId", "lineIdentifier"), ("exportedBy", "")),
    )  # fmt: skip


def _xml(press: Press, run: Run, folder: str) -> None:
    line = run.line
    columns = [replace(item, attribute=True) for item in base_columns(run, "json", (0, 1, 3, 4, 5))]
    for item in parameter_columns(press, run, "en"):
        header = (
            item.header.replace(".", "_") if item.cryptic else item.header.title().replace(" ", "")
        )
        columns.append(replace(item, header=header))
    press.xml(
        f"{folder}/{line.code}_operations.xml", columns, root="ProcessData", record="Operation",
        attributes={"line": line.code, "exporter": "LineServer 2.9"},
        extra=(("line", "lineIdentifier"), ("exporter", "")),
    )  # fmt: skip


def _broken(run: Run) -> tuple[int, ...]:
    if (run.line.family.process, run.line.number) not in _BROKEN_LINES or run.count < 12:  # noqa: PLR2004
        return ()
    return (4, run.count // 2)


def write_inspections(press: Press, process: str, runs: Sequence[Run]) -> None:
    """Write the inspection results of a family in one file of the MES or laboratory system."""
    family = press.world.families[process]
    number = list(press.world.families).index(process)
    language = "zh" if number % 2 == 0 else "en"
    good, bad = (("合格", "不合格"), ("OK", "NG"), ("PASS", "FAIL"))[number % 3]
    cause = np.concatenate([run.outcome.cause for run in runs])
    defect = np.concatenate([
        np.array(["", *(press.world.word(c.defect, language) for c in run.line.causes)], dtype=object)[
            run.outcome.cause + 1
        ]
        for run in runs
    ])  # fmt: skip
    cells = [
        labelled(f"IN-{press.scenario.tag}{family.prefix}-", len(cause), 6),
        np.concatenate([run.items for run in runs]),
        np.concatenate([np.full(run.count, run.line.code, dtype=object) for run in runs]),
        np.concatenate([run.operations for run in runs]),
        np.concatenate([run.started for run in runs]) + np.timedelta64(47, "m"),
        np.where(cause < 0, good, bad).astype(object),
        defect,
    ]
    terms = ("inspectionIdentifier", "serialNumber", "lineIdentifier", "operationIdentifier",
             "resultTime", "conforms", "defectName")  # fmt: skip
    press.oracle.totals["defects"] += int(np.count_nonzero(cause >= 0))
    _write_inspection_file(press, process, family.company, cells=cells, terms=terms)


def _write_inspection_file(
    press: Press,
    process: str,
    company: str,
    *,
    cells: list[np.ndarray[Any, Any]],
    terms: tuple[str, ...],
) -> None:
    number = list(press.world.families).index(process)
    zh = ("检验单号", "序列号", "产线", "作业号", "检验时间", "检验结果", "缺陷名称")
    json = (
        "inspectionId",
        "serialNumber",
        "lineId",
        "operationId",
        "resultTime",
        "result",
        "defectName",
    )
    en = ("Inspection No", "Serial No", "Line", "Operation ID", "Result Time", "Verdict", "Defect")
    if number % 3 == 0:
        columns = [column(*item) for item in zip(zh, terms, cells, strict=True)]
        press.csv(
            f"{company}/mes/{process}_检验结果.csv",
            columns,
            Dialect(encoding="gb18030", newline="\r\n"),
        )
    elif number % 3 == 1:
        columns = [column(*item) for item in zip(en, terms, cells, strict=True)]
        press.csv(
            f"{company}/mes/{process}_inspection.csv",
            columns,
            Dialect(bom=True, time_style="offset"),
        )
    else:
        columns = [column(*item) for item in zip(json, terms, cells, strict=True)]
        press.json(
            f"{company}/lims/{process}_inspection.json",
            columns,
            wrap=lambda rows: {"inspections": rows},
        )


def write_alarms(press: Press, process: str, runs: Sequence[Run]) -> None:
    """Write the alarm server's export with the engineers' root-cause labels."""
    rng = press.scenario.rng("alarms", process)
    language = "zh" if list(press.world.families).index(process) % 2 == 0 else "en"
    rows: list[tuple[Any, ...]] = []
    for run in runs:
        for index in np.flatnonzero(run.outcome.cause >= 0).tolist():
            rows.append(_alarm(press, run, index, rng, language, len(rows) + 1))
    if not rows:
        return
    zh = ("报警编号", "报警时间", "设备编号", "产线", "报警代码", "报警内容", "序列号", "根因参数", "缺陷名称",
          "失效机理", "标注人", "标注角色")  # fmt: skip
    en = ("Alarm ID", "Alarm Time", "Equipment ID", "Line", "Alarm Code", "Alarm Text", "Serial No",
          "Root Cause", "Defect", "Mechanism", "Labelled By", "Role")  # fmt: skip
    terms = ("alarmIdentifier", "eventTime", "equipmentIdentifier", "lineIdentifier", "alarmCode", "alarmText",
             "serialNumber", "rootCauseName", "defectName", "mechanismName", "labelledBy", "labelRole")  # fmt: skip
    cells = [np.array(list(cell), dtype=object) for cell in zip(*rows, strict=True)]
    cells[1] = cells[1].astype("datetime64[s]")
    columns = [
        column(*item) for item in zip(zh if language == "zh" else en, terms, cells, strict=True)
    ]
    company = press.world.families[process].company
    press.csv(f"{company}/alarms/{process}_alarms.csv", columns, Dialect(bom=language == "zh"))


def _alarm(  # noqa: PLR0917 - one row needs all of them
    press: Press, run: Run, index: int, rng: np.random.Generator, language: str, number: int
) -> tuple[Any, ...]:
    cause = run.line.causes[int(run.outcome.cause[index])]
    word: Callable[[str], str] = lambda name: press.world.word(name, language)  # noqa: E731
    alarm = f"AL-{run.line.code}-{number:06d}"
    text = (
        f"连续不良：{word(cause.defect)}"
        if language == "zh"
        else f"Consecutive rejects: {word(cause.defect)}"
    )
    head = (
        alarm, run.started[index] + np.timedelta64(52, "m"), run.line.equipment, run.line.code,
        f"A{2000 + list(press.world.defects).index(cause.defect):d}", text, run.items[index],
    )  # fmt: skip
    press.oracle.totals["alarms"] += 1
    if rng.random() > _LABEL_SHARE:
        press.oracle.totals["alarms_without_label"] += 1
        return (*head, "", "", "", "", "")
    parameter, mechanism, wrong = _label(press, run, index, rng)
    engineer = rng.random() < _ENGINEER_SHARE
    role = {"zh": ("工艺工程师", "质量工程师"), "en": ("process engineer", "quality engineer")}[
        language
    ]
    press.oracle.totals["labels_wrong"] += int(wrong)
    press.oracle.totals["labels_without_process_engineer"] += int(not engineer)
    press.oracle.labels.append({
        "alarm": alarm, "line": run.line.code, "item": run.items[index], "parameter": parameter,
        "true_parameters": list(cause.parameters), "defect": cause.defect, "mechanism": mechanism,
        "true_mechanism": cause.mechanism, "wrong": wrong, "process_engineer": engineer,
    })  # fmt: skip
    who = (
        f"{'张李王陈刘'[run.line.number % 5]}工"
        if language == "zh"
        else f"Eng. {'ABCDE'[run.line.number % 5]}"
    )
    return (
        *head,
        word(parameter),
        word(cause.defect),
        word(mechanism),
        who,
        role[0 if engineer else 1],
    )


def _label(press: Press, run: Run, index: int, rng: np.random.Generator) -> tuple[str, str, bool]:
    """Parameter and mechanism as the engineer writes them, and whether that is wrong.

    Where several parameters act together, the engineer names the one that is furthest off.
    """
    cause = run.line.causes[int(run.outcome.cause[index])]
    sensors = {sensor.parameter: sensor for sensor in run.line.sensors}

    def deviation(name: str) -> float:
        sensor = sensors[name]
        return abs(float(run.outcome.values[name][index]) - sensor.nominal) / sensor.spread

    parameter = max(cause.parameters, key=deviation)
    if rng.random() >= _WRONG_SHARE:
        return parameter, cause.mechanism, False
    others = [name for name in sensors if name not in cause.parameters]
    mechanisms = [name for name in press.world.mechanisms if name != cause.mechanism]
    return str(rng.choice(others)), str(rng.choice(mechanisms)), True
