"""What changed between two states of the ontology, in the Knowledge Graph Change Language (KGCL).

A changed value is one change (old and new), not a loss and a gain. Each change has three forms: a value, a command in
KGCL's controlled language, and RDF in KGCL's vocabulary. What KGCL cannot say, an axiom that is no edge, is written as
a comment that starts with ``# beyond KGCL``, so that nothing is lost: `read_commands` reads both, and `apply_changes`
makes the newer state of the older one.

Commands follow the grammar of the Java implementation, which knows languages, literals as ends of an edge and escapes.
"""

import re
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from types import MappingProxyType

from rdflib import BNode, Graph, Literal, URIRef
from rdflib.namespace import DCTERMS, OWL, RDF, RDFS, SKOS, XSD
from rdflib.term import Node

from qualweave.errors import InputError
from qualweave.ontology.diff import canonical, statements_of
from qualweave.ontology.serialise import TURTLE_PREFIXES, TurtleWriter

KGCL = "http://w3id.org/kgcl/"
BEYOND = "# beyond KGCL: "
_TRUE = Literal("true", datatype=XSD.boolean)
_COMMANDS: Mapping[str, str] = MappingProxyType(
    {
        "ClassCreation": "create class $node $new",
        "NodeDeletion": "delete $node",
        "NodeRename": "rename $node from $old to $new",
        "NodeObsoletionWithDirectReplacement": "obsolete $node with replacement $new",
        "NodeObsoletion": "obsolete $node",
        "NodeUnobsoletion": "unobsolete $node",
        "NewSynonym": "create synonym $new for $node",
        "RemoveSynonym": "remove synonym $old for $node",
        "SynonymReplacement": "change synonym from $old to $new for $node",
        "NewTextDefinition": "add definition $new to $node",
        "TextDefinitionReplacement": "change definition of $node from $old to $new",
        "NodeMove": "move $node from $old to $new",
        "PredicateChange": "change relationship between $node and $old from $predicate to $new",
        "NodeAnnotationReplacement": "change annotation of $node with $predicate from $old to $new",
        "EdgeCreation": "create edge $node $predicate $new",
        "EdgeDeletion": "delete edge $node $predicate $old",
    }
)
"""Command of each kind of change, in the order in which they are listed and applied."""
_TOKEN = re.compile(
    r"""<(?P<iri>[^<>\s]+)>
    | '(?P<text>(?:\\.|[^'\\])*)'(?:@(?P<language>[A-Za-z]+(?:-[A-Za-z0-9]+)*)|\^\^(?P<datatype>\S+))?
    | (?P<prefix>[A-Za-z0-9_]+):(?P<local>[A-Za-z0-9_]+)
    | (?P<word>[a-z]+)""",
    re.VERBOSE,
)
_IRI_TEXT = re.compile(r"[^<>\s]+")
_CURIE = re.compile(r"^[A-Za-z0-9_]+$")
_BY_PREDICATE: Mapping[URIRef, tuple[str, str, str]] = MappingProxyType(
    {
        RDFS.label: ("EdgeCreation", "EdgeDeletion", "NodeRename"),
        SKOS.altLabel: ("NewSynonym", "RemoveSynonym", "SynonymReplacement"),
        SKOS.definition: ("NewTextDefinition", "EdgeDeletion", "TextDefinitionReplacement"),
    }
)
"""Kinds of change of a text, by its predicate: new, gone, replaced."""
_OF_LITERALS = ("EdgeCreation", "EdgeDeletion", "NodeAnnotationReplacement")
_OF_PARENTS = ("EdgeCreation", "EdgeDeletion", "NodeMove")
_OF_EDGES = ("EdgeCreation", "EdgeDeletion", "EdgeRewiring")


@dataclass(frozen=True)
class Tree:
    """An anonymous expression or axiom, which KGCL has no word for.

    Attributes:
        text: All that it holds, as Turtle in fixed order.
    """

    text: str


Value = URIRef | Literal | Tree
_Triple = tuple[Node, Node, Node]


