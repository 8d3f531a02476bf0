"""The reviewed corpus: kept, exchanged, split, masked and compared without losing a decision or a place."""

from datetime import UTC, datetime
from pathlib import Path

import orjson
import pytest
import xlsxwriter
from hypothesis import given
from hypothesis import strategies as st

from qualweave.errors import InputError, NotFound
from qualweave.mappers.texts.agreement import agreement, kappa
from qualweave.mappers.texts.collect import Collector
from qualweave.mappers.texts.corpus import Corpus, Decision, Text
from qualweave.mappers.texts.exchange import corpus_schema, exported, imported
from qualweave.mappers.texts.redact import moved, redacted
from qualweave.mappers.texts.split import groups_of, parts_of
from qualweave.mappers.voice import VoiceReader
from qualweave.ontology.load import load_graph
from qualweave.ontology.terms import TermIndex

AT = datetime(2026, 11, 26, 8, 0, tzinfo=UTC)
FRIDGE = "冰箱门关不严有异响"


@pytest.fixture(scope="module")
def terms() -> TermIndex:
    return TermIndex.from_graph(load_graph())


@pytest.fixture(scope="module")
def collector(terms: TermIndex) -> Collector:
    return Collector(VoiceReader(terms, load_graph()), terms, "2026-11-25")


def _decision(
    text: Text, at: int, verdict: str = "accept", by: str = "mei", **more: object
) -> Decision:
    span = text.proposed[at]
    return Decision.model_validate(
        {
            "start": span.start,
            "end": span.end,
            "term": span.term,
            "verdict": verdict,
            "by": by,
            "when": AT,
        }
        | more
    )


def _corpus(path: Path, collector: Collector) -> tuple[Corpus, Text]:
    corpus = Corpus(path / "corpus.jsonl")
    text = collector.text(FRIDGE)
    corpus.add(
        [text, collector.text("The door does not close, call +49 170 1234567; scratches too.")]
    )
    return corpus, text


def test_a_decision_says_who_when_and_why_and_survives_a_restart(
    tmp_path: Path, collector: Collector
) -> None:
    corpus, text = _corpus(tmp_path, collector)

    corpus.decide(text.id, _decision(text, 0, why="heard it"))

    (again,) = [one for one in Corpus(corpus.path) if one.id == text.id]
    assert [(one.term, one.review, one.by) for one in again.spans()] == [
        ("PoorClosure", "accepted", "mei"),
        ("AbnormalNoise", "open", ""),
    ]
    assert again.decisions[0].why == "heard it"
    assert again.spans()[0].when == AT


def test_a_span_is_relabelled_added_and_the_last_decision_taken_back(
    tmp_path: Path, collector: Collector
) -> None:
    corpus, text = _corpus(tmp_path, collector)

    corpus.decide(text.id, _decision(text, 1, "relabel", to="MachineFailure"))
    added = Decision(start=0, end=2, term="Scratch", verdict="add", by="mei", when=AT)
    corpus.decide(text.id, added)

    held = {(one.term, one.review, one.origin) for one in corpus.get(text.id).spans()}
    assert ("AbnormalNoise", "rejected", "reader") in held
    assert ("MachineFailure", "accepted", "person") in held
    assert ("Scratch", "accepted", "person") in held
    corpus.undo(text.id, "mei")
    assert "Scratch" not in {one.term for one in Corpus(corpus.path).get(text.id).spans()}
    with pytest.raises(NotFound, match="decided nothing"):
        corpus.undo(text.id, "li")


@pytest.mark.parametrize(
    ("change", "error"),
    [
        ({"start": 90, "end": 99}, InputError),
        ({"term": "Burr"}, NotFound),
        ({"verdict": "relabel"}, InputError),
    ],
)
def test_a_decision_that_does_not_fit_is_refused(
    tmp_path: Path, collector: Collector, change: dict[str, object], error: type[Exception]
) -> None:
    corpus, text = _corpus(tmp_path, collector)
    made = _decision(text, 0).model_copy(update=change)

    with pytest.raises(error):
        corpus.decide(text.id, made)
    assert not corpus.get(text.id).decisions


def test_a_half_written_line_of_a_killed_process_is_dropped(
    tmp_path: Path, collector: Collector
) -> None:
    corpus, text = _corpus(tmp_path, collector)
    with corpus.path.open("ab") as journal:
        journal.write(b'{"kind":"decision","id":"')

    again = Corpus(corpus.path)
    again.decide(text.id, _decision(text, 0))

    assert len(Corpus(corpus.path)) == 2
    assert Corpus(corpus.path).get(text.id).spans()[0].review == "accepted"


