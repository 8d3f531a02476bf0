"""The first start tells on stderr of texts that become vectors; the answer on stdout stays clean."""

from pathlib import Path

import pytest
from typer.testing import CliRunner

from qualweave import text
from qualweave.api import terminal
from qualweave.api.cli import app
from qualweave.api.terminal import TextsTold


def test_a_first_align_tells_what_takes_long_and_a_second_one_is_quiet(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("sentence_transformers", reason="the text extra is not installed")
    monkeypatch.setenv("QUALWEAVE_CACHE_DIR", str(tmp_path / "cache"))
    monkeypatch.setattr(text, "_MANY", 5)
    (tmp_path / "terms.json").write_text(
        '[{"id": "t:1", "label": "oven temperature"}, {"id": "t:2", "label": "belt speed"},'
        ' {"id": "t:3", "label": "torque"}, {"id": "t:4", "label": "humidity"},'
        ' {"id": "t:5", "label": "line pressure"}]'
    )
    (tmp_path / "fields.jsonl").write_text('{"id": "1", "name": "temp"}\n')
    given = [
        "align", "--fields", str(tmp_path / "fields.jsonl"), "--terms", str(tmp_path / "terms.json"),
        "--out", str(tmp_path / "out.jsonl"),
    ]  # fmt: skip

    first, second = (CliRunner().invoke(app, given, catch_exceptions=False) for _ in range(2))

    assert "5 names and texts become vectors" in first.stderr
    assert "This happens once" in first.stderr
    assert "vectors" not in first.stdout
    assert second.stderr == ""


def test_progress_is_told_now_and_then_with_what_is_left(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    clock = iter([0.0, 2.0, 10.0, 12.0, 40.0])
    monkeypatch.setattr(terminal.time, "monotonic", lambda: next(clock))
    monkeypatch.setenv("LC_ALL", "zh_CN.UTF-8")
    told = TextsTold()

    for done in (0, 256, 512, 768, 1024):
        told(done, 1024)

    lines = capsys.readouterr().err.splitlines()
    assert lines[0].startswith("正在为语言模型计算 1024 个名称和文本的向量。仅需一次")
    assert lines[1:] == ["    512/1024，约剩 10 秒", "    1024/1024，用时 40 秒"]
