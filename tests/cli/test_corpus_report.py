"""The report of a build: what was kept, what was dropped with examples, and what was guessed."""

from __future__ import annotations

from pathlib import Path

from seqgen.cli.corpus_report import print_corpus
from seqgen.workflows.build import build


def test_it_names_reasons_with_an_example_and_remarks(tmp_path: Path, capsys, monkeypatch) -> None:
    monkeypatch.setenv("COLUMNS", "200")
    folder = tmp_path / "texts"
    folder.mkdir()
    (folder / "long.txt").write_text("one line\n" * 1000)
    (folder / "latin.txt").write_bytes(b"caf\xe9 " * 10)
    print_corpus(build([folder], tmp_path / "corpus", domain="text"))
    out = capsys.readouterr().out
    for part in ("train", "not UTF-8", "latin.txt: byte 0xE9 at offset 3", "90% train, 5% valid, 5% test"):
        assert part in out
