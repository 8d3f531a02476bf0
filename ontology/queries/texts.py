"""The SPARQL of the templates, as texts; names of terms come from the ontology, never from outside.

In each, the page is cut inside (``LIMIT … OFFSET …`` on the scan of one index) and sorted outside.
"""

from collections.abc import Mapping, Sequence

from qualweave.ontology.queries.values import PAGE

# A thing is of several narrowest classes where a record meets a concept: an operation that is a tab welding. The
# concept says more.
_CLASS = (
    "  OPTIONAL { ?thing a ?concept . ?concept a skos:Concept\n"
    "    FILTER NOT EXISTS { ?thing a ?below . ?below rdfs:subClassOf ?concept } }\n"
    "  OPTIONAL { ?thing a ?type FILTER (STRSTARTS(STR(?type), STR(q:)))\n"
    "    FILTER NOT EXISTS { ?thing a ?narrower . ?narrower rdfs:subClassOf ?type } }\n"
)
_MOST_FAR = 500


def instance_list(name: str, columns: Sequence[str]) -> tuple[str, str]:
    """Return the list of a class, a page at a time: with the page sorted, and with the class sorted."""
    shown = "".join(f" (MIN(?{one}_) AS ?{one})" for one in columns)
    optional = "".join(f"  OPTIONAL {{ ?thing q:{one} ?{one}_ }}\n" for one in columns)

    def text(order: str) -> str:
        return (
            f"SELECT ?thing (COALESCE(MIN(?concept), MIN(?type)) AS ?class) (MIN(?named) AS ?label){shown} WHERE {{\n"
            f"  {{ SELECT ?thing WHERE {{ ?thing a q:{name} }} {order}{PAGE} }}\n"
            f"{_CLASS}"
            "  OPTIONAL { ?thing rdfs:label ?named }\n"
            f"{optional}}} GROUP BY ?thing ORDER BY ?thing"
        )

    return text(""), text("ORDER BY ?thing ")


def instance(name: str) -> str:
    """Return everything that is said of one thing."""
    return (
        "SELECT ?property (MIN(?called) AS ?label) ?value (MIN(?code) AS ?unit) WHERE {\n"
        f"  {{ SELECT ?property ?value WHERE {{ $thing a q:{name} ; ?property ?value }} {PAGE} }}\n"
        "  OPTIONAL { ?property rdfs:label ?called FILTER (LANG(?called) = $lang) }\n"
        "  OPTIONAL { ?property q:canonicalUnit ?code }\n"
        "} GROUP BY ?property ?value ORDER BY ?property ?value"
    )


def steps(name: str, out: Sequence[str], into: Sequence[str]) -> str:
    """Return what stands within two steps of a thing: one either way, a second one onward."""
    return (
        "SELECT ?from ?relation ?to ?onward ?far WHERE {\n"
        "  { SELECT ?from ?relation ?to ?near WHERE {\n"
        f"    $thing a q:{name} .\n"
        f"    {{ VALUES ?relation {{ {_prefixed(out)} }} $thing ?relation ?to\n"
        "      BIND ($thing AS ?from) BIND (?to AS ?near) }\n"
        f"    UNION {{ VALUES ?relation {{ {_prefixed(into)} }} ?from ?relation $thing\n"
        "      BIND ($thing AS ?to) BIND (?from AS ?near) }\n"
        f"  }} {PAGE} }}\n"
        "  OPTIONAL { ?near ?onward ?far . ?onward a owl:ObjectProperty FILTER (?far != $thing) }\n"
        f"}} ORDER BY ?from ?relation ?to ?onward ?far LIMIT {_MOST_FAR}"
    )


def instance_counts(
    name: str, children: Sequence[str], dimensions: Sequence[str]
) -> tuple[str, dict[str, str]]:
    """Return how many things a class and those right below it have, and the same by each dimension."""
    by_class = (
        "SELECT ?class (MIN(?called) AS ?label) ?count WHERE {\n"
        "  { SELECT ?class (COUNT(?thing) AS ?count) WHERE {\n"
        f"    VALUES ?class {{ {_prefixed([name, *children])} }} ?thing a ?class\n"
        f"  }} GROUP BY ?class ORDER BY DESC(?count) ?class {PAGE} }}\n"
        "  OPTIONAL { ?class rdfs:label ?called FILTER (LANG(?called) = $lang) }\n"
        "} GROUP BY ?class ?count ORDER BY DESC(?count) ?class"
    )
    return by_class, {one: _by_dimension(name, one) for one in dimensions}


