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
# text, language, expected concept
_HOLDOUT = (
    ("这批零件翘曲严重，装不进去", "zh", "Warpage"), ("外壳边缘有明显飞边", "zh", "Flash"), ("表面有缩痕，客户拒收", "zh", "SinkMark"),
    ("产品未充满，存在欠注", "zh", "ShortShot"), ("焊点虚焊，一拉就开", "zh", "FalseWeld"), ("焊缝里有气孔", "zh", "WeldPorosity"),
    ("极耳被烧穿", "zh", "BurnThrough"), ("焊接飞溅太多", "zh", "Spatter"), ("涂层表面有划痕", "zh", "Scratch"),
    ("外观有凹痕", "zh", "Dent"), ("尺寸超差，无法装配", "zh", "OutOfTolerance"), ("组件脱层", "zh", "Delamination"),
    ("冰箱门关不严", "zh", "PoorClosure"), ("运行时有异响", "zh", "AbnormalNoise"), ("阀门泄漏", "zh", "Leakage"),
    ("The cover is warped and does not fit", "en", "Warpage"), ("Flash along the parting line", "en", "Flash"),
    ("Sink marks opposite the ribs", "en", "SinkMark"), ("Short shot on cavity two", "en", "ShortShot"),
    ("False weld found on the tab", "en", "FalseWeld"), ("There is a burr on the edge", "en", "Burr"),
    ("Scratches all over the housing", "en", "Scratch"), ("A dent on the lid", "en", "Dent"),
    ("The coating shows stains", "en", "Stain"), ("Micro-cracks after bending", "en", "MicroCrack"),
    ("The film delaminates: delamination at the corner", "en", "Delamination"), ("Leakage at the valve seat", "en", "Leakage"),
    ("Abnormal noise from the gearbox", "en", "AbnormalNoise"), ("The door does not close tightly", "en", "PoorClosure"),
    ("Part missing in the box: missing part", "en", "MissingPart"),
)  # fmt: skip


def build_voices(press: Press) -> None:
    """Write complaint texts; the oracle keeps what each means."""
    items = press.oracle.levels["moulded part"]
    texts = [*(text for text, _, _ in _THREE), *(text for text, _, _ in _HOLDOUT[::3])]
    count = len(texts)
    columns = [
        column("complaintNo", "complaintIdentifier", labelled(f"CP{press.scenario.tag}-", count, 4)),
        column("serialNo", "serialNumber", [items[(7 * place) % len(items)] for place in range(count)]),
        column("reportedAt", "recordedAt|eventTime", stamps(press.scenario.start, count, minutes=1440)),
        column("text", "utteranceText", texts),
        column("language", "languageTag", ["zh" if any("一" <= c <= "鿿" for c in text) else "en" for text in texts]),
        column("customer", "customerName|organizationName", [f"客户{place % 3 + 1}" for place in range(count)]),
    ]
    press.json("moulding/crm/complaints.json", columns, wrap=lambda rows: {"complaints": rows})
    press.oracle.holdout = [{"text": text, "language": lang, "concept": concept} for text, lang, concept in _HOLDOUT]
    press.oracle.incidents["three-voices"] = {
        "requirement": "R81",
        "concept": "DimensionalInaccuracy",
        "voices": [{"text": text, "speaker": speaker, "attribute": attribute} for text, speaker, attribute in _THREE],
    }
