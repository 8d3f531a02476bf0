"""A tour of the graph: what it knows is asked of it, story by story, and told in one line each.

The subjects (a station, a card, a lot, a test) are found in the graph, so the tour runs over any plant; a story whose
evidence is not there says so instead.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import orjson

from qualweave.api.deciding import Deciding
from qualweave.api.service import Service
from qualweave.errors import JsonValue, QualweaveError
from qualweave.iri import curie, local_name
from qualweave.negotiation import Language
from qualweave.principal import Principal
from qualweave.reasoning.decisions.recommend import Situation

_FROZEN = {
    "en": "{deliveries} deliveries frozen, {tasks} tasks",
    "zh": "冻结 {deliveries} 笔交付，下达 {tasks} 项任务",
}
_COUNTS = {
    "en": "{bad} of {all_bad} bad, {good} of {all_good} good",
    "zh": "不良 {bad}/{all_bad}，合格 {good}/{all_good}",
}
_JSON = "application/sparql-results+json"
_STORIES = (  # method, address, question
    ("codes", "GET /sparql", {"en": "One code, two meanings", "zh": "一码两义"}),
    ("fields", "GET /sparql", {"en": "One meaning, many names", "zh": "一义多名"}),
    (
        "new_fields",
        "GET /change-requests",
        {"en": "A field nobody has seen", "zh": "从未见过的字段"},
    ),
    ("asked", "GET /change-requests", {"en": "What does it still ask?", "zh": "还有哪些疑问？"}),
    ("lot", "GET /recall/{item}", {"en": "Who ate this lot?", "zh": "谁用了这批料？"}),
    (
        "cause",
        "GET /causes/{item}",
        {"en": "Why did it fail at the customer's?", "zh": "为何在客户处失效？"},
    ),
    (
        "orphans",
        "GET /parameter-changes/orphans",
        {"en": "Which change did nobody follow up?", "zh": "哪次变更无人跟进？"},
    ),
    (
        "combination",
        "GET /combinations/{defect}",
        {"en": "What fails only in combination?", "zh": "哪些缺陷只在组合下出现？"},
    ),
    (
        "station",
        "POST /decisions",
        {"en": "What should the station do?", "zh": "该工位应如何调整？"},
    ),
    ("card", "POST /decisions", {"en": "Is this draft card safe?", "zh": "这张工艺卡草案安全吗？"}),
    ("freeze", "POST /decisions", {"en": "What must be stopped?", "zh": "哪些必须冻结？"}),
    ("voices", "POST /voices", {"en": "What do people say?", "zh": "人们怎么说？"}),
    ("audit", "GET /audit", {"en": "Which records are incomplete?", "zh": "哪些记录不完整？"}),
)
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
        suggested: Sentences about new fields, as the mapper asked them at ingest, per language.
        language: In which the stories are told.
    """

    service: Service
    principal: Principal
    contracts: Sequence[Path] = ()
    suggested: Sequence[Mapping[str, str]] = ()
    language: Language = "en"

    def stops(self) -> Iterator[Stop]:
        """Give each story as soon as it is answered; one without evidence says what is missing."""
        for name, address, question in _STORIES:
            story: Callable[[], list[str]] = getattr(self, f"_{name}")
            yield Stop(question[self.language], self._told(story), address)

    def _told(self, story: Callable[[], list[str]]) -> tuple[str, ...]:
        try:
            said = story()
        except QualweaveError as refusal:
            return (refusal.in_language(self.language),)
        return tuple(said) or ("—",)

    def _sentence(self, found: JsonValue) -> str:
        said = found.get("sentence") if isinstance(found, dict) else None
        return str(said.get(self.language, "")) if isinstance(said, dict) else ""

    def _rows(self, query: str) -> list[dict[str, str]]:
        answer = self.service.query(query, principal=self.principal, accept=_JSON)
        found = orjson.loads(answer.body)["results"]["bindings"]
        return [{name: str(term["value"]) for name, term in row.items()} for row in found]

    def _name(self, iri: str) -> str:
        known = iri in self.service.terms
        return self.service.terms.name_of(iri, self.language) if known else local_name(iri)

    def _codes(self) -> list[str]:
        return [
            f"{row['code']} · {local_name(row['machine'])}: {self._name(row['meaning'])}"
            for row in self._rows(_CODES)[:6]
        ]

    def _fields(self) -> list[str]:
        return [f"{curie(row['term'])}: {row['names']}" for row in self._rows(_FIELDS)]

    def _asked(self) -> list[str]:
        waiting = self.service.questions(self.principal)
        said = [str(one.request.statement[self.language]) for one in waiting]
        return [f"{len(said)}", *said[:3]] if said else []

    def _new_fields(self) -> list[str]:
        return [one[self.language] for one in self.suggested]

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
                counts = _COUNTS[self.language].format(
                    bad=seen.bad_exposed,
                    all_bad=seen.bad,
                    good=seen.good_exposed,
                    all_good=seen.good,
                )
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
                    words = one.evidence[0].in_language(self.language)
                    said[words] = (len(one.members), f"{self._name(row['s'])}: {words}")
        return [words for _, words in sorted(said.values(), reverse=True)[:2]]

    def _station(self) -> list[str]:
        deciding = Deciding(self.service, self.principal)
        said = []
        for row in self._rows(_STATIONS):
            try:
                found = deciding.interventions(Situation(station=row["s"]))
            except QualweaveError as refusal:
                said.append(f"{local_name(row['s'])}: {refusal.in_language(self.language)}")
                continue
            said += [f"{local_name(row['s'])}: {self._sentence(one)}" for one in found]
        return said

    def _card(self) -> list[str]:
        deciding = Deciding(self.service, self.principal)
        said = []
        for row in self._rows(_CARDS):
            hint = deciding.hint(row["s"])["hint"]
            said.append(f"{local_name(row['s'])}: {self._sentence(hint) if hint else '—'}")
        return said

    def _freeze(self) -> list[str]:
        deciding = Deciding(self.service, self.principal)
        said = []
        for path in self.contracts:
            contract = deciding.add_contract(path.read_text("utf-8"))
            for row in self._rows(_TESTS % contract.parameter)[:3]:
                frozen = deciding.freezes(row["s"])
                said += [
                    _frozen(row["s"], one, self.language) for one in frozen if isinstance(one, dict)
                ]
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
        said = [one.message.get(self.language, one.shape) for one in verdict.results[:2]]
        return [f"{len(verdict.results)}", *said]


def _frozen(test: str, found: dict[str, JsonValue], language: Language) -> str:
    deliveries, tasks = (
        len(value) if isinstance(value := found.get(name), list) else 0
        for name in ("deliveries", "suppliers")
    )
    batch = local_name(str(found.get("batch", "")))
    form = _FROZEN[language].format(deliveries=deliveries, tasks=tasks)
    return f"{local_name(test)} → {batch}: {form}"
