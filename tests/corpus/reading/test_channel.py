"""Messages between a reader and its parent: they come back whole, or are refused."""

from __future__ import annotations

import numpy as np
import pytest

from seqgen.corpus.reading.channel import EncodedDocument, Failure, FileContent, deserialize, serialize


def answer() -> bytes:
    ids = np.array([0, 2, 1], np.int32)
    weights, metadata = np.array([0, 1, 0.5], np.float32), {"row": 7}
    document = EncodedDocument(b"x" * 16, b"y" * 16, ids, weights, metadata, (2, 1))
    failures = {"why": Failure("It fails.", "Traceback\n  line 3")}
    return serialize(FileContent([document], dropped={"why": 2}, failures=failures))


def test_an_answer_comes_back():
    reading = deserialize(answer(), 3)
    assert reading.documents[0].ids.tolist() == [0, 2, 1]
    assert reading.documents[0].weights.tolist() == [0, 1, 0.5]
    assert (reading.documents[0].key, reading.documents[0].group) == (b"x" * 16, b"y" * 16)
    assert reading.documents[0].metadata == {"row": 7}
    assert reading.documents[0].part_lengths == (2, 1)
    assert (reading.dropped, reading.reason) == ({"why": 2}, None)
    error = reading.failures["why"].error("why")
    assert (str(error), error.summary, error.__notes__) == ("It fails.", "why", ["Traceback\n  line 3"])


def test_every_damaged_answer_is_refused():
    whole, rng = answer(), np.random.default_rng(0)
    for length in range(len(whole)):
        with pytest.raises(ValueError):  # noqa: PT011 (any ValueError is a crashed reader)
            deserialize(whole[:length], 3)
    for _ in range(3000):
        damaged = bytearray(whole)
        damaged[rng.integers(len(damaged))] = rng.integers(256)
        try:
            reading = deserialize(bytes(damaged), 3)
        except ValueError:
            continue
        assert all(document.ids.max() < 3 for document in reading.documents)


def test_control_characters_do_not_reach_the_terminal():
    reading = deserialize(serialize(FileContent(reason="\x1b[31mred" + "x" * 1000)), 3)
    assert reading.reason.startswith("?[31mred")
    assert len(reading.reason) == 200
    failure = Failure("\x1b[31mred", "a\n\x1b[31mred" + "x" * 100_000)
    reading = deserialize(serialize(FileContent(failures={"why": failure})), 3)
    assert reading.failures["why"].sentence == "?[31mred"
    assert len(reading.failures["why"].traceback) == 20_000
