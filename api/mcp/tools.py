"""The eight tools, each a few requests to the service through its own client, cut to what a model can read.

They ask a service and never a store: the guard, the principal and the errors are those of every other door, and
the same tools serve a folder (an application in this process) and a service elsewhere.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from importlib.resources import files
from typing import Annotated, Any, Literal
from urllib.parse import unquote

import orjson
import yaml
from pydantic import Field
from pyoxigraph import RdfFormat, parse

from qualweave.api.mcp import answers
from qualweave.api.mcp.answers import MOST_ROWS, Plain
from qualweave.api.misspelt import HEADER as UNKNOWN_TERMS
from qualweave.client import AsyncClient, Table, calls
from qualweave.errors import NotFound, QualweaveError, UnknownTerm
from qualweave.iri import Q, curie, local_name
from qualweave.ontology.search import SearchKind

Limit = Annotated[int, Field(ge=1, le=MOST_ROWS, description="Most rows, at most 50.")]
Item = Annotated[
    str,
    Field(description="Serial or lot number, GS1 element string, EPC URN, Digital Link or IRI."),
]


@lru_cache(maxsize=1)
def guide() -> Mapping[str, Any]:
    """Return what a model is told once: ``instructions`` and ``patterns``."""
    found: dict[str, Any] = yaml.safe_load(
        files("qualweave.api.mcp").joinpath("guide.yaml").read_text("utf-8")
    )
    return found


@dataclass(frozen=True)
class Tools:
    """The tools over a service."""

    client: AsyncClient

    async def describe_schema(
        self,
        term: Annotated[
            str,
            Field(description="A term by IRI, q:Name, label or notation; empty for the overview."),
        ] = "",
    ) -> answers.SchemaAnswer:
        """Describe the vocabulary in use, or one term in full.

        Without a term: classes with counts, how records are joined, example queries. With a term: its unit, broader and
        narrower terms, and the predicates that the data really use with it.
        """
        if term:
            detail = _term(await self.client.term(term))
            return answers.SchemaAnswer(
                prefixes={}, patterns=[], classes=[], examples=[], term=detail, total=1
            )
        found = await self.client.schema()
        classes = found["classes"]
        return answers.SchemaAnswer(
            prefixes=found["prefixes"],
            patterns=guide()["patterns"],
            classes=[answers.CountedClass(**one) for one in classes[:MOST_ROWS]],
            examples=[answers.Example(**one) for one in found["examples"]],
            **_capped(min(len(classes), MOST_ROWS), len(classes), "Ask for one class with 'term'."),
        )

    async def search_terms(
        self,
        text: Annotated[str, Field(description="Words in English or Chinese, or a field's name.")],
        kind: SearchKind | None = None,
        limit: Limit = 10,
    ) -> answers.TermsAnswer:
        """Find terms of the ontology by words, in English or Chinese, misspelt or abbreviated; the best first."""
        found = (await self.client.search_terms(text, kind=kind, limit=limit + 1))["terms"]
        shown = [answers.FoundTerm(**_flat(one)) for one in found[:limit]]
        return answers.TermsAnswer(
            terms=shown,
            truncated=len(found) > limit,
            next_step="Raise the limit, or narrow by kind." if len(found) > limit else "",
        )

    async def resolve_code(
        self,
        code: Annotated[str, Field(description="The code as the machine writes it.")],
        machine: Annotated[
            str,
            Field(description="Name or IRI of the machine; empty for every meaning of the code."),
        ] = "",
        programme: Annotated[str, Field(description="Firmware or programme, if known.")] = "",
        at: Annotated[str, Field(description="When it was written, xsd:dateTime in UTC.")] = "",
    ) -> answers.CodeAnswer:
        """Say what a machine's error or defect code means.

        The same number means different things on two machines: without a machine all meanings are returned, never a
        guess.
        """
        found = await self.client.code(code, machine=machine, programme=programme, at=at)
        held = found["meanings"]
        return answers.CodeAnswer(
            code=found["code"],
            ambiguous=found["ambiguous"],
            meanings=[answers.CodeMeaning(**one) for one in held[:MOST_ROWS]],
            **_capped(min(len(held), MOST_ROWS), len(held), "Name the machine."),
        )

    async def sparql(
        self,
        query: Annotated[
            str,
            Field(
                description="SELECT, ASK, CONSTRUCT or DESCRIBE; q: and other prefixes are known."
            ),
        ],
        limit: Limit = MOST_ROWS,
    ) -> answers.SparqlAnswer:
        """Answer a SPARQL 1.1 query, guarded and read-only, at most 50 rows.

        IRIs come back as they are, to be used again. A query that names a term which is nowhere in the graph, and so
        has an empty answer, is refused with the nearest terms.
        """
        reply = await self.client.run(calls.answer(query))
        if reply.headers["content-type"].startswith("text/turtle"):
            columns, rows = ["subject", "predicate", "object"], _triples(reply.content)
        else:
            table = Table.from_results(orjson.loads(reply.content))
            columns, rows = list(table.columns), _plain(table)
        if not rows or rows == [{"boolean": False}]:
            await self._check_terms(reply.headers.get(UNKNOWN_TERMS, ""))
        advice = "Aggregate, filter, or page with ORDER BY, LIMIT and OFFSET."
        return answers.SparqlAnswer(
            columns=columns, rows=rows[:limit], **_capped(min(len(rows), limit), len(rows), advice)
        )

    async def ask(
        self,
        question: Annotated[
            str, Field(description="English or Chinese words, or the id of a question.")
        ],
        values: Annotated[
            dict[str, str] | None,
            Field(description="Parameters by name; they win over what the words say."),
        ] = None,
        limit: Limit = MOST_ROWS,
    ) -> answers.QuestionAnswer:
        """Answer a question that was reviewed by persons: less freedom than sparql, and no slip in the query.

        See in ``parameters`` and ``unused`` whether the words were understood. Where no question fits, the error names
        the nearest three.
        """
        told = await self.client.question(question, **(values or {}))
        rows = told["rows"]
        shown = min(len(rows), limit)
        advice = "Give more parameters, or edit the SPARQL."
        return answers.QuestionAnswer(
            question=told["id"],
            question_en=told["question"]["en"],
            question_zh=told["question"]["zh"],
            parameters={
                one["name"]: f"{one['value']} ({one['from']})" for one in told["parameters"]
            },
            unused=told["unused"],
            sparql=told["sparql"],
            columns=[one["name"] if isinstance(one, dict) else one for one in told["columns"]],
            rows=rows[:shown],
            **_capped(shown, len(rows), advice),
        )

    async def _check_terms(self, unknown: str) -> None:
        """Refuse a query that names a term which neither the ontology nor the data have.

        Raises:
            UnknownTerm: With the nearest terms.
        """
        for one in unquote(unknown).split("; ") if unknown else ():
            await self.client.term(one.split(" ")[0])

    async def trace(
        self,
        item: Item,
        direction: Literal["back", "forward"] = "back",
        limit: Limit = 25,
    ) -> answers.TraceAnswer:
        """Trace an item over every level and company.

        back: what it was made from, with the places where records break off. forward: what it went into, how many of
        each class, which customers have them, what can still be stopped.
        """
        found = await self.client.trace(item, direction, step_limit=0)
        scope: Mapping[str, Any] = {}
        if direction == "forward":
            scope = await self.client.recall(item, limit=1)
        nodes = found["nodes"][:limit]
        place = {one["item"]: at for at, one in enumerate(nodes)}
        edges = [one for one in found["edges"] if {one["child"], one["parent"]} <= place.keys()]
        return answers.TraceAnswer(
            item=found["item"],
            direction=direction,
            items=[_traced(one) for one in nodes],
            edges=[
                answers.TracedEdge(child=place[one["child"]], parent=place[one["parent"]])
                for one in edges[:MOST_ROWS]
            ],
            by_class=scope.get("by_class", {}),
            customers=[local_name(one) for one in scope.get("customers", [])[:MOST_ROWS]],
            open_deliveries=scope.get("open_deliveries", [])[:MOST_ROWS],
            open_ends=scope.get("open_end_count", 0),
            gaps=[_gap(one) for one in found["gaps"][:MOST_ROWS]],
            **_capped(
                len(nodes) - 1, found["count"], "Raise the limit, or trace on from the last."
            ),
        )

    async def explain(
        self,
        about: Annotated[
            str,
            Field(
                description="A bad item (serial, lot, IRI), a class of defect in words, or any IRI."
            ),
        ],
        limit: Limit = 10,
    ) -> answers.ExplainAnswer:
        """Say why.

        For a bad item: what is wrong with it, what was unusual when it was made, likely common causes upstream held
        against good items, and what is said of its defect. For a class of defect: what engineers, models and general
        knowledge hold to bring it about; for a parameter or mechanism: what it brings about. Always: the source rows.
        """
        try:
            term = None if _is_data(about) else await self.client.term(about)
        except UnknownTerm as unknown:
            return await self._item_explained(about, limit, unknown)
        if term is None:
            return await self._item_explained(about, limit, None)
        found = await self.client.causal_links(term["iri"])
        links = [_link(one) for one in found["links"][:limit]]
        return answers.ExplainAnswer(
            about=_named(term),
            trouble=[_named(term)] if term["kind"] == "defect" else [],
            own_values=[],
            causes=[],
            links=links,
            origins=await self._origins(found["links"][0]["sources"][0]) if links else [],
            notes=[]
            if links
            else ["Nothing is said of it yet; explain an item that has the defect."],
            **_capped(len(links), found["total"], "Raise the limit."),
        )

    async def _item_explained(
        self, item: str, limit: int, unknown: UnknownTerm | None
    ) -> answers.ExplainAnswer:
        try:
            known = await self.client.item(item)
        except NotFound as missing:
            raise _neither(item, missing, unknown) from missing
        iri, notes = known["item"], []
        found: dict[str, Any] = {"candidates": [], "gaps": []}
        try:
            found = await self.client.causes(iri, limit=100)
        except QualweaveError as error:  # what is missing is said; the rest of the answer stands
            notes.append(f"Common causes upstream: {error.message} {error.next_step}")
        said: list[dict[str, Any]] = []
        for one in known["trouble"]:
            said += (await self.client.causal_links(one["iri"]))["links"]
        own = {one["iri"] for one in known["values"]}
        said.sort(
            key=lambda one: one["cause"]["iri"] not in own
        )  # what the item was made with comes first
        causes = found["candidates"]
        shown, there = min(len(causes), limit) + min(len(said), limit), len(causes) + len(said)
        return answers.ExplainAnswer(
            about=answers.Named(iri=iri, en=known["name"], zh=known["name"]),
            trouble=[_named(one) for one in known["trouble"]],
            own_values=[answers.OwnValue(**one) for one in known["values"][:MOST_ROWS]],
            causes=[_cause(one) for one in causes[:limit]],
            links=[_link(one) for one in said[:limit]],
            origins=await self._origins(iri),
            notes=notes + [_gap(one) for one in found["gaps"][:5]],
            **_capped(shown, there, "Raise the limit."),
        )

    async def _origins(self, iri: str) -> list[answers.Origin]:
        """Return the files and rows that say something of a node, at most ten; none where it has no source."""
        try:
            found = await self.client.provenance(iri)
        except NotFound:
            return []
        kept = ("file_name", "row", "columns", "when")
        return [answers.Origin(**{name: one[name] for name in kept}) for one in found[:10]]

    async def similar_cases(
        self,
        item: Annotated[
            str,
            Field(
                description="Item, process card or case; its trouble, process and settings are read."
            ),
        ] = "",
        defect: Annotated[str, Field(description="Class of defect, in words or as IRI.")] = "",
        process: Annotated[str, Field(description="Class of process, in words or as IRI.")] = "",
        line: Annotated[str, Field(description="Name or IRI of a line.")] = "",
        settings: Annotated[
            dict[str, float] | None,
            Field(description="Parameter to value in its canonical unit."),
        ] = None,
        limit: Limit = 10,
    ) -> answers.CasesAnswer:
        """Find earlier quality cases like a trouble at hand, with what is alike and what is not.

        Give an item, or any of defect, process, line and settings; only what is given is compared.
        """
        found = await self.client.similar_cases(
            item=item,
            defect=defect,
            process=process,
            line=line,
            settings=settings or {},
            limit=limit,
        )
        return answers.CasesAnswer(
            compared={name: _told(value) for name, value in found["compared"].items() if value},
            cases=[_case(one) for one in found["cases"]],
            **_capped(
                len(found["cases"]), found["total"], "Raise the limit, or give more to compare."
            ),
        )


def _capped(shown: int, total: int, advice: str) -> dict[str, Any]:
    left = total > shown
    return {
        "truncated": left,
        "total": total,
        "next_step": f"{total - shown} more. {advice}" if left else "",
    }


def _is_data(about: str) -> bool:
    """Whether a text is an IRI that is no term's, or a GS1 identity in brackets."""
    return about.startswith(("urn:", "(")) or ("://" in about and not about.startswith(Q))


