"""Bad documents: XML, JSON, EPCIS, OWL, and what is broken in the middle."""

import json
from pathlib import Path

from tests.mappers.bad_inputs.case import case, rows

_HEAD = ("operation", "equipment", "serial number", "start time", "temperature")


def _records(path: Path, count: int = 10) -> list[dict[str, str]]:
    return [dict(zip(_HEAD, one.split(","), strict=True)) for one in rows(path, count)]


def _xml(path: Path, count: int = 10) -> str:
    inner = "".join(
        "<Row>" + "".join(f'<P name="{k}">{v}</P>' for k, v in one.items()) + "</Row>\n"
        for one in _records(path, count)
    )
    return f'<?xml version="1.0" encoding="UTF-8"?>\n<Export>\n{inner}</Export>\n'


# --- XML ---------------------------------------------------------------------------------------------


def _bomb(levels: int, width: int, where: str) -> str:
    entities = '<!ENTITY l0 "lol">' + "".join(
        f'<!ENTITY l{n} "{f"&l{n - 1};" * width}">' for n in range(1, levels)
    )
    inner = (
        f'<Row><P v="&l{levels - 1};">1</P></Row>'
        if where == "attribute"
        else f"<Row><P>&l{levels - 1};</P></Row>"
    )
    return f'<?xml version="1.0"?><!DOCTYPE E [{entities}]><E>{inner}<Row><P>2</P></Row></E>'


@case("xml", refused=r"line 1, column \d+: .*entit", heavy=True)
def billion_laughs_in_an_attribute(path: Path) -> None:
    path.write_text(_bomb(12, 10, "attribute"))


@case("xml", refused=r"line 1, column \d+: .*entit", heavy=True)
def billion_laughs_in_a_text(path: Path) -> None:
    path.write_text(_bomb(12, 10, "text"))


@case("xml", refused=r"line 1, column \d+: .*entit", heavy=True)
def quadratic_blow_up(path: Path) -> None:
    body = "&a;" * 50_000
    path.write_text(
        f'<!DOCTYPE E [<!ENTITY a "{"x" * 50_000}">]><E><Row><P>{body}</P></Row><Row><P>2</P></Row></E>'
    )


@case("xml", refused=r"line 1, column \d+: .*entit", heavy=True)
def quadratic_blow_up_in_an_attribute(path: Path) -> None:
    body = "&a;" * 50_000
    path.write_text(
        f'<!DOCTYPE E [<!ENTITY a "{"x" * 50_000}">]><E><Row v="{body}"/><Row v="2"/></E>'
    )


@case("xml", lifted=10)
def an_entity_that_names_a_file(path: Path) -> None:
    text = _xml(path).replace("<Export>", "<Export><Secret>&e;</Secret>", 1)
    head = '<!DOCTYPE Export [<!ENTITY e SYSTEM "file:///etc/passwd">]>\n<Export>'
    path.write_text(text.replace("<Export>", head, 1))


@case("xml", lifted=10)
def a_dtd_on_another_machine(path: Path) -> None:
    head = '<!DOCTYPE Export SYSTEM "http://127.0.0.1:9/x.dtd">\n<Export>'
    path.write_text(_xml(path).replace("<Export>", head, 1))


