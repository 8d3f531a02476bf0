"""From what a person types or a scanner reads to the IRI of an item."""

import contextlib
from difflib import get_close_matches

from pyoxigraph import NamedNode

from qualweave.errors import InputError, NotFound
from qualweave.gs1 import canonical
from qualweave.iri import DEFAULT_BASE, local_name, mint
from qualweave.reasoning.trace.genealogy import GenealogyIndex
from qualweave.store.port import Snapshot

_NEAREST = 3


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
        NotFound: If the graph knows no such item; the nearest ones are named.
    """
    for iri in _readings(text.strip(), tenant, base):
        if iri in index or next(snapshot.quads(NamedNode(iri)), None) is not None:
            return iri
    wanted = local_name(text)
    names = {local_name(item): item for item in index.items()}
    near = get_close_matches(wanted, list(names)[:200_000], n=_NEAREST, cutoff=0.6)
    raise NotFound(
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


def _readings(text: str, tenant: str, base: str) -> list[str]:
    found = [text] if "://" in text else []
    with contextlib.suppress(InputError, ValueError):  # no GS1 identity; it may be a plain number
        found.append(canonical(text))
    if text and "://" not in text:
        found.append(mint("item", text, tenant=tenant, base=base))
    return found
