"""Spectra of incoming lots: points in Parquet, peaks and distances as triples, and the lot that is nearest (R8).

A spectrum is a table whose one column is an axis of wavelength, wavenumber or shift and whose other columns are
intensities: one lot per column, or the lot in the head of the file. Shapes are compared, not heights: the distance of
two spectra is 1 less the Pearson correlation over the range that both have, on the points of the coarser one.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import polars as pl
from numpy.typing import NDArray
from scipy.signal import find_peaks

from qualweave.iri import RDF, XSD, Q
from qualweave.mappers.lift import cells
from qualweave.mappers.lift.batch import Batch, segment
from qualweave.mappers.lift.build import Lifted
from qualweave.mappers.series.contents import Content, keep, read
from qualweave.mappers.table import RawTable
from qualweave.store.port import Snapshot

_LEAST_POINTS = 32
_MOST_PEAKS = 12
_PROMINENCE = 0.05  # of the range of the spectrum: lower bumps are noise
_AXIS = re.compile(
    r"wave ?length|wave ?number|raman ?shift|wellenl|wellenzahl|波长|波数|拉曼", re.IGNORECASE
)
_AXIS_UNITS = {
    "nm": "nm",
    "um": "um",
    "µm": "um",
    "1/cm": "1/cm",
    "cm-1": "1/cm",
    "cm^-1": "1/cm",
    "cm⁻¹": "1/cm",
}
_UNIT = re.compile(r"[\[(（/]\s*(nm|um|µm|1/cm|cm-1|cm\^-1|cm⁻¹)\s*[\])）]?\s*$", re.IGNORECASE)
_LOT = re.compile(r"^(?:lot|batch|批号|批次|charge)\b", re.IGNORECASE)
_REFERENCE = re.compile(r"golden|reference|基准|标准谱|referenz", re.IGNORECASE)
_INTENSITY = re.compile(
    r"intensity|absorbance|counts|reflectance|强度|吸光度|intensit|signal", re.IGNORECASE
)

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Known:
    """A spectrum that is kept.

    Attributes:
        iri: Of its node.
        lot: IRI of the lot, ``""`` for a reference.
        axis: Rising; shape: (n,).
        intensity: Shape: (n,).
        is_reference: Whether others are compared with it.
    """

    iri: str
    lot: str
    axis: Floats
    intensity: Floats
    is_reference: bool = False


def axis_column(table: RawTable) -> tuple[str, str] | None:
    """Return the column that is the axis of spectra, and its unit; None where the table holds none."""
    if len(table.frame) < _LEAST_POINTS:
        return None
    for name in table.columns:
        match = _UNIT.search(name)
        unit = _AXIS_UNITS.get((match.group(1) if match else table.units.get(name, "")).lower(), "")
        if not (_AXIS.search(name) and unit):
            continue
        values = cells.cleaned(table.frame[name]).cast(pl.Float64, strict=False)
        steps = values.diff().drop_nulls()
        if values.null_count() == 0 and ((steps > 0).all() or (steps < 0).all()):
            return name, unit
    return None


def distance(one: Known, other: Known) -> float:
    """Return how far the shapes of two spectra are apart, from 0 (alike) to 2; 2 where they share no range."""
    low, high = max(one.axis[0], other.axis[0]), min(one.axis[-1], other.axis[-1])
    points = min(
        (each.axis[(each.axis >= low) & (each.axis <= high)] for each in (one, other)), key=len
    )
    if len(points) < _LEAST_POINTS:
        return 2.0
    first, second = (np.interp(points, each.axis, each.intensity) for each in (one, other))
    if not (first.std() and second.std()):
        return 2.0
    return float(np.clip(1 - np.corrcoef(first, second)[0, 1], 0, 2))


def peaks(axis: Floats, intensity: Floats) -> list[tuple[float, float]]:
    """Return position and prominence of the peaks that stand out most, by position."""
    found, facts = find_peaks(intensity, prominence=_PROMINENCE * np.ptp(intensity))
    heights = facts["prominences"]
    most = sorted(np.argsort(-heights)[:_MOST_PEAKS])
    return [(float(axis[found[one]]), float(heights[one])) for one in most]


_KEPT = """SELECT ?s ?lot ?at ?hash ?reference WHERE {
  ?s a q:Spectrum ; q:storedAt ?at ; q:hashValue ?hash OPTIONAL { ?s q:about ?lot }
  BIND (EXISTS { ?s a q:ReferenceSpectrum } AS ?reference)
} ORDER BY ?s"""


def known_spectra(snapshot: Snapshot, graphs: Sequence[str], home: Path) -> list[Known]:
    """Return the spectra of some data graphs.

    Raises:
        NotFound: If a file is not there.
        InputError: If a file was changed.
    """
    found = []
    for row in snapshot.select(_KEPT, graphs=graphs):
        texts = {name: str(getattr(value, "value", "") or "") for name, value in row.items()}
        frame = read(Content(texts["at"], texts["hash"]), home)
        found.append(
            Known(
                texts["s"], texts["lot"], frame["axis"].to_numpy(), frame["intensity"].to_numpy(),
                is_reference=texts["reference"] == "true",
            )
        )  # fmt: skip
    return found


def lift_spectra(
    table: RawTable, context: Mapping[str, str], *, batch: Batch, home: Path, known: Sequence[Known]
) -> Lifted:
    """Keep the spectra of a table and return what the graph says of them.

    Args:
        table: One axis, one or more columns of intensity.
        context: Roles that the head of the file gives: lot, machine, time.
        batch: The file.
        home: The data folder.
        known: Spectra that are kept already: references, and those of other lots.

    Returns:
        Nodes of measurements and spectra, with peaks, distance from the reference and nearest spectrum.
    """
    found = axis_column(table)
    if found is None:
        return Lifted(b"", 0, len(table.frame), 0)
    name, unit = found
    columns = [one for one in table.columns if one != name]
    own = [
        one
        for column in columns
        if (one := _spectrum(table, name, column, context=context, batch=batch)) is not None
    ]
    mine = {each.iri for _, each in own}
    others = [one for one in known if one.iri not in mine]
    lines: dict[str, None] = {}
    for column, each in own:
        everyone = [*others, *(other for _, other in own if other.iri != each.iri)]
        for line in _lines(
            column, each, everyone, unit=unit, batch=batch, home=home, context=context
        ):
            lines[line] = None
    return Lifted(
        "".join(f"{one} .\n" for one in lines).encode(),
        len(lines),
        len(table.frame),
        len(table.frame) if own else 0,
    )


def _spectrum(
    table: RawTable, name: str, column: str, *, context: Mapping[str, str], batch: Batch
) -> tuple[str, Known] | None:
    frame = pl.DataFrame(
        {one: cells.cleaned(table.frame[each]).cast(pl.Float64, strict=False)
         for one, each in (("axis", name), ("intensity", column))}
    ).drop_nulls().sort("axis")  # fmt: skip
    if len(frame) < _LEAST_POINTS:
        return None
    stated = next(
        (value for key, value in table.context.header.items() if _LOT.match(key.strip())), ""
    )
    text = context.get("batchNumber", stated) if _INTENSITY.search(column) else column
    reference = bool(_REFERENCE.search(column) or _REFERENCE.search(table.name))
    lot = "" if reference or not text else batch.prefix("item") + segment(text)
    iri = batch.prefix("spectrum") + batch.row_prefix + segment(column)
    return column, Known(
        iri, lot, frame["axis"].to_numpy(), frame["intensity"].to_numpy(), reference
    )


def _lines(
    column: str,
    each: Known,
    others: Sequence[Known],
    *,
    unit: str,
    batch: Batch,
    home: Path,
    context: Mapping[str, str],
) -> list[str]:
    content = keep(pl.DataFrame({"axis": each.axis, "intensity": each.intensity}), home)
    spectrum = f"<{each.iri}>"
    facts = [
        (spectrum, RDF + "type", f"<{Q}Spectrum>"),
        (spectrum, Q + "fieldName", _text(column)),
        (spectrum, Q + "storedAt", _text(content.stored_at)),
        (spectrum, Q + "hashValue", _text(content.sha256)),
        (spectrum, Q + "sampleCount", f'"{len(each.axis)}"^^<{XSD}integer>'),
        (spectrum, Q + "leastValue", _number(each.intensity.min())),
        (spectrum, Q + "greatestValue", _number(each.intensity.max())),
        (spectrum, Q + "unitText", _text(unit)),
    ]
    for number, (position, height) in enumerate(peaks(each.axis, each.intensity)):
        peak = f"<{each.iri}/peak/{number}>"
        facts += [
            (spectrum, Q + "hasPeak", peak),
            (peak, RDF + "type", f"<{Q}SpectralPeak>"),
            (peak, Q + "peakPosition", _number(position)),
            (peak, Q + "peakHeight", _number(height)),
        ]
    facts += [(spectrum, RDF + "type", f"<{Q}ReferenceSpectrum>")] if each.is_reference else []
    facts += _measured(each, batch, context) + _compared(each, others)
    subjects = dict.fromkeys(fact[0] for fact in facts)
    facts += [(one, Q + "sourceRow", f'"1"^^<{XSD}integer>') for one in subjects]
    return [f"{subject} <{predicate}> {value}" for subject, predicate, value in facts]


def _measured(each: Known, batch: Batch, context: Mapping[str, str]) -> list[tuple[str, str, str]]:
    measurement = f"<{each.iri}/measurement>"
    facts = [
        (measurement, RDF + "type", f"<{Q}SpectrumMeasurement>"),
        (measurement, Q + "hasResult", f"<{each.iri}>"),
    ]
    if each.lot:
        lot = f"<{each.lot}>"
        facts += [
            (measurement, Q + "hasFeatureOfInterest", lot),
            (f"<{each.iri}>", Q + "about", lot),
            (lot, RDF + "type", f"<{Q}MaterialBatch>"),
        ]
    if machine := context.get("equipmentIdentifier"):
        equipment = f"<{batch.prefix('equipment')}{segment(machine)}>"
        facts += [
            (measurement, Q + "usesEquipment", equipment),
            (equipment, RDF + "type", f"<{Q}Equipment>"),
        ]
    at = cells.times(pl.Series([context.get("resultTime", "")], dtype=pl.String))
    if at.values[0]:
        facts.append((measurement, Q + "resultTime", f'"{at.values[0]}"^^<{XSD}dateTime>'))
    return facts


def _compared(each: Known, others: Sequence[Known]) -> list[tuple[str, str, str]]:
    """Return the reference that is nearest, how far it is, and the spectrum of another lot that is nearest."""
    facts = []
    spectrum = f"<{each.iri}>"
    references = [one for one in others if one.is_reference]
    if references and not each.is_reference:
        off, nearest = min((distance(each, one), one.iri) for one in references)
        facts += [
            (spectrum, Q + "comparedWith", f"<{nearest}>"),
            (spectrum, Q + "spectralDistance", _number(off)),
        ]
    lots = [one for one in others if one.lot and one.lot != each.lot]
    if lots and each.lot:
        facts.append(
            (
                spectrum,
                Q + "nearestSpectrum",
                f"<{min((distance(each, one), one.iri) for one in lots)[1]}>",
            )
        )
    return facts


def _text(value: str) -> str:
    escaped = (
        value.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n").replace("\r", "\\r")
    )
    return f'"{escaped}"'


def _number(value: float) -> str:
    form = repr(round(float(value), 10))
    return f'"{form}"^^<{XSD}{"double" if "e" in form else "decimal"}>'
