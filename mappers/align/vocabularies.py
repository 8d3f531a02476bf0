"""A vocabulary from a file: JSON Lines, a JSON list, or RDF, told apart by what is in it.

RDF is Turtle, TriG, N-Triples, N-Quads, RDF/XML or JSON-LD. Nothing is fetched: imports are named, and a JSON-LD
context that stands elsewhere is refused.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, TypeAlias
from urllib.parse import quote

import orjson
import pyoxigraph as ox

from qualweave.errors import UnreadableSource
from qualweave.iri import OWL, RDF
from qualweave.mappers.align.naming import language_of
from qualweave.mappers.align.rdf_terms import RdfTerms, rdf_terms
from qualweave.mappers.align.target import TargetTerm, from_json, read_terms
from qualweave.mappers.readers.owl import owl_text, unfolds
from qualweave.mappers.readers.sniff import sniff

Form: TypeAlias = Literal["json lines", "json", "json-ld", "turtle", "n-quads", "rdf/xml", "folder"]
_XML = re.compile(r"<(?:\?xml|!DOCTYPE|!--|[A-Za-z_][\w.-]*(?::[A-Za-z_][\w.-]*)?[\s/>])")
_DECLARATION = re.compile(r"\A\s*<\?xml[^>]*\?>")
_TURTLE = re.compile(
    r"^\s*(?:(?:@?prefix|@?base)\s|<[^>\s]*>\s+[<a]|_:\S+\s+<)",
    re.MULTILINE | re.IGNORECASE,
)
_FOUR = re.compile(
    r"^\s*<[^>]*>\s+<[^>]*>\s+(?:<[^>]*>|\"(?:[^\"\\]|\\.)*\"\S*|_:\S+)\s+<[^>]*>\s*\.",
    re.MULTILINE,
)
_LOOKED_AT = 20_000  # characters in which the form shows
_BINARY = frozenset({"xlsx", "parquet", "arrow", "sqlite", "gzip", "zip", "npz", "pdf", "unknown"})
_IDS, _NAMES = (
    ("id", "iri", "uri", "code", "identifier"),
    ("label", "labels", "prefLabel", "name", "title"),
)
_OTHERS = ("alt", "altLabel", "alternatives", "synonyms", "aliases")
_RDF_FORMATS: Mapping[Form, ox.RdfFormat] = {
    "turtle": ox.RdfFormat.TRIG,  # which Turtle and N-Triples are a part of
    "n-quads": ox.RdfFormat.N_QUADS,
    "rdf/xml": ox.RdfFormat.RDF_XML,
    "json-ld": ox.RdfFormat.JSON_LD,
}


@dataclass(frozen=True)
class VocabularyFile:
    """The terms of a file, and what was left out of it.

    Attributes:
        terms: Candidates for a field.
        file: Its name.
        form: What it is.
        nameless: Terms without any name.
        values: Values of enumerations and other individuals, where the vocabulary has more than those.
        annotations: Annotation properties that the file itself annotates its terms with.
        imports: IRIs of vocabularies that it imports; they are not read.
        others: Files of a folder that are no RDF.
    """

    terms: tuple[TargetTerm, ...]
    file: str
    form: Form
    nameless: int = 0
    values: int = 0
    annotations: int = 0
    imports: tuple[str, ...] = ()
    others: tuple[str, ...] = ()

    def told(self) -> str:
        """Return in one sentence how many terms there are, of which kind, and what was left out."""
        kinds: dict[str, int] = {}
        for one in self.terms:
            kinds[one.entity or "term"] = kinds.get(one.entity or "term", 0) + 1
        left = {
            "without a name": self.nameless,
            "as values of enumerations": self.values,
            "as annotations of its terms": self.annotations,
        }
        parts = [f"{count} {_plural(kind, count)}" for kind, count in kinds.items()]
        out = [f"{count} {why}" for why, count in left.items() if count]
        told = f"{self.file}: {', '.join(parts)}"
        told += f"; left out: {', '.join(out)}" if out else ""
        told += f"; imports not read: {', '.join(self.imports)}" if self.imports else ""
        return told + (f"; no RDF: {', '.join(self.others)}" if self.others else "") + "."


def _plural(kind: str, count: int) -> str:
    if count == 1:
        return kind
    if kind.endswith("y"):
        return f"{kind[:-1]}ies"
    return f"{kind}es" if kind.endswith("s") else f"{kind}s"


def read_vocabulary(path: Path) -> VocabularyFile:
    """Return the terms of a file, or of a folder of RDF files that make one vocabulary.

    Args:
        path: JSON Lines or a JSON list of terms (format: docs/concepts/alignment.md), or an OWL, RDFS or SKOS
            vocabulary in Turtle, TriG, N-Triples, N-Quads, RDF/XML or JSON-LD; or a folder of the latter.

    Raises:
        UnreadableSource: If it is none of these, does not parse (with the line), or has no term with a name.
    """
    if path.is_dir():
        return _folder(path)
    text, form = _seen(path)
    if form == "json lines":
        return VocabularyFile(read_terms(path), path.name, form)
    if form == "json":
        return VocabularyFile(tuple(_from_list(path, orjson.loads(text))), path.name, form)
    return _of_rdf(path, form, rdf_terms(_quads(path, text, form)))


def _folder(path: Path) -> VocabularyFile:
    """Return the terms of all RDF files of a folder; those that import each other are read together."""
    quads: list[ox.Quad] = []
    others = []
    for one in sorted(path.iterdir()):
        try:
            text, form = _seen(one)
        except UnreadableSource:
            others.append(one.name)
            continue
        if form in _RDF_FORMATS:
            quads += _quads(one, text, form)
        else:
            others.append(one.name)
    return _of_rdf(path, "folder", rdf_terms(quads), tuple(others))


def _of_rdf(
    path: Path, form: Form, found: RdfTerms, others: tuple[str, ...] = ()
) -> VocabularyFile:
    if not found.terms:
        raise _no_term(path, found)
    return VocabularyFile(
        found.terms,
        path.name,
        form,
        nameless=found.nameless,
        values=found.values,
        annotations=found.annotations,
        imports=found.imports,
        others=others,
    )


def _seen(path: Path) -> tuple[str, Form]:
    """Return the text of a file, and what it is."""
    if sniff(path) in _BINARY:
        raise _no_vocabulary(path)
    text = owl_text(path).lstrip("\ufeff")
    return text, _form(path, text)


def _form(path: Path, text: str) -> Form:
    start = text.lstrip()[:_LOOKED_AT]
    if start.startswith(("{", "[")):
        return _json_form(path, text)
    if _XML.match(start):
        if RDF in start or f"{RDF[:-1]}" in start:
            return "rdf/xml"
        raise _other_xml(path, is_owl=OWL[:-1] in start)
    if _FOUR.search(start):
        return "n-quads"
    if _TURTLE.search(start):
        return "turtle"
    raise _no_vocabulary(path)


def _json_form(path: Path, text: str) -> Form:
    try:
        found = orjson.loads(text)
    except orjson.JSONDecodeError as error:
        first = text.lstrip().splitlines()[0]
        if first.startswith("{") and first.rstrip().endswith("}"):
            return "json lines"  # whose reader names the line that is wrong
        raise UnreadableSource(
            f"{path.name}, line {error.lineno}, column {error.colno}: no JSON ({error.msg}).",
            message_zh=f"{path.name} 第 {error.lineno} 行第 {error.colno} 列不是 JSON。",
            next_step="Correct the file, or export it again.",
            next_step_zh="请更正该文件，或重新导出。",
            data={"file": path.name, "line": error.lineno, "column": error.colno},
        ) from error
    rows = found if isinstance(found, list) else [found]
    if any(isinstance(one, dict) and any(key.startswith("@") for key in one) for one in rows):
        return "json-ld"
    is_one_term = isinstance(found, dict) and "label" in found and "id" in found
    return "json lines" if is_one_term and "\n" not in text.strip() else "json"


# --- JSON -------------------------------------------------------------------------------------------


def _from_list(path: Path, found: object) -> Iterator[TargetTerm]:
    """Yield the terms of a list, or of the one list of terms that an object holds.

    Raises:
        UnreadableSource: If there is no such list, or a member is no term.
    """
    lists = [found] if isinstance(found, list) else []
    if isinstance(found, dict):
        lists = [one for one in found.values() if isinstance(one, list) and _is_terms(one)]
        lists = [[found]] if not lists and _is_terms([found]) else lists
    if len(lists) != 1 or not lists[0]:
        told = "no list of terms" if not lists or not lists[0] else f"{len(lists)} lists of terms"
        raise UnreadableSource(
            f"{path.name}: the JSON holds {told}.",
            message_zh=f"{path.name}：JSON 中应恰有一个术语列表。",
            next_step='Give one list of {"id": …, "label": {"en": …}, …}.',
            next_step_zh='请提供一个由 {"id": …, "label": {"en": …}, …} 组成的列表。',
            data={"file": path.name},
        )
    for number, row in enumerate(lists[0], 1):
        try:
            yield from_json(_row(row))
        except (KeyError, TypeError, AttributeError, ValueError) as error:
            raise UnreadableSource(
                f"{path.name}, record {number}: not a term ({error}).",
                message_zh=f"{path.name} 第 {number} 条记录不是术语（{error}）。",
                next_step='Each term is {"id": …, "label": {"en": …}, …}.',
                next_step_zh='每个术语的格式为 {"id": …, "label": {"en": …}, …}。',
                data={"file": path.name, "record": number},
            ) from error


def _is_terms(rows: list[Any]) -> bool:
    return bool(rows) and all(
        isinstance(one, dict)
        and any(key in one for key in _IDS)
        and any(key in one for key in _NAMES)
        for one in rows
    )


def _row(row: object) -> dict[str, Any]:
    """Return a term in the form of a line of JSON Lines: other usual keys, and names without a language.

    Raises:
        TypeError: If it is no object.
        ValueError: If it has no id or no name.
    """
    if not isinstance(row, dict):
        message = "no object"
        raise TypeError(message)
    made = dict(row)
    for name, keys in (("id", _IDS), ("label", _NAMES), ("alt", _OTHERS)):
        made[name] = next((row[one] for one in keys if row.get(one)), None)
    if made["id"] is None or not made["label"]:
        message = "without id" if made["id"] is None else "without label"
        raise ValueError(message)
    return made | {"label": _by_language(made["label"]), "alt": _by_language(made["alt"] or {})}


def _by_language(names: object) -> object:
    if isinstance(names, str):
        return {language_of(names, None): [names]}
    if isinstance(names, list):
        found: dict[str, list[str]] = {}
        for one in names:
            found.setdefault(language_of(str(one), None), []).append(str(one))
        return found
    return names


# --- RDF --------------------------------------------------------------------------------------------


def _quads(path: Path, text: str, form: Form) -> list[ox.Quad]:
    """Return the statements of an RDF file.

    Raises:
        UnreadableSource: If it does not parse, its entities grow, or a context stands elsewhere.
    """
    if form == "rdf/xml":
        if unfolds(text):
            raise _broken(path, form, 0, "its entities unfold to more than the file itself")
        text = _DECLARATION.sub("", text)  # it names a charset that is behind us
    if form == "json-ld":
        _check_contexts(path, orjson.loads(text))
    parsed = ox.parse(
        text,
        format=_RDF_FORMATS[form],
        base_iri=f"file:///{quote(path.name)}",
        rename_blank_nodes=True,
        lenient=True,
    )
    try:
        return list(parsed)
    except SyntaxError as error:
        raise _broken(path, form, error.lineno or 0, str(error.msg)) from error
    except ValueError as error:
        raise _broken(path, form, 0, str(error)) from error


def _check_contexts(path: Path, found: object) -> None:
    """Refuse a context that would have to be fetched."""
    for context in _contexts(found):
        elsewhere = [
            one
            for one in (context if isinstance(context, list) else [context])
            if isinstance(one, str)
        ]
        if isinstance(context, dict) and isinstance(context.get("@import"), str):
            elsewhere.append(context["@import"])
        if elsewhere:
            raise UnreadableSource(
                f"{path.name}: its context {elsewhere[0]} stands elsewhere, and nothing is fetched.",
                message_zh=f"{path.name}：其上下文 {elsewhere[0]} 不在文件中，且不会联网获取。",
                next_step="Write the context into the file, or export the vocabulary as Turtle.",
                next_step_zh="请将上下文写入文件，或将词表导出为 Turtle。",
                data={"file": path.name, "context": elsewhere[0]},
            )


def _contexts(found: object) -> Iterator[object]:
    open_ = [found]
    while open_:
        one = open_.pop()
        if isinstance(one, dict):
            if "@context" in one:
                yield one["@context"]
            open_ += one.values()
        elif isinstance(one, list):
            open_ += one


# --- errors -----------------------------------------------------------------------------------------


def _broken(path: Path, form: Form, line: int, why: str) -> UnreadableSource:
    name = {"turtle": "Turtle", "n-quads": "N-Quads", "rdf/xml": "RDF/XML", "json-ld": "JSON-LD"}[
        form
    ]
    place, place_zh = (f", line {line}", f" 第 {line} 行") if line else ("", "")
    return UnreadableSource(
        f"{path.name}{place}: no valid {name}: {why}.",
        message_zh=f"{path.name}{place_zh}：不是有效的 {name}。",
        next_step="Correct the file, or export it again from an ontology editor.",
        next_step_zh="请更正该文件，或用本体编辑器重新导出。",
        data={"file": path.name, "line": line, "format": name},
    )


def _no_vocabulary(path: Path) -> UnreadableSource:
    return UnreadableSource(
        f"{path.name} is no vocabulary: neither JSON Lines, nor a JSON list, nor RDF.",
        message_zh=f"{path.name} 不是词表：既非 JSON Lines，也非 JSON 列表或 RDF。",
        next_step="Give terms as JSON, or an OWL, RDFS or SKOS vocabulary as Turtle, RDF/XML, JSON-LD or N-Triples.",
        next_step_zh="请以 JSON 提供术语，或以 Turtle、RDF/XML、JSON-LD、N-Triples 提供 OWL、RDFS 或 SKOS 词表。",
        data={"file": path.name},
    )


def _other_xml(path: Path, *, is_owl: bool) -> UnreadableSource:
    told, told_zh = (
        ("is OWL/XML", "是 OWL/XML")
        if is_owl
        else ("is XML without RDF in it", "是不含 RDF 的 XML")
    )
    return UnreadableSource(
        f"{path.name} {told}, which is not read as a vocabulary.",
        message_zh=f"{path.name} {told_zh}，不能作为词表读取。",
        next_step="Save the vocabulary as RDF/XML or Turtle.",
        next_step_zh="请将词表另存为 RDF/XML 或 Turtle。",
        data={"file": path.name},
    )


def _no_term(path: Path, found: RdfTerms) -> UnreadableSource:
    if found.nameless:
        told, told_zh = (
            f"none of its {found.nameless} terms has a name",
            f"{found.nameless} 个术语均无名称",
        )
        step, step_zh = (
            "Give its terms an rdfs:label or skos:prefLabel.",
            "请为术语添加 rdfs:label 或 skos:prefLabel。",
        )
    else:
        told, told_zh = (
            "it declares no class, property, concept or individual",
            "未声明任何类、属性、概念或个体",
        )
        step, step_zh = "Give the file that declares the terms.", "请提供声明了术语的文件。"
    if found.imports:
        step += f" It imports {', '.join(found.imports)}, which is not fetched."
        step_zh += f" 该文件引用的 {'、'.join(found.imports)} 不会联网获取。"
    return UnreadableSource(
        f"{path.name}: {told}.",
        message_zh=f"{path.name}：{told_zh}。",
        next_step=step,
        next_step_zh=step_zh,
        data={"file": path.name, "nameless": found.nameless, "imports": list(found.imports)},
    )
