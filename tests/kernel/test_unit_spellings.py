"""However a unit is spelt (symbols, English, German, Chinese; order, plural, powers), its structure is the same."""

from collections.abc import Sequence
from dataclasses import dataclass

from hypothesis import given, settings
from hypothesis import strategies as st

from qualweave.unit_grammar import readings


@dataclass(frozen=True)
class Spelt:
    id: str
    symbol: str
    en: str
    de: str
    zh: str
    prefixed: bool = True


@dataclass(frozen=True)
class Factor:
    unit: Spelt
    prefix: tuple[str, str, str, str]
    power: int


UNITS = [
    Spelt("metre", "m", "metre", "meter", "米"),
    Spelt("gram", "g", "gram", "gramm", "克"),
    Spelt("second", "s", "second", "sekunde", "秒"),
    Spelt("ampere", "A", "ampere", "ampere", "安培"),
    Spelt("kelvin", "K", "kelvin", "kelvin", "开尔文"),
    Spelt("mole", "mol", "mole", "mol", "摩尔"),
    Spelt("newton", "N", "newton", "newton", "牛顿"),
    Spelt("pascal", "Pa", "pascal", "pascal", "帕斯卡"),
    Spelt("joule", "J", "joule", "joule", "焦耳"),
    Spelt("watt", "W", "watt", "watt", "瓦特"),
    Spelt("volt", "V", "volt", "volt", "伏特"),
    Spelt("ohm", "Ω", "ohm", "ohm", "欧姆"),
    Spelt("litre", "L", "litre", "liter", "升"),
    Spelt("bar", "bar", "bar", "bar", "巴"),
    Spelt("hour", "h", "hour", "stunde", "小时", prefixed=False),
    Spelt("minute", "min", "minute", "minute", "分钟", prefixed=False),
    Spelt("celsius", "°C", "degree celsius", "grad celsius", "摄氏度", prefixed=False),
    Spelt("percent", "%", "percent", "prozent", "百分比", prefixed=False),
]
PREFIXES = [
    ("", "", "", ""),
    ("k", "kilo", "kilo", "千"),
    ("M", "mega", "mega", "兆"),
    ("m", "milli", "milli", "毫"),
    ("μ", "micro", "mikro", "微"),
    ("n", "nano", "nano", "纳"),
    ("c", "centi", "zenti", "厘"),
]
UCUM = {"μ": "u"}
RAISED = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")


@st.composite
def factors(draw: st.DrawFn, most: int, least: int, taken: set[str]) -> list[Factor]:
    free = [one for one in UNITS if one.id not in taken]
    units = draw(st.lists(st.sampled_from(free), min_size=least, max_size=most, unique=True))
    taken |= {one.id for one in units}
    return [
        Factor(
            one,
            draw(st.sampled_from(PREFIXES)) if one.prefixed else PREFIXES[0],
            1 if one.id in {"celsius", "percent"} else draw(st.sampled_from([1, 1, 1, 2, 3])),
        )
        for one in units
    ]


@st.composite
def quotients(draw: st.DrawFn) -> tuple[list[Factor], list[Factor]]:
    taken: set[str] = set()
    over = draw(factors(2, 1, taken))
    return over, draw(factors(2, 0, taken))


def structure(
    over: Sequence[Factor], under: Sequence[Factor]
) -> tuple[frozenset[tuple[str, str, int]], ...]:
    def side(of: Sequence[Factor]) -> frozenset[tuple[str, str, int]]:
        return frozenset(
            (one.unit.id, UCUM.get(one.prefix[0], one.prefix[0]), one.power) for one in of
        )

    return side(over), side(under)


def reads_as(text: str, wanted: object) -> bool:
    return any(one.structure[:2] == wanted for one in readings(text))


@given(
    parts=quotients(),
    dot=st.sampled_from(["·", ".", "*", "⋅", " "]),
    style=st.sampled_from(["raised", "caret", "plain"]),
    negative=st.booleans(),
)
@settings(max_examples=300, deadline=None)
def test_symbols(
    parts: tuple[list[Factor], list[Factor]], dot: str, style: str, *, negative: bool
) -> None:
    def power(value: int) -> str:
        if value == 1:
            return ""
        return {"raised": str(value).translate(RAISED), "caret": f"^{value}", "plain": str(value)}[
            style
        ]

    over, under = parts
    above = dot.join(one.prefix[0] + one.unit.symbol + power(one.power) for one in over)
    if negative or not under:
        text = dot.join(
            [above, *(one.prefix[0] + one.unit.symbol + power(-one.power) for one in under)]
        )
    else:
        below = dot.join(one.prefix[0] + one.unit.symbol + power(one.power) for one in under)
        text = f"{above}/({below})" if len(under) > 1 else f"{above}/{below}"

    assert reads_as(text, structure(over, under)), text
    assert reads_as(f" {text.replace('μ', 'µ')} ", structure(over, under)), text


@given(parts=quotients(), american=st.booleans(), plural=st.booleans(), after=st.booleans())
@settings(max_examples=300, deadline=None)
def test_english(
    parts: tuple[list[Factor], list[Factor]], *, american: bool, plural: bool, after: bool
) -> None:
    def said(one: Factor) -> str:
        name = f"{one.prefix[1]}{one.unit.en}"
        if one.power == 1:
            return name
        if after:
            return f"{name} { ({2: 'squared', 3: 'cubed'}[one.power]) }"
        return f"{ ({2: 'square', 3: 'cubic'}[one.power]) } {name}"

    over, under = parts
    above = " ".join(map(said, over))
    below = " ".join(map(said, under))
    if plural and over[-1].power == 1 and over[-1].unit.id not in {"celsius", "percent"}:
        above += "s"
    text = f"{above} per {below}" if under else above
    text = text.replace("metre", "meter").replace("litre", "liter") if american else text

    assert reads_as(text, structure(over, under)), text
    assert reads_as(text.title(), structure(over, under)), text
    assert reads_as(text.upper(), structure(over, under)), text


@given(quotients(), st.sampled_from(["pro", "je", "/"]))
@settings(max_examples=300, deadline=None)
def test_german(parts: tuple[list[Factor], list[Factor]], per: str) -> None:
    def said(one: Factor) -> str:
        return {1: "", 2: "Quadrat", 3: "Kubik"}[one.power] + one.prefix[2] + one.unit.de

    over, under = parts
    below = " ".join(map(said, under))
    below = f"({below})" if per == "/" and len(under) > 1 else below
    text = " ".join(map(said, over)) + (f" {per} {below}" if under else "")

    assert reads_as(text, structure(over, under)), text
    assert reads_as(
        " ".join(one.capitalize() for one in text.split(" ")), structure(over, under)
    ), text


@given(quotients(), st.sampled_from(["每", "/"]), st.sampled_from(["", "·"]))
@settings(max_examples=300, deadline=None)
def test_chinese(parts: tuple[list[Factor], list[Factor]], per: str, dot: str) -> None:
    def said(one: Factor) -> str:
        return {1: "", 2: "平方", 3: "立方"}[one.power] + one.prefix[3] + one.unit.zh

    over, under = parts
    below = dot.join(map(said, under))
    below = f"({below})" if per == "/" and len(under) > 1 else below
    text = dot.join(map(said, over)) + (f"{per}{below}" if under else "")

    assert reads_as(text, structure(over, under)), text


@given(st.text(max_size=30))
@settings(max_examples=300, deadline=None)
def test_any_text_is_read_or_refused_and_never_breaks(text: str) -> None:
    for one in readings(text):
        assert one.weight > 0
        assert len(one.dimension) == 7
        assert one.ucum
