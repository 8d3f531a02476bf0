"""An edited piece of the ontology as a proposal: read it, say in words what it changes, and examine it.

A file with the header of one of our modules stands for that module: what it lacks is proposed for removal. A file
without a header is a supplement: each subject in it replaces its description, and nothing is removed. Nothing here
writes; a change is applied term by term, so that a proposal made over an older release meets a newer one only where
both touch the same term.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from datetime import date
from typing import TypeAlias

import pyoxigraph as ox
from rdflib import BNode, Graph, Literal, URIRef
from rdflib.namespace import OWL, RDF, RDFS, SKOS
from rdflib.term import Node

from qualweave.checking import CHECKED, Checked, Finding, Report, run_checks
from qualweave.errors import Conflict, InputError, JsonValue, UnreadableSource
from qualweave.impact import Use, told
from qualweave.iri import Q
from qualweave.ontology.checks import OF_CONTENT, SATISFIABLE, located
from qualweave.ontology.diff import TermChange, diff
from qualweave.ontology.load import MODULE_IRI, empty_graph
from qualweave.ontology.serialise import TurtleWriter

_DECLARED = (OWL.Class, OWL.ObjectProperty, OWL.DatatypeProperty)
_SHOWN = 3
Impact: TypeAlias = Callable[[Sequence[str]], Sequence[Use]]
"""Finds what uses some terms, given by IRI."""


def _no_impact(_: Sequence[str]) -> Sequence[Use]:
    return ()


@dataclass(frozen=True)
class Proposal:
    """What an edited file would change.

    Attributes:
        module: IRI of the module that the file stands for, ``""`` for a supplement.
        turtle: The file as it was sent.
        changes: Term by term.
        findings: What would be wrong with the ontology afterwards and is not wrong now.
        satisfiability: ``"checked"``, or why it was not checked.
        impact: What uses the terms that exist already and would change.
    """

    module: str
    turtle: str
    changes: tuple[TermChange, ...]
    findings: tuple[Finding, ...]
    satisfiability: str
    impact: tuple[Use, ...] = ()

    @property
    def terms(self) -> tuple[str, ...]:
        """IRIs of the terms it touches, sorted."""
        return tuple(sorted({one.term for one in self.changes}))

    def statement(self, language: str = "en") -> str:
        """Return the proposal in one sentence: counts, then its first changes."""
        chinese = language == "zh"
        new = sum(one.kind == "added" for one in self.changes)
        gone = sum(one.kind == "removed" for one in self.changes)
        edited = len(self.terms) - new - gone
        first = " ".join(one.words(language) for one in self.changes[:_SHOWN])
        if chinese:
            return f"新增 {new} 个术语，修改 {edited} 个，删除 {gone} 个。{first}"
        return f"{new} terms new, {edited} edited, {gone} removed. {first}"

    def to_json(self) -> dict[str, JsonValue]:
        """Return what a change request keeps of it."""
        return {
            "module": self.module,
            "turtle": self.turtle,
            "changes": [
                {
                    "term": one.term,
                    "kind": one.kind,
                    "predicate": one.predicate,
                    "value": one.value,
                    "en": one.words("en"),
                    "zh": one.words("zh"),
                }
                for one in self.changes
            ],
            "findings": [one.to_json() for one in self.findings],
            "satisfiability": self.satisfiability,
            "impact": [one.to_json() for one in self.impact],
            "impact_en": told(self.impact),
            "impact_zh": told(self.impact, "zh"),
        }


def propose(
    current: Graph, turtle: str, *, impact: Impact = _no_impact, reason: bool = True
) -> Proposal:
    """Return what an edited file would change in the current ontology, examined.

    Args:
        current: The ontology as it is released.
        turtle: The edited file.
        impact: Finds what uses some terms; a removed term that something else uses is a finding.
        reason: Whether a reasoner is asked for unsatisfiable classes, where there is one.

    Raises:
        UnreadableSource: If the file is no Turtle; the message names the line.
        InputError: If it changes nothing, or describes terms that are not ours.
    """
    edited, module = _read(turtle)
    after = _edited(current, edited, module)
    changes = tuple(one for one in diff(current, after) if not _is_header(one.term))
    if not changes:
        raise InputError(
            "The file changes no term of the current release.",
            message_zh="该文件未改变当前版本的任何术语。",
            next_step="Edit a term, or send the file that you edited.",
            next_step_zh="请修改术语，或提交已修改的文件。",
        )
    satisfiability, unsatisfiable = _satisfiable(after) if reason else ("not asked for", ())
    added = {one.term for one in changes if one.kind == "added"}
    uses = tuple(impact(sorted({one.term for one in changes} - added)))
    findings = [
        *_new_findings(current, after),
        *unsatisfiable,
        *removed_in_use({one.term for one in changes if one.kind == "removed"}, uses),
        *_same_label(after, changes),
    ]
    told = located(Report((Checked("proposal", tuple(findings)),))).findings
    return Proposal(module, turtle, changes, told, satisfiability, uses)


def apply(current: Graph, turtle: str, *, terms: Sequence[str], base: Graph) -> Graph:
    """Return the current ontology with a proposal's terms put in.

    Args:
        current: The ontology now.
        turtle: The file of the proposal.
        terms: The terms that it changes.
        base: The ontology that it was compared with; the current one where nothing was released since.

    Raises:
        Conflict: If a term was changed by another release since; ``data["terms"]`` names them.
    """
    edited, module = _read(turtle)
    wanted = _edited(base, edited, module)
    moved = [
        one
        for one in terms
        if _signature(current, one) not in (_signature(base, one), _signature(wanted, one))
    ]
    if moved:
        raise Conflict(
            f"{len(moved)} terms were changed by a later release: {', '.join(map(_short, moved[:5]))}.",
            message_zh=f"{len(moved)} 个术语已被后续版本修改：{'、'.join(map(_short, moved[:5]))}。",
            next_step="Propose the change anew, over the current release.",
            next_step_zh="请基于当前版本重新提交。",
            data={"terms": list[JsonValue](moved)},
        )
    after = _copy(current)
    for term in terms:
        _replace(after, URIRef(term), wanted)
    return after


def next_version(known: Iterable[str], today: date) -> str:
    """Return the version of a release made today: the date, with a number where there are releases of that day."""
    day = today.isoformat()
    taken = {one for one in known if one == day or one.startswith(f"{day}.")}
    if not taken:
        return day
    numbers = [int(one.removeprefix(day).removeprefix(".") or 0) for one in taken]
    return f"{day}.{max(numbers) + 1}"


def stamped(graph: Graph, version: str, modules: Iterable[str]) -> Graph:
    """Return a graph whose headers of some modules name a version."""
    after = _copy(graph)
    for name in modules:
        header = URIRef(name)
        if (header, RDF.type, OWL.Ontology) in after:
            after.set((header, OWL.versionInfo, Literal(version)))
            after.set((header, OWL.versionIRI, URIRef(f"{name}/{version}")))
    return after


def modules_of(graph: Graph, terms: Iterable[str]) -> tuple[str, ...]:
    """Return the modules that define some terms, sorted."""
    found = {str(graph.value(URIRef(one), RDFS.isDefinedBy) or "") for one in terms}
    return tuple(sorted(found - {""}))


# --- reading ---------------------------------------------------------------------------------------


def _read(turtle: str) -> tuple[Graph, str]:
    """Return the graph of a file and the module that it stands for."""
    try:
        for _ in ox.parse(turtle.encode(), format=ox.RdfFormat.TURTLE):
            pass
    except SyntaxError as error:
        raise UnreadableSource(
            f"The file is no well-formed Turtle, line {error.lineno}: {error.msg}.",
            message_zh=f"文件第 {error.lineno} 行不是格式正确的 Turtle：{error.msg}。",
            next_step="Correct that line and send the file again.",
            next_step_zh="请更正该行后重新提交。",
            data={"line": error.lineno},
        ) from error
    try:
        graph = Graph().parse(data=turtle, format="turtle")
    except (
        Exception
    ) as error:  # rdflib raises whatever its parser meets; RDF 1.2 is not what OWL is written in
        raise UnreadableSource(
            f"The file holds Turtle that an ontology cannot: {type(error).__name__}: {str(error)[:200]}",
            message_zh=f"文件包含本体不支持的 Turtle：{type(error).__name__}。",
            next_step="Write it in Turtle 1.1, without triple terms and not nested hundreds deep.",
            next_step_zh="请使用 Turtle 1.1，不要使用三元组项，嵌套不要过深。",
        ) from error
    headers = [str(one) for one in graph.subjects(RDF.type, OWL.Ontology)]
    ours = [one for one in headers if one.startswith(MODULE_IRI)]
    if len(ours) > 1:
        raise InputError(
            "The file has the headers of several modules.",
            message_zh="文件包含多个模块的文件头。",
            next_step="Send one file per module.",
            next_step_zh="请每个模块提交一个文件。",
        )
    return graph, ours[0] if ours else ""


def _edited(current: Graph, edited: Graph, module: str) -> Graph:
    """Return the current ontology with the subjects of a file in place of their former descriptions.

    Raises:
        InputError: If it declares foreign terms, or states a new axiom without a subject: those cannot be decided
            on term by term.
    """
    _refuse_foreign(current, edited)
    after = _copy(current)
    nameless = _nameless(edited) - _nameless(current)
    if nameless:
        raise InputError(
            f"The file states an axiom without a subject: {min(nameless)}",
            message_zh=f"文件包含无主语的公理：{min(nameless)}",
            next_step="State it of a term (owl:disjointWith, for example).",
            next_step_zh="请将其表述为某个术语的公理（例如 owl:disjointWith）。",
        )
    if module:
        for subject in set(current.subjects(RDFS.isDefinedBy, URIRef(module))):
            _remove(after, subject)
    subjects = {one for one in edited.subjects() if isinstance(one, URIRef)}
    for subject in subjects:
        _replace(after, subject, edited)
    home = URIRef(module) if module else None
    for subject in (one for one in subjects if str(one).startswith(Q)):
        declared = any((subject, RDF.type, kind) in after for kind in _DECLARED)
        if declared and after.value(subject, RDFS.isDefinedBy) is None:
            known = current.value(subject, RDFS.isDefinedBy) or home or _home(after, subject)
            if known is not None:
                after.add((subject, RDFS.isDefinedBy, known))
    return after


def _refuse_foreign(current: Graph, edited: Graph) -> None:
    foreign = sorted(
        str(one)
        for kind in _DECLARED
        for one in edited.subjects(RDF.type, kind)
        if isinstance(one, URIRef)
        and not str(one).startswith(Q)
        and (one, RDF.type, kind) not in current
    )
    if foreign:
        raise InputError(
            f"The file declares terms outside {Q}: {foreign[0]}.",
            message_zh=f"文件声明了 {Q} 之外的术语：{foreign[0]}。",
            next_step="Declare our own terms only; map to foreign terms in an alignment.",
            next_step_zh="请仅声明本体自己的术语；外部术语请放入对齐文件。",
            data={"terms": list[JsonValue](foreign[:5])},
        )


def _nameless(graph: Graph) -> set[str]:
    inside = {one for one in graph.objects() if isinstance(one, BNode)}
    text_of = TurtleWriter(graph).term
    found = {one for one in graph.subjects() if isinstance(one, BNode)} - inside
    return {text_of(one) for one in found}


def _home(graph: Graph, subject: Node) -> Node | None:
    """Return the module of a term's nearest ancestor: a supplement need not say where its terms belong."""
    for above in graph.transitive_objects(subject, RDFS.subClassOf):
        module = graph.value(above, RDFS.isDefinedBy)
        if module is not None:
            return module
    return None