def test_an_export_re_loads_to_the_same_corpus(
    tmp_path: Path, collector: Collector, terms: TermIndex
) -> None:
    corpus, text = _corpus(tmp_path, collector)
    corpus.decide(text.id, _decision(text, 0, why="ok"))
    corpus.decide(text.id, _decision(text, 1, "reject", by="li"))
    body = exported(corpus).body

    other = Corpus(tmp_path / "other.jsonl")
    other.add(imported(body, terms))

    assert list(other) == sorted(corpus, key=lambda one: one.id)
    assert exported(other).body == body
    assert other.add(imported(body, terms)) == 0


def test_the_example_is_exported_with_its_spans(tmp_path: Path, collector: Collector) -> None:
    corpus, text = _corpus(tmp_path, collector)
    for at in (0, 1):
        corpus.decide(text.id, _decision(text, at))

    (line,) = map(orjson.loads, exported(corpus, reviewed=True).body.splitlines())

    assert [(one["words"], one["term"]) for one in line["spans"]] == [
        ("门关不严", "PoorClosure"),
        ("异响", "AbnormalNoise"),
    ]
    assert {one["by"] for one in line["spans"]} == {"mei"}
    assert line["ontology"] == "2026-11-25"


def test_spans_of_another_tool_become_decisions(terms: TermIndex) -> None:
    line = {
        "text": FRIDGE, "language": "zh",
        "spans": [{"start": 2, "end": 6, "words": "门关不严", "term": "PoorClosure", "review": "accepted", "by": "li", "when": "2026-11-26T08:00:00Z"}],
    }  # fmt: skip

    (text,) = imported(orjson.dumps(line), terms)

    assert (text.spans()[0].review, text.spans()[0].by) == ("accepted", "li")


_GOOD = (
    '{"text":"漏水","language":"zh","spans":[{"start":0,"end":2,"words":"漏水","term":"Leakage"}]}'
)


@pytest.mark.parametrize(
    ("line", "key"),
    [
        ("{", "line"),
        ('{"text":"漏水"}', "language"),
        (_GOOD.replace('"Leakage"', '"Leakige"'), "spans.0.term"),
        (_GOOD.replace('"words":"漏水"', '"words":"漏油"'), "spans.0.words"),
        (_GOOD.replace('"end":2', '"end":9'), "spans.0"),
        (_GOOD.replace('"spans"', '"spam"'), "spam"),
        (_GOOD, "id"),
        ("[1]", "line"),
    ],
)
def test_a_bad_line_is_refused_with_line_and_key(terms: TermIndex, line: str, key: str) -> None:
    body = f"{_GOOD}\n\n{line}\n".encode()

    with pytest.raises(InputError) as told:
        imported(body, terms)

    assert (told.value.data["line"], told.value.data["key"]) == (3, key)
    assert "第 3 行" in told.value.in_language("zh")


def test_the_schema_says_every_field() -> None:
    schema = corpus_schema()

    assert {"text", "language", "spans", "decisions"} <= set(schema["properties"])
    assert {
        "start",
        "end",
        "words",
        "term",
        "attribute",
        "viewpoint",
        "state",
        "by",
        "when",
    } <= set(schema["$defs"]["Span"]["properties"])


@pytest.mark.parametrize(
    ("text", "masked"),
    [
        ("请联系13812345678", "请联系[phone]"),
        ("call me at +49 170 1234567.", "call me at [phone]."),
        ("Tel. 0511 / 123 45 67", "Tel. [phone]"),
        ("mail an max.muster@example.de bitte", "mail an [email] bitte"),
        ("身份证11010519491231002X，漏水", "身份证[identity]，漏水"),
        ("IBAN DE89 3704 0044 0532 0130 00", "IBAN [identity]"),
        ("卡号6222021234567890123", "卡号[number]"),
        ("长 1200.55 mm, M6x20, 2026-11-26 14:30, 20261126, Teil 4711", "长 1200.55 mm, M6x20, 2026-11-26 14:30, 20261126, Teil 4711"),
    ],
)  # fmt: skip
def test_what_tells_a_person_is_masked(text: str, masked: str) -> None:
    assert redacted(text)[0] == masked


def test_a_known_serial_is_kept() -> None:
    assert (
        redacted("电池 123456789 漏液", lambda one: one == "123456789")[0] == "电池 123456789 漏液"
    )


def test_spans_stay_right_in_a_masked_export(
    tmp_path: Path, collector: Collector, terms: TermIndex
) -> None:
    corpus, _ = _corpus(tmp_path, collector)

    found = exported(corpus, redact=True)

    assert found.masked == {"phone": 1}
    lines = [orjson.loads(one) for one in found.body.splitlines()]
    assert any("[phone]; scratches" in one["text"] for one in lines)
    for line in lines:
        for one in [*line["spans"], *line["proposed"]]:
            assert line["text"][one["start"] : one["end"]] == one["words"]
    assert len(imported(found.body, terms)) == 2