def _by_dimension(name: str, dimension: str) -> str:
    return (
        f"SELECT ?{dimension} (MIN(?called) AS ?label) ?count WHERE {{\n"
        f"  {{ SELECT ?{dimension} (COUNT(?thing) AS ?count) WHERE {{\n"
        f"    ?thing a q:{name} ; q:{dimension} ?{dimension}\n"
        f"  }} GROUP BY ?{dimension} ORDER BY DESC(?count) ?{dimension} {PAGE} }}\n"
        f"  OPTIONAL {{ ?{dimension} rdfs:label ?called\n"
        '    FILTER (LANG(?called) = $lang || LANG(?called) = "") }\n'
        f"}} GROUP BY ?{dimension} ?count ORDER BY DESC(?count) ?{dimension}"
    )


def value_list(names: Sequence[str]) -> tuple[str, str]:
    """Return the values of parameters with where and when each was taken, a page at a time."""

    def text(order: str) -> str:
        return (
            "SELECT ?thing ?parameter ?value (MIN(?by) AS ?equipment) (MIN(?on) AS ?line) "
            "(MIN(?at) AS ?time) WHERE {\n"
            "  { SELECT ?thing ?parameter ?value WHERE {\n"
            f"    {_each(names, '?thing ?parameter ?value')}\n"
            f"  }} {order}{PAGE} }}\n"
            "  OPTIONAL { ?thing q:usesEquipment ?by }\n"
            "  OPTIONAL { ?thing q:onLine ?on }\n"
            "  OPTIONAL { ?thing q:startedAt ?at }\n"
            "} GROUP BY ?thing ?parameter ?value ORDER BY ?thing ?parameter ?value"
        )

    return text(""), text("ORDER BY ?thing ?parameter ?value ")


def values_of(names: Sequence[str]) -> str:
    """Return the values of parameters at one operation, inspection, card or case."""
    return (
        "SELECT ?parameter (MIN(?called) AS ?label) ?value (MIN(?code) AS ?unit) WHERE {\n"
        "  { SELECT ?parameter ?value WHERE {\n"
        f"    {_each(names, '$thing ?parameter ?value')}\n"
        f"  }} {PAGE} }}\n"
        "  OPTIONAL { ?parameter rdfs:label ?called FILTER (LANG(?called) = $lang) }\n"
        "  OPTIONAL { ?parameter q:canonicalUnit ?code }\n"
        "} GROUP BY ?parameter ?value ORDER BY ?parameter ?value"
    )


def value_steps(names: Sequence[str]) -> str:
    """Return what a value leads to: its operation or inspection, the items of that, and their defects."""
    return (
        "SELECT ?parameter ?value ?item ?defect WHERE {\n"
        "  { SELECT ?parameter ?value WHERE {\n"
        f"    {_each(names, '$thing ?parameter ?value')}\n"
        f"  }} {PAGE} }}\n"
        "  OPTIONAL {\n"
        "    { ?item q:producedBy $thing } UNION { $thing q:inspects ?item }\n"
        "    OPTIONAL { ?defect q:foundOn ?item }\n"
        "  }\n"
        f"}} ORDER BY ?parameter ?value ?item ?defect LIMIT {_MOST_FAR}"
    )


def value_figures(names: Sequence[str]) -> tuple[str, dict[str, str]]:
    """Return number, mean, least and greatest value of parameters, and the same by line or equipment."""

    def text(column: str, link: str) -> str:
        return (
            f"SELECT ?parameter {column}?count ?mean ?least ?greatest (MIN(?called) AS ?label) "
            "(MIN(?code) AS ?unit) WHERE {\n"
            f"  {{ SELECT ?parameter {column}(COUNT(?value) AS ?count) (AVG(?value) AS ?mean) "
            "(MIN(?value) AS ?least) (MAX(?value) AS ?greatest) WHERE {\n"
            f"    {_each(names, f'?thing ?parameter ?value{link}')}\n"
            f"  }} GROUP BY ?parameter {column}ORDER BY DESC(?count) ?parameter {column}{PAGE} }}\n"
            "  OPTIONAL { ?parameter rdfs:label ?called FILTER (LANG(?called) = $lang) }\n"
            "  OPTIONAL { ?parameter q:canonicalUnit ?code }\n"
            f"}} GROUP BY ?parameter {column}?count ?mean ?least ?greatest "
            f"ORDER BY DESC(?count) ?parameter {column}".rstrip()
        )

    grouped = {
        "line": text("?line ", " ; q:onLine ?line"),
        "equipment": text("?equipment ", " ; q:usesEquipment ?equipment"),
    }
    return text("", ""), grouped