@dataclass(frozen=True)
class Change:
    """One change.

    Attributes:
        kind: Name of its class in KGCL, for example ``"NodeRename"``; ``"LogicalAxiomChange"`` for one beyond its
            commands.
        node: The term, or an axiom without a name.
        predicate: Of the edge or annotation, where the kind does not say it.
        old: What was; the other end where only the predicate changes.
        new: What is.
    """

    kind: str
    node: URIRef | Tree
    predicate: URIRef | None = None
    old: Value | None = None
    new: Value | None = None

    def command(self) -> str:
        """Return the change as a command, or as a comment where KGCL has none."""
        if self.kind == "EdgeRewiring":
            return "\n".join(part.command() for part in self._parts())
        if self.kind not in _COMMANDS or not all(map(_is_sayable, self._filled().values())):
            return "\n".join(self._beyond())
        words = _COMMANDS[self.kind].split()
        told = self._filled()
        return " ".join(_said(told[one[1:]]) if one[0] == "$" else one for one in words)

    def effect(self) -> tuple[list[str], list[str]]:
        """Return the statements that it takes out and puts in, as Turtle; a deletion takes out all about its node."""
        node, old, new = self.node, self.old, self.new
        if isinstance(node, Tree):
            return [node.text] if old else [], [node.text] if new else []
        if self.kind == "PredicateChange":
            return _edge(node, self.predicate, old), _edge(node, new, old)
        if self.kind == "ClassCreation":
            return [], [*_edge(node, RDF.type, OWL.Class), *_edge(node, RDFS.label, new)]
        if self.kind in {"NodeObsoletion", "NodeObsoletionWithDirectReplacement"}:
            flag = _edge(node, OWL.deprecated, _TRUE)
            return [], [*flag, *_edge(node, DCTERMS.isReplacedBy, new)]
        if self.kind in {"NodeUnobsoletion", "NodeDeletion"}:
            return _edge(node, OWL.deprecated, _TRUE), []
        predicate = _PREDICATE_OF.get(self.kind, self.predicate)
        return _edge(node, predicate, old), _edge(node, predicate, new)

    def values(self) -> Iterator[tuple[str, Value]]:
        """Yield property of KGCL and value, for the change as RDF."""
        filled = self._filled()
        for name in ("old", "new"):
            value = filled.get(name)
            if value is None:
                continue
            yield f"{name}_value", value
            if isinstance(value, Literal) and value.language:
                yield f"{name}_language", Literal(value.language)

    def _filled(self) -> dict[str, Value]:
        told = {"node": self.node, "predicate": self.predicate, "old": self.old, "new": self.new}
        return {name: value for name, value in told.items() if value is not None}

    def _parts(self) -> Iterator["Change"]:
        yield Change("EdgeDeletion", self.node, self.predicate, old=self.old)
        yield Change("EdgeCreation", self.node, self.predicate, new=self.new)

    def _beyond(self) -> Iterator[str]:
        for sign, statements in zip("-+", self.effect(), strict=True):
            yield from (f"{BEYOND}{sign} {one}" for one in statements)


_PREDICATE_OF: Mapping[str, URIRef] = MappingProxyType(
    {
        "NodeRename": RDFS.label,
        "NewSynonym": SKOS.altLabel,
        "RemoveSynonym": SKOS.altLabel,
        "SynonymReplacement": SKOS.altLabel,
        "NewTextDefinition": SKOS.definition,
        "TextDefinitionReplacement": SKOS.definition,
        "NodeMove": RDFS.subClassOf,
    }
)


# --- comparing -------------------------------------------------------------------------------------


def changes_between(old: Graph, new: Graph) -> tuple[Change, ...]:
    """Return what changed from ``old`` to ``new``, in the order in which it is applied.

    Raises:
        InputError: If a blank node is shared or stands in a cycle.
    """
    before, after = statements_of(old), statements_of(new)
    found: list[Change] = []
    for key in before.keys() | after.keys():
        was, now = before.get(key, {}), after.get(key, {})
        if was.keys() == now.keys():
            continue
        if key.startswith("["):  # an axiom without a name is what it says: it is there or not
            axiom = Tree(f"{_one_line(key)} .")
            found.append(
                Change(
                    "LogicalAxiomChange",
                    axiom,
                    old=axiom if was else None,
                    new=axiom if now else None,
                )
            )
            continue
        node = URIRef(key)
        if not now:
            found.append(Change("NodeDeletion", node))
            continue
        lost = {_statement(pair, was[pair]) for pair in was.keys() - now.keys()}
        gained = {_statement(pair, now[pair]) for pair in now.keys() - was.keys()}
        found += _of_node(node, lost, gained, is_new=not was)
    order = {kind: number for number, kind in enumerate(_COMMANDS)}
    order["NodeDeletion"] = order["EdgeRewiring"] = len(order)
    return tuple(sorted(found, key=lambda one: (order.get(one.kind, 99), one.command())))


