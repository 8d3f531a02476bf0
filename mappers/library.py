"""`MappingLibrary`: the mapping documents of a tenant on disk, every version kept."""

from collections.abc import Iterable, Mapping
from functools import lru_cache
from pathlib import Path

from qualweave.errors import NotFound
from qualweave.mappers.lift.batch import segment
from qualweave.mappers.mapping import MappingDocument
from qualweave.mappers.sources import distinct_id, same_source


class MappingLibrary:
    """The mapping documents of one tenant."""

    def __init__(self, data_dir: Path, tenant: str) -> None:
        self._folder = data_dir / "mappings" / tenant

    def _path(self, source: str) -> Path:
        return self._folder / f"{segment(source)}.yaml"

    def _version_path(self, source: str, number: int) -> Path:
        return self._folder / "versions" / f"{segment(source)}.v{number}.yaml"

    def sources(self) -> list[str]:
        """Return the source ids that have a mapping."""
        return [one.source for one in self.documents()]

    def documents(self) -> list[MappingDocument]:
        """Return the newest mapping of every source."""
        paths = sorted(self._folder.glob("*.yaml")) if self._folder.exists() else []
        return [_loaded(path) for path in paths]

    def get(self, source: str) -> MappingDocument:
        """Return the newest version of a source's mapping.

        Raises:
            NotFound: If the source has none.
        """
        path = self._path(source)
        if not path.exists():
            raise NotFound(
                f"There is no mapping for source {source!r}.",
                message_zh=f"数据源 {source!r} 没有映射。",
                next_step="Ingest a file of it first; /mappings lists the sources that have one.",
                next_step_zh="请先导入该数据源的文件；/mappings 列出已有映射的数据源。",
                data={"source": source},
            )
        return _loaded(path)

    def versions(self, source: str) -> list[int]:
        """Return the numbers of the versions of a source's mapping that are kept, the first first."""
        head = f"{segment(source)}.v"
        names = (one.stem for one in (self._folder / "versions").glob("*.yaml"))
        kept = (one.removeprefix(head) for one in names if one.startswith(head))
        return sorted(int(one) for one in kept if one.isdecimal())

    def version(self, source: str, number: int) -> MappingDocument:
        """Return one version of a source's mapping.

        Raises:
            NotFound: If the source has no such version.
        """
        path = self._version_path(source, number)
        if not path.exists():
            self.get(source)
            kept = ", ".join(str(one) for one in self.versions(source))
            raise NotFound(
                f"The mapping of {source!r} has no version {number}.",
                message_zh=f"数据源 {source!r} 的映射没有版本 {number}。",
                next_step=f"Versions: {kept}.",
                next_step_zh=f"现有版本：{kept}。",
                data={"source": source, "version": number},
            )
        return _loaded(path)

    def find(self, source: str, columns: Iterable[str]) -> tuple[str, MappingDocument | None]:
        """Return the id to use for a source and its stored mapping, if it has one.

        Where the id is taken by a source with other fields (two exports of one system under one name),
        the fields make an id of its own.
        """
        names = list(columns)
        if not self._path(source).exists():
            return source, None
        stored = self.get(source)
        if same_source(stored, source=source, columns=names):
            return source, stored
        other = distinct_id(source, names)
        return other, self.get(other) if self._path(other).exists() else None

    def newest(self) -> dict[str, int]:
        """Return the number of the newest version of every source's mapping."""
        return {one.source: one.version for one in self.documents()}

    def go_back(self, versions: Mapping[str, int]) -> None:
        """Make the versions of the sources the newest again: later ones go, and so do mappings of other sources."""
        for one in self.documents():
            before = versions.get(one.source, 0)
            if before == 0:
                self._path(one.source).unlink()
            elif one.version != before:
                self.version(one.source, before).save(self._path(one.source))
            for number in self.versions(one.source):
                if number > before:
                    self._version_path(one.source, number).unlink()

    def put(self, document: MappingDocument) -> None:
        """Store a document as the newest version of its source; older versions stay beside it."""
        document.save(
            self._version_path(document.source, document.version), self._path(document.source)
        )


def _loaded(path: Path) -> MappingDocument:
    """Return a document, read once for each state of its file: a plant has a hundred, and pages count their fields."""
    state = path.stat()
    return _read(path, state.st_mtime_ns, state.st_size, state.st_ino)


@lru_cache(maxsize=4096)
def _read(path: Path, *_state: int) -> MappingDocument:
    return MappingDocument.load(path)