@case("xml", refused=r"line \d+, column \d+")
def half_an_xml_file(path: Path) -> None:
    text = _xml(path)
    path.write_text(text[: len(text) // 2])


@case("xml", refused=r"line 3, column \d+")
def xml_in_another_charset_than_it_says(path: Path) -> None:
    path.write_bytes(_xml(path).replace("WB-1", "键合机").encode("gb18030"))


@case("xml", lifted=10)
def a_mess_of_namespaces(path: Path) -> None:
    text = _xml(path).replace(
        "<Export>", '<a:Export xmlns:a="urn:x" xmlns="urn:y" xmlns:b="urn:x">', 1
    )
    text = (
        text.replace("</Export>", "</a:Export>")
        .replace("<P ", '<b:P xmlns:c="" '.replace(' xmlns:c=""', ""), 3)
        .replace("</P>", "</b:P>", 3)
    )
    path.write_text(text)


@case("xml", refused=r"line \d+, column \d+: .*prefix")
def a_namespace_that_nobody_declares(path: Path) -> None:
    path.write_text(_xml(path).replace("<Row>", "<q:Row>").replace("</Row>", "</q:Row>"))


@case("xml", refused="levels of nesting|depth", heavy=True)
def deep_xml(path: Path) -> None:
    path.write_text("<a>" * 100_000 + "</a>" * 100_000)


@case("xml", heavy=True, lifted=1)
def a_hundred_thousand_equal_leaves(path: Path) -> None:
    path.write_text("<E><V>1</V>" + "<V>2</V>" * 100_000 + "</E>")


@case("xml", refused="no record was found")
def xml_that_says_nothing(path: Path) -> None:
    path.write_text("<a/>")


@case("xls", refused=r"line \d+, column \d+|no record")
def a_web_page_called_workbook(path: Path) -> None:
    path.write_text(
        "<html><head><meta charset=utf-8><title>x</title></head><body><table><tr><td>1<td>2</table>"
    )


# --- JSON --------------------------------------------------------------------------------------------


@case("json", refused="levels of nesting|nested too deeply", heavy=True)
def deep_json(path: Path) -> None:
    path.write_text("[" * 100_000 + "]" * 100_000)


@case("json", refused="levels of nesting|nested too deeply", heavy=True)
def deep_json_objects(path: Path) -> None:
    path.write_text('{"a":' * 100_000 + "1" + "}" * 100_000)


@case("json", heavy=True, lifted=2)
def json_of_two_hundred_levels(path: Path) -> None:
    path.write_text('[{"id": 1, "deep": ' + '{"a": [{"b": ' * 100 + "1" + "}]}" * 100 + "}]")


@case("json", refused=r"line 1, column 1")
def json_below_a_comment(path: Path) -> None:
    path.write_text("// exported by the controller\n" + json.dumps(_records(path), indent=1))


@case("json", refused=r"line \d+, column \d+")
def half_a_json_file(path: Path) -> None:
    text = json.dumps(_records(path), indent=1)
    path.write_text(text[: len(text) // 2])


@case("json", lifted=10, columns=6)
def repeated_json_keys(path: Path) -> None:
    path.write_text(
        json.dumps(_records(path)).replace('"temperature"', '"temperature": 1, "temperature"')
    )


@case(
    "json",
    lifted=11,
    waits=tuple((n, "temperature", "not-readable") for n in (12, 13, 14)),
)
def json_numbers_without_end(path: Path) -> None:
    text = json.dumps(_records(path, 14))
    for n, odd_one in zip((11, 12, 13, 14), ("NaN", "Infinity", "-Infinity", "1e400"), strict=True):
        text = text.replace(f'"{20 + n / 8}"', odd_one)
    path.write_text(text)


@case("json", lifted=9, waits=((10, "serial number", "charset"),))
def half_of_a_surrogate_pair(path: Path) -> None:
    path.write_text(json.dumps(_records(path)).replace(f"S-{path.stem[:24]}-10", "S\\ud800"))


@case("json", lifted=9, waits=((10, "serial number", "control"),))
def a_nul_in_json(path: Path) -> None:
    path.write_text(json.dumps(_records(path)).replace(f"S-{path.stem[:24]}-10", "S\\u0000"))


@case("json", refused="no array of records")
def an_empty_array(path: Path) -> None:
    path.write_text("[]")


@case("json", refused="no array of records")
def an_empty_object(path: Path) -> None:
    path.write_text("{}")


@case("jsonl", lifted=9, waits=((5, "", "row-syntax"), (11, "", "row-syntax")))
def json_lines_of_which_two_are_broken(path: Path) -> None:
    lines = [json.dumps(one) for one in _records(path)]
    lines[4] = lines[4][:-1] + ",}"
    path.write_text("\n".join([*lines, lines[9][:30]]))


@case("jsonl", heavy=True, lifted=3)
def a_deep_line_among_good_ones(path: Path) -> None:
    path.write_text('{"a": 1}\n' + '{"a": ' * 50_000 + "1" + "}" * 50_000 + '\n{"a": 2}\n')


# --- standards ---------------------------------------------------------------------------------------


_EVENT = {
    "type": "ObjectEvent",
    "eventTime": "2025-01-01T09:00:00Z",
    "eventTimeZoneOffset": "+08:00",
    "epcList": ["urn:epc:id:sgtin:0614141.107346.2018"],
    "action": "OBSERVE",
}


@case("json", refused="not JSON|cut off")
def half_an_epcis_document(path: Path) -> None:
    document = {"@context": [], "type": "EPCISDocument", "schemaVersion": "2.0", "epcisBody": {"eventList": [_EVENT] * 5}}  # fmt: skip
    path.write_text(json.dumps(document)[:-80])


@case("xml", refused="(?i)xml|line")
def half_an_epcis_xml_document(path: Path) -> None:
    path.write_text(
        '<epcis:EPCISDocument xmlns:epcis="urn:epcglobal:epcis:xsd:2" schemaVersion="2.0"><EPCISBody><EventList><ObjectEvent><eventTime>2025'
    )


@case("json", refused="refused|event")
def an_epcis_document_whose_events_are_wrong(path: Path) -> None:
    wrong = {**_EVENT, "eventTime": "yesterday", "action": "HOPE"}
    document = {"@context": [], "type": "EPCISDocument", "schemaVersion": "2.0", "creationDate": "x", "epcisBody": {"eventList": [wrong]}}  # fmt: skip
    path.write_text(json.dumps(document))


@case("owl", refused="neither RDF/XML nor Turtle")
def owl_with_an_error_of_syntax(path: Path) -> None:
    path.write_text(
        "@prefix owl: <http://www.w3.org/2002/07/owl#> .\n@prefix d: <http://m.example/> .\nd:T a owl:DatatypeProperty ;;; \n"
    )


@case("owl", refused="entities unfold", heavy=True)
def owl_whose_entities_grow(path: Path) -> None:
    entities = '<!ENTITY a "haha">' + "".join(
        f'<!ENTITY {chr(98 + n)} "{f"&{chr(97 + n)};" * 10}">' for n in range(10)
    )
    path.write_text(
        f'<?xml version="1.0"?><!DOCTYPE rdf:RDF [{entities}]><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#" '
        'xmlns:owl="http://www.w3.org/2002/07/owl#">&k;</rdf:RDF>'
    )


@case("xml", refused=r"line \d+")
def half_a_nodeset(path: Path) -> None:
    path.write_text(
        '<?xml version="1.0" encoding="utf-8"?>\n<UANodeSet xmlns="http://opcfoundation.org/UA/2011/03/UANodeSet.xsd">\n'
        '<UAVariable NodeId="ns=1;i=1" BrowseName="1:T"><DisplayName>T</DisplayName>'
    )


@case("json", refused=r"line \d+")
def half_an_administration_shell(path: Path) -> None:
    path.write_text(
        '{"assetAdministrationShells": [{"id": "urn:x", "modelType": "AssetAdministrationShell"'
    )
