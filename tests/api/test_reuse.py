"""The reuse rate of sources of the example plant (R71)."""

from tests.api.conftest import Plants

SYSTEMS = (
    "cell-mes-CL-03",
    "cell-plc-CL-01",
    "cell-scada-TW-02",
    "electronics-mes-WireBonding",
    "strip-lims-strip",
)


def test_five_sources_of_the_example_plant_share_more_after_weaving(plants: Plants) -> None:
    client = plants(1).client
    sources = client.get("/mappings").json()["sources"]
    five = [next(one for one in sources if one.startswith(name)) for name in SYSTEMS]

    found = client.get("/reuse", params={"source": five}).json()
    everything = client.get("/reuse").json()

    assert found["systems"] == 5
    assert found["before"] < 0.5 < found["after"]
    assert found["after"] == round(found["sharedByConcept"] / found["fields"], 4)
    assert "q:serialNumber" in found["concepts"]
    assert everything["systems"] == len(sources) > 40
