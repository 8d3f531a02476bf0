"""Accuracy of voices on the example plant's hold-out sentences."""

import json
import tempfile
from pathlib import Path

from qualweave.config import Settings
from qualweave.examples.plant import generate
from qualweave.iri import local_name
from qualweave.mappers.voice import VoiceReader
from qualweave.ontology.load import load_graph
from qualweave.ontology.terms import TermIndex


def main() -> None:
    """Print the table and what was missed."""
    graph = load_graph()
    terms = TermIndex.from_graph(graph)
    with tempfile.TemporaryDirectory() as name:
        plant = generate(Path(name), seed=1)
        rows = json.loads((plant.oracle / "voices.json").read_text("utf-8"))
    reader = VoiceReader(terms, graph, Settings())
    read = [(row, reader.read(row["text"])) for row in rows]
    right = [row for row, one in read if local_name(one.concept or "x") == row["concept"]]
    silent = [(row, one) for row, one in read if not one.concept]
    wrong = len(rows) - len(right) - len(silent)
    offered = [row for row, one in silent if row["concept"] in map(local_name, one.nearest)]
    first = [row for row, one in silent if local_name(one.nearest[0]) == row["concept"]]
    print(f"read: right {len(right)} of {len(rows)}, wrong {wrong}, silent {len(silent)}")
    print(
        f"of the silent: first of the three offered is right {len(first)}, one of three {len(offered)}"
    )
    for row, one in read:
        if local_name(one.concept or "x") != row["concept"]:
            print(
                f"  {row['text']}: {local_name(one.concept) if one.concept else '-'} instead of {row['concept']}"
            )


if __name__ == "__main__":
    main()
