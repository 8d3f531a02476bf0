"""What people say: three voices of one trouble, complaints in two languages, and a hold-out."""

from __future__ import annotations

from typing import TYPE_CHECKING

from qualweave.examples.plant.press import labelled, stamps
from qualweave.examples.plant.tables import column

if TYPE_CHECKING:
    from qualweave.examples.plant.press import Press

_THREE = (
    ("模具磨损导致飞边", "process", "cause"),
    ("合模力传感器漂移", "equipment", "sensor_fault"),
    ("开箱即损", "customer", "customer_view"),
)
_COMPLAINTS = (
    ("壳体翘曲，盖板合不上", "zh"), ("边缘飞边割手，请处理", "zh"), ("筋位背面有缩痕", "zh"),
    ("The lid is warped and rocks on the table", "en"), ("Flash on the sealing face", "en"),
    ("卡扣处没打满，欠注", "zh"), ("Two dents beside the logo", "en"), ("到货时外壳有划痕", "zh"),
    ("Sink marks on the visible side", "en"), ("尺寸偏大，卡不进导轨", "zh"),
    ("Burr left at the gate", "en"), ("少装了一个密封圈", "zh"),
)  # fmt: skip
# Hold-out, in no input file: text, language, expected concept. The first half of each language uses
# the trade's own word, the second half says it in the customer's words.
_HOLDOUT = (
    ("这批零件翘曲严重，装不进去", "zh", "Warpage"), ("外壳边缘有明显飞边", "zh", "Flash"),
    ("表面有缩痕，客户拒收", "zh", "SinkMark"), ("产品未充满，存在欠注", "zh", "ShortShot"),
    ("焊点虚焊，一拉就开", "zh", "FalseWeld"), ("焊缝里有气孔", "zh", "WeldPorosity"),
    ("极耳被烧穿", "zh", "BurnThrough"), ("组件四角脱层", "zh", "Delamination"),
    ("冰箱门关不严有异响", "zh", "PoorClosure"), ("平板中间鼓起来，放桌上会晃", "zh", "Warpage"),
    ("转动时咯吱咯吱响", "zh", "AbnormalNoise"), ("接头处一直在滴油", "zh", "Leakage"),
    ("盒子里少了一颗螺丝", "zh", "MissingPart"), ("孔距差了0.3毫米，螺栓穿不过去", "zh", "OutOfTolerance"),
    ("漆面被刮了一道", "zh", "Scratch"),
    ("Flash along the parting line", "en", "Flash"), ("Short shot on cavity two", "en", "ShortShot"),
    ("A false weld was found on the tab", "en", "FalseWeld"), ("Micro-cracks after bending", "en", "MicroCrack"),
    ("Delamination at the corner of the panel", "en", "Delamination"),
    ("Abnormal noise from the gearbox", "en", "AbnormalNoise"),
    ("There is a burr on the edge", "en", "Burr"), ("The coating shows stains", "en", "Stain"),
    ("The cover has bowed and no longer sits flat", "en", "Warpage"),
    ("The fridge door never shuts properly", "en", "PoorClosure"),
    ("Oil is seeping from the valve seat", "en", "Leakage"),
    ("One of the four feet was not in the box", "en", "MissingPart"),
    ("Somebody knocked a hollow into the lid", "en", "Dent"), ("The bore is 0.2 mm too small", "en", "OutOfTolerance"),
    ("Long scrape across the display frame", "en", "Scratch"),
)  # fmt: skip


def build_voices(press: Press) -> None:
    """Write complaint texts; the oracle keeps what each of the told ones and the hold-out means."""
    items = press.oracle.levels["moulded part"]
    said = [*((text, "zh") for text, _, _ in _THREE), *_COMPLAINTS]
    count = len(said)
    step = press.scenario.seed % 11 + 5
    columns = [
        column(
            "complaintNo", "complaintIdentifier", labelled(f"CP{press.scenario.tag}-", count, 4)
        ),
        column(
            "serialNo",
            "serialNumber",
            [items[(step * place) % len(items)] for place in range(count)],
        ),
        column(
            "reportedAt", "recordedAt|eventTime", stamps(press.scenario.start, count, minutes=1440)
        ),
        column("text", "utteranceText", [text for text, _ in said]),
        column("language", "languageTag", [language for _, language in said]),
        column(
            "customer",
            "customerName|organizationName",
            [f"客户{place % 3 + 1}" for place in range(count)],
        ),
    ]
    press.json("moulding/crm/complaints.json", columns, wrap=lambda rows: {"complaints": rows})
    press.oracle.holdout = [
        {"text": text, "language": lang, "concept": concept} for text, lang, concept in _HOLDOUT
    ]
    press.oracle.incidents["three-voices"] = {
        "requirement": "R81",
        "concept": "DimensionalInaccuracy",
        "voices": [
            {"text": text, "speaker": speaker, "attribute": attribute}
            for text, speaker, attribute in _THREE
        ],
    }
