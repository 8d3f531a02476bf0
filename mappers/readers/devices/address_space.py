"""The address space that several NodeSets make up together: types, hierarchies, and what is missing from it."""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from pathlib import Path

from qualweave.mappers.declared import Flaw
from qualweave.mappers.readers.devices.nodes import (
    BASE,
    Head,
    Model,
    Node,
    base_nodes,
    head_of,
    nodes_of,
)

_SUBTYPE, _TYPE, _ORGANIZES = (f"{BASE};i={one}" for one in (45, 40, 35))
_DEEPEST = 200
_NAMEPLATE = frozenset({"Identification", "SerialNumber", "Manufacturer"})


class AddressSpace:
    """Nodes of a file and of those beside it, with their hierarchies.

    Args:
        path: The file that is described.
        beside: Files that may hold what it requires; only those that it does are read.

    Raises:
        UnreadableSource: If a file that is read is broken or no NodeSet2.
    """

    def __init__(self, path: Path, beside: Sequence[Path] = ()) -> None:
        self.head = Head(path.name)
        self.own = list(nodes_of(path, self.head))
        self.nodes = {one.id: one for one in self.own}
        self.models = {one.uri: one for one in self.head.models}
        self.models |= dict.fromkeys(self._own_spaces(), Model("")) if not self.models else {}
        self._read_required(beside)
        self.supertypes = self._supertypes()
        self._roles: dict[str, str] = {}
        self._named: dict[str, dict[tuple[str, str], Node]] = {}
        self._nameplates: dict[str, bool] = {}
        self.parents: dict[str, list[tuple[str, str]]] = defaultdict(list)
        self.below: dict[str, list[str]] = defaultdict(list)
        self._link()

    def _own_spaces(self) -> set[str]:
        return {one.id.partition(";")[0] for one in self.own} - {BASE}

    def _read_required(self, beside: Sequence[Path]) -> None:
        """Read the models that are required, and those that they require, from the files beside."""
        offered: dict[str, tuple[Path, Head]] = {}
        for one in beside:
            head = head_of(one)
            offered |= {model.uri: (one, head) for model in head.models}
        waiting = [one.uri for one in self.head.required] + self.head.spaces[1:]
        while waiting:
            uri = waiting.pop()
            if uri in self.models or uri == BASE or uri not in offered:
                continue
            path, head = offered[uri]
            self.models |= {one.uri: one for one in head.models}
            waiting += [one.uri for one in head.required]
            for node in nodes_of(path, Head(path.name)):
                self.nodes.setdefault(node.id, node)

    def _supertypes(self) -> dict[str, str]:
        found: dict[str, str] = {}
        for node in self.nodes.values():
            for kind, target, forward in node.references:
                if kind == _SUBTYPE:
                    child, parent = (target, node.id) if forward else (node.id, target)
                    found.setdefault(child, parent)
        return found

    def lineage(self, type_id: str) -> Iterator[str]:
        """Iterate over a type and its supertypes; a loop among them ends it."""
        seen: set[str] = set()
        while type_id and type_id not in seen:
            seen.add(type_id)
            yield type_id
            type_id = self.supertypes.get(type_id, "")

    def role(self, reference_type: str) -> str:
        """Return what a reference type does: ``"down"``, ``"type"``, ``"subtype"``, ``"meaning"`` or ``""``."""
        if reference_type not in self._roles:
            known = (base_nodes().get(one) for one in self.lineage(reference_type))
            self._roles[reference_type] = next((one[2] for one in known if one is not None), "")
        return self._roles[reference_type]

    def _link(self) -> None:
        for node in self.nodes.values():
            for kind, target, forward in node.references:
                if self.role(kind) != "down":
                    continue
                parent, child = (node.id, target) if forward else (target, node.id)
                if (parent, kind) not in self.parents[child]:
                    self.parents[child].append((parent, kind))
                    self.below[parent].append(child)

    def targets(self, node: Node, role: str) -> Iterator[str]:
        """Iterate over what a node refers to in a role."""
        return (to for kind, to, forward in node.references if forward and self.role(kind) == role)

    def type_of(self, node: Node) -> str:
        """Return the id of the type definition of a node, ``""`` where it has none."""
        return next(self.targets(node, "type"), "")

    def type_name(self, node_id: str) -> str:
        """Return the browse name of a type, ``""`` where it is not at hand."""
        if node_id in self.nodes:
            return self.nodes[node_id].name
        return base_nodes().get(node_id, ("", "", ""))[0]

    def children(self, node_id: str) -> Iterator[Node]:
        """Iterate over the nodes right below one, without those that are not at hand."""
        return (self.nodes[one] for one in self.below.get(node_id, ()) if one in self.nodes)

    def properties(self, node: Node) -> dict[str, Node]:
        """Return the nodes below a variable by name: its own, then those of its declaration, type and supertypes."""
        found: dict[str, Node] = {}
        declared = self.declaration(node)
        for owner in (
            node.id,
            *([declared.id] if declared is not None else []),
            *self.lineage(self.type_of(node)),
        ):
            for one in self.children(owner):
                found.setdefault(one.name, one)
        return found

    def declaration(self, node: Node) -> Node | None:
        """Return the variable of an object's type that a variable of the object is made after, if it is at hand."""
        for parent, _ in self.parents.get(node.id, ()):
            if parent not in self.nodes:
                continue
            for type_id in self.lineage(self.type_of(self.nodes[parent])):
                found = self.named_children(type_id).get((node.space, node.name))
                if found is not None and found.id != node.id:
                    return found
        return None

    def named_children(self, node_id: str) -> dict[tuple[str, str], Node]:
        """Return the nodes right below one by namespace and name; of two, the first."""
        if node_id not in self._named:
            self._named[node_id] = {}
            for one in self.children(node_id):
                self._named[node_id].setdefault((one.space, one.name), one)
        return self._named[node_id]

    def has_nameplate(self, node_id: str) -> bool:
        """Return whether a node says who made it, or is identified as a machine."""
        if node_id not in self._nameplates:
            names = {name for _, name in self.named_children(node_id)}
            self._nameplates[node_id] = bool(names & _NAMEPLATE)
        return self._nameplates[node_id]

    def chain(self, node: Node) -> tuple[list[Node], bool]:
        """Return the nodes above one, the topmost first, and whether they run in a circle.

        Where several are above it, a part of something counts before what is merely filed somewhere.
        """
        found: list[Node] = []
        seen = {node.id}
        at = node.id
        while len(found) < _DEEPEST:
            above = sorted(self.parents.get(at, ()), key=lambda one: one[1] == _ORGANIZES)
            known = [one for one, _ in above if one in self.nodes]
            if not known:
                return found[::-1], False
            if known[0] in seen:
                return found[::-1], True
            at = known[0]
            seen.add(at)
            found.append(self.nodes[at])
        return found[::-1], True

    def flaws(self) -> Iterator[Flaw]:
        """Yield required models that are missing or too old, node ids that stand twice, and dangling references."""
        yield from self._missing_models()
        yield from self._twice()
        yield from self._dangling()

    def _missing_models(self) -> Iterator[Flaw]:
        required = {one.uri: one for one in self.head.required}
        for uri in self.head.spaces[1:]:
            required.setdefault(uri, Model(uri))
        for uri, one in required.items():
            if uri == BASE:
                continue
            have = self.models.get(uri)
            if have is None:
                yield Flaw("model", uri, f"requires the model {one}, which was not given",
                           f"需要模型 {one.in_chinese}，但未提供", one.line, self.head.file)  # fmt: skip
            elif have.published and have.published[:10] < one.published[:10]:
                yield Flaw("model", uri, f"requires the model {one}, and {have} was given",
                           f"需要模型 {one.in_chinese}，提供的却是 {have.in_chinese}",
                           one.line, self.head.file)  # fmt: skip

    def _twice(self) -> Iterator[Flaw]:
        seen: dict[str, int] = {}
        for node in self.own:
            if node.id in seen:
                yield Flaw("identity", node.name, f"has the node id {node.written}, which line {seen[node.id]} has",
                           f"的 NodeId {node.written} 与第 {seen[node.id]} 行重复", node.line, node.file)  # fmt: skip
            seen.setdefault(node.id, node.line)

    def _dangling(self) -> Iterator[Flaw]:
        """Yield references into models that are at hand, to nodes that these do not have."""
        for node in self.own:
            # Entries of a dictionary are often made by the server; their identifier is in the reference itself.
            asked = [(kind, to) for kind, to, _ in node.references if self.role(kind) != "meaning"]
            asked.append(("", node.data_type))
            for kind, to in dict.fromkeys(asked):
                space = to.partition(";")[0]
                unlisted = space.startswith("ns=")
                if to and to not in self.nodes and (unlisted or space in self.models):
                    how = self.type_name(kind) or "its data type"
                    yield Flaw("reference", node.name, f"leads by {how} to the node {to}, which is not there",
                               f"经 {how} 指向不存在的节点 {to}", node.line, node.file)  # fmt: skip
