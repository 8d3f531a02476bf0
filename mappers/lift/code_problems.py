"""Why a row with a code waits: the reason, what the code means elsewhere, and what to do about it (R63).

The meanings elsewhere are told so that a person need not look for them; none of them is taken.
"""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from types import MappingProxyType

from qualweave.errors import JsonValue
from qualweave.iri import local_name
from qualweave.mappers.codes import CodeEntry, CodeMiss, MissReason
from qualweave.mappers.lift.problems import Problem, problem
from qualweave.mappers.vocabulary import Vocabulary

_TOLD = 5  # meanings that a message lists
_KEPT = 20  # meanings that its data list

_STEPS: Mapping[MissReason, tuple[str, str]] = MappingProxyType(
    {
        "no-machine": (
            "Say which machine wrote this file: the same code means different things on different machines.",
            "请说明此文件来自哪台机器：同一代码在不同机台含义不同。",
        ),
        "no-list": (
            "Ingest the code list of {machine}; the row is lifted then.",
            "请导入机台 {machine} 的代码表，随后该行将自动提升。",
        ),
        "no-code": (
            "Correct the code and release the row, or add it to the code list of {machine} and ingest that list again.",
            "请更正代码后放行此行，或在机台 {machine} 的代码表中补充该代码后重新导入。",
        ),
        "no-programme": (
            "Name the programme that {machine} ran, or ingest its code list for that programme.",
            "请注明机台 {machine} 当时运行的程序版本，或导入该程序版本的代码表。",
        ),
        "too-early": (
            "Ingest the code list of {machine} that held at that time, or correct the time and release the row.",
            "请导入机台 {machine} 当时有效的代码表，或更正时间后放行此行。",
        ),
        "too-late": (
            "Ingest the code list of {machine} that held at that time, or correct the time and release the row.",
            "请导入机台 {machine} 当时有效的代码表，或更正时间后放行此行。",
        ),
        "several": (
            "Give the programme or the time of the row, or correct the code list of {machine}, in which they overlap.",
            "请补充该行的程序版本或时间，或更正机台 {machine} 中相互重叠的代码表条目。",
        ),
    }
)
_UNDATED = (
    (
        "Date one of the lists: ingest it again with a column 'valid from' and confirm that field. Or retire one: "
        "empty 'records' in its mapping and put it (qualweave mapping put). The lists: {lists}."
    ),
    (
        "请为其中一份代码表注明日期：增加“生效日期”列后重新导入并确认该字段；或停用其中一份："
        "清空其映射的 records 后提交（qualweave mapping put）。相关代码表：{lists}。"
    ),
)


def code_problem(
    miss: CodeMiss,
    *,
    row: int,
    column: str,
    code: str,
    scope: tuple[str, str, str],
    vocabulary: Vocabulary,
    file: str,
) -> Problem:
    """Return the problem of a row whose code has no entry that holds.

    Args:
        miss: Why there is none.
        row: Source row.
        column: Field of the code.
        code: The code as it was written.
        scope: IRI of machine and programme, and time, as the row has them; ``""`` where it has none.
        vocabulary: Names the meanings.
        file: File name.
    """
    machine = local_name(scope[0]) if scope[0] else ""
    english, chinese = _UNDATED if _is_undated(miss) else _STEPS[miss.reason]
    lists = sorted({one.file for one in miss.rivals if one.file})
    hint, hint_zh = _hint(miss)
    told, told_zh = (_elsewhere(miss, vocabulary, language) for language in ("en", "zh"))
    is_unscoped = miss.reason == "no-machine"
    said = problem(
        "unscoped-code" if is_unscoped else "unknown-scope",
        row=row,
        column=column,
        value=code,
        detail=told if is_unscoped else f"{miss.message}.{told}",
        detail_zh=told_zh if is_unscoped else f"{miss.message_zh}。{told_zh}",
        file=file,
    )
    fix = {
        "en": hint + english.format(machine=machine, lists=" or ".join(lists)),
        "zh": hint_zh + chinese.format(machine=machine, lists="或".join(lists)),
    }
    return replace(said, fix=fix, data=_data(miss, code, scope, vocabulary))


