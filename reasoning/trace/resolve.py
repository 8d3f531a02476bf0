"""From what a person types or a scanner reads to the IRI of an item."""

from difflib import get_close_matches
from itertools import islice

from pyoxigraph import NamedNode

from qualweave.errors import AmbiguousTerm, NotFound
from qualweave.gs1 import canonical, looks_like
from qualweave.iri import DEFAULT_BASE, local_name, mint
from qualweave.reasoning.trace.genealogy import GenealogyIndex
from qualweave.store.port import Snapshot

_NEAREST, _ALIKE = 3, 2
_SEARCHED, _COMPARED = 100_000, 5_000  # so that a wrong number is answered within a second


def resolve_item(
    snapshot: Snapshot,
    index: GenealogyIndex,
    text: str,
    *,
    tenant: str = "plant",
    base: str = DEFAULT_BASE,
) -> str:
    """Return the IRI of an item that is given as IRI, GS1 identity or plain serial or lot number.

    Raises:
        BadIdentity: If the text is meant as a GS1 identity and is not a valid one.
        AmbiguousTerm: If a plain number is that of several items.
        NotFound: If the graph knows no such item; the nearest ones are named.
    """
    wanted = text.strip()
    if looks_like(wanted) or wanted.startswith("("):
        readings = [canonical(wanted)]
    elif "://" in wanted or wanted.startswith("urn:"):
        readings = [wanted]
    elif wanted:
        readings = [mint("item", wanted, tenant=tenant, base=base)]
    else:
        readings = []
    known = [iri for iri in readings if iri in index or _is_subject(snapshot, iri, tenant)]
    if readings and "://" not in wanted and not wanted.startswith("urn:") and wanted[0] != "(":
        # A serial number alone may also be the last part of a GS1 identity.
        known += [one for one in index.numbered(wanted) if one not in known]
    if len(known) == 1:
        return known[0]
    if known:
        raise _ambiguous(wanted, known)
    raise _unknown(index, wanted)


def _is_subject(snapshot: Snapshot, iri: str, tenant: str) -> bool:
    """Return whether a tenant states something of an IRI; that the ontology knows it makes it no item."""
    try:
        node = NamedNode(iri)
    except ValueError:
        return False
    said = {getattr(quad.graph_name, "value", "") for quad in snapshot.quads(node)}
    own = snapshot.graphs("data", "decisions", "learned", tenant=tenant)
    return bool(said) and any(one.graph in said for one in own)


def _ambiguous(text: str, known: list[str]) -> AmbiguousTerm:
    return AmbiguousTerm(
        f"{text!r} is the number of {len(known)} items: " + ", ".join(known) + ".",
        message_zh=f"{text!r} 对应 {len(known)} 件物品：" + "、".join(known) + "。",
        next_step="Give the full identity (GTIN and serial or lot number, or the IRI).",
        next_step_zh="请给出完整标识（GTIN 加序列号或批号，或 IRI）。",
        data={"item": text, "candidates": list(known)},
    )


def _unknown(index: GenealogyIndex, text: str) -> NotFound:
    wanted = local_name(text)
    names: dict[str, str] = {}
    for item in islice(index.items(), _SEARCHED):
        name = local_name(item)
        if name[:_ALIKE].casefold() == wanted[:_ALIKE].casefold():
            names.setdefault(name, item)
    near = get_close_matches(wanted, list(names)[:_COMPARED], n=_NEAREST, cutoff=0.6)
    return NotFound(
        f"No item {wanted!r} is known.",
        message_zh=f"未找到物品 {wanted!r}。",
        next_step="Nearest: " + ", ".join(near) + "."
        if near
        else "Check the number, or ingest its records.",
        next_step_zh="最接近的有：" + "、".join(near) + "。"
        if near
        else "请检查编号，或导入其记录。",
        data={"item": text, "nearest": [names[one] for one in near]},
    )
