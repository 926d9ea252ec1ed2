"""The recommended settings are settings of seqgen, and attention reaches the whole source."""

from __future__ import annotations

from seqgen_translation.training import PairTraining
from some_pairs import learned


def test_attention_is_on_by_default():
    assert PairTraining().default_settings()["attention_window"] >= 64
    assert learned().training.default_settings() == PairTraining().default_settings()
