"""Features of tokens: what a musician says of each of them."""

from __future__ import annotations

import numpy as np
import pytest

import seqgen

MIDI = seqgen.load_domain("midi")


def test_a_chorale_has_voices_and_positions_in_the_bar() -> None:
    domain = MIDI()
    ids = domain.grammar(domain.Constraints(bars=3, time_signature="3/4")).walk(np.random.default_rng(0))
    features = domain.metrics.token_features(ids)
    assert features["soprano"][3:11].tolist() == [1, 0, 0, 0, 1, 0, 0, 0]
    assert features["position in the bar"][3 : 3 + 12 * 4 + 2].tolist() == [*range(48), 0, 1]
    assert np.flatnonzero(features["the bar begins"]).tolist()[:3] == [3, 51, 99]
    names = [domain.vocabulary[token] for token in ids]
    assert features["a note is held"].tolist() == [name == "hold" for name in names]
    last = 0
    for position, name in enumerate(names):
        if name.startswith("pitch:"):
            last = int(name.removeprefix("pitch:"))
        assert features["pitch of the last note"][position] == last


@pytest.mark.parametrize("encoding", ["chorale", "melody", "drums", "score", "performance"])
def test_every_beginning_of_a_document_has_features(encoding) -> None:
    domain = MIDI(MIDI.Settings.from_mapping({"encoding": encoding}))
    ids = domain.grammar().walk(np.random.default_rng(1), 40)
    for length in range(1, len(ids)):
        for values in domain.metrics.token_features(ids[:length]).values():
            assert values.shape == (length,)
