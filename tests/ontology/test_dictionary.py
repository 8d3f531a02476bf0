"""Parameter dictionaries: read from files with line-accurate faults, kept in the graph, compared in one unit (R91, R92)."""

import tracemalloc
from contextlib import suppress
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from qualweave.errors import InputError, NotFound, QualweaveError, UnreadableSource
from qualweave.iri import Q
from qualweave.ontology.dictionary.difference import compare
from qualweave.ontology.dictionary.entry import Dictionary
from qualweave.ontology.dictionary.frequency import read_frequency
from qualweave.ontology.dictionary.numbers import convert, read_number
from qualweave.ontology.dictionary.reading import read_dictionary
from qualweave.ontology.dictionary.rules import notation, read_rules
from qualweave.ontology.dictionary.store_form import dictionary_change, read_back
from qualweave.ontology.load import load_graph
from qualweave.ontology.terms import TermIndex
from qualweave.principal import SYSTEM
from qualweave.shapes.gate import ShapeGate
from qualweave.values import unit_of
from tests.reasoning.graphs import opened

HEADER = "parameter,collection point,accuracy,frequency,anomaly rule,unit,weight,critical,lower limit,upper limit\n"
A = HEADER + (
    "voltage plateau stability,grading,0.5,every item,< 92,%,60,yes,92,\n"
    'internal resistance,OCV test,0.05 mΩ,every item,"limits 0.8..1.6; western-electric 1,2",mΩ,40,no,0.8,1.6\n'
)
B = """\
partner: supplier B
parameters:
  - 参数: 内阻一致性
    采集点: 模组下线
    精度: 0.1
    频次: 每批1次
    异常判定: "> 3"
    单位: "%"
    关键: 是
  - 参数: 内阻
    采集点: OCV test
    精度: 0.05 mΩ
    频次: 每件
    异常判定: limits 0.0008..0.0016; 判异准则 1,2
    单位: Ω
    关键: 否
    下限: 0.0008
    上限: 0.0015
"""


@pytest.fixture(scope="module")
def terms() -> TermIndex:
    return TermIndex.from_graph(load_graph())


def read(text: str, terms: TermIndex, name: str = "a.csv", partner: str = "A") -> Dictionary:
    return read_dictionary(text.encode(), name=name, partner=partner, terms=terms)


def faults(text: str, terms: TermIndex, name: str = "a.csv") -> list[tuple[object, object, object]]:
    with pytest.raises(InputError) as told:
        read(text, terms, name)
    listed = told.value.data["faults"]
    assert isinstance(listed, list)
    assert all(
        isinstance(one, dict) and one["fix"] and one["zh"] and one["fix_zh"] for one in listed
    )
    return [(one["row"], one["column"], one["en"]) for one in listed]  # type: ignore[index, call-overload]


def test_a_row_becomes_an_entry_with_its_four_mandatory_facts_and_unit(terms: TermIndex) -> None:
    found = read(A, terms).of(Q + "InternalResistance")[0]

    assert (found.point, found.accuracy, found.unit.ucum) == ("OCV test", Decimal("0.05"), "mOhm")
    assert found.frequency.words() == "1 per item"
    assert notation(found.rules) == "limits 0.8..1.6; western-electric 1,2"
    assert (found.weight, found.critical, found.limits, found.row) == (
        40,
        False,
        (Decimal("0.8"), Decimal("1.6")),
        3,
    )


@pytest.mark.parametrize(
    ("column", "value"),
    [(1, "collection point"), (2, "accuracy"), (3, "frequency"), (4, "anomaly rule"), (5, "unit")],
)
def test_an_entry_without_a_mandatory_fact_is_refused_by_row_and_column(
    terms: TermIndex, column: int, value: str
) -> None:
    cells = ["torque", "station 3", "0.1", "10 Hz", "> 5", "N.m"]
    cells[column] = ""
    text = HEADER + "torque,station 4,0.1,10 Hz,> 5,N.m,,,,\n" + ",".join(cells) + ",,,,\n"

    assert (3, value, f"{value} is missing") in faults(text, terms)


