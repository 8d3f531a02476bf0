"""The sentences of alignment evidence, made from the field and the term, in English and Chinese."""

from collections.abc import Mapping

from qualweave.mappers.align.target import TargetTerm
from qualweave.mappers.align.words import words
from qualweave.mappers.profile import FieldProfile

_ENGLISH: Mapping[str, str] = {
    "exact": "The name '{field}' is a name of '{term}'.",
    "only_exact": "No other term than '{term}' has the name '{field}'.",
    "label_exact": "The name '{field}' is the preferred label of '{term}'.",
    "name_covered": "{share:.0%} of the words of '{field}' (by rarity) are words of '{term}'.",
    "label_covered": "{share:.0%} of the words of '{term}' (by rarity) stand in '{field}'.",
    "synonym_covered": "'{field}' and '{term}' say the same with other words ({share:.0%}).",
    "sibling_covered": "Words of '{term}' that '{field}' lacks stand in fields beside it: {near}.",
    "definition_words": "{share:.0%} of the words of '{field}' stand in the definition of '{term}'.",
    "meaning_written": "Written out, '{field}' is near '{term}' to a language model ({share:.2f} of 1).",
    "meaning_defined": "A language model places '{field}' near the definition of '{term}' ({share:.2f} of 1).",
    "description_named": "The source's description is near the name of '{term}' ({share:.2f} of 1).",
    "unit_same": "'{term}' is measured in {unit}, as the field is.",
    "unit_unasked": "The field has the unit {unit}, while '{term}' has none.",
    "fellow": "Fields beside it belong where '{term}' is met: {near}.",
    "inherited": "Its name is that of a broader term; file and fellow fields single out '{term}': {around}.",
    "outdone": "A narrower term than '{term}' is singled out by file and fellow fields: {around}.",
    "kind": "The source says the field is of kind {kind}; '{term}' {verb} of that kind.",
    "context_covered": "Words of '{term}' that '{field}' lacks stand in file or device: {where}.",
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
    "only_exact": "除“{term}”外没有其他术语名为“{field}”。",
    "label_exact": "名称“{field}”是“{term}”的首选标签。",
    "name_covered": "“{field}”中 {share:.0%} 的词（按稀有度）属于“{term}”。",
    "label_covered": "“{term}”中 {share:.0%} 的词（按稀有度）出现在“{field}”中。",
    "synonym_covered": "“{field}”与“{term}”用词不同而意思相同（{share:.0%}）。",
    "sibling_covered": "“{field}”缺少的“{term}”用词出现在相邻字段中：{near}。",
    "definition_words": "“{field}”中 {share:.0%} 的词出现在“{term}”的定义中。",
    "meaning_written": "展开缩写后，语言模型认为“{field}”与“{term}”相近（{share:.2f}/1）。",
    "meaning_defined": "语言模型认为“{field}”与“{term}”的定义相近（{share:.2f}/1）。",
    "description_named": "来源说明与“{term}”的名称相近（{share:.2f}/1）。",
    "unit_same": "“{term}”与该字段同以 {unit} 计量。",
    "unit_unasked": "字段带有单位 {unit}，而“{term}”没有单位。",
    "fellow": "相邻字段属于“{term}”出现之处：{near}。",
    "inherited": "名称属于上位术语；文件与相邻字段共同指向“{term}”：{around}。",
    "outdone": "文件与相邻字段指向比“{term}”更具体的术语：{around}。",
    "kind": "来源标明字段类别为 {kind}，“{term}”{verb_kind_zh}该类别。",
    "context_covered": "“{field}”缺少的“{term}”用词出现在文件名或设备名中：{where}。",
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
        "around": ", ".join(one for one in (_where(field), _near(field)) if one),
        "where": _where(field),
        "near": _near(field),
        "kind": field.kind,
        "verb_kind_zh": "属于" if value > 0 else "不属于",
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


def _where(field: FieldProfile) -> str:
    context = field.context
    named = (*context.path_hints, context.file_name, context.device) if context is not None else ()
    return ", ".join(one for one in named if one)


def _near(field: FieldProfile) -> str:
    return ", ".join([one for one in field.siblings if not words(one) <= words(field.name)][:6])
