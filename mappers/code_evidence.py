"""`CodeEvidence`: what the graph says of the codes of a machine, read once and asked for each code.

For each level (item, lot, alarm, operation) it is read who has looked at what and has found which concept, and
about what each code of the machine was written; `cooccurrence` compares them.
"""

from bisect import bisect_right
from collections.abc import Callable
from dataclasses import dataclass

from pyoxigraph import NamedNode

from qualweave.evidence import Evidence
from qualweave.iri import local_name
from qualweave.mappers.codes import CodeEntry
from qualweave.mappers.cooccurrence import Association, Observed, Witness, associations
from qualweave.mappers.lift.code_words import ASKED, concepts_in
from qualweave.mappers.vocabulary import Vocabulary
from qualweave.store.port import Row, Snapshot

Names = Callable[[str], str]


@dataclass(frozen=True)
class CodeEvidence:
    """What was observed about the codes of one machine.

    Attributes:
        machine: IRI of the machine.
        levels: What was looked at and found, level by level.
    """

    machine: str
    levels: tuple[Observed, ...]

    @classmethod
    def load(
        cls, snapshot: Snapshot, machine: str, vocabulary: Vocabulary, *, tenant: str = "plant"
    ) -> "CodeEvidence":
        """Read what others say of the things about which a machine has written codes.

        Args:
            snapshot: State of the store.
            machine: IRI of the machine.
            vocabulary: Finds the concept of a reviewer's words.
            tenant: Whose data.
        """
        reader = _Reader(snapshot, machine, tenant)
        words: dict[str, str] = {}

        def concept_of(text: str) -> str:
            if text not in words:
                found = concepts_in(text, vocabulary, *ASKED)
                words[text] = found[0].iri if len(found) == 1 else ""
            return words[text]

        levels = (_items(reader, concept_of), _lots(reader), _alarms(reader), _operations(reader))
        return cls(machine, levels)

    def associations(self, entry: str) -> list[Association]:
        """Return the concepts associated with a code entry, the surest first."""
        return associations(entry, self.levels)


@dataclass(frozen=True)
class _Reader:
    snapshot: Snapshot
    machine: str
    tenant: str

    def rows(self, query: str) -> list[dict[str, str]]:
        """Return the rows of a query about the machine, as texts; what is unbound is ``""``."""
        graphs = [one.graph for one in self.snapshot.graphs("data", tenant=self.tenant)]
        found = self.snapshot.select(
            query, graphs=graphs, bindings={"machine": NamedNode(self.machine)}
        )
        return [_texts(row) for row in found]

    def witness(self, who: str) -> Witness:
        """Return a machine as a witness."""
        return Witness("machine", who)


def _texts(row: Row) -> dict[str, str]:
    return {name: str(getattr(row[name], "value", "") or "") for name in row}


def _items(reader: _Reader, concept_of: Names) -> Observed:
    """Read the items at which the machine has looked: who else has, with what result."""
    found = Observed("item")
    for row in reader.rows(_LOOKED):
        found.seen.add(row["item"])
        if row["said"]:
            found.look(Witness("review", reader.machine), row["item"], concept_of(row["said"]))
    for row in reader.rows(_OTHERS):
        found.look(reader.witness(row["who"]), row["item"])
    for row in reader.rows(_DEFECTS):
        _defect(found, reader, row)
    for row in reader.rows(_VISION):
        found.look(Witness("vision", row["model"]), row["item"], row["class"])
    return found


def _defect(found: Observed, reader: _Reader, row: dict[str, str]) -> None:
    """Note a defect: of the machine's own only what the row names beside the code is news."""
    if row["who"] and row["who"] != reader.machine:
        found.look(reader.witness(row["who"]), row["item"], row["class"])
        return
    if row["entry"]:
        found.write(row["entry"], row["item"])
    if row["class"] and row["class"] != row["denoted"]:
        found.look(Witness("row", reader.machine), row["item"], row["class"])


