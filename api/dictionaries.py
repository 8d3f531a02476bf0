"""`Dictionaries` at the service: partners' parameter dictionaries, imported, read and compared for one principal."""

from dataclasses import dataclass
from hashlib import sha256

from qualweave.api.service import Service
from qualweave.errors import JsonValue, NotFound
from qualweave.iri import encode_segment
from qualweave.ontology.dictionary.difference import DictionaryDifference, compare
from qualweave.ontology.dictionary.entry import Dictionary
from qualweave.ontology.dictionary.reading import read_dictionary
from qualweave.ontology.dictionary.store_form import (
    dictionary_change,
    dictionary_entries,
    dictionary_graph,
    read_back,
)
from qualweave.principal import Principal
from qualweave.reasoning.statistics.anomaly import anomalies
from qualweave.reasoning.statistics.series import read_series
from qualweave.values import unit_of


@dataclass(frozen=True)
class Dictionaries:
    """The dictionaries of a tenant, for one principal."""

    service: Service
    principal: Principal

    def add(self, partner: str, name: str, content: bytes) -> dict[str, JsonValue]:
        """Take a partner's dictionary from a file in place of its former one; the same again changes nothing.

        Args:
            partner: Whose it is.
            name: Of the file; it says whether it is CSV or YAML.
            content: Its bytes.

        Raises:
            Forbidden: If the principal is neither engineer nor architect.
            InputError: If a cell is wrong; nothing of the file is taken.
            GateRefused: If a shape refuses an entry.
        """
        self.principal.require("engineer", "architect")
        encode_segment(partner)
        found = read_dictionary(content, name=name, partner=partner, terms=self.service.terms)
        digest, tenant = sha256(content).hexdigest(), self.principal.tenant
        graph = dictionary_graph(partner, tenant, self.service.settings.base_iri)
        with self.service.deciding:
            with self.service.reading(tenant) as snapshot:
                known = {one.graph: one for one in dictionary_entries(snapshot, tenant)}.get(graph)
            repeated = known is not None and known.about.get("sha256") == digest
            if not repeated:
                about: dict[str, JsonValue] = {
                    "file": name,
                    "sha256": digest,
                    "by": self.principal.id,
                    "follows": known.commit
                    if known
                    else "",  # so that a return to a former file counts
                }
                base = self.service.settings.base_iri
                change = dictionary_change(found, about, tenant=tenant, base=base)
                gate = self.service.gate
                self.service.store.commit([change], principal=self.principal, gate=gate)
                self.service.store.publish()
        count = len(found.entries)
        word, word_zh = ("unchanged", "未变") if repeated else ("taken", "已导入")
        return {
            **found.to_json(),
            "repeated": repeated,
            "file": name,
            "sha256": digest,
            "en": f"Dictionary of {partner}: {count} entries {word} from {name}.",
            "zh": f"{partner}的参数字典：{name} 中 {count} 个条目{word_zh}。",
        }

    def known(self) -> list[JsonValue]:
        """Return whose dictionaries there are, how large, and from which file."""
        with self.service.reading(self.principal.tenant) as snapshot:
            found = dictionary_entries(snapshot, self.principal.tenant)
        return [
            {
                "partner": one.about["dictionary_of"],
                "entries": one.about.get("entries"),
                "file": one.about.get("file"),
                "sha256": one.about.get("sha256"),
                "by": one.about.get("by"),
                "graph": one.graph,
            }
            for one in found
        ]

    def of(self, partner: str) -> Dictionary:
        """Return the dictionary of a partner.

        Raises:
            NotFound: If there is none.
        """
        with self.service.reading(self.principal.tenant) as snapshot:
            return read_back(snapshot, partner, self.principal.tenant)

    def told(self, partner: str) -> dict[str, JsonValue]:
        """Return the dictionary of a partner as JSON values, with the names of its parameters."""
        found, terms = self.of(partner), self.service.terms
        body = found.to_json()
        rows = [
            {
                **one.to_json(),
                "name": terms.name_of(one.parameter, "en"),
                "name_zh": terms.name_of(one.parameter, "zh"),
                "criticality": found.criticality(one.parameter),
            }
            for one in found.entries
        ]
        return {**body, "entries": list[JsonValue](rows)}

    def difference(self, first: str, second: str) -> DictionaryDifference:
        """Return where the dictionaries of two partners disagree.

        Raises:
            NotFound: If one of them has none.
        """
        return compare(self.of(first), self.of(second))

    def anomalies(
        self, partner: str, parameter: str, *, point: str = "", equipment: str = "", line: str = ""
    ) -> dict[str, JsonValue]:
        """Return the values in the graph that a partner's anomaly rule marks.

        Args:
            partner: Whose rule.
            parameter: Name of the parameter.
            point: Collection point, where the dictionary has the parameter at several.
            equipment: IRI; only values of this equipment.
            line: IRI; only values of this line.

        Raises:
            NotFound: If there is no such dictionary or entry.
            NotEnoughEvidence: If the graph has no dated value for that choice.
        """
        terms = self.service.terms
        term = terms.named(parameter)
        entries = [one for one in self.of(partner).of(term.iri) if point in ("", one.point)]
        if not entries:
            raise NotFound(
                f"The dictionary of {partner} has no entry for {terms.name_of(term.iri)}"
                + (f" at {point!r}." if point else "."),
                message_zh=f"{partner}的字典未收录{terms.name_of(term.iri, 'zh')}。",
                next_step=f"See GET /dictionaries/{partner}.",
                next_step_zh=f"请查看 GET /dictionaries/{partner}。",
                data={"parameter": term.iri, "partner": partner},
            )
        with self.service.reading(self.principal.tenant) as snapshot:
            series = read_series(snapshot, term.iri, equipment=equipment, line=line)
        told: list[JsonValue] = []
        for one in entries:
            canonical = unit_of(term.canonical_unit or one.unit.ucum)
            found = anomalies([rule.converted(one.unit, canonical) for rule in one.rules], series)
            told.append(
                {
                    "collection_point": one.point,
                    "unit": canonical.ucum,
                    "values": len(series.values),
                    "anomalies": [each.to_json() for each in found.anomalies],
                    "not_applied": [
                        {"rule": rule, "en": why, "zh": why_zh}
                        for rule, why, why_zh in found.not_applied
                    ],
                }
            )
        return {"partner": partner, "parameter": term.iri, "entries": told}
