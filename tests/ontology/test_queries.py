"""The four templates of every class: they parse, mean what they say on a small graph, and take values safely."""

import pyoxigraph as ox
import pytest
from hypothesis import given
from hypothesis import strategies as st

from qualweave.errors import AmbiguousTerm, InputError, UnknownTerm
from qualweave.iri import PREFIXES, Q, mint
from qualweave.ontology.load import load_graph, load_ntriples
from qualweave.ontology.queries.binding import Place, bind
from qualweave.ontology.queries.generate import TemplateBook
from qualweave.ontology.queries.lookup import find_term
from qualweave.ontology.queries.values import KINDS, Parameter, Template
from qualweave.ontology.terms import TermIndex
from qualweave.store.guard import read_outline

_DATA = """
@prefix q: <https://w3id.org/qonto/> . @prefix d: <https://example.org/id/plant/> . @prefix x: <http://www.w3.org/2001/XMLSchema#> .
@prefix rdfs: <http://www.w3.org/2000/01/rdf-schema#> .
<https://example.org/id/plant/operation/OP-1> a q:TabWelding, q:Welding, q:Joining, q:ManufacturingActivity, q:Operation, q:Activity ; q:onLine <https://example.org/id/plant/line/L1> ;
  q:WeldCurrent 181.0 ; q:startedAt "2025-01-06T08:00:00"^^x:dateTime .
<https://example.org/id/plant/operation/OP-2> a q:TabWelding, q:Welding, q:Joining, q:ManufacturingActivity, q:Operation, q:Activity ; q:onLine <https://example.org/id/plant/line/L2> ; q:WeldCurrent 185.0 .
<https://example.org/id/plant/item/C-1> a q:MaterialItem ; q:producedBy <https://example.org/id/plant/operation/OP-1> ;
  q:derivedFromMaterial <https://example.org/id/plant/item/R-1> .
<https://example.org/id/plant/item/R-1> a q:MaterialItem ; q:derivedFromMaterial <https://example.org/id/plant/item/R-0> .
<https://example.org/id/plant/defect/D-1> a q:FalseWeld, q:WeldDefect, q:Defect, q:Nonconformity ; q:foundOn <https://example.org/id/plant/item/C-1> .
<https://example.org/id/plant/label/LB-1> a q:RootCauseLabel ; q:hasCause q:WeldCurrent ; q:hasEffect q:FalseWeld ; q:viaMechanism q:InsufficientHeatInput .
"""
_GRAPH = ox.NamedNode("https://example.org/id/graph/data/plant/t/1")


@pytest.fixture(scope="module")
def book() -> TemplateBook:
    graph = load_graph()
    return TemplateBook(TermIndex.from_graph(graph), graph)


@pytest.fixture(scope="module")
def store() -> ox.Store:
    made = ox.Store()
    made.load(load_ntriples(), format=ox.RdfFormat.N_TRIPLES, to_graph=_GRAPH)
    made.load(_DATA.encode(), format=ox.RdfFormat.TURTLE, to_graph=_GRAPH)
    return made


def _run(store: ox.Store, text: str) -> list[dict[str, str | None]]:
    found = store.query(
        text, prefixes=dict(PREFIXES), default_graph=[_GRAPH], named_graphs=[_GRAPH]
    )
    assert isinstance(found, ox.QuerySolutions)
    names = [one.value for one in found.variables]
    return [
        {name: getattr(value, "value", None) for name, value in zip(names, row, strict=True)}
        for row in found
    ]


def _asked(
    book: TemplateBook, store: ox.Store, name: str, **values: str
) -> list[dict[str, str | None]]:
    label, kind = name.split("/")
    template = book.template(find_term(book.terms, label), kind)  # type: ignore[arg-type]
    chosen = values.get("by", values.get("order", ""))
    text = template.variants.get(chosen, template.sparql)
    return _run(store, bind(text, template.parameters, values, place=Place(book.terms)))


def _texts(template: Template) -> list[str]:
    return [template.sparql, *template.variants.values()]


def test_every_class_has_four_templates_that_parse_before_anything_is_bound(
    book: TemplateBook,
) -> None:
    empty = ox.Store()

    made = list(book.all())
    for template in made:
        for text in _texts(template):
            assert isinstance(empty.query(text, prefixes=dict(PREFIXES)), ox.QuerySolutions)

    assert len(made) == len(KINDS) * sum(one.kind == "class" for one in book.terms)
    assert len({one.name for one in made}) == len(made)