def _copy(graph: Graph) -> Graph:
    copied = empty_graph()
    for triple in graph:
        copied.add(triple)
    return copied


def _remove(graph: Graph, subject: Node) -> None:
    for _, _, value in list(graph.triples((subject, None, None))):
        if isinstance(value, BNode):
            _remove(graph, value)
    graph.remove((subject, None, None))


def _replace(graph: Graph, subject: Node, source: Graph) -> None:
    _remove(graph, subject)
    for triple in _described(source, subject):
        graph.add(triple)


def _described(graph: Graph, subject: Node) -> Iterator[tuple[Node, Node, Node]]:
    for triple in graph.triples((subject, None, None)):
        yield triple
        if isinstance(triple[2], BNode):
            yield from _described(graph, triple[2])


def _signature(graph: Graph, term: str) -> frozenset[TermChange]:
    """Return what a graph says of a term, as comparable values."""
    part = Graph()
    for triple in _described(graph, URIRef(term)):
        part.add(triple)
    seed = Graph()
    seed.add((URIRef(term), RDF.type, RDFS.Resource))
    return frozenset(one for one in diff(seed, part) if one.predicate)


# --- examining -------------------------------------------------------------------------------------


def _new_findings(current: Graph, after: Graph) -> list[Finding]:
    before = set(run_checks(OF_CONTENT, current).findings)
    return [one for one in run_checks(OF_CONTENT, after).findings if one not in before]


