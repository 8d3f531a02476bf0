"""A tour of the graph: what it knows is asked of it, story by story, and told in one line each.

The subjects (a station, a card, a lot, a test) are found in the graph, so the tour runs over any plant; a story whose
evidence is not there says so instead.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import orjson

from qualweave.api.deciding import Deciding
from qualweave.api.service import Service
from qualweave.errors import JsonValue, QualweaveError
from qualweave.iri import curie, local_name
from qualweave.principal import Principal
from qualweave.reasoning.decisions.recommend import Situation

_JSON = "application/sparql-results+json"
_STATIONS = "SELECT DISTINCT ?s WHERE { ?p a q:Setpoint ; q:usesEquipment ?s } ORDER BY ?s"
_CARDS = "SELECT DISTINCT ?s WHERE { ?s a q:ProcessCard } ORDER BY ?s"
_CODES = """
SELECT DISTINCT ?code ?machine ?meaning WHERE {
  ?entry q:code ?code ; q:denotes ?meaning ; q:validInContext/q:contextMachine ?machine .
  ?other q:code ?code ; q:denotes ?else . FILTER (?else != ?meaning)
} ORDER BY ?code ?machine
"""
_FIELDS = """
SELECT ?term (GROUP_CONCAT(DISTINCT ?name; separator=", ") AS ?names) (COUNT(DISTINCT ?name) AS ?count) WHERE {
  ?field q:fieldName ?name ; q:mapsTo ?term . ?term rdfs:subClassOf* q:Parameter
} GROUP BY ?term ORDER BY DESC(?count) LIMIT 1
"""
_NAMES = """
SELECT ?name (GROUP_CONCAT(DISTINCT ?local; separator=", ") AS ?terms) WHERE {
  ?field q:fieldName ?name ; q:mapsTo ?term . ?term rdfs:subClassOf* q:Parameter
  BIND (STRAFTER(STR(?term), "https://w3id.org/qonto/") AS ?local)
} GROUP BY ?name HAVING (COUNT(DISTINCT ?term) > 1) ORDER BY ?name
"""
_LOTS = """
SELECT ?s (COUNT(DISTINCT ?child) AS ?children) WHERE {
  ?d q:foundOn ?s . ?child q:derivedFromMaterial ?s
} GROUP BY ?s ORDER BY DESC(?children) ?s LIMIT 1
"""
_CLAIMED = """
SELECT DISTINCT ?s WHERE { ?c a q:Complaint ; q:complaintAbout ?s . ?s q:derivedFromMaterial ?m } ORDER BY ?s
"""
_DEFECTS = """
SELECT ?s (COUNT(DISTINCT ?item) AS ?n) WHERE {
  ?d q:foundOn ?item ; a ?s . FILTER (?s != q:Defect)
  FILTER NOT EXISTS { ?d a ?narrower . ?narrower rdfs:subClassOf ?s }
} GROUP BY ?s HAVING (COUNT(DISTINCT ?item) >= 5) ORDER BY ?s
"""
_TESTS = "SELECT ?s ?v WHERE { ?s a q:Inspection ; <%s> ?v } ORDER BY DESC(?v)"
_VOICES = "SELECT DISTINCT ?text WHERE { ?u q:utteranceText ?text } ORDER BY ?text LIMIT 60"


@dataclass(frozen=True)
class Stop:
    """One story: its question, what the graph answers, and where the whole answer is served."""

    question: str
    answer: tuple[str, ...]
    address: str


@dataclass(frozen=True)
class Tour:
    """A tour over a service, in one language.

    Args:
        service: What is asked.
        principal: Who asks.
        contracts: YAML of contracts to agree on before tests are held against them.
        suggested: Sentences about new fields, as the mapper asked them at ingest.
    """

    service: Service
    principal: Principal
    contracts: Sequence[Path] = ()
    suggested: Sequence[str] = ()

    def stops(self) -> Iterator[Stop]:
        """Give each story as soon as it is answered; one without evidence says what is missing."""
        for question, address, story in (
            ("One code, two meanings", "GET /sparql", self._codes),
            ("One meaning, many names", "GET /sparql", self._fields),
            ("One name, many meanings", "GET /sparql", self._names),
            ("A field nobody has seen", "GET /change-requests", self._new_fields),
            ("Who ate this lot?", "GET /recall/{item}", self._lot),
            ("Why did it fail at the customer's?", "GET /causes/{item}", self._cause),
            ("Which change did nobody follow up?", "GET /parameter-changes/orphans", self._orphans),
            ("What fails only in combination?", "GET /combinations/{defect}", self._combination),
            ("What should the station do?", "POST /decisions", self._station),
            ("Is this draft card safe?", "POST /decisions", self._card),
            ("What must be stopped?", "POST /decisions", self._freeze),
            ("What do people say?", "POST /voices", self._voices),
            ("Which records are incomplete?", "GET /audit", self._audit),
        ):
            yield Stop(question, _told(story), address)

    def _rows(self, query: str) -> list[dict[str, str]]:
        answer = self.service.query(query, principal=self.principal, media_type=_JSON)
        found = orjson.loads(answer.body)["results"]["bindings"]
        return [{name: str(term["value"]) for name, term in row.items()} for row in found]

    def _name(self, iri: str) -> str:
        known = iri in self.service.terms
        return self.service.terms.name_of(iri, "zh") if known else local_name(iri)

    def _codes(self) -> list[str]:
        return [
            f"{row['code']} · {local_name(row['machine'])}: {self._name(row['meaning'])}"
            for row in self._rows(_CODES)[:6]
        ]

    def _fields(self) -> list[str]:
        return [f"{curie(row['term'])}: {row['names']}" for row in self._rows(_FIELDS)]

    def _names(self) -> list[str]:
        return [f"{row['name']}: {row['terms']}" for row in self._rows(_NAMES)]

    def _new_fields(self) -> list[str]:
        return list(self.suggested)

    def _lot(self) -> list[str]:
        for row in self._rows(_LOTS):
            scope = self.service.recall(row["s"], principal=self.principal)
            parts = ", ".join(f"{count} {name}" for name, count in scope.by_class.items())
            return [f"{local_name(row['s'])} → {len(scope.affected)}: {parts}"]
        return []

    def _cause(self) -> list[str]:
        for row in self._rows(_CLAIMED):
            answer = self.service.causes([row["s"]], principal=self.principal, limit=1)
            if answer.candidates:
                first, seen = answer.candidates[0], answer.candidates[0].contrast
                way = " ← ".join(step.name for step in first.path if step.name)
                counts = f"{seen.bad_exposed}/{seen.bad} bad, {seen.good_exposed}/{seen.good} good"
                return [f"{local_name(row['s'])}: {first.kind} {first.name} ({counts})", way]
        return []

    def _orphans(self) -> list[str]:
        return [
            f"{local_name(one.change)}: {local_name(one.equipment)} {self._name(one.parameter)} {one.began[:10]}"
            for one in self.service.orphan_changes(self.principal)
        ]

    def _combination(self) -> list[str]:
        said: dict[str, tuple[int, str]] = {}
        for row in self._rows(_DEFECTS):
            try:
                found = self.service.combinations(row["s"], principal=self.principal)
            except QualweaveError:  # too few of one route: not a story
                continue
            for one in found.combinations:
                if len(one.members) > 1 and not one.incomplete:
                    words = one.evidence[0].in_language(
                        "zh"
                    )  # the narrower of two classes is the last
                    said[words] = (len(one.members), f"{self._name(row['s'])}: {words}")
        return [words for _, words in sorted(said.values(), reverse=True)[:2]]

    def _station(self) -> list[str]:
        deciding = Deciding(self.service, self.principal)
        said = []
        for row in self._rows(_STATIONS):
            try:
                found = deciding.interventions(Situation(station=row["s"]))
            except QualweaveError as refusal:
                said.append(f"{local_name(row['s'])}: {refusal.in_language('zh')}")
                continue
            said += [f"{local_name(row['s'])}: {_sentence(one)}" for one in found]
        return said

    def _card(self) -> list[str]:
        deciding = Deciding(self.service, self.principal)
        said = []
        for row in self._rows(_CARDS):
            hint = deciding.hint(row["s"])["hint"]
            said.append(f"{local_name(row['s'])}: {_sentence(hint) if hint else '—'}")
        return said

    def _freeze(self) -> list[str]:
        deciding = Deciding(self.service, self.principal)
        said = []
        for path in self.contracts:
            contract = deciding.add_contract(path.read_text("utf-8"))
            for row in self._rows(_TESTS % contract.parameter)[:3]:
                frozen = deciding.freezes(row["s"])
                said += [_frozen(row["s"], one) for one in frozen if isinstance(one, dict)]
        return list(dict.fromkeys(said))

    def _voices(self) -> list[str]:
        said = []
        for row in self._rows(_VOICES):
            read = self.service.voice(row["text"])
            if read["entity"]:
                said.append(
                    f"{row['text']} → {self._name(str(read['entity']))} ({read['attribute']})"
                )
        return said[:4]

    def _audit(self) -> list[str]:
        verdict = self.service.audit(self.principal.tenant)
        said = [one.message.get("zh", "") for one in verdict.results[:2]]
        return [f"{len(verdict.results)}", *said]


def _told(story: Callable[[], list[str]]) -> tuple[str, ...]:
    try:
        said = story()
    except QualweaveError as refusal:
        return (refusal.in_language("zh"),)
    return tuple(said) or ("—",)


def _sentence(found: JsonValue) -> str:
    said = found.get("sentence") if isinstance(found, dict) else None
    return str(said.get("zh", "")) if isinstance(said, dict) else ""


def _frozen(test: str, found: dict[str, JsonValue]) -> str:
    counts = [len(value) if isinstance(value := found.get(name), list) else 0
              for name in ("deliveries", "suppliers")]  # fmt: skip
    batch = local_name(str(found.get("batch", "")))
    return f"{local_name(test)} → {batch}: {counts[0]} deliveries frozen, {counts[1]} tasks"
