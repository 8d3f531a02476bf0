"""Bad delimited text: charsets, quotes, widths, headers, numbers, times."""

from pathlib import Path

from tests.mappers.bad_inputs.case import CASES, HEAD, Case, case, odd, rows, table

__all__ = ["CASES"]

_ROW_12 = 12  # the line behind a header and ten good rows


def _write(path: Path, text: str, charset: str = "utf-8") -> None:
    path.write_bytes(text.encode(charset))


# --- charsets ----------------------------------------------------------------------------------------


@case("csv", lifted=11, waits=((13, "serial number", "charset"),))
def mixed_charsets(path: Path) -> None:
    text = table(path, odd(path, 11, serial="件号十一"))
    path.write_bytes(text.encode() + odd(path, 12, serial="Gr\xfcn").encode("cp1252") + b"\n")


@case("csv", lifted=10, waits=((_ROW_12, "serial number", "charset"),))
def broken_gb18030(path: Path) -> None:
    text = "\n".join([HEAD, *rows(path, 10, serial="零件序列号零件序列号")]) + "\n"
    bad = odd(path, 11, serial="X").encode().replace(b",X,", b",\xb1\xff\xb2,")
    path.write_bytes(text.encode("gb18030") + bad + b"\n")


@case(
    "csv",
    lifted=9,
    waits=((11, "temperature", "charset"), (11, "temperature", "not-readable")),
)
def utf16_that_ends_in_a_character(path: Path) -> None:
    path.write_bytes(table(path).rstrip("\n").encode("utf-16") + b"0")


@case("csv", lifted=20)
def mark_in_the_middle(path: Path) -> None:
    first, second = rows(path, 10), rows(path, 10, first=11)
    _write(path, "\n".join(["\ufeff" + HEAD, *first, "\ufeff" + HEAD, *second]) + "\n")


@case("csv", lifted=10, waits=((_ROW_12, "serial number", "control"),))
def nul_bytes(path: Path) -> None:
    _write(path, table(path, odd(path, 11, serial="A\0B")))


@case("csv", lifted=10, waits=((_ROW_12, "serial number", "control"),))
def control_characters(path: Path) -> None:
    _write(path, table(path, odd(path, 11, serial="A\x07\x1b[31mB")))


@case("csv", lifted=11)
def separators_of_scanned_codes(path: Path) -> None:
    _write(path, table(path, odd(path, 11, serial="[)>\x1e06\x1dP123\x1e\x04")))


@case("csv", lifted=10, waits=((_ROW_12, "serial number", "control"),))
def direction_overrides(path: Path) -> None:
    _write(path, table(path, odd(path, 11, serial="A\u202e321-B")))


# --- structure ---------------------------------------------------------------------------------------


@case("csv", lifted=10, waits=((_ROW_12, "", "ragged"),))
def row_with_too_many_cells(path: Path) -> None:
    _write(path, table(path, odd(path, 11, temperature="20,5,1")))


@case("csv", lifted=11)
def row_with_too_few_cells(path: Path) -> None:
    _write(path, table(path, odd(path, 11).rpartition(",")[0]))


@case("csv", lifted=10, columns=6)
def duplicate_headers(path: Path) -> None:
    _write(path, table(path).replace("\n", ",1.5\n").replace(",1.5", ",temperature", 1))


@case("csv", lifted=10, columns=7)
def blank_headers(path: Path) -> None:
    _write(path, table(path).replace("\n", ",x,y\n").replace(",x,y", ",,", 1))


@case("csv", refused="empty or of an unknown format")
def empty(path: Path) -> None:
    path.touch()


@case("csv", refused="empty or of an unknown format")
def only_blanks(path: Path) -> None:
    _write(path, " \n\t\n  \r\n" * 50)


@case("csv", refused="no line with text|no header|unknown format")
def only_delimiters(path: Path) -> None:
    _write(path, ",,,,\n" * 50)


@case("csv")
def only_a_header(path: Path) -> None:
    _write(path, HEAD + "\n")


@case("csv", lifted=10, waits=((7, "", "quote"),))
def quote_never_closed(path: Path) -> None:
    good = rows(path, 10)
    bad = odd(path, 11, serial='"S-open')
    _write(path, "\n".join([HEAD, *good[:5], bad, *good[5:]]) + "\n")


@case("csv", lifted=10, waits=((_ROW_12, "", "quote"),))
def quote_open_at_the_end(path: Path) -> None:
    _write(path, table(path, odd(path, 11, temperature='"20')).rstrip("\n"))


@case("csv", lifted=10, waits=((_ROW_12, "", "cut-off"),))
def half_a_last_row(path: Path) -> None:
    _write(path, table(path, odd(path, 11))[: -len("2025-01-01 09:11:00,21.375\n")])