def _lots(reader: _Reader) -> Observed:
    """Read the lots and modules of those items: what others have found in them or in their items."""
    found = Observed("lot")
    for row in reader.rows(_LOTS):
        found.seen.add(row["lot"])
        if row["entry"]:
            found.write(row["entry"], row["lot"])
    for row in reader.rows(_LOT_LOOKS):
        found.look(reader.witness(row["who"]), row["lot"])
    for row in reader.rows(_LOT_DEFECTS):
        found.look(reader.witness(row["who"]), row["lot"], row["class"])
    return found


def _alarms(reader: _Reader) -> Observed:
    """Read the alarms of the machine and what persons have labelled them with."""
    found = Observed("alarm")
    for row in reader.rows(_LABELS):
        found.seen.add(row["alarm"])
        if row["entry"]:
            found.write(row["entry"], row["alarm"])
        if row["label"]:
            found.look(Witness("label"), row["alarm"], row["effect"])
    return found


def _operations(reader: _Reader) -> Observed:
    """Read the operations that ran on the machine, the alarms during them, and what was found on their items."""
    found = Observed("operation")
    alarms = [row for row in reader.rows(_ALARM_TIMES) if row["entry"] and row["at"]]
    if not alarms:
        return found
    runs = sorted((row["start"], row["end"], row["operation"]) for row in reader.rows(_RUNS))
    starts = [start for start, _, _ in runs]
    found.seen |= {operation for _, _, operation in runs}
    for row in alarms:
        place = bisect_right(starts, row["at"]) - 1
        if place >= 0 and row["at"] <= (runs[place][1] or row["at"]):
            found.write(row["entry"], runs[place][2])
    for row in reader.rows(_RUN_LOOKS):
        found.look(reader.witness(row["who"]), row["operation"])
    for row in reader.rows(_RUN_DEFECTS):
        found.look(reader.witness(row["who"]), row["operation"], row["class"])
    return found


# --- in words -----------------------------------------------------------------------------------------

_THINGS = {
    "item": ("items", "件物料"),
    "lot": ("lots", "个批次"),
    "alarm": ("alarms", "次报警"),
    "operation": ("operations", "次作业"),
}
_BY = {
    "machine": ("at {name}", "在 {name} 上"),
    "review": ("in the review at {name}", "在 {name} 的人工复判中"),
    "row": ("by name in the rows of {name}", "在 {name} 的数据行中按名称"),
    "vision": ("by the vision model {name}", "按视觉模型 {name}"),
    "label": ("by the label of a person", "按人工标注"),
}


def evidence_of(entry: CodeEntry, found: Association, vocabulary: Vocabulary) -> Evidence:
    """Return an association as evidence, with its counts in both languages; the weight is its information in bit."""
    known = vocabulary.concept(found.concept)
    name = vocabulary.printed(found.concept)
    name_zh = known.labels.get("zh", name) if known else name
    where = {"name": local_name(found.witness.name) if found.witness.name else ""}
    by, by_zh = (one.format(**where) for one in _BY[found.witness.kind])
    things, things_zh = _THINGS[found.level]
    machine = local_name(entry.machine)
    chance = f"{found.chance:.1e}" if found.chance < 1e-4 else f"{found.chance:.4f}"  # noqa: PLR2004 - as is readable
    return Evidence(
        "cooccurrence",
        {
            "en": f"{found.both} of {found.coded} {things} with code {entry.code} on {machine} have {name} {by} "
            f"(base rate {100 * found.base_rate:.1f} % of {found.units}; by coincidence {chance}, "
            f"corrected for {found.comparisons} comparisons)",
            "zh": f"{machine} 上带代码 {entry.code} 的 {found.coded} {things_zh}中，有 {found.both} {things_zh[0]}"
            f"{by_zh}为“{name_zh}”（{found.units} {things_zh[0]}中的基准率为 {100 * found.base_rate:.1f} %；"
            f"偶然出现的概率 {chance}，已按 {found.comparisons} 次比较校正）",
        },
        weight=found.information,
        sources=(found.concept, entry.iri),
        rule="cooccurrence",
        version="1",
        data=found.to_json(),
    )