@given(st.text("a1 +@.b漏", max_size=50), st.data())
def test_a_place_moves_with_the_mask(text: str, data: st.DataObject) -> None:
    masked, masks = redacted(text)
    start = data.draw(st.integers(0, len(text)))
    end = data.draw(st.integers(start, len(text)))

    first, last = moved(start, end, masks)

    assert 0 <= first <= last <= len(masked)
    if not any(one.start < end and start < one.end for one in masks):
        assert masked[first:last] == text[start:end]


def test_kappa_of_two_reviewers(tmp_path: Path, collector: Collector) -> None:
    corpus, text = _corpus(tmp_path, collector)
    for by, second in (("mei", "accept"), ("li", "reject")):
        corpus.decide(text.id, _decision(text, 0, by=by))
        corpus.decide(text.id, _decision(text, 1, second, by=by))

    found = agreement(list(corpus), "mei", "li")

    assert (found.texts, found.spans, found.agreed) == (1, 2, 1)
    assert found.disagreements == ((text.id, 7, 9, "AbnormalNoise", ""),)
    assert found.kappa == pytest.approx(1 / 3)


def test_kappa_is_that_of_the_textbook() -> None:
    pairs = [("yes", "yes")] * 20 + [("yes", "no")] * 5 + [("no", "yes")] * 10 + [("no", "no")] * 15

    assert kappa(pairs) == pytest.approx(
        0.4
    )  # the worked example of Cohen's kappa with these counts
    assert kappa([("a", "a")]) is None
    assert kappa([]) is None


def test_near_duplicates_stand_on_one_side_of_every_split() -> None:
    texts = {
        f"{n}-{m}": f"The drawer number {n * 37} of unit {chr(97 + n) * 9} squeaks loudly{'!' * m} ({m})"
        for n in range(20)
        for m in range(4)
    }

    for seed in range(5):
        parts = parts_of(texts, seed=seed)
        for n in range(20):
            assert len({parts[f"{n}-{m}"] for m in range(4)}) == 1


def test_the_split_is_eighty_ten_ten_and_changes_with_the_seed() -> None:
    texts = {
        str(n): "".join(chr(0x4E00 + (n * 7919 + k * k * 131) % 9000) for k in range(12))
        for n in range(2000)
    }
    parts = parts_of(texts)

    assert len(groups_of(texts)) > 1900
    shares = {one: list(parts.values()).count(one) / 2000 for one in ("train", "dev", "test")}
    assert shares == pytest.approx({"train": 0.8, "dev": 0.1, "test": 0.1}, abs=0.03)
    assert parts_of(texts) == parts != parts_of(texts, seed=1)


@pytest.mark.parametrize(
    ("name", "content"),
    [
        (
            "c.csv",
            "complaint no,problem description,city\nK1,冰箱门关不严有异响,Ulm\nK2,,Ulm\n".encode(),
        ),
        ("c.csv", "投诉单号;客户描述\nK1;冰箱门关不严有异响\n".encode("gb18030")),
        ("c.jsonl", '{"id": 1, "notes": "冰箱门关不严有异响"}\n'.encode()),
        ("c.json", '{"complaints": [{"utteranceText": "冰箱门关不严有异响", "no": 4}]}'.encode()),
    ],
)
def test_texts_come_from_files_of_any_kind(
    tmp_path: Path, collector: Collector, name: str, content: bytes
) -> None:
    path = tmp_path / name
    path.write_bytes(content)

    (text,) = collector.file(path)

    assert (text.text, text.file, len(text.proposed)) == (FRIDGE, name, 2)
    assert text.row > 0
    assert text.column


def test_an_excel_sheet_is_read_by_its_column(tmp_path: Path, collector: Collector) -> None:
    path = tmp_path / "8d.xlsx"
    with xlsxwriter.Workbook(path) as book:
        sheet = book.add_worksheet("D2")
        for row, cells in enumerate(
            (("No", "Remark", "Problem"), ("1", "x", FRIDGE), ("2", "y", "Kratzer"))
        ):
            sheet.write_row(row, 0, cells)

    found = list(collector.file(path, column="Problem"))

    assert [one.proposed[0].term for one in found] == ["PoorClosure", "Scratch"]
    assert found[0].file == "8d.xlsx"


def test_a_file_without_texts_is_refused(tmp_path: Path, collector: Collector) -> None:
    path = tmp_path / "n.csv"
    path.write_text("a,b\n1,2\n", encoding="utf-8")

    with pytest.raises(InputError, match="no column of texts"):
        list(collector.file(path))
    with pytest.raises(InputError, match="no column 'c'"):
        list(collector.file(path, column="c"))