@pytest.mark.parametrize(
    ("row", "told"),
    [
        ("torqe,s,0.1,10 Hz,> 5,N.m,,,,", (2, "parameter", "The ontology has no term 'torqe'")),
        ("scratch,s,0.1,10 Hz,> 5,N.m,,,,", (2, "parameter", "'scratch' is no parameter")),
        ("torque,s,0.1,10 Hz,> 5,furlong,,,,", (2, "unit", "Unknown unit 'furlong'")),
        ("torque,s,0.1,10 Hz,> 5,V,,,,", (2, "unit", "V is not a unit of the same dimension as N·m")),
        ("torque,s,0.1 V,10 Hz,> 5,N.m,,,,", (2, "accuracy", "V is not a unit of the same dimension as N·m")),
        ("torque,s,1 %,10 Hz,> 5,N.m,,,,", (2, "accuracy", "'1 %' is relative")),
        ("torque,s,fine,10 Hz,> 5,N.m,,,,", (2, "accuracy", "'fine' is no number")),
        ('torque,s,"0,1",10 Hz,> 5,N.m,,,,', (2, "accuracy", "'0,1' is no number")),
        ("torque,s,0.1,now and then,> 5,N.m,,,,", (2, "frequency", "The frequency 'now and then' cannot be read")),
        ("torque,s,0.1,10 Hz,looks odd,N.m,,,,", (2, "anomaly rule", "The anomaly rule 'looks odd' cannot be applied by a machine")),
        ("torque,s,0.1,10 Hz,> 5,N.m,110,,,", (2, "weight", "'110' is no weight in percent")),
        ("torque,s,0.1,10 Hz,> 5,N.m,90,,,", (2, "weight", "the weights of the file add up to 90 %, not to 100 %")),
        ("torque,s,0,10 Hz,> 5,N.m,,,,", (2, "accuracy", "An accuracy of 0 is none")),
        ("torque,s,0.1,10 Hz,> 5,N.m,,perhaps,,", (2, "critical", "'perhaps' is neither yes nor no")),
        ("torque," + "s" * 501 + ",0.1,10 Hz,> 5,N.m,,,,", (2, "collection point", "The cell has 501 characters")),
        ("torque,s,1e9999,10 Hz,> 5,N.m,,,,", (2, "accuracy", "'1e9999' is out of range")),
        ("torque,s,0.1,10 Hz,> 5,N.m,,,6,5", (2, "lower limit", "the lower limit is not below the upper one")),
        ("torque,s,0.1,10 Hz,limits 1..2; western-electric 1,2,N.m,,,,", (2, "11", "the row has 11 cells, the header 10")),
    ],
)  # fmt: skip
def test_a_fault_is_told_by_row_column_and_fix(
    terms: TermIndex, row: str, told: tuple[int, str, str]
) -> None:
    assert told in faults(HEADER + row + "\n", terms)


def test_all_faults_of_a_file_are_told_at_once_and_the_same_entry_twice_is_one(
    terms: TermIndex,
) -> None:
    good = "torque,station 3,0.1,10 Hz,> 5,N.m,,,,\n"
    text = HEADER + good + good + "torque,,0.1,often,> 5,N.m,,,,\n"

    assert {one[:2] for one in faults(text, terms)} == {
        (3, "parameter"), (4, "collection point"), (4, "frequency"),
    }  # fmt: skip


def test_rows_are_counted_by_the_lines_of_the_file(terms: TermIndex) -> None:
    broken_over = 'torque,"station\n3",0.1,10 Hz,> 5,N.m,,,,\n\n'

    assert [
        one[0] for one in faults(HEADER + broken_over + "torque,s,fine,10 Hz,> 5,N.m,,,,\n", terms)
    ] == [5]


def test_of_many_faults_five_are_spoken_and_all_are_listed(terms: TermIndex) -> None:
    rows = "".join(f"torqe,s{n},0.1,10 Hz,> 5,N.m,,,,\n" for n in range(7))

    with pytest.raises(InputError) as told:
        read(HEADER + rows, terms)

    assert told.value.message.count("column 'parameter'") == 5
    assert "2 more" in told.value.next_step
    listed = told.value.data["faults"]
    assert isinstance(listed, list)
    assert len(listed) == 7
    assert all(isinstance(one, dict) and "Nearest: torque" in str(one["fix"]) for one in listed)


def test_a_file_of_too_many_rows_is_refused(terms: TermIndex) -> None:
    with pytest.raises(UnreadableSource, match="10001 entries; 1 to 10000"):
        read(HEADER + "torque,s,0.1,10 Hz,> 5,N.m,,,,\n" * 10_001, terms)


