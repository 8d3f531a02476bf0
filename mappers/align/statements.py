"""The sentences of alignment evidence, made from the field and the term, in English and Chinese."""

from collections.abc import Mapping

from qualweave.mappers.align.target import TargetTerm
from qualweave.mappers.align.words import words
from qualweave.mappers.profile import FieldProfile

_ENGLISH: Mapping[str, str] = {
    "exact": "The name '{field}' is a name of '{term}'.",
    "label_exact": "The name '{field}' is the preferred label of '{term}'.",
    "name_covered": "{share:.0%} of the words of '{field}' (by rarity) are words of '{term}'.",
    "label_covered": "{share:.0%} of the words of '{term}' (by rarity) stand in '{field}'.",
    "context_covered": "Words of '{term}' that '{field}' lacks stand around it: {around}.",
    "characters": "'{field}' and '{term}' share {share:.0%} of their letter groups.",
    "meaning": "A language model places '{field}' near '{term}' ({share:.2f} of 1).",
    "description": "The source's description is near the definition of '{term}' ({share:.2f} of 1).",
    "unit": "The unit {unit} {verb} of the dimension of '{term}'.",
    "unit_missing": "The field has no unit, while '{term}' is measured in {theirs}.",
    "range": "The values {values} {lie} the usual range of '{term}'.",
    "value_type": "The cells look like {type}, which {suits} '{term}'.",
    "company": "It stands in the company that '{term}' keeps: {around}.",
    "general": "'{term}' is a general term; a narrower one may be meant.",
}
_CHINESE: Mapping[str, str] = {
    "exact": "名称“{field}”是“{term}”的名称之一。",
    "label_exact": "名称“{field}”是“{term}”的首选标签。",
    "name_covered": "“{field}”中 {share:.0%} 的词（按稀有度）属于“{term}”。",
    "label_covered": "“{term}”中 {share:.0%} 的词（按稀有度）出现在“{field}”中。",
    "context_covered": "“{field}”缺少的“{term}”用词出现在其上下文中：{around}。",
    "characters": "“{field}”与“{term}”有 {share:.0%} 的字组相同。",
    "meaning": "语言模型认为“{field}”与“{term}”相近（{share:.2f}/1）。",
    "description": "来源说明与“{term}”的定义相近（{share:.2f}/1）。",
    "unit": "单位 {unit} 与“{term}”的量纲{verb_zh}。",
    "unit_missing": "字段没有单位，而“{term}”以 {theirs} 计量。",
    "range": "数值 {values} {lie_zh}“{term}”的常见范围。",
    "value_type": "单元格形如{type}，{suits_zh}“{term}”。",
    "company": "其上下文正是“{term}”常出现之处：{around}。",
    "general": "“{term}”是泛称，可能指更具体的术语。",
}


def statement(signal: str, field: FieldProfile, term: TargetTerm, value: float) -> dict[str, str]:
    """Return the sentence of a signal in both languages."""
    facts = {
        "field": field.name,
        "share": value,
        "around": _around(field),
        "unit": field.unit_text or "?",
        "theirs": term.unit,
        "verb": "is" if value > 0 else "is not",
        "verb_zh": "一致" if value > 0 else "不一致",
        "values": f"{field.minimum:g}…{field.maximum:g}"
        if field.minimum is not None and field.maximum is not None
        else "",
        "lie": "lie in" if value > 0 else "lie outside",
        "lie_zh": "处于" if value > 0 else "超出",
        "type": field.type,
        "suits": "suits" if value > 0 else "does not suit",
        "suits_zh": "符合" if value > 0 else "不符合",
    }
    return {
        "en": _ENGLISH[signal].format(term=term.label("en"), **facts),
        "zh": _CHINESE[signal].format(term=term.label("zh"), **facts),
    }


def _around(field: FieldProfile) -> str:
    context = field.context
    named = [context.file_name, context.device] if context is not None else []
    near = [one for one in field.siblings if not words(one) <= words(field.name)][:6]
    return ", ".join(one for one in (*named, *near) if one)
