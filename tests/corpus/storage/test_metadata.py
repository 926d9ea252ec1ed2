"""The metadata of documents on disk: what was written comes back, and damage is one sentence."""

from __future__ import annotations

from contextlib import closing

import numpy as np
import pytest

from seqgen import CorpusError
from seqgen.corpus.storage.journal import Journal
from seqgen.corpus.storage.metadata import METADATA_FILES, MetadataWriter, StoredMetadata

WRITTEN = [{"id": 7, "source": "a.csv"}, {}, {"title": "Für Elise"}, {}]


def write(folder, metadata) -> bool:
    with closing(Journal(folder)) as journal:
        writer = MetadataWriter(journal)
        for values in metadata:
            writer.add(values)
        return writer.finish()


def test_each_document_has_its_own(tmp_path):
    assert write(tmp_path, WRITTEN)
    stored = StoredMetadata(tmp_path, len(WRITTEN))
    assert [stored[number] for number in (3, 0, 2, 1)] == [WRITTEN[number] for number in (3, 0, 2, 1)]


def test_without_metadata_there_is_nothing_to_keep(tmp_path):
    assert not write(tmp_path, [{}, {}])


@pytest.mark.parametrize("name", METADATA_FILES)
def test_a_damaged_file_is_one_sentence(tmp_path, name):
    write(tmp_path, WRITTEN)
    content = (tmp_path / name).read_bytes()
    (tmp_path / name).write_bytes(content[:-5])
    with pytest.raises(CorpusError, match="build the corpus again"):
        StoredMetadata(tmp_path, len(WRITTEN))
    (tmp_path / name).unlink()
    with pytest.raises(CorpusError, match="missing or damaged"):
        StoredMetadata(tmp_path, len(WRITTEN))


@pytest.mark.parametrize("line", [b'{"id": 7, "source": ////////}', b'["id", 7, "source", "a.csv"]'])
def test_a_line_that_is_no_object_is_one_sentence(tmp_path, line):
    write(tmp_path, WRITTEN)
    path = tmp_path / METADATA_FILES[0]
    content = path.read_bytes()
    first = content.index(b"\n")
    path.write_bytes(line.ljust(first)[:first] + content[first:])
    stored = StoredMetadata(tmp_path, len(WRITTEN))
    with pytest.raises(CorpusError):
        stored[0]
    assert stored[2] == WRITTEN[2]


def test_offsets_of_another_corpus_are_refused(tmp_path):
    write(tmp_path, WRITTEN)
    with pytest.raises(CorpusError, match="does not fit"):
        StoredMetadata(tmp_path, len(WRITTEN) + 1)
    np.save(tmp_path / METADATA_FILES[1], np.array([0, 5, 3, 9, 2]))
    with pytest.raises(CorpusError, match="does not fit"):
        StoredMetadata(tmp_path, len(WRITTEN))
