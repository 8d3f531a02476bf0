"""`Review`: a decision about questions of the mapper, with who, when and why, as the governance graph keeps it.

It is a PROV activity of the person who decided. What it changed stands in it whole, so that `undo` can put it back:
per source the versions of the mapping and the fields, and what memory learnt and forgot.
"""

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from hashlib import sha256
from typing import Any, Literal, TypeAlias

import orjson
from pyoxigraph import Literal as RdfLiteral
from pyoxigraph import NamedNode, Triple

from qualweave.change_request import governance_graph
from qualweave.errors import JsonValue, NotFound
from qualweave.iri import DCTERMS, PROV, RDF, XSD, curie, mint
from qualweave.mappers.lift.batch import minted
from qualweave.mappers.memory import Remembered
from qualweave.store.port import Snapshot

Action: TypeAlias = Literal[
    "accept", "choose", "reject", "ask", "new_term", "release", "rerun", "undo"
]
_VALUE = NamedNode(PROV + "value")
_DID: Mapping[Action, tuple[str, str]] = {
    "accept": ("accepted the suggestion for", "接受了建议"),
    "choose": ("chose a term for", "选择了术语"),
    "reject": ("rejected every suggestion for", "否决了全部建议"),
    "ask": ("handed on", "转交了"),
    "new_term": ("proposed a new term for", "申请了新术语"),
    "release": ("released the term that was requested for", "发布了所申请的术语"),
    "rerun": ("aligned again", "重新对齐了"),
    "undo": ("undid a decision about", "撤销了决定"),
}


@dataclass(frozen=True)
class Cell:
    """What was decided: a field, or a text in it.

    Attributes:
        request: Id of the change request.
        column: Field.
        text: Cell text that was meant, ``""`` for the field itself.
        term: IRI of the term, ``""`` for none.
    """

    request: str
    column: str
    text: str
    term: str


@dataclass(frozen=True)
class Step:
    """What a decision did to the mapping of one source.

    Attributes:
        source: Source id.
        before: Version before.
        after: Version that it made; the same where the mapping was not touched.
        cells: What was decided of it.
    """

    source: str
    before: int
    after: int
    cells: tuple[Cell, ...]


@dataclass(frozen=True)
class Review:
    """One decision, about one question or a family of them.

    Attributes:
        action: What was done.
        by: Id of the principal.
        at: When, in UTC.
        reason: Why.
        steps: What it did, source by source.
        learnt: What memory learnt by it.
        forgotten: What memory held of the same pairs before.
        family: Id of the family that was decided as one, ``""`` where single questions were.
        to: Who was asked.
        undoes: Id of the decision that is taken back.
        linked: Id of the change request of the ontology.
        changes: What alignment says anew of other questions since.
        withdrawn: Questions about texts that had come up by the decision and went with it.
        lifted: Short hashes of files of other sources that leaned on what was decided.
        tenant: Whose it is.
    """

    action: Action
    by: str
    at: datetime
    reason: str = ""
    steps: tuple[Step, ...] = ()
    learnt: tuple[Remembered, ...] = ()
    forgotten: tuple[Remembered, ...] = ()
    family: str = ""
    to: str = ""
    undoes: str = ""
    linked: str = ""
    changes: tuple[Mapping[str, JsonValue], ...] = ()
    withdrawn: tuple[str, ...] = ()
    lifted: tuple[str, ...] = ()
    tenant: str = "plant"

    @property
    def id(self) -> str:
        """Identifier."""
        key = [self.tenant, self.action, self.by, self.at.isoformat(), self.undoes, *self.requests]
        return sha256(orjson.dumps(key)).hexdigest()[:12]

    @property
    def requests(self) -> tuple[str, ...]:
        """Ids of the change requests that it is about."""
        return tuple(cell.request for step in self.steps for cell in step.cells)

    @property
    def changed(self) -> list[str]:
        """Sources whose mapping it gave another version, in its order."""
        return [one.source for one in self.steps if one.after != one.before]

    @property
    def touched(self) -> frozenset[tuple[str, str]]:
        """Sources and fields that it is about."""
        return frozenset((step.source, cell.column) for step in self.steps for cell in step.cells)

    def statement(self) -> dict[str, str]:
        """Return the decision as one sentence per language."""
        cells = [(step.source, cell) for step in self.steps for cell in step.cells]
        names = [f"{cell.column or cell.text} ({source})" for source, cell in cells[:3]]
        more = len(cells) - len(names)
        en, zh = _DID[self.action]
        tail = f" and {more} more" if more else ""
        tail_zh = f"等 {len(cells)} 项" if more else ""
        why, why_zh = (f": {self.reason}", f"：{self.reason}") if self.reason else ("", "")
        terms = {curie(cell.term) for _, cell in cells if cell.term}
        term = f" → {', '.join(sorted(terms))}" if len(terms) == 1 else ""
        return {
            "en": f"{self.by} {en} {', '.join(names)}{tail}{term}{why}",
            "zh": f"{self.by} {zh}：{'、'.join(names)}{tail_zh}{term}{why_zh}",
        }

    def to_json(self) -> dict[str, JsonValue]:
        """Return the decision as JSON values, everything that undoing needs with it."""
        return {
            "id": self.id,
            "action": self.action,
            "by": self.by,
            "at": self.at.astimezone(UTC).isoformat(),
            "reason": self.reason,
            "statement": dict(self.statement()),
            "steps": [asdict(one) for one in self.steps],
            "learnt": [asdict(one) for one in self.learnt],
            "forgotten": [asdict(one) for one in self.forgotten],
            "family": self.family,
            "to": self.to,
            "undoes": self.undoes,
            "linked": self.linked,
            "changes": [dict(one) for one in self.changes],
            "withdrawn": list(self.withdrawn),
            "lifted": list(self.lifted),
            "tenant": self.tenant,
        }