def test_the_first_column_of_a_name_counts_and_a_byte_order_mark_does_not(terms: TermIndex) -> None:
    text = "\ufeff" + HEADER.replace("weight", "accuracy") + "torque,s,0.1,10 Hz,> 5,N.m,9,,,\n"

    assert read(text, terms).entries[0].accuracy == Decimal("0.1")


def test_a_missing_column_is_told_of_the_header(terms: TermIndex) -> None:
    assert faults("参数,采集点,频次,异常判定,单位\n扭矩,工位3,10 Hz,> 5,N.m\n", terms) == [
        (1, "accuracy", "the column is missing")
    ]


def test_a_fault_in_yaml_names_the_line_of_the_value(terms: TermIndex) -> None:
    assert faults(B.replace("每批1次", "有时"), terms, "b.yaml") == [
        (6, "频次", "The frequency '有时' cannot be read")
    ]


def test_a_file_that_cannot_be_parsed_names_its_line(terms: TermIndex) -> None:
    with pytest.raises(UnreadableSource, match="row 2"):
        read("a: 1\n b: [\n", terms, "b.yaml")
    with pytest.raises(UnreadableSource, match="row 2"):
        read(HEADER + '"torque,s\n', terms)
    with pytest.raises(UnreadableSource, match="0 entries"):
        read(HEADER, terms)


def test_chinese_headers_semicolons_and_gb18030_are_read_alike(terms: TermIndex) -> None:
    text = "参数;采集点;精度;频次;异常判定逻辑;单位\n扭矩;工位3;±0.1 N·m;每秒1次;限值 1..5;N·m\n"

    found = read_dictionary(text.encode("gb18030"), name="a.csv", partner="A", terms=terms).entries[
        0
    ]

    assert (found.parameter, found.accuracy, found.frequency.seconds) == (
        Q + "Torque",
        Decimal("0.1"),
        1,
    )


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("3100..3300 mV", "limits 3.1..3.3"),
        ("> 3.3 or < 3.1", "limits 3.1..3.3"),
        ("高于 3.4 或 低于 3", "limits 3..3.4"),
        (">= 3.3", "limits ..3.3 exclusive"),
        ("limits -5..-1", "limits -5..-1"),
        ("WE 1-3", "western-electric 1,2,3"),
        ("western electric rules", "western-electric 1,2,3,4"),
        ("判异准则 1,2；变化率 > 5 mV/分钟", "western-electric 1,2; rate 0.005/min"),
    ],
)
def test_rules_are_read_in_either_language_and_written_in_one_notation(
    text: str, told: str
) -> None:
    volt = unit_of("V")

    assert notation(read_rules(text, volt)) == told
    assert read_rules(told, volt) == read_rules(text, volt)


@pytest.mark.parametrize(
    "text", ["limits 5..3", "> 3 or < 4", "> 3 or >= 4", "rate 0/min", "WE 9", "rate 1/lot", ";"]
)
def test_a_rule_that_decides_nothing_is_refused(text: str) -> None:
    with pytest.raises(InputError, match="cannot be applied"):
        read_rules(text, unit_of("V"))


@pytest.mark.parametrize(
    ("one", "other"),
    [("10 Hz", "every 0.1 s"), ("每5分钟", "every 300 s"), ("2/h", "每小时2次"), ("hourly", "1次/小时"),
     ("每批3次", "3 per lot"), ("every item", "逐件"), ("1次/班", "every shift"), ("5 per 10 min", "every 2 min")],
)  # fmt: skip
def test_a_frequency_is_the_same_however_it_is_written(one: str, other: str) -> None:
    assert read_frequency(one).is_same(read_frequency(other))


@pytest.mark.parametrize("text", ["every 0 s", "0 Hz", "0 per lot", "1 per 0 min"])
def test_never_is_no_frequency(text: str) -> None:
    with pytest.raises(InputError, match="cannot be read"):
        read_frequency(text)


def test_an_exponent_without_measure_is_out_of_range() -> None:
    with pytest.raises(InputError, match="out of range"):
        read_number("1e99999999999999999999")


def test_a_long_range_of_run_rules_is_refused_before_it_is_counted_out() -> None:
    tracemalloc.start()

    with pytest.raises(InputError, match="cannot be applied"):
        read_rules("WE 1-999999", unit_of("V"))

    assert tracemalloc.get_traced_memory()[1] < 1_000_000
    tracemalloc.stop()


