"""Finding a term by whatever somebody calls it: IRI, CURIE, local name, notation or label, in either language."""

from collections.abc import Iterable
from difflib import get_close_matches

from qualweave.errors import AmbiguousTerm, JsonValue, UnknownTerm
from qualweave.iri import Q
from qualweave.ontology.terms import Term, TermIndex, normalise

_NEAREST = 3


def find_term(terms: TermIndex, name: str, *, root: str = "", kind: str = "class") -> Term:
    """Return the one term that a name means.

    Args:
        terms: The ontology.
        name: IRI, CURIE, local name (in any case), notation, label or alternative label.
        root: IRI of a class that the term must be or stand under; ``""`` for any.
        kind: Which kind of term is wanted, ``""`` for any.

    Raises:
        UnknownTerm: If no term has the name; the nearest are named.
        AmbiguousTerm: If several have.
    """
    fitting = [
        one for one in _named(terms, name) if kind in {one.kind, ""} and _under(terms, one, root)
    ]
    if len(fitting) == 1:
        return fitting[0]
    if not fitting:
        raise _unknown(terms, name, root=root, kind=kind)
    labelled = [one for one in fitting if _is_name(one, name)]
    if len(labelled) == 1:
        return labelled[0]
    raise _ambiguous(name, fitting)


def nearest_terms(terms: TermIndex, name: str, *, root: str = "", kind: str = "class") -> list[str]:
    """Return the local names of the terms whose names are spelt most alike."""
    words: dict[str, str] = {}
    for term in terms:
        if kind in {term.kind, ""} and _under(terms, term, root):
            for word in (term.local_name, *term.words()):
                words.setdefault(normalise(word), term.local_name)
    close = get_close_matches(normalise(name), words, n=_NEAREST * 2, cutoff=0.5)
    return list(dict.fromkeys(words[one] for one in close))[:_NEAREST]


def _named(terms: TermIndex, name: str) -> Iterable[Term]:
    iri = Q + name.removeprefix("q:").removeprefix(Q)
    if iri in terms:
        return (terms.by_iri(iri),)
    found = terms.by_label(name) or terms.by_label(name.replace("_", " "))
    if found:
        return found
    wanted = normalise(name)
    return [one for one in terms if normalise(one.local_name) == wanted]


def _under(terms: TermIndex, term: Term, root: str) -> bool:
    return not root or term.iri == root or root in terms.ancestors(term.iri)


def _is_name(term: Term, name: str) -> bool:
    wanted = normalise(name)
    labels = (text for texts in term.labels.values() for text in texts)
    return any(normalise(one) == wanted for one in (*labels, *term.notations))


def _unknown(terms: TermIndex, name: str, *, root: str, kind: str) -> UnknownTerm:
    nearest = nearest_terms(terms, name, root=root, kind=kind)
    said = ", ".join(nearest)
    return UnknownTerm(
        f"The ontology has no such {kind.replace('_', ' ') or 'term'}: {name!r}.",
        message_zh=f"本体中没有“{name}”。",
        next_step=f"Nearest: {said}." if said else "Look it up at /queries.",
        next_step_zh=f"最接近的有：{said}。" if said else "请在 /queries 中查找。",
        data={"term": name, "nearest": _json(nearest)},
    )


def _ambiguous(name: str, fitting: Iterable[Term]) -> AmbiguousTerm:
    names = [one.local_name for one in fitting]
    return AmbiguousTerm(
        f"{name!r} names several terms: {', '.join(names)}.",
        message_zh=f"“{name}”对应多个术语：{'、'.join(names)}。",
        next_step="Use one of these names.",
        next_step_zh="请改用其中一个名称。",
        data={"term": name, "nearest": _json(names)},
    )


def _json(names: list[str]) -> list[JsonValue]:
    return list(names)