def naming_list(names: Sequence[str], relations: Sequence[str]) -> tuple[str, str]:
    """Return what names a mechanism, a page at a time."""

    def text(order: str) -> str:
        return (
            "SELECT ?thing ?relation ?mechanism (MIN(?from) AS ?cause) (MIN(?to) AS ?effect) WHERE {\n"
            "  { SELECT ?thing ?relation ?mechanism WHERE {\n"
            f"    {_naming(names, relations)}\n"
            f"  }} {order}{PAGE} }}\n"
            "  OPTIONAL { ?thing q:hasCause ?from }\n"
            "  OPTIONAL { ?thing q:hasEffect ?to }\n"
            "} GROUP BY ?thing ?relation ?mechanism ORDER BY ?thing ?relation ?mechanism"
        )

    return text(""), text("ORDER BY ?thing ?relation ?mechanism ")


def naming_of(names: Sequence[str], relations: Sequence[str]) -> str:
    """Return the mechanisms that one link, label or defect names, with their labels."""
    return (
        "SELECT ?relation ?mechanism (MIN(?called) AS ?label) WHERE {\n"
        f"  {{ SELECT ?relation ?mechanism WHERE {{ {_naming(names, relations, '$thing')} }} {PAGE} }}\n"
        "  OPTIONAL { ?mechanism rdfs:label ?called FILTER (LANG(?called) = $lang) }\n"
        "} GROUP BY ?relation ?mechanism ORDER BY ?relation ?mechanism"
    )


def naming_steps(names: Sequence[str], relations: Sequence[str]) -> str:
    """Return cause and effect of what names a mechanism, and who stands by it."""
    return (
        "SELECT ?mechanism ?cause ?effect ?alarm ?item WHERE {\n"
        f"  {{ SELECT ?mechanism WHERE {{ {_naming(names, relations, '$thing')} }} {PAGE} }}\n"
        "  OPTIONAL { $thing q:hasCause ?cause }\n"
        "  OPTIONAL { $thing q:hasEffect ?effect }\n"
        "  OPTIONAL { ?alarm q:hasRootCauseLabel $thing OPTIONAL { ?alarm q:alarmOn ?item } }\n"
        f"}} ORDER BY ?mechanism ?cause ?effect ?alarm ?item LIMIT {_MOST_FAR}"
    )


def naming_counts(names: Sequence[str], relations: Sequence[str]) -> tuple[str, Mapping[str, str]]:
    """Return how often each mechanism is named."""
    text = (
        "SELECT ?mechanism (MIN(?called) AS ?label) ?count WHERE {\n"
        "  { SELECT ?mechanism (COUNT(?thing) AS ?count) WHERE {\n"
        f"    {_naming(names, relations)}\n"
        f"  }} GROUP BY ?mechanism ORDER BY DESC(?count) ?mechanism {PAGE} }}\n"
        "  OPTIONAL { ?mechanism rdfs:label ?called FILTER (LANG(?called) = $lang) }\n"
        "} GROUP BY ?mechanism ?count ORDER BY DESC(?count) ?mechanism"
    )
    return text, {}


def _each(names: Sequence[str], pattern: str) -> str:
    return f"VALUES ?parameter {{ {_prefixed(names)} }} {pattern}"


def _naming(names: Sequence[str], relations: Sequence[str], thing: str = "?thing") -> str:
    return (
        f"VALUES ?relation {{ {_prefixed(relations)} }} VALUES ?mechanism {{ {_prefixed(names)} }} "
        f"{thing} ?relation ?mechanism"
    )


def _prefixed(names: Sequence[str]) -> str:
    return " ".join(f"q:{one}" for one in names)
