"""`Reading`: what the words of a code may mean, the port between lifting and alignment.

Lifting is a pure function that must not load a text model; alignment must not know what a code list is. They
meet here: lifting hands over the texts that a list gives a code, and is told the concepts that they may mean.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from qualweave.evidence import Evidence


@dataclass(frozen=True)
class Meaning:
    """A concept that the words of a code may mean.

    Attributes:
        term: IRI of the concept.
        probability: Calibrated, over all concepts and "none".
        evidence: What spoke for and against it, the strongest first.
    """

    term: str
    probability: float
    evidence: tuple[Evidence, ...] = ()


@dataclass(frozen=True)
class Reading:
    """The concepts that the words of one code may mean.

    Attributes:
        ranked: The concepts, the most probable first.
        is_sure: Whether the first is above the threshold at which nobody needs to be asked.
    """

    ranked: tuple[Meaning, ...] = ()
    is_sure: bool = False


class ConceptReader(Protocol):
    """Ranks concepts for the words of codes; `qualweave.mappers.align.concepts.ConceptAligner`."""

    def __call__(self, codes: Sequence[Sequence[str]], within: Sequence[str]) -> list[Reading]:
        """Return one reading per code.

        Args:
            codes: The texts that a list gives each code: labels and descriptions, in any languages.
            within: IRIs of the classes of which the concepts must be, or below which they must stand.
        """
        ...


def agreed(readings: Sequence[Reading], *, ask: float) -> Reading:
    """Return what several texts of one code mean together: each speaks for itself, the surest is heard.

    A concept has the highest probability that a text gives it; where texts that are each sure mean different
    concepts, the list contradicts itself, and the probabilities are shared out so that a person is asked.

    Args:
        readings: One per text.
        ask: Probability from which another text's first concept contradicts.
    """
    told = [one for one in readings if one.ranked]
    if not told:
        return Reading()
    best: dict[str, Meaning] = {}
    for meaning in (one for reading in told for one in reading.ranked):
        if meaning.term not in best or meaning.probability > best[meaning.term].probability:
            best[meaning.term] = meaning
    total = max(1.0, sum(one.probability for one in best.values()))
    shared = [Meaning(one.term, one.probability / total, one.evidence) for one in best.values()]
    ranked = tuple(sorted(shared, key=lambda one: (-one.probability, one.term)))
    sure = {one.ranked[0].term for one in told if one.is_sure}
    others = {one.ranked[0].term for one in told if one.ranked[0].probability >= ask} - sure
    return Reading(ranked, not others and sure == {ranked[0].term})
