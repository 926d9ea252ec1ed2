"""What a worker does with one item: the document is checked before it is sent."""

from __future__ import annotations

import numpy as np
import pytest
from complete_domain import Complete
from letters import Letters, Line

from seqgen import BOS, EOS, Example, PluginFailure, Record, UnusableFile
from seqgen.contract.fingerprint import fingerprint
from seqgen.corpus.reading.worker import MAX_METADATA_BYTES, encode_record, fingerprints


class Given(Letters):
    """Encodes every line as the example that a test gives."""

    example: Example

    def encode(self, item: Line) -> Example:
        return self.example


def encode(ids, weights) -> None:
    domain = Given()
    domain.example = Example(np.asarray(ids), np.asarray(weights))
    encode_record(domain, domain.grammar(), Record(Line("ab")))


def test_a_document_has_the_types_of_the_engine():
    document = encode_record(Letters(), Letters().grammar(), Record(Line("ab"), {"id": 7}))
    assert (document.ids.dtype, document.weights.dtype) == (np.int32, np.float32)
    assert document.ids.tolist() == [BOS, 2, 3, EOS]
    assert document.metadata == {"id": 7}


@pytest.mark.parametrize(
    ("ids", "weights", "sentence"),
    [
        ([BOS, 2, EOS], [0, 1], "two rows of the same length"),
        ([0.0, 2.0], [0, 1], "two rows of the same length"),
        ([2, EOS], [0, 1], "begins with BOS"),
        ([BOS], [0], "begins with BOS"),
        ([BOS, 2, EOS], [1, 1, 1], "begins with BOS"),
        ([BOS, 99, EOS], [0, 1, 1], "out of range"),
        ([BOS, 2, EOS], [0, np.nan, 1], "out of range"),
        ([BOS, EOS], [0, 1], "position 1"),
    ],
    ids=["lengths", "not integers", "no BOS", "only BOS", "BOS counts", "no such id", "not a number", "grammar"],
)
def test_a_document_that_breaks_a_rule_is_a_bug_of_the_plugin(ids, weights, sentence):
    with pytest.raises(PluginFailure, match=f"'letters' .* returns a wrong document from encode: .*{sentence}"):
        encode(ids, weights)


def test_large_metadata_is_a_reason():
    record = Record(Line("ab"), {"text": "x" * MAX_METADATA_BYTES})
    with pytest.raises(UnusableFile, match="metadata of more than 64 KiB"):
        encode_record(Letters(), Letters().grammar(), record)


def test_an_item_has_the_fingerprint_of_its_key_and_of_its_group():
    key, group = fingerprints(Letters(), Record(Line("ab")))
    assert key == group == fingerprint(Line("ab"))
    key, group = fingerprints(Complete(), Record("aB", {"source": 3}))
    assert key == fingerprint("ab")
    assert group == fingerprint(("a", 3))
