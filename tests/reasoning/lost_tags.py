"""A pack line made by hand: modules that were weighed and seen at a buffer, and slots of which some were not read."""

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

import numpy as np

from qualweave.iri import EPCIS, RDF, XSD, Q, graph_iri, mint
from qualweave.store.port import ChangeSet
from tests.reasoning.graphs import change_set, edge, item, operation, record, typed

_BEGIN = datetime(2025, 3, 26, tzinfo=UTC)


@dataclass
class PackLine:
    """Packs of four modules on two stations; ``lost`` modules are built in unread.

    Attributes:
        packs: How many.
        lost: Modules, by number, whose tag was not read.
        weights: What both scales read of a module, by number, where it is not drawn.
        unseen: Modules that no buffer and no scale knows.
        stock: Further modules that are seen and weighed and not built in.
    """

    packs: int = 10
    lost: tuple[int, ...] = ()
    weights: dict[int, float] = field(default_factory=dict)
    unseen: tuple[int, ...] = ()
    stock: int = 0

    def truth(self) -> set[tuple[str, str]]:
        return {(item(f"P{n // 4}"), item(f"M{n}")) for n in self.lost}

    def change_sets(self) -> list[ChangeSet]:
        rng = np.random.default_rng(5)
        count = 4 * self.packs + self.stock
        true = rng.normal(12_600, 50, count)
        scale, station = true + rng.normal(0, 2, count), true + rng.normal(1, 2, count)
        for n, weight in self.weights.items():
            scale[n] = station[n] = weight
        made, seen, mounted = list[str](), list[str](), list[str]()
        for n in range(count):
            made += [
                typed(f"M{n}", "BatteryModule"),
                edge(f"M{n}", f"C{n}"),
                *operation(f"M{n}", f"OP-MA{n}", type="Assembly", startedAt=_at(-9000 + n)),
            ]
            if n not in self.unseen:
                test = mint("inspection", f"W{n}")
                made += [
                    f"<{test}> <{Q}inspects> <{item(f'M{n}')}> .",
                    *record(test, Mass=f"{scale[n]:.0f}"),
                    f'<{test}> <{Q}resultTime> "{_at(-5000 + n)}"^^<{XSD}dateTime> .',
                ]
                seen += self._arrival(n)
            if n < 4 * self.packs:
                mounted += self._mount(n, f"{station[n]:.0f}")
        graphs = {"scale": made, "buffer": seen, "mounting": mounted}
        return [
            change_set(lines, graph_iri("data", "plant", name, "1"))
            for name, lines in graphs.items()
            if lines
        ]

    def _arrival(self, n: int) -> list[str]:
        """Trolleys of four packs' modules of one station arrive some two hours ahead."""
        pack = n // 4
        event = f"urn:uuid:{pack % 2}-{pack // 4}"
        place = f"https://id.gs1.org/414/buffer-{pack % 2 + 1}"
        return [
            f"<{event}> <{RDF}type> <{Q}ObjectEvent> .",
            f"<{event}> <{EPCIS}epcList> <{item(f'M{n}')}> .",
            f"<{event}> <{EPCIS}readPoint> <{place}> .",
            f'<{event}> <{EPCIS}eventTime> "{_at(pack // 4 * 4 * 95 - 120 - pack % 2 * 7)}"^^<{XSD}dateTime> .',
        ]

    def _mount(self, n: int, weight: str) -> list[str]:
        pack, node = n // 4, mint("operation", f"OP-PM{n}")
        lines = [
            *operation(
                f"P{pack}",
                f"OP-PM{n}",
                type="Operation",
                usesEquipment=f"PA-0{pack % 2 + 1}",
                startedAt=_at(pack * 95 + n % 4 * 6),
                Mass=weight,
            ),
            f'<{node}> <{Q}sourceRow> "{n + 2}"^^<{XSD}integer> .',
        ]
        if n in self.lost:
            return lines
        return [*lines, edge(f"P{pack}", f"M{n}"), f"<{item(f'M{n}')}> <{Q}consumedIn> <{node}> ."]


def _at(minutes: int) -> str:
    return (_BEGIN + timedelta(minutes=minutes)).strftime("%Y-%m-%dT%H:%M:%SZ")
