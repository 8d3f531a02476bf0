"""Accuracy of voices on the example plant's hold-out sentences, by words alone and with the text model."""

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
    for title, settings in (("words alone", None), ("words, then meaning", Settings())):
        reader = VoiceReader(terms, graph, settings)
        read = [(row, reader.read(row["text"])) for row in rows]
        right = [row for row, one in read if local_name(one.concept or "x") == row["concept"]]
        silent = [row for row, one in read if not one.concept]
        wrong = len(rows) - len(right) - len(silent)
        print(f"{title:22} right {len(right)} of {len(rows)}, silent {len(silent)}, wrong {wrong}")
    for row, one in read:
        if local_name(one.concept or "x") != row["concept"]:
            print(
                f"  {row['text']}: {local_name(one.concept) if one.concept else '-'} instead of {row['concept']}"
            )


if __name__ == "__main__":
    main()
