"""The page and the JSON of a shift lot, from its report."""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from qualweave.api.floor.curve import curve_svg
from qualweave.api.floor.labels import address_of
from qualweave.api.floor.pages import Reader, render, sentence_case
from qualweave.errors import JsonValue
from qualweave.iri import local_name
from qualweave.reasoning.passport.shift import Article, Curve, ShiftLot, ShiftReport, begun
from qualweave.reasoning.passport.tables import shifts
from qualweave.reasoning.passport.terms import Terms
from qualweave.reasoning.passport.unit import plain
from qualweave.reasoning.trace.records import Value


def shift_page(
    report: ShiftReport, terms: Terms, reader: Reader, links: list[tuple[str, str]]
) -> str:
    """Return the page of a shift lot."""

    def label_of(parameter: str) -> str:
        return sentence_case(terms.label(parameter, reader.language))

    drawings = [(one, _drawing(one, label_of(one.parameter), reader.zone)) for one in report.curves]
    return render(
        "shift.html",
        reader,
        report=report,
        drawings=drawings,
        shift_name=shift_name(report.lot, reader),
        begun=begun,
        label_of=label_of,
        symbol_of=terms.symbol,
        shown=_shown,
        page_of=lambda item: address_of(item, ""),
        links=links,
    )


def shift_name(lot: ShiftLot, reader: Reader) -> str:
    """Return what the shift is called; its code where the table does not know it."""
    return next(
        (one.label[reader.language] for one in shifts() if one.code == lot.shift), lot.shift
    )


def shift_json(report: ShiftReport, terms: Terms) -> dict[str, JsonValue]:
    """Return the report as JSON values."""
    return {
        "code": report.lot.code,
        "line": report.lot.line,
        "day": report.lot.day.isoformat(),
        "shift": report.lot.shift,
        "operations": [one.iri for one in report.operations],
        "items": list(report.items),
        "curves": [_curve_json(one, terms) for one in report.curves],
        "articles": [_article_json(one) for one in report.articles],
        "commit": report.commit,
    }


def _curve_json(curve: Curve, terms: Terms) -> JsonValue:
    labels: dict[str, JsonValue] = dict(terms.labels(curve.parameter))
    return {
        "equipment": curve.equipment,
        "parameter": curve.parameter,
        "label": labels,
        "unit": curve.unit,
        "lower": curve.lower,
        "upper": curve.upper,
        "points": [[at, value] for at, value in curve.points],
    }


def _article_json(article: Article) -> JsonValue:
    return {
        "role": article.role,
        "item": article.item,
        "recorded": article.recorded,
        "operation": article.operation.to_json(),
        "inspections": [one.to_json() for one in article.inspections],
    }


def _drawing(curve: Curve, label: str, zone: str) -> str:
    points = [(datetime.fromisoformat(at).timestamp(), value) for at, value in curve.points]
    return curve_svg(
        points,
        unit=curve.unit,
        title=f"{label} [{curve.unit}], {local_name(curve.equipment)}",
        clock=lambda second: (
            f"{datetime.fromtimestamp(second, UTC).astimezone(ZoneInfo(zone)):%H:%M}"
        ),
        limits=(curve.lower, curve.upper),
    )


def _shown(value: Value) -> str:
    several = value if isinstance(value, tuple) else (value,)
    return "; ".join(one if isinstance(one, str) else plain(one) for one in several)
