"""`curve_svg`: a parameter over a shift as inline SVG: units on the axis, limits as a band, no script.

The marks outside the limits differ in form and colour, so that a print and a colour-blind reader tell them too.
"""

from collections.abc import Callable, Sequence
from html import escape
from math import floor, isfinite, log10

from qualweave.reasoning.passport.unit import plain

_WIDTH, _HEIGHT = 360, 170
_LEFT, _RIGHT, _TOP, _BOTTOM = 52, 10, 22, 26
_TICKS = 4


def curve_svg(
    points: Sequence[tuple[float, float]],
    *,
    unit: str,
    title: str,
    clock: Callable[[float], str],
    limits: tuple[float | None, float | None] = (None, None),
) -> str:
    """Return a drawing.

    Args:
        points: Seconds and value, by time; at least one value is finite.
        unit: Printed over the value axis.
        title: What is drawn, for those who cannot see it.
        clock: How seconds are printed on the time axis.
        limits: Least and greatest allowed value, None where there is none.
    """
    points = [point for point in points if isfinite(point[1])]
    shown = [value for _, value in points] + [one for one in limits if one is not None]
    ticks = nice_ticks(min(shown), max(shown))
    begin, end = points[0][0], max(points[-1][0], points[0][0] + 60)

    def x(second: float) -> float:
        return round(_LEFT + (second - begin) / (end - begin) * (_WIDTH - _LEFT - _RIGHT), 1)

    def y(value: float) -> float:
        share = (value - ticks[0]) / (ticks[-1] - ticks[0])
        return round(_HEIGHT - _BOTTOM - share * (_HEIGHT - _TOP - _BOTTOM), 1)

    parts = [
        _band(limits, ticks, y),
        *_value_axis(ticks, y, unit),
        *_time_axis(begin, end, x, clock),
    ]
    line = " ".join(f"{x(second)},{y(value)}" for second, value in points)
    parts.append(f'<polyline points="{line}" fill="none" stroke="#0f5c6e" stroke-width="1.5"/>')
    parts += [_mark(x(second), y(value), bad=_outside(value, limits)) for second, value in points]
    return (
        f'<svg class="curve" role="img" viewBox="0 0 {_WIDTH} {_HEIGHT}" font-size="11" fill="#5d6878">'
        f"<title>{escape(title)}</title>{''.join(parts)}</svg>"
    )


def nice_ticks(least: float, greatest: float) -> list[float]:
    """Return round values that span a range; a range of nothing is given some room.

    >>> nice_ticks(171.9, 179.3), nice_ticks(5.0, 5.0)
    ([170.0, 172.0, 174.0, 176.0, 178.0, 180.0], [4.5, 5.0, 5.5])
    >>> nice_ticks(60.1, 60.1 + 2e-13)
    [54.09, 60.1, 66.11]
    """
    if greatest - least <= 1e-9 * max(1.0, abs(least), abs(greatest)):
        room = abs(least) * 0.1 or 1.0
        return [round(least - room, 12), least, round(least + room, 12)]
    rough = (greatest - least) / _TICKS
    power = 10.0 ** floor(log10(rough))
    step = next(power * one for one in (1, 2, 5, 10) if power * one >= rough)
    first, last = floor(least / step), -floor(-greatest / step)
    return [round(one * step, 12) for one in range(first, last + 1)]


def _outside(value: float, limits: tuple[float | None, float | None]) -> bool:
    low, high = limits
    return (low is not None and value < low) or (high is not None and value > high)


def _mark(x: float, y: float, *, bad: bool) -> str:
    if bad:
        return f'<path d="M{x} {y - 5}l5 9h-10z" fill="#b3261e"/>'
    return f'<circle cx="{x}" cy="{y}" r="2.2" fill="#0f5c6e"/>'


def _band(
    limits: tuple[float | None, float | None], ticks: Sequence[float], y: Callable[[float], float]
) -> str:
    low, high = limits
    if low is None and high is None:
        return ""
    top, bottom = y(ticks[-1] if high is None else high), y(ticks[0] if low is None else low)
    return (
        f'<rect x="{_LEFT}" y="{top}" width="{_WIDTH - _LEFT - _RIGHT}" height="{round(bottom - top, 1)}" '
        'fill="#dcefe4"/>'
    )


def _value_axis(ticks: Sequence[float], y: Callable[[float], float], unit: str) -> list[str]:
    parts = [f'<text x="{_LEFT - 6}" y="12" text-anchor="end">{escape(unit or "–")}</text>']
    parts += [
        f'<path d="M{_LEFT} {y(tick)}H{_WIDTH - _RIGHT}" stroke="#dfe3ea"/>'
        f'<text x="{_LEFT - 6}" y="{y(tick) + 4}" text-anchor="end">{plain(tick)}</text>'
        for tick in ticks
    ]
    return parts


def _time_axis(
    begin: float, end: float, x: Callable[[float], float], clock: Callable[[float], str]
) -> list[str]:
    places = ((begin, "start"), ((begin + end) / 2, "middle"), (end, "end"))
    return [
        f'<text x="{x(second)}" y="{_HEIGHT - 8}" text-anchor="{anchor}">{escape(clock(second))}</text>'
        for second, anchor in places
    ]