def _satisfiable(graph: Graph) -> tuple[str, tuple[Finding, ...]]:
    found = run_checks([SATISFIABLE], graph).of(SATISFIABLE.name)
    state = found.state if found.state == CHECKED else f"not checked: {found.state}"
    return state, found.findings


def removed_in_use(gone: AbstractSet[str], uses: Sequence[Use]) -> Iterator[Finding]:
    """Yield a finding for each term that is removed though something that stays uses it.

    Args:
        gone: IRIs of the terms that are removed.
        uses: What uses them.
    """
    for term in sorted(gone):
        mine = [use for use in uses if use.term == term and use.name not in gone]
        if mine:
            yield Finding(
                "in use",
                term,
                f"{_short(term)} is removed but used by {told(mine)}; the first: {mine[0].kind} {_short(mine[0].name)}",
                f"{_short(term)} 被删除，但仍被使用：{told(mine, 'zh')}；首项：{_short(mine[0].name)}",
            )


def _same_label(after: Graph, changes: Sequence[TermChange]) -> Iterator[Finding]:
    """Yield the terms whose new label another term has as its label already."""
    for one in changes:
        if one.kind not in ("added", "gained") or one.predicate not in ("", str(RDFS.label)):
            continue
        for label in after.objects(URIRef(one.term), RDFS.label):
            for other in after.subjects(RDFS.label, label):
                if str(other) != one.term and (other, RDF.type, SKOS.ConceptScheme) not in after:
                    yield Finding(
                        "label",
                        one.term,
                        f"'{label}' is the label of {_short(str(other))} already",
                        f"“{label}”已是 {_short(str(other))} 的标签",
                    )


def _is_header(term: str) -> bool:
    return term.startswith(MODULE_IRI)


def _short(iri: str) -> str:
    return iri.removeprefix(Q)
