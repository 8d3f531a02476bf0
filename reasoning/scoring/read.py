"""The values of items that a score needs, read from the graph with the records that state them."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from decimal import Decimal, localcontext

from qualweave.iri import Q
from qualweave.ontology.dictionary.numbers import convert, tidy
from qualweave.ontology.terms import TermIndex
from qualweave.ontology.weights import WeightVersion
from qualweave.reasoning.graph_extract import node_of
from qualweave.reasoning.scoring.score import Reading
from qualweave.store.port import Snapshot
from qualweave.values import unit_of

_VALUES = """
SELECT ?item ?parameter ?value ?record WHERE {
  VALUES ?item { %s }
  VALUES ?parameter { %s }
  { ?item ?parameter ?value BIND (?item AS ?record) }
  UNION { ?item q:producedBy ?record . ?record ?parameter ?value }
  UNION { ?record q:inspects ?item ; ?parameter ?value }
  FILTER (isNumeric(?value))
}"""
_DIGITS = 15


def read_readings(
    snapshot: Snapshot,
    items: Sequence[str],
    version: WeightVersion,
    terms: TermIndex,
    *,
    tenant: str,
) -> Mapping[str, Mapping[str, Reading]]:
    """Return the weighted values of items: the mean where several records of an item state a parameter.

    Args:
        snapshot: As the tenant sees it.
        items: IRIs.
        version: What is weighed, and on which scales; values are returned in their units.
        terms: Says in which unit the graph holds a parameter.
        tenant: Whose records.
    """
    scales = {one.parameter: one.scale for one in version.weights}
    nodes = " ".join(str(node_of(one)) for one in items)
    parameters = " ".join(f"<{one}>" for one in scales)
    graphs = [one.graph for one in snapshot.graphs("data", tenant=tenant)]
    rows = snapshot.select(_VALUES % (nodes, parameters), graphs=graphs) if graphs and items else []
    seen: dict[tuple[str, str], dict[tuple[str, Decimal], None]] = defaultdict(dict)
    for row in rows:
        item, parameter, value, record = (
            str(getattr(row[name], "value", ""))
            for name in ("item", "parameter", "value", "record")
        )
        seen[item, parameter][record, Decimal(value)] = None
    found: dict[str, dict[str, Reading]] = {item: {} for item in items}
    for (item, parameter), stated in seen.items():
        unit = scales[parameter].unit
        canonical = unit_of(terms.by_iri(parameter).canonical_unit or unit.ucum)
        with localcontext() as context:
            context.prec = _DIGITS
            mean = sum((value for _, value in stated), Decimal(0)) / len(stated)
        sources = tuple(sorted({record for record, _ in stated}))
        found[item][parameter] = Reading(tidy(convert(mean, canonical, unit)), sources)
    return found


def weighted_items(
    snapshot: Snapshot, version: WeightVersion, *, tenant: str, limit: int
) -> list[str]:
    """Return the items of which the graph states a weighted parameter, sorted, at most ``limit``."""
    wanted = " ".join(f"<{one.parameter}>" for one in version.weights if one.percent > 0)
    query = f"""SELECT DISTINCT ?item WHERE {{ VALUES ?parameter {{ {wanted} }} ?record ?parameter ?value .
      {{ ?item <{Q}producedBy> ?record }} UNION {{ ?record <{Q}inspects> ?item }} }} ORDER BY ?item LIMIT {limit}"""
    graphs = [one.graph for one in snapshot.graphs("data", tenant=tenant)]
    rows = snapshot.select(query, graphs=graphs) if graphs else []
    return [str(getattr(row["item"], "value", "")) for row in rows]
