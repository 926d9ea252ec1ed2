"""Lines of text from standard input and pipes."""

from __future__ import annotations

import io
import os
import threading
from pathlib import Path
from types import SimpleNamespace

import pytest

from seqgen import UnusableFile
from seqgen.cli import text_streams
from seqgen.cli.text_streams import is_text_stream, text_lines

INPUT = Path("-")


def lines_of(monkeypatch: pytest.MonkeyPatch, content: bytes) -> list[str]:
    monkeypatch.setattr("sys.stdin", SimpleNamespace(buffer=io.BytesIO(content)))
    lines = [line for together in text_lines(INPUT) for line in together]
    return [line if isinstance(line, str) else f"refused: {line}" for line in lines]


def test_each_line_is_a_text_or_says_why_not(monkeypatch):
    assert lines_of(monkeypatch, b"one\r\n\n \ntwo\xff\nthree") == [
        "one",
        "refused: without content",
        "refused: without content",
        "refused: not UTF-8",
        "three",
    ]
    assert lines_of(monkeypatch, "\ufeffé\n".encode()) == ["é"]


def test_lines_that_arrive_together_come_together(monkeypatch):
    monkeypatch.setattr(text_streams, "READ_BYTES", 8)
    monkeypatch.setattr("sys.stdin", SimpleNamespace(buffer=io.BytesIO(b"one\ntwo\nthree\nfour\n")))
    assert list(text_lines(INPUT)) == [["one", "two"], ["three"], ["four"]]


def test_a_stream_without_lines_or_with_an_endless_one_is_refused(monkeypatch):
    monkeypatch.setattr(text_streams, "MAX_LINE_BYTES", 5)
    with pytest.raises(UnusableFile, match="row 2 has more than 5 bytes"):
        lines_of(monkeypatch, b"12345"[:4] + b"\n" + b"x" * 100)
    with pytest.raises(UnusableFile, match="empty"):
        lines_of(monkeypatch, b"")
    monkeypatch.setattr("sys.stdin", None)
    with pytest.raises(UnusableFile, match="standard input is closed"):
        list(text_lines(INPUT))


def test_a_line_comes_before_the_next_one_is_written(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    is_read = threading.Event()

    def write() -> None:
        with open(tmp_path / "pipe", "w") as file:
            file.write("one\n")
            file.flush()
            assert is_read.wait(10)
            file.write("two\n")

    writer = threading.Thread(target=write, daemon=True)
    writer.start()
    lines = text_lines(tmp_path / "pipe")
    assert next(lines) == ["one"]
    is_read.set()
    assert list(lines) == [["two"]]


def test_other_files_are_no_streams(tmp_path):
    (tmp_path / "file").touch()
    assert [is_text_stream(path) for path in (INPUT, Path("/dev/stdin"), tmp_path / "file", tmp_path / "none")] == [
        True,
        True,
        False,
        False,
    ]
