"""Accuracy of voices: the example plant's hold-out sentences, and spans of the blind sentences.

The hold-out was written by somebody else, one concept a sentence; what was missed of it has been printed by this very
benchmark, so whoever changed the reader has seen it. The blind sentences (``voice_blind.jsonl``, 23 each in Chinese,
English and German) were committed before the reader was changed and their misses are not shown; their author is the
reader's author too, so they measure how far its words carry, not how strangers write.
"""

import json
import tempfile
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from qualweave.config import Settings
from qualweave.examples.plant import generate
from qualweave.iri import local_name
from qualweave.mappers.texts.reading import Candidate, TextReader
from qualweave.mappers.voice import VoiceReader
from qualweave.ontology.load import load_graph
from qualweave.ontology.terms import TermIndex

_BLIND = Path(__file__).with_name("voice_blind.jsonl")
_Span = tuple[str, int, int, str]


@dataclass
class Counts:
    """Spans found that are right, found that are wrong, and missed."""

    right: int = 0
    wrong: int = 0
    missed: int = 0

    def line(self) -> str:
        """Return precision, recall and F1."""
        precision = self.right / max(self.right + self.wrong, 1)
        recall = self.right / max(self.right + self.missed, 1)
        both = 2 * precision * recall / max(precision + recall, 1e-9)
        return f"P {precision:.2f}  R {recall:.2f}  F1 {both:.2f}"

    def add(self, found: Sequence[_Span], gold: Sequence[_Span], *, state: bool) -> None:
        """Count one text: a span is right where term and place agree, and the state where that is asked."""
        left = list(gold)
        for one in found:
            match = next((other for other in left if _agree(one, other, state=state)), None)
            if match is None:
                self.wrong += 1
            else:
                left.remove(match)
                self.right += 1
        self.missed += len(left)


def _agree(one: _Span, other: _Span, *, state: bool) -> bool:
    shared = min(one[2], other[2]) - max(one[1], other[1])
    shorter = min(one[2] - one[1], other[2] - other[1])
    return one[0] == other[0] and 2 * shared >= shorter and (not state or one[3] == other[3])


def _spans(found: Iterable[Candidate]) -> list[_Span]:
    return [(local_name(one.term), one.start, one.end, one.state) for one in found]


def _gold(row: dict) -> list[_Span]:
    return [(one["term"], one["start"], one["end"], one["state"]) for one in row["spans"]]


def _claimed(found: Iterable[_Span]) -> list[_Span]:
    return [one for one in found if one[3] == "present"]


def holdout(reader: VoiceReader) -> None:
    """Print the accuracy on the hold-out and what was missed."""
    with tempfile.TemporaryDirectory() as name:
        plant = generate(Path(name), seed=1)
        rows = json.loads((plant.oracle / "voices.json").read_text("utf-8"))
    read = [(row, reader.read(row["text"])) for row in rows]
    right = [row for row, one in read if local_name(one.concept or "x") == row["concept"]]
    silent = [(row, one) for row, one in read if not one.concept]
    wrong = len(rows) - len(right) - len(silent)
    offered = [row for row, one in silent if row["concept"] in map(local_name, one.nearest)]
    print(
        f"hold-out: right {len(right)} of {len(rows)}, wrong {wrong}, silent {len(silent)}"
        f" (of them one of three offered is right: {len(offered)})"
    )
    for row, one in read:
        if local_name(one.concept or "x") != row["concept"]:
            got = local_name(one.concept) if one.concept else "-"
            print(f"  {row['text']}: {got} instead of {row['concept']}")


def blind(terms: TermIndex, graph: object) -> None:
    """Print precision, recall and F1 of spans beside a plain longest-label match; the misses are not shown."""
    rows = [json.loads(line) for line in _BLIND.read_text("utf-8").splitlines()]
    readers = {
        "longest label": TextReader(terms, graph, plain=True),
        "ours": TextReader(terms, graph),
    }
    print(f"\nblind: {len(rows)} sentences, {sum(len(row['spans']) for row in rows)} spans")
    for name, reader in readers.items():
        tables = {part: {lang: Counts() for lang in ("all", "zh", "en", "de")} for part in _PARTS}
        states: Counter[bool] = Counter()
        for row in rows:
            found, gold = _spans(reader.read(row["text"]).candidates), _gold(row)
            for lang in ("all", row["language"]):
                tables["named, any state"][lang].add(found, gold, state=False)
                tables["named, same state"][lang].add(found, gold, state=True)
                tables["claimed as present"][lang].add(_claimed(found), _claimed(gold), state=False)
            pairs = [(a[3], b[3]) for a in found for b in gold if _agree(a, b, state=False)]
            states.update(a == b for a, b in pairs)
        for part, by in tables.items():
            print(
                f"{name:14} {part:20} {by['all'].line()}   "
                + "   ".join(f"{lang} {by[lang].line()}" for lang in ("zh", "en", "de"))
            )
        print(f"{name:14} state right          {states[True]} of {sum(states.values())}")


_PARTS = ("named, any state", "named, same state", "claimed as present")


def main() -> None:
    """Print both tables."""
    graph = load_graph()
    terms = TermIndex.from_graph(graph)
    holdout(VoiceReader(terms, graph, Settings()))
    blind(terms, graph)


if __name__ == "__main__":
    main()
