"""What is about to be decided, on disk before anything of it changes: killed half-way, it ends whole or not at all.

Mappings and memory are files, a decision is a commit, and so is each file that is lifted again by it. The intent stands
beside the mappings (``mappings/{tenant}/intent.json``) from before the first of them to after the last. What has not
reached its commit is rolled back; what has is lifted to the end.
"""

import logging
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import orjson

from qualweave.errors import QualweaveError, StoreError
from qualweave.mappers.desk import Desk
from qualweave.mappers.memory import DecisionMemory, Remembered
from qualweave.mappers.relift import relift_all
from qualweave.mappers.review.record import Review, reviews_of
from qualweave.principal import Principal
from qualweave.store.journal import sync_folder, write_durably

_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Intent:
    """What somebody is about to do, and how everything was before.

    Attributes:
        by: Id of the principal.
        review: Id of the decision; ``""`` where a document is handed in.
        source: Source of the document that is handed in.
        others: Short hashes of files of other sources that are lifted again by that.
        retry: Whether rows of other files that wait are lifted again as well.
        versions: Newest version of the mapping of each source.
        memory: What memory held.
    """

    by: str
    review: str = ""
    source: str = ""
    others: tuple[str, ...] = ()
    retry: bool = False
    versions: dict[str, int] | None = None
    memory: tuple[Remembered, ...] = ()


@contextmanager
def intended(
    work: Desk,
    *,
    review: Review | None = None,
    source: str = "",
    others: Sequence[str] = (),
    retry: bool = False,
) -> Iterator[None]:
    """Hold an intent while something is decided; an error before its commit rolls it back at once.

    Args:
        work: What the ingest works with; its principal is who decides.
        review: The decision, as far as it is known; its id must be final.
        source: Source of the document that is handed in, where it is no decision.
        others: Short hashes of files of other sources that are lifted again by that.
        retry: Whether rows of other files that wait are lifted again as well.

    Raises:
        StoreError: If the disk refuses; nothing is changed.
    """
    recover(work)
    intent = Intent(
        work.principal.id,
        review.id if review else "",
        source,
        tuple(others),
        retry,
        work.library.newest(),
        tuple(DecisionMemory.load(work.memory_path).decisions),
    )
    _write(work, intent)
    try:
        yield
    except BaseException:
        if _committed(work, intent) is None:
            _roll_back(work, intent)
        raise
    _path(work).unlink()


def recover(work: Desk) -> bool:
    """Finish or roll back what was being decided when its process died; return whether there was anything.

    Raises:
        StoreError: If the store cannot be written; the next call tries again.
    """
    path = _path(work)
    if not path.exists():
        return False
    intent = _from_json(orjson.loads(path.read_bytes()))
    lifting = _committed(work, intent)
    if lifting is None:
        _roll_back(work, intent)
    else:
        _finish(work, intent, *lifting)
    return True


def pending(data_dir: Path) -> list[str]:
    """Return the tenants of which something was being decided when the process died."""
    return sorted(one.parent.name for one in data_dir.glob("mappings/*/intent.json"))


def _committed(work: Desk, intent: Intent) -> tuple[list[str], tuple[str, ...]] | None:
    """Return what is to be lifted again, sources and files, once the intent has reached its commit; else None."""
    if not intent.review:
        before = (intent.versions or {}).get(intent.source, 0)
        is_put = work.library.newest().get(intent.source, 0) > before
        return ([intent.source], intent.others) if is_put else None
    work.store.publish()
    with work.snapshot() as snapshot:
        found = reviews_of(snapshot, tenant=work.tenant, base=work.settings.base_iri)
    review = next((one for one in found if one.id == intent.review), None)
    return None if review is None else (review.changed, review.lifted)


def _finish(work: Desk, intent: Intent, sources: list[str], others: tuple[str, ...]) -> None:
    """Lift again as who decided; a file that cannot be lifted any more is told in the log and holds up nothing."""
    by = Principal(intent.by, frozenset({"engineer"}), tenant=work.tenant)
    try:
        relift_all(replace(work, principal=by), sources, others, retry=intent.retry)
    except StoreError:
        raise
    except QualweaveError as error:
        _log.warning("decision %s was not lifted to the end: %s", intent.review, error)
    _path(work).unlink()


def _roll_back(work: Desk, intent: Intent) -> None:
    work.library.go_back(intent.versions or {})
    DecisionMemory(list(intent.memory)).save(work.memory_path)
    _path(work).unlink()


def _path(work: Desk) -> Path:
    return work.settings.data_dir / "mappings" / work.tenant / "intent.json"


def _write(work: Desk, intent: Intent) -> None:
    path = _path(work)
    scratch = path.with_suffix(".part")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        write_durably(scratch, orjson.dumps(asdict(intent)))
        scratch.rename(path)
        sync_folder(path.parent)
    except OSError as error:
        scratch.unlink(missing_ok=True)
        raise StoreError(
            f"What is to be decided could not be noted: {error}.",
            message_zh=f"无法记录待执行的决定：{error}。",
            next_step="Free disk space or mend the disk, and decide again; nothing was changed.",
            next_step_zh="请释放磁盘空间或检查磁盘后重新决定；未作任何更改。",
            data={"file": path.name},
        ) from error


def _from_json(data: dict[str, Any]) -> Intent:
    memory = tuple(Remembered(**one) for one in data.pop("memory"))
    others = tuple(data.pop("others"))
    return Intent(**data, others=others, memory=memory)
