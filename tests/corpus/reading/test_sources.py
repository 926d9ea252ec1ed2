"""The walk over files and folders."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from seqgen import CorpusError
from seqgen.corpus.reading.sources import SourceFiles


def names(*sources: Path, endings: tuple[str, ...] = (".mid",)) -> list[str]:
    return [source.name for source in SourceFiles(sources, endings).walk()]


def test_the_walk_is_sorted_and_leaves_out_what_is_hidden(tmp_path):
    for name in ["b.mid", "a/z.MID", "a/y.txt", ".hidden.mid", ".folder/x.mid", "c/d/e.mid"]:
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text("")
    assert names(tmp_path) == ["a/z.MID", "b.mid", "c/d/e.mid"]
    assert names(tmp_path, endings=()) == ["a/y.txt", "a/z.MID", "b.mid", "c/d/e.mid"]
    assert names(tmp_path / "a" / "y.txt") == ["y.txt"]


def test_links_in_a_circle_end(tmp_path):
    (tmp_path / "a").mkdir()
    (tmp_path / "a" / "x.mid").write_text("")
    (tmp_path / "a" / "up").symlink_to(tmp_path)
    (tmp_path / "nowhere.mid").symlink_to(tmp_path / "nothing")
    assert names(tmp_path) == ["a/x.mid"]


def test_what_is_no_file_is_an_error(tmp_path):
    with pytest.raises(CorpusError, match="does not exist"):
        names(tmp_path / "none")
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(CorpusError, match="neither a file nor a folder"):
        names(tmp_path / "pipe")
    assert names(tmp_path, endings=()) == []