def test_yaml_that_unfolds_without_end_is_refused_in_words(terms: TermIndex) -> None:
    grown = "".join(
        f"{name}: &{name} [{', '.join([f'*{before}'] * 9)}]\n"
        for before, name in zip("abcd", "bcde", strict=True)
    )
    tracemalloc.start()

    with pytest.raises(InputError, match="missing"):
        read(f"a: &a [x]\n{grown}parameters:\n- ? *e\n  : 1\n", terms, "b.yaml")

    assert tracemalloc.get_traced_memory()[1] < 1_000_000
    tracemalloc.stop()
    with pytest.raises(UnreadableSource, match="nested too deep"):
        read("[" * 20_000, terms, "b.yaml")


def test_a_width_is_converted_without_the_offset_of_its_scale() -> None:
    celsius, fahrenheit = unit_of("Cel"), unit_of("[degF]")

    assert convert(Decimal("0.5"), celsius, fahrenheit, difference=True) == Decimal("0.9")
    assert convert(Decimal(100), celsius, fahrenheit) == Decimal(212)


def test_a_dictionary_is_read_back_from_the_graph_as_it_was_written(
    terms: TermIndex, tmp_path: Path
) -> None:
    found = read(A, terms)
    change = dictionary_change(found, {})

    with opened(tmp_path, ontology=True) as store:
        store.commit([change], principal=SYSTEM, gate=ShapeGate())
        store.publish()
        with store.snapshot() as snapshot:
            assert read_back(snapshot, "A") == found
            with pytest.raises(NotFound, match="no dictionary of 'B'"):
                read_back(snapshot, "B")


def test_what_either_partner_calls_critical_stands_on_the_list_of_disagreements(
    terms: TermIndex,
) -> None:
    found = compare(read(A, terms), read(B, terms, "b.yaml", "B"))

    torn = {one.parameter for one in found.disagreements if one.aspect == "criticality"}
    assert torn == {Q + "VoltagePlateauStability", Q + "InternalResistanceConsistency"}
    assert found.critical_first == (Q + "VoltagePlateauStability",)
    assert found.critical_second == (Q + "InternalResistanceConsistency",)
    assert (
        "A calls critical: voltage plateau stability; B calls critical: internal resistance consistency"
        in found.statement(terms)
    )
    assert "A视为关键：电压平台稳定性；B视为关键：内阻一致性" in found.statement(terms, "zh")


def test_values_are_compared_in_one_unit(terms: TermIndex) -> None:
    found = compare(read(A, terms), read(B, terms, "b.yaml", "B"))

    assert [(one.aspect, one.first, one.second) for one in found.of(Q + "InternalResistance")] == [
        ("weight", "40 %", "0 %"), ("upper limit", "1.6 mΩ", "1.5 mΩ"),
    ]  # fmt: skip
    told = found.of(Q + "InternalResistance")[1]
    assert (
        found.words(told, terms)
        == "internal resistance, upper limit: A says 1.6 mΩ, B says 1.5 mΩ."
    )
    assert found.words(told, terms, "zh") == "内阻，上限：A为1.6 mΩ，B为1.5 mΩ。"


@pytest.mark.parametrize(
    ("before", "after", "told"),
    [
        ("0.1,10 Hz", "0.2,10 Hz", ("accuracy", "0.1 N·m", "0.2 N·m")),
        ("10 Hz", "5 Hz", ("frequency", "every 0.1 s", "every 0.2 s")),
        ("> 5", "> 5; WE 1", ("anomaly rule", "limits ..5", "limits ..5; western-electric 1")),
        ("> 5", ">= 5", ("anomaly rule", "limits ..5", "limits ..5 exclusive")),
        (",1,9", ",2,9", ("lower limit", "1 N·m", "2 N·m")),
        (",1,9", ",1,", ("upper limit", "9 N·m", "")),
        ("s1", "s2", ("collection point", "s1", "s2")),
    ],
)
def test_whatever_an_entry_says_otherwise_is_one_disagreement(
    terms: TermIndex, before: str, after: str, told: tuple[str, str, str]
) -> None:
    row = HEADER + "torque,s1,0.1,10 Hz,> 5,N.m,,,1,9\n"

    forth = compare(read(row, terms), read(row.replace(before, after), terms, partner="B"))
    back = compare(read(row.replace(before, after), terms), read(row, terms, partner="B"))

    assert [(one.aspect, one.first, one.second) for one in forth.disagreements] == [told]
    assert [(one.aspect, one.second, one.first) for one in back.disagreements] == [told]