_Pair = tuple[URIRef, Value]


def _statement(pair: tuple[str, str], value: Node) -> _Pair:
    told = value if isinstance(value, URIRef | Literal) else Tree(_one_line(pair[1]))
    return URIRef(pair[0]), told


def _of_node(
    node: URIRef, lost: set[_Pair], gained: set[_Pair], *, is_new: bool
) -> Iterator[Change]:
    """Yield the changes of one node; each takes its statements out of the two sets."""
    if is_new:
        yield from _created(node, gained)
    yield from _flagged(node, lost, gained)
    yield from _predicates_changed(node, lost, gained)
    yield from _replaced(node, lost, gained)
    yield from (_of_value(node, predicate, value, None) for predicate, value in lost)
    yield from (_of_value(node, predicate, None, value) for predicate, value in gained)


def _of_value(node: URIRef, predicate: URIRef, old: Value | None, new: Value | None) -> Change:
    """Return the change of one value: new, gone, or replaced."""
    number = 2 if old is not None and new is not None else 1 if new is None else 0
    value = old if new is None else new
    if isinstance(value, Tree):
        kind = "LogicalAxiomChange"
    elif isinstance(value, Literal):
        kind = _BY_PREDICATE.get(predicate, _OF_LITERALS)[number]
    else:
        kind = (_OF_PARENTS if predicate == RDFS.subClassOf else _OF_EDGES)[number]
    return Change(kind, node, None if kind in _PREDICATE_OF else predicate, old, new)


def _created(node: URIRef, gained: set[_Pair]) -> Iterator[Change]:
    labels = [v for p, v in gained if p == RDFS.label and isinstance(v, Literal)]
    if (RDF.type, OWL.Class) in gained and labels:
        first = min(labels, key=lambda one: (one.language != "en", one.n3()))
        gained -= {(RDF.type, OWL.Class), (RDFS.label, first)}
        yield Change("ClassCreation", node, new=first)


def _flagged(node: URIRef, lost: set[_Pair], gained: set[_Pair]) -> Iterator[Change]:
    flag = (OWL.deprecated, _TRUE)
    if flag in lost:
        lost.remove(flag)
        yield Change("NodeUnobsoletion", node)
    if flag not in gained:
        return
    gained.remove(flag)
    heirs = [v for p, v in gained if p == DCTERMS.isReplacedBy and isinstance(v, URIRef)]
    if len(heirs) == 1:
        gained.remove((DCTERMS.isReplacedBy, heirs[0]))
        yield Change("NodeObsoletionWithDirectReplacement", node, new=heirs[0])
    else:
        yield Change("NodeObsoletion", node)


def _predicates_changed(node: URIRef, lost: set[_Pair], gained: set[_Pair]) -> Iterator[Change]:
    for predicate, value in sorted(lost, key=str):
        now = [p for p, v in gained if v == value and isinstance(v, URIRef)]
        was = [p for p, v in lost if v == value]
        if len(now) == 1 and len(was) == 1 and predicate != RDF.type and now[0] != RDF.type:
            lost.remove((predicate, value))
            gained.remove((now[0], value))
            yield Change("PredicateChange", node, predicate, old=value, new=now[0])


def _replaced(node: URIRef, lost: set[_Pair], gained: set[_Pair]) -> Iterator[Change]:
    """Yield each value that has one successor of its predicate, form and language."""
    was, now = _sorted_by_form(lost), _sorted_by_form(gained)
    for key in sorted(was.keys() & now.keys()):
        if len(was[key]) == len(now[key]) == 1:
            (old,), (new,), predicate = was[key], now[key], key[0]
            lost.remove((predicate, old))
            gained.remove((predicate, new))
            yield _of_value(node, predicate, old, new)


