"""How far two persons who reviewed the same texts agree: Cohen's kappa over spans.

Cohen 1960, A coefficient of agreement for nominal scales. The units are the places that either of them was shown or
added in texts both reviewed; each says a concept or none. A place that one left undecided is not counted, save one that
the other added: whoever reviewed the text and added nothing there says none.
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import combinations

from qualweave.errors import JsonValue
from qualweave.mappers.texts.corpus import Text

_NONE = ""


@dataclass(frozen=True)
class Agreement:
    """How far two persons agree.

    Attributes:
        first: The one.
        second: The other.
        texts: Texts that both reviewed.
        spans: Places that both judged.
        agreed: Of them, where both say the same.
        kappa: From -1 to 1; None where chance alone would agree always, or nothing was judged by both.
        disagreements: Text id, start, end, and what each says.
    """

    first: str
    second: str
    texts: int
    spans: int
    agreed: int
    kappa: float | None
    disagreements: tuple[tuple[str, int, int, str, str], ...]

    def to_json(self) -> dict[str, JsonValue]:
        """Return it as JSON values."""
        return {
            "first": self.first,
            "second": self.second,
            "texts": self.texts,
            "spans": self.spans,
            "agreed": self.agreed,
            "kappa": None if self.kappa is None else round(self.kappa, 4),
            "disagreements": [
                {"text": text, "start": start, "end": end, "first": one, "second": other}
                for text, start, end, one, other in self.disagreements
            ],
        }


def agreements(texts: Iterable[Text]) -> list[Agreement]:
    """Return how far every two reviewers agree who reviewed a text in common."""
    held = list(texts)
    people = sorted({name for one in held for name in one.reviewers()})
    found = [agreement(held, first, second) for first, second in combinations(people, 2)]
    return [one for one in found if one.texts]


def agreement(texts: Sequence[Text], first: str, second: str) -> Agreement:
    """Return how far two persons agree."""
    shared = [one for one in texts if {first, second} <= set(one.reviewers())]
    rows = [
        (text.id, *place, one, other)
        for text in shared
        for place, one, other in _judged(text, first, second)
    ]
    pairs = [(one, other) for *_, one, other in rows]
    agreed = sum(one == other for one, other in pairs)
    return Agreement(
        first,
        second,
        len(shared),
        len(pairs),
        agreed,
        kappa(pairs),
        tuple(row for row in rows if row[3] != row[4]),
    )


def kappa(pairs: Sequence[tuple[str, str]]) -> float | None:
    """Return Cohen's kappa of pairs of labels.

    >>> kappa([("a", "a"), ("a", "b"), ("b", "b"), ("b", "b")])
    0.5
    """
    if not pairs:
        return None
    count = len(pairs)
    seen = sum(one == other for one, other in pairs) / count
    ones, others = Counter(one for one, _ in pairs), Counter(other for _, other in pairs)
    chance = sum(ones[label] * others[label] for label in ones) / count**2
    return None if chance == 1 else (seen - chance) / (1 - chance)


def _judged(text: Text, first: str, second: str) -> list[tuple[tuple[int, int], str, str]]:
    one, other = _labels(text, first), _labels(text, second)
    shown = {(span.start, span.end) for span in text.proposed}
    return [
        (place, one.get(place, _NONE), other.get(place, _NONE))
        for place in sorted(one.keys() | other.keys())
        if place not in shown or (place in one and place in other)
    ]


def _labels(text: Text, person: str) -> dict[tuple[int, int], str]:
    """Return what a person says of each place they decided about: the concept, or none."""
    spans = [one for one in text.of(person).spans() if one.by == person]
    said: dict[tuple[int, int], str] = {}
    for one in sorted(spans, key=lambda span: span.review == "accepted"):
        said[one.start, one.end] = one.term if one.review == "accepted" else _NONE
    return said
