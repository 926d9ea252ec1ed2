"""Every command, those of plugins included, with hostile names and with any standard output.

A new command is found by itself, and called with the values that its parameters have the names of.
"""

from __future__ import annotations

import contextlib
import csv
import io
import json
import os
import re
import shutil
import sys
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pytest
from commands import all_commands, arguments_of, exit_code
from hostile_cases import HOSTILE_NAMES, NOT_UTF8

import seqgen
from seqgen.workflows.build import build_part, merge

LABELS = [name for name in HOSTILE_NAMES if name.isprintable()]
SETTINGS = {"base.tokenizer": "word", "hidden_size": 8, "batch_size": 2, "bptt_length": 16, "num_evaluations": 1}
CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u202e]")
NAMES = {"domains": "text", "corpora": "pop909", "check-plugin": "text", "new-plugin": "hostile"}


@pytest.fixture(scope="module")
def table(tmp_path_factory) -> Path:
    """Returns a table with hostile labels and words, in a folder and a file with hostile names."""
    folder = tmp_path_factory.mktemp("names") / f"[in] \x1b[31m\n{NOT_UTF8}"
    folder.mkdir()
    with open(folder / "[live] \x1b[2J\n:smile:.csv", "w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(["text", "label"])
        for number in range(90):
            word = HOSTILE_NAMES[number % len(HOSTILE_NAMES)]
            writer.writerow([f"{word} text {number} {word}", LABELS[number % len(LABELS)]])
        writer.writerow(["a text with another label", "\x1b[31mred"])
    return folder / "[live] \x1b[2J\n:smile:.csv"


@pytest.fixture(scope="module")
def hostile_run(table: Path) -> Path:
    folder = table.parent / "[run] \x1b[31m"
    seqgen.train([table], folder, domain="sentiment", steps=2, settings=SETTINGS)
    return folder


@pytest.fixture(scope="module")
def hostile_model(hostile_run: Path):
    return seqgen.load(hostile_run)


@pytest.fixture(scope="module")
def part(table: Path) -> Path:
    """Returns the only part of a corpus, in a folder with a hostile name."""
    folder = table.parent / "[part] \x1b[31m"
    for _ in range(2):
        build_part([table], folder, 1, 1, domain="sentiment")
        merge([folder], table.parent / "corpus")
    return folder


@pytest.fixture
def arguments(hostile_run, hostile_model, table, part, pieces, tmp_path, monkeypatch):
    """Returns a function that returns arguments of a command. All commands share one model, and none trains."""
    monkeypatch.setenv("MIDO_BACKEND", "fake_midi")
    monkeypatch.setattr("seqgen.workflows.inside_report.gradients_of_cells", lambda *_: {"lstm": np.ones(2)})
    monkeypatch.setattr("seqgen.workflows.load.load", lambda path, **options: hostile_model)
    monkeypatch.setattr("seqgen.workflows.evaluate.load", lambda path, **options: hostile_model)
    monkeypatch.setattr("seqgen.workflows.train.train", lambda *_, **__: hostile_model)
    monkeypatch.setattr("uvicorn.Server.run", lambda *_, **__: None)
    monkeypatch.setattr("seqgen.studio.session.Session.load", lambda *_: None)
    piece = shutil.copy(pieces / "piece-00.mid", tmp_path / f"[piece] \x1b[31m\n{NOT_UTF8}.mid")
    values = {
        "run": hostile_run, "out": tmp_path / "[out] \x1b[31m\n", "sources": table,
        "domain": "sentiment", "count": 1, "max_new_tokens": 10, "size": "tiny", "steps": 2, "documents": 3,
        "folder": tmp_path / "[out] \x1b[31m\n", "target": "onnx", "phrases": 0, "parts": part,
    }  # fmt: skip

    def arguments(name: str) -> list[str]:
        files = {"render": piece, "check-plugin": None}.get(name, table)
        out = None if name in ("predict", "score") else values["out"]  # These draw and write no texts.
        return [
            name,
            *arguments_of(name, {**values, "files": files, "file": files, "out": out, "name": NAMES.get(name)}),
        ]

    return arguments


class Tags(HTMLParser):
    def __init__(self, page: str) -> None:
        super().__init__()
        self.scripts: list[str] = []
        self.feed(page)

    def handle_data(self, data: str) -> None:
        if self.get_starttag_text() == "<script>":
            self.scripts.append(data)


@pytest.mark.parametrize("name", all_commands())
def test_hostile_names_are_harmless(name, arguments, monkeypatch, capsysbinary, tmp_path):
    has_json = any(parameter.name == "as_json" for parameter in all_commands()[name].params)
    for extra in [[], ["--json"]] if has_json else [[]]:
        shutil.rmtree(tmp_path / "[out] \x1b[31m\n", ignore_errors=True)
        code = exit_code(monkeypatch, *arguments(name), *extra)
        out, err = (os.fsdecode(printed) for printed in capsysbinary.readouterr())
        assert code == 0, err
        assert "bug of seqgen" not in err
        assert not CONTROL.search(out + err)
        if extra:
            for line in out.splitlines():
                json.loads(line)
    for page in tmp_path.rglob("*.html"):
        assert "alert(1)" not in Tags(page.read_text(encoding="utf-8")).scripts


def full() -> io.TextIOWrapper:
    return open("/dev/full", "w")


def closed() -> io.TextIOWrapper:
    reader, writer = os.pipe()
    os.close(reader)
    return os.fdopen(writer, "w")


@pytest.mark.parametrize("name", all_commands())
@pytest.mark.parametrize("output", [full, closed], ids=lambda output: output.__name__)
def test_an_output_that_takes_nothing_ends_in_one_sentence_or_in_silence(
    name, output, arguments, monkeypatch, capsysbinary
):
    call = arguments(name)
    # What the stream still holds cannot be written either.
    with contextlib.suppress(BrokenPipeError), output() as stream, monkeypatch.context() as patched:
        patched.setattr(sys, "stdout", stream)
        code = exit_code(patched, *call)
    err = os.fsdecode(capsysbinary.readouterr().err)
    assert code == 1
    assert ("No space left on device" in err.splitlines()[-1]) == (output is full) if err else output is closed
    assert "bug of seqgen" not in err
    assert "Traceback" not in err


@pytest.mark.parametrize("name", all_commands())
def test_any_encoding_of_standard_output_will_do(name, arguments, monkeypatch, capsysbinary):
    call, content = arguments(name), io.BytesIO()
    with io.TextIOWrapper(content, encoding="ascii") as stream, monkeypatch.context() as patched:
        patched.setattr(sys, "stdout", stream)
        code = exit_code(patched, *call)
        stream.flush()
        assert code == 0, capsysbinary.readouterr().err
        assert b"\x1b" not in content.getvalue()
