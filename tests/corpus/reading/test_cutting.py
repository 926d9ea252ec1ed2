"""What a worker is told about documents that are cut inside."""

from __future__ import annotations

import json

from seqgen.corpus.reading.cutting import NOTHING_IS_CUT, Cutting


def test_it_arrives_as_it_was_sent():
    for cutting in (NOTHING_IS_CUT, Cutting(frozenset({b"a" * 16, b"b" * 16}), (0.9, 0.1))):
        assert Cutting.from_json(json.loads(json.dumps(cutting.to_json()))) == cutting