def test_every_template_is_named_in_both_languages_and_pages_in_a_stable_order(
    book: TemplateBook,
) -> None:
    for template in book.all():
        assert set(template.label) == {"en", "zh"}
        for text in _texts(template):
            assert text.count("LIMIT 50 OFFSET 0") == 1
            assert "ORDER BY" in text.rsplit("}", 1)[1]


def test_no_template_walks_the_genealogy_by_a_path(book: TemplateBook) -> None:
    for template in book.all():
        assert "+" not in template.sparql
        assert "*" not in template.sparql
        assert template.kind != "trace" or template.call.startswith("GET /trace/{")


def test_the_guard_reads_the_templates(book: TemplateBook) -> None:
    for template in list(book.all())[::61]:
        bound = bind(
            template.sparql,
            template.parameters,
            {
                one.name: "https://example.org/x"
                for one in template.parameters
                if one.type == "thing"
            },
            place=Place(book.terms),
        )

        assert read_outline(bound).form == "select"


def test_a_list_shows_the_narrowest_class_and_the_columns_of_its_class(
    book: TemplateBook, store: ox.Store
) -> None:
    rows = _asked(book, store, "Activity/list")

    assert [row["class"] for row in rows] == [Q + "TabWelding"] * 2
    assert [row["onLine"] for row in rows] == [mint("line", "L1"), mint("line", "L2")]


def test_a_parameter_lists_its_values_with_where_and_the_unit_of_the_column(
    book: TemplateBook, store: ox.Store
) -> None:
    rows = _asked(book, store, "WeldCurrent/list")

    assert [(row["thing"], row["value"]) for row in rows] == [
        (mint("operation", "OP-1"), "181.0"),
        (mint("operation", "OP-2"), "185.0"),
    ] or [float(str(row["value"])) for row in rows] == [181.0, 185.0]
    assert book.template(find_term(book.terms, "WeldCurrent"), "list").units == {"value": "A"}


def test_a_general_parameter_counts_those_below_it(book: TemplateBook, store: ox.Store) -> None:
    rows = _asked(book, store, "ProcessParameter/aggregate", lang="zh")

    assert [(row["parameter"], row["count"], row["label"]) for row in rows] == [
        (Q + "WeldCurrent", "2", "焊接电流")
    ]
    assert float(str(rows[0]["mean"])) == pytest.approx(183.0)


def test_a_parameter_is_counted_by_line(book: TemplateBook, store: ox.Store) -> None:
    rows = _asked(book, store, "WeldCurrent/aggregate", by="line")

    assert {(row["line"], row["count"]) for row in rows} == {
        (mint("line", "L1"), "1"),
        (mint("line", "L2"), "1"),
    }


def test_a_class_counts_itself_and_those_right_below_it(
    book: TemplateBook, store: ox.Store
) -> None:
    rows = _asked(book, store, "Defect/aggregate")

    assert [(row["class"], row["count"]) for row in rows] == [
        (Q + "Defect", "1"),
        (Q + "WeldDefect", "1"),
    ]


def test_by_id_gives_each_property_with_its_label_and_unit(
    book: TemplateBook, store: ox.Store
) -> None:
    rows = _asked(book, store, "TabWelding/by-id", thing=mint("operation", "OP-1"))

    told = {row["property"]: (row["label"], row["unit"]) for row in rows}
    assert told[Q + "WeldCurrent"] == ("welding current", "A")


def test_a_trace_goes_two_steps_both_ways_and_names_the_call_that_goes_on(
    book: TemplateBook, store: ox.Store
) -> None:
    rows = _asked(book, store, "MaterialItem/trace", thing=mint("item", "C-1"))

    steps = {(row["from"], row["relation"], row["to"], row["far"]) for row in rows}
    item = mint("item", "C-1")
    assert (item, Q + "derivedFromMaterial", mint("item", "R-1"), mint("item", "R-0")) in steps
    assert (mint("defect", "D-1"), Q + "foundOn", item, None) in steps
    call = book.template(find_term(book.terms, "MaterialItem"), "trace").call
    assert call == "GET /trace/{thing}?direction=back|forward"


def test_the_trace_of_a_value_leads_to_the_items_and_their_defects_only(
    book: TemplateBook, store: ox.Store
) -> None:
    welded = _asked(book, store, "WeldCurrent/trace", thing=mint("operation", "OP-1"))
    none = _asked(book, store, "WeldCurrent/trace", thing=mint("operation", "OP-2"))

    assert [(row["item"], row["defect"]) for row in welded] == [
        (mint("item", "C-1"), mint("defect", "D-1"))
    ]
    assert [(row["item"], row["defect"]) for row in none] == [(None, None)]


