"""The writer: an interrupted one continues, and too few documents are one sentence that says what was left out."""

from __future__ import annotations

from contextlib import closing

import numpy as np
import pytest
from letters import Letters

from seqgen import CorpusError
from seqgen.contract.fingerprint import SIZE
from seqgen.corpus.building.corpus_writer import CorpusWriter
from seqgen.corpus.reading.channel import EncodedDocument, FileContent
from seqgen.corpus.reading.read_file import ReadFile
from seqgen.corpus.storage.journal import Journal
from seqgen.corpus.storage.split import Splitter


def read_file(number: int) -> ReadFile:
    rng = np.random.default_rng(number)
    documents = [
        EncodedDocument(rng.bytes(SIZE), rng.bytes(SIZE), rng.integers(28, size=9, dtype=np.int32),
                        np.r_[0, np.ones(8)].astype(np.float32), {})
        for _ in range(30)
    ]  # fmt: skip
    return ReadFile(
        f"file {number}", [number], None, "0" * 64, FileContent(documents, dropped={"it is odd": number + 1})
    )


def write(folder, interruptions):
    folder.mkdir()
    begun = 0
    for end in (*interruptions, 6):
        with closing(Journal(folder)) as journal, closing(CorpusWriter(journal, Letters(), Splitter())) as writer:
            assert writer.processed.count == begun
            for number in range(begun, end):
                writer.add(read_file(number))
            if end == 6:
                writer.finish(None, None, [])
            begun = end
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def test_an_interrupted_writer_continues(tmp_path):
    assert write(tmp_path / "at-once", []) == write(tmp_path / "in-steps", [1, 2, 5])


def test_too_few_documents_are_refused_with_the_commonest_reasons(tmp_path):
    with closing(Journal(tmp_path)) as journal, closing(CorpusWriter(journal, Letters(), Splitter())) as writer:
        writer.add(ReadFile("bad", [0], None, None, FileContent(reason="it is broken", detail="line 3")))
        with pytest.raises(CorpusError, match=r"None of the files can be used: 1 × it is broken \(bad: line 3\)\."):
            writer.finish(None, None, [])
