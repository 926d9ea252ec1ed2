"""The recommended settings are settings of seqgen, and attention reaches the whole source."""

from __future__ import annotations

from seqgen_translation.defaults import PairDefaults
from some_pairs import learned


def test_attention_is_on_by_default():
    assert PairDefaults().settings()["attention_window"] >= 64
    assert learned().defaults.settings() == PairDefaults().settings()
