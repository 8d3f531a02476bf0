"""Accepted spans as triples: which utterance speaks of which concept, where, by whose word, from which row (R80).

One data graph a file of texts, replaced as a whole, so that a decision that was taken back is gone from the graph with
the next lifting. Only spans that a person accepted and whose trouble is claimed to be there are lifted. A text that the
graph holds already (a complaint that was ingested) is not doubled: its mentions are put to the utterance that is there.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType

import pyoxigraph as ox
from pyoxigraph import Literal, NamedNode, Triple

from qualweave.iri import PROV, RDF, RDFS, XSD, Q
from qualweave.mappers.lift.batch import Batch, minted
from qualweave.mappers.texts.corpus import Span, Text

_SPEAKERS: Mapping[str, Mapping[str, str]] = MappingProxyType(
    {
        "process": {"en": "process", "zh": "工艺"},
        "equipment": {"en": "equipment", "zh": "设备"},
        "customer": {"en": "customer", "zh": "客户"},
    }
)
_TYPED = "typed"  # texts that came from no file


@dataclass(frozen=True)
class TextBatch(Batch):
    """The reviewed texts of a file: the file's own batch, which may have been ingested as well, is another one."""

    @property
    def key(self) -> str:
        """Short form of the hash, with what was made of the file."""
        return f"texts-{self.sha256[:16]}"


@dataclass(frozen=True)
class LiftedTexts:
    """What the texts of one file became.

    Attributes:
        batch: The file.
        ntriples: Triples of its graph.
        texts: Texts with an accepted span.
        mentions: Spans lifted.
    """

    batch: Batch
    ntriples: bytes
    texts: int
    mentions: int


def lift_texts(
    texts: Iterable[Text], *, tenant: str, base: str, known: Mapping[str, str]
) -> list[LiftedTexts]:
    """Return the triples of every file of a corpus, also of those that have none any more.

    Args:
        texts: The corpus.
        tenant: Whose it is.
        base: Namespace of data IRIs.
        known: Text of an utterance that the graph holds once, and its IRI.
    """
    by_file: dict[tuple[str, str], list[Text]] = defaultdict(list)
    for one in texts:
        by_file[one.file, one.batch].append(one)
    return [
        _of_file(
            some,
            TextBatch(f"texts-{file or _TYPED}", digest or _TYPED, file or _TYPED, tenant, base),
            known,
        )
        for (file, digest), some in sorted(by_file.items())
    ]


def _of_file(texts: Iterable[Text], batch: Batch, known: Mapping[str, str]) -> LiftedTexts:
    triples: list[Triple] = []
    count = mentions = 0
    for text in texts:
        spans = [one for one in text.spans() if one.review == "accepted" and one.state == "present"]
        if not spans:
            continue
        count += 1
        mentions += len(spans)
        node = known.get(text.text) or minted(
            "utterance", text.id, tenant=batch.tenant, base=batch.base
        )
        if text.text not in known:
            triples += _utterance(node, text)
        triples += _speaker(node, spans, batch)
        for span in spans:
            triples += _mention(node, text, span, batch)
    body = ox.serialize(list(dict.fromkeys(triples)), format=ox.RdfFormat.N_TRIPLES) or b""
    return LiftedTexts(batch, body, count, mentions)


def _utterance(node: str, text: Text) -> list[Triple]:
    facts: list[tuple[str, NamedNode | Literal]] = [
        (RDF + "type", NamedNode(Q + "Utterance")),
        (Q + "utteranceText", Literal(text.text, language=text.language)),
        (Q + "languageTag", Literal(text.language)),
    ]
    if text.row:
        facts.append((Q + "sourceRow", _integer(text.row)))
    return [Triple(NamedNode(node), NamedNode(name), value) for name, value in facts]


def _speaker(utterance: str, spans: Sequence[Span], batch: Batch) -> list[Triple]:
    """Return who speaks, where every span of an utterance says the same."""
    said = {one.viewpoint for one in spans}
    if len(said) != 1 or said == {""}:
        return []
    name = said.pop()
    node = NamedNode(minted("viewpoint", name, tenant=batch.tenant, base=batch.base))
    facts: list[tuple[str, NamedNode | Literal]] = [
        (RDF + "type", NamedNode(Q + "SpeakerViewpoint")),
        *((RDFS + "label", Literal(word, language=tag)) for tag, word in _SPEAKERS[name].items()),
    ]
    spoken = Triple(NamedNode(utterance), NamedNode(Q + "spokenBy"), node)
    return [spoken, *(Triple(node, NamedNode(key), value) for key, value in facts)]


def _mention(utterance: str, text: Text, span: Span, batch: Batch) -> list[Triple]:
    place = f"{text.id}-{span.start}-{span.end}"
    node = NamedNode(minted("mention", place, span.term, tenant=batch.tenant, base=batch.base))
    term = span.term if "://" in span.term else Q + span.term
    facts: list[tuple[str, NamedNode | Literal]] = [
        (RDF + "type", NamedNode(Q + "TermMention")),
        (RDFS + "label", Literal(span.words, language=text.language)),
        (Q + "inUtterance", NamedNode(utterance)),
        (Q + "mentionOf", NamedNode(term)),
        (Q + "spanStart", _place(span.start)),
        (Q + "spanEnd", _place(span.end)),
        (
            PROV + "wasAttributedTo",
            NamedNode(minted("person", span.by, tenant=batch.tenant, base=batch.base)),
        ),
    ]
    if span.when is not None:
        at = Literal(span.when.isoformat(), datatype=NamedNode(XSD + "dateTime"))
        facts.append((PROV + "generatedAtTime", at))
    if text.row:
        facts.append((Q + "sourceRow", _integer(text.row)))
    return [Triple(node, NamedNode(name), value) for name, value in facts]


def _integer(value: int) -> Literal:
    return Literal(str(value), datatype=NamedNode(XSD + "integer"))


def _place(value: int) -> Literal:
    return Literal(str(value), datatype=NamedNode(XSD + "nonNegativeInteger"))
