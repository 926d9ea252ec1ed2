"""What is known of a file after it was read: its checksum, its split, and why it is left out."""

from __future__ import annotations

import hashlib

import pytest
from letters import Letters, Remembering

from seqgen.corpus.reading.read_file import ReadingPass, open_pool, read_sources
from seqgen.corpus.reading.sources import Source


@pytest.fixture
def sources(tmp_path):
    (tmp_path / "a").write_text("abc\nabd")
    return [
        Source(tmp_path / "a", "a", split="valid"),
        Source(tmp_path / "b", "b"),
        Source(tmp_path / "a", "c", reason="it is odd"),
    ]


def test_files_to_encode_have_a_checksum(sources, tmp_path):
    reading = ReadingPass(Letters(), "encode")
    with open_pool(reading, tmp_path, None, 1) as pool:
        a, b, c = read_sources(pool, reading, iter(sources))
    assert (a.name, a.split, len(a.content.documents)) == ("a", "valid", 2)
    assert a.sha256 == hashlib.sha256(b"abc\nabd").hexdigest()
    assert a.stamp == sources[0].stamp
    assert (b.sha256, c.sha256, c.content.reason) == (None, None, "it is odd")
    assert b.content.reason is not None


def test_files_to_learn_from_have_none(sources, tmp_path):
    reading = ReadingPass(Remembering(), "learn")
    with open_pool(reading, tmp_path, None, 1) as pool:
        a, *_ = read_sources(pool, reading, iter(sources))
    assert [one.value for one in a.content.observations] == ["abc", "abd"]
    assert a.sha256 is None
