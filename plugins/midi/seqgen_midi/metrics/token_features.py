"""What can be said of each token of a piece by name."""

from __future__ import annotations

import numpy as np

from seqgen_midi.encodings.base import Encoding
from seqgen_midi.encodings.tokens import Role

MIN_LENGTH_WITH_BARS = 2
"""A shorter document may lack the header that says where its bars are."""


def token_features(encoding: Encoding, ids: np.ndarray) -> dict[str, np.ndarray]:
    """Returns features float[n] of a document int32[n] by name."""
    table, positions = encoding.table, np.arange(len(ids))
    features: dict[str, np.ndarray] = {
        "a note begins": table.of_role(Role.NOTE)[ids],
        "a note is held": table.of_kind("hold")[ids],
        "silence": table.of_role(Role.REST)[ids],
    }
    if encoding.has_bars and len(ids) > MIN_LENGTH_WITH_BARS:
        bars = encoding.bars(ids)
        number = bars.numbers(len(ids))
        begins = np.concatenate([[0], bars.starts])[number + 1]
        features["bar"] = number + 1
        features["position in the bar"] = np.where(number < 0, 0, positions - begins)
        features["the bar begins"] = (number >= 0) & (positions == begins)
    if encoding.voices:
        voice = encoding.voice_numbers(ids)
        for place, one in enumerate(encoding.voices):
            features[one.name.lower()] = (voice == place) & table.of_role(Role.NOTE, Role.MODIFIER, Role.REST)[ids]
    if "pitch" in table:
        is_pitch = table.of_kind("pitch")[ids]
        values = np.zeros(len(table.vocabulary))
        values[table.ids("pitch")] = table.numbers("pitch")
        last = np.maximum.accumulate(np.where(is_pitch, positions, 0))
        features["pitch of the last note"] = values[ids[last]]
    return {name: values.astype(np.float32) for name, values in features.items()}
