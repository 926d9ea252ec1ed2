"""Readings in several parts are kept on disk and come back as one."""

from __future__ import annotations

import numpy as np
import pytest
from letters import Letters

from seqgen import OutputError
from seqgen.corpus.reading.channel import Failure, FileContent, serialize
from seqgen.corpus.reading.spool import SpooledContent
from seqgen.corpus.reading.workers import read_documents

VOCABULARY_SIZE = len(Letters().vocabulary)


@pytest.fixture
def parts(tmp_path):
    """Returns the readings of three files of letters, as the parts of one."""
    for name, content in {"a": "abc\ndrop", "b": "drop\nde", "c": "f"}.items():
        (tmp_path / f"{name}.letters").write_text(content)
    return [reading for _, reading in read_documents(Letters(), sorted(tmp_path.glob("*.letters")))]


def spooled(folder, parts: list[FileContent]) -> SpooledContent:
    result = SpooledContent(folder, VOCABULARY_SIZE)
    for part in parts:
        result.add(part, serialize(part))
    return result


def test_all_parts_are_one_reading(parts, tmp_path):
    kept = spooled(tmp_path / ".", parts)
    reading = kept.content()
    assert kept.part_count == 3
    assert len(reading.documents) == 3
    for _ in range(2):
        texts = [Letters().decode(document.ids).letters for document in reading.documents]
        assert texts == ["abc", "de", "f"]
    assert reading.dropped == {"the word that is dropped": 2}
    assert reading.reason is None
    np.testing.assert_array_equal(next(iter(reading.documents)).weights, [0, 1, 1, 1, 1])


def test_a_file_that_turns_out_to_be_unusable_gives_nothing(parts, tmp_path):
    reading = spooled(tmp_path, [*parts, FileContent(reason="not plain letters", detail="line 7")]).content()
    assert (reading.reason, reading.detail, len(reading.documents)) == ("not plain letters", "line 7", 0)


def test_the_first_failure_of_each_kind_is_kept(parts, tmp_path):
    failing = [FileContent(failures={"why": Failure(f"part {number}", "")}) for number in range(2)]
    assert spooled(tmp_path, [*failing, *parts]).content().failures["why"].sentence == "part 0"


def test_a_disk_that_refuses_is_one_sentence(parts, tmp_path):
    with pytest.raises(OutputError, match=r"cannot be kept in .*missing .*free some space there\.$"):
        spooled(tmp_path / "missing", parts)
