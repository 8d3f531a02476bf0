"""``qualweave table``: a table lifted to N-Quads files by a mapping document, without a store."""

from pathlib import Path
from typing import Annotated

import typer
from rich.table import Table

from qualweave.api.terminal import console, say
from qualweave.config import Settings
from qualweave.errors import UnreadableSource
from qualweave.mappers import readers
from qualweave.mappers.committing import of_fault
from qualweave.mappers.lift.batch import Batch
from qualweave.mappers.lift.stream import PART_ROWS, Lifter, lift_to_folder
from qualweave.mappers.mapping import MappingDocument
from qualweave.mappers.markers import spreads_of, with_suspects
from qualweave.mappers.vocabulary import Vocabulary
from qualweave.ontology.load import load_graph
from qualweave.ontology.release import current_release
from qualweave.ontology.terms import TermIndex
from qualweave.store.journal import hash_of

app = typer.Typer(no_args_is_help=True, help="Tables: lift to N-Quads files, in parts that resume.")
_SHOWN = 10


@app.callback()
def _noun() -> None:
    """Keep the command's own name while it is the only one."""


@app.command()
def lift(
    file: Annotated[Path, typer.Argument(exists=True, dir_okay=False, help="The table.")],
    mapping: Annotated[
        Path, typer.Option(exists=True, dir_okay=False, help="Mapping document, YAML.")
    ],
    out: Annotated[
        Path, typer.Option(help="Folder for the parts; those that still hold are kept.")
    ],
    tenant: Annotated[str, typer.Option(help="Whose data it is.")] = "plant",
) -> None:
    """Lift a table to N-Quads files, 50,000 rows each; a run that was cut short goes on where it stopped."""
    tables = readers.stream(file, limits=readers.ReadLimits.of(Settings()))
    if len(tables) != 1:
        raise UnreadableSource(
            f"{file.name} holds {len(tables)} tables, and a mapping document is for one.",
            message_zh=f"{file.name} 含有 {len(tables)} 个表，而映射文档只对应一个。",
            next_step="Ingest it with 'qualweave ingest', which maps each table by itself.",
            next_step_zh="请用 qualweave ingest 导入，它会分别映射各表。",
            data={"file": file.name, "tables": len(tables)},
        )
    document = MappingDocument.from_yaml(mapping.read_text("utf-8"), file=mapping.name)
    batch = Batch(document.source, hash_of(file), file.name, tenant)
    vocabulary = Vocabulary.from_terms(TermIndex.from_graph(load_graph()))
    vocabulary.version = current_release().content_hash  # parts of another ontology do not hold
    spreads = spreads_of(tables[0].batches(), document, vocabulary)
    waiting = [
        of_fault(one)
        for part in tables[0].batches()
        for one in with_suspects(part, document, vocabulary, spreads=spreads).faults
    ]
    lifter = Lifter(document, batch, vocabulary, without=frozenset(one.row for one in waiting))
    found = lift_to_folder(lambda: tables[0].batches(PART_ROWS), lifter, out)
    shown = Table("what became of it", "count")
    for name, count in (
        ("rows read", found.rows_read), ("rows lifted", found.rows_lifted), ("quads", found.lines),
        ("parts", len(found.files)), ("parts kept from an earlier run", found.resumed),
        ("reasons to wait", len(found.problems) + len(waiting)), ("texts without a concept", len(found.unresolved)),
    ):  # fmt: skip
        shown.add_row(name, f"{count:,}")
    console.print(shown)
    for one in [*waiting, *found.problems][:_SHOWN]:
        say(f"row {one.row}: {one.message['en']} {one.fix['en']}")