def _neither(item: str, missing: NotFound, unknown: UnknownTerm | None) -> NotFound:
    """Return the error of a text that names neither an item nor a term, with what is nearest to it in both."""
    near = dict(missing.data)
    if unknown is not None and not near.get("nearest"):
        near["nearest_terms"] = unknown.data.get("nearest_terms", [])
    return NotFound(
        f"{item!r} names neither an item nor a term.",
        message_zh=f"{item!r} 既不是物品也不是术语。",
        next_step=missing.next_step if near.get("nearest") else "Take one of the nearest terms.",
        next_step_zh=missing.next_step_zh if near.get("nearest") else "请使用最接近的术语。",
        data=near,
    )


def _flat(one: Mapping[str, Any]) -> dict[str, Any]:
    """Return a term's JSON with its definition in two fields."""
    told = {f"definition_{tag}": one["definition"][tag] for tag in ("en", "zh")}
    return {**{key: value for key, value in one.items() if key != "definition"}, **told}


def _named(one: Mapping[str, Any]) -> answers.Named:
    return answers.Named(**{name: one[name] for name in answers.Named.model_fields})


def _gap(one: Mapping[str, Any]) -> str:
    return f"{local_name(one['item'])}: {one['reason']['en']}"


def _traced(one: Mapping[str, Any]) -> answers.TracedItem:
    """Return an item of a trace with its classes as CURIEs and its maker by name."""
    return answers.TracedItem(
        item=one["item"],
        name=one["name"],
        depth=one["depth"],
        classes=[curie(iri) for iri in one["classes"]],
        organization=local_name(one["organization"]) if one["organization"] else "",
        gap=one["gap"],
    )