def _sorted_by_form(pairs: set[_Pair]) -> dict[tuple[URIRef, str], list[Value]]:
    found = defaultdict[tuple[URIRef, str], list[Value]](list)
    for predicate, value in pairs:
        found[predicate, _form(value)].append(value)
    return found


def _form(value: Value) -> str:
    if isinstance(value, Literal):
        return f"literal@{value.language}"
    return "tree" if isinstance(value, Tree) else "iri"


# --- writing and reading ---------------------------------------------------------------------------


def to_commands(changes: Iterable[Change]) -> str:
    """Return changes as KGCL commands, one a line; what it cannot say as comments."""
    return "".join(f"{one.command()}\n" for one in changes)


def to_rdf(changes: Iterable[Change]) -> Graph:
    """Return changes as RDF in KGCL's vocabulary; each carries its command as ``change_description``."""
    graph = Graph()
    graph.bind("kgcl", KGCL)
    for number, change in enumerate(changes, start=1):
        node = URIRef(f"urn:qualweave:change:{number}")
        graph.add((node, RDF.type, URIRef(KGCL + change.kind)))
        graph.add((node, URIRef(KGCL + "change_description"), Literal(change.command())))
        if isinstance(change.node, URIRef):
            graph.add((node, URIRef(KGCL + "about_node"), change.node))
        if change.kind == "NodeObsoletionWithDirectReplacement" and isinstance(change.new, URIRef):
            graph.add((node, URIRef(KGCL + "has_direct_replacement"), change.new))
            continue
        for name, value in change.values():
            told = Literal(value.text) if isinstance(value, Tree) else Literal(str(value))
            graph.add((node, URIRef(KGCL + name), told))
        _about_edge(graph, node, change)
    return graph


def _about_edge(graph: Graph, node: URIRef, change: Change) -> None:
    end = change.old if change.new is None or change.kind == "PredicateChange" else change.new
    if change.predicate is None or not isinstance(change.node, URIRef) or isinstance(end, Tree):
        return
    edge = URIRef(f"{node}:edge")
    graph.add((node, URIRef(KGCL + "about_edge"), edge))
    graph.add((edge, RDF.type, URIRef(KGCL + "om/Edge")))
    for name, part in (("subject", change.node), ("predicate", change.predicate), ("object", end)):
        if part is not None:
            graph.add((edge, URIRef(f"{KGCL}om/{name}"), part))


def read_commands(text: str) -> tuple[Change, ...]:
    """Return the changes that commands say; the comments of `to_commands` are read as well.

    Raises:
        InputError: If a line is no command that is known here.
    """
    found: list[Change] = []
    for number, given in enumerate(text.split("\n"), start=1):  # other breaks may stand in a text
        line = given.removesuffix("\r")
        if line.startswith(BEYOND):
            found.append(_beyond(line.removeprefix(BEYOND)))
        elif line.strip() and not line.startswith("#"):
            found.append(_read(line, number))
    return tuple(found)


def _read(line: str, number: int) -> Change:
    tokens = list(_TOKEN.finditer(line))
    for kind, command in _COMMANDS.items():
        words = command.split()
        if len(words) != len(tokens) or _TOKEN.sub("", line).strip():
            continue
        told: dict[str, Value] = {}
        for word, token in zip(words, tokens, strict=True):
            if word[0] == "$" and not token["word"]:
                told[word[1:]] = _value(token)
            elif word != token["word"]:
                break
        else:
            node, predicate = told.pop("node"), told.pop("predicate", None)
            if isinstance(node, URIRef) and (predicate is None or isinstance(predicate, URIRef)):
                return Change(kind, node, predicate, **told)
    raise InputError(
        f"Line {number} is no KGCL command that is known here: {line[:120]}",
        message_zh=f"第 {number} 行不是可识别的 KGCL 命令：{line[:120]}",
        next_step="See docs/reference/kgcl.md for the commands.",
        next_step_zh="命令见 docs/reference/kgcl.md。",
        data={"line": number},
    )