def _is_undated(miss: CodeMiss) -> bool:
    """Return whether lists contradict each other and no date tells them apart, so that a time of the row is no help."""
    dates = [one.valid_from for one in miss.rivals]
    return any(one.file for one in miss.rivals) and len(set(dates)) < len(dates)


def _hint(miss: CodeMiss) -> tuple[str, str]:
    """Return the question whether a code that is spelt nearly so was meant."""
    near = list(dict.fromkeys(one.code for one in miss.near))[:_TOLD]
    if not near:
        return "", ""
    said = " or ".join(repr(one) for one in near)
    return f"Did you mean {said}? ", f"是否应为 {'或'.join(near)}？"


def _elsewhere(miss: CodeMiss, vocabulary: Vocabulary, language: str) -> str:
    """Return the sentence that lists the meanings elsewhere, bounded and counted; ``""`` where there are none."""
    known = miss.elsewhere or miss.near
    if not known:
        return ""
    spelt = not miss.elsewhere
    listed = [_meaning(one, vocabulary, language, with_code=spelt) for one in known[:_TOLD]]
    left = len(known) - len(listed)
    if language == "zh":
        more = f"，另有 {left} 种" if left else ""
        return f"其他作用域中的含义：{'；'.join(listed)}{more}。"
    more = f"; and {left} more" if left else ""
    return f" Elsewhere it means: {'; '.join(listed)}{more}."


def _meaning(entry: CodeEntry, vocabulary: Vocabulary, language: str, *, with_code: bool) -> str:
    name = label_of(entry, vocabulary, language)
    since = {"en": "from {}", "zh": "自 {} 起"}[language].format(entry.valid_from[:10])
    until = {"en": "until {}", "zh": "至 {}"}[language].format(entry.valid_to[:10])
    scope = [
        local_name(entry.machine),
        local_name(entry.programme) if entry.programme else "",
        since if entry.valid_from else "",
        until if entry.valid_to else "",
    ]
    code = f"{entry.code} = " if with_code else ""
    return f"{code}{name} ({', '.join(one for one in scope if one)})"


def label_of(entry: CodeEntry, vocabulary: Vocabulary, language: str) -> str:
    """Return the name of what an entry denotes in a language, else what the vendor's list says of it."""
    concept = vocabulary.concept(entry.denotes) if entry.denotes else None
    if concept is not None:
        return concept.labels.get(language, concept.printed)
    undecided = {"en": "undecided", "zh": "未定"}[language]
    return f"{entry.label!r} ({undecided})" if entry.label else undecided


def _data(
    miss: CodeMiss, code: str, scope: tuple[str, str, str], vocabulary: Vocabulary
) -> dict[str, JsonValue]:
    machine, programme, at = scope
    return {
        "reason": miss.reason,
        "code": code,
        "machine": machine,
        "programme": programme,
        "at": at,
        "known": _listed(miss.elsewhere[:_KEPT], vocabulary),
        "known_total": len(miss.elsewhere),
        "near": _listed(miss.near[:_KEPT], vocabulary),
        "rivals": [
            {"file": one.file, "row": one.row, "denotes": one.denotes, "label": one.label}
            for one in miss.rivals
        ],
    }


def _listed(entries: Iterable[CodeEntry], vocabulary: Vocabulary) -> list[JsonValue]:
    return [
        {
            "code": one.code,
            "machine": one.machine,
            "machine_name": local_name(one.machine),
            "programme": one.programme,
            "programme_name": local_name(one.programme) if one.programme else "",
            "valid_from": one.valid_from,
            "valid_to": one.valid_to,
            "denotes": one.denotes,
            "meaning": {language: label_of(one, vocabulary, language) for language in ("en", "zh")},
            "label": one.label,
        }
        for one in entries
    ]
