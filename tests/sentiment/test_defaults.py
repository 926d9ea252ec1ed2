"""What is recommended for labelled content."""

from __future__ import annotations

from complete_domain import CompleteDefaults
from seqgen_sentiment.defaults import LabelledDefaults


def test_settings_and_sampling_are_the_bases():
    defaults = LabelledDefaults(CompleteDefaults())
    assert defaults.settings() == {"attention_window": 5}
    assert defaults.sampling() == {"min_p": 0.01}
    assert (defaults.offers("settings"), defaults.offers("constraints")) == (True, False)
    assert defaults.constraints({}) == {}
