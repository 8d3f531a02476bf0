"""A mapping document that is handed in whole: it is its source's newest version, and its files are lifted by it.

So are the files that read codes of which it gives, or gave, the list, and those with rows that wait for others.
"""

from collections.abc import Iterable

from qualweave.mappers.desk import Desk
from qualweave.mappers.mapping import MappingDocument
from qualweave.mappers.memory import DecisionMemory, Remembered
from qualweave.mappers.relift import leaning, relift_all
from qualweave.mappers.report import IngestReport
from qualweave.mappers.review.intent import intended


def replace_mapping(
    work: Desk, document: MappingDocument, learnt: Iterable[Remembered] = ()
) -> IngestReport:
    """Store a document as its source's newest, with what memory learns of it, and lift the source's files again.

    Args:
        work: What the ingest works with; its principal is who hands it in.
        document: The document; its version must be the next of its source.
        learnt: The decisions in it.
    """
    former = work.library.newest().get(document.source)
    lists = [document, *([work.library.get(document.source)] if former else [])]
    others = leaning(work, lists)
    with intended(work, source=document.source, others=sorted(others), retry=True):
        memory = DecisionMemory.load(work.memory_path)
        for one in learnt:
            memory.remember(one)
        memory.save(work.memory_path)
        work.library.put(document)
        return relift_all(work, [document.source], others, retry=True)
