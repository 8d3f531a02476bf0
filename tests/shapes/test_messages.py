"""Messages of validation keep their language, whatever engine fills them in."""

from rdflib import Graph

from qualweave.shapes.validate import validate_graph

SHAPES = """
@prefix sh: <http://www.w3.org/ns/shacl#> . @prefix e: <http://example.org/> .
e:S a sh:NodeShape ; sh:targetClass e:C ; sh:sparql [ a sh:SPARQLConstraint ;
  sh:message "{?value} is not allowed here"@en, "此处不允许 {?value}"@zh ;
  sh:select "SELECT $this ?value WHERE { $this <http://example.org/p> ?value }" ] .
"""
DATA = '@prefix e: <http://example.org/> . e:x a e:C ; e:p "温度_℃" .'


def test_a_message_that_a_query_fills_in_keeps_its_language() -> None:
    verdict = validate_graph(Graph().parse(data=DATA), shapes=Graph().parse(data=SHAPES))

    [found] = verdict.results
    assert found.message == {"en": "温度_℃ is not allowed here", "zh": "此处不允许 温度_℃"}