_MINE = "?mine q:usesEquipment ?machine ; q:inspects ?item ."
_LOOKED = """
SELECT DISTINCT ?machine ?item ?said WHERE {
  ?mine q:usesEquipment ?machine ; q:inspects ?item . OPTIONAL { ?mine q:reviewedResult ?said }
}"""
_OTHERS = f"""
SELECT DISTINCT ?machine ?item ?who WHERE {{
  {_MINE} ?other q:inspects ?item ; q:usesEquipment ?who . FILTER(?who != ?machine)
}}"""
_DEFECTS = f"""
SELECT DISTINCT ?machine ?item ?who ?entry ?denoted ?class WHERE {{
  {_MINE} ?defect q:foundOn ?item .
  OPTIONAL {{ ?defect q:detectedIn ?inspection . ?inspection q:usesEquipment ?who }}
  OPTIONAL {{ ?defect q:hasCode ?entry . OPTIONAL {{ ?entry q:denotes ?denoted }} }}
  OPTIONAL {{ ?defect a ?class . FILTER(?class != q:Defect) }}
}}"""
_VISION = f"""
SELECT DISTINCT ?machine ?item ?model ?class WHERE {{
  {_MINE} ?result a q:VisionResult ; q:about ?item .
  OPTIONAL {{ ?result q:visionModelName ?model }} OPTIONAL {{ ?result q:detectedDefect ?class }}
}}"""
_LOTS = f"""
SELECT DISTINCT ?machine ?lot ?entry WHERE {{
  {_MINE} ?item q:memberOfBatch|q:derivedFromMaterial ?lot .
  OPTIONAL {{ ?defect q:detectedIn ?mine ; q:hasCode ?entry }}
}}"""
_OF_LOT = f"{{ SELECT DISTINCT ?machine ?lot WHERE {{ {_MINE} ?item q:memberOfBatch|q:derivedFromMaterial ?lot }} }}"
_LOT_LOOKS = f"""
SELECT DISTINCT ?machine ?lot ?who WHERE {{
  {_OF_LOT} {{ ?other q:inspects ?lot }} UNION
  {{ ?thing q:memberOfBatch|q:derivedFromMaterial ?lot . ?other q:inspects ?thing }}
  ?other q:usesEquipment ?who . FILTER(?who != ?machine)
}}"""
_LOT_DEFECTS = f"""
SELECT DISTINCT ?machine ?lot ?who ?class WHERE {{
  {_OF_LOT} {{ ?defect q:foundOn ?lot }} UNION
  {{ ?thing q:memberOfBatch|q:derivedFromMaterial ?lot . ?defect q:foundOn ?thing }}
  ?defect a ?class ; q:detectedIn ?other . ?other q:usesEquipment ?who .
  FILTER(?who != ?machine && ?class != q:Defect)
}}"""
_LABELS = """
SELECT DISTINCT ?machine ?alarm ?entry ?label ?effect WHERE {
  ?alarm q:usesEquipment ?machine ; q:hasCode ?entry .
  OPTIONAL { ?alarm q:hasRootCauseLabel ?label . OPTIONAL { ?label q:hasEffect ?effect } }
}"""
_ALARM_TIMES = """
SELECT DISTINCT ?machine ?alarm ?entry ?at WHERE {
  ?alarm q:usesEquipment ?machine ; q:hasCode ?entry ; q:eventTime ?at .
}"""
_RUNS = """
SELECT DISTINCT ?machine ?operation ?start ?end WHERE {
  ?operation a q:Operation ; q:usesEquipment ?machine ; q:startedAt ?start . OPTIONAL { ?operation q:endedAt ?end }
}"""
_OF_RUN = """?operation a q:Operation ; q:usesEquipment ?machine ; q:startedAt ?start .
  ?item q:producedBy ?operation ."""
_RUN_LOOKS = f"""
SELECT DISTINCT ?machine ?operation ?who WHERE {{
  {_OF_RUN} ?other q:inspects ?item ; q:usesEquipment ?who .
}}"""
_RUN_DEFECTS = f"""
SELECT DISTINCT ?machine ?operation ?who ?class WHERE {{
  {_OF_RUN} ?defect q:foundOn ?item ; a ?class ; q:detectedIn ?other . ?other q:usesEquipment ?who .
  FILTER(?class != q:Defect)
}}"""
