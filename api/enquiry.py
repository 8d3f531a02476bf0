"""Running a template or a text: names resolved, values bound, asked under guard, the rows a table."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from qualweave.api.service import Service
from qualweave.api.tables import SPARQL_JSON, Table
from qualweave.errors import AmbiguousTerm, JsonValue, NotFound
from qualweave.iri import Q, local_name
from qualweave.ontology.queries.binding import Place, bind, candidates, write_value
from qualweave.ontology.queries.values import Parameter, Template
from qualweave.principal import Principal

_STANDING = """
SELECT ?thing (MAX(?fits) AS ?of) WHERE {{
  VALUES ?thing {{ {things} }} ?thing ?property ?value
  BIND (IF(?property = rdf:type && ?value = <{kind}>, 1, 0) AS ?fits)
}} GROUP BY ?thing ORDER BY DESC(?of) ?thing
"""


@dataclass(frozen=True)
class Found:
    """An answer: the text that was asked, its rows, and the commit that it is of."""

    sparql: str
    table: Table
    commit: str
    seconds: float

    def to_json(self) -> dict[str, JsonValue]:
        """Return text, columns and rows as JSON values."""
        return {
            "sparql": self.sparql,
            "commit": self.commit,
            "seconds": round(self.seconds, 4),
            "count": len(self.table.rows),
            **self.table.to_json(),
        }


def run_template(
    service: Service, template: Template, values: Mapping[str, str], *, principal: Principal
) -> Found:
    """Return the rows of a template.

    Raises:
        InputError: If a parameter is unknown, missing or not of its type.
        NotFound: If a thing that is named is not in the graph, or is none of the class.
        AmbiguousTerm: If an identifier is that of several things.
    """
    given = dict(values)
    for one in template.parameters:
        if one.type == "thing" and given.get(one.name, "").strip():
            named = given[one.name]
            given[one.name] = stand(
                service, one, named, principal=principal, class_iri=template.class_iri
            )
    chosen = given.get("order", given.get("by", ""))
    text = template.variants.get(chosen, template.sparql)
    sparql = bind(text, template.parameters, given, place=place_of(service, principal))
    found = ask(service, sparql, principal=principal, units=template.units)
    if template.kind == "by-id" and not found.table.rows and given.get("offset", "0") == "0":
        raise _not_of(given["thing"], template)
    return found


def ask(service: Service, sparql: str, *, principal: Principal, units: Mapping[str, str]) -> Found:
    """Return the rows of a text, asked under guard."""
    answer = service.query(sparql, principal=principal, accept=SPARQL_JSON)
    table = Table.from_sparql(answer.body, units=units)
    return Found(sparql, table, answer.commit, answer.seconds)


def place_of(service: Service, principal: Principal) -> Place:
    """Return where the names of a principal's request are resolved."""
    return Place(service.terms, tenant=principal.tenant, base=service.settings.base_iri)


def stand(
    service: Service,
    parameter: Parameter,
    given: str,
    *,
    principal: Principal,
    class_iri: str = Q + "PhysicalObject",
) -> str:
    """Return the IRI of the one thing in the graph that an identifier names.

    Raises:
        NotFound: If the graph holds nothing of the name.
        AmbiguousTerm: If it is the identifier of several things, none of them of the class.
    """
    named = candidates(parameter, given.strip(), place_of(service, principal))
    rows = standing(service, named, principal=principal, class_iri=class_iri)
    if not rows and "item" in parameter.kind:
        rows = dict.fromkeys(_numbered(service, given.strip(), principal), False)
    fitting = [thing for thing, of in rows.items() if of] or list(rows)
    if not fitting:
        raise _not_there(given, class_iri)
    if len(fitting) > 1:
        raise AmbiguousTerm(
            f"{given!r} is the identifier of several things: {', '.join(fitting)}.",
            message_zh=f"编号“{given}”对应多个对象。",
            next_step="Give the IRI of the one that is meant.",
            next_step_zh="请提供所指对象的 IRI。",
            data={"thing": given, "nearest": list[JsonValue](fitting)},
        )
    return fitting[0]


def standing(
    service: Service, named: Sequence[str], *, principal: Principal, class_iri: str
) -> dict[str, bool]:
    """Return those of some IRIs that the graph says something of, and whether each is of a class."""
    if not named:
        return {}
    written = Parameter("thing", "thing", {"en": "thing", "zh": "对象"})
    place = place_of(service, principal)
    things = " ".join(write_value(written, one, place) for one in dict.fromkeys(named))
    query = _STANDING.format(things=things, kind=class_iri)
    rows = ask(service, query, principal=principal, units={}).table.rows
    return {str(thing): bool(of) for thing, of in rows}


def numbers_of(
    service: Service, identifiers: Sequence[str], principal: Principal
) -> dict[str, tuple[str, ...]]:
    """Return the items whose GS1 identity ends in a serial or lot number."""
    return {one: tuple(_numbered(service, one, principal)) for one in identifiers}


def _numbered(service: Service, number: str, principal: Principal) -> Sequence[str]:
    with service.reading(principal.tenant) as snapshot:
        return tuple(service.index(snapshot, principal.tenant).numbered(number))


def _not_there(given: str, class_iri: str) -> NotFound:
    name = local_name(class_iri)
    return NotFound(
        f"The graph holds nothing named {given!r}.",
        message_zh=f"图谱中没有“{given}”。",
        next_step=f"Look it up in GET /queries/{name}/list.",
        next_step_zh=f"请在 GET /queries/{name}/list 中查找。",
        data={"thing": given, "class": class_iri},
    )


def _not_of(thing: str, template: Template) -> NotFound:
    name = template.class_iri.removeprefix(Q)
    return NotFound(
        f"{thing} is in the graph, but it has nothing to do with {name}.",
        message_zh=f"{thing} 在图谱中，但与 {name} 无关。",
        next_step=f"Look at GET /queries/{name}/list, or ask for it by its own class.",
        next_step_zh=f"请查看 GET /queries/{name}/list，或按其所属类查询。",
        data={"thing": thing, "class": template.class_iri},
    )
