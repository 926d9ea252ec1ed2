"""Only valid UTF-8 is accepted, byte by byte."""

from __future__ import annotations

import numpy as np
from seqgen_text.constraints import any_text

from seqgen import BOS, EOS


def test_only_utf8_is_accepted():
    grammar = any_text()
    assert grammar.state_count == 8
    rng = np.random.default_rng(2)
    heads = [bytes([a, b]) for a in range(0x7F, 256) for b in range(0x7F, 0xC1)]
    for data in [
        *heads,
        *(head + tail for head in heads[::7] for tail in (b"\x80", b"\xbf\x80")),
        *map(rng.bytes, [5] * 50),
    ]:
        ids = np.array([BOS, *(2 + byte for byte in data), EOS], np.int32)
        try:
            data.decode("utf-8")
        except UnicodeDecodeError:
            assert not grammar.accepts(ids), data
        else:
            assert grammar.accepts(ids), data
