"""The checks that the ontology makes of itself, and where in its files each finding stands."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from functools import lru_cache
from importlib.resources.abc import Traversable

import pyoxigraph as ox
from rdflib import Graph, Literal, URIRef
from rdflib.namespace import RDF, RDFS, SKOS

from qualweave.checking import Check, Checked, Finder, Finding, Report, run_checks
from qualweave.errors import JsonValue, UnreadableSource
from qualweave.iri import Q
from qualweave.ontology.alignment.check import AlignedIris
from qualweave.ontology.findings import (
    completeness,
    definition_findings,
    example_findings,
    label_findings,
    orphan_findings,
    profile_findings,
    undeclared_findings,
    unit_findings,
)
from qualweave.ontology.load import (
    alignment_files,
    codelist_files,
    load_graph,
    load_module,
    module_files,
)
from qualweave.ontology.pitfalls import pitfalls
from qualweave.ontology.reasoners.elk import Elk
from qualweave.ontology.reasoners.merges import Merges
from qualweave.ontology.reasoners.satisfiability import HermiT, Reasoner, read_by_owlready
from qualweave.ontology.serialise import to_turtle
from qualweave.ontology.tables import fixes

_STATUS = URIRef(Q + "sourceStatus")
_COVERED = frozenset({"P08", "P34", "P35"})
"""Pitfalls that checks of our own find as well, and say more of."""
ACCEPTED_PITFALLS: Mapping[str, str] = {
    "P11": "a property of many kinds of thing has no domain or range; its shape says where it is wanted",
    "P13-N": "OWL 2 EL has no inverse properties; a query reads a property from either end",
    "P13-Y": "as P13-N",
}
"""Pitfalls that follow from what the house restricts itself to, with the reason."""


@dataclass(frozen=True)
class Parsed:
    """Every module is read by rdflib, pyoxigraph and owlready2, to the same number of triples; implements `Check`."""

    name: str = "parse"

    def run(self, graph: Graph) -> Checked:
        """Return the outcome over the files of this installation; the graph is not looked at."""
        del graph
        findings: list[Finding] = []
        triples = 0
        for file in module_files():
            try:
                counts = _counts(file.read_bytes(), len(load_module(file)))
            except (UnreadableSource, SyntaxError, ValueError) as error:
                findings.append(
                    _of_file(self.name, file.name, f"cannot be read: {error}", f"无法读取：{error}")
                )
                continue
            triples += counts["rdflib"]
            if len(set(counts.values())) > 1:
                told = ", ".join(f"{name} {count}" for name, count in counts.items())
                message = f"is read to different numbers of triples: {told}"
                findings.append(
                    _of_file(self.name, file.name, message, f"读得三元组数不一：{told}")
                )
        figures: dict[str, JsonValue] = {"modules": len(module_files()), "triples": triples}
        return Checked(self.name, tuple(findings), figures)


@dataclass(frozen=True)
class Complete:
    """Every term has label, definition and example in both languages; implements `Check`."""

    name: str = "texts"

    def run(self, graph: Graph) -> Checked:
        """Return the outcome, with counts by the whole ontology."""
        finders = (label_findings, definition_findings, example_findings)
        found = dict.fromkeys(one for find in finders for one in find(graph))
        whole = completeness({"": graph})[0]
        figures: dict[str, JsonValue] = {
            "terms": whole.terms,
            "labelled": whole.labelled,
            "defined": whole.defined,
            "exemplified": whole.exemplified,
        }
        return Checked(self.name, tuple(found), figures)


@dataclass(frozen=True)
class Pitfalls:
    """No pitfall but those that are accepted with a reason; implements `Check`."""

    name: str = "pitfalls"

    def run(self, graph: Graph) -> Checked:
        """Return the outcome for our own terms."""
        findings: list[Finding] = []
        accepted = 0
        for found in pitfalls(graph):
            pitfall = found.pitfall
            if pitfall.code in _COVERED:
                continue
            ours = [one for one in found.terms if not one or one.startswith(Q)]
            if pitfall.code in ACCEPTED_PITFALLS:
                accepted += len(ours)
                continue
            told = f"{pitfall.code}, {pitfall.name}", f"{pitfall.code}，{pitfall.name_zh}"
            findings += [Finding(self.name, one or "the ontology", *told) for one in ours]
        return Checked(self.name, tuple(findings), {"accepted": accepted})


@dataclass(frozen=True)
class CodeLists:
    """Every entry of a code list has code, list, labels in both languages and source status; implements `Check`."""

    name: str = "codelists"

    def run(self, graph: Graph) -> Checked:
        """Return the outcome over the lists of this installation; terms are looked up in the graph."""
        findings: list[Finding] = []
        entries = unverified = 0
        for file in codelist_files():
            listed = Graph().parse(data=file.read_text("utf-8"), format="turtle")
            found = list(listed.subjects(RDF.type, SKOS.Concept))
            entries += len(found)
            unverified += sum((one, _STATUS, Literal("unverified")) in listed for one in found)
            for term, message, message_zh in _wrong_entries(listed, graph):
                findings.append(
                    Finding(
                        self.name, term, message, message_zh,
                        file=f"ontology/codelists/{file.name}", line=_line_of(file, term),
                    )
                )  # fmt: skip
        figures: dict[str, JsonValue] = {
            "lists": len(codelist_files()),
            "entries": entries,
            "unverified": unverified,
        }
        return Checked(self.name, tuple(findings), figures)


@dataclass(frozen=True)
class Satisfiable:
    """Every class can have an instance, and every property a value; implements `Check`.

    Attributes:
        reasoner: Who is asked.
        name: Of the check.
    """

    reasoner: Reasoner
    name: str

    def run(self, graph: Graph) -> Checked:
        """Return the outcome, with what the reasoner was not told.

        Raises:
            MissingCapability: If the reasoner cannot run here.
        """
        judged = self.reasoner.judge(graph)
        findings = [
            Finding(self.name, iri, told, told_zh)
            for terms, told, told_zh in (
                (judged.unsatisfiable, "the class can have no instance", "该类不可能有实例"),
                (judged.unusable, "the property can have no value", "该属性不可能有值"),
            )
            for iri in terms
        ]
        figures: dict[str, JsonValue] = {
            "classes": judged.classes,
            "unsatisfiable": len(judged.unsatisfiable),
            "by": self.reasoner.name,
        }
        if judged.left_out:
            figures["not told"] = ", ".join(f"{n} {what}" for what, n in judged.left_out.items())
        return Checked(self.name, tuple(findings), figures)


def _wrong_entries(listed: Graph, ontology: Graph) -> Iterator[tuple[str, str, str]]:
    seen: dict[tuple[str, str], str] = {}
    for entry in sorted(listed.subjects(RDF.type, SKOS.Concept), key=str):
        languages = {
            text.language for text in listed.objects(entry, RDFS.label) if isinstance(text, Literal)
        }
        if not {"en", "zh"} <= languages:
            yield str(entry), "lacks a label in English or Chinese", "缺少英文或中文标签"
        if (entry, _STATUS, None) not in listed:
            yield str(entry), "does not say how sure its source is", "未说明来源状态"
        code, scheme = listed.value(entry, SKOS.notation), listed.value(entry, SKOS.inScheme)
        if code is None or (scheme, RDF.type, SKOS.ConceptScheme) not in listed:
            yield str(entry), "has no code or no list", "缺少代码或所属代码表"
        elif seen.setdefault((str(scheme), str(code)), str(entry)) != str(entry):
            yield (
                str(entry),
                f"has the code {code!s} of another entry",
                f"代码 {code!s} 与另一条目重复",
            )
        for above in listed.objects(entry, SKOS.broader):
            if (above, RDF.type, SKOS.Concept) not in listed:
                yield (
                    str(entry),
                    f"is below {above!s}, which is not in the list",
                    f"上位条目 {above!s} 不在表中",
                )
    for predicate in sorted(set(listed.predicates()), key=str):
        if str(predicate).startswith(Q) and (predicate, RDF.type, None) not in ontology:
            yield str(predicate), "is used but not declared", "被使用但未声明"


def _line_of(file: Traversable, term: str) -> int:
    lines = file.read_text("utf-8").splitlines()
    return next((n for n, line in enumerate(lines, start=1) if line.startswith(f"<{term}> ")), 1)


def form_findings(graph: Graph) -> Iterator[Finding]:
    """Yield every module whose file is not in the fixed order: loading and saving it would move lines."""
    del graph
    folders = {
        "modules": module_files(),
        "codelists": codelist_files(),
        "align": alignment_files(),
    }
    for folder, found in folders.items():
        for file in found:
            if to_turtle(load_module(file)) != file.read_text("utf-8"):
                place = f"ontology/{folder}/{file.name}"
                told = "is not in the fixed order", "未按固定顺序书写"
                yield Finding("form", file.name, *told, file=place, line=1)


OF_CONTENT: tuple[Check, ...] = (
    Complete(),
    Finder("profile", profile_findings),
    Finder("orphan", orphan_findings),
    Finder("undeclared", undeclared_findings),
    Finder("units", unit_findings),
    Pitfalls(),
)
"""Checks of any graph, without a reasoner."""

SATISFIABLE: Check = Satisfiable(HermiT(), "satisfiable")
REASONED: tuple[Check, ...] = (Satisfiable(Elk(), "elk"), SATISFIABLE, Merges())
"""Checks that ask a reasoner."""
OF_FILES: tuple[Check, ...] = (
    Parsed(),
    Finder("form", form_findings),
    CodeLists(),
    AlignedIris(),
)
"""Checks of the files of this installation."""

CHECKS: tuple[Check, ...] = (*OF_FILES, *OF_CONTENT, *REASONED)


def check_ontology(*, reason: bool = True) -> Report:
    """Return the outcome of all checks of the ontology over the files of this installation.

    Args:
        reason: Also ask ELK and HermiT for unsatisfiable classes (needs Java, takes seconds).
    """
    chosen = CHECKS if reason else (*OF_FILES, *OF_CONTENT)
    return located(run_checks(chosen, load_graph()))


def located(report: Report) -> Report:
    """Return a report whose findings say file, line and fix."""
    return report.with_findings(_located)


def _located(finding: Finding) -> Finding:
    file, line = _places().get(finding.term, ("", 0))
    fix, fix_zh = fixes().get(finding.check, ("", ""))
    return replace(
        finding,
        file=finding.file or file,
        line=finding.line or line,
        fix=finding.fix or fix,
        fix_zh=finding.fix_zh or fix_zh,
    )


@lru_cache(maxsize=1)
def _places() -> Mapping[str, tuple[str, int]]:
    """Return where each term is described: file and line, from 1."""
    found: dict[str, tuple[str, int]] = {}
    for file in module_files():
        for number, line in enumerate(file.read_text("utf-8").splitlines(), start=1):
            if line.startswith("q:"):
                name = line.split(maxsplit=1)[0].removeprefix("q:")
                found[Q + name] = (f"ontology/modules/{file.name}", number)
    return found


def _counts(turtle: bytes, by_rdflib: int) -> dict[str, int]:
    quads = set(ox.parse(turtle, format=ox.RdfFormat.TURTLE))
    counts = {"rdflib": by_rdflib, "pyoxigraph": len(quads)}
    triples = ox.serialize((quad.triple for quad in quads), format=ox.RdfFormat.N_TRIPLES) or b""
    counts["owlready2"] = read_by_owlready(triples)
    return counts


def _of_file(check: str, name: str, message: str, message_zh: str) -> Finding:
    return Finding(check, name, message, message_zh, file=f"ontology/modules/{name}", line=1)
