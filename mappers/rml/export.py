"""`export`: a mapping document as RML-Core, so that other tools make the same triples of the same file.

What the record table says of a row becomes one triples map per thing that a row names. RML-Core has no functions
and no row numbers; whatever needs them is left out and told, in the return value and as comments of the Turtle.
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import TypeAlias

import pyoxigraph as ox

from qualweave.errors import InputError, JsonValue
from qualweave.iri import DEFAULT_BASE, RDFS, XSD, Q, expand, local_name
from qualweave.mappers.lift.batch import segment
from qualweave.mappers.lift.cells import MISSING
from qualweave.mappers.lift.plan import Entity, Record, TripleRule, record, record_table
from qualweave.mappers.mapping import ColumnMapping, Decision, MappingDocument
from qualweave.mappers.rml.model import RML, Reference
from qualweave.mappers.rml.template import written
from qualweave.mappers.vocabulary import Vocabulary
from qualweave.values import conversion, unit_of

Parts: TypeAlias = tuple[str | Reference, ...]

_ISO = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d*[1-9])?Z\Z")
_PLAIN_NUMBER = re.compile(r"-?(\d+(\.\d*)?|\.\d+)\Z")
_FLAGS = {"true", "false"}
_CSVW = "http://www.w3.org/ns/csvw#"
_HEAD = f"""@prefix rml: <{RML}> .
@prefix q: <{Q}> .
@prefix rdfs: <{RDFS}> .
@prefix xsd: <{XSD}> .
@prefix csvw: <{_CSVW}> .
"""


@dataclass(frozen=True)
class Note:
    """Something that the document says and RML-Core cannot.

    Attributes:
        about: Column, entity or ``""`` for the whole document.
        message: What is left out and why, per language.
    """

    about: str
    message: tuple[str, str]

    def to_json(self) -> dict[str, JsonValue]:
        """Return the note as JSON values."""
        return {"about": self.about, "en": self.message[0], "zh": self.message[1]}


@dataclass(frozen=True)
class RmlExport:
    """An RML document and what it does not say."""

    turtle: str
    notes: tuple[Note, ...]


def export(
    document: MappingDocument,
    vocabulary: Vocabulary,
    *,
    file: str = "",
    delimiter: str = ",",
    tenant: str = "plant",
    base: str = DEFAULT_BASE,
) -> RmlExport:
    """Return a mapping document as RML-Core over a CSV or JSON file.

    Args:
        document: The document; columns that are not accepted are left out, as the lifter leaves them.
        vocabulary: The ontology, as the lifter sees it.
        file: Name of the file that the mapping reads; the document's file pattern where left out.
        delimiter: Of that file.
        tenant: Whose data IRIs are made.
        base: Namespace of data IRIs.

    Raises:
        InputError: If nothing of the document can be said in RML-Core.
    """
    name = file or document.file_pattern or f"{document.source}.csv"
    _check_kind(name)
    work = _Export(document, vocabulary, tenant, base, is_json=_is_json(name))
    maps = work.maps()
    if not maps:
        reasons = " ".join(one.message[0] for one in work.notes)
        reasons_zh = "".join(one.message[1] for one in work.notes)
        raise InputError(
            f"Nothing of the mapping of {document.source} can be said in RML-Core. {reasons}",
            message_zh=f"{document.source} 的映射无法用 RML-Core 表达。{reasons_zh}",
            next_step="Accept columns that identify a record, or export the document as YAML.",
            next_step_zh="请接受能标识记录的列，或以 YAML 导出文档。",
            data={"source": document.source},
        )
    notes = tuple(dict.fromkeys(work.notes))
    said = "".join(f"# not said: {one.about or 'document'}: {one.message[0]}\n" for one in notes)
    top = f"# Mapping {document.source} v{document.version} of Qualweave.\n{said}"
    body = "\n".join([_HEAD, _source(name, delimiter), *maps])
    return RmlExport(f"{top}\n{body}", notes)


def _source(file: str, delimiter: str) -> str:
    nulls = sorted({*(MISSING - {""}), *(one.upper() for one in MISSING - {""}), "NaN", "None"})
    absent = ", ".join(_text(one) for one in nulls)
    if delimiter in ",\t" or _is_json(file):
        there = f"a rml:RelativePathSource ; rml:root rml:MappingDirectory ; rml:path {_text(file)}"
    else:
        dialect = f"csvw:dialect [ csvw:delimiter {_text(delimiter)} ]"
        there = f"a csvw:Table ; csvw:url {_text(file)} ; {dialect}"
    records = ' ; rml:iterator "$[*]"' if file.lower().endswith(".json") else ""
    formulation = f"rml:JSONPath{records}" if _is_json(file) else "rml:CSV"
    return (
        f"<#rows> a rml:LogicalSource ;\n  rml:source [ {there} ;\n    rml:null {absent} ] ;\n"
        f"  rml:referenceFormulation {formulation} .\n"
    )


def _is_json(file: str) -> bool:
    return file.lower().endswith((".json", ".jsonl", ".ndjson"))


def _check_kind(file: str) -> None:
    if not file.lower().endswith((".csv", ".tsv", ".txt")) and not _is_json(file):
        raise InputError(
            f"{file}: a mapping is exported as RML over CSV or JSON only.",
            message_zh=f"{file}：只能导出针对 CSV 或 JSON 的 RML 映射。",
            next_step="Export the rows as CSV and name that file.",
            next_step_zh="请将数据导出为 CSV 并指定该文件。",
            data={"file": file},
        )


def _quoted(name: str) -> str:
    escaped = name.replace("\\", "\\\\").replace("'", "\\'")
    return f"'{escaped}'"


def _text(text: str) -> str:
    return str(ox.Literal(text))


@dataclass
class _Export:
    document: MappingDocument
    vocabulary: Vocabulary
    tenant: str
    base: str
    is_json: bool = False
    notes: list[Note] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.columns: dict[str, list[ColumnMapping]] = {}
        self.values: list[tuple[str, ColumnMapping]] = []
        roles = record_table().roles
        for column in self.document.having(Decision.ACCEPTED):
            iri = expand(column.term)
            if local_name(iri) in roles and not self.vocabulary.is_parameter(iri):
                self.columns.setdefault(local_name(iri), []).append(column)
            else:
                self.values.append((iri, column))

    def _note(self, about: str, english: str, chinese: str) -> None:
        self.notes.append(Note(about, (english, chinese)))

    def _path(self, column: ColumnMapping) -> str:
        """Return the reference of a column: its name, or the path that readers wrote with dots."""
        if not self.is_json:
            return column.name
        return "$" + "".join(f"[{_quoted(one)}]" for one in column.name.split("."))

    def _as_text(self, reference: str) -> str:
        """Return a reference whose cells are texts, which of a JSON number only a datatype says."""
        return f"{reference} ; rml:datatype xsd:string" if self.is_json else reference

    # --- what a role is in a row -----------------------------------------------------------------

    def _has(self, name: str) -> bool:
        return name in self.columns or name in self.document.context

    def _piece(self, role: str) -> str | Reference | None:
        """Return how a role stands in an IRI: a column, or the file's value for every row."""
        columns = self.columns.get(role, [])
        given = self.document.context.get(role)
        if not columns:
            return segment(given) if given else None
        if len(columns) > 1 or given:
            self._note(
                role,
                f"only {columns[0].name!r} is read as {role}; other columns or the context stand in for empty cells",
                f"仅将 {columns[0].name!r} 作为 {role}；未表达空单元格时的替代来源",
            )
        if columns[0].separator:
            self._note(
                columns[0].name,
                f"cells with several values parted by {columns[0].separator!r} are not split",
                f"未拆分以 {columns[0].separator!r} 分隔的多值单元格",
            )
            return None
        return Reference(self._path(columns[0]))

    def _subject(self, entity: Entity) -> Parts | None:
        """Return the IRI template of an entity, None where RML-Core cannot make it."""
        prefix = f"{self.base}{self.tenant}/{entity.kind}/"
        if entity.part_of:
            return self._part(entity, prefix)
        present = [role for role in (*entity.sources, *entity.each) if self._has(role)]
        if present:
            if len(present) > 1 and entity.sources:
                self._note(
                    entity.name,
                    f"rows without {present[0]} are not identified by {present[1]}",
                    f"缺少 {present[0]} 的行不会改用 {present[1]} 标识",
                )
            piece = self._piece(present[0])
            return (prefix, piece) if piece is not None else None
        return self._composed(entity, prefix)

    def _composed(self, entity: Entity, prefix: str) -> Parts | None:
        for roles in entity.compose:
            if all(self._has(role) for role in roles) and all(
                record_table().roles[role] != "time" or self._is_iso(role) for role in roles
            ):
                self._note(
                    entity.name,
                    "two rows with one composed identity become one thing",
                    "组合标识相同的两行将合并为同一对象",
                )
                found = [piece for role in roles if (piece := self._piece(role)) is not None]
                parted = [prefix[:-1], *(one for piece in found for one in ("/", piece))]
                return tuple(parted)
        if entity.row or any(all(self._has(role) for role in roles) for roles in entity.compose):
            self._note(
                entity.name,
                f"no column names the {entity.name}; identity by file hash, row or normalised time is no RML-Core",
                f"没有列标识 {entity.name}；按文件哈希、行号或规范化时间标识无法用 RML-Core 表达",
            )
        return None

    def _part(self, entity: Entity, prefix: str) -> Parts | None:
        whole = record_table().entities[entity.part_of]
        owner = self._subject(whole)
        present = [role for role in entity.parts if self._has(role)]
        if owner is None or not present:
            return None
        if entity.numbered or entity.unless_true in self.columns:
            self._note(
                entity.name,
                f"which rows have a {entity.name}, or its number, depends on the row",
                f"行是否含有 {entity.name} 或其编号取决于该行",
            )
            return None
        piece = self._piece(present[0])
        if piece is None:
            return None
        rest = str(owner[0]).removeprefix(f"{self.base}{self.tenant}/{whole.kind}")
        return (prefix + rest.removeprefix("/"), *owner[1:], "/", piece)

    def _is_iso(self, role: str) -> bool:
        return all(
            one.samples and all(_ISO.match(text) for text in one.samples)
            for one in self.columns.get(role, [])
        )

    # --- objects ----------------------------------------------------------------------------------

    def _literal(self, role: str) -> str | None:
        """Return the object map of a role as a literal, None where its cells need a function."""
        columns = self.columns.get(role, [])
        if not columns:
            return self._constant(role)
        kind = record_table().roles[role]
        column = columns[0]
        reference = f"rml:reference {_text(self._path(column))}"
        typed = {
            "time": ("dateTime", self._is_iso(role)),
            "number": ("decimal", self._is_plain(column)),
            "integer": ("integer", True),
            "boolean": ("boolean", bool(column.samples) and set(column.samples) <= _FLAGS),
        }
        if kind in ("text", "id"):
            return self._as_text(reference)
        datatype, as_written = typed.get(kind, ("", False))
        if not as_written:
            self._no_function(column.name, role)
            return None
        return f"{reference} ; rml:datatype xsd:{datatype}"

    def _constant(self, role: str) -> str | None:
        if record_table().roles[role] not in ("text", "id"):
            self._no_function(role, role)
            return None
        return f"rml:constant {_text(self.document.context[role])}"

    def _no_function(self, about: str, role: str) -> None:
        self._note(
            about,
            f"its cells are normalised to {role} ({record_table().roles[role]}), which needs a function (RML-FNML)",
            f"其单元格需规范化为 {role}，这需要函数（RML-FNML）",
        )

    def _is_plain(self, column: ColumnMapping) -> bool:
        return not column.decimal_comma and all(_PLAIN_NUMBER.match(one) for one in column.samples)

    def _value(self, iri: str, column: ColumnMapping) -> str | None:
        """Return the object map of a parameter's cells, None where they are converted."""
        reference = f"rml:reference {_text(self._path(column))}"
        if column.datatype == "text" or not self.vocabulary.is_parameter(iri):
            return self._as_text(reference)
        canonical = self.vocabulary.unit(iri)
        if column.unit and canonical:
            factor, offset = conversion(unit_of(column.unit), unit_of(canonical))
            if (factor, offset) != (1.0, 0.0):
                self._note(
                    column.name,
                    f"{column.unit} becomes {canonical} (times {factor:g}, plus {offset:g}) by a function (RML-FNML)",
                    f"{column.unit} 换算为 {canonical}（乘 {factor:g} 加 {offset:g}）需要函数（RML-FNML）",
                )
                return None
        if not self._is_plain(column):
            self._note(
                column.name,
                "its numbers are not written as plain decimals, which needs a function (RML-FNML)",
                "其数值不是普通十进制写法，需要函数（RML-FNML）",
            )
            return None
        return f"{reference} ; rml:datatype xsd:decimal"

    # --- triples maps -----------------------------------------------------------------------------

    def maps(self) -> list[str]:
        """Return the triples maps as Turtle."""
        records = [record(kind) for kind in self.document.records]
        self._general(records)
        entities = {name: record_table().entities[name] for one in records for name in one.entities}
        subjects = {
            name: parts
            for name, entity in entities.items()
            if (parts := self._subject(entity)) is not None
        }
        pairs: dict[str, list[str]] = {name: [] for name in subjects}
        for rule in _distinct(records):
            self._rule(rule, subjects, pairs)
        self._values(records, subjects, pairs)
        return [self._map(entities[name], parts, pairs[name]) for name, parts in subjects.items()]

    def _general(self, records: Sequence[Record]) -> None:
        self._note(
            "",
            "row numbers (q:sourceRow) are no part of RML-Core",
            "行号（q:sourceRow）不属于 RML-Core",
        )
        self._note(
            "",
            "identifiers are taken as written: GS1 keys are not made canonical, more characters are encoded",
            "标识符按原样使用：不规范化 GS1 键，且更多字符会被百分号编码",
        )
        if self.is_json:
            self._note(
                "",
                "the records of a .json file are taken as one array at its top",
                "假定 .json 文件的记录为顶层数组",
            )
        for role, columns in self.columns.items():
            kind = record_table().roles[role]
            if kind in ("concept", "code", "value", "difference"):
                for column in columns:
                    self._note(
                        column.name,
                        f"its texts are looked up ({role}: {kind}) in ontology or code list, which RML-Core cannot",
                        f"其文本需在本体或代码表中查找（{role}），RML-Core 无法表达",
                    )
        if any(one.codes for one in records):
            self._note(
                "",
                "code lists are looked up and scoped, which RML-Core cannot",
                "代码表需按作用域解析，RML-Core 无法表达",
            )

    def _rule(
        self, rule: TripleRule, subjects: dict[str, Parts], pairs: dict[str, list[str]]
    ) -> None:
        if rule.subject not in subjects or self._ruled_out(rule, subjects):
            return
        if rule.how == "entity":
            value = subjects.get(rule.value)
            if value is None or (rule.unless_same and value == subjects[rule.subject]):
                return
            pairs[rule.subject].append(_pair(rule.predicate, _resource(value)))
        elif rule.how == "role" and self._has(rule.value):
            found = self._literal(rule.value)
            if found is not None:
                pairs[rule.subject].append(_pair(rule.predicate, found))
        elif rule.how == "tagged" and self._has(rule.value):
            self._no_function(rule.value, rule.value)

    def _ruled_out(self, rule: TripleRule, subjects: dict[str, Parts]) -> bool:
        given = [one for one in rule.unless if self._has(one) or one in subjects]
        if given and (rule.value in subjects or self._has(rule.value)):
            self._note(
                rule.value,
                f"it stands in for {given[0]} in rows that lack it, which RML-Core cannot",
                f"在缺少 {given[0]} 的行中由它替代，RML-Core 无法表达",
            )
        return bool(given)

    def _values(
        self, records: Sequence[Record], subjects: dict[str, Parts], pairs: dict[str, list[str]]
    ) -> None:
        carriers = [one.values for one in records if one.values]
        if not carriers:
            return
        inspected = "inspection" if "inspection" in carriers else carriers[0]
        other = next((one for one in carriers if one != "inspection"), carriers[0])
        for iri, column in self.values:
            concept = self.vocabulary.concept(iri)
            if concept is not None and concept.is_a(Q + "Defect"):
                self._note(
                    column.name,
                    "a yes makes a defect, which RML-Core cannot",
                    "取值为“是”时生成缺陷，RML-Core 无法表达",
                )
                continue
            measured = concept is not None and concept.is_a(Q + "ProductCharacteristic")
            carrier = inspected if measured else other
            found = self._value(iri, column)
            if found is not None and carrier in subjects:
                pairs[carrier].append(_pair(iri, found))

    def _map(self, entity: Entity, parts: Parts, pairs: Sequence[str]) -> str:
        classes = [entity.cls]
        fallback = (
            self.document.context.get(entity.fallback_class, "") if entity.fallback_class else ""
        )
        if fallback and entity.named not in self.columns:
            classes.append(expand(fallback))
        first = next((role for role in entity.sources if self._has(role)), "")
        classes += [Q + cls for role, cls in entity.class_of if role == first]
        typed = ", ".join(_iri(one) for one in dict.fromkeys(classes))
        subject = f"  rml:subjectMap [ {_resource(parts)} ; rml:class {typed} ]"
        label = []
        if entity.label and self._has(entity.sources[0]):
            label = [_pair(RDFS + "label", found)] if (found := self._label(entity)) else []
        body = " ;\n".join([subject, *pairs, *label])
        return f"<#{entity.name}> a rml:TriplesMap ;\n  rml:logicalSource <#rows> ;\n{body} .\n"

    def _label(self, entity: Entity) -> str | None:
        columns = self.columns.get(entity.sources[0], [])
        return self._as_text(f"rml:reference {_text(self._path(columns[0]))}") if columns else None


def _distinct(records: Iterable[Record]) -> Iterator[TripleRule]:
    seen: set[tuple[str, str, str]] = set()
    for one in records:
        for rule in one.triples:
            key = (rule.subject, rule.predicate, rule.value)
            if key not in seen:
                seen.add(key)
                yield rule


def _iri(iri: str) -> str:
    for prefix, space in (("q", Q), ("rdfs", RDFS)):
        local = iri.removeprefix(space)
        if iri.startswith(space) and re.fullmatch(r"[A-Za-z_]\w*", local, re.ASCII):
            return f"{prefix}:{local}"
    return f"<{iri}>"


def _resource(parts: Parts) -> str:
    if all(isinstance(one, str) for one in parts):
        return f"rml:constant <{''.join(map(str, parts))}>"
    return f"rml:template {_text(written(parts))}"


def _pair(predicate: str, value: str) -> str:
    kind = " ; rml:termType rml:IRI" if value.startswith("rml:template") else ""
    return f"  rml:predicateObjectMap [ rml:predicate {_iri(predicate)} ; rml:objectMap [ {value}{kind} ] ]"