def _value(token: re.Match[str]) -> URIRef | Literal:
    if token["iri"]:
        return URIRef(token["iri"])
    if token["prefix"]:
        return URIRef(TURTLE_PREFIXES.get(token["prefix"], f"{token['prefix']}:") + token["local"])
    text = re.sub(r"\\(.)", r"\1", token["text"])
    kind = token["datatype"]
    inner = _TOKEN.fullmatch(kind) if kind else None
    return Literal(
        text, lang=token["language"], datatype=_value(inner) if inner else None, normalize=False
    )


def _beyond(text: str) -> Change:
    sign, _, statement = text.partition(" ")
    told = Tree(statement)
    if sign == "-":
        return Change("LogicalAxiomChange", told, old=told)
    return Change("LogicalAxiomChange", told, new=told)


# --- applying --------------------------------------------------------------------------------------


def apply_changes(graph: Graph, changes: Iterable[Change]) -> Graph:
    """Return a copy of ``graph`` with changes applied; what a change takes out and is not there is passed over.

    Raises:
        InputError: If a blank node is shared or stands in a cycle.
    """
    result = Graph()
    for triple in graph:
        result.add(triple)
    known = _by_text(result)
    for change in changes:
        if change.kind == "NodeDeletion" and isinstance(change.node, URIRef):
            for triple in list(result.triples((change.node, None, None))):
                _take(result, triple)
        gone, fresh = change.effect()
        for triple in (triple for statement in gone for triple in known.get(statement, ())):
            _take(result, triple)
        for statement in fresh:
            result.parse(data=_HEAD + statement, format="turtle")
    return result


def _by_text(graph: Graph) -> dict[str, list[_Triple]]:
    """Return the triples of a graph that are not inside a tree, by the statement or axiom that they are."""
    inside = {o for o in graph.objects() if isinstance(o, BNode)}
    text_of: Callable[[Node], str] = TurtleWriter(graph).term
    found = defaultdict[str, list[_Triple]](list)
    for s, p, o in graph:
        if isinstance(s, URIRef):
            found[_one_line(f"{text_of(s)} {text_of(p)} {text_of(canonical(o))} .")].append(
                (s, p, o)
            )
        elif s not in inside:
            found[f"{_one_line(text_of(s))} ."].append((s, p, o))
    return found


def _take(graph: Graph, triple: _Triple) -> None:
    graph.remove(triple)
    if isinstance(triple[2], BNode):
        for p, o in list(graph.predicate_objects(triple[2])):
            _take(graph, (triple[2], p, o))


# --- texts -----------------------------------------------------------------------------------------

_HEAD = "".join(f"@prefix {name}: <{space}> .\n" for name, space in TURTLE_PREFIXES.items())
_TERM: Callable[[Node], str] = TurtleWriter(Graph()).term


def _edge(node: Value, predicate: Value | None, value: Value | None) -> list[str]:
    if value is None or predicate is None:
        return []
    return [" ".join([*(_turtle(one) for one in (node, predicate, value)), "."])]


def _turtle(value: Value) -> str:
    return value.text if isinstance(value, Tree) else _TERM(canonical(value))


def _one_line(text: str) -> str:
    return re.sub(r"\n\s*", " ", text)


def _is_sayable(value: Value) -> bool:
    if isinstance(value, Tree):
        return False
    if isinstance(value, URIRef):
        return _IRI_TEXT.fullmatch(str(value)) is not None
    return not any(one in value for one in "\n\r")


def _said(value: Value) -> str:
    """Return a value as KGCL writes it."""
    if isinstance(value, Literal):
        text = re.sub(r"(['\\])", r"\\\1", str(value))
        if value.language:
            return f"'{text}'@{value.language}"
        plain = value.datatype in (None, XSD.string)
        return f"'{text}'" if plain else f"'{text}'^^{_said(URIRef(str(value.datatype)))}"
    if isinstance(value, Tree):
        return value.text
    for prefix, space in TURTLE_PREFIXES.items():
        local = str(value).removeprefix(space)
        if local != str(value) and _CURIE.match(local):
            return f"{prefix}:{local}"
    return f"<{value}>"
