"""`Lookups`: what somebody asks who does not know the vocabulary or the plant yet: terms, codes, causes, cases.

The answers are made below; here they are put together for one principal, within the graphs that it may see.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches

from pyoxigraph import Literal

from qualweave.api.service import Service
from qualweave.api.workbench.content import example_questions
from qualweave.errors import InputError, JsonValue, NotFound, QualweaveError
from qualweave.iri import PREFIXES, curie, local_name, mint
from qualweave.mappers.code_candidates import CodeCandidate, code_candidates
from qualweave.mappers.codes import CodeBook, CodeEntry, resolve_code
from qualweave.ontology.describe import Use, classes_in_use, describe_term
from qualweave.ontology.search import FoundTerm, SearchKind, kind_of, search_terms
from qualweave.ontology.terms import Term
from qualweave.principal import Principal
from qualweave.property_graph import PropertyGraph
from qualweave.reasoning.causes.links import CausalStatement, Role, causal_statements
from qualweave.reasoning.decisions.cases import Situation, own_values, similar_cases, situation_of
from qualweave.reasoning.graph_extract import neighbourhood, node_of
from qualweave.reasoning.trace import resolve_item
from qualweave.store.port import Snapshot

_ITEMS = """
SELECT DISTINCT ?start ?item WHERE {
  { ?item q:producedBy ?x } UNION { ?x q:inspects ?item } UNION { ?x q:foundOn ?item }
  FILTER (STRSTARTS(STR(?item), ?start))
} LIMIT 5000
"""
_ROLES: Mapping[SearchKind, Role] = {
    "defect": "effect",
    "parameter": "cause",
    "mechanism": "mechanism",
}


@dataclass(frozen=True)
class Lookups:
    """Look-ups over a service, for one principal."""

    service: Service
    principal: Principal

    # --- the vocabulary --------------------------------------------------------------------------

    def schema(self) -> dict[str, JsonValue]:
        """Return what the graph holds: prefixes, classes in use with their number, example queries."""
        with self.service.reading(self.principal.tenant) as snapshot:
            used = classes_in_use(snapshot, self._graphs(snapshot))
            commit = snapshot.commit
        terms = self.service.terms
        return {
            "prefixes": dict(PREFIXES),
            "classes": [
                {**self._named(iri), "count": count} for iri, count in used if iri in terms
            ],
            "modules": list[JsonValue](sorted({one.module for one in terms if one.module})),
            "examples": [dict(one) for one in example_questions()],
            "commit": commit,
        }

    def term(self, name: str) -> dict[str, JsonValue]:
        """Return one term by any of its names, with its place, its unit and its use in the data.

        Raises:
            UnknownTerm: If no term carries the name; the nearest are named in both languages.
            AmbiguousTerm: If several do.
        """
        term = self.service.terms.named(name)
        with self.service.reading(self.principal.tenant) as snapshot:
            found = describe_term(
                term,
                terms=self.service.terms,
                snapshot=snapshot,
                graphs=self._graphs(snapshot),
            )
        return {
            **self._term_json(term),
            "broader": [self._named(one) for one in found.broader],
            "narrower": [self._named(one) for one in found.narrower],
            "uses": [self._use_json(one) for one in found.uses],
        }

    def search(self, text: str, kind: SearchKind | None, limit: int) -> dict[str, JsonValue]:
        """Return the terms whose names are most like some words."""
        found = search_terms(self.service.terms, text, kind=kind, limit=limit)
        return {"terms": [self._found_json(one) for one in found]}

    def _term_json(self, term: Term) -> dict[str, JsonValue]:
        least, most = term.typical_range or (None, None)
        return {
            **self._named(term.iri),
            "kind": kind_of(term),
            "module": term.module,
            "definition": {tag: term.definitions.get(tag, "") for tag in ("en", "zh")},
            "also": list(term.words()),
            "unit": term.canonical_unit or "",
            "typical_minimum": least,
            "typical_maximum": most,
            "contexts": [self._named(one) for one in term.contexts],
        }

    def _found_json(self, found: FoundTerm) -> dict[str, JsonValue]:
        term = found.term
        definition: dict[str, JsonValue] = {
            tag: term.definitions.get(tag, "") for tag in ("en", "zh")
        }
        return {
            **self._named(term.iri),
            "kind": kind_of(term),
            "definition": definition,
            "unit": term.canonical_unit or "",
            "score": found.score,
            "matched": found.matched,
        }

    def _use_json(self, use: Use) -> dict[str, JsonValue]:
        return {"way": use.way, **self._named(use.iri), "count": use.count, "example": use.example}

    def _named(self, iri: str) -> dict[str, JsonValue]:
        """Return an IRI with its CURIE and its name in both languages."""
        terms = self.service.terms
        en, zh = (
            terms.name_of(iri, language) if iri in terms else local_name(iri)
            for language in ("en", "zh")
        )
        return {"iri": iri, "curie": curie(iri), "en": en, "zh": zh}

    # --- codes -----------------------------------------------------------------------------------

    def code(self, code: str, *, machine: str, programme: str, at: str) -> dict[str, JsonValue]:
        """Return what a code means: in its scope, or every meaning that it has where no machine is named.

        Raises:
            NotFound: If nothing holds in that scope; ``nearest`` names scopes or codes that do.
            AmbiguousTerm: If the scope does not tell several meanings apart.
        """
        tenant = self.principal.tenant
        with self.service.reading(self.principal.tenant) as snapshot:
            book = CodeBook.load(snapshot, tenant=tenant)
            meanings = book.meanings(code)
            if not machine:
                held = meanings
            else:
                scope = {"programme": self._iri("firmware", programme), "at": at}
                held = [
                    self._resolved(snapshot, code, self._iri("equipment", machine), scope, meanings)
                ]
        if not held:
            raise _unknown_code(code, book)
        kinds = {one.denotes or one.label for one in held}
        return {
            "code": code,
            "ambiguous": len(kinds) > 1,
            "meanings": [self._meaning(one) for one in held],
        }

    def code_candidates(self, code: str, *, machine: str, programme: str) -> dict[str, JsonValue]:
        """Return what a code may mean in each of its scopes: by its words, and by what occurs together with it.

        Raises:
            NotFound: If no list has the code, or none of that machine and programme; ``nearest`` names others.
        """
        tenant = self.principal.tenant
        work = self.service.desk(self.principal)
        with self.service.reading(tenant) as snapshot:
            book = CodeBook.load(snapshot, tenant=tenant)
            meanings = book.meanings(code)
            scope = (self._iri("equipment", machine), self._iri("firmware", programme))
            held = [one for one in meanings if _is_within(one, *scope)]
            if not held:
                error = _unknown_code(code, book)
                if meanings:
                    error.data["nearest"] = [self._meaning(one) for one in meanings[:5]]
                raise error
            found = code_candidates(
                snapshot, held, work.vocabulary, reader=work.reader, tenant=tenant
            )
        entries: list[JsonValue] = [
            {**self._meaning(entry), "candidates": [self._candidate(one) for one in some]}
            for entry, some in zip(held, found, strict=True)
        ]
        return {"code": code, "entries": entries}

    def _candidate(self, one: CodeCandidate) -> dict[str, JsonValue]:
        return {**one.to_json(), "concept": self._named(one.concept)}

    def _resolved(
        self,
        snapshot: Snapshot,
        code: str,
        machine: str,
        scope: Mapping[str, str],
        meanings: Sequence[CodeEntry],
    ) -> CodeEntry:
        try:
            return resolve_code(
                snapshot,
                code,
                machine,
                programme=scope["programme"],
                at=scope["at"],
                tenant=self.principal.tenant,
            )
        except QualweaveError as error:
            error.data["nearest"] = [self._meaning(one) for one in meanings[:5]]
            raise

    def _meaning(self, entry: CodeEntry) -> dict[str, JsonValue]:
        meaning = self._named(entry.denotes) if entry.denotes else None
        return {
            "machine": entry.machine,
            "machine_name": local_name(entry.machine),
            "programme": entry.programme,
            "valid_from": entry.valid_from,
            "valid_to": entry.valid_to,
            "label": entry.label,
            "meaning": meaning,
            "entry": entry.iri,
        }

    # --- causes and cases ------------------------------------------------------------------------

    def causal_links(self, name: str) -> dict[str, JsonValue]:
        """Return what is said of a defect's causes, or of what a parameter or mechanism brings about.

        Terms below the one that is named count as well.

        Raises:
            InputError: If the term is none of the three.
        """
        terms = self.service.terms
        term = terms.named(name)
        role = _ROLES.get(kind_of(term))
        if role is None:
            raise InputError(
                f"{terms.name_of(term.iri)} is neither a defect nor a parameter nor a mechanism.",
                message_zh=f"{terms.name_of(term.iri, 'zh')}不是缺陷、参数或机理。",
                next_step="Name one of these; GET /terms?q=…&kind=defect finds them.",
                next_step_zh="请给出三者之一；可用 GET /terms?q=…&kind=defect 查找。",
                data={"term": term.iri, "kind": kind_of(term)},
            )
        with self.service.reading(self.principal.tenant) as snapshot:
            found = causal_statements(
                snapshot,
                (term.iri, *terms.descendants(term.iri)),
                role=role,
                graphs=self._graphs(snapshot),
            )
        return {
            "about": {**self._named(term.iri), "kind": kind_of(term)},
            "total": len(found),
            "links": [self._link_json(one) for one in found],
        }

    def item(self, name: str) -> dict[str, JsonValue]:
        """Return what an item is, what is wrong with it, how it was made and what was unusual about that.

        Raises:
            NotFound: If no such item is known; the nearest ones are named.
            AmbiguousTerm: If a plain number is that of several items.
        """
        terms = self.service.terms
        with self.service.reading(self.principal.tenant) as snapshot:
            tenant, base = self.principal.tenant, self.service.settings.base_iri
            graphs = self._graphs(snapshot)
            index = self.service.index(snapshot, tenant)
            try:
                iri = resolve_item(snapshot, index, name, tenant=tenant, base=base)
            except NotFound as error:
                raise self._with_nearest(snapshot, name, error) from error
            found = situation_of(snapshot, terms, iri, graphs=graphs)
            values = own_values(snapshot, found, graphs=graphs)
        return {
            "item": iri,
            "name": local_name(iri),
            "trouble": [self._named(found.defect)] if found.defect else [],
            "process": self._named(found.process) if found.process else None,
            "line": found.line,
            "values": [
                {
                    **self._named(one.parameter),
                    "value": one.value,
                    "unit": terms.by_iri(one.parameter).canonical_unit or ""
                    if one.parameter in terms
                    else "",
                    "usual": one.usual,
                    "score": one.score,
                }
                for one in values
            ],
        }

    def _link_json(self, one: CausalStatement) -> dict[str, JsonValue]:
        return {
            **one.to_json(),
            "cause": self._named(one.cause),
            "effect": self._named(one.effect),
            "mechanism": self._named(one.mechanism) if one.mechanism else None,
            "members": [self._named(member) for member in one.members],
        }

    def cases(self, item: str, asked: Situation, limit: int) -> dict[str, JsonValue]:
        """Return the quality cases that are like a situation, or like what is known of an item.

        What is asked for explicitly stands before what is read from the item.
        """
        terms = self.service.terms
        with self.service.reading(self.principal.tenant) as snapshot:
            graphs = self._graphs(snapshot)
            wanted = asked
            if item:
                read = situation_of(snapshot, terms, self._node(snapshot, item), graphs=graphs)
                wanted = Situation(
                    asked.defect or read.defect,
                    asked.process or read.process,
                    asked.line or read.line,
                    asked.settings or read.settings,
                )
            found = similar_cases(snapshot, terms, wanted, graphs=graphs)
        compared: dict[str, JsonValue] = {
            "defect": wanted.defect,
            "process": wanted.process,
            "line": wanted.line,
            "settings": dict(wanted.settings),
        }
        return {
            "compared": compared,
            "total": len(found),
            "cases": [one.to_json() for one in found[:limit]],
        }

    def _node(self, snapshot: Snapshot, name: str) -> str:
        """Return the IRI of a card, case or item by its name."""
        for kind in ("card", "case"):
            iri = self._iri(kind, name)
            if next(snapshot.quads(node_of(iri)), None) is not None:
                return iri
        tenant, base = self.principal.tenant, self.service.settings.base_iri
        index = self.service.index(snapshot, tenant)
        return resolve_item(snapshot, index, name, tenant=tenant, base=base)

    def _with_nearest(self, snapshot: Snapshot, name: str, error: NotFound) -> NotFound:
        """Return an error with the nearest items, also of those that have no genealogy yet."""
        if error.data.get("nearest"):
            return error
        start = f"{self._iri('item', local_name(name)[:2] or '-')}"
        bound = {"start": Literal(start)}
        rows = snapshot.select(_ITEMS, graphs=self._graphs(snapshot), bindings=bound)
        names = {local_name(one): one for row in rows if (one := getattr(row["item"], "value", ""))}
        near = get_close_matches(local_name(name), names, n=5, cutoff=0.6)
        if not near:
            return error
        return NotFound(
            error.message,
            message_zh=error.message_zh,
            next_step=f"Nearest: {', '.join(near)}.",
            next_step_zh=f"最接近的有：{'、'.join(near)}。",
            data={**error.data, "nearest": [names[one] for one in near]},
        )

    # --- the graph -------------------------------------------------------------------------------

    def neighbourhood(self, iri: str, *, hops: int, limit: int) -> PropertyGraph:
        """Return the typed graph around a node; a term may be given by any of its names."""
        if "://" not in iri and not iri.startswith("urn:"):
            iri = self.service.terms.named(iri).iri
        with self.service.reading(self.principal.tenant) as snapshot:
            return neighbourhood(
                snapshot,
                self.service.terms,
                iri,
                tenant=self.principal.tenant,
                base=self.service.settings.base_iri,
                hops=hops,
                limit=limit,
            )

    def _iri(self, kind: str, name: str) -> str:
        if "://" in name or not name:
            return name
        return mint(kind, name, tenant=self.principal.tenant, base=self.service.settings.base_iri)

    def _graphs(self, snapshot: Snapshot) -> list[str]:
        return [one.graph for one in snapshot.graphs(tenant=self.principal.tenant)]


def _is_within(entry: CodeEntry, machine: str, programme: str) -> bool:
    return machine in ("", entry.machine) and programme in ("", entry.programme)


def _unknown_code(code: str, book: CodeBook) -> NotFound:
    near = get_close_matches(code, sorted(book.codes()), n=5, cutoff=0.5)
    told = ", ".join(near)
    return NotFound(
        f"No code list has a code {code!r}.",
        message_zh=f"所有代码表中均没有代码 {code!r}。",
        next_step=f"Nearest: {told}." if near else "Ingest the code list of the machine.",
        next_step_zh=f"最接近的有：{told}。" if near else "请导入该机台的代码表。",
        data={"code": code, "nearest": list[JsonValue](near)},
    )
