"""The list of all terms as the reference page prints it, so that page and ontology cannot differ.

``docs/reference/ontology.md`` holds the list between two marks; a test compares it with this module's
output. ``rewrite_page`` brings the page up to date after a change of the modules.
"""

from itertools import groupby
from pathlib import Path

from qualweave.errors import InputError
from qualweave.ontology.terms import Term, TermIndex

START = "<!-- terms: start -->"
END = "<!-- terms: end -->"


def term_list(index: TermIndex) -> str:
    """Return all terms by module as Markdown: name, English and Chinese label, unit where it has one."""
    parts = []
    by_module = sorted(index, key=lambda t: (t.module, t.iri))
    for module, terms in groupby(by_module, key=lambda t: t.module):
        rows = [_row(term) for term in terms]
        parts.append(f"### {module}\n\n" + "\n".join(rows))
    return "\n\n".join(parts)


def rewrite_page(path: Path, index: TermIndex) -> bool:
    """Put the list of ``index`` between the marks of the page at ``path``; return whether it changed.

    Raises:
        InputError: If the page has not both marks.
    """
    before = path.read_text(encoding="utf-8")
    if START not in before or END not in before:
        msg = f"{path.name} lacks the marks between which the list of terms stands."
        raise InputError(
            msg,
            message_zh=f"{path.name} 缺少术语表的起止标记。",
            next_step=f"Put '{START}' and '{END}' on lines of their own.",
            next_step_zh=f"请将“{START}”与“{END}”各置一行。",
        )
    head, rest = before.split(START, 1)
    tail = rest.split(END, 1)[1]
    after = f"{head}{START}\n{term_list(index)}\n{END}{tail}"
    if after != before:
        path.write_text(after, encoding="utf-8")
    return after != before


def _row(term: Term) -> str:
    labels = ", ".join(texts[0] for tag in ("en", "zh") if (texts := term.labels.get(tag)))
    unit = f", `{term.canonical_unit}`" if term.canonical_unit else ""
    return f"- `{term.local_name}` {labels}{unit}"