@case("csv", lifted=10)
def line_ends_of_three_systems(path: Path) -> None:
    good = rows(path, 10)
    _write(path, HEAD + "\r\n" + "\r".join(good[:5]) + "\n" + "\r\n".join(good[5:]))


@case("csv", lifted=10)
def a_cell_of_a_megabyte(path: Path) -> None:
    good = rows(path, 9)
    _write(path, "\n".join([HEAD, *good, odd(path, 10, serial=f'"{"x" * 2**20}"')]) + "\n")


@case("csv", refused="line 1: 16777216 or more characters in one line", heavy=True)
def a_line_of_a_hundred_megabytes(path: Path) -> None:
    with path.open("wb") as file:
        for _ in range(100):
            file.write(b"x" * 2**20)


@case("csv", refused="line 1: 1000000 columns, of which 10000 are taken", heavy=True)
def a_million_columns(path: Path) -> None:
    with path.open("w") as file:
        file.write(",".join(f"c{n}" for n in range(1_000_000)) + "\n")
        file.write(",".join("1" for _ in range(1_000_000)) + "\n")


@case("csv", refused="quote that is not closed|characters in one line", heavy=True)
def nothing_but_quotes(path: Path) -> None:
    path.write_text("a,b\n" + '1,"x\n"y,2\n' * 200_000)


@case("csv", heavy=True, lifted=20)
def a_header_of_ten_thousand_equal_names(path: Path) -> None:
    path.write_text(",".join(["T"] * 10_000) + "\n" + (",".join(["1"] * 10_000) + "\n") * 20)


# --- headers and names -------------------------------------------------------------------------------


@case("csv", lifted=10, columns=5)
def a_header_that_only_looks_right(path: Path) -> None:
    _write(path, table(path).replace("temperature", "t\u0435mperature", 1))  # a Cyrillic е


@case("csv", lifted=10, columns=5)
def a_header_with_a_direction_override(path: Path) -> None:
    _write(path, table(path).replace("temperature", "\u202eerutarepmet", 1))


@case("csv", lifted=10)
def commands_in_cells(path: Path) -> None:
    good = rows(path, 9)
    _write(path, "\n".join([HEAD, *good, odd(path, 10, serial="=cmd|' /C calc'!A0")]) + "\n")


def _plain(path: Path) -> None:
    _write(path, table(path))


CASES += [
    Case("odd_name", "csv", _plain, lifted=10, file_name=name)
    for name in (
        "a name with spaces, commas & 'quotes' \".csv",
        "-rf.csv",
        "%2e%2e%2fup.csv",
        "new\nline.csv",
        "温度 ℃ №1.csv",
        "$(touch x);`id`.csv",
        "x" * 240 + ".csv",
    )
]


# --- numbers and times -------------------------------------------------------------------------------


@case(
    "csv",
    lifted=12,
    waits=tuple((n, "temperature", "not-readable") for n in (13, 14, 15)),
)
def numbers_without_end(path: Path) -> None:
    odd_ones = ("NaN", "Infinity", "-inf", "1e400", "1e-300")
    _write(path, table(path, *(odd(path, 11 + n, temperature=t) for n, t in enumerate(odd_ones))))


@case("csv", lifted=12)
def numbers_of_forty_digits_and_less_than_nothing(path: Path) -> None:
    _write(
        path, table(path, odd(path, 11, temperature="9" * 40), odd(path, 12, temperature="-0.0"))
    )


@case(
    "csv",
    lifted=10,
    waits=((12, "temperature", "not-readable"), (13, "temperature", "not-readable")),
)
def decimal_commas_among_points(path: Path) -> None:
    _write(
        path,
        table(path, odd(path, 11, temperature='"20,5"'), odd(path, 12, temperature='"1,234"')),
    )


@case("csv", lifted=11, waits=((13, "temperature", "not-readable"),))
def units_in_cells_of_one_column(path: Path) -> None:
    _write(path, table(path, odd(path, 11, temperature="293.15 K"), odd(path, 12, temperature="5 bar")))  # fmt: skip


@case("csv", lifted=10, waits=((_ROW_12, "start time", "not-readable"),))
def a_day_that_never_was(path: Path) -> None:
    _write(path, table(path, odd(path, 11, time="2025-02-30 09:00:00")))


@case(
    "csv",
    lifted=11,
    waits=((13, "start time", "not-readable"),),
)
def days_and_months_in_two_orders(path: Path) -> None:
    good = [odd(path, n, time=f"{n + 12}/01/2025 09:00:00") for n in range(1, 11)]
    bad = odd(path, 11, time="01/25/2025 09:00:00"), odd(path, 12, time="03/04/2025 09:00:00")
    _write(path, "\n".join([HEAD, *good, *bad]) + "\n")


@case("csv", lifted=11)
def full_width_digits(path: Path) -> None:
    _write(path, table(path, odd(path, 11, temperature="２０．５")))