def test_a_parameter_that_one_alone_has_is_told_on_its_side(terms: TermIndex) -> None:
    torque = HEADER + "torque,s,0.1,10 Hz,> 5,N.m,,,,\n"
    both = torque + "weld current,s,1,10 Hz,> 5,A,,,,\n"

    mine, theirs = (
        compare(read(both, terms), read(torque, terms)),
        compare(read(torque, terms), read(both, terms)),
    )

    assert (mine.only_first, mine.only_second) == ((Q + "WeldCurrent",), ())
    assert (theirs.only_first, theirs.only_second) == ((), (Q + "WeldCurrent",))
    (one,), (other,) = mine.disagreements, theirs.disagreements
    assert (one.aspect, one.first, one.second) == (
        "presence",
        "in the dictionary",
        "not in the dictionary",
    )
    assert (other.first, other.second_zh) == ("not in the dictionary", "已收录")


def test_widths_of_a_scale_with_an_offset_are_compared_by_the_factor_alone(
    terms: TermIndex,
) -> None:
    celsius = (
        HEADER + "lamination temperature,s,0.5,10 Hz,limits 100..200; rate 1/min,Cel,,,100,200\n"
    )
    fahrenheit = (
        HEADER + "lamination temperature,s,0.9,10 Hz,limits 212..392; rate 108/h,[degF],,,212,392\n"
    )

    found = compare(read(celsius, terms), read(fahrenheit, terms, partner="B"))

    assert found.disagreements == ()


def test_a_dictionary_agrees_with_itself(terms: TermIndex) -> None:
    found = compare(read(A, terms), read(A, terms, partner="A again"))

    assert found.disagreements == ()
    assert set(found.agreed) == set(read(A, terms).parameters)


def test_without_a_flag_a_weight_above_an_equal_share_is_critical(terms: TermIndex) -> None:
    found = read(A.replace(",yes,", ",,").replace(",no,", ",,"), terms)

    assert found.criticality(Q + "VoltagePlateauStability") == "critical"
    assert found.criticality(Q + "InternalResistance") == "not critical"


def test_entries_of_one_parameter_are_compared_point_by_point(terms: TermIndex) -> None:
    rows = "torque,{point},0.1,10 Hz,> {limit},N.m,,,,\n"
    first = (
        HEADER + rows.format(point="station 3", limit=5) + rows.format(point="station 4", limit=6)
    )
    second = (
        HEADER + rows.format(point="Station 4", limit=7) + rows.format(point="station 5", limit=5)
    )

    found = compare(read(first, terms), read(second, terms, partner="B"))

    assert [(one.aspect, one.point, one.first, one.second) for one in found.disagreements] == [
        ("collection point", "", "station 3", ""),
        ("collection point", "", "", "station 5"),
        ("anomaly rule", "station 4", "limits ..6", "limits ..7"),
    ]  # fmt: skip


_WORD = st.sampled_from(
    ["torque", "扭矩", "内阻", "0.1", "±5 ms", "1e9999", "-3", "NaN", "10 Hz", "每班", "every", "> 5", "limits ..", "rate 1/h",
     "WE 1-", "判异准则 9-1", "N.m", "%", "mΩ", "", " ", "\n", '"', "是", "100", "..", "~", ";", "5..1 V", "1 per 0 lots", "\x00"]
)  # fmt: skip


@given(cells=st.lists(_WORD, max_size=22))
@settings(max_examples=150, deadline=None)
def test_whatever_a_file_holds_is_read_or_refused_in_words(
    terms: TermIndex, cells: list[str]
) -> None:
    rows = [",".join(cells[at : at + 10]) for at in range(0, len(cells), 10)]
    with suppress(QualweaveError):
        assert read(HEADER + "\n".join(rows), terms).entries


@given(text=st.text(max_size=40))
@settings(max_examples=150, deadline=None)
def test_whatever_a_cell_holds_is_a_rule_a_frequency_or_refused(text: str) -> None:
    for reader in (read_frequency, lambda one: read_rules(one, unit_of("V"))):
        with suppress(InputError):
            reader(text)
