"""The walk over files and folders."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from letters import Letters

from seqgen import CorpusError
from seqgen.corpus.building.build import build
from seqgen.corpus.reading import sources
from seqgen.corpus.reading.folder_walk import LINK_OUT
from seqgen.corpus.reading.sources import SourceFiles


def names(*paths: Path, endings: tuple[str, ...] = (".mid",)) -> list[str]:
    return [source.name for source in SourceFiles(paths, endings).walk()]


def test_the_walk_is_sorted_and_leaves_out_what_is_hidden(tmp_path):
    for name in ["b.mid", "a/z.MID", "a/y.txt", ".hidden.mid", ".folder/x.mid", "c/d/e.mid"]:
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text("")
    assert names(tmp_path) == ["a/z.MID", "b.mid", "c/d/e.mid"]
    assert names(tmp_path, endings=()) == ["a/y.txt", "a/z.MID", "b.mid", "c/d/e.mid"]
    assert names(tmp_path / "a" / "y.txt") == ["y.txt"]


def test_what_is_no_file_is_an_error(tmp_path):
    with pytest.raises(CorpusError, match="does not exist"):
        names(tmp_path / "none")
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(CorpusError, match="neither a file nor a folder"):
        names(tmp_path / "pipe")
    assert names(tmp_path, endings=()) == []


def test_a_link_out_of_the_source_is_counted_and_not_read(tmp_path):
    secret = tmp_path / "secret.letters"
    secret.write_text("abc")
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "link.letters").symlink_to(secret)
    for number in range(4):
        (tmp_path / "data" / f"{number}.letters").write_text("abcdefgh"[number:] + "x")
    corpus = build(Letters(), [tmp_path / "data"], tmp_path / "corpus")
    assert corpus.dropped == {LINK_OUT: 1}
    assert corpus.examples == {LINK_OUT: ["link.letters"]}
    assert list(corpus.sources())[-1]["sha256"] is None


def test_counting_very_many_files_reports_progress(tmp_path, monkeypatch):
    monkeypatch.setattr(sources, "FILES_PER_REPORT", 2)
    for number in range(5):
        (tmp_path / f"{number}.mid").write_text("")
    reported: list[int] = []
    assert SourceFiles([tmp_path], (".mid",)).count(reported.append) == 5
    assert reported == [2, 4]
