"""Why a row waits: each reason with what to do about it, in both languages, and where it stands."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

from qualweave.errors import JsonValue

_SAID: Mapping[str, tuple[str, str, str, str]] = MappingProxyType(
    {
        "not-readable": (
            "{column} holds {value!r}, which is not a {wanted}.",
            "列 {column} 的值 {value!r} 不是有效的{wanted_zh}。",
            "Correct the value and release the row, or correct the mapping of the column.",
            "请更正该值后放行此行，或修改该列的映射。",
        ),
        "bad-identity": (
            "{column} holds {value!r}: {detail}",
            "列 {column} 的值 {value!r} 不是有效的 GS1 标识：{detail}",
            "Correct the identifier and release the row.",
            "请更正标识符后放行此行。",
        ),
        "unknown-unit": (
            "{column} holds {value!r}: {detail}",
            "列 {column} 的值 {value!r}：单位不可用（{detail}）",
            "Correct the unit and release the row, or map the column to another parameter.",
            "请更正单位后放行此行，或将该列映射到其他参数。",
        ),
        "unclear-unit": (
            "{column} says {value!r}, and {detail} state no unit: it may be that of any of them.",
            "列 {column} 给出单位 {value!r}，而 {detail_zh} 均未注明单位：无法判断该单位属于哪一列。",
            "State the units of these columns in their mapping, then release the row.",
            "请在映射中注明这些列的单位，然后放行此行。",
        ),
        "unknown-parameter": (
            "{column} names {value!r}, which no parameter of the ontology carries.",
            "列 {column} 中的 {value!r} 在本体中没有对应的参数。",
            "Answer the question about this name, or request a new term; the row is lifted then.",
            "请回答关于该名称的问题，或申请新增术语；随后该行将被提升。",
        ),
        "unscoped-code": (
            "Code {value!r} in {column} of row {row}{of_file} has no scope: the row names no machine.{detail}",
            "第 {row} 行{of_file_zh}列 {column} 中的代码 {value!r} 没有作用域：该行未指明机台。{detail_zh}",
            "Say which machine wrote this file: the same code means different things on different machines.",
            "请说明此文件来自哪台机器：同一代码在不同机台含义不同。",
        ),
        "unknown-scope": (
            "Code {value!r} in {column} of row {row}{of_file} cannot be resolved: {detail}",
            "第 {row} 行{of_file_zh}列 {column} 中的代码 {value!r} 无法解析：{detail_zh}",
            "Ingest the code list of that machine and programme, then release the row.",
            "请先导入该机台及程序版本的代码表，然后放行此行。",
        ),
        "contradicting-codes": (
            "Code {value!r} in {column} of row {row}{of_file} has two meanings in one scope and time: {detail}.",
            "第 {row} 行{of_file_zh}列 {column} 中的代码 {value!r} 在同一机台、程序版本和时间有两种含义：{detail_zh}。",
            "Correct one of the rows, or give the programme or dates that tell them apart, and ingest the list again.",
            "请更正其中一行，或补充能区分两者的程序版本或有效期，然后重新导入代码表。",
        ),
        "empty-validity": (
            "Code {value!r} in {column} of row {row}{of_file} never holds: {detail}.",
            "第 {row} 行{of_file_zh}列 {column} 中的代码 {value!r} 从未有效：{detail_zh}。",
            "Correct the dates of the row and ingest the list again.",
            "请更正该行的有效期后重新导入代码表。",
        ),
        "shape": (
            "{detail}",
            "{detail_zh}",
            "Repair the cells that the message names and release the row.",
            "请修正消息中指出的单元格后放行此行。",
        ),
        "charset": (
            "{column} holds {value!r}, with bytes that are not text in the charset of the file.",
            "列 {column} 的值 {value!r} 含有不属于文件字符集的字节。",
            "Correct the text and release the row, or export the file in one charset.",
            "请更正文本后放行此行，或以统一字符集重新导出文件。",
        ),
        "control": (
            "{column} holds {value!r}, with control characters or marks that turn the direction of writing.",
            "列 {column} 的值 {value!r} 含有控制字符或书写方向控制符。",
            "Correct the text and release the row.",
            "请更正文本后放行此行。",
        ),
        "total": (
            "Row {row} begins with {value!r} and leaves most cells blank: it sums up other rows.",
            "第 {row} 行以 {value!r} 开头且多数单元格为空：这是汇总行，不是一条记录。",
            "Leave it waiting; release it if it is a record of its own.",
            "让其保持等待即可；若确为一条独立记录，请放行。",
        ),
        "missing-marker": (
            "{column} holds {value!r}, which looks like a mark for a missing value: {detail}.",
            "列 {column} 的值 {value!r} 疑为缺失值标记：{detail_zh}。",
            "Blank the cell and release the row if nothing was measured; release it as it is if it is a value.",
            "若未测量，请清空该单元格后放行；若确为测量值，请直接放行此行。",
        ),
        "footer": (
            "Row {row} stands below a blank line and is not like the rows of the table: {value!r}.",
            "第 {row} 行位于空行之后，且与表中各行不同：{value!r}。",
            "Leave it waiting if it is a note below the table; release it if it is a record.",
            "若为表下方的注释，让其保持等待即可；若为一条记录，请放行。",
        ),
        "second-table": (
            "Row {row} is of a second table that begins below a blank line: {value!r}.",
            "第 {row} 行属于空行之后开始的另一张表：{value!r}。",
            "Put the second table into a file of its own and ingest that; release the row if it is of the first one.",
            "请将第二张表单独存为一个文件后导入；若该行属于第一张表，请放行。",
        ),
        "ragged": (
            "Row {row} is not as wide as its header: {detail}.",
            "第 {row} 行与表头宽度不符：{detail_zh}。",
            "Look for a delimiter or decimal comma inside a cell, correct the cells and release the row.",
            "请检查单元格内的分隔符或小数逗号，更正后放行此行。",
        ),
        "quote": (
            "Row {row} opens a quote that is not closed: {value!r}.",
            "第 {row} 行的引号未闭合：{value!r}。",
            "Correct the cells and release the row.",
            "请更正单元格后放行此行。",
        ),
        "cut-off": (
            "The file ends in the middle of row {row}: {value!r}.",
            "文件在第 {row} 行中间结束：{value!r}。",
            "Copy the whole file and ingest it, or complete the row and release it.",
            "请重新复制完整文件后导入，或补全此行后放行。",
        ),
        "formula-error": (
            "{column} of row {row} shows the error {value} of a formula.",
            "第 {row} 行的列 {column} 显示公式错误 {value}。",
            "Mend the formula and ingest the workbook again, or correct the cell and release the row.",
            "请修正公式后重新导入工作簿，或更正单元格后放行此行。",
        ),
        "row-syntax": (
            "Line {row} cannot be read, {detail}: {value!r}.",
            "第 {row} 行无法读取，{detail_zh}：{value!r}。",
            "Correct the line in its source and ingest the file again.",
            "请在源系统中更正该行后重新导入文件。",
        ),
        "bad-quality": (
            "{column} holds {value!r}, which its source itself does not vouch for: {detail}.",
            "列 {column} 的值 {value!r} 未被来源确认有效：{detail_zh}。",
            "Mend the sensor or its connection; release the row with the right value where it is known.",
            "请检修传感器或其连接；若已知正确值，可更正后放行此行。",
        ),
        "live-gap": (
            "Readings of {column} are missing in {value}: {detail}.",
            "列 {column} 在 {value} 期间的数据缺失：{detail_zh}。",
            "Fetch them from the source's own archive and ingest that file; the gap stays on record.",
            "请从来源自身的历史存档导出并导入该文件；缺口将保留记录。",
        ),
        "bad-event": (
            "Record {row}: {detail}",
            "第 {row} 条记录：{detail}",
            "Correct the event in its source and ingest the file again.",
            "请在源系统中更正该事件后重新导入文件。",
        ),
    }
)
_WANTED_ZH: Mapping[str, str] = MappingProxyType(
    {
        "number": "数值",
        "time": "时间",
        "whole number": "整数",
        "yes or no": "是/否值",
        "open or closed": "状态（未完成/已完成）",
    }
)


@dataclass(frozen=True)
class Problem:
    """One reason why one row waits.

    Attributes:
        row: Source row, as ``q:sourceRow`` would have it.
        column: Field name as the source writes it, or ``""`` where the whole row is meant.
        value: The cell as it was written.
        code: Which reason.
        message: What is wrong, per language.
        fix: What to do, per language.
        data: Further facts as JSON values, for example what a code means elsewhere.
    """

    row: int
    column: str
    value: str
    code: str
    message: Mapping[str, str]
    fix: Mapping[str, str]
    data: Mapping[str, JsonValue] = field(default_factory=dict)


def problem(
    code: str,
    *,
    row: int,
    column: str = "",
    value: str = "",
    wanted: str = "",
    detail: str = "",
    detail_zh: str = "",
    file: str = "",
) -> Problem:
    """Return a problem in the words of the table."""
    facts = {
        "of_file": f" of {file}" if file else "",
        "of_file_zh": f"（{file}）" if file else "",
        "row": row,
        "column": column,
        "value": value,
        "wanted": wanted,
        "wanted_zh": _WANTED_ZH.get(wanted, wanted),
        "detail": detail,
        "detail_zh": detail_zh or detail,
    }
    english, chinese, fix, fix_zh = _SAID[code]
    return Problem(
        row=row,
        column=column,
        value=value,
        code=code,
        message={"en": english.format(**facts), "zh": chinese.format(**facts)},
        fix={"en": fix, "zh": fix_zh},
    )
