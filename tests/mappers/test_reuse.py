"""The reuse rate: fields that systems share by name before weaving, and by concept after (R71)."""

from qualweave.mappers.mapping import ColumnMapping, Decision, MappingDocument
from qualweave.mappers.reuse import reuse


def document(source: str, **terms: str) -> MappingDocument:
    columns = tuple(
        ColumnMapping(name=name, term=term and "q:" + term, decision=Decision.ACCEPTED if term else Decision.ASKED)
        for name, term in terms.items()
    )  # fmt: skip
    return MappingDocument(source=source, records=(), columns=columns)


def test_names_are_shared_before_and_concepts_after() -> None:
    found = reuse(
        [
            document("mes", Serial="serialNumber", Temp="ChamberTemperature", Note=""),
            document("plc", SN="serialNumber", temp="", DB7="ChamberTemperature"),
            document("lims", sample="batchNumber"),
        ]
    )

    assert (found.systems, found.fields, found.by_name, found.by_concept) == (3, 7, 2, 4)
    assert found.to_json()["concepts"] == {
        "q:ChamberTemperature": ["mes", "plc"],
        "q:serialNumber": ["mes", "plc"],
    }
    assert "4 (57%) by concept" in found.explain()
    assert "按概念共用 4 个（57%）" in found.explain("zh")


def test_two_fields_of_one_system_share_nothing() -> None:
    found = reuse([document("mes", a="serialNumber", b="serialNumber")])

    assert (found.before, found.after) == (0.0, 0.0)
    assert reuse([]).after == 0.0