def _term(one: Mapping[str, Any]) -> answers.TermDetail:
    cut = {name: one[name][:MOST_ROWS] for name in ("also", "broader", "narrower", "uses")}
    return answers.TermDetail(**{**_flat(one), **cut})


def _plain(table: Table) -> list[dict[str, Plain]]:
    return [
        {
            name: value if isinstance(value, str | int | float | None) else value.isoformat()
            for name, value in row.items()
        }
        for row in table.to_list()
    ]


def _triples(turtle: bytes) -> list[dict[str, Plain]]:
    return [
        {
            name: str(getattr(one, "value", one))
            for name, one in zip(("subject", "predicate", "object"), triple.triple, strict=True)
        }
        for triple in parse(turtle, format=RdfFormat.TURTLE)
    ]


def _cause(one: Mapping[str, Any]) -> answers.Cause:
    kept = {
        name: one[name] for name in answers.Cause.model_fields if name in one and name != "path"
    }
    path = [
        f"{at['kind']} {at['name']}" + (f" ({at['note']})" if at["note"] else "")
        for at in one["path"]
    ]
    return answers.Cause(**kept, path=path, **_why(one["evidence"]))


def _link(one: Mapping[str, Any]) -> answers.CausalLink:
    return answers.CausalLink(**{name: one[name] for name in answers.CausalLink.model_fields})


def _case(one: Mapping[str, Any]) -> answers.Case:
    kept = {name: one[name] for name in answers.Case.model_fields if name in one}
    return answers.Case(**kept, **_why(one["evidence"]))


def _why(evidence: Sequence[Mapping[str, Any]]) -> dict[str, list[str]]:
    return {
        f"why_{tag}": [one["statement"].get(tag, "") for one in evidence] for tag in ("en", "zh")
    }


def _told(value: str | Mapping[str, float]) -> str:
    if isinstance(value, str):
        return value
    return ", ".join(f"{local_name(name)} {number:g}" for name, number in value.items())
