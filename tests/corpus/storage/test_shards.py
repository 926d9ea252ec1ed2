"""Shards on disk: what is written comes back, and damage is found."""

from __future__ import annotations

import numpy as np
import pytest

from seqgen import CorpusError
from seqgen.corpus.storage.journal import Journal
from seqgen.corpus.storage.shards import ShardWriter, StoredArray


def write_shards(folder, documents, vocabulary=100, shard_tokens=50):
    writer = ShardWriter(Journal(folder), vocabulary, shard_tokens)
    for ids, weights in documents:
        writer.add(ids, weights)
    writer.close()
    return writer.shards


def test_shards_hold_whole_documents_and_weights_where_they_are_needed(tmp_path):
    plain = (np.arange(30), np.array([0] + [1] * 29, np.float32))
    weighed = (np.arange(30), np.linspace(0, 1, 30, dtype=np.float32))
    shards = write_shards(tmp_path, [plain, plain, plain, weighed, plain])
    assert [shard["tokens"] for shard in shards] == [60, 60, 30]
    assert ["weights" in shard for shard in shards] == [False, True, False]
    assert np.load(tmp_path / shards[0]["ids"]).dtype == np.uint16
    np.testing.assert_array_equal(np.load(tmp_path / shards[1]["weights"])[30:], weighed[1])


def test_large_vocabularies_take_wider_ids(tmp_path):
    shards = write_shards(tmp_path, [(np.array([0, 70_000]), np.ones(2, np.float32))], vocabulary=70_001)
    assert np.load(tmp_path / shards[0]["ids"]).tolist() == [0, 70_000]


def test_a_part_of_an_array_is_read_until_the_file_is_cut_short(tmp_path):
    (shard,) = write_shards(tmp_path, [(np.arange(30), np.ones(30, np.float32))])
    array = StoredArray.open(tmp_path / shard["ids"], ("<u2", "<i4"), 30)
    assert array.read(7, 3).tolist() == [7, 8, 9]
    array.path.write_bytes(array.path.read_bytes()[:-20])
    assert array.read(7, 3).tolist() == [7, 8, 9]
    with pytest.raises(CorpusError, match="has become shorter"):
        array.read(25, 5)
