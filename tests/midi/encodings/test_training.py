"""What a model is trained on."""

from __future__ import annotations

import pytest
from seqgen_midi.domain import MidiDomain

from seqgen import Learned, UsageError


def test_a_model_can_only_start_from_one_of_the_same_encoding() -> None:
    melody, drums = (MidiDomain(MidiDomain.Settings(encoding=name)) for name in ("melody", "drums"))
    assert melody.learning.extend(Learned(melody.vocabulary), ()) == melody.vocabulary
    with pytest.raises(UsageError, match="say encoding=…"):
        melody.learning.extend(Learned(drums.vocabulary), ())
