"""The sentences of alignment evidence, made from the field and the term, in English and Chinese."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import lru_cache

from qualweave.mappers.align.enumerations import shared
from qualweave.mappers.align.recall import Confirmed
from qualweave.mappers.align.stated import How, meaning_of
from qualweave.mappers.align.target import Entity, TargetTerm
from qualweave.mappers.align.words import words
from qualweave.mappers.profile import FieldProfile

_ENGLISH: Mapping[str, str] = {
    "exact": "The name '{field}' is a name of '{term}'.",
    "only_exact": "No other term than '{term}' has the name '{field}'.",
    "label_exact": "The name '{field}' is the preferred label of '{term}'.",
    "learnt_covered": "In confirmed fields, parts of '{field}' stood for words of '{term}' ({share:.0%}).",
    "abbreviated": "'{field}' can be read as an abbreviation of '{term}' ({share:.0%}).",
    "initials": "A part of '{field}' is the first letters of '{term}'.",
    "own_attribute": "Without the words of its device or table, '{field}' is '{term}' ({share:.0%}).",
    "numbers": "The numbers in '{field}' and '{term}' {agree}.",
    "definition_place": "The definition of '{term}' speaks of where the field stands ({share:.0%}).",
    "unit_against": "The unit {unit} contradicts '{term}', which is measured in {theirs_or_none}.",
    "unit_named": "'{field}' and '{term}' are units that agree to {share:.2f} of 1.",
    "unit_identical": "No unit agrees better with '{field}' than '{term}'.",
    "withdrawn": "The vocabulary says that '{term}' is no longer to be used.",
    "together": "Other fields of the source are met in the same part of the vocabulary as '{term}'.",
    "recalled_same": "A field of this name was confirmed as '{term}': {memory}.",
    "recalled_here": "A field of this name in such a place, with such a unit, was confirmed as '{term}': {memory}.",
    "recalled_sole": "Fields of this name were confirmed as '{term}' and as nothing else: {memory}.",
    "recalled_letters": "A confirmed field of '{term}' shares letter groups ({share:.0%}): {memory}.",
    "recalled_words": "A confirmed field of '{term}' shares words ({share:.0%}): {memory}.",
    "recalled_meaning": "A language model finds a confirmed field of '{term}' near ({share:.2f} of 1): {memory}.",
    "recalled_like": "A confirmed field of '{term}' is alike in name, unit and place ({share:.0%}): {memory}.",
    "recalled_place": "A confirmed field of '{term}' has such a unit and place ({share:.0%}): {memory}.",
    "recalled_votes": "Words, unit and place told '{term}' in {share:.0%} of the confirmed fields: {memory}.",
    "recalled_next": "Of the confirmed fields nearest to this one, {share:.0%} are '{term}': {memory}.",
    "recalled_often": "Fields are often confirmed as '{term}'.",
    "name_covered": "{share:.0%} of the words of '{field}' (by rarity) are words of '{term}'.",
    "label_covered": "{share:.0%} of the words of '{term}' (by rarity) stand in '{field}'.",
    "synonym_covered": "'{field}' and '{term}' say the same with other words ({share:.0%}).",
    "sibling_covered": "Words of '{term}' that '{field}' lacks stand in fields beside it: {near}.",
    "definition_words": "{share:.0%} of the words of '{field}' stand in the definition of '{term}'.",
    "meaning_written": "Written out, '{field}' is near '{term}' to a language model ({share:.2f} of 2).",
    "meaning_defined": "A language model places '{field}' near the definition of '{term}' ({share:.2f} of 2).",
    "description_named": "The source's description is near the name of '{term}' ({share:.2f} of 2).",
    "unit_same": "'{term}' is measured in {unit}, as the field is.",
    "unit_unasked": "The field has the unit {unit}, while '{term}' has none.",
    "fellow": "Fields beside it belong where '{term}' is met: {near}.",
    "inherited": "Its name is that of a broader term; file and fellow fields single out '{term}': {around}.",
    "outdone": "A narrower term than '{term}' is singled out by file and fellow fields: {around}.",
    "kind": "The source says the field is of kind {kind}; '{term}' {verb} of that kind.",
    "context_covered": "Words of '{term}' that '{field}' lacks stand in file or device: {where}.",
    "characters": "'{field}' and '{term}' share {share:.0%} of their letter groups.",
    "meaning": "A language model places '{field}' near '{term}' ({share:.2f} of 2).",
    "description": "The source's description is near the definition of '{term}' ({share:.2f} of 2).",
    "unit": "The unit {unit} {verb} of the dimension of '{term}'.",
    "unit_missing": "The field has no unit, while '{term}' is measured in {theirs}.",
    "range": "The values {values} {lie} the usual range of '{term}'.",
    "value_type": "The cells look like {type}, which {suits} '{term}'.",
    "company": "It stands in the company that '{term}' keeps: {around}.",
    "general": "'{term}' is a general term; a narrower one may be meant.",
    "stated": "The source itself states that '{field}' means {stated}, {how} '{term}'.",
    "values": "{share:.0%} of the values of '{field}' are values of '{term}': {shared}.",
    "entity": "In the vocabulary '{term}' is of the sort '{entity}'{suiting}.",
}
_CHINESE: Mapping[str, str] = {
    "exact": "名称“{field}”是“{term_zh}”的名称之一。",
    "only_exact": "除“{term_zh}”外没有其他术语名为“{field}”。",
    "label_exact": "名称“{field}”是“{term_zh}”的首选标签。",
    "learnt_covered": "在已确认的字段中，“{field}”的组成部分曾表示“{term_zh}”的用词（{share:.0%}）。",
    "abbreviated": "“{field}”可理解为“{term_zh}”的缩写（{share:.0%}）。",
    "initials": "“{field}”中有一部分是“{term_zh}”的首字母。",
    "own_attribute": "去掉设备或表的名称后，“{field}”即“{term_zh}”（{share:.0%}）。",
    "numbers": "“{field}”与“{term_zh}”中的数字{agree_zh}。",
    "definition_place": "“{term_zh}”的定义提到该字段所在之处（{share:.0%}）。",
    "unit_against": "单位 {unit} 与“{term_zh}”矛盾，后者以 {theirs_or_none} 计量。",
    "unit_named": "“{field}”与“{term_zh}”作为单位的一致程度为 {share:.2f}/1。",
    "unit_identical": "没有其他单位比“{term_zh}”更符合“{field}”。",
    "withdrawn": "词表注明“{term_zh}”不再使用。",
    "together": "该来源的其他字段与“{term_zh}”处于词表的同一部分。",
    "recalled_same": "同名字段曾确认为“{term_zh}”：{memory}。",
    "recalled_here": "同名、位置与单位相近的字段曾确认为“{term_zh}”：{memory}。",
    "recalled_sole": "同名字段只确认为“{term_zh}”：{memory}。",
    "recalled_letters": "“{term_zh}”的一个已确认字段与其字组相同（{share:.0%}）：{memory}。",
    "recalled_words": "“{term_zh}”的一个已确认字段与其用词相同（{share:.0%}）：{memory}。",
    "recalled_meaning": "语言模型认为“{term_zh}”的一个已确认字段与其相近（{share:.2f}/1）：{memory}。",
    "recalled_like": "“{term_zh}”的一个已确认字段在名称、单位和位置上相似（{share:.0%}）：{memory}。",
    "recalled_place": "“{term_zh}”的一个已确认字段单位与位置相同（{share:.0%}）：{memory}。",
    "recalled_votes": "在已确认的字段中，这些词、单位和位置有 {share:.0%} 表示“{term_zh}”：{memory}。",
    "recalled_next": "最相近的已确认字段中有 {share:.0%} 为“{term_zh}”：{memory}。",
    "recalled_often": "字段常被确认为“{term_zh}”。",
    "name_covered": "“{field}”中 {share:.0%} 的词（按稀有度）属于“{term_zh}”。",
    "label_covered": "“{term_zh}”中 {share:.0%} 的词（按稀有度）出现在“{field}”中。",
    "synonym_covered": "“{field}”与“{term_zh}”用词不同而意思相同（{share:.0%}）。",
    "sibling_covered": "“{field}”缺少的“{term_zh}”用词出现在相邻字段中：{near}。",
    "definition_words": "“{field}”中 {share:.0%} 的词出现在“{term_zh}”的定义中。",
    "meaning_written": "展开缩写后，语言模型认为“{field}”与“{term_zh}”相近（{share:.2f}/2）。",
    "meaning_defined": "语言模型认为“{field}”与“{term_zh}”的定义相近（{share:.2f}/2）。",
    "description_named": "来源说明与“{term_zh}”的名称相近（{share:.2f}/2）。",
    "unit_same": "“{term_zh}”与该字段同以 {unit} 计量。",
    "unit_unasked": "字段带有单位 {unit}，而“{term_zh}”没有单位。",
    "fellow": "相邻字段属于“{term_zh}”出现之处：{near}。",
    "inherited": "名称属于上位术语；文件与相邻字段共同指向“{term_zh}”：{around}。",
    "outdone": "文件与相邻字段指向比“{term_zh}”更具体的术语：{around}。",
    "kind": "来源标明字段类别为 {kind}，“{term_zh}”{verb_kind_zh}该类别。",
    "context_covered": "“{field}”缺少的“{term_zh}”用词出现在文件名或设备名中：{where}。",
    "characters": "“{field}”与“{term_zh}”有 {share:.0%} 的字组相同。",
    "meaning": "语言模型认为“{field}”与“{term_zh}”相近（{share:.2f}/2）。",
    "description": "来源说明与“{term_zh}”的定义相近（{share:.2f}/2）。",
    "unit": "单位 {unit} 与“{term_zh}”的量纲{verb_zh}。",
    "unit_missing": "字段没有单位，而“{term_zh}”以 {theirs} 计量。",
    "range": "数值 {values} {lie_zh}“{term_zh}”的常见范围。",
    "value_type": "单元格形如{type}，{suits_zh}“{term_zh}”。",
    "company": "其上下文正是“{term_zh}”常出现之处：{around}。",
    "general": "“{term_zh}”是泛称，可能指更具体的术语。",
    "stated": "来源自身声明“{field}”的含义为 {stated}，{how_zh}“{term_zh}”。",
    "values": "“{field}”的取值中有 {share:.0%} 是“{term_zh}”的取值：{shared}。",
    "entity": "在词表中“{term_zh}”是{entity_zh}{suiting_zh}。",
}
_HOW: Mapping[How, tuple[str, str]] = {
    "is": ("which is", "即"),
    "same": ("which the vocabulary equates with", "词表注明其等同于"),
    "version": ("another version of", "它是另一版本的"),
    "close": ("which the vocabulary calls nearly the same as", "词表注明其近似于"),
}
_ENTITIES_ZH: Mapping[Entity, str] = {
    "class": "类", "property": "属性", "datatype property": "数据属性", "object property": "对象属性",
    "annotation property": "注释属性", "concept": "概念", "quantity kind": "量的种类", "individual": "个体", "": "术语",
}  # fmt: skip


@dataclass(frozen=True)
class _Said:
    """What a sentence speaks of; its facts are made only where the sentence names them."""

    field: FieldProfile
    term: TargetTerm
    value: float
    confirmed: Confirmed | None

    def __getitem__(self, fact: str) -> object:
        """Return a fact by its name in the sentences."""
        return _FACTS[fact](self)

    def either(self, yes: str, no: str) -> str:
        """Return a word by whether the signal speaks for the term."""
        return yes if self.value > 0 else no


_FACTS: Mapping[str, Callable[[_Said], object]] = {
    "field": lambda said: said.field.name,
    "term": lambda said: said.term.label("en"),
    "term_zh": lambda said: said.term.label("zh"),
    "share": lambda said: said.value,
    "around": lambda said: ", ".join(filter(None, (_where(said.field), _near_to(said.field)))),
    "where": lambda said: _where(said.field),
    "near": lambda said: _near_to(said.field),
    "kind": lambda said: said.field.kind,
    "verb_kind_zh": lambda said: said.either("属于", "不属于"),
    "unit": lambda said: said.field.unit_text or "?",
    "theirs": lambda said: said.term.unit,
    "theirs_or_none": lambda said: said.term.unit or "-",
    "agree": lambda said: said.either("agree", "differ"),
    "agree_zh": lambda said: said.either("一致", "不一致"),
    "memory": lambda said: _confirmation(said.confirmed),
    "verb": lambda said: said.either("is", "is not"),
    "verb_zh": lambda said: said.either("一致", "不一致"),
    "values": lambda said: _values(said.field),
    "lie": lambda said: said.either("lie in", "lie outside"),
    "lie_zh": lambda said: said.either("处于", "超出"),
    "type": lambda said: said.field.type,
    "suits": lambda said: said.either("suits", "does not suit"),
    "suits_zh": lambda said: said.either("符合", "不符合"),
    "entity": lambda said: said.term.entity or "term",
    "entity_zh": lambda said: _ENTITIES_ZH[said.term.entity],
    "suiting": lambda said: ", while a field is rather a property of a thing" if said.value else "",
    "suiting_zh": lambda said: "，而字段更应是事物的属性" if said.value else "",
    "stated": lambda said: meaning_of(said.field, said.term)[0],
    "how": lambda said: _HOW[meaning_of(said.field, said.term)[1]][0],
    "how_zh": lambda said: _HOW[meaning_of(said.field, said.term)[1]][1],
    "shared": lambda said: ", ".join(shared(said.field, said.term)[:6]),
}


def statement(
    signal: str,
    field: FieldProfile,
    term: TargetTerm,
    value: float,
    *,
    confirmed: Confirmed | None = None,
) -> dict[str, str]:
    """Return the sentence of a signal in both languages.

    Args:
        signal: Its name.
        field: The field.
        term: The term.
        value: Of the signal.
        confirmed: The confirmation that memory speaks from.
    """
    said = _Said(field, term, value, confirmed)
    return {"en": _ENGLISH[signal].format_map(said), "zh": _CHINESE[signal].format_map(said)}


def _values(field: FieldProfile) -> str:
    if field.minimum is None or field.maximum is None:
        return ""
    return f"{field.minimum:g}…{field.maximum:g}"


def _confirmation(one: Confirmed | None) -> str:
    """Return which field it was, of what source, and who confirmed it when."""
    if one is None:
        return "-"
    when = one.when.date().isoformat() if one.when else ""
    told = " ".join(part for part in (one.by, when) if part)
    return (
        one.field.name + (f" · {one.source}" if one.source else "") + (f" ({told})" if told else "")
    )


def _where(field: FieldProfile) -> str:
    context = field.context
    named = (*context.path_hints, context.file_name, context.device) if context is not None else ()
    return ", ".join(one for one in named if one)


def _near_to(field: FieldProfile) -> str:
    return _near(field.name, tuple(field.siblings))


@lru_cache(maxsize=64)
def _near(name: str, siblings: tuple[str, ...]) -> str:
    return ", ".join([one for one in siblings if not words(one) <= words(name)][:6])
