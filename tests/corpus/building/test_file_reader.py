"""Reading here: the files after those that are processed, and only if those have not changed."""

from __future__ import annotations

from contextlib import closing

import pytest
from letters import Letters

from seqgen.corpus.building.file_reader import LocalReader
from seqgen.corpus.reading.read_file import ReadingPass
from seqgen.corpus.reading.sources import SourceFiles
from seqgen.corpus.storage.journal import Journal, JournalMismatch, ProcessedFiles

pytestmark = pytest.mark.usefixtures("one_reader")


def test_processed_files_are_not_read_again(tmp_path):
    for name in "abc":
        (tmp_path / f"{name}.letters").write_text(3 * name)
    files = SourceFiles([tmp_path], Letters.reads)
    reader, reading = LocalReader(files, 3, None), ReadingPass(Letters(), "encode")
    (tmp_path / "journal").mkdir()

    def read_next() -> str:
        with closing(Journal(tmp_path / "journal")) as journal:
            processed = ProcessedFiles(journal, "read.part")
            with closing(reader.read(reading, processed, tmp_path)) as contents:
                file = next(contents)
                processed.add(file)
                journal.commit()
        return file.name

    assert [read_next(), read_next()] == ["a.letters", "b.letters"]
    (tmp_path / "a.letters").write_text("another text")
    with pytest.raises(JournalMismatch):
        read_next()