def review_iri(review: Review, base: str) -> str:
    """Return the IRI of a decision's node."""
    return mint("review", review.id, tenant=review.tenant, base=base)


def review_triples(review: Review, *, base: str, former: Review | None = None) -> list[Triple]:
    """Return the node of a decision: an activity that used requests and generated versions of mappings."""
    tenant = review.tenant
    node = NamedNode(review_iri(review, base))
    at = RdfLiteral(review.at.astimezone(UTC).isoformat(), datatype=NamedNode(XSD + "dateTime"))
    body = orjson.dumps(review.to_json(), option=orjson.OPT_SORT_KEYS).decode()
    facts: list[tuple[str, NamedNode | RdfLiteral]] = [
        (RDF + "type", NamedNode(PROV + "Activity")),
        (
            PROV + "wasAssociatedWith",
            NamedNode(minted("person", review.by, tenant=tenant, base=base)),
        ),
        (PROV + "endedAtTime", at),
        (PROV + "value", RdfLiteral(body, datatype=NamedNode(RDF + "JSON"))),
        *(
            (DCTERMS + "description", RdfLiteral(text, language=language))
            for language, text in review.statement().items()
        ),
        *(
            (PROV + "used", NamedNode(mint("request", one, tenant=tenant, base=base)))
            for one in review.requests
        ),
    ]
    for step in review.steps:
        made = NamedNode(minted("mapping", step.source, str(step.after), tenant=tenant, base=base))
        if step.after != step.before:
            facts.append((PROV + "generated", made))
    if former is not None:
        facts.append((PROV + "wasInformedBy", NamedNode(review_iri(former, base))))
    return [Triple(node, NamedNode(predicate), value) for predicate, value in facts]


def reviews_of(snapshot: Snapshot, *, tenant: str, base: str) -> list[Review]:
    """Return every decision of a tenant, the oldest first."""
    graph = NamedNode(governance_graph(tenant, base))
    found = [
        _from_json(orjson.loads(str(getattr(quad.object, "value", ""))))
        for quad in snapshot.quads(None, _VALUE, None, graph)
    ]
    return sorted(found, key=lambda one: (one.at, one.id))


def undone(reviews: Iterable[Review]) -> dict[str, Review]:
    """Return which decisions were taken back: id to the one that did so."""
    return {one.undoes: one for one in reviews if one.undoes}


def review_of(reviews: Iterable[Review], review_id: str) -> Review:
    """Return a decision by its id.

    Raises:
        NotFound: If there is none.
    """
    found = next((one for one in reviews if one.id == review_id), None)
    if found is None:
        raise NotFound(
            f"There is no decision {review_id}.",
            message_zh=f"没有决定 {review_id}。",
            next_step="List the decisions: qualweave review log, or GET /reviews.",
            next_step_zh="请用 qualweave review log 或 GET /reviews 查看决定列表。",
            data={"review": review_id},
        )
    return found


def _from_json(data: dict[str, Any]) -> Review:
    return Review(
        action=data["action"],
        by=data["by"],
        at=datetime.fromisoformat(data["at"]),
        reason=data["reason"],
        steps=tuple(
            Step(
                one["source"],
                one["before"],
                one["after"],
                tuple(Cell(**cell) for cell in one["cells"]),
            )
            for one in data["steps"]
        ),
        learnt=tuple(Remembered(**one) for one in data["learnt"]),
        forgotten=tuple(Remembered(**one) for one in data["forgotten"]),
        family=data["family"],
        to=data["to"],
        undoes=data["undoes"],
        linked=data["linked"],
        changes=tuple(data["changes"]),
        withdrawn=tuple(data["withdrawn"]),
        lifted=tuple(data["lifted"]),
        tenant=data["tenant"],
    )
