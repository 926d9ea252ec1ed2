"""A journal: files that grow together are found again as they were after the last whole step."""

from __future__ import annotations

import json

import pytest

from seqgen.corpus.reading.sources import SourceFiles
from seqgen.corpus.storage.journal import LOG, Journal, JournalMismatch, ProcessedFiles


@pytest.fixture
def folder(tmp_path):
    """Returns a folder with one whole step, `abc` in `a.part`, and half of another."""
    journal = Journal(tmp_path)
    journal.open("a.part").write(b"abc")
    journal.commit()
    journal.open("a.part").write(b"def")
    journal.open("b.part").write(b"ghi")
    journal.close()
    return tmp_path


def test_half_a_step_is_cut_away(folder):
    journal = Journal(folder)
    assert journal.open("a.part").tell() == 3
    assert journal.open("b.part").tell() == 0
    journal.open("a.part").write(b"xyz")
    journal.commit()
    journal.close()
    assert (folder / "a.part").read_bytes() == b"abcxyz"
    assert (folder / "b.part").read_bytes() == b""


def test_a_finished_file_counts_with_the_next_step(tmp_path):
    journal = Journal(tmp_path)
    journal.open("a.part").write(b"abc")
    assert journal.finish("a.part") == tmp_path / "a.part"
    journal.open("b.part").write(b"d")
    journal.commit()
    journal.close()
    again = Journal(tmp_path)
    assert again.open("a.part").tell() == 3
    again.close()


def test_a_log_line_that_was_cut_off_is_forgotten(folder):
    with open(folder / LOG, "ab") as log:
        log.write(b'{"a.part": 4')
    journal = Journal(folder)
    assert journal.open("a.part").tell() == 3
    journal.close()
    assert (folder / LOG).read_bytes().endswith(b"}\n")


@pytest.mark.parametrize("damage", ["shorter", "missing", "log"])
def test_a_folder_that_does_not_fit_its_log_is_refused(folder, damage):
    if damage == "shorter":
        (folder / "a.part").write_bytes(b"ab")
    elif damage == "missing":
        (folder / "a.part").unlink()
    else:
        (folder / LOG).write_bytes(b"no JSON\n")
    with pytest.raises(JournalMismatch):
        Journal(folder)


def test_processed_files_are_remembered(tmp_path):
    data, work = tmp_path / "data", tmp_path / "work"
    data.mkdir()
    work.mkdir()
    for name in "abc":
        (data / f"{name}.txt").write_text(name)
    journal = Journal(work)
    processed = ProcessedFiles(journal, "read.part")
    first, second, third = SourceFiles([data], (".txt",)).walk()
    processed.add(first, kept=1)
    processed.add(second, kept=2)
    journal.commit()
    journal.close()
    journal = Journal(work)
    processed = ProcessedFiles(journal, "read.part")
    assert processed.count == 2
    assert [line["kept"] for line in processed.details()] == [1, 2]
    assert [source.name for source in processed.skip(iter([first, second, third]))] == ["c.txt"]
    with pytest.raises(JournalMismatch):
        list(processed.skip(iter([second, first, third])))
    with pytest.raises(JournalMismatch):
        list(processed.skip(iter([first])))
    journal.close()
    assert json.loads((work / LOG).read_text().splitlines()[-1]) == {"read.part": (work / "read.part").stat().st_size}
