"""What an undecided code may mean: its words and what stands on the same things, in one ranked list (R63).

Both kinds of evidence suggest; only a person, a name or a sure alignment of the words decides.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from qualweave.errors import JsonValue
from qualweave.evidence import Evidence
from qualweave.iri import local_name
from qualweave.mappers.code_evidence import CodeEvidence, evidence_of
from qualweave.mappers.codes import CodeBook, CodeEntry, scoped_name
from qualweave.mappers.cooccurrence import Association
from qualweave.mappers.lift.code_words import ASKED, concepts_in
from qualweave.mappers.meanings import ConceptReader, Meaning
from qualweave.mappers.revise import Question
from qualweave.mappers.vocabulary import Vocabulary
from qualweave.ontology.terms import TermIndex
from qualweave.store.port import Snapshot

_MACHINES = 8  # machines whose codes are looked up for one list of questions
_SHOWN = 3  # associations that a question shows


@dataclass(frozen=True)
class CodeCandidate:
    """A concept that a code may mean.

    Attributes:
        concept: Its IRI.
        score: How likely it is by all evidence, 0 … 1: by its words or by what occurs together (noisy or).
        probability: By its words alone; 0 where they say nothing.
        association: What occurs together, where it is significant.
        evidence: Both, in words.
    """

    concept: str
    score: float
    probability: float
    association: Association | None
    evidence: tuple[Evidence, ...]

    def to_json(self) -> dict[str, JsonValue]:
        """Return the candidate as JSON values."""
        together = self.association.to_json() if self.association else None
        return {
            "concept": self.concept,
            "score": round(self.score, 4),
            "probability": round(self.probability, 4),
            "cooccurrence": together,
            "evidence": [one.to_json() for one in self.evidence],
        }


def code_candidates(
    snapshot: Snapshot,
    entries: Sequence[CodeEntry],
    vocabulary: Vocabulary,
    *,
    reader: ConceptReader | None,
    tenant: str = "plant",
) -> list[tuple[CodeCandidate, ...]]:
    """Return what each code entry may mean, the likeliest first; a decided one is judged as if it were not.

    Args:
        snapshot: State of the store.
        entries: The code entries.
        vocabulary: The ontology.
        reader: Scores concepts for their words; None leaves the words out.
        tenant: Whose data.
    """
    texts = _texts(snapshot, tenant)
    said = [texts.get(one.iri, ()) for one in entries]
    ranked = _ranked(said, vocabulary, reader)
    observed: dict[str, CodeEvidence] = {}
    found = []
    for entry, meanings in zip(entries, ranked, strict=True):
        if entry.machine not in observed:
            observed[entry.machine] = CodeEvidence.load(
                snapshot, entry.machine, vocabulary, tenant=tenant
            )
        together = observed[entry.machine].associations(entry.iri)
        found.append(_merged(entry, meanings, together, vocabulary))
    return found


def _ranked(
    said: Sequence[Sequence[str]], vocabulary: Vocabulary, reader: ConceptReader | None
) -> list[tuple[Meaning, ...]]:
    """Return what words mean, code by code: a name needs no scoring, and so no text model that must be loaded first."""
    found = [_named(texts, vocabulary) for texts in said]
    left = [place for place, some in enumerate(found) if not some and said[place]]
    if reader is not None and left:
        for place, one in zip(left, reader([said[place] for place in left], ASKED), strict=True):
            found[place] = one.ranked
    return found


def _named(texts: Sequence[str], vocabulary: Vocabulary) -> tuple[Meaning, ...]:
    """Return the concepts that texts name, each with the text."""
    found: dict[str, Meaning] = {}
    for text in texts:
        hits = concepts_in(text, vocabulary, *ASKED)
        if len(hits) == 1:
            iri, said = hits[0].iri, vocabulary.printed(hits[0].iri)
            words = {
                "en": f"{text!r} holds a name of {said}",
                "zh": f"“{text}”含有 {said} 的名称",
            }
            found[iri] = Meaning(iri, 1.0, (Evidence("name", words, weight=1.0, sources=(iri,)),))
    share = 1 / max(len(found), 1)
    return tuple(replace(one, probability=share) for one in found.values())


def _merged(
    entry: CodeEntry,
    meanings: Sequence[Meaning],
    together: Sequence[Association],
    vocabulary: Vocabulary,
) -> tuple[CodeCandidate, ...]:
    by_words = {one.term: one for one in meanings}
    by_company = {one.concept: one for one in together}
    found = []
    for concept in dict.fromkeys((*by_company, *by_words)):
        told, seen = by_words.get(concept), by_company.get(concept)
        evidence = (
            *((evidence_of(entry, seen, vocabulary),) if seen else ()),
            *(told.evidence if told else ()),
        )
        chance = told.probability if told else 0.0
        found.append(CodeCandidate(concept, combined(chance, seen), chance, seen, evidence))
    return tuple(sorted(found, key=lambda one: (-one.score, one.concept)))


def combined(probability: float, seen: Association | None) -> float:
    """Return how likely a concept is by its words and by what occurs together, taken as independent (noisy or).

    >>> combined(0.5, None)
    0.5
    """
    return 1 - (1 - probability) * (1 - (seen.share if seen else 0.0))


def with_cooccurrence(
    questions: Iterable[Question],
    snapshot: Snapshot,
    terms: TermIndex,
    *,
    tenant: str = "plant",
) -> list[Question]:
    """Return questions in which those about codes also tell what others saw on the same things.

    It is read anew each time: a list is mostly ingested before the data that speak of its codes. Only the codes of the
    first machines are looked up, so that a long queue stays quick; the others are at ``GET /codes/{code}/candidates``.
    """
    listed = list(questions)
    if not any(one.request.kind == "code_list" for one in listed):
        return listed
    vocabulary = Vocabulary.from_terms(terms)
    by_text = _undecided_by_text(snapshot, tenant)
    observed: dict[str, CodeEvidence] = {}
    told = []
    for question in listed:
        entries = by_text.get(question.text, ()) if question.request.kind == "code_list" else ()
        more: list[Evidence] = []
        for entry in entries:
            if entry.machine not in observed:
                if len(observed) == _MACHINES:
                    continue
                observed[entry.machine] = CodeEvidence.load(
                    snapshot, entry.machine, vocabulary, tenant=tenant
                )
            found = observed[entry.machine].associations(entry.iri)[:_SHOWN]
            more += [evidence_of(entry, one, vocabulary) for one in found]
        evidence = (*more, *question.request.evidence)
        told.append(Question(replace(question.request, evidence=evidence)) if more else question)
    return told


def _undecided_by_text(snapshot: Snapshot, tenant: str) -> dict[str, list[CodeEntry]]:
    """Return the undecided entries by each text under which they are asked about."""
    texts = _texts(snapshot, tenant)
    found: dict[str, list[CodeEntry]] = {}
    for entry in CodeBook.load(snapshot, tenant=tenant).entries():
        if entry.denotes:
            continue
        scope = (local_name(one) for one in (entry.machine, entry.programme) if one)
        own = texts.get(entry.iri) or (scoped_name(entry.code, *scope, entry.valid_from),)
        for text in own:
            found.setdefault(text, []).append(entry)
    return found


def _texts(snapshot: Snapshot, tenant: str) -> Mapping[str, tuple[str, ...]]:
    """Return what the lists say of each entry, by its IRI."""
    graphs = [one.graph for one in snapshot.graphs("data", tenant=tenant)]
    found: dict[str, tuple[str, ...]] = {}
    for row in snapshot.select(_SAID, graphs=graphs):
        entry, text = (str(getattr(row[name], "value", "")) for name in ("entry", "text"))
        found[entry] = (*found.get(entry, ()), text)
    return found


_SAID = """
SELECT DISTINCT ?entry ?text WHERE {
  ?entry q:validInContext ?context . ?entry rdfs:label|skos:altLabel ?text
} ORDER BY ?entry ?text"""