def test_a_mechanism_lists_what_names_it(book: TemplateBook, store: ox.Store) -> None:
    rows = _asked(book, store, "FailureMechanism/list", limit="1000")

    named = {(row["thing"], row["cause"], row["effect"]) for row in rows}
    assert (mint("label", "LB-1"), Q + "WeldCurrent", Q + "FalseWeld") in named


@given(st.text(max_size=80))
def test_a_text_comes_back_as_it_went_in(text: str) -> None:
    parameter = Parameter("word", "text", {"en": "word", "zh": "词"})
    place = Place(TermIndex(()))
    if not text.strip():
        return

    bound = bind("SELECT ?x WHERE { BIND ($word AS ?x) }", [parameter], {"word": text}, place=place)

    rows = list(ox.Store().query(bound))  # type: ignore[arg-type]
    assert [row[0].value for row in rows] == [text.strip()]  # type: ignore[index]


@pytest.mark.parametrize(
    ("kind", "value"),
    [
        ("thing", "https://example.org/x> ?p ?o . <https://example.org/y"),
        ("thing", "https://example.org/x y"),
        ("thing", "nobody:knows"),
        ("integer", "5 } UNION { ?s ?p ?o"),
        ("integer", "١٢"),
        ("decimal", "NaN"),
        ("decimal", "1e99"),
        ("date", "yesterday"),
        ("language", 'en" || true || "" = "'),
        ("limit", "0"),
        ("limit", "5000"),
        ("limit", "50 OFFSET 3"),
        ("offset", "-1"),
        ("choice", "onLine ?x . ?x q:onLine"),
        ("text", "x" * 501),
    ],
)
def test_a_value_that_is_not_of_its_type_is_refused(kind: str, value: str) -> None:
    parameter = Parameter("p", kind, {"en": "p", "zh": "p"}, choices=("onLine",))  # type: ignore[arg-type]

    with pytest.raises(InputError):
        bind("SELECT * WHERE { ?s ?p $p }", [parameter], {"p": value}, place=Place(TermIndex(())))


@pytest.mark.parametrize(
    ("given", "found"), [("2025-01-06", "true"), ("2025-01-06T09:00:00+08:00", "false")]
)
def test_a_day_begins_at_midnight_utc_and_is_comparable(given: str, found: str) -> None:
    parameter = Parameter("day", "date", {"en": "day", "zh": "日期"})
    text = 'ASK { BIND ("2025-01-06T00:30:00Z"^^xsd:dateTime AS ?at) FILTER (?at >= $day) }'

    bound = bind(text, [parameter], {"day": given}, place=Place(TermIndex(())))

    answer = ox.Store().query(bound, prefixes=dict(PREFIXES))

    assert str(bool(answer)).lower() == found


def test_an_unknown_and_a_missing_parameter_are_named() -> None:
    parameter = Parameter("line", "thing", {"en": "line", "zh": "产线"}, kind=("line",))
    place = Place(TermIndex(()))

    with pytest.raises(InputError, match="no parameter 'lime'"):
        bind("", [parameter], {"lime": "x"}, place=place)
    with pytest.raises(InputError, match="is missing"):
        bind("", [parameter], {}, place=place)


@pytest.mark.parametrize("name", ["Warpage", "warpage", "翘曲", "q:Warpage", Q + "Warpage"])
def test_a_class_is_found_by_any_of_its_names(book: TemplateBook, name: str) -> None:
    assert find_term(book.terms, name).local_name == "Warpage"


def test_a_class_nobody_knows_is_refused_with_the_nearest(book: TemplateBook) -> None:
    with pytest.raises(UnknownTerm, match="WeldCurent") as told:
        find_term(book.terms, "WeldCurent")

    assert "WeldCurrent" in told.value.data["nearest"]  # type: ignore[operator]


def test_a_name_of_several_classes_is_refused_with_all_of_them(book: TemplateBook) -> None:
    shared = next(
        word
        for term in book.classes()
        for word in term.words()
        if len([one for one in book.terms.by_label(word) if one.kind == "class"]) > 1
        and not any(
            word in texts for one in book.terms.by_label(word) for texts in one.labels.values()
        )
    )

    with pytest.raises(AmbiguousTerm, match="several"):
        find_term(book.terms, shared)
